//! One `[[task]]` of a scenario, checked, and how a task is made of it. PURE.
//! It does not know TOML; what it is given is already known to be possible.

use std::fmt::Write as _;
use std::sync::Arc;

use super::draw::Draw;
use crate::notation::Span;
use crate::task::{
    Arguments, CommandLine, Download, Expr, FunctionCall, FunctionId, Known, Names, Place, RawText, TaskSpec, Template,
    Use, Value, Variable, Work,
};

/// An entry that stands for `repeat` tasks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TaskEntry {
    /// Its place among the file's entries: part of the seed of each of its tasks.
    pub(super) seat: u32,
    /// At least 1.
    pub(super) repeat: u32,
    pub(super) name: Option<NameTemplate>,
    pub(super) work: WorkEntry,
    /// Which process does them.
    pub(super) place: Place,
}

/// What the tasks of an entry do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum WorkEntry {
    Nothing,
    Sleep(Time),
    Download { size: Span, time: Time, fail_per_mille: u16, stall_per_mille: u16 },
    Command { template: Arc<Template>, fed: Fed },
    Call(CallEntry),
}

/// A call of a function.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CallEntry {
    pub(super) function: FunctionId,
    /// What its tasks are called if nobody named them.
    pub(super) name: Box<str>,
    /// Its arguments; they know nothing but [`Repetition`], and come to something for each.
    pub(super) args: Vec<Expr>,
    pub(super) uses: Vec<Use>,
}

/// The names that arguments know: `n`, the number of the repetition from 1, and `i`, from 0.
pub(super) struct Repetition(pub(super) u32);

impl Repetition {
    /// The names, in the order of their numbers.
    pub(super) const NAMES: [&'static str; 2] = ["n", "i"];
}

impl Names for Repetition {
    fn variable(&self, variable: Variable) -> Value {
        Value::Int(match variable {
            Variable::Local(0) => i64::from(self.0) + 1,
            _ => i64::from(self.0),
        })
    }

    fn known(&self, _: Known) -> Value {
        Value::None
    }
}

/// How long something takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    /// Any millisecond of the span.
    Milliseconds(Span),
    /// Any whole second; the span is in seconds.
    WholeSeconds(Span),
}

/// What a command gets in place of `{}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fed {
    /// The number of the repetition, from 1.
    Number,
    /// Nothing; it has no place for it.
    Nothing,
}

impl TaskEntry {
    /// The task for one repetition, counted from 0.
    pub(super) fn task(&self, copy: u32, seed: u64) -> TaskSpec {
        let mut draw = Draw::new(seed, self.seat, copy);
        let work = match &self.work {
            WorkEntry::Nothing => Work::Nothing,
            WorkEntry::Sleep(time) => Work::Sleep { duration_ms: time.draw(&mut draw) },
            WorkEntry::Download { size, time, fail_per_mille, stall_per_mille } => Work::Download(Download {
                seed: draw.word(),
                bytes: draw.within(*size),
                duration_ms: time.draw(&mut draw),
                fail_per_mille: *fail_per_mille,
                stall_per_mille: *stall_per_mille,
            }),
            WorkEntry::Command { template, fed } => Work::Command(Box::new(CommandLine {
                template: Arc::clone(template),
                input: match fed {
                    Fed::Number => Some(RawText(ordinal(copy).to_string().into_bytes())),
                    Fed::Nothing => None,
                },
                ordinal: u32::try_from(ordinal(copy)).unwrap_or(u32::MAX),
            })),
            WorkEntry::Call(call) => Work::Steps(Box::new(call.call(copy, &mut draw))),
        };
        let task = TaskSpec { place: self.place, ..TaskSpec::new(work) };
        match (&self.name, &self.work) {
            (Some(name), _) => task.named(name.fill(copy)),
            (None, WorkEntry::Call(call)) => task.named(call.name.clone()),
            (None, _) => task,
        }
    }
}

impl CallEntry {
    fn call(&self, copy: u32, draw: &mut Draw) -> FunctionCall {
        let values = self.args.iter().map(|arg| arg.eval(&Repetition(copy)));
        let values = values.collect::<Result<_, _>>().expect("BUG: an argument was checked and cannot be computed");
        FunctionCall {
            function: self.function,
            args: Arguments::Once(values),
            seed: draw.word(),
            uses: self.uses.clone(),
        }
    }
}

