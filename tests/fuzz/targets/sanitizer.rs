//! Any text on its way to a terminal.
//! It does not know who wrote it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pooltop::text::{fitted, middle_cut, sanitized, width};

fuzz_target!(|text: &str| {
    let safe = sanitized(text);
    for char in safe.chars() {
        assert!(!char.is_control(), "{safe:?}");
        assert!(
            !matches!(char, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        );
        assert!(!matches!(char, '\u{e0000}'..='\u{e007f}'), "{safe:?}");
    }
    assert_eq!(sanitized(&safe), safe);
    for columns in [0, 1, 2, 7, 40] {
        assert!(width(&middle_cut(&safe, columns, "…")) <= columns);
        assert_eq!(width(&fitted(&safe, columns, "…")), columns);
    }
});
