//! The chats of an instance, page by page, and what of them are groups.
//!
//! Whoever reads the pages paces them. A service whose pages never end, or repeat, does not keep anybody.

use std::collections::HashSet;

use reqwest::Method;

use super::Gateway;
use super::calls::CallFault;
use super::object::Object;
use super::wire::{Group, GroupMetadata};

/// The number of chats asked for at a time: a shorter page is the last one.
const PAGE_SIZE: usize = 100;

/// So that a server which always answers full pages cannot keep us for ever.
const PAGES_MAX: usize = 1000;

/// The pages of one instance's chats. Each chat is told once, however often the service names it.
#[derive(Debug)]
pub struct GroupPages<'a> {
    gateway: &'a Gateway,
    instance: usize,
    seen: HashSet<String>,
    /// The last page that was read, from 1.
    page: usize,
    state: Reading,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    GoesOn,
    Over,
    /// There may be more.
    CutOff,
}

impl GroupPages<'_> {
    /// The groups of the next page, which may be none; `None` after the last page.
    pub async fn next(&mut self) -> Result<Option<Vec<Group>>, CallFault> {
        if self.state != Reading::GoesOn {
            return Ok(None);
        }
        self.page += 1;
        let query = [("page", self.page.to_string()), ("pageSize", PAGE_SIZE.to_string())];
        let found: Vec<Object<Group>> =
            self.gateway.read(self.instance, Method::GET, &["groups"], &query, None).await?;
        Ok(Some(self.take_in(found.into_iter().map(|Object(chat)| chat).collect())))
    }

    /// Whether the list was left although the service had more to tell.
    pub fn is_cut_off(&self) -> bool {
        self.state == Reading::CutOff
    }

    /// A page that is short is the last one, and so is one that names no chat which was not seen before.
    fn take_in(&mut self, mut chats: Vec<Group>) -> Vec<Group> {
        let is_short = chats.len() < PAGE_SIZE;
        chats.retain(|chat| self.seen.insert(chat.phone.clone()));
        self.state = if is_short || chats.is_empty() {
            Reading::Over
        } else if self.page >= PAGES_MAX {
            Reading::CutOff
        } else {
            Reading::GoesOn
        };
        chats.retain(|chat| chat.is_group);
        chats
    }
}

impl Gateway {
    /// `GET /groups`: all chats of the instance, from the first page on.
    pub fn group_pages(&self, instance: usize) -> GroupPages<'_> {
        GroupPages { gateway: self, instance, seen: HashSet::new(), page: 0, state: Reading::GoesOn }
    }

    /// `GET /light-group-metadata/{id}`.
    pub async fn light_group_metadata(&self, instance: usize, group: &str) -> Result<GroupMetadata, CallFault> {
        self.read(instance, Method::GET, &["light-group-metadata", group], &[], None).await.map(|Object(found)| found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chats(numbers: std::ops::Range<usize>, is_group: bool) -> Vec<Group> {
        numbers.map(|number| Group { phone: number.to_string(), name: String::new(), is_group }).collect()
    }

    #[test]
    fn pages_end_when_one_is_short_or_brings_nothing_new() {
        let gateway = crate::gateway::testing::gateway();
        let mut pages = gateway.group_pages(0);
        // A page without a single group is no reason to stop.
        assert_eq!((pages.take_in(chats(0..100, false)).len(), pages.state), (0, Reading::GoesOn));
        assert_eq!((pages.take_in(chats(50..150, true)).len(), pages.state), (50, Reading::GoesOn));
        assert_eq!((pages.take_in(chats(0..100, true)).len(), pages.state), (0, Reading::Over));
        let mut pages = gateway.group_pages(0);
        assert_eq!((pages.take_in(chats(0..99, true)).len(), pages.state), (99, Reading::Over));
        let mut pages = GroupPages { page: PAGES_MAX, ..gateway.group_pages(0) };
        pages.take_in(chats(0..100, true));
        assert!(pages.is_cut_off());
    }
}
