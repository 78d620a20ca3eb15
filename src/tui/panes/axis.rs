//! Time across columns: which column a moment falls into, ticks, and labels at moments. PURE.
//! It does not know what is drawn above it.

use std::ops::Range;

use ratatui::buffer::Buffer;

use crate::event::Elapsed;
use crate::text::width;
use crate::tui::format::age;
use crate::tui::theme::{Role, Theme};

use super::draw::put;

/// The shortest time an axis covers, so that the first second does not fill the screen.
pub(super) const SPAN_US_MIN: u64 = 10_000_000;

/// The same for a run that is over: all of it is shown, however short it was.
pub(super) const SPAN_US_ENDED_MIN: u64 = 500_000;

/// The fewest columns between two ticks.
const TICK_COLUMNS_MIN: u64 = 10;

/// Seconds between ticks.
const STEPS_S: [u64; 16] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 86_400];

/// Tenths of a second between ticks, for runs that are shorter than a few seconds.
const STEPS_TENTHS: [u64; 3] = [1, 2, 5];

/// From this on an axis has ticks at whole seconds only.
const FINE_BELOW_US: u64 = 4_000_000;

/// A stretch of time across some columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// What its left end stands for.
    pub from: Elapsed,
    /// What its right end stands for; later than `from`.
    pub to: Elapsed,
    /// Its first column.
    pub x: u16,
    /// How many columns it has.
    pub columns: u16,
}

impl Axis {
    /// The column of a moment; the nearest end if it is outside.
    pub(super) fn column(&self, at: Elapsed) -> u16 {
        let past = at.0.saturating_sub(self.from.0);
        let column = u128::from(past) * u128::from(self.columns) / u128::from(self.span_us());
        let last = self.columns.saturating_sub(1);
        self.x + u16::try_from(column).unwrap_or(last).min(last)
    }

    /// The columns of a stretch of time: none if it is outside, else at least one.
    pub(super) fn columns_of(&self, from: Elapsed, to: Elapsed) -> Range<u16> {
        if to < self.from || from > self.to || self.columns == 0 {
            return self.x..self.x;
        }
        let start = self.column(from);
        let end = if to >= self.to { self.x + self.columns } else { self.column(to) };
        start..end.max(start + 1)
    }

    /// The moment a column begins with, counted from the axis's first.
    pub(super) fn moment(&self, column: u16) -> Elapsed {
        let past = u128::from(column) * u128::from(self.span_us()) / u128::from(self.columns.max(1));
        Elapsed(self.from.0.saturating_add(u64::try_from(past).unwrap_or(u64::MAX)))
    }

    /// Ticks with the time of the run, at round seconds.
    pub(super) fn render_ticks(&self, buf: &mut Buffer, y: u16, theme: &Theme) {
        let wanted_us = self.span_us().saturating_mul(TICK_COLUMNS_MIN) / u64::from(self.columns.max(1));
        let short = STEPS_TENTHS.into_iter().map(|tenths| tenths * 100_000).filter(|_| self.span_us() < FINE_BELOW_US);
        let mut all = short.chain(STEPS_S.into_iter().map(|secs| secs * 1_000_000));
        // A journal can tell of any time at all.
        let step_us = all.find(|step| *step >= wanted_us).unwrap_or(wanted_us.max(7 * 86_400 * 1_000_000));
        let mut next_us = self.from.0.checked_next_multiple_of(step_us);
        while let Some(at_us) = next_us.filter(|at_us| *at_us <= self.to.0) {
            let at = Elapsed(at_us);
            let time = if step_us < 1_000_000 { format!("{:.1}s", at.secs()) } else { age(at.since(Elapsed(0))) };
            let label = format!("{}{time}", theme.glyphs().tick);
            let x = self.column(at);
            if usize::from(self.x + self.columns - x) >= width(&label) {
                self.write(buf, x, y, &label, Role::Dim, theme);
            }
            next_us = at_us.checked_add(step_us);
        }
    }

    /// Each label at its moment; one that would run into the one before is left out, its moment marked all the same.
    pub(super) fn render_labels(&self, buf: &mut Buffer, y: u16, labels: &[(Elapsed, String)], theme: &Theme) {
        let mut free = self.x;
        for (at, label) in labels {
            let x = self.column(*at);
            if x >= free {
                let marked = format!("{}{label}", theme.glyphs().moment);
                let columns = u16::try_from(width(&marked)).unwrap_or(u16::MAX);
                let right = self.x + self.columns;
                if x + columns <= right {
                    self.write(buf, x, y, &marked, Role::Marker, theme);
                    free = x + columns + 1;
                } else if right.saturating_sub(columns) >= free {
                    // At the right end the label stands before its moment.
                    let marked = format!("{label}{}", theme.glyphs().moment);
                    self.write(buf, (x + 1).saturating_sub(columns), y, &marked, Role::Marker, theme);
                    free = right;
                }
            }
        }
    }

    fn write(&self, buf: &mut Buffer, x: u16, y: u16, text: &str, role: Role, theme: &Theme) {
        put(buf, (x, y), (self.x + self.columns).saturating_sub(x), text, theme.style(role));
    }

    fn span_us(&self) -> u64 {
        self.to.0.saturating_sub(self.from.0).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_has_a_column_and_every_stretch_at_least_one() {
        let axis = Axis { from: Elapsed(1_000), to: Elapsed(11_000), x: 5, columns: 10 };
        assert_eq!((axis.column(Elapsed(0)), axis.column(Elapsed(1_999)), axis.column(Elapsed(2_000))), (5, 5, 6));
        assert_eq!(axis.column(Elapsed(99_000)), 14);
        assert_eq!(axis.columns_of(Elapsed(2_000), Elapsed(2_001)), 6..7);
        assert_eq!(axis.columns_of(Elapsed(2_000), Elapsed(11_000)), 6..15);
        assert!(axis.columns_of(Elapsed(0), Elapsed(900)).is_empty());
        assert_eq!(axis.moment(1), Elapsed(2_000));
    }

    #[test]
    fn an_axis_without_columns_draws_nothing() {
        let axis = Axis { from: Elapsed(0), to: Elapsed(10), x: 3, columns: 0 };
        assert!(axis.columns_of(Elapsed(0), Elapsed(5)).is_empty());
        assert_eq!(axis.column(Elapsed(5)), 3);
    }
}
