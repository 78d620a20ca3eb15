//! From the colour meant to one the terminal has. PURE.
//! It does not know what colours mean.

use ratatui::style::Color;

use super::Depth;

/// A colour as it is meant: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rgb(pub u8, pub u8, pub u8);

/// The levels of xterm's colour cube.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The nearest colour at that depth.
pub(super) fn colour(rgb: Rgb, depth: Depth) -> Color {
    match depth {
        Depth::Mono => Color::Reset,
        Depth::Ansi16 => ansi16(rgb),
        Depth::Ansi256 => Color::Indexed(ansi256(rgb)),
        Depth::True => Color::Rgb(rgb.0, rgb.1, rgb.2),
    }
}

/// The nearest of cube and greys; the first sixteen are left out, because the terminal's owner may have changed them.
fn ansi256(rgb: Rgb) -> u8 {
    let nearest = |value: u8| (0_u8..6).min_by_key(|&step| CUBE[usize::from(step)].abs_diff(value)).unwrap_or(0);
    let (r, g, b) = (nearest(rgb.0), nearest(rgb.1), nearest(rgb.2));
    let in_cube = Rgb(CUBE[usize::from(r)], CUBE[usize::from(g)], CUBE[usize::from(b)]);
    let average = (u16::from(rgb.0) + u16::from(rgb.1) + u16::from(rgb.2)) / 3;
    let step = u8::try_from(average.saturating_sub(3) / 10).unwrap_or(23).min(23);
    let level = 8 + 10 * step;
    if distance(Rgb(level, level, level), rgb) < distance(in_cube, rgb) { 232 + step } else { 16 + 36 * r + 6 * g + b }
}

fn distance(a: Rgb, b: Rgb) -> u32 {
    let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
    square(a.0, b.0) + square(a.1, b.1) + square(a.2, b.2)
}

/// By hue, because the exact sixteen are unknown: what matters is that blue stays blue and orange does not turn yellow.
fn ansi16(rgb: Rgb) -> Color {
    let (high, low) = (rgb.0.max(rgb.1).max(rgb.2), rgb.0.min(rgb.1).min(rgb.2));
    let spread = u16::from(high - low);
    // Nearly black and nearly white are meant as black and white, whatever their tinge.
    if spread * 5 < u16::from(high) || high < 64 || low > 208 {
        return match high {
            0..=63 => Color::Black,
            64..=159 => Color::DarkGray,
            160..=223 => Color::Gray,
            224..=255 => Color::White,
        };
    }
    let bright = high > 200;
    let pick = |plain, light| if bright { light } else { plain };
    match hue(rgb, high, spread) {
        36..75 => pick(Color::Yellow, Color::LightYellow),
        75..165 => pick(Color::Green, Color::LightGreen),
        165..209 => pick(Color::Cyan, Color::LightCyan),
        209..270 => pick(Color::Blue, Color::LightBlue),
        270..340 => pick(Color::Magenta, Color::LightMagenta),
        _ => pick(Color::Red, Color::LightRed),
    }
}

/// In degrees, from 0 (red) over 120 (green) and 240 (blue).
fn hue(rgb: Rgb, high: u8, spread: u16) -> i32 {
    let (r, g, b) = (i32::from(rgb.0), i32::from(rgb.1), i32::from(rgb.2));
    let spread = i32::from(spread).max(1);
    let degrees = if high == rgb.0 {
        60 * (g - b) / spread
    } else if high == rgb.1 {
        120 + 60 * (b - r) / spread
    } else {
        240 + 60 * (r - g) / spread
    };
    degrees.rem_euclid(360)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_colours_of_the_cube_and_the_greys_are_found() {
        assert_eq!(ansi256(Rgb(0, 0, 0)), 16);
        assert_eq!(ansi256(Rgb(255, 255, 255)), 231);
        assert_eq!(ansi256(Rgb(95, 175, 255)), 75);
        assert_eq!(ansi256(Rgb(0x6c, 0x6c, 0x6c)), 242);
        assert_eq!(ansi256(Rgb(8, 8, 8)), 232);
    }

    #[test]
    fn the_sixteen_keep_the_hue() {
        assert_eq!(ansi16(Rgb(0xff, 0x9f, 0x43)), Color::LightRed);
        assert_eq!(ansi16(Rgb(0xe6, 0xc8, 0x4f)), Color::LightYellow);
        assert_eq!(ansi16(Rgb(0x20, 0x50, 0xb0)), Color::Blue);
        assert_eq!(ansi16(Rgb(0x80, 0x86, 0x90)), Color::DarkGray);
    }
}
