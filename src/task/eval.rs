//! What an expression comes to, by Python's rules. PURE.
//! It does not know where names have their values; whoever evaluates says so.

mod builtin;
mod number;

use super::{Binary, Expr, Names, Unary, VALUE_DEPTH_MAX, Value};

/// How many values all lists of a value may have together.
const VALUES_MAX: usize = 1_000_000;

/// How long all texts of a value may be together.
const TEXT_BYTES_MAX: usize = 16 << 20;

impl Expr {
    /// What it comes to.
    ///
    /// # Errors
    /// A lowercase fragment that says what cannot be computed: "division by zero".
    pub fn eval(&self, names: &impl Names) -> Result<Value, Box<str>> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Variable(variable) => Ok(names.variable(*variable)),
            Self::Known(known) => Ok(names.known(*known)),
            Self::Text(pieces) => text(pieces, names),
            Self::List(items) => {
                let items: Result<Vec<Value>, _> = items.iter().map(|item| item.eval(names)).collect();
                bounded(Value::List(items?))
            }
            Self::Unary(unary, operand) => of_one(*unary, &operand.eval(names)?),
            Self::Binary(Binary::And, left, right) => {
                let left = left.eval(names)?;
                if left.is_true() { right.eval(names) } else { Ok(left) }
            }
            Self::Binary(Binary::Or, left, right) => {
                let left = left.eval(names)?;
                if left.is_true() { Ok(left) } else { right.eval(names) }
            }
            Self::Binary(binary, left, right) => of_two(*binary, left.eval(names)?, right.eval(names)?),
            Self::Call(builtin, args) => {
                let args: Result<Vec<Value>, _> = args.iter().map(|arg| arg.eval(names)).collect();
                builtin::call(*builtin, &args?).and_then(bounded)
            }
            Self::Index(list, place) => index(&list.eval(names)?, &place.eval(names)?),
        }
    }
}

impl Value {
    /// What people call this kind of value, with its article: "a text".
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a truth value",
            Self::Int(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Handle(_) => "a handle",
        }
    }

    /// The value, unless it is larger or deeper than any may be.
    ///
    /// # Errors
    /// A lowercase fragment that names the limit.
    pub fn bounded(self) -> Result<Self, Box<str>> {
        bounded(self)
    }
}

fn bounded(value: Value) -> Result<Value, Box<str>> {
    let mut size = Size::default();
    // Most values are neither.
    if matches!(value, Value::List(_) | Value::Text(_)) {
        size.add(&value, 0)?;
    }
    Ok(value)
}

#[derive(Default)]
struct Size {
    values: usize,
    bytes: usize,
}

