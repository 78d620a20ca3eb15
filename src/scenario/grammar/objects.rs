//! The objects processes talk through, as a scenario declares them. PURE.
//! It does not know who uses them.

use std::collections::HashMap;
use std::ops::Range;

use super::super::fields::{Fields, Named};
use super::super::problem::Problems;
use super::declared::{NAMES_MAX, limit};
use crate::notation::rate_bytes_per_s;
use crate::task::{Bound, End, ObjectId, ObjectKind, ObjectSpec, Ways};

/// The kinds, as the tables are called: `[queue.NAME]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Queue,
    Pipe,
    Semaphore,
    Event,
    Link,
}

/// Key, name in messages, and the table's keys.
pub(super) const KINDS: &[(Kind, &str, &str, &[&str])] = &[
    (Kind::Queue, "queue", "[queue.NAME]", &["capacity"]),
    (Kind::Pipe, "pipe", "[pipe.NAME]", &["ends", "duplex"]),
    (Kind::Semaphore, "semaphore", "[semaphore.NAME]", &["value", "bounded"]),
    (Kind::Event, "event", "[event.NAME]", &["set"]),
    (Kind::Link, "link", "[link.NAME]", &["capacity"]),
];

impl Kind {
    pub(super) fn word(self) -> &'static str {
        KINDS.iter().find(|kind| kind.0 == self).map_or("", |kind| kind.1)
    }
}

/// All objects, in the order of the file.
#[derive(Default)]
pub(super) struct Objects<'a> {
    pub(super) specs: Vec<ObjectSpec>,
    /// Where their names stand.
    pub(super) at: Vec<Range<usize>>,
    by_name: HashMap<(Kind, &'a str), ObjectId>,
    ends: HashMap<&'a str, (ObjectId, End)>,
}

impl<'a> Objects<'a> {
    pub(super) fn read(top: &Fields<'a, '_>, problems: &mut Problems) -> Self {
        let mut all: Vec<(Kind, Named<'a, '_>)> = Vec::new();
        for &(kind, key, what, keys) in KINDS {
            all.extend(top.named(key, what, keys, problems).into_iter().map(|named| (kind, named)));
        }
        all.sort_by_key(|(_, named)| named.at.start);
        limit(&mut all, NAMES_MAX, "objects", |(_, named)| named.at.clone(), problems);
        let mut objects = Self::default();
        for ((kind, named), number) in all.into_iter().zip(0..) {
            let id = ObjectId(number);
            let object = match kind {
                Kind::Queue => queue(&named.fields, problems),
                Kind::Pipe => objects.pipe(&named.fields, id, problems),
                Kind::Semaphore => semaphore(&named.fields, problems),
                Kind::Event => ObjectKind::Event { set: named.fields.is_set("set", problems) },
                Kind::Link => link(&named.fields, problems),
            };
            objects.specs.push(ObjectSpec { name: named.name.into(), kind: object });
            objects.at.push(named.at);
            objects.by_name.insert((kind, named.name), id);
        }
        objects
    }

    pub(super) fn find(&self, kind: Kind, name: &str) -> Option<ObjectId> {
        self.by_name.get(&(kind, name)).copied()
    }

    pub(super) fn end(&self, name: &str) -> Option<(ObjectId, End)> {
        self.ends.get(name).copied()
    }

    /// The names of that kind.
    pub(super) fn names(&self, kind: Kind) -> Vec<&'a str> {
        let mut names: Vec<_> = self.by_name.iter().filter(|((of, _), _)| *of == kind).collect();
        names.sort_by_key(|(_, id)| **id);
        names.into_iter().map(|((_, name), _)| *name).collect()
    }

    /// The names of all pipes' ends.
    pub(super) fn end_names(&self) -> Vec<&'a str> {
        let mut names: Vec<_> = self.ends.iter().collect();
        names.sort_by_key(|(_, end)| **end);
        names.into_iter().map(|(name, _)| *name).collect()
    }

    fn pipe(&mut self, pipe: &Fields<'a, '_>, id: ObjectId, problems: &mut Problems) -> ObjectKind {
        let duplex = !pipe.has("duplex") || pipe.is_set("duplex", problems);
        let ways = if duplex { Ways::Both } else { Ways::SecondToFirst };
        let mut ends: [Box<str>; 2] = Default::default();
        if !pipe.has("ends") {
            pipe.missing("ends", "[\"left\", \"right\"]", problems);
            return ObjectKind::Pipe { ends, ways };
        }
        let names = pipe.names("ends", "a list of two names such as [\"left\", \"right\"]", problems);
        if names.len() != 2
            && let Some(value) = pipe.get("ends")
        {
            problems.add(value.span(), "a pipe has two ends: ends = [\"left\", \"right\"]");
        }
        for ((at, name), end) in names.into_iter().zip([End::First, End::Second]) {
            if name == "pool" {
                problems.add(at, "`close = \"pool\"` closes the pool; a pipe's end needs another name");
            } else if self.ends.insert(name, (id, end)).is_some() {
                problems.add(at, format!("there are two ends `{name}`; steps name an end without its pipe"));
            }
            ends[end.index()] = name.into();
        }
        ObjectKind::Pipe { ends, ways }
    }
}

fn queue(queue: &Fields<'_, '_>, problems: &mut Problems) -> ObjectKind {
    let capacity = queue.whole("capacity", 1..=u64::from(u32::MAX), problems);
    ObjectKind::Queue { capacity: capacity.and_then(|capacity| u32::try_from(capacity).ok()) }
}

fn semaphore(semaphore: &Fields<'_, '_>, problems: &mut Problems) -> ObjectKind {
    let value =
        if semaphore.has("value") { semaphore.whole("value", 0..=u64::from(u32::MAX), problems) } else { Some(1) };
    let bound = if semaphore.is_set("bounded", problems) { Bound::Bounded } else { Bound::Plain };
    ObjectKind::Semaphore { value: value.and_then(|value| u32::try_from(value).ok()).unwrap_or(1), bound }
}

fn link(link: &Fields<'_, '_>, problems: &mut Problems) -> ObjectKind {
    if !link.has("capacity") {
        link.missing("capacity", "\"40 MB/s\"", problems);
    }
    let rate = link.notation("capacity", "\"40 MB/s\"", rate_bytes_per_s, problems);
    ObjectKind::Link { bytes_per_s: rate.unwrap_or(1) }
}
