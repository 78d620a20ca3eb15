//! The end of what an attempt printed, from the files in the run's folder of output.
//! It does not know what the journal says of them: a file is found by task, attempt and stream, never by a name in the journal.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::fcntl::OFlag;

use crate::model::Kept;
use crate::task::{Stream, TaskId, spool_name};

/// How much of each stream is looked at.
const BYTES_MAX: u64 = 32 << 10;

/// How many lines of each there are at most.
const LINES_MAX: usize = 500;

/// Looks; what is not there was not kept.
pub(super) fn look(folder: &Path, task: TaskId, attempt: u16) -> Kept {
    let mut kept = Kept { task, attempt, lines: Vec::new(), skipped: 0 };
    for stream in [Stream::Stdout, Stream::Stderr] {
        if let Ok((skipped, bytes)) = end_of(&folder.join(spool_name(task, attempt, stream))) {
            let text = String::from_utf8_lossy(&bytes);
            let lines: Vec<&str> = text.lines().collect();
            let before = lines.len().saturating_sub(LINES_MAX);
            kept.skipped += skipped + lines[..before].iter().map(|line| line.len() as u64 + 1).sum::<u64>();
            kept.lines.extend(lines[before..].iter().map(|line| (stream, (*line).to_owned())));
        }
    }
    kept
}

/// How much there is before it, and the end.
fn end_of(path: &Path) -> io::Result<(u64, Vec<u8>)> {
    // A link would lead elsewhere, and a pipe would never end; neither is a file of ours.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let mut file: File = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    let data = file.metadata()?;
    if !data.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let skipped = data.len().saturating_sub(BYTES_MAX);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(BYTES_MAX).read_to_end(&mut bytes)?;
    Ok((skipped, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_both_streams_is_found_by_number_and_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("3.2.out"), "line\n".repeat(100_000)).unwrap();
        std::fs::write(folder.path().join("3.2.err"), "oh\nno").unwrap();
        let kept = look(folder.path(), TaskId(3), 2);
        assert_eq!(kept.lines.len(), LINES_MAX + 2);
        assert_eq!(kept.skipped, 100_000 * 5 - LINES_MAX as u64 * 5);
        assert_eq!(kept.lines.last(), Some(&(Stream::Stderr, "no".to_owned())));
        assert!(look(folder.path(), TaskId(3), 1).lines.is_empty());
    }

    #[test]
    fn what_is_no_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "secret").unwrap();
        std::os::unix::fs::symlink("secret", folder.path().join("0.1.out")).unwrap();
        nix::unistd::mkfifo(&folder.path().join("0.1.err"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(look(folder.path(), TaskId(0), 1).lines.is_empty());
    }
}
