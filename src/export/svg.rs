//! A screen as an SVG picture. Every character is placed by its cell, so no font can shift the columns.
//! It does not know what the cells show; whatever they hold, the picture is well-formed.

mod glyphs;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io::{self, BufRead, Write};

use ratatui::buffer::{Buffer, Cell, CellWidth};
use ratatui::style::{Color, Modifier};

use super::{Broken, Follow, Screen, command_line, draw, follow_until};
use crate::event::Elapsed;
use crate::journal::{Header, Reader};
use glyphs::{HEIGHT, WIDTH};

const FONTS: &str = "'JetBrains Mono','DejaVu Sans Mono','Noto Sans Mono CJK SC','Noto Sans CJK SC',monospace";
const FONT_SIZE: u8 = 15;
/// Where a letter stands in its cell.
const BASELINE: f32 = 14.5;
const MARGIN: f32 = 10.0;

/// The terminal's own sixteen colours, and the two it has when none is asked for.
const PALETTE: [u32; 16] = [
    0x22_272e, 0xf4_7067, 0x6b_c46d, 0xda_aa3f, 0x53_9bf5, 0xb0_83f0, 0x39_c5cf, 0xad_bac7, //
    0x76_8390, 0xff_938a, 0x8d_db8c, 0xee_c660, 0x6c_b6ff, 0xdc_bdfb, 0x56_d4dd, 0xf0_f6fc,
];
const BACKGROUND: Rgb = Rgb::of(0x16_1b22);
const FOREGROUND: Rgb = Rgb::of(0xcd_d9e5);

/// The screen as it was at that moment.
pub(super) fn write<R: BufRead>(
    header: &Header,
    reader: &mut Reader<R>,
    screen: Screen,
    at: Elapsed,
    out: &mut dyn Write,
) -> io::Result<Option<Broken>> {
    let (state, broken) = follow_until(reader, at, &mut Nobody)?;
    let mut buf = screen.blank();
    draw(&mut buf, &state, &screen.theme());
    out.write_all(picture(&buf, &command_line(header)).as_bytes())?;
    Ok(broken)
}

struct Nobody;

impl Follow for Nobody {}

/// The parts of a picture, in the order they are painted.
#[derive(Default)]
struct Layers {
    backgrounds: BTreeMap<Rgb, String>,
    filled: BTreeMap<Rgb, String>,
    stroked: BTreeMap<Rgb, String>,
    text: String,
}

/// What the cells show, as an SVG document of that title.
pub fn picture(buf: &Buffer, title: &str) -> String {
    let mut layers = Layers::default();
    for row in 0..buf.area.height {
        layers.draw_backgrounds(buf, row);
        layers.draw_row(buf, row);
    }
    let width = f32::from(buf.area.width) * WIDTH + 2.0 * MARGIN;
    let height = f32::from(buf.area.height) * HEIGHT + 2.0 * MARGIN;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"{FONTS}\" font-size=\"{FONT_SIZE}\" text-anchor=\"middle\">\n<title>{}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n<g transform=\"translate({MARGIN} {MARGIN})\">\n",
        escaped(title)
    );
    out.push_str("<g shape-rendering=\"crispEdges\">\n");
    for (colour, path) in layers.backgrounds.iter().chain(&layers.filled) {
        writeln!(out, "<path fill=\"{colour}\" d=\"{path}\"/>").expect("a string takes all");
    }
    out.push_str("</g>\n");
    for (colour, path) in &layers.stroked {
        writeln!(out, "<path fill=\"none\" stroke=\"{colour}\" d=\"{path}\"/>").expect("a string takes all");
    }
    out + &layers.text + "</g>\n</svg>\n"
}

/// The cells of a row with their columns; the second half of a wide character is none of its own.
fn cells(buf: &Buffer, row: u16) -> impl Iterator<Item = (u16, u16, &Cell)> {
    let (area, mut covered) = (buf.area, 0);
    (0..area.width).filter_map(move |column| {
        if covered > 0 {
            covered -= 1;
            return None;
        }
        let cell = buf.cell((area.x + column, area.y + row))?;
        let wide = cell.cell_width().clamp(1, area.width - column);
        covered = wide - 1;
        Some((column, wide, cell))
    })
}

impl Layers {
    /// Neighbours of one colour become one rectangle.
    fn draw_backgrounds(&mut self, buf: &Buffer, row: u16) {
        let mut runs: Vec<(Rgb, u16, u16)> = Vec::new();
        for (column, wide, cell) in cells(buf, row) {
            let colour = Look::of(cell).background;
            match runs.last_mut() {
                Some((last, _, end)) if *last == colour => *end += wide,
                _ => runs.push((colour, column, column + wide)),
            }
        }
        for (colour, start, end) in runs.into_iter().filter(|(colour, ..)| *colour != BACKGROUND) {
            let (x, y) = (f32::from(start) * WIDTH, f32::from(row) * HEIGHT);
            let width = f32::from(end - start) * WIDTH;
            let path = self.backgrounds.entry(colour).or_default();
            write!(path, "M{x} {y}h{width}v{HEIGHT}h-{width}z").expect("a string takes all");
        }
    }

