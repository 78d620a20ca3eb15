//! The channels pane: one row an object processes talk through, with who waits and who holds; below, one row a worker's own
//! connection. PURE.
//! It does not decide who goes on; it shows what the model says.

mod object;

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::model::{Object, State, WireUse, Worker};
use crate::task::ObjectId;
use crate::tui::format::{bytes, bytes_per_s, count, per_s, share};
use crate::tui::theme::{Role, Theme};
use crate::tui::viewer::{Channel, Pane, Viewer};

use super::draw::{Cursor, Frame, Side, frame, heading, hint, in_view, inside, range_words, row, scroll_mark};
use super::waits::seat;

pub(super) use object::object_lines;

/// From this width on a level has a bar, and what went through is told in all.
const ROOMY: u16 = 90;

/// From this width on there is room for bytes a second beside messages a second.
const ABUNDANT: u16 = 130;

/// From this width on there is room for rates.
const MIDDLE: u16 = 60;

/// How many connections are worth room that other panes could have.
const WIRES_WORTH: usize = 3;

/// Draws the pane.
pub fn render(area: Rect, buf: &mut Buffer, state: &State, viewer: &Viewer, theme: &Theme) {
    let rows = rows_of(state);
    let inner = inside(area);
    let shown = shown(area, &rows, viewer);
    let range = range_words(&shown, rows.len());
    let summary = summary(state);
    let extra = match (summary.is_empty(), range.is_empty()) {
        (_, true) => summary,
        (true, false) => range,
        (false, false) => format!("{summary} {} {range}", theme.glyphs().dot),
    };
    frame(buf, area, &Frame { pane: Pane::Channels, title: "Channels", beside: "", extra: &extra }, viewer, theme);
    if rows.is_empty() {
        hint(
            buf,
            inner,
            "nothing is talked through yet: queues, pipes and the workers' own connections are shown here",
            theme,
        );
        return;
    }
    let columns = Columns::of(inner.width, state);
    // The heading of the part that is uppermost in view.
    let about_objects = matches!(rows.get(shown.start), Some(Row::Object(..)));
    if about_objects {
        columns.object_heading(inner, buf, theme);
    } else {
        columns.wire_heading(row(inner, 0), buf, theme);
    }
    for (line, at) in (1_u16..).zip(shown.clone()) {
        let place = row(inner, line);
        match &rows[at] {
            Row::Object(_, object) => columns.object(Cursor::new(buf, place, 0), object, state, theme),
            // Above nothing it would be a heading of nothing.
            Row::Heading if at + 1 == shown.end => {}
            Row::Heading => columns.wire_heading(place, buf, theme),
            Row::Wire(worker, wire) => columns.wire(Cursor::new(buf, place, 0), worker, *wire, theme),
        }
        if rows[at].channel().is_some_and(|channel| viewer.channel == Some(channel)) {
            buf.set_style(place, theme.style(Role::Selected));
        }
    }
    let list = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    scroll_mark(buf, area, list, rows.len(), &shown, theme);
}

/// What can be selected, from above.
pub fn order(state: &State) -> Vec<Channel> {
    rows_of(state).iter().filter_map(Row::channel).collect()
}

/// How many rows a pane of that height shows.
pub fn rows(area: Rect) -> u16 {
    area.height.saturating_sub(3)
}

/// How many rows are worth showing beside other panes: all objects, and a few of the connections.
pub fn worth(state: &State) -> usize {
    let rows = len(state);
    rows.min(if state.objects.is_empty() { rows } else { state.objects.len() + 1 + WIRES_WORTH })
}

/// How many rows there are in all.
pub fn len(state: &State) -> usize {
    rows_of(state).len()
}

/// In which row it stands, the heading between objects and connections counted.
pub fn position(channel: Channel, state: &State) -> Option<usize> {
    rows_of(state).iter().position(|row| row.channel() == Some(channel))
}

