//! Turns a terminal's capture (`tmux capture-pane -e -p`, on standard input) into an SVG picture on standard output.
//! It does not know which program was captured. Every character is placed by its cell, so no font can shift the columns.

mod glyphs;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::ExitCode;

use glyphs::{HEIGHT, WIDTH};
use vt100::{Cell, Color, Screen};

const USAGE: &str = "usage: capture_to_svg COLUMNS ROWS TITLE < CAPTURE > PICTURE";
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

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [columns, rows, title] = arguments.as_slice() else { return fail(USAGE) };
    let (Ok(columns), Ok(rows)) = (columns.parse::<NonZeroU16>(), rows.parse::<NonZeroU16>()) else {
        return fail(USAGE);
    };
    let mut capture = String::new();
    if let Err(error) = std::io::stdin().read_to_string(&mut capture) {
        return fail(&format!("cannot read the capture: {error}"));
    }
    // The last line's end would scroll the first line away.
    let lines = capture.trim_end_matches('\n').replace('\n', "\r\n");
    let mut parser = vt100::Parser::new(rows, columns, 0);
    parser.process(lines.as_bytes());
    let picture = picture_of(parser.screen(), title);
    match std::io::stdout().write_all(picture.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("cannot write the picture: {error}")),
    }
}

fn fail(why: &str) -> ExitCode {
    // Without standard error there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{why}");
    ExitCode::FAILURE
}

/// The parts of a picture, in the order they are painted.
#[derive(Default)]
struct Layers {
    backgrounds: BTreeMap<Rgb, String>,
    filled: BTreeMap<Rgb, String>,
    stroked: BTreeMap<Rgb, String>,
    text: String,
}

fn picture_of(screen: &Screen, title: &str) -> String {
    let (rows, columns) = screen.size();
    let mut layers = Layers::default();
    for row in 0..rows.get() {
        layers.draw_backgrounds(screen, row, columns.get());
        layers.draw_row(screen, row, columns.get());
    }
    let width = f32::from(columns.get()) * WIDTH + 2.0 * MARGIN;
    let height = f32::from(rows.get()) * HEIGHT + 2.0 * MARGIN;
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

impl Layers {
    /// Neighbours of one colour become one rectangle.
    fn draw_backgrounds(&mut self, screen: &Screen, row: u16, columns: u16) {
        let cell_at = |column: u16| screen.cell(row, column);
        // The second half of a wide character has no colour of its own.
        let first_half = |column: u16| column - u16::from(cell_at(column).is_some_and(Cell::is_wide_continuation));
        let colour_at = |column| cell_at(first_half(column)).map_or(BACKGROUND, |cell| Look::of(cell).background);
        let mut start = 0;
        while start < columns {
            let colour = colour_at(start);
            let end = (start..columns).find(|column| colour_at(*column) != colour).unwrap_or(columns);
            if colour != BACKGROUND {
                let (x, y) = (f32::from(start) * WIDTH, f32::from(row) * HEIGHT);
                let width = f32::from(end - start) * WIDTH;
                let path = self.backgrounds.entry(colour).or_default();
                write!(path, "M{x} {y}h{width}v{HEIGHT}h-{width}z").expect("a string takes all");
            }
            start = end;
        }
    }

    fn draw_row(&mut self, screen: &Screen, row: u16, columns: u16) {
        let y = f32::from(row) * HEIGHT;
        let mut open: Option<Look> = None;
        let mut text = String::new();
        for (column, cell) in (0..columns).filter_map(|column| Some((column, screen.cell(row, column)?))) {
            let x = f32::from(column) * WIDTH;
            let cells = if cell.is_wide() { 2.0 } else { 1.0 };
            let look = Look::of(cell);
            if cell.underline() {
                let path = self.filled.entry(look.foreground).or_default();
                write!(path, "M{x} {}h{}v1h-{}z", y + HEIGHT - 3.0, cells * WIDTH, cells * WIDTH)
                    .expect("a string takes all");
            }
            let contents = cell.contents().trim();
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
            write!(text, "<text x=\"{}\">{}</text>", x + cells * WIDTH / 2.0, escaped(contents))
                .expect("a string takes all");
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
        let mut foreground = Rgb::of_cell(cell.fgcolor(), FOREGROUND);
        let mut background = Rgb::of_cell(cell.bgcolor(), BACKGROUND);
        if cell.inverse() {
            std::mem::swap(&mut foreground, &mut background);
        }
        if cell.dim() {
            foreground = foreground.mixed_into(background, 0.6);
        }
        Self { foreground, background, bold: cell.bold(), italic: cell.italic() }
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
            Color::Default => default,
            Color::Rgb(red, green, blue) => Self([red, green, blue]),
            Color::Idx(index @ 0..=15) => Self::of(PALETTE[usize::from(index)]),
            // A cube of six steps a side.
            Color::Idx(index @ 16..=231) => {
                let step = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
                let index = index - 16;
                Self([step(index / 36), step(index / 6 % 6), step(index % 6)])
            }
            Color::Idx(index @ 232..) => Self([8 + 10 * (index - 232); 3]),
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

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
