//! The thread that waits for keys: on the terminal, on signals that concern the screen, and on its own end.
//! It does not know what a key does. It never spins: a terminal that is gone is told once, and the thread ends.

mod decode;

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::keymap::Key;

pub(super) use decode::{Decoded, Decoder, Mouse, MouseDid};

/// How many inputs may wait for the screen; more wait in the terminal.
const INPUTS_MAX: usize = 256;

/// How much is read at once.
const READ_BYTES: usize = 1024;

/// How long the end of the thread is waited for.
const END_WAIT: Duration = Duration::from_millis(200);

/// Something the person did, or that happened to the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// A key went down, or repeats.
    Key(Key),
    /// A click, or the wheel.
    Mouse(Mouse),
    /// Text was pasted.
    Paste(String),
    /// The window has another size.
    Resized,
    /// The process goes on after it was stopped by somebody else; its shell may have used the terminal.
    Continued,
    /// Another thread panicked and has given the terminal back.
    GivenBack,
    /// The terminal is gone.
    Gone,
}

/// The thread, for as long as this lives.
pub(super) struct Keyboard {
    inputs: Receiver<Input>,
    sender: Sender<Input>,
    stop: Arc<EventFd>,
    ended: Receiver<()>,
}

impl Keyboard {
    /// Starts to read; `decoder` holds what was typed before.
    pub fn start(tty: File, decoder: Decoder) -> io::Result<Self> {
        let signals = screen_signals()?;
        let stop = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
        let (sender, inputs) = bounded(INPUTS_MAX);
        let (end, ended) = bounded(0);
        let reader = Reader { tty, signals, stop: Arc::clone(&stop), decoder, sender: sender.clone() };
        thread::Builder::new().name("keys".to_owned()).spawn(move || {
            let _ended_when_dropped: Sender<()> = end;
            reader.run();
        })?;
        Ok(Self { inputs, sender, stop, ended })
    }

    /// What was done, in order.
    pub fn inputs(&self) -> &Receiver<Input> {
        &self.inputs
    }

    /// For others who have something to tell the screen.
    pub fn sender(&self) -> Sender<Input> {
        self.sender.clone()
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        // A full descriptor rings as well.
        let _ = self.stop.write(1);
        // The thread may be waiting for room, so what it still has to say is taken until it has ended.
        while crossbeam_channel::select! {
            recv(self.inputs) -> input => input.is_ok(),
            recv(self.ended) -> _ => false,
            default(END_WAIT) => false,
        } {}
    }
}

/// Window changes and going on after a stop, as a descriptor. Both are ignored by default, so every thread should have
/// blocked them from its start; at least this one does, and those it starts.
fn screen_signals() -> io::Result<SignalFd> {
    let mut set = SigSet::empty();
    set.add(Signal::SIGWINCH);
    set.add(Signal::SIGCONT);
    set.thread_block()?;
    Ok(SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?)
}

struct Reader {
    tty: File,
    signals: SignalFd,
    stop: Arc<EventFd>,
    decoder: Decoder,
    sender: Sender<Input>,
}

/// What a wait ended with.
struct Woken {
    tty: PollFlags,
    signals: PollFlags,
    stop: PollFlags,
}

impl Reader {
    fn run(mut self) {
        // Nobody listens any more when sending fails; then there is nothing left to do.
        let _ = self.read_on();
    }

    fn read_on(&mut self) -> Result<(), crossbeam_channel::SendError<Input>> {
        loop {
            self.deliver()?;
            let woken = match self.wait() {
                Ok(woken) => woken,
                Err(Errno::EINTR) => continue,
                Err(_) => return self.sender.send(Input::Gone),
            };
            if woken.stop.contains(PollFlags::POLLIN) {
                return Ok(());
            }
            if woken.signals.contains(PollFlags::POLLIN) {
                self.read_signals()?;
            }
            if woken.tty.is_empty() && woken.signals.is_empty() {
                self.decoder.settle();
            }
            if woken.tty.contains(PollFlags::POLLIN) && !self.read_keys() {
                self.deliver()?;
                return self.sender.send(Input::Gone);
            }
            if woken.tty.intersects(PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL) {
                return self.sender.send(Input::Gone);
            }
        }
    }

