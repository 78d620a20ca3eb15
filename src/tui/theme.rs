//! How things look: styles by meaning, for a colour depth, a background and a character set. PURE.
//! It does not know the panes, nor how the terminal's abilities were found out. Colour only adds: every state is a word or a glyph too.

mod depth;
mod glyphs;
mod palette;

use ratatui::style::{Color, Modifier, Style};

use depth::Rgb;
use palette::Palette;

pub use glyphs::Glyphs;

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// None, or the viewer wants none (`NO_COLOR`).
    Mono,
    /// The sixteen whose exact look the terminal decides.
    #[default]
    Ansi16,
    /// The 6x6x6 cube and the greys of xterm.
    Ansi256,
    /// Any.
    True,
}

/// What is behind the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Background {
    /// Light text on dark.
    #[default]
    Dark,
    /// Dark text on light.
    Light,
}

/// Which characters the terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// All of them.
    #[default]
    Unicode,
    /// The frame is drawn with ASCII; names stay as they are.
    Ascii,
}

/// A built-in theme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Name {
    /// `Dark` or `Light`, as the background is.
    #[default]
    Auto,
    /// Blue and orange on dark.
    Dark,
    /// Blue and orange on light.
    Light,
    /// Strong colours only, on either background.
    HighContrast,
    /// No colour at all.
    Mono,
}

impl Name {
    /// All of them, the default first.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Dark, Self::Light, Self::HighContrast, Self::Mono];

    /// As it is written in options and configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
            Self::Mono => "mono",
        }
    }
}

/// What a piece of text means; decides its look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Ordinary text.
    Text,
    /// What matters most in a line.
    Strong,
    /// What may be overlooked: units, old things.
    Dim,
    /// What should hardly be seen: idle time, the empty part of a bar.
    Faint,
    /// A pane's frame.
    Border,
    /// The frame of the pane that has the focus.
    BorderFocused,
    /// A pane's title.
    Title,
    /// The title of the pane that has the focus.
    TitleFocused,
    /// The headings of columns.
    Heading,
    /// The heading of the column that decides the order.
    HeadingSorted,
    /// The selected row.
    Selected,
    /// Work going on.
    Running,
    /// Work that waits, a worker without work.
    Waiting,
    /// A worker coming up.
    Starting,
    /// A task that cannot go on until another does something.
    Blocked,
    /// Frozen.
    Paused,
    /// Going away in good order.
    Draining,
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// A worker that died, an attempt that died with it.
    Lost,
    /// The full part of a bar.
    Bar,
    /// The queue's depth over time.
    Depth,
    /// Throughput over time.
    Speed,
    /// A change of size on a time axis.
    Marker,
    /// The best of several.
    Best,
    /// A running attempt on the timeline.
    BlockRunning,
    /// A time in which it could not go on.
    BlockBlocked,
    /// A done one.
    BlockDone,
    /// A failed one.
    BlockFailed,
    /// One whose worker died.
    BlockLost,
    /// A key to press.
    Key,
    /// What lies over the panes.
    Overlay,
    /// The frame of what lies over the panes.
    OverlayBorder,
}

/// The looks of everything on the screen.
#[derive(Clone, Debug)]
pub struct Theme {
    palette: Palette,
    depth: Depth,
    charset: Charset,
}

impl Theme {
    /// The theme of that name for such a terminal.
    pub fn new(depth: Depth, background: Background, charset: Charset, name: Name) -> Self {
        let depth = if name == Name::Mono { Depth::Mono } else { depth };
        let palette = match (name, background) {
            (Name::Auto, Background::Dark) | (Name::Dark | Name::Mono, _) => palette::DARK,
            (Name::Auto, Background::Light) | (Name::Light, _) => palette::LIGHT,
            (Name::HighContrast, Background::Dark) => palette::STRONG_ON_DARK,
            (Name::HighContrast, Background::Light) => palette::STRONG_ON_LIGHT,
        };
        Self { palette, depth, charset }
    }

    /// The look of what has that meaning.
    pub fn style(&self, role: Role) -> Style {
        let reversed = Style::new().remove_modifier(Modifier::all()).add_modifier(Modifier::REVERSED);
        match (self.depth, role) {
            (Depth::Mono, Role::Selected) => return reversed,
            (Depth::Mono, _) => return Style::new().add_modifier(mono(role)),
            // Sixteen colours hold no shade that is only a little off the background.
            (Depth::Ansi16, Role::Selected) => return reversed.fg(Color::Reset).bg(Color::Reset),
            _ => {}
        }
        let (fg, bg) = self.colours(role);
        let mut style = Style::new().add_modifier(weight(role));
        style.fg = fg.map(|rgb| depth::colour(rgb, self.depth));
        style.bg = bg.map(|rgb| depth::colour(rgb, self.depth));
        style
    }

