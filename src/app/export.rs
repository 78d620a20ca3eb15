//! `pooltop export`: turns a recorded run into something else, in a file or on standard output.
//! It does not know how a journal is written, nor what any of the formats looks like.

use std::fs::{File, Metadata};
use std::io::{BufReader, BufWriter, IsTerminal as _, Write};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::{EXIT_OUTPUT_CLOSED, Refusal, complain};
use crate::cli::{Color, Export, ExportFormat};
use crate::event::Elapsed;
use crate::export::{self, Broken, Colours, ExportError, Format, Screen};
use crate::text::sanitized;
use crate::{journal, notation};

/// Something that was asked for could not be done: the journal is damaged, or a result cannot be written.
const EXIT_NOT_ALL: u8 = 1;

/// Stands for standard output.
const STDOUT: &str = "-";

/// Does it.
pub(super) fn run(wanted: &Export) -> Result<u8, Refusal> {
    let found = journal::find(&wanted.run).map_err(|error| Refusal::usage(&error))?;
    let journal = found.journal.as_path();
    let file = open(journal)?;
    let format = format(wanted, journal)?;
    let place = Place::of(wanted.output.as_deref(), &file)?;
    let from = BufReader::with_capacity(1 << 18, &file);
    let written = match &place {
        Place::Stdout => to_stdout(from, format),
        Place::Into(path) => File::options()
            .write(true)
            .open(path)
            .map_err(ExportError::Write)
            .and_then(|out| to_file(from, format, &out)),
        Place::Replace(path) => replace(path, |out| to_file(from, format, out)),
    };
    match written {
        Ok(None) => Ok(0),
        // The last line of a run that goes on is being written.
        Ok(Some(broken)) if broken.is_torn() && journal::is_live(journal) => Ok(0),
        Ok(Some(broken)) => {
            let text = format!("warning: {}: {broken}; what comes before it is exported", journal.display());
            complain(&sanitized(&text));
            Ok(EXIT_NOT_ALL)
        }
        Err(ExportError::Open(error)) => Err(Refusal::usage(&format_args!("read {}: {error}", journal.display()))),
        Err(ExportError::Write(error)) if matches!(place, Place::Stdout) && is_closed(&error) => Ok(EXIT_OUTPUT_CLOSED),
        Err(ExportError::Write(error)) => {
            complain(&sanitized(&format!("error: write {}: {error}", place.name())));
            Ok(EXIT_NOT_ALL)
        }
    }
}

fn open(journal: &Path) -> Result<File, Refusal> {
    let cannot = |error: &dyn std::fmt::Display| Refusal::usage(&format_args!("read {}: {error}", journal.display()));
    // Opening a FIFO would wait for whoever writes to it.
    let known = journal.metadata().map_err(|error| cannot(&error))?;
    if !known.is_file() {
        return Err(cannot(&"it is not a file"));
    }
    File::open(journal).map_err(|error| cannot(&error))
}

fn format(wanted: &Export, journal: &Path) -> Result<Format, Refusal> {
    Ok(match wanted.format {
        ExportFormat::Trace => Format::Trace,
        ExportFormat::Joblog => Format::Joblog,
        ExportFormat::Csv => Format::Csv,
        ExportFormat::Json => Format::Json,
        ExportFormat::Cast => Format::Cast(screen(wanted)?),
        ExportFormat::Svg => Format::Svg(screen(wanted)?, instant(&wanted.at, journal)?),
    })
}

/// "120x40"
fn screen(wanted: &Export) -> Result<Screen, Refusal> {
    let colours = match wanted.color {
        Color::Never => Colours::None,
        Color::Auto if anstyle_query::no_color() => Colours::None,
        Color::Auto | Color::Always => Colours::All,
    };
    let size = wanted.size.split_once('x');
    let size = size.and_then(|(columns, rows)| Some((columns.parse().ok()?, rows.parse().ok()?)));
    let Some((columns, rows)) = size else {
        return Err(Refusal::usage(&format_args!(
            "--size {}: it is columns and rows, for instance 120x40",
            wanted.size
        )));
    };
    Screen::new(columns, rows, colours)
        .map_err(|error| Refusal::usage(&format_args!("--size {}: {error}", wanted.size)))
}

