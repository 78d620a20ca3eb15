//! Keeps what a command prints on one stream: the start in memory, the rest in a file, a glimpse now and then for the screen.
//! It does not know the command, nor who reads the file.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use crate::clock::Clock;
use crate::task::{Captured, Stream, TaskId};
use crate::wire::Report;

/// Output up to this length travels with the report and never touches a disk.
const INLINE_BYTES_MAX: usize = 64 << 10;

/// How much of the newest output a glimpse shows.
const GLIMPSE_BYTES_MAX: usize = 4 << 10;

/// One stream of one attempt.
pub(super) struct Keeper {
    task: TaskId,
    stream: Stream,
    /// Where the rest goes; without it the rest is cut.
    path: Option<PathBuf>,
    limit: u64,
    memory: Vec<u8>,
    file: Option<File>,
    kept: u64,
    cut: u64,
    unseen: u64,
    newest: Vec<u8>,
    shown: Clock,
    every: Duration,
}

impl Keeper {
    /// Keeps at most `limit` bytes, gives a glimpse each `every` at most; a file is made at `path` only when they are many.
    /// Without a path, nothing is kept that cannot travel.
    pub(super) fn new(task: TaskId, stream: Stream, path: Option<PathBuf>, limit: u64, every: Duration) -> Self {
        let limit = if path.is_some() { limit } else { limit.min(INLINE_BYTES_MAX as u64) };
        Self {
            task,
            stream,
            path,
            limit,
            memory: Vec::new(),
            file: None,
            kept: 0,
            cut: 0,
            unseen: 0,
            newest: Vec::new(),
            // A command that ends before the first glimpse is due needs none: its output comes with its end.
            shown: Clock::start(),
            every,
        }
    }

    /// More was printed.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        let room = usize::try_from(self.limit.saturating_sub(self.kept)).unwrap_or(usize::MAX).min(bytes.len());
        self.cut += (bytes.len() - room) as u64;
        self.store(&bytes[..room]);
        self.unseen += bytes.len() as u64;
        let tail = &bytes[bytes.len().saturating_sub(GLIMPSE_BYTES_MAX)..];
        let surplus = (self.newest.len() + tail.len()).saturating_sub(GLIMPSE_BYTES_MAX);
        self.newest.drain(..surplus.min(self.newest.len()));
        self.newest.extend_from_slice(tail);
    }

    /// The newest output, if there is some and the last glimpse is long enough ago.
    pub(super) fn glimpse(&mut self) -> Option<Report> {
        if self.newest.is_empty() || self.shown.elapsed() < self.every {
            return None;
        }
        self.shown = Clock::start();
        let bytes = std::mem::take(&mut self.newest);
        let skipped = std::mem::take(&mut self.unseen) - bytes.len() as u64;
        Some(Report::Printed { task: self.task, stream: self.stream, skipped, bytes })
    }

    /// When the next glimpse is due, counted from now; `None` if nothing waits to be seen.
    pub(super) fn glimpse_in(&self) -> Option<Duration> {
        (!self.newest.is_empty()).then(|| self.every.saturating_sub(self.shown.elapsed()))
    }

    /// Everything, for the report.
    pub(super) fn finish(mut self) -> Kept {
        if self.path.is_none() {
            return Kept { captured: Captured::Inline(self.memory), untold: self.cut };
        }
        if self.cut > 0 && self.file.is_none() && !self.memory.is_empty() {
            // Only a file says beside what there is also what there is not.
            self.spill();
        }
        let captured = if self.file.is_none() && self.cut == 0 {
            Captured::Inline(self.memory)
        } else {
            Captured::Spooled { bytes: self.kept, cut: self.cut }
        };
        Kept { captured, untold: 0 }
    }

    /// A full disk cuts the output; it does not stop the command.
    fn store(&mut self, bytes: &[u8]) {
        if self.file.is_none() && self.memory.len() + bytes.len() <= INLINE_BYTES_MAX {
            self.memory.extend_from_slice(bytes);
            self.kept += bytes.len() as u64;
            return;
        }
        if self.file.is_none() {
            self.spill();
        }
        self.write(bytes);
    }

    /// What is in memory goes to the file.
    fn spill(&mut self) {
        self.kept = 0;
        let memory = std::mem::take(&mut self.memory);
        let path = self.path.as_deref();
        self.file = path.and_then(|path| File::options().write(true).create_new(true).open(path).ok());
        self.write(&memory);
    }

    /// After the first trouble nothing more is kept, so that there is no gap in what is.
    fn write(&mut self, bytes: &[u8]) {
        let room = usize::try_from(self.limit.saturating_sub(self.kept)).unwrap_or(usize::MAX).min(bytes.len());
        let written = self.file.as_mut().is_some_and(|file| file.write_all(&bytes[..room]).is_ok());
        if written {
            self.kept += room as u64;
            self.cut += (bytes.len() - room) as u64;
            return;
        }
        let before = self.kept;
        self.kept = self.file.as_ref().and_then(|file| Some(file.metadata().ok()?.len())).unwrap_or(before);
        self.cut += (bytes.len() as u64).saturating_sub(self.kept - before.min(self.kept));
        self.limit = self.kept;
    }
}

