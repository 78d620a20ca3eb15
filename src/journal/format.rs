//! How a journal is written: a header line, then a line for each event, each with a checksum that covers the line before too. PURE.
//! It does not know files. A checksum finds accidents; it is no protection against somebody who forges a journal.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::task::RawText;

/// The version of the format. A reader takes this one and no other.
pub const FORMAT: u32 = 1;

/// How long a line may be, its end included. The longest there is tells of a thousand tasks added at once.
pub const LINE_BYTES_MAX: usize = 64 << 20;

/// What every line ends with, but for the digits: a checksum closes it.
pub(super) const CRC_KEY: &[u8] = b",\"crc\":\"";

/// A checksum's digits.
pub(super) const CRC_DIGITS: usize = 8;

/// How many bytes of a line come after what its checksum covers: key, digits, quote, brace, newline.
pub(super) const TAIL: usize = CRC_KEY.len() + CRC_DIGITS + 3;

/// What the first line is chained to.
pub(super) const CRC_FIRST: u32 = 0;

/// Names a run: the second in which it began, and four digits that tell runs of one second apart, in their order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub Box<str>);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first line: what was asked for, and by what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`]
    #[serde(rename = "pooltop_journal")]
    pub format: u32,
    /// Which run.
    pub run: RunId,
    /// The version of the program that began it.
    pub program: Box<str>,
    /// The wall clock when the run began: microseconds since 1970 in UTC.
    pub started_unix_us: i64,
    /// The command line, the program's name included.
    pub command: Vec<RawText>,
    /// The folder it was given in.
    pub folder: RawText,
    /// The scenario, if it was one.
    pub scenario: Option<ScenarioRef>,
    /// Folders that were made for the run and go with it.
    pub made: Vec<RawText>,
    /// What the run copies, in its order: where a copy goes depends on what was there when the run began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<CopyRef>,
}

/// What one copy came to before it began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyRef {
    /// A folder that is created first.
    pub create: Option<RawText>,
    /// What becomes what.
    pub items: Vec<CopyItemRef>,
}

/// A folder and its counterpart, and what of it is copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyItemRef {
    /// Absolute.
    pub source: RawText,
    /// Absolute.
    pub target: RawText,
    /// One file or link of the folder; `None`: all that is in it.
    pub name: Option<RawText>,
    /// What that one is called in the target folder, where that differs.
    pub rename: Option<RawText>,
}

/// Which scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioRef {
    /// A demo's name, or a file's path.
    pub name: RawText,
    /// BLAKE3 of its text, in hexadecimal digits.
    pub hash: Box<str>,
}

/// Appends the first line; returns its checksum.
pub fn encode_header(out: &mut Vec<u8>, header: &Header) -> u32 {
    let start = out.len();
    serde_json::to_writer(&mut *out, header).expect("BUG: a header that cannot be written");
    out.pop();
    close(out, start, CRC_FIRST)
}

/// Appends an event's line; returns its checksum. `before` is that of the line before.
pub fn encode_event(out: &mut Vec<u8>, seq: u64, event: &Event, before: u32) -> u32 {
    let start = out.len();
    out.extend_from_slice(b"{\"seq\":");
    serde_json::to_writer(&mut *out, &seq).expect("BUG: a number that cannot be written");
    out.push(b',');
    event.write_inside(out);
    close(out, start, before)
}

/// Ends the line that began at `start` and lacks its last brace.
fn close(out: &mut Vec<u8>, start: usize, before: u32) -> u32 {
    let crc = checksum(before, &out[start..]);
    out.extend_from_slice(CRC_KEY);
    out.extend_from_slice(&hex(crc));
    out.extend_from_slice(b"\"}\n");
    crc
}

/// Over the digits of the checksum before, then the line.
pub(super) fn checksum(before: u32, line: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&hex(before));
    hasher.update(line);
    hasher.finalize()
}

/// A checksum's digits. This is done three times for each line, so it allocates nothing.
pub(super) fn hex(crc: u32) -> [u8; CRC_DIGITS] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    std::array::from_fn(|at| DIGITS[(crc >> (28 - 4 * at)) as usize & 0xf])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_has_eight_digits() {
        for crc in [0, 1, 0x89ab_cdef, u32::MAX] {
            assert_eq!(hex(crc), format!("{crc:08x}").as_bytes());
        }
    }
}
