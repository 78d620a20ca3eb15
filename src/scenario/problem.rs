//! What is wrong with a scenario, and how it is told: file, line, caret, suggestion. PURE.
//! It does not know the grammar. Everything it shows of the file is made harmless first.

use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::text::sanitized;

/// How many problems of one file are told; the first ones usually cause the others.
const PROBLEMS_MAX: usize = 10;

/// How many bytes of a line are shown before and after the place in question.
const BEFORE_BYTES_MAX: usize = 200;
const AFTER_BYTES_MAX: usize = 60;

/// How many bytes of the place itself are marked.
const MARKED_BYTES_MAX: usize = 80;

/// Whether a text for people is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// It is not: no escape is in it.
    #[default]
    Never,
    /// It is, by ANSI escapes.
    Always,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file could not be read.
    #[error("read scenario {path}: {source}")]
    Read {
        /// Which, made harmless.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is too large to be a scenario; it was not parsed.
    #[error("read scenario {path}: it is larger than {} KiB, the most a scenario may have", bytes_max / 1024)]
    TooLarge {
        /// Which, made harmless.
        path: String,
        /// The limit.
        bytes_max: u64,
    },
    /// The file is not text.
    #[error("read scenario {path}: line {line} is not UTF-8 (byte 0x{byte:02x} at offset {offset}); save it as UTF-8")]
    NotUtf8 {
        /// Which, made harmless.
        path: String,
        /// From 1.
        line: usize,
        /// From 0.
        offset: usize,
        /// The first one that cannot be.
        byte: u8,
    },
    /// No built-in scenario is called so.
    #[error("there is no scenario {name}; {hint}")]
    Unknown {
        /// What was asked for, made harmless.
        name: String,
        /// What there is instead.
        hint: String,
    },
    /// The file says something that cannot be done or understood.
    #[error("{0}")]
    Invalid(Invalid),
}

impl ScenarioError {
    /// The whole error for a person, with the lines in question. Ends without a line break.
    #[must_use]
    pub fn render(&self, colours: Colours) -> String {
        let renderer = match colours {
            Colours::Never => Renderer::plain(),
            Colours::Always => Renderer::styled(),
        };
        match self {
            Self::Invalid(invalid) => invalid.render(&renderer),
            other => {
                let text = other.to_string();
                let text = sanitized(&text);
                renderer.render(&[Group::with_title(Level::ERROR.primary_title(text.as_ref()))])
            }
        }
    }
}

/// At least one problem, with the lines they are in.
#[derive(Debug)]
pub struct Invalid {
    path: String,
    problems: Vec<Located>,
    more: usize,
}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.problems.first() {
            Some(first) => write!(f, "{}:{}: {}", self.path, first.line, first.what),
            None => f.write_str(&self.path),
        }
    }
}

impl Invalid {
    fn render(&self, renderer: &Renderer) -> String {
        let mut out: Vec<String> =
            self.problems.iter().map(|problem| renderer.render(&[problem.group(&self.path, Level::ERROR)])).collect();
        if self.more > 0 {
            let text = format!("{} more problems are not shown", self.more);
            out.push(renderer.render(&[Group::with_title(Level::NOTE.primary_title(text))]));
        }
        out.join("\n\n")
    }
}

/// A problem with the line it is in, cut to what can be shown.
#[derive(Debug)]
struct Located {
    line: usize,
    /// The place's column, if the beginning of the line is not shown.
    cut_column: Option<usize>,
    shown: String,
    marked: Range<usize>,
    what: String,
    help: Option<String>,
}