    fn draw_row(&mut self, buf: &Buffer, row: u16) {
        let y = f32::from(row) * HEIGHT;
        let mut open: Option<Look> = None;
        let mut text = String::new();
        for (column, wide, cell) in cells(buf, row) {
            let x = f32::from(column) * WIDTH;
            let width = f32::from(wide) * WIDTH;
            let look = Look::of(cell);
            if cell.modifier.contains(Modifier::UNDERLINED) {
                let path = self.filled.entry(look.foreground).or_default();
                write!(path, "M{x} {}h{width}v1h-{width}z", y + HEIGHT - 3.0).expect("a string takes all");
            }
            let contents = cell.symbol().trim();
            let Some(char) = contents.chars().next() else { continue };
            if let Some(glyph) = glyphs::glyph(char, x, y) {
                let fill = look.foreground.mixed_into(look.background, glyph.strength);
                self.filled.entry(fill).or_default().push_str(&glyph.filled);
                if !glyph.stroked.is_empty() {
                    self.stroked.entry(look.foreground).or_default().push_str(&glyph.stroked);
                }
                continue;
            }
            if open != Some(look) {
                text.push_str(if open.is_some() { "</g>" } else { "" });
                write!(text, "<g{look}>").expect("a string takes all");
                open = Some(look);
            }
            write!(text, "<text x=\"{}\">{}</text>", x + width / 2.0, escaped(contents)).expect("a string takes all");
        }
        if open.is_some() {
            writeln!(self.text, "<g transform=\"translate(0 {})\">{text}</g></g>", y + BASELINE)
                .expect("a string takes all");
        }
    }
}

/// How a cell's character looks.
#[derive(Clone, Copy, PartialEq)]
struct Look {
    foreground: Rgb,
    background: Rgb,
    bold: bool,
    italic: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let mut foreground = Rgb::of_cell(cell.fg, FOREGROUND);
        let mut background = Rgb::of_cell(cell.bg, BACKGROUND);
        let has = |modifier| cell.modifier.contains(modifier);
        if has(Modifier::REVERSED) {
            std::mem::swap(&mut foreground, &mut background);
        }
        if has(Modifier::DIM) {
            foreground = foreground.mixed_into(background, 0.6);
        }
        Self { foreground, background, bold: has(Modifier::BOLD), italic: has(Modifier::ITALIC) }
    }
}

/// As attributes of an SVG element.
impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " fill=\"{}\"", self.foreground)?;
        f.write_str(if self.bold { " font-weight=\"bold\"" } else { "" })?;
        f.write_str(if self.italic { " font-style=\"italic\"" } else { "" })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rgb([u8; 3]);

impl Rgb {
    const fn of(hex: u32) -> Self {
        let [_, red, green, blue] = hex.to_be_bytes();
        Self([red, green, blue])
    }

    fn of_cell(colour: Color, default: Self) -> Self {
        match colour {
            Color::Reset => default,
            Color::Rgb(red, green, blue) => Self([red, green, blue]),
            Color::Indexed(index) => Self::of_index(index),
            Color::Black => Self::of_index(0),
            Color::Red => Self::of_index(1),
            Color::Green => Self::of_index(2),
            Color::Yellow => Self::of_index(3),
            Color::Blue => Self::of_index(4),
            Color::Magenta => Self::of_index(5),
            Color::Cyan => Self::of_index(6),
            Color::Gray => Self::of_index(7),
            Color::DarkGray => Self::of_index(8),
            Color::LightRed => Self::of_index(9),
            Color::LightGreen => Self::of_index(10),
            Color::LightYellow => Self::of_index(11),
            Color::LightBlue => Self::of_index(12),
            Color::LightMagenta => Self::of_index(13),
            Color::LightCyan => Self::of_index(14),
            Color::White => Self::of_index(15),
        }
    }

    fn of_index(index: u8) -> Self {
        match index {
            0..=15 => Self::of(PALETTE[usize::from(index)]),
            // A cube of six steps a side.
            16..=231 => {
                let step = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
                let index = index - 16;
                Self([step(index / 36), step(index / 6 % 6), step(index % 6)])
            }
            232.. => Self([8 + 10 * (index - 232); 3]),
        }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a mix of two bytes is a byte")]
    fn mixed_into(self, other: Self, share: f32) -> Self {
        let mix = |at: usize| (f32::from(self.0[at]) * share + f32::from(other.0[at]) * (1.0 - share)).round() as u8;
        Self([mix(0), mix(1), mix(2)])
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// A text between tags. What XML has no place for, escaped or not, becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            char if char.is_control() || matches!(char, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            char => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn whatever_a_cell_holds_the_picture_is_well_formed() {
        let mut buf = Buffer::empty(Rect::new(3, 4, 12, 2));
        buf.set_string(3, 4, "a<b>&\"春─", Style::new().add_modifier(Modifier::UNDERLINED));
        buf[(3, 5)].set_symbol("\x1b[31m");
        buf[(4, 5)].set_symbol("\u{ffff}");
        buf[(14, 5)].set_symbol("宽");
        let picture = picture(&buf, "</title><script>\u{7}");
        for text in
            ["&lt;/title&gt;&lt;script&gt;\u{fffd}", ">&lt;</text>", ">&amp;</text>", ">春</text>", "\u{fffd}[31m"]
        {
            assert!(picture.contains(text), "{text} in {picture}");
        }
        assert!(!picture.chars().any(|char| char.is_control() && char != '\n') && !picture.contains('\u{ffff}'));
        assert_eq!(picture.matches("<g").count(), picture.matches("</g>").count());
    }
}
