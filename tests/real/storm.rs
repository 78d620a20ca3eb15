//! The pool under a storm: workers killed at random, resized without pause, given more than a message holds.
//! It does not know the pool's insides; it counts what came out, and what is left.

use std::fmt::Write as _;

use nix::sys::signal::Signal;

use crate::common::GONE_WITHIN;
use crate::common::gate::Gate;
use crate::common::processes::{Process, children_of, send_signal, wait_until_none};
use crate::common::run::{Run, Running};

/// Tasks with command lines of 100 kB behind tasks so short that many are given to a worker at once.
#[test]
fn tasks_that_fill_more_than_a_message_are_done_all_the_same() {
    let argument = format!("\"{}\"", "x".repeat(8000));
    let arguments = vec![argument; 12].join(",");
    let scenario =
        format!("[[task]]\nrepeat = 3000\nnothing = true\n\n[[task]]\nrepeat = 100\nrun = [\"true\", {arguments}]\n");
    let run = played(&scenario, "-j1").expect_code(0);
    assert!(run.err().contains("3100 of 3100 done"), "{}", run.err());
    wait_until_none(&run.tag, GONE_WITHIN);
}

/// Numbers that look random and are the same each time.
struct Lot(u64);

impl Lot {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn workers(run: &Running) -> Vec<i32> {
    let worker = |process: &Process| process.name == "pooltop-worker" && !process.is_zombie();
    children_of(run.pid()).into_iter().filter(worker).map(|process| process.pid).collect()
}

/// A scenario of these tables, played to its end.
fn played(scenario: &str, jobs: &str) -> crate::common::run::Finished {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("storm.toml");
    std::fs::write(&file, scenario).expect("the scenario is written");
    let file = file.to_str().expect("a name in UTF-8");
    Run::pooltop(["play", file, jobs, "--progress", "plain"]).finish()
}

/// The PIDs of the workers that have done the tasks told of, and the tasks' numbers.
fn done(out: &str) -> (Vec<i32>, Vec<usize>) {
    let lines = out.lines().filter_map(|line| line.split_once(' '));
    lines.map(|(pid, task)| (pid.parse::<i32>().expect("a PID"), task.parse::<usize>().expect("a number"))).unzip()
}

/// While 1,500 short tasks run, one worker after the other is killed.
#[test]
fn a_storm_of_kills_loses_no_task_and_does_none_twice() {
    const TASKS: usize = 1500;
    const BETWEEN_DEATHS: usize = 50;
    // One for each task, and one for the task that may die with its worker after it has passed.
    const ADMITTED: usize = BETWEEN_DEATHS + 1;
    let folder = tempfile::tempdir().expect("a folder");
    let gate = Gate::at(folder.path().join("gate"));
    let script = "read _ < \"$0\"; echo $PPID $1";
    let command = ["--progress", "plain", "--", "sh", "-c", script, gate.name(), "{}"];
    let run = Run::pooltop([&["run", "-j4", "--retries", "9", "--backoff", "1ms"][..], &command].concat())
        .input((0..TASKS).map(|n| n.to_string()).collect::<Vec<_>>().join("\n"))
        .start();
    let mut lot = Lot(7);
    let mut killed = 0;
    gate.admit(ADMITTED);
    // The gate keeps the run from being over before the test, on a machine with much to do, has killed anybody.
    for lines in (BETWEEN_DEATHS..TASKS).step_by(BETWEEN_DEATHS) {
        let out = run.wait_for_output(|out| out.lines().count() >= lines, "the next tasks are done");
        // Workers that die before they have done anything are a crash loop, another story.
        let (proven, _) = done(&out);
        let victims: Vec<i32> = workers(&run).into_iter().filter(|worker| proven.contains(worker)).collect();
        gate.admit(ADMITTED);
        let Some(last) = u64::try_from(victims.len()).expect("few").checked_sub(1) else { continue };
        let further = usize::try_from(lot.below(20)).expect("small");
        run.wait_for_output(|out| out.lines().count() >= lines + further, "some more tasks are done");
        if send_signal(victims[usize::try_from(lot.below(last + 1)).expect("small")], Signal::SIGKILL) {
            killed += 1;
        }
    }
    gate.open();
    let finished = run.finish().expect_code(0);
    let (_, mut done) = done(&finished.out());
    done.sort_unstable();
    assert!(done.iter().copied().eq(0..TASKS), "{} lines\n{}", done.len(), finished.err());
    assert!(killed >= 10, "only {killed} were killed");
    wait_until_none(&finished.tag, GONE_WITHIN);
}

/// Every 10 ms for two seconds another size, 0 and the pause among them, while tasks of all kinds run.
#[test]
fn a_storm_of_sizes_loses_no_worker_and_no_task() {
    let mut scenario = String::from("[pool]\nsize = 3\n");
    let mut lot = Lot(11);
    for step in 1..200 {
        let what = match lot.below(12) {
            0 => "pause = true".to_owned(),
            1 => "resume = true".to_owned(),
            2 => "resize = \"+3\"".to_owned(),
            3 => "resize = \"-2\"".to_owned(),
            _ => format!("resize = {}", lot.below(13)),
        };
        // The active clock stands still in a pause, so what follows one has to come at the same time.
        let after = if what.starts_with("pause") { "\n[[at]]\ntime = \"{}ms\"\nresume = true" } else { "" };
        let time = step * 10;
        let after = after.replace("{}", &time.to_string());
        write!(scenario, "\n[[at]]\ntime = \"{time}ms\"\n{what}{after}\n").expect("a string takes all");
    }
    scenario.push_str("\n[[at]]\ntime = \"2000ms\"\nresize = 6\n");
    scenario.push_str("\n[[task]]\nrepeat = 150\nsleep = \"20ms\"\n");
    scenario.push_str("\n[[task]]\nrepeat = 300\nrun = [\"true\"]\n\n[[task]]\nrepeat = 2000\nnothing = true\n");
    scenario.push_str("\n[[task]]\nrepeat = 150\nrun = [\"sleep\", \"0.03\"]\n");
    let finished = played(&scenario, "-j3").expect_code(0);
    let err = finished.err();
    assert!(err.contains("2600 of 2600 done\n"), "{err}");
    // A machine with much to do may let a worker take longer to leave than it is given; what it says is no reason.
    let killed: Vec<&str> = err.lines().filter(|line| line.contains("killed")).collect();
    let slow = |line: &&str| line.contains("it was dismissed and did not leave") || line.contains("left, killed");
    assert!(killed.iter().all(slow), "{err}");
    wait_until_none(&finished.tag, GONE_WITHIN);
}
