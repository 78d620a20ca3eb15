//! The table of keys for the README and the manual page. PURE.
//! It does not know the rest of either.

use std::fmt::Write;

use super::{BINDINGS, Group};

/// The keys as a Markdown table, one line a binding, a bold line before each group.
pub fn markdown() -> String {
    let mut out = String::from("| key | does |\n|---|---|\n");
    for group in Group::ALL {
        line(&mut out, format_args!("| **{}** | |", group.heading()));
        for binding in BINDINGS.iter().filter(|binding| binding.group == group) {
            let keys: Vec<String> = binding.keys_shown().split(' ').map(|key| format!("`{key}`")).collect();
            line(&mut out, format_args!("| {} | {} |", keys.join(" ").replace('|', "\\|"), binding.does));
        }
    }
    out
}

/// The keys as rows for the manual page: a subsection a group, a tagged paragraph a binding.
pub fn roff() -> String {
    let mut out = String::new();
    for group in Group::ALL {
        line(&mut out, format_args!(".SS {}", group.heading()));
        for binding in BINDINGS.iter().filter(|binding| binding.group == group) {
            line(&mut out, format_args!(".TP\n\\fB{}\\fR\n{}", escaped(&binding.keys_shown()), escaped(binding.does)));
        }
    }
    out
}

/// What the formatter would take for its own: backslashes, hyphens, and a dot or an apostrophe at the start of a line.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_binding_is_in_both() {
        let (table, rows) = (markdown(), roff());
        assert_eq!(table.lines().count(), 2 + Group::ALL.len() + BINDINGS.len());
        assert_eq!(rows.lines().filter(|line| *line == ".TP").count(), BINDINGS.len());
        assert!(table.contains("| `+` `=` | "), "{table}");
        assert!(rows.contains("\\fBCtrl\\-C\\fR"), "{rows}");
        assert!(table.lines().all(|line| line.starts_with('|') && line.ends_with('|')));
    }
}
