//! Starts a program in a pseudo-terminal of its own and drives it as a person would: keys, size, signals, pulling the plug.
//! It does not know what the program shows; tests wait for conditions on the screen. Nothing here is unsafe: `setsid`
//! (util-linux) makes the new session, gives it the terminal and becomes the program, under the same PID.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::sys::termios::{Termios, tcgetattr};
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;

use super::Session;
use super::processes::{self, Tag};
use super::terminal::{Modes, Reading, Seen, Terminal};

/// Run by the shell: standard error brought the input, and becomes the terminal, as standard output is.
pub(super) const OTHER_INPUT: &str = r#"exec "$@" <&2 2>&1"#;

/// What is to be started, and in what terminal.
#[derive(Clone, Debug)]
pub struct Setup {
    program: OsString,
    args: Vec<OsString>,
    columns: u16,
    rows: u16,
    environment: Vec<(String, String)>,
    background: Option<[u8; 3]>,
    input: Option<Arc<File>>,
}

impl Setup {
    /// The program under test with these arguments, in a dark terminal of 80x24.
    pub fn pooltop<A: Into<OsString>>(args: impl IntoIterator<Item = A>) -> Self {
        Self::program(super::POOLTOP, args)
    }

    /// Any program, by its path.
    pub fn program<A: Into<OsString>>(program: impl Into<OsString>, args: impl IntoIterator<Item = A>) -> Self {
        Self {
            program: program.into(),
            args: args.into_iter().map(Into::into).collect(),
            columns: 80,
            rows: 24,
            environment: vec![("TERM".into(), "xterm-256color".into())],
            background: Some([0, 0, 0]),
            input: None,
        }
    }

    pub fn size(mut self, columns: u16, rows: u16) -> Self {
        (self.columns, self.rows) = (columns, rows);
        self
    }

    /// One more variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What the terminal answers to the question for its background colour; with `None` it stays silent, as many do.
    pub fn background(mut self, colour: Option<[u8; 3]>) -> Self {
        self.background = colour;
        self
    }

    /// Standard input is this file rather than the terminal, as in `pooltop run < list`.
    pub fn input(mut self, file: File) -> Self {
        self.input = Some(Arc::new(file));
        self
    }

    /// Starts it.
    #[track_caller]
    pub fn start(self) -> Pty {
        let (master, slave) = open_pair();
        let size = Winsize { ws_row: self.rows, ws_col: self.columns, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&master, size).expect("a terminal can be resized");
        let found = tcgetattr(&slave).expect("a terminal has modes");

        let tag = Tag::new("pty");
        let mut command = super::command(Session::NewInTerminal, &tag, &self.environment);
        // setsid makes its standard input the controlling terminal, so another input is put in place only after it.
        if self.input.is_some() {
            command.args(["/bin/sh", "-c", OTHER_INPUT, "sh"]);
        }
        command.arg(&self.program).args(&self.args);
        let duplicate = || Stdio::from(slave.try_clone().expect("a descriptor is free"));
        command.stdin(duplicate()).stdout(duplicate());
        command.stderr(
            self.input
                .as_ref()
                .map_or_else(duplicate, |file| Stdio::from(file.try_clone().expect("a descriptor is free"))),
        );
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {}: {error}", super::SETSID));
        let program = processes::watch(&child);

        let terminal = Arc::new(Terminal::new(self.columns, self.rows, self.background));
        let (wake, waker) = std::io::pipe().expect("a pipe is free");
        let reader = spawn_reader(&terminal, &master, &program, wake.into());
        let pty = Pty {
            child,
            program,
            master: Some(master),
            slave,
            terminal,
            reader: Some(reader),
            waker: waker.into(),
            found,
            tag,
        };
        super::wait_for_exec(pty.pid());
        pty
    }
}

/// A program in its terminal. Killed with everything it started when dropped.
pub struct Pty {
    child: Child,
    program: OwnedFd,
    master: Option<OwnedFd>,
    slave: OwnedFd,
    terminal: Arc<Terminal>,
    reader: Option<JoinHandle<()>>,
    waker: OwnedFd,
    found: Termios,
    tag: Tag,
}

