//! A line one stands in: long, left at any place, and in chunks that copies of it share until one of them writes there. PURE.
//! It does not know who stands in it.

use std::collections::{VecDeque, vec_deque};
use std::iter::{FlatMap, Flatten};
use std::ops::Index;
use std::slice;

use super::chunk::Chunk;

/// Like a `VecDeque` whose entries also know their place, so that they can leave from the middle at once. `N`: how many
/// are in a chunk.
#[derive(Clone)]
pub struct Line<T, const N: usize = 64> {
    chunks: VecDeque<Cells<T>>,
    /// The place of the first cell there is. Places are counted round and round.
    origin: u32,
    /// The cells in use, counted from there: the first and the last are taken, those between may be left.
    begin: usize,
    end: usize,
    len: usize,
}

impl<T, const N: usize> Default for Line<T, N> {
    fn default() -> Self {
        Self { chunks: VecDeque::new(), origin: 0, begin: 0, end: 0, len: 0 }
    }
}

impl<T, const N: usize> Line<T, N> {
    /// How many stand in it.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nobody does.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first.
    pub fn front(&self) -> Option<&T> {
        self.cell(self.begin)
    }

    /// The last.
    pub fn back(&self) -> Option<&T> {
        self.from_end(0)
    }

    /// The one with so many cells behind it, where nobody has left from the middle.
    pub fn from_end(&self, behind: usize) -> Option<&T> {
        self.cell(self.end.checked_sub(behind + 1)?)
    }

    /// All of them, the first one first.
    pub fn iter(&self) -> Iter<'_, T, N> {
        Iter { cells: self.chunks.iter().flat_map(|chunk| chunk.iter().flatten()), left: self.len }
    }

    /// The one with so many before it. At once while nobody has left from the middle.
    pub fn get(&self, at: usize) -> Option<&T> {
        if self.end - self.begin == self.len { self.cell(self.begin.checked_add(at)?) } else { self.iter().nth(at) }
    }

    #[inline]
    fn cell(&self, at: usize) -> Option<&T> {
        self.chunks.get(at / N)?.get(at % N)?.as_ref()
    }

    fn is_taken(&self, at: usize) -> bool {
        self.cell(at).is_some()
    }

    fn place(&self, at: usize) -> u32 {
        self.origin.wrapping_add(u32::try_from(at % (1 << 32)).unwrap_or_default())
    }

    fn empty_chunk() -> Cells<T> {
        let mut cells = Vec::with_capacity(N);
        cells.resize_with(N, || None);
        Chunk::Own(cells)
    }
}

impl<T: Clone, const N: usize> Line<T, N> {
    /// One more behind all others. Its place.
    pub fn push_back(&mut self, value: T) -> u32 {
        if self.end == self.chunks.len() * N {
            self.share_ends();
            self.chunks.push_back(Self::empty_chunk());
        }
        self.put(self.end, value);
        self.end += 1;
        self.place(self.end - 1)
    }

    /// One more before all others. Its place.
    pub fn push_front(&mut self, value: T) -> u32 {
        if self.begin == 0 {
            self.share_ends();
            self.chunks.push_front(Self::empty_chunk());
            self.origin = self.origin.wrapping_sub(u32::try_from(N).unwrap_or_default());
            self.begin = N;
            self.end += N;
        }
        self.begin -= 1;
        self.put(self.begin, value);
        self.place(self.begin)
    }

    /// Takes out the one at this place, if there is one.
    pub fn remove(&mut self, place: u32) -> Option<T> {
        let at = place.wrapping_sub(self.origin) as usize;
        let value = self.cell_mut(at)?.take()?;
        self.len -= 1;
        if at == self.begin && self.is_taken(at + 1) && at % N < N - 1 {
            // Nearly always it is the first, and another one stands behind it.
            self.begin += 1;
        } else if at == self.begin || at + 1 == self.end {
            self.trim();
        } else if at / N > 0 && at / N + 1 < self.chunks.len() {
            self.chunks[at / N].share();
        }
        Some(value)
    }

    /// Takes out the first.
    pub fn pop_front(&mut self) -> Option<T> {
        self.remove(self.place(self.begin))
    }

    /// The last, to be changed.
    pub fn back_mut(&mut self) -> Option<&mut T> {
        self.from_end_mut(0)
    }

    /// The one at this place, to be changed.
    pub fn at_mut(&mut self, place: u32) -> Option<&mut T> {
        self.cell_mut(place.wrapping_sub(self.origin) as usize)?.as_mut()
    }

    /// One more behind all others, and the first is forgotten if there are more than so many. Whether it was.
    pub fn push_bounded(&mut self, value: T, most: usize) -> bool {
        self.push_back(value);
        let full = self.len > most;
        if full {
            self.pop_front();
        }
        full
    }

    /// The one with so many cells behind it, to be changed. See [`Self::from_end`].
    pub fn from_end_mut(&mut self, behind: usize) -> Option<&mut T> {
        self.cell_mut(self.end.checked_sub(behind + 1)?)?.as_mut()
    }

    #[inline]
    fn cell_mut(&mut self, at: usize) -> Option<&mut Option<T>> {
        self.chunks.get_mut(at / N)?.own().get_mut(at % N)
    }

    /// Only the first and the last chunk are written often.
    fn share_ends(&mut self) {
        if let Some(last) = self.chunks.back_mut() {
            last.share();
        }
        if let Some(first) = self.chunks.front_mut() {
            first.share();
        }
    }

    fn put(&mut self, at: usize, value: T) {
        if let Some(cell) = self.cell_mut(at) {
            *cell = Some(value);
            self.len += 1;
        }
    }

