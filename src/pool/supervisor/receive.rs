//! The supervisor's ears: turns letters, signals, messages and deaths into events.
//! It does not decide what follows from them.

use nix::sys::signal::{Signal, raise};

use super::{Hurry, Supervisor};
use crate::command::{Asker, Command};
use crate::event::What;
use crate::model::{IllegalEvent, WorkerState};
use crate::pool::child::{Body, Child, Way};
use crate::pool::facts;
use crate::pool::mailbox::Letter;
use crate::pool::poller::Ready;
use crate::pool::signals::{self, HangUp};
use crate::task::WorkerId;
use crate::wire::{FromWorker, Received};

/// How many reads one socket gets in a turn, so that no worker starves the others.
const READS_A_TURN_MAX: usize = 8;

/// How many letters are taken in a turn.
const LETTERS_A_TURN_MAX: usize = 256;

/// How long a worker that closed its socket may take to exit.
const HANG_UP_MS_MAX: u64 = 200;

/// The same for a launcher, which hears of the worker's exit after the end of its output.
const LAUNCHER_HANG_UP_MS_MAX: u64 = 2_000;

/// Whether a socket may hold more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum More {
    No,
    Perhaps,
}

impl Supervisor {
    pub(super) fn receive(&mut self, ready: &[Ready]) {
        for ready in ready {
            match *ready {
                Ready::Bell => self.read_letters(),
                Ready::Signal => self.read_signals(),
                Ready::Socket(worker) => {
                    // What is left tells of itself in the next turn.
                    self.read_socket(worker);
                    let over = self.children.get(&worker).is_some_and(|child| child.heard_all && child.is_inside());
                    if over {
                        self.bury(worker);
                    }
                }
                Ready::SocketWritable(worker) => self.send(worker),
                Ready::Words(worker) => self.read_words(worker),
                Ready::Exit(worker) => self.bury(worker),
            }
        }
    }

    fn read_letters(&mut self) {
        let _ = self.inbox.bell.read();
        for _ in 0..LETTERS_A_TURN_MAX {
            match self.inbox.letters.try_recv() {
                Ok(Letter::Command(command, asker)) => self.take_command(command, asker),
                Ok(Letter::Samples(samples)) => self.record(What::Sampled { samples }),
                Err(_) => return,
            }
        }
        // More may wait; the bell has been read, so it is rung again.
        let _ = self.inbox.bell.write(1);
    }

    fn read_signals(&mut self) {
        while let Some(signal) = signals::read(&self.signals) {
            match signal {
                Signal::SIGINT | Signal::SIGTERM => {
                    self.hurry = Hurry::Yes;
                    self.take_command(Command::Stop, Asker::Person);
                }
                Signal::SIGQUIT => self.take_command(Command::Kill, Asker::Person),
                Signal::SIGHUP => {
                    let command = match self.settings.hang_up {
                        HangUp::Stops => {
                            self.hurry = Hurry::Yes;
                            Command::Stop
                        }
                        HangUp::Drains => Command::Drain,
                    };
                    self.take_command(command, Asker::Person);
                }
                Signal::SIGUSR1 => {
                    if let Some(asked) = &self.settings.asked {
                        // Asked twice before the first answer is asked once.
                        let _ = asked.try_send(());
                    }
                }
                Signal::SIGTSTP if self.settings.hang_up == HangUp::Drains => self.suspend(),
                Signal::SIGCHLD => self.sweep(),
                _ => {}
            }
        }
    }

    /// Freezes the tasks, then stops the whole program until somebody sends CONT. With a screen the screen does it.
    fn suspend(&mut self) {
        self.take_command(Command::Suspend, Asker::Person);
        self.send_all();
        self.publish();
        // To this very thread, which therefore stops before it can go on; sent to the process, another thread would take it.
        let _ = raise(Signal::SIGSTOP);
        self.now = self.clock.now();
        self.take_command(Command::Continue, Asker::Person);
    }

