//! What `SRC... DST` means: which folder or file becomes which, with the habits of `cp -r`, or why it cannot be.
//! It does not change anything on the disk, nor know what is inside the folders.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Everything one command line asks to be copied. No two items write the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyPlan {
    /// A folder to be created before anything else; its parent exists.
    pub create: Option<PathBuf>,
    /// In the order of the command line.
    pub items: Vec<CopyPlanItem>,
}

/// One argument's share of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyPlanItem {
    /// An existing folder: absolute, free of links.
    pub source: PathBuf,
    /// A folder: absolute, free of links. For [`Shape::Tree`] it may have to be created; else it exists, or is created first.
    pub target: PathBuf,
    /// What of the source is meant.
    pub shape: Shape,
}

/// What of the source folder is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The folder with all that is in it.
    Tree,
    /// One file or link of it.
    One {
        /// Its name in the source folder.
        name: OsString,
        /// Its name in the target folder where that differs.
        rename: Option<OsString>,
    },
}

/// Why the arguments cannot be carried out. Nothing was changed.
#[derive(Debug, Error)]
pub enum PlanError {
    /// There is nothing to copy.
    #[error("copy to {}: no source is given; name what to copy before it", .0.display())]
    NoSource(PathBuf),
    /// An argument does not exist or cannot be looked at.
    #[error("look at {}: {reason}; check the name and the permissions", path.display())]
    Unreachable { path: PathBuf, reason: String },
    /// Source and destination are one.
    #[error("copy {} to {}: they are the same; give another destination", source_path.display(), target.display())]
    Same { source_path: PathBuf, target: PathBuf },
    /// The copy would contain itself.
    #[error("copy {} into {}: the destination lies inside the source; give one outside of it", source_path.display(), target.display())]
    Inside { source_path: PathBuf, target: PathBuf },
    /// A file stands where a folder has to be.
    #[error("copy folder {} to {}: {kind} is in the way; remove it or give another destination", source_path.display(), target.display())]
    FolderOntoOther { source_path: PathBuf, target: PathBuf, kind: &'static str },
    /// A folder, or something that is no file, stands where a file has to be.
    #[error("copy {} to {}: {kind} is in the way; remove it or give another destination", source_path.display(), target.display())]
    OntoOther { source_path: PathBuf, target: PathBuf, kind: &'static str },
    /// Several things cannot become one file.
    #[error("copy several sources to {}: it is not a folder; give a folder as the last argument", .0.display())]
    TargetNotAFolder(PathBuf),
    /// The destination's own folder is missing.
    #[error("copy to {}: there is no folder {}; create it first", target.display(), parent.display())]
    NoParent { target: PathBuf, parent: PathBuf },
    /// A path that ends in a slash has to be a folder.
    #[error("copy {} to {}: there is no such folder; create it, or leave out the slash at the end", source_path.display(), target.display())]
    NoSuchFolder { source_path: PathBuf, target: PathBuf },
    /// A link leads nowhere.
    #[error("copy to {}: it is a link that leads nowhere; remove it or give another destination", .0.display())]
    Dangling(PathBuf),
    /// Neither file nor folder nor link.
    #[error("copy {}: it is {kind}; only files, folders and links can be copied", path.display())]
    Unsupported { path: PathBuf, kind: &'static str },
    /// Two sources would become one.
    #[error("copy {} and {}: both would become {}; copy them to different folders", first.display(), second.display(), target.display())]
    Twice { first: PathBuf, second: PathBuf, target: PathBuf },
}

/// Decides what becomes what.
///
/// # Errors
/// The first reason why the arguments cannot be carried out. They are only looked at, so a later change on the disk is
/// met again, and refused again, where it matters.
pub fn plan(sources: &[PathBuf], target: &Path) -> Result<CopyPlan, PlanError> {
    if sources.is_empty() {
        return Err(PlanError::NoSource(target.to_owned()));
    }
    let origins = sources.iter().map(|source| Origin::look(source)).collect::<Result<Vec<_>, _>>()?;
    let place = Destination::look(target)?;
    let mut plan = CopyPlan { create: None, items: Vec::with_capacity(origins.len()) };
    match (&place, origins.as_slice()) {
        (Destination::Folder(folder), _) => {
            for origin in &origins {
                plan.items.push(into_folder(origin, folder)?);
            }
        }
        (Destination::Other { folder, name, kind }, [origin]) => plan.items.push(onto(origin, folder, name, kind)?),
        (Destination::Missing { parent, name }, [origin]) => plan.items.push(as_new(origin, parent, name, target)?),
        (Destination::Other { .. }, _) => return Err(PlanError::TargetNotAFolder(target.to_owned())),
        (Destination::Missing { parent, name }, _) => {
            let folder = parent.join(name);
            for origin in &origins {
                refuse_inside(origin, parent, &folder)?;
                plan.items.push(origin.item(&folder));
            }
            plan.create = Some(folder);
        }
    }
    refuse_twice(&origins, &plan.items)?;
    Ok(plan)
}

/// One source as it was found.
#[derive(Debug)]
struct Origin {
    given: PathBuf,
    /// The folder itself, or the folder of the file or link.
    folder: PathBuf,
    kind: OriginKind,
    /// Device and inode; of a link, after its own, those of what it leads to.
    identities: Vec<(u64, u64)>,
}

#[derive(Debug)]
enum OriginKind {
    /// A folder that keeps its name.
    Folder(OsString),
    /// A folder given as `.`, `..` or `/`, or with that as its last part: what is in it goes into the destination itself.
    Contents,
    /// A file or link.
    One(OsString),
}

impl Origin {
    fn look(given: &Path) -> Result<Self, PlanError> {
        let unreachable = |error: io::Error| unreachable_path(given, &error);
        let bytes = given.as_os_str().as_bytes();
        let trimmed = trim_slashes(bytes);
        let last = trimmed.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let is_contents = matches!(last, b"" | b"." | b"..") && !bytes.is_empty();
        let is_link = fs::symlink_metadata(given).map_err(unreachable)?.file_type().is_symlink();
        if is_contents || (!is_link && fs::metadata(given).map_err(unreachable)?.is_dir()) {
            let meta = fs::metadata(given).map_err(unreachable)?;
            if !meta.is_dir() {
                return Err(unreachable_path(given, &io::Error::from(io::ErrorKind::NotADirectory)));
            }
            let kind =
                if is_contents { OriginKind::Contents } else { OriginKind::Folder(OsStr::from_bytes(last).to_owned()) };
            let folder = fs::canonicalize(given).map_err(unreachable)?;
            return Ok(Self { given: given.to_owned(), folder, kind, identities: vec![identity(&meta)] });
        }
        let meta = fs::symlink_metadata(given).map_err(unreachable)?;
        if !meta.is_file() && !is_link {
            return Err(PlanError::Unsupported { path: given.to_owned(), kind: kind_name(meta.file_type()) });
        }
        let folder = canonical_parent(trimmed).map_err(unreachable)?;
        let behind = fs::metadata(given).ok();
        let identities = std::iter::once(&meta).chain(&behind).map(identity).collect();
        let kind = OriginKind::One(OsStr::from_bytes(last).to_owned());
        Ok(Self { given: given.to_owned(), folder, kind, identities })
    }

    /// What it becomes in that folder.
    fn item(&self, folder: &Path) -> CopyPlanItem {
        let (target, shape) = match &self.kind {
            OriginKind::Folder(name) => (folder.join(name), Shape::Tree),
            OriginKind::Contents => (folder.to_owned(), Shape::Tree),
            OriginKind::One(name) => (folder.to_owned(), Shape::One { name: name.clone(), rename: None }),
        };
        CopyPlanItem { source: self.folder.clone(), target, shape }
    }

    fn same(&self, target: &Path) -> PlanError {
        PlanError::Same { source_path: self.given.clone(), target: target.to_owned() }
    }
}

/// The last argument as it was found.
#[derive(Debug)]
enum Destination {
    /// An existing folder, free of links.
    Folder(PathBuf),
    /// Something else that exists: its folder and its name, free of links.
    Other { folder: PathBuf, name: OsString, kind: &'static str },
    /// Nothing yet, in a folder that exists.
    Missing { parent: PathBuf, name: OsString },
}

impl Destination {
    fn look(given: &Path) -> Result<Self, PlanError> {
        match fs::metadata(given) {
            Ok(meta) => {
                let whole = fs::canonicalize(given).map_err(|error| unreachable_path(given, &error))?;
                if meta.is_dir() {
                    return Ok(Self::Folder(whole));
                }
                let (Some(folder), Some(name)) = (whole.parent(), whole.file_name()) else {
                    return Err(PlanError::TargetNotAFolder(given.to_owned()));
                };
                let kind = kind_name(meta.file_type());
                Ok(Self::Other { folder: folder.to_owned(), name: name.to_owned(), kind })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::look_at_missing(given),
            Err(error) => Err(unreachable_path(given, &error)),
        }
    }

    fn look_at_missing(given: &Path) -> Result<Self, PlanError> {
        let trimmed = trim_slashes(given.as_os_str().as_bytes());
        if fs::symlink_metadata(OsStr::from_bytes(trimmed)).is_ok() {
            return Err(PlanError::Dangling(given.to_owned()));
        }
        let name = trimmed.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let no_parent = || PlanError::NoParent { target: given.to_owned(), parent: parent_of(trimmed).to_owned() };
        if matches!(name, b"" | b"." | b"..") {
            return Err(no_parent());
        }
        let parent = canonical_parent(trimmed).map_err(|_| no_parent())?;
        Ok(Self::Missing { parent, name: OsStr::from_bytes(name).to_owned() })
    }
}

fn into_folder(origin: &Origin, folder: &Path) -> Result<CopyPlanItem, PlanError> {
    let item = origin.item(folder);
    match &item.shape {
        Shape::One { name, .. } => {
            refuse_onto(origin, &folder.join(name))?;
        }
        Shape::Tree => {
            let (source_path, target) = (origin.given.clone(), item.target.clone());
            match fs::symlink_metadata(&item.target) {
                Ok(meta) if origin.identities.contains(&identity(&meta)) => return Err(origin.same(&item.target)),
                Ok(meta) if !meta.is_dir() => {
                    let kind = kind_name(meta.file_type());
                    return Err(PlanError::FolderOntoOther { source_path, target, kind });
                }
                _ => refuse_inside(origin, folder, &target)?,
            }
        }
    }
    Ok(item)
}

fn onto(origin: &Origin, folder: &Path, name: &OsStr, kind: &'static str) -> Result<CopyPlanItem, PlanError> {
    let target = folder.join(name);
    match &origin.kind {
        OriginKind::One(own) => {
            refuse_onto(origin, &target)?;
            Ok(renamed(origin, own, folder, name))
        }
        OriginKind::Folder(_) | OriginKind::Contents => {
            Err(PlanError::FolderOntoOther { source_path: origin.given.clone(), target, kind })
        }
    }
}

fn as_new(origin: &Origin, parent: &Path, name: &OsStr, given: &Path) -> Result<CopyPlanItem, PlanError> {
    match &origin.kind {
        OriginKind::One(_) if given.as_os_str().as_bytes().ends_with(b"/") => {
            Err(PlanError::NoSuchFolder { source_path: origin.given.clone(), target: given.to_owned() })
        }
        OriginKind::One(own) => Ok(renamed(origin, own, parent, name)),
        OriginKind::Folder(_) | OriginKind::Contents => {
            let target = parent.join(name);
            refuse_inside(origin, parent, &target)?;
            Ok(CopyPlanItem { source: origin.folder.clone(), target, shape: Shape::Tree })
        }
    }
}

fn renamed(origin: &Origin, own: &OsStr, folder: &Path, name: &OsStr) -> CopyPlanItem {
    let rename = (own != name).then(|| name.to_owned());
    let shape = Shape::One { name: own.to_owned(), rename };
    CopyPlanItem { source: origin.folder.clone(), target: folder.to_owned(), shape }
}

/// Refuses to put a file or link where a folder, a device, or itself by whatever name is.
fn refuse_onto(origin: &Origin, target: &Path) -> Result<(), PlanError> {
    let Ok(there) = fs::symlink_metadata(target) else { return Ok(()) };
    let leads_to_source =
        || fs::metadata(target).is_ok_and(|behind| origin.identities.first() == Some(&identity(&behind)));
    if origin.identities.contains(&identity(&there)) || leads_to_source() {
        return Err(origin.same(target));
    }
    if there.is_file() || there.file_type().is_symlink() {
        return Ok(());
    }
    let (source_path, kind) = (origin.given.clone(), kind_name(there.file_type()));
    Err(PlanError::OntoOther { source_path, target: target.to_owned(), kind })
}

/// Refuses a folder whose copy would lie in it. Compared by device and inode: names can lie, bind mounts do.
fn refuse_inside(origin: &Origin, existing: &Path, target: &Path) -> Result<(), PlanError> {
    if matches!(origin.kind, OriginKind::One(_)) {
        return Ok(());
    }
    for ancestor in existing.ancestors() {
        let meta = fs::metadata(ancestor).map_err(|error| unreachable_path(ancestor, &error))?;
        if origin.identities.contains(&identity(&meta)) {
            return Err(PlanError::Inside { source_path: origin.given.clone(), target: target.to_owned() });
        }
    }
    Ok(())
}

/// Refuses two sources that would become one: which of them were left would be a matter of luck.
fn refuse_twice(origins: &[Origin], items: &[CopyPlanItem]) -> Result<(), PlanError> {
    let twice = |first: &Origin, second: &Origin, target: PathBuf| {
        Err(PlanError::Twice { first: first.given.clone(), second: second.given.clone(), target })
    };
    let mut taken = HashMap::new();
    for (origin, item) in origins.iter().zip(items) {
        let target = match &item.shape {
            Shape::Tree => item.target.clone(),
            Shape::One { name, rename } => item.target.join(rename.as_ref().unwrap_or(name)),
        };
        if let Some(first) = taken.insert(target.clone(), origin) {
            return twice(first, origin, target);
        }
    }
    let Some(contents) = origins.iter().find(|origin| matches!(origin.kind, OriginKind::Contents)) else {
        return Ok(());
    };
    for (origin, item) in origins.iter().zip(items) {
        if let OriginKind::Folder(name) | OriginKind::One(name) = &origin.kind
            && fs::symlink_metadata(contents.folder.join(name)).is_ok()
        {
            return twice(contents, origin, item.target.clone());
        }
    }
    Ok(())
}

fn trim_slashes(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|&byte| byte != b'/').map_or(0, |last| last + 1);
    &path[..end]
}

fn parent_of(trimmed: &[u8]) -> &Path {
    match trimmed.iter().rposition(|&byte| byte == b'/') {
        None => Path::new("."),
        Some(0) => Path::new("/"),
        Some(slash) => Path::new(OsStr::from_bytes(&trimmed[..slash])),
    }
}

fn canonical_parent(trimmed: &[u8]) -> io::Result<PathBuf> {
    let parent = fs::canonicalize(parent_of(trimmed))?;
    if parent.is_dir() { Ok(parent) } else { Err(io::ErrorKind::NotADirectory.into()) }
}

fn identity(meta: &fs::Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}

fn kind_name(kind: fs::FileType) -> &'static str {
    match kind {
        kind if kind.is_file() => "a file",
        kind if kind.is_dir() => "a folder",
        kind if kind.is_symlink() => "a symbolic link",
        kind if kind.is_fifo() => "a FIFO",
        kind if kind.is_socket() => "a socket",
        kind if kind.is_char_device() => "a character device",
        kind if kind.is_block_device() => "a block device",
        _ => "a thing of an unknown kind",
    }
}

fn unreachable_path(path: &Path, error: &io::Error) -> PlanError {
    let reason = match error.raw_os_error() {
        Some(code) => crate::beneath::why(rustix::io::Errno::from_raw_os_error(code)),
        None => error.kind().to_string(),
    };
    PlanError::Unreachable { path: path.to_owned(), reason }
}

#[cfg(test)]
mod tests;
