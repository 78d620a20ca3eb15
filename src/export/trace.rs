//! The run as trace events, Chrome's JSON that Perfetto opens: a track for each seat, what was done there, and counters.
//! It does not know how a viewer shows them. It keeps no more than what is under way, so that a long run is no problem.

mod lane;
mod levels;
mod line;

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead, Write};

use serde_json::json;

use super::ledger::Ledger;
use super::{Broken, Follow, command_line, follow, utc};
use crate::event::{Elapsed, Event, Phase, What};
use crate::journal::{Header, Reader};
use crate::model::{State, WaitOn};
use crate::task::{Outcome, Slot, TaskId, WorkerId};
use crate::text::sanitized;
use lane::{Attempt, Failed, Lane, Stretch};
use levels::Levels;
use line::{Lines, Track};

pub(super) fn write<R: BufRead>(
    header: &Header,
    reader: &mut Reader<R>,
    out: &mut dyn Write,
) -> io::Result<Option<Broken>> {
    let about = json!({
        "run": header.run,
        "command": command_line(header),
        "program": header.program,
        "started": utc::iso(header.started_unix_us),
    });
    write!(out, "{{\"displayTimeUnit\":\"ms\",\"otherData\":{about},\"traceEvents\":[")?;
    let mut trace = Trace {
        lines: Lines::new(out),
        ledger: Ledger::default(),
        lanes: BTreeMap::new(),
        held_until: Elapsed::default(),
        in_doubt: Vec::new(),
        starting: HashMap::new(),
        blocked: HashMap::new(),
        failed: Failed::new(),
        levels: Levels::default(),
    };
    trace.lines.process("pooltop", &header.run.0)?;
    trace.lines.track(Track::Pool, "pool")?;
    let (state, broken) = follow(reader, &mut trace)?;
    trace.finish(&state)?;
    out.write_all(b"\n]}\n")?;
    Ok(broken)
}

struct Trace<'a> {
    lines: Lines<'a>,
    ledger: Ledger,
    lanes: BTreeMap<Slot, Lane>,
    /// When the attempts that lanes hold back ended.
    held_until: Elapsed,
    /// What was under way when the run was cut off.
    in_doubt: Vec<TaskId>,
    /// Workers that come up, and since when.
    starting: HashMap<WorkerId, Elapsed>,
    /// The times in which tasks could not go on, of the attempts under way. The last one may be open.
    blocked: HashMap<TaskId, Vec<Stretch>>,
    failed: Failed,
    levels: Levels,
}

impl Follow for Trace<'_> {
    fn before(&mut self, state: &State, event: &Event) -> io::Result<()> {
        if event.at > self.held_until {
            self.flush()?;
        }
        self.levels.before(event.at, &mut self.lines)?;
        if let What::RunResumed { .. } = event.what {
            self.in_doubt = state.workers.iter().flat_map(|worker| worker.in_flight.iter().copied()).collect();
        }
        self.ledger.before(state, event)
    }

    fn after(&mut self, state: &State, event: &Event) -> io::Result<()> {
        self.ledger.after(state, event)?;
        self.levels.after(event.at, state);
        match &event.what {
            What::RunStarted(start) => self.lines.process(&sanitized(&start.title), "")?,
            What::AttemptEnded { task, outcome: Outcome::Done, .. } => self.ended(state, *task, "done", None)?,
            What::AttemptEnded { task, outcome: Outcome::Failed(failure), .. } => {
                self.ended(state, *task, "failed", Some(failure.to_string()))?;
            }
            What::AttemptLost { task, failure } => self.ended(state, *task, "lost", Some(failure.to_string()))?,
            What::RunResumed { .. } => self.resumed(state, event.at)?,
            other => {
                self.worker(state, event.at, other)?;
                self.moment(state, event.at, other)?;
                self.wait(state, event.at, other);
            }
        }
        Ok(())
    }
}

