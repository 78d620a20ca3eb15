//! Holds the README to the program: keys, exit codes, demos, and how scenarios are written. `UPDATE_README=1 cargo test --test readme`
//! copies keys, demos and grammar.
//! It does not know whether the rest of the README is true; benches and other tests do.

use std::fmt::Write as _;

use pooltop::{cli, notation::Language, scenario, tui::keymap};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
const GRAMMAR: [&str; 2] = ["`src/scenario/grammar.md`; a test holds this copy to it -->\n", "<!-- end of grammar -->"];
const KEYS: [&str; 2] = ["`src/tui/keymap`; a test holds this copy to it -->\n", "<!-- end of keys -->"];

const DEMOS: [&str; 2] = ["`src/scenario/builtin.rs`; a test holds this copy to it -->\n", "<!-- end of demos -->"];

fn readme() -> String {
    std::fs::read_to_string(PATH).expect("the README is there")
}

/// What stands between two marks, and where.
fn between<'a>(text: &'a str, [start, end]: [&str; 2]) -> (usize, &'a str) {
    let from = text.find(start).unwrap_or_else(|| panic!("no {start} in the README")) + start.len();
    let length = text[from..].find(end).unwrap_or_else(|| panic!("no {end} in the README"));
    (from, &text[from..from + length])
}

/// A row for each scenario of ours.
fn demos() -> String {
    let mut table = "| demo | what it shows |\n|---|---|\n".to_owned();
    for builtin in scenario::BUILTINS {
        let plan = builtin.plan(None, Language::English).expect("ours can be read");
        writeln!(table, "| `{}` | {} |", builtin.name, plan.summary.replace('|', "\\|")).expect("a text takes it all");
    }
    table
}

#[test]
fn keys_demos_and_grammar_are_those_of_the_program() {
    let mut text = readme();
    for (marks, true_text) in [(KEYS, keymap::markdown()), (DEMOS, demos()), (GRAMMAR, scenario::GRAMMAR.to_owned())] {
        let (from, copy) = between(&text, marks);
        if std::env::var_os("UPDATE_README").is_none() {
            assert_eq!(copy, true_text, "run UPDATE_README=1 cargo test --test readme");
        }
        let to = from + copy.len();
        text.replace_range(from..to, &true_text);
    }
    if text != readme() {
        std::fs::write(PATH, text).expect("the README can be written");
    }
}

#[test]
fn the_exit_codes_are_those_of_the_program() {
    let text = readme();
    for (code, meaning) in cli::exit_codes() {
        let start = format!("| {code} | ");
        let row = text.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{code} is not there"));
        let told = row.trim_start_matches(&start).trim_end_matches(" |");
        assert!(meaning.starts_with(told), "{code} is {meaning}, not {told}");
    }
}

#[test]
fn every_flag_has_its_mention() {
    use clap::CommandFactory as _;
    let text = readme();
    let command = cli::Cli::command();
    for flag in
        command.get_arguments().filter_map(clap::Arg::get_long).filter(|flag| !["help", "version"].contains(flag))
    {
        assert!(text.contains(&format!("--{flag}")), "--{flag} is not mentioned");
    }
}

#[test]
fn every_event_is_in_its_table() {
    let source = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/event.rs")).expect("the source");
    let (_, variants) = between(&source, ["pub enum What {\n", "\n}\n"]);
    let text = readme();
    let mut count = 0;
    for variant in variants
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(char::is_uppercase))
    {
        let name: String = variant.chars().take_while(char::is_ascii_alphanumeric).collect();
        let mut snake = String::new();
        for (at, letter) in name.char_indices() {
            if letter.is_uppercase() && at > 0 {
                snake.push('_');
            }
            snake.push(letter.to_ascii_lowercase());
        }
        assert!(text.contains(&format!("| `{snake}` |")), "{snake} is not in the table");
        count += 1;
    }
    assert!(count > 30, "{count}");
}
