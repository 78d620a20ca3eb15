//! The two lines at the top: how the run is, and how far. What does not fit is left out, the least important first. PURE.
//! It does not know the panes below.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::event::{Elapsed, Phase, PhaseReason, Role as WorkerRole, Tuning, Verdict};
use crate::model::{Playback, Source, State, Status, WorkerState};
use crate::text::{end_cut, middle_cut, sanitized, width};
use crate::tui::format::{bytes_of, bytes_per_s, clock, count, eta, moment, per_s, percent, short};
use crate::tui::theme::{Role, Theme};
use crate::tui::viewer::{Follow, Viewer};

use super::draw::Cursor;

/// The fewest columns a cut title is worth showing in.
const TITLE_COLUMNS_MIN: usize = 24;

/// What matters less than the title goes before it does.
const TITLE_IMPORTANCE: u8 = 40;

/// The fewest columns of a gauge that still shows something.
const GAUGE_COLUMNS_MIN: u16 = 8;

/// One fact, and how much would be missed without it.
struct Part {
    importance: u8,
    joined: Joined,
    text: String,
    role: Role,
}

/// How far from the part before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Joined {
    /// A fact of its own.
    Apart,
    /// Goes with the part before, and away with it.
    Close,
}

/// The first line: title, phase, time, workers, queue, what is done and failed.
pub fn render(area: Rect, buf: &mut Buffer, state: &State, viewer: &Viewer, theme: &Theme) {
    let gap: u16 = if area.width < 100 { 2 } else { 3 };
    let mut parts = parts(state, viewer);
    let room = usize::from(area.width.saturating_sub(2));
    let title = state.start.as_ref().map(|start| sanitized(&start.title).into_owned()).unwrap_or_default();
    let taken = |parts: &[Part]| {
        parts.iter().enumerate().map(|(at, part)| width(&part.text) + space(at, part, gap)).sum::<usize>()
    };
    let title_least = if title.is_empty() { 0 } else { width(&title).min(TITLE_COLUMNS_MIN) + usize::from(gap) };
    while taken(&parts) + title_least > room && parts.iter().any(|part| part.importance < TITLE_IMPORTANCE) {
        drop_least(&mut parts);
    }
    while taken(&parts) > room {
        drop_least(&mut parts);
    }
    // The title gives way before any number does, and is cut before it is left out.
    let left = room - taken(&parts);
    let title = if title.is_empty() || left < title_least {
        String::new()
    } else {
        middle_cut(&title, left - usize::from(gap), theme.glyphs().ellipsis)
    };
    let mut cursor = Cursor::new(buf, area, 0);
    cursor.gap(1);
    let titled = usize::from(parts.first().is_some_and(|part| part.role == Role::TitleFocused));
    for (at, part) in parts.iter().enumerate() {
        if at == titled && !title.is_empty() {
            cursor.gap(if at > 0 { 2 } else { 0 }).text(&title, theme.style(Role::Strong)).gap(gap);
        } else {
            cursor.gap(u16::try_from(space(at, part, gap)).unwrap_or(gap));
        }
        cursor.text(&part.text, theme.style(part.role));
    }
}

/// The second line: a gauge, the share, rates, and the time still needed.
pub fn render_gauge(area: Rect, buf: &mut Buffer, state: &State, viewer: &Viewer, theme: &Theme) {
    // Nothing moves, or nothing new will: what is in the way has the line.
    if let Some(text) = alert(state) {
        let room = usize::from(area.width.saturating_sub(4));
        let text = cut(&sanitized(&text), room, theme);
        let style = theme.style(Role::Failed);
        Cursor::new(buf, area, 0).gap(1).text(theme.glyphs().alert, style).gap(1).text(&text, style);
        return;
    }
    let mut facts = facts(state, viewer);
    let taken = |facts: &[Part]| facts.iter().map(|fact| width(&fact.text) + 3).sum::<usize>();
    while facts.len() > 1 && taken(&facts) + usize::from(GAUGE_COLUMNS_MIN) + 2 > usize::from(area.width) {
        drop_least(&mut facts);
    }
    let bar = area.width.saturating_sub(u16::try_from(taken(&facts) + 2).unwrap_or(area.width));
    let role = match state.phase {
        Phase::Ended if matches!(state.exit_code(), 1 | 3) => Role::Failed,
        Phase::Ended | Phase::Closing => Role::Done,
        Phase::Running if !state.is_paused() => Role::Bar,
        _ => Role::Paused,
    };
    let mut cursor = Cursor::new(buf, area, 0);
    cursor.gap(1).bar(share(state), bar, theme.style(role), theme);
    for (at, fact) in facts.iter().enumerate() {
        cursor.gap(if at == 0 { 2 } else { 3 }).text(&fact.text, theme.style(fact.role));
    }
}

