//! Vocabulary: a command with the place where its input goes, in the notation of GNU parallel and xargs. PURE.
//! It does not know where inputs come from, nor how a command is run.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{RawText, Slot, TITLE_BYTES_MAX};

/// One command: what all commands of the run share, and what is this one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandLine {
    /// Shared by every task made from the same command line.
    pub template: Arc<Template>,
    /// What takes the place of `{}`. `None`: the template is taken as it stands.
    pub input: Option<RawText>,
    /// What takes the place of `{#}`: the input's number, from 1.
    pub ordinal: u32,
}

/// A program and its arguments with `{}` and its relatives in them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// At least the program.
    pub argv: Vec<RawText>,
    /// Who splits the words.
    pub shell: Shell,
}

/// Whether a shell reads the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shell {
    /// No: each argument reaches the program as it is.
    #[default]
    No,
    /// `sh -c` with the arguments joined by spaces; an input put into them is quoted first.
    Sh,
}

impl CommandLine {
    /// The words to run for this input in that seat. The first is the program.
    #[must_use]
    pub fn expand(&self, slot: Slot) -> Vec<RawText> {
        self.words(Some(slot), usize::MAX)
    }

    /// The line as a person would type it, `{%}` left as it is because the seat is not known yet; as much of it as anybody
    /// reads.
    #[must_use]
    pub fn title(&self) -> String {
        let mut words = match self.template.shell {
            Shell::No => self.words(None, TITLE_BYTES_MAX),
            Shell::Sh => self.words(None, TITLE_BYTES_MAX).split_off(2),
        };
        let mut left = TITLE_BYTES_MAX;
        words.retain_mut(|word| {
            let is_shown = left > 0;
            word.0.truncate(left);
            left -= word.0.len();
            is_shown
        });
        let shown: Vec<Cow<'_, str>> = words.iter().map(RawText::lossy).collect();
        match self.template.shell {
            Shell::Sh => shown.join(" "),
            Shell::No => shown.iter().map(|word| quoted_if_needed(word)).collect::<Vec<_>>().join(" "),
        }
    }

    /// Not much more than so many bytes, where that is enough: an input may be in a word any number of times.
    fn words(&self, slot: Option<Slot>, enough: usize) -> Vec<RawText> {
        let quote = self.template.shell;
        let mut left = enough;
        let substituted = self.template.argv.iter().map_while(|word| {
            let word = (left > 0).then(|| self.substitute(word, slot, quote, left))?;
            left = left.saturating_sub(word.0.len() + 1);
            Some(word)
        });
        let mut words: Vec<RawText> = substituted.collect();
        if let Some(input) = &self.input
            && !self.template.argv.iter().take(enough).any(|word| mentions_input(start(&word.0, enough)))
        {
            words.push(RawText(quoted(start(&input.0, enough), quote)));
        }
        match quote {
            Shell::No => words,
            Shell::Sh => {
                let line = words.iter().map(|word| word.0.as_slice()).collect::<Vec<_>>().join(&b' ');
                vec![RawText::from("sh"), RawText::from("-c"), RawText(line)]
            }
        }
    }

    fn substitute(&self, word: &RawText, slot: Option<Slot>, quote: Shell, enough: usize) -> RawText {
        let mut rest = start(&word.0, enough);
        if !rest.contains(&b'{') {
            return RawText(rest.to_vec());
        }
        let mut out = Vec::with_capacity(rest.len() + self.input.as_ref().map_or(0, |input| input.0.len().min(enough)));
        while let Some(at) = rest.iter().position(|&byte| byte == b'{').filter(|_| out.len() < enough) {
            out.extend_from_slice(&rest[..at]);
            rest = &rest[at..];
            let Some((place, length)) = placeholder(rest) else {
                out.push(b'{');
                rest = &rest[1..];
                continue;
            };
            // What is not known, a seat before there is one or an input where there is none, stays as it stands.
            match self.value(place, slot, quote, enough) {
                Some(value) => out.extend_from_slice(&value),
                None => out.extend_from_slice(&rest[..length]),
            }
            rest = &rest[length..];
        }
        out.extend_from_slice(rest);
        RawText(out)
    }

    fn value(&self, place: Place, slot: Option<Slot>, quote: Shell, enough: usize) -> Option<Vec<u8>> {
        match place {
            Place::Ordinal => return Some(self.ordinal.to_string().into_bytes()),
            Place::Slot => return slot.map(|slot| slot.to_string().into_bytes()),
            _ => {}
        }
        let input = self.input.as_ref()?.0.as_slice();
        let part = match place {
            Place::NoExtension => without_extension(input),
            Place::Base => base(input),
            Place::Folder => folder(input),
            Place::BaseNoExtension => without_extension(base(input)),
            Place::Whole | Place::Ordinal | Place::Slot => input,
        };
        Some(quoted(start(part, enough), quote))
    }
}

/// As many bytes of it.
fn start(text: &[u8], most: usize) -> &[u8] {
    &text[..text.len().min(most)]
}

/// The seven places of GNU parallel's manual that xargs users meet too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Whole,
    NoExtension,
    Base,
    Folder,
    BaseNoExtension,
    Ordinal,
    Slot,
}