    fn read_socket(&mut self, worker: WorkerId) -> More {
        for _ in 0..READS_A_TURN_MAX {
            let Some(child) = self.children.get_mut(&worker) else { return More::No };
            if child.heard_all {
                return More::No;
            }
            match child.receiver.read(&mut self.scratch) {
                Ok(Received::Bytes) => self.read_messages(worker),
                Ok(Received::Nothing) => return More::No,
                Ok(Received::EndOfFile) | Err(_) => {
                    child.heard_all = true;
                    self.poller.forget(&child.receiver);
                    if child.is_inside() {
                        return More::No;
                    }
                    let patience_ms = match child.way {
                        Way::Direct => HANG_UP_MS_MAX,
                        Way::Launched => LAUNCHER_HANG_UP_MS_MAX,
                    };
                    self.hung_up.push((worker, self.now.plus_ms(patience_ms)));
                    return More::No;
                }
            }
        }
        More::Perhaps
    }

    /// What a worker says, until it says what cannot be understood or cannot be true: that is the end of that worker.
    fn read_messages(&mut self, worker: WorkerId) {
        loop {
            let Some(child) = self.children.get_mut(&worker) else { return };
            let heard = match child.receiver.take() {
                Ok(None) => return,
                Ok(Some(message)) => {
                    self.hear(worker, message).map_err(|illegal| format!("it claims what cannot be: {illegal}"))
                }
                Err(error) => Err(format!("it cannot be understood: {error}")),
            };
            if let Err(reason) = heard {
                return self.end(worker, reason);
            }
        }
    }

    fn hear(&mut self, worker: WorkerId, message: FromWorker) -> Result<(), IllegalEvent> {
        match message {
            FromWorker::Hello(hello) => {
                // A worker dismissed while it started says hello all the same.
                let Some(record) = self.state.workers.get(worker).filter(|record| record.is_starting()) else {
                    return Ok(());
                };
                let ready = facts::of_hello(&self.state, record, hello);
                self.try_record(ready)
            }
            FromWorker::Reports(reports) => {
                let mut events = Vec::new();
                for report in reports {
                    facts::of_report(&self.state, worker, report, &mut events)?;
                    for event in events.drain(..) {
                        self.try_record(event)?;
                    }
                }
                Ok(())
            }
        }
    }

    fn end(&mut self, worker: WorkerId, reason: String) {
        self.mute(worker);
        if let Some(child) = self.children.get_mut(&worker) {
            child.heard_all = true;
            self.poller.forget(&child.receiver);
            child.kill();
        }
        if self.state.workers.get(worker).is_some_and(|record| record.state != WorkerState::Killed) {
            self.record(What::WorkerKilled { worker, reason: reason.into() });
        }
    }

    /// Workers that closed their socket long ago and still live.
    pub(super) fn end_hung_up(&mut self) {
        let now = self.now;
        let due: Vec<WorkerId> = self.hung_up.iter().filter(|(_, until)| *until <= now).map(|(id, _)| *id).collect();
        self.hung_up.retain(|(_, until)| *until > now);
        for worker in due {
            self.end(worker, "it hung up".to_owned());
        }
    }

    fn read_words(&mut self, worker: WorkerId) {
        let Some(child) = self.children.get_mut(&worker) else { return };
        if !child.read_words(&mut self.scratch)
            && let Body::Process { stderr, .. } = &child.body
        {
            self.poller.forget(stderr);
        }
    }

    /// The process is gone, or the thread hung up: first everything it still said, then its end.
    fn bury(&mut self, worker: WorkerId) {
        // All of it is here by now. The end of the connection need not be: a command it was about to start may hold the
        // other end a moment longer.
        while self.read_socket(worker) == More::Perhaps {}
        let Some(child) = self.children.get_mut(&worker) else { return };
        child.read_words(&mut self.scratch);
        let Some(how) = child.reap() else { return };
        let state = self.state.workers.get(worker).map(|record| record.state);
        let unasked = state.is_some_and(|state| !matches!(state, WorkerState::Leaving | WorkerState::Killed));
        let last_words = if unasked { child.last_words() } else { Box::default() };
        self.poller.forget(&child.receiver);
        if let Some(Child { body, .. }) = self.children.remove(&worker) {
            match body {
                Body::Process { pidfd, stderr, .. } => {
                    self.poller.forget(stderr);
                    self.poller.forget(pidfd);
                }
                Body::Thread { alive } => self.threads.push(alive),
            }
        }
        self.hung_up.retain(|(id, _)| *id != worker);
        self.take_back(worker);
        let mut events = Vec::new();
        facts::of_exit(&self.state, worker, how, last_words, &mut events);
        for event in events {
            self.record(event);
        }
        // What it was at is given to another in this very turn; what it left behind must be told to end before.
        if state != Some(WorkerState::Leaving) {
            self.sweep();
        }
    }
}
