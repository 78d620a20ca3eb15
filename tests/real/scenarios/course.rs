//! What a scenario's commands, a halt and the ends of processes do to the course of the run, and to its exit code.
//! It does not know how functions are carried out.

use super::play::text;

const SQUARES: &str = r#"
    [pool]
    size = 1
    [function.square]
    params = ["n"]
    steps = [{ sleep = "1s" }, { return = "n * n" }]
    [parent]
    steps = [{ for = "n", of = "range(6)", steps = [{ apply = "square", args = ["n"] }] }, { print = "all six" }]
"#;

#[test]
fn a_pause_of_the_scenario_ends_when_the_scenario_says_so_and_patience_waits_for_it() {
    let played = text(
        r#"
        [queue.q]
        [function.get]
        steps = [{ get = "q", into = "m", timeout = "3s", otherwise = [{ print = "{error}" }] }]
        [function.put]
        steps = [{ put = "q", value = 1 }]
        [parent]
        steps = [{ apply = "get" }, { print = "over" }]
        [[at]]
        time = "1s"
        pause = true
        [[at]]
        time = "20s"
        resume = true
        "#,
    );
    played.assert_code(0);
    assert_eq!(played.lines().last().map(String::as_str), Some("over"));
    let resumed = played.place("the pool goes on", |what| what["event"] == "pool_resumed");
    let given_up = played.place("the get is given up", |what| what["reply"] == "empty");
    assert!(resumed < given_up, "{}", played.story());
}

#[test]
fn tasks_for_a_pool_that_is_to_have_no_workers_end_the_run_and_not_never() {
    let played = text(
        r#"
        [pool]
        size = 2
        [[task]]
        sleep = "2s"
        repeat = 6
        [[at]]
        time = "1s"
        resize = 0
        "#,
    );
    assert_eq!(played.verdict().as_deref(), Some("tasks wait for a worker, and the pool is to have none"));
    played.assert_code(1);
}

#[test]
fn a_program_that_goes_on_asking_while_the_run_drains_has_not_failed() {
    let drained = format!("{SQUARES}\n[[at]]\ntime = \"1500ms\"\ndrain = true");
    let played = text(&drained);
    assert_eq!(played.all("task_failed").count(), 0, "{}", played.story());
    assert!(played.lines().is_empty(), "{}", played.story());
    // Work is left, and nothing went wrong.
    played.assert_code(4);

    let halted = format!("halt = \"soon,success=2\"\n{SQUARES}");
    let played = text(&halted);
    assert_eq!(played.all("task_failed").count(), 0, "{}", played.story());
    played.assert_code(0);
}

#[test]
fn a_process_of_its_own_that_exits_with_0_has_not_failed() {
    let leaving = |code: i32| {
        text(&format!(
            r#"
            [function.leave]
            steps = [{{ exit = {code} }}]
            [parent]
            steps = [{{ start = "leave", into = "p" }}, {{ join = "p" }}, {{ print = "it has left" }}]
            "#
        ))
    };
    let played = leaving(0);
    assert_eq!(played.lines(), ["it has left"]);
    played.assert_code(0);
    leaving(3).assert_code(1);
}
