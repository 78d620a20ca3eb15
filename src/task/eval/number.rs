//! Arithmetic and order. Whole numbers stay whole but for `/`; what leaves their range is an error. PURE.
//! It does not know expressions.

use std::cmp::Ordering;

use crate::task::{Binary, Value};

/// A number of either kind. As in Python, `True` counts as 1 and `False` as 0.
#[derive(Clone, Copy)]
pub(super) enum Number {
    Whole(i64),
    Fraction(f64),
}

use Number::{Fraction, Whole};

/// The value as a number, if it is one.
pub(super) fn of(value: &Value) -> Option<Number> {
    match value {
        Value::Bool(bool) => Some(Whole(i64::from(*bool))),
        Value::Int(int) => Some(Whole(*int)),
        Value::Float(float) => Some(Fraction(*float)),
        _ => None,
    }
}

/// The value as a whole number, if it is one.
pub(super) fn whole(value: &Value) -> Option<i64> {
    match of(value) {
        Some(Whole(int)) => Some(int),
        _ => None,
    }
}

/// How people write the operation.
pub(super) fn sign(binary: Binary) -> &'static str {
    match binary {
        Binary::Add => "+",
        Binary::Subtract => "-",
        Binary::Multiply => "*",
        Binary::Divide => "/",
        Binary::FloorDivide => "//",
        Binary::Remainder => "%",
        Binary::Equal => "==",
        Binary::NotEqual => "!=",
        Binary::Less => "<",
        Binary::LessOrEqual => "<=",
        Binary::Greater => ">",
        Binary::GreaterOrEqual => ">=",
        Binary::And => "and",
        Binary::Or => "or",
    }
}

#[expect(clippy::cast_precision_loss, reason = "as Python's float() of a large int")]
fn fraction(number: Number) -> f64 {
    match number {
        Whole(int) => int as f64,
        Fraction(float) => float,
    }
}

/// A value always is finite.
pub(super) fn finite(float: f64) -> Result<Value, Box<str>> {
    if float.is_finite() { Ok(Value::Float(float)) } else { Err("the result is too large for a number".into()) }
}

fn in_range(int: Option<i64>, binary: Binary) -> Result<Value, Box<str>> {
    int.map(Value::Int).ok_or_else(|| format!("the result of {} is too large for a whole number", sign(binary)).into())
}

/// `-a`
pub(super) fn negative(number: Number) -> Result<Value, Box<str>> {
    match number {
        Whole(int) => in_range(int.checked_neg(), Binary::Subtract),
        Fraction(float) => finite(-float),
    }
}

/// Of two numbers.
pub(super) fn of_two(binary: Binary, left: Number, right: Number) -> Result<Value, Box<str>> {
    let is_division = matches!(binary, Binary::Divide | Binary::FloorDivide | Binary::Remainder);
    if is_division && is_zero(right) {
        return Err("division by zero".into());
    }
    match (binary, left, right) {
        (Binary::Divide, Whole(left), Whole(right)) => Ok(Value::Float(quotient(left, right))),
        (Binary::Divide, ..) => finite(fraction(left) / fraction(right)),
        (_, Whole(left), Whole(right)) => in_range(
            match binary {
                Binary::Add => left.checked_add(right),
                Binary::Subtract => left.checked_sub(right),
                Binary::Multiply => left.checked_mul(right),
                Binary::FloorDivide => floor_divide(left, right),
                _ => Some(floor_rest(left, right)),
            },
            binary,
        ),
        _ => {
            let (left, right) = (fraction(left), fraction(right));
            finite(match binary {
                Binary::Add => left + right,
                Binary::Subtract => left - right,
                Binary::Multiply => left * right,
                Binary::FloorDivide => floor_and_rest(left, right).0,
                _ => floor_and_rest(left, right).1,
            })
        }
    }
}

fn is_zero(number: Number) -> bool {
    match number {
        Whole(int) => int == 0,
        Fraction(float) => float == 0.0,
    }
}

