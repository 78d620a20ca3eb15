//! The journal: a run's events in a file that checks itself.
//! It does not know the state that events lead to, who makes them, or how they look on a screen.

mod brief;
mod disk;
mod find;
mod format;
#[cfg(test)]
pub(crate) mod made_up;
mod read;
mod record;
mod retention;
mod store;
mod thin;
mod trim;
mod write;

pub use brief::{BRIEF, Brief, Outcome};
pub use disk::{Disk, DiskError, RealDisk, Target};
pub use find::{
    FindError, Found, JOURNAL, NoRunsFolder, OUTPUT, as_id, beside, find, in_folder, is_live, run_ids, runs_folder,
};
pub use format::{
    CopyItemRef, CopyRef, FORMAT, Header, LINE_BYTES_MAX, RunId, ScenarioRef, encode_event, encode_header,
};
pub use read::{Damage, DamageKind, Entry, Mark, OpenError, Reader};
pub use record::{BATCHES_MAX, Recorded, Recorder, Recording, record};
pub use retention::{bytes_in, tidy};
pub use store::{Opened, Reopened, StoreError, create_at, create_in, date, reopen};
pub use trim::{Trimmed, trim};
pub use write::Writer;
