//! Reads as much Rust as the tidy tests need: what is code and what is not, and where paths lead. PURE.
//! It does not know the rules, nor where the text comes from. It follows `use` and paths written out, not macros.

/// Every `crate::`, `super::` and `pooltop::` path: its line and the room it leads into.
pub fn imports(code: &str, module: &[String]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for root in ["crate::", "pooltop::"] {
        for (at, rest) in occurrences(code, root) {
            found.extend(
                first_names(rest).into_iter().map(|(offset, name)| (line_of(code, at + root.len() + offset), name)),
            );
        }
    }
    for (at, _) in occurrences(code, "super::") {
        // `super::super::x` is one path: its first `super` tells where it leads.
        if code[..at].ends_with("super::") {
            continue;
        }
        let ups = code[at..].split("::").take_while(|part| *part == "super").count();
        if ups == module.len() + inline_modules_around(code, at) {
            let rest_at = at + ups * "super::".len();
            found.extend(
                first_names(&code[rest_at..]).into_iter().map(|(offset, name)| (line_of(code, rest_at + offset), name)),
            );
        }
    }
    found
}

/// How many `mod name { }` are open there.
fn inline_modules_around(code: &str, at: usize) -> usize {
    let mut open = Vec::new();
    for (brace, char) in code[..at].char_indices() {
        match char {
            '{' => open.push(opens_module(&code[..brace])),
            '}' => drop(open.pop()),
            _ => {}
        }
    }
    open.into_iter().filter(|is_module| *is_module).count()
}

fn opens_module(before: &str) -> bool {
    before.split_whitespace().rev().nth(1) == Some("mod")
}

/// Where a path root occurs as a whole word, with what follows it.
fn occurrences<'a>(code: &'a str, root: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    code.match_indices(root).filter_map(move |(at, _)| {
        let before = code[..at].chars().next_back();
        let whole = !before.is_some_and(|char| char.is_alphanumeric() || char == '_');
        whole.then(|| (at, &code[at + root.len()..]))
    })
}

/// The names a path goes on with: one, or in braces several. Each with its offset.
fn first_names(rest: &str) -> Vec<(usize, String)> {
    let name_at = |at: usize| {
        let name: String =
            rest[at..].chars().take_while(|char| char.is_alphanumeric() || matches!(char, '_' | '*')).collect();
        (!name.is_empty()).then_some((at, name))
    };
    if !rest.starts_with('{') {
        return name_at(0).into_iter().collect();
    }
    let mut names = Vec::new();
    let (mut depth, mut expecting) = (0, false);
    for (at, char) in rest.char_indices() {
        match char {
            '{' => {
                depth += 1;
                expecting |= depth == 1;
            }
            '}' if depth == 1 => break,
            '}' => depth -= 1,
            ',' if depth == 1 => expecting = true,
            char if expecting && !char.is_whitespace() => {
                names.extend(name_at(at));
                expecting = false;
            }
            _ => {}
        }
    }
    names
}

/// The code with comments and texts blanked out, so that only code is read. Lines stay where they are.
pub fn code_of(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        let skipped = skipped_len(rest, out.chars().next_back());
        if skipped == 0 {
            out.push(char);
            rest = &rest[char.len_utf8()..];
        } else {
            out.extend(rest[..skipped].chars().map(|char| if char == '\n' { '\n' } else { ' ' }));
            rest = &rest[skipped..];
        }
    }
    out
}

/// The length of the comment, text or character that begins here; 0 if none does.
fn skipped_len(rest: &str, before: Option<char>) -> usize {
    let in_word = before.is_some_and(|char| char.is_alphanumeric() || char == '_');
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |end| end + 2);
    }
    if rest.starts_with('r') && !in_word {
        let hashes = rest[1..].bytes().take_while(|byte| *byte == b'#').count();
        if rest[1 + hashes..].starts_with('"') {
            let closing = format!("\"{}", "#".repeat(hashes));
            let body = 2 + hashes;
            return rest[body..].find(&closing).map_or(rest.len(), |end| body + end + closing.len());
        }
    }
    if let Some(body) = rest.strip_prefix('"') {
        return 1 + quoted_len(body, '"');
    }
    let Some(body) = rest.strip_prefix('\'') else { return 0 };
    // A lifetime has no closing quote after one character.
    let mut chars = body.chars();
    let (first, second) = (chars.next(), chars.next());
    if first == Some('\\') || second == Some('\'') { 1 + quoted_len(body, '\'') } else { 0 }
}

/// The length up to and with the closing quote, minding escapes.
fn quoted_len(body: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, char) in body.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            char if char == quote => return at + char.len_utf8(),
            _ => {}
        }
    }
    body.len()
}

/// The number of lines, not counting what stands in `#[cfg(test)] mod ... { }`.
pub fn lines_without_tests(code: &str) -> usize {
    let total = code.lines().count();
    let Some(start) = code.find("#[cfg(test)]\nmod ") else { return total };
    let mut depth = 0;
    for (at, char) in code[start..].char_indices() {
        match char {
            // A test module in a file of its own.
            ';' if depth == 0 => return total,
            '{' => depth += 1,
            '}' if depth == 1 => return total - code[start..=start + at].lines().count(),
            '}' => depth -= 1,
            _ => {}
        }
    }
    total
}

fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}

#[test]
fn the_reader_of_imports_reads_rust() {
    let code = code_of(
        "use crate::task::{A, B};\n// crate::no1\nfn f<'a>(x: &'a str) { crate::event::g('\"', \"crate::no2\"); }\n\
         use crate::{model::State, wire::{self, task},\n    text};\npub(in crate::pool) fn h() { super::super::cli::x(r#\"\"crate::no\"#) }\n\
         use super::near;\nmy_crate::no();\nmod tests { use super::*; fn x() { super::super::super::app::y() } }\n",
    );
    let module = ["pool".to_owned(), "planner".to_owned()];
    let found = imports(&code, &module);
    let expected =
        [(1, "task"), (3, "event"), (4, "model"), (4, "wire"), (5, "text"), (6, "pool"), (6, "cli"), (9, "app")]
            .map(|(line, name)| (line, name.to_owned()));
    assert_eq!(found, expected);
    assert_eq!(lines_without_tests("a\n#[cfg(test)]\nmod tests {\n fn x() {}\n}\nb\n"), 2);
}
