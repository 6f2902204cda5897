//! Which messages or rows a walk has met.

/// A set of small numbers, a bit each.
#[derive(Debug, Default)]
pub(super) struct Met {
    words: Vec<u64>,
}

impl Met {
    fn place(number: i64) -> (usize, u64) {
        let number = usize::try_from(number).unwrap_or(0);
        (number / 64, 1 << (number % 64))
    }

    /// `false` when it was in there already.
    pub(super) fn insert(&mut self, number: i64) -> bool {
        let (word, bit) = Self::place(number);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        new
    }

    pub(super) fn contains(&self, number: i64) -> bool {
        let (word, bit) = Self::place(number);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// The first number after `after` and up to `last` that is not in there.
    pub(super) fn next_missing(&self, after: i64, last: i64) -> Option<i64> {
        let mut number = after + 1;
        while number <= last {
            let (word, _) = Self::place(number);
            if number % 64 == 0 && self.words.get(word) == Some(&u64::MAX) {
                number += 64;
            } else if self.contains(number) {
                number += 1;
            } else {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_met_is_found_in_order() {
        let mut met = Met::default();
        assert!([1, 2, 3, 64, 65, 128, 200].map(|number| met.insert(number)).iter().all(|new| *new));
        assert!(!met.insert(64) && met.contains(64) && !met.contains(63) && !met.contains(10_000));
        assert_eq!(met.next_missing(0, 200), Some(4));
        assert_eq!(met.next_missing(63, 200), Some(66));
        assert_eq!(met.next_missing(199, 200), None);
        let mut all = Met::default();
        (1..=640).for_each(|number| assert!(all.insert(number)));
        assert_eq!((all.next_missing(0, 640), all.next_missing(0, 641)), (None, Some(641)));
    }
}
