//! The detail pane: one task with its work, every attempt, and what it printed last. PURE.
//! It does not know where the whole output is kept.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::event::Elapsed;
use crate::model::{AttemptRecord, Kept, State, Status, Task, Worker};
use crate::task::{CopyBatch, EntryKind, ObjectId, Pid, RawText, Slot, Stream, TaskId, Work};
use crate::text::{fitted, sanitized, width};
use crate::tui::format::{bytes, count, moment, took};
use crate::tui::theme::{Role, Theme};
use crate::tui::viewer::{Channel, DetailOf, Follow, Pane, Viewer};

use super::channels::object_lines;
use super::draw::{Cursor, Frame, frame, hint, in_view, inside, range_words, row, scroll_mark, wrapped};
use super::tasks::{attempt_of, is_held, role};
use super::waits::{seat, wait_words, waited};

/// How many entries of a copy are named.
const ENTRIES_NAMED_MAX: usize = 100;

/// How many threads are named.
const THREADS_NAMED_MAX: usize = 50;

/// Draws the pane.
pub fn render(area: Rect, buf: &mut Buffer, state: &State, viewer: &Viewer, theme: &Theme) {
    let subject = subject(state, viewer);
    let inner = inside(area);
    let lines = lines_of(&subject, inner.width, state, viewer, theme);
    let shown = in_view(lines.len(), inner.height, viewer.detail_scroll, None);
    let range = range_words(&shown, lines.len());
    let (beside, why) = match &subject {
        Subject::Task(id, Why::Chosen) => (format!("task {id}"), ""),
        Subject::Task(id, Why::FailedLast) => (format!("task {id}"), "failed last"),
        Subject::Task(id, Why::RunsLongest) => (format!("task {id}"), "runs longest"),
        Subject::Worker(worker) if worker.role.is_in_parent() => ("the parent".to_owned(), ""),
        Subject::Worker(worker) => (format!("worker {}", seat(worker)), ""),
        Subject::Object(id) => {
            (state.objects.get(*id).map(|object| object.spec.kind.word().to_owned()).unwrap_or_default(), "")
        }
        Subject::Nothing(_) => (String::new(), ""),
    };
    let extra = if why.is_empty() { range } else { why.to_owned() };
    frame(buf, area, &Frame { pane: Pane::Detail, title: "Detail", beside: &beside, extra: &extra }, viewer, theme);
    if let Subject::Nothing(what_to_do) = subject {
        hint(buf, inner, what_to_do, theme);
    }
    for (line, spans) in (0_u16..).zip(&lines[shown.clone()]) {
        let mut cursor = Cursor::new(buf, row(inner, line), 0);
        for (text, role) in spans {
            cursor.text(text, theme.style(*role));
        }
    }
    scroll_mark(buf, area, inner, lines.len(), &shown, theme);
}

/// The attempt whose kept output belongs to what is shown, if that has ended.
pub fn output_wanted(state: &State, viewer: &Viewer) -> Option<(TaskId, u16)> {
    let Subject::Task(id, _) = subject(state, viewer) else { return None };
    let task = state.task(id)?;
    let ended = !task.status.is_in_flight() && task.attempts > 0;
    (ended && matches!(task.spec.work, Work::Command(_))).then_some((id, task.attempts))
}

/// How many lines there are to scroll through in a pane of that width.
pub fn len(area: Rect, state: &State, viewer: &Viewer, theme: &Theme) -> usize {
    lines_of(&subject(state, viewer), inside(area).width, state, viewer, theme).len()
}

fn lines_of(subject: &Subject<'_>, columns: u16, state: &State, viewer: &Viewer, theme: &Theme) -> Vec<Line> {
    match subject {
        Subject::Task(id, _) => task_lines(*id, columns, state, viewer, theme),
        Subject::Worker(worker) => worker_lines(worker, state),
        Subject::Object(id) => object_lines(*id, columns, state, theme),
        Subject::Nothing(_) => Vec::new(),
    }
}

/// What the detail is of.
enum Subject<'a> {
    Task(TaskId, Why),
    Worker(&'a Worker),
    Object(ObjectId),
    /// Nothing, and what the viewer could do.
    Nothing(&'static str),
}

/// Why this task is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Chosen,
    FailedLast,
    RunsLongest,
}

