//! One object in words: its level, who waits for it and who holds it, and all of that for the detail. PURE.
//! It does not know the other objects.

use std::fmt::Write as _;

use crate::model::{Content, Held, Holder, Object, State, Waiter};
use crate::task::{Bound, ObjectId, ObjectKind, TaskId, Value, Ways};
use crate::text::{middle_cut, sanitized, width};
use crate::tui::format::{bytes, bytes_of, bytes_per_s, count, per_s};
use crate::tui::theme::{Role, Theme};

use super::super::draw::Cursor;
use super::super::waits::{title, waited, who};

/// How many people are named in a row.
const NAMED_MAX: usize = 2;

/// How many of those who hold or wait the detail names.
const LISTED_MAX: usize = 100;

/// How many of the values in a queue or pipe the detail shows, and how much of one.
const VALUES_MAX: usize = 20;
/// See [`VALUES_MAX`].
const VALUE_COLUMNS: usize = 200;

/// How full it is, in few words: "3/3 full", "4 of 4 taken", "clear".
pub(super) fn level(object: &Object) -> String {
    match (&object.content, object.level()) {
        (Content::Queue { .. }, (0, Some(most))) => format!("0/{most} empty"),
        (Content::Queue { .. }, (level, Some(most))) if level >= most => format!("{level}/{most} full"),
        (Content::Queue { .. }, (level, Some(most))) => format!("{level}/{most}"),
        (Content::Queue { .. }, (0, None)) => "empty".to_owned(),
        (Content::Queue { .. }, (level, None)) => format!("{} in it", count(level)),
        (Content::Pipe { arrived }, _) if arrived.iter().all(crate::model::Line::is_empty) => "empty".to_owned(),
        (Content::Pipe { arrived: [first, _] }, _) if is_one_way(object) => format!("{} in it", first.len()),
        (Content::Pipe { arrived: [first, second] }, _) => format!("{} + {} waiting", first.len(), second.len()),
        (Content::Semaphore { free }, (taken, Some(most))) if *free > 0 && taken == 0 && u64::from(*free) > most => {
            format!("{free} free of {most}")
        }
        (Content::Semaphore { .. }, (taken, Some(most))) => format!("{taken} of {most} taken"),
        (Content::Event { set }, _) => if *set { "set" } else { "clear" }.to_owned(),
        (Content::Link { .. }, (used, Some(most))) => format!("{}/s", bytes_of(used, most).replace('/', " of ")),
        (Content::Semaphore { .. } | Content::Link { .. }, (level, None)) => count(level),
    }
}

fn is_one_way(object: &Object) -> bool {
    matches!(object.spec.kind, ObjectKind::Pipe { ways: Ways::SecondToFirst, .. })
}

/// Whether a bar says something about it.
pub(super) fn has_bar(object: &Object) -> bool {
    !matches!(object.content, Content::Event { .. })
}

/// Who waits, for what and how long; then who holds something. In exactly that many columns.
pub(super) fn people(cursor: &mut Cursor<'_>, columns: u16, object: &Object, state: &State, theme: &Theme) {
    let mut words: Vec<(String, Role)> = Vec::new();
    if let Some(first) = object.waiters.first() {
        let names = distinct(object.waiters.iter().map(|waiter| who(waiter.task, waiter.thread, state)));
        let blocked = format!(" blocked in {} {}", first.call.verb(), waited(first.since, state.now));
        let mut all = (1..=NAMED_MAX).rev().map(|most| named_up_to(most, &names));
        let fits = |names: &String| width(names) + width(&blocked) <= usize::from(columns);
        let shown = all.clone().find(fits).or_else(|| all.next_back()).unwrap_or_default();
        let room = usize::from(columns).saturating_sub(width(&blocked));
        words.push((middle_cut(&sanitized(&shown), room, theme.glyphs().ellipsis), Role::Text));
        words.push((blocked, Role::Blocked));
    }
    let mut left = usize::from(columns);
    if !object.holders.is_empty() {
        let gap = if words.is_empty() { String::new() } else { format!(" {} ", theme.glyphs().dot) };
        let used: usize = words.iter().map(|(text, _)| width(text)).sum();
        // As many names as fit; a number where not even one does.
        let named = (0..=NAMED_MAX).rev().map(|most| format!("{gap}{}", holders(object, state, most)));
        if let Some(held) = named.into_iter().find(|held| used + width(held) <= left) {
            words.push((held, Role::Dim));
        }
    }
    for (text, role) in words {
        let text = middle_cut(&sanitized(&text), left, theme.glyphs().ellipsis);
        left -= width(&text);
        cursor.text(&text, theme.style(role));
    }
    cursor.gap(u16::try_from(left).unwrap_or(0));
}

