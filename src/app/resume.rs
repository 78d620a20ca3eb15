//! `pooltop resume`: goes on with a run that left work, in its own journal.
//! It does not know how a journal is written, nor how tasks are run.

mod again;
mod ask;
mod decide;

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use super::front::{self, Front};
use super::job::Job;
use super::recording::{Begun, Keeping, Place};
use super::{Refusal, asked, complain};
use crate::cli::{InDoubt, Resume};
use crate::clock::Clock;
use crate::event::{Policy, Resumed, Start, Stuck, What};
use crate::headless::Style;
use crate::journal::{self, Entry, Found, Header, Opened, Reader, RealDisk, Reopened, StoreError};
use crate::model::{Source, State};
use crate::pool::{self, ResumedRun};
use crate::task::{Pid, RawText, TaskId};
use crate::text::sanitized;
use crate::worker;
use ask::Doubtful;
use decide::{Decision, Fate, Left, Wanted};

/// How long workers whose parent was killed may take to end.
const LIVE_PATIENCE: Duration = Duration::from_secs(2);

/// How many tasks are named that are taken for failed.
const NAMED_MAX: usize = 20;

/// A run as its journal has it.
struct Past {
    header: Header,
    state: State,
    /// What was told of things that are not done, by whoever looked for work.
    notes: HashSet<Box<str>>,
}

impl Past {
    fn start(&self) -> &Start {
        self.state.start.as_deref().expect("BUG: a run that never began was not refused")
    }
}

/// Does it.
pub(super) fn run(wanted: &Resume) -> Result<u8, Refusal> {
    let found = journal::find(&wanted.run).map_err(|error| refused(&error))?;
    let place = if is_among_runs(&found) { Place::Runs } else { Place::Named };
    let found = absolute(found).map_err(|error| refused(&error))?;
    let written = std::fs::metadata(&found.journal).and_then(|journal| journal.modified()).ok();
    let away_us = written.and_then(|written| written.elapsed().ok());
    let away_us = away_us.and_then(|away| u64::try_from(away.as_micros()).ok());

    let (past, opened) = take_up(&found)?;
    let left = Left::of(&past.state);
    let wants = if wanted.failed_only { Wanted::FailedOnly } else { Wanted::All };
    if left.clone().decide(wants, |_| Fate::Again).is_nothing() && is_all_there(&past, wants) {
        return Ok(nothing_left(&past, left.waiting.len() + left.dropped.len()));
    }
    refuse_what_cannot_be(&past, wants)?;
    let Some(decision) = decided(&past, left, wants, wanted.in_doubt)? else {
        complain("nothing was begun");
        return Ok(super::EXIT_INTERRUPTED);
    };
    if decision.is_nothing() && is_all_there(&past, wants) {
        name_those_in_doubt(
            &past.state,
            &Left::of(&past.state).still_in_doubt,
            "stay in doubt; --in-doubt rerun does them again",
        );
        return Ok(past.state.exit_code());
    }
    let front = front::choose(wanted.flags.progress)?;
    if matches!(front, Front::Headless(Style::Json | Style::None)) {
        // Lines and summaries name them anyway.
        let what = "are taken for failed, for they may have been done; --in-doubt rerun does them again";
        name_those_in_doubt(&past.state, &decision.fail, what);
    }
    // Relative paths, of commands and of lists, mean what they meant.
    let folder = past.header.folder.as_os();
    std::env::set_current_dir(folder).map_err(|error| {
        refused(&format!("enter the folder it was begun in, {}: {error}", Path::new(folder).display()))
    })?;
    let mut job = again::job(&past, &wanted.flags)?;
    // From here on there are threads; signals are to reach the supervisor's descriptor and nothing else.
    pool::block_signals().map_err(|error| Refusal::Internal(anyhow::Error::new(error).context("block signals")))?;
    clear_up(&past, &opened, &decision, &mut job);
    let resumed = resumed(front, &job, &decision, away_us);
    let begun = Box::new(Begun { opened, header: past.header, place });
    let run = ResumedRun { state: past.state, resumed, dropped: decision.left_out };
    front::run_kept(job, front, Keeping::Record(begun), Some(Box::new(run)), None)
}

