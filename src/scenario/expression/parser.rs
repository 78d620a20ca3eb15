//! Words to expressions, by binding power. PURE.
//! It does not know where the text stands.

use std::ops::Range;

use super::token::{Token, next};
use super::{Fault, Scope, Why};
use crate::task::{Binary, Builtin, EXPR_DEPTH_MAX, Expr, Known, Unary, Value};

/// How strongly `not` and `-` hold what follows them; the operators' own powers are in [`operator`].
const NOT: u8 = 3;
const MINUS: u8 = 7;

/// The power of the comparisons, which cannot follow each other.
const COMPARISON: u8 = 4;

/// An expression and how deep it is.
pub(super) struct Tall {
    pub(super) expr: Expr,
    height: usize,
}

impl Tall {
    pub(super) fn leaf(expr: Expr) -> Self {
        Self { expr, height: 1 }
    }

    fn over(height: usize, at: Range<usize>, expr: impl FnOnce() -> Expr) -> Result<Self, Fault> {
        if height >= EXPR_DEPTH_MAX { Err(too_deep(at)) } else { Ok(Self { expr: expr(), height: height + 1 }) }
    }
}

fn too_deep(at: Range<usize>) -> Fault {
    let what = format!("this expression is deeper than {EXPR_DEPTH_MAX} levels");
    Fault::with_help(at, what, "set a variable to a part of it first")
}

/// The pieces of a template as one.
pub(super) fn text(pieces: Vec<Tall>, at: Range<usize>) -> Result<Expr, Fault> {
    let height = pieces.iter().map(|piece| piece.height).max().unwrap_or(0);
    let text = Tall::over(height, at, || Expr::Text(pieces.into_iter().map(|piece| piece.expr).collect()))?;
    Ok(text.expr)
}

pub(super) struct Parser<'t, 's> {
    text: &'t str,
    /// Where the next word is looked for.
    at: usize,
    scope: &'s dyn Scope,
    depth: usize,
}

impl<'t, 's> Parser<'t, 's> {
    pub(super) fn new(text: &'t str, at: usize, scope: &'s dyn Scope) -> Self {
        Self { text, at, scope, depth: 0 }
    }

    /// One expression, as long as it goes.
    pub(super) fn whole(&mut self) -> Result<Tall, Fault> {
        self.expr(0)
    }

