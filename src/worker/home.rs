//! Whose process the worker is in: its own, or the parent's. What may be done to the process depends on it.
//! It does not know what the worker does there.

use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use crate::offspring;

/// What Rust's own programs exit with after a panic.
const EXIT_PANICKED: i32 = 101;

/// Where a worker lives.
pub(super) enum Home {
    /// In a process started for it, in which nothing else is.
    OwnProcess,
    /// In the parent's process, as one thread of many. The other handle of its socket ends the connection if need be.
    Parent(UnixStream),
}

impl Home {
    /// Whether the worker may end the process, and every child it does not know.
    pub(super) fn is_own(&self) -> bool {
        matches!(self, Self::OwnProcess)
    }

    /// A thread of the worker has panicked. Its first thread would go on answering questions, and the task at work would
    /// never end: so the worker ends, and the parent learns of it as of any worker's end.
    pub(super) fn give_up(&self) {
        match self {
            // Not left to the parent, who may be on another machine.
            Self::OwnProcess => {
                offspring::kill_all(&[]);
                std::process::exit(EXIT_PANICKED)
            }
            Self::Parent(socket) => {
                let _ = socket.shutdown(Shutdown::Both);
            }
        }
    }
}

/// Gives the worker up when the thread that holds it panics.
pub(super) struct EndsWithIt<'a>(pub &'a Home);

impl Drop for EndsWithIt<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.give_up();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn in_the_parent_a_panic_costs_the_connection_and_nothing_else() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let other_handle = theirs.try_clone().unwrap();
        let home = Home::Parent(theirs);
        std::thread::scope(|scope| {
            let calm = scope.spawn(|| drop(EndsWithIt(&home)));
            calm.join().unwrap();
            assert!(other_handle.peer_addr().is_ok());
            let panics = scope.spawn(|| {
                let _ends = EndsWithIt(&home);
                std::panic::resume_unwind(Box::new("for the test"));
            });
            assert!(panics.join().is_err());
        });
        assert_eq!(ours.read(&mut [0; 1]).unwrap(), 0);
    }
}
