//! `pooltop compare` on real processes: the shape of what it measures, its formats, and what happens when a run goes wrong.
//! It does not know times: machines differ, and only their order is certain.

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::common::PATIENCE;
use crate::common::processes::wait_until_none;
use crate::common::pty::{Setup, shows};
use crate::common::run::Run;

fn scenario(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("compared.toml");
    std::fs::write(&file, text).expect("a file");
    let file = file.to_string_lossy().into_owned();
    (folder, file)
}

fn compared(args: &[&str], code: i32) -> Value {
    let args = ["compare"].iter().chain(args).chain(&["--format", "json", "--progress", "none"]);
    let run = Run::pooltop(args).finish().expect_code(code);
    assert!(run.stderr.is_empty(), "{}", run.err());
    let out = run.out();
    wait_until_none(&run.tag, PATIENCE);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

fn row<'a>(report: &'a Value, strategy: &str, workers: Option<u64>) -> &'a Value {
    let rows = report["rows"].as_array().expect("rows");
    let found = rows.iter().find(|row| row["strategy"] == strategy && row["workers"].as_u64() == workers);
    found.unwrap_or_else(|| panic!("no {strategy} {workers:?} in {report:#}"))
}

fn total(row: &Value) -> f64 {
    row["total_s"].as_f64().unwrap_or_else(|| panic!("no time: {row:#}"))
}

/// What is certain of it, however loaded the machine: sleeping cannot take less than its time.
fn at_least(row: &Value, seconds: f64) {
    assert!(total(row) >= seconds, "less than {seconds} s: {row:#}");
}

/// The tutorial's lesson: in turn takes the sum, a process each the longest, a pool of four something between. The design makes
/// the sum at least 25 s and the longest at most 10 s of scenario time; at ten times the speed the second is more than a
/// second faster, and more than that only a machine that stands still takes away.
#[test]
fn downloads_take_the_sum_the_longest_or_something_between() {
    let report = compared(&["downloads-pool", "--speed", "10", "--sizes", "1,4"], 0);
    assert_eq!(report["rows"].as_array().map(Vec::len), Some(4), "{report:#}");
    let (sequential, each) = (row(&report, "sequential", None), row(&report, "process-each", None));
    let (one, four) = (row(&report, "pool", Some(1)), row(&report, "pool", Some(4)));
    at_least(sequential, 25.0 / 10.0);
    at_least(one, 25.0 / 10.0);
    at_least(each, 5.0 / 10.0);
    // One of the four has to do two.
    at_least(four, 10.0 / 10.0);
    assert!(total(each) < total(sequential), "{report:#}");
    assert!(total(four) < total(sequential) && total(four) < total(one), "{report:#}");
    assert_eq!(sequential["speed_up"].as_f64(), Some(1.0));
    let processes = |row: &Value| row["processes"].as_u64();
    assert_eq!([sequential, each, one, four].map(processes), [Some(0), Some(5), Some(1), Some(4)], "{report:#}");
    assert_eq!((report["scenario"]["tasks"].as_u64(), report["scenario"]["free_tasks"].as_u64()), (Some(5), Some(5)));
    for row in [each, one, four] {
        let share = row["start_up_share"].as_f64().expect("processes were started");
        assert!(share > 0.0 && share < 1.0, "{row:#}");
    }
    assert_eq!((&sequential["start_up_share"], &sequential["peak_rss_bytes"]), (&Value::Null, &Value::Null));
}