    /// Nothing may follow.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        match self.peek()? {
            (Token::End, _) => Ok(()),
            (token, at) => Err(unexpected(&token, at)),
        }
    }

    /// The brace that closes a place of a template; says where the text goes on.
    pub(super) fn closing_brace(&mut self, opened: usize) -> Result<usize, Fault> {
        match self.peek()? {
            (Token::Sign("}"), at) => Ok(at.end),
            (Token::End, _) => {
                Err(Fault::with_help(opened..opened + 1, "this brace is never closed", "a brace itself is written {{"))
            }
            (Token::Sign(":"), at) => {
                let help = "round(number, digits) gives a number so many digits behind the point";
                Err(Fault::with_help(at, "there are no formats in a template", help))
            }
            (token, at) => Err(unexpected(&token, at)),
        }
    }

    fn peek(&self) -> Result<(Token<'t>, Range<usize>), Fault> {
        next(self.text, self.at)
    }

    fn take(&mut self) -> Result<(Token<'t>, Range<usize>), Fault> {
        let taken = self.peek()?;
        self.at = taken.1.end;
        Ok(taken)
    }

    /// Takes that sign if it comes next.
    fn took(&mut self, sign: &str) -> Result<bool, Fault> {
        let found = matches!(self.peek()?.0, Token::Sign(found) if found == sign);
        if found {
            self.take()?;
        }
        Ok(found)
    }

    /// An expression whose operators hold at least that strongly.
    fn expr(&mut self, power_min: u8) -> Result<Tall, Fault> {
        let start = self.peek()?.1;
        if self.depth == EXPR_DEPTH_MAX {
            return Err(too_deep(start));
        }
        let mut left = self.first(start.start)?;
        loop {
            let (token, at) = self.peek()?;
            let Some((binary, power)) = operator(&token) else { break };
            if power < power_min {
                break;
            }
            self.take()?;
            let right = self.expr(power + 1)?;
            if power == COMPARISON
                && let (token, at) = self.peek()?
                && operator(&token).is_some_and(|(_, power)| power == COMPARISON)
            {
                return Err(Fault::with_help(at, "comparisons cannot be chained", "write a < b and b < c"));
            }
            let height = left.height.max(right.height);
            left = Tall::over(height, at, || Expr::Binary(binary, Box::new(left.expr), Box::new(right.expr)))?;
        }
        Ok(left)
    }

    /// What an expression begins with, and the places taken of it.
    fn first(&mut self, start: usize) -> Result<Tall, Fault> {
        let mut of = self.single()?;
        while self.took("[")? {
            let place = self.inner(0)?;
            self.close("]")?;
            let height = of.height.max(place.height);
            let at = start..self.at;
            of = Tall::over(height, at, || Expr::Index(Box::new(of.expr), Box::new(place.expr)))?;
        }
        Ok(of)
    }

    fn single(&mut self) -> Result<Tall, Fault> {
        let (token, at) = self.take()?;
        match token {
            Token::Int(digits) => int(digits, "", at),
            Token::Float(digits) => float(digits, at),
            Token::Text(text) => Ok(Tall::leaf(Expr::Literal(Value::Text(text.into())))),
            Token::Sign("-") => {
                // The smallest number has no positive counterpart.
                if let (Token::Int(digits), number) = self.peek()? {
                    self.take()?;
                    return int(digits, "-", at.start..number.end);
                }
                self.unary(Unary::Negative, MINUS, at)
            }
            Token::Name("not") => self.unary(Unary::Not, NOT, at),
            Token::Sign("(") => {
                let inner = self.inner(0)?;
                self.close(")")?;
                Ok(inner)
            }
            Token::Sign("[") => {
                let (values, height) = self.list("]")?;
                Tall::over(height, at.start..self.at, || Expr::List(values))
            }
            Token::Name(name) => self.name(name, at),
            Token::End => Err(Fault::new(at, "an expression is missing here")),
            token @ Token::Sign(_) => Err(unexpected(&token, at)),
        }
    }

    fn unary(&mut self, unary: Unary, power: u8, at: Range<usize>) -> Result<Tall, Fault> {
        let of = self.inner(power)?;
        Tall::over(of.height, at, || Expr::Unary(unary, Box::new(of.expr)))
    }

    /// An expression within another.
    fn inner(&mut self, power_min: u8) -> Result<Tall, Fault> {
        self.depth += 1;
        let inner = self.expr(power_min);
        self.depth -= 1;
        inner
    }

    fn close(&mut self, sign: &'static str) -> Result<(), Fault> {
        if self.took(sign)? {
            return Ok(());
        }
        let (token, at) = self.peek()?;
        Err(match token {
            Token::End => Fault::new(at, format!("a `{sign}` is missing here")),
            token => unexpected(&token, at),
        })
    }

    /// Values up to the closing sign, which is taken, too; and how deep they are.
    fn list(&mut self, sign: &'static str) -> Result<(Vec<Expr>, usize), Fault> {
        let (mut values, mut height) = (Vec::new(), 0);
        while !self.took(sign)? {
            let value = self.inner(0)?;
            height = height.max(value.height);
            values.push(value.expr);
            if !self.took(",")? {
                self.close(sign)?;
                break;
            }
        }
        Ok((values, height))
    }

    fn name(&mut self, name: &str, at: Range<usize>) -> Result<Tall, Fault> {
        if matches!(self.peek()?.0, Token::Sign("(")) {
            self.take()?;
            return self.call(name, at);
        }
        let expr = match name {
            "None" => Expr::Literal(Value::None),
            "True" => Expr::Literal(Value::Bool(true)),
            "False" => Expr::Literal(Value::Bool(false)),
            "and" | "or" => return Err(unexpected(&Token::Name(name), at)),
            _ => match self.scope.name(name) {
                Some(expr) => expr,
                // What follows tells better what is wrong than an unknown name: `f'...'`, `[x for x in ...]`.
                None => match self.peek() {
                    Ok((follows @ (Token::Text(_) | Token::Name("for")), at)) => return Err(unexpected(&follows, at)),
                    _ => return Err(Fault { at, why: Why::NoVariable(name.to_owned()) }),
                },
            },
        };
        Ok(Tall::leaf(expr))
    }

    fn call(&mut self, name: &str, at: Range<usize>) -> Result<Tall, Fault> {
        let known = match name {
            "lost" => Some((self.about("lost", "('balance')")?, Why::NoShared as fn(String) -> Why)),
            "files" => Some((self.about("files", "('photos')")?, Why::NoTree as fn(String) -> Why)),
            _ => None,
        };
        if let Some(((of, place), why)) = known {
            let found = if name == "lost" {
                self.scope.shared(&of).map(Known::LostUpdates)
            } else {
                self.scope.tree(&of).map(Known::Files)
            };
            return found.map(|known| Tall::leaf(Expr::Known(known))).ok_or_else(|| Fault { at: place, why: why(of) });
        }
        let (builtin, least, most) = match name {
            "len" => (Builtin::Len, 1, 1),
            "sum" => (Builtin::Sum, 1, 1),
            "range" => (Builtin::Range, 1, 2),
            "min" => (Builtin::Min, 1, usize::MAX),
            "max" => (Builtin::Max, 1, usize::MAX),
            "abs" => (Builtin::Abs, 1, 1),
            "round" => (Builtin::Round, 2, 2),
            "str" => (Builtin::Str, 1, 1),
            _ => return Err(Fault { at, why: Why::NoFunction(name.to_owned()) }),
        };
        let (args, height) = self.list(")")?;
        if !(least..=most).contains(&args.len()) {
            let wanted = match (least, most) {
                (1, 1) => "one value",
                (2, 2) => "a number and how many digits behind the point",
                (1, 2) => "an end, or a start and an end",
                _ => "at least one value",
            };
            return Err(Fault::new(at.start..self.at, format!("`{name}` takes {wanted}, not {} values", args.len())));
        }
        Tall::over(height, at, || Expr::Call(builtin, args))
    }

    /// The one name in quotes that `lost` and `files` take.
    fn about(&mut self, function: &str, example: &str) -> Result<(String, Range<usize>), Fault> {
        let (token, at) = self.take()?;
        let Token::Text(of) = token else {
            return Err(Fault::new(at, format!("`{function}` takes a name in quotes: {function}{example}")));
        };
        self.close(")")?;
        Ok((of, at))
    }
}

