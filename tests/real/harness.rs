//! The harness itself, driven with programs whose behaviour nobody doubts: sh, cat, stty, sleep.
//! It does not know pooltop.

use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::common::processes::{self, Process};
use crate::common::pty::{Pty, Setup, place_of, shows};
use crate::common::run::Run;
use crate::common::terminal::Seen;
use crate::common::{PATIENCE, keys};

const SHORT: Duration = Duration::from_millis(50);

fn shell(script: &str) -> Pty {
    shell_setup(script).start()
}

fn shell_setup(script: &str) -> Setup {
    Setup::program("/bin/sh", ["-c", script])
}

/// The message of the panic that must come.
fn panic_of(body: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(body)).expect_err("this must panic");
    panic.downcast_ref::<String>().expect("a panic with a text").clone()
}

#[test]
fn a_program_gets_a_terminal_of_that_size_as_a_session_of_its_own() {
    let mut pty = shell_setup("stty size; echo pid $$; echo controlling > /dev/tty; cat").size(100, 30).start();
    pty.wait_for_text("30 100");
    pty.wait_for_text(&format!("pid {}", pty.pid()));
    pty.wait_for_text("controlling");
    assert_eq!(Process::read(pty.pid()).unwrap().name, "sh");
    assert_eq!(nix::unistd::getsid(Some(nix::unistd::Pid::from_raw(pty.pid()))).unwrap().as_raw(), pty.pid());

    pty.send("typed\n");
    pty.wait_for(|screen| screen.contents().matches("typed").count() == 2, "echo and answer", PATIENCE);
    assert_eq!(pty.look(|seen| place_of(seen.screen(), "typed")), Some((3, 0)));
    assert!(pty.text().contains("controlling\ntyped\ntyped"), "{}", pty.text());
    pty.send(keys::ctrl('d'));
    assert!(pty.exit_status(PATIENCE).success());
    pty.assert_as_found();
}

#[test]
fn the_kernel_tells_a_new_size() {
    let pty = shell("trap 'stty size' WINCH; echo ready; while :; do sleep 0.02; done");
    pty.wait_for_text("ready");
    pty.resize(44, 11);
    pty.wait_for_text("11 44");
    let (rows, columns) = pty.look(|seen| seen.screen().size());
    assert_eq!((rows.get(), columns.get()), (11, 44));
}

#[test]
fn control_c_and_signals_reach_the_program() {
    let mut pty = shell("echo ready; exec sleep 1000");
    pty.wait_for_text("ready");
    pty.send(keys::ctrl('c'));
    assert_eq!(pty.exit_status(PATIENCE).signal(), Some(2));

    let mut pty = shell("echo ready; exec sleep 1000");
    pty.signal(Signal::SIGTERM);
    assert_eq!(pty.exit_status(PATIENCE).signal(), Some(15));
}

#[test]
fn a_closed_terminal_hangs_up() {
    let mut pty = shell("echo ready; exec sleep 1000");
    pty.wait_for_text("ready");
    pty.hang_up();
    assert_eq!(pty.exit_status(PATIENCE).signal(), Some(1));
    assert!(pty.modes_on_exit().is_as_found());
}

#[test]
fn every_mode_left_on_is_told() {
    let switches = r"\033[?1049h\033[?25l\033[?1002h\033[?1006h\033[?2004h\033[?1h\033[?1004h\033]2;mine\007";
    let mut pty = shell(&format!("printf '{switches}'; stty raw -echo; echo done"));
    assert!(pty.exit_status(PATIENCE).success());
    assert!(pty.is_raw());
    let now = pty.modes_on_exit();
    let modes = &now.modes;
    assert!(modes.alternate_screen && modes.cursor_hidden && modes.mouse && modes.bracketed_paste, "{modes:?}");
    assert!(modes.application_cursor && modes.focus_reports && !now.termios_as_found, "{now:?}");
    assert_eq!(modes.title, "mine");
    assert!(panic_of(|| pty.assert_as_found()).contains("alternate_screen: true"));
}

#[test]
fn modes_that_were_undone_are_as_found() {
    let on = r"\033[22;0t\033]2;mine\007\033[?1049h\033[?25l\033[?1003h\033[?2004h\033[?1004h";
    let off = r"\033[?1004l\033[?2004l\033[?1003l\033[?25h\033[?1049l\033[23;0t";
    let script = format!("old=$(stty -g); printf '{on}'; stty raw; echo on; head -c1; stty $old; printf '{off}'");
    let mut pty = shell(&script);
    pty.wait_for_seen(|seen| seen.extras().title == "mine", "the title", PATIENCE);
    pty.wait_for_text("on");
    assert!(!pty.modes_on_exit().is_as_found());
    pty.send("x");
    assert!(pty.exit_status(PATIENCE).success());
    pty.assert_as_found();
}

