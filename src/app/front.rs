//! Starts a run with its front end, sees both to their end, and says how it went.
//! It does not know how tasks are run or shown.

use std::io::{IsTerminal as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::job::Job;
use super::last_resort::{LastResort, Over};
use super::recording::Keeping;
use super::{EXIT_INTERNAL, EXIT_OUTPUT_CLOSED, Refusal};
use crate::cli::{OnEnd, Progress};
use crate::command::{Ask as _, Command, Note, Weight};
use crate::event::{Policy, RunKind, Start, Stuck};
use crate::headless::{self, Ending, Style};
use crate::model::Update;
use crate::pool::{self, HangUp, Keeps, Mailbox, Pool, ResumedRun, Samples, Settings, Subscriber, Told};
use crate::task::RawText;
use crate::text::sanitized;
use crate::tui;
use crate::worker;

/// How many batches of events may lie between the pool and its front end.
const BATCHES_MAX: usize = 64;

/// The same for the screen, which gathers them between two frames.
const BATCHES_ON_SCREEN_MAX: usize = 1024;

/// How long tasks have to end once nobody looks at the screen any more.
const TERMINAL_GONE_GRACE: Duration = Duration::from_secs(1);

/// Which front end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Front {
    Screen,
    Headless(Style),
}

/// Runs the job to its end.
pub(super) fn run(job: Job) -> Result<u8, Refusal> {
    let front = choose(job.flags.progress)?;
    let keeping = Keeping::of(&job, None)?;
    run_kept(job, front, keeping, None, None)
}

/// Runs what was picked, on a terminal that is taken already, and stays so.
pub(super) fn run_in(job: Job, picked: &str, console: &mut tui::Console) -> Result<u8, Refusal> {
    let keeping = Keeping::of(&job, Some(picked))?;
    run_kept(job, Front::Screen, keeping, None, Some(console))
}

/// Whether runs are shown on a screen here.
pub(super) fn has_screen(progress: Progress) -> Result<bool, Refusal> {
    Ok(choose(progress)? == Front::Screen)
}

/// Runs the job, or goes on with a run, and keeps what is to be kept of it.
pub(super) fn run_kept(
    job: Job,
    front: Front,
    keeping: Keeping,
    resumed: Option<Box<ResumedRun>>,
    console: Option<&mut tui::Console>,
) -> Result<u8, Refusal> {
    let (updates, followed) = bounded(if front == Front::Screen { BATCHES_ON_SCREEN_MAX } else { BATCHES_MAX });
    let (ask_what_runs, asked) = bounded(1);
    if console.is_none() {
        let why_not = keeping.why_not().filter(|_| front != Front::Screen).map(|why| format!("warning: {why}"));
        for line in job.warnings.iter().chain(&why_not).flat_map(|warning| warning.lines()) {
            super::complain(&sanitized(line));
        }
    }
    let settings = Settings { resumed, ..settings(&job, front, keeping.spool(), ask_what_runs) };
    under_way(job, front, keeping, settings, Lines { updates, followed, asked }, console)
}

/// What lies between a pool and its front end.
struct Lines {
    updates: Sender<Update>,
    followed: Receiver<Update>,
    /// Rung when somebody wants to know what runs.
    asked: Receiver<()>,
}

/// What the job's pool is started with.
pub(super) fn settings(job: &Job, front: Front, spool: &Path, ask_what_runs: Sender<()>) -> Settings {
    // Where somebody looks on, what is stuck is worth looking at.
    let stuck = if front == Front::Screen { Stuck::Stays } else { Stuck::Ends };
    let policy = Policy { stuck, ..job.policy.clone() };
    Settings {
        start: Start {
            strategy: job.strategy,
            launcher: job.launcher.as_ref().map(|launcher| launcher.to_string().into()),
            objects: job.program.as_ref().map(|program| program.objects.clone()).unwrap_or_default(),
            story: job.story.clone(),
            initializer: job.program.as_ref().and_then(|program| program.initializer),
            ..Start::new(job.title.as_str(), job.kind, pool::own_pid(), job.cpus, policy)
        },
        program: job.program.clone(),
        launcher: job.launcher.clone(),
        serve: Arc::new(worker::serve_in_parent),
        target: job.target,
        began_unix_us: crate::clock::wall_us(),
        timed: job.timed.clone(),
        spool: RawText::from(spool.as_os_str()),
        output_bytes_max: job.output_bytes_max,
        hang_up: if front == Front::Screen { HangUp::Stops } else { HangUp::Drains },
        samples: if matches!(front, Front::Screen | Front::Headless(Style::Json)) {
            Samples::Wanted
        } else {
            Samples::NotWanted
        },
        asked: matches!(front, Front::Headless(_)).then_some(ask_what_runs),
        recorder: None,
        resumed: None,
        lock: None,
    }
}

