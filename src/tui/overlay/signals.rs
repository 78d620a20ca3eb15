//! The menu of signals. PURE.
//! It does not know how a signal is sent.

use nix::sys::signal::Signal;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{put, row, window};
use crate::model::State;
use crate::task::TaskId;
use crate::text::sanitized;
use crate::tui::theme::{Role, Theme};

/// What is offered, the most harmless way to end first.
pub(in crate::tui) const SIGNALS: [Signal; 9] = [
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGSTOP,
    Signal::SIGCONT,
    Signal::SIGKILL,
];

/// The box: name, number, meaning.
const COLUMNS: u16 = 44;

/// Draws the menu.
pub(super) fn render(area: Rect, buf: &mut Buffer, task: TaskId, chosen: usize, state: &State, theme: &Theme) {
    let name = state.task(task).map(|record| record.spec.title().into_owned()).unwrap_or_default();
    let title = format!("Signal to task {task} {}", sanitized(&name));
    let rows = u16::try_from(SIGNALS.len()).unwrap_or(u16::MAX);
    let inside = window(area, buf, COLUMNS, rows, &title, theme);
    let shown = usize::from(inside.height);
    let top = chosen.saturating_sub(shown.saturating_sub(1));
    for (at, signal) in SIGNALS.iter().enumerate().skip(top).take(shown) {
        let place = row(inside, at - top);
        let rest = put(buf, place, &format!("{:<8}", signal.as_str()), theme.style(Role::Key));
        let rest = put(buf, rest, &format!("{:>3}  ", *signal as i32), theme.style(Role::Dim));
        put(buf, rest, meaning(*signal), theme.style(Role::Overlay));
        if at == chosen {
            buf.set_style(place, theme.style(Role::Selected));
        }
    }
}

fn meaning(signal: Signal) -> &'static str {
    match signal {
        Signal::SIGTERM => "please end",
        Signal::SIGINT => "as by Ctrl-C",
        Signal::SIGHUP => "terminal gone, or reload",
        Signal::SIGQUIT => "end with a core dump",
        Signal::SIGUSR1 | Signal::SIGUSR2 => "what the program makes of it",
        Signal::SIGSTOP => "stop; CONT goes on",
        Signal::SIGCONT => "go on",
        Signal::SIGKILL => "end at once, no clean-up",
        _ => "",
    }
}
