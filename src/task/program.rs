//! Vocabulary: what a scenario's functions do, step by step, with all names resolved to places.
//! It does not know the text it was written in (the scenario's grammar does), nor how a step is carried out (the worker does).

use serde::{Deserialize, Serialize};

use super::{End, Expr, ObjectId, ObjectSpec, RawText, Use, Value};

/// A function's number: its place in [`Program::functions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FunctionId(pub u16);

/// Everything the processes of a scenario can do. Every worker gets it whole, before its first task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// All functions; the parent's program is one of them.
    pub functions: Vec<Function>,
    /// Variables of each process: its threads share them, other processes have their own. With their first values.
    pub shared: Vec<(Box<str>, Value)>,
    /// Locks between the threads of one process.
    pub locks: Vec<Box<str>>,
    /// What processes talk through.
    pub objects: Vec<ObjectSpec>,
    /// Trees of files made for the run; filled in by whoever made them.
    pub trees: Vec<Tree>,
    /// What every pool worker does before its first task.
    pub initializer: Option<FunctionId>,
}

/// A tree of files made for the run, and where its copy goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tree {
    /// What the scenario calls it.
    pub name: Box<str>,
    /// The folder it is in; absolute. Empty before it was made.
    pub from: RawText,
    /// The folder copies go to; absolute. Empty before it was made.
    pub to: RawText,
}

/// One function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Function {
    /// What it is called.
    pub name: Box<str>,
    /// How many arguments it takes. They are its first locals.
    pub params: u16,
    /// The names of all its locals; each thread has its own, a new thread starts with a copy of its parent's.
    pub locals: Vec<Box<str>>,
    /// What it does.
    pub steps: Vec<Step>,
    /// What it, and all it calls and starts as threads, can do with objects. Not what it submits to others.
    pub uses: Vec<Use>,
}

/// Where a value goes or comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Variable {
    /// One of the function's own.
    Local(u16),
    /// One of the process's.
    Shared(u16),
}

/// One step. Times are scenario time in milliseconds: `--speed` shortens them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Waits; drawn anew each time from the task's own stream of random numbers.
    Sleep { low_ms: u64, high_ms: u64, grain: Grain },
    /// Says a line.
    Print { text: Expr },
    /// Tells the onlooker what to watch now.
    Note { text: Box<str> },
    /// Really works: so many additions.
    Compute { operations: Expr },
    /// Changes a variable.
    Set { variable: Variable, value: Expr },
    /// Ends the function with this result.
    Return { value: Expr },
    /// Ends the function with an error.
    Fail { text: Expr },
    /// Ends the whole process with this status.
    Exit { code: Expr },
    /// Ends the whole process by this signal.
    Kill { signal: i32 },
    /// So many times, counted from 0 in `counter`; for ever without a number.
    Repeat { times: Option<Expr>, counter: Option<u16>, steps: Vec<Step> },
    /// Once for each value of a list.
    For { each: u16, of: Expr, steps: Vec<Step> },
    /// One way or the other.
    When { condition: Expr, then: Vec<Step>, otherwise: Vec<Step> },
    /// Leaves the innermost `Repeat` or `For`.
    Break,
    /// Something of an object, the pool or a task. `into` takes what comes of it. When it cannot be had (empty, full, end of
    /// file, broken, out of time, refused, a failed task) `otherwise` is done with the reason as a text in `error`; without
    /// an `otherwise` the function fails with that reason.
    Ask { action: Action, into: Option<Variable>, error: Option<u16>, otherwise: Option<Vec<Step>> },
    /// Starts a thread of this process.
    Thread { name: Expr, steps: Vec<Step> },
    /// Waits for the threads of that name that this one started, or for all of them.
    JoinThreads { name: Option<Expr> },
    /// Done while holding a lock between threads. Not reentrant: taking it twice is an error.
    Locked { lock: u16, steps: Vec<Step> },
    /// A simulated download inside this task.
    Download {
        name: Expr,
        bytes: (u64, u64),
        time_ms: (u64, u64),
        grain: Grain,
        link: Option<ObjectId>,
        fail_per_mille: u16,
        stall_per_mille: u16,
    },
    /// Copies one file of a tree to the tree's copy.
    CopyFile { tree: u16, path: Expr },
    /// A command with its arguments; its output becomes lines that the task says. Fails unless its status is 0.
    Command { words: Vec<Expr> },
}

