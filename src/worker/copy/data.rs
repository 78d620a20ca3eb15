//! The bytes of a file: moved inside the kernel where that works, by hand where not; holes stay holes.
//! It does not know names, attributes, or which of its errors are worth another attempt.

use std::os::fd::OwnedFd;

use rustix::fs::{SeekFrom, Stat, copy_file_range, ftruncate, seek};
use rustix::io::{Errno, pread, pwrite, read, retry_on_intr, write};

use crate::beneath;
use crate::worker::Halted;

use super::{Meter, Tools};

/// How much is moved by hand at once. Larger buffers fall out of the processor's cache: 1 MiB was seven times slower.
pub(super) const BUFFER_BYTES: usize = 256 << 10;

/// How much the kernel is asked to move at once. A halt or a pause waits for no more than this.
const RANGE_BYTES: u64 = 4 << 20;

/// The unit in which a file's allocated blocks are counted.
const BLOCK_BYTES: u64 = 512;

/// Why the bytes are not there.
#[derive(Debug)]
pub(super) enum DataError {
    /// The task was told to end.
    Halted,
    /// The source cannot be read.
    Read(Errno),
    /// The copy cannot be written.
    Write(Errno),
    /// The source has fewer or more bytes than its size says; here is how many were found.
    OtherSize(u64),
}

impl From<Halted> for DataError {
    fn from(Halted: Halted) -> Self {
        Self::Halted
    }
}

/// The two files, both at their beginnings, and the buffer between them.
pub(super) struct Pipe<'a> {
    source: &'a OwnedFd,
    copy: &'a OwnedFd,
    buffer: &'a mut Vec<u8>,
}

impl<'a> Pipe<'a> {
    pub(super) fn new(source: &'a OwnedFd, copy: &'a OwnedFd, tools: &'a mut Tools) -> Self {
        tools.buffer.resize(BUFFER_BYTES, 0);
        Self { source, copy, buffer: &mut tools.buffer }
    }

    /// Moves everything. Afterwards the copy has exactly the size in `stat`.
    pub(super) fn run(&mut self, stat: &Stat, meter: &mut Meter<'_>) -> Result<(), DataError> {
        let size = beneath::size(stat);
        let allocated = u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(BLOCK_BYTES);
        if allocated < size && self.move_extents(size, meter)? {
            return Ok(());
        }
        if size <= BUFFER_BYTES as u64 {
            return self.move_small(size, meter);
        }
        self.move_range(0, size, meter)
    }

    fn move_small(&mut self, size: u64, meter: &mut Meter<'_>) -> Result<(), DataError> {
        let mut filled = 0;
        // The first read normally gives all. An empty file is read too: some file systems do not say their files' sizes.
        loop {
            let got = retry_on_intr(|| read(self.source, &mut self.buffer[filled..])).map_err(DataError::Read)?;
            filled += got;
            if got == 0 || filled as u64 >= size || filled == self.buffer.len() {
                break;
            }
        }
        if filled as u64 != size {
            return Err(DataError::OtherSize(filled as u64));
        }
        let mut rest = &self.buffer[..filled];
        while !rest.is_empty() {
            let put = retry_on_intr(|| write(self.copy, rest)).map_err(DataError::Write)?;
            rest = &rest[put..];
        }
        Ok(meter.advance(size)?)
    }

    /// Moves what is no hole. Says `false`, with nothing moved, where the file system does not know its holes.
    fn move_extents(&mut self, size: u64, meter: &mut Meter<'_>) -> Result<bool, DataError> {
        let mut at = 0;
        while at < size {
            let start = match seek(self.source, SeekFrom::Data(at)) {
                Ok(start) => start.min(size),
                Err(Errno::NXIO) => size,
                Err(_) if at == 0 => return Ok(false),
                Err(errno) => return Err(DataError::Read(errno)),
            };
            // Holes count as done, or the task would never be through.
            meter.advance(start - at)?;
            if start == size {
                break;
            }
            let end = seek(self.source, SeekFrom::Hole(start)).map_err(DataError::Read)?.min(size);
            if end <= start {
                return Err(DataError::OtherSize(start));
            }
            self.move_range(start, end, meter)?;
            at = end;
        }
        ftruncate(self.copy, size).map_err(DataError::Write)?;
        Ok(true)
    }

    fn move_range(&mut self, start: u64, end: u64, meter: &mut Meter<'_>) -> Result<(), DataError> {
        let (mut from, mut to) = (start, start);
        while from < end {
            let wanted = usize::try_from((end - from).min(RANGE_BYTES)).unwrap_or(BUFFER_BYTES);
            let moved =
                retry_on_intr(|| copy_file_range(self.source, Some(&mut from), self.copy, Some(&mut to), wanted));
            match moved {
                // Some file systems say 0 or refuse where reading by hand works; they also tell the true error then.
                Ok(0) | Err(_) => return self.move_by_hand(from, end, meter),
                Ok(bytes) => meter.advance(bytes as u64)?,
            }
        }
        Ok(())
    }

    fn move_by_hand(&mut self, start: u64, end: u64, meter: &mut Meter<'_>) -> Result<(), DataError> {
        let mut at = start;
        while at < end {
            let wanted = usize::try_from(end - at).unwrap_or(BUFFER_BYTES).min(BUFFER_BYTES);
            let got = retry_on_intr(|| pread(self.source, &mut self.buffer[..wanted], at)).map_err(DataError::Read)?;
            if got == 0 {
                return Err(DataError::OtherSize(at));
            }
            let mut put = 0;
            while put < got {
                put += retry_on_intr(|| pwrite(self.copy, &self.buffer[put..got], at + put as u64))
                    .map_err(DataError::Write)?;
            }
            at += got as u64;
            meter.advance(got as u64)?;
        }
        Ok(())
    }

    /// Reads both again and says whether they are the same, byte for byte.
    pub(super) fn compare(&mut self, meter: &mut Meter<'_>) -> Result<bool, DataError> {
        let source = digest(self.source, self.buffer, meter, DataError::Read)?;
        let copy = digest(self.copy, self.buffer, meter, DataError::Write)?;
        Ok(source == copy)
    }
}

fn digest(
    file: &OwnedFd,
    buffer: &mut [u8],
    meter: &mut Meter<'_>,
    side: fn(Errno) -> DataError,
) -> Result<blake3::Hash, DataError> {
    let mut hasher = blake3::Hasher::new();
    let mut at = 0;
    loop {
        let got = retry_on_intr(|| pread(file, &mut *buffer, at)).map_err(side)?;
        if got == 0 {
            return Ok(hasher.finalize());
        }
        hasher.update(&buffer[..got]);
        at += got as u64;
        meter.pulse()?;
    }
}
