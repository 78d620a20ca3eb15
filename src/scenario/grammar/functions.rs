//! From declared functions to a program: every function's steps, the parent's among them. PURE.
//! It does not know the verbs, nor who runs the program.

use super::super::draw::Draw;
use super::super::fields::{Fields, Value, text};
use super::super::problem::Problems;
use super::super::verbs::Who;
use super::Seen;
use super::body::{Body, Locals};
use super::declared::Names;
use super::submits::wrong_count;
use super::task::Tasks;
use super::warnings::{Found, warnings};
use crate::task::{Arguments, End, Function, FunctionCall, FunctionId, How, ObjectId, ObjectKind, Program, Use};

/// What the parent's function is called.
const PARENT: &str = "parent";

/// The entry of the file whose stream of random numbers is the parent's; no [[task]] has it.
const PARENT_SEAT: u32 = u32::MAX;

/// The functions as they were read; the parent's, if there is one, is the last.
pub(super) struct Read {
    pub(super) functions: Vec<Function>,
    pub(super) found: Found,
    parent: Option<FunctionId>,
}

/// Reads every function.
pub(super) fn read<'a, 'i>(
    names: &Names<'a, 'i>,
    top: &Fields<'a, 'i>,
    seen: &Seen<'_>,
    problems: &mut Problems,
) -> Read {
    let mut found = Found::default();
    let mut functions = Vec::new();
    for declared in &names.functions {
        if !declared.fields.has("steps") {
            declared.fields.missing("steps", "[ { sleep = \"1s\" } ]", problems);
        }
        let steps = declared.fields.get("steps");
        functions.push(one(declared.name, &declared.params, steps, Who::Anyone, names, seen, &mut found, problems));
    }
    let parent = parent(top, problems).map(|steps| {
        functions.push(one(PARENT, &[], Some(steps), Who::Parent, names, seen, &mut found, problems));
        FunctionId(u16::try_from(functions.len() - 1).unwrap_or(u16::MAX))
    });
    Read { functions, found, parent }
}

/// The steps of the parent.
fn parent<'a, 'i>(top: &Fields<'a, 'i>, problems: &mut Problems) -> Option<&'a Value<'i>> {
    let parent = top.table("parent", "[parent]", &["steps"], problems)?;
    if !parent.has("steps") {
        parent.missing("steps", "[ { print = \"hello\" } ]", problems);
    }
    parent.get("steps")
}

#[expect(clippy::too_many_arguments, reason = "everything a function is read with, named once")]
fn one<'a, 'i>(
    name: &str,
    params: &[&'a str],
    steps: Option<&'a Value<'i>>,
    who: Who,
    names: &Names<'a, 'i>,
    seen: &Seen<'_>,
    found: &mut Found,
    problems: &mut Problems,
) -> Function {
    let mut body = Body {
        scope: Locals::of(names, params, steps),
        seen,
        found,
        problems,
        who,
        uses: std::collections::BTreeSet::new(),
        loops: Vec::new(),
        after_recv: 0,
        threads: 0,
        nesting: 0,
    };
    let steps = steps.map(|value| body.steps(value, "steps")).unwrap_or_default();
    if who == Who::Parent {
        // Whoever makes a pipe has both its ends, named or not, until it closes them.
        for (spec, number) in names.objects.specs.iter().zip(0..) {
            if matches!(spec.kind, ObjectKind::Pipe { .. }) {
                for end in [End::First, End::Second] {
                    body.uses.insert(Use { object: ObjectId(number), how: How::Holds(end) });
                }
            }
        }
    }
    Function {
        name: name.into(),
        params: u16::try_from(params.len()).unwrap_or(u16::MAX),
        locals: body.scope.order.iter().map(|&name| name.into()).collect(),
        steps,
        uses: body.uses.into_iter().collect(),
    }
}

/// What every pool worker does first: a function without arguments.
pub(super) fn initializer(
    pool: &Fields<'_, '_>,
    names: &Names<'_, '_>,
    read: &mut Read,
    problems: &mut Problems,
) -> Option<FunctionId> {
    let value = pool.get("initializer")?;
    let name = text(value, "initializer", "the name of a function in quotes", problems)?;
    let function = named(value, name, names, read, problems)?;
    let declared = &names.functions[usize::from(function.0)];
    if !declared.params.is_empty() {
        problems.add(value.span(), wrong_count(name, &declared.params, 0));
        return None;
    }
    Some(function)
}

/// The function of that name, called by something that is no step.
pub(super) fn named(
    value: &Value<'_>,
    name: &str,
    names: &Names<'_, '_>,
    read: &mut Read,
    problems: &mut Problems,
) -> Option<FunctionId> {
    let found = names.function(name);
    if let Some(function) = found {
        read.found.called.insert(function);
    } else {
        let all = || names.functions.iter().map(|function| function.name).collect();
        super::body::unknown(value.span(), "function", name, names.what_is(name), all, problems);
    }
    found
}

impl Read {
    /// The parent's program as a call.
    pub(super) fn main(&self, seed: u64) -> Option<FunctionCall> {
        let function = self.parent?;
        Some(FunctionCall {
            function,
            args: Arguments::Once(Vec::new()),
            seed: Draw::new(seed, PARENT_SEAT, 0).word(),
            uses: self.functions[usize::from(function.0)].uses.clone(),
        })
    }

    /// What may never come to an end.
    pub(super) fn warnings(&self, names: &Names<'_, '_>) -> Problems {
        warnings(&self.found, names, &self.functions, self.parent.is_some())
    }

    /// The program, if anything in it can be done.
    pub(super) fn into_program(self, names: Names<'_, '_>, initializer: Option<FunctionId>) -> Option<Program> {
        if self.functions.is_empty() && names.objects.specs.is_empty() && names.trees.is_empty() {
            return None;
        }
        Some(Program {
            functions: self.functions,
            trees: names.unmade_trees(),
            shared: names.shared,
            locks: names.locks.iter().map(|&lock| lock.into()).collect(),
            objects: names.objects.specs,
            initializer,
        })
    }
}

/// Everything with a name, and the trees, whose size counts with that of all copies.
pub(super) fn declare<'a, 'i>(
    top: &Fields<'a, 'i>,
    seen: &Seen<'_>,
    tasks: &mut Tasks<'_>,
    problems: &mut Problems,
) -> Names<'a, 'i> {
    let mut names = Names::read(top, seen, problems);
    names.read_trees(top, tasks, problems);
    names
}
