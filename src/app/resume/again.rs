//! A run's job once more, from what was recorded of it: where its other tasks come from, and what its functions do.
//! It does not know which tasks are done again, nor how the run is started.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Past;
use super::decide::Decision;
use crate::app::feed::{CopySource, Feed, Part, copy_plan};
use crate::app::job::{Ground, Job};
use crate::app::{Refusal, asked};
use crate::cli::{self, Action, Flags, Inputs, Run};
use crate::event::Policy;
use crate::model::{Source, State, Status};
use crate::notation::Language;
use crate::scenario::{self, DEFAULT, Plan, builtin};
use crate::source::{self, Known, OtherList, Progress};
use crate::task::{CommandLine, CopyBatch, EntryKind, RawText, TaskSpec, Template, Verify, Work};
use crate::worker;

/// What a run on this command line has to be about, for the sake of those who read the refusal.
const NO_RUN: &str = "the command in its first line starts no run";

/// Puts the job together. Nothing has changed on the disk when that cannot be done, but for trees that are made again and go.
pub(super) fn job(past: &Past, now: &Flags) -> Result<Job, Refusal> {
    let command = past.header.command.iter().map(|word| OsString::from(word.as_os()));
    let cli = cli::parse(command).map_err(|error| refused(&format!("read its command line: {error}")))?;
    let mut job = match cli.action {
        None => scenario(past, cli.flags, now, None)?,
        Some(Action::Demo(demo)) => scenario(past, demo.flags, now, demo.name.as_deref())?,
        Some(Action::Play(play)) => of_plan(past, play.flags, now, |seed, language| {
            scenario::load(&play.file, Some(seed), language).map_err(Refusal::from)
        })?,
        Some(Action::Copy(copy)) => {
            let flags = copy.flags.clone();
            let mut job = Job::bare(past.start().kind, flags);
            if past.state.source == Source::Open {
                job.feed.parts = copies(past, if copy.verify { Verify::Contents } else { Verify::No });
            }
            job
        }
        Some(Action::Run(run)) => commands(past, &run)?,
        Some(_) => return Err(refused(&NO_RUN)),
    };
    if past.state.source == Source::Closed {
        job.feed = Feed::default();
    }
    let start = past.start();
    (job.title, job.kind, job.strategy) = (start.title.to_string(), start.kind, start.strategy);
    job.story.clone_from(&start.story);
    job.policy = policy(&past.state.policy, now);
    job.target = now.jobs.map_or(past.state.target, |jobs| jobs.resolve(job.cpus)).max(1);
    job.flags = now.clone();
    Ok(job)
}

/// Flags that are given now go before what held so far.
fn policy(so_far: &Policy, now: &Flags) -> Policy {
    Policy {
        retries: now.retries.unwrap_or(so_far.retries),
        backoff_ms: now.backoff.unwrap_or(so_far.backoff_ms),
        timeout_ms: now.timeout.or(so_far.timeout_ms),
        halt: now.halt.unwrap_or(so_far.halt),
        recycle_after: now.recycle_after.or(so_far.recycle_after),
        grace_ms: now.grace.unwrap_or(so_far.grace_ms),
        speed_milli: now.speed.unwrap_or(so_far.speed_milli),
        ..so_far.clone()
    }
}

fn refused(why: &dyn std::fmt::Display) -> Refusal {
    Refusal::usage(&format!("go on with the run: {why}"))
}

fn scenario(past: &Past, then: Flags, now: &Flags, name: Option<&str>) -> Result<Job, Refusal> {
    let builtin = builtin(name.unwrap_or(DEFAULT))?;
    of_plan(past, then, now, |seed, language| builtin.plan(Some(seed), language).map_err(Refusal::from))
}

