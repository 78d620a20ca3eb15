//! The words behind `pooltop run`: where the command ends and the inputs begin. PURE.
//! It does not know what a command is, nor how inputs are read.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;

use super::raw;
use crate::task::RawText;

/// Between a command and its inputs, as GNU parallel has it.
const SEPARATOR: &str = ":::";

/// What GNU parallel knows besides; taken as words of the command they would only surprise.
const FOREIGN: &[&str] = &["::::", ":::+", "::::+"];

/// A command, and where its inputs come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunWords {
    /// At least one word.
    pub command: Vec<RawText>,
    /// Where the inputs are.
    pub inputs: Inputs,
}

/// Where inputs come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inputs {
    /// From the command line.
    Words(Vec<RawText>),
    /// From a file.
    File(PathBuf),
    /// From standard input.
    Stdin,
}

/// Cuts the words at the separator.
pub(super) fn split(words: &[OsString], file: Option<&Path>) -> Result<RunWords, clap::Error> {
    let mistake = |text: String| Err(super::mistake(ErrorKind::ValueValidation, &text));
    if let Some(mark) = words.iter().find(|word| FOREIGN.iter().any(|foreign| *word == foreign)) {
        let mark = mark.to_string_lossy();
        return mistake(format!(
            "{mark} is not known here; write inputs behind {SEPARATOR}, or name a file with --arg-file"
        ));
    }
    let mut parts = words.split(|word| word == SEPARATOR);
    let command: Vec<RawText> = parts.next().unwrap_or_default().iter().map(|word| raw(word)).collect();
    let inputs = parts.next();
    if parts.next().is_some() {
        return mistake(format!("{SEPARATOR} stands twice; one list of inputs is taken, combinations are not made"));
    }
    if command.first().is_none_or(|program| program.0.is_empty()) {
        return mistake(format!("no command stands before {SEPARATOR}"));
    }
    let inputs = match (inputs, file) {
        (Some(_), Some(file)) => {
            return mistake(format!("inputs come from {SEPARATOR} and from --arg-file {}; choose one", file.display()));
        }
        (Some(words), None) => Inputs::Words(words.iter().map(|word| raw(word)).collect()),
        (None, Some(file)) if file == Path::new("-") => Inputs::Stdin,
        (None, Some(file)) => Inputs::File(file.to_owned()),
        (None, None) => Inputs::Stdin,
    };
    Ok(RunWords { command, inputs })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn inputs_are_what_stands_behind_the_separator() {
        let split = split(&words("echo {} ::: a b"), None).unwrap();
        assert_eq!(split.command, [RawText::from("echo"), RawText::from("{}")]);
        assert_eq!(split.inputs, Inputs::Words(vec![RawText::from("a"), RawText::from("b")]));
    }

    #[test]
    fn without_a_separator_they_come_from_elsewhere() {
        assert_eq!(split(&words("echo"), None).unwrap().inputs, Inputs::Stdin);
        assert_eq!(split(&words("echo"), Some(Path::new("-"))).unwrap().inputs, Inputs::Stdin);
        assert_eq!(split(&words("echo"), Some(Path::new("l"))).unwrap().inputs, Inputs::File("l".into()));
        assert_eq!(split(&words("echo :::"), None).unwrap().inputs, Inputs::Words(Vec::new()));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        assert!(split(&words("::: a"), None).unwrap_err().to_string().contains("no command"));
        assert!(split(&words("x ::: a ::: b"), None).unwrap_err().to_string().contains("twice"));
        assert!(split(&[OsString::new(), "a".into()], None).unwrap_err().to_string().contains("no command"));
        assert!(split(&words("x :::: a"), None).unwrap_err().to_string().contains("--arg-file"));
        let hostile = split(&words("x ::: a"), Some(Path::new("\u{1b}[2J\u{202e}"))).unwrap_err().to_string();
        assert!(!hostile.contains(['\u{1b}', '\u{202e}']), "{hostile:?}");
        assert!(split(&words("x ::: a"), Some(Path::new("l"))).unwrap_err().to_string().contains("choose one"));
    }
}