/// "held by guest 1, guest 2 +2", "left: parent; right: child"
fn holders(object: &Object, state: &State, most: usize) -> String {
    let names = |which: &dyn Fn(&Holder) -> bool| {
        let holders = object.holders.iter().filter(|holder| which(holder));
        named_up_to(most, &distinct(holders.map(|holder| title(holder.task, state).into_owned())))
    };
    match &object.spec.kind {
        ObjectKind::Pipe { ends, .. } => {
            let end = |at: usize| {
                let holders = names(&|holder| matches!(holder.what, Held::End(end) if end.index() == at));
                format!("{}: {}", ends[at], if holders.is_empty() { "closed" } else { &holders })
            };
            format!("{}; {}", end(0), end(1))
        }
        ObjectKind::Link { .. } => format!("used by {}", names(&|_| true)),
        _ if most == 0 => format!("{} hold", names(&|_| true)),
        _ => format!("held by {}", names(&|_| true)),
    }
}

/// Every name once, in the order of their coming.
fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for name in names {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

/// So many of the first names, and how many more there are; without any, only their number.
fn named_up_to(most: usize, names: &[String]) -> String {
    match names.len().checked_sub(most).filter(|&more| more > 0) {
        Some(more) if most == 0 => more.to_string(),
        Some(more) => format!("{} +{more}", names[..most].join(", ")),
        None => names.join(", "),
    }
}

type Line = Vec<(String, Role)>;

/// Everything that is known of an object.
pub(in crate::tui::panes) fn object_lines(id: ObjectId, columns: u16, state: &State, theme: &Theme) -> Vec<Line> {
    let Some(object) = state.objects.get(id) else { return Vec::new() };
    let mut lines = vec![
        vec![(object.spec.name.to_string(), Role::Strong), (format!("   {}", kind(&object.spec.kind)), Role::Dim)],
        vec![(level(object), Role::Text)],
        vec![(through(object), Role::Dim)],
    ];
    part("WAITING", object.waiters.iter().map(|waiter| waiter_line(waiter, state)), &mut lines);
    part("HOLDING", object.holders.iter().map(|holder| holder_line(holder, object, state)), &mut lines);
    match &object.content {
        Content::Queue { items } => values("IN IT, THE NEXT FIRST", items.iter(), columns, theme, &mut lines),
        Content::Pipe { arrived } => {
            let ObjectKind::Pipe { ends, .. } = &object.spec.kind else { return lines };
            for (end, arrived) in ends.iter().zip(arrived) {
                values(&format!("WAITING AT {end}"), arrived.iter(), columns, theme, &mut lines);
            }
        }
        Content::Semaphore { .. } | Content::Event { .. } | Content::Link { .. } => {}
    }
    lines
}

fn kind(kind: &ObjectKind) -> String {
    match kind {
        ObjectKind::Queue { capacity: Some(capacity) } => format!("queue for {capacity}"),
        ObjectKind::Queue { capacity: None } => "queue without an end".to_owned(),
        ObjectKind::Pipe { ways: Ways::Both, .. } => "pipe, both ways".to_owned(),
        ObjectKind::Pipe { ends, ways: Ways::SecondToFirst } => format!("pipe from {} to {}", ends[1], ends[0]),
        ObjectKind::Semaphore { value, bound: Bound::Plain } => format!("semaphore of {value}"),
        ObjectKind::Semaphore { value, bound: Bound::Bounded } => format!("bounded semaphore of {value}"),
        ObjectKind::Event { .. } => "event".to_owned(),
        ObjectKind::Link { bytes_per_s } => format!("link of {}/s", bytes(*bytes_per_s)),
    }
}

fn through(object: &Object) -> String {
    let traffic = &object.traffic;
    let what = match object.spec.kind {
        ObjectKind::Queue { .. } | ObjectKind::Pipe { .. } => "messages",
        ObjectKind::Semaphore { .. } => "permits taken",
        ObjectKind::Event { .. } => "times set",
        ObjectKind::Link { .. } => "transfers",
    };
    let mut text = format!("{} {what}", count(traffic.messages));
    // Writing to a String cannot fail.
    if traffic.bytes > 0 {
        let _ = write!(text, ", {}", bytes(traffic.bytes));
    }
    if traffic.messages_per_s > 0.0 {
        let _ = write!(text, "; now {}, {}", per_s(traffic.messages_per_s), bytes_per_s(traffic.bytes_per_s));
    }
    text
}

fn waiter_line(waiter: &Waiter, state: &State) -> Line {
    vec![
        (format!("  {}", who(waiter.task, waiter.thread, state)), Role::Text),
        (format!("  {} {}", waiter.call.verb(), waited(waiter.since, state.now)), Role::Blocked),
        (seat_of(waiter.task, state), Role::Dim),
    ]
}

fn holder_line(holder: &Holder, object: &Object, state: &State) -> Line {
    let what = match (holder.what, &object.spec.kind) {
        (Held::Permits(1), _) => "1 permit".to_owned(),
        (Held::Permits(permits), _) => format!("{permits} permits"),
        (Held::End(end), ObjectKind::Pipe { ends, .. }) => format!("the end {}", ends[end.index()]),
        (Held::End(_), _) => "an end".to_owned(),
        (Held::Transfer { bytes_per_s }, _) => format!("{}/s", bytes(bytes_per_s)),
    };
    vec![
        (format!("  {}", title(holder.task, state)), Role::Text),
        (format!("  {what}, for {}", waited(holder.since, state.now)), Role::Dim),
        (seat_of(holder.task, state), Role::Dim),
    ]
}

/// Where the task is.
fn seat_of(task: TaskId, state: &State) -> String {
    let worker = state.task(task).and_then(|record| record.worker).and_then(|worker| state.workers.get(worker));
    match worker {
        Some(worker) if worker.role.is_in_parent() => "   in the parent".to_owned(),
        Some(worker) => format!("   worker {}", super::seat(worker)),
        None => String::new(),
    }
}

fn part(heading: &str, rows: impl ExactSizeIterator<Item = Line>, lines: &mut Vec<Line>) {
    let count = rows.len();
    if count == 0 {
        return;
    }
    lines.extend([Vec::new(), vec![(format!("{heading} {count}"), Role::Heading)]]);
    lines.extend(rows.take(LISTED_MAX));
    if count > LISTED_MAX {
        lines.push(vec![(format!("  and {} more", count - LISTED_MAX), Role::Dim)]);
    }
}

fn values<'a>(
    heading: &str,
    values: impl ExactSizeIterator<Item = &'a Value>,
    columns: u16,
    theme: &Theme,
    lines: &mut Vec<Line>,
) {
    let count = values.len();
    if count == 0 {
        return;
    }
    lines.extend([Vec::new(), vec![(format!("{heading} {count}"), Role::Heading)]]);
    let room = usize::from(columns).saturating_sub(2).min(VALUE_COLUMNS);
    for value in values.take(VALUES_MAX) {
        let text = value.to_string();
        let text = middle_cut(&sanitized(&text), room, theme.glyphs().ellipsis);
        lines.push(vec![(format!("  {text}"), Role::Text)]);
    }
    if count > VALUES_MAX {
        lines.push(vec![(format!("  and {} more", count - VALUES_MAX), Role::Dim)]);
    }
}
