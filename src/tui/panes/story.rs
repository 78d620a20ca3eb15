//! The story pane: what to watch, what the functions print and return, and in the end what it showed. PURE.
//! It does not know how the run gets there.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::event::{Elapsed, Phase};
use crate::model::{State, StoryKind, StoryLine};
use crate::text::{sanitized, width};
use crate::tui::format::moment;
use crate::tui::theme::{Role, Theme};
use crate::tui::viewer::{Pane, Viewer};
use crate::tui::wrap::wrap;

use super::draw::{Cursor, Frame, frame, hint, inside, range_words, row, scroll_mark};
use super::waits::who;

/// The longest a speaker's name may be.
const SPEAKER_COLUMNS_MAX: usize = 16;

/// From this width on lines carry their time.
const TIMED: u16 = 56;

/// How many lines are looked through for the longest name of a speaker.
const SPEAKERS_LOOKED_AT: usize = 60;

/// Whether there is anything to tell.
pub fn has_story(state: &State) -> bool {
    state.start.as_ref().is_some_and(|start| start.story.is_some())
        || state.story.now.is_some()
        || !state.story.lines().is_empty()
}

/// How many lines there are to scroll through.
pub fn len(state: &State) -> usize {
    state.story.lines().len() + usize::from(ending(state).is_some())
}

/// Draws the pane.
pub fn render(area: Rect, buf: &mut Buffer, state: &State, viewer: &Viewer, theme: &Theme) {
    let inner = inside(area);
    let title = state.start.as_ref().map(|start| sanitized(&start.title).into_owned()).unwrap_or_default();
    let len = len(state);
    let end = len - viewer.story_back.min(len.saturating_sub(1));
    let watch = watch(state).map(|text| wrap(text, inner.width.saturating_sub(2))).unwrap_or_default();
    // What to watch may take a half; the lines that come take what is left.
    let most = if len == 0 { inner.height } else { (inner.height / 2).max(1) };
    let watch_rows = u16::try_from(watch.len()).unwrap_or(u16::MAX).min(most);
    let rule = u16::from(watch_rows > 0 && inner.height >= watch_rows + 4);
    let list = Rect { y: inner.y + watch_rows + rule, height: inner.height.saturating_sub(watch_rows + rule), ..inner };
    let shown = told(end, list, state, theme);
    let range = end - shown.len()..end;
    let extra = if viewer.story_back > 0 { range_words(&range, len) } else { String::new() };
    frame(buf, area, &Frame { pane: Pane::Story, title: "Story", beside: &title, extra: &extra }, viewer, theme);
    if len == 0 && watch.is_empty() {
        hint(buf, inner, "this run tells no story: what functions print and return would stand here", theme);
        return;
    }
    let ellipsis = theme.glyphs().ellipsis;
    for (line, text) in (0..watch_rows).zip(&watch) {
        let mut cursor = Cursor::new(buf, row(inner, line), 0);
        let mark = if line == 0 { theme.glyphs().watch } else { " " };
        cursor.text(mark, theme.style(Role::Marker)).gap(1).text(text, theme.style(Role::Strong));
        if line + 1 == watch_rows && usize::from(watch_rows) < watch.len() {
            cursor.text(ellipsis, theme.style(Role::Strong));
        }
    }
    if rule > 0 {
        let line = theme.glyphs().line.repeat(inner.width.into());
        Cursor::new(buf, row(inner, watch_rows), 0).text(&line, theme.style(Role::Faint));
    }
    render_told(&shown, list, buf, theme);
    scroll_mark(buf, area, list, len, &range, theme);
}

/// From the last line in view upwards, until there is no more room. Of the uppermost only the end may be in view.
fn told(end: usize, list: Rect, state: &State, theme: &Theme) -> Vec<Told> {
    let speaker = speaker_columns(state, list.width);
    let mut shown: Vec<Told> = Vec::new();
    let mut height = 0;
    while shown.len() < end && height < usize::from(list.height) {
        let mut told = Told::of(end - 1 - shown.len(), list.width, speaker, state, theme);
        told.hidden = (height + told.text.len()).saturating_sub(list.height.into());
        height += told.text.len();
        shown.push(told);
    }
    shown.reverse();
    shown
}