impl Size {
    fn add(&mut self, value: &Value, depth: usize) -> Result<(), Box<str>> {
        match value {
            Value::List(items) => {
                if depth == VALUE_DEPTH_MAX {
                    return Err(format!("lists lie deeper than {VALUE_DEPTH_MAX} in lists").into());
                }
                self.values = self.values.saturating_add(items.len());
                if self.values > VALUES_MAX {
                    return Err(format!("a list would have more than {VALUES_MAX} values").into());
                }
                items.iter().try_for_each(|item| self.add(item, depth + 1))
            }
            Value::Text(text) => {
                self.bytes = self.bytes.saturating_add(text.len());
                if self.bytes > TEXT_BYTES_MAX { Err(too_long()) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }
}

fn too_long() -> Box<str> {
    format!("a text would be longer than {TEXT_BYTES_MAX} bytes").into()
}

fn text(pieces: &[Expr], names: &impl Names) -> Result<Value, Box<str>> {
    use std::fmt::Write as _;
    let mut text = String::new();
    for piece in pieces {
        // A string takes all.
        let _ = write!(text, "{}", piece.eval(names)?);
        if text.len() > TEXT_BYTES_MAX {
            return Err(too_long());
        }
    }
    Ok(Value::Text(text.into()))
}

fn of_one(unary: Unary, operand: &Value) -> Result<Value, Box<str>> {
    match unary {
        Unary::Not => Ok(Value::Bool(!operand.is_true())),
        Unary::Negative => match number::of(operand) {
            Some(number) => number::negative(number),
            None => Err(format!("cannot negate {}", operand.kind()).into()),
        },
    }
}

fn of_two(binary: Binary, left: Value, right: Value) -> Result<Value, Box<str>> {
    match binary {
        Binary::Equal => return Ok(Value::Bool(number::equal(&left, &right))),
        Binary::NotEqual => return Ok(Value::Bool(!number::equal(&left, &right))),
        Binary::Less | Binary::LessOrEqual | Binary::Greater | Binary::GreaterOrEqual => {
            let order = number::order(&left, &right)?;
            return Ok(Value::Bool(match binary {
                Binary::Less => order.is_lt(),
                Binary::LessOrEqual => order.is_le(),
                Binary::Greater => order.is_gt(),
                _ => order.is_ge(),
            }));
        }
        _ => {}
    }
    if let (Some(left), Some(right)) = (number::of(&left), number::of(&right)) {
        return number::of_two(binary, left, right);
    }
    match (binary, left, right) {
        (Binary::Add, Value::Text(left), Value::Text(right)) => {
            bounded(Value::Text([left.as_ref(), right.as_ref()].concat().into()))
        }
        (Binary::Add, Value::List(mut left), Value::List(right)) => {
            left.extend(right);
            bounded(Value::List(left))
        }
        (Binary::Multiply, many @ (Value::Text(_) | Value::List(_)), times)
        | (Binary::Multiply, times, many @ (Value::Text(_) | Value::List(_)))
            if number::whole(&times).is_some() =>
        {
            repeated(&many, number::whole(&times).unwrap_or_default())
        }
        (_, left, right) => {
            Err(format!("cannot compute {} {} {}", left.kind(), number::sign(binary), right.kind()).into())
        }
    }
}

/// `'-' * 20`, `[0] * 3`.
fn repeated(many: &Value, times: i64) -> Result<Value, Box<str>> {
    let times = usize::try_from(times).unwrap_or(0);
    match many {
        Value::Text(text) if text.len().saturating_mul(times) > TEXT_BYTES_MAX => Err(too_long()),
        Value::Text(text) => Ok(Value::Text(text.repeat(if text.is_empty() { 0 } else { times }).into())),
        Value::List(items) if items.len().saturating_mul(times) > VALUES_MAX => {
            Err(format!("a list would have more than {VALUES_MAX} values").into())
        }
        Value::List(items) if items.is_empty() => Ok(Value::List(Vec::new())),
        Value::List(items) => {
            // What is in the items counts too, before it is there many times.
            let mut size = Size::default();
            items.iter().try_for_each(|item| size.add(item, 1))?;
            if size.values.saturating_mul(times) > VALUES_MAX || size.bytes.saturating_mul(times) > TEXT_BYTES_MAX {
                return Err("a list would be too large".into());
            }
            bounded(Value::List(items.iter().cycle().take(items.len() * times).cloned().collect()))
        }
        _ => Ok(Value::None),
    }
}

fn index(list: &Value, place: &Value) -> Result<Value, Box<str>> {
    let Some(wanted) = number::whole(place) else {
        return Err(format!("a place in a list is a whole number, not {}", place.kind()).into());
    };
    let at = |len: usize| {
        let from_start =
            if wanted < 0 { i64::try_from(len).unwrap_or(i64::MAX).checked_add(wanted) } else { Some(wanted) };
        let at = from_start.and_then(|at| usize::try_from(at).ok()).filter(|&at| at < len);
        at.ok_or_else(|| Box::<str>::from(format!("index {wanted} is out of range: there are {len}")))
    };
    match list {
        Value::List(items) => Ok(items[at(items.len())?].clone()),
        Value::Text(text) => {
            let at = at(text.chars().count())?;
            let char = text.chars().nth(at).map(String::from).unwrap_or_default();
            Ok(Value::Text(char.into()))
        }
        other => Err(format!("{} has no places to look at", other.kind()).into()),
    }
}

#[cfg(test)]
mod tests;
