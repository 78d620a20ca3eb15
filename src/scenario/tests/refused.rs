//! What cannot be in a scenario's functions and objects, and how it is told.
//! It does not know what can be.

use insta::assert_snapshot;

use super::*;

#[test]
fn the_caret_is_at_the_place_inside_the_expression() {
    assert_snapshot!(told("[function.f]\nparams = [\"n\"]\nsteps = [{ return = \"n * m\" }]\n[parent]\nsteps = [{ start = \"f\", args = [1] }]\n"), @r#"
    error: nobody sets `m` here
     --> tour.toml:3:26
      |
    3 | steps = [{ return = "n * m" }]
      |                          ^
      |
      = help: set it first, or name it in params or [shared]; a text needs quotes of its own: "'m'"
    "#);
    assert_snapshot!(told("[parent]\nsteps = [{ print = \"你好 {1 +}\" }]\n"), @r#"
    error: `}` cannot stand here
     --> tour.toml:2:28
      |
    2 | steps = [{ print = "你好 {1 +}" }]
      |                              ^
      |
      = help: an expression is missing before it; a brace itself is written }}
    "#);
    // Where an escape shifts the places, the whole text is marked.
    assert_snapshot!(told("[parent]\nsteps = [{ print = \"\\t{1 +}\" }]\n"), @r#"
    error: `}` cannot stand here
     --> tour.toml:2:20
      |
    2 | steps = [{ print = "\t{1 +}" }]
      |                    ^^^^^^^^^
      |
      = help: an expression is missing before it; a brace itself is written }}
    "#);
}

