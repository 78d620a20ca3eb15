//! The limits of this process: how many files it may have open, and what a limit that was met is called.
//! It does not know what the files are.

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::offspring;

/// How many open files the parent asks for: three a worker, and some.
const OPEN_FILES_WANTED: u64 = 8_192;

/// Raises our own limit as far as it helps; returns the former one, which tasks get.
pub(super) fn raise_open_files() -> u64 {
    let former = offspring::open_files_of_tasks();
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return former };
    // With the limit as it is the pool can still be as large as it allows; the start that fails says so.
    let _ = setrlimit(Resource::RLIMIT_NOFILE, soft.max(OPEN_FILES_WANTED.min(hard)), hard);
    former
}

/// What a limit that was met is called, and how it is raised.
pub(super) fn told(error: &std::io::Error) -> String {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EMFILE) => {
            let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft);
            format!("this process may have {limit} open files and all are in use; raise it with ulimit -n")
        }
        Some(Errno::ENFILE) => "the whole system is out of open files (fs.file-max)".to_owned(),
        Some(Errno::EAGAIN) => {
            let limit = getrlimit(Resource::RLIMIT_NPROC).map_or(0, |(soft, _)| soft);
            format!(
                "no more processes: your limit is {limit} (ulimit -u), or the system's or the container's is reached"
            )
        }
        Some(Errno::ENOMEM) => "there is no memory left".to_owned(),
        Some(errno) => errno.desc().to_lowercase(),
        None => error.to_string(),
    }
}