#[test]
fn a_terminal_answers_what_terminals_are_asked() {
    let ask = |question: &str, answer_bytes: usize| {
        format!(
            "stty -icanon -echo; printf '{question}'; head -c{answer_bytes} | od -An -c | tr -d ' \\n'; echo; echo end"
        )
    };
    let pty = shell(&ask(r"\033[6n", 6));
    pty.wait_for_text(r"033[1;1R");
    let pty = shell_setup(&ask(r"\033]11;?\033\\", 25)).background(Some([255, 0, 16])).start();
    pty.wait_for_text(r"033]11;rgb:ffff/0000/1010033\");

    let pty =
        shell_setup(r"printf '\033]11;?\033\\\033[5n'; stty -icanon; head -c4 | od -An -c").background(None).start();
    pty.wait_for_text(r"033   [   0   n");
    let pty = shell(r"printf '\007\033]52;c;aGFsbG8=\007\033]9;4;1;50\007'");
    pty.wait_for_seen(|seen| seen.extras().bells == 1, "a bell", PATIENCE);
    pty.wait_for_seen(|seen| seen.extras().copied == ["aGFsbG8="], "the clipboard", PATIENCE);
    pty.wait_for_seen(|seen| seen.extras().other_osc == ["9;4;1;50"], "progress", PATIENCE);
    assert!(pty.look(|seen| seen.raw().ends_with(b"50\x07")));
}

#[test]
fn an_update_that_is_under_way_is_not_looked_at() {
    let pty = shell(r"printf '\033[?2026hhalf'; read _; printf '\033[H\033[Jwhole\033[?2026l'; exec sleep 1000");
    processes::wait_until(|| pty.text().contains("half"), "half an update", PATIENCE);
    panic_of(|| pty.wait_for(|screen| shows(screen, "half"), "only whole updates", SHORT));
    pty.send("\n");
    pty.wait_for_text("whole");
    pty.wait_until_gone("half");
}

#[test]
fn a_stalled_terminal_blocks_its_writer_until_it_goes_on() {
    let pty = shell("echo ready; read _; seq 100000; echo finished");
    pty.wait_for_text("ready");
    let before = pty.look(|seen| seen.bytes);
    pty.stall();
    pty.send("\n");
    let writer_waits =
        || processes::children_of(pty.pid()).iter().any(|child| child.name == "seq" && child.state == 'S');
    processes::wait_until(writer_waits, "seq is blocked", PATIENCE);
    assert_eq!(pty.look(|seen| seen.bytes), before);
    pty.go_on();
    pty.wait_for_text("finished");
}

#[test]
fn a_list_as_standard_input_leaves_the_terminal_for_keys() {
    let (list, mut writer) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut writer, b"from the list\n").unwrap();
    drop(writer);
    let list = std::fs::File::from(std::os::fd::OwnedFd::from(list));
    let script = "cat; read key < /dev/tty; echo got $key; echo error >&2; stty size <&2";
    let mut pty = shell_setup(script).input(list).size(70, 20).start();
    pty.wait_for_text("from the list");
    pty.send("a key\n");
    pty.wait_for_text("got a key");
    assert!(pty.exit_status(PATIENCE).success());
    assert!(pty.text().contains("error\n20 70"), "{}", pty.text());
}

#[test]
fn keys_arrive_as_terminals_send_them() {
    let pty = shell("stty -icanon -echo -icrnl; echo ready; exec cat -v");
    pty.wait_for_text("ready");
    let named = [
        (keys::ENTER, "^M"),
        (keys::ESCAPE, "^["),
        (keys::SHIFT_TAB, "^[[Z"),
        (keys::UP, "^[[A"),
        (keys::DOWN, "^[[B"),
        (keys::RIGHT, "^[[C"),
        (keys::LEFT, "^[[D"),
        (keys::HOME, "^[[H"),
        (keys::END, "^[[F"),
        (keys::PAGE_UP, "^[[5~"),
        (keys::PAGE_DOWN, "^[[6~"),
        (keys::F1, "^[OP"),
    ];
    for (key, shown) in named {
        pty.send(format!("{key}{}.", keys::TAB));
        pty.wait_for(|screen| shows(screen, shown), shown, PATIENCE);
    }
    pty.send(keys::click(4, 7) + &keys::wheel_up(0, 0) + &keys::wheel_down(1, 1) + &keys::pasted("text"));
    pty.wait_for_text("^[[<0;5;8M^[[<0;5;8m^[[<64;1;1M^[[<65;2;2M^[[200~text^[[201~");
}

