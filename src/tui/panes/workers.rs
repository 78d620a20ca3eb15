//! The workers pane: one row a child, what it is at, and what that costs. PURE.
//! It does not know how a worker is started or told to end.

use std::cmp::Ordering;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::model::{Blocked, State, Worker, WorkerState};
use crate::task::{Pid, TaskId, WorkerId};
use crate::text::width as columns_of;
use crate::tui::format::{age, bytes_short, count, percent_whole, share, took};
use crate::tui::theme::{Role, Theme};
use crate::tui::viewer::{Column, Pane, SortOrder, Viewer, WorkerColumn};

use super::Hit;
use super::draw::{Cursor, Frame, Side, frame, heading, hint, in_view, inside, range_words, row, scroll_mark};
use super::waits::{blocked_words, blocked_words_short, seat, talks};

/// The fewest columns for a task's name while other columns can still be left out.
const TASK_COLUMNS_MIN: u16 = 14;

/// The fewest columns a task's name keeps beside what it waits for.
const NAME_COLUMNS_MIN: u16 = 5;

/// The longest a seat's name may be: "12@some-host".
const SEAT_COLUMNS_MAX: u16 = 14;

/// What is left out first when the pane is narrow. Number, PID, state and task always stay.
const LEFT_OUT: [WorkerColumn; 5] =
    [WorkerColumn::Age, WorkerColumn::Ended, WorkerColumn::Memory, WorkerColumn::Cpu, WorkerColumn::Progress];

/// The same for functions, whose name stands with what they wait for, and whose progress is only time.
const LEFT_OUT_TALKING: [WorkerColumn; 5] =
    [WorkerColumn::Age, WorkerColumn::Ended, WorkerColumn::Progress, WorkerColumn::Memory, WorkerColumn::Cpu];

/// See [`LEFT_OUT_TALKING`].
const TALK_COLUMNS_MIN: u16 = 28;

/// Draws the pane.
pub fn render(area: Rect, buf: &mut Buffer, state: &State, viewer: &Viewer, theme: &Theme) {
    let order = order(state, viewer);
    let shown = shown(area, &order, viewer);
    let range = range_words(&shown, order.len());
    let summary = summary(state, theme);
    let extra = if range.is_empty() { summary } else { format!("{summary} {} {range}", theme.glyphs().dot) };
    let inner =
        frame(buf, area, &Frame { pane: Pane::Workers, title: "Workers", beside: "", extra: &extra }, viewer, theme);
    if order.is_empty() {
        hint(buf, inner, nobody(state), theme);
        return;
    }
    let columns = columns(inner.width, state);
    render_heading(inner, buf, &columns, viewer, theme);
    for (line, id) in (1_u16..).zip(&order[shown.clone()]) {
        let Some(worker) = state.workers.get(*id) else { continue };
        render_row(Cursor::new(buf, row(inner, line), 0), &columns, worker, state, theme);
        if viewer.worker == Some(*id) {
            buf.set_style(row(inner, line), theme.style(Role::Selected));
        }
    }
    let list = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    scroll_mark(buf, area, list, order.len(), &shown, theme);
}

/// The workers in the order shown.
pub fn order(state: &State, viewer: &Viewer) -> Vec<WorkerId> {
    let mut workers: Vec<&Worker> = state.workers.iter().collect();
    if viewer.workers.column != WorkerColumn::Slot {
        workers.sort_by(|a, b| compare(a, b, viewer.workers.column, state));
    }
    if viewer.workers.order == SortOrder::Descending {
        workers.reverse();
    }
    workers.into_iter().map(|worker| worker.id).collect()
}

/// How many workers a pane of that height shows.
pub fn rows(area: Rect) -> u16 {
    area.height.saturating_sub(3)
}

/// What is under that cell of the pane.
pub fn hit(area: Rect, at: Position, state: &State, viewer: &Viewer) -> Option<Hit<WorkerColumn, WorkerId>> {
    let inner = inside(area);
    if !inner.contains(at) {
        return None;
    }
    if at.y == inner.y {
        let mut x = inner.x;
        for (column, columns) in columns(inner.width, state) {
            if (x..=x + columns).contains(&at.x) {
                return Some(Hit::Heading(column));
            }
            x += columns + 1;
        }
        return None;
    }
    let order = order(state, viewer);
    let first = shown(area, &order, viewer).start;
    order.get(first + usize::from(at.y - inner.y - 1)).copied().map(Hit::Row)
}

/// The task a worker is at, begun or about to be.
pub(super) fn task_of(worker: &Worker) -> Option<TaskId> {
    worker.running.map(|running| running.task).or_else(|| worker.in_flight.front().copied())
}