fn render_told(shown: &[Told], list: Rect, buf: &mut Buffer, theme: &Theme) {
    let mut y = 0;
    for told in shown {
        for (at, text) in told.text.iter().enumerate().skip(told.hidden) {
            let mut cursor = Cursor::new(buf, row(list, y), 0);
            if at == 0 {
                cursor.text(&told.time, theme.style(Role::Faint));
                cursor.name(&told.speaker, told.indent - told.columns_of_time(), theme.style(told.look.0), theme);
            } else {
                cursor.gap(told.indent);
            }
            cursor.text(text, theme.style(told.look.1));
            y += 1;
        }
    }
}

/// Something told, as it stands on the screen.
struct Told {
    time: String,
    speaker: String,
    text: Vec<String>,
    /// How many of its lines are above what is in view.
    hidden: usize,
    indent: u16,
    /// Of the speaker, and of the text.
    look: (Role, Role),
}

impl Told {
    fn of(at: usize, columns: u16, speaker: u16, state: &State, theme: &Theme) -> Self {
        let Some(line) = state.story.lines().get(at) else {
            let text = ending(state).map(|text| wrap(text, columns.saturating_sub(2))).unwrap_or_default();
            let mark = theme.glyphs().done.to_owned();
            return Self {
                time: String::new(),
                speaker: mark,
                text,
                hidden: 0,
                indent: 2,
                look: (Role::Done, Role::Strong),
            };
        };
        let time = if columns >= TIMED { format!("{} ", moment(line.at.since(Elapsed(0)))) } else { String::new() };
        let indent = u16::try_from(width(&time)).unwrap_or(0) + speaker + 1;
        let (said, look) = match line.kind {
            StoryKind::Said => (unnamed(&line.text, line, state).to_owned(), (Role::Running, Role::Text)),
            StoryKind::Result => (format!("returned {}", line.text), (Role::Running, Role::Done)),
        };
        let mut text = wrap(&said, columns.saturating_sub(indent));
        if text.is_empty() {
            text.push(String::new());
        }
        Self { time, speaker: speaker_of(line, state), text, hidden: 0, indent, look }
    }

    fn columns_of_time(&self) -> u16 {
        u16::try_from(width(&self.time)).unwrap_or(0)
    }
}

fn speaker_of(line: &StoryLine, state: &State) -> String {
    sanitized(&who(line.task, line.thread, state)).into_owned()
}

/// A line that begins with its speaker's name reads on from the name that stands before it.
fn unnamed<'a>(text: &'a str, line: &StoryLine, state: &State) -> &'a str {
    let rest = text.strip_prefix(who(line.task, line.thread, state).as_str()).and_then(|rest| rest.strip_prefix(' '));
    rest.filter(|rest| !rest.trim().is_empty()).unwrap_or(text)
}

/// As wide as the longest of the names told of lately, but never so wide that nothing else has room.
fn speaker_columns(state: &State, columns: u16) -> u16 {
    let lately = state.story.lines().iter().rev().take(SPEAKERS_LOOKED_AT);
    let longest = lately.map(|line| width(&speaker_of(line, state))).max().unwrap_or(0);
    u16::try_from(longest.min(SPEAKER_COLUMNS_MAX)).unwrap_or(0).min(columns / 3)
}

/// The newest note; before the first, what the scenario says from the start.
fn watch(state: &State) -> Option<&str> {
    let told = state.story.now.as_ref().map(|(_, text)| &**text);
    told.or_else(|| Some(&*state.start.as_ref()?.story.as_ref()?.watch)).filter(|text| !text.is_empty())
}

fn ending(state: &State) -> Option<&str> {
    let text = &*state.start.as_ref()?.story.as_ref()?.ending;
    (state.phase == Phase::Ended && !text.is_empty()).then_some(text)
}
