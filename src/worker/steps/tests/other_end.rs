//! The parent's end of a worker's socket, as the tests play it: it gives tasks out, reads reports and answers calls.
//! It does not know what the tests are about.

use std::collections::{BTreeSet, VecDeque};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::clock::Clock;
use crate::task::{
    Arguments, Call, Expr, FunctionCall, FunctionId, Handle, Outcome, Pid, Place, Program, RawText, Reply, Shape, Slot,
    Step, TaskId, TaskSpec, ThreadId, Value, Work,
};
use crate::wire::{Assignment, Frames, FromWorker, Initialize, Received, Receiver, Report, Sender, Setup, ToWorker};

/// Tells the tests' own program to be a worker.
pub(super) const AS_WORKER: &str = "POOLTOP_TEST_AS_WORKER";

/// Longer than anything takes on the slowest machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The first number of submitted tasks.
const FIRST_SUBMITTED: u32 = 100;

pub(super) fn setup(program: Program) -> Setup {
    Setup {
        slot: Slot(2),
        speed_milli: 1000,
        spool: RawText::from(""),
        report_every_ms: 50,
        output_bytes_max: 1 << 20,
        parent: Pid(1),
        cpus: 2,
        pool_size: 2,
        began_unix_us: 0,
        program: Some(Arc::new(program)),
        initialize: Initialize::No,
    }
}

/// One end of a socket, with a worker at the other.
pub(super) struct OtherEnd {
    socket: UnixStream,
    sender: Sender<ToWorker>,
    receiver: Receiver<FromWorker>,
    heard: VecDeque<Report>,
    hung_up: bool,
    worker: Option<JoinHandle<()>>,
    pub(super) host: Box<str>,
    pub(super) seed: u64,
    pub(super) submitted: Vec<TaskSpec>,
    pub(super) refuses_tasks: bool,
    pub(super) never_answers_awaits: bool,
}

impl OtherEnd {
    /// A worker in this process, ready for tasks.
    pub(super) fn new(program: Program) -> Self {
        Self::with(setup(program))
    }

    pub(super) fn with(setup: Setup) -> Self {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let worker = std::thread::spawn(|| crate::worker::serve_in_parent(OwnedFd::from(theirs)));
        let mut end = Self::on(ours, Some(worker));
        end.tell(&ToWorker::Setup(setup));
        end
    }

    fn on(socket: UnixStream, worker: Option<JoinHandle<()>>) -> Self {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let half = || OwnedFd::from(socket.try_clone().unwrap());
        Self {
            sender: Sender::new(half()),
            receiver: Receiver::new(half(), Frames::greeted()),
            socket,
            heard: VecDeque::new(),
            hung_up: false,
            worker,
            host: Box::default(),
            seed: 1,
            submitted: Vec::new(),
            refuses_tasks: false,
            never_answers_awaits: false,
        }
    }

    pub(super) fn tell(&mut self, message: &ToWorker) {
        self.sender.queue(message).unwrap();
        self.sender.flush().unwrap();
    }

    /// Gives out a call of the first function.
    pub(super) fn run(&mut self, task: TaskId, place: Place, args: Arguments) {
        let call = FunctionCall { function: FunctionId(0), args, seed: self.seed, uses: Vec::new() };
        let spec = TaskSpec { place, ..TaskSpec::new(Work::Steps(Box::new(call))) };
        self.tell(&ToWorker::Run(vec![Assignment { task, attempt: 1, spec: Arc::new(spec) }]));
    }

    /// The next report; none if the worker has hung up.
    fn next(&mut self) -> Option<Report> {
        let mut scratch = [0; 16 << 10];
        loop {
            if let Some(report) = self.heard.pop_front() {
                return Some(report);
            }
            match self.receiver.take().unwrap() {
                Some(FromWorker::Hello(hello)) => self.host = hello.host,
                Some(FromWorker::Reports(reports)) => self.heard.extend(reports),
                None if self.hung_up => return None,
                None => match self.receiver.read(&mut scratch).unwrap() {
                    Received::Bytes => {}
                    Received::Nothing => panic!("the worker says nothing"),
                    Received::EndOfFile => self.hung_up = true,
                },
            }
        }
    }

    /// Reads to the first such report.
    pub(super) fn until(&mut self, is_wanted: impl Fn(&Report) -> bool) -> Report {
        loop {
            let report = self.next().expect("the worker hung up");
            if is_wanted(&report) {
                return report;
            }
        }
    }

    /// Waits until the worker has taken in what it was told so far.
    pub(super) fn until_heard(&mut self) {
        self.tell(&ToWorker::Ping);
        self.until(|report| matches!(report, Report::Pong));
    }

