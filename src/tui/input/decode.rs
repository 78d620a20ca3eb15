//! Bytes from the terminal into keys, clicks and pasted text. PURE.
//! It does not know where the bytes come from, nor what a key does. What it does not understand it drops.

use std::collections::VecDeque;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyModifiers};

use super::super::keymap::Key;

/// How long one escape sequence may be; a longer one is noise.
const SEQUENCE_BYTES_MAX: usize = 4096;

/// How much of a paste is kept.
const PASTE_BYTES_MAX: usize = 4096;

/// The rest of a key's sequence follows at once, even over a slow line.
const ESCAPE_PATIENCE: Duration = Duration::from_millis(40);

/// A paste may come in bursts.
const PASTE_PATIENCE: Duration = Duration::from_secs(1);

const ESC: u8 = 0x1b;
const PASTE_END: &[u8] = b"\x1b[201~";

/// Something the terminal told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A key went down, or repeats.
    Key(Key),
    /// The left button or the wheel.
    Mouse(Mouse),
    /// Text came by a paste, as one piece.
    Paste(String),
    /// The answer to the question for the background's colour: red, green, blue, each as 16 bits.
    Background([u16; 3]),
    /// The answer to the question what kind of terminal it is, which all terminals answer.
    Attributes,
}

/// What the mouse did, in columns and rows from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mouse {
    /// What.
    pub did: MouseDid,
    /// Columns from the left edge.
    pub column: u16,
    /// Rows from the top.
    pub row: u16,
}

/// See [`Mouse`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MouseDid {
    /// The left button went down.
    Click,
    /// The wheel went one notch away from the hand.
    WheelUp,
    /// The wheel went one notch towards the hand.
    WheelDown,
}

/// Puts sequences together that arrive in pieces.
#[derive(Debug, Default)]
pub struct Decoder {
    pending: Vec<u8>,
    paste: Option<Vec<u8>>,
    ready: VecDeque<Decoded>,
}

/// What the start of the pending bytes is.
enum Step {
    /// So many bytes are understood, and mean this or nothing.
    Took(usize, Option<Decoded>),
    /// A paste begins after so many bytes.
    PasteBegins(usize),
    /// More bytes are needed.
    Short,
}

impl Decoder {
    /// Takes bytes as they were read.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        loop {
            if self.paste.is_some() {
                if !self.feed_paste() {
                    return;
                }
                continue;
            }
            match step(&self.pending) {
                Step::Took(0, _) => return,
                Step::Took(count, what) => {
                    self.pending.drain(..count);
                    self.ready.extend(what);
                }
                Step::PasteBegins(count) => {
                    self.pending.drain(..count);
                    self.paste = Some(Vec::new());
                }
                Step::Short if self.pending.len() > SEQUENCE_BYTES_MAX => self.pending.clear(),
                Step::Short => return,
            }
        }
    }

    /// Nothing followed for a moment: an escape that stands alone is the Esc key, other beginnings are dropped.
    pub fn settle(&mut self) {
        if let Some(text) = self.paste.take() {
            self.pending.clear();
            self.pasted(&text);
            return;
        }
        match self.pending.as_slice() {
            [ESC] => self.ready.push_back(plain(KeyCode::Esc)),
            [ESC, byte @ (b'[' | b']' | b'O' | b'P' | b'X' | b'^' | b'_')] => {
                self.ready.push_back(key(KeyCode::Char(char::from(*byte)), KeyModifiers::ALT));
            }
            _ => {}
        }
        self.pending.clear();
    }

    /// How long to wait for the rest of what began; `None` where nothing did.
    pub fn patience(&self) -> Option<Duration> {
        if self.paste.is_some() { Some(PASTE_PATIENCE) } else { (!self.pending.is_empty()).then_some(ESCAPE_PATIENCE) }
    }

    /// Something taken out too early.
    pub fn put_back(&mut self, what: Decoded) {
        self.ready.push_back(what);
    }

    /// Goes on with what another one began.
    pub fn adopt(&mut self, other: Self) {
        self.ready.extend(other.ready);
        self.pending = other.pending;
        self.paste = other.paste;
    }

    /// The next thing that is complete.
    pub fn pop(&mut self) -> Option<Decoded> {
        self.ready.pop_front()
    }

    /// Moves pending bytes into the paste; whether it ended.
    fn feed_paste(&mut self) -> bool {
        let Some(text) = self.paste.as_mut() else { return true };
        let end = self.pending.windows(PASTE_END.len()).position(|window| window == PASTE_END);
        // The end mark may be cut in two, so its length less one stays.
        let keep_from = self.pending.len().saturating_sub(PASTE_END.len() - 1);
        let upto = end.unwrap_or(keep_from);
        let room = PASTE_BYTES_MAX.saturating_sub(text.len());
        text.extend_from_slice(&self.pending[..upto.min(room)]);
        self.pending.drain(..end.map_or(upto, |end| end + PASTE_END.len()));
        if end.is_none() {
            return false;
        }
        let text = std::mem::take(text);
        self.paste = None;
        self.pasted(&text);
        true
    }

    fn pasted(&mut self, text: &[u8]) {
        self.ready.push_back(Decoded::Paste(String::from_utf8_lossy(text).into_owned()));
    }
}

