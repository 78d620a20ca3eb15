//! What arguments come to mean, compared with what `cp -r` makes of them.
//! It does not copy anything.

use std::os::unix::fs::symlink;

use super::*;

struct Stage(tempfile::TempDir);

impl Stage {
    /// Folders `a/b`, `c/b` and `out`, files `f` and `c/f`.
    fn new() -> Self {
        let stage = Self(tempfile::tempdir().unwrap());
        for folder in ["a/b", "c/b", "out"] {
            fs::create_dir_all(stage.at(folder)).unwrap();
        }
        for file in ["f", "c/f"] {
            fs::write(stage.at(file), file).unwrap();
        }
        stage
    }

    fn at(&self, path: &str) -> PathBuf {
        // Joined as text: Path::join would swallow the `/.` that matters here.
        PathBuf::from(format!("{}/{path}", self.0.path().canonicalize().unwrap().display()))
    }

    fn plan(&self, sources: &[&str], target: &str) -> Result<CopyPlan, PlanError> {
        let sources: Vec<PathBuf> = sources.iter().map(|source| self.at(source)).collect();
        plan(&sources, &self.at(target))
    }

    /// Source, target and renaming of the only item, relative to the stage.
    fn only(&self, source: &str, target: &str) -> (String, String, Option<String>) {
        let plan = self.plan(&[source], target).unwrap();
        let [item] = plan.items.as_slice() else { panic!("{plan:?}") };
        let top = self.at("").display().to_string();
        let short = |path: &Path| path.display().to_string().replacen(top.trim_end_matches('/'), "", 1);
        let name = match &item.shape {
            Shape::Tree => None,
            Shape::One { name, rename } => Some(match rename {
                None => name.display().to_string(),
                Some(rename) => format!("{} as {}", name.display(), rename.display()),
            }),
        };
        (short(&item.source), short(&item.target), name)
    }

    fn refusal(&self, sources: &[&str], target: &str) -> String {
        let error = self.plan(sources, target).unwrap_err().to_string();
        assert!(error.starts_with(char::is_lowercase) && error.contains('/'), "{error}");
        error
    }
}

fn triple(source: &str, target: &str, name: Option<&str>) -> (String, String, Option<String>) {
    (source.to_owned(), target.to_owned(), name.map(str::to_owned))
}

#[test]
fn folders_go_into_an_existing_folder_or_become_a_new_one() {
    let stage = Stage::new();
    assert_eq!(stage.only("a", "out"), triple("/a", "/out/a", None));
    assert_eq!(stage.only("a/", "out/"), triple("/a", "/out/a", None));
    assert_eq!(stage.only("a", "new"), triple("/a", "/new", None));
    assert_eq!(stage.only("a", "new/"), triple("/a", "/new", None));
    assert_eq!(stage.only("a/.", "out"), triple("/a", "/out", None));
    assert_eq!(stage.only("a/./", "out"), triple("/a", "/out", None));
    assert_eq!(stage.only("a/b/..", "out"), triple("/a", "/out", None));
    assert_eq!(stage.only("a/.", "new"), triple("/a", "/new", None));
}

#[test]
fn files_go_into_a_folder_or_take_a_name() {
    let stage = Stage::new();
    assert_eq!(stage.only("f", "out"), triple("", "/out", Some("f")));
    assert_eq!(stage.only("f", "new"), triple("", "", Some("f as new")));
    assert_eq!(stage.only("c/f", "f"), triple("/c", "", Some("f")));
    assert_eq!(stage.only("f", "a/b/g"), triple("", "/a/b", Some("f as g")));
}

#[test]
fn links_are_meant_themselves_unless_a_slash_follows() {
    let stage = Stage::new();
    symlink("a", stage.at("link")).unwrap();
    symlink("nowhere", stage.at("dangling")).unwrap();
    assert_eq!(stage.only("link", "out"), triple("", "/out", Some("link")));
    assert_eq!(stage.only("link/", "out"), triple("/a", "/out/link", None));
    assert_eq!(stage.only("dangling", "out"), triple("", "/out", Some("dangling")));
    symlink("../a", stage.at("out/link")).unwrap();
    assert_eq!(stage.only("link", "out"), triple("", "/out", Some("link")));
    symlink("out", stage.at("to-out")).unwrap();
    assert_eq!(stage.only("a", "to-out"), triple("/a", "/out/a", None));
    symlink("c/f", stage.at("to-file")).unwrap();
    assert_eq!(stage.only("f", "to-file"), triple("", "/c", Some("f")));
    assert!(stage.refusal(&["f"], "dangling").contains("leads nowhere"));
}

