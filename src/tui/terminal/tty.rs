//! The terminal as a device: opened anew, put into raw mode, asked for its size, written without ever blocking for long.
//! It does not know what is drawn.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{FlushArg, SetArg, Termios, cfmakeraw, tcflush, tcgetattr, tcsetattr};
use ratatui::layout::Rect;

/// What somebody who reads at all needs at most to take a few kilobytes.
const SEND_WAIT: Duration = Duration::from_millis(100);

/// Opens the terminal behind one of the standard descriptors once more. The new descriptor does not block, and saying so
/// changes nothing for those who share the old one.
pub(super) fn reopen(standard: Standard) -> io::Result<File> {
    let path = match standard {
        Standard::Input => "/proc/self/fd/0",
        Standard::Output => "/proc/self/fd/1",
    };
    // A terminal that belongs to another user, as under su, opens by its general name only.
    open(path).or_else(|_| open(CONTROLLING))
}

/// The terminal that controls this process, whatever the standard descriptors are.
pub(super) fn controlling() -> io::Result<File> {
    open(CONTROLLING)
}

/// See [`reopen`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Standard {
    Input,
    Output,
}

const CONTROLLING: &str = "/dev/tty";

fn open(path: &str) -> io::Result<File> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    OpenOptions::new().read(true).write(true).custom_flags(flags.bits()).open(path)
}

/// Enters raw mode; gives back the modes there were.
pub(super) fn make_raw(tty: &File) -> io::Result<Termios> {
    let former = tcgetattr(tty)?;
    set_raw(tty, &former)?;
    Ok(former)
}

/// Raw mode once more, on top of the modes there were at first.
pub(super) fn set_raw(tty: &File, former: &Termios) -> io::Result<()> {
    let mut raw = former.clone();
    cfmakeraw(&mut raw);
    set_modes(tty, &raw)
}

/// Sets the modes at once.
pub(super) fn set_modes(tty: &File, modes: &Termios) -> io::Result<()> {
    loop {
        match tcsetattr(tty, SetArg::TCSANOW, modes) {
            Err(Errno::EINTR) => {}
            result => return Ok(result?),
        }
    }
}

/// The terminal's size, from the upper left corner.
pub(super) fn area(tty: &File) -> io::Result<Rect> {
    let size = rustix::termios::tcgetwinsize(tty)?;
    Ok(Rect::new(0, 0, size.ws_col, size.ws_row))
}

/// Waits until there is something to read.
pub(super) fn wait_readable(tty: &File, wait: Duration) -> bool {
    wait_for(tty, PollFlags::POLLIN, wait)
}

fn wait_for(tty: &File, flags: PollFlags, wait: Duration) -> bool {
    let timeout = PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX);
    let mut fds = [PollFd::new(tty.as_fd(), flags)];
    poll(&mut fds, timeout).is_ok_and(|ready| ready > 0)
}

/// Bytes on their way to the terminal. What nobody reads stays here, and its owner is never held up for long.
#[derive(Debug)]
pub(super) struct Outlet {
    tty: File,
    waiting: Vec<u8>,
}

/// Whether all bytes are out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// They are.
    Clear,
    /// Nobody reads.
    Stalled,
}

impl Outlet {
    pub fn new(tty: File) -> Self {
        Self { tty, waiting: Vec::new() }
    }

    pub fn tty(&self) -> &File {
        &self.tty
    }

    pub fn flow(&self) -> Flow {
        if self.waiting.is_empty() { Flow::Clear } else { Flow::Stalled }
    }

    /// Sends, in one write if the terminal takes it. While it stalls, what is sent waits.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        if self.flow() == Flow::Stalled {
            self.waiting.extend_from_slice(bytes);
            return Ok(Flow::Stalled);
        }
        let sent = write_some(&self.tty, bytes, SEND_WAIT)?;
        self.waiting.extend_from_slice(&bytes[sent..]);
        Ok(self.flow())
    }

    /// Tries to get rid of what waits, without waiting.
    pub fn retry(&mut self) -> io::Result<Flow> {
        let sent = write_some(&self.tty, &self.waiting, Duration::ZERO)?;
        self.waiting.drain(..sent);
        Ok(self.flow())
    }

    /// Drops what waits.
    pub fn forget(&mut self) {
        self.waiting.clear();
    }
}

/// The last bytes before the terminal is given back. They must get through: what nobody has read for a while is thrown away
/// for them.
pub(super) fn send_last(tty: &File, bytes: &[u8]) {
    let sent = write_some(tty, bytes, SEND_WAIT).unwrap_or(0);
    if sent < bytes.len() {
        // Both fail only where the terminal is gone, and then there is nothing to restore.
        let _ = tcflush(tty, FlushArg::TCOFLUSH);
        let _ = write_some(tty, bytes, SEND_WAIT);
    }
}

/// What may be lost where nobody reads.
pub(super) fn send_briefly(tty: &File, bytes: &[u8]) {
    // A terminal that is gone shows nothing any more.
    let _ = write_some(tty, bytes, SEND_WAIT);
}

/// Writes until all is out or the terminal has taken nothing for `wait`; says how much is out.
fn write_some(mut tty: &File, bytes: &[u8], wait: Duration) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match tty.write(&bytes[sent..]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => sent += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if !wait_for(tty, PollFlags::POLLOUT, wait) {
                    break;
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn pair() -> (File, File) {
        let pty = nix::pty::openpty(None, None).unwrap();
        let slave = File::from(pty.slave);
        let _former = make_raw(&slave).unwrap();
        let flags = OFlag::from_bits_truncate(nix::fcntl::fcntl(&slave, nix::fcntl::FcntlArg::F_GETFL).unwrap());
        nix::fcntl::fcntl(&slave, nix::fcntl::FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).unwrap();
        (File::from(pty.master), slave)
    }

    #[test]
    fn a_terminal_nobody_reads_stalls_and_goes_on_without_a_gap() {
        let (mut master, slave) = pair();
        let mut outlet = Outlet::new(slave);
        let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_be_bytes).collect();
        assert_eq!(outlet.send(&bytes).unwrap(), Flow::Stalled);
        assert_eq!(outlet.send(b"end").unwrap(), Flow::Stalled);
        let mut read = Vec::new();
        let mut chunk = [0; 4096];
        while read.len() < bytes.len() + 3 {
            let count = master.read(&mut chunk).unwrap();
            read.extend_from_slice(&chunk[..count]);
            outlet.retry().unwrap();
        }
        assert!(read.starts_with(&bytes) && read.ends_with(b"end"));
        assert_eq!(outlet.flow(), Flow::Clear);
    }

    #[test]
    fn the_last_bytes_get_through_a_stall() {
        let (mut master, slave) = pair();
        let mut outlet = Outlet::new(slave.try_clone().unwrap());
        assert_eq!(outlet.send(&vec![b'x'; 400_000]).unwrap(), Flow::Stalled);
        send_last(&slave, b"the last");
        drop((slave, outlet));
        let mut read = Vec::new();
        // A master whose slaves are closed ends with an error.
        let _ = master.read_to_end(&mut read);
        assert!(read.ends_with(b"the last"), "{}", read.len());
    }

    #[test]
    fn a_terminal_that_is_gone_is_an_error_at_once() {
        let (master, slave) = pair();
        drop(master);
        assert!(Outlet::new(slave).send(b"x").is_err());
    }
}
