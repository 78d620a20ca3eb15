//! The `[[task]]` entries that call a function: which one, with which arguments. PURE.
//! It does not know the other kinds of work.

use toml::de::DeValue;

use super::super::entry::{CallEntry, Repetition, WorkEntry};
use super::super::expression::Scope;
use super::super::fields::{Fields, text, wrong_type};
use super::super::problem::Problems;
use super::Seen;
use super::declared::Names;
use super::functions::{self, Read};
use super::submits::wrong_count;
use super::values::{self, Words, contains_range};
use crate::task::{Expr, VALUE_BYTES_MAX, Variable};

/// How many parts of expressions are computed, at most, to see whether all arguments come to something.
const COMPUTED_MAX: u64 = 20_000_000;

/// Reads one; `repeat` is how often it stands for a task.
pub(super) fn read(
    task: &Fields<'_, '_>,
    repeat: u32,
    names: &Names<'_, '_>,
    read: &mut Read,
    seen: &Seen<'_>,
    problems: &mut Problems,
) -> Option<WorkEntry> {
    let value = task.get("call")?;
    let name = text(value, "call", "the name of a function in quotes", problems)?;
    let function = functions::named(value, name, names, read, problems);
    let args = args(task, repeat, seen, problems)?;
    let function = function?;
    let declared = &names.functions[usize::from(function.0)];
    if declared.params.len() != args.len() {
        let at = task.get("args").unwrap_or(value).span();
        problems.add(at, wrong_count(name, &declared.params, args.len()));
        return None;
    }
    let uses = read.functions[usize::from(function.0)].uses.clone();
    Some(WorkEntry::Call(CallEntry { function, name: name.into(), args, uses }))
}

fn args(task: &Fields<'_, '_>, repeat: u32, seen: &Seen<'_>, problems: &mut Problems) -> Option<Vec<Expr>> {
    let Some(value) = task.get("args") else { return Some(Vec::new()) };
    let DeValue::Array(array) = value.get_ref() else {
        wrong_type(value, "args", "a list of values such as [\"n\", 5]", problems);
        return None;
    };
    let mut args = Vec::new();
    let mut computed = 0;
    for element in array {
        let Some(arg) = values::expr(element, "args", &Counted, seen, problems) else {
            args.push(None);
            continue;
        };
        if contains_range(&arg) {
            let help = "write the list out, or let the function make it";
            problems.add_with_help(element.span(), "`range` is not for the arguments of a [[task]]", help);
            return None;
        }
        // What depends on nothing is the same each time.
        let times = if is_constant(&arg) { 1 } else { repeat };
        computed += parts(&arg) * u64::from(times);
        if computed > COMPUTED_MAX {
            problems.add(element.span(), "so many arguments are too much to compute; let the function do it");
            return None;
        }
        if let Some(error) = (0..times).find_map(|copy| check(&arg, copy).err()) {
            problems.add(element.span(), error);
            return None;
        }
        args.push(Some(arg));
    }
    args.into_iter().collect()
}

/// Whether the argument comes to something in that repetition.
fn check(arg: &Expr, copy: u32) -> Result<(), String> {
    let place = || if copy == 0 { String::new() } else { format!(" where n is {}", u64::from(copy) + 1) };
    match arg.eval(&Repetition(copy)) {
        Ok(value) if value.bytes() > VALUE_BYTES_MAX as u64 => {
            Err(format!("this is longer than {} KiB{}", VALUE_BYTES_MAX / 1024, place()))
        }
        Ok(_) => Ok(()),
        Err(error) => Err(format!("this cannot be computed{}: {error}", place())),
    }
}

fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Variable(_) | Expr::Known(_) => false,
        Expr::Literal(_) => true,
        Expr::Text(list) | Expr::List(list) | Expr::Call(_, list) => list.iter().all(is_constant),
        Expr::Unary(_, of) => is_constant(of),
        Expr::Binary(_, left, right) | Expr::Index(left, right) => is_constant(left) && is_constant(right),
    }
}

/// How much there is to compute; a long text is as much as its bytes.
fn parts(expr: &Expr) -> u64 {
    1 + match expr {
        Expr::Variable(_) | Expr::Known(_) => 0,
        Expr::Literal(value) => value.bytes() / 64,
        Expr::Text(list) | Expr::List(list) | Expr::Call(_, list) => list.iter().map(parts).sum(),
        Expr::Unary(_, of) => parts(of),
        Expr::Binary(_, left, right) | Expr::Index(left, right) => parts(left) + parts(right),
    }
}

/// The names that arguments know.
struct Counted;

impl Scope for Counted {
    fn name(&self, name: &str) -> Option<Expr> {
        let place = Repetition::NAMES.iter().position(|known| *known == name)?;
        u16::try_from(place).ok().map(|place| Expr::Variable(Variable::Local(place)))
    }

    fn shared(&self, _: &str) -> Option<u16> {
        None
    }

    fn tree(&self, _: &str) -> Option<u16> {
        None
    }
}

impl Words for Counted {
    fn all(&self) -> Vec<&str> {
        Repetition::NAMES.to_vec()
    }

    fn all_shared(&self) -> Vec<&str> {
        Vec::new()
    }

    fn all_trees(&self) -> Vec<&str> {
        Vec::new()
    }

    fn advice(&self, name: &str) -> String {
        let name = super::super::fields::short(name);
        format!("a [[task]] knows n (from 1) and i (from 0); a text needs quotes of its own: \"'{name}'\"")
    }
}
