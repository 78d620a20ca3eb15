//! Every key and what it does, by group. PURE.
//! It does not know how a line is run.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list::{self, Line, Look};
use crate::tui::keymap::{BINDINGS, Binding, Group, Run};
use crate::tui::theme::Theme;

/// From this width on there is room for whole sentences; below, names are listed and the chosen one's sentence is under them.
const SENTENCES_FROM: u16 = 112;

/// The bindings whose keys, name or sentence contain the text.
pub(in crate::tui) fn entries(filter: &str, run: Run) -> Vec<&'static Binding> {
    let needle = filter.trim().to_lowercase();
    let contains = |text: &str| text.to_lowercase().contains(&needle);
    BINDINGS
        .iter()
        .filter(|binding| binding.is_for(run))
        .filter(|binding| {
            needle.is_empty()
                || contains(binding.does)
                || contains(binding.name)
                || binding.keys.iter().any(|key| key.shown().eq_ignore_ascii_case(&needle))
        })
        .collect()
}

/// How many lines a page is.
pub(in crate::tui) fn page(area: Rect) -> usize {
    list::page(area)
}

/// Draws the list.
pub(super) fn render(area: Rect, buf: &mut Buffer, chosen: usize, filter: &str, run: Run, theme: &Theme) {
    let lines_all = self::entries("", run).len() + Group::ALL.len();
    let entries = entries(filter, run);
    let about = entries.get(chosen).map_or("", |binding| binding.does);
    let short = area.width < SENTENCES_FROM;
    let mut lines = Vec::with_capacity(entries.len() + Group::ALL.len());
    let mut group = None;
    for binding in entries {
        if group != Some(binding.group) {
            group = Some(binding.group);
            lines.push(Line::Heading(binding.group.heading()));
        }
        let keys = binding.keys_shown_in(run);
        lines.push(Line::Choice { left: keys, right: if short { binding.name } else { binding.does } });
    }
    let look = Look {
        title: "Keys",
        prompt: "find: ",
        columns_max: 104,
        about: if short { about } else { "" },
        left: 14,
        lines_all,
        nothing: "no key does that",
    };
    list::render(area, buf, &look, filter, chosen, &lines, theme);
}
