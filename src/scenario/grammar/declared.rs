//! Everything in a scenario that has a name: functions, objects, shared variables, locks, trees. PURE.
//! It does not know what functions do with them; it is read before any function is.

use std::collections::HashMap;
use std::ops::Range;

use super::super::expression::{KNOWN, is_name};
use super::super::fields::{Fields, Named};
use super::super::plan::TreeSpec;
use super::super::problem::Problems;
use super::objects::{Kind, Objects};
use super::values;
use super::{Seen, task};
use crate::task::{FunctionId, ObjectId, ObjectKind, Tree};

/// How many functions, and how many of everything else that has a name.
pub(super) const FUNCTIONS_MAX: usize = 1000;
pub(super) const NAMES_MAX: usize = 1000;

/// How many arguments a function may take.
const PARAMS_MAX: usize = 100;

/// A function before its steps are read.
pub(super) struct Declared<'a, 'i> {
    pub(super) name: &'a str,
    pub(super) at: Range<usize>,
    pub(super) params: Vec<&'a str>,
    pub(super) fields: Fields<'a, 'i>,
}

/// All that has a name.
pub(super) struct Names<'a, 'i> {
    pub(super) functions: Vec<Declared<'a, 'i>>,
    by_name: HashMap<&'a str, u16>,
    pub(super) objects: Objects<'a>,
    pub(super) shared: Vec<(Box<str>, crate::task::Value)>,
    shared_by_name: HashMap<&'a str, u16>,
    pub(super) locks: Vec<&'a str>,
    pub(super) trees: Vec<&'a str>,
    /// What is in them, in the same order.
    pub(super) tree_specs: Vec<TreeSpec>,
}

impl<'a, 'i> Names<'a, 'i> {
    /// Reads all tables with names in them, but no steps.
    pub(super) fn read(top: &Fields<'a, 'i>, seen: &Seen<'_>, problems: &mut Problems) -> Self {
        let shared = shared(top, seen, problems);
        let mut functions = Vec::new();
        for named in top.named("function", "[function.NAME]", &["params", "steps"], problems) {
            let params = params(&named, problems);
            functions.push(Declared { name: named.name, at: named.at, params, fields: named.fields });
        }
        limit(&mut functions, FUNCTIONS_MAX, "functions", |function| function.at.clone(), problems);
        let by_name = numbered(functions.iter().map(|function| function.name));
        for function in &functions {
            for param in &function.params {
                if shared.iter().any(|(name, _)| name == param)
                    && let Some(value) = function.fields.get("params")
                {
                    let what = format!("`{param}` is a shared variable; an argument needs a name of its own");
                    problems.add(value.span(), what);
                }
            }
        }
        Self {
            functions,
            by_name,
            objects: Objects::read(top, problems),
            shared_by_name: numbered(shared.iter().map(|(name, _)| *name)),
            shared: shared.into_iter().map(|(name, value)| (name.into(), value)).collect(),
            locks: locks(top, problems),
            trees: Vec::new(),
            tree_specs: Vec::new(),
        }
    }

    /// Reads the trees; their size counts with that of all copies.
    pub(super) fn read_trees(&mut self, top: &Fields<'a, '_>, tasks: &mut task::Tasks<'_>, problems: &mut Problems) {
        let mut named = top.named("tree", "[tree.NAME]", task::TREE_KEYS, problems);
        limit(&mut named, NAMES_MAX, "trees", |tree| tree.at.clone(), problems);
        for (place, tree) in (0..).zip(&named) {
            self.trees.push(tree.name);
            // Seeds of their own: another [[task]] does not change a tree.
            self.tree_specs.extend(tasks.tree(&tree.fields, u32::MAX - 1 - place, problems));
        }
    }

    /// The function of that name.
    pub(super) fn function(&self, name: &str) -> Option<FunctionId> {
        self.by_name.get(name).copied().map(FunctionId)
    }

    /// The shared variable of that name.
    pub(super) fn shared_variable(&self, name: &str) -> Option<u16> {
        self.shared_by_name.get(name).copied()
    }

