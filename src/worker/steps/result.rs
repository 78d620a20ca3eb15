//! Values on their way out of a process, and tasks' results on their way in.
//! It does not know who sends or asks.

use crate::task::{Handle, Reply, Shape, VALUE_BYTES_MAX, Value};

/// The value, unless it is too large to travel.
pub(super) fn sendable(value: Value) -> Result<Value, Box<str>> {
    let value = value.bounded()?;
    let bytes = value.bytes();
    if bytes > VALUE_BYTES_MAX as u64 {
        return Err(format!("a value of about {bytes} bytes is too large to send: at most {VALUE_BYTES_MAX}").into());
    }
    Ok(value)
}

/// What came of a call: a value, or why it cannot be had.
pub(super) type Had = Result<Value, Box<str>>;

/// An answer as steps see it.
pub(super) fn had(reply: Reply) -> Had {
    match reply {
        Reply::Done => Ok(Value::None),
        Reply::Value(value) => Ok(value),
        Reply::Results(_) => Err("the answer belongs to another question".into()),
        Reply::Empty => Err("empty".into()),
        Reply::Full => Err("full".into()),
        Reply::EndOfFile => Err("end of file".into()),
        Reply::Broken => Err("broken pipe".into()),
        Reply::TimedOut => Err("timed out".into()),
        Reply::Refused(why) => Err(why),
    }
}

/// What a handle stands for, from its tasks' results: the first that has none decides.
pub(super) fn put_together(handle: Handle, reply: Reply) -> Had {
    let results = match reply {
        Reply::Results(results) => results,
        Reply::Done | Reply::Value(_) => return Err("the answer belongs to another question".into()),
        other => return had(other),
    };
    let values: Vec<Value> = results.into_iter().collect::<Result<_, _>>()?;
    match handle.shape {
        Shape::One => Ok(values.into_iter().next().unwrap_or_default()),
        Shape::Chunks => {
            let mut whole = Vec::new();
            for chunk in values {
                match chunk {
                    Value::List(items) => whole.extend(items),
                    other => whole.push(other),
                }
            }
            Value::List(whole).bounded()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::TaskId;

    fn ints(ints: &[i64]) -> Value {
        Value::List(ints.iter().copied().map(Value::Int).collect())
    }

    #[test]
    fn chunks_become_one_list_and_the_first_failure_decides() {
        let handle = Handle { first: TaskId(0), count: 2, shape: Shape::Chunks };
        let good = Reply::Results(vec![Ok(ints(&[1, 2])), Ok(ints(&[3]))]);
        assert_eq!(put_together(handle, good), Ok(ints(&[1, 2, 3])));
        let bad = Reply::Results(vec![Ok(ints(&[1])), Err("first".into()), Err("second".into())]);
        assert_eq!(put_together(handle, bad), Err("first".into()));
        assert_eq!(put_together(handle, Reply::TimedOut), Err("timed out".into()));
    }

    #[test]
    fn what_is_too_large_does_not_travel() {
        assert!(sendable(Value::Text("x".repeat(VALUE_BYTES_MAX).into())).is_ok());
        assert!(sendable(Value::Text("x".repeat(VALUE_BYTES_MAX + 1).into())).is_err());
        assert!(sendable(Value::List(vec![Value::Text("".into()); VALUE_BYTES_MAX])).is_err());
    }
}
