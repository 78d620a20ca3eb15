//! Six journals, each made by a run of the program: copies, failures, the default demo, a program, kills and retries, resizes.
//! It does not know what is done with them.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Downloads some of which fail, on workers some of which are killed.
const KILLS: &str = r#"
title = "downloads and kills"
seed = 5
[pool]
size = 3
[[task]]
repeat = 12
download = { size = "100 kB", time = "300ms", fail = "20%" }
[[at]]
time = "200ms"
every = "200ms"
times = 3
kill = "busy"
"#;

/// A journal of a real run.
pub struct Made {
    pub name: &'static str,
    pub bytes: Vec<u8>,
}

/// All six; made once.
pub fn all() -> &'static [Made] {
    static MADE: OnceLock<Vec<Made>> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = super::folder();
        let at = folder.path();
        std::fs::create_dir_all(at.join("tree/below")).expect("a tree");
        for name in ["tree/one", "tree/below/two\nlines", "tree/below/\u{202e}three"] {
            std::fs::write(at.join(name), vec![b'x'; 3000]).expect("a file");
        }
        std::os::unix::fs::symlink("one", at.join("tree/link")).expect("a link");
        std::fs::write(at.join("kills.toml"), KILLS).expect("a scenario");
        vec![
            made(at, "copies", &["copy", "tree", "copied"]),
            made(
                at,
                "failures",
                &[
                    "run",
                    "-j2",
                    "--retries",
                    "1",
                    "--backoff",
                    "1ms",
                    "--",
                    "sh",
                    "-c",
                    "echo $0; exit $0",
                    ":::",
                    "0",
                    "1",
                    "0",
                    "7",
                ],
            ),
            made(at, "demo", &["demo", "default", "--speed", "1000"]),
            made(at, "program", &["demo", "queue-bounded", "--speed", "1000"]),
            made(at, "kills", &["play", "kills.toml", "--retries", "3", "--backoff", "1ms"]),
            made(at, "sizes", &["demo", "resize-tour", "--speed", "40"]),
        ]
    })
}

#[expect(clippy::disallowed_methods, reason = "the one place where these tests start the program")]
fn made(at: &Path, name: &'static str, args: &[&str]) -> Made {
    let file = at.join(name);
    let (verb, rest) = args.split_first().expect("a verb");
    let output = Command::new(env!("CARGO_BIN_EXE_pooltop"))
        .arg(verb)
        .args(["--progress", "none", "--record"])
        .arg(&file)
        .args(rest)
        .current_dir(at)
        .env("XDG_STATE_HOME", at)
        .stdin(Stdio::null())
        .output()
        .expect("the program runs");
    let bytes = std::fs::read(&file).unwrap_or_else(|error| panic!("{name}: {error}; {output:?}"));
    let last = bytes.split(|&byte| byte == b'\n').rev().nth(1).expect("lines");
    assert!(String::from_utf8_lossy(last).contains("\"run_ended\""), "{name}: {output:?}");
    Made { name, bytes }
}