const PLACES: [(&[u8], Place); 7] = [
    (b"{}", Place::Whole),
    (b"{.}", Place::NoExtension),
    (b"{/}", Place::Base),
    (b"{//}", Place::Folder),
    (b"{/.}", Place::BaseNoExtension),
    (b"{#}", Place::Ordinal),
    (b"{%}", Place::Slot),
];

fn placeholder(at: &[u8]) -> Option<(Place, usize)> {
    PLACES.iter().find(|(mark, _)| at.starts_with(mark)).map(|&(mark, place)| (place, mark.len()))
}

/// Whether the input, or a part of it, goes into this word, so that it need not be appended.
fn mentions_input(word: &[u8]) -> bool {
    (0..word.len()).any(|start| {
        matches!(placeholder(&word[start..]), Some((place, _)) if !matches!(place, Place::Ordinal | Place::Slot))
    })
}

fn base(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => &path[slash + 1..],
        None => path,
    }
}

fn folder(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(0) => b"/",
        Some(slash) => &path[..slash],
        None => b".",
    }
}

fn without_extension(path: &[u8]) -> &[u8] {
    let name_start = path.len() - base(path).len();
    match path.iter().rposition(|&byte| byte == b'.') {
        Some(dot) if dot > name_start => &path[..dot],
        _ => path,
    }
}

fn quoted(text: &[u8], quote: Shell) -> Vec<u8> {
    match quote {
        Shell::No => text.to_vec(),
        // A NUL cannot be in an argument at all; the worker's spawn reports it.
        Shell::Sh => shlex::bytes::try_quote(text).map_or_else(|_| text.to_vec(), Cow::into_owned),
    }
}

fn quoted_if_needed(word: &str) -> Cow<'_, str> {
    shlex::try_quote(word).unwrap_or(Cow::Borrowed(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(argv: &[&str], input: Option<&str>, shell: Shell) -> Vec<String> {
        let command = CommandLine {
            template: Arc::new(Template { argv: argv.iter().map(|&word| RawText::from(word)).collect(), shell }),
            input: input.map(RawText::from),
            ordinal: 7,
        };
        command.expand(Slot(2)).iter().map(|word| word.lossy().into_owned()).collect()
    }

    #[test]
    fn every_placeholder_has_gnu_parallels_meaning() {
        let argv = ["x", "{}", "{.}", "{/}", "{//}", "{/.}", "{#}", "{%}", "a{}b{}"];
        let words = expand(&argv, Some("dir.d/pic.tar.gz"), Shell::No);
        let tail = "adir.d/pic.tar.gzbdir.d/pic.tar.gz";
        assert_eq!(words, ["x", "dir.d/pic.tar.gz", "dir.d/pic.tar", "pic.tar.gz", "dir.d", "pic.tar", "7", "3", tail]);
    }

    #[test]
    fn a_title_is_no_longer_than_anybody_reads() {
        for (argv, input) in [
            (vec!["{}".repeat(10_000)], "x".repeat(10_000)),
            (vec!["x".repeat(10_000_000); 3], String::new()),
            (vec![String::new(); 1_000_000], "x".repeat(10_000_000)),
        ] {
            for shell in [Shell::No, Shell::Sh] {
                let argv = argv.iter().map(|word| RawText::from(word.as_str())).collect();
                let input = Some(RawText::from(input.as_str()));
                let title = CommandLine { template: Arc::new(Template { argv, shell }), input, ordinal: 1 }.title();
                assert!((1..=4 * TITLE_BYTES_MAX).contains(&title.len()), "{}", title.len());
            }
        }
    }

    #[test]
    fn a_dot_in_a_folder_or_at_the_start_is_no_extension() {
        assert_eq!(expand(&["x", "{.}"], Some("a.d/file"), Shell::No), ["x", "a.d/file"]);
        assert_eq!(expand(&["x", "{/.}"], Some("a/.profile"), Shell::No), ["x", ".profile"]);
        assert_eq!(expand(&["x", "{//}"], Some("/top"), Shell::No), ["x", "/"]);
        assert_eq!(expand(&["x", "{//}"], Some("bare"), Shell::No), ["x", "."]);
    }

    #[test]
    fn without_a_place_the_input_is_appended_as_one_argument() {
        assert_eq!(expand(&["echo", "hi"], Some("a b"), Shell::No), ["echo", "hi", "a b"]);
        assert_eq!(expand(&["echo", "{#}"], Some("a"), Shell::No), ["echo", "7", "a"]);
        assert_eq!(expand(&["echo", "{}"], None, Shell::No), ["echo", "{}"]);
    }

    #[test]
    fn an_input_cannot_break_out_of_the_shell_line() {
        let words = expand(&["echo", "{}", "|", "cat"], Some("a; rm -rf '$HOME'"), Shell::Sh);
        assert_eq!(words[..2], ["sh", "-c"]);
        let read_back = shlex::split(&words[2]).unwrap();
        assert_eq!(read_back, ["echo", "a; rm -rf '$HOME'", "|", "cat"]);
    }

    #[test]
    fn without_an_input_number_and_seat_are_still_known() {
        assert_eq!(expand(&["echo", "{#}", "{%}", "{}"], None, Shell::No), ["echo", "7", "3", "{}"]);
    }

    #[test]
    fn an_input_that_looks_like_a_place_is_left_alone() {
        assert_eq!(expand(&["echo", "{}"], Some("{#}{}"), Shell::No), ["echo", "{#}{}"]);
    }
}
