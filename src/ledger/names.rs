//! Texts and instances that many rows share, and the numbers that stand for them in the tables.
//!
//! Loaded whole at the start of a walk: there are few. A walk that only reads gives numbers that are not written.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::InstanceRef;
use super::reconcile::Access;

/// Event ids, recipient lists and files.
#[derive(Debug)]
pub(super) struct Names {
    numbers: HashMap<Arc<str>, i64>,
    texts: HashMap<i64, Arc<str>>,
    next: i64,
}

impl Names {
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut names = Self { numbers: HashMap::new(), texts: HashMap::new(), next: 1 };
        let mut select = connection.prepare("SELECT id, text FROM name")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            names.add(row.get(0)?, &row.get::<_, String>(1)?);
        }
        Ok(names)
    }

    fn add(&mut self, number: i64, text: &str) {
        let text: Arc<str> = text.into();
        self.numbers.insert(Arc::clone(&text), number);
        self.texts.insert(number, text);
        self.next = self.next.max(number + 1);
    }

    /// The number of a text, a new one if it is new.
    pub(super) fn number(&mut self, connection: &Connection, access: Access, text: &str) -> rusqlite::Result<i64> {
        if let Some(number) = self.numbers.get(text) {
            return Ok(*number);
        }
        let number = self.next;
        if access == Access::Write {
            connection.execute("INSERT INTO name (id, text) VALUES (?1, ?2)", params![number, text])?;
        }
        self.add(number, text);
        Ok(number)
    }

    pub(super) fn text(&self, number: i64) -> Arc<str> {
        self.texts.get(&number).map_or_else(|| Arc::from(""), Arc::clone)
    }
}

/// The ledger's instances beside the manifest's.
#[derive(Debug)]
pub(super) struct Instances {
    /// By place in the manifest: the ledger's number.
    numbers: Vec<i64>,
    /// By the ledger's number: the place in the manifest.
    places: HashMap<i64, usize>,
    /// Of those that are not in the manifest.
    gone: HashMap<i64, Arc<str>>,
    /// The manifest's names whose ids could not be compared.
    pub(super) unchecked: Vec<Arc<str>>,
}

struct Stored {
    number: i64,
    fingerprint: String,
    name: String,
    position: Option<i64>,
}

impl Instances {
    /// Finds each instance of the manifest by its fingerprint, or by its name where there is none to compare; one that has a
    /// new name then is taken for the one whose name has gone. When writing, new ones are added, and names and places
    /// brought up to date.
    pub(super) fn load(connection: &Connection, access: Access, wanted: &[InstanceRef]) -> rusqlite::Result<Self> {
        let stored = stored(connection)?;
        let mut next = stored.iter().map(|instance| instance.number).max().unwrap_or(0) + 1;
        let mut instances =
            Self { numbers: Vec::new(), places: HashMap::new(), gone: HashMap::new(), unchecked: Vec::new() };
        let renamed = renamed(&stored, wanted);
        for (place, instance) in wanted.iter().enumerate() {
            let known_as = renamed.filter(|(_, to)| *to == &*instance.name).map_or(&*instance.name, |(from, _)| from);
            let found = stored.iter().find(|stored| {
                instance.fingerprint.as_ref().map_or_else(
                    || stored.name == known_as && stored.position.is_some(),
                    |fingerprint| stored.fingerprint == fingerprint.as_str(),
                )
            });
            if instance.fingerprint.is_none() {
                instances.unchecked.push(Arc::clone(&instance.name));
            }
            let number = found.map_or(next, |found| found.number);
            next = next.max(number + 1);
            let new = *instances.places.entry(number).or_insert(place) == place;
            if new && access == Access::Write {
                write_instance(connection, number, place, instance, found)?;
            }
            instances.numbers.push(number);
        }
        for old in stored.iter().filter(|old| !instances.places.contains_key(&old.number)) {
            instances.gone.insert(old.number, old.name.as_str().into());
            if access == Access::Write && old.position.is_some() {
                connection.execute("UPDATE instance SET position = NULL WHERE id = ?1", [old.number])?;
            }
        }
        Ok(instances)
    }

    pub(super) fn number(&self, place: usize) -> Option<i64> {
        self.numbers.get(place).copied()
    }

    /// The place in the manifest, `None` for one that has gone or changed.
    pub(super) fn place(&self, number: i64) -> Option<usize> {
        self.places.get(&number).copied()
    }

    /// The name of one that is not in the manifest.
    pub(super) fn gone(&self, number: i64) -> Option<&str> {
        self.gone.get(&number).map(|name| &**name)
    }
}

/// The one name that is in the ledger only, and the one that is in the manifest only, with no id to compare.
fn renamed<'a>(stored: &'a [Stored], wanted: &'a [InstanceRef]) -> Option<(&'a str, &'a str)> {
    let present = stored.iter().filter(|stored| stored.position.is_some()).map(|stored| stored.name.as_str());
    let mut gone = present.filter(|name| wanted.iter().all(|wanted| *wanted.name != **name));
    let is_new = |wanted: &&InstanceRef| {
        let is_known = stored.iter().any(|stored| stored.position.is_some() && stored.name == *wanted.name);
        wanted.fingerprint.is_none() && !is_known
    };
    let mut new = wanted.iter().filter(is_new).map(|wanted| &*wanted.name);
    match (gone.next(), gone.next(), new.next(), new.next()) {
        (Some(from), None, Some(to), None) => Some((from, to)),
        _ => None,
    }
}

fn stored(connection: &Connection) -> rusqlite::Result<Vec<Stored>> {
    let mut select = connection.prepare("SELECT id, fingerprint, name, position FROM instance ORDER BY id DESC")?;
    let rows = select.query_map([], |row| {
        Ok(Stored { number: row.get(0)?, fingerprint: row.get(1)?, name: row.get(2)?, position: row.get(3)? })
    })?;
    rows.collect()
}

fn write_instance(
    connection: &Connection,
    number: i64,
    place: usize,
    instance: &InstanceRef,
    found: Option<&Stored>,
) -> rusqlite::Result<()> {
    let place = i64::try_from(place).unwrap_or(i64::MAX);
    if found.is_some_and(|found| found.name == *instance.name && found.position == Some(place)) {
        return Ok(());
    }
    let fingerprint = instance.fingerprint.as_ref().map(crate::instance::Fingerprint::as_str);
    let write = "INSERT INTO instance (id, fingerprint, name, position) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (id) DO UPDATE SET name = ?3, position = ?4";
    connection.execute(write, params![number, fingerprint, &*instance.name, place])?;
    Ok(())
}

/// The ledger's number of an instance, by the name that the manifest gave it last.
pub(super) fn instance_named(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM instance WHERE name = ?1 AND position IS NOT NULL")?
        .query_row([name], |row| row.get(0))
        .optional()
}
