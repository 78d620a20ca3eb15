//! The list of demos, a screen of its own: which there are, which is chosen, which pass the filter. PURE but for its loop.
//! It does not know what a demo does, nor how one is run.

mod draw;
mod pick;

use ratatui::layout::{Position, Rect};

use super::input::{Mouse, MouseDid};
use super::keymap::{Action, Key, Mode, Run, lookup};

pub use pick::pick;

/// How many rows a notch of the wheel is.
const WHEEL_ROWS: usize = 3;

/// How long the filter may get.
const TYPED_CHARS_MAX: usize = 60;

/// Something to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What it is called on the command line.
    pub name: String,
    /// What it shows, in one line.
    pub summary: String,
}

/// What came of the choosing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picked {
    /// This one is to be run.
    Run(usize),
    /// The person has had enough.
    Left,
    /// The terminal is gone, or somebody wants the program to end.
    Over,
}

/// What the person chose so far; kept from one choosing to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picker {
    /// The chosen offer, by its place in the whole list.
    chosen: usize,
    /// The first row in view.
    top: usize,
    /// Only offers that contain this are listed; empty: all.
    filter: String,
    line: Line,
}

/// Whether the filter's line is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    #[default]
    Closed,
    Open,
}

/// What follows from a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Picked(Picked),
    Suspend,
    Redraw,
}

impl Picker {
    fn mode(&self) -> Mode {
        match self.line {
            Line::Closed => Mode::Picker,
            Line::Open => Mode::PickerFilter,
        }
    }

    /// The offers that pass the filter, by their places.
    fn listed(&self, offers: &[Offer]) -> Vec<usize> {
        let needle = self.filter.to_lowercase();
        let contains = |text: &str| text.to_lowercase().contains(&needle);
        let passes = |offer: &Offer| contains(&offer.name) || contains(&offer.summary);
        (0..offers.len()).filter(|&at| passes(&offers[at])).collect()
    }

    /// In which of the listed rows the chosen one is.
    fn row(&self, listed: &[usize]) -> usize {
        listed.iter().position(|&at| at == self.chosen).unwrap_or(0)
    }

    /// A key was pressed; `rows`: how many the screen shows.
    fn on_key(&mut self, key: Key, offers: &[Offer], rows: usize) -> Option<Effect> {
        let Some(action) = lookup(self.mode(), Run::Live, key) else {
            if let (Line::Open, Some(char)) = (self.line, key.typed()) {
                self.type_text(char.encode_utf8(&mut [0; 4]), offers, rows);
            }
            return None;
        };
        let listed = self.listed(offers);
        let (row, last) = (self.row(&listed), listed.len().saturating_sub(1));
        match action {
            Action::Down => self.choose(row + 1, &listed, rows),
            Action::Up => self.choose(row.saturating_sub(1), &listed, rows),
            Action::PageDown => self.choose(row + rows.max(1), &listed, rows),
            Action::PageUp => self.choose(row.saturating_sub(rows.max(1)), &listed, rows),
            Action::First => self.choose(0, &listed, rows),
            Action::Last => self.choose(last, &listed, rows),
            Action::Filter => self.line = Line::Open,
            Action::Accept => {
                self.line = Line::Closed;
                return listed.get(row).map(|&at| Effect::Picked(Picked::Run(at)));
            }
            Action::Cancel => {
                self.line = Line::Closed;
                self.filter.clear();
                self.choose(self.chosen, &self.listed(offers), rows);
            }
            Action::Erase => {
                self.filter.pop();
                self.choose_again(offers, rows);
            }
            Action::EraseAll => {
                self.filter.clear();
                self.choose_again(offers, rows);
            }
            Action::Quit | Action::QuitNow => return Some(Effect::Picked(Picked::Left)),
            Action::Suspend => return Some(Effect::Suspend),
            Action::Redraw => return Some(Effect::Redraw),
            _ => {}
        }
        None
    }

    /// Text for the filter's line, if that is open.
    fn type_text(&mut self, text: &str, offers: &[Offer], rows: usize) {
        if self.line == Line::Closed {
            return;
        }
        for char in text.chars().filter(|char| !char.is_control()) {
            if self.filter.chars().count() < TYPED_CHARS_MAX {
                self.filter.push(char);
            }
        }
        self.choose_again(offers, rows);
    }

    /// The mouse did something: a click chooses, one more on the chosen row runs it.
    fn on_mouse(&mut self, mouse: Mouse, offers: &[Offer], area: Rect) -> Option<Effect> {
        let listed = self.listed(offers);
        let rows = draw::rows(area);
        let row = self.row(&listed);
        match mouse.did {
            MouseDid::WheelDown => self.choose(row + WHEEL_ROWS, &listed, rows),
            MouseDid::WheelUp => self.choose(row.saturating_sub(WHEEL_ROWS), &listed, rows),
            MouseDid::Click => {
                let under = draw::row_at(area, Position { x: mouse.column, y: mouse.row });
                let under = under.map(|under| self.top + under).filter(|&under| under < listed.len())?;
                if listed[under] == self.chosen {
                    return Some(Effect::Picked(Picked::Run(self.chosen)));
                }
                self.choose(under, &listed, rows);
            }
        }
        None
    }

    /// Another filter, another list: what was chosen stays so if it is still listed.
    fn choose_again(&mut self, offers: &[Offer], rows: usize) {
        let listed = self.listed(offers);
        self.choose(self.row(&listed), &listed, rows);
    }

    /// Chooses the listed row and brings it into view.
    fn choose(&mut self, row: usize, listed: &[usize], rows: usize) {
        let row = row.min(listed.len().saturating_sub(1));
        if let Some(&at) = listed.get(row) {
            self.chosen = at;
        }
        self.settle(listed, rows);
    }

    /// The list moves as little as needed to show the chosen row.
    fn settle(&mut self, listed: &[usize], rows: usize) {
        let (row, rows) = (self.row(listed), rows.max(1));
        self.top = self.top.min(listed.len().saturating_sub(rows)).clamp(row.saturating_sub(rows - 1), row);
    }
}

#[cfg(test)]
mod tests;
