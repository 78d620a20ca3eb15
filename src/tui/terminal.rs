//! The terminal while it is ours: taken, drawn on, and given back exactly once as it was found, whatever happens.
//! It does not know what is drawn, nor what keys do.

mod paint;
mod tty;

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use crossbeam_channel::Sender;
use crossterm::Command as _;
use crossterm::clipboard::CopyToClipboard;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};
use nix::sys::termios::Termios;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use thiserror::Error;

use super::input::{Decoded, Decoder, Input};
use crate::clock::Clock;
use crate::text::Safe;
pub use paint::changes;
use tty::{Flow, Outlet, Standard};

/// How long the terminal may take to name its background.
const BACKGROUND_WAIT: Duration = Duration::from_millis(100);

/// How much text a terminal is asked to put on its clipboard.
const COPY_BYTES_MAX: usize = 64 << 10;

/// What is assumed where the terminal does not know its size.
const UNKNOWN_SIZE: (u16, u16) = (80, 24);

/// The title is kept on the terminal's own stack meanwhile.
const TITLE_PUSH: &str = "\x1b[22;0t";

/// Other screen, no cursor, pastes marked, empty.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[0m\x1b[2J";

/// Presses and wheel, in the notation without limits. Movements would wake us for nothing.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";

/// Undoes all of the above; first ends a sequence that a stall may have cut in two.
const LEAVE: &str = "\x1b\\\x1b[0m\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[?1049l\x1b[?25h\x1b[23;0t";

/// The background's colour, and a question every terminal answers, so that silence is noticed soon.
const ASK_BACKGROUND: &[u8] = b"\x1b]11;?\x1b\\\x1b[c";

/// What can be wrong with a terminal.
#[derive(Debug, Error)]
pub enum TuiError {
    /// Output goes elsewhere.
    #[error("draw on standard output: it is not a terminal; --progress plain needs none")]
    NotATerminal,
    /// There is nothing to read keys from.
    #[error("open a terminal to read keys from; --progress plain needs none")]
    NoKeys(#[source] io::Error),
    /// It is there and cannot be used.
    #[error("set up the terminal; --progress plain needs none")]
    SetUp(#[from] io::Error),
}

/// Whether the mouse is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MouseUse {
    /// Clicks and the wheel come to us; selecting text needs Shift.
    #[default]
    On,
    /// The terminal keeps the mouse for itself.
    Off,
}

/// The one terminal, while it is taken. Whoever takes this out gives the terminal back, so it happens once.
static HELD: Mutex<Option<Held>> = Mutex::new(None);

struct Held {
    outlet: Outlet,
    keys: File,
    former: Termios,
    wake: Option<Sender<Input>>,
}

/// Gives the terminal back if it is taken. Any thread may call this at any time; it waits a fraction of a second at most.
pub fn restore() {
    if let Some(held) = lock().take() {
        held.give_back();
    }
}

/// Prints the last words on the terminal after it was given back. Where nobody reads they are lost: waiting for a reader would
/// keep the program from ending.
pub fn print_last(text: &str) {
    if let Ok(terminal) = tty::reopen(Standard::Output) {
        tty::send_briefly(&terminal, text.as_bytes());
    }
}

/// From now on a panic in any thread gives the terminal back before its message is printed.
pub fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let former = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if let Some(held) = lock().take() {
                let wake = held.wake.clone();
                held.give_back();
                // A full channel wakes as well.
                let _ = wake.map(|wake| wake.try_send(Input::GivenBack));
            }
            former(info);
        }));
    });
}

fn lock() -> MutexGuard<'static, Option<Held>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Held {
    fn give_back(mut self) {
        // From the background the kernel would stop us for touching the terminal.
        let quiet = SigSet::from(Signal::SIGTTOU);
        let before = quiet.thread_swap_mask(SigmaskHow::SIG_BLOCK);
        self.outlet.forget();
        tty::send_last(self.outlet.tty(), LEAVE.as_bytes());
        // This fails only where the terminal is gone.
        let _ = tty::set_modes(&self.keys, &self.former);
        if let Ok(before) = before {
            let _ = before.thread_set_mask();
        }
    }
}

/// The terminal, ours until this is dropped.
pub(super) struct Terminal {
    mouse: MouseUse,
    wake: Option<Sender<Input>>,
    shown: Buffer,
    next: Buffer,
    redraw: Redraw,
    bytes: Vec<u8>,
}

/// What the next frame must draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Redraw {
    Changes,
    Everything,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drawn {
    /// It is on its way.
    Sent,
    /// Nobody reads; try again with [`retry`] before drawing more.
    Stalled,
    /// The terminal was given back by somebody else.
    NotOurs,
}

impl Terminal {
    /// Takes the terminal.
    pub fn enter(mouse: MouseUse) -> Result<Self, TuiError> {
        if !io::stdout().is_terminal() {
            return Err(TuiError::NotATerminal);
        }
        restore_on_panic();
        let mut terminal = Self {
            mouse,
            wake: None,
            shown: Buffer::empty(Rect::ZERO),
            next: Buffer::empty(Rect::ZERO),
            redraw: Redraw::Everything,
            bytes: Vec::new(),
        };
        terminal.take()?;
        Ok(terminal)
    }

    /// Who is told when another thread's panic gives the terminal back.
    pub fn wake_through(&mut self, wake: Sender<Input>) {
        if let Some(held) = lock().as_mut() {
            held.wake = Some(wake.clone());
        }
        self.wake = Some(wake);
    }