#[test]
fn what_is_not_on_the_screen_is_told_with_the_screen() {
    let pty = shell("echo this is shown; exec sleep 1000");
    pty.wait_for_text("this is shown");
    let message = panic_of(|| pty.wait_for(|_| false, "the impossible", SHORT));
    assert!(message.contains("the impossible") && message.contains("|this is shown"), "{message}");
    assert!(message.contains("80x24") && message.contains("is running"), "{message}");

    let pty = shell("echo over");
    let message = panic_of(|| pty.wait_for_text("never"));
    assert!(message.contains("|over") && message.contains("has ended"), "{message}");
}

#[test]
fn survivors_are_found_and_named_whatever_became_of_their_parents() {
    let script = "setsid sleep 1001 & (sh -c 'sleep 1002 & exit' &) ; echo started";
    let run = Run::program("/bin/sh", ["-c", &format!("({script}) >/dev/null 2>&1")]).finish().expect_code(0);
    // By name: the shells on the way to them are two as well, for a moment.
    let sleeps = || processes::tagged(&run.tag).iter().all(|process| process.name == "sleep");
    processes::wait_until(|| processes::tagged(&run.tag).len() == 2 && sleeps(), "two survivors", PATIENCE);
    assert!(processes::tagged(&run.tag).iter().all(|process| processes::is_alive(process.pid)));
    let message = panic_of(|| processes::wait_until_none(&run.tag, SHORT));
    assert!(message.contains("sleep 1001") && message.contains("sleep 1002"), "{message}");
    processes::wait_until_none(&run.tag, PATIENCE);
}

#[test]
fn a_zombie_counts_by_its_parent() {
    let running = Run::program("/bin/sh", ["-c", "sleep 0 & exec sleep 1000"]).start();
    let is_zombie = |process: &Process| process.is_zombie() && process.parent == running.pid();
    let zombie = || processes::tagged(running.tag()).into_iter().find(is_zombie);
    let zombie = processes::wait_for_some(zombie, "a zombie", PATIENCE);
    assert!(!processes::is_alive(zombie.pid));
    assert!(zombie.to_string().contains("(sleep) Z"), "{zombie}");
    running.signal(Signal::SIGKILL);
    let tag = running.tag().clone();
    assert_eq!(running.finish().code(), 137);
    processes::wait_until_none(&tag, PATIENCE);
}

#[test]
fn a_run_without_a_terminal_is_told_whole() {
    let script = "cat; echo $NAME $LANG ${CARGO:-clean}; pwd; echo oops >&2; exit 7";
    let run = Run::program("/bin/sh", ["-c", script]).input("in\n").env("NAME", "value").dir("/").finish();
    assert_eq!((run.out().as_str(), run.err().as_str()), ("in\nvalue C.UTF-8 clean\n/\n", "oops\n"));
    assert!(run.took < PATIENCE);
    let message = panic_of(|| drop(run.expect_code(0)));
    assert!(message.contains("oops"), "{message}");
}

#[test]
fn a_run_that_takes_too_long_is_told_and_killed() {
    let run = Run::program("/bin/sh", ["-c", "echo begun; echo odd >&2; sleep 1000"]).start();
    run.wait_for_output(|out| out == "begun\n", "its first line");
    run.wait_for_errors(|err| err == "odd\n", "its first complaint");
    let tag = run.tag().clone();
    let run = run.timeout(SHORT);
    let message = panic_of(|| drop(run.finish()));
    assert!(message.contains("begun") && message.contains("sleep 1000"), "{message}");
    processes::wait_until_none(&tag, PATIENCE);
}

#[test]
fn the_program_under_test_is_there() {
    assert!(Run::pooltop(["--version"]).finish().took < PATIENCE);
    let mut pty = Setup::pooltop(["--version"]).env("TERM", "dumb").start();
    assert!(!pty.exit_status(PATIENCE).core_dumped());
    assert!(pty.look(Seen::picture).contains("has ended"));
    processes::wait_until_none(pty.tag(), PATIENCE);
}