fn step(bytes: &[u8]) -> Step {
    match bytes {
        [] => Step::Took(0, None),
        [ESC] => Step::Short,
        [ESC, b'[', ..] => control_sequence(bytes),
        [ESC, b'O', ..] => match bytes.get(2) {
            None => Step::Short,
            Some(&last) => Step::Took(3, function_key(last).map(plain)),
        },
        [ESC, b']' | b'P' | b'X' | b'^' | b'_', ..] => string_sequence(bytes),
        [ESC, ESC, ..] => Step::Took(1, Some(plain(KeyCode::Esc))),
        [ESC, rest @ ..] => match character(rest) {
            Step::Took(count, what) => Step::Took(count + 1, what.map(with_alt)),
            other => other,
        },
        _ => character(bytes),
    }
}

/// A character, or a control character that is a key.
fn character(bytes: &[u8]) -> Step {
    let code = match bytes[0] {
        b'\r' | b'\n' => plain(KeyCode::Enter),
        b'\t' => plain(KeyCode::Tab),
        0x08 | 0x7f => plain(KeyCode::Backspace),
        0 => key(KeyCode::Char(' '), KeyModifiers::CONTROL),
        byte @ 0x01..=0x1a => key(KeyCode::Char(char::from(byte - 1 + b'a')), KeyModifiers::CONTROL),
        byte @ 0x1c..=0x1f => key(KeyCode::Char(char::from(byte - 0x1c + b'4')), KeyModifiers::CONTROL),
        byte => return utf8(bytes, byte),
    };
    Step::Took(1, Some(code))
}

fn utf8(bytes: &[u8], first: u8) -> Step {
    let length = match first {
        0x00..=0x7f => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Step::Took(1, None),
    };
    let have = &bytes[..length.min(bytes.len())];
    match std::str::from_utf8(have) {
        Ok(text) => Step::Took(length, text.chars().next().map(|char| plain(KeyCode::Char(char)))),
        Err(error) if error.error_len().is_none() && bytes.len() < length => Step::Short,
        Err(_) => Step::Took(1, None),
    }
}

/// OSC and its relatives: up to BEL or ST. The answer to the background question is the one that matters.
fn string_sequence(bytes: &[u8]) -> Step {
    let body = &bytes[2..];
    let bell = body.iter().position(|&byte| byte == 0x07);
    let st = body.windows(2).position(|pair| pair == [ESC, b'\\']);
    let (end, mark) = match (bell, st) {
        (Some(bell), Some(st)) if st < bell => (st, 2),
        (Some(bell), _) => (bell, 1),
        (None, Some(st)) => (st, 2),
        (None, None) => return Step::Short,
    };
    let what = (bytes[1] == b']').then(|| background(&body[..end])).flatten();
    Step::Took(2 + end + mark, what.map(Decoded::Background))
}

/// `11;rgb:RRRR/GGGG/BBBB`, each part of one to four digits.
fn background(body: &[u8]) -> Option<[u16; 3]> {
    let text = std::str::from_utf8(body).ok()?;
    let colour = text.strip_prefix("11;")?;
    let parts = colour.strip_prefix("rgb:").or_else(|| colour.strip_prefix("rgba:"))?;
    let mut levels = parts.split('/').map(|part| {
        let value = u32::from_str_radix(part, 16).ok().filter(|_| (1..=4).contains(&part.len()))?;
        let most = (1_u32 << (4 * part.len())) - 1;
        u16::try_from(value * 0xffff / most).ok()
    });
    Some([levels.next()??, levels.next()??, levels.next()??])
}

