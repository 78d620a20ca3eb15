//! Vocabulary: the values that steps compute, send and return. Written as Python writes them.
//! It does not know who computes with them.

mod written;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error as _, SeqAccess, VariantAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::TaskId;

/// How deep lists may lie in lists; what comes over a wire is checked against it.
pub const VALUE_DEPTH_MAX: usize = 16;

/// The longest a value may be as it travels.
pub const VALUE_BYTES_MAX: usize = 64 << 10;

/// Something that can be put, sent, returned or printed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
            Self::Text(text) => (text.len() as u64).max(1),
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

/// How many values of a list are made room for before they are there.
const TRUSTED_LENGTH_MAX: usize = 4096;

/// What comes over a wire is read by a parent that must not be at a worker's mercy: a reader that went into each list of a
/// list would run out of stack. This one stops at [`VALUE_DEPTH_MAX`], and takes no number that is not finite.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        AtDepth(0).deserialize(deserializer)
    }
}

/// The variants, by the names and numbers they are written under.
#[derive(Deserialize)]
#[serde(variant_identifier, rename_all = "snake_case")]
enum Tag {
    None,
    Bool,
    Int,
    Float,
    Text,
    List,
    Handle,
}

/// Reads a value that lies in so many lists.
#[derive(Clone, Copy)]
struct AtDepth(usize);

impl<'de> DeserializeSeed<'de> for AtDepth {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        const NAMES: &[&str] = &["none", "bool", "int", "float", "text", "list", "handle"];
        deserializer.deserialize_enum("Value", NAMES, self)
    }
}

impl<'de> Visitor<'de> for AtDepth {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Value, A::Error> {
        let (tag, content) = data.variant::<Tag>()?;
        Ok(match tag {
            Tag::None => {
                content.unit_variant()?;
                Value::None
            }
            Tag::Bool => Value::Bool(content.newtype_variant()?),
            Tag::Int => Value::Int(content.newtype_variant()?),
            Tag::Float => {
                let float: f64 = content.newtype_variant()?;
                if !float.is_finite() {
                    return Err(A::Error::custom("a number is not finite"));
                }
                Value::Float(float)
            }
            Tag::Text => Value::Text(content.newtype_variant()?),
            Tag::List if self.0 == VALUE_DEPTH_MAX => {
                return Err(A::Error::custom(format_args!("lists lie deeper than {VALUE_DEPTH_MAX} in lists")));
            }
            Tag::List => Value::List(content.newtype_variant_seed(Items(Self(self.0 + 1)))?),
            Tag::Handle => Value::Handle(content.newtype_variant()?),
        })
    }
}

/// Reads the values of a list.
struct Items(AtDepth);

impl<'de> DeserializeSeed<'de> for Items {
    type Value = Vec<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Value>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items {
    type Value = Vec<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<Value>, A::Error> {
        let mut values = Vec::with_capacity(items.size_hint().unwrap_or(0).min(TRUSTED_LENGTH_MAX));
        while let Some(value) = items.next_element_seed(self.0)? {
            values.push(value);
        }
        Ok(values)
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

    fn samples() -> Vec<Value> {
        let handle = Handle { first: TaskId(3), count: 2, shape: Shape::Chunks };
        let inner = Value::List(vec![Value::Text("你".into()), Value::Float(-0.5), Value::None]);
        let list = Value::List(vec![inner, Value::Bool(true), Value::Int(i64::MIN), Value::Handle(handle)]);
        vec![Value::None, Value::Text("".into()), Value::List(Vec::new()), list]
    }

    #[test]
    fn values_travel_and_come_back() {
        for value in samples() {
            let bytes = postcard::to_stdvec(&value).unwrap();
            assert_eq!(postcard::from_bytes::<Value>(&bytes).unwrap(), value);
            let json = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value, "{json}");
        }
    }

    fn nested(depth: usize) -> Value {
        (0..depth).fold(Value::None, |inner, _| Value::List(vec![inner]))
    }

    #[test]
    fn lists_that_lie_too_deep_are_refused_before_they_cost_the_stack() {
        for (depth, taken) in [(VALUE_DEPTH_MAX, true), (VALUE_DEPTH_MAX + 1, false)] {
            let bytes = postcard::to_stdvec(&nested(depth)).unwrap();
            assert_eq!(postcard::from_bytes::<Value>(&bytes).is_ok(), taken, "{depth}");
            let json = serde_json::to_string(&nested(depth)).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&json).is_ok(), taken, "{depth}");
        }
        // Variant 5 is a list; each has one value.
        let hostile = [5, 1].repeat(500_000);
        assert!(postcard::from_bytes::<Value>(&hostile).is_err());
        let json = format!("{}\"none\"{}", "{\"list\":[".repeat(500_000), "]}".repeat(500_000));
        assert!(serde_json::from_str::<Value>(&json).is_err());
    }

    #[test]
    fn a_number_that_is_not_finite_is_refused() {
        for float in [f64::NAN, f64::INFINITY] {
            let bytes = postcard::to_stdvec(&Value::Float(float)).unwrap();
            assert!(postcard::from_bytes::<Value>(&bytes).is_err());
        }
    }

    #[test]
    fn a_hostile_length_makes_no_room() {
        // A list that claims 2^32 - 1 values and has none.
        assert!(postcard::from_bytes::<Value>(&[5, 0xff, 0xff, 0xff, 0xff, 0x0f]).is_err());
    }
}