/// "error: go on with the run: ..."
fn refused(why: &dyn std::fmt::Display) -> Refusal {
    Refusal::usage(&format!("go on with the run: {why}"))
}

/// Whether it is one of those that are listed.
fn is_among_runs(found: &Found) -> bool {
    let listed = journal::runs_folder().map(|folder| journal::in_folder(&folder, &found.id));
    listed.is_ok_and(|listed| {
        let whole = |path: &Path| path.canonicalize().ok();
        whole(&listed.journal).is_some_and(|listed| Some(listed) == whole(&found.journal))
    })
}

/// By it what its commands carry is told from what those of other runs do, wherever this was started.
fn absolute(found: Found) -> std::io::Result<Found> {
    let (journal, output) = (std::path::absolute(&found.journal)?, std::path::absolute(&found.output)?);
    Ok(Found { journal, output, id: found.id })
}

/// Locks the journal and reads it.
fn take_up(found: &Found) -> Result<(Past, Opened), Refusal> {
    let waiting = Clock::start();
    let (state, notes, reopened) = loop {
        let (mut state, mut notes) = (State::new(), HashSet::new());
        let mut visit = |entry: Entry| {
            if let What::Noted { note } = &entry.event.what {
                notes.insert(note.text.clone());
            }
            state.apply(&entry.event).map_err(|error| error.to_string().into())
        };
        match journal::reopen(&RealDisk, found.clone(), &mut visit) {
            Err(StoreError::Live(_)) if waiting.elapsed() < LIVE_PATIENCE => {}
            Err(StoreError::Live(_)) => {
                let who = pid_of(found).map(|pid| format!(" (PID {pid})")).unwrap_or_default();
                return Err(refused(&format!("it still goes on{who}; pooltop replay {} follows it", found.id)));
            }
            Err(error) => return Err(refused(&error)),
            Ok(reopened) => break (state, notes, reopened),
        }
    };
    let Reopened { opened, header, damage, put_aside } = reopened;
    if let Some(damage) = damage {
        let aside = put_aside.map(|path| format!("; what follows is kept in {}", path.display())).unwrap_or_default();
        complain(&sanitized(&format!("the journal is true up to where it breaks off, {damage}{aside}")));
    }
    if state.start.is_none() {
        let words: Vec<_> = header.command.iter().map(RawText::lossy).collect();
        let text = format!("nothing of it was recorded, so nothing was begun; start it anew: {}", words.join(" "));
        return Err(refused(&text));
    }
    Ok((Past { header, state, notes }, opened))
}

/// Who says it is at the run, for people.
fn pid_of(found: &Found) -> Option<Pid> {
    let file = std::io::BufReader::new(std::fs::File::open(&found.journal).ok()?);
    let (_, mut reader) = Reader::open(file).ok()?;
    let mut pid = None;
    while let Ok(Some(entry)) = reader.next() {
        match entry.event.what {
            What::RunStarted(start) => pid = Some(start.pid),
            What::RunResumed { resumed } => pid = Some(resumed.pid),
            _ => {}
        }
    }
    pid
}

/// Whether the run has all the tasks that are wanted of it.
fn is_all_there(past: &Past, wants: Wanted) -> bool {
    past.state.source == Source::Closed || wants == Wanted::FailedOnly
}

/// `unwanted`: how many tasks never began and are not wanted this time.
fn nothing_left(past: &Past, unwanted: usize) -> u8 {
    if unwanted > 0 || past.state.source == Source::Open {
        complain("nothing has failed; what never began is done without --failed-only");
        return 0;
    }
    complain("nothing is left to do");
    for made in &past.header.made {
        // They were to go with a run that did not come to that.
        if Path::new(made.as_os()).exists()
            && let Ok((mut made, _)) = super::made::Made::former(Path::new(made.as_os()))
        {
            made.goes();
        }
    }
    match past.state.exit_code() {
        code @ 1 => code,
        // Whatever kept it from ending as it should.
        _ => 0,
    }
}

