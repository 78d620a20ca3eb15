//! The frame codec: a length of four bytes, little end first, then that many bytes of postcard. PURE.
//! It does not know which messages there are, nor what carries the bytes.

use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;

/// What a worker writes before its first frame. Whatever a launcher printed before it is skipped.
pub const MAGIC: &[u8; 16] = b"\0pooltop-wire\0\r\n";

/// The version of the messages; stands behind the magic as two bytes. Parent and worker must agree.
pub const VERSION: u16 = 1;

/// The largest frame either side takes. A batch of tasks or reports stays far below.
pub const FRAME_BYTES_MAX: usize = 4 << 20;

/// How much a launcher may print before the magic.
const BANNER_BYTES_MAX: usize = 64 << 10;

/// Why what arrived is not a sequence of frames.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FrameError {
    /// The length is beyond [`FRAME_BYTES_MAX`].
    #[error("a frame claims {0} bytes, the limit is {FRAME_BYTES_MAX}")]
    TooLong(usize),
    /// The bytes are no message.
    #[error("a frame of {bytes} bytes is not a message: {reason}")]
    NotAMessage { bytes: usize, reason: Box<str> },
    /// No magic within the allowed banner.
    #[error("no worker's greeting within the first {} KiB of what it printed", BANNER_BYTES_MAX >> 10)]
    NoGreeting,
    /// Another version of the program is at the other end.
    #[error("the worker speaks version {0} of the protocol, this program version {VERSION}")]
    OtherVersion(u16),
}

/// One message as a frame.
///
/// # Errors
/// See [`encode_into`].
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, FrameError> {
    let mut out = Vec::with_capacity(64);
    encode_into(&mut out, message)?;
    Ok(out)
}

/// Appends one message as a frame.
///
/// # Errors
/// If the message is larger than [`FRAME_BYTES_MAX`]; `out` is then as before. How large a message is, is up to whoever
/// wrote the command lines in it, so that is no bug of ours.
pub fn encode_into<T: Serialize>(out: &mut Vec<u8>, message: &T) -> Result<(), FrameError> {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    *out = postcard::to_extend(message, std::mem::take(out)).expect("BUG: a message cannot be encoded");
    let length = out.len() - start - 4;
    if length > FRAME_BYTES_MAX {
        out.truncate(start);
        return Err(FrameError::TooLong(length));
    }
    let length = u32::try_from(length).expect("BUG: FRAME_BYTES_MAX is beyond u32");
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

/// Bytes that arrived, cut into frames.
#[derive(Debug)]
pub struct Frames {
    bytes: Vec<u8>,
    taken: usize,
    greeting: Greeting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Greeting {
    /// So many bytes were no part of it.
    Awaited {
        skipped: usize,
    },
    Seen,
}

impl Frames {
    /// For the side that writes no greeting of its own: frames from the first byte on.
    #[must_use]
    pub fn bare() -> Self {
        Self { bytes: Vec::new(), taken: 0, greeting: Greeting::Seen }
    }

    /// For the parent's side: first the magic and the version, perhaps behind a banner.
    #[must_use]
    pub fn greeted() -> Self {
        Self { bytes: Vec::new(), taken: 0, greeting: Greeting::Awaited { skipped: 0 } }
    }

    /// More bytes arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.taken > 0 {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message, or `None` until more bytes arrive.
    ///
    /// # Errors
    /// When the bytes are no frame or no message; nothing after that can be trusted.
    pub fn take<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        if let Greeting::Awaited { skipped } = self.greeting
            && !self.skip_greeting(skipped)?
        {
            return Ok(None);
        }
        let Some((head, rest)) = self.bytes[self.taken..].split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*head) as usize;
        if length > FRAME_BYTES_MAX {
            return Err(FrameError::TooLong(length));
        }
        let Some(body) = rest.get(..length) else { return Ok(None) };
        let (message, left) = postcard::take_from_bytes(body)
            .map_err(|error| FrameError::NotAMessage { bytes: length, reason: error.to_string().into() })?;
        if !left.is_empty() {
            let reason = format!("{} bytes too many", left.len()).into();
            return Err(FrameError::NotAMessage { bytes: length, reason });
        }
        self.taken += 4 + length;
        Ok(Some(message))
    }

    /// Looks at each byte of a banner once, however small the pieces it arrives in.
    fn skip_greeting(&mut self, skipped: usize) -> Result<bool, FrameError> {
        let whole = MAGIC.len() + 2;
        let bytes = &self.bytes[self.taken..];
        let found = bytes.windows(MAGIC.len()).position(|window| window == MAGIC);
        // Without it, the end of what is here may still be the beginning of it.
        let banner = found.unwrap_or(bytes.len().saturating_sub(MAGIC.len() - 1));
        let skipped = skipped + banner;
        if skipped > BANNER_BYTES_MAX {
            return Err(FrameError::NoGreeting);
        }
        self.taken += banner;
        self.greeting = Greeting::Awaited { skipped };
        let version = found.and_then(|start| bytes[start..].get(MAGIC.len()..whole));
        let Some(version) = version else { return Ok(false) };
        let version = u16::from_le_bytes([version[0], version[1]]);
        if version != VERSION {
            return Err(FrameError::OtherVersion(version));
        }
        self.taken += whole;
        self.greeting = Greeting::Seen;
        Ok(true)
    }
}

/// What a worker writes first.
#[must_use]
pub fn greeting() -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&VERSION.to_le_bytes());
    out
}

#[cfg(test)]
mod tests;
