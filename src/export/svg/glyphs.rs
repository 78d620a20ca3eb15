//! Box drawing, block and braille characters as paths that fill their cell, for fonts leave gaps between them. PURE.
//! It does not know colours, nor where the cell is on a screen.

use std::fmt::Write as _;

/// A cell's size in pixels. Both odd, so that a thin line in the middle covers whole pixels.
pub const WIDTH: f32 = 9.0;
pub const HEIGHT: f32 = 19.0;

/// What is drawn for a character, as SVG path data.
#[derive(Debug, Default, PartialEq)]
pub struct Glyph {
    /// To be filled.
    pub filled: String,
    /// To be drawn as a thin line.
    pub stroked: String,
    /// How much of the foreground the fill has; less than 1 for shades.
    pub strength: f32,
}

/// Above, right, below, left of the middle, for U+2500 to U+257F: 0 nothing, 1 light, 2 heavy, 3 double; `x` a diagonal.
const ARMS: [&str; 8] = [
    "0101 0202 1010 2020 0101 0202 1010 2020 0101 0202 1010 2020 0110 0210 0120 0220",
    "0011 0012 0021 0022 1100 1200 2100 2200 1001 1002 2001 2002 1110 1210 2110 1120",
    "2120 2210 1220 2220 1011 1012 2011 1021 2021 2012 1022 2022 0111 0112 0211 0212",
    "0121 0122 0221 0222 1101 1102 1201 1202 2101 2102 2201 2202 1111 1112 1211 1212",
    "2111 1121 2121 2112 2211 1122 1221 2212 1222 2122 2221 2222 0101 0202 1010 2020",
    "0303 3030 0310 0130 0330 0013 0031 0033 1300 3100 3300 1003 3001 3003 1310 3130",
    "3330 1013 3031 3033 0313 0131 0333 1303 3101 3303 1313 3131 3333 0110 0011 1001",
    "1100 x    x    x    0001 1000 0100 0010 0002 2000 0200 0020 0201 1020 0102 2010",
];

/// The quarters filled in U+2596 to U+259F: 1 upper left, 2 upper right, 4 lower left, 8 lower right.
const QUARTERS: [u8; 10] = [4, 8, 1, 13, 9, 7, 11, 2, 6, 14];

/// The glyph of a character at a cell's upper left corner, or `None` if the font has to draw it.
pub fn glyph(char: char, x: f32, y: f32) -> Option<Glyph> {
    let mut pen = Pen { x, y, glyph: Glyph { strength: 1.0, ..Glyph::default() } };
    let code = u32::from(char);
    match code {
        0x2500..=0x257f => pen.draw_box(code - 0x2500),
        0x2580..=0x259f => pen.draw_block(code),
        0x2800..=0x28ff => pen.draw_braille(code - 0x2800),
        _ => return None,
    }
    Some(pen.glyph)
}

struct Pen {
    x: f32,
    y: f32,
    glyph: Glyph,
}

impl Pen {
    /// Fills a rectangle given in the cell's own pixels.
    fn fill(&mut self, left: f32, top: f32, width: f32, height: f32) {
        let (left, top) = (self.x + left, self.y + top);
        write!(self.glyph.filled, "M{left} {top}h{width}v{height}h-{width}z").expect("a string takes all");
    }

    /// Fills a part of the cell given in shares of it.
    fn fill_share(&mut self, left: f32, top: f32, width: f32, height: f32) {
        self.fill(left * WIDTH, top * HEIGHT, width * WIDTH, height * HEIGHT);
    }

    fn stroke(&mut self, from: (f32, f32), to: (f32, f32)) {
        let (x, y) = (self.x, self.y);
        write!(self.glyph.stroked, "M{} {}L{} {}", x + from.0, y + from.1, x + to.0, y + to.1)
            .expect("a string takes all");
    }

    fn draw_box(&mut self, offset: u32) {
        let arms = ARMS.iter().flat_map(|line| line.split_whitespace()).nth(offset as usize).unwrap_or("0000");
        let arms: Vec<u8> = arms.bytes().map(|byte| byte - b'0').collect();
        match (offset, arms.as_slice()) {
            (0x6d..=0x70, _) => self.draw_arc(offset),
            (0x71..=0x73, _) => self.draw_diagonals(offset),
            (0x04..=0x0b | 0x4c..=0x4f, [up, right, ..]) => {
                let dashes = [3, 4, 2][[0x08, 0x0c, 0x50].iter().position(|end| offset < *end).unwrap_or(0)];
                self.draw_dashes(dashes, *up, *right);
            }
            (_, [up, right, down, left]) => self.draw_arms(*up, *right, *down, *left),
            _ => {}
        }
    }

    fn draw_arms(&mut self, up: u8, right: u8, down: u8, left: u8) {
        let (middle_x, middle_y) = (WIDTH / 2.0, HEIGHT / 2.0);
        // A line reaches as far past the middle as the line it meets is thick.
        let past_x = thickness(up.max(down)) / 2.0;
        let past_y = thickness(left.max(right)) / 2.0;
        for (side, rail) in rails(up) {
            let end = middle_y + double_end(side, left, right).unwrap_or(past_y);
            self.fill(middle_x + side - rail / 2.0, 0.0, rail, end);
        }
        for (side, rail) in rails(down) {
            let start = middle_y - double_end(side, left, right).unwrap_or(past_y);
            self.fill(middle_x + side - rail / 2.0, start, rail, HEIGHT - start);
        }
        for (side, rail) in rails(left) {
            let end = middle_x + double_end(side, up, down).unwrap_or(past_x);
            self.fill(0.0, middle_y + side - rail / 2.0, end, rail);
        }
        for (side, rail) in rails(right) {
            let start = middle_x - double_end(side, up, down).unwrap_or(past_x);
            self.fill(start, middle_y + side - rail / 2.0, WIDTH - start, rail);
        }
    }