/// What the worker's task waits for, if it cannot go on.
pub(super) fn blocked<'a>(worker: &Worker, state: &'a State) -> Option<(TaskId, Blocked<'a>)> {
    let task = task_of(worker)?;
    Some((task, state.blocked(task)?))
}

fn shown(area: Rect, order: &[WorkerId], viewer: &Viewer) -> std::ops::Range<usize> {
    let selected = viewer.worker.and_then(|id| order.iter().position(|&other| other == id));
    in_view(order.len(), rows(area), viewer.workers.top, selected)
}

fn compare(a: &Worker, b: &Worker, column: WorkerColumn, state: &State) -> Ordering {
    let title = |worker: &Worker| task_of(worker).map(|task| (title(state, task), task));
    match column {
        WorkerColumn::Slot => a.slot.cmp(&b.slot),
        WorkerColumn::Pid => a.pid.cmp(&b.pid),
        WorkerColumn::State => word(a, state).cmp(word(b, state)),
        WorkerColumn::Task => title(a).cmp(&title(b)),
        WorkerColumn::Progress => done_share(a).total_cmp(&done_share(b)),
        WorkerColumn::Cpu => a.cpu_percent.total_cmp(&b.cpu_percent),
        WorkerColumn::Memory => a.rss_bytes.cmp(&b.rss_bytes),
        WorkerColumn::Ended => a.ended.cmp(&b.ended),
        WorkerColumn::Age => b.started.cmp(&a.started),
    }
    .then(a.slot.cmp(&b.slot))
}

/// For sorting: unknown is less than nothing.
fn done_share(worker: &Worker) -> f64 {
    worker.running.filter(|running| running.total > 0).map_or(-1.0, |running| share(running.done, running.total))
}

fn title(state: &State, task: TaskId) -> String {
    state.task(task).map(|record| record.spec.title().into_owned()).unwrap_or_default()
}

/// Which columns there are, and how wide. The task's name takes what is left, long bars come after long names.
fn columns(width: u16, state: &State) -> Vec<(WorkerColumn, u16)> {
    let pid_max = state.workers.iter().filter_map(|worker| worker.pid).max().unwrap_or(Pid(0));
    let age_columns = if state.now.secs() < 3600.0 { 5 } else { 8 };
    // Functions have no known end: only their time is told.
    let talks = talks(state);
    let (progress, task) = if talks { (8, TALK_COLUMNS_MIN) } else { (12, TASK_COLUMNS_MIN) };
    let fixed = |column| match column {
        WorkerColumn::Slot => seat_columns(state),
        WorkerColumn::Pid => digits(u64::try_from(pid_max.0).unwrap_or(0)).max(5),
        WorkerColumn::State => 10,
        WorkerColumn::Task => task,
        WorkerColumn::Progress => progress,
        WorkerColumn::Cpu | WorkerColumn::Ended => 5,
        WorkerColumn::Memory => 4,
        WorkerColumn::Age => age_columns,
    };
    let mut columns: Vec<(WorkerColumn, u16)> =
        WorkerColumn::ALL.iter().map(|&column| (column, fixed(column))).collect();
    let taken = |columns: &[(WorkerColumn, u16)]| columns.iter().map(|(_, columns)| columns + 1).sum::<u16>() - 1;
    for left_out in if talks { LEFT_OUT_TALKING } else { LEFT_OUT } {
        if taken(&columns) <= width {
            break;
        }
        if left_out == WorkerColumn::Progress && !talks {
            // The bar goes before the figure does.
            set(&mut columns, WorkerColumn::Progress, 4);
        }
        if left_out != WorkerColumn::Progress || talks || taken(&columns) > width {
            columns.retain(|(column, _)| *column != left_out);
        }
    }
    let surplus = width.saturating_sub(taken(&columns));
    let longer_bar = columns.iter().any(|&(column, width)| column == WorkerColumn::Progress && width > 4);
    // Functions have no known end, but something to wait for.
    let bar = if longer_bar && !talks { (surplus.saturating_sub(12) / 2).min(28) } else { 0 };
    if bar > 0 {
        set(&mut columns, WorkerColumn::Progress, 12 + bar);
    }
    let missing = taken(&columns).saturating_sub(width);
    set(&mut columns, WorkerColumn::Task, (task + surplus - bar).saturating_sub(missing));
    columns
}

