//! Variables that the threads of a process share, and the count of updates that got lost between them.
//! It does not know what is computed between a read and a write.
//!
//! Reading and writing are each whole, but they are two steps, so that threads truly race. To say how many updates were
//! lost, each value knows how many updates it contains: a write contains those that its thread had seen, and itself. So for
//! a counter the value it should have is the value it has and the lost updates together, exactly.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::task::Value;

/// One variable.
pub(super) struct Cell(Mutex<Held>);

struct Held {
    value: Value,
    /// How many writes there were.
    writes: u64,
    /// How many of them the value contains.
    contains: u64,
}

/// How many updates a value contained when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen(u64);

impl Cell {
    pub(super) fn new(value: Value) -> Self {
        Self(Mutex::new(Held { value, writes: 0, contains: 0 }))
    }

    /// What it holds now.
    pub(super) fn read(&self) -> (Value, Seen) {
        let held = self.lock();
        (held.value.clone(), Seen(held.contains))
    }

    /// Puts a value in that was made from what was `seen` here; one that was made from nothing undoes nothing.
    pub(super) fn write(&self, value: Value, seen: Option<Seen>) {
        let mut held = self.lock();
        held.writes += 1;
        held.contains = seen.map_or(held.contains, |seen| seen.0) + 1;
        let old = std::mem::replace(&mut held.value, value);
        drop(held);
        // Whatever that costs, nobody waits for it.
        drop(old);
    }

    /// Updates that the value does not contain.
    pub(super) fn lost(&self) -> u64 {
        let held = self.lock();
        held.writes.saturating_sub(held.contains)
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add_one(cell: &Cell, (value, seen): (Value, Seen)) {
        let Value::Int(int) = value else { panic!("{value:?}") };
        cell.write(Value::Int(int + 1), Some(seen));
    }

    #[test]
    fn an_update_between_read_and_write_is_lost() {
        let cell = Cell::new(Value::Int(10));
        let mine = cell.read();
        for _ in 0..3 {
            let theirs = cell.read();
            add_one(&cell, theirs);
        }
        assert_eq!((cell.read().0, cell.lost()), (Value::Int(13), 0));
        add_one(&cell, mine);
        assert_eq!((cell.read().0, cell.lost()), (Value::Int(11), 3));
    }

    #[test]
    fn an_update_that_comes_back_is_not_lost() {
        let cell = Cell::new(Value::Int(0));
        let (first, second) = (cell.read(), cell.read());
        add_one(&cell, first);
        let third = cell.read();
        add_one(&cell, second);
        assert_eq!(cell.lost(), 1);
        add_one(&cell, third);
        // Three updates, of which the second is not in the value.
        assert_eq!((cell.read().0, cell.lost()), (Value::Int(2), 1));
    }

    #[test]
    fn a_value_made_from_nothing_undoes_nothing() {
        let cell = Cell::new(Value::Int(0));
        let seen = cell.read();
        add_one(&cell, seen);
        cell.write(Value::Int(0), None);
        assert_eq!(cell.lost(), 0);
    }
}
