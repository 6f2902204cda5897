//! Which identities have been met, and in which row first: exact, and small enough for a million rows.
//!
//! Phones, groups and private ids of up to 18 digits are packed into a `u64` without loss; anything else is kept as
//! text. A row costs about 20 bytes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use hashbrown::HashTable;

use crate::recipient::Identity;

/// Where an identity was met first: a list (by the caller's index) and the row in it (by the caller's number).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct First {
    pub list: u32,
    pub row: u32,
}

/// An exact map from identity to its first row.
#[derive(Debug, Default)]
pub(super) struct Seen {
    table: HashTable<u32>,
    /// By the numbers that the table holds.
    keys: Vec<u64>,
    rows: Vec<u32>,
    /// The first number of each stretch of rows that came from one list.
    lists: Vec<(u32, u32)>,
    odd: HashMap<Identity, First>,
    seed: Seed,
}

/// Spreads keys over the table: two multiplications, since this is done for every row. Drawn anew for each run.
#[derive(Debug)]
struct Seed(u64);

impl Default for Seed {
    fn default() -> Self {
        Self(fastrand::u64(..))
    }
}

impl Seed {
    fn hash(&self, key: u64) -> u64 {
        let mixed = (key ^ self.0).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93)
    }
}

impl Seen {
    /// Remembers `identity`; gives the first row if it was met before.
    pub(super) fn meet(&mut self, identity: &Identity, here: First) -> Option<First> {
        let Some(key) = pack(identity.as_str()) else { return self.meet_odd(identity, here) };
        let hash = self.seed.hash(key);
        let Self { table, keys, rows, lists, seed, .. } = self;
        let found = table.find(hash, |number| keys[*number as usize] == key);
        if let Some(number) = found {
            let list = lists[lists.partition_point(|(first, _)| first <= number) - 1].1;
            return Some(First { list, row: rows[*number as usize] });
        }
        let number = u32::try_from(keys.len()).expect("fewer than four billion rows");
        if lists.last().is_none_or(|(_, list)| *list != here.list) {
            lists.push((number, here.list));
        }
        keys.push(key);
        rows.push(here.row);
        table.insert_unique(hash, number, |number| seed.hash(keys[*number as usize]));
        None
    }

    /// Forgets an identity whose row turned out to be faulty: a later row may count in its stead.
    pub(super) fn forget(&mut self, identity: &Identity) {
        let Some(key) = pack(identity.as_str()) else {
            self.odd.remove(identity);
            return;
        };
        let Self { table, keys, seed, .. } = self;
        if let Ok(entry) = table.find_entry(seed.hash(key), |number| keys[*number as usize] == key) {
            entry.remove();
        }
    }

    pub(super) fn contains(&self, identity: &Identity) -> bool {
        if self.keys.is_empty() && self.odd.is_empty() {
            return false;
        }
        match pack(identity.as_str()) {
            Some(key) => self.table.find(self.seed.hash(key), |number| self.keys[*number as usize] == key).is_some(),
            None => self.odd.contains_key(identity),
        }
    }

    fn meet_odd(&mut self, identity: &Identity, here: First) -> Option<First> {
        match self.odd.entry(identity.clone()) {
            Entry::Occupied(entry) => Some(*entry.get()),
            Entry::Vacant(entry) => {
                entry.insert(here);
                None
            }
        }
    }
}

/// The digits as a number, the kind in the two highest bits: a leading zero or more than 18 digits do not fit.
fn pack(identity: &str) -> Option<u64> {
    let (digits, kind) = if let Some(digits) = identity.strip_suffix("-group") {
        (digits, 1)
    } else if let Some(digits) = identity.strip_suffix("@lid") {
        (digits, 2)
    } else {
        (identity, 3)
    };
    if digits.is_empty() || digits.len() > 18 || digits.starts_with('0') {
        return None;
    }
    let mut value = 0_u64;
    for byte in digits.bytes() {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u64::from(byte - b'0');
    }
    Some(kind << 62 | value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_row_is_remembered_whatever_the_kind_of_identity() {
        let mut seen = Seen::default();
        let identities = [
            "5511999998888",
            "5511999998888-group",
            "5511999998888@lid",
            "5511999999999-1623281429",
            "0123",
            "123",
            "1203630195026509771234-group",
        ];
        for (index, identity) in identities.iter().enumerate() {
            let row = u32::try_from(index).unwrap() + 2;
            let here = First { list: row / 4, row };
            assert_eq!(seen.meet(&Identity::new(*identity), here), None, "{identity}");
        }
        for (index, identity) in identities.iter().enumerate() {
            let row = u32::try_from(index).unwrap() + 2;
            assert_eq!(
                seen.meet(&Identity::new(*identity), First { list: 9, row: 99 }),
                Some(First { list: row / 4, row })
            );
            assert!(seen.contains(&Identity::new(*identity)));
        }
        assert!(!seen.contains(&Identity::new("124")));
        for identity in identities {
            let identity = Identity::new(identity);
            seen.forget(&identity);
            assert!(!seen.contains(&identity));
            assert_eq!(seen.meet(&identity, First { list: 3, row: 7 }), None);
            assert_eq!(seen.meet(&identity, First { list: 4, row: 8 }), Some(First { list: 3, row: 7 }));
        }
    }
}