/// What was kept of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub captured: Captured,
    /// How many bytes are cut without `captured` saying so.
    pub untold: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeper(folder: &tempfile::TempDir, limit: u64) -> Keeper {
        Keeper::new(TaskId(0), Stream::Stdout, Some(folder.path().join("0.1.out")), limit, Duration::from_hours(1))
    }

    fn told(captured: Captured) -> Kept {
        Kept { captured, untold: 0 }
    }

    #[test]
    fn without_a_path_what_can_travel_is_kept_and_the_rest_counted() {
        for pieces in [1_usize, 3, 1000] {
            let mut keeper = Keeper::new(TaskId(0), Stream::Stdout, None, 1 << 30, Duration::ZERO);
            let bytes: Vec<u8> = (0..100_000_u32).map(|at| (at % 251) as u8).collect();
            for piece in bytes.chunks(bytes.len().div_ceil(pieces)) {
                keeper.take(piece);
            }
            let captured = Captured::Inline(bytes[..INLINE_BYTES_MAX].to_vec());
            let untold = (bytes.len() - INLINE_BYTES_MAX) as u64;
            assert_eq!(keeper.finish(), Kept { captured, untold }, "in {pieces} pieces");
        }
    }

    #[test]
    fn little_stays_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let mut keeper = keeper(&folder, 1 << 20);
        keeper.take(b"one ");
        keeper.take(b"two");
        assert_eq!(keeper.finish(), told(Captured::Inline(b"one two".to_vec())));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn much_goes_to_a_file_whole_up_to_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let mut keeper = keeper(&folder, 100_000);
        for _ in 0..30 {
            keeper.take(&[b'x'; 5000]);
        }
        assert_eq!(keeper.finish(), told(Captured::Spooled { bytes: 100_000, cut: 50_000 }));
        assert_eq!(std::fs::metadata(folder.path().join("0.1.out")).unwrap().len(), 100_000);
    }

    #[test]
    fn a_low_limit_keeps_what_it_allows() {
        let folder = tempfile::tempdir().unwrap();
        let mut keeper = keeper(&folder, 10);
        keeper.take(&[b'x'; 30]);
        assert_eq!(keeper.finish(), told(Captured::Spooled { bytes: 10, cut: 20 }));
        assert_eq!(std::fs::read(folder.path().join("0.1.out")).unwrap(), [b'x'; 10]);
    }

    #[test]
    fn without_a_place_for_a_file_the_rest_is_cut_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let mut keeper =
            Keeper::new(TaskId(0), Stream::Stdout, Some(folder.path().join("no/where")), 1 << 30, Duration::ZERO);
        for _ in 0..100 {
            keeper.take(&[b'x'; 1000]);
        }
        assert_eq!(keeper.finish(), told(Captured::Spooled { bytes: 0, cut: 100_000 }));
    }

    #[test]
    fn a_glimpse_is_the_newest_and_says_what_it_leaves_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut keeper = keeper(&folder, 1 << 20);
        keeper.take(&[b'a'; 10_000]);
        keeper.take(b"end");
        assert!(keeper.glimpse().is_none(), "the first is not due at once");
        keeper.every = Duration::ZERO;
        let Some(Report::Printed { skipped, bytes, .. }) = keeper.glimpse() else { panic!("no glimpse") };
        assert_eq!((skipped, bytes.len()), (10_003 - GLIMPSE_BYTES_MAX as u64, GLIMPSE_BYTES_MAX));
        assert!(bytes.ends_with(b"aend"));
        assert!(keeper.glimpse().is_none());
    }
}
