//! GNU parallel's job log: a line for each ended task, in the order of ending. `parallel --resume-failed --joblog` reads it.
//! It does not know attempts before the last.

use std::io::{self, BufRead, Write};

use super::ledger::{Ledger, kind};
use super::{Broken, follow};
use crate::journal::{Header, Reader};
use crate::model::{State, Status};
use crate::task::{CommandLine, Failure, Shell, Slot, TaskId, Work};

/// The first line.
const HEADING: &str = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";

/// What parallel calls this machine.
const HERE: &str = ":";

/// What parallel writes for a job that ran out of time.
const TIMED_OUT: i32 = -1;

/// What a shell says of a command it cannot start; also stands for work that could not be done.
const NOT_DONE: i32 = 127;

/// What ssh says when the connection is gone, and parallel with it.
const LOST: i32 = 255;

/// What a job is told that is to stop.
const TERM: i32 = 15;

pub(super) fn write<R: BufRead>(
    header: &Header,
    reader: &mut Reader<R>,
    out: &mut dyn Write,
) -> io::Result<Option<Broken>> {
    let mut ledger = Ledger::default();
    let (state, broken) = follow(reader, &mut ledger)?;
    out.write_all(HEADING.as_bytes())?;
    for task in ledger.ended() {
        let record = &state.tasks[task.index()];
        // What was cut short or dropped is not over for parallel either: it would do it.
        if matches!(record.status, Status::Done | Status::Failed) && record.attempts > 0 {
            write_line(header, &state, &ledger, task, out)?;
        }
    }
    Ok(broken)
}

fn write_line(header: &Header, state: &State, ledger: &Ledger, task: TaskId, out: &mut dyn Write) -> io::Result<()> {
    let record = &state.tasks[task.index()];
    let row = ledger.row(state, task);
    let (began_us, took_us) = row.time_us.unwrap_or_default();
    let since_1970 = i128::from(header.started_unix_us) + i128::from(began_us) + i128::from(ledger.away_us(task));
    let ms = since_1970.max(0) / 1000;
    let host = record.worker.and_then(|worker| ledger.host(worker)).map(one_word);
    let slot = record.worker.and_then(|worker| state.workers.seat_of(worker)).unwrap_or(Slot(0));
    let failure = state.failure(task).filter(|_| record.status == Status::Failed);
    let (exit, signal) = exit_and_signal(failure);
    write!(
        out,
        "{task}\t{}\t{}.{:03}\t{:>6}.{:03}\t0\t{}\t{exit}\t{signal}\t",
        host.as_deref().unwrap_or(HERE),
        ms / 1000,
        ms % 1000,
        took_us / 1_000_000,
        took_us / 1000 % 1000,
        ledger.printed(task),
    )?;
    out.write_all(&command(&record.spec.work, &row.name, slot))?;
    out.write_all(b"\n")
}

fn exit_and_signal(failure: Option<&Failure>) -> (i32, i32) {
    match failure {
        None => (0, 0),
        Some(Failure::Exit { code }) => (*code, 0),
        Some(Failure::Signal { signal }) => (0, *signal),
        Some(Failure::TimedOut { .. }) => (TIMED_OUT, 0),
        Some(Failure::Stopped) => (0, TERM),
        Some(Failure::Error { .. }) => (NOT_DONE, 0),
        Some(Failure::WorkerLost { .. } | Failure::InDoubt) => (LOST, 0),
    }
}

/// What a shell would have to read to do it again. Work that is no command becomes one that does nothing, for
/// `parallel --retry-failed` runs what stands here.
fn command(work: &Work, name: &str, slot: Slot) -> Vec<u8> {
    let mut line = match work {
        Work::Command(command) => shell_line(command, slot),
        other => [b": ", kind(other).as_bytes(), b" ", &quoted(name.as_bytes())].concat(),
    };
    // As parallel does it, so that a job stays a line.
    for byte in &mut line {
        if *byte == b'\n' {
            *byte = 0;
        }
    }
    line
}

fn shell_line(command: &CommandLine, slot: Slot) -> Vec<u8> {
    let mut words = command.expand(slot);
    match command.template.shell {
        Shell::Sh => words.pop().unwrap_or_default().0,
        Shell::No => words.iter().map(|word| quoted(&word.0)).collect::<Vec<_>>().join(&b' '),
    }
}

fn quoted(word: &[u8]) -> Vec<u8> {
    // A NUL cannot be in an argument at all.
    shlex::bytes::try_quote(word).map_or_else(|_| word.to_vec(), std::borrow::Cow::into_owned)
}

/// A name that cannot end its column.
fn one_word(name: &str) -> String {
    let name = name.replace(|char: char| char.is_whitespace() || char.is_control(), "_");
    if name.is_empty() { HERE.to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::task::{RawText, Template};

    fn line(argv: &[&str], input: &[u8], shell: Shell) -> String {
        let argv = argv.iter().map(|&word| RawText::from(word)).collect();
        let command = CommandLine {
            template: Arc::new(Template { argv, shell }),
            input: Some(RawText(input.to_vec())),
            ordinal: 3,
        };
        let bytes = super::command(&Work::Command(Box::new(command)), "", Slot(1));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[test]
    fn a_command_is_what_a_shell_would_have_to_read() {
        assert_eq!(line(&["sh", "-c", "exit {}"], b"3", Shell::No), "sh -c 'exit 3'");
        assert_eq!(line(&["echo", "{#}", "{%}"], b"it's; rm", Shell::No), "echo 3 2 \"it's; rm\"");
        assert_eq!(line(&["echo {} | wc"], b"a b", Shell::Sh), "echo 'a b' | wc");
        assert_eq!(line(&["echo"], b"two\nlines", Shell::No), "echo 'two\0lines'");
        assert_eq!(super::command(&Work::Nothing, "rm -rf /", Slot(0)), b": nothing 'rm -rf /'");
    }
}
