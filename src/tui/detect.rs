//! What the terminal can show, from options, environment and the terminal's own answer. PURE but for one reading of the environment.
//! It does not know what the colours are used for.

use super::theme::{Background, Charset, Depth};

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// As the environment and the terminal have it.
    #[default]
    Auto,
    /// In any case.
    Always,
    /// Not at all.
    Never,
}

/// Which characters to draw with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CharsetChoice {
    /// As the locale and the terminal have it.
    #[default]
    Auto,
    /// ASCII only; names stay as they are.
    Ascii,
}

/// The variables that matter.
#[derive(Clone, Debug, Default)]
pub(super) struct Environment {
    no_color: Option<String>,
    clicolor: Option<String>,
    clicolor_force: Option<String>,
    colorterm: String,
    term: String,
    colorfgbg: Option<String>,
}

impl Environment {
    /// This process's.
    pub fn read() -> Self {
        let get = |name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        Self {
            no_color: get("NO_COLOR"),
            clicolor: get("CLICOLOR"),
            clicolor_force: get("CLICOLOR_FORCE"),
            colorterm: get("COLORTERM").unwrap_or_default(),
            term: get("TERM").unwrap_or_default(),
            colorfgbg: get("COLORFGBG"),
        }
    }

    /// How many colours there are to use. An option beats `NO_COLOR`, which beats `CLICOLOR_FORCE`, which beats the terminal.
    pub fn depth(&self, choice: ColorChoice) -> Depth {
        let forced = self.clicolor_force.as_deref().is_some_and(|value| !value.is_empty() && value != "0");
        let wanted = match choice {
            ColorChoice::Never => false,
            ColorChoice::Always => true,
            ColorChoice::Auto if self.no_color.as_deref().is_some_and(|value| !value.is_empty()) => false,
            ColorChoice::Auto if forced => true,
            ColorChoice::Auto => self.clicolor.as_deref() != Some("0") && !matches!(self.term.as_str(), "" | "dumb"),
        };
        if wanted { self.depth_of_terminal() } else { Depth::Mono }
    }

    /// Whether the terminal may be asked for its background's colour; some print the question.
    pub fn may_ask(&self) -> bool {
        !matches!(self.term.as_str(), "" | "dumb" | "linux") && !self.term.starts_with("eterm")
    }

    /// What is behind the text: as the terminal answered, else as `COLORFGBG` says, else dark.
    pub fn background(&self, answer: Option<[u16; 3]>) -> Background {
        if let Some([red, green, blue]) = answer {
            // The weights of Rec. 709, in thousandths.
            let light = 213 * u64::from(red) + 715 * u64::from(green) + 72 * u64::from(blue);
            return if light > 500 * 0xffff { Background::Light } else { Background::Dark };
        }
        let last = self.colorfgbg.as_deref().and_then(|value| value.rsplit(';').next());
        match last.and_then(|number| number.parse::<u8>().ok()) {
            Some(7 | 9..=15) => Background::Light,
            _ => Background::Dark,
        }
    }

    fn depth_of_terminal(&self) -> Depth {
        if matches!(self.colorterm.as_str(), "truecolor" | "24bit") || self.term.ends_with("-direct") {
            Depth::True
        } else if self.term.contains("256color") {
            Depth::Ansi256
        } else {
            Depth::Ansi16
        }
    }
}

/// Which characters the terminal shows.
pub(super) fn charset(choice: CharsetChoice) -> Charset {
    let ascii = choice == CharsetChoice::Ascii || !supports_unicode::supports_unicode();
    if ascii { Charset::Ascii } else { Charset::Unicode }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        let get = |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Environment {
            no_color: get("NO_COLOR"),
            clicolor: get("CLICOLOR"),
            clicolor_force: get("CLICOLOR_FORCE"),
            colorterm: get("COLORTERM").unwrap_or_default(),
            term: get("TERM").unwrap_or_default(),
            colorfgbg: get("COLORFGBG"),
        }
    }

    #[test]
    fn options_beat_no_color_beats_force_beats_the_terminal() {
        let xterm = ("TERM", "xterm-256color");
        for (pairs, choice, depth) in [
            (&[xterm][..], ColorChoice::Auto, Depth::Ansi256),
            (&[xterm, ("COLORTERM", "truecolor")], ColorChoice::Auto, Depth::True),
            (&[("TERM", "linux")], ColorChoice::Auto, Depth::Ansi16),
            (&[("TERM", "dumb")], ColorChoice::Auto, Depth::Mono),
            (&[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], ColorChoice::Auto, Depth::Ansi16),
            (&[xterm, ("CLICOLOR", "0")], ColorChoice::Auto, Depth::Mono),
            (&[xterm, ("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], ColorChoice::Auto, Depth::Mono),
            (&[xterm, ("NO_COLOR", "")], ColorChoice::Auto, Depth::Ansi256),
            (&[xterm, ("NO_COLOR", "1")], ColorChoice::Always, Depth::Ansi256),
            (&[xterm, ("CLICOLOR_FORCE", "1")], ColorChoice::Never, Depth::Mono),
        ] {
            assert_eq!(environment(pairs).depth(choice), depth, "{pairs:?}");
        }
    }

    #[test]
    fn the_terminals_answer_beats_the_variable() {
        let light = environment(&[("COLORFGBG", "0;15")]);
        assert_eq!(light.background(None), Background::Light);
        assert_eq!(light.background(Some([0, 0, 0])), Background::Dark);
        assert_eq!(environment(&[("COLORFGBG", "15;default;0")]).background(None), Background::Dark);
        assert_eq!(environment(&[]).background(Some([0xfdfd, 0xf6f6, 0xe3e3])), Background::Light);
        assert_eq!(environment(&[]).background(None), Background::Dark);
    }
}
