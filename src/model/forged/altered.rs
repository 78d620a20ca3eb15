//! A record as it is written, altered by somebody: other numbers, other texts, lines left out, doubled and moved.
//! It does not know what the lines say.

use super::Forger;
use super::wild::TEXTS;
use crate::event::Event;

impl Forger {
    /// The record, with so many alterations, as far as it can still be read.
    pub(crate) fn altered(&mut self, record: &[Event], alterations: usize) -> Vec<Event> {
        let mut lines: Vec<String> = record.iter().map(written).collect();
        for _ in 0..alterations {
            if lines.is_empty() {
                break;
            }
            let (at, other) = (self.small(lines.len()), self.small(lines.len()));
            match self.below(10) {
                0 => drop(lines.remove(at)),
                1 => lines.insert(other, lines[at].clone()),
                2 => lines.swap(at, other),
                3..5 => lines[at] = self.with_another_text(&lines[at]),
                _ => lines[at] = self.with_another_number(&lines[at], &lines[other]),
            }
        }
        lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    fn with_another_number(&mut self, line: &str, other: &str) -> String {
        let numbers = numbers(line);
        let Some(&(from, to)) = numbers.get(self.small(numbers.len())) else { return line.to_owned() };
        let others = super::altered::numbers(other);
        let number = match others.get(self.small(others.len())) {
            Some(&(from, to)) if self.lot() => other[from..to].to_owned(),
            _ if self.below(8) == 0 => "-1".to_owned(),
            _ => self.wild_number().to_string(),
        };
        format!("{}{number}{}", &line[..from], &line[to..])
    }

    fn with_another_text(&mut self, line: &str) -> String {
        let texts = texts(line);
        let Some(&(from, to)) = texts.get(self.small(texts.len())) else { return line.to_owned() };
        let words =
            ["waiting", "done", "running", "ended", "main", "own", "pool", "parent", "asked", "killed", "forever"];
        let text = if self.lot() { self.one(&words).to_owned() } else { self.one(&TEXTS).to_owned() };
        let text = serde_json::to_string(&text).unwrap();
        format!("{}{text}{}", &line[..from], &line[to..])
    }
}

fn written(event: &Event) -> String {
    let mut line = Vec::new();
    event.write(&mut line);
    String::from_utf8(line).unwrap()
}

/// Where numbers stand, outside of texts.
fn numbers(line: &str) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut skipped = texts_and_keys(line).into_iter().peekable();
    for (at, byte) in line.bytes().enumerate() {
        while skipped.next_if(|&(_, to)| to <= at).is_some() {}
        if byte.is_ascii_digit() && skipped.peek().is_none_or(|&(from, _)| at < from) {
            match found.last_mut() {
                Some((_, to)) if *to == at => *to += 1,
                _ => found.push((at, at + 1)),
            }
        }
    }
    found
}

/// Where texts stand, quotes included; keys are none.
fn texts(line: &str) -> Vec<(usize, usize)> {
    texts_and_keys(line).into_iter().filter(|&(_, to)| !line[to..].starts_with(':')).collect()
}

fn texts_and_keys(line: &str) -> Vec<(usize, usize)> {
    let (mut found, mut start, mut escaped) = (Vec::new(), None, false);
    for (at, byte) in line.bytes().enumerate() {
        match (start, byte) {
            (None, b'"') => start = Some(at),
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(from), b'"') => {
                found.push((from, at + 1));
                start = None;
            }
            _ => {}
        }
    }
    found
}

#[test]
fn numbers_and_texts_are_found() {
    let line = r#"{"at_us":12,"event":"x\"1","n":[3,-45]}"#;
    let told = |places: Vec<(usize, usize)>| places.into_iter().map(|(from, to)| &line[from..to]).collect::<Vec<_>>();
    assert_eq!(told(numbers(line)), ["12", "3", "45"]);
    assert_eq!(told(texts(line)), [r#""x\"1""#]);
}
