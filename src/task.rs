//! Vocabulary: what a unit of work is, who carries it out, and how an attempt at it can end.
//! It does not know who schedules the work, how it travels or how it is shown.

mod command_line;
mod copy;
mod eval;
mod expr;
mod object;
mod place;
mod program;
mod value;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use command_line::{CommandLine, Shell, Template};
pub use copy::{CopyBatch, CopyEntry, CopyRoots, EntryKind, Fingerprint, Verify};
pub use expr::{Binary, Builtin, EXPR_DEPTH_MAX, Expr, Known, Names, Unary};
pub use object::{Bound, Call, End, How, ObjectId, ObjectKind, ObjectSpec, Patience, Reply, ThreadId, Use, Ways};
pub use place::{Place, Slot};
pub use program::{
    Action, Arguments, Callback, Function, FunctionCall, FunctionId, Grain, Mapping, Program, Step, Submission, Tree,
    Variable, Waiting,
};
pub use value::{Handle, Shape, VALUE_BYTES_MAX, VALUE_DEPTH_MAX, Value};

/// A task's number: dense, from 0 in the order of submission, never reused. Shown to people counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub u32);

impl TaskId {
    /// The task's place in a table indexed by submission order.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", u64::from(self.0) + 1)
    }
}

/// One child process's number: from 0 in the order of starting, never reused (the kernel reuses PIDs; we do not).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerId(pub u32);

/// A process id as the kernel gave it. Never used to tell two workers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pid(pub i32);

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// When a task may start, relative to the others: every task of a lower stage must have ended first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stage(pub u8);

impl Stage {
    /// One more than the highest stage a task can have.
    pub const COUNT: usize = 4;
}

/// One task as it was asked for. Immutable; what becomes of it is in the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskSpec {
    /// The name people see. `None`: the work's own title serves.
    pub name: Option<Box<str>>,
    /// What is to be done.
    pub work: Work,
    /// What must have ended before.
    pub stage: Stage,
    /// Which process does it.
    pub place: Place,
}

impl TaskSpec {
    /// A nameless task of the first stage.
    #[must_use]
    pub fn new(work: Work) -> Self {
        Self { name: None, work, stage: Stage::default(), place: Place::default() }
    }

    /// The same task under a name.
    #[must_use]
    pub fn named(self, name: impl Into<Box<str>>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// The name to show. Not yet safe for a terminal: it passes through [`crate::text`] first. Never longer than anybody reads.
    #[must_use]
    pub fn title(&self) -> std::borrow::Cow<'_, str> {
        match &self.name {
            Some(name) => std::borrow::Cow::Borrowed(&name[..name.floor_char_boundary(TITLE_BYTES_MAX)]),
            None => std::borrow::Cow::Owned(self.work.title()),
        }
    }
}

/// As much of a title as anybody reads.
pub(crate) const TITLE_BYTES_MAX: usize = 16 << 10;

/// What a worker does for a task. Everything random in it was drawn from the seed when it was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Nothing at all: measures the pool itself.
    Nothing,
    /// Waits for this long (before `--speed`).
    Sleep { duration_ms: u64 },
    /// A simulated download.
    Download(Download),
    /// Real files, at least one.
    Copy(Box<CopyBatch>),
    /// A program with its arguments, or a line for the shell.
    Command(Box<CommandLine>),
    /// A function of the scenario, step by step.
    Steps(Box<FunctionCall>),
}

impl Work {
    /// What the work is called when nobody named it.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Nothing => "nothing".to_owned(),
            Self::Sleep { duration_ms } => format!("sleep {:.1} s", ms_to_s(*duration_ms)),
            Self::Download(download) => format!("download of {} bytes", download.bytes),
            Self::Copy(batch) => batch.title(),
            Self::Command(command) => command.title(),
            // Whoever submits one names it.
            Self::Steps(call) => format!("function {}", call.function.0),
        }
    }

    /// Whether it takes so little time that it is not worth a thread, a message of its own, or a mention.
    #[must_use]
    pub fn is_instant(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// How many bytes the work is about, where it is about bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Download(download) => download.bytes,
            Self::Copy(batch) => batch.bytes(),
            Self::Nothing | Self::Sleep { .. } | Self::Command(_) | Self::Steps(_) => 0,
        }
    }

    /// How many files the work is about, where it is about files.
    #[must_use]
    pub fn files(&self) -> u32 {
        match self {
            Self::Copy(batch) => batch.files(),
            _ => 0,
        }
    }
}

