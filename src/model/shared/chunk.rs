//! A piece of a collection: its own while it is written, shared with copies of the collection when it is not. PURE.
//! It does not know which pieces are written.

use std::ops::Deref;
use std::sync::Arc;

/// To write what may be shared one has to find out each time whether it is, which takes longer than the writing. So what is
/// written often is not shared, but copied with its collection: it would be copied soon after anyway.
#[derive(Debug)]
pub enum Chunk<T> {
    Own(Vec<T>),
    Shared(Arc<Vec<T>>),
}

impl<T> Chunk<T> {
    /// From now on copies share it.
    pub fn share(&mut self) {
        if let Self::Own(values) = self {
            *self = Self::Shared(Arc::new(std::mem::take(values)));
        }
    }

    #[cfg(test)]
    pub fn is_same(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Shared(a), Self::Shared(b)) if Arc::ptr_eq(a, b))
    }
}

impl<T: Clone> Chunk<T> {
    /// To be written; it is nobody else's from now on.
    #[inline]
    pub fn own(&mut self) -> &mut Vec<T> {
        if let Self::Shared(shared) = self {
            let shared = std::mem::take(shared);
            *self = Self::Own(Arc::unwrap_or_clone(shared));
        }
        match self {
            Self::Own(values) => values,
            Self::Shared(shared) => Arc::make_mut(shared),
        }
    }
}

impl<T: Clone> Clone for Chunk<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Own(values) => Self::Own(values.clone()),
            Self::Shared(shared) => Self::Shared(Arc::clone(shared)),
        }
    }
}

impl<T> Deref for Chunk<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Self::Own(values) => values,
            Self::Shared(shared) => shared,
        }
    }
}

impl<T: PartialEq> PartialEq for Chunk<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}
