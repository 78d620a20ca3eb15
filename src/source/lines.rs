//! Inputs, one task each: words of the command line, or lines of a file or pipe, submitted as they arrive.
//! It does not know the command they go into; it has the template's name for it.
//!
//! Lines end with a line break, or with NUL; the last one may go without. Empty lines are left out, as xargs leaves them out;
//! between NULs nothing is left out, for there an empty input was meant.

use std::io::{ErrorKind, Read};
use std::sync::Arc;

use super::Closed;
use crate::command::{Command, Note, Weight};
use crate::task::{CommandLine, RawText, TaskSpec, Template, Work};

/// How long an input may be: what Linux takes as one argument (MAX_ARG_STRLEN).
const INPUT_BYTES_MAX: usize = 128 << 10;

/// How many inputs that cannot be used are named; the others are counted. A binary file has millions.
const LEFT_OUT_NAMED_MAX: u64 = 20;

/// How many tasks are submitted at once.
const BATCH: usize = 1024;

/// How much is read at once. A slow writer's line is submitted as soon as it is there.
const READ_BYTES: usize = 64 << 10;

/// Where inputs come from.
pub enum Inputs {
    /// They are here.
    Words(Vec<RawText>),
    /// They are read; `name` is for errors.
    Reader {
        /// A path, or "standard input".
        name: String,
        /// The bytes.
        from: Box<dyn Read + Send>,
    },
}

/// What stands between two inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// A line break; empty lines are left out.
    Newline,
    /// A NUL byte.
    Nul,
}

/// Makes a task of each input and gives them to `sink`. Does not send [`Command::Close`].
///
/// # Errors
/// When nobody takes tasks any more. What cannot be read is a note of weight `Error`.
pub fn lines(
    template: &Arc<Template>,
    inputs: Inputs,
    separator: Separator,
    sink: &mut dyn FnMut(Command) -> Result<(), Closed>,
) -> Result<(), Closed> {
    let mut maker = Maker { template, made: Vec::new(), ordinal: 0, sink };
    match inputs {
        Inputs::Words(words) => {
            for word in words {
                maker.input(word.0)?;
            }
        }
        Inputs::Reader { name, from } => maker.read(&name, from, separator)?,
    }
    maker.submit()
}

struct Maker<'a> {
    template: &'a Arc<Template>,
    made: Vec<TaskSpec>,
    ordinal: u32,
    sink: &'a mut dyn FnMut(Command) -> Result<(), Closed>,
}

impl Maker<'_> {
    fn read(&mut self, name: &str, mut from: Box<dyn Read + Send>, separator: Separator) -> Result<(), Closed> {
        let mut scratch = vec![0; READ_BYTES];
        let mut cutter = Cutter { separator, line: Vec::new(), number: 1, left_out: 0 };
        loop {
            let count = match from.read(&mut scratch) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return self.note(format!("read inputs from {name}: {error}")),
            };
            for piece in scratch[..count].split_inclusive(|&byte| byte == separator.byte()) {
                cutter.line.extend_from_slice(piece);
                if piece.ends_with(&[separator.byte()]) {
                    self.cut(&mut cutter, name)?;
                } else if cutter.line.len() > INPUT_BYTES_MAX {
                    // The rest of a line that is too long anyway is not kept.
                    cutter.line.truncate(INPUT_BYTES_MAX + 1);
                }
            }
            // Before the next read, which may have to wait for whoever writes.
            self.submit()?;
        }
        if !cutter.line.is_empty() {
            self.cut(&mut cutter, name)?;
        }
        match cutter.left_out.saturating_sub(LEFT_OUT_NAMED_MAX) {
            0 => Ok(()),
            more => self.note(format!("{more} more lines of {name} are left out, for the like reasons")),
        }
    }

    fn cut(&mut self, cutter: &mut Cutter, name: &str) -> Result<(), Closed> {
        let mut line = std::mem::take(&mut cutter.line);
        let number = cutter.number;
        cutter.number += 1;
        if line.last() == Some(&cutter.separator.byte()) {
            line.pop();
        }
        if line.is_empty() && cutter.separator == Separator::Newline {
            return Ok(());
        }
        if line.len() >= INPUT_BYTES_MAX {
            let why = format!("it is longer than the {} bytes an argument can have", INPUT_BYTES_MAX - 1);
            return self.leave_out(cutter, number, name, &why);
        }
        if line.contains(&0) {
            return self.leave_out(cutter, number, name, "there is a NUL byte in it (see --null)");
        }
        self.input(line)
    }

    fn leave_out(&mut self, cutter: &mut Cutter, number: u64, name: &str, why: &str) -> Result<(), Closed> {
        cutter.left_out += 1;
        if cutter.left_out > LEFT_OUT_NAMED_MAX {
            return Ok(());
        }
        self.note(format!("line {number} of {name} is left out: {why}"))
    }

    fn input(&mut self, input: Vec<u8>) -> Result<(), Closed> {
        self.ordinal += 1;
        let (template, input) = (Arc::clone(self.template), Some(RawText(input)));
        let line = CommandLine { template, input, ordinal: self.ordinal };
        self.made.push(TaskSpec::new(Work::Command(Box::new(line))));
        if self.made.len() >= BATCH { self.submit() } else { Ok(()) }
    }

    fn note(&mut self, text: String) -> Result<(), Closed> {
        (self.sink)(Command::Note(Note::new(Weight::Error, text)))
    }

    fn submit(&mut self) -> Result<(), Closed> {
        if self.made.is_empty() {
            return Ok(());
        }
        (self.sink)(Command::Submit(std::mem::take(&mut self.made)))
    }
}

