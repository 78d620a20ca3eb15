//! What tasks print: commands' output, passed on whole when they end, each stream to its own; functions' lines, as they come.
//! It does not know progress lines. Bytes are passed on as they are: they are data, and whoever reads them wanted them.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use crate::event::Event;
use crate::model::State;
use crate::task::{Captured, Output, Stream, TaskId, spool_name};

use super::Order;

/// How much output waits in memory for its turn; what comes on top of it waits in files.
const WAITING_BYTES_MAX: u64 = 16 << 20;

/// Standard output was closed by its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed;

/// What becomes of files with output once it was passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// Nobody needs them any more.
    Go,
    /// They are part of the run's record.
    Stay,
    /// They are part of a run's record that is only looked at: nothing is added either.
    LeftAlone,
}

/// Where an attempt's output is until it is passed on.
struct Waiting {
    attempt: u16,
    output: Output,
    /// Those of its streams that lie in a file only because they wait.
    spilled: Vec<Stream>,
}

/// The two streams, and what waits for its turn.
pub(super) struct Outlet {
    order: Order,
    spool: PathBuf,
    files: Files,
    stdout: BufWriter<std::io::Stdout>,
    /// Of attempts that ended, by task: until the task's end is certain and it is its turn.
    waiting: HashMap<TaskId, Waiting>,
    /// How much of that is in memory.
    waiting_bytes: u64,
    /// The first task that has not been passed on, where order counts.
    turn: TaskId,
}

impl Outlet {
    pub(super) fn new(order: Order, spool: PathBuf, files: Files) -> Self {
        Self {
            order,
            spool,
            files,
            stdout: BufWriter::new(std::io::stdout()),
            waiting: HashMap::new(),
            waiting_bytes: 0,
            turn: TaskId(0),
        }
    }

    /// One event as a line of JSON.
    pub(super) fn event(&mut self, event: &Event) -> Result<(), Closed> {
        let mut line = Vec::with_capacity(128);
        event.write(&mut line);
        line.push(b'\n');
        closed(self.stdout.write_all(&line))
    }

    /// A line that a function printed, as it comes.
    pub(super) fn said(&mut self, text: &str) -> Result<(), Closed> {
        closed(writeln!(self.stdout, "{text}"))
    }

    /// An attempt's output is the task's if the task is over with it.
    pub(super) fn attempt_ended(&mut self, state: &State, task: TaskId, output: Option<&Output>) -> Result<(), Closed> {
        let Some(record) = state.task(task) else { return Ok(()) };
        if let Some(earlier) = self.take(task) {
            self.discard(task, &earlier);
        }
        if let Some(output) = output {
            self.put(task, record.attempts, output.clone());
        }
        self.task_ended(state, task)
    }

    /// Its worker died with it, and with what it had printed; what an earlier attempt printed does not count.
    pub(super) fn attempt_lost(&mut self, state: &State, task: TaskId) -> Result<(), Closed> {
        self.attempt_ended(state, task, None)
    }

    /// Passes on what can be.
    pub(super) fn task_ended(&mut self, state: &State, task: TaskId) -> Result<(), Closed> {
        let is_over = |task: TaskId| state.task(task).is_some_and(|record| record.status.is_final());
        match self.order {
            Order::AsEnded if is_over(task) => self.pass_on(task),
            Order::AsEnded => Ok(()),
            Order::AsGiven => {
                while is_over(self.turn) {
                    self.pass_on(self.turn)?;
                    self.turn.0 += 1;
                }
                Ok(())
            }
        }
    }

    /// What the buffer holds goes out.
    pub(super) fn flush(&mut self) -> Result<(), Closed> {
        closed(self.stdout.flush())
    }

    /// The run is over: what still waits was printed by tasks behind one that never ended.
    pub(super) fn finish(&mut self) -> Result<(), Closed> {
        let mut rest: Vec<TaskId> = self.waiting.keys().copied().collect();
        rest.sort_unstable();
        for task in rest {
            self.pass_on(task)?;
        }
        self.flush()
    }

    fn pass_on(&mut self, task: TaskId) -> Result<(), Closed> {
        let Some(waiting) = self.take(task) else { return Ok(()) };
        let Waiting { attempt, output, .. } = &waiting;
        let attempt = *attempt;
        let passed = closed(copy(&output.stdout, &self.path(task, attempt, Stream::Stdout), &mut self.stdout));
        // Both streams keep their order on a terminal that shows both.
        let passed = passed.and_then(|()| if output.stderr.is_empty() { Ok(()) } else { self.flush() });
        let _ = copy(&output.stderr, &self.path(task, attempt, Stream::Stderr), &mut std::io::stderr());
        self.discard(task, &waiting);
        passed
    }

    /// What waits behind a slow task can be the output of all others.
    fn put(&mut self, task: TaskId, attempt: u16, mut output: Output) {
        let mut spilled = Vec::new();
        if self.files != Files::LeftAlone && self.waiting_bytes + in_memory(&output) > WAITING_BYTES_MAX {
            for (stream, captured) in [(Stream::Stdout, &mut output.stdout), (Stream::Stderr, &mut output.stderr)] {
                if spill(captured, &self.path(task, attempt, stream)) {
                    spilled.push(stream);
                }
            }
        }
        self.waiting_bytes += in_memory(&output);
        self.waiting.insert(task, Waiting { attempt, output, spilled });
    }

