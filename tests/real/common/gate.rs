//! A place where shells wait until the test lets them pass. They start nothing meanwhile, so that the process table holds
//! still: of a loop around `sleep` nobody knows which processes it consists of at this moment.
//! It does not know who waits.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

use nix::sys::stat::Mode;

/// More than wait at any gate.
const EVERYBODY: usize = 64;

/// Shells wait with `read _ < gate`: each takes one line.
pub struct Gate {
    path: PathBuf,
    ends: File,
}

impl Gate {
    /// Makes it.
    pub fn at(path: PathBuf) -> Self {
        nix::unistd::mkfifo(&path, Mode::S_IRWXU).expect("a gate is made");
        // Both ends, so that nobody waits to open it, or is told that it has ended.
        let ends = File::options().read(true).write(true).open(&path).expect("a gate is opened");
        Self { path, ends }
    }

    /// Its path, as an argument.
    pub fn name(&self) -> &str {
        self.path.to_str().expect("a readable path")
    }

    /// Lets so many more pass.
    pub fn admit(&self, count: usize) {
        (&self.ends).write_all(&vec![b'\n'; count]).expect("a pipe takes a few bytes");
    }

    /// Lets all pass that wait and will come.
    pub fn open(&self) {
        self.admit(EVERYBODY);
    }
}
