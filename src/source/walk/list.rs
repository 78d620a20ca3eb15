//! Lists one folder after the other, however deep, with two descriptors open at a time, and makes tasks of the files.
//! It does not know the plan's other items, nor what the later stages do with what it remembers.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::os::fd::{AsFd as _, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Mode, RawDir, Stat, mkdirat, statat};
use rustix::io::Errno;

use crate::beneath::{self, Access, TempName, why};
use crate::command::Weight;
use crate::task::{CopyEntry, EntryKind, RawText};

use super::group::Group;
use super::tree::{FirstName, Folder, FurtherName, Lock, Tree, push_component};
use super::{CONTENTS, Closed, Ends, Outlet, batch, fingerprint, unlock_if_needed};

/// Files up to this size share a task.
const SMALL_BYTES_MAX: u64 = 128 << 10;

/// How long the path of one folder may be: some tens of tasks share a frame of the wire.
const FOLDER_BYTES_MAX: usize = 24 << 10;

/// How many names of one folder are held, and therefore sorted, at a time.
const NAMES_MAX: usize = 1 << 16;

/// How much of a folder's list is read at once.
const LIST_BYTES: usize = 64 << 10;

/// A walk below one pair of folders.
pub(super) struct Lister<'a, 'b> {
    ends: Ends,
    tree: Tree,
    /// Files of several names met so far whose other names are still to come, by device and inode.
    shared: HashMap<(u64, u64), Shared>,
    targets: &'a [(u64, u64)],
    outlet: &'a mut Outlet<'b>,
}

struct Shared {
    first: Rc<FirstName>,
    names_left: u64,
}

/// The folder being listed.
struct Here {
    at: usize,
    path: Vec<u8>,
    source: OwnedFd,
    target: OwnedFd,
}

impl<'a, 'b> Lister<'a, 'b> {
    /// Lists everything below the two folders and sends the tasks of the first stage; what the later ones need is returned.
    /// Never enters one of the `targets`, wherever it lies.
    pub(super) fn walk(ends: Ends, targets: &'a [(u64, u64)], outlet: &'a mut Outlet<'b>) -> Result<Tree, Closed> {
        let tree = Tree::new(Arc::clone(&ends.roots), ends.source_mode);
        let mut lister = Self { ends, tree, shared: HashMap::new(), targets, outlet };
        lister.run()?;
        Ok(lister.tree)
    }

    fn run(&mut self) -> Result<(), Closed> {
        let mut waiting = vec![0];
        while let Some(at) = waiting.pop() {
            let before = self.tree.folders.len();
            self.list(at)?;
            waiting.extend((before..self.tree.folders.len()).rev());
        }
        Ok(())
    }

    fn list(&mut self, at: usize) -> Result<(), Closed> {
        let path = self.tree.path(at);
        let opened = beneath::open_folder(self.ends.source.as_fd(), &path, Access::List)
            .map_err(|errno| (self.source_path(&path, b""), errno))
            .and_then(|source| {
                beneath::open_folder(self.ends.target.as_fd(), &path, Access::Pass)
                    .map(|target| (source, target))
                    .map_err(|errno| (self.target_path(&path, b""), errno))
            });
        let here = match opened {
            Ok((source, target)) => Here { at, path, source, target },
            Err((path, errno)) => {
                return self.outlet.note(Weight::Error, format!("open folder {path}: {}", why(errno)));
            }
        };
        let mut group = Group::default();
        let mut buffer = Vec::with_capacity(LIST_BYTES);
        let mut list = RawDir::new(&here.source, buffer.spare_capacity_mut());
        loop {
            let (mut names, end) = read_names(&mut list);
            names.sort_unstable();
            for name in names {
                if self.meet(&here, name, &mut group)?.is_break() {
                    group.send(&self.ends.roots, CONTENTS, here.path, self.outlet)?;
                    return Ok(());
                }
            }
            match end {
                ListEnd::More => {}
                ListEnd::Reached => break,
                ListEnd::Failed(errno) => {
                    let path = self.source_path(&here.path, b"");
                    self.outlet.note(Weight::Error, format!("list folder {path}: {}", why(errno)))?;
                    break;
                }
            }
        }
        group.send(&self.ends.roots, CONTENTS, here.path, self.outlet)
    }