impl Pty {
    /// The program's.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a PID is an i32")
    }

    /// What finds all its processes.
    pub fn tag(&self) -> &Tag {
        &self.tag
    }

    /// Waits until the screen fulfils the condition. Panics with the screen if it does not in time, or cannot any more.
    #[track_caller]
    pub fn wait_for(&self, condition: impl Fn(&vt100::Screen) -> bool, what: &str, timeout: Duration) {
        self.wait_for_seen(|seen| condition(seen.screen()), what, timeout);
    }

    /// Waits until this text is on the screen, in one row.
    #[track_caller]
    pub fn wait_for_text(&self, text: &str) {
        self.wait_for(|screen| shows(screen, text), &format!("{text:?} on the screen"), super::PATIENCE);
    }

    /// Waits until this text is gone from the screen.
    #[track_caller]
    pub fn wait_until_gone(&self, text: &str) {
        self.wait_for(|screen| !shows(screen, text), &format!("{text:?} gone from the screen"), super::PATIENCE);
    }

    /// Panics if this text leaves the screen within that time.
    #[track_caller]
    pub fn keeps_text(&self, text: &str, time: Duration) {
        let there = |seen: &Seen| seen.reading != Reading::Ended && (!seen.is_whole() || shows(seen.screen(), text));
        let seen = self.terminal.wait_while(|seen| there(seen), time);
        assert!(there(&seen), "{text:?} is gone\n{}", seen.picture());
    }

    /// As [`Pty::wait_for`], for everything a terminal is told: its title, the clipboard, the bytes as they came.
    #[track_caller]
    pub fn wait_for_seen(&self, condition: impl Fn(&Seen) -> bool, what: &str, timeout: Duration) {
        let holds = |seen: &Seen| seen.is_whole() && condition(seen);
        let seen = self.terminal.wait_while(|seen| !holds(seen) && seen.reading != Reading::Ended, timeout);
        if !holds(&seen) {
            let picture = seen.picture();
            drop(seen);
            panic!("not within {timeout:?}: {what}\n{picture}");
        }
    }

    /// A look at what the terminal shows and knows now.
    pub fn look<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.terminal.look())
    }

    /// Waits for anything to be written. False if nothing is in that time, or ever.
    pub fn writes_within(&self, time: Duration) -> bool {
        let before = self.look(|seen| seen.bytes);
        let seen = self.terminal.wait_while(|seen| seen.bytes == before && seen.reading != Reading::Ended, time);
        seen.bytes != before
    }

    /// The screen's rows, one a line.
    pub fn text(&self) -> String {
        self.look(|seen| seen.screen().contents())
    }

    /// Types. For keys that are no letters see `keys.rs`.
    #[track_caller]
    pub fn send(&self, keys: impl AsRef<[u8]>) {
        let mut rest = keys.as_ref();
        let what = format!("the terminal takes the keys {:?}", String::from_utf8_lossy(rest));
        processes::wait_until(
            || {
                // Not blocking: a program that reads no keys must not hang the test.
                let count = rustix::io::write(self.master(), rest).unwrap_or(0);
                rest = &rest[count..];
                rest.is_empty()
            },
            &what,
            super::PATIENCE,
        );
    }

    /// Makes the terminal that size; the kernel tells the program.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.terminal.set_size(columns, rows);
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(self.master(), size).expect("a terminal can be resized");
    }

    /// Sends a signal to the program alone.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        assert!(
            processes::send_signal(self.pid(), signal),
            "the program is gone already\n{}",
            self.look(Seen::picture)
        );
    }

    /// Reads nothing any more, as a terminal whose network is gone or whose user pressed Ctrl-S.
    pub fn stall(&self) {
        self.set_reading(Reading::Stalled);
    }

    /// Reads on after [`Pty::stall`].
    pub fn go_on(&self) {
        self.set_reading(Reading::On);
    }

    /// Closes the terminal under the program, as when its window is closed.
    pub fn hang_up(&mut self) {
        self.set_reading(Reading::Ended);
        self.join_reader();
        self.master = None;
    }

    /// Waits for the program's end and reads what it wrote last. Panics with the screen if it does not end in time.
    #[track_caller]
    pub fn exit_status(&mut self, timeout: Duration) -> ExitStatus {
        if !processes::has_ended_within(&self.program, timeout) {
            let table: Vec<String> =
                processes::tagged(&self.tag).iter().map(|process| format!("\n  {process}")).collect();
            panic!("no end within {timeout:?}\n{}{}", self.look(Seen::picture), table.concat());
        }
        let status = self.child.wait().expect("the program is ours to reap");
        if self.reader.is_some() {
            self.set_reading(Reading::Finishing);
            self.join_reader();
        }
        status
    }

    /// How the terminal is now. Meaningful after [`Pty::exit_status`].
    pub fn modes_on_exit(&self) -> ModesOnExit {
        // After a hang-up there is no terminal left to have modes.
        let termios_as_found = tcgetattr(&self.slave).map_or(true, |now| now == self.found);
        ModesOnExit { modes: self.look(Seen::modes), termios_as_found }
    }

    /// Panics unless the terminal is as the program found it.
    #[track_caller]
    pub fn assert_as_found(&self) {
        let now = self.modes_on_exit();
        assert!(now.is_as_found(), "the terminal is not as it was found: {now:?}\n{}", self.look(Seen::picture));
    }

    /// Whether the program has changed the terminal's line discipline: raw mode, no echo.
    pub fn is_raw(&self) -> bool {
        tcgetattr(&self.slave).is_ok_and(|now| now != self.found)
    }

    fn master(&self) -> &OwnedFd {
        self.master.as_ref().expect("the terminal was not hung up")
    }

    fn set_reading(&self, reading: Reading) {
        self.terminal.set_reading(reading);
        // Nobody is left to wake when all has been read.
        let _ = rustix::io::write(&self.waker, &[0]);
    }

    fn join_reader(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reading thread does not panic");
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        processes::kill_tagged(&self.tag);
        drop(self.child.wait());
        self.set_reading(Reading::Ended);
        // Joining could panic a second time, in the midst of a failing test's own panic.
        let _ = self.reader.take().map(JoinHandle::join);
    }
}

