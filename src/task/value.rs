//! Vocabulary: the values that steps compute, send and return. Written as Python writes them.
//! It does not know who computes with them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::TaskId;

/// How deep lists may lie in lists; what comes over a wire is checked against it.
pub const VALUE_DEPTH_MAX: usize = 16;

/// The longest a value may be as it travels.
pub const VALUE_BYTES_MAX: usize = 64 << 10;

/// Something that can be put, sent, returned or printed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Nothing; also the usual sentinel.
    #[default]
    None,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction; always finite.
    Float(f64),
    /// A text.
    Text(Box<str>),
    /// Several.
    List(Vec<Value>),
    /// What `apply_async`, `map_async` and `start` give: tasks whose end can be waited for.
    Handle(Handle),
}

/// Tasks submitted together, and how their results are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handle {
    /// The first of them; the others follow on.
    pub first: TaskId,
    /// How many.
    pub count: u32,
    /// What their result is.
    pub shape: Shape,
}

/// How the results of several tasks become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// There is one task; its result it is.
    One,
    /// Each task returns a list, a chunk of the whole.
    Chunks,
}

impl Handle {
    /// The tasks, in order.
    pub fn tasks(self) -> impl Iterator<Item = TaskId> {
        (self.first.0..self.first.0.saturating_add(self.count)).map(TaskId)
    }
}

impl Value {
    /// What the value weighs on a channel, in bytes: about what it takes to write it down.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::None | Self::Bool(_) => 1,
            Self::Int(_) | Self::Float(_) | Self::Handle(_) => 8,
            Self::Text(text) => text.len() as u64,
            Self::List(values) => values.iter().map(Self::bytes).sum::<u64>() + 1,
        }
    }

    /// What Python calls truth: not nothing, not zero, not empty.
    #[must_use]
    pub fn is_true(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(bool) => *bool,
            Self::Int(int) => *int != 0,
            Self::Float(float) => *float != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(values) => !values.is_empty(),
            Self::Handle(_) => true,
        }
    }
}

/// As `print` shows it: a text bare at the top, quoted in a list.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Bool(true) => f.write_str("True"),
            Self::Bool(false) => f.write_str("False"),
            Self::Int(int) => int.fmt(f),
            Self::Float(float) => write!(f, "{float:?}"),
            Self::Text(text) => f.write_str(text),
            Self::List(values) => {
                f.write_str("[")?;
                for (place, value) in values.iter().enumerate() {
                    if place > 0 {
                        f.write_str(", ")?;
                    }
                    match value {
                        Self::Text(text) => write!(f, "'{text}'")?,
                        other => other.fmt(f)?,
                    }
                }
                f.write_str("]")
            }
            Self::Handle(handle) if handle.count == 1 => write!(f, "<task {}>", handle.first),
            Self::Handle(handle) => write!(f, "<{} tasks from {}>", handle.count, handle.first),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_python_writes_them() {
        let list = Value::List(vec![Value::Int(11), Value::Text("a".into()), Value::None, Value::Float(1.0)]);
        assert_eq!(list.to_string(), "[11, 'a', None, 1.0]");
        assert_eq!(Value::Text("你好".into()).to_string(), "你好");
        assert_eq!(Value::Bool(true).to_string(), "True");
    }

    #[test]
    fn truth_is_pythons() {
        for value in [Value::None, Value::Int(0), Value::Float(0.0), Value::Text("".into()), Value::List(Vec::new())] {
            assert!(!value.is_true(), "{value:?}");
        }
        assert!(Value::Text("0".into()).is_true() && Value::Int(-1).is_true());
    }
}
