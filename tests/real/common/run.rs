//! Runs a program without a terminal: arguments and standard input in, output and exit status out, always within a time.
//! It does not know what the program does, nor what its output means.

use std::ffi::OsString;
use std::io::{PipeWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use nix::sys::signal::Signal;
use pooltop::clock::Clock;

use super::Session;
use super::processes::{self, Tag};

/// What is to be run, and how.
#[derive(Clone, Debug)]
pub struct Run {
    program: OsString,
    args: Vec<OsString>,
    input: Vec<u8>,
    environment: Vec<(String, String)>,
    dir: Option<PathBuf>,
    output: Option<Arc<PipeWriter>>,
    timeout: Duration,
    tag: Tag,
}

impl Run {
    /// The program under test with these arguments.
    pub fn pooltop<A: Into<OsString>>(args: impl IntoIterator<Item = A>) -> Self {
        Self::program(super::POOLTOP, args)
    }

    /// Any program.
    pub fn program<A: Into<OsString>>(program: impl Into<OsString>, args: impl IntoIterator<Item = A>) -> Self {
        Self {
            program: program.into(),
            args: args.into_iter().map(Into::into).collect(),
            input: Vec::new(),
            environment: Vec::new(),
            dir: None,
            output: None,
            timeout: super::PATIENCE,
            tag: Tag::new("run"),
        }
    }

    /// What it reads from standard input; nothing unless told.
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// One more variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Where it runs; here unless told.
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Where its standard output goes, if the test reads it itself; [`Finished::stdout`] is empty then.
    pub fn output(mut self, output: PipeWriter) -> Self {
        self.output = Some(Arc::new(output));
        self
    }

    /// What will find all its processes.
    pub fn tag(&self) -> &Tag {
        &self.tag
    }

    /// Starts it and waits for its end.
    #[track_caller]
    pub fn finish(self) -> Finished {
        self.start().finish()
    }

    /// Starts it.
    #[track_caller]
    pub fn start(mut self) -> Running {
        let mut command = super::command(Session::Ours, &self.tag, &self.environment);
        command.arg(&self.program).args(&self.args).stdin(Stdio::piped()).stderr(Stdio::piped());
        // The test's own end of it must not stay open here.
        command.stdout(self.output.take().map_or_else(Stdio::piped, |output| {
            Stdio::from(OwnedFd::from(Arc::into_inner(output).expect("one run has it")))
        }));
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        let clock = Clock::start();
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {}: {error}", super::ENV));
        let watched = processes::watch(&child);
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        let input = self.input.clone();
        // A program may end without reading its input; what it prints is what a test looks at.
        std::thread::spawn(move || drop(stdin.write_all(&input)));
        let stdout = child.stdout.take().map_or_else(Collected::nothing, Collected::from);
        let stderr = Collected::from(child.stderr.take().expect("standard error is a pipe"));
        let guard = KilledAtEnd(self.tag.clone());
        super::wait_for_exec(i32::try_from(child.id()).expect("a PID is an i32"));
        Running { run: self, guard, child: Reaped(child), watched, clock, stdout, stderr }
    }
}

/// A program on its way. Killed with everything it started when dropped.
pub struct Running {
    run: Run,
    // Dropped in this order: what is to be reaped has to be killed before.
    guard: KilledAtEnd,
    child: Reaped,
    watched: OwnedFd,
    clock: Clock,
    stdout: Collected,
    stderr: Collected,
}

impl Running {
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.0.id()).expect("a PID is an i32")
    }

    /// What finds all its processes.
    pub fn tag(&self) -> &Tag {
        &self.run.tag
    }

    /// How long [`Running::finish`] waits.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.run.timeout = timeout;
        self
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        assert!(processes::send_signal(self.pid(), signal), "{} is gone already", self.pid());
    }

    /// Waits until its standard output so far fulfils the condition. Gives it back.
    #[track_caller]
    pub fn wait_for_output(&self, condition: impl Fn(&str) -> bool, what: &str) -> String {
        self.stdout
            .wait_for(&condition, self.run.timeout)
            .unwrap_or_else(|| panic!("not within {:?}: {what}\n{}", self.run.timeout, self.so_far()))
    }

    /// Waits until its standard error so far fulfils the condition. Gives it back.
    #[track_caller]
    pub fn wait_for_errors(&self, condition: impl Fn(&str) -> bool, what: &str) -> String {
        self.stderr
            .wait_for(&condition, self.run.timeout)
            .unwrap_or_else(|| panic!("not within {:?}: {what}\n{}", self.run.timeout, self.so_far()))
    }

    /// Waits for its end, and for the end of its output. Panics with what was printed when that takes too long.
    #[track_caller]
    pub fn finish(mut self) -> Finished {
        let timeout = self.run.timeout;
        let ended = processes::has_ended_within(&self.watched, timeout);
        assert!(ended, "{} did not end within {timeout:?}\n{}", self.run.program.display(), self.so_far());
        let took = self.clock.elapsed();
        let status = self.child.0.wait().expect("the child is ours to reap");
        // A process left behind would hold the pipes open: that is a finding, not something to wait for.
        let ended = self.stdout.wait_for_end(timeout) && self.stderr.wait_for_end(timeout);
        assert!(ended, "something holds the output open after the end\n{}", self.so_far());
        let (stdout, stderr) = (self.stdout.bytes(), self.stderr.bytes());
        Finished { status, stdout, stderr, took, tag: self.run.tag, _guard: self.guard }
    }

    fn so_far(&self) -> String {
        let table: Vec<String> =
            processes::tagged(&self.run.tag).iter().map(|process| format!("  {process}")).collect();
        format!(
            "-- standard output\n{}\n-- standard error\n{}\n-- processes\n{}",
            self.stdout.text(),
            self.stderr.text(),
            table.join("\n")
        )
    }
}