impl Located {
    fn new(problem: Problem, text: &str) -> Self {
        let start = floor(text, problem.span.start.min(text.len()));
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        // What is wrong with a whole table is shown at its first line.
        let end = floor(text, problem.span.end.clamp(start, line_end).min(start + MARKED_BYTES_MAX));
        let shown_start = floor(text, line_start.max(start.saturating_sub(BEFORE_BYTES_MAX)));
        let after = text[end..floor(text, line_end.min(end + AFTER_BYTES_MAX))].trim_end_matches('\r');
        let before = sanitized(&text[shown_start..start]);
        let marked = sanitized(&text[start..end]);
        Self {
            line: text[..line_start].bytes().filter(|&byte| byte == b'\n').count() + 1,
            cut_column: (shown_start > line_start).then(|| text[line_start..start].chars().count() + 1),
            marked: before.len()..before.len() + marked.len(),
            shown: format!("{before}{marked}{}", sanitized(after)),
            what: sanitized(&problem.what).into_owned(),
            help: problem.help.map(|help| sanitized(&help).into_owned()),
        }
    }

    fn group<'a>(&'a self, path: &'a str, level: Level<'a>) -> Group<'a> {
        let mark = AnnotationKind::Primary.span(self.marked.clone());
        let source = Snippet::source(self.shown.as_str()).line_start(self.line).annotation(mark);
        let title = level.primary_title(self.what.as_str());
        let group = match self.cut_column {
            None => title.element(source.path(path)),
            // The column counted in what is left of the line would be wrong.
            Some(column) => title.element(Origin::path(path).line(self.line).char_column(column)).element(source),
        };
        match &self.help {
            Some(help) => group.element(Level::HELP.message(help.as_str())),
            None => group,
        }
    }
}

/// One thing that is wrong at one place of the text.
#[derive(Debug)]
struct Problem {
    span: Range<usize>,
    what: String,
    help: Option<String>,
}

/// Problems as they are found; bounded, whatever the file.
#[derive(Debug, Default)]
pub(super) struct Problems {
    list: Vec<Problem>,
    more: usize,
}

impl Problems {
    /// Something is wrong there.
    pub(super) fn add(&mut self, span: Range<usize>, what: impl Into<String>) {
        self.push(Problem { span, what: what.into(), help: None });
    }

    /// Something is wrong there, and this would be right.
    pub(super) fn add_with_help(&mut self, span: Range<usize>, what: impl Into<String>, help: impl Into<String>) {
        self.push(Problem { span, what: what.into(), help: Some(help.into()) });
    }

    /// Something is wrong there; what and what would be right is only worked out if it will be told.
    pub(super) fn add_lazily(&mut self, span: Range<usize>, words: impl FnOnce() -> (String, String)) {
        if self.list.len() < PROBLEMS_MAX {
            let (what, help) = words();
            self.add_with_help(span, what, help);
        } else {
            self.more += 1;
        }
    }

