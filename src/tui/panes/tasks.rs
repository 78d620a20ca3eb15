//! The tasks pane: one row a task, its state, time, and who has it or why it failed. PURE.
//! It does not know how tasks are run; only the rows in view are ever looked at.

mod order;

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::model::{State, Status, Task};
use crate::task::{Failure, Slot, TaskId};
use crate::text::width;
use crate::tui::format::{percent_whole, took};
use crate::tui::theme::{Role, Theme};
use crate::tui::viewer::{Column, Follow, Pane, SortOrder, TaskColumn, Viewer};

use super::Hit;
use super::draw::{Cursor, Frame, Side, frame, heading, hint, in_view, inside, range_words, row, scroll_mark};
use super::waits::{blocked_words, blocked_words_short, seat};

pub use order::{ListCache, TaskOrder, filter, order};

/// The fewest columns a title is shown in.
const TITLE_COLUMNS_MIN: u16 = 12;

/// Draws the pane.
pub fn render(area: Rect, buf: &mut Buffer, state: &State, viewer: &Viewer, theme: &Theme) {
    let order = order(state, viewer);
    let shown = shown(area, &order, state, viewer);
    let typed = filter(viewer);
    let beside = if typed.is_empty() { String::new() } else { format!("/ {typed}") };
    let extra = match (range_words(&shown, order.len()), typed) {
        (range, "") => range,
        (range, _) if range.is_empty() => format!("{} of {}", order.len(), state.tasks.len()),
        (range, _) => range,
    };
    let look = Frame { pane: Pane::Tasks, title: "Tasks", beside: &beside, extra: &extra };
    let inner = frame(buf, area, &look, viewer, theme);
    if order.is_empty() {
        hint(buf, inner, nothing(state, typed), theme);
        return;
    }
    let columns = Columns::of(inner.width, state);
    render_heading(inner, buf, &columns, viewer, theme);
    for (line, at) in (1_u16..).zip(shown.clone()) {
        let Some((id, task)) = order.get(at).and_then(|id| Some((id, state.task(id)?))) else { continue };
        render_row(Cursor::new(buf, row(inner, line), 0), &columns, id, task, state, theme);
        if viewer.task == Some(id) {
            buf.set_style(row(inner, line), theme.style(Role::Selected));
        }
    }
    let list = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    scroll_mark(buf, area, list, order.len(), &shown, theme);
}

/// How many tasks a pane of that height shows.
pub fn rows(area: Rect) -> u16 {
    area.height.saturating_sub(3)
}

/// The first row in view in a pane of that size.
pub fn top(area: Rect, state: &State, viewer: &Viewer) -> usize {
    shown(area, &order(state, viewer), state, viewer).start
}

/// What is under that cell of the pane.
pub fn hit(area: Rect, at: Position, state: &State, viewer: &Viewer) -> Option<Hit<TaskColumn, TaskId>> {
    let inner = inside(area);
    if !inner.contains(at) {
        return None;
    }
    if at.y == inner.y {
        let columns = Columns::of(inner.width, state);
        return columns.heading_at(at.x - inner.x).map(Hit::Heading);
    }
    let order = order(state, viewer);
    let first = shown(area, &order, state, viewer).start;
    order.get(first + usize::from(at.y - inner.y - 1)).map(Hit::Row)
}

/// With nothing selected and the view live, the task begun last stays in view with those that follow it.
fn shown(area: Rect, order: &TaskOrder, state: &State, viewer: &Viewer) -> Range<usize> {
    let rows = rows(area);
    let selected = viewer.task.and_then(|task| order.position(task));
    let edge = match (viewer.follow, viewer.task) {
        (Follow::Live, None) if viewer.tasks.column == TaskColumn::Number => edge(state),
        _ => None,
    };
    match edge.and_then(|edge| order.position(edge)) {
        Some(edge) if viewer.tasks.order == SortOrder::Ascending => {
            in_view(order.len(), rows, (edge + 1).saturating_sub(usize::from(rows) * 2 / 3), None)
        }
        Some(edge) => in_view(order.len(), rows, edge.saturating_sub(usize::from(rows) / 3), None),
        None => in_view(order.len(), rows, viewer.tasks.top, selected),
    }
}

