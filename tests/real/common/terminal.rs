//! A terminal as a program sees it from below: it shows what it is sent, answers what it is asked, and can stall.
//! It does not know which program writes to it; `pty.rs` brings the two together.

use std::num::NonZeroU16;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use nix::poll::{PollFd, PollFlags, PollTimeout};
use vt100::MouseProtocolMode;

/// How many of the bytes received last are kept as they came.
const RAW_BYTES_MAX: usize = 64 << 10;

/// Set by focus reporting and synchronised updates, which the vt100 crate leaves to its users.
const MODE_FOCUS: u16 = 1004;
const MODE_SYNCHRONISED: u16 = 2026;

/// Whether the terminal takes what the program writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// From the start, and after a stall.
    On,
    /// Nobody reads: writes to the terminal will block. Until told to go on.
    Stalled,
    /// The program has ended: what is still on its way is read. By the end of the program.
    Finishing,
    /// Everything has been read, or the terminal was hung up.
    Ended,
}

/// What the terminal has seen. Guarded by [`Terminal`].
pub struct Seen {
    parser: vt100::Parser<Extras>,
    /// Whether it reads.
    pub reading: Reading,
    /// Whether the program has ended.
    pub exited: bool,
    /// All bytes ever received.
    pub bytes: u64,
    raw: Vec<u8>,
}

impl Seen {
    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// What was told besides the screen.
    pub fn extras(&self) -> &Extras {
        self.parser.callbacks()
    }

    /// The last bytes as they came.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The modes that a program has to undo.
    pub fn modes(&self) -> Modes {
        let screen = self.screen();
        Modes {
            alternate_screen: screen.alternate_screen(),
            cursor_hidden: screen.hide_cursor(),
            mouse: screen.mouse_protocol_mode() != MouseProtocolMode::None,
            bracketed_paste: screen.bracketed_paste(),
            application_cursor: screen.application_cursor(),
            focus_reports: self.extras().focus_reports,
            title: self.extras().title.clone(),
        }
    }

    /// The screen as text in a frame, for a person who wants to know why a test failed.
    pub fn picture(&self) -> String {
        let screen = self.screen();
        let (rows, columns) = screen.size();
        let rule = "-".repeat(usize::from(columns.get()));
        let lines: Vec<String> = screen.rows(0, columns.get()).map(|row| format!("|{row}\n")).collect();
        let (row, column) = screen.cursor_position();
        let fate = if self.exited { "has ended" } else { "is running" };
        let fate = format!("program {fate}, terminal {:?}, {} bytes received", self.reading, self.bytes);
        format!("+{rule} {columns}x{rows}\n{}+{rule} cursor {column},{row}; {fate}", lines.concat())
    }

    fn take_in(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.bytes += bytes.len() as u64;
        self.raw.extend_from_slice(bytes);
        let excess = self.raw.len().saturating_sub(RAW_BYTES_MAX);
        self.raw.drain(..excess);
        self.parser.process(bytes);
        std::mem::take(&mut self.parser.callbacks_mut().replies)
    }

    /// False in the midst of an update that the program wants shown at once.
    pub fn is_whole(&self) -> bool {
        !self.extras().synchronising || self.reading != Reading::On
    }
}

/// The modes that have to be as they were when a program ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the terminal, independent of the others")]
pub struct Modes {
    pub alternate_screen: bool,
    pub cursor_hidden: bool,
    pub mouse: bool,
    pub bracketed_paste: bool,
    pub application_cursor: bool,
    pub focus_reports: bool,
    pub title: String,
}

/// What a program tells or asks a terminal besides drawing.
#[derive(Default)]
pub struct Extras {
    /// The window's title.
    pub title: String,
    /// What was put into the clipboard (OSC 52), as base64.
    pub copied: Vec<String>,
    /// How often it rang.
    pub bells: u32,
    /// OSC sequences that nothing else here understands, for instance the progress in a window's bar (`9;4;...`).
    pub other_osc: Vec<String>,
    titles: Vec<String>,
    focus_reports: bool,
    synchronising: bool,
    background: Option<[u8; 3]>,
    replies: Vec<u8>,
}

impl Extras {
    fn reply(&mut self, text: &str) {
        self.replies.extend_from_slice(text.as_bytes());
    }

    fn set_private_mode(&mut self, mode: u16, on: bool) {
        match mode {
            MODE_FOCUS => self.focus_reports = on,
            MODE_SYNCHRONISED => self.synchronising = on,
            _ => {}
        }
    }
}

