//! Values of a scenario that are expressions or templates: where they stand, and what is wrong with them. PURE.
//! It does not know which names there are; whoever asks brings them.

use std::ops::Range;

use toml::de::DeValue;

use super::super::expression::{FUNCTIONS, Fault, Scope, Why, expression, template};
use super::super::fields::{Value, short, text, wrong_type};
use super::super::problem::Problems;
use super::super::suggest::nearest;
use super::Seen;
use crate::task::{EXPR_DEPTH_MAX, Expr, Known, Names, Value as Literal, Variable};

/// The names there are, to suggest one of.
pub(super) trait Words: Scope {
    /// Everything that can stand in an expression.
    fn all(&self) -> Vec<&str>;
    /// The shared variables.
    fn all_shared(&self) -> Vec<&str>;
    /// The trees.
    fn all_trees(&self) -> Vec<&str>;
    /// What to do about an unknown name that is like no other.
    fn advice(&self, name: &str) -> String;
}

/// A value: a text in quotes is an expression; numbers, booleans and lists of values stand for themselves.
pub(super) fn expr(
    value: &Value<'_>,
    key: &str,
    words: &dyn Words,
    seen: &Seen<'_>,
    problems: &mut Problems,
) -> Option<Expr> {
    let read = any(value, key, words, seen, problems)?;
    if height(&read) > EXPR_DEPTH_MAX {
        problems.add(value.span(), format!("`{key}` is deeper than {EXPR_DEPTH_MAX} levels"));
        return None;
    }
    Some(read)
}

fn any(value: &Value<'_>, key: &str, words: &dyn Words, seen: &Seen<'_>, problems: &mut Problems) -> Option<Expr> {
    let literal = match value.get_ref() {
        DeValue::String(text) => {
            let read = expression(text, words);
            return read.map_err(|fault| tell(&fault, value, text, words, seen, problems)).ok();
        }
        DeValue::Array(values) => {
            let mut list = Vec::new();
            for value in values {
                // Every element is looked at, so that all that is wrong is told.
                list.push(any(value, key, words, seen, problems));
            }
            return list.into_iter().collect::<Option<Vec<Expr>>>().map(Expr::List);
        }
        DeValue::Integer(integer) => {
            i64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()).ok().map(Literal::Int)
        }
        DeValue::Float(float) => {
            let number = float.as_str().replace('_', "").parse().ok();
            number.filter(|number: &f64| number.is_finite()).map(Literal::Float)
        }
        DeValue::Boolean(is) => Some(Literal::Bool(*is)),
        DeValue::Datetime(_) | DeValue::Table(_) => {
            wrong_type(value, key, "a value: a number, true, false, a list, or an expression in quotes", problems);
            return None;
        }
    };
    if literal.is_none() {
        problems.add(value.span(), format!("`{key}` is a number that does not fit into 64 bits"));
    }
    literal.map(Expr::Literal)
}

/// A text with expressions in braces.
pub(super) fn said(
    value: &Value<'_>,
    key: &str,
    words: &dyn Words,
    seen: &Seen<'_>,
    problems: &mut Problems,
) -> Option<Expr> {
    let text = text(value, key, "a text in quotes such as \"{n} squared is {n * n}\"", problems)?;
    template(text, words).map_err(|fault| tell(&fault, value, text, words, seen, problems)).ok()
}

/// A value in which nothing has to be looked up.
pub(super) fn literal(value: &Value<'_>, key: &str, seen: &Seen<'_>, problems: &mut Problems) -> Option<Literal> {
    let expr = expr(value, key, &Nothing, seen, problems)?;
    if contains_range(&expr) {
        problems.add(value.span(), "`range` is not for a first value; write the list out");
        return None;
    }
    expr.eval(&Nothing).map_err(|error| problems.add(value.span(), format!("`{key}`: {error}"))).ok()
}

/// Whether it can grow beyond what was written.
pub(super) fn contains_range(expr: &Expr) -> bool {
    match expr {
        Expr::Call(crate::task::Builtin::Range, _) => true,
        Expr::Literal(_) | Expr::Variable(_) | Expr::Known(_) => false,
        Expr::Text(list) | Expr::List(list) | Expr::Call(_, list) => list.iter().any(contains_range),
        Expr::Unary(_, of) => contains_range(of),
        Expr::Binary(_, left, right) | Expr::Index(left, right) => contains_range(left) || contains_range(right),
    }
}