/// The selected task, or that of the selected worker, whichever belongs to the focused pane; without either, something telling.
fn subject<'a>(state: &'a State, viewer: &Viewer) -> Subject<'a> {
    let task = viewer.task.filter(|&id| state.task(id).is_some());
    let worker = viewer.worker.and_then(|id| state.workers.get(id));
    if viewer.focus == Pane::Channels || (viewer.focus == Pane::Detail && viewer.detail_of == DetailOf::Channel) {
        match viewer.channel {
            Some(Channel::Object(id)) if state.objects.get(id).is_some() => return Subject::Object(id),
            Some(Channel::Wire(id)) => {
                if let Some(worker) = state.workers.get(id) {
                    return Subject::Worker(worker);
                }
            }
            _ => {}
        }
    }
    let by_worker = matches!(viewer.focus, Pane::Workers | Pane::Timeline);
    match (task, worker) {
        (Some(task), None) => return Subject::Task(task, Why::Chosen),
        (Some(task), Some(_)) if !by_worker => return Subject::Task(task, Why::Chosen),
        (_, Some(worker)) => {
            return match super::workers::task_of(worker) {
                Some(task) => Subject::Task(task, Why::Chosen),
                None => Subject::Worker(worker),
            };
        }
        (None, None) => {}
    }
    if viewer.follow == Follow::Live {
        if let Some(&failed) = state.failed.back() {
            return Subject::Task(failed, Why::FailedLast);
        }
        // The parent's own program runs longest by its nature, and tells least.
        let of_work = |worker: &&Worker| !worker.role.is_in_parent();
        let running = state.workers.iter().filter(of_work).filter_map(|worker| worker.running);
        if let Some(longest) = running.min_by_key(|running| running.began_active) {
            return Subject::Task(longest.task, Why::RunsLongest);
        }
    }
    if state.tasks.is_empty() {
        Subject::Nothing("a task's work, attempts and output are shown here once there is one")
    } else if state.has_unfinished() {
        Subject::Nothing("select a task to see its work, attempts and output")
    } else {
        Subject::Nothing("no task has failed; select one to see its work, attempts and output")
    }
}

type Line = Vec<(String, Role)>;

fn task_lines(id: TaskId, columns: u16, state: &State, viewer: &Viewer, theme: &Theme) -> Vec<Line> {
    let Some(task) = state.task(id) else { return Vec::new() };
    let mut lines: Vec<Line> = Vec::new();
    for text in wrapped(&task.spec.title(), columns, theme) {
        lines.push(vec![(text, Role::Strong)]);
    }
    lines.push(status_line(id, task, state, theme));
    if let Some(failure) = state.failure(id).filter(|_| task.status != Status::Done) {
        let look = if task.status == Status::Failed { Role::Failed } else { Role::Draining };
        for text in wrapped(&failure.to_string(), columns, theme) {
            lines.push(vec![(text, look)]);
        }
    }
    if let Some(value) = state.results.get(&id) {
        labelled("value", &value.to_string(), columns, theme, &mut lines);
    }
    work_lines(task, columns, theme, &mut lines);
    thread_lines(id, task, columns, state, theme, &mut lines);
    attempt_lines(id, task, columns, state, theme, &mut lines);
    output_lines(id, task, state, viewer, theme, &mut lines);
    lines
}

fn status_line(id: TaskId, task: &Task, state: &State, theme: &Theme) -> Line {
    let blocked = is_held(task) && state.blocked(id).is_some();
    let mut line = vec![if blocked {
        (format!("{} blocked", theme.glyphs().blocked), Role::Blocked)
    } else {
        (format!("{} {}", theme.glyphs().status(task.status), task.status.word()), role(task.status))
    }];
    if task.attempts > 0 {
        line.push((format!("   attempt {}", attempt_of(id, task, state)), Role::Text));
    }
    if let Some(spent) = task.took(state.now) {
        line.push((format!("   {}", took(spent)), Role::Text));
    }
    if let Some(share) = state.task_share(id).filter(|_| task.status.is_in_flight()) {
        line.push((format!("   {}", crate::tui::format::percent(share)), Role::Text));
    }
    let amount = task.spec.work.bytes();
    if amount > 0 {
        line.push((format!("   {}", bytes(amount)), Role::Dim));
    }
    if task.spec.stage.0 > 0 {
        line.push((format!("   stage {}", u16::from(task.spec.stage.0) + 1), Role::Dim));
    }
    line
}

/// What is done for the task, where its title does not say it all.
fn work_lines(task: &Task, columns: u16, theme: &Theme, lines: &mut Vec<Line>) {
    match &task.spec.work {
        Work::Nothing | Work::Sleep { .. } | Work::Steps(_) => {}
        Work::Download(download) => {
            let secs = Elapsed(0).plus_ms(download.duration_ms).secs();
            lines.push(vec![(format!("simulated download of {secs:.1} s"), Role::Dim)]);
        }
        Work::Command(command) => {
            if task.spec.name.is_some() {
                labelled("run", &command.title(), columns, theme, lines);
            }
        }
        Work::Copy(batch) => copy_lines(batch, columns, theme, lines),
    }
}

