//! What a function's steps have in common while they are read: names, limits, what was seen on the way. PURE.
//! It does not know the verbs.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use toml::de::DeValue;

use super::super::expression::{KNOWN, Scope, WORDS, is_name, known};
use super::super::fields::{Fields, Value, short, text};
use super::super::problem::Problems;
use super::super::suggest::nearest;
use super::super::verbs::Who;
use super::Seen;
use super::declared::Names;
use super::objects::Kind;
use super::values::{self, Words, listed};
use super::warnings::Found;
use crate::task::{Expr, How, ObjectId, Use, Variable};

/// How many variables a function may have, far below what their numbers can count.
const LOCALS_MAX: usize = 60_000;

/// A function while its steps are read.
pub(super) struct Body<'c, 'a, 'i> {
    pub(super) scope: Locals<'c, 'a, 'i>,
    pub(super) seen: &'c Seen<'c>,
    pub(super) found: &'c mut Found,
    pub(super) problems: &'c mut Problems,
    pub(super) who: Who,
    pub(super) uses: BTreeSet<Use>,
    /// The loops around the present step, the innermost last; of this thread only.
    pub(super) loops: Vec<Loop>,
    /// How many `otherwise` of a `recv` are around the present step.
    pub(super) after_recv: usize,
    /// How many threads are around it.
    pub(super) threads: usize,
    /// How many lists of steps are around it.
    pub(super) nesting: usize,
}

/// A loop around a step.
#[derive(Default)]
pub(super) struct Loop {
    /// What it receives without end, and where.
    pub(super) recvs: Vec<(ObjectId, crate::task::End, Range<usize>)>,
    /// Whether something but the end of a pipe leaves it.
    pub(super) is_left: bool,
}

/// The variables of a function, and everything outside that has a name.
pub(super) struct Locals<'c, 'a, 'i> {
    pub(super) names: &'c Names<'a, 'i>,
    by_name: HashMap<&'a str, u16>,
    pub(super) order: Vec<&'a str>,
}

impl<'c, 'a, 'i> Locals<'c, 'a, 'i> {
    /// The arguments, and whatever the steps set.
    pub(super) fn of(names: &'c Names<'a, 'i>, params: &[&'a str], steps: Option<&'a Value<'i>>) -> Self {
        let mut locals = Self { names, by_name: HashMap::new(), order: Vec::new() };
        for param in params {
            locals.declare(param);
        }
        if let Some(steps) = steps {
            locals.collect(steps);
        }
        locals
    }

    fn declare(&mut self, name: &'a str) {
        if self.order.len() < LOCALS_MAX && is_name(name) && self.names.shared_variable(name).is_none() {
            let number = u16::try_from(self.order.len()).unwrap_or(u16::MAX);
            self.by_name.entry(name).or_insert_with(|| {
                self.order.push(name);
                number
            });
        }
    }

    /// Whatever has the form of a list of steps; TOML's own limit bounds the depth.
    fn collect(&mut self, steps: &'a Value<'i>) {
        let DeValue::Array(steps) = steps.get_ref() else { return };
        for step in steps {
            let DeValue::Table(step) = step.get_ref() else { continue };
            let is_callback = step.contains_key("callback") || step.contains_key("error_callback");
            for key in ["set", "into", "counter", "for", "error"].into_iter().chain(is_callback.then_some("value")) {
                if let Some(DeValue::String(name)) = step.get(key).map(toml::Spanned::get_ref) {
                    self.declare(name);
                }
            }
            for (key, default) in [("otherwise", "error"), ("callback", "result"), ("error_callback", "error")] {
                if step.contains_key(key) {
                    self.declare(default);
                }
            }
            for key in ["steps", "else", "otherwise", "callback", "error_callback"] {
                if let Some(steps) = step.get(key) {
                    self.collect(steps);
                }
            }
        }
    }

    pub(super) fn number(&self, name: &str) -> Option<u16> {
        self.by_name.get(name).copied()
    }
}

impl Scope for Locals<'_, '_, '_> {
    fn name(&self, name: &str) -> Option<Expr> {
        let local = || self.number(name).map(Variable::Local);
        let shared = || self.names.shared_variable(name).map(Variable::Shared);
        local().or_else(shared).map(Expr::Variable).or_else(|| known(name))
    }

    fn shared(&self, name: &str) -> Option<u16> {
        self.names.shared_variable(name)
    }

    fn tree(&self, name: &str) -> Option<u16> {
        self.names.tree(name)
    }
}

impl Words for Locals<'_, '_, '_> {
    fn all(&self) -> Vec<&str> {
        let shared = self.names.shared.iter().map(|(name, _)| &**name);
        let known = KNOWN.iter().map(|(name, _)| *name);
        self.order.iter().copied().chain(shared).chain(known).chain(WORDS.iter().copied()).collect()
    }

    fn all_shared(&self) -> Vec<&str> {
        self.names.shared.iter().map(|(name, _)| &**name).collect()
    }

    fn all_trees(&self) -> Vec<&str> {
        self.names.trees.clone()
    }

    fn advice(&self, name: &str) -> String {
        let name = short(name);
        format!("set it first, or name it in params or [shared]; a text needs quotes of its own: \"'{name}'\"")
    }
}

