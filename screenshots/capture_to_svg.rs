//! Turns a terminal's capture (`tmux capture-pane -e -p`, on standard input) into an SVG picture on standard output.
//! It does not know which program was captured, nor how a picture is drawn.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::ExitCode;

use pooltop::export;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use vt100::{Cell, Screen};

const USAGE: &str = "usage: capture_to_svg COLUMNS ROWS TITLE < CAPTURE > PICTURE";

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
    let picture = export::picture(&cells_of(parser.screen()), title);
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

/// What the terminal shows, cell by cell.
fn cells_of(screen: &Screen) -> Buffer {
    let (rows, columns) = screen.size();
    let mut buf = Buffer::empty(Rect::new(0, 0, columns.get(), rows.get()));
    for (row, column) in (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |column| (row, column))) {
        if let (Some(from), Some(to)) = (screen.cell(row, column), buf.cell_mut((column, row))) {
            if from.has_contents() {
                to.set_symbol(from.contents());
            }
            to.set_style(style_of(from));
        }
    }
    buf
}

fn style_of(cell: &Cell) -> Style {
    let colour = |colour| match colour {
        vt100::Color::Default => Color::Reset,
        vt100::Color::Idx(index) => Color::Indexed(index),
        vt100::Color::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
    };
    let modifiers = [
        (cell.bold(), Modifier::BOLD),
        (cell.dim(), Modifier::DIM),
        (cell.italic(), Modifier::ITALIC),
        (cell.underline(), Modifier::UNDERLINED),
        (cell.inverse(), Modifier::REVERSED),
    ];
    let set = modifiers.into_iter().filter(|(set, _)| *set);
    let style = Style::new().fg(colour(cell.fgcolor())).bg(colour(cell.bgcolor()));
    set.fold(style, |style, (_, modifier)| style.add_modifier(modifier))
}