    /// The characters to draw with.
    pub fn glyphs(&self) -> &'static Glyphs {
        match self.charset {
            Charset::Unicode => &glyphs::UNICODE,
            Charset::Ascii => &glyphs::ASCII,
        }
    }

    /// Whether the kind of a block must be told by what it is filled with, because no colour tells it.
    pub fn fills_blocks(&self) -> bool {
        self.depth == Depth::Mono
    }

    fn colours(&self, role: Role) -> (Option<Rgb>, Option<Rgb>) {
        let p = &self.palette;
        match role {
            Role::Text | Role::Strong | Role::Title => (p.text, None),
            Role::Dim | Role::Heading | Role::Waiting => (Some(p.dim), None),
            Role::Faint | Role::Border => (Some(p.faint), None),
            Role::BorderFocused
            | Role::TitleFocused
            | Role::HeadingSorted
            | Role::Key
            | Role::OverlayBorder
            | Role::Best => (Some(p.accent), None),
            Role::Selected => (None, Some(p.selected)),
            Role::Running => (Some(p.running), None),
            Role::Starting => (Some(p.starting), None),
            Role::Blocked => (Some(p.blocked), None),
            Role::Paused | Role::Draining | Role::Marker => (Some(p.caution), None),
            Role::Done | Role::Depth => (Some(p.done), None),
            Role::Failed => (Some(p.failed), None),
            Role::Lost => (Some(p.lost), None),
            Role::Bar | Role::Speed => (Some(p.bar), None),
            Role::BlockRunning => (Some(p.on_running), Some(p.running)),
            Role::BlockBlocked => (Some(p.on_blocked), Some(p.blocked_block)),
            Role::BlockDone => (Some(p.on_done), Some(p.done_block)),
            Role::BlockFailed => (Some(p.on_failed), Some(p.failed)),
            Role::BlockLost => (Some(p.on_failed), Some(p.lost)),
            Role::Overlay => (p.text, p.overlay),
        }
    }
}

/// What boldness adds where there are colours.
fn weight(role: Role) -> Modifier {
    match role {
        Role::Strong
        | Role::Title
        | Role::TitleFocused
        | Role::BorderFocused
        | Role::HeadingSorted
        | Role::Best
        | Role::Key
        | Role::Failed
        | Role::Lost => Modifier::BOLD,
        _ => Modifier::empty(),
    }
}

/// What stands in for colour where there is none.
fn mono(role: Role) -> Modifier {
    match role {
        Role::BlockDone => Modifier::REVERSED,
        Role::Dim | Role::Faint | Role::Border | Role::Heading | Role::Waiting => Modifier::DIM,
        Role::HeadingSorted => Modifier::BOLD.union(Modifier::UNDERLINED),
        Role::BlockRunning | Role::BlockFailed | Role::BlockLost => Modifier::BOLD,
        _ => weight(role),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD_APART: [Role; 5] = [Role::Running, Role::Done, Role::Failed, Role::Lost, Role::Paused];

    /// Told apart from work going on, at least.
    const BLOCKED: [Role; 2] = [Role::Running, Role::Blocked];

    #[test]
    fn what_ends_differently_looks_different_at_every_depth() {
        for depth in [Depth::Ansi16, Depth::Ansi256, Depth::True] {
            for background in [Background::Dark, Background::Light] {
                for name in [Name::Auto, Name::HighContrast] {
                    let theme = Theme::new(depth, background, Charset::Unicode, name);
                    let seen: Vec<Option<Color>> = TOLD_APART.map(|role| theme.style(role).fg).to_vec();
                    let [running, blocked] = BLOCKED.map(|role| theme.style(role).fg);
                    assert_ne!(running, blocked, "{depth:?} {background:?}");
                    for (at, colour) in seen.iter().enumerate() {
                        assert!(colour.is_some() && !seen[..at].contains(colour), "{depth:?} {background:?} {seen:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn mono_sets_no_colour_and_still_marks_the_selection() {
        for theme in [
            Theme::new(Depth::Mono, Background::Dark, Charset::Unicode, Name::Dark),
            Theme::new(Depth::True, Background::Light, Charset::Ascii, Name::Mono),
        ] {
            for role in TOLD_APART.into_iter().chain([Role::Selected, Role::BlockDone, Role::Overlay]) {
                let style = theme.style(role);
                assert_eq!((style.fg, style.bg), (None, None));
            }
            assert!(theme.style(Role::Selected).add_modifier.contains(Modifier::REVERSED));
        }
    }

    #[test]
    fn names_are_told_apart_by_their_words() {
        for name in Name::ALL {
            assert_eq!(Name::ALL.into_iter().find(|other| other.word() == name.word()), Some(name));
        }
    }
}