    /// What has that name, in words.
    pub(super) fn what_is(&self, name: &str) -> Option<&'static str> {
        let kinds = [
            (Kind::Queue, "a queue"),
            (Kind::Pipe, "a pipe: steps name one of its ends"),
            (Kind::Semaphore, "a semaphore: acquire and release are for it"),
            (Kind::Event, "an event"),
            (Kind::Link, "a link"),
        ];
        let object = kinds.into_iter().find(|(kind, _)| self.objects.find(*kind, name).is_some());
        object.map(|(_, what)| what).or_else(|| {
            let others = [
                (self.objects.end(name).is_some(), "an end of a pipe"),
                (self.lock(name).is_some(), "a lock: with_lock is for it"),
                (self.function(name).is_some(), "a function"),
                (self.tree(name).is_some(), "a tree"),
                (self.shared_variable(name).is_some(), "a shared variable"),
            ];
            others.into_iter().find(|(is, _)| *is).map(|(_, what)| what)
        })
    }

    /// The tree of that name.
    pub(super) fn tree(&self, name: &str) -> Option<u16> {
        self.trees.iter().position(|tree| *tree == name).and_then(|place| u16::try_from(place).ok())
    }

    /// The lock of that name.
    pub(super) fn lock(&self, name: &str) -> Option<u16> {
        self.locks.iter().position(|lock| *lock == name).and_then(|place| u16::try_from(place).ok())
    }

    /// What the object is.
    pub(super) fn kind(&self, object: ObjectId) -> &ObjectKind {
        &self.objects.specs[object.index()].kind
    }

    /// The trees before they are made.
    pub(super) fn unmade_trees(&self) -> Vec<Tree> {
        let unmade = |name: &&str| Tree { name: (*name).into(), from: "".into(), to: "".into() };
        self.trees.iter().map(unmade).collect()
    }
}

/// Drops what is too much.
pub(super) fn limit<T>(
    list: &mut Vec<T>,
    most: usize,
    what: &str,
    at: impl Fn(&T) -> Range<usize>,
    problems: &mut Problems,
) {
    if let Some(first) = list.get(most) {
        problems.add(at(first), format!("a scenario has at most {most} {what}"));
        list.truncate(most);
    }
}

/// Names by their places; there are no more of them than the number can count.
pub(super) fn numbered<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<&'a str, u16> {
    names.zip(0..).collect()
}

fn shared<'a>(top: &Fields<'a, '_>, seen: &Seen<'_>, problems: &mut Problems) -> Vec<(&'a str, crate::task::Value)> {
    let mut found = Vec::new();
    for (at, name, value) in top.pairs("shared", "[shared]", problems) {
        if !is_name(name) || KNOWN.iter().any(|(known, _)| *known == name) {
            problems.add(at, "a shared variable needs a name of letters, digits and _ that means nothing else");
            continue;
        }
        let literal = values::literal(value, name, seen, problems);
        found.push((at, name, literal.unwrap_or_default()));
    }
    limit(&mut found, NAMES_MAX, "shared variables", |(at, ..)| at.clone(), problems);
    found.into_iter().map(|(_, name, value)| (name, value)).collect()
}

fn locks<'a>(top: &Fields<'a, '_>, problems: &mut Problems) -> Vec<&'a str> {
    let mut locks: Vec<&'a str> = Vec::new();
    for (at, name) in top.names("locks", "a list of names such as [\"mutex\"]", problems) {
        if locks.contains(&name) {
            problems.add(at, format!("there are two locks `{name}`"));
        } else if locks.len() == NAMES_MAX {
            problems.add(at, format!("a scenario has at most {NAMES_MAX} locks"));
            break;
        } else {
            locks.push(name);
        }
    }
    locks
}

fn params<'a>(function: &Named<'a, '_>, problems: &mut Problems) -> Vec<&'a str> {
    let mut params: Vec<&'a str> = Vec::new();
    for (at, name) in function.fields.names("params", "a list of names such as [\"n\"]", problems) {
        if !is_name(name) {
            problems.add(at, "an argument needs a name of letters, digits and _ that means nothing else");
        } else if params.contains(&name) {
            problems.add(at, format!("there are two arguments `{name}`"));
        } else if params.len() == PARAMS_MAX {
            problems.add(at, format!("a function has at most {PARAMS_MAX} arguments"));
            break;
        } else {
            params.push(name);
        }
    }
    params
}
