//! Expressions and templates: from text to [`Expr`], or what is wrong and exactly where. PURE.
//! It does not know TOML, nor which names there are: a [`Scope`] says so.

mod parser;
mod token;

use std::ops::Range;

use crate::task::{Expr, Known, Value};
use parser::{Parser, Tall};

/// What a process knows without asking, by its name.
pub(super) const KNOWN: &[(&str, Known)] = &[
    ("pid", Known::Pid),
    ("ppid", Known::ParentPid),
    ("process", Known::Process),
    ("thread", Known::Thread),
    ("host", Known::Host),
    ("cpus", Known::Cpus),
    ("worker", Known::Worker),
    ("elapsed", Known::Elapsed),
    ("pool_size", Known::PoolSize),
];

/// Words that mean something by themselves; nothing else can be called so.
pub(super) const WORDS: &[&str] = &["None", "True", "False", "and", "or", "not"];

/// What can be called in an expression.
pub(super) const FUNCTIONS: &[&str] = &["len", "sum", "range", "min", "max", "abs", "round", "str", "lost", "files"];

/// Which names there are.
pub(super) trait Scope {
    /// What that name stands for: a variable of the function, then one of the process, then what the process knows.
    fn name(&self, name: &str) -> Option<Expr>;
    /// The process's variable of that name.
    fn shared(&self, name: &str) -> Option<u16>;
    /// The tree of that name.
    fn tree(&self, name: &str) -> Option<u16>;
}

/// What is wrong with an expression, and at which bytes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: Range<usize>,
    pub(super) why: Why,
}

/// See [`Fault`]. Names are not yet compared with those there are: that costs, and is for what will be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// What, and what would be right.
    Said(String, Option<&'static str>),
    /// Nobody knows that name.
    NoVariable(String),
    /// Nothing of that name can be called.
    NoFunction(String),
    /// No variable of the process is called so.
    NoShared(String),
    /// No tree is called so.
    NoTree(String),
}

impl Fault {
    fn new(at: Range<usize>, what: impl Into<String>) -> Self {
        Self { at, why: Why::Said(what.into(), None) }
    }

    fn with_help(at: Range<usize>, what: impl Into<String>, help: &'static str) -> Self {
        Self { at, why: Why::Said(what.into(), Some(help)) }
    }
}

/// Reads a whole text as an expression.
pub(super) fn expression(text: &str, scope: &dyn Scope) -> Result<Expr, Fault> {
    let mut parser = Parser::new(text, 0, scope);
    let read = parser.whole()?;
    parser.end()?;
    Ok(read.expr)
}

/// Reads a text with expressions in braces. What has none is a literal.
pub(super) fn template(text: &str, scope: &dyn Scope) -> Result<Expr, Fault> {
    let mut pieces: Vec<Tall> = Vec::new();
    let mut plain = String::new();
    let mut at = 0;
    while let Some(brace) = text[at..].find(['{', '}']).map(|found| at + found) {
        plain.push_str(&text[at..brace]);
        let rest = &text[brace..];
        // Doubled braces stand for themselves.
        if rest.starts_with("{{") || rest.starts_with("}}") {
            plain.push_str(&rest[..1]);
            at = brace + 2;
            continue;
        }
        if rest.starts_with('}') {
            return Err(Fault::with_help(
                brace..brace + 1,
                "this brace closes nothing",
                "a brace itself is written }}",
            ));
        }
        if !plain.is_empty() {
            pieces.push(Tall::leaf(Expr::Literal(Value::Text(std::mem::take(&mut plain).into()))));
        }
        let mut parser = Parser::new(text, brace + 1, scope);
        pieces.push(parser.whole()?);
        at = parser.closing_brace(brace)?;
    }
    plain.push_str(&text[at..]);
    if pieces.is_empty() {
        return Ok(Expr::Literal(Value::Text(plain.into())));
    }
    if !plain.is_empty() {
        pieces.push(Tall::leaf(Expr::Literal(Value::Text(plain.into()))));
    }
    parser::text(pieces, 0..text.len())
}

/// What a process knows under that name.
pub(super) fn known(name: &str) -> Option<Expr> {
    KNOWN.iter().find(|(known, _)| *known == name).map(|&(_, known)| Expr::Known(known))
}

/// Whether something of that name can be set and asked for.
pub(super) fn is_name(text: &str) -> bool {
    token::name_length(text) == text.len() && !text.is_empty() && !WORDS.contains(&text)
}

#[cfg(test)]
mod tests;
