//! Inputs, one task each: words of the command line, or lines of a file or pipe, submitted as they arrive.
//! It does not know the command they go into; it has the template's name for it.
//!
//! Lines end with a line break, or with NUL; the last one may go without. Empty lines are left out, as xargs leaves them out;
//! between NULs nothing is left out, for there an empty input was meant.

use std::io::{ErrorKind, Read};
use std::sync::Arc;

use thiserror::Error;

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

/// A list of inputs, read as far as it is wanted.
pub struct List {
    from: From,
    /// How many inputs were taken from it.
    taken: u32,
}

enum From {
    Words(std::vec::IntoIter<RawText>),
    Reader(Cutter),
}

/// Why a list is not the one a run began with. Inputs are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OtherList {
    /// Another input stands there.
    #[error("input {number} was `{was}`, now it is `{is}`", was = was.lossy(), is = is.lossy())]
    Differs { number: u32, was: RawText, is: RawText },
    /// It is over too early.
    #[error("input {number} was `{was}`, now the list ends before it", was = was.lossy())]
    Ends { number: u32, was: RawText },
    /// It was all there was, and is not any more.
    #[error("there were {inputs} inputs, now `{is}` follows them", is = is.lossy())]
    GoesOn { inputs: u32, is: RawText },
    /// It cannot be read.
    #[error("read inputs from {name}: {reason}")]
    Unreadable { name: String, reason: String },
}

impl List {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(inputs: Inputs, separator: Separator) -> Self {
        let from = match inputs {
            Inputs::Words(words) => From::Words(words.into_iter()),
            Inputs::Reader { name, from } => From::Reader(Cutter::new(name, from, separator)),
        };
        Self { from, taken: 0 }
    }

    /// Passes over the inputs that a run has already, in their order, and says if one is another.
    ///
    /// # Errors
    /// At the first one that differs.
    pub fn pass<'a>(&mut self, begun: impl IntoIterator<Item = &'a RawText>) -> Result<(), OtherList> {
        for was in begun {
            let number = self.taken + 1;
            match self.wait_for_one()? {
                Some(is) if is == *was => self.taken = number,
                Some(is) => return Err(OtherList::Differs { number, was: was.clone(), is }),
                None => return Err(OtherList::Ends { number, was: was.clone() }),
            }
        }
        Ok(())
    }

    /// Says if there are more inputs.
    ///
    /// # Errors
    /// When there are, or that cannot be told.
    pub fn must_be_over(&mut self) -> Result<(), OtherList> {
        match self.wait_for_one()? {
            Some(is) => Err(OtherList::GoesOn { inputs: self.taken, is }),
            None => Ok(()),
        }
    }

    fn wait_for_one(&mut self) -> Result<Option<RawText>, OtherList> {
        let cutter = match &mut self.from {
            From::Words(words) => return Ok(words.next()),
            From::Reader(cutter) => cutter,
        };
        loop {
            match cutter.cut() {
                Cut::Input(input) => return Ok(Some(RawText(input))),
                // It was told when the run began.
                Cut::LeftOut(_) => {}
                Cut::Over => return Ok(None),
                Cut::ReadOn => cutter.read().map_err(|reason| {
                    let (name, reason) = (cutter.name.clone(), reason.to_string());
                    OtherList::Unreadable { name, reason }
                })?,
            }
        }
    }
}

