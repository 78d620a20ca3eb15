//! The worker's first thread: reads what the parent wants and answers, so that no task can make the worker deaf.
//! It does not do tasks, but for those that take no time.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use super::control::{Control, Freeze};
use super::outbox::Outbox;
use super::runner::{self, Shared, Stopped};
use super::start::host_name;
use crate::task::{Failure, Outcome, Pid, RawText, Tally, TaskId};
use crate::wire::{
    Assignment, Frames, FromWorker, Hello, Received, Receiver, Report, Sender, Setup, Stopping, ToWorker,
};

const READ_BYTES: usize = 16 << 10;

/// What Rust's own programs exit with after a panic.
const EXIT_PANICKED: i32 = 101;

/// Serves until the parent dismisses this worker, hangs up, or cannot be understood. Gives back the run's folder, if it
/// was ever told of it.
pub(super) fn serve(socket: OwnedFd) -> Option<RawText> {
    let half = socket.try_clone().ok()?;
    serve_on(socket, half)
}

/// The same where what arrives and what leaves take different ways.
pub(super) fn serve_on(input: OwnedFd, output: OwnedFd) -> Option<RawText> {
    let mut sender = Sender::new(output);
    sender.queue_greeting();
    let pid = Pid(std::process::id().cast_signed());
    sender.queue(&FromWorker::Hello(Hello { pid, host: host_name() })).ok()?;
    sender.flush().ok()?;
    let mut receiver: Receiver<ToWorker> = Receiver::new(input, Frames::bare());
    let mut worker = Awaiting(Some(sender));
    let mut serving: Option<Serving> = None;
    while let Some(message) = next_message(&mut receiver) {
        match (message, &mut serving) {
            (ToWorker::Exit, _) => break,
            (ToWorker::Setup(setup), None) => serving = worker.begin(setup),
            (message, Some(serving)) => serving.obey(message),
            (_, None) => break,
        }
    }
    let serving = serving?;
    serving.shared.close();
    Some(serving.shared.setup.spool.clone())
}

/// `None` at the end of the connection, or when what arrives cannot be understood.
fn next_message(receiver: &mut Receiver<ToWorker>) -> Option<ToWorker> {
    let mut scratch = [0; READ_BYTES];
    loop {
        match receiver.take() {
            Ok(Some(message)) => return Some(message),
            Ok(None) => {}
            Err(_) => return None,
        }
        match receiver.read(&mut scratch) {
            Ok(Received::Bytes | Received::Nothing) => {}
            Ok(Received::EndOfFile) | Err(_) => return None,
        }
    }
}

/// Before the setup there is nothing to share.
struct Awaiting(Option<Sender<FromWorker>>);

impl Awaiting {
    fn begin(&mut self, setup: Setup) -> Option<Serving> {
        let outbox = Outbox::new(self.0.take()?);
        let control = Control::new().ok()?;
        Some(Serving { shared: Arc::new(Shared::new(setup, control, outbox)), runner: Runner::NotNeeded })
    }
}

struct Serving {
    shared: Arc<Shared>,
    runner: Runner,
}

/// The second thread is started by the first task that needs it: an idle worker has one stack.
enum Runner {
    NotNeeded,
    Started,
}

/// The first thread would go on answering questions after a panic of the second, and the task at work would never end.
struct EndsWithIt;

impl Drop for EndsWithIt {
    fn drop(&mut self) {
        // What it had started goes to the parent, who ends it.
        std::process::exit(EXIT_PANICKED);
    }
}

impl Serving {
    fn obey(&mut self, message: ToWorker) {
        let control = &self.shared.control;
        match message {
            ToWorker::Run(assignments) => self.run(assignments),
            ToWorker::Recall => {
                let tasks = self.shared.recall();
                self.shared.outbox.say(Report::Returned { tasks });
            }
            ToWorker::Pause => control.freeze_all(Freeze::Stop),
            ToWorker::Resume => control.freeze_all(Freeze::GoOn),
            ToWorker::PauseTask(task) => control.freeze(task, Freeze::Stop),
            ToWorker::ResumeTask(task) => control.freeze(task, Freeze::GoOn),
            ToWorker::Stop(task, how) => self.stop(task, how),
            ToWorker::Signal(task, signal) => control.signal(task, signal),
            ToWorker::Answer(..) | ToWorker::Share { .. } => {}
            ToWorker::Ping => self.shared.outbox.say(Report::Pong),
            ToWorker::Setup(_) | ToWorker::Exit => {}
        }
    }

    fn run(&mut self, assignments: Vec<Assignment>) {
        let all_instant = assignments.iter().all(|assignment| assignment.spec.work.is_instant());
        if all_instant && self.shared.is_idle() {
            for assignment in &assignments {
                self.shared.outbox.put(runner::instant(assignment));
            }
            self.shared.outbox.flush();
            return;
        }
        self.shared.push(assignments);
        if matches!(self.runner, Runner::NotNeeded) {
            let shared = Arc::clone(&self.shared);
            std::thread::spawn(move || {
                let _ends = EndsWithIt;
                runner::run(&shared)
            });
            self.runner = Runner::Started;
        }
    }

    fn stop(&self, task: TaskId, how: Stopping) {
        if self.shared.stop(task, how) == Stopped::BeforeItBegan {
            let outcome = Outcome::Failed(Failure::Stopped);
            let ended = Report::Ended { task, outcome, tally: Tally::default(), took_us: 0, output: None };
            self.shared.outbox.say(ended);
        }
    }
}
