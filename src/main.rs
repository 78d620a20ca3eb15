//! The program: a worker if it was started as one, else whatever the command line asks for.
//! It does not know what either does.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os();
    // Before anything else: a pool is started as fast as its workers are.
    if args.nth(1).is_some_and(|word| word == pooltop::wire::WORKER_ARGUMENT) {
        let rest: Vec<std::ffi::OsString> = args.collect();
        return pooltop::worker::main(&rest);
    }
    pooltop::app::main(std::env::args_os())
}