/// The line that is being read, and the how manieth it is.
struct Cutter {
    separator: Separator,
    line: Vec<u8>,
    number: u64,
    /// How many lines were no inputs.
    left_out: u64,
}

impl Separator {
    fn byte(self) -> u8 {
        match self {
            Self::Newline => b'\n',
            Self::Nul => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Shell;

    /// Hands out one piece at a time, like a slow writer.
    struct Slow(Vec<&'static [u8]>);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            let piece = self.0.remove(0);
            buffer[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    fn commands(pieces: &[&'static [u8]], separator: Separator) -> Vec<Command> {
        let template = Arc::new(Template { argv: vec![RawText::from("x")], shell: Shell::No });
        let inputs = Inputs::Reader { name: "list".to_owned(), from: Box::new(Slow(pieces.to_vec())) };
        let mut commands = Vec::new();
        let taken = lines(&template, inputs, separator, &mut |command| {
            commands.push(command);
            Ok(())
        });
        assert_eq!(taken, Ok(()));
        commands
    }

    fn inputs(commands: &[Command]) -> Vec<(u32, String)> {
        let specs = commands.iter().flat_map(|command| match command {
            Command::Submit(specs) => specs.clone(),
            _ => Vec::new(),
        });
        specs
            .filter_map(|spec| match spec.work {
                Work::Command(line) => Some((line.ordinal, line.input?.lossy().into_owned())),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn lines_are_put_together_and_empty_ones_left_out() {
        let commands = commands(&[b"one\ntw", b"o\n\n\nthr", b"ee"], Separator::Newline);
        let expected = [(1, "one".to_owned()), (2, "two".to_owned()), (3, "three".to_owned())];
        assert_eq!(inputs(&commands), expected);
    }

    #[test]
    fn a_slow_writers_line_is_a_task_at_once() {
        let commands = commands(&[b"one\n", b"two\n"], Separator::Newline);
        assert_eq!(commands.len(), 2);
    }

    #[test]
    fn between_nuls_everything_counts() {
        let commands = commands(&[b"a\nb\0\0c"], Separator::Nul);
        assert_eq!(inputs(&commands), [(1, "a\nb".to_owned()), (2, String::new()), (3, "c".to_owned())]);
    }

    #[test]
    fn what_cannot_be_an_argument_is_named_by_its_line() {
        let long: &'static [u8] = Box::leak(vec![b'x'; 60_000].into_boxed_slice());
        let commands = commands(&[b"ok\n", long, long, long, b"\nfine\na\0b\n"], Separator::Newline);
        assert_eq!(inputs(&commands), [(1, "ok".to_owned()), (2, "fine".to_owned())]);
        let notes: Vec<&str> = commands
            .iter()
            .filter_map(|command| match command {
                Command::Note(note) => Some(&*note.text),
                _ => None,
            })
            .collect();
        assert!(notes[0].starts_with("line 2 of list is left out: it is longer"), "{notes:?}");
        assert!(notes[1].starts_with("line 4 of list is left out: there is a NUL"), "{notes:?}");
    }

    #[test]
    fn a_binary_file_is_not_told_line_by_line() {
        let binary: &'static [u8] = Box::leak(b"\0\n".repeat(1000).into_boxed_slice());
        let commands = commands(&[binary], Separator::Newline);
        let Some(Command::Note(last)) = commands.last() else { panic!("{commands:?}") };
        assert_eq!((commands.len(), &*last.text), (21, "980 more lines of list are left out, for the like reasons"));
    }

    #[test]
    fn nobody_there_is_the_end() {
        let template = Arc::new(Template { argv: vec![RawText::from("x")], shell: Shell::No });
        let inputs = Inputs::Words(vec![RawText::from("a")]);
        assert_eq!(lines(&template, inputs, Separator::Newline, &mut |_| Err(Closed)), Err(Closed));
    }
}
