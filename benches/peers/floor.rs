//! The least that a pool has to do, and nothing else: what the machine itself costs, for the peers table to compare with.
//! It does not know pooltop; what it leaves out (states, limits, errors, a screen) is the point of it.

use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pooltop::clock::Clock;

const USAGE: &str = "usage: floor spawn INPUTS JOBS COMMAND | floor workers COUNT | floor ping-pong ROUNDS SLEEP_MS";

/// By which the program asks itself to be a child.
const CHILD: &str = "child";

const MESSAGE_BYTES: usize = 8;

type Anything<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Anything<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let took = match arguments.as_slice() {
        ["spawn", inputs, jobs, command] => spawn(inputs.parse()?, jobs.parse()?, command)?,
        ["workers", count] => workers(count.parse()?)?,
        ["ping-pong", rounds, sleep_ms] => ping_pong(rounds.parse()?, sleep_ms.parse()?)?,
        [CHILD] => return serve(),
        _ => return Err(USAGE.into()),
    };
    writeln!(std::io::stdout(), "{}", took.as_secs_f64())?;
    Ok(())
}

/// Starts a command for each input, so many at once, and waits for all. Each thread does nothing but that.
fn spawn(inputs: u32, jobs: u32, program: &str) -> Anything<Duration> {
    let clock = Clock::start();
    let next = AtomicU32::new(0);
    let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|input| *input < inputs);
    let run = || -> std::io::Result<()> {
        while let Some(input) = take() {
            command(program).arg(input.to_string()).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(run)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
    })?;
    Ok(clock.elapsed())
}

/// Starts so many copies of this program and waits until each has said something.
fn workers(count: u32) -> Anything<Duration> {
    let clock = Clock::start();
    let mut children = (0..count).map(|_| start_child()).collect::<Anything<Vec<_>>>()?;
    for (_, socket) in &mut children {
        socket.read_exact(&mut [0])?;
    }
    let took = clock.elapsed();
    for (mut child, socket) in children {
        drop(socket);
        child.wait()?;
    }
    Ok(took)
}

/// The median time for a message to a child and back, when the child sleeps for so long between getting and answering it;
/// that time, which the child tells, does not count.
fn ping_pong(rounds: usize, sleep_ms: u64) -> Anything<Duration> {
    let (mut child, mut socket) = start_child()?;
    let mut message = [0; MESSAGE_BYTES];
    socket.read_exact(&mut message[..1])?;
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let clock = Clock::start();
        socket.write_all(&sleep_ms.to_le_bytes())?;
        socket.read_exact(&mut message)?;
        times.push(clock.elapsed().saturating_sub(Duration::from_nanos(u64::from_le_bytes(message))));
    }
    drop(socket);
    child.wait()?;
    times.sort_unstable();
    times.get(rounds / 2).copied().ok_or_else(|| USAGE.into())
}

/// The child's side: says that it is there, then does as it is told, until the other side is gone.
#[expect(clippy::disallowed_methods, reason = "sleeping is the work that is measured around")]
fn serve() -> Anything<()> {
    let mut socket = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    socket.write_all(&[0])?;
    let mut message = [0; MESSAGE_BYTES];
    while socket.read_exact(&mut message).is_ok() {
        let clock = Clock::start();
        std::thread::sleep(Duration::from_millis(u64::from_le_bytes(message)));
        let took = u64::try_from(clock.elapsed().as_nanos())?;
        socket.write_all(&took.to_le_bytes())?;
    }
    Ok(())
}

fn start_child() -> Anything<(Child, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    let child = command("/proc/self/exe").arg(CHILD).stdin(Stdio::from(OwnedFd::from(theirs))).spawn()?;
    Ok((child, ours))
}

#[expect(clippy::disallowed_methods, reason = "a bench of its own, outside the program")]
fn command(program: &str) -> Command {
    Command::new(program)
}
