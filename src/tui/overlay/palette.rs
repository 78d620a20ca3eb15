//! Every action by name. PURE.
//! It does not know how an action is run.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list::{self, Line, Look};
use crate::tui::keymap::{BINDINGS, Binding, Run};
use crate::tui::theme::Theme;

/// How well a name fits what was typed; the lower, the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It begins with it.
    Start,
    /// A word of it begins with it.
    Word,
    /// It contains it.
    Inside,
    /// It has its letters in that order.
    Letters,
}

/// Fewer letters than this stand in nearly every name in some order.
const LETTERS_MIN: usize = 3;

/// The actions whose names fit the text, the best first.
pub(in crate::tui) fn entries(typed: &str, run: Run) -> Vec<&'static Binding> {
    let typed = typed.trim().to_lowercase();
    let mut found: Vec<(Fit, &Binding)> = BINDINGS
        .iter()
        .filter(|binding| binding.is_offered() && binding.is_for(run))
        .filter_map(|binding| Some((fit(&binding.name.to_lowercase(), &typed)?, binding)))
        .collect();
    found.sort_by_key(|(fit, _)| *fit);
    found.into_iter().map(|(_, binding)| binding).collect()
}

/// How many lines a page is.
pub(in crate::tui) fn page(area: Rect) -> usize {
    list::page(area)
}

/// Draws the list.
pub(super) fn render(area: Rect, buf: &mut Buffer, typed: &str, chosen: usize, run: Run, theme: &Theme) {
    let lines: Vec<Line<'_>> = entries(typed, run)
        .into_iter()
        .map(|binding| Line::Choice { left: binding.keys_shown_in(run), right: binding.name })
        .collect();
    let look = Look {
        title: "Actions",
        prompt: ": ",
        columns_max: 56,
        about: entries(typed, run).get(chosen).map_or("", |binding| binding.does),
        left: 10,
        lines_all: entries("", run).len(),
        nothing: "no action has that name",
    };
    list::render(area, buf, &look, typed, chosen, &lines, theme);
}

fn fit(name: &str, typed: &str) -> Option<Fit> {
    if name.starts_with(typed) {
        Some(Fit::Start)
    } else if name.split(' ').any(|word| word.starts_with(typed)) {
        Some(Fit::Word)
    } else if name.contains(typed) {
        Some(Fit::Inside)
    } else if typed.len() < LETTERS_MIN {
        None
    } else {
        let mut letters = name.chars();
        typed.chars().all(|wanted| letters.any(|letter| letter == wanted)).then_some(Fit::Letters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::keymap::Action;

    #[test]
    fn the_best_fit_comes_first() {
        let first = |typed| entries(typed, Run::Live).first().map(|binding| binding.action);
        assert_eq!(first("drain"), Some(Action::Drain));
        assert_eq!(first("kill"), Some(Action::Kill));
        assert_eq!(first("GROW"), Some(Action::Grow));
        assert_eq!(first("rvrs"), Some(Action::SortReverse));
        assert_eq!(first("no such thing"), None);
        assert!(entries("", Run::Live).iter().all(|binding| binding.is_offered()));
    }
}
