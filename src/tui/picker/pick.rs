//! The loop of the list of demos: draw, take a key, until something is chosen or there is nobody to choose.
//! It does not know what is done with the choice.

use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use ratatui::layout::Rect;

use super::{Effect, Offer, Picked, Picker, draw};
use crate::text::Safe;
use crate::tui::console::Console;
use crate::tui::input::Input;
use crate::tui::terminal::{self, Drawn, TuiError};

/// How often it is looked whether somebody wants the program to end.
const LOOK_UP_EVERY: Duration = Duration::from_millis(250);

/// How often a stalled terminal is tried.
const RETRY: Duration = Duration::from_millis(50);

/// Lets the person choose. `end_is_wanted` is asked now and then whether the program is to end.
///
/// # Errors
/// When the terminal cannot be taken again after the program was suspended.
pub fn pick(
    console: &mut Console,
    offers: &[Offer],
    picker: &mut Picker,
    end_is_wanted: &mut dyn FnMut() -> bool,
) -> Result<Picked, TuiError> {
    terminal::title(&Safe::new("pooltop: demos"));
    let mut area = Rect::ZERO;
    let mut frame = Frame::Wanted;
    loop {
        let drawn = match frame {
            Frame::Wanted => console.terminal.draw(|buf| {
                area = buf.area;
                picker.settle(&picker.listed(offers), draw::rows(area));
                draw::render(area, buf, offers, picker, &console.theme);
            }),
            Frame::Stalled => terminal::retry(),
            Frame::Drawn => Ok(Drawn::Sent),
        };
        frame = match (drawn, frame) {
            (Ok(Drawn::Sent), Frame::Stalled) => Frame::Wanted,
            (Ok(Drawn::Sent), _) => Frame::Drawn,
            (Ok(Drawn::Stalled), _) => Frame::Stalled,
            (Ok(Drawn::NotOurs) | Err(_), _) => return Ok(Picked::Over),
        };
        if end_is_wanted() {
            return Ok(Picked::Over);
        }
        let patience = if frame == Frame::Stalled { RETRY } else { LOOK_UP_EVERY };
        let effect = match console.keyboard.inputs().recv_timeout(if frame == Frame::Wanted {
            Duration::ZERO
        } else {
            patience
        }) {
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) | Ok(Input::Gone | Input::GivenBack) => return Ok(Picked::Over),
            Ok(Input::Key(key)) => picker.on_key(key, offers, draw::rows(area)),
            Ok(Input::Mouse(mouse)) => picker.on_mouse(mouse, offers, area),
            Ok(Input::Paste(text)) => {
                picker.type_text(text.lines().next().unwrap_or_default(), offers, draw::rows(area));
                None
            }
            Ok(Input::Resized) => None,
            Ok(Input::Continued) => Some(Effect::Redraw),
        };
        if frame == Frame::Drawn {
            frame = Frame::Wanted;
        }
        match effect {
            Some(Effect::Picked(what)) => return Ok(what),
            Some(Effect::Suspend) => console.terminal.suspend()?,
            Some(Effect::Redraw) if console.terminal.reassert().is_err() => return Ok(Picked::Over),
            Some(Effect::Redraw) | None => {}
        }
    }
}

/// How far the picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frame {
    /// Something changed.
    Wanted,
    /// It is on its way, and the terminal does not take it.
    Stalled,
    /// It is there.
    Drawn,
}