/// A sentence cut at its end, where it is missed least.
fn cut(text: &str, columns: usize, theme: &Theme) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let ellipsis = theme.glyphs().ellipsis;
    format!("{}{ellipsis}", end_cut(text, columns.saturating_sub(width(ellipsis))).trim_end())
}

/// How far it is; of a run that is over, how much of it was done.
fn share(state: &State) -> f64 {
    let counts = state.counts_of_work();
    if state.phase < Phase::Closing || counts.total() == 0 {
        return state.progress().share;
    }
    f64::from(counts.of(Status::Done)) / f64::from(counts.total())
}

/// Why nothing can go on, while somebody could still do something about it.
pub(in crate::tui) fn stuck(state: &State) -> Option<&Verdict> {
    state.verdict.as_deref().filter(|_| matches!(state.phase, Phase::Running | Phase::Draining))
}

/// What matters more than how far the run is.
fn alert(state: &State) -> Option<Cow<'_, str>> {
    match (&state.recording_failed, stuck(state)) {
        (Some(reason), _) => Some(format!("recording failed: {reason}; no new task was started").into()),
        (None, verdict) => verdict.map(|verdict| Cow::Borrowed(&*verdict.text)),
    }
}

/// The run's state in one word, and its look.
pub fn phase_word(state: &State) -> (&'static str, Role) {
    match state.phase {
        _ if stuck(state).is_some() => ("STUCK", Role::Failed),
        Phase::Closing | Phase::Ended if state.stopped_by == Some(PhaseReason::Stuck) => ("STUCK", Role::Failed),
        Phase::Running if state.is_paused() => ("PAUSED", Role::Paused),
        Phase::Running => ("RUNNING", Role::Running),
        Phase::Draining => ("DRAINING", Role::Draining),
        Phase::Stopping => ("STOPPING", Role::Draining),
        Phase::Killing => ("KILLING", Role::Failed),
        Phase::Closing | Phase::Ended => match state.exit_code() {
            0 => ("FINISHED", Role::Done),
            1 => ("FAILED", Role::Failed),
            3 => ("NOT RECORDED", Role::Failed),
            _ => ("STOPPED", Role::Draining),
        },
    }
}

fn parts(state: &State, viewer: &Viewer) -> Vec<Part> {
    let mut parts = Vec::with_capacity(12);
    let mut add = |importance, joined, role, text: String| parts.push(Part { importance, joined, text, role });
    let (word, look) = phase_word(state);
    add(1, Joined::Apart, Role::TitleFocused, "pooltop".to_owned());
    if let Some(playback) = &viewer.replay {
        add(98, Joined::Apart, Role::Marker, if playback.is_live() { "REPLAY LIVE" } else { "REPLAY" }.to_owned());
    }
    add(100, Joined::Apart, look, word.to_owned());
    add(60, Joined::Close, Role::Text, clock(state.now.since(Elapsed(0))));
    if viewer.follow == Follow::Frozen {
        add(90, Joined::Apart, Role::Marker, "VIEW FROZEN".to_owned());
    }
    let counts = state.counts_of_work();
    if state.phase < Phase::Closing {
        let pool = Pool::of(state);
        // A run may do without a pool: each task has a process of its own, or the parent does them.
        if pool.own > 0 {
            add(82, Joined::Apart, Role::Text, format!("processes {}", pool.own));
        }
        if pool.is_wanted(state) {
            add(80, Joined::Apart, Role::Text, pool.words());
        }
        if let Some(moving) = pool.moving() {
            add(65, Joined::Close, Role::Draining, moving);
        }
        match state.tuning {
            Tuning::Off => {}
            Tuning::Searching => add(64, Joined::Close, Role::Marker, "tuning".to_owned()),
            Tuning::Settled { workers } => add(64, Joined::Close, Role::Marker, format!("tuned: {workers}")),
        }
        add(50, Joined::Apart, Role::Text, format!("queue {}", count(counts.waiting().into())));
        if state.count(Status::Delayed) > 0 {
            add(20, Joined::Close, Role::Dim, format!("+{} back-off", state.count(Status::Delayed)));
        }
        add(30, Joined::Apart, Role::Text, format!("in flight {}", count(counts.in_flight().into())));
    }
    // More may come: the total is only what is known so far.
    let more = if state.source == Source::Open && state.phase == Phase::Running { "+" } else { "" };
    let done = count(counts.of(Status::Done).into());
    add(95, Joined::Apart, Role::Text, format!("done {done}/{}{more}", count(counts.total().into())));
    if state.count(Status::Failed) > 0 {
        add(97, Joined::Apart, Role::Failed, format!("failed {}", count(state.count(Status::Failed).into())));
    }
    if state.files_total > u64::from(counts.total()) {
        add(15, Joined::Apart, Role::Dim, format!("files {}/{}", count(state.files_done), count(state.files_total)));
    }
    if state.bytes_total > 0 {
        let progress = state.progress();
        add(12, Joined::Apart, Role::Dim, bytes_of(progress.bytes_done, progress.bytes_total));
    }
    if state.policy.speed_milli != 1000 {
        let speed = f64::from(state.policy.speed_milli) / 1000.0;
        add(10, Joined::Apart, Role::Dim, format!("{speed}x"));
    }
    parts
}

