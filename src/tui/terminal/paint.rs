//! From the cells that changed to as few bytes as it takes. PURE.
//! It does not know what the cells show. Nothing a terminal would obey gets through: this is the last gate.

use std::io::Write;

use ratatui::buffer::{Buffer, Cell, CellWidth};
use ratatui::style::{Color, Modifier};

/// Unchanged cells up to this many are written once more where that is shorter than going over them.
const GAP_MAX: u16 = 3;

/// A column nobody is sure of.
const SOMEWHERE: u16 = u16::MAX;

/// The modifiers and what switches each on.
const MODIFIERS: [(Modifier, u8); 9] = [
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::SLOW_BLINK, 5),
    (Modifier::RAPID_BLINK, 6),
    (Modifier::REVERSED, 7),
    (Modifier::HIDDEN, 8),
    (Modifier::CROSSED_OUT, 9),
];

/// Appends what turns the one picture into the other. Before and after it the terminal's attributes are the plain ones.
pub fn changes(shown: &Buffer, next: &Buffer, out: &mut Vec<u8>) {
    let mut pen = Pen { out, at: None, look: Look::PLAIN };
    let mut changed = shown.diff_iter(next).peekable();
    while let Some((mut x, y, mut cell)) = changed.next() {
        loop {
            pen.move_to(x, y, next);
            pen.take_look(Look::of(cell));
            pen.put(cell);
            let behind = x + cell.cell_width().max(1);
            let halved = shown.cell((behind - 1, y)).is_some_and(|cell| cell.cell_width() > 1);
            let comes = matches!(changed.peek(), Some(&(next_x, next_y, _)) if (next_x, next_y) == (behind, y));
            // Of a wide character whose first half was covered, terminals leave a second half that looks as they please.
            match next.cell((behind, y)) {
                Some(left_over) if halved && !comes => (x, cell) = (behind, left_over),
                _ => break,
            }
        }
    }
    pen.take_look(Look::PLAIN);
}

/// How a cell looks.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Look {
    const PLAIN: Self = Self { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

    fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }
}

/// What is written so far, and what the terminal makes of the next character.
struct Pen<'a> {
    out: &'a mut Vec<u8>,
    /// Where the next character will stand, as far as that is known.
    at: Option<(u16, u16)>,
    look: Look,
}

impl Pen<'_> {
    fn move_to(&mut self, x: u16, y: u16, next: &Buffer) {
        match self.at {
            Some(at) if at == (x, y) => {}
            Some((from, line)) if line == y && from < x && self.can_write_over(from, x, y, next) => {
                for between in from..x {
                    self.out.extend_from_slice(next[(between, y)].symbol().as_bytes());
                }
            }
            Some((_, line)) if line == y => self.write(format_args!("\x1b[{}G", x + 1)),
            _ => self.write(format_args!("\x1b[{};{}H", y + 1, x + 1)),
        }
        self.at = Some((x, y));
    }

    /// Whether the cells between are plain characters that look as the pen does.
    fn can_write_over(&self, from: u16, to: u16, y: u16, next: &Buffer) -> bool {
        to - from <= GAP_MAX
            && (from..to).all(|x| {
                let cell = &next[(x, y)];
                Look::of(cell) == self.look && matches!(cell.symbol().as_bytes(), [0x20..=0x7e])
            })
    }

    fn take_look(&mut self, look: Look) {
        if look == self.look {
            return;
        }
        let mut codes: Vec<u8> = Vec::new();
        if look == Look::PLAIN || !look.modifier.contains(self.look.modifier) {
            // Switching off one by one is not told apart by all terminals: 22 ends bold and dim.
            self.look = Look::PLAIN;
            codes.push(b'0');
        }
        for (modifier, code) in MODIFIERS {
            if look.modifier.contains(modifier) && !self.look.modifier.contains(modifier) {
                add(&mut codes, format_args!("{code}"));
            }
        }
        if look.fg != self.look.fg {
            colour(&mut codes, look.fg, Plane::Text);
        }
        if look.bg != self.look.bg {
            colour(&mut codes, look.bg, Plane::Background);
        }
        self.out.extend_from_slice(b"\x1b[");
        // Nothing at all means reset, too.
        self.out.extend_from_slice(if codes == b"0" { b"" } else { &codes });
        self.out.push(b'm');
        self.look = look;
    }

    fn put(&mut self, cell: &Cell) {
        let symbol = cell.symbol();
        let harmless = !symbol.is_empty() && !symbol.chars().any(char::is_control);
        self.out.extend_from_slice(if harmless { symbol.as_bytes() } else { b" " });
        let columns = if harmless { cell.cell_width() } else { 1 };
        // How wide a character of several code points is, terminals do not agree on; but it stays in its line.
        let agreed = !harmless || symbol.chars().nth(1).is_none();
        self.at = self.at.map(|(x, y)| (if agreed { x + columns } else { SOMEWHERE }, y));
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a Vec cannot fail.
        let _ = self.out.write_fmt(text);
    }
}

/// Which of the two colours.
#[derive(Clone, Copy)]
enum Plane {
    Text,
    Background,
}

fn colour(codes: &mut Vec<u8>, colour: Color, plane: Plane) {
    let offset = match plane {
        Plane::Text => 0,
        Plane::Background => 10,
    };
    let named = match colour {
        Color::Reset => 39,
        Color::Black => 30,
        Color::Red => 31,
        Color::Green => 32,
        Color::Yellow => 33,
        Color::Blue => 34,
        Color::Magenta => 35,
        Color::Cyan => 36,
        Color::Gray => 37,
        Color::DarkGray => 90,
        Color::LightRed => 91,
        Color::LightGreen => 92,
        Color::LightYellow => 93,
        Color::LightBlue => 94,
        Color::LightMagenta => 95,
        Color::LightCyan => 96,
        Color::White => 97,
        Color::Indexed(index) => return add(codes, format_args!("{};5;{index}", 38 + offset)),
        Color::Rgb(r, g, b) => return add(codes, format_args!("{};2;{r};{g};{b}", 38 + offset)),
    };
    add(codes, format_args!("{}", named + offset));
}

