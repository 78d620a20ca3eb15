//! What the viewer chose: which pane has the focus, what is selected, filtered, sorted, zoomed. PURE.
//! It does not know the terminal or the keys; nothing in here changes the run.

use std::sync::Arc;

use crate::event::Elapsed;
use crate::model::Playback;
use crate::task::{ObjectId, TaskId, WorkerId};

/// A part of the screen that can have the focus. Alt with a number follows this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Pane {
    /// The children.
    #[default]
    Workers,
    /// Queue depth over time, and throughput by pool size.
    Charts,
    /// One row a seat, one block an attempt.
    Timeline,
    /// All tasks.
    Tasks,
    /// One task: attempts, times, output, reason.
    Detail,
    /// What was notable.
    Log,
    /// What processes talk through, and the workers' own connections.
    Channels,
    /// What to watch, what functions print and return.
    Story,
}

impl Pane {
    /// In the order of the number keys and of Tab.
    pub const ALL: [Self; 8] = [
        Self::Workers,
        Self::Charts,
        Self::Timeline,
        Self::Tasks,
        Self::Detail,
        Self::Log,
        Self::Channels,
        Self::Story,
    ];

    /// The one after this; after the last, the first.
    #[must_use]
    pub fn next(self) -> Self {
        Self::ALL[(self as usize + 1) % Self::ALL.len()]
    }

    /// The one before this; before the first, the last.
    #[must_use]
    pub fn previous(self) -> Self {
        Self::ALL[(self as usize + Self::ALL.len() - 1) % Self::ALL.len()]
    }

    /// Whether what is selected in it is a worker; in the others it is a task.
    pub fn is_about_workers(self) -> bool {
        matches!(self, Self::Workers | Self::Charts | Self::Timeline)
    }
}

/// A row of the channels pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// An object of the scenario.
    Object(ObjectId),
    /// A worker's own connection.
    Wire(WorkerId),
}

/// What the detail is of, when it has the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DetailOf {
    /// The selected task.
    #[default]
    Task,
    /// The selected channel.
    Channel,
}

/// Whether the person has been shown why nothing goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VerdictSeen {
    /// Not this time.
    #[default]
    No,
    /// They have, and may have closed the dialog.
    Yes,
}

/// Whether one pane has the whole screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zoom {
    /// All panes that fit.
    #[default]
    All,
    /// The focused pane alone, under the header.
    Focused,
}

/// What lies over the panes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// Every key and what it does; the line chosen among those that contain the text.
    Help { chosen: usize, filter: String },
    /// Every action by name; the text typed so far and the line chosen.
    Palette { typed: String, chosen: usize },
    /// Which signal to send to that task.
    Signals { task: TaskId, chosen: usize },
    /// Tasks are running: really quit?
    ConfirmQuit,
    /// Why nothing can go on, and what can be done; scrolled down by so many lines.
    Verdict { scroll: usize },
    /// The filter is being typed.
    Filter { typed: String },
    /// A number is being typed, to become the pool's size.
    Size { typed: String },
}

/// Whether the view follows the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Follow {
    /// What is new comes into view.
    #[default]
    Live,
    /// The view stays as it is until told otherwise; the run goes on.
    Frozen,
}

/// Which way a list is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortOrder {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

/// A column of the workers pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WorkerColumn {
    /// The seat.
    #[default]
    Slot,
    /// The process id.
    Pid,
    /// The state's word.
    State,
    /// The task's title.
    Task,
    /// How far the task is.
    Progress,
    /// Per cent of one CPU.
    Cpu,
    /// Resident memory.
    Memory,
    /// Attempts ended.
    Ended,
    /// Time since it was started.
    Age,
}

/// A column of the tasks pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TaskColumn {
    /// The order of submission.
    #[default]
    Number,
    /// The title.
    Title,
    /// The status.
    Status,
    /// How long the latest attempt took.
    Took,
    /// Attempts begun.
    Attempts,
}