/// Kills what a run left behind when the test is done with it.
struct KilledAtEnd(Tag);

impl Drop for KilledAtEnd {
    fn drop(&mut self) {
        processes::kill_tagged(&self.0);
    }
}

/// Asks how the child ended; without that, the zombie would stay for as long as the tests run.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        let _ = self.0.wait();
    }
}

/// What came of a run. What it left behind is killed when this is dropped.
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub took: Duration,
    /// What finds all its processes, should there be any left.
    pub tag: Tag,
    _guard: KilledAtEnd,
}

impl Finished {
    /// The exit code as a shell would show it: 128 and the signal's number for one that was killed.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| 128 + self.status.signal().unwrap_or(0))
    }

    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Panics with everything printed unless the exit code is that one.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        let (out, err) = (self.out(), self.err());
        assert_eq!(self.code(), code, "exit code\n-- standard output\n{out}\n-- standard error\n{err}");
        self
    }
}

/// What a pipe has brought so far, read by a thread of its own so that no program ever waits for the test.
struct Collected(Arc<(Mutex<Bytes>, Condvar)>);

#[derive(Default)]
struct Bytes {
    bytes: Vec<u8>,
    ended: bool,
}

impl Collected {
    fn nothing() -> Self {
        Self::from(std::io::empty())
    }

    fn from(mut pipe: impl Read + Send + 'static) -> Self {
        let collected = Self(Arc::default());
        let shared = Arc::clone(&collected.0);
        std::thread::spawn(move || {
            let mut buffer = [0; 16 << 10];
            loop {
                let count = pipe.read(&mut buffer).unwrap_or(0);
                let mut so_far = shared.0.lock().expect("no reader panics");
                so_far.bytes.extend_from_slice(&buffer[..count]);
                so_far.ended = count == 0;
                shared.1.notify_all();
                if so_far.ended {
                    return;
                }
            }
        });
        collected
    }

    fn wait_for(&self, condition: &impl Fn(&str) -> bool, timeout: Duration) -> Option<String> {
        let so_far = self.0.0.lock().expect("no reader panics");
        let holds = |so_far: &Bytes| condition(&String::from_utf8_lossy(&so_far.bytes));
        // A pipe that has ended brings nothing more: no use in waiting on.
        let pending = |so_far: &mut Bytes| !so_far.ended && !holds(so_far);
        let (so_far, _) = self.0.1.wait_timeout_while(so_far, timeout, pending).expect("no reader panics");
        holds(&so_far).then(|| String::from_utf8_lossy(&so_far.bytes).into_owned())
    }

    fn wait_for_end(&self, timeout: Duration) -> bool {
        let so_far = self.0.0.lock().expect("no reader panics");
        let (so_far, _) =
            self.0.1.wait_timeout_while(so_far, timeout, |so_far| !so_far.ended).expect("no reader panics");
        so_far.ended
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.0.lock().expect("no reader panics").bytes.clone()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}