/// A download that is played, not made: bytes arrive unevenly over the given time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Download {
    /// How much arrives in the end.
    pub bytes: u64,
    /// How long it takes before `--speed`.
    pub duration_ms: u64,
    /// Decides how unevenly the bytes arrive and, with the attempt's number, whether this attempt fails or stalls.
    pub seed: u64,
    /// How many attempts of a thousand break off midway.
    pub fail_per_mille: u16,
    /// How many attempts of a thousand stop receiving for ever midway, so that only a timeout ends them.
    pub stall_per_mille: u16,
}

/// How an attempt at a task ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The work was done.
    Done,
    /// It was not, and why.
    Failed(Failure),
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The command ended by itself with a status other than 0.
    Exit { code: i32 },
    /// The command was ended by a signal that we did not send.
    Signal { signal: i32 },
    /// The work could not be done; a lowercase fragment that names the path or program.
    Error { text: Box<str> },
    /// It ran longer than `--timeout` allows.
    TimedOut { after_ms: u64 },
    /// Somebody asked for it to be stopped or killed.
    Stopped,
    /// The worker that held it is gone; says how, worker and PID included.
    WorkerLost { how: Box<str> },
    /// The run was cut off while a worker had it; nobody knows how far it came.
    InDoubt,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit { code } => write!(f, "exit {code}"),
            Self::Signal { signal } => write!(f, "killed by {}", signal_name(*signal)),
            Self::Error { text } => f.write_str(text),
            Self::TimedOut { after_ms } => write!(f, "timed out after {:.1} s", ms_to_s(*after_ms)),
            Self::Stopped => f.write_str("stopped"),
            Self::WorkerLost { how } => f.write_str(how),
            Self::InDoubt => f.write_str("cut off with the run; it may have been done"),
        }
    }
}

/// What an attempt got done, as counted by the one who did it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Payload bytes: copied or received.
    pub bytes: u64,
    /// Files that are now complete at their destination.
    pub files: u32,
}

/// Which of a command's two streams something was printed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One stream of an ended command, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Captured {
    /// Short enough to travel with the report.
    Inline(#[serde(with = "crate::text::bytes")] Vec<u8>),
    /// Kept in the run's spool folder under [`spool_name`]; `cut` bytes beyond the limit were dropped.
    Spooled { bytes: u64, cut: u64 },
}

impl Default for Captured {
    fn default() -> Self {
        Self::Inline(Vec::new())
    }
}

impl Captured {
    /// How many bytes there are to read.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::Spooled { bytes, .. } => *bytes,
        }
    }

    /// Whether nothing was printed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What an ended command printed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Its standard output.
    pub stdout: Captured,
    /// Its standard error.
    pub stderr: Captured,
}

impl Output {
    /// Whether nothing was printed on either stream.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stdout.is_empty() && self.stderr.is_empty()
    }
}

/// How the name of a spool folder ends that is kept with the record of its run. Any other goes with its run: whoever is left
/// last removes it.
pub const KEPT_SPOOL: &str = "output";

/// The name, inside the run's spool folder, of the file that holds one stream of one attempt. Worker and reader agree by it.
#[must_use]
pub fn spool_name(task: TaskId, attempt: u16, stream: Stream) -> String {
    let suffix = match stream {
        Stream::Stdout => "out",
        Stream::Stderr => "err",
    };
    format!("{}.{attempt}.{suffix}", task.0)
}

/// Bytes the system gave us that need not be UTF-8: an argument, an input line, a path.
///
/// In JSON a string; bytes that are not UTF-8 are told apart by an escape (see [`crate::text::bytes`]).
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawText(#[serde(with = "crate::text::bytes")] pub Vec<u8>);

impl RawText {
    /// For people: what is not UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn lossy(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// For the system.
    #[must_use]
    pub fn as_os(&self) -> &std::ffi::OsStr {
        std::os::unix::ffi::OsStrExt::from_bytes(&self.0)
    }
}

impl fmt::Debug for RawText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.lossy(), f)
    }
}

impl From<&str> for RawText {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl From<&std::ffi::OsStr> for RawText {
    fn from(text: &std::ffi::OsStr) -> Self {
        Self(std::os::unix::ffi::OsStrExt::as_bytes(text).to_vec())
    }
}

/// A batch of specs as it travels and is kept: shared, because the model and every subscriber hold the same ones.
pub type SharedSpec = Arc<TaskSpec>;

/// The signal's name as `kill -l` has it, with SIG; "signal 99" where it has none.
#[must_use]
pub fn signal_name(signal: i32) -> std::borrow::Cow<'static, str> {
    match nix::sys::signal::Signal::try_from(signal) {
        Ok(known) => std::borrow::Cow::Borrowed(known.as_str()),
        Err(_) => std::borrow::Cow::Owned(format!("signal {signal}")),
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown to people with one decimal")]
fn ms_to_s(ms: u64) -> f64 {
    ms as f64 / 1000.0
}