/// A program's own processes are no strategy's to decide over.
#[test]
fn what_a_program_starts_itself_is_told_apart_from_the_pools_tasks() {
    let work =
        "[function.work]\nparams = [\"n\"]\nsteps = [{ sleep = \"20ms\" }, { return = \"n\" }]\n[parent]\nsteps = [\n";
    let start = "{ start = \"work\", args = [1], into = \"one\" }, { start = \"work\", args = [2], into = \"two\" },\n";
    let map = "{ map = \"work\", over = \"range(6)\", chunk = 1, into = \"list\" },\n";
    let join = "{ join = \"[one, two]\" },\n]\n";
    let (_folder, file) = scenario(&format!("[pool]\nsize = 2\n{work}{start}{map}{join}"));
    let report = compared(&[&file, "--sizes", "2"], 0);
    assert_eq!((report["scenario"]["tasks"].as_u64(), report["scenario"]["free_tasks"].as_u64()), (Some(8), Some(6)));
    let processes = |row: &Value| row["processes"].as_u64();
    let rows = [("sequential", None), ("process-each", None), ("pool", Some(2))];
    let rows = rows.map(|(strategy, workers)| processes(row(&report, strategy, workers)));
    assert_eq!(rows, [Some(2), Some(8), Some(4)], "{report:#}");

    let (_folder, file) = scenario(&format!("[pool]\nsize = 2\n{work}{start}{join}"));
    let run = Run::pooltop(["compare", &file, "--sizes", "2", "--progress", "none"]).finish().expect_code(0);
    assert!(run.out().contains("The scenario says of every task where it runs"), "{}", run.out());
    let report = compared(&[&file, "--sizes", "2"], 0);
    assert!(report["rows"].as_array().expect("rows").iter().all(|row| row["efficiency"].is_null()), "{report:#}");
}

#[test]
fn a_run_that_gets_stuck_has_no_time_and_says_why_once() {
    let args = ["compare", "producer-consumer-no-sentinel", "--speed", "50", "--sizes", "1,2", "--progress", "none"];
    let run = Run::pooltop(args).finish().expect_code(1);
    let out = run.out();
    assert_eq!(out.matches("nobody is left who puts to it").count(), 1, "{out}");
    assert_eq!(out.lines().filter(|line| line.ends_with("stuck (1)")).count(), 4, "{out}");
    let report = compared(&args[1..6], 1);
    let rows = report["rows"].as_array().expect("rows");
    assert!(rows.iter().all(|row| row["outcome"] == "stuck" && row["total_s"].is_null()), "{report:#}");
}

#[test]
fn rounds_take_turns_and_the_median_lies_within_the_range() {
    let (_folder, file) = scenario("[pool]\nsize = 2\n[[task]]\nrepeat = 6\nsleep = \"20ms\"\n");
    let report = compared(&[&file, "--sizes", "2,1", "--repeat", "3"], 0);
    let rounds: Vec<(&str, Option<u64>)> = report["rounds"]
        .as_array()
        .expect("rounds")
        .iter()
        .map(|round| (round["strategy"].as_str().expect("a word"), round["workers"].as_u64()))
        .collect();
    let turn = [("sequential", None), ("process-each", None), ("pool", Some(1)), ("pool", Some(2))];
    assert_eq!(rounds, turn.repeat(3));
    for row in report["rows"].as_array().expect("rows") {
        let (least, most) =
            (row["total_s_min"].as_f64().expect("a time"), row["total_s_max"].as_f64().expect("a time"));
        assert!((least..=most).contains(&total(row)), "{row:#}");
    }
    let (one, two) = (row(&report, "pool", Some(1)), row(&report, "pool", Some(2)));
    at_least(one, 0.12);
    at_least(two, 0.06);
}

#[test]
fn the_tutorials_ratio_stands_beside_ours() {
    let (_folder, file) = scenario(
        "[pool]\nsize = 4\n[tutorial]\npool = 0.401\nprocess_each = 9.248\n[[task]]\nrepeat = 100\nnothing = true\n",
    );
    let run = Run::pooltop(["compare", &file, "--sizes", "4", "--progress", "plain"]).finish().expect_code(0);
    let out = run.out();
    let told = "In the tutorial process each took 23.1 times as long as pool of 4 (9.248 s to 0.401 s); here ";
    assert!(out.contains(told), "{out}");
    assert!(!out.contains('\u{1b}') && !run.err().contains('\u{1b}'), "{out}");
    assert!(run.err().lines().any(|line| line.starts_with("[1/3] sequential")), "{}", run.err());
    let report = compared(&[&file, "--sizes", "4", "--repeat", "3"], 0);
    let (each, pool) = (row(&report, "process-each", None), row(&report, "pool", Some(4)));
    assert!(total(each) > total(pool), "starting a hundred processes takes longer than starting four: {report:#}");
}