/// Seats are numbers, unless their workers are elsewhere or the parent itself.
fn seat_columns(state: &State) -> u16 {
    let (mut last, mut named) = (1, 0);
    for worker in state.workers.iter() {
        if worker.host.is_none() && !worker.role.is_in_parent() {
            last = u64::from(worker.slot.0) + 1;
        } else {
            named = named.max(columns_of(&seat(worker)));
        }
    }
    digits(last).max(u16::try_from(named).unwrap_or(u16::MAX).min(SEAT_COLUMNS_MAX))
}

fn set(columns: &mut [(WorkerColumn, u16)], which: WorkerColumn, width: u16) {
    for (_, columns) in columns.iter_mut().filter(|(column, _)| *column == which) {
        *columns = width;
    }
}

fn digits(number: u64) -> u16 {
    u16::try_from(number.max(1).ilog10() + 1).unwrap_or(1).max(2)
}

fn render_heading(inner: Rect, buf: &mut Buffer, columns: &[(WorkerColumn, u16)], viewer: &Viewer, theme: &Theme) {
    let glyphs = theme.glyphs();
    let mut cursor = Cursor::new(buf, row(inner, 0), 0);
    for &(column, width) in columns {
        let sorted = viewer.workers.column == column;
        // The seats' own order is what everyone expects; it needs no mark.
        let mark = match viewer.workers.order {
            _ if !sorted => None,
            SortOrder::Ascending if column == WorkerColumn::Slot => None,
            SortOrder::Ascending => Some(glyphs.ascending),
            SortOrder::Descending => Some(glyphs.descending),
        };
        let side = match column {
            WorkerColumn::State | WorkerColumn::Task | WorkerColumn::Progress => Side::Left,
            _ => Side::Right,
        };
        let role = if mark.is_some() { Role::HeadingSorted } else { Role::Heading };
        let text = if width < 8 && column == WorkerColumn::Progress { "" } else { column.heading() };
        cursor.text(&heading(text, mark, width, side), theme.style(role)).gap(1);
    }
}

fn render_row(mut cursor: Cursor<'_>, columns: &[(WorkerColumn, u16)], worker: &Worker, state: &State, theme: &Theme) {
    let (glyph, look) = look(worker, state, theme);
    let text = theme.style(Role::Text);
    let dim = theme.style(Role::Dim);
    let sampled = worker.rss_bytes > 0;
    for &(column, width) in columns {
        match column {
            WorkerColumn::Slot if worker.host.is_some() => {
                let seat = crate::text::middle_cut(&seat(worker), width.into(), theme.glyphs().ellipsis);
                cursor.number(&crate::text::sanitized(&seat), width, dim)
            }
            WorkerColumn::Slot => cursor.number(&seat(worker), width, dim),
            WorkerColumn::Pid => match worker.pid {
                Some(pid) => cursor.number(&pid.to_string(), width, text),
                None => cursor.number("-", width, dim),
            },
            WorkerColumn::State => {
                let style = theme.style(look);
                cursor.text(glyph, style).gap(1).name(word(worker, state), width.saturating_sub(2), style, theme)
            }
            WorkerColumn::Task => render_task(&mut cursor, width, worker, state, theme),
            WorkerColumn::Progress => render_progress(&mut cursor, width, worker, state, theme),
            WorkerColumn::Cpu if sampled => cursor.number(&format!("{:.0}%", worker.cpu_percent), width, text),
            WorkerColumn::Memory if sampled => cursor.number(&bytes_short(worker.rss_bytes), width, text),
            WorkerColumn::Cpu | WorkerColumn::Memory => cursor.gap(width),
            WorkerColumn::Ended => cursor.number(&count(worker.ended.into()), width, text),
            WorkerColumn::Age => cursor.number(&age(state.now.since(worker.started)), width, dim),
        };
        cursor.gap(1);
    }
}

fn render_task<'c, 'b>(
    cursor: &'c mut Cursor<'b>,
    width: u16,
    worker: &Worker,
    state: &State,
    theme: &Theme,
) -> &'c mut Cursor<'b> {
    let Some(task) = task_of(worker) else {
        return cursor.name("-", width, theme.style(Role::Dim), theme);
    };
    if word(worker, state) == "blocked"
        && let Some(blocked) = state.blocked(task)
    {
        let columns = |text: &str| u16::try_from(columns_of(text)).unwrap_or(u16::MAX);
        let name = title(state, task);
        if name == seat(worker) {
            // The parent's program is called what its row is called.
            let mut wait = blocked_words(task, &blocked, state);
            if columns(&wait) > width {
                wait = blocked_words_short(&blocked, state);
            }
            return cursor.name(&wait, width, theme.style(Role::Blocked), theme);
        }
        // The wait is what matters now; the name keeps what makes it known.
        let room = width.saturating_sub(columns(&name).min(NAME_COLUMNS_MIN) + 1);
        let mut wait = blocked_words(task, &blocked, state);
        if columns(&wait) > room {
            wait = blocked_words_short(&blocked, state);
        }
        let name_room = width.saturating_sub(columns(&wait).min(room) + 1).min(columns(&name));
        cursor.name(&name, name_room, theme.style(Role::Text), theme).gap(1);
        return cursor.name(&wait, width.saturating_sub(name_room + 1), theme.style(Role::Blocked), theme);
    }
    let behind = worker.in_flight.len().saturating_sub(1);
    let more = if behind == 0 { String::new() } else { format!(" +{behind}") };
    let name = width.saturating_sub(u16::try_from(more.len()).unwrap_or(0));
    cursor.name(&title(state, task), name, theme.style(Role::Text), theme).text(&more, theme.style(Role::Dim))
}