/// What the word does between two values, and how strongly it holds them.
fn operator(token: &Token<'_>) -> Option<(Binary, u8)> {
    Some(match token {
        Token::Name("or") => (Binary::Or, 1),
        Token::Name("and") => (Binary::And, 2),
        Token::Sign("==") => (Binary::Equal, COMPARISON),
        Token::Sign("!=") => (Binary::NotEqual, COMPARISON),
        Token::Sign("<") => (Binary::Less, COMPARISON),
        Token::Sign("<=") => (Binary::LessOrEqual, COMPARISON),
        Token::Sign(">") => (Binary::Greater, COMPARISON),
        Token::Sign(">=") => (Binary::GreaterOrEqual, COMPARISON),
        Token::Sign("+") => (Binary::Add, 5),
        Token::Sign("-") => (Binary::Subtract, 5),
        Token::Sign("*") => (Binary::Multiply, 6),
        Token::Sign("/") => (Binary::Divide, 6),
        Token::Sign("//") => (Binary::FloorDivide, 6),
        Token::Sign("%") => (Binary::Remainder, 6),
        _ => return None,
    })
}

fn int(digits: &str, sign: &str, at: Range<usize>) -> Result<Tall, Fault> {
    let number = format!("{sign}{}", digits.replace('_', "")).parse();
    let number = number.map_err(|_| Fault::new(at, "this number does not fit into 64 bits"))?;
    Ok(Tall::leaf(Expr::Literal(Value::Int(number))))
}

fn float(digits: &str, at: Range<usize>) -> Result<Tall, Fault> {
    let number = digits.replace('_', "").parse().ok().filter(|number: &f64| number.is_finite());
    let number = number.ok_or_else(|| Fault::new(at, "this number is too large"))?;
    Ok(Tall::leaf(Expr::Literal(Value::Float(number))))
}

/// What people who know Python may have meant by a sign that cannot stand there.
fn instead_of(sign: &str) -> Option<&'static str> {
    match sign {
        "}" => Some("an expression is missing before it; a brace itself is written }}"),
        "{" => Some("there are no dictionaries and sets; use a list, or a variable for each value"),
        "*" => Some("there is no **; write n * n"),
        _ => None,
    }
}

fn unexpected(token: &Token<'_>, at: Range<usize>) -> Fault {
    match token {
        Token::Sign("=") => Fault::with_help(at, "`=` compares nothing", "write == to compare"),
        Token::Sign(sign) => Fault { at, why: Why::Said(format!("`{sign}` cannot stand here"), instead_of(sign)) },
        Token::Name("is") => Fault::with_help(at, "`is` cannot stand here", "write == to compare, also with None"),
        Token::Name("for" | "if") => {
            let help = "there are no comprehensions: write a step for it, for instance map, for or when";
            Fault::with_help(at, "an expression has no for or if", help)
        }
        Token::Text(_) => {
            let help =
                "join texts with +, for instance 'n is ' + str(n); f'...' is for templates such as print = \"{n}\"";
            Fault::with_help(at, "a text cannot stand here", help)
        }
        Token::Name(name) => Fault::with_help(
            at,
            format!("`{}` cannot stand here", super::super::fields::short(name)),
            "an operator is missing before it, or quotes around a text: 'like this'",
        ),
        Token::Int(_) | Token::Float(_) => {
            Fault::with_help(at, "a value cannot stand here", "an operator is missing before it")
        }
        Token::End => Fault::new(at, "an expression is missing here"),
    }
}
