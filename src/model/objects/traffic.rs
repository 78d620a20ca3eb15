//! How much goes through objects, counted and over time. PURE.
//! It does not know what goes through them.

use crate::event::Elapsed;

use super::{Objects, Traffic};

/// A rate below this is none.
const LEAST: f64 = 0.01;

impl Traffic {
    /// One more message.
    pub(super) fn count(&mut self, bytes: u64) {
        self.messages += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

impl Objects {
    /// A second went by: the rates move half way to what went through since the latest tick.
    pub(in crate::model) fn ticked(&mut self, now: Elapsed) {
        for (object, book) in self.all.iter_mut().zip(&mut self.books) {
            let (at, messages, bytes) = book.counted;
            let secs = now.since(at).as_secs_f64();
            if secs <= 0.0 {
                continue;
            }
            let traffic = &mut object.traffic;
            traffic.messages_per_s = halfway(traffic.messages_per_s, as_f64(traffic.messages - messages) / secs);
            traffic.bytes_per_s = halfway(traffic.bytes_per_s, as_f64(traffic.bytes - bytes) / secs);
            book.counted = (now, traffic.messages, traffic.bytes);
        }
    }
}

fn halfway(from: f64, to: f64) -> f64 {
    let rate = f64::midpoint(from, to);
    if rate < LEAST { 0.0 } else { rate }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn as_f64(count: u64) -> f64 {
    count as f64
}