/// CSI: parameters, intermediates, one final byte.
fn control_sequence(bytes: &[u8]) -> Step {
    // The Linux console's first five function keys are written with a second bracket.
    if let [_, _, b'[', rest @ ..] = bytes {
        return match rest {
            [] => Step::Short,
            [last @ b'A'..=b'E', ..] => Step::Took(4, Some(plain(KeyCode::F(last - b'A' + 1)))),
            _ => Step::Took(3, None),
        };
    }
    let Some(length) = bytes[2..].iter().position(|byte| !(0x20..=0x3f).contains(byte)) else { return Step::Short };
    let (body, last) = (&bytes[2..2 + length], bytes[2 + length]);
    let took = 3 + length;
    if !(0x40..=0x7e).contains(&last) {
        // Broken off by something else, which is looked at next.
        return Step::Took(2 + length, None);
    }
    if last == b'M' && body.is_empty() {
        // The old mouse protocol, which was not asked for: three more bytes.
        return if bytes.len() < took + 3 { Step::Short } else { Step::Took(took + 3, None) };
    }
    let Ok(body) = std::str::from_utf8(body) else { return Step::Took(took, None) };
    match (body.as_bytes().first(), last) {
        (Some(b'<'), b'M') => Step::Took(took, mouse(&body[1..])),
        (Some(b'?'), b'c') => Step::Took(took, Some(Decoded::Attributes)),
        (Some(b'<' | b'=' | b'>' | b'?'), _) => Step::Took(took, None),
        _ if last == b'~' && body == "200" => Step::PasteBegins(took),
        _ => Step::Took(took, named_key(body, last)),
    }
}

fn named_key(body: &str, last: u8) -> Option<Decoded> {
    let mut fields = body.split(';');
    let first = fields.next().unwrap_or_default();
    let mut second = fields.next().unwrap_or_default().split(':');
    let modifiers = modifiers(second.next().and_then(|text| text.parse().ok()).unwrap_or(1));
    // The third kind is the key's release.
    if second.next() == Some("3") {
        return None;
    }
    let number: u32 = first.split(':').next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let code = match last {
        b'~' => tilde_key(number)?,
        b'u' => unicode_key(number)?,
        b'Z' => KeyCode::BackTab,
        other => function_key(other)?,
    };
    Some(key(code, modifiers))
}

fn tilde_key(number: u32) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(u8::try_from(number - 10).ok()?),
        17..=21 => KeyCode::F(u8::try_from(number - 11).ok()?),
        23 | 24 => KeyCode::F(u8::try_from(number - 12).ok()?),
        _ => return None,
    })
}

/// The keyboard protocols that send every key as its code point.
fn unicode_key(number: u32) -> Option<KeyCode> {
    Some(match number {
        9 => KeyCode::Tab,
        13 => KeyCode::Enter,
        27 => KeyCode::Esc,
        127 => KeyCode::Backspace,
        other => KeyCode::Char(char::from_u32(other).filter(|char| !char.is_control())?),
    })
}

fn function_key(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'M' => KeyCode::Enter,
        b'P'..=b'S' => KeyCode::F(last - b'P' + 1),
        _ => return None,
    })
}

fn modifiers(number: u8) -> KeyModifiers {
    let bits = number.saturating_sub(1);
    [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)]
        .into_iter()
        .filter(|(bit, _)| bits & bit != 0)
        .fold(KeyModifiers::NONE, |all, (_, modifier)| all | modifier)
}

