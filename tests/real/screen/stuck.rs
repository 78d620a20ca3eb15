//! A run that can never end says why, and can be ended and looked at.
//! It does not know how that is found out.

use std::time::Duration;

use crate::common::processes::Process;

use super::stage::{Stage, quit, wait_for_texts, worker_processes};

/// Somebody gets from a queue that nobody puts into.
const STUCK: &str = "[queue.q]\n[function.wait]\nsteps = [ {get = \"q\", into = \"m\"} ]\n\
                     [[task]]\ncall = \"wait\"\nplace = \"process\"\nname = \"consumer\"\n";

/// Longer than the program waits for a screen that cannot leave.
const A_LOOK: Duration = Duration::from_millis(1600);

#[test]
fn what_is_stuck_says_why_and_is_ended_to_be_looked_at() {
    let stage = Stage::new(STUCK);
    let pty = stage.play(&[]).start();
    wait_for_texts(&pty, &["Nothing can go on", "consumer is blocked in get on queue q", " STUCK "]);
    let workers = worker_processes(&pty);
    assert_eq!(workers.len(), 1, "{workers:?}");
    pty.send("T");
    wait_for_texts(&pty, &["The run has ended", " STOPPED ", "interrupted"]);
    assert!(workers.iter().all(|&pid| Process::read(pid).is_none()), "{workers:?}");
    // It stays for as long as the person likes.
    pty.keeps_text("The run has ended", A_LOOK);
    quit(pty, &stage, 4);
}