    fn take(&mut self, task: TaskId) -> Option<Waiting> {
        let waiting = self.waiting.remove(&task)?;
        self.waiting_bytes -= in_memory(&waiting.output);
        Some(waiting)
    }

    fn path(&self, task: TaskId, attempt: u16, stream: Stream) -> PathBuf {
        self.spool.join(spool_name(task, attempt, stream))
    }

    fn discard(&self, task: TaskId, waiting: &Waiting) {
        let Waiting { attempt, output, spilled } = waiting;
        for (stream, captured) in [(Stream::Stdout, &output.stdout), (Stream::Stderr, &output.stderr)] {
            let in_file = matches!(captured, Captured::Spooled { .. });
            if in_file && (self.files == Files::Go || spilled.contains(&stream)) {
                // The folder goes with the run, and this only frees the room earlier; or the run's record has it already.
                let _ = std::fs::remove_file(self.path(task, *attempt, stream));
            }
        }
    }
}

fn in_memory(output: &Output) -> u64 {
    let of = |captured: &Captured| if let Captured::Inline(bytes) = captured { bytes.len() as u64 } else { 0 };
    of(&output.stdout) + of(&output.stderr)
}

/// Whether it lies in a file now. Where there is no room for a file either, it stays in memory.
fn spill(captured: &mut Captured, path: &Path) -> bool {
    if let Captured::Inline(bytes) = captured
        && !bytes.is_empty()
        && std::fs::write(path, &*bytes).is_ok()
    {
        *captured = Captured::Spooled { bytes: bytes.len() as u64, cut: 0 };
        return true;
    }
    false
}

/// A link would lead elsewhere, and a pipe would never end; neither is a file of ours.
fn opened(path: &Path) -> std::io::Result<File> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(ErrorKind::NotFound.into()) }
}

fn copy(captured: &Captured, path: &Path, to: &mut impl Write) -> std::io::Result<()> {
    match captured {
        Captured::Inline(bytes) => to.write_all(bytes),
        Captured::Spooled { bytes, cut } => {
            if *bytes > 0 {
                std::io::copy(&mut opened(path).map_err(|_| ErrorKind::NotFound)?, to)?;
            }
            if *cut > 0 {
                let mut stderr = std::io::stderr();
                writeln!(stderr, "pooltop: {cut} more bytes were printed and not kept (see --output-max)")?;
            }
            Ok(())
        }
    }
}

/// Only a reader that went away is the end; another trouble with standard output is too, as nothing can be told any more.
fn closed(result: std::io::Result<()>) -> Result<(), Closed> {
    match result {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(_) => Err(Closed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_its_turn_is_bounded_in_memory_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let mut outlet = Outlet::new(Order::AsGiven, folder.path().to_owned(), Files::Stay);
        let output = || Output { stdout: Captured::Inline(vec![b'o'; 60_000]), stderr: Captured::Inline(Vec::new()) };
        for task in 0..1000 {
            outlet.put(TaskId(task), 1, output());
        }
        let held: u64 = outlet.waiting.values().map(|waiting| in_memory(&waiting.output)).sum();
        assert_eq!(held, outlet.waiting_bytes);
        assert!(held <= WAITING_BYTES_MAX && held > WAITING_BYTES_MAX / 2);
        let last = outlet.take(TaskId(999)).unwrap();
        let mut out = Vec::new();
        let path = outlet.path(TaskId(999), last.attempt, Stream::Stdout);
        copy(&last.output.stdout, &path, &mut out).unwrap();
        outlet.discard(TaskId(999), &last);
        assert!(!path.exists(), "what only waited in a file is not kept there");
        assert_eq!(out, vec![b'o'; 60_000]);
        for task in 0..999 {
            outlet.take(TaskId(task)).unwrap();
        }
        assert_eq!(outlet.waiting_bytes, 0);
    }

    #[test]
    fn files_that_belong_to_a_record_stay() {
        let folder = tempfile::tempdir().unwrap();
        for (files, stays) in [(Files::Stay, true), (Files::Go, false)] {
            let mut outlet = Outlet::new(Order::AsEnded, folder.path().to_owned(), files);
            let path = outlet.path(TaskId(0), 1, Stream::Stdout);
            std::fs::write(&path, "").unwrap();
            let stdout = Captured::Spooled { bytes: 0, cut: 0 };
            outlet.put(TaskId(0), 1, Output { stdout, stderr: Captured::default() });
            outlet.pass_on(TaskId(0)).unwrap();
            assert_eq!(path.exists(), stays);
        }
    }

    #[test]
    fn a_spooled_output_is_copied_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, vec![b'y'; 100_000]).unwrap();
        let mut out = Vec::new();
        copy(&Captured::Spooled { bytes: 100_000, cut: 0 }, &path, &mut out).unwrap();
        assert_eq!(out.len(), 100_000);
    }
}
