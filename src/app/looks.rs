//! From flags about the screen's looks to what the screen is told.
//! It does not know terminals; what `auto` comes to is found out by the screen.

use crate::cli::{Color, Looks, Theme};
use crate::tui;

/// What the screen is told.
pub(super) fn options(looks: &Looks, on_end: tui::OnEnd) -> tui::Options {
    tui::Options {
        on_end,
        mouse: if looks.no_mouse { tui::MouseUse::Off } else { tui::MouseUse::On },
        color: match looks.color {
            Color::Auto => tui::ColorChoice::Auto,
            Color::Always => tui::ColorChoice::Always,
            Color::Never => tui::ColorChoice::Never,
        },
        charset: charset(looks),
        theme: match looks.theme {
            Theme::Auto => tui::theme::Name::Auto,
            Theme::Dark => tui::theme::Name::Dark,
            Theme::Light => tui::theme::Name::Light,
            Theme::HighContrast => tui::theme::Name::HighContrast,
            Theme::Mono => tui::theme::Name::Mono,
        },
    }
}

/// Which characters to draw with.
pub(super) fn charset(looks: &Looks) -> tui::CharsetChoice {
    if looks.ascii { tui::CharsetChoice::Ascii } else { tui::CharsetChoice::Auto }
}
