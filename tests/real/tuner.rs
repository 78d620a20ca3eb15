//! The tuner on real workers: it finds the knee of a shared link, keeps to it, and yields to a hand.
//! It does not know how throughput is measured; made-up worlds for that are in `src/pool/tuner`.

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::common::PATIENCE;
use crate::common::processes::wait_until_none;
use crate::common::pty::{Setup, shows};
use crate::common::run::Run;

/// Each worker takes a quarter of the link, so four fill it; sleeping is all there is to do. Slow enough for a busy machine: a
/// task of 100 ms that comes 10 ms late hardly changes what a size gets done, and the bytes are the link's own.
const LINK: &str = r#"
[pool]
size = 1
[link.net]
capacity = "40 MB/s"
[function.fetch]
steps = [{ download = { name = "part", size = "10 MB", time = "1s", link = "net" } }]
[[task]]
call = "fetch"
repeat = 100_000
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
    let tune = "[[at]]\ntime = \"100ms\"\ntune = true\n[[at]]\ntime = \"1s\"\nresize = 30\n";
    let (_folder, file) = scenario(tune);
    let run = Run::pooltop(["play", &file, "--progress", "json", "--speed", "10"]).start();
    run.wait_for_output(|out| out.contains("\"settled\""), "it settles");
    run.signal(Signal::SIGTERM);
    let finished = run.finish().expect_code(4);
    let out = finished.out();
    let events: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let workers = events.iter().find_map(settled).expect("a size");
    let sizes: Vec<(u64, &str)> = events
        .iter()
        .filter(|event| event["event"] == "target_set")
        .map(|event| (event["workers"].as_u64().expect("a size"), event["by"].as_str().expect("who")))
        .collect();
    assert!((3..=5).contains(&workers), "{workers} of {sizes:?}");
    assert!(sizes[1..].iter().all(|(_, by)| *by == "tuner"), "{sizes:?}");
    // No size is tried twice, but for going back to the best.
    assert!(sizes.len() < 16, "{sizes:?}");
    assert!(out.contains("30 workers, as the scenario has it, are left out"), "{sizes:?}");
    wait_until_none(&finished.tag, PATIENCE);
}

#[test]
fn the_key_starts_it_and_a_size_by_hand_ends_it() {
    let (_folder, file) = scenario("");
    let mut pty = Setup::pooltop(["play", &file, "--speed", "10"]).size(120, 40).start();
    pty.wait_for_text("busy");
    pty.send("a");
    let found = |screen: &vt100::Screen| (3..=5).any(|workers| shows(screen, &format!("tuned: {workers}")));
    pty.wait_for(found, "a size from 3 to 5", PATIENCE);
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