fn mouse(body: &str) -> Option<Decoded> {
    let mut numbers = body.split(';').map(|text| text.parse::<u16>().ok());
    let (button, column, row) = (numbers.next()??, numbers.next()??, numbers.next()??);
    // Shift, Alt and Ctrl are the bits 4, 8 and 16, movement is 32, the wheel is 64.
    let did = match button & !0b1_1100 {
        0 => MouseDid::Click,
        64 => MouseDid::WheelUp,
        65 => MouseDid::WheelDown,
        _ => return None,
    };
    Some(Decoded::Mouse(Mouse { did, column: column.checked_sub(1)?, row: row.checked_sub(1)? }))
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Decoded {
    Decoded::Key(Key::new(code, modifiers))
}

fn plain(code: KeyCode) -> Decoded {
    key(code, KeyModifiers::NONE)
}

fn with_alt(what: Decoded) -> Decoded {
    match what {
        Decoded::Key(inner) => Decoded::Key(Key::new(inner.code, inner.modifiers | KeyModifiers::ALT)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8]) -> Vec<Decoded> {
        let mut decoder = Decoder::default();
        decoder.feed(bytes);
        if decoder.patience().is_some() {
            decoder.settle();
        }
        std::iter::from_fn(|| decoder.pop()).collect()
    }

    fn char(char: char) -> Decoded {
        plain(KeyCode::Char(char))
    }

    #[test]
    fn keys_as_terminals_send_them() {
        let cases: &[(&[u8], Decoded)] = &[
            (b"j", char('j')),
            ("é".as_bytes(), char('é')),
            ("从".as_bytes(), char('从')),
            (b"\r", plain(KeyCode::Enter)),
            (b"\x7f", plain(KeyCode::Backspace)),
            (b"\x03", key(KeyCode::Char('c'), KeyModifiers::CONTROL)),
            (b"\x1b", plain(KeyCode::Esc)),
            (b"\x1b[A", plain(KeyCode::Up)),
            (b"\x1bOB", plain(KeyCode::Down)),
            (b"\x1bOP", plain(KeyCode::F(1))),
            (b"\x1b[[A", plain(KeyCode::F(1))),
            (b"\x1b[11~", plain(KeyCode::F(1))),
            (b"\x1b[17~", plain(KeyCode::F(6))),
            (b"\x1b[5~", plain(KeyCode::PageUp)),
            (b"\x1b[1;2D", key(KeyCode::Left, KeyModifiers::SHIFT)),
            (b"\x1b[Z", key(KeyCode::BackTab, KeyModifiers::NONE)),
            (b"\x1b3", key(KeyCode::Char('3'), KeyModifiers::ALT)),
            (b"\x1b[99;5u", key(KeyCode::Char('c'), KeyModifiers::CONTROL)),
            (b"\x1b[99;5:2u", key(KeyCode::Char('c'), KeyModifiers::CONTROL)),
            (b"\x1b[<0;12;5M", Decoded::Mouse(Mouse { did: MouseDid::Click, column: 11, row: 4 })),
            (b"\x1b[<65;1;1M", Decoded::Mouse(Mouse { did: MouseDid::WheelDown, column: 0, row: 0 })),
            (b"\x1b[200~a\nb\x1b[201~", Decoded::Paste("a\nb".to_owned())),
            (b"\x1b]11;rgb:ffff/8080/0000\x1b\\", Decoded::Background([0xffff, 0x8080, 0])),
            (b"\x1b]11;rgb:f/8/00\x07", Decoded::Background([0xffff, 0x8888, 0])),
            (b"\x1b[?62;4c", Decoded::Attributes),
        ];
        for (bytes, meant) in cases {
            assert_eq!(all(bytes), std::slice::from_ref(meant), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn releases_moves_and_other_answers_are_no_keys() {
        for bytes in [
            &b"\x1b[99;5:3u"[..],
            b"\x1b[<0;1;1m",
            b"\x1b[<35;1;1M",
            b"\x1b[I",
            b"\x1b]52;c;eA==\x07",
            b"\xff",
            b"\x1b[M !!",
        ] {
            assert_eq!(all(bytes), [], "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_key_after_a_broken_sequence_is_still_a_key() {
        assert_eq!(all(b"\x1b[12\x03"), [key(KeyCode::Char('c'), KeyModifiers::CONTROL)]);
        assert_eq!(all(b"\xe4\xbbq"), [char('q')]);
        assert_eq!(all(b"\x1b\x1b[A"), [plain(KeyCode::Esc), plain(KeyCode::Up)]);
    }

    #[test]
    fn a_paste_is_bounded_and_gives_no_keys() {
        let mut bytes = b"\x1b[200~".to_vec();
        bytes.extend(std::iter::repeat_n(b'q', 100_000));
        bytes.extend(b"\x1b[201~x");
        let out = all(&bytes);
        assert!(
            matches!(&out[..], [Decoded::Paste(text), last] if text.len() == PASTE_BYTES_MAX && *last == char('x'))
        );
    }

    proptest! {
        #[test]
        fn pieces_give_what_the_whole_gives(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0_usize..200) {
            let cut = cut.min(bytes.len());
            let mut pieces = Decoder::default();
            pieces.feed(&bytes[..cut]);
            pieces.feed(&bytes[cut..]);
            pieces.settle();
            let mut whole = Decoder::default();
            whole.feed(&bytes);
            whole.settle();
            let collect = |mut decoder: Decoder| std::iter::from_fn(move || decoder.pop()).collect::<Vec<_>>();
            prop_assert_eq!(collect(pieces), collect(whole));
        }

        #[test]
        fn what_is_kept_is_bounded(bytes in proptest::collection::vec(any::<u8>(), 0..20_000)) {
            let mut decoder = Decoder::default();
            for chunk in bytes.chunks(700) {
                decoder.feed(chunk);
                prop_assert!(decoder.pending.len() <= SEQUENCE_BYTES_MAX + 700);
            }
        }
    }
}