    /// A rounded corner.
    fn draw_arc(&mut self, offset: u32) {
        let (across, along) = match offset {
            0x6d => (1.0, 1.0),
            0x6e => (-1.0, 1.0),
            0x6f => (-1.0, -1.0),
            _ => (1.0, -1.0),
        };
        let (middle_x, middle_y, radius) = (self.x + WIDTH / 2.0, self.y + HEIGHT / 2.0, WIDTH / 2.0);
        let (edge_x, edge_y) = (middle_x + across * WIDTH / 2.0, middle_y + along * HEIGHT / 2.0);
        let turn = u8::from(across * along > 0.0);
        let bend = middle_y + along * radius;
        write!(self.glyph.stroked, "M{middle_x} {edge_y}V{bend}A{radius} {radius} 0 0 {turn} {edge_x} {middle_y}")
            .expect("a string takes all");
    }

    fn draw_diagonals(&mut self, offset: u32) {
        if offset != 0x72 {
            self.stroke((WIDTH, 0.0), (0.0, HEIGHT));
        }
        if offset != 0x71 {
            self.stroke((0.0, 0.0), (WIDTH, HEIGHT));
        }
    }

    fn draw_dashes(&mut self, dashes: u8, up: u8, right: u8) {
        let count = f32::from(dashes);
        for dash in 0..dashes {
            let start = (f32::from(dash) + 0.2) / count;
            let (wide, high) = (thickness(right), thickness(up));
            if right > 0 {
                self.fill(start * WIDTH, (HEIGHT - wide) / 2.0, 0.6 * WIDTH / count, wide);
            } else {
                self.fill((WIDTH - high) / 2.0, start * HEIGHT, high, 0.6 * HEIGHT / count);
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "eighths")]
    fn draw_block(&mut self, code: u32) {
        match code {
            0x2580 => self.fill_share(0.0, 0.0, 1.0, 0.5),
            0x2581..=0x2588 => {
                let share = (code - 0x2580) as f32 / 8.0;
                self.fill_share(0.0, 1.0 - share, 1.0, share);
            }
            0x2589..=0x258f => self.fill_share(0.0, 0.0, (0x2590 - code) as f32 / 8.0, 1.0),
            0x2590 => self.fill_share(0.5, 0.0, 0.5, 1.0),
            0x2591..=0x2593 => {
                self.glyph.strength = (code - 0x2590) as f32 / 4.0;
                self.fill_share(0.0, 0.0, 1.0, 1.0);
            }
            0x2594 => self.fill_share(0.0, 0.0, 1.0, 0.125),
            0x2595 => self.fill_share(0.875, 0.0, 0.125, 1.0),
            _ => self.draw_quarters(QUARTERS[(code - 0x2596) as usize]),
        }
    }

    fn draw_quarters(&mut self, quarters: u8) {
        for (bit, left, top) in [(1, 0.0, 0.0), (2, 0.5, 0.0), (4, 0.0, 0.5), (8, 0.5, 0.5)] {
            if quarters & bit != 0 {
                self.fill_share(left, top, 0.5, 0.5);
            }
        }
    }

    fn draw_braille(&mut self, dots: u32) {
        // The first six dots go down two columns of three; the last two were added below.
        const PLACES: [(f32, f32); 8] =
            [(0.0, 0.0), (0.0, 1.0), (0.0, 2.0), (1.0, 0.0), (1.0, 1.0), (1.0, 2.0), (0.0, 3.0), (1.0, 3.0)];
        const DOT: f32 = 2.4;
        for (bit, (column, row)) in PLACES.into_iter().enumerate() {
            if dots & (1 << bit) != 0 {
                self.fill((column + 0.5) * WIDTH / 2.0 - DOT / 2.0, (row + 0.5) * HEIGHT / 4.0 - DOT / 2.0, DOT, DOT);
            }
        }
    }
}

/// How far from the middle each of a double line's two is.
const APART: f32 = 2.0;

/// The lines an arm is made of: how far off the middle, and how thick.
fn rails(weight: u8) -> Vec<(f32, f32)> {
    match weight {
        0 => vec![],
        3 => vec![(-APART, 1.0), (APART, 1.0)],
        _ => vec![(0.0, thickness(weight))],
    }
}

fn thickness(weight: u8) -> f32 {
    [0.0, 1.0, 3.0, 1.0][usize::from(weight)]
}

/// How far past the middle a line goes on when it meets double lines: short of the nearer one if there is one on its side,
/// else up to the outer one. `None` if it meets none.
fn double_end(side: f32, before: u8, after: u8) -> Option<f32> {
    let (near, far) = if side < 0.0 { (before, after) } else { (after, before) };
    if near != 3 && far != 3 {
        return None;
    }
    let meets_near = near == 3 && side != 0.0;
    Some(if meets_near { 0.5 - APART } else { APART + 0.5 })
}