/// Rounded once, also where the numbers have more digits than a fraction can hold.
#[expect(clippy::cast_precision_loss, reason = "that is the one rounding")]
fn quotient(left: i64, right: i64) -> f64 {
    let (over, under) = (u128::from(left.unsigned_abs()), u128::from(right.unsigned_abs()));
    // So far that the whole quotient has two digits more than a fraction, the last of which stands for all behind it.
    let shift = 56 + over.leading_zeros().saturating_sub(under.leading_zeros());
    let (whole, rest) = ((over << shift) / under, (over << shift) % under);
    let size = (whole | u128::from(rest != 0)) as f64 * 0.5_f64.powi(shift.cast_signed());
    if (left < 0) == (right < 0) { size } else { -size }
}

/// Rounded down; `None` where that leaves the range, which only -2^63 // -1 does.
fn floor_divide(left: i64, right: i64) -> Option<i64> {
    let times = left.checked_div(right)?;
    let goes_up = left % right != 0 && (left < 0) != (right < 0);
    Some(if goes_up { times - 1 } else { times })
}

/// Of the sign of the right side. In range also where the quotient is not.
fn floor_rest(left: i64, right: i64) -> i64 {
    let rest = left.checked_rem(right).unwrap_or(0);
    if rest != 0 && (rest < 0) != (right < 0) { rest + right } else { rest }
}

/// `//` and `%` as Python's float_divmod computes them: the rest has the sign of the right side.
fn floor_and_rest(left: f64, right: f64) -> (f64, f64) {
    let mut rest = left % right;
    let mut times = (left - rest) / right;
    if rest == 0.0 {
        rest = 0.0_f64.copysign(right);
    } else if (right < 0.0) != (rest < 0.0) {
        rest += right;
        times -= 1.0;
    }
    let floor = times.floor();
    let floor = if times - floor > 0.5 { floor + 1.0 } else { floor };
    (if floor == 0.0 { 0.0_f64.copysign(left / right) } else { floor }, rest)
}

/// `==`: values of different kinds are different, but for numbers.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        _ => match (of(left), of(right)) {
            (Some(left), Some(right)) => order_of_numbers(left, right).is_eq(),
            _ => left == right,
        },
    }
}

/// `<` and its like: numbers, texts, and lists of such.
pub(super) fn order(left: &Value, right: &Value) -> Result<Ordering, Box<str>> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Ok(left.cmp(right)),
        (Value::List(left), Value::List(right)) => {
            let first_difference = left.iter().zip(right).find(|(left, right)| !equal(left, right));
            first_difference.map_or(Ok(left.len().cmp(&right.len())), |(left, right)| order(left, right))
        }
        _ => match (of(left), of(right)) {
            (Some(left), Some(right)) => Ok(order_of_numbers(left, right)),
            _ => Err(format!("cannot say whether {} or {} is less", left.kind(), right.kind()).into()),
        },
    }
}

/// Exact also where a whole number has more digits than a fraction can hold.
fn order_of_numbers(left: Number, right: Number) -> Ordering {
    match (left, right) {
        (Whole(left), Whole(right)) => left.cmp(&right),
        (Fraction(left), Fraction(right)) => left.partial_cmp(&right).unwrap_or(Ordering::Equal),
        (Whole(int), Fraction(float)) => order_of_mixed(int, float),
        (Fraction(float), Whole(int)) => order_of_mixed(int, float).reverse(),
    }
}

fn order_of_mixed(int: i64, float: f64) -> Ordering {
    /// 2^63: the first that is no i64.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if float >= BEYOND {
        return Ordering::Less;
    }
    if float < -BEYOND {
        return Ordering::Greater;
    }
    #[expect(clippy::cast_possible_truncation, reason = "within the range, and without a fraction")]
    let floor = float.floor() as i64;
    int.cmp(&floor).then(if float > float.floor() { Ordering::Less } else { Ordering::Equal })
}
