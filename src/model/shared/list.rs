//! A list that grows at its end, in chunks that copies of it share until one of them writes there. PURE.
//! It does not know what is in it.

use std::iter::FlatMap;
use std::ops::{Index, IndexMut};
use std::slice;
use std::sync::Arc;

use super::chunk::Chunk;

/// How many are in a chunk.
const CHUNK: usize = 1024;

/// How many chunks are written at the same time without being shared.
const OPEN: usize = 4;

/// Like a `Vec` that is only pushed to; a copy costs a fraction of one.
#[derive(Clone, Debug)]
pub struct List<T> {
    chunks: Vec<Chunk<T>>,
    len: usize,
    /// The chunks written last, which are not shared. Which of them is the next to give way.
    open: [usize; OPEN],
    oldest: usize,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), len: 0, open: [usize::MAX; OPEN], oldest: 0 }
    }
}

impl<T> List<T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The one at this place.
    #[inline]
    pub fn get(&self, at: usize) -> Option<&T> {
        self.chunks.get(at / CHUNK)?.get(at % CHUNK)
    }

    /// All of them.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + Clone {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// All of them from that place on.
    pub fn iter_from(&self, at: usize) -> impl Iterator<Item = &T> + Clone {
        let first = (at / CHUNK).min(self.chunks.len());
        self.chunks[first..].iter().flat_map(|chunk| chunk.iter()).skip(at - first * CHUNK)
    }

    /// Chunks that the two do not share.
    #[cfg(test)]
    pub fn chunks_apart(&self, other: &Self) -> usize {
        let shared = self.chunks.iter().zip(&other.chunks).filter(|(a, b)| a.is_same(b)).count();
        self.chunks.len().max(other.chunks.len()) - shared
    }
}

impl<T: Clone> List<T> {
    /// The one at this place, to be changed.
    #[inline]
    pub fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        if at >= self.len { None } else { Some(&mut self[at]) }
    }

    /// One more, at the end.
    pub fn push(&mut self, value: T) {
        if self.len == self.chunks.len() * CHUNK {
            self.chunks.push(Chunk::Shared(Arc::default()));
        }
        let last = self.own(self.chunks.len() - 1);
        // A copy has no room to spare.
        last.reserve_exact(CHUNK - last.len());
        last.push(value);
        self.len += 1;
    }

    #[inline]
    fn own(&mut self, number: usize) -> &mut Vec<T> {
        if matches!(self.chunks[number], Chunk::Shared(_)) {
            self.open(number);
        }
        self.chunks[number].own()
    }

    #[cold]
    fn open(&mut self, number: usize) {
        let before = std::mem::replace(&mut self.open[self.oldest], number);
        self.oldest = (self.oldest + 1) % OPEN;
        if let Some(before) = self.chunks.get_mut(before) {
            before.share();
        }
    }
}

impl<T> Index<usize> for List<T> {
    type Output = T;

    #[inline]
    fn index(&self, at: usize) -> &T {
        &self.chunks[at / CHUNK][at % CHUNK]
    }
}

impl<T: Clone> IndexMut<usize> for List<T> {
    #[inline]
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut self.own(at / CHUNK)[at % CHUNK]
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = FlatMap<slice::Iter<'a, Chunk<T>>, &'a [T], fn(&'a Chunk<T>) -> &'a [T]>;

    fn into_iter(self) -> Self::IntoIter {
        self.chunks.iter().flat_map(|chunk| chunk)
    }
}

impl<T: PartialEq> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        self.chunks == other.chunks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_shares_all_but_what_is_written_since() {
        let mut list = List::default();
        (0..10 * CHUNK).for_each(|number| list.push(number));
        let copy = list.clone();
        assert_eq!(list.chunks_apart(&copy), OPEN, "those written last");
        *list.get_mut(3 * CHUNK + 7).unwrap() = 0;
        list.push(1);
        assert_eq!(list.chunks_apart(&copy), OPEN + 2);
        assert_eq!((copy[3 * CHUNK + 7], copy.len()), (3 * CHUNK + 7, 10 * CHUNK));
        assert_eq!((list[3 * CHUNK + 7], list.len()), (0, 10 * CHUNK + 1));
        assert_ne!(list, copy);
    }

    #[test]
    fn it_is_what_a_plain_list_is_wherever_it_is_written() {
        let (mut list, mut plain) = (List::default(), Vec::new());
        let mut copies = Vec::new();
        for number in 0..40 * CHUNK {
            list.push(number);
            plain.push(number);
            let at = number * 7919 % plain.len();
            list[at] += 1;
            plain[at] += 1;
            if number % 3001 == 0 {
                copies.push((list.clone(), plain.clone()));
            }
        }
        for (list, plain) in copies.iter().chain([&(list, plain)]) {
            assert!(list.iter().eq(plain));
            assert!(list.chunks.iter().filter(|chunk| matches!(chunk, Chunk::Own(_))).count() <= OPEN);
        }
    }

    #[test]
    fn it_is_read_from_any_place_on() {
        let mut list = List::default();
        (0..3 * CHUNK + 5).for_each(|number| list.push(number));
        for at in [0, 1, CHUNK - 1, CHUNK, 3 * CHUNK + 4, 3 * CHUNK + 5, 9 * CHUNK] {
            assert_eq!(list.iter_from(at).next(), list.get(at), "{at}");
            assert_eq!(list.iter_from(at).count(), list.len().saturating_sub(at), "{at}");
        }
        assert!(list.get_mut(list.len()).is_none());
        assert!(list.iter().rev().copied().eq((0..list.len()).rev()));
        assert!((&list).into_iter().copied().eq(0..list.len()));
    }
}
