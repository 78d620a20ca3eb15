//! Makes a small tree of real files to copy, the same for the same spec.
//! It does not know who copies it, nor who removes it.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::draw::Draw;
use super::plan::TreeSpec;

/// How deep folders are nested below the root.
const DEPTH_MAX: usize = 4;

/// How many bytes are drawn and written at a time.
const CHUNK_BYTES: u64 = 64 << 10;

/// Names a person might have on disk, in two scripts and of several widths. The number goes in place of the `#`.
const FOLDER_NAMES: &[&str] = &["photos-#", "照片#", "reports #", "下载-#", "src#", "音乐 #"];
const FILE_NAMES: &[&str] = &[
    "IMG_#.jpg",
    "会议记录-#.txt",
    "invoice #.pdf",
    "截图#.png",
    "notes-#.md",
    "第#章.epub",
    "track #.flac",
    "naïve café #.csv",
];

/// Fills the folder `under`, which exists, with the files and folders of the spec; contents are random bytes.
///
/// # Errors
/// What the file system says, with the path before it.
pub fn make_tree(spec: &TreeSpec, under: &Path) -> io::Result<()> {
    let mut draw = Draw::new(spec.seed, 0, 0);
    let mut folders: Vec<(PathBuf, usize)> = vec![(under.to_owned(), 0)];
    for number in 1..=spec.folders {
        let (parent, depth) = &folders[draw.below(folders.len())];
        // One level too deep goes to the top instead.
        let (parent, depth) = if *depth < DEPTH_MAX { (parent.as_path(), depth + 1) } else { (under, 1) };
        let path = parent.join(numbered(FOLDER_NAMES, number, &mut draw));
        fs::create_dir(&path).map_err(|error| at(&path, &error))?;
        folders.push((path, depth));
    }
    let mut chunk = vec![0; usize::try_from(CHUNK_BYTES).expect("BUG: a chunk larger than memory")];
    for number in 1..=spec.files {
        let (folder, _) = &folders[draw.below(folders.len())];
        let path = folder.join(numbered(FILE_NAMES, number, &mut draw));
        let size = draw.within(spec.size);
        write(&path, size, &mut chunk, &mut draw).map_err(|error| at(&path, &error))?;
    }
    Ok(())
}

fn numbered(names: &[&str], number: u32, draw: &mut Draw) -> String {
    names[draw.below(names.len())].replace('#', &format!("{number:04}"))
}

fn write(path: &Path, size: u64, chunk: &mut [u8], draw: &mut Draw) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    let mut left = size;
    while left > 0 {
        let length = left.min(CHUNK_BYTES);
        let part = &mut chunk[..usize::try_from(length).expect("BUG: a chunk larger than memory")];
        draw.fill(part);
        file.write_all(part)?;
        left -= length;
    }
    Ok(())
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("make {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notation::Span;

    fn listed(folder: &Path) -> Vec<(PathBuf, Option<Vec<u8>>)> {
        let mut found = Vec::new();
        let mut open = vec![folder.to_owned()];
        while let Some(next) = open.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                let relative = path.strip_prefix(folder).unwrap().to_owned();
                if path.is_dir() {
                    found.push((relative, None));
                    open.push(path);
                } else {
                    found.push((relative, Some(fs::read(path).unwrap())));
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn the_same_spec_makes_the_same_tree() {
        let spec = TreeSpec { files: 60, folders: 9, size: Span { low: 0, high: 100_000 }, seed: 5 };
        let (one, two, other) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        make_tree(&spec, one.path()).unwrap();
        make_tree(&spec, two.path()).unwrap();
        make_tree(&TreeSpec { seed: 6, ..spec }, other.path()).unwrap();
        let entries = listed(one.path());
        assert_eq!(entries, listed(two.path()));
        assert_ne!(entries, listed(other.path()));
        let files: Vec<&Vec<u8>> = entries.iter().filter_map(|(_, bytes)| bytes.as_ref()).collect();
        assert_eq!((files.len(), entries.len()), (60, 69));
        assert!(files.iter().all(|bytes| bytes.len() <= 100_000));
        assert!(entries.iter().any(|(path, _)| path.to_string_lossy().is_ascii()));
        assert!(entries.iter().any(|(path, _)| !path.to_string_lossy().is_ascii()));
        assert!(entries.iter().all(|(path, _)| path.components().count() <= DEPTH_MAX + 1));
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let spec = TreeSpec { files: 1, folders: 0, size: Span { low: 1, high: 1 }, seed: 5 };
        let folder = tempfile::tempdir().unwrap();
        let error = make_tree(&spec, &folder.path().join("gone")).unwrap_err().to_string();
        assert!(error.contains("gone") && error.contains("No such file"), "{error}");
    }
}