/// The threads of a function, and what each is at.
fn thread_lines(id: TaskId, task: &Task, columns: u16, state: &State, theme: &Theme, lines: &mut Vec<Line>) {
    let threads = state.threads.of(id);
    if threads.is_empty() || !task.status.is_in_flight() {
        return;
    }
    lines.extend([Vec::new(), vec![("THREADS".to_owned(), Role::Heading)]]);
    let longest = threads.iter().map(|thread| width(&thread.name)).max().unwrap_or(0).min(16);
    for thread in threads.iter().take(THREADS_NAMED_MAX) {
        let name = fitted(&sanitized(&thread.name), longest, theme.glyphs().ellipsis);
        let (words, look) = match &thread.wait {
            Some(wait) if wait.blocked => (format!("blocked in {}", wait_words(id, wait, state)), Role::Blocked),
            Some(wait) => (format!("asks, {}", waited(wait.since, state.now)), Role::Dim),
            None => ("runs".to_owned(), Role::Running),
        };
        let room = usize::from(columns).saturating_sub(longest + 2);
        let words = crate::text::middle_cut(&sanitized(&words), room, theme.glyphs().ellipsis);
        lines.push(vec![(format!("{name}  "), Role::Text), (words, look)]);
    }
    if let Some(more) = threads.len().checked_sub(THREADS_NAMED_MAX).filter(|&more| more > 0) {
        lines.push(vec![(format!("and {more} more"), Role::Dim)]);
    }
}

fn copy_lines(batch: &CopyBatch, columns: u16, theme: &Theme, lines: &mut Vec<Line>) {
    let path = |root: &RawText| match batch.folder.0.as_slice() {
        b"" => root.lossy().into_owned(),
        _ => format!("{}/{}", root.lossy().trim_end_matches('/'), batch.folder.lossy()),
    };
    labelled("from", &path(&batch.roots.source), columns, theme, lines);
    labelled("to", &path(&batch.roots.target), columns, theme, lines);
    for entry in batch.entries.iter().take(ENTRIES_NAMED_MAX) {
        let kind = match &entry.kind {
            EntryKind::File(seen) => bytes(seen.bytes),
            EntryKind::Symlink => "link".to_owned(),
            EntryKind::HardLink { .. } => "hard link".to_owned(),
            EntryKind::FolderDone => "folder".to_owned(),
        };
        lines.push(vec![(format!("{kind:>9}  "), Role::Dim), (entry.name.lossy().into_owned(), Role::Text)]);
    }
    if let Some(more) = batch.entries.len().checked_sub(ENTRIES_NAMED_MAX).filter(|&more| more > 0) {
        lines.push(vec![(format!("           and {more} more"), Role::Dim)]);
    }
}

fn labelled(label: &str, text: &str, columns: u16, theme: &Theme, lines: &mut Vec<Line>) {
    const LABEL_COLUMNS: u16 = 6;
    for (at, text) in wrapped(text, columns.saturating_sub(LABEL_COLUMNS), theme).into_iter().enumerate() {
        let label = if at == 0 { label } else { "" };
        lines.push(vec![(fitted(label, LABEL_COLUMNS.into(), ""), Role::Dim), (text, Role::Text)]);
    }
}

/// The attempts that failed, then the present or the good one.
fn attempt_lines(id: TaskId, task: &Task, columns: u16, state: &State, theme: &Theme, lines: &mut Vec<Line>) {
    let failed = state.failures.get(&id).map_or(&[][..], Vec::as_slice);
    let present = task.status.is_in_flight() || task.status == Status::Done;
    if failed.is_empty() && !present {
        return;
    }
    lines.push(Vec::new());
    lines.push(vec![("TRY WORKER     PID    BEGAN   TIME  ENDED".to_owned(), Role::Heading)]);
    let room = columns.saturating_sub(37);
    for record in failed {
        let took = took(record.ended.since(record.started));
        let AttemptRecord { attempt, slot, pid, started, .. } = **record;
        let mut line = attempt_line(attempt, Some(slot), pid, started, &took);
        let why = sanitized(&record.failure.to_string()).into_owned();
        let cut = crate::text::middle_cut(&why, room.into(), theme.glyphs().ellipsis);
        line.push((cut, Role::Failed));
        lines.push(line);
    }
    if present {
        let slot = task.worker.and_then(|worker| state.workers.seat_of(worker));
        let pid = task.worker.and_then(|worker| state.workers.get(worker)).and_then(|worker| worker.pid);
        let took = task.took(state.now).map(took).unwrap_or_default();
        let mut line = attempt_line(task.attempts, slot, pid, task.started, &took);
        line.push((task.status.word().to_owned(), role(task.status)));
        lines.push(line);
    }
}