fn refuse_what_cannot_be(past: &Past, wants: Wanted) -> Result<(), Refusal> {
    let state = &past.state;
    if state.main.is_some() {
        return Err(refused(
            &"its parent's program cannot be gone on with in its middle: what it had in its variables is gone",
        ));
    }
    if !past.start().objects.is_empty() {
        let text = "its functions talk through objects, and what they had in them and in their variables is gone";
        return Err(refused(&text));
    }
    if wants == Wanted::FailedOnly && state.source == Source::Open {
        let text =
            "it was cut off before it had all its tasks, and --failed-only would lose the others; go on without it";
        return Err(refused(&text));
    }
    Ok(())
}

/// `None`: somebody was asked and did not answer.
fn decided(past: &Past, left: Left, wants: Wanted, in_doubt: Option<InDoubt>) -> Result<Option<Decision>, Refusal> {
    let name = |task: TaskId| past.state.task(task).map(|task| task.spec.title().into_owned()).unwrap_or_default();
    let doubtful: Vec<Doubtful> = left.doubtful().map(|task| Doubtful { task, name: name(task) }).collect();
    let asks = match in_doubt {
        _ if doubtful.is_empty() => false,
        Some(InDoubt::Fail) => false,
        Some(InDoubt::Rerun) => return Ok(Some(left.decide(wants, |_| Fate::Again))),
        Some(InDoubt::Ask) | None => true,
    };
    let terminal = if asks { ask::terminal() } else { None };
    match (terminal, in_doubt) {
        (Some((keys, out)), _) => {
            let answer =
                ask::ask(&doubtful, keys, out).map_err(|error| refused(&format!("ask on the terminal: {error}")))?;
            let Some(again) = answer else { return Ok(None) };
            let fate = |task| if again.contains(&task) { Fate::Again } else { Fate::Fails };
            Ok(Some(left.decide(wants, fate)))
        }
        (None, Some(InDoubt::Ask)) if asks => {
            Err(Refusal::usage(&"--in-doubt ask needs a terminal; say --in-doubt fail or --in-doubt rerun without one"))
        }
        (None, _) => Ok(Some(left.decide(wants, |_| Fate::Fails))),
    }
}

fn name_those_in_doubt(state: &State, tasks: &[TaskId], what: &str) {
    if tasks.is_empty() {
        return;
    }
    let count = tasks.len();
    complain(&format!("{count} task{} cut off with the run {what}:", if count == 1 { "" } else { "s" }));
    for task in tasks.iter().take(NAMED_MAX) {
        let name = state.task(*task).map(|task| task.spec.title().into_owned()).unwrap_or_default();
        complain(&sanitized(&format!("  {task}  {name}")));
    }
    if count > NAMED_MAX {
        complain(&format!("  and {} more", count - NAMED_MAX));
    }
}

/// Nobody else is at the run now: what the former process has left goes, and folders are opened for what is copied into them.
fn clear_up(past: &Past, opened: &Opened, decision: &Decision, job: &mut Job) {
    worker::end_leftovers(&RawText::from(opened.found.output.as_os_str()));
    again::sweep(&past.state);
    if past.state.source == Source::Closed {
        let finishes = again::finish_again(&past.state, decision);
        if !finishes.is_empty() {
            job.feed.parts.push(super::feed::Part::Tasks(finishes));
        }
    }
    job.made.iter_mut().for_each(super::made::Made::goes);
}

fn resumed(front: Front, job: &Job, decision: &Decision, away_us: Option<u64>) -> Resumed {
    let stuck = if front == Front::Screen { Stuck::Stays } else { Stuck::Ends };
    Resumed {
        pid: pool::own_pid(),
        cpus: asked::cpus(),
        away_us,
        target: job.target,
        policy: Policy { stuck, ..job.policy.clone() },
        rerun: decision.rerun.clone(),
        again: decision.again.clone(),
    }
}
