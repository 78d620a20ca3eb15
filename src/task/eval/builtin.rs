//! The functions expressions may call. PURE.
//! It does not know names: its arguments are values.

use std::cmp::Ordering;

use super::{VALUES_MAX, number};
use crate::task::{Binary, Builtin, Value};

/// How many digits behind the point can be asked for.
const DIGITS_MAX: i64 = 30;

/// Calls it.
pub(super) fn call(builtin: Builtin, args: &[Value]) -> Result<Value, Box<str>> {
    match (builtin, args) {
        (Builtin::Len, [Value::List(items)]) => Ok(count(items.len())),
        (Builtin::Len, [Value::Text(text)]) => Ok(count(text.chars().count())),
        (Builtin::Len, [other]) => Err(format!("{} has no length", other.kind()).into()),
        (Builtin::Sum, [Value::List(items)]) => sum(items),
        (Builtin::Sum, [other]) => Err(format!("sum needs a list, not {}", other.kind()).into()),
        (Builtin::Range, [end]) => range(&Value::Int(0), end),
        (Builtin::Range, [start, end]) => range(start, end),
        (Builtin::Min, [Value::List(items)]) => extreme("min", items, Ordering::Less),
        (Builtin::Min, items @ [_, _, ..]) => extreme("min", items, Ordering::Less),
        (Builtin::Max, [Value::List(items)]) => extreme("max", items, Ordering::Greater),
        (Builtin::Max, items @ [_, _, ..]) => extreme("max", items, Ordering::Greater),
        (Builtin::Min | Builtin::Max, [other]) => Err(format!("{} is no list", other.kind()).into()),
        (Builtin::Abs, [value]) => abs(value),
        (Builtin::Round, [value]) => round(value, &Value::Int(0)),
        (Builtin::Round, [value, digits]) => round(value, digits),
        (Builtin::Str, [value]) => Ok(Value::Text(value.to_string().into())),
        (_, args) => Err(format!("a function cannot take {} arguments", args.len()).into()),
    }
}

fn count(count: usize) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

fn sum(items: &[Value]) -> Result<Value, Box<str>> {
    let mut sum = Value::Int(0);
    for item in items {
        let (Some(left), Some(right)) = (number::of(&sum), number::of(item)) else {
            return Err(format!("sum adds numbers, not {}", item.kind()).into());
        };
        sum = number::of_two(Binary::Add, left, right)?;
    }
    Ok(sum)
}

fn range(start: &Value, end: &Value) -> Result<Value, Box<str>> {
    let (Some(from), Some(to)) = (number::whole(start), number::whole(end)) else {
        return Err("range needs whole numbers".into());
    };
    let count = i128::from(to) - i128::from(from);
    if usize::try_from(count.max(0)).unwrap_or(usize::MAX) > VALUES_MAX {
        return Err(format!("a range of {count} values is longer than {VALUES_MAX}").into());
    }
    Ok(Value::List((from..to).map(Value::Int).collect()))
}

fn extreme(name: &str, items: &[Value], wanted: Ordering) -> Result<Value, Box<str>> {
    let Some((mut best, others)) = items.split_first() else { return Err(format!("{name} of an empty list").into()) };
    for other in others {
        if number::order(other, best)? == wanted {
            best = other;
        }
    }
    Ok(best.clone())
}

fn abs(value: &Value) -> Result<Value, Box<str>> {
    match number::of(value) {
        Some(number::Number::Whole(int)) => {
            int.checked_abs().map(Value::Int).ok_or_else(|| "the result is too large for a whole number".into())
        }
        Some(number::Number::Fraction(float)) => Ok(Value::Float(float.abs())),
        None => Err(format!("abs needs a number, not {}", value.kind()).into()),
    }
}

fn round(value: &Value, digits: &Value) -> Result<Value, Box<str>> {
    let digits = match number::whole(digits) {
        Some(digits @ 0..=DIGITS_MAX) => usize::try_from(digits).unwrap_or_default(),
        _ => return Err(format!("round takes 0 to {DIGITS_MAX} digits").into()),
    };
    let text = match number::of(value) {
        Some(number::Number::Whole(int)) if digits == 0 => int.to_string(),
        Some(number::Number::Whole(int)) => format!("{int}.{:0<digits$}", ""),
        Some(number::Number::Fraction(float)) => format!("{float:.digits$}"),
        None => return Err(format!("round needs a number, not {}", value.kind()).into()),
    };
    Ok(Value::Text(text.into()))
}
