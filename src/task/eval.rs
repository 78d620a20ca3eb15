//! What an expression comes to.
//! It does not know where names have their values; [`Names`] says so.

use super::{Binary, Expr, Names, Unary, Value};

impl Expr {
    /// The value.
    ///
    /// # Errors
    /// A lowercase fragment that says what cannot be computed.
    pub fn eval(&self, names: &impl Names) -> Result<Value, Box<str>> {
        Ok(match self {
            Self::Literal(value) => value.clone(),
            Self::Variable(variable) => names.variable(*variable),
            Self::Known(known) => names.known(*known),
            Self::Text(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    text.push_str(&piece.eval(names)?.to_string());
                }
                Value::Text(text.into())
            }
            Self::List(values) => Value::List(values.iter().map(|value| value.eval(names)).collect::<Result<_, _>>()?),
            Self::Unary(Unary::Not, of) => Value::Bool(!of.eval(names)?.is_true()),
            Self::Unary(Unary::Negative, of) => match of.eval(names)? {
                Value::Int(int) => Value::Int(int.checked_neg().ok_or("the number is too large")?),
                Value::Float(float) => Value::Float(-float),
                other => return Err(format!("cannot negate {other}").into()),
            },
            Self::Binary(binary, left, right) => whole(*binary, &left.eval(names)?, &right.eval(names)?)?,
            Self::Call(..) | Self::Index(..) => return Err("this cannot be computed yet".into()),
        })
    }
}

fn whole(binary: Binary, left: &Value, right: &Value) -> Result<Value, Box<str>> {
    let (&Value::Int(a), &Value::Int(b)) = (left, right) else {
        return Err(format!("cannot compute with {left} and {right}").into());
    };
    let number = match binary {
        Binary::Add => a.checked_add(b),
        Binary::Subtract => a.checked_sub(b),
        Binary::Multiply => a.checked_mul(b),
        Binary::FloorDivide | Binary::Divide if b == 0 => return Err("division by zero".into()),
        Binary::FloorDivide => Some(a.div_euclid(b)),
        _ => return Err("this cannot be computed yet".into()),
    };
    number.map(Value::Int).ok_or_else(|| "the number is too large".into())
}
