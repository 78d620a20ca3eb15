//! Between the processes: the messages, how they become bytes, and the two ends of a worker's socket.
//! It does not know what tasks mean, who schedules them, or how a process is started.

mod endpoint;
mod frame;
mod handover;
mod message;

pub use endpoint::{Received, Receiver, Sender, Traffic};
pub use frame::{FRAME_BYTES_MAX, FrameError, Frames, MAGIC, VERSION, encode, encode_into};
pub use handover::{hand_over, take_over};
pub use message::{Assignment, FromWorker, Hello, Initialize, Report, Setup, Stopping, ToWorker};

/// The hidden subcommand by which the program starts itself as a worker.
pub const WORKER_ARGUMENT: &str = "worker";

/// Behind it: a worker that a launcher started, perhaps on another machine. Its frames go over standard input and output.
pub const STDIO_ARGUMENT: &str = "--stdio";

/// Behind it: not a worker yet, but the process that becomes the launcher.
pub const LAUNCH_ARGUMENT: &str = "--launch";

/// Behind the numbers: the parent has put a descriptor into the connection, to be held and handed to nobody.
pub const HOLD_ARGUMENT: &str = "--hold";