fn attempt_line(attempt: u16, slot: Option<Slot>, pid: Option<Pid>, began: Elapsed, took: &str) -> Line {
    let slot = slot.map(|slot| slot.to_string()).unwrap_or_default();
    let pid = pid.map(|pid| pid.to_string()).unwrap_or_default();
    let began = moment(began.since(Elapsed(0)));
    vec![(format!("{attempt:>3} {slot:>6} {pid:>7} {began:>8} {took:>6}  "), Role::Text)]
}

/// What was kept of that task's output, where somebody has looked and found something.
fn kept<'a>(id: TaskId, task: &Task, viewer: &'a Viewer) -> Option<&'a Kept> {
    let kept = viewer.replay.as_ref()?.kept.as_deref()?;
    let belongs = kept.task == id && kept.attempt == task.attempts && !task.status.is_in_flight();
    (belongs && !kept.lines.is_empty()).then_some(kept)
}

fn output_lines(id: TaskId, task: &Task, state: &State, viewer: &Viewer, theme: &Theme, lines: &mut Vec<Line>) {
    if let Some(kept) = kept(id, task, viewer) {
        return printed_lines(&kept.lines, kept.skipped, theme, lines);
    }
    let Some(tail) = state.tails.get(id) else {
        if matches!(task.spec.work, Work::Command(_)) && task.attempts > 0 {
            let text = if task.status.is_final() { "no output is kept" } else { "no output yet" };
            lines.extend([Vec::new(), vec![(text.to_owned(), Role::Dim)]]);
        }
        return;
    };
    let printed = tail.lines();
    if printed.is_empty() && tail.skipped == 0 {
        return;
    }
    printed_lines(&printed, tail.skipped, theme, lines);
}

fn printed_lines(printed: &[(Stream, String)], skipped: u64, theme: &Theme, lines: &mut Vec<Line>) {
    let mark = theme.glyphs().alert;
    let has_errors = printed.iter().any(|(stream, _)| *stream == Stream::Stderr);
    let mut title = vec![("OUTPUT".to_owned(), Role::Heading)];
    if has_errors {
        title.push((format!("   {mark} is standard error"), Role::Dim));
    }
    if skipped > 0 {
        title.push((format!("   {} before this are not shown", bytes(skipped)), Role::Dim));
    }
    lines.extend([Vec::new(), title]);
    for (stream, text) in printed {
        let (mark, look) = match stream {
            Stream::Stdout => (" ".repeat(width(mark)), Role::Text),
            Stream::Stderr => (mark.to_owned(), Role::Draining),
        };
        lines.push(vec![(format!("{mark} "), look), (text.clone(), look)]);
    }
}

/// A worker by itself.
fn worker_lines(worker: &Worker, state: &State) -> Vec<Line> {
    let pid = worker.pid.map(|pid| format!(", PID {pid}")).unwrap_or_default();
    let busy = Elapsed(worker.busy_us).secs();
    let there = state.now.since(worker.started).as_secs_f64();
    let name = if worker.role.is_in_parent() { "the parent".to_owned() } else { format!("worker {}", seat(worker)) };
    let mut lines = vec![
        vec![(format!("{name}{pid}"), Role::Strong)],
        vec![(format!("{}, here since {}", worker.word(), moment(worker.started.since(Elapsed(0)))), Role::Text)],
        vec![(
            format!("{} attempts ended, {busy:.1} s of {there:.1} s at work", count(worker.ended.into())),
            Role::Dim,
        )],
    ];
    match super::workers::task_of(worker) {
        Some(task) => lines.push(vec![(format!("at {}", super::waits::title(task, state)), Role::Text)]),
        None => lines.push(vec![("it has no task at the moment".to_owned(), Role::Dim)]),
    }
    if let Some(wire) = state.wires.get(&worker.id) {
        let count = &wire.count;
        lines.extend([Vec::new(), vec![("ITS CONNECTION".to_owned(), Role::Heading)]]);
        for (way, frames, amount) in
            [("to it", count.frames_in, count.bytes_in), ("from it", count.frames_out, count.bytes_out)]
        {
            lines.push(vec![(format!("{way:<8}{frames} frames, {}", bytes(amount)), Role::Text)]);
        }
    }
    lines
}