/// A bar where the end is known, the time it has taken where it is not.
fn render_progress<'c, 'b>(
    cursor: &'c mut Cursor<'b>,
    width: u16,
    worker: &Worker,
    state: &State,
    theme: &Theme,
) -> &'c mut Cursor<'b> {
    let Some(task) = task_of(worker) else { return cursor.gap(width) };
    let (_, role) = look(worker, state, theme);
    let bar = width.saturating_sub(5);
    if let Some(running) = worker.running.filter(|running| running.total > 0) {
        let share = share(running.done, running.total);
        if bar > 0 {
            cursor.bar(share, bar, theme.style(role), theme).gap(1);
        }
        return cursor.number(&percent_whole(share), width.min(4), theme.style(Role::Text));
    }
    let spent = state.task(task).and_then(|record| record.took(state.now));
    let spent = spent.map(took).unwrap_or_default();
    let dots = theme.glyphs().running;
    if bar == 0 {
        return cursor.number(dots, width, theme.style(role));
    }
    let start = cursor.left();
    cursor.text(dots, theme.style(role)).number(&spent, 7.min(width - 1), theme.style(Role::Dim));
    let used = start - cursor.left();
    cursor.gap(width.saturating_sub(used))
}

/// The word for a worker's state: in a frozen pool, one with a task is frozen too.
fn word(worker: &Worker, state: &State) -> &'static str {
    match worker.word() {
        "busy" if state.is_paused() => "paused",
        "busy" if blocked(worker, state).is_some() => "blocked",
        word => word,
    }
}

/// How a worker's state looks.
pub(super) fn look(worker: &Worker, state: &State, theme: &Theme) -> (&'static str, Role) {
    let glyphs = theme.glyphs();
    match (word(worker, state), worker.state) {
        ("silent", _) => (glyphs.unknown, Role::Failed),
        ("stopped", _) => (glyphs.paused, Role::Failed),
        ("paused", _) => (glyphs.paused, Role::Paused),
        ("stopping", _) => (glyphs.draining, Role::Draining),
        ("idle", _) => (glyphs.idle, Role::Waiting),
        ("blocked", _) => (glyphs.blocked, Role::Blocked),
        (_, WorkerState::Ready) => (glyphs.busy, Role::Running),
        (_, WorkerState::Starting | WorkerState::Greeting) => (glyphs.starting, Role::Starting),
        (_, WorkerState::Draining(_)) => (glyphs.draining, Role::Draining),
        (_, WorkerState::Leaving) => (glyphs.dot, Role::Waiting),
        (_, WorkerState::Killed) => (glyphs.failed, Role::Lost),
    }
}

/// How many there are in each state, by word, in a fixed order.
fn summary(state: &State, theme: &Theme) -> String {
    const WORDS: [&str; 11] = [
        "busy", "blocked", "idle", "paused", "starting", "draining", "stopping", "leaving", "silent", "stopped",
        "killed",
    ];
    let mut counts = [0_u32; WORDS.len()];
    for worker in state.workers.iter() {
        if let Some(at) = WORDS.iter().position(|&shown| shown == word(worker, state)) {
            counts[at] += 1;
        }
    }
    let parts: Vec<String> = WORDS
        .iter()
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    parts.join(&format!(" {} ", theme.glyphs().dot))
}

fn nobody(state: &State) -> &'static str {
    use crate::event::Phase;
    match state.phase {
        Phase::Ended | Phase::Closing => "all workers have left",
        _ if state.unplanned.given_up => "no worker could be kept alive: see the log",
        _ if state.target == 0 && talks(state) => "no process is there at the moment",
        _ if state.target == 0 => "no worker is wanted: press + to add one",
        _ => "workers are about to start",
    }
}
