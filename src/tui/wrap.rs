//! Prose in lines of so many columns, in any script. PURE.
//! It does not know where the lines stand.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::text::{sanitized, width};

/// What must not begin a line, in Chinese and Japanese.
const CLINGS: &str = "，。、；：？！）》」』】”’,.;:?!)]}%…";

/// The text in lines of at most that many columns: broken at spaces and between wide characters, and within a word only
/// where it is longer than a line. Spaces within a line stay. Harmless.
pub(super) fn wrap(text: &str, columns: u16) -> Vec<String> {
    let columns = usize::from(columns).max(1);
    let text = sanitized(text);
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    for piece in pieces(text.trim_end()) {
        let wide = width(piece);
        let blank = piece.trim().is_empty();
        if used + wide <= columns {
            line.push_str(piece);
            used += wide;
        } else if blank {
            // The break stands for it.
            lines.push(std::mem::take(&mut line));
            used = 0;
        } else {
            if used > 0 {
                line.truncate(line.trim_end().len());
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            for grapheme in piece.graphemes(true) {
                let wide = width(grapheme);
                if used + wide > columns && used > 0 {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                line.push_str(grapheme);
                used += wide;
            }
        }
    }
    line.truncate(line.trim_end().len());
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// What stays together: runs of spaces, words, and single wide characters with the punctuation behind them.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut graphemes = rest.grapheme_indices(true);
        let (_, first) = graphemes.next()?;
        let end = graphemes.find(|(_, next)| !stays_with(first, next)).map_or(rest.len(), |(at, _)| at);
        let (piece, left) = rest.split_at(end);
        rest = left;
        Some(piece)
    })
}

/// Whether a character stays in the piece that `first` began.
fn stays_with(first: &str, next: &str) -> bool {
    match (first, next) {
        (" ", next) => next == " ",
        (_, " ") => false,
        (_, next) if CLINGS.contains(next) => true,
        (first, next) => width(first) < 2 && width(next) < 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prose_breaks_where_people_break_it() {
        assert_eq!(wrap("watch the queue fill", 10), ["watch the", "queue fill"]);
        assert_eq!(wrap("生产者往队列里放，消费者取走。", 10), ["生产者往队", "列里放，消", "费者取走。"]);
        assert_eq!(wrap("队列容量是 3，put 会等待", 12), ["队列容量是", "3，put 会等", "待"]);
        assert_eq!(wrap("/a/very/long/path.png", 9), ["/a/very/l", "ong/path.", "png"]);
        assert_eq!(wrap("a   b", 9), ["a   b"]);
        assert_eq!(wrap("", 9), [""; 0]);
        assert_eq!(wrap("  indented", 20), ["  indented"]);
    }

    proptest! {
        #[test]
        fn every_line_fits_and_nothing_but_spaces_is_lost(text in "[ a-c，。从入\u{1b}]{0,60}", columns in 2_u16..20) {
            let lines = wrap(&text, columns);
            for line in &lines {
                prop_assert!(width(line) <= usize::from(columns), "{line:?}");
            }
            let bare = |text: &str| text.replace(' ', "");
            prop_assert_eq!(bare(&lines.concat()), bare(&sanitized(&text)));
        }
    }
}
