//! What may never come to an end by a scenario's own text: told before the run, which goes on all the same. PURE.
//! It does not know what happens in a run; it says only what is certain from the text.

use std::collections::HashSet;
use std::ops::Range;

use super::super::problem::Problems;
use super::declared::Names;
use crate::task::{End, Function, FunctionId, How, ObjectId, ObjectKind};

/// What was seen while the functions were read.
#[derive(Default)]
pub(super) struct Found {
    /// How many steps there are.
    pub(super) steps: usize,
    /// Functions that somebody calls.
    pub(super) called: HashSet<FunctionId>,
    /// Objects that some step names.
    pub(super) objects: Vec<ObjectId>,
    /// Ends on which somebody sends.
    pub(super) sends: HashSet<(ObjectId, End)>,
    /// Ends that the parent closes.
    pub(super) parent_closes: HashSet<(ObjectId, End)>,
    /// Places that wait for ever for something.
    pub(super) waits: Vec<Wait>,
    /// Loops that receive until the end of a pipe: which end, and where.
    pub(super) endless: Vec<(ObjectId, End, Range<usize>)>,
    /// Whether the parent has closed or terminated the pool so far.
    pub(super) pool_closed: bool,
    /// Joins of a pool that nobody has closed before.
    pub(super) open_joins: Vec<Range<usize>>,
}

/// Something waited for without a way out.
pub(super) struct Wait {
    pub(super) object: ObjectId,
    pub(super) what: Awaited,
    pub(super) at: Range<usize>,
}

/// See [`Wait`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// Something in a queue.
    Item,
    /// Something in a pipe, at this end.
    Message(End),
    /// That an event is set.
    Flag,
    /// A permit of a semaphore.
    Permit,
}

/// All of it, as problems to be told.
pub(super) fn warnings(found: &Found, names: &Names<'_, '_>, functions: &[Function], has_parent: bool) -> Problems {
    let mut out = Problems::default();
    let uses: HashSet<(ObjectId, How)> =
        functions.iter().flat_map(|function| &function.uses).map(|used| (used.object, used.how)).collect();
    for wait in &found.waits {
        waiting(wait, found, names, &uses, &mut out);
    }
    if has_parent {
        for (pipe, end, at) in &found.endless {
            if !found.parent_closes.contains(&(*pipe, end.other())) {
                let other = end_name(names, *pipe, end.other());
                out.add_with_help(
                    at.clone(),
                    format!("[parent] never closes its copy of `{other}`, so this recv never sees the end of file"),
                    format!("write {{ close = \"{other}\" }} in [parent] once nothing more is sent there"),
                );
            }
        }
    }
    for at in &found.open_joins {
        let help = "write { close = \"pool\" } before it";
        out.add_with_help(at.clone(), "this joins a pool that is not closed, which is refused", help);
    }
    for (function, number) in names.functions.iter().zip(0..) {
        if !found.called.contains(&FunctionId(number)) {
            out.add(function.at.clone(), format!("nobody calls the function `{}`", function.name));
        }
    }
    let mentioned: HashSet<ObjectId> = found.objects.iter().copied().collect();
    for ((spec, at), number) in names.objects.specs.iter().zip(&names.objects.at).zip(0..) {
        if !mentioned.contains(&ObjectId(number)) {
            out.add(at.clone(), format!("nobody uses the {} `{}`", spec.kind.word(), spec.name));
        }
    }
    out
}

fn waiting(wait: &Wait, found: &Found, names: &Names<'_, '_>, uses: &HashSet<(ObjectId, How)>, out: &mut Problems) {
    let name = &names.objects.specs[wait.object.index()].name;
    let does = |how| uses.contains(&(wait.object, how));
    let what = match (wait.what, names.kind(wait.object)) {
        (Awaited::Item, _) if !does(How::Puts) => format!("nobody puts into the queue `{name}`"),
        (Awaited::Message(end), _) if !found.sends.contains(&(wait.object, end.other())) => {
            let other = end_name(names, wait.object, end.other());
            let what = format!("nobody sends on `{other}`: nothing is ever received here");
            return out.add(wait.at.clone(), what);
        }
        (Awaited::Flag, ObjectKind::Event { set: false }) if !does(How::Sets) => {
            format!("nobody sets the event `{name}`")
        }
        (Awaited::Permit, ObjectKind::Semaphore { value: 0, .. }) if !does(How::Releases) => {
            format!("the semaphore `{name}` has no permits, and nobody releases one")
        }
        _ => return,
    };
    out.add(wait.at.clone(), format!("{what}: this waits for ever"));
}

fn end_name<'n>(names: &'n Names<'_, '_>, pipe: ObjectId, end: End) -> &'n str {
    match names.kind(pipe) {
        ObjectKind::Pipe { ends, .. } => &ends[end.index()],
        _ => "",
    }
}
