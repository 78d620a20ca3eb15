//! Every scenario that comes with the program, as `pooltop demo` lists them: each ends with the code it is to end with, says
//! something in both languages, and leaves nothing behind.
//! It does not know what any of them shows; the other tests here do.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::common::processes::wait_until_none;
use crate::common::run::Run;
use crate::common::{GONE_WITHIN, PATIENCE};

/// Those that do not end with 0, for that is what they show: failures, a verdict, work left undone.
const CODES: &[(&str, i32)] = &[
    ("two-loops", 4),
    ("queue-bounded", 1),
    ("parent-exits-early", 4),
    ("callback-fails", 1),
    ("producer-consumer-no-sentinel", 1),
    ("pipe-kept-end", 1),
    ("flaky-downloads", 1),
];

/// Those that are long, with what makes them short.
const FLAGS: &[(&str, &[&str])] = &[
    ("default", &["--speed", "60"]),
    ("two-loops", &["--speed", "60"]),
    ("shared-link", &["--speed", "60"]),
    // A timeout is not simulated; what goes silent would be waited for at full length.
    ("flaky-downloads", &["--speed", "60", "--timeout", "1s"]),
];

/// How many run side by side: they mostly sleep.
const AT_ONCE: usize = 6;

/// Each with a language: every other one is told in Chinese.
fn demos() -> VecDeque<(String, &'static str)> {
    let listed = Run::pooltop(["demo", "--list", "--format", "names"]).finish().expect_code(0);
    listed.out().lines().map(str::to_owned).zip(["en", "zh"].into_iter().cycle()).collect()
}

fn play(name: &str, language: &str) -> Result<(), String> {
    let flags = FLAGS.iter().find(|(with, _)| *with == name).map_or(&["--speed", "20"][..], |(_, flags)| flags);
    let fixed = ["demo", name, "--progress", "plain", "--seed", "1", "--lang", language];
    let run = Run::pooltop(fixed.iter().chain(flags)).start().timeout(PATIENCE).finish();
    wait_until_none(&run.tag, GONE_WITHIN);
    let code = CODES.iter().find(|(with, _)| *with == name).map_or(0, |(_, code)| *code);
    let told = run.err();
    // Of the texts the first line is the title, which is Chinese or not.
    let is_chinese = told.lines().any(|line| line.starts_with("pooltop") && !line.is_ascii());
    if run.code() != code || is_chinese != (language == "zh") {
        return Err(format!("{name} ended with {}, not {code}\n{}\n{told}", run.code(), run.out()));
    }
    Ok(())
}

#[test]
fn every_demo_ends_as_it_should_and_leaves_nothing() {
    let demos = demos();
    let marked = CODES.iter().map(|(name, _)| name).chain(FLAGS.iter().map(|(name, _)| name));
    for name in marked {
        assert!(demos.iter().any(|(listed, _)| listed == name), "{name} is not listed");
    }
    assert!(demos.len() >= 40, "{demos:?}");
    let waiting = Mutex::new(demos);
    let wrong = Mutex::new(Vec::new());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((name, language)) = next() {
                    if let Err(why) = play(&name, language) {
                        wrong.lock().unwrap_or_else(PoisonError::into_inner).push(why);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
