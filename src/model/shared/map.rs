//! A map in the order of its keys, in chunks that copies of it share until one of them writes there. PURE.
//! It does not know what is in it.

use std::sync::Arc;

/// How much is copied at the first write after a copy was made. A full chunk becomes two.
const CHUNK: usize = 64;

/// Like a `BTreeMap`; a copy costs a fraction of one.
#[derive(Clone)]
pub struct Map<K, V> {
    /// None is empty.
    chunks: Vec<Arc<Vec<(K, V)>>>,
    len: usize,
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }
}

impl<K, V> Map<K, V> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All of them, in the order of their keys.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> + Clone {
        self.chunks.iter().flat_map(|chunk| chunk.iter().map(|(key, value)| (key, value)))
    }

    /// The one with the lowest key.
    pub fn first(&self) -> Option<(&K, &V)> {
        self.chunks.first()?.first().map(|(key, value)| (key, value))
    }
}

impl<K: Ord + Copy, V> Map<K, V> {
    /// The one with this key.
    pub fn get(&self, key: &K) -> Option<&V> {
        let chunk = self.chunks.get(self.chunk_of(key))?;
        let at = chunk.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
        Some(&chunk[at].1)
    }

    /// Where the key is, or would be: in the last chunk that does not begin behind it.
    fn chunk_of(&self, key: &K) -> usize {
        self.chunks.partition_point(|chunk| chunk.first().is_some_and(|(first, _)| first <= key)).saturating_sub(1)
    }
}

impl<K: Ord + Copy, V: Clone> Map<K, V> {
    /// The one with this key, to be changed; made if it is not there.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        if self.chunks.is_empty() {
            self.chunks.push(Arc::new(Vec::new()));
        }
        let mut number = self.chunk_of(&key);
        let found = self.chunks[number].binary_search_by(|(known, _)| known.cmp(&key));
        let at = match found {
            Ok(at) => at,
            Err(mut at) => {
                if self.chunks[number].len() == CHUNK {
                    // What comes in order fills its chunks.
                    let half = if number + 1 == self.chunks.len() && at == CHUNK { CHUNK } else { CHUNK / 2 };
                    let rest = Arc::make_mut(&mut self.chunks[number]).split_off(half);
                    self.chunks.insert(number + 1, Arc::new(rest));
                    if at >= half {
                        (number, at) = (number + 1, at - half);
                    }
                }
                Arc::make_mut(&mut self.chunks[number]).insert(at, (key, make()));
                self.len += 1;
                at
            }
        };
        &mut Arc::make_mut(&mut self.chunks[number])[at].1
    }

    /// Puts it there. What was there before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        if let Some(known) = self.get_mut(&key) {
            return Some(std::mem::replace(known, value));
        }
        self.get_or_insert_with(key, || value);
        None
    }

    /// The one with this key, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let number = self.chunk_of(key);
        let at = self.chunks.get(number)?.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
        Some(&mut Arc::make_mut(self.chunks.get_mut(number)?)[at].1)
    }

    /// Takes it out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let number = self.chunk_of(key);
        let at = self.chunks.get(number)?.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
        self.len -= 1;
        let chunk = Arc::make_mut(self.chunks.get_mut(number)?);
        let (_, value) = chunk.remove(at);
        if chunk.is_empty() {
            self.chunks.remove(number);
        }
        Some(value)
    }
}

impl<K: std::fmt::Debug, V: std::fmt::Debug> std::fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for Map<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_copy_shares_all_but_what_is_written_since() {
        let mut map = Map::default();
        for number in 0..10_000_u32 {
            map.insert(number, number);
        }
        assert_eq!(map.chunks.len(), 10_000_usize.div_ceil(CHUNK), "what comes in order fills its chunks");
        let copy = map.clone();
        map.remove(&5000);
        let apart = map.chunks.iter().zip(&copy.chunks).filter(|(a, b)| !Arc::ptr_eq(a, b)).count();
        assert_eq!((apart, map.get(&5000), copy.get(&5000)), (1, None, Some(&5000)));
    }

    proptest! {
        #[test]
        fn it_is_what_a_plain_map_is(turns in prop::collection::vec((0..5_u8, 0..400_u16), 0..1500)) {
            let (mut map, mut plain) = (Map::default(), BTreeMap::new());
            for (turn, key) in turns {
                match turn {
                    0 => prop_assert_eq!(map.insert(key, turn), plain.insert(key, turn)),
                    1 | 2 => {
                        *map.get_or_insert_with(key, || 7) += 1;
                        *plain.entry(key).or_insert(7) += 1;
                    }
                    3 => prop_assert_eq!(map.remove(&key), plain.remove(&key)),
                    _ => prop_assert_eq!(map.get_mut(&key), plain.get_mut(&key)),
                }
                prop_assert_eq!((map.get(&key), map.len()), (plain.get(&key), plain.len()));
                prop_assert_eq!(map.first(), plain.first_key_value());
            }
            prop_assert!(map.iter().eq(plain.iter()) && map.iter().rev().eq(plain.iter().rev()));
            prop_assert!(map.chunks.iter().all(|chunk| !chunk.is_empty()));
        }
    }
}