    /// Deals with one name of a folder. Breaks where the folder's other names cannot be looked at either.
    fn meet(&mut self, here: &Here, name: Box<[u8]>, group: &mut Group) -> Result<ControlFlow<()>, Closed> {
        let roots = Arc::clone(&self.ends.roots);
        let path = || shown_path(&roots.source, &here.path, &name);
        let stat = match statat(&here.source, &*name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::ACCESS) => {
                let folder = self.source_path(&here.path, b"");
                self.outlet.note(Weight::Error, format!("look at what is in {folder}: permission denied"))?;
                return Ok(ControlFlow::Break(()));
            }
            Err(errno) => {
                self.outlet.note(Weight::Error, format!("look at {}: {}", path(), why(errno)))?;
                return Ok(ControlFlow::Continue(()));
            }
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory if self.targets.contains(&beneath::identity(&stat)) => {
                self.outlet.note(Weight::Error, format!("copy {}: it is the destination itself", path()))?;
            }
            FileType::Directory => self.enter(here, name, &stat)?,
            FileType::RegularFile | FileType::Symlink if TempName::parse(&name).is_some() => {
                self.outlet.note(Weight::Skipped, format!("{} is the rest of an unfinished copy", path()))?;
            }
            FileType::RegularFile | FileType::Symlink => self.file(here, name, &stat, group)?,
            _ => {
                let text = format!("{} is {}, which is not copied", path(), beneath::kind_name(&stat));
                self.outlet.note(Weight::Skipped, text)?;
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Creates a folder's counterpart and remembers it to be listed.
    fn enter(&mut self, here: &Here, name: Box<[u8]>, stat: &Stat) -> Result<(), Closed> {
        if here.path.len() + 1 + name.len() > FOLDER_BYTES_MAX {
            let path = self.source_path(&here.path, b"");
            let text = format!("copy a folder in {path}: the path is longer than {FOLDER_BYTES_MAX} bytes");
            return self.outlet.note(Weight::Error, text);
        }
        let made = match mkdirat(&here.target, &*name, Mode::RWXU) {
            Err(Errno::EXIST) => reuse(&here.target, &name),
            Ok(()) => Ok(()),
            Err(errno) => Err(why(errno)),
        };
        if let Err(reason) = made {
            let path = self.target_path(&here.path, &name);
            return self.outlet.note(Weight::Error, format!("create folder {path}: {reason}"));
        }
        self.tree.folders.push(Folder { parent: here.at, name, lock: Lock::of(stat.st_mode) });
        Ok(())
    }

    fn file(&mut self, here: &Here, name: Box<[u8]>, stat: &Stat, group: &mut Group) -> Result<(), Closed> {
        if stat.st_nlink > 1
            && let Some(first) = self.further_name_of(here, &name, stat)
        {
            self.tree.further.push(FurtherName { folder: here.at, name, first });
            return Ok(());
        }
        let (kind, bytes) = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => (EntryKind::File(fingerprint(stat)), beneath::size(stat)),
            _ => (EntryKind::Symlink, 0),
        };
        let entry = CopyEntry { name: RawText(name.into_vec()), rename: None, kind };
        if bytes > SMALL_BYTES_MAX {
            return self.outlet.task(CONTENTS, batch(&self.ends.roots, here.path.clone(), vec![entry]));
        }
        group.add(&self.ends.roots, CONTENTS, &here.path, (entry, bytes), self.outlet)
    }

    /// The first name of a file met before. Otherwise remembers this one as the first.
    fn further_name_of(&mut self, here: &Here, name: &[u8], stat: &Stat) -> Option<Rc<FirstName>> {
        let identity = beneath::identity(stat);
        let Some(shared) = self.shared.get_mut(&identity) else {
            let first = Rc::new(FirstName { folder: here.at, name: name.into() });
            self.shared.insert(identity, Shared { first, names_left: stat.st_nlink - 1 });
            return None;
        };
        let first = Rc::clone(&shared.first);
        shared.names_left -= 1;
        if shared.names_left == 0 {
            // All its names are known: the map holds only what is still open.
            self.shared.remove(&identity);
        }
        Some(first)
    }

    fn source_path(&self, folder: &[u8], name: &[u8]) -> String {
        shown_path(&self.ends.roots.source, folder, name)
    }

    fn target_path(&self, folder: &[u8], name: &[u8]) -> String {
        shown_path(&self.ends.roots.target, folder, name)
    }
}

/// Takes an existing folder for the counterpart of a source folder; says why it cannot be one.
fn reuse(target: &OwnedFd, name: &[u8]) -> Result<(), String> {
    let stat = statat(target, name, AtFlags::SYMLINK_NOFOLLOW).map_err(why)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        return Err(format!("{} is in the way; move it elsewhere", beneath::kind_name(&stat)));
    }
    if let Ok(folder) = beneath::open_folder(target.as_fd(), name, Access::Pass) {
        unlock_if_needed(&folder, stat.st_mode);
    }
    Ok(())
}

/// Why a portion of names ended.
enum ListEnd {
    /// It is full.
    More,
    /// The folder has no more.
    Reached,
    /// The list cannot be read any further.
    Failed(Errno),
}

fn read_names<Fd: std::os::fd::AsFd>(list: &mut RawDir<'_, Fd>) -> (Vec<Box<[u8]>>, ListEnd) {
    let mut names = Vec::new();
    while names.len() < NAMES_MAX {
        match list.next() {
            None => return (names, ListEnd::Reached),
            Some(Err(errno)) => return (names, ListEnd::Failed(errno)),
            Some(Ok(entry)) => match entry.file_name().to_bytes() {
                b"." | b".." => {}
                name => names.push(name.into()),
            },
        }
    }
    (names, ListEnd::More)
}

fn shown_path(root: &RawText, folder: &[u8], name: &[u8]) -> String {
    let mut path = root.0.clone();
    for part in [folder, name] {
        if !part.is_empty() {
            push_component(&mut path, part);
        }
    }
    String::from_utf8_lossy(&path).into_owned()
}