fn height(expr: &Expr) -> usize {
    1 + match expr {
        Expr::Literal(_) | Expr::Variable(_) | Expr::Known(_) => 0,
        Expr::Text(list) | Expr::List(list) | Expr::Call(_, list) => list.iter().map(height).max().unwrap_or(0),
        Expr::Unary(_, of) => height(of),
        Expr::Binary(_, left, right) | Expr::Index(left, right) => height(left).max(height(right)),
    }
}

fn tell(fault: &Fault, value: &Value<'_>, text: &str, words: &dyn Words, seen: &Seen<'_>, problems: &mut Problems) {
    let at = inside(seen.source, value.span(), text, fault.at.clone());
    let known = |name: &str, what: String, all: Vec<&str>, kind: &str| {
        let help = match nearest(name, all.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if all.is_empty() => format!("there is no {kind}"),
            None => format!("there is {}", listed(&all)),
        };
        (what, help)
    };
    match &fault.why {
        Why::Said(what, None) => problems.add(at, what.as_str()),
        Why::Said(what, Some(help)) => problems.add_with_help(at, what.as_str(), *help),
        Why::NoVariable(name) => problems.add_lazily(at, || {
            let help = match nearest(name, words.all()) {
                Some(meant) => format!("did you mean `{meant}`? A text needs quotes of its own: \"'{}'\"", short(name)),
                None => words.advice(name),
            };
            (format!("nobody sets `{}` here", short(name)), help)
        }),
        Why::NoFunction(name) => problems.add_lazily(at, || {
            let what = format!("there is no `{}` to call in an expression", short(name));
            known(name, what, FUNCTIONS.to_vec(), "function")
        }),
        Why::NoShared(name) => problems.add_lazily(at, || {
            let what = format!("there is no shared variable `{}`", short(name));
            known(name, what, words.all_shared(), "[shared]")
        }),
        Why::NoTree(name) => problems.add_lazily(at, || {
            known(name, format!("there is no tree `{}`", short(name)), words.all_trees(), "[tree.NAME]")
        }),
    }
}

/// Some names in a row.
pub(super) fn listed(names: &[&str]) -> String {
    const SHOWN_MAX: usize = 12;
    let shown = names.iter().take(SHOWN_MAX).map(|name| short(name)).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN_MAX { format!("{shown} and {} more", names.len() - SHOWN_MAX) } else { shown }
}

/// The place in the file of some bytes of a text. Where the text is not written as it is, that of the whole text.
fn inside(source: &str, span: Range<usize>, text: &str, at: Range<usize>) -> Range<usize> {
    let Some(written) = source.get(span.clone()) else { return span };
    let Some(quotes) = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| written.starts_with(quotes)) else {
        return span;
    };
    let Some(inner) = written.get(quotes.len()..written.len().saturating_sub(quotes.len())) else { return span };
    // A line break right after three quotes is not part of the text.
    let lead = if quotes.len() == 3 { inner.len() - inner.trim_start_matches(['\r', '\n']).len() } else { 0 };
    let lead = (0..=lead.min(2)).find(|&lead| &inner[lead..] == text);
    let Some(lead) = lead else { return span };
    let start = span.start + quotes.len() + lead;
    start + at.start..start + at.end
}

/// No names at all.
struct Nothing;

impl Scope for Nothing {
    fn name(&self, _: &str) -> Option<Expr> {
        None
    }

    fn shared(&self, _: &str) -> Option<u16> {
        None
    }

    fn tree(&self, _: &str) -> Option<u16> {
        None
    }
}

impl Words for Nothing {
    fn all(&self) -> Vec<&str> {
        vec!["None", "True", "False"]
    }

    fn all_shared(&self) -> Vec<&str> {
        Vec::new()
    }

    fn all_trees(&self) -> Vec<&str> {
        Vec::new()
    }

    fn advice(&self, name: &str) -> String {
        format!("a first value is a literal; a text needs quotes of its own: \"'{}'\"", short(name))
    }
}

impl Names for Nothing {
    fn variable(&self, _: Variable) -> Literal {
        Literal::None
    }

    fn known(&self, _: Known) -> Literal {
        Literal::None
    }
}
