//! A short list without an allocation of its own: a proof makes several for each of its steps.

use std::ops::Deref;

/// Up to `N` values are stored in place, more than that on the heap.
#[derive(Clone, Debug)]
pub(super) struct Few<T, const N: usize> {
    len: usize,
    here: [T; N],
    /// All values, once there are more than fit in place.
    elsewhere: Vec<T>,
}

impl<T: Copy + Default, const N: usize> Few<T, N> {
    pub(super) fn push(&mut self, value: T) {
        if !self.elsewhere.is_empty() {
            self.elsewhere.push(value);
        } else if let Some(place) = self.here.get_mut(self.len) {
            *place = value;
            self.len += 1;
        } else {
            self.elsewhere.extend_from_slice(&self.here);
            self.elsewhere.push(value);
        }
    }
}

impl<T: Copy + Default, const N: usize> Default for Few<T, N> {
    fn default() -> Self {
        Self {
            len: 0,
            here: [T::default(); N],
            elsewhere: Vec::new(),
        }
    }
}

impl<T, const N: usize> Deref for Few<T, N> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        if self.elsewhere.is_empty() {
            &self.here[..self.len]
        } else {
            &self.elsewhere
        }
    }
}

impl<T: Copy + Default, const N: usize> FromIterator<T> for Few<T, N> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut few = Self::default();
        for value in values {
            few.push(value);
        }
        few
    }
}

impl<T: PartialEq, const N: usize> PartialEq for Few<T, N> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

#[cfg(test)]
mod tests {
    use super::Few;

    #[test]
    fn a_list_goes_on_when_it_is_full() {
        for len in 0..6 {
            let few: Few<u32, 3> = (0..len).collect();
            assert_eq!(few.to_vec(), (0..len).collect::<Vec<_>>());
        }
    }
}
