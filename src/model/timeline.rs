//! Which seat had which task when, bounded: one lane a seat, one block an attempt. PURE.
//! It does not know how wide a screen is.

use super::State;
use super::shared::Line;
use crate::event::{Elapsed, What};
use crate::task::{Slot, TaskId};

/// How many blocks, and how many lives of workers, one lane keeps. A lane that has so many has forgotten what was before.
pub const LANE_BLOCKS_MAX: usize = 160;

/// Attempts shorter than this that follow each other within it are one block with a count.
const TINY_US: u64 = 5_000;

/// How the attempt of a block ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// It has not.
    Running,
    /// Well.
    Done,
    /// It failed.
    Failed,
    /// Its worker died.
    Lost,
}

/// One attempt, or several tiny ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The first task in it.
    pub task: TaskId,
    /// How many attempts it stands for.
    pub count: u32,
    /// When it began.
    pub from: Elapsed,
    /// When it ended; for a running one, meaningless.
    pub to: Elapsed,
    /// How it ended.
    pub kind: BlockKind,
}

/// A time in which a task could not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Which task.
    pub task: TaskId,
    /// Since when.
    pub from: Elapsed,
    /// Until when; `None`: still.
    pub to: Option<Elapsed>,
}

/// One seat over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lane {
    /// Attempts, oldest first.
    pub blocks: Line<Block, 32>,
    /// When a worker sat there, oldest first; `None`: still does.
    pub lives: Line<(Elapsed, Option<Elapsed>), 8>,
    /// When what was done there could not go on, oldest first.
    pub blocked: Line<Stretch, 16>,
}

/// All seats over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    lanes: Vec<Lane>,
    /// The parent's program, and what the parent does itself.
    inside: [Lane; 2],
}

impl Lane {
    fn unblocked(&mut self, task: TaskId, at: Elapsed) {
        if self.is_blocked(task)
            && let Some(last) = self.blocked.back_mut()
        {
            last.to = Some(at);
        }
    }

    fn is_blocked(&self, task: TaskId) -> bool {
        self.blocked.back().is_some_and(|last| last.task == task && last.to.is_none())
    }
}

impl Timeline {
    /// One lane a numbered seat, in order.
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// The lane of any seat, of those in the parent too; a seat that was never taken has none.
    pub fn lane(&self, slot: Slot) -> Option<&Lane> {
        let lane = match slot {
            Slot::MAIN => &self.inside[0],
            Slot::PARENT => &self.inside[1],
            _ => self.lanes.get(slot.index())?,
        };
        (!lane.lives.is_empty()).then_some(lane)
    }

    pub(super) fn seated(&mut self, slot: Slot, at: Elapsed) {
        if !slot.is_in_parent() && self.lanes.len() <= slot.index() {
            self.lanes.resize_with(slot.index() + 1, Lane::default);
        }
        let Some(Lane { lives, .. }) = self.lane_mut(slot) else { return };
        lives.push_bounded((at, None), LANE_BLOCKS_MAX);
    }

    pub(super) fn left(&mut self, slot: Slot, at: Elapsed) {
        if let Some((_, to)) = self.lane_mut(slot).and_then(|lane| lane.lives.back_mut()) {
            *to = Some(at);
        }
    }

    pub(super) fn began(&mut self, slot: Slot, task: TaskId, at: Elapsed) {
        self.push(slot, Block { task, count: 1, from: at, to: at, kind: BlockKind::Running });
    }

    /// An attempt ended that `began` may or may not have told of.
    pub(super) fn ended(&mut self, slot: Slot, task: TaskId, from: Elapsed, to: Elapsed, kind: BlockKind) {
        let Some(lane) = self.lane_mut(slot) else { return };
        lane.unblocked(task, to);
        let is_it = |block: &Block| block.kind == BlockKind::Running && block.task == task;
        let behind = (0..2).find(|behind| lane.blocks.from_end(*behind).is_some_and(is_it));
        if let Some(block) = behind.and_then(|behind| lane.blocks.from_end_mut(behind)) {
            block.to = to;
            block.kind = kind;
            return;
        }
        let tiny = to.0.saturating_sub(from.0) < TINY_US;
        let joins = |last: &Block| {
            tiny && last.kind == kind
                && kind == BlockKind::Done
                && from.0.saturating_sub(last.to.0) < TINY_US
                && (last.count > 1 || last.to.0.saturating_sub(last.from.0) < TINY_US)
        };
        if lane.blocks.back().is_some_and(joins)
            && let Some(last) = lane.blocks.back_mut()
        {
            last.count = last.count.saturating_add(1);
            last.to = to;
            return;
        }
        self.push(slot, Block { task, count: 1, from, to, kind });
    }

    /// From now on the task in that seat cannot go on; telling it twice changes nothing.
    pub(super) fn blocked(&mut self, slot: Slot, task: TaskId, from: Elapsed) {
        let Some(lane) = self.lane_mut(slot) else { return };
        if lane.is_blocked(task) {
            return;
        }
        lane.blocked.push_bounded(Stretch { task, from, to: None }, LANE_BLOCKS_MAX);
    }

    /// It goes on, or is over.
    pub(super) fn unblocked(&mut self, slot: Slot, task: TaskId, at: Elapsed) {
        if let Some(lane) = self.lane_mut(slot) {
            lane.unblocked(task, at);
        }
    }

    fn push(&mut self, slot: Slot, block: Block) {
        let Some(lane) = self.lane_mut(slot) else { return };
        lane.blocks.push_bounded(block, LANE_BLOCKS_MAX);
    }