    fn push(&mut self, problem: Problem) {
        if self.list.len() < PROBLEMS_MAX {
            self.list.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// Whether nothing was wrong.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of it, with the lines of the text it is about.
    pub(super) fn into_error(mut self, path: &str, text: &str) -> ScenarioError {
        self.list.sort_by_key(|problem| problem.span.start);
        let problems = self.list.into_iter().map(|problem| Located::new(problem, text)).collect();
        ScenarioError::Invalid(Invalid { path: sanitized(path).into_owned(), problems, more: self.more })
    }
}

impl Problems {
    /// The same as things to know rather than to mend, each ready to be printed.
    pub(super) fn into_warnings(mut self, path: &str, text: &str) -> Vec<String> {
        self.list.sort_by_key(|problem| problem.span.start);
        let path = sanitized(path);
        let renderer = Renderer::plain();
        let located = self.list.into_iter().map(|problem| Located::new(problem, text));
        located.map(|located| renderer.render(&[located.group(&path, Level::WARNING)])).collect()
    }
}

/// A path for people.
pub(super) fn shown(path: &Path) -> String {
    sanitized(&path.to_string_lossy()).into_owned()
}

/// The nearest character boundary at or before that byte.
fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::notation::Language;
    use crate::scenario::{FILE_BYTES_MAX, Origin, Plan, parse};

    fn parsed(text: &str) -> Result<Plan, ScenarioError> {
        parse(
            text,
            Origin { path: "tour.toml", name: "tour", folder: Some(Path::new("here")) },
            None,
            Language::English,
        )
    }

    /// What a person reads.
    fn told(text: &str) -> String {
        parsed(text).expect_err("it was accepted").render(Colours::Never)
    }

    #[test]
    fn a_mistyped_key_gets_a_suggestion() {
        assert_snapshot!(told("title = \"x\"\n[[task]]\nrepaet = 10\nnothing = true\n"), @r#"
        error: [[task]] has no key `repaet`
         --> tour.toml:3:1
          |
        3 | repaet = 10
          | ^^^^^^
          |
          = help: did you mean `repeat`?
        "#);
        assert_snapshot!(told("[[task]]\nnothing = true\nbanana = 3\n"), @r#"
        error: [[task]] has no key `banana`
         --> tour.toml:3:1
          |
        3 | banana = 3
          | ^^^^^^
          |
          = help: the keys of [[task]] are name, repeat, whole, place, nothing, sleep, download, run, shell, copy, call, args
        "#);
    }

    #[test]
    fn a_wrong_type_is_told_with_an_example() {
        assert_snapshot!(told("[[task]]\nsleep = 2\n"), @r#"
        error: `sleep` must be a text such as "2s" or "0s..3s", not a whole number
         --> tour.toml:2:9
          |
        2 | sleep = 2
          |         ^
        "#);
    }

    #[test]
    fn several_problems_are_told_at_once_in_the_order_of_the_file() {
        let text = "retries = -1\n\n[pool]\nsize = 0\n\n[[task]]\nname = \"照片{x}\"\nsleep = \"3s..1s\"\n";
        assert_snapshot!(told(text), @r#"
        error: `retries` must be between 0 and 1000
         --> tour.toml:1:11
          |
        1 | retries = -1
          |           ^^

        error: `size`: a pool starts with at least 1 worker; write cpus for one per CPU, 1024 for as many as possible
         --> tour.toml:4:8
          |
        4 | size = 0
          |        ^

        error: `name`: `{x}` is no place for a number; write {n} (from 1), {i} (from 0), {n:04} (with zeros), or {{ and }} for braces
         --> tour.toml:7:8
          |
        7 | name = "照片{x}"
          |        ^^^^^^^^^

        error: `sleep`: `3s..1s` runs backwards; write 1s..3s
         --> tour.toml:8:9
          |
        8 | sleep = "3s..1s"
          |         ^^^^^^^^
        "#);
    }

    #[test]
    fn what_is_not_toml_is_shown_where_it_stops_being_so() {
        assert_snapshot!(told("[[task]\nnothing = true\n"), @r#"
        error: this is not TOML: unclosed array table, expected `]`
         --> tour.toml:1:8
          |
        1 | [[task]
          |        ^
        "#);
        assert_snapshot!(told("title = \"a\"\ntitle = \"b\"\n"), @r#"
        error: this is not TOML: duplicate key
         --> tour.toml:2:1
          |
        2 | title = "b"
          | ^^^^^
        "#);
    }

    #[test]
    fn usual_slips_are_explained() {
        assert_snapshot!(told("[task]\nnothing = true"), @r#"
        error: `task` must be written as [[task]]
         --> tour.toml:1:1
          |
        1 | [task]
          | ^^^^^^
          |
          = help: there can be several of them: write [[task]], with two brackets
        "#);
        assert_snapshot!(told(""), @r#"
        error: a scenario needs at least one [[task]], or a [parent]
         --> tour.toml:1:1
          |
        1 |
          | ^
          |
          = help: for instance [[task]] with sleep = "0s..3s" and repeat = 10 below it
        "#);
        let two = "[[task]]\nnothing = true\n[[at]]\ntime = \"3s\"\nresize = 8\npause = true\n";
        assert_snapshot!(told(two), @r#"
        error: an [[at]] does one thing; this one has resize and pause
         --> tour.toml:6:9
          |
        6 | pause = true
          |         ^^^^
          |
          = help: write two [[at]] with the same time; they are done in that order
        "#);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let task = |text: &str| told(&format!("[[task]]\n{text}\n"));
        let at = |text: &str| told(&format!("[[task]]\nnothing = true\n[[at]]\n{text}\n"));
        let top = |text: &str| told(&format!("{text}\n[[task]]\nnothing = true\n"));
        for (told, expected) in [
            (task(""), "a [[task]] needs its work: one of nothing, sleep"),
            (task("nothing = false"), "`nothing = false` says nothing"),
            (task("nothing = 1"), "`nothing` must be true or false, not a whole number"),
            (task("nothing = true\nsleep = \"1s\""), "this one has nothing and sleep"),
            (task("nothing = true\nwhole = true"), "`whole` is about how long"),
            (task("nothing = true\nrepeat = 0"), "between 1 and 10000000"),
            (task("nothing = true\nrepeat = 20_000_000"), "between 1 and 10000000"),
            (
                task("nothing = true\nrepeat = 9_000_000\n[[task]]\nnothing = true\nrepeat = 2_000_000"),
                "at most 10000000 tasks",
            ),
            (task("nothing = true\nname = \"\""), "`name` is empty"),
            (task("nothing = true\nname = \"a\\nb\""), "`name` must be one line"),
            (task("nothing = true\nname = 7"), "`name` must be a text in quotes, not a whole number"),
            (task("sleep = \"100ms..900ms\"\nwhole = true"), "there must be a whole second in it"),
            (task("sleep = \"soon\""), "`soon` is no duration"),
            (task("download = {}"), "has no `size`"),
            (task("download = \"5 MB\""), "`download` must be download = { ... }, not a text"),
            (task("download = { size = \"9 MB..3 MB\" }"), "write 3 MB..9 MB"),
            (task("download = { size = \"1 MB\", fail = \"110%\" }"), "`110%` is over 100%"),
            (task("download = { size = \"1 MB\", fail = \"60%\", stall = \"60%\" }"), "over 100% together"),
            (task("download = { size = \"1 MB\", tiem = \"1s\" }"), "did you mean `time`?"),
            (task("run = \"echo\""), "`run` must be a list of texts"),
            (task("run = []"), "`run` needs a program"),
            (task("run = [\"\"]"), "`run` needs a program"),
            (task("run = [\"echo\", 1]"), "`run` must be a list of texts in quotes, not a whole number"),
            (task("run = [\"echo\", \"a\\u0000b\"]"), "cannot have a NUL"),
            (task("shell = \"  \""), "empty line"),
            (task("copy = { from = \"a\" }"), "has no `to`"),
            (task("copy = { from = \"\", to = \"b\" }"), "empty path"),
            (task("copy = { from = \"a\\u0000\", to = \"b\" }"), "NUL"),
            (task("copy = { from = \"a\", to = \"b\", tree = {} }"), "a copy is of a `tree`"),
            (task("copy = { from = \"a\", to = \"b\" }\nrepeat = 2"), "`repeat` has no meaning for a copy"),
            (task("copy = { tree = { files = 1 } }"), "has no `size`"),
            (task("copy = { tree = { files = 0, size = \"1 B\" } }"), "between 1 and 100000"),
            (task("copy = { tree = { files = 100, size = \"1 GB\" } }"), "4 GiB together"),
            (at("resize = 8"), "has no `time`"),
            (at("time = \"3s\""), "one of resize, tune, pause"),
            (at("time = 3\nresize = 8"), "`time` must be a text such as \"3s\""),
            (at("time = \"3s\"\nresize = 1025"), "between 0 and 1024"),
            (at("time = \"3s\"\nresize = \"8\""), "a change in quotes such as"),
            (at("time = \"3s\"\nresize = \"+9999\""), "a change in quotes such as"),
            (at("time = \"3s\"\ndrain = false"), "asks for nothing"),
            (top("pool = 4"), "`pool` must be [pool], not a whole number"),
            (top("[pool]\nsize = 1025"), "at most 1024"),
            (top("[pool]\nsize = -4"), "at least 1 worker"),
            (top("[pool]\nsize = \"all\""), "50% (of the CPUs)"),
            (top("[pool]"), "[pool] has no `size`"),
            (top("speed = 0.001"), "from 0.01 to 1000"),
            (top("speed = nan"), "from 0.01 to 1000"),
            (top("speed = \"2\""), "`speed` must be a number, not a text"),
            (top("timeout = \"0s\""), "would end every task at once"),
            (top("halt = \"now\""), "soon,fail=3"),
            (top("seed = 1.5"), "`seed` must be a whole number, not a decimal number"),
            (top("recycle_after = 0"), "between 1 and"),
            (top("title = \"a\\nb\""), "`title` must be one line"),
        ] {
            assert!(told.contains(expected), "{expected}:\n{told}");
        }
    }

    #[test]
    fn without_a_folder_there_are_no_relative_paths() {
        let origin = Origin { path: "tour.toml", name: "tour", folder: None };
        let text = "[[task]]\ncopy = { from = \"a\", to = \"/b\" }\n";
        assert!(parse(text, origin, None, Language::English).unwrap_err().to_string().contains("relative path"));
    }

    #[test]
    fn no_escape_of_the_file_reaches_the_terminal() {
        let told =
            told("[[task]]\n\"\\u001b[2J\u{202e}\" = 1\nname = \"\\u001b]0;x\\u0007{x}\"\nsleep = \"\\u001b[31m\"\n");
        assert!(told.contains("[2J") && told.contains('\u{fffd}'), "{told}");
        assert!(!told.chars().any(|char| char.is_control() && char != '\n' || char == '\u{202e}'), "{told:?}");
    }

    #[test]
    fn colours_are_only_there_when_asked_for() {
        let error = parsed("x = 1").unwrap_err();
        assert!(!error.render(Colours::Never).contains('\u{1b}'));
        assert!(error.render(Colours::Always).contains('\u{1b}'));
    }

    #[test]
    fn a_long_line_is_cut_around_the_place_and_the_column_is_still_true() {
        let text = format!(
            "[[task]]\nnothing = true\nx = \"{}\"\ny = [{}oops]\n",
            "照片".repeat(50_000),
            "1, ".repeat(50_000)
        );
        let told = told(&text);
        assert!(told.len() < 2000, "{told}");
        assert!(told.contains("tour.toml:4:150006"), "{told}");
    }

    #[test]
    fn many_problems_are_counted_rather_than_told() {
        let told = told(&"[[task]]\n".repeat(50_000));
        assert_eq!(told.matches("needs its work").count(), 10);
        assert!(told.ends_with("note: 49990 more problems are not shown"), "{told}");
    }

    #[test]
    fn the_largest_files_are_told_in_a_few_lines() {
        let size = usize::try_from(FILE_BYTES_MAX).unwrap();
        let filled = |line: &dyn Fn(usize) -> String| {
            let mut text = String::new();
            for number in 0.. {
                let line = line(number);
                if text.len() + line.len() > size {
                    return text;
                }
                text.push_str(&line);
            }
            text
        };
        for text in [
            filled(&|_| "[[t]]\n".to_owned()),
            filled(&|_| "[[task]]\nx=1\n".to_owned()),
            filled(&|number| format!("k{number}=1\n")),
            filled(&|number| format!("[a.b.c.d.e.f.g.h.i.j{number}]\n")),
            filled(&|number| format!("a{number}.{}x = 1\n", "b.".repeat(70))),
            filled(&|_| "[[task]]\nnothing=true\n".to_owned()),
            format!("x = [{}", filled(&|_| "1,".to_owned())),
            format!("x = {}", filled(&|_| "[".to_owned())),
            format!("x = \"{}", filled(&|_| "照".to_owned())),
            filled(&|_| "\"\n".to_owned()),
            filled(&|_| "\0".to_owned()),
            filled(&|_| "e\u{301}".to_owned()),
        ] {
            let told = parsed(&text).map_or_else(|error| error.render(Colours::Never), |_| String::new());
            assert!(told.len() < 20_000);
        }
    }
}
