//! What a terminal sends for keys that are not letters, and for the mouse.
//! It does not know what any key does.

pub const ENTER: &str = "\r";
pub const ESCAPE: &str = "\x1b";
pub const TAB: &str = "\t";
pub const SHIFT_TAB: &str = "\x1b[Z";
pub const UP: &str = "\x1b[A";
pub const DOWN: &str = "\x1b[B";
pub const RIGHT: &str = "\x1b[C";
pub const LEFT: &str = "\x1b[D";
pub const HOME: &str = "\x1b[H";
pub const END: &str = "\x1b[F";
pub const PAGE_UP: &str = "\x1b[5~";
pub const PAGE_DOWN: &str = "\x1b[6~";
pub const F1: &str = "\x1bOP";

/// A letter held with Ctrl.
pub fn ctrl(letter: char) -> String {
    char::from(u8::try_from(letter).expect("an ASCII letter") & 0x1f).to_string()
}

/// A press and release of the left button, at a column and row counted from 0 (mouse protocol 1006).
pub fn click(column: u16, row: u16) -> String {
    let (column, row) = (column + 1, row + 1);
    format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m")
}

/// One notch of the wheel away from the person.
pub fn wheel_up(column: u16, row: u16) -> String {
    format!("\x1b[<64;{};{}M", column + 1, row + 1)
}

/// One notch of the wheel towards the person.
pub fn wheel_down(column: u16, row: u16) -> String {
    format!("\x1b[<65;{};{}M", column + 1, row + 1)
}

/// Text as a terminal pastes it while bracketed paste is on.
pub fn pasted(text: &str) -> String {
    format!("\x1b[200~{text}\x1b[201~")
}