impl<'a, 'i> Body<'_, 'a, 'i> {
    /// A value under that key; a problem if it is not there.
    pub(super) fn expr(&mut self, step: &Fields<'a, 'i>, key: &str, example: &str) -> Option<Expr> {
        let Some(value) = step.get(key) else {
            step.missing(key, example, self.problems);
            return None;
        };
        values::expr(value, key, &self.scope, self.seen, self.problems)
    }

    /// A template under that key, if it is there.
    pub(super) fn said(&mut self, step: &Fields<'a, 'i>, key: &str) -> Option<Expr> {
        values::said(step.get(key)?, key, &self.scope, self.seen, self.problems)
    }

    /// A variable to change.
    pub(super) fn variable(&mut self, step: &Fields<'a, 'i>, key: &str) -> Option<Variable> {
        let value = step.get(key)?;
        let name = text(value, key, "the name of a variable in quotes", self.problems)?;
        if let Some(shared) = self.scope.names.shared_variable(name) {
            return Some(Variable::Shared(shared));
        }
        self.own(value, key, name).map(Variable::Local)
    }

    /// A variable of the function's own, or the one it has if nothing is said.
    pub(super) fn local(&mut self, step: &Fields<'a, 'i>, key: &str, default: Option<&str>) -> Option<u16> {
        let Some(value) = step.get(key) else { return default.and_then(|name| self.scope.number(name)) };
        let name = text(value, key, "the name of a variable in quotes", self.problems)?;
        if self.scope.names.shared_variable(name).is_some() {
            let what = format!("`{name}` is a shared variable; `{key}` needs one of the function's own");
            self.problems.add(value.span(), what);
            return None;
        }
        self.own(value, key, name)
    }

    fn own(&mut self, value: &Value<'_>, key: &str, name: &str) -> Option<u16> {
        let number = self.scope.number(name);
        if number.is_none() {
            let what = if is_name(name) {
                format!("a function has at most {LOCALS_MAX} variables")
            } else {
                format!("`{key}` must be a name of letters, digits and _ that means nothing else")
            };
            self.problems.add(value.span(), what);
        }
        number
    }

    /// The object of that kind under that key.
    pub(super) fn object(&mut self, step: &Fields<'a, 'i>, key: &str, kind: Kind) -> Option<ObjectId> {
        let value = step.get(key)?;
        let name = text(value, key, &format!("the name of a {} in quotes", kind.word()), self.problems)?;
        let found = self.scope.names.objects.find(kind, name);
        if let Some(object) = found {
            self.found.objects.push(object);
        } else {
            let names = self.scope.names;
            self.unknown(value.span(), kind.word(), name, || names.objects.names(kind));
        }
        found
    }

    /// Nothing of that kind is called so.
    pub(super) fn unknown<'n>(
        &mut self,
        at: Range<usize>,
        kind: &str,
        name: &str,
        names: impl FnOnce() -> Vec<&'n str>,
    ) {
        unknown(at, kind, name, self.scope.names.what_is(name), names, self.problems);
    }

    pub(super) fn uses(&mut self, object: ObjectId, how: How) {
        self.uses.insert(Use { object, how });
    }

    /// Where the step's verb's value stands.
    pub(super) fn at(step: &Fields<'_, '_>, key: &str) -> Range<usize> {
        step.get(key).map_or(step.span.clone(), toml::Spanned::span)
    }
}

/// Nothing of that kind is called so. `other`: what is.
pub(super) fn unknown<'n>(
    at: Range<usize>,
    kind: &str,
    name: &str,
    other: Option<&str>,
    names: impl FnOnce() -> Vec<&'n str>,
    problems: &mut Problems,
) {
    problems.add_lazily(at, || {
        let names = names();
        let help = match (nearest(name, names.iter().copied()), other) {
            (Some(meant), _) => format!("did you mean `{meant}`?"),
            (None, Some(other)) if names.is_empty() => format!("`{}` is {other}", short(name)),
            (None, Some(other)) => format!("`{}` is {other}; there is {}", short(name), listed(&names)),
            (None, None) if names.is_empty() => format!("the scenario declares no {kind}: write {}", declared(kind)),
            (None, None) => format!("there is {}", listed(&names)),
        };
        (format!("there is no {kind} `{}`", short(name)), help)
    });
}

/// How something of that kind is declared.
fn declared(kind: &str) -> String {
    match kind {
        "lock" => "locks = [\"NAME\"] at the top".to_owned(),
        "end of a pipe" => "[pipe.NAME] with ends = [\"left\", \"right\"]".to_owned(),
        kind => format!("[{kind}.NAME] for each"),
    }
}
