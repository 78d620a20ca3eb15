//! The two ends of one worker's connection: a typed sender that never blocks unless asked, and a typed receiver.
//! It does not know what the messages mean, and never decides what to do about an error.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use serde::{Serialize, de::DeserializeOwned};

use super::frame::{self, FrameError, Frames};

/// How much has gone one way since the connection began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Whole messages.
    pub frames: u64,
    /// Bytes, lengths and greeting included.
    pub bytes: u64,
}

/// The sending half: frames wait in a buffer until the other side takes them.
#[derive(Debug)]
pub struct Sender<T> {
    file: File,
    waiting: Vec<u8>,
    written: usize,
    traffic: Traffic,
    messages: PhantomData<fn(T)>,
}

impl<T: Serialize> Sender<T> {
    /// Sends on this descriptor.
    #[must_use]
    pub fn new(fd: OwnedFd) -> Self {
        let traffic = Traffic::default();
        Self { file: File::from(fd), waiting: Vec::new(), written: 0, traffic, messages: PhantomData }
    }

    /// Puts the greeting in front of all frames. Workers do this first.
    pub fn queue_greeting(&mut self) {
        self.waiting.extend_from_slice(&frame::greeting());
    }

    /// Puts one message into the buffer.
    ///
    /// # Errors
    /// When it is too long for a frame; nothing of it is in the buffer then.
    pub fn queue(&mut self, message: &T) -> Result<(), FrameError> {
        frame::encode_into(&mut self.waiting, message)?;
        self.traffic.frames += 1;
        Ok(())
    }

    /// The messages that were queued, and the bytes the other side took.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// Whether something still waits to be written.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.written < self.waiting.len()
    }

    /// Writes as much as the other side takes; `Ok` also when something is left (see [`Sender::is_waiting`]).
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn flush(&mut self) -> std::io::Result<()> {
        while self.is_waiting() {
            match self.file.write(&self.waiting[self.written..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.written += count;
                    self.traffic.bytes += count as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.waiting.clear();
        self.written = 0;
        Ok(())
    }
}

impl<T> AsFd for Sender<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// The receiving half.
#[derive(Debug)]
pub struct Receiver<T> {
    file: File,
    frames: Frames,
    traffic: Traffic,
    messages: PhantomData<fn() -> T>,
}

/// What one read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// Bytes; there may be messages now, and more bytes to read.
    Bytes,
    /// Nothing for now.
    Nothing,
    /// The other side has closed its end.
    EndOfFile,
}

impl<T: DeserializeOwned> Receiver<T> {
    /// Receives on this descriptor, cut by `frames` (greeted in the parent, bare in a worker).
    #[must_use]
    pub fn new(fd: OwnedFd, frames: Frames) -> Self {
        Self { file: File::from(fd), frames, traffic: Traffic::default(), messages: PhantomData }
    }

    /// Reads once, through `scratch`, which all connections of a loop share.
    ///
    /// # Errors
    /// When the connection is broken in another way than by its end.
    pub fn read(&mut self, scratch: &mut [u8]) -> std::io::Result<Received> {
        loop {
            return match self.file.read(scratch) {
                Ok(0) => Ok(Received::EndOfFile),
                Ok(count) => {
                    self.frames.push(&scratch[..count]);
                    self.traffic.bytes += count as u64;
                    Ok(Received::Bytes)
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Received::Nothing),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(Received::EndOfFile),
                Err(error) => Err(error),
            };
        }
    }

    /// The next whole message among the bytes read so far.
    ///
    /// # Errors
    /// When they are no messages.
    pub fn take(&mut self) -> Result<Option<T>, FrameError> {
        let taken = self.frames.take()?;
        self.traffic.frames += u64::from(taken.is_some());
        Ok(taken)
    }

    /// The messages that were taken, and the bytes that arrived.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }
}

impl<T> AsFd for Receiver<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
