//! Simulated histories that are cut off, again and again, and gone on with from what is on disk.
//! It does not know how the world works, nor how a record is read.

use proptest::prelude::*;

use super::disk::Disk;
use super::histories::shape;
use super::{Program, Shape, TURNS_MAX, World};
use crate::event::{self, Phase, Resumed, What};
use crate::model::Status;
use crate::task::{Pid, TaskId};

impl World {
    /// The parent is killed, its workers die with it, and of what it told last only some is on disk. Then a new process goes on
    /// from that, and somebody has decided what is done again.
    fn cut_off(mut self, rerun_per_mille: u64, again_per_mille: u64) -> Self {
        let disk = self.disk.as_ref().expect("a run that is recorded");
        let (safe, told) = (disk.safe.max(2), disk.told.len());
        let kept = safe + usize::try_from(self.below((told - safe) as u64 + 1)).unwrap();
        let mut next = Self::bare(Shape { seed: self.shape.seed.wrapping_add(1), ..self.shape.clone() });
        for event in &self.disk.as_ref().unwrap().told[..kept] {
            next.now = event.at;
            next.record(event.what.clone());
        }
        next.disk = Some(Disk { former: kept, safe: kept, ..next.disk.take().unwrap() });
        next.begun = self.begun;
        next.nothing_was_begun_unrecorded();

        let ids = |statuses: fn(Status) -> bool| {
            let tasks = (0..).map(TaskId).zip(&next.state.tasks);
            tasks.filter(move |(_, task)| statuses(task.status)).map(|(id, _)| id).collect::<Vec<_>>()
        };
        let ended = |status| matches!(status, Status::Failed | Status::Interrupted | Status::Dropped);
        let (mut rerun, mut again) = (ids(Status::is_in_flight), ids(ended));
        let done = ids(|status| status == Status::Done);
        rerun.retain(|_| next.lot(rerun_per_mille));
        again.retain(|_| next.lot(again_per_mille));
        let policy = next.state.policy.clone();
        let target = 1 + next.small(8);
        let resumed = Resumed { pid: Pid(2), cpus: 2, away_us: None, target, policy, rerun, again };
        next.record(What::RunResumed { resumed: Box::new(resumed) });
        assert!(next.state.workers.is_empty() && next.state.counts.in_flight() == 0);
        assert!(
            done.iter().all(|&task| next.state.task(task).unwrap().status == Status::Done),
            "what is done stays so"
        );
        next.feed();
        next
    }

    /// What the record says was begun is at least what was.
    fn nothing_was_begun_unrecorded(&self) {
        for (&task, &begun) in &self.begun {
            let recorded = self.state.task(task).map_or(0, |record| record.attempts);
            assert!(begun <= recorded.into(), "task {task} began {begun} times, and {recorded} times on disk");
        }
    }
}

fn recorded() -> impl Strategy<Value = Shape> {
    (shape(), prop_oneof![Just(5), 20..400_u64, Just(1000)])
        .prop_map(|(shape, sync)| Shape { sync_per_mille: Some(sync), ..shape })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: super::cases(60), failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing begins that a crash could leave without a word, and the run ends as if nobody waited for a disk.
    #[test]
    fn a_recorded_history_ends_and_begins_nothing_unrecorded(shape in recorded()) {
        let mut world = World::new(shape);
        world.run();
        world.nothing_was_begun_unrecorded();
        let state = &world.state;
        prop_assert!(world.disk.as_ref().unwrap().held.is_empty());
        if !state.unplanned.given_up {
            prop_assert_eq!(state.counts.ended() as usize, state.tasks.len(), "{:?}", state.counts);
        }
    }

    /// However often it is cut off, in the end every task has ended once, and nothing was begun that is not told.
    #[test]
    fn a_history_that_is_cut_off_and_gone_on_with_ends_every_task_once(
        shape in recorded(),
        cuts in prop::collection::vec(1..400_u32, 1..4),
        rerun_per_mille in prop_oneof![Just(0), Just(1000), 1..1000_u64],
        again_per_mille in prop_oneof![Just(0), Just(1000), 1..1000_u64],
    ) {
        let mut world = World::new(shape.clone());
        for turns in cuts {
            world.run_for(turns);
            let parts = world.state.workers.next_id();
            world = world.cut_off(rerun_per_mille, again_per_mille);
            prop_assert!(world.state.workers.next_id() <= parts);
        }
        world.run();
        world.nothing_was_begun_unrecorded();
        let state = &world.state;
        if !state.unplanned.given_up {
            prop_assert_eq!(state.counts.ended() as usize, state.tasks.len(), "{:?}", state.counts);
        }
        if shape.program == Program::None {
            prop_assert_eq!(state.tasks.len(), shape.tasks as usize);
        }
    }

    /// Where nobody interferes and all that is in doubt is done again, everything is done, whatever was cut off.
    #[test]
    fn a_calm_history_that_is_cut_off_does_everything(
        seed in any::<u64>(),
        tasks in 0..120_u32,
        workers in 1..9_u32,
        sync in 20..1000_u64,
        turns in 1..600_u32,
    ) {
        let calm = Shape {
            strategy: event::Strategy::Pool, program: Program::None,
            seed, tasks, workers,
            kill_per_mille: 0, fail_per_mille: 0, command_per_mille: 0, retries: 0,
            timeout_ms: None, recycle_after: None, task_us_max: 500, sync_per_mille: Some(sync),
        };
        let mut world = World::new(calm);
        world.run_for(turns);
        let mut world = world.cut_off(1000, 1000);
        world.run();
        prop_assert_eq!(world.state.count(Status::Done), tasks);
        prop_assert_eq!(world.state.exit_code(), 0);
    }

    /// Once nothing can be recorded nothing begins, what runs comes to its end, and the run says so.
    #[test]
    fn a_history_whose_record_fails_ends_and_begins_nothing_more(shape in recorded(), turns in 1..400_u32) {
        let mut world = World::new(shape);
        world.run_for(turns);
        world.disk.as_mut().unwrap().fails = true;
        for _ in 0..TURNS_MAX {
            world.plan();
            if world.state.phase == Phase::Ended {
                break;
            }
            world.now.0 += 500;
            world.command(crate::command::Command::ResumePool);
            for task in 0..u32::try_from(world.state.tasks.len()).unwrap() {
                world.command(crate::command::Command::ResumeTask(TaskId(task)));
            }
            world.sync();
            world.act();
        }
        prop_assert_eq!(world.state.phase, Phase::Ended);
        if world.state.recording_failed.is_some() {
            prop_assert_eq!(world.state.exit_code(), 3);
        }
    }
}