fn add(codes: &mut Vec<u8>, code: std::fmt::Arguments<'_>) {
    if !codes.is_empty() {
        codes.push(b';');
    }
    // Writing to a Vec cannot fail.
    let _ = codes.write_fmt(code);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;
    use std::num::NonZero;

    const AREA: Rect = Rect { x: 0, y: 0, width: 20, height: 6 };

    fn picture(pieces: &[(u16, u16, &'static str, Style)]) -> Buffer {
        let mut buffer = Buffer::empty(AREA);
        for &(x, y, text, style) in pieces {
            buffer.set_stringn(x % AREA.width, y % AREA.height, text, 20, style);
        }
        buffer
    }

    fn bytes(shown: &Buffer, next: &Buffer) -> Vec<u8> {
        let mut out = Vec::new();
        changes(shown, next, &mut out);
        out
    }

    fn seen(parser: &vt100::Parser, buffer: &Buffer) -> Result<(), TestCaseError> {
        let colour = |colour: Color| match colour {
            Color::Indexed(index) => vt100::Color::Idx(index),
            Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
            Color::Blue => vt100::Color::Idx(4),
            Color::LightRed => vt100::Color::Idx(9),
            _ => vt100::Color::Default,
        };
        let mut covered = 0;
        for y in 0..AREA.height {
            for x in 0..AREA.width {
                let (ours, theirs) = (&buffer[(x, y)], parser.screen().cell(y, x).unwrap());
                if covered > 0 {
                    covered -= 1;
                    continue;
                }
                covered = ours.cell_width().saturating_sub(1);
                let shown = if theirs.has_contents() { theirs.contents() } else { " " };
                prop_assert_eq!(shown, ours.symbol(), "at {},{}", x, y);
                prop_assert_eq!(theirs.fgcolor(), colour(ours.fg));
                prop_assert_eq!(theirs.bgcolor(), colour(ours.bg));
                prop_assert_eq!(theirs.bold(), ours.modifier.contains(Modifier::BOLD));
                prop_assert_eq!(theirs.inverse(), ours.modifier.contains(Modifier::REVERSED));
                prop_assert_eq!(theirs.underline(), ours.modifier.contains(Modifier::UNDERLINED));
            }
        }
        Ok(())
    }

    fn pieces() -> impl Strategy<Value = Vec<(u16, u16, &'static str, Style)>> {
        let text = prop_oneof![
            Just("a"),
            Just("busy 12%"),
            Just("从入门"),
            Just("x从"),
            Just("│▌░"),
            Just("  "),
            Just("e\u{301}!")
        ];
        let colours = [Color::Reset, Color::Blue, Color::LightRed, Color::Indexed(200), Color::Rgb(1, 2, 3)];
        let style = (0..5_usize, 0..5_usize, 0..8_u16).prop_map(move |(fg, bg, bits)| {
            let mut style = Style::new().fg(colours[fg]).bg(colours[bg]);
            for (bit, modifier) in [(1, Modifier::BOLD), (2, Modifier::REVERSED), (4, Modifier::UNDERLINED)] {
                if bits & bit != 0 {
                    style = style.add_modifier(modifier);
                }
            }
            style
        });
        proptest::collection::vec((0..AREA.width, 0..AREA.height, text, style), 0..20)
    }

    proptest! {
        #[test]
        fn a_terminal_shows_what_the_buffers_hold(first in pieces(), second in pieces(), third in pieces()) {
            let mut parser = vt100::Parser::new(NonZero::new(AREA.height).unwrap(), NonZero::new(AREA.width).unwrap(), 0);
            let mut shown = Buffer::empty(AREA);
            for pieces in [first, second, third] {
                let next = picture(&pieces);
                parser.process(&bytes(&shown, &next));
                seen(&parser, &next)?;
                shown = next;
            }
        }
    }

    #[test]
    fn what_did_not_change_costs_nothing() {
        let busy = picture(&[(0, 0, "busy", Style::new().fg(Color::Blue))]);
        assert_eq!(bytes(&busy, &busy), b"");
    }

    #[test]
    fn small_gaps_are_written_over_and_large_ones_jumped() {
        let shown = picture(&[(0, 0, "1 of 7 done and 2 left", Style::new())]);
        let next = picture(&[(0, 0, "2 of 8 done and 2 lift", Style::new())]);
        assert_eq!(bytes(&shown, &next).escape_ascii().to_string(), "\\x1b[1;1H2\\x1b[6G8\\x1b[20Gi");
        let next = picture(&[(0, 0, "1 if 8 done and 2 left", Style::new())]);
        assert_eq!(bytes(&shown, &next).escape_ascii().to_string(), "\\x1b[1;3Hif 8");
    }

    #[test]
    fn an_escape_in_a_cell_does_not_get_through() {
        let mut next = Buffer::empty(AREA);
        next[(0, 0)].set_symbol("\x1b]0;owned\x07");
        next[(0, 1)].set_symbol("\u{9b}");
        next[(0, 2)].set_symbol("x");
        assert_eq!(bytes(&Buffer::empty(AREA), &next).escape_ascii().to_string(), "\\x1b[1;1H \\x1b[2;1H \\x1b[3;1Hx");
    }
}