/// What is under that cell of the pane.
pub fn hit(area: Rect, at: Position, state: &State, viewer: &Viewer) -> Option<Channel> {
    let inner = inside(area);
    if !inner.contains(at) || at.y == inner.y {
        return None;
    }
    let rows = rows_of(state);
    let first = shown(area, &rows, viewer).start;
    rows.get(first + usize::from(at.y - inner.y - 1)).and_then(Row::channel)
}

/// A line of the list.
enum Row<'a> {
    Object(ObjectId, &'a Object),
    /// Of the connections, where objects stand above them.
    Heading,
    Wire(&'a Worker, WireUse),
}

impl Row<'_> {
    fn channel(&self) -> Option<Channel> {
        match self {
            Self::Object(id, _) => Some(Channel::Object(*id)),
            Self::Heading => None,
            Self::Wire(worker, _) => Some(Channel::Wire(worker.id)),
        }
    }
}

fn rows_of(state: &State) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = state.objects.iter().map(|(id, object)| Row::Object(id, object)).collect();
    let wire = |worker: &Worker| state.wires.get(&worker.id).copied();
    let mut wires = state.workers.iter().filter_map(|worker| Some(Row::Wire(worker, wire(worker)?))).peekable();
    if !rows.is_empty() && wires.peek().is_some() {
        rows.push(Row::Heading);
    }
    rows.extend(wires);
    rows
}