/// Anything a list can be sorted by.
pub trait Column: Copy + PartialEq + Default + 'static {
    /// In the order shown.
    const ALL: &'static [Self];
    /// The words in the header line.
    fn heading(self) -> &'static str;
    /// The order people want when they choose this column.
    fn order_first(self) -> SortOrder;
}

/// How a list is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List<C> {
    /// The first line in view.
    pub top: usize,
    /// Sorted by this.
    pub column: C,
    /// In that order.
    pub order: SortOrder,
}

/// A short message that goes away by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// What it says; not yet safe for a terminal.
    pub text: String,
    /// Until when, on the clock of the screen.
    pub until: Elapsed,
}

/// Everything the viewer chose.
#[derive(Clone, Debug, Default)]
pub struct Viewer {
    /// The pane keys go to.
    pub focus: Pane,
    /// Whether it has the whole screen.
    pub zoom: Zoom,
    /// What lies over the panes.
    pub overlay: Overlay,
    /// Whether new things come into view.
    pub follow: Follow,
    /// The workers pane.
    pub workers: List<WorkerColumn>,
    /// The tasks pane.
    pub tasks: List<TaskColumn>,
    /// Only tasks whose title or status contains this are listed; empty: all.
    pub filter: String,
    /// The first log line in view, counted from the last; 0 follows.
    pub log_back: usize,
    /// What the detail is of.
    pub detail_of: DetailOf,
    /// Lines the detail is scrolled down by.
    pub detail_scroll: usize,
    /// The first row in view of the channels.
    pub channels_top: usize,
    /// The selected channel.
    pub channel: Option<Channel>,
    /// The last line in view of the story, counted from the end; 0 follows.
    pub story_back: usize,
    /// Whether the verdict that stands now has been shown.
    pub verdict_seen: VerdictSeen,
    /// The selected worker, while it is there.
    pub worker: Option<WorkerId>,
    /// The selected task.
    pub task: Option<TaskId>,
    /// Which instant of a recorded run this is; `None`: it is a run as it happens.
    pub replay: Option<Arc<Playback>>,
    /// The message of the moment.
    pub toast: Option<Toast>,
    /// The list of tasks made last; belongs to the tasks pane, which alone looks into it.
    pub listed: super::panes::tasks::ListCache,
}

impl Column for WorkerColumn {
    const ALL: &'static [Self] = &[
        Self::Slot,
        Self::Pid,
        Self::State,
        Self::Task,
        Self::Progress,
        Self::Cpu,
        Self::Memory,
        Self::Ended,
        Self::Age,
    ];

    fn heading(self) -> &'static str {
        match self {
            Self::Slot => "#",
            Self::Pid => "PID",
            Self::State => "STATE",
            Self::Task => "TASK",
            Self::Progress => "PROGRESS",
            Self::Cpu => "CPU",
            Self::Memory => "MEM",
            Self::Ended => "DONE",
            Self::Age => "AGE",
        }
    }

    fn order_first(self) -> SortOrder {
        match self {
            Self::Slot | Self::Pid | Self::State | Self::Task => SortOrder::Ascending,
            Self::Progress | Self::Cpu | Self::Memory | Self::Ended | Self::Age => SortOrder::Descending,
        }
    }
}

impl Column for TaskColumn {
    const ALL: &'static [Self] = &[Self::Number, Self::Title, Self::Status, Self::Took, Self::Attempts];

    fn heading(self) -> &'static str {
        match self {
            Self::Number => "#",
            Self::Title => "TASK",
            Self::Status => "STATUS",
            Self::Took => "TIME",
            Self::Attempts => "ATTEMPT",
        }
    }

    fn order_first(self) -> SortOrder {
        match self {
            Self::Number | Self::Title | Self::Status => SortOrder::Ascending,
            Self::Took | Self::Attempts => SortOrder::Descending,
        }
    }
}