#[test]
fn a_process_for_each_of_too_many_tasks_is_refused_in_its_row() {
    let (_folder, file) = scenario("[[task]]\nrepeat = 1500\nnothing = true\n");
    let report = compared(&[&file, "--sizes", "2"], 1);
    let each = row(&report, "process-each", None);
    assert_eq!(each["outcome"], "refused");
    assert!(each["note"].as_str().expect("a note").starts_with("1500 processes at once are more than the 1024"));
    assert_eq!(row(&report, "pool", Some(2))["outcome"], "done");
}

#[test]
fn a_run_that_fails_is_shown_and_the_others_go_on() {
    let (_folder, file) = scenario("[[task]]\nrun = [\"false\"]\n[[task]]\nnothing = true\n");
    let report = compared(&[&file, "--sizes", "1,2"], 1);
    let pools = [1, 2].map(|size| row(&report, "pool", Some(size))["note"].as_str().map(str::to_owned));
    assert_eq!(pools, [Some("1 of 2 failed".to_owned()), Some("1 of 2 failed".to_owned())]);
}

#[test]
fn mistakes_are_told_before_anything_starts() {
    for (args, hint) in [
        (&["compare", "downlods-pool"][..], "downloads-pool"),
        (&["compare", "no/such.toml"], "no/such.toml"),
        (&["compare", "pool-of-four", "--sizes", "0"], "1..=1024"),
        (&["compare", "pool-of-four", "--progress", "json"], "--format json"),
        (&["compare", "pool-of-four", "--progress", "tui"], "terminal"),
    ] {
        let run = Run::pooltop(args.iter().copied()).finish().expect_code(2);
        assert!(run.err().contains(hint) && run.stdout.is_empty(), "{args:?}: {}", run.err());
    }
}

/// So many short runs that somebody can step in.
fn long_comparison() -> (tempfile::TempDir, String) {
    scenario("title = \"many rounds\"\n[pool]\nsize = 2\n[[task]]\nrepeat = 4\nsleep = \"20ms\"\n")
}

#[test]
fn a_signal_ends_it_and_what_was_measured_is_printed() {
    let (_folder, file) = long_comparison();
    let run = Run::pooltop(["compare", &file, "--sizes", "1", "--repeat", "1000", "--progress", "plain"]).start();
    run.wait_for_errors(|errors| errors.contains("process each"), "the second run");
    run.signal(Signal::SIGTERM);
    let finished = run.finish().expect_code(4);
    let out = finished.out();
    assert!(out.contains("strategy") && out.lines().any(|line| line.starts_with("sequential  ")), "{out}");
    wait_until_none(&finished.tag, PATIENCE);
}

#[test]
fn on_a_terminal_bars_are_shown_until_q_stops_it() {
    let (_folder, file) = long_comparison();
    let mut pty = Setup::pooltop(["compare", &file, "--sizes", "1,2", "--repeat", "1000"]).size(100, 30).start();
    pty.wait_for_text("Times, round ");
    let measured = |screen: &vt100::Screen| shows(screen, "many rounds: ") && shows(screen, "1.00x");
    pty.wait_for(measured, "a bar for the sequential run", PATIENCE);
    pty.send("q");
    let status = pty.exit_status(PATIENCE);
    assert_eq!(status.code(), Some(4), "{}", pty.text());
    pty.assert_as_found();
    assert!(pty.text().contains("efficiency"), "{}", pty.text());
    wait_until_none(pty.tag(), PATIENCE);
}