    fn wait(&self) -> nix::Result<Woken> {
        let patience = self.decoder.patience().map_or(PollTimeout::NONE, |patience| {
            PollTimeout::try_from(patience).expect("BUG: the decoder's patience is a second at most")
        });
        let mut fds = [
            PollFd::new(self.tty.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.stop.as_fd(), PollFlags::POLLIN),
        ];
        poll(&mut fds, patience)?;
        let [tty, signals, stop] = fds.map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
        Ok(Woken { tty, signals, stop })
    }

    fn read_signals(&self) -> Result<(), crossbeam_channel::SendError<Input>> {
        while let Ok(Some(signal)) = self.signals.read_signal() {
            let input = match i32::try_from(signal.ssi_signo).map(Signal::try_from) {
                Ok(Ok(Signal::SIGCONT)) => Input::Continued,
                _ => Input::Resized,
            };
            self.sender.send(input)?;
        }
        Ok(())
    }

    /// Whether the terminal is still there.
    fn read_keys(&mut self) -> bool {
        let mut bytes = [0; READ_BYTES];
        match self.tty.read(&mut bytes) {
            Ok(0) => false,
            Ok(count) => {
                self.decoder.feed(&bytes[..count]);
                true
            }
            Err(error) => matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
        }
    }

    fn deliver(&mut self) -> Result<(), crossbeam_channel::SendError<Input>> {
        while let Some(what) = self.decoder.pop() {
            let input = match what {
                Decoded::Key(key) => Input::Key(key),
                Decoded::Mouse(mouse) => Input::Mouse(mouse),
                Decoded::Paste(text) => Input::Paste(text),
                // Answers that came too late to matter.
                Decoded::Background(_) | Decoded::Attributes => continue,
            };
            self.sender.send(input)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyCode, KeyModifiers};
    use std::io::Write;

    fn pair() -> (File, File) {
        let pty = nix::pty::openpty(None, None).unwrap();
        (File::from(pty.master), File::from(pty.slave))
    }

    fn raw(tty: &File) {
        let mut modes = nix::sys::termios::tcgetattr(tty).unwrap();
        nix::sys::termios::cfmakeraw(&mut modes);
        nix::sys::termios::tcsetattr(tty, nix::sys::termios::SetArg::TCSANOW, &modes).unwrap();
    }

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn keys_arrive_and_a_lone_escape_is_the_key() {
        let (mut master, slave) = pair();
        raw(&slave);
        let keyboard = Keyboard::start(slave, Decoder::default()).unwrap();
        master.write_all(b"j\x1b").unwrap();
        let key = |code| Input::Key(Key::new(code, KeyModifiers::NONE));
        assert_eq!(keyboard.inputs().recv_timeout(LONG), Ok(key(KeyCode::Char('j'))));
        assert_eq!(keyboard.inputs().recv_timeout(LONG), Ok(key(KeyCode::Esc)));
    }

    #[test]
    fn a_terminal_that_goes_is_told_once_even_within_a_sequence() {
        let (mut master, slave) = pair();
        raw(&slave);
        let keyboard = Keyboard::start(slave, Decoder::default()).unwrap();
        master.write_all(b"\x1b[1;").unwrap();
        drop(master);
        assert_eq!(keyboard.inputs().recv_timeout(LONG), Ok(Input::Gone));
        assert!(keyboard.ended.recv_timeout(LONG).is_err_and(|error| error.is_disconnected()));
    }

    #[test]
    fn the_thread_ends_when_nobody_listens_though_much_was_typed() {
        let (mut master, slave) = pair();
        raw(&slave);
        let keyboard = Keyboard::start(slave, Decoder::default()).unwrap();
        for _ in 0..10 {
            master.write_all(&[b'j'; 100]).unwrap();
        }
        let ended = keyboard.ended.clone();
        drop(keyboard);
        assert!(ended.recv_timeout(LONG).is_err_and(|error| error.is_disconnected()));
    }
}