impl vt100::Callbacks for Extras {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.bells += 1;
    }

    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.title = String::from_utf8_lossy(title).into_owned();
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], text: &[u8]) {
        self.copied.push(String::from_utf8_lossy(text).into_owned());
    }

    fn unhandled_csi(
        &mut self,
        screen: &mut vt100::Screen,
        first: Option<u8>,
        _: Option<u8>,
        params: &[&[u16]],
        last: char,
    ) {
        let params: Vec<u16> = params.iter().filter_map(|param| param.first().copied()).collect();
        match (first, params.as_slice(), last) {
            (Some(b'?'), modes, 'h' | 'l') => modes.iter().for_each(|mode| self.set_private_mode(*mode, last == 'h')),
            (None, [5], 'n') => self.reply("\x1b[0n"),
            (None, [6], 'n') => {
                let (row, column) = screen.cursor_position();
                self.reply(&format!("\x1b[{};{}R", row + 1, column + 1));
            }
            (None, [0] | [], 'c') => self.reply("\x1b[?62;22c"),
            (None, [22, 0 | 2, ..], 't') => self.titles.push(self.title.clone()),
            (None, [23, 0 | 2, ..], 't') => self.title = self.titles.pop().unwrap_or_default(),
            _ => {}
        }
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, params: &[&[u8]]) {
        match (params, self.background) {
            ([b"11", b"?"], Some([red, green, blue])) => {
                self.reply(&format!(
                    "\x1b]11;rgb:{red:02x}{red:02x}/{green:02x}{green:02x}/{blue:02x}{blue:02x}\x1b\\"
                ));
            }
            ([b"10" | b"11", b"?"], _) => {}
            _ => self.other_osc.push(String::from_utf8_lossy(&params.join(&b';')).into_owned()),
        }
    }
}

/// The terminal, shared between the thread that reads and the test that looks.
pub struct Terminal {
    seen: Mutex<Seen>,
    changed: Condvar,
}

impl Terminal {
    pub fn new(columns: u16, rows: u16, background: Option<[u8; 3]>) -> Self {
        let extras = Extras { background, ..Extras::default() };
        let parser = vt100::Parser::new_with_callbacks(size(rows), size(columns), 0, extras);
        let seen = Seen { parser, reading: Reading::On, exited: false, bytes: 0, raw: Vec::new() };
        Self { seen: Mutex::new(seen), changed: Condvar::new() }
    }

    /// For a look. The terminal reads nothing meanwhile.
    pub fn look(&self) -> MutexGuard<'_, Seen> {
        // A test that fails while it looks still has to end its program, so what it leaves locked is taken all the same.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the condition holds, or the time is over. Tells whether it holds, and locks what was seen.
    pub fn wait_while(
        &self,
        pending: impl FnMut(&mut Seen) -> bool,
        timeout: std::time::Duration,
    ) -> MutexGuard<'_, Seen> {
        let waited = self.changed.wait_timeout_while(self.look(), timeout, pending);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// What the program will draw on from now on.
    pub fn set_size(&self, columns: u16, rows: u16) {
        self.look().parser.set_size(size(rows), size(columns));
    }

    /// The end is final.
    pub fn set_reading(&self, reading: Reading) {
        let mut seen = self.look();
        if seen.reading != Reading::Ended {
            seen.reading = reading;
        }
        drop(seen);
        self.changed.notify_all();
    }

    /// The reading thread: takes in what comes from `master` until `program` has ended and nothing more comes.
    /// `wake` interrupts it after a change of [`Reading`].
    pub fn read_on(&self, master: &OwnedFd, program: &OwnedFd, wake: &OwnedFd) {
        loop {
            let (reading, exited) = {
                let seen = self.look();
                (seen.reading, seen.exited)
            };
            if reading == Reading::Ended {
                return;
            }
            let mut fds = vec![PollFd::new(wake.as_fd(), PollFlags::POLLIN)];
            if reading != Reading::Stalled {
                fds.push(PollFd::new(master.as_fd(), PollFlags::POLLIN));
            }
            if !exited {
                fds.push(PollFd::new(program.as_fd(), PollFlags::POLLIN));
            }
            let timeout = if reading == Reading::Finishing { PollTimeout::ZERO } else { PollTimeout::NONE };
            let ready = nix::poll::poll(&mut fds, timeout).expect("descriptors of ours can be polled");
            let is_ready = |at: usize| fds.get(at).and_then(PollFd::any).unwrap_or(false);
            if is_ready(0) {
                let _ = rustix::io::read(wake, &mut [0; 8]);
            }
            let readable = reading != Reading::Stalled && is_ready(1);
            if readable && !self.read_once(master) || ready == 0 {
                self.set_reading(Reading::Ended);
            } else if !exited && is_ready(fds.len() - 1) {
                self.note_exit();
            }
        }
    }

    fn note_exit(&self) {
        let mut seen = self.look();
        seen.exited = true;
        if seen.reading == Reading::On {
            seen.reading = Reading::Finishing;
        }
        drop(seen);
        self.changed.notify_all();
    }

    /// False when nothing will ever come again.
    fn read_once(&self, master: &OwnedFd) -> bool {
        let mut buffer = [0; 16 << 10];
        let mut seen = self.look();
        // Looked at under the lock: once stalled, not a byte is taken.
        if seen.reading == Reading::Stalled {
            return true;
        }
        match rustix::io::read(master, &mut buffer) {
            Ok(0) | Err(rustix::io::Errno::IO) => return false,
            Ok(count) => {
                let replies = seen.take_in(&buffer[..count]);
                self.changed.notify_all();
                // A program that asks and does not listen is not the terminal's concern.
                let _ = rustix::io::write(master, &replies);
            }
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            Err(error) => panic!("cannot read from the pseudo-terminal: {error}"),
        }
        true
    }
}

fn size(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).expect("a terminal has at least one row and column")
}
