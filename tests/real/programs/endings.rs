//! Programs that are told to end while each of their threads is at something else, or that end themselves.
//! It does not know how a thread learns of it.

use nix::sys::signal::Signal;

use super::play;
use crate::common::GONE_WITHIN;
use crate::common::processes::wait_until_none;
use crate::scenarios::play::text;

/// Everything that a thread can be at for ever.
const BUSY: &str = r#"
    { thread = "holds", steps = [{ with_lock = "m", steps = [{ sleep = "90000s" }] }] },
    { thread = "waits", steps = [{ with_lock = "m", steps = [] }] },
    { thread = "computes", steps = [{ compute = 1_000_000_000_000 }] },
    { thread = "prints", steps = [{ repeat = "forever", steps = [{ print = "again" }] }] },
    { thread = "spins", steps = [{ repeat = "forever", steps = [] }] },
    { thread = "floods", steps = [{ run = ["yes"] }] },
    { thread = "stalls", steps = [{ download = { name = "a", size = "1 GB", time = "1s", link = "net", stall = "100%" } }] },
    { thread = "loads", steps = [{ download = { name = "b", size = "1 TB", time = "90000s" } }] },
    { thread = "copies", steps = [
        { repeat = "forever", steps = [{ for = "f", of = "files('t')", steps = [{ copy_file = "{f}", tree = "t" }] }] },
    ] },
    { thread = "puts", steps = [{ repeat = "forever", steps = [{ put = "q", value = 1 }, { get = "q", into = "x" }] }] },
    { thread = "lists", steps = [{ repeat = "forever", steps = [{ set = "list", to = "range(300000)" }] }] },
    { print = "all are at it" },
    { wait_event = "never" },
"#;

const OBJECTS: &str = r#"
grace = "600s"
locks = ["m"]
[queue.q]
[event.never]
[link.net]
capacity = "1 MB/s"
[tree.t]
files = 9
folders = 2
size = "1 kB..200 kB"
"#;

fn everywhere() -> [String; 4] {
    let function = format!("{OBJECTS}[function.f]\nsteps = [{BUSY}]\n");
    let called_back = format!(
        "{OBJECTS}[function.f]\nsteps = [{{ return = 1 }}]\n[parent]\nsteps = [\
         {{ apply_async = \"f\", into = \"h\", value = \"v\", callback = [{BUSY}] }}, \
         {{ close = \"pool\" }}, {{ join = \"pool\" }}]"
    );
    [
        format!("{OBJECTS}[parent]\nsteps = [{BUSY}]"),
        format!("{function}[parent]\nsteps = [{{ start = \"f\" }}]"),
        format!("{function}[pool]\nsize = 1\n[[task]]\ncall = \"f\""),
        called_back,
    ]
}

#[test]
fn whatever_its_threads_are_at_a_program_ends_when_it_is_told_to() {
    for scenario in everywhere() {
        let playing = play(&scenario);
        playing.run.wait_for_output(|out| out.contains("all are at it"), "its threads are at work");
        playing.run.signal(Signal::SIGTERM);
        let finished = playing.run.finish().expect_code(4);
        wait_until_none(&finished.tag, GONE_WITHIN);
    }
}

#[test]
fn whatever_its_threads_are_at_nothing_is_left_when_the_parent_is_killed() {
    for scenario in everywhere() {
        let playing = play(&scenario);
        playing.run.wait_for_output(|out| out.contains("all are at it"), "its threads are at work");
        playing.run.signal(Signal::SIGKILL);
        wait_until_none(playing.run.tag(), GONE_WITHIN);
    }
}

#[test]
fn every_signal_that_a_function_kills_itself_with_ends_its_process() {
    for (signal, number) in [("KILL", 9), ("TERM", 15), ("SEGV", 11), ("USR1", 10), ("ABRT", 6)] {
        let played = text(&format!(
            "[function.f]\nsteps = [{{ kill_self = \"{signal}\" }}, {{ print = \"still here\" }}]\n\
             [parent]\nsteps = [{{ start = \"f\", into = \"p\" }}, {{ join = \"p\" }}]"
        ));
        played.assert_code(1);
        assert_eq!(played.lines(), [""; 0], "{signal}");
        assert!(played.story().contains(&format!("{{\"signal\":{number}}}")), "{}", played.story());
    }
}

#[test]
fn an_exit_amid_another_threads_talk_is_that_exit() {
    let played = text(
        r#"
        [queue.q]
        [function.f]
        steps = [
            { thread = "T", steps = [{ repeat = "forever", steps = [{ put = "q", value = "'x' * 60000" }, { get = "q", into = "x" }] }] },
            { run = ["true"] },
            { exit = 5 },
        ]
        [parent]
        steps = [{ start = "f", into = "p" }, { join = "p" }, { print = "joined" }]
        "#,
    );
    played.assert_code(1);
    assert_eq!(played.lines(), ["joined"]);
    assert_eq!(played.attempts().pop().expect("an attempt").outcome, r#"{"exit":{"code":5}}"#);
}

#[test]
fn threads_that_were_joined_are_not_asked_for_again() {
    let played = text(
        r#"
        [parent]
        steps = [
            { repeat = 40, counter = "i", steps = [{ thread = "T{i}", steps = [] }, { join = "threads" }] },
            { join = "threads", name = "T7" },
            { print = "all joined" },
        ]
        "#,
    );
    played.assert_code(0);
    assert_eq!(played.lines(), ["all joined"]);
    let joins = played.all("call_made").filter(|event| event["call"].to_string().contains("join_thread")).count();
    assert_eq!(joins, 40, "{}", played.story());
}