    /// After the first or the last left: both ends are taken again, and chunks with nobody in them are given up, but for the last.
    fn trim(&mut self) {
        if self.len == 0 {
            self.begin = self.end;
        }
        while self.begin < self.end && !self.is_taken(self.begin) {
            self.begin += 1;
        }
        while self.begin < self.end && !self.is_taken(self.end - 1) {
            self.end -= 1;
        }
        while self.begin >= N && self.chunks.len() > 1 {
            self.chunks.pop_front();
            self.origin = self.place(N);
            self.begin -= N;
            self.end -= N;
        }
        self.chunks.truncate(self.end.div_ceil(N).max(1));
    }
}

impl<T, const N: usize> Index<usize> for Line<T, N> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        self.get(at).expect("BUG: nobody stands there")
    }
}

impl<T: std::fmt::Debug, const N: usize> std::fmt::Debug for Line<T, N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: PartialEq, const N: usize> PartialEq for Line<T, N> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<T: PartialEq, const N: usize, const M: usize> PartialEq<[T; M]> for Line<T, N> {
    fn eq(&self, other: &[T; M]) -> bool {
        self.len == M && self.iter().eq(other)
    }
}

impl<T: Clone, const N: usize> FromIterator<T> for Line<T, N> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut line = Self::default();
        for value in values {
            line.push_back(value);
        }
        line
    }
}

impl<T: Clone, const N: usize, const M: usize> From<[T; M]> for Line<T, N> {
    fn from(values: [T; M]) -> Self {
        values.into_iter().collect()
    }
}

impl<'a, T, const N: usize> IntoIterator for &'a Line<T, N> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T, N>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

type Cells<T> = Chunk<Option<T>>;
type Taken<'a, T> = Flatten<slice::Iter<'a, Option<T>>>;
type All<'a, T> = FlatMap<vec_deque::Iter<'a, Cells<T>>, Taken<'a, T>, fn(&'a Cells<T>) -> Taken<'a, T>>;

/// Those in a line, the first one first.
#[derive(Clone)]
pub struct Iter<'a, T, const N: usize> {
    cells: All<'a, T>,
    left: usize,
}

impl<'a, T, const N: usize> Iterator for Iter<'a, T, N> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        let next = self.cells.next()?;
        self.left -= 1;
        Some(next)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T, const N: usize> DoubleEndedIterator for Iter<'_, T, N> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let next = self.cells.next_back()?;
        self.left -= 1;
        Some(next)
    }
}

impl<T, const N: usize> ExactSizeIterator for Iter<'_, T, N> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_copy_shares_all_but_what_is_written_since() {
        let line: Line<u32> = (0..1000).collect();
        let mut copy = line.clone();
        assert_eq!(line.chunks.iter().zip(&copy.chunks).filter(|(a, b)| !a.is_same(b)).count(), 1, "the last");
        assert_eq!(copy.remove(500), Some(500));
        let apart = line.chunks.iter().zip(&copy.chunks).filter(|(a, b)| !a.is_same(b)).count();
        assert_eq!((apart, line.len(), copy.len()), (2, 1000, 999));
        assert_eq!((line.get(500), copy.get(500)), (Some(&500), Some(&501)));
    }

    #[test]
    fn whoever_leaves_gives_up_his_room() {
        let mut line: Line<u32, 4> = Line::default();
        for number in 0..100_000 {
            line.push_back(number);
            if number >= 3 {
                assert_eq!(line.pop_front(), Some(number - 3));
            }
            assert!(line.chunks.len() <= 2);
        }
        for _ in 0..3 {
            line.pop_front();
        }
        assert!(line.is_empty() && line.front().is_none() && line.back().is_none() && line.pop_front().is_none());
        assert!(line.remove(7).is_none());
    }

    proptest! {
        /// The same as a plain list of pairs of place and value.
        #[test]
        fn it_is_what_a_plain_list_is(start in any::<u32>(), turns in prop::collection::vec((0..7_u8, any::<u16>()), 0..300)) {
            let mut line: Line<u16, 4> = Line { origin: start, ..Line::default() };
            let mut plain: VecDeque<(u32, u16)> = VecDeque::new();
            let mut before = line.clone();
            for (turn, value) in turns {
                match turn {
                    0 | 1 => plain.push_back((line.push_back(value), value)),
                    2 => plain.push_front((line.push_front(value), value)),
                    3 => prop_assert_eq!(line.pop_front(), plain.pop_front().map(|(_, value)| value)),
                    4 | 5 if !plain.is_empty() => {
                        let at = usize::from(value) % plain.len();
                        let (place, value) = plain.remove(at).unwrap();
                        prop_assert_eq!(line.remove(place), Some(value));
                        prop_assert_eq!(line.remove(place), None);
                    }
                    4 | 5 => prop_assert_eq!(line.remove(value.into()), None),
                    _ => {
                        before = line.clone();
                    }
                }
                let told: Vec<u16> = plain.iter().map(|&(_, value)| value).collect();
                prop_assert_eq!(line.iter().copied().collect::<Vec<_>>(), told.clone());
                prop_assert!(line.iter().rev().eq(told.iter().rev()));
                prop_assert_eq!((line.len(), line.front(), line.back()), (told.len(), told.first(), told.last()));
                prop_assert_eq!(line.get(told.len() / 2), told.get(told.len() / 2));
                prop_assert_eq!(line.back_mut().copied(), told.last().copied());
                prop_assert!(before.len() == before.iter().count());
            }
        }
    }
}