fn under_way(
    job: Job,
    front: Front,
    keeping: Keeping,
    mut settings: Settings,
    lines: Lines,
    console: Option<&mut tui::Console>,
) -> Result<u8, Refusal> {
    let keeps = if front == Front::Screen { Keeps::TheLatest } else { Keeps::Everything };
    // Where nothing is to be told, nobody follows, and the pool need not tell.
    let prints = settings.resumed.is_some() || job.feed.prints();
    let silent = front == Front::Headless(Style::None) && !prints;
    let subscriber = Subscriber { updates: lines.updates, keeps };
    let subscribers = Some(subscriber).filter(|_| !silent).into_iter().collect();
    let events = keeping.prepare(&mut settings);
    let pool = pool::start(settings, subscribers);
    let pool = pool.context("start the pool").map_err(Refusal::Internal)?;
    if let (Some(why), Front::Screen) = (keeping.why_not(), front) {
        pool.mailbox.ask(Command::Note(Note::new(Weight::Warning, why)));
    }
    let (kept, recorder) = keeping.start(events, &pool.mailbox);
    let Job { feed, flags, kind, keep_order, made, .. } = job;
    feed.start(&pool.mailbox).context("start feeding tasks").map_err(Refusal::Internal)?;
    let folders = kept.temporary().into_iter().chain(made.iter().map(|folder| folder.path().to_owned())).collect();
    // A screen that cannot leave has told nothing that counts; output that nobody reads does.
    let told = if front == Front::Screen { Told::All } else { Told::Part };
    let kept = Arc::new(kept);
    let resort = LastResort { folders, told, recorder, kept: Arc::clone(&kept) };
    let code = match front {
        Front::Screen => on_screen(pool, &lines.followed, screen_options(&flags, kind), resort, console),
        Front::Headless(style) => {
            let options = headless::Options {
                style,
                order: keep_order,
                spool: kept.spool().to_owned(),
                files: kept.files(),
                asked: Some(lines.asked),
            };
            without_screen(pool, &lines.followed, options, resort)
        }
    };
    // Not before everything that may still lie in them has been read.
    drop((kept, made));
    Ok(code)
}

pub(super) fn choose(progress: Progress) -> Result<Front, Refusal> {
    let terminal = terminal_at_hand();
    Ok(match progress {
        Progress::Plain => Front::Headless(Style::Plain),
        Progress::Json => Front::Headless(Style::Json),
        Progress::None => Front::Headless(Style::None),
        Progress::Tui if !terminal => {
            let text =
                "the screen needs a terminal on standard output and for the keys; use --progress plain without one";
            return Err(Refusal::usage(&text));
        }
        Progress::Tui => Front::Screen,
        Progress::Auto => {
            let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
            let watched = std::env::var_os("CI").is_none() && std::io::stderr().is_terminal();
            if terminal && watched && !dumb { Front::Screen } else { Front::Headless(Style::Plain) }
        }
    })
}

/// Whether there is a screen to draw on and somebody at the keys; a list of inputs on standard input leaves the keys free.
fn terminal_at_hand() -> bool {
    std::io::stdout().is_terminal()
        && (std::io::stdin().is_terminal() || std::fs::File::options().read(true).write(true).open("/dev/tty").is_ok())
}

fn without_screen(pool: Pool, followed: &Receiver<Update>, options: headless::Options, resort: LastResort) -> u8 {
    let Pool { mailbox, thread } = pool;
    let watching = resort.watch(thread, || {});
    let style = options.style;
    let (_, ending) = headless::run(followed, &mailbox, options);
    let Some(over) = watching.left() else { return EXIT_INTERNAL };
    if ending == Ending::OutputClosed {
        return EXIT_OUTPUT_CLOSED;
    }
    if style == Style::Plain {
        // Where nobody reads it, it is not needed.
        let _ = std::io::stderr().write_all(last_words(&over).as_bytes());
    }
    over.exit_code()
}

fn on_screen(
    pool: Pool,
    followed: &Receiver<Update>,
    options: tui::Options,
    resort: LastResort,
    mut console: Option<&mut tui::Console>,
) -> u8 {
    let Pool { mailbox, thread } = pool;
    let watching = resort.watch(thread, tui::restore);
    let shown = catch_unwind(AssertUnwindSafe(|| match &mut console {
        Some(console) => tui::run_on(console, followed.clone(), &mailbox, options.on_end),
        None => tui::run(followed.clone(), &mailbox, &options),
    }));
    match &shown {
        Ok(Ok(ending)) if ending.why == tui::Why::TerminalGone => end_unseen(&mailbox, followed),
        Ok(Ok(_)) => {}
        // The screen broke: the run ends with it, whatever it was doing.
        Ok(Err(_)) | Err(_) => mailbox.ask(Command::Kill),
    }
    match (watching.left(), shown) {
        (Some(over), Ok(Ok(_))) => {
            // Whoever has the terminal goes on drawing on it.
            if console.is_none() {
                tui::print_last(&last_words(&over));
            }
            over.exit_code()
        }
        (_, Ok(Err(error))) => {
            super::complain(&format!("error: {}", sanitized(&error.to_string())));
            EXIT_INTERNAL
        }
        _ => EXIT_INTERNAL,
    }
}

/// Stops the run, and kills what is left when its time is up.
fn end_unseen(mailbox: &Mailbox, followed: &Receiver<Update>) {
    mailbox.ask(Command::Stop);
    let clock = crate::clock::Clock::start();
    loop {
        let left = TERMINAL_GONE_GRACE.saturating_sub(clock.elapsed());
        match followed.recv_timeout(left) {
            Ok(_) => {}
            Err(crossbeam_channel::RecvTimeoutError::Disconnected) => return,
            Err(crossbeam_channel::RecvTimeoutError::Timeout) => {
                mailbox.ask(Command::Kill);
                return;
            }
        }
    }
}

/// The summary that stays.
fn last_words(over: &Over) -> String {
    headless::summary(&over.finished.state, over.record().as_deref())
        .into_iter()
        .fold(String::new(), |text, line| text + &line + "\n")
}

pub(super) fn screen_options(flags: &crate::cli::Flags, kind: RunKind) -> tui::Options {
    let on_end = match (flags.on_end, kind) {
        (OnEnd::Stay, _) | (OnEnd::Auto, RunKind::Scenario) => tui::OnEnd::Stay,
        (OnEnd::Close, _) | (OnEnd::Auto, RunKind::Copy | RunKind::Command) => tui::OnEnd::Close,
    };
    super::looks::options(&flags.looks, on_end)
}