impl Time {
    fn draw(self, draw: &mut Draw) -> u64 {
        match self {
            Self::Milliseconds(span) => draw.within(span),
            Self::WholeSeconds(span) => draw.within(span) * 1000,
        }
    }
}

fn ordinal(copy: u32) -> u64 {
    u64::from(copy) + 1
}

/// The widest number a name can ask for.
const NUMBER_WIDTH_MAX: usize = 20;

/// A task's name with places for its number: `{n}` from 1, `{i}` from 0, `{n:04}` with zeros in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NameTemplate(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Number { first: u64, width: usize, pad: Pad },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pad {
    Spaces,
    Zeros,
}

impl NameTemplate {
    /// Reads a template; the error is a fragment about the first place that is none.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            rest = &rest[at..];
            // Doubled braces stand for themselves.
            if let Some(tail) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
                plain.push_str(&rest[..1]);
                rest = tail;
                continue;
            }
            let end = rest.find('}').filter(|_| rest.starts_with('{'));
            let place = end.and_then(|end| number(&rest[1..end]));
            let (Some(end), Some(place)) = (end, place) else {
                let shown = &rest[..end.map_or(1, |end| end + 1)];
                return Err(format!(
                    "`{shown}` is no place for a number; write {{n}} (from 1), {{i}} (from 0), {{n:04}} (with zeros), or {{{{ and }}}} for braces"
                ));
            };
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(place);
            rest = &rest[end + 1..];
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// The name of one repetition, counted from 0.
    fn fill(&self, copy: u32) -> String {
        let mut name = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => name.push_str(text),
                Piece::Number { first, width, pad } => {
                    let number = first + u64::from(copy);
                    // Writing to a String cannot fail.
                    let _ = match pad {
                        Pad::Spaces => write!(name, "{number:width$}"),
                        Pad::Zeros => write!(name, "{number:0width$}"),
                    };
                }
            }
        }
        name
    }
}

/// What stands between the braces.
fn number(text: &str) -> Option<Piece> {
    let (letter, format) = text.split_once(':').unwrap_or((text, ""));
    let first = match letter {
        "n" => 1,
        "i" => 0,
        _ => return None,
    };
    let pad = if format.starts_with('0') { Pad::Zeros } else { Pad::Spaces };
    let width = match format {
        "" if text.ends_with(':') => return None,
        "" => 0,
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
        _ => return None,
    };
    (width <= NUMBER_WIDTH_MAX).then_some(Piece::Number { first, width, pad })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(template: &str, copy: u32) -> String {
        NameTemplate::parse(template).unwrap().fill(copy)
    }

    #[test]
    fn names_count() {
        assert_eq!(name("img_{n:04}.png", 0), "img_0001.png");
        assert_eq!(name("img_{i:04}.png", 0), "img_0000.png");
        assert_eq!(name("{n}/{i}", 9), "10/9");
        assert_eq!(name("{n:3}|", 4), "  5|");
        assert_eq!(name("照片 {n}", u32::MAX), "照片 4294967296");
        assert_eq!(name("{{n}} }}", 0), "{n} }");
        assert_eq!(name("", 0), "");
    }

    #[test]
    fn a_wrong_place_is_named() {
        for (template, shown) in [
            ("a{x}", "`{x}`"),
            ("a{", "`{`"),
            ("a}", "`}`"),
            ("{n:}", "`{n:}`"),
            ("{n:0x}", "`{n:0x}`"),
            ("{n:99999}", "`{n:99999}`"),
            ("{}", "`{}`"),
            ("{照", "`{`"),
        ] {
            let error = NameTemplate::parse(template).unwrap_err();
            assert!(error.starts_with(shown), "{template}: {error}");
        }
    }

    #[test]
    fn a_task_keeps_its_luck_whatever_stands_behind_it() {
        let entry = |seat, repeat| TaskEntry {
            seat,
            place: Place::Pool,
            repeat,
            name: None,
            work: WorkEntry::Sleep(Time::Milliseconds(Span { low: 0, high: 1_000_000 })),
        };
        assert_eq!(entry(0, 3).task(2, 7), entry(0, 300).task(2, 7));
        assert_ne!(entry(0, 3).task(2, 7), entry(1, 3).task(2, 7));
        assert_ne!(entry(0, 3).task(2, 7), entry(0, 3).task(1, 7));
        assert_ne!(entry(0, 3).task(2, 7), entry(0, 3).task(2, 8));
    }
}