    fn lane_mut(&mut self, slot: Slot) -> Option<&mut Lane> {
        match slot {
            Slot::MAIN => Some(&mut self.inside[0]),
            Slot::PARENT => Some(&mut self.inside[1]),
            _ => self.lanes.get_mut(slot.index()),
        }
    }
}

impl State {
    /// After an event of a thread: whether its task is blocked from now on, or goes on.
    pub(super) fn trace_blocked(&mut self, what: &What) {
        let Some(task) = what.moves_threads_of() else { return };
        let worker = self.task(task).and_then(|record| record.worker);
        let Some(slot) = worker.and_then(|worker| self.workers.seat_of(worker)) else { return };
        if self.blocked(task).is_some() {
            self.timeline.blocked(slot, task, self.now);
        } else {
            self.timeline.unblocked(slot, task, self.now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEAT: Slot = Slot(0);

    fn seated() -> Timeline {
        let mut timeline = Timeline::default();
        timeline.seated(SEAT, Elapsed(0));
        timeline
    }

    fn ended(timeline: &mut Timeline, task: u32, from_us: u64, to_us: u64, kind: BlockKind) {
        timeline.ended(SEAT, TaskId(task), Elapsed(from_us), Elapsed(to_us), kind);
    }

    #[test]
    fn tiny_attempts_in_a_row_are_one_block_with_a_count() {
        let mut timeline = seated();
        for task in 0..1000 {
            ended(&mut timeline, task, u64::from(task) * 100, u64::from(task) * 100 + 90, BlockKind::Done);
        }
        let blocks = &timeline.lanes()[0].blocks;
        assert_eq!(blocks.len(), 1);
        assert_eq!((blocks[0].task, blocks[0].count, blocks[0].to), (TaskId(0), 1000, Elapsed(99_990)));
    }

    #[test]
    fn what_failed_or_took_long_or_came_late_stands_alone() {
        let mut timeline = seated();
        ended(&mut timeline, 0, 0, 100, BlockKind::Done);
        ended(&mut timeline, 1, 100, 200, BlockKind::Failed);
        ended(&mut timeline, 2, 200, 300, BlockKind::Failed);
        ended(&mut timeline, 3, 300, 400, BlockKind::Done);
        ended(&mut timeline, 4, 400, 400 + TINY_US, BlockKind::Done);
        ended(&mut timeline, 5, 1_000_000, 1_000_010, BlockKind::Done);
        let counts: Vec<u32> = timeline.lanes()[0].blocks.iter().map(|block| block.count).collect();
        assert_eq!(counts, [1; 6]);
    }

    #[test]
    fn what_began_is_the_block_that_ends() {
        let mut timeline = seated();
        timeline.began(SEAT, TaskId(7), Elapsed(10));
        assert_eq!(timeline.lanes()[0].blocks[0].kind, BlockKind::Running);
        ended(&mut timeline, 7, 10, 5_000_000, BlockKind::Lost);
        let block = timeline.lanes()[0].blocks[0];
        assert_eq!((block.kind, block.from, block.to), (BlockKind::Lost, Elapsed(10), Elapsed(5_000_000)));
        assert_eq!(timeline.lanes()[0].blocks.len(), 1);
    }

    #[test]
    fn what_cannot_go_on_is_a_stretch_until_it_goes_on_or_ends() {
        let mut timeline = seated();
        timeline.began(SEAT, TaskId(7), Elapsed(10));
        timeline.blocked(SEAT, TaskId(7), Elapsed(20));
        timeline.blocked(SEAT, TaskId(7), Elapsed(25));
        timeline.unblocked(SEAT, TaskId(7), Elapsed(30));
        timeline.unblocked(SEAT, TaskId(7), Elapsed(35));
        timeline.blocked(SEAT, TaskId(7), Elapsed(40));
        ended(&mut timeline, 7, 10, 50, BlockKind::Done);
        let stretches: Vec<_> =
            timeline.lanes()[0].blocked.iter().map(|stretch| (stretch.from.0, stretch.to.map(|to| to.0))).collect();
        assert_eq!(stretches, [(20, Some(30)), (40, Some(50))]);
        for turn in 0..1000 {
            timeline.blocked(SEAT, TaskId(turn), Elapsed(turn.into()));
        }
        assert_eq!(timeline.lanes()[0].blocked.len(), LANE_BLOCKS_MAX);
        timeline.blocked(Slot(900), TaskId(0), Elapsed(0));
    }

    #[test]
    fn a_lane_is_bounded_in_blocks_and_lives() {
        let mut timeline = Timeline::default();
        for turn in 0..1000_u64 {
            timeline.seated(SEAT, Elapsed(turn));
            timeline.left(SEAT, Elapsed(turn + 1));
            ended(&mut timeline, 0, turn * 1_000_000, turn * 1_000_000 + 500_000, BlockKind::Done);
        }
        let lane = &timeline.lanes()[0];
        assert_eq!((lane.blocks.len(), lane.lives.len()), (LANE_BLOCKS_MAX, LANE_BLOCKS_MAX));
        assert!(lane.lives.iter().all(|(_, to)| to.is_some()));
        // A seat that was never taken has no lane, and what is said of it is no panic.
        timeline.began(Slot(900), TaskId(0), Elapsed(0));
        timeline.left(Slot(900), Elapsed(0));
        assert_eq!(timeline.lanes().len(), 1);
    }
}
