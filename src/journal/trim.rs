//! Cuts what is kept of commands' output: a megabyte a stream, its beginning and its end, and 64 MiB a run.
//! It does not know what was printed. How much there was, the journal says.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// How much of a stream is kept.
pub const STREAM_BYTES_MAX: u64 = 1 << 20;

/// How much of a run is.
pub const RUN_BYTES_MAX: u64 = 64 << 20;

/// Below this a stream is not cut for the sake of others; those that do not fit go.
const STREAM_BYTES_MIN: u64 = 4 << 10;

/// What was kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trimmed {
    /// So much.
    pub bytes: u64,
    /// So many streams lack their middle.
    pub cut: u32,
    /// So many are gone.
    pub gone: u32,
}

/// Cuts the files in that folder. In the place of what is left out stands a line that says how much that is.
///
/// # Errors
/// When a file cannot be read or written. Those after it stay as they are.
pub fn trim(folder: &Path) -> io::Result<Trimmed> {
    let mut streams = Vec::new();
    for entry in folder.read_dir()? {
        let entry = entry?;
        let kind = entry.metadata()?;
        if kind.is_file() {
            streams.push((entry.path(), kind.len()));
        }
    }
    streams.sort_unstable();
    let mut trimmed = Trimmed::default();
    let most = stream_bytes_max(&streams);
    for (path, bytes) in streams {
        let kept = bytes.min(most);
        if trimmed.bytes + kept > RUN_BYTES_MAX {
            std::fs::remove_file(path)?;
            trimmed.gone += 1;
            continue;
        }
        if kept < bytes {
            cut(&path, bytes, kept)?;
            trimmed.cut += 1;
        }
        trimmed.bytes += kept;
    }
    Ok(trimmed)
}

/// The same for all streams, and less if there are many long ones: none is worth more than another.
fn stream_bytes_max(streams: &[(PathBuf, u64)]) -> u64 {
    let fits = |most: u64| streams.iter().map(|(_, bytes)| (*bytes).min(most)).sum::<u64>() <= RUN_BYTES_MAX;
    let mut most = STREAM_BYTES_MAX;
    while most > STREAM_BYTES_MIN && !fits(most) {
        most /= 2;
    }
    most
}

/// Its beginning, a line, its end; in its place at once.
fn cut(path: &Path, bytes: u64, kept: u64) -> io::Result<()> {
    let half = kept / 2;
    let mut from = File::open(path)?;
    let unnamed = path.with_extension("cut");
    let mut to = File::create_new(&unnamed)?;
    io::copy(&mut (&mut from).take(half), &mut to)?;
    writeln!(to, "\n[pooltop: {} of {bytes} bytes are not kept here]", bytes - 2 * half)?;
    from.seek(SeekFrom::Start(bytes - half))?;
    io::copy(&mut from.take(half), &mut to)?;
    std::fs::rename(unnamed, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_streams_keep_beginning_and_end_and_say_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let [long, short] = ["0.1.out", "1.1.out"].map(|name| folder.path().join(name));
        let text: Vec<u8> = (0..3 << 20).map(|at: u32| b'a' + u8::try_from(at % 26).unwrap()).collect();
        std::fs::write(&long, &text).unwrap();
        std::fs::write(&short, "short").unwrap();
        let trimmed = trim(folder.path()).unwrap();
        assert_eq!(trimmed, Trimmed { bytes: STREAM_BYTES_MAX + 5, cut: 1, gone: 0 });
        let kept = std::fs::read(&long).unwrap();
        let half = 1 << 19;
        assert!(kept.starts_with(&text[..half]) && kept.ends_with(&text[text.len() - half..]));
        let note = String::from_utf8(kept[half..kept.len() - half].to_vec()).unwrap();
        assert_eq!(note, "\n[pooltop: 2097152 of 3145728 bytes are not kept here]\n");
        assert_eq!(std::fs::read(&short).unwrap(), b"short");
        assert_eq!(folder.path().read_dir().unwrap().count(), 2);
    }

    #[test]
    fn many_streams_share_what_there_is() {
        let stream = |bytes| (PathBuf::new(), bytes);
        assert_eq!(stream_bytes_max(&vec![stream(10 << 20); 64]), STREAM_BYTES_MAX);
        assert_eq!(stream_bytes_max(&vec![stream(10 << 20); 200]), STREAM_BYTES_MAX / 4);
        assert_eq!(stream_bytes_max(&vec![stream(1 << 20); 1_000_000]), STREAM_BYTES_MIN);
    }
}