    /// Draws a frame: the changes since the last one, in one write. Nothing is sent where nothing changed.
    pub fn draw(&mut self, render: impl FnOnce(&mut Buffer)) -> io::Result<Drawn> {
        let Some(area) = area()? else { return Ok(Drawn::NotOurs) };
        if self.shown.area != area {
            self.redraw = Redraw::Everything;
        }
        self.bytes.clear();
        if self.redraw == Redraw::Everything {
            self.bytes.extend_from_slice(b"\x1b[0m\x1b[2J");
            self.shown = Buffer::empty(area);
            self.next = Buffer::empty(area);
            self.redraw = Redraw::Changes;
        }
        self.next.reset();
        render(&mut self.next);
        changes(&self.shown, &self.next, &mut self.bytes);
        std::mem::swap(&mut self.shown, &mut self.next);
        if self.bytes.is_empty() {
            return Ok(Drawn::Sent);
        }
        let bytes = std::mem::take(&mut self.bytes);
        let drawn = try_send(&bytes);
        self.bytes = bytes;
        drawn
    }

    /// Gives the terminal back, stops this process as Ctrl-Z does, and takes the terminal again when it goes on.
    pub fn suspend(&mut self) -> Result<(), TuiError> {
        restore();
        // To this thread, so that it has stopped when the call returns.
        raise(Signal::SIGSTOP).map_err(io::Error::from)?;
        // In the background the kernel stops us here until we are in the foreground again.
        self.take()
    }

    /// Somebody else may have changed the modes or written on the screen: sets them again, and the next frame draws everything.
    pub fn reassert(&mut self) -> io::Result<()> {
        if let Some(held) = lock().as_mut() {
            tty::set_raw(&held.keys, &held.former)?;
        }
        send(self.entering().as_bytes());
        self.redraw = Redraw::Everything;
        Ok(())
    }

    fn take(&mut self) -> Result<(), TuiError> {
        let outlet = Outlet::new(tty::reopen(Standard::Output)?);
        let keys = open_keys().map_err(TuiError::NoKeys)?;
        let former = tty::make_raw(&keys)?;
        *lock() = Some(Held { outlet, keys, former, wake: self.wake.clone() });
        send(TITLE_PUSH.as_bytes());
        send(self.entering().as_bytes());
        self.redraw = Redraw::Everything;
        Ok(())
    }

    fn entering(&self) -> String {
        match self.mouse {
            MouseUse::On => format!("{ENTER}{MOUSE_ON}"),
            MouseUse::Off => ENTER.to_owned(),
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

impl From<Flow> for Drawn {
    fn from(flow: Flow) -> Self {
        match flow {
            Flow::Clear => Self::Sent,
            Flow::Stalled => Self::Stalled,
        }
    }
}

/// Asks for the background's colour: red, green, blue as the terminal says. What was typed meanwhile is in the decoder.
pub(super) fn ask_background() -> (Option<[u16; 3]>, Decoder) {
    let mut decoder = Decoder::default();
    let Ok(mut keys) = open_keys() else { return (None, decoder) };
    if send(ASK_BACKGROUND) != Drawn::Sent {
        return (None, decoder);
    }
    let clock = Clock::start();
    let (mut kept, mut colour, mut answered) = (Decoder::default(), None, false);
    while !answered {
        let Some(left) = BACKGROUND_WAIT.checked_sub(clock.elapsed()) else { break };
        let mut bytes = [0; 256];
        if !tty::wait_readable(&keys, left) {
            break;
        }
        let Ok(count @ 1..) = keys.read(&mut bytes) else { break };
        decoder.feed(&bytes[..count]);
        while let Some(what) = decoder.pop() {
            match what {
                Decoded::Background(levels) => colour = Some(levels),
                Decoded::Attributes => answered = true,
                typed => kept.put_back(typed),
            }
        }
    }
    kept.adopt(decoder);
    (colour, kept)
}

/// Sends what nobody has read yet.
pub(super) fn retry() -> io::Result<Drawn> {
    match lock().as_mut() {
        Some(held) => Ok(held.outlet.retry()?.into()),
        None => Ok(Drawn::NotOurs),
    }
}

/// Names the window.
pub(super) fn title(title: &Safe) {
    send(format!("\x1b]2;{title}\x07").as_bytes());
}

/// Asks the terminal to put the text on its clipboard.
pub(super) fn copy(text: &str) {
    let mut sequence = String::new();
    let upto = text.floor_char_boundary(COPY_BYTES_MAX);
    // Writing to a String cannot fail.
    let _ = CopyToClipboard::to_clipboard_from(&text[..upto]).write_ansi(&mut sequence);
    send(sequence.as_bytes());
}

/// The size of the window; `None` when the terminal is not ours any more.
fn area() -> io::Result<Option<Rect>> {
    let held = lock();
    let Some(held) = held.as_ref() else { return Ok(None) };
    let area = tty::area(held.outlet.tty())?;
    let known = area.width > 0 && area.height > 0;
    Ok(Some(if known { area } else { Rect::new(0, 0, UNKNOWN_SIZE.0, UNKNOWN_SIZE.1) }))
}

/// For what may be lost: where sending fails the next frame fails too, and that is noticed.
fn send(bytes: &[u8]) -> Drawn {
    try_send(bytes).unwrap_or(Drawn::Stalled)
}

fn try_send(bytes: &[u8]) -> io::Result<Drawn> {
    match lock().as_mut() {
        Some(held) => Ok(held.outlet.send(bytes)?.into()),
        None => Ok(Drawn::NotOurs),
    }
}

/// A descriptor to read keys from. Standard input may be the list of inputs; then they come from the terminal that controls us.
pub(super) fn open_keys() -> io::Result<File> {
    if io::stdin().is_terminal() { tty::reopen(Standard::Input) } else { tty::controlling() }
}
