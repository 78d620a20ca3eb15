//! Compares two folders in everything a faithful copy keeps, by the standard library's own means.
//! It does not know how the copy was made.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What is compared of one thing. The folder of the tree itself has the empty path.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    mode: u32,
    owner: (u32, u32),
    modified: (i64, i64),
    contents: Contents,
    attributes: BTreeMap<OsString, Vec<u8>>,
    /// The first path, in order, of the same inode.
    same_as: PathBuf,
    has_holes: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Contents {
    Folder,
    Link(PathBuf),
    File(Bytes),
    Other(u32),
}

/// What a file holds; shown by its length.
#[derive(PartialEq, Eq)]
struct Bytes(Vec<u8>);

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// Fails the test where the two differ, naming the first differences.
pub fn assert_same(source: &Path, copy: &Path) {
    let (wanted, found) = (facts(source), facts(copy));
    let mut differences = Vec::new();
    for path in wanted.keys().chain(found.keys().filter(|path| !wanted.contains_key(*path))) {
        let (wanted, found) = (wanted.get(path), found.get(path));
        if wanted != found {
            differences.push(format!("{}\n  source {wanted:?}\n  copy   {found:?}", path.display()));
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences[..1].join("\n"));
}

fn facts(top: &Path) -> BTreeMap<PathBuf, Facts> {
    let mut all = BTreeMap::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(path) = waiting.pop() {
        let here = if path.as_os_str().is_empty() { top.to_owned() } else { top.join(&path) };
        let meta = fs::symlink_metadata(&here).unwrap();
        // Read before the folder is listed or the file opened: both may move the time of last access, nothing else.
        if meta.is_dir() {
            waiting.extend(fs::read_dir(&here).unwrap().map(|entry| path.join(entry.unwrap().file_name())));
        }
        all.insert(path, fact(&here, &meta));
    }
    let mut firsts = HashMap::new();
    for (path, fact) in &mut all {
        let meta =
            fs::symlink_metadata(if path.as_os_str().is_empty() { top.to_owned() } else { top.join(path) }).unwrap();
        fact.same_as.clone_from(firsts.entry((meta.dev(), meta.ino())).or_insert_with(|| path.clone()));
    }
    all
}

fn fact(path: &Path, meta: &fs::Metadata) -> Facts {
    let contents = match meta.file_type() {
        kind if kind.is_dir() => Contents::Folder,
        kind if kind.is_symlink() => Contents::Link(fs::read_link(path).unwrap()),
        kind if kind.is_file() => Contents::File(Bytes(fs::read(path).unwrap())),
        _ => Contents::Other(meta.mode()),
    };
    Facts {
        mode: meta.mode(),
        owner: (meta.uid(), meta.gid()),
        modified: (meta.mtime(), meta.mtime_nsec()),
        contents,
        attributes: if meta.is_symlink() { BTreeMap::new() } else { attributes(path) },
        same_as: PathBuf::new(),
        has_holes: meta.is_file() && meta.blocks() * 512 < meta.len(),
    }
}

fn attributes(path: &Path) -> BTreeMap<OsString, Vec<u8>> {
    use std::os::unix::ffi::OsStrExt as _;
    let mut list = vec![0_u8; 1 << 16];
    let bytes = rustix::fs::llistxattr(path, list.as_mut_slice()).unwrap_or(0);
    let names = list[..bytes].split(|&byte| byte == 0).filter(|name| !name.is_empty());
    names
        .map(|name| {
            let mut value = vec![0_u8; 1 << 16];
            let bytes = rustix::fs::lgetxattr(path, name, value.as_mut_slice()).unwrap();
            value.truncate(bytes);
            (std::ffi::OsStr::from_bytes(name).to_owned(), value)
        })
        .collect()
}