/// The task furthest on in the queue's order that a worker is at; before that, none; in the end, the last.
fn edge(state: &State) -> Option<TaskId> {
    let at_work = state.workers.iter().filter_map(super::workers::task_of).max();
    let last = || u32::try_from(state.tasks.len()).ok()?.checked_sub(1).map(TaskId);
    at_work.or_else(|| if state.has_unfinished() { None } else { last() })
}

/// How wide each column is; 0: left out.
struct Columns {
    number: u16,
    title: u16,
    status: u16,
    took: u16,
    attempts: u16,
    remark: u16,
}

impl Columns {
    fn of(width: u16, state: &State) -> Self {
        let number = u16::try_from(state.tasks.len().max(1).ilog10() + 1).unwrap_or(1).max(2);
        let status = if state.count(Status::Interrupted) > 0 { 13 } else { 10 };
        let took = if width >= 50 { 6 } else { 0 };
        let attempts = if width >= 76 { 7 } else { 0 };
        let fixed: u16 = [number, status, took, attempts].iter().filter(|&&columns| columns > 0).map(|c| c + 1).sum();
        let left = width.saturating_sub(fixed);
        let remark = if left >= TITLE_COLUMNS_MIN + 11 { (left / 2).max(10) } else { 0 };
        let title = left.saturating_sub(if remark > 0 { remark + 1 } else { 0 });
        Self { number, title, status, took, attempts, remark }
    }

    fn all(&self) -> [(TaskColumn, u16); 5] {
        [
            (TaskColumn::Number, self.number),
            (TaskColumn::Title, self.title),
            (TaskColumn::Status, self.status),
            (TaskColumn::Took, self.took),
            (TaskColumn::Attempts, self.attempts),
        ]
    }

    fn heading_at(&self, column: u16) -> Option<TaskColumn> {
        let mut start = 0;
        for (heading, columns) in self.all().into_iter().filter(|(_, columns)| *columns > 0) {
            start += columns + 1;
            if column < start {
                return Some(heading);
            }
        }
        None
    }
}

fn render_heading(inner: Rect, buf: &mut Buffer, columns: &Columns, viewer: &Viewer, theme: &Theme) {
    let glyphs = theme.glyphs();
    let mut cursor = Cursor::new(buf, row(inner, 0), 0);
    for (column, width) in columns.all().into_iter().filter(|(_, width)| *width > 0) {
        let sorted = viewer.tasks.column == column;
        let mark = match viewer.tasks.order {
            _ if !sorted => None,
            SortOrder::Ascending if column == TaskColumn::Number => None,
            SortOrder::Ascending => Some(glyphs.ascending),
            SortOrder::Descending => Some(glyphs.descending),
        };
        let side = match column {
            TaskColumn::Number | TaskColumn::Took => Side::Right,
            TaskColumn::Title | TaskColumn::Status | TaskColumn::Attempts => Side::Left,
        };
        let role = if mark.is_some() { Role::HeadingSorted } else { Role::Heading };
        cursor.text(&heading(column.heading(), mark, width, side), theme.style(role)).gap(1);
    }
    if columns.remark >= 16 {
        cursor.text("WORKER OR REASON", theme.style(Role::Heading));
    }
}

fn render_row(mut cursor: Cursor<'_>, columns: &Columns, id: TaskId, task: &Task, state: &State, theme: &Theme) {
    let blocked = is_held(task).then(|| state.blocked(id)).flatten();
    let role = if blocked.is_some() { Role::Blocked } else { role(task.status) };
    // What is over or has not begun steps back, so that what goes on can be seen.
    let quiet = matches!(task.status, Status::Done | Status::Waiting | Status::Dropped);
    let text = theme.style(if quiet { Role::Dim } else { Role::Text });
    cursor.number(&id.to_string(), columns.number, theme.style(Role::Dim)).gap(1);
    cursor.name(&task.spec.title(), columns.title, text, theme).gap(1);
    let style = theme.style(role);
    let word = columns.status.saturating_sub(2);
    let (glyph, status) = match blocked {
        Some(_) => (theme.glyphs().blocked, "blocked"),
        None => (theme.glyphs().status(task.status), task.status.word()),
    };
    cursor.text(glyph, style).gap(1).name(status, word, style, theme).gap(1);
    if columns.took > 0 {
        let spent = task.took(state.now).map(took).unwrap_or_default();
        cursor.number(&spent, columns.took, text).gap(1);
    }
    if columns.attempts > 0 {
        let attempts = if task.attempts == 0 { String::new() } else { attempt_of(id, task, state) };
        cursor.name(&attempts, columns.attempts, text, theme).gap(1);
    }
    if columns.remark > 0 {
        if let Some(blocked) = blocked {
            let mut words = blocked_words(id, &blocked, state);
            if width(&words) > usize::from(columns.remark) {
                words = blocked_words_short(&blocked, state);
            }
            cursor.name(&words, columns.remark, theme.style(Role::Blocked), theme);
            return;
        }
        let role = if task.status == Status::Failed { Role::Failed } else { Role::Dim };
        cursor.name(&remark(id, task, state, columns), columns.remark, theme.style(role), theme);
    }
}