/// `then`: the flags it began with.
fn of_plan(
    past: &Past,
    then: Flags,
    now: &Flags,
    read: impl Fn(u64, Language) -> Result<Plan, Refusal>,
) -> Result<Job, Refusal> {
    let seed = past.state.policy.seed;
    let Some(was) = &past.header.scenario else { return Err(refused(&"its journal does not name its scenario")) };
    // Which language it was told in depends on the surroundings it was begun in.
    let languages = Language::NAMES.iter().filter_map(|name| name.parse().ok());
    let mut plans = Vec::new();
    for language in std::iter::once(asked::language(&then)).chain(languages) {
        let plan = read(seed, language)?;
        if plan.text_hash != was.hash {
            let (name, is) = (was.name.lossy(), &plan.text_hash);
            let (was, is) = (short(&was.hash), short(is));
            return Err(refused(&format!("scenario {name} changed, hash {was} then, {is} now")));
        }
        plans.push(plan);
    }
    let start = past.start();
    let is_told_so = |plan: &Plan| *plan.title == *start.title && plan.story == start.story;
    let at = plans.iter().position(is_told_so).unwrap_or(0);
    let plan = plans.swap_remove(at);
    let begun = compare_tasks(&past.state, &plan)?;

    let header = &past.header;
    let mut ground = Ground::Former { made: header.made.iter(), copies: header.copies.iter(), made_again: Vec::new() };
    let speed_milli = now.speed.or(Some(past.state.policy.speed_milli));
    let mut job = Job::of_plan_on(&mut ground, plan, Flags { seed: Some(seed), speed: speed_milli, ..then })?;
    job.warnings.clear();
    let known = Arc::new(known(past));
    for part in &mut job.feed.parts {
        if let Part::Plan { copies, begun: already, .. } = part {
            *already = begun;
            for (_, copy) in copies {
                copy.known = Arc::clone(&known);
            }
        }
    }
    if let Ground::Former { made_again, .. } = ground {
        copy_again(past, &job.feed, &made_again);
    }
    Ok(job)
}

/// The first digits of a hash.
fn short(hash: &str) -> &str {
    hash.get(..8).unwrap_or(hash)
}

/// How many of the plan's own tasks the run has already, each the same as it would be now.
fn compare_tasks(state: &State, plan: &Plan) -> Result<u32, Refusal> {
    let mut wanted = plan.tasks();
    let mut begun = 0;
    for task in &state.tasks {
        if matches!(task.spec.work, Work::Copy(_)) {
            continue;
        }
        begun += 1;
        if wanted.next().as_ref() != Some(&*task.spec) {
            let name = task.spec.title().into_owned();
            return Err(refused(&format!("task {begun} of its scenario was `{name}`, and now it is another one")));
        }
    }
    Ok(begun)
}

fn copies(past: &Past, verify: Verify) -> Vec<Part> {
    let verify = batches(&past.state).next().map_or(verify, |(_, batch)| batch.roots.verify);
    let known = Arc::new(known(past));
    let source = |copy| CopySource { plan: copy_plan(copy), verify, known: Arc::clone(&known) };
    past.header.copies.iter().map(source).map(Part::Copy).collect()
}

fn batches(state: &State) -> impl Iterator<Item = (Status, &CopyBatch)> {
    state.tasks.iter().filter_map(|task| match &task.spec.work {
        Work::Copy(batch) => Some((task.status, &**batch)),
        _ => None,
    })
}

fn known(past: &Past) -> Known {
    let mut known = Known::default();
    for (status, batch) in batches(&past.state) {
        known.add(batch, if status.is_final() { Progress::Ended } else { Progress::Open });
    }
    past.notes.iter().for_each(|text| known.add_note(text));
    known
}

fn commands(past: &Past, run: &Run) -> Result<Job, Refusal> {
    let words = run.split()?;
    let shell = if run.shell { crate::task::Shell::Sh } else { crate::task::Shell::No };
    let template = Arc::new(Template { argv: words.command.clone(), shell });
    let begun: Vec<&CommandLine> = past.state.tasks.iter().filter_map(|task| command(&task.spec)).collect();
    if let Some(other) = begun.iter().find(|line| *line.template != *template) {
        let was = other.title();
        return Err(refused(&format!("a command of it was `{was}`, which its command line does not make any more")));
    }
    let inputs: Vec<&RawText> = begun.iter().filter_map(|line| line.input.as_ref()).collect();
    let mut job = Job::bare(past.start().kind, run.flags.clone());
    job.output_bytes_max = run.output_max;
    job.keep_order = if run.keep_order { crate::headless::Order::AsGiven } else { crate::headless::Order::AsEnded };
    let separator = if run.null { source::Separator::Nul } else { source::Separator::Newline };
    let is_open = past.state.source == Source::Open;
    let from_stdin = words.inputs == Inputs::Stdin;
    let name = match &words.inputs {
        Inputs::File(path) => path.display().to_string(),
        Inputs::Words(_) | Inputs::Stdin => "standard input".to_owned(),
    };
    let from = match words.inputs {
        Inputs::Words(words) => source::Inputs::Words(words),
        // It was read to its end.
        Inputs::Stdin if !is_open => return Ok(job),
        Inputs::Stdin => {
            if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
                return Err(refused(&format!(
                    "{}; give the same list on standard input again",
                    not_to_its_end(&inputs)
                )));
            }
            source::Inputs::Reader { name, from: Box::new(std::io::stdin()) }
        }
        Inputs::File(path) => match std::fs::File::open(&path) {
            Ok(file) => source::Inputs::Reader { name, from: Box::new(file) },
            // It was read to its end.
            Err(_) if !is_open => return Ok(job),
            Err(error) => return Err(refused(&format!("read inputs from {}: {error}", path.display()))),
        },
    };
    let mut list = source::List::new(from, separator);
    let other = |other: OtherList| {
        let which = if from_stdin {
            format!("{}, and standard input gives another one: ", not_to_its_end(&inputs))
        } else {
            String::new()
        };
        refused(&format!("{which}{other}; resume needs the list the run began with"))
    };
    list.pass(inputs.iter().copied()).map_err(&other)?;
    if is_open {
        job.feed.parts.push(Part::Lines { template, list });
    } else {
        list.must_be_over().map_err(&other)?;
    }
    Ok(job)
}

