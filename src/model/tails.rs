//! The last words of each task's output, bounded in all. PURE.
//! It does not know where the whole output is kept.

use std::collections::VecDeque;
use std::sync::Arc;

use super::shared::{Line, Map};
use crate::task::{Captured, Output, Stream, TaskId};

/// How much of one task's output is kept, in bytes of memory.
const TAIL_BYTES_MAX: usize = 8 << 10;

/// What a piece takes beside its text: many short ones on both streams in turn are not to cost more than few long ones.
const PIECE_BYTES: usize = 64;

/// What a task takes beside its pieces.
const TASK_BYTES: usize = 256;

/// How much is kept in all; the tasks that printed first are forgotten first.
const TAILS_BYTES_MAX: usize = 4 << 20;

/// What a task printed last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    pieces: VecDeque<(Stream, Vec<u8>)>,
    /// In memory.
    bytes: usize,
    /// Bytes that were printed before what is kept.
    pub skipped: u64,
}

impl Tail {
    /// The lines, with the stream each was printed on; not yet safe for a terminal.
    pub fn lines(&self) -> Vec<(Stream, String)> {
        let mut lines: Vec<(Stream, Vec<u8>)> = Vec::new();
        let mut open = false;
        for (stream, bytes) in &self.pieces {
            for part in bytes.split_inclusive(|&byte| byte == b'\n') {
                match lines.last_mut() {
                    Some((last, line)) if open && last == stream => line.extend_from_slice(part),
                    _ => lines.push((*stream, part.to_vec())),
                }
                open = !part.ends_with(b"\n");
            }
        }
        lines
            .into_iter()
            .map(|(stream, mut line)| {
                while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
                    line.pop();
                }
                (stream, String::from_utf8_lossy(&line).into_owned())
            })
            .collect()
    }

    fn push(&mut self, stream: Stream, bytes: &[u8]) {
        let kept = &bytes[bytes.len().saturating_sub(TAIL_BYTES_MAX)..];
        if kept.is_empty() {
            return;
        }
        self.skipped = self.skipped.saturating_add((bytes.len() - kept.len()) as u64);
        self.bytes += kept.len();
        match self.pieces.back_mut() {
            Some((last, piece)) if *last == stream && piece.len() + kept.len() <= TAIL_BYTES_MAX => {
                piece.extend_from_slice(kept);
            }
            _ => {
                self.bytes += PIECE_BYTES;
                self.pieces.push_back((stream, kept.to_vec()));
            }
        }
        while self.bytes > TAIL_BYTES_MAX {
            let Some((_, first)) = self.pieces.front_mut() else { break };
            let surplus = (self.bytes - TAIL_BYTES_MAX).min(first.len());
            first.drain(..surplus);
            self.bytes -= surplus;
            self.skipped = self.skipped.saturating_add(surplus as u64);
            if first.is_empty() {
                self.bytes -= PIECE_BYTES;
                self.pieces.pop_front();
            }
        }
    }
}

/// The tails of the tasks that printed lately.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tails {
    by_task: Map<TaskId, Arc<Tail>>,
    order: Line<TaskId>,
    bytes: usize,
}

impl Tails {
    /// What that task printed last, if it printed and is not forgotten.
    pub fn get(&self, task: TaskId) -> Option<&Tail> {
        self.by_task.get(&task).map(Arc::as_ref)
    }

    pub(super) fn print(&mut self, task: TaskId, stream: Stream, skipped: u64, bytes: &[u8]) {
        self.change(task, |tail| {
            tail.skipped = tail.skipped.saturating_add(skipped);
            tail.push(stream, bytes);
        });
    }

    /// The end of the whole output takes the place of the pieces seen on the way, where it is at hand.
    pub(super) fn finish(&mut self, task: TaskId, output: &Output) {
        let streams = [(Stream::Stdout, &output.stdout), (Stream::Stderr, &output.stderr)];
        if streams.iter().any(|(_, captured)| matches!(captured, Captured::Spooled { .. })) || output.is_empty() {
            return;
        }
        self.change(task, |tail| {
            *tail = Tail::default();
            for (stream, captured) in streams {
                if let Captured::Inline(bytes) = captured
                    && !bytes.is_empty()
                {
                    tail.push(stream, bytes);
                }
            }
        });
    }

    /// A new attempt begins with nothing printed.
    pub(super) fn forget(&mut self, task: TaskId) {
        if let Some(tail) = self.by_task.get_mut(&task) {
            self.bytes -= tail.bytes;
            *tail = Arc::default();
        }
    }

    fn change(&mut self, task: TaskId, change: impl FnOnce(&mut Tail)) {
        let (order, all) = (&mut self.order, &mut self.bytes);
        let tail = self.by_task.get_or_insert_with(task, || {
            order.push_back(task);
            *all += TASK_BYTES;
            Arc::default()
        });
        let tail = Arc::make_mut(tail);
        self.bytes -= tail.bytes;
        change(tail);
        self.bytes += tail.bytes;
        while self.bytes > TAILS_BYTES_MAX {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some(tail) = self.by_task.remove(&oldest) {
                self.bytes -= tail.bytes + TASK_BYTES;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_leaves_the_last_words_and_the_count() {
        let mut tails = Tails::default();
        for number in 0..10_000 {
            tails.print(TaskId(0), Stream::Stdout, 0, format!("line {number}\n").as_bytes());
        }
        let tail = tails.get(TaskId(0)).unwrap();
        assert!(tail.bytes <= TAIL_BYTES_MAX && tail.skipped > 0);
        assert_eq!(tail.lines().last().unwrap(), &(Stream::Stdout, "line 9999".to_owned()));
    }

    #[test]
    fn the_oldest_are_forgotten_when_all_is_full() {
        let mut tails = Tails::default();
        for number in 0..2000 {
            tails.print(TaskId(number), Stream::Stderr, 0, &[b'x'; TAIL_BYTES_MAX]);
        }
        assert!(tails.bytes <= TAILS_BYTES_MAX);
        assert!(tails.get(TaskId(0)).is_none() && tails.get(TaskId(1999)).is_some());
    }

    #[test]
    fn many_that_print_little_are_bounded_too() {
        let mut tails = Tails::default();
        for number in 0..100_000 {
            tails.print(TaskId(number), Stream::Stdout, 0, b"");
            tails.print(TaskId(number), Stream::Stdout, 0, b"1\n");
        }
        assert!(tails.by_task.len() == tails.order.len() && tails.by_task.len() <= TAILS_BYTES_MAX / TASK_BYTES);
        for _ in 0..10_000 {
            tails.print(TaskId(99_999), Stream::Stdout, 0, b"a");
            tails.print(TaskId(99_999), Stream::Stderr, 0, b"b");
        }
        assert!(tails.get(TaskId(99_999)).unwrap().pieces.len() <= TAIL_BYTES_MAX / PIECE_BYTES);
    }

    #[test]
    fn lines_are_put_together_from_pieces() {
        let mut tail = Tail::default();
        tail.push(Stream::Stdout, b"one\ntw");
        tail.push(Stream::Stdout, b"o\n");
        tail.push(Stream::Stderr, b"oh");
        let lines: Vec<String> = tail.lines().into_iter().map(|(_, line)| line).collect();
        assert_eq!(lines, ["one", "two", "oh"]);
    }
}