/// The pool's size in its separate numbers.
struct Pool {
    actual: u32,
    target: u32,
    starting: u32,
    draining: u32,
    /// Processes that live for one task; they are not of the pool.
    own: u32,
}

impl Pool {
    /// Actual are those that have said hello and have not been told to leave.
    fn of(state: &State) -> Self {
        let mut pool = Self { actual: 0, target: state.target, starting: 0, draining: 0, own: 0 };
        for worker in state.workers.iter() {
            match (worker.role, worker.state) {
                (WorkerRole::Own(_), _) => pool.own += 1,
                (WorkerRole::Pool, WorkerState::Ready) => pool.actual += 1,
                (WorkerRole::Pool, WorkerState::Draining(_)) => {
                    pool.actual += 1;
                    pool.draining += 1;
                }
                (WorkerRole::Pool, WorkerState::Starting | WorkerState::Greeting) => pool.starting += 1,
                (WorkerRole::Pool, WorkerState::Leaving | WorkerState::Killed)
                | (WorkerRole::Parent | WorkerRole::Main, _) => {}
            }
        }
        pool
    }

    /// Whether anybody counts on it: it has workers, or is meant to have them for some task.
    fn is_wanted(&self, state: &State) -> bool {
        let in_parent = state.workers.iter().any(|worker| worker.role.is_in_parent());
        state.pool_used || self.actual + self.starting > 0 || (self.own == 0 && !in_parent && state.main.is_none())
    }

    fn words(&self) -> String {
        if self.actual == self.target {
            format!("workers {}", self.actual)
        } else {
            format!("workers {} -> {}", self.actual, self.target)
        }
    }

    fn moving(&self) -> Option<String> {
        match (self.starting, self.draining) {
            (0, 0) => None,
            (starting, 0) => Some(format!("({starting} starting)")),
            (0, draining) => Some(format!("({draining} draining)")),
            (starting, draining) => Some(format!("({starting} starting, {draining} draining)")),
        }
    }
}

/// Which instant of a recorded run is shown, and when it ends as far as is known.
fn instant(playback: &Playback) -> String {
    let since = |at: Elapsed| moment(at.since(Elapsed(0)));
    format!("at {}/{}", since(playback.position), since(playback.end))
}

fn facts(state: &State, viewer: &Viewer) -> Vec<Part> {
    let mut facts = Vec::with_capacity(4);
    // Each has its columns, so that the gauge's end does not tremble.
    let mut add = |importance, role, text: String| facts.push(Part { importance, joined: Joined::Apart, text, role });
    if state.counts.total() == 0 {
        let text = if state.source == Source::Open { "no task yet" } else { "nothing to do" };
        add(100, Role::Dim, text.to_owned());
        return facts;
    }
    add(100, Role::Strong, format!("{:>7}", percent(share(state))));
    if state.phase >= Phase::Closing {
        let secs = state.active().secs().max(0.001);
        add(60, Role::Text, format!("{} on average", per_s(f64::from(state.counts_of_work().of(Status::Done)) / secs)));
        let took = || format!("took {}", clock(state.now.since(Elapsed(0))));
        add(80, Role::Text, viewer.replay.as_deref().map_or_else(took, instant));
        return facts;
    }
    let rate = state.rate();
    if state.bytes_total > 0 {
        add(70, Role::Text, format!("{:>9}", bytes_per_s(rate.bytes_per_s)));
    }
    add(60, Role::Text, format!("{:>4} tasks/s", short(rate.tasks_per_s)));
    let left = || format!("ETA {:<7}", eta(state.progress().eta));
    add(80, Role::Text, viewer.replay.as_deref().map_or_else(left, instant));
    facts
}

fn space(at: usize, part: &Part, gap: u16) -> usize {
    match (at, part.joined) {
        (0, _) => 0,
        (_, Joined::Apart) => usize::from(gap),
        (_, Joined::Close) => 1,
    }
}

/// Leaves out the least important part, and what goes with it.
fn drop_least(parts: &mut Vec<Part>) {
    let Some((at, _)) = parts.iter().enumerate().min_by_key(|(_, part)| part.importance) else { return };
    parts.remove(at);
    while at > 0 && parts.get(at).is_some_and(|part| part.joined == Joined::Close && part.importance < 60) {
        parts.remove(at);
    }
}