/// Whether a drawn time is any number of milliseconds or of whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    /// Any.
    Milliseconds,
    /// Whole ones.
    Seconds,
}

/// How long an action may wait, before `--speed`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    /// For ever.
    #[default]
    Forever,
    /// Not at all.
    None,
    /// So long.
    Ms(u64),
}

/// What can be asked; see [`super::Call`] for what comes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Into a queue.
    Put { queue: ObjectId, value: Expr, waiting: Waiting },
    /// Out of a queue.
    Get { queue: ObjectId, waiting: Waiting },
    /// Whether a queue is empty now.
    IsEmpty { queue: ObjectId },
    /// Into a pipe.
    Send { pipe: ObjectId, end: End, value: Expr },
    /// Out of a pipe.
    Recv { pipe: ObjectId, end: End, waiting: Waiting },
    /// This process's copy of an end.
    CloseEnd { pipe: ObjectId, end: End },
    /// A permit.
    Acquire { semaphore: ObjectId, waiting: Waiting },
    /// Gives it back.
    Release { semaphore: ObjectId },
    /// An event.
    SetEvent { event: ObjectId },
    /// An event.
    ClearEvent { event: ObjectId },
    /// An event.
    WaitEvent { event: ObjectId, waiting: Waiting },
    /// An event.
    IsSet { event: ObjectId },
    /// The parent's only: hands a call over to the pool and goes on; `into` gets a handle.
    ApplyAsync(Submission),
    /// The parent's only: the same, and waits for the result.
    Apply(Submission),
    /// The parent's only: one call for each value, in chunks; `into` gets a handle.
    MapAsync(Mapping),
    /// The parent's only: the same, and waits for the list of results.
    Map(Mapping),
    /// The parent's only: starts one process that does this call and ends; `into` gets a handle.
    Start(Submission),
    /// The result of what a handle stands for.
    Result { of: Expr, waiting: Waiting },
    /// The end of what a handle, or a list of handles, stands for.
    Join { of: Expr, waiting: Waiting },
    /// The parent's only.
    ClosePool,
    /// The parent's only.
    TerminatePool,
    /// The parent's only. Waits for callbacks, too.
    JoinPool,
}

/// One call of a function as a task of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    /// Which function.
    pub function: FunctionId,
    /// Its arguments.
    pub args: Vec<Expr>,
    /// What the task is called; the function's name if nothing is said.
    pub name: Option<Expr>,
    /// Done in the parent with the result, by a thread of its own.
    pub callback: Option<Callback>,
    /// Done in the parent with the reason of the failure.
    pub error_callback: Option<Callback>,
}

/// One call of a function for each value of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    /// Which function; it takes one argument.
    pub function: FunctionId,
    /// The values.
    pub over: Expr,
    /// How many values one task takes; ceil(values / (4 * workers)) if nothing is said.
    pub chunk: Option<Expr>,
    /// Done in the parent, once, with the whole list.
    pub callback: Option<Callback>,
    /// Done in the parent, once, with the first failure's reason.
    pub error_callback: Option<Callback>,
}

/// What the parent does when a result is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Callback {
    /// Which local takes the result, or the reason.
    pub value: u16,
    /// What is done.
    pub steps: Vec<Step>,
}

/// A task that is a call of a function of the scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunctionCall {
    /// Which function.
    pub function: FunctionId,
    /// Once with these arguments, or once for each of many.
    pub args: Arguments,
    /// Decides what its steps draw.
    pub seed: u64,
    /// What the function can do with objects; a copy of [`Function::uses`], for those who do not have the program.
    pub uses: Vec<Use>,
}

/// See [`FunctionCall`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arguments {
    /// One call; its result is the task's.
    Once(Vec<Value>),
    /// A chunk of a map: one call after the other, the task's result is the list of theirs. The first that fails ends the chunk.
    Each(Vec<Value>),
}
