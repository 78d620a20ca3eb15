//! Cuts what a command prints into lines, for a function that passes them on.
//! It does not know who hears them.

/// A longer line is cut; what is printed is said, not kept.
const LINE_BYTES_MAX: usize = 4 << 10;

/// One stream.
pub(super) struct Lines<'a> {
    hear: &'a dyn Fn(&str),
    begun: Vec<u8>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(hear: &'a dyn Fn(&str)) -> Self {
        Self { hear, begun: Vec::new() }
    }

    /// More was printed.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            let (text, ends) = match piece.split_last() {
                Some((b'\n', text)) => (text, true),
                _ => (piece, false),
            };
            let room = LINE_BYTES_MAX.saturating_sub(self.begun.len()).min(text.len());
            self.begun.extend_from_slice(&text[..room]);
            if ends {
                self.say();
            }
        }
    }

    /// Nothing more comes. What stands behind the last line break is a line, too.
    pub(super) fn finish(mut self) {
        if !self.begun.is_empty() {
            self.say();
        }
    }

    fn say(&mut self) {
        let line = self.begun.strip_suffix(b"\r").unwrap_or(&self.begun);
        (self.hear)(&String::from_utf8_lossy(line));
        self.begun.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn lines_come_whole_however_they_were_written() {
        let heard = Mutex::new(Vec::new());
        let hear = |line: &str| heard.lock().unwrap().push(line.to_owned());
        let mut lines = Lines::new(&hear);
        for piece in [&b"one\ntw"[..], b"o\r\n\nthr", b"ee"] {
            lines.take(piece);
        }
        lines.finish();
        assert_eq!(*heard.lock().unwrap(), ["one", "two", "", "three"]);
    }

    #[test]
    fn an_endless_line_is_cut() {
        let heard = Mutex::new(Vec::new());
        let hear = |line: &str| heard.lock().unwrap().push(line.len());
        let mut lines = Lines::new(&hear);
        for _ in 0..10 {
            lines.take(&[b'x'; 1000]);
        }
        lines.take(b"\nnext\n");
        assert_eq!(*heard.lock().unwrap(), [LINE_BYTES_MAX, 4]);
    }
}