fn shown(area: Rect, rows: &[Row<'_>], viewer: &Viewer) -> Range<usize> {
    let selected = viewer.channel.and_then(|channel| rows.iter().position(|row| row.channel() == Some(channel)));
    in_view(rows.len(), self::rows(area), viewer.channels_top, selected)
}

fn summary(state: &State) -> String {
    let waiting: usize = state.objects.iter().map(|(_, object)| object.waiters.len()).sum();
    match (state.objects.len(), waiting) {
        (0, _) => String::new(),
        (_, 0) => "nobody waits".to_owned(),
        (_, waiting) => format!("{waiting} {}", if waiting == 1 { "waits" } else { "wait" }),
    }
}

/// How wide each column is; 0: left out.
struct Columns {
    name: u16,
    kind: u16,
    bar: u16,
    level: u16,
    rate: u16,
    speed: u16,
    total: u16,
    amount: u16,
    seat: u16,
    /// What is left for names.
    rest: u16,
}

impl Columns {
    fn of(width: u16, state: &State) -> Self {
        let longest =
            |names: &mut dyn Iterator<Item = usize>| u16::try_from(names.max().unwrap_or(0)).unwrap_or(u16::MAX);
        let name = longest(&mut state.objects.iter().map(|(_, object)| crate::text::width(&object.spec.name)));
        let seat = longest(&mut state.workers.iter().map(|worker| crate::text::width(&seat(worker))));
        let level = longest(&mut state.objects.iter().map(|(_, object)| object::level(object).len()));
        let (roomy, middle) = (width >= ROOMY, width >= MIDDLE);
        let mut columns = Self {
            name: name.clamp(4, if middle { 16 } else { 10 }),
            kind: if middle { 9 } else { 0 },
            bar: if roomy { 8 } else { 0 },
            level: level.clamp(5, if middle { 20 } else { 14 }),
            rate: if middle { 7 } else { 0 },
            speed: if width >= ABUNDANT { 9 } else { 0 },
            total: if roomy { 6 } else { 0 },
            amount: if roomy { 7 } else { 0 },
            seat: seat.clamp(6, 16),
            rest: 0,
        };
        let fixed = [
            columns.name,
            columns.kind,
            columns.bar,
            columns.level,
            columns.rate,
            columns.speed,
            columns.total,
            columns.amount,
        ];
        let taken: u16 = fixed.iter().filter(|&&columns| columns > 0).map(|columns| columns + 1).sum();
        columns.rest = width.saturating_sub(taken);
        columns
    }

    fn object_heading(&self, inner: Rect, buf: &mut Buffer, theme: &Theme) {
        let mut cursor = Cursor::new(buf, row(inner, 0), 0);
        let style = theme.style(Role::Heading);
        let mut put = |text: &str, width: u16, side: Side| {
            if width > 0 {
                cursor.text(&heading(text, None, width, side), style).gap(1);
            }
        };
        put("NAME", self.name, Side::Left);
        put("KIND", self.kind, Side::Left);
        put("", self.bar, Side::Left);
        put("LEVEL", self.level, Side::Left);
        put(if self.rest >= 20 { "WHO WAITS, WHO HOLDS" } else { "WHO" }, self.rest, Side::Left);
        put("RATE", self.rate, Side::Right);
        put("BYTES/S", self.speed, Side::Right);
        put("COUNT", self.total, Side::Right);
        put("BYTES", self.amount, Side::Right);
    }

    fn object(&self, mut cursor: Cursor<'_>, object: &Object, state: &State, theme: &Theme) {
        let text = theme.style(Role::Text);
        let dim = theme.style(Role::Dim);
        cursor.name(&object.spec.name, self.name, theme.style(Role::Strong), theme).gap(1);
        if self.kind > 0 {
            cursor.name(object.spec.kind.word(), self.kind, dim, theme).gap(1);
        }
        let look = theme.style(if object.waiters.is_empty() { Role::Bar } else { Role::Blocked });
        if self.bar > 0 {
            match object.level() {
                (level, Some(most)) if object::has_bar(object) => {
                    cursor.bar(share(level, most), self.bar, look, theme);
                }
                _ => {
                    cursor.gap(self.bar);
                }
            }
            cursor.gap(1);
        }
        cursor.name(&object::level(object), self.level, text, theme).gap(1);
        object::people(&mut cursor, self.rest, object, state, theme);
        cursor.gap(1);
        if self.rate > 0 {
            let rate = object.traffic.messages_per_s;
            let rate = if rate > 0.0 { per_s(rate) } else { String::new() };
            cursor.number(&rate, self.rate, dim).gap(1);
        }
        if self.speed > 0 {
            let speed = object.traffic.bytes_per_s;
            let speed = if speed > 0.0 { bytes_per_s(speed) } else { String::new() };
            cursor.number(&speed, self.speed, dim).gap(1);
        }
        if self.total > 0 {
            cursor.number(&count(object.traffic.messages), self.total, dim).gap(1);
        }
        if self.amount > 0 {
            let amount = if object.traffic.bytes > 0 { bytes(object.traffic.bytes) } else { String::new() };
            cursor.number(&amount, self.amount, dim);
        }
    }

    fn wire_heading(&self, place: Rect, buf: &mut Buffer, theme: &Theme) {
        let style = theme.style(Role::Heading);
        let mut cursor = Cursor::new(buf, place, 0);
        cursor.number("WORKER", self.seat, style).gap(1);
        for (name, width) in Self::wire_columns() {
            cursor.number(name, width, style).gap(1);
        }
    }

    fn wire(&self, mut cursor: Cursor<'_>, worker: &Worker, wire: WireUse, theme: &Theme) {
        let (text, dim) = (theme.style(Role::Text), theme.style(Role::Dim));
        cursor.number(&seat(worker), self.seat, text).gap(1);
        let told = wire.count;
        let figures = [
            per_s(wire.frames_per_s),
            bytes_per_s(wire.bytes_per_s),
            count(told.frames_in),
            bytes(told.bytes_in),
            count(told.frames_out),
            bytes(told.bytes_out),
        ];
        let style = [text, text, dim, dim, dim, dim];
        for (((_, width), figure), style) in Self::wire_columns().into_iter().zip(&figures).zip(style) {
            cursor.number(figure, width, style).gap(1);
        }
    }

    /// What is told of a connection; the rates first, for the rest may not fit.
    fn wire_columns() -> [(&'static str, u16); 6] {
        [("FRAMES", 8), ("BYTES", 10), ("TO IT", 8), ("", 8), ("FROM IT", 9), ("", 8)]
    }
}