#[test]
fn several_sources_need_or_make_a_folder() {
    let stage = Stage::new();
    assert_eq!(stage.plan(&["a", "f"], "out").unwrap().create, None);
    let plan = stage.plan(&["a", "f"], "new").unwrap();
    assert_eq!(plan.create, Some(stage.at("new")));
    assert_eq!(
        plan.items.iter().map(|item| item.target.clone()).collect::<Vec<_>>(),
        [stage.at("new/a"), stage.at("new")]
    );
    assert!(stage.refusal(&["a", "c"], "f").contains("not a folder"));
}

#[test]
fn the_same_thing_is_refused_by_whatever_name() {
    let stage = Stage::new();
    fs::hard_link(stage.at("f"), stage.at("hard")).unwrap();
    symlink("f", stage.at("soft")).unwrap();
    symlink("../f", stage.at("out/f")).unwrap();
    for (source, target) in
        [("f", "f"), ("f", "hard"), ("f", "soft"), ("soft", "f"), ("f", "out"), ("f", ""), ("a", ""), ("a/.", "a")]
    {
        assert!(stage.refusal(&[source], target).contains("the same"), "{source} {target}");
    }
    assert!(stage.refusal(&["a"], "a").contains("inside the source"));
}

#[test]
fn a_destination_inside_the_source_is_refused() {
    let stage = Stage::new();
    symlink("a/b", stage.at("way-in")).unwrap();
    for target in ["a/b", "a/new", "a/b/new", "way-in", "way-in/new"] {
        assert!(stage.refusal(&["a"], target).contains("inside the source"), "{target}");
        assert!(stage.refusal(&["f", "a"], target).contains("inside the source"), "{target}");
    }
    assert!(stage.refusal(&["a/."], "a/b").contains("inside the source"));
    // A name that only begins alike is another folder.
    assert_eq!(stage.only("a", "ab"), triple("/a", "/ab", None));
}

#[test]
fn what_is_in_the_way_is_named() {
    let stage = Stage::new();
    fs::write(stage.at("out/a"), "").unwrap();
    fs::create_dir(stage.at("out/f")).unwrap();
    symlink("/etc", stage.at("out/c")).unwrap();
    assert!(stage.refusal(&["a"], "f").contains("a file is in the way"));
    assert!(stage.refusal(&["a"], "out").contains("a file is in the way"));
    assert!(stage.refusal(&["c"], "out").contains("a symbolic link is in the way"));
    assert!(stage.refusal(&["f"], "out").contains("a folder is in the way"));
    assert!(plan(&[stage.at("f")], Path::new("/dev/null")).unwrap_err().to_string().contains("a character device"));
}

#[test]
fn what_is_missing_is_named() {
    let stage = Stage::new();
    assert!(stage.refusal(&["none"], "out").contains("/none: no such file"));
    assert!(stage.refusal(&["f/"], "out").contains("not a directory"));
    assert!(stage.refusal(&["f"], "none/new").contains("create it first"));
    assert!(stage.refusal(&["f"], "new/").contains("no such folder"));
    assert!(stage.refusal(&["f"], "f/new").contains("not a directory"));
    assert!(plan(&[], &stage.at("out")).unwrap_err().to_string().contains("no source"));
    assert!(plan(&[stage.at("/dev/null")], &stage.at("out")).is_err());
    assert!(plan(&[PathBuf::from("/dev/null")], &stage.at("out")).unwrap_err().to_string().contains("only files"));
    assert!(plan(&[PathBuf::new()], &stage.at("out")).is_err());
}

#[test]
fn two_sources_of_one_name_are_refused() {
    let stage = Stage::new();
    for target in ["out", "new"] {
        assert!(stage.refusal(&["f", "c/f"], target).contains("both would become"));
        assert!(stage.refusal(&["a/b", "c/b/"], target).contains("both would become"));
        assert!(stage.refusal(&["c/.", "f"], target).contains("both would become"));
        assert!(stage.refusal(&["a/.", "c/."], target).contains("both would become"));
    }
    assert_eq!(stage.plan(&["a/.", "f"], "out").unwrap().items.len(), 2);
}