/// "90s", "50%"
fn instant(at: &str, journal: &Path) -> Result<Elapsed, Refusal> {
    let wrong = |error| Refusal::usage(&format_args!("--at {at}: {error}"));
    if !at.ends_with('%') {
        return Ok(Elapsed::default().plus_ms(notation::duration_ms(at).map_err(wrong)?));
    }
    let per_mille = notation::per_mille(at).map_err(wrong)?;
    let length = export::length(BufReader::new(open(journal)?))
        .map_err(|error| Refusal::usage(&format_args!("read {}: {error}", journal.display())))?;
    let us = u128::from(length.0) * u128::from(per_mille) / 1000;
    Ok(Elapsed(u64::try_from(us).unwrap_or(length.0)))
}

/// Where the result goes.
enum Place {
    Stdout,
    /// A device or a pipe, which takes it as it comes.
    Into(PathBuf),
    /// A file that is whole or not there.
    Replace(PathBuf),
}

impl Place {
    fn of(path: Option<&Path>, journal: &File) -> Result<Self, Refusal> {
        let Some(path) = path.filter(|path| *path != Path::new(STDOUT)) else { return Ok(Self::Stdout) };
        let cannot = |error: &dyn std::fmt::Display| Refusal::usage(&format_args!("write {}: {error}", path.display()));
        let Ok(there) = path.metadata() else { return Ok(Self::Replace(path.to_owned())) };
        let journal = journal.metadata().map_err(|error| cannot(&error))?;
        if is_same(&there, &journal) {
            return Err(cannot(&"it is the journal itself"));
        }
        if there.is_dir() {
            return Err(cannot(&"it is a folder"));
        }
        if !there.is_file() {
            return Ok(Self::Into(path.to_owned()));
        }
        // The file that a link names is replaced, not the link.
        path.canonicalize().map(Self::Replace).map_err(|error| cannot(&error))
    }

    fn name(&self) -> std::path::Display<'_> {
        match self {
            Self::Stdout => Path::new("standard output").display(),
            Self::Into(path) | Self::Replace(path) => path.display(),
        }
    }
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

fn is_closed(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::BrokenPipe
}

type Exported = Result<Option<Broken>, ExportError>;

fn to_file(from: BufReader<&File>, format: Format, out: &File) -> Exported {
    let mut out = BufWriter::with_capacity(1 << 18, out);
    let broken = export::export(from, format, &mut out)?;
    out.flush()?;
    Ok(broken)
}

/// Writes a new file beside the old one and puts it in that one's place when it is complete.
fn replace(path: &Path, write: impl FnOnce(&File) -> Exported) -> Exported {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Whoever may read what the person writes may read this.
    let usual = std::fs::Permissions::from_mode(0o666);
    let temp = tempfile::Builder::new().prefix(".pooltop-").permissions(usual).tempfile_in(folder)?;
    let broken = write(temp.as_file())?;
    temp.persist(path).map_err(|error| error.error)?;
    Ok(broken)
}

fn to_stdout(from: BufReader<&File>, format: Format) -> Exported {
    let stdout = std::io::stdout();
    let is_terminal = stdout.is_terminal();
    let mut out = BufWriter::with_capacity(1 << 18, stdout.lock());
    let broken = if is_terminal {
        let mut shown = Shown { out: &mut out, line: Vec::new() };
        let broken = export::export(from, format, &mut shown)?;
        shown.end()?;
        broken
    } else {
        export::export(from, format, &mut out)?
    };
    out.flush()?;
    Ok(broken)
}

/// A terminal: what is in a journal comes from strangers, and gets there made harmless.
struct Shown<W> {
    out: W,
    line: Vec<u8>,
}

impl<W: Write> Shown<W> {
    fn end(&mut self) -> std::io::Result<()> {
        let line = std::mem::take(&mut self.line);
        self.out.write_all(sanitized(&String::from_utf8_lossy(&line)).as_bytes())
    }
}

impl<W: Write> Write for Shown<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(rest) => {
                    self.line.extend_from_slice(rest);
                    self.end()?;
                    self.out.write_all(b"\n")?;
                }
                None => self.line.extend_from_slice(piece),
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