/// Whether a worker is at it, so that it can be blocked.
pub(super) fn is_held(task: &Task) -> bool {
    matches!(task.status, Status::Sent | Status::Running)
}

/// The look of a status.
pub(super) fn role(status: Status) -> Role {
    match status {
        Status::Waiting | Status::Sent | Status::Dropped => Role::Waiting,
        Status::Running | Status::Undecided => Role::Running,
        Status::Paused => Role::Paused,
        Status::Stopping | Status::Interrupted | Status::Delayed => Role::Draining,
        Status::Done => Role::Done,
        Status::Failed => Role::Failed,
    }
}

/// "2/3": which attempt of how many there may be.
pub(super) fn attempt_of(id: TaskId, task: &Task, state: &State) -> String {
    let retries = match state.failure(id) {
        Some(Failure::WorkerLost { .. } | Failure::InDoubt) => state.policy.retries.max(state.policy.loss_retries),
        _ => state.policy.retries,
    };
    let most = retries.saturating_add(1).saturating_add(task.forgiven.into());
    format!("{}/{}", task.attempts, most.max(task.attempts.into()))
}

/// Who has it, or why it failed. What is said elsewhere or does not fit is left out; a reason is cut, not left out.
fn remark(id: TaskId, task: &Task, state: &State, columns: &Columns) -> String {
    let attempt = || format!("attempt {}", attempt_of(id, task, state));
    let again = (task.attempts > 1 && columns.attempts == 0).then(attempt);
    let seat = task.worker.and_then(|worker| state.workers.seat_of(worker));
    let on = match seat.and_then(|slot| state.workers.at(slot)).filter(|worker| Some(worker.id) == task.worker) {
        Some(worker) if worker.role.is_in_parent() => Some("in the parent".to_owned()),
        Some(worker) => Some(format!("worker {}", self::seat(worker))),
        None if seat.is_some_and(Slot::is_in_parent) => Some("in the parent".to_owned()),
        None => seat.map(|seat| format!("worker {seat}")),
    };
    let facts = match task.status {
        Status::Waiting => [(task.attempts > 0).then(|| "to be tried again".to_owned()), None, again],
        Status::Done => [on, None, again],
        Status::Sent => [on, Some("next".to_owned()), again],
        Status::Running | Status::Paused | Status::Stopping => {
            let share = state.task_share(id).map(|share| percent_whole(share).trim_start().to_owned());
            [on, share, again]
        }
        Status::Dropped => [Some("before it began".to_owned()), None, None],
        Status::Delayed | Status::Undecided | Status::Failed | Status::Interrupted => {
            let why = state.failure(id).map(ToString::to_string).unwrap_or_default();
            return match attempt() {
                // The first of one attempt is not worth the room.
                _ if columns.attempts > 0 || (task.attempts <= 1 && attempt_of(id, task, state).ends_with("/1")) => why,
                attempt if width(&why) + width(&attempt) + 2 <= usize::from(columns.remark) => {
                    format!("{why}, {attempt}")
                }
                _ => format!("{why}, {}", attempt_of(id, task, state)),
            };
        }
    };
    let mut text = String::new();
    for fact in facts.into_iter().flatten() {
        if text.is_empty() {
            text = fact;
        } else if width(&text) + width(&fact) + 2 <= usize::from(columns.remark) {
            text.push_str(", ");
            text.push_str(&fact);
        }
    }
    text
}

fn nothing(state: &State, filter: &str) -> &'static str {
    match (state.tasks.is_empty(), filter) {
        (true, _) if state.source == crate::model::Source::Open => "no task yet: the source is still being read",
        (true, _) => "there is nothing to do",
        (false, "failed") => "no task has failed",
        (false, _) => "no task's title or state has that in it: Esc shows all",
    }
}
