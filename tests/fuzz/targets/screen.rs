//! Any lines as the events of a run: whatever state they lead to can be drawn, and no cell holds what a terminal would obey.
//! It does not know terminals.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pooltop::model::State;
use pooltop::tui::theme::{Background, Charset, Depth, Name, Theme};
use pooltop::tui::{Viewer, screen};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

fuzz_target!(|bytes: &[u8]| {
    let mut state = State::new();
    for line in bytes.split(|&byte| byte == b'\n') {
        if let Ok(event) = serde_json::from_slice(line) {
            let _ = state.apply(&event);
        }
    }
    let theme = Theme::new(Depth::True, Background::Dark, Charset::Unicode, Name::Auto);
    for (columns, lines) in [(120, 40), (80, 24), (40, 10)] {
        let area = Rect::new(0, 0, columns, lines);
        let mut buf = Buffer::empty(area);
        screen::render(&mut buf, area, &state, &Viewer::default(), &theme);
        for cell in buf.content() {
            assert!(!cell.symbol().chars().any(is_obeyed), "{:?}", cell.symbol());
        }
    }
});

fn is_obeyed(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
}
