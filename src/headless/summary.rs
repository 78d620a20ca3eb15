//! The five lines that stay when a run is over: what was done, what failed and why, how long, how fast, at which sizes. PURE.
//! It does not know whether a screen was there.

use std::fmt::Write as _;
use std::time::Duration;

use crate::event::{PhaseReason, RunKind, Strategy};
use crate::model::{State, Status};
use crate::text::{middle_cut, sanitized};

/// How many failures are named.
const FAILURES_NAMED: usize = 3;

/// How long a task's name may be in the summary.
const NAME_COLUMNS: usize = 60;

/// How many lines there are at most.
const LINES_MAX: usize = 5;

/// At most five lines, safe for a terminal. `record`: where the run is recorded.
pub fn summary(state: &State, record: Option<&str>) -> Vec<String> {
    let title = state.start.as_ref().map_or("", |start| &start.title);
    let mut lines = vec![
        format!("pooltop {}: {}", middle_cut(&sanitized(title), NAME_COLUMNS, "…"), outcome(state)),
        tasks(state),
        failures(state),
        payload(state),
        sizes(state),
    ];
    lines.retain(|line| !line.is_empty());
    if let Some(record) = record.map(sanitized) {
        let has_room = lines.len() < LINES_MAX;
        match lines.last_mut() {
            Some(last) if !has_room => {
                let _ = write!(last, "; recorded {record}");
            }
            _ => lines.push(format!("  recorded   {record}")),
        }
    }
    lines
}

/// The same of a recorded run that was shown. `instead`: what to say of it in the place of how it ended, if it did not.
pub fn summary_of_replay(state: &State, instead: Option<&str>) -> Vec<String> {
    let mut lines = summary(state, None);
    if let Some(first) = lines.first_mut() {
        if let Some(instead) = instead {
            let title = state.start.as_ref().map_or("", |start| &start.title);
            let title = middle_cut(&sanitized(title), NAME_COLUMNS, "…");
            *first = format!("pooltop {title}: {instead} after {}", seconds(Duration::from_micros(state.now.0)));
        }
        first.push_str(" (replayed)");
    }
    lines
}

fn outcome(state: &State) -> String {
    let time = seconds(Duration::from_micros(state.now.0));
    if state.stopped_by == Some(PhaseReason::Stuck) {
        let why = state.verdict.as_ref().map(|verdict| format!(": {}", sanitized(&verdict.text)));
        return format!("stuck{} (after {time})", why.unwrap_or_default());
    }
    if let Some(reason) = &state.recording_failed {
        return format!("recording failed: {}; no new task was started (after {time})", sanitized(reason));
    }
    let word = match state.exit_code() {
        0 => "done",
        1 if state.unplanned.given_up => "given up: workers could not be kept alive",
        1 => "done, with failures",
        _ => "interrupted with work left",
    };
    format!("{word} in {time}")
}

fn tasks(state: &State) -> String {
    let counts = state.counts_of_work();
    if has_no_tasks(state) {
        return "  tasks      none; the parent did it all itself".to_owned();
    }
    let mut line = format!("  tasks      {} of {} done", counts.of(Status::Done), counts.total());
    let others = [
        (counts.of(Status::Failed), "failed"),
        (counts.of(Status::Interrupted), "interrupted"),
        (counts.of(Status::Dropped), "dropped"),
        (counts.waiting() + counts.of(Status::Delayed), "not begun"),
        (state.unplanned.losses, "workers lost"),
    ];
    for (count, word) in others.into_iter().filter(|(count, _)| *count > 0) {
        let _ = write!(line, ", {count} {word}");
    }
    line
}

/// Whether there was nothing but the parent's program.
fn has_no_tasks(state: &State) -> bool {
    state.main.is_some() && state.counts_of_work().total() == 0
}

fn failures(state: &State) -> String {
    if state.failed.is_empty() {
        return skipped(state);
    }
    let named: Vec<String> = state.failed.iter().take(FAILURES_NAMED).filter_map(|&task| named(state, task)).collect();
    let more = state.failed.len().saturating_sub(FAILURES_NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("  failed     {}{more}", named.join("; "))
}

fn named(state: &State, task: crate::task::TaskId) -> Option<String> {
    let record = state.task(task)?;
    let title = record.spec.title();
    let title = middle_cut(&sanitized(&title), NAME_COLUMNS, "…");
    let reason = state.failure(task).map(ToString::to_string).unwrap_or_default();
    Some(format!("{title} ({})", sanitized(&reason)))
}

fn skipped(state: &State) -> String {
    let skipped = &state.skipped;
    let Some(first) = skipped.first.first() else { return String::new() };
    let count = skipped.skipped + skipped.errors;
    let more = if count > 1 { format!("; and {} more", count - 1) } else { String::new() };
    let what = if skipped.skipped > 0 { "skipped" } else { "errors " };
    format!("  {what}    {}{more}", sanitized(first))
}

fn payload(state: &State) -> String {
    if has_no_tasks(state) {
        return String::new();
    }
    let time = state.now.secs().max(1e-6);
    let rate = f64::from(state.counts_of_work().of(Status::Done)) / time;
    let mut line = format!("  rate       {rate:.1} tasks/s");
    if state.bytes_done > 0 {
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let per_second = state.bytes_done as f64 / time;
        let _ = write!(line, ", {}/s", bytes(per_second));
    }
    if state.start.as_ref().is_some_and(|start| start.kind == RunKind::Copy) || state.files_done > 0 {
        #[expect(clippy::cast_precision_loss, reason = "a size for people")]
        let total = bytes(state.bytes_done as f64);
        let _ = write!(line, "; {} files, {total}", state.files_done);
        if state.skipped.skipped > 0 && !state.failed.is_empty() {
            let _ = write!(line, ", {} skipped", state.skipped.skipped);
        }
    }
    line
}

fn sizes(state: &State) -> String {
    let used: Vec<String> = state
        .history
        .by_size()
        .iter()
        .filter(|(size, used)| **size > 0 && used.time_us >= 100_000)
        .map(|(size, used)| format!("{} {:.1}/s", workers(*size), used.tasks_per_s()))
        .collect();
    let strategy = state.start.as_ref().map(|start| start.strategy).unwrap_or_default();
    let was_used = state.pool_used || (strategy == Strategy::Pool && state.main.is_none() && state.tasks.is_empty());
    if used.is_empty() && !was_used {
        let instead = match strategy {
            Strategy::Pool => "",
            Strategy::ProcessEach => "; a process for each task",
            Strategy::Sequential => "; one task after the other in the parent",
        };
        format!("  pool       none{instead}")
    } else if used.is_empty() {
        format!("  pool       {}", workers(state.target))
    } else {
        format!("  pool       {}", used.join(", "))
    }
}

fn workers(count: u32) -> String {
    if count == 1 { "1 worker".to_owned() } else { format!("{count} workers") }
}

/// "4.2 MB": powers of a thousand, as drives and networks count.
fn bytes(count: f64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut unit = 0;
    let mut count = count;
    while count >= 1000.0 && unit + 1 < UNITS.len() {
        count /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{count:.0} B") } else { format!("{count:.1} {}", UNITS[unit]) }
}

fn seconds(time: Duration) -> String {
    let whole = time.as_secs();
    if whole >= 3600 {
        format!("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
    } else if whole >= 60 {
        format!("{}:{:02}", whole / 60, whole % 60)
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}