/// Makes a task of each input that is left and gives them to `sink`. Does not send [`Command::Close`].
///
/// # Errors
/// When nobody takes tasks any more. What cannot be read is a note of weight `Error`.
pub fn lines(
    template: &Arc<Template>,
    list: List,
    sink: &mut dyn FnMut(Command) -> Result<(), Closed>,
) -> Result<(), Closed> {
    let mut maker = Maker { template, made: Vec::new(), ordinal: list.taken, sink };
    match list.from {
        From::Words(words) => {
            for word in words {
                maker.input(word.0)?;
            }
        }
        From::Reader(cutter) => maker.read(cutter)?,
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
    fn read(&mut self, mut cutter: Cutter) -> Result<(), Closed> {
        loop {
            match cutter.cut() {
                Cut::Input(input) => self.input(input)?,
                Cut::LeftOut(Some(text)) => self.note(text)?,
                Cut::LeftOut(None) => {}
                Cut::Over => break,
                Cut::ReadOn => {
                    // Before a read, which may have to wait for whoever writes.
                    self.submit()?;
                    if let Err(error) = cutter.read() {
                        return self.note(format!("read inputs from {}: {error}", cutter.name));
                    }
                }
            }
        }
        match cutter.left_out.saturating_sub(LEFT_OUT_NAMED_MAX) {
            0 => Ok(()),
            more => self.note(format!("{more} more lines of {} are left out, for the like reasons", cutter.name)),
        }
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

/// Cuts what is read into lines.
struct Cutter {
    name: String,
    from: Box<dyn Read + Send>,
    separator: Separator,
    /// Read and not yet looked at, from `at` on.
    scratch: Vec<u8>,
    at: usize,
    /// Whether there is nothing more to read.
    is_read: bool,
    /// The beginning of a line whose end is still to be read.
    line: Vec<u8>,
    /// The how manieth line it is.
    number: u64,
    /// How many lines were no inputs.
    left_out: u64,
}

/// What comes next in a list.
enum Cut {
    /// An input.
    Input(Vec<u8>),
    /// A line that is none, and the note about it, if it is still worth one.
    LeftOut(Option<String>),
    /// Nothing, before more is read.
    ReadOn,
    /// Nothing.
    Over,
}

impl Cutter {
    fn new(name: String, from: Box<dyn Read + Send>, separator: Separator) -> Self {
        let (scratch, line) = (Vec::new(), Vec::new());
        Self { name, from, separator, scratch, at: 0, is_read: false, line, number: 1, left_out: 0 }
    }

    /// Reads some more; waits until there is some.
    fn read(&mut self) -> std::io::Result<()> {
        self.scratch.resize(READ_BYTES, 0);
        self.at = 0;
        loop {
            match self.from.read(&mut self.scratch) {
                Ok(count) => {
                    self.scratch.truncate(count);
                    self.is_read = count == 0;
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.scratch.clear();
                    return Err(error);
                }
            }
        }
    }

    /// The next line, as far as one is there.
    fn cut(&mut self) -> Cut {
        let separator = self.separator.byte();
        while let Some(rest) = self.scratch.get(self.at..).filter(|rest| !rest.is_empty()) {
            let end = rest.iter().position(|&byte| byte == separator);
            let taken = end.map_or(rest.len(), |end| end + 1);
            self.line.extend_from_slice(&rest[..end.unwrap_or(taken)]);
            self.at += taken;
            if end.is_some() {
                match self.take_line() {
                    Some(cut) => return cut,
                    None => continue,
                }
            }
            if self.line.len() > INPUT_BYTES_MAX {
                // The rest of a line that is too long anyway is not kept.
                self.line.truncate(INPUT_BYTES_MAX + 1);
            }
        }
        if !self.is_read {
            return Cut::ReadOn;
        }
        if self.line.is_empty() { Cut::Over } else { self.take_line().unwrap_or(Cut::Over) }
    }

    /// The line that was gathered. `None`: it is empty, where that means nothing.
    fn take_line(&mut self) -> Option<Cut> {
        let line = std::mem::take(&mut self.line);
        let number = self.number;
        self.number += 1;
        if line.is_empty() && self.separator == Separator::Newline {
            return None;
        }
        if line.len() >= INPUT_BYTES_MAX {
            let why = format!("it is longer than the {} bytes an argument can have", INPUT_BYTES_MAX - 1);
            return Some(self.leave_out(number, &why));
        }
        if line.contains(&0) {
            return Some(self.leave_out(number, "there is a NUL byte in it (see --null)"));
        }
        Some(Cut::Input(line))
    }

    fn leave_out(&mut self, number: u64, why: &str) -> Cut {
        self.left_out += 1;
        let is_named = self.left_out <= LEFT_OUT_NAMED_MAX;
        Cut::LeftOut(is_named.then(|| format!("line {number} of {} is left out: {why}", self.name)))
    }
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
        let taken = lines(&template, List::new(inputs, separator), &mut |command| {
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
        assert_eq!(lines(&template, List::new(inputs, Separator::Newline), &mut |_| Err(Closed)), Err(Closed));
    }

    fn list(pieces: &[&'static [u8]]) -> List {
        let inputs = Inputs::Reader { name: "list".to_owned(), from: Box::new(Slow(pieces.to_vec())) };
        List::new(inputs, Separator::Newline)
    }

    #[test]
    fn a_list_is_read_on_behind_what_a_run_has() {
        let begun: Vec<RawText> = ["one", "two"].map(RawText::from).to_vec();
        let template = Arc::new(Template { argv: vec![RawText::from("x")], shell: Shell::No });
        let words = List::new(Inputs::Words(["one", "two", "three"].map(RawText::from).to_vec()), Separator::Newline);
        for mut list in [list(&[b"\none\ntw", b"o\nthr", b"ee\n"]), words] {
            assert_eq!(list.pass(&begun), Ok(()));
            let mut commands = Vec::new();
            let taken = lines(&template, list, &mut |command| {
                commands.push(command);
                Ok(())
            });
            assert_eq!((taken, inputs(&commands)), (Ok(()), vec![(3, "three".to_owned())]));
        }
    }

    #[test]
    fn another_list_is_told_by_its_first_difference() {
        let begun: Vec<RawText> = ["one", "two"].map(RawText::from).to_vec();
        let told = |mut list: List| list.pass(&begun).map_err(|other| other.to_string());
        assert_eq!(told(list(&[b"one\nzwei\n"])), Err("input 2 was `two`, now it is `zwei`".to_owned()));
        assert_eq!(told(list(&[b"one\n"])), Err("input 2 was `two`, now the list ends before it".to_owned()));
        let mut longer = list(&[b"one\ntwo\nthree"]);
        assert_eq!(longer.pass(&begun), Ok(()));
        assert_eq!(longer.must_be_over().unwrap_err().to_string(), "there were 2 inputs, now `three` follows them");
    }
}
