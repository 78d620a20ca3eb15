//! What a worker in a process of its own does to that process. The test's own program plays the worker.
//! It does not know what the parent makes of its end.

use super::other_end::Worker;
use super::*;

/// No test of its own: what the others start.
#[test]
fn serves_when_told() {
    if std::env::var_os(other_end::AS_WORKER).is_some() {
        let args = [std::os::unix::process::parent_id().to_string().into(), "1024".into()];
        let code = crate::worker::main(&args);
        std::process::exit(i32::from(code != std::process::ExitCode::SUCCESS) * 99);
    }
}

fn status(steps: Vec<Step>) -> (Option<i32>, Option<i32>, Vec<Report>) {
    use std::os::unix::process::ExitStatusExt as _;
    let (mut end, mut worker) = Worker::start(setup(only(steps)));
    end.run(TaskId(0), Place::Pool, Arguments::Once(Vec::new()));
    let reports = end.until_hung_up();
    let status = worker.0.wait().unwrap();
    (status.code(), status.signal(), reports)
}

#[test]
fn a_function_can_end_its_process_by_a_status_or_a_signal() {
    let (code, _, reports) = status(vec![print(text("last words")), Step::Exit { code: int(7) }]);
    assert_eq!((code, said(&reports)), (Some(7), vec!["last words"]));
    let (_, signal, reports) = status(vec![Step::Kill { signal: 15 }, print(text("never"))]);
    assert_eq!((signal, said(&reports)), (Some(15), Vec::new()));
}

#[test]
fn a_failing_initializer_ends_its_worker_with_a_word() {
    use std::io::Read as _;
    let mut program = only(vec![Step::Fail { text: text("no database") }]);
    program.initializer = Some(FunctionId(0));
    let mut setup = setup(program);
    setup.initialize = Initialize::First;
    let (mut end, mut worker) = Worker::start(setup);
    assert_eq!(end.until_hung_up(), Vec::new());
    assert!(end.host.is_empty(), "it said hello");
    assert_eq!(worker.0.wait().unwrap().code(), Some(1));
    let mut words = String::new();
    worker.0.stderr.take().unwrap().read_to_string(&mut words).unwrap();
    assert_eq!(words, "initializer failed: no database\n");
}
