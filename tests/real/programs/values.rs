//! What expressions come to, and what is drawn, as a program sees it.
//! It does not know how they are computed; what Python 3.11 prints stands beside each.

use crate::scenarios::play::{Played, text, text_with};

#[test]
fn values_are_printed_as_python_prints_them() {
    let cases = [
        ("[1, 2.0, None, True, 'a']", "[1, 2.0, None, True, 'a']"),
        (r#"["it's", 'a\nb', 'back\\slash']"#, r#"["it's", 'a\nb', 'back\\slash']"#),
        ("[0.0001, 0.00001, 1e15, 1e16, -1.5e-7]", "[0.0001, 1e-05, 1000000000000000.0, 1e+16, -1.5e-07]"),
        ("1e16", "1e+16"),
        ("0.1 + 0.2", "0.30000000000000004"),
        ("[-7 // 2, -7 % 2, 7 // -2, 7 % -2]", "[-4, 1, -4, -1]"),
        ("[-7.5 // 2, -7.5 % 2, 7.5 % -2, -0.0 // 3]", "[-4.0, 0.5, -0.5, -0.0]"),
        ("[7 / 2, 6 / 3, 2 / 9007199254740993]", "[3.5, 2.0, 2.2204460492503128e-16]"),
        ("[1 == True, 1 == 1.0, [1] == [True], '1' == 1]", "[True, True, True, False]"),
        ("[0 or 'x', 0 and 1 / 0, not []]", "['x', 0, True]"),
        ("['abc'[-1], [1, 2][True], 2 * 'ab', [0] * 3]", "['c', 2, 'abab', [0, 0, 0]]"),
        ("[min(3, 1.0), max('b', 'a'), sum([True, 0.5]), abs(-2), len('é你')]", "[1.0, 'b', 1.5, 2, 2]"),
        ("[round(2.675, 2), round(0.5, 0), round(-1.25, 1)]", "['2.67', '0', '-1.2']"),
    ];
    let steps: Vec<String> = cases
        .iter()
        .map(|(expr, _)| format!("{{ set = \"v\", to = {} }}, {{ print = \"{{v}}\" }}", toml_text(expr)))
        .collect();
    let played = text(&format!("[parent]\nsteps = [{}]", steps.join(", ")));
    played.assert_code(0);
    assert_eq!(played.lines(), cases.map(|(_, written)| written));
}

fn toml_text(text: &str) -> String {
    // What JSON escapes, TOML's basic strings know.
    serde_json::to_string(text).expect("a text is JSON")
}

#[test]
fn what_grows_without_end_is_refused_with_its_limit() {
    for (first, then, said) in [
        ("[1]", "v + v", "set: a list would have more than 1000000 values"),
        ("'ab'", "v + v", "set: a text would be longer than 16777216 bytes"),
        ("[1]", "[v]", "set: lists lie deeper than 16 in lists"),
    ] {
        let played = text(&format!(
            "[parent]\nsteps = [{{ set = \"v\", to = \"{first}\" }}, \
             {{ repeat = \"forever\", steps = [{{ set = \"v\", to = \"{then}\" }}] }}]"
        ));
        played.assert_code(1);
        assert!(played.story().contains(&format!("function parent: {said}")), "{}", played.story());
    }
}

#[test]
fn what_is_too_large_to_travel_is_refused_by_the_step_that_sends_it() {
    for (steps, said) in [
        (
            "{ put = \"q\", value = \"'x' * 1048576\" }",
            "function parent: put on queue q: a value of about 1048576 bytes",
        ),
        ("{ apply = \"f\", into = \"r\" }", "function f: return: a value of about 1048576 bytes"),
        (
            "{ map = \"g\", over = \"range(200000)\", into = \"r\" }",
            "function parent: map of g: a chunk of 25000 values",
        ),
    ] {
        let played = text(&format!(
            "[queue.q]\n[pool]\nsize = 2\n[function.f]\nsteps = [{{ return = \"'x' * 1048576\" }}]\n\
             [function.g]\nparams = [\"x\"]\nsteps = []\n[parent]\nsteps = [{steps}]"
        ));
        played.assert_code(1);
        assert!(played.story().contains(said), "{said}\n{}", played.story());
    }
}

/// How many bytes each task has downloaded: the sum of what its threads drew.
fn drawn(played: &Played) -> Vec<(String, String)> {
    let ended =
        played.all("attempt_ended").map(|event| (played.name(&event["task"]), event["tally"]["bytes"].to_string()));
    let mut drawn: Vec<_> = ended.collect();
    drawn.sort();
    drawn
}

#[test]
fn the_same_seed_draws_the_same_however_the_threads_and_workers_run() {
    let scenario = |size: u8| {
        format!(
            r#"
            [pool]
            size = {size}
            [function.load]
            params = ["n"]
            steps = [
                {{ repeat = 3, counter = "i", steps = [{{ thread = "T{{i}}", steps = [
                    {{ repeat = 3, steps = [{{ download = {{ name = "x", size = "1 kB..900 MB", time = "0s..1s" }} }}] }},
                ] }}] }},
                {{ download = {{ name = "y", size = "1 kB..900 MB", time = "0s..1s" }} }},
            ]
            [parent]
            steps = [
                {{ for = "n", of = "range(5)", steps = [{{ apply_async = "load", args = ["n"], name = "load {{n}}" }}] }},
                {{ start = "load", args = [9], name = "a process" }},
                {{ close = "pool" }}, {{ join = "pool" }},
            ]
            "#
        )
    };
    let play = |size, seed: &str, speed: &str| {
        let played = text_with(&scenario(size), &["--seed", seed, "--speed", speed]);
        played.assert_code(0);
        drawn(&played)
    };
    let first = play(4, "7", "50");
    assert_eq!(first.len(), 7, "{first:?}");
    assert_eq!(play(4, "7", "50"), first);
    assert_eq!(play(1, "7", "20"), first, "on one worker, at another speed");
    assert_ne!(play(4, "8", "50"), first);
}