impl Trace<'_> {
    /// The last word.
    fn finish(&mut self, state: &State) -> io::Result<()> {
        self.flush()?;
        // A journal may end before its run.
        let under_way: Vec<TaskId> =
            state.workers.iter().filter_map(|worker| worker.running.map(|running| running.task)).collect();
        for task in under_way {
            self.hold(state, task, state.now, "running", None)?;
        }
        self.flush()?;
        self.levels.finish(state, &mut self.lines)
    }

    fn flush(&mut self) -> io::Result<()> {
        for lane in self.lanes.values_mut() {
            lane.flush(&mut self.lines, &mut self.failed)?;
        }
        Ok(())
    }

    fn ended(&mut self, state: &State, task: TaskId, outcome: &'static str, failure: Option<String>) -> io::Result<()> {
        self.hold(state, task, state.now, outcome, failure)
    }

    /// An attempt that lasted until then.
    fn hold(
        &mut self,
        state: &State,
        task: TaskId,
        until: Elapsed,
        outcome: &'static str,
        failure: Option<String>,
    ) -> io::Result<()> {
        let Some(record) = state.task(task) else { return Ok(()) };
        let Some((worker, slot)) = record.worker.and_then(|id| Some((id, state.workers.seat_of(id)?))) else {
            return Ok(());
        };
        let track = self.track(state, worker, slot)?;
        let from = self.ledger.began(task);
        let mut blocked = self.blocked.remove(&task).unwrap_or_default();
        if let Some(last) = blocked.last_mut().filter(|last| last.to.is_none()) {
            last.to = Some(until);
        }
        self.held_until = until;
        let attempt = Attempt {
            task,
            name: sanitized(&record.spec.title()).into_owned(),
            number: record.attempts,
            outcome,
            failure: failure.map(|failure| sanitized(&failure).into_owned()),
            bytes: record.bytes,
            worker,
            pid: state.workers.get(worker).and_then(|worker| worker.pid),
            from,
            to: until,
            blocked,
        };
        self.lanes.entry(slot).or_insert_with(|| Lane::new(track)).hold(attempt);
        Ok(())
    }

    /// A seat's track; it is named when it is first used.
    fn track(&mut self, state: &State, worker: WorkerId, slot: Slot) -> io::Result<Track> {
        let track = Track::Seat(slot);
        if !self.lanes.contains_key(&slot) {
            let name = match slot {
                Slot::MAIN => "the parent's program".into(),
                _ => state.workers.title_of(worker).unwrap_or_else(|| slot.title()),
            };
            self.lines.track(track, &name)?;
            self.lanes.insert(slot, Lane::new(track));
        }
        Ok(track)
    }

    /// The run was cut off and goes on: what was under way is in doubt, nobody came back from there.
    fn resumed(&mut self, state: &State, at: Elapsed) -> io::Result<()> {
        for task in std::mem::take(&mut self.in_doubt) {
            let failure = crate::task::Failure::InDoubt.to_string();
            self.hold(state, task, at, "in doubt", Some(failure))?;
        }
        self.blocked.clear();
        self.starting.clear();
        self.lines.instant(Track::Pool, at, "the run goes on", None)
    }

    /// Workers coming up, and going unasked.
    fn worker(&mut self, state: &State, at: Elapsed, what: &What) -> io::Result<()> {
        match what {
            What::WorkerStarting { worker, .. } => {
                self.starting.insert(*worker, at);
            }
            What::WorkerReady { worker, pid, .. } => {
                let Some(slot) = state.workers.seat_of(*worker) else { return Ok(()) };
                let track = self.track(state, *worker, slot)?;
                let from = self.starting.remove(worker).unwrap_or(at);
                if !slot.is_in_parent() {
                    let pid = pid.or_else(|| state.workers.get(*worker)?.pid);
                    self.lines.start_up(track, from, at, worker.0, pid)?;
                }
            }
            What::WorkerKilled { worker, reason } => self.lost(state, at, *worker, "killed", reason)?,
            What::WorkerNotSpawned { worker, reason } => self.lost(state, at, *worker, "not started", reason)?,
            What::WorkerExited { worker, how, last_words } => {
                self.starting.remove(worker);
                // A worker that was told to go is no loss; those that were counted as one are told.
                if state.unplanned.losses > self.levels.losses() {
                    let text = if last_words.is_empty() { how.to_string() } else { format!("{how}: {last_words}") };
                    self.lost(state, at, *worker, "lost", &text)?;
                }
            }
            _ => {}
        }
        self.levels.lost(state.unplanned.losses);
        Ok(())
    }

    fn lost(&mut self, state: &State, at: Elapsed, worker: WorkerId, name: &str, reason: &str) -> io::Result<()> {
        let Some(slot) = state.workers.seat_of(worker) else { return Ok(()) };
        let track = self.track(state, worker, slot)?;
        self.lines.instant(track, at, name, Some(&sanitized(reason)))
    }

    /// What happened to the run as a whole.
    fn moment(&mut self, state: &State, at: Elapsed, what: &What) -> io::Result<()> {
        let (name, text) = match what {
            What::TargetSet { workers, by } => {
                let text = format!("by {by:?}").to_lowercase();
                (format!("pool of {workers}"), Some(text))
            }
            What::PoolPaused { .. } => ("paused".to_owned(), None),
            What::PoolResumed { .. } => ("goes on".to_owned(), None),
            What::VerdictReached { verdict } => ("stuck".to_owned(), Some(verdict.text.to_string())),
            What::VerdictLifted => ("not stuck any more".to_owned(), None),
            What::CrashLoopStopped { deaths } => {
                ("no more workers are started".to_owned(), Some(format!("{deaths} died")))
            }
            What::RecordingFailed { reason } => ("recording failed".to_owned(), Some(reason.to_string())),
            What::PhaseEntered { phase, why } if *phase < Phase::Ended => {
                (format!("{phase:?}").to_lowercase(), Some(format!("{why:?}").to_lowercase()))
            }
            What::RunEnded => (format!("ended, exit code {}", state.exit_code()), None),
            _ => return Ok(()),
        };
        self.lines.instant(Track::Pool, at, &name, text.as_deref().map(sanitized).as_deref())
    }

    /// Whether a task is blocked from now on, or goes on.
    fn wait(&mut self, state: &State, at: Elapsed, what: &What) {
        let Some(task) = what.moves_threads_of() else { return };
        let open = self.blocked.get(&task).and_then(|stretches| stretches.last()).is_some_and(|last| last.to.is_none());
        match state.blocked(task) {
            Some(blocked) if !open => {
                let what = match &blocked.wait.on {
                    WaitOn::Call(call) => {
                        let object = call.object().and_then(|id| state.objects.get(id));
                        let on = object.map(|object| format!(" on {}", object.spec.name)).unwrap_or_default();
                        format!("blocked in {}{on}", call.verb())
                    }
                    WaitOn::Lock { name, .. } => format!("blocked in lock {name}"),
                };
                let name = sanitized(&what).into_owned();
                self.blocked.entry(task).or_default().push(Stretch { name, from: at, to: None });
            }
            None if open => {
                if let Some(last) = self.blocked.get_mut(&task).and_then(|stretches| stretches.last_mut()) {
                    last.to = Some(at);
                }
            }
            _ => {}
        }
    }
}
