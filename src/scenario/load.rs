//! Reads a scenario's file, within limits, and hands its text to the grammar.
//! It does not know what the text means.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::grammar::{Origin, parse};
use super::plan::Plan;
use super::problem::{ScenarioError, shown};
use crate::notation::Language;

/// How large a scenario may be. The parser takes a hundred times as much memory.
pub const FILE_BYTES_MAX: u64 = 1 << 20;

/// Reads the file as a scenario, its texts in that language. `seed` goes before the one it names.
///
/// # Errors
/// When it cannot be read, is too large, is not UTF-8, or says something that cannot be.
pub fn load(path: &Path, seed: Option<u64>, language: Language) -> Result<Plan, ScenarioError> {
    let bytes = read(path)?;
    let text = text(&bytes, path)?;
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let origin = Origin {
        path: &path.to_string_lossy(),
        name: &name,
        folder: Some(path.parent().unwrap_or_else(|| Path::new(""))),
    };
    parse(text, origin, seed, language)
}

fn read(path: &Path) -> Result<Vec<u8>, ScenarioError> {
    let mut bytes = Vec::new();
    File::open(path)
        // A pipe has no size to ask for, and a file can grow: one byte more than allowed is enough to know.
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|source| ScenarioError::Read { path: shown(path), source })?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(ScenarioError::TooLarge { path: shown(path), bytes_max: FILE_BYTES_MAX });
    }
    Ok(bytes)
}

fn text<'a>(bytes: &'a [u8], path: &Path) -> Result<&'a str, ScenarioError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let offset = error.valid_up_to();
        let line = bytes[..offset].split(|&byte| byte == b'\n').count();
        ScenarioError::NotUtf8 { path: shown(path), line, offset, byte: bytes[offset] }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Colours, CopyWhat};

    fn written(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my tour.toml");
        std::fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    #[test]
    fn a_file_is_named_by_its_stem_and_paths_start_at_its_folder() {
        let (folder, path) = written(b"[[task]]\ncopy = { from = \"a\", to = \"/b\" }\n");
        let plan = load(&path, None, Language::English).unwrap();
        assert_eq!((plan.name.as_str(), plan.title.as_str()), ("my tour", "my tour"));
        let CopyWhat::Paths { from, to } = &plan.copies[0].what else { panic!("no paths") };
        assert_eq!((from, to.as_path()), (&folder.path().join("a"), Path::new("/b")));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = load(Path::new("no/such\x1b[31m.toml"), None, Language::English).unwrap_err();
        assert_eq!(
            error.render(Colours::Never),
            "error: read scenario no/such\u{fffd}[31m.toml: No such file or directory (os error 2)"
        );
    }

    #[test]
    fn a_large_file_is_refused_unparsed_even_if_it_never_ends() {
        let (_folder, path) = written(&vec![b'#'; 1 << 20]);
        assert!(!load(&path, None, Language::English).unwrap_err().to_string().contains("larger"));
        let (_folder, path) = written(&vec![b'#'; (1 << 20) + 1]);
        assert!(
            load(&path, None, Language::English)
                .unwrap_err()
                .to_string()
                .ends_with("it is larger than 1024 KiB, the most a scenario may have")
        );
        assert!(matches!(load(Path::new("/dev/zero"), None, Language::English), Err(ScenarioError::TooLarge { .. })));
    }

    #[test]
    fn what_is_not_utf_8_is_found() {
        let (_folder, path) = written(b"# fine\n# \xe4\xbd\xa0\ntitle = \"\xff\"");
        let error = load(&path, None, Language::English).unwrap_err().to_string();
        assert!(error.ends_with("line 3 is not UTF-8 (byte 0xff at offset 22); save it as UTF-8"), "{error}");
    }
}