    /// Reads to the end of the task. Threads' joins and submissions are answered as the parent does; all else by `answer`.
    pub(super) fn until_ended(&mut self, mut answer: impl FnMut(&Call) -> Reply) -> (Outcome, Vec<Report>) {
        let mut reports = Vec::new();
        let mut ended = BTreeSet::new();
        let mut joins: Vec<(ThreadId, ThreadId)> = Vec::new();
        loop {
            let report = self.next().expect("the worker hung up");
            match &report {
                Report::Ended { outcome, .. } => {
                    let outcome = outcome.clone();
                    reports.push(report);
                    return (outcome, reports);
                }
                Report::ThreadEnded { thread, .. } => {
                    ended.insert(*thread);
                }
                Report::Asked { thread, call: Call::JoinThread { thread: other }, .. } => joins.push((*thread, *other)),
                Report::Asked { call: Call::Await { .. }, .. } if self.never_answers_awaits => {}
                Report::Asked { task, thread, call } => {
                    let reply = answer(call);
                    self.tell(&ToWorker::Answer(*task, *thread, reply));
                }
                Report::Submits { task, thread, specs } => {
                    let reply = self.submitted(specs);
                    self.tell(&ToWorker::Answer(*task, *thread, reply));
                }
                _ => {}
            }
            let (ready, waiting): (Vec<_>, Vec<_>) = joins.into_iter().partition(|(_, other)| ended.contains(other));
            joins = waiting;
            for (thread, _) in ready {
                self.tell(&ToWorker::Answer(TaskId(0), thread, Reply::Done));
            }
            reports.push(report);
        }
    }

    fn submitted(&mut self, specs: &[TaskSpec]) -> Reply {
        let first = TaskId(FIRST_SUBMITTED + u32::try_from(self.submitted.len()).unwrap());
        self.submitted.extend_from_slice(specs);
        if self.refuses_tasks {
            return Reply::Refused("the pool is closed".into());
        }
        let count = u32::try_from(specs.len()).unwrap();
        Reply::Value(Value::Handle(Handle { first, count, shape: Shape::One }))
    }

    /// Reads to the end of the task, which needs no more answers but those to joins.
    pub(super) fn until_ended_by_itself(&mut self) -> (Outcome, Vec<Report>) {
        self.until_ended(|call| panic!("asked {call:?}"))
    }

    /// Reads until the worker hangs up.
    pub(super) fn until_hung_up(&mut self) -> Vec<Report> {
        std::iter::from_fn(|| self.next()).collect()
    }

    /// Nothing is said for so long.
    pub(super) fn nothing_for(&mut self, time: Duration) {
        let clock = Clock::start();
        let mut scratch = [0; 1024];
        loop {
            while let Some(report) = self.heard.pop_front() {
                // Progress without progress is nothing.
                let is_nothing = matches!(report, Report::Progressed { done: 0, .. } | Report::Started { .. });
                assert!(is_nothing, "said {report:?}");
            }
            let left = time.saturating_sub(clock.elapsed());
            if left.is_zero() {
                break;
            }
            self.socket.set_read_timeout(Some(left)).unwrap();
            assert!(self.receiver.read(&mut scratch).unwrap() != Received::EndOfFile, "the worker hung up");
            while let Some(message) = self.receiver.take().unwrap() {
                let FromWorker::Reports(reports) = message else { panic!("said {message:?}") };
                self.heard.extend(reports);
            }
        }
        self.socket.set_read_timeout(Some(PATIENCE)).unwrap();
    }

    /// Waits for the worker's thread.
    pub(super) fn join(&mut self) {
        self.worker.take().expect("a worker in this process").join().unwrap();
    }

    /// Closes the socket, and waits for the worker's thread.
    pub(super) fn hang_up(&mut self) {
        self.socket.shutdown(std::net::Shutdown::Both).unwrap();
        self.join();
    }
}

/// Where a function's command waits until the test lets it pass.
pub(super) struct Gate {
    ends: std::fs::File,
    folder: tempfile::TempDir,
}

impl Gate {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gate");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        // Both ends, so that nobody waits to open it.
        let ends = std::fs::File::options().read(true).write(true).open(&path).unwrap();
        Self { ends, folder }
    }

    /// Waits for it to open.
    pub(super) fn step(&self) -> Step {
        let script = format!("read _ < '{}/gate'", self.folder.path().display());
        let words = ["sh", "-c", &script].map(|word| Expr::Literal(Value::Text(word.into())));
        Step::Command { words: words.to_vec() }
    }

    pub(super) fn open(&self) {
        use std::io::Write as _;
        (&self.ends).write_all(b"\n").unwrap();
    }
}

/// A worker in a process of its own.
pub(super) struct Worker(pub(super) Child);

impl Worker {
    #[expect(clippy::disallowed_methods, reason = "a worker's process is what these tests are about")]
    pub(super) fn start(setup: Setup) -> (OtherEnd, Self) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let child = Command::new("/proc/self/exe")
            .args(["--exact", "worker::steps::tests::process::serves_when_told", "--nocapture", "--test-threads=1"])
            .env(AS_WORKER, "1")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut end = OtherEnd::on(ours, None);
        end.tell(&ToWorker::Setup(setup));
        (end, Self(child))
    }
}