/// What was left of the program's changes to the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModesOnExit {
    pub modes: Modes,
    pub termios_as_found: bool,
}

impl ModesOnExit {
    pub fn is_as_found(&self) -> bool {
        self.modes == Modes::default() && self.termios_as_found
    }
}

/// Whether this text is in one of the screen's rows.
pub fn shows(screen: &vt100::Screen, text: &str) -> bool {
    let (_, columns) = screen.size();
    screen.rows(0, columns.get()).any(|row| row.contains(text))
}

/// The first row that has this text, counted from 0, and the column where it begins.
pub fn place_of(screen: &vt100::Screen, text: &str) -> Option<(u16, u16)> {
    let (rows, columns) = screen.size();
    (0..rows.get()).find_map(|row| {
        let starts = |column: &u16| screen.contents_between(row, *column, row, columns.get()).starts_with(text);
        let column = (0..columns.get()).find(starts)?;
        Some((row, column))
    })
}

/// Master and slave. Opened so that no program started by another test at this moment inherits the master: the terminal
/// could not be hung up then. (`openpty` of the C library opens both to be inherited.)
fn open_pair() -> (OwnedFd, OwnedFd) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = rustix::pty::openpt(flags).expect("a pseudo-terminal is free");
    rustix::pty::unlockpt(&master).expect("a new pseudo-terminal can be unlocked");
    let slave = rustix::pty::ioctl_tiocgptpeer(&master, flags).expect("a pseudo-terminal has two ends");
    rustix::io::ioctl_fionbio(&master, true).expect("a terminal can be read without blocking");
    (master, slave)
}

fn spawn_reader(terminal: &Arc<Terminal>, master: &OwnedFd, program: &OwnedFd, wake: OwnedFd) -> JoinHandle<()> {
    let terminal = Arc::clone(terminal);
    let master = master.try_clone().expect("a descriptor is free");
    let program = program.try_clone().expect("a descriptor is free");
    std::thread::spawn(move || terminal.read_on(&master, &program, &wake))
}
