//! The tuner on real workers: it finds the knee of a shared link, keeps to it, and yields to a hand.
//! It does not know how throughput is measured; made-up worlds for that are in `src/pool/tuner`.

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::common::PATIENCE;
use crate::common::processes::wait_until_none;
use crate::common::pty::Setup;
use crate::common::run::Run;

/// Each worker takes a quarter of the link, so four fill it. Tasks are long enough for a busy machine: what it takes to hand out
/// the next one leaves the link unused, and with short tasks more than four would be the honest answer.
const LINK: &str = r#"
[pool]
size = 1
[link.net]
capacity = "40 MB/s"
[function.fetch]
steps = [{ download = { name = "part", size = "30 MB", time = "3s", link = "net" } }]
[[task]]
call = "fetch"
repeat = 3000
"#;

fn scenario(more: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("link.toml");
    std::fs::write(&file, format!("{LINK}{more}")).expect("a file");
    let file = file.to_string_lossy().into_owned();
    (folder, file)
}

fn settled(event: &Value) -> Option<u64> {
    event["tuning"]["settled"]["workers"].as_u64()
}

#[test]
fn it_settles_at_the_knee_of_a_link_and_leaves_the_scenarios_sizes_out() {
    // Where the machine stands still in the midst of it, a search is led astray; so it may search again.
    let tune = "[[at]]\ntime = \"100ms\"\ntune = true\nevery = \"20s\"\ntimes = 30\n";
    let (_folder, file) = scenario(&format!("{tune}[[at]]\ntime = \"1s\"\nresize = 30\n"));
    let run = Run::pooltop(["play", &file, "--progress", "json", "--speed", "10"]).start();
    let events = |out: &str| out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect::<Vec<Value>>();
    let at_the_knee = |event: &Value| settled(event).is_some_and(|workers| (3..=5).contains(&workers));
    let told = |out: &str| {
        let lines = out.lines().filter(|line| line.contains("tuning_changed"));
        lines.filter_map(|line| serde_json::from_str(line).ok()).any(|event| at_the_knee(&event))
    };
    run.wait_for_output(told, "it settles at 3 to 5 workers");
    run.signal(Signal::SIGTERM);
    let finished = run.finish().expect_code(4);
    let out = finished.out();
    let sizes: Vec<(u64, String)> = events(&out)
        .iter()
        .filter(|event| event["event"] == "target_set")
        .map(|event| (event["workers"].as_u64().expect("a size"), event["by"].as_str().expect("who").to_owned()))
        .collect();
    assert!(sizes[1..].iter().all(|(_, by)| by == "tuner"), "{sizes:?}");
    assert!(out.contains("30 workers, as the scenario has it, are left out"), "{sizes:?}");
    wait_until_none(&finished.tag, PATIENCE);
}

#[test]
fn the_key_starts_it_and_a_size_by_hand_ends_it() {
    let (_folder, file) = scenario("");
    let mut pty = Setup::pooltop(["play", &file, "--speed", "10"]).size(120, 40).start();
    pty.wait_for_text("busy");
    pty.send("a");
    pty.wait_for_text("tuned: ");
    pty.send("+");
    pty.wait_until_gone("tuned: ");
    pty.wait_for_text("pooltop no longer looks for the best size");
    pty.send("a");
    pty.wait_for_text("tuning");
    pty.send("-");
    pty.wait_until_gone("tuning");
    pty.send("\u{3}");
    let status = pty.exit_status(PATIENCE);
    assert_eq!(status.code(), Some(4), "{}", pty.text());
    wait_until_none(pty.tag(), PATIENCE);
}
