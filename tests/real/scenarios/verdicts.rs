//! When nothing can go on, a run says so; while something can, it does not.
//! It does not know how the cycle is found.

use std::fmt::Write as _;

use super::play::text;

/// Whether the philosophers have an order of forks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Forks {
    /// Each takes the one at the left first.
    Left,
    /// The last one takes the one at the right first.
    Ordered,
}

/// Five philosophers who take one fork, and after a while the other. At the left, all have one before anybody wants the other,
/// however late a process starts: each says so, and a waiter lets them go on.
fn philosophers(forks: Forks) -> String {
    let mut scenario = String::new();
    for fork in 0..5 {
        writeln!(scenario, "[semaphore.fork{fork}]\nvalue = 1").expect("a string takes all");
    }
    for who in 0..5 {
        let (left, right) = (who, (who + 1) % 5);
        let (first, then) = if who == 4 && forks == Forks::Ordered { (right, left) } else { (left, right) };
        let meanwhile = match forks {
            Forks::Left => "{ put = \"seated\", value = 1 }, { wait_event = \"all_have_one\" }",
            Forks::Ordered => "{ sleep = \"2s\" }",
        };
        writeln!(
            scenario,
            "[function.dine{who}]\nsteps = [{{ acquire = \"fork{first}\" }}, {meanwhile}, {{ acquire = \"fork{then}\" }}, \
             {{ print = \"{{process}} eats\" }}, {{ release = \"fork{then}\" }}, {{ release = \"fork{first}\" }}]\n\
             [[task]]\ncall = \"dine{who}\"\nname = \"philosopher {who}\"\nplace = \"process\"",
        )
        .expect("a string takes all");
    }
    if forks == Forks::Left {
        scenario += r#"
            [queue.seated]
            [event.all_have_one]
            [function.serve]
            steps = [{ repeat = 5, steps = [{ get = "seated", into = "who" }] }, { set_event = "all_have_one" }]
            [[task]]
            call = "serve"
            place = "process"
        "#;
    }
    scenario
}

#[test]
fn philosophers_who_wait_in_a_circle_are_found() {
    let played = text(&philosophers(Forks::Left));
    played.assert_code(1);
    let verdict = played.verdict().unwrap_or_else(|| panic!("no verdict\n{}", played.story()));
    for who in 0..5 {
        assert!(verdict.contains(&format!("philosopher {who}")), "{verdict}");
    }
    let event = played.all("verdict_reached").next().unwrap();
    assert_eq!(event["verdict"]["waits"].as_array().unwrap().len(), 5);
    assert!(played.lines().is_empty());
    // Whoever ran without a screen is told, too.
    assert!(played.errors.is_empty() || played.errors.contains("philosopher"), "{}", played.errors);
}

#[test]
fn philosophers_with_an_order_eat() {
    let played = text(&philosophers(Forks::Ordered));
    played.assert_code(0);
    assert_eq!(played.lines().len(), 5);
    assert!(played.verdict().is_none());
}

#[test]
fn a_sleeper_may_still_help() {
    let played = text(
        r#"
        [queue.q]
        [function.consume]
        steps = [{ get = "q", into = "m" }, { print = "{m}" }]
        [function.sleeper]
        steps = [{ sleep = "60s" }, { put = "q", value = "'late'" }]
        [parent]
        steps = [
            { start = "consume", into = "c" },
            { start = "sleeper", into = "s" },
            { join = "c" },
            { join = "s" },
        ]
        "#,
    );
    played.assert_code(0);
    assert_eq!(played.lines(), ["late"]);
    assert!(played.verdict().is_none());
}

#[test]
fn a_timed_command_may_still_help() {
    let played = text(
        r#"
        [pool]
        size = 1
        [queue.q]
        [function.consume]
        steps = [{ get = "q", into = "m" }, { print = "{m}" }]
        [function.produce]
        steps = [{ put = "q", value = "'hello'" }]
        [parent]
        steps = [
            { apply_async = "consume", into = "c" },
            { apply_async = "produce", into = "p" },
            { close = "pool" },
            { join = "pool" },
        ]
        [[at]]
        time = "30s"
        resize = 2
        "#,
    );
    played.assert_code(0);
    assert_eq!(played.lines(), ["hello"]);
    assert!(played.verdict().is_none());
}

#[test]
fn a_pool_too_small_for_its_tasks_is_told_to_grow() {
    let played = text(
        r#"
        [pool]
        size = 1
        [queue.q]
        [function.consume]
        steps = [{ get = "q", into = "m" }]
        [function.produce]
        steps = [{ put = "q", value = 1 }]
        [parent]
        steps = [
            { apply_async = "consume", name = "consumer", into = "c" },
            { apply_async = "produce", name = "producer", into = "p" },
            { close = "pool" },
            { join = "pool" },
        ]
        "#,
    );
    played.assert_code(1);
    let event = played.all("verdict_reached").next().unwrap_or_else(|| panic!("no verdict\n{}", played.story()));
    let advice = event["verdict"]["advice"].as_str().expect("an advice");
    assert!(advice.contains("larger pool"), "{advice}");
}

#[test]
fn two_locks_in_two_orders_are_found() {
    let played = text(
        r#"
        locks = ["a", "b"]
        # Each tells the other when it has its first lock, so that both have one before either wants a second.
        [queue.of_one]
        [queue.of_two]
        [parent]
        steps = [
            { thread = "one", steps = [{ with_lock = "a", steps = [
                { put = "of_one", value = 1 }, { get = "of_two", into = "n" }, { with_lock = "b", steps = [{ print = "one" }] },
            ] }] },
            { thread = "two", steps = [{ with_lock = "b", steps = [
                { put = "of_two", value = 1 }, { get = "of_one", into = "n" }, { with_lock = "a", steps = [{ print = "two" }] },
            ] }] },
            { join = "threads" },
        ]
        "#,
    );
    played.assert_code(1);
    let verdict = played.verdict().unwrap_or_else(|| panic!("no verdict\n{}", played.story()));
    assert!(verdict.contains("one") && verdict.contains("two"), "{verdict}");
}

#[test]
fn a_pause_that_nobody_will_end_is_told() {
    let played = text("[[task]]\nsleep = \"100s\"\n[[at]]\ntime = \"1s\"\npause = true\n");
    played.assert_code(1);
    let verdict = played.verdict().unwrap_or_else(|| panic!("no verdict\n{}", played.story()));
    assert!(verdict.contains("paused"), "{verdict}");
}

#[test]
fn what_can_never_be_is_warned_of_before_it_runs() {
    let played = text("[queue.q]\n[parent]\nsteps = [{ get = \"q\", into = \"m\" }]\n");
    played.assert_code(1);
    assert!(played.errors.contains("warning") && played.errors.contains('q'), "{}", played.errors);
    assert!(played.verdict().is_some());
}
