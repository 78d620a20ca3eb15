//! The worker's first thread: reads what the parent wants and answers, so that no task can make the worker deaf.
//! It does not do tasks, but for those that take no time.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread::JoinHandle;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::control::Freeze;
use super::home::{EndsWithIt, Home};
use super::outbox::Outbox;
use super::runner::{self, Shared, Stopped};
use super::start::host_name;
use super::steps;
use crate::offspring;
use crate::task::{Failure, Outcome, Pid, RawText, Tally, TaskId};
use crate::wire::{
    Assignment, Frames, FromWorker, Hello, Initialize, Received, Receiver, Report, Sender, Setup, Stopping, ToWorker,
};

const READ_BYTES: usize = 16 << 10;

/// What a worker exits with when its initializer failed.
const EXIT_NOT_INITIALIZED: i32 = 1;

/// Serves in a process of its own until the parent dismisses this worker, hangs up, or cannot be understood. Gives back
/// the run's folder, if it was ever told of it.
pub(super) fn serve(socket: OwnedFd) -> Option<RawText> {
    let half = socket.try_clone().ok()?;
    serve_on(socket, half)
}

/// The same where what arrives and what leaves take different ways.
pub(super) fn serve_on(input: OwnedFd, output: OwnedFd) -> Option<RawText> {
    let serving = serve_at(input, output, Home::OwnProcess)?;
    serving.shared.close();
    Some(serving.shared.setup.spool.clone())
}

/// Serves on this thread, in the parent's own process, until the socket's other end is closed or says `Exit`. Then ends
/// what runs and waits for its threads. A panic of theirs closes the socket, and that is all that comes of it.
pub fn serve_in_parent(socket: OwnedFd) {
    // Whoever made the pair may have meant the other end alone.
    let _ = fcntl(&socket, FcntlArg::F_SETFL(OFlag::empty()));
    let Ok(other_handle) = socket.try_clone() else { return };
    let Ok(half) = socket.try_clone() else { return };
    let Some(serving) = serve_at(socket, half, Home::Parent(UnixStream::from(other_handle))) else { return };
    serving.shared.close();
    serving.shared.control.stop_present(Stopping::Now);
    serving.shared.steps.wake_all();
    if let Runner::Started(runner) = serving.runner {
        // Its panic has been told of already, by the socket.
        let _ = runner.join();
    }
}

fn serve_at(input: OwnedFd, output: OwnedFd, home: Home) -> Option<Serving> {
    let mut sender = Sender::new(output);
    // At once, so that a parent of another version learns why it is not understood.
    sender.queue_greeting();
    sender.flush().ok()?;
    let mut receiver: Receiver<ToWorker> = Receiver::new(input, Frames::bare());
    // Whether there is something to be done before the hello, the setup says.
    let Some(ToWorker::Setup(setup)) = next_message(&mut receiver) else { return None };
    let mut serving = Serving::begin(setup, sender, home);
    while let Some(message) = next_message(&mut receiver) {
        match message {
            ToWorker::Exit => break,
            message => serving.obey(message),
        }
    }
    Some(serving)
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

struct Serving {
    shared: Arc<Shared>,
    runner: Runner,
}

/// The second thread is started by the first task that needs it: an idle worker has one stack.
enum Runner {
    NotNeeded,
    Started(JoinHandle<()>),
}

impl Serving {
    fn begin(setup: Setup, sender: Sender<FromWorker>, home: Home) -> Self {
        let initialize = setup.initialize;
        let shared = Arc::new(Shared::new(setup, Outbox::new(sender), home));
        let mut serving = Self { shared, runner: Runner::NotNeeded };
        match initialize {
            Initialize::No => hello(&serving.shared),
            // On the second thread, so that an initializer that never ends does not keep the worker from ending.
            Initialize::First => serving.start_runner(|shared| {
                if let Err(text) = steps::initialize(shared) {
                    not_initialized(shared, &text);
                    return;
                }
                hello(shared);
                runner::run(shared);
            }),
        }
        serving
    }

    fn start_runner(&mut self, run: impl FnOnce(&Shared) + Send + 'static) {
        let shared = Arc::clone(&self.shared);
        self.runner = Runner::Started(std::thread::spawn(move || {
            let _ends = EndsWithIt(&shared.home);
            run(&shared);
        }));
    }

    fn obey(&mut self, message: ToWorker) {
        let control = &self.shared.control;
        match message {
            ToWorker::Run(assignments) => self.run(assignments),
            ToWorker::Recall => {
                let tasks = self.shared.recall();
                self.shared.outbox.say(Report::Returned { tasks });
            }
            ToWorker::Pause => {
                control.freeze_all(Freeze::Stop);
                self.shared.steps.wake_all();
            }
            ToWorker::Resume => control.freeze_all(Freeze::GoOn),
            ToWorker::PauseTask(task) => {
                control.freeze(task, Freeze::Stop);
                self.shared.steps.wake_all();
            }
            ToWorker::ResumeTask(task) => control.freeze(task, Freeze::GoOn),
            ToWorker::Stop(task, how) => self.stop(task, how),
            ToWorker::Signal(task, signal) => control.signal(task, signal),
            ToWorker::Answer(task, thread, reply) => self.shared.steps.desk.deliver(task, thread, reply),
            ToWorker::Share { task, thread, link, bytes_per_s } => {
                self.shared.steps.desk.share(task, thread, link, bytes_per_s);
            }
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
            self.start_runner(runner::run);
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

fn hello(shared: &Shared) {
    shared.outbox.greet(Hello { pid: Pid(std::process::id().cast_signed()), host: host_name() });
}

/// A worker that cannot be made ready is of no use. What it says here is shown as its last words.
fn not_initialized(shared: &Shared, text: &str) {
    use std::io::Write as _;
    if shared.home.is_own() {
        // Nobody may be there to read it.
        let _ = writeln!(std::io::stderr(), "initializer failed: {text}");
        shared.control.close();
        offspring::kill_all(&[]);
        std::process::exit(EXIT_NOT_INITIALIZED);
    }
    shared.home.give_up();
}