#[test]
fn what_nobody_knows_gets_a_suggestion() {
    assert_snapshot!(told("[queue.orders]\n[queue.results]\n[parent]\nsteps = [{ put = \"order\", value = 1 }, { put = \"banana\", value = 1 }]\n"), @r#"
    error: there is no queue `order`
     --> tour.toml:4:18
      |
    4 | steps = [{ put = "order", value = 1 }, { put = "banana", value = 1 }]
      |                  ^^^^^^^
      |
      = help: did you mean `orders`?

    error: there is no queue `banana`
     --> tour.toml:4:48
      |
    4 | steps = [{ put = "order", value = 1 }, { put = "banana", value = 1 }]
      |                                                ^^^^^^^^
      |
      = help: there is orders, results
    "#);
    assert_snapshot!(told("[parent]\nsteps = [{ prin = \"a\" }]\n"), @r#"
    error: this step has no verb that is known
     --> tour.toml:2:12
      |
    2 | steps = [{ prin = "a" }]
      |            ^^^^
      |
      = help: did you mean `print`?
    "#);
}

#[test]
fn a_step_of_the_parent_stays_with_the_parent() {
    assert_snapshot!(told("[function.f]\nsteps = [{ start = \"f\" }]\n[parent]\nsteps = [{ start = \"f\" }]\n"), @r#"
    error: only [parent] can start
     --> tour.toml:2:20
      |
    2 | steps = [{ start = "f" }]
      |                    ^^^
      |
      = help: the pool and its processes belong to the parent: do this in [parent]
    "#);
    for steps in [
        r#"{ apply = "f", args = [1] }"#,
        r#"{ apply_async = "f", args = [1] }"#,
        r#"{ map = "f", over = [1] }"#,
        r#"{ map_async = "f", over = [1] }"#,
        r#"{ close = "pool" }"#,
        r#"{ join = "pool" }"#,
        r#"{ terminate = "pool" }"#,
    ] {
        assert!(told(&child(steps)).contains("only [parent] can"), "{steps}");
    }
}

#[test]
fn steps_that_cannot_be_are_refused() {
    for (step, expected) in [
        ("{}", "a step needs a verb"),
        ("{ banana = 1 }", "a step is one of sleep, print"),
        (r#"{ put = "q", get = "q" }"#, "a step does one thing; this one has put and get"),
        (r#"{ put = "q", valeu = 1 }"#, "did you mean `value`?"),
        (r#"{ put = "q" }"#, "a step with `put` has no `value`"),
        ("{ put = 1, value = 1 }", "`put` must be the name of a queue in quotes"),
        (r#"{ get = "doors" }"#, "there is no queue `doors`"),
        (r#"{ get = "doors" }"#, "`doors` is a semaphore: acquire and release are for it"),
        (r#"{ with_lock = "doors", steps = [] }"#, "`doors` is a semaphore"),
        (r#"{ send = "p", value = 1 }"#, "`p` is a pipe: steps name one of its ends; there is left, right"),
        (r#"{ recv = "p", into = "m" }"#, "there is left, right, sink, source"),
        (r#"{ send = "lef", value = 1 }"#, "did you mean `left`?"),
        (r#"{ send = "sink", value = 1 }"#, "`sink` only receives; `source` is the end that sends"),
        (r#"{ recv = "source", into = "m" }"#, "`source` only sends; `sink` is the end that receives"),
        (r#"{ close = "pol" }"#, "did you mean `pool`?"),
        (r#"{ acquire = "door" }"#, "did you mean `doors`?"),
        (r#"{ wait_event = "x" }"#, "there is no event `x`"),
        (r#"{ download = { size = "1 B", link = "n" } }"#, "there is no link `n`"),
        (r#"{ download = { name = "a" } }"#, "has no `size`"),
        (r#"{ with_lock = "mutx", steps = [] }"#, "did you mean `mutex`?"),
        (r#"{ with_lock = "mutex" }"#, "has no `steps`"),
        (r#"{ copy_file = "a", tree = "photo" }"#, "did you mean `photos`?"),
        (r#"{ copy_file = "a" }"#, "has no `tree`"),
        (r#"{ start = "h" }"#, "there is no function `h`"),
        (r#"{ start = "f" }"#, "`f` takes 1 argument (n), not none"),
        (r#"{ start = "f", args = [1, 2] }"#, "`f` takes 1 argument (n), not 2"),
        (r#"{ start = "f", args = 1 }"#, "`args` must be a list of values"),
        (r#"{ map = "f" }"#, "has no `over`"),
        (r#"{ start = "f", args = [1], callback = [] }"#, "has no key `callback`"),
        (r#"{ apply_async = "f", args = [1], value = "r" }"#, "`value` names what a `callback` gets"),
        (r#"{ get = "q", error = "e" }"#, "`error` names the reason for an `otherwise`"),
        (r#"{ get = "q", timeout = 2 }"#, "`timeout` must be a text such as \"2s\""),
        (r#"{ get_nowait = "q", timeout = "2s" }"#, "has no key `timeout`"),
        (r#"{ empty = "q" }"#, "has no `into`"),
        (r#"{ get = "q", into = "1x" }"#, "a name of letters, digits and _"),
        (r#"{ get = "q", into = "None" }"#, "a name of letters, digits and _"),
        (r#"{ repeat = 2, counter = "balance", steps = [] }"#, "`balance` is a shared variable"),
        ("{ break = true }", "there is no loop here to leave"),
        (r#"{ repeat = 2, steps = [{ thread = "T", steps = [{ break = true }] }] }"#, "there is no loop here to leave"),
        ("{ repeat = 2, steps = [{ break = false }] }", "says nothing"),
        ("{ repeat = 2 }", "has no `steps`"),
        (r#"{ for = "x", steps = [] }"#, "has no `of`"),
        (r#"{ when = "1 = 1", steps = [] }"#, "write == to compare"),
        (r#"{ when = "x", steps = 3 }"#, "a list of steps"),
        (r#"{ set = "x" }"#, "has no `to`"),
        (r#"{ set = "x", to = 99999999999999999999 }"#, "does not fit into 64 bits"),
        (r#"{ set = "x", to = nan }"#, "does not fit into 64 bits"),
        (r#"{ set = "x", to = 1979-05-27 }"#, "`to` must be a value"),
        (r#"{ set = "x", to = "lost('blance')" }"#, "did you mean `balance`?"),
        (r#"{ set = "x", to = "files('x')" }"#, "there is photos"),
        (r#"{ set = "x", to = "lenn([1])" }"#, "did you mean `len`?"),
        (r#"{ print = "{hello}" }"#, "a text needs quotes of its own: \"'hello'\""),
        ("{ print = 5 }", "`print` must be a text in quotes"),
        (r#"{ terminate = "q" }"#, "only the pool can be terminated"),
        (r#"{ join = "pool", timeout = "1s" }"#, "without a timeout"),
        (r#"{ join = "threads", otherwise = [] }"#, "`otherwise` is not for threads"),
        (r#"{ join = "1", name = "a" }"#, "`name` is for join = \"threads\""),
        (r#"{ sleep = "3s..1s" }"#, "runs backwards"),
        ("{ run = [] }", "`run` needs a program"),
        (r#"{ run = "ls" }"#, "`run` must be a list"),
        ("1", "a list of steps in braces"),
    ] {
        let told = told(&parent(step));
        assert!(told.contains(expected), "{step}: {expected}\n{told}");
    }
    assert!(told(&child(r#"{ kill_self = "KIL" }"#)).contains("did you mean `KILL`?"));
}

#[test]
fn habits_of_other_languages_are_answered() {
    for (step, expected) in [
        ("{ exit = 3 }", "[parent] cannot exit"),
        (r#"{ kill_self = "KILL" }"#, "[parent] cannot kill_self"),
        (r#"{ if = "1", steps = [] }"#, "write { when ="),
        (r#"{ while = "True", steps = [] }"#, "write { repeat = \"forever\""),
        (r#"{ wait = "e" }"#, "wait_event for an event"),
        (r#"{ call = "f" }"#, "write start for a process"),
        (r#"{ print = "{}" }"#, "an expression is missing before it"),
        (r#"{ set = "x", to = "3 ** 2" }"#, "there is no **; write n * n"),
        (r#"{ set = "x", to = "[y for y in 3]" }"#, "an expression has no for or if"),
        (r#"{ set = "x", to = "[1 for y in 3]" }"#, "an expression has no for or if"),
        (r#"{ set = "x", to = "1 if 2 else 3" }"#, "an expression has no for or if"),
        (r#"{ set = "x", to = "f'{n}'" }"#, "join texts with +"),
        (r#"{ set = "x", to = "{'a': 1}" }"#, "there are no dictionaries"),
        (r#"{ set = "x", to = "'a'.upper()" }"#, "values have no methods here"),
        (r#"{ set = "x", to = "done" }"#, "A text needs quotes of its own: \"'done'\""),
    ] {
        let told = told(&parent(step));
        assert!(told.contains(expected), "{step}: {expected}\n{told}");
    }
}

#[test]
fn declarations_that_cannot_be_are_refused() {
    let task = "[[task]]\nnothing = true\n";
    for (text, expected) in [
        (format!("[parent]\nsteps = []\n{task}"), "with a [parent] there are no [[task]] entries"),
        ("[parent]\n".to_owned(), "[parent] has no `steps`"),
        (format!("[function.f]\n{task}"), "[function.NAME] has no `steps`"),
        (format!("[function.f]\nparams = [\"a\", \"a\"]\nsteps = []\n{task}"), "two arguments `a`"),
        (format!("[function.f]\nparams = [\"1\"]\nsteps = []\n{task}"), "an argument needs a name"),
        (format!("[shared]\na = 0\n[function.f]\nparams = [\"a\"]\nsteps = []\n{task}"), "`a` is a shared variable"),
        (format!("[shared]\npid = 0\n{task}"), "a shared variable needs a name"),
        (format!("[shared]\na = \"b\"\n{task}"), "a first value is a literal; a text needs quotes of its own: \"'b'\""),
        (format!("[shared]\na = \"range(9)\"\n{task}"), "`range` is not for a first value"),
        (format!("locks = [\"a\", \"a\"]\n{task}"), "two locks `a`"),
        (format!("[queue]\nq = 3\n{task}"), "`q` must be [queue.NAME]"),
        (format!("[queue.q]\ncapacity = 0\n{task}"), "`capacity` must be between 1"),
        (format!("[queue.\"\"]\n{task}"), "a name in [queue.NAME]"),
        (format!("[pipe.p]\n{task}"), "[pipe.NAME] has no `ends`"),
        (format!("[pipe.p]\nends = [\"a\"]\n{task}"), "a pipe has two ends"),
        (format!("[pipe.p]\nends = [\"a\", \"a\"]\n{task}"), "two ends `a`"),
        (format!("[pipe.p]\nends = [\"a\", \"pool\"]\n{task}"), "needs another name"),
        (format!("[link.n]\n{task}"), "[link.NAME] has no `capacity`"),
        (format!("[link.n]\ncapacity = \"40 MB\"\n{task}"), "is no rate"),
        (format!("[tree.t]\nfiles = 3\n{task}"), "[tree.NAME] has no `size`"),
        (format!("[tree.t]\nfiles = 3\nsize = \"2 GB\"\n{task}"), "4 GiB together"),
        (format!("strategy = \"each\"\n{task}"), "\"process-each\""),
        (format!("[pool]\nprogram = \"x\"\n{task}"), "where a `launcher` starts it"),
        (format!("[pool]\nlauncher = []\n{task}"), "`launcher` is a program"),
        (format!("[pool]\ninitializer = \"f\"\n{task}"), "there is no function `f`"),
        (format!("{AROUND}{task}[pool]\ninitializer = \"f\"\n"), "`f` takes 1 argument (n), not none"),
        (format!("{AROUND}[[task]]\ncall = \"g\"\n"), "there is f"),
        (format!("{AROUND}[[task]]\ncall = \"f\"\n"), "`f` takes 1 argument (n), not none"),
        (format!("{AROUND}[[task]]\ncall = \"f\"\nargs = [\"pid\"]\n"), "a [[task]] knows n (from 1) and i (from 0)"),
        (format!("{AROUND}[[task]]\ncall = \"f\"\nargs = [\"range(n)\"]\n"), "`range` is not for the arguments"),
        (format!("{AROUND}[[task]]\ncall = \"f\"\nargs = [\"1 // (n - 3)\"]\nrepeat = 9\n"), "where n is 3"),
        (
            format!("{AROUND}[[task]]\ncall = \"f\"\nargs = [\"n + n + n\"]\nrepeat = 9_000_000\n"),
            "too much to compute",
        ),
        (format!("{task}args = []\n"), "`args` are for a `call`"),
        (format!("{task}place = \"pol\"\n"), "a task is done by"),
        (format!("{task}[[at]]\ntime = \"1s\"\nkill = 0\n"), "between 1 and 1024"),
        (format!("{task}[[at]]\ntime = \"1s\"\ntune = 4\n"), "true to try sizes"),
        (format!("{task}[[at]]\ntime = \"1s\"\nkill = \"all\"\n"), "`kill` is \"busy\""),
        (format!("{task}[[at]]\ntime = \"1s\"\nkill = \"any\"\nevery = \"1s\"\n"), "`every` needs `times`"),
        (format!("{task}[[at]]\ntime = \"1s\"\nkill = \"any\"\ntimes = 2\n"), "`times` needs `every`"),
    ] {
        let told = told(&text);
        assert!(told.contains(expected), "{expected}:\n{text}\n{told}");
    }
}

#[test]
fn numbers_of_everything_are_limited() {
    let many = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let steps = |count: usize| format!("[parent]\nsteps = [{}]\n", "{ sleep = \"1s\" }, ".repeat(count));
    assert!(read(&steps(10_000), Language::English).is_ok());
    assert!(told(&steps(10_001)).contains("at most 10000 steps"));
    let functions =
        |count| many(count, &|number| format!("[function.f{number}]\nsteps = []\n")) + "[parent]\nsteps = []\n";
    assert!(read(&functions(1000), Language::English).is_ok());
    let text = told(&functions(1001));
    assert!(text.contains("at most 1000 functions") && text.contains("f1000"), "{text}");
    let objects = |count| many(count, &|number| format!("[queue.q{number}]\n")) + "[parent]\nsteps = []\n";
    assert!(read(&objects(1000), Language::English).is_ok());
    assert!(told(&objects(1001)).contains("at most 1000 objects"));
    let nested = |levels: usize| {
        let open = "{ thread = \"T\", steps = [".repeat(levels);
        format!("[parent]\nsteps = [{open}{}]\n", "] }".repeat(levels))
    };
    assert!(read(&nested(4), Language::English).is_ok());
    assert!(told(&nested(5)).contains("at most 4 deep"));
    let args = many(101, &|number| format!("\"a{number}\", "));
    assert!(
        told(&format!("[function.f]\nparams = [{args}]\nsteps = []\n[parent]\nsteps = []\n")).contains("100 arguments")
    );
}