fn not_to_its_end(inputs: &[&RawText]) -> String {
    let count = inputs.len();
    format!("it had read {count} input{} and not its list to the end", if count == 1 { "" } else { "s" })
}

fn command(spec: &TaskSpec) -> Option<&CommandLine> {
    match &spec.work {
        Work::Command(line) => Some(line),
        _ => None,
    }
}

/// Trees that went with the former process were made again: what had been copied of them is copied again, without a word.
fn copy_again(past: &Past, feed: &Feed, made_again: &[PathBuf]) {
    let is_gone =
        |batch: &CopyBatch| made_again.iter().any(|made| Path::new(batch.roots.target.as_os()).starts_with(made));
    if made_again.is_empty() {
        return;
    }
    for part in &feed.parts {
        if let Part::Plan { copies, .. } = part {
            for (_, copy) in copies {
                // Creates the folders; what is to be copied is known.
                let _ = source::walk(&copy.plan, copy.verify, &mut |_| Ok(()));
            }
        }
    }
    let mut copier = worker::copy::Copier::default();
    for (_, batch) in batches(&past.state).filter(|(status, batch)| *status == Status::Done && is_gone(batch)) {
        let _ = copier.run(batch, 1, &mut Unwatched);
    }
}

struct Unwatched;

impl worker::Watch for Unwatched {
    fn progress(&mut self, _done: u64, _total: u64) -> Result<(), worker::Halted> {
        Ok(())
    }

    fn note(&mut self, _note: crate::command::Note) {}
}

/// What former attempts have left half done, now that nobody is at it any more: removed.
pub(super) fn sweep(state: &State) {
    let was_tried = |status: Status| status != Status::Done;
    let mut swept = HashSet::new();
    for task in &state.tasks {
        if let Work::Copy(batch) = &task.spec.work
            && task.attempts > 0
            && was_tried(task.status)
            && swept.insert((&batch.roots.target, &batch.folder))
        {
            worker::copy::sweep(batch);
        }
    }
}

/// The tasks that finish folders once more which were finished already, and into which something is copied again.
pub(super) fn finish_again(state: &State, decision: &Decision) -> Vec<TaskSpec> {
    let again = decision.again.iter().chain(&decision.rerun);
    let copied: HashSet<(&RawText, &[u8])> = again
        .filter_map(|task| match &state.task(*task)?.spec.work {
            Work::Copy(batch) => Some((&batch.roots.target, batch.folder.0.as_slice())),
            _ => None,
        })
        .collect();
    if copied.is_empty() {
        return Vec::new();
    }
    let mut finished = HashMap::new();
    for (status, batch) in batches(state) {
        for entry in batch.entries.iter().filter(|entry| status == Status::Done && entry.kind == EntryKind::FolderDone)
        {
            let parts = [batch.folder.0.as_slice(), entry.target_name().0.as_slice()];
            let path = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(&b'/');
            finished.insert((&batch.roots.target, path), (batch, entry));
        }
    }
    let wanted = finished.iter().filter(|((target, path), _)| copied.contains(&(*target, path.as_slice())));
    // What is deeper first, as the walk has it.
    let mut wanted: Vec<_> = wanted.collect();
    wanted.sort_by(|((_, a), _), ((_, b), _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    wanted.into_iter().map(|(_, (batch, entry))| source::finish_again(&batch.roots, &batch.folder, entry)).collect()
}
