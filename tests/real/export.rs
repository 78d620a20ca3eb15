//! Exported runs, each format read by a program that is not ours: Python, GNU parallel, asciinema.
//! It does not know what a journal looks like inside.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use tempfile::TempDir;

use crate::common::numbers;
use crate::common::pty::{Setup, shows};
use crate::common::run::{Finished, Run};
use crate::common::{PATIENCE, POOLTOP};

/// Debian's, whatever else is installed.
const PYTHON: &str = "/usr/bin/python3";

/// A folder with a journal in it, made of a run of these arguments.
struct Recorded(TempDir);

impl Recorded {
    #[track_caller]
    fn of(args: &[&str], input: impl Into<Vec<u8>>, code: i32) -> Self {
        let recorded = Self(tempfile::tempdir().expect("a folder"));
        let journal = recorded.path("journal");
        let (command, rest) = args.split_at(1);
        let args = [command, &["--progress", "none", "--record", text(&journal)], rest].concat();
        Run::pooltop(args).input(input).finish().expect_code(code);
        recorded
    }

    /// Every seventh of so many commands fails, in each of two attempts.
    #[track_caller]
    fn every_seventh_fails(count: u32) -> Self {
        let script = "echo again {}; exit $(({} % 7 == 0))";
        Self::of(
            &["run", "-j4", "--retries", "1", "--backoff", "10ms", "--", "sh", "-c", script],
            numbers(1..=count),
            1,
        )
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the export; its result is a file of the format's name.
    #[track_caller]
    fn export(&self, format: &str, more: &[&str]) -> PathBuf {
        let to = self.path(format);
        self.exported(format, &["-o", text(&to)], more).expect_code(0);
        to
    }

    #[track_caller]
    fn exported(&self, format: &str, output: &[&str], more: &[&str]) -> Finished {
        let journal = self.path("journal");
        let args = [&["export", text(&journal), "--format", format], output, more].concat();
        Run::pooltop(args).dir(self.0.path()).finish()
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// What a script beside this file prints.
#[track_caller]
fn python(script: &str, files: &[&Path]) -> String {
    let script = format!("{}/tests/real/readers/{script}", env!("CARGO_MANIFEST_DIR"));
    let args = std::iter::once(script.as_str()).chain(files.iter().map(|path| text(path)));
    let run = Run::program(PYTHON, args).env("PYTHONUTF8", "1").finish();
    assert_eq!((run.code(), run.err().as_str()), (0, ""), "{}", run.out());
    run.out()
}

#[test]
fn a_trace_has_a_track_for_each_worker_and_leads_from_failures_to_retries() {
    let told = python("trace.py", &[&Recorded::every_seventh_fails(100).export("trace", &[])]);
    assert!(told.contains("tracks: pool, worker 1, worker 2, worker 3, worker 4\n"), "{told}");
    assert!(told.contains("attempts: 86 done, 28 failed\nflows: 14\n"), "{told}");
    assert!(told.contains("in flight, pool size: actual, pool size: target, queue depth, tasks/s"), "{told}");
}

#[test]
fn a_trace_of_functions_shows_where_they_waited() {
    let run = Recorded::of(&["demo", "queue-bounded", "--speed", "50"], "", 1);
    let told = python("trace.py", &[&run.export("trace", &[])]);
    assert!(told.contains("tracks: pool, process 1, process 2, ") && told.contains("the parent's program\n"), "{told}");
    assert!(!told.contains("blocked: 0"), "{told}");
}

#[test]
fn a_trace_of_a_run_that_loses_workers_is_one() {
    let run = Recorded::of(&["demo", "chaos", "--speed", "50", "--seed", "7"], "", 0);
    let told = python("trace.py", &[&run.export("trace", &[])]);
    assert!(told.contains("40 done") && told.contains(" lost") && !told.contains("flows: 0"), "{told}");
}

#[test]
fn parallel_goes_on_from_a_joblog() {
    let run = Recorded::every_seventh_fails(100);
    let log = run.export("joblog", &[]);
    let lines = fs::read_to_string(&log).expect("a job log");
    assert!(
        lines.starts_with("Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n"),
        "{lines}"
    );
    let line = lines.lines().find(|line| line.starts_with("14\t")).expect("task 14");
    let columns: Vec<&str> = line.split('\t').collect();
    assert_eq!(columns[4..], ["0", "9", "1", "0", "sh -c 'echo again 14; exit $((14 % 7 == 0))'"]);
    let started: f64 = columns[2].parse().expect("a time");
    let written = fs::metadata(run.path("journal")).and_then(|file| file.modified()).expect("a time");
    let before = written.duration_since(UNIX_EPOCH).expect("later").as_secs_f64() - started;
    assert!((0.0..PATIENCE.as_secs_f64()).contains(&before), "{line}");

    let failed = (1..=14).map(|n| n * 7).collect::<Vec<u32>>();
    let again = |out: &str| {
        let mut seen: Vec<u32> = out.lines().filter_map(|line| line.strip_prefix("again ")?.parse().ok()).collect();
        seen.sort_unstable();
        seen
    };
    for (flag, command) in [("--resume-failed", &["echo", "again"][..]), ("--retry-failed", &[])] {
        // It adds to the log what it does.
        let own = run.path(flag);
        fs::copy(&log, &own).expect("a copy");
        let args = [&["--will-cite", "-j4", flag, "--joblog", text(&own)], command].concat();
        let parallel = Run::program("/usr/bin/parallel", args).env("PARALLEL_HOME", text(run.0.path()));
        let parallel = parallel.env("SHELL", "/bin/sh").input(numbers(1..=100)).finish();
        assert_eq!(again(&parallel.out()), failed, "{flag}: {}", parallel.err());
    }
}

#[test]
fn tables_say_the_same_and_hold_no_formula() {
    // A copy's task is called after its first file, and files of different folders are different tasks.
    let tree = tempfile::tempdir().expect("a folder");
    let names = ["=1+1", "-rf", "@SUM(A1)", "a,b\"c", "two\nlines", "春节.mov", "\t=x", "\x1b[2J", " +1 "];
    for (name, at) in names.iter().zip(0..) {
        let folder = tree.path().join(format!("from/{at}"));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(name), "x").expect("a file");
    }
    let (from, to) = (tree.path().join("from"), tree.path().join("to"));
    fs::create_dir(&to).expect("a folder");
    let run = Recorded::of(&["copy", text(&from), text(&to)], "", 0);
    let told = python("table.py", &[&run.export("csv", &[]), &run.export("json", &[])]);
    assert!(told.starts_with("done 0 {'done': "), "{told}");
    for name in ["=1+1", "-rf", "@SUM(A1)", "\\t=x", " +1 "] {
        assert!(told.contains(&format!("\"'{name}")), "{name} in {told}");
    }

    let chaos = Recorded::of(&["demo", "flaky-downloads", "--speed", "50"], "", 1);
    python("table.py", &[&chaos.export("csv", &[]), &chaos.export("json", &[])]);
}

#[test]
fn asciinema_shows_a_cast_as_the_screen_was() {
    let run = Recorded::every_seventh_fails(50);
    let cast = run.export("cast", &["--size", "100x30"]);
    let lines = fs::read_to_string(&cast).expect("a cast");
    assert!(lines.starts_with(r#"{"version":2,"width":100,"height":30,"timestamp":"#), "{lines}");
    let mut asciinema = Setup::program("/usr/bin/asciinema", ["cat", text(&cast)])
        .env("ASCIINEMA_CONFIG_HOME", text(run.0.path()))
        .size(100, 30)
        .start();
    asciinema.wait_for(
        |screen| shows(screen, "FAILED 00:00") && shows(screen, "done 43/50"),
        "the last frame",
        PATIENCE,
    );
    assert!(asciinema.exit_status(PATIENCE).success());
}

#[test]
fn a_picture_is_xml_whatever_is_in_it() {
    let run = Recorded::of(&["run", "-j2", "true", "<\x1b[2J&>"], "</text><script>&amp;\x07\x1b]0;x\n春节\n", 0);
    let told = python("picture.py", &[&run.export("svg", &["--at", "100%", "--size", "90x24"])]);
    let title = told.lines().next().expect("a title");
    assert!(title.contains("pooltop run ") && title.ends_with("true '<\u{fffd}[2J&>'"), "{told}");
    assert!(
        told.contains("FINISHED") && told.contains("春节") && told.contains("true'<\u{fffd}[2J&>'…>&amp;"),
        "{told}"
    );
    let begin = python("picture.py", &[&run.export("svg", &["--at", "0s"])]);
    assert!(begin.contains("RUNNING") && !begin.contains("春节"), "{begin}");
}

#[test]
fn a_damaged_journal_gives_what_is_true() {
    let run = Recorded::every_seventh_fails(30);
    let journal = fs::read_to_string(run.path("journal")).expect("a journal");
    let lines = journal.lines().count();
    let damaged = journal.replacen("\"attempt_ended\",\"task\":20,", "\"attempt_ended\",\"task\":21,", 1);
    assert_ne!(damaged, journal);
    fs::write(run.path("journal"), &damaged).expect("a journal");
    let bad = 1 + damaged.lines().zip(journal.lines()).position(|(a, b)| a != b).expect("a difference");
    assert!(bad < lines);
    for format in ["trace", "joblog", "csv", "json", "cast", "svg"] {
        let to = run.path(format);
        let export = run.exported(format, &["-o", text(&to)], &[]);
        // A picture of an instant before the damage is whole.
        if format != "svg" {
            assert_eq!(export.code(), 1, "{format}: {}", export.err());
            assert!(
                export.err().contains(&format!("line {bad}, ")) && export.err().lines().count() == 1,
                "{}",
                export.err()
            );
        }
        assert!(fs::metadata(&to).is_ok_and(|file| file.len() > 100), "{format}");
    }
    assert!(python("trace.py", &[&run.path("trace")]).contains(" done"));
    assert!(python("table.py", &[&run.path("csv"), &run.path("json")]).starts_with("unfinished None"));
}

#[test]
fn only_what_was_asked_for_is_written() {
    let run = Recorded::every_seventh_fails(10);
    let journal = run.path("journal");
    let before = fs::read(&journal).expect("a journal");
    fs::hard_link(&journal, run.path("another name")).expect("a link");
    for target in ["journal", "./journal", "another name"] {
        let refused = run.exported("csv", &["-o", target], &[]).expect_code(2);
        assert!(refused.err().contains("the journal itself"), "{}", refused.err());
    }
    fs::write(run.path("table.csv"), "old").expect("a file");
    run.exported("csv", &["-o", "table.csv"], &[]).expect_code(0);
    let printed = run.exported("csv", &["-o", "-"], &[]).expect_code(0);
    assert_eq!(fs::read(run.path("table.csv")).expect("a table"), printed.stdout);
    run.exported("json", &["-o", "/dev/null"], &[]).expect_code(0);
    assert!(!fs::metadata("/dev/null").expect("a device").is_file());

    for (args, why) in [
        (&["-o", "no/such/folder"][..], 1),
        (&["--size", "10x10"], 2),
        (&["--size", "wide"], 2),
        (&["--at", "soon"], 2),
    ] {
        run.exported("svg", args, &[]).expect_code(why);
    }
    Run::pooltop(["export", "no-such-run", "--format", "csv"]).finish().expect_code(2);
    Run::pooltop(["export", text(run.0.path()), "--format", "csv"]).finish().expect_code(2);
    Run::pooltop(["export", "/dev/null", "--format", "csv"]).finish().expect_code(2);

    assert_eq!(fs::read(&journal).expect("a journal"), before);
    let mut names: Vec<_> =
        fs::read_dir(run.0.path()).expect("a folder").map(|entry| entry.expect("one").file_name()).collect();
    names.sort();
    assert_eq!(names, ["another name", "journal", "table.csv"]);
}

#[test]
fn the_latest_run_needs_no_path() {
    let state = tempfile::tempdir().expect("a folder");
    let run = |args: &[&str]| Run::pooltop(args).env("XDG_STATE_HOME", text(state.path())).finish();
    run(&["export", "latest", "--format", "csv"]).expect_code(2);
    run(&["run", "--progress", "none", "echo", ":::", "a", "b"]).expect_code(0);
    let table = run(&["export", "latest", "--format", "csv"]).expect_code(0).out();
    assert_eq!(table.lines().count(), 3, "{table}");
}

#[test]
fn a_terminal_gets_no_escape_from_a_journal() {
    let run = Recorded::of(&["run", "true"], "a\x1b]2;owned\x07b\n", 0);
    let journal = run.path("journal");
    for format in ["joblog", "csv", "json", "trace"] {
        let mut pty = Setup::program(POOLTOP, ["export", text(&journal), "--format", format]).size(200, 40).start();
        assert!(pty.exit_status(PATIENCE).success());
        pty.wait_for_text("owned");
        pty.look(|seen| assert_eq!(seen.extras().title, ""));
    }
}
