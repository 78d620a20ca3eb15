//! Vocabulary: expressions over values, with all names resolved. PURE.
//! It does not know where variables live; whoever evaluates says so.

use serde::{Deserialize, Serialize};

use super::{Value, Variable};

/// How deep expressions may lie in expressions.
pub const EXPR_DEPTH_MAX: usize = 32;

/// Something that has a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expr {
    /// Itself.
    Literal(Value),
    /// What a variable holds.
    Variable(Variable),
    /// Something the process knows.
    Known(Known),
    /// A text with values in it: `"{n} squared is {n * n}"`. The pieces' values, one after the other.
    Text(Vec<Expr>),
    /// A list.
    List(Vec<Expr>),
    /// Of one value.
    Unary(Unary, Box<Expr>),
    /// Of two.
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// Of several.
    Call(Builtin, Vec<Expr>),
    /// `list[place]`, from 0, from the end if negative.
    Index(Box<Expr>, Box<Expr>),
}

/// What a process knows without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// `pid`: its process id.
    Pid,
    /// `ppid`: the parent's.
    ParentPid,
    /// `process`: the name of the task.
    Process,
    /// `thread`: the name of the thread; `MainThread` for the first.
    Thread,
    /// `host`: the machine's name.
    Host,
    /// `cpus`: CPUs this process may use.
    Cpus,
    /// `worker`: the number of the worker's seat, from 1; 0 in the parent.
    Worker,
    /// `elapsed`: seconds since this task began, in scenario time.
    Elapsed,
    /// `lost(name)` for a shared variable: updates that another thread's write made undone in this process.
    LostUpdates(u16),
    /// `files(tree)`: the paths of a tree's files, sorted, relative.
    Files(u16),
    /// `pool_size`: the number of workers aimed at when the run began.
    PoolSize,
}

/// See [`Expr::Unary`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unary {
    /// `-a`
    Negative,
    /// `not a`
    Not,
}

/// See [`Expr::Binary`]. Whole numbers stay whole but for `/`; what leaves their range is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binary {
    /// `+`: numbers, texts, lists.
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`: always a fraction, as in Python.
    Divide,
    /// `//`: rounded down.
    FloorDivide,
    /// `%`: of the sign of the right side, as in Python.
    Remainder,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `and`: the left side if it is not true, else the right.
    And,
    /// `or`: the left side if it is true, else the right.
    Or,
}

/// See [`Expr::Call`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Builtin {
    /// `len(list or text)`
    Len,
    /// `sum(list of numbers)`
    Sum,
    /// `range(end)` or `range(start, end)`: at most a million values.
    Range,
    /// `min(a, b, ..)` or of one list.
    Min,
    /// `max(a, b, ..)` or of one list.
    Max,
    /// `abs(number)`
    Abs,
    /// `round(number, digits)`: as a text with exactly so many digits behind the point.
    Round,
    /// `str(value)`
    Str,
}

/// Where an expression's names have their values.
pub trait Names {
    /// What the variable holds.
    fn variable(&self, variable: Variable) -> Value;
    /// What the process knows.
    fn known(&self, known: Known) -> Value;
}
