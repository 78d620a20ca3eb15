//! The name an unfinished copy has until it is whole: says whose it is, so that leftovers can be told from others' work. PURE.
//! It does not know whether that process lives, nor what the file will be called.

use std::fmt;

/// What every such name begins with.
const PREFIX: &str = ".pooltop-";

/// The name of an unfinished copy. Short, so that names of 255 bytes have one too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TempName {
    /// Which machine: a PID means nothing on another one that shares the folder.
    pub host: u16,
    /// The process that writes it.
    pub pid: i32,
    /// Tells the copies of one process apart.
    pub ordinal: u32,
}

impl TempName {
    /// What [`fmt::Display`] made, and nothing else.
    #[must_use]
    pub fn parse(name: &[u8]) -> Option<Self> {
        let mut parts = name.strip_prefix(PREFIX.as_bytes())?.split(|&byte| byte == b'-');
        let mut number = || u32::from_str_radix(std::str::from_utf8(parts.next()?).ok()?, 16).ok();
        let host = u16::try_from(number()?).ok()?;
        let pid = i32::try_from(number()?).ok()?;
        let parsed = Self { host, pid, ordinal: number()? };
        // Other spellings of the same numbers (upper case, signs, zeros) are somebody else's names.
        (parsed.to_string().as_bytes() == name).then_some(parsed)
    }
}

impl fmt::Display for TempName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{:04x}-{:x}-{:x}", self.host, self.pid, self.ordinal)
    }
}

#[cfg(test)]
mod tests {
    use super::TempName;

    #[test]
    fn names_come_back_and_others_do_not() {
        let name = TempName { host: 7, pid: 4711, ordinal: u32::MAX };
        assert_eq!(TempName::parse(name.to_string().as_bytes()), Some(name));
        assert!(name.to_string().len() < 32);
        for other in
            ["", ".pooltop-", ".pooltop-0007-1267-", ".pooltop-0007-1267-1-2", ".pooltop-7-1-1", ".pooltop-00FF-1-1"]
        {
            assert_eq!(TempName::parse(other.as_bytes()), None, "{other}");
        }
        assert_eq!(TempName::parse(b".pooltop-0007-+1-1"), None);
        assert_eq!(TempName::parse(b".pooltop-\xff-1-1"), None);
    }
}
