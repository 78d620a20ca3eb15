//! How those who transfer over a link share it: max-min fair, nobody more than it wants. PURE.
//! It does not know when a transfer begins or ends, nor who tells it its share.

use crate::event::Elapsed;

use super::super::calls::Caller;
use super::{Book, Content, Held, Holder, Object, ObjectKind, Objects};
use crate::task::ObjectId;

/// One transfer over a link.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Transfer {
    /// Whose.
    pub caller: Caller,
    /// How fast it could go.
    pub wants: u64,
    /// Its share, once it was told.
    pub share: Option<u64>,
    /// What its share is to be.
    pub target: u64,
    /// Since when it is there.
    pub since: Elapsed,
}

impl Objects {
    /// Whether that is the transfer's share now.
    pub(in crate::model) fn is_share(&self, id: ObjectId, caller: Caller, bytes_per_s: u64) -> bool {
        let transfers = self.books.get(id.index()).map_or(&[][..], |book| &book.transfers);
        transfers.iter().any(|transfer| transfer.caller == caller && transfer.target == bytes_per_s)
    }

    /// The transfer was told its share.
    pub(in crate::model) fn shared(&mut self, id: ObjectId, caller: Caller, bytes_per_s: u64) {
        let Some((object, book)) = self.pair(id) else { return };
        let Some(transfer) = book.transfers.iter_mut().find(|transfer| transfer.caller == caller) else { return };
        transfer.share = Some(bytes_per_s);
        book.untold.retain(|&other| other != caller);
        show(object, book);
        self.refresh(id);
    }
}

/// Who transfers has changed: new shares for all whom that concerns. Those who get less are told first, so that the
/// shares given out never exceed what the link has.
pub(super) fn reshare(object: &mut Object, book: &mut Book) {
    let ObjectKind::Link { bytes_per_s } = object.spec.kind else { return };
    let wants: Vec<u64> = book.transfers.iter().map(|transfer| transfer.wants).collect();
    for (transfer, share) in book.transfers.iter_mut().zip(fair(bytes_per_s, &wants)) {
        transfer.target = share;
    }
    let mut changed: Vec<&Transfer> =
        book.transfers.iter().filter(|transfer| transfer.share != Some(transfer.target)).collect();
    changed.sort_by_key(|transfer| transfer.target > transfer.share.unwrap_or_default());
    book.untold = changed.into_iter().map(|transfer| transfer.caller).collect();
    show(object, book);
}

/// What there is to see of it.
fn show(object: &mut Object, book: &Book) {
    object.holders = book
        .transfers
        .iter()
        .map(|transfer| Holder {
            task: transfer.caller.0,
            what: Held::Transfer { bytes_per_s: transfer.share.unwrap_or_default() },
            since: transfer.since,
        })
        .collect();
    let shares = book.transfers.iter().filter_map(|transfer| transfer.share);
    let used_bytes_per_s = shares.fold(0, u64::saturating_add);
    object.content = Content::Link { used_bytes_per_s };
}

/// Shares of a capacity: whoever wants less than an even share gets what it wants, the others share the rest evenly.
fn fair(capacity: u64, wants: &[u64]) -> Vec<u64> {
    let mut by_wants: Vec<usize> = (0..wants.len()).collect();
    by_wants.sort_by_key(|&place| wants[place]);
    let mut shares = vec![0; wants.len()];
    let mut left = capacity;
    for (others, &place) in (1..=wants.len() as u64).rev().zip(&by_wants) {
        let share = wants[place].min(left / others);
        shares[place] = share;
        left -= share;
    }
    shares
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn who_wants_little_gets_it_and_the_others_share_the_rest() {
        assert_eq!(fair(90, &[10, 100, 100]), [10, 40, 40]);
        assert_eq!(fair(90, &[10, 20]), [10, 20]);
        assert_eq!(fair(10, &[100]), [10]);
        assert_eq!(fair(10, &[]), Vec::<u64>::new());
    }

    proptest! {
        /// No more than there is; and whoever gets less than it wants gets as much as anybody, but for a rest of bytes.
        #[test]
        fn shares_are_max_min_fair(capacity in 0..10_000_u64, wants in prop::collection::vec(0..3000_u64, 0..30)) {
            let shares = fair(capacity, &wants);
            prop_assert!(shares.iter().sum::<u64>() <= capacity);
            let most = shares.iter().copied().max().unwrap_or_default();
            for (share, want) in shares.iter().zip(&wants) {
                prop_assert!(share <= want);
                prop_assert!(share == want || share + 1 >= most);
            }
            let all_want = wants.iter().sum::<u64>();
            prop_assert_eq!(shares.iter().sum::<u64>(), capacity.min(all_want));
        }
    }
}
