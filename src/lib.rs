//! `zapi-batch` invites a whole campaign to `WhatsApp` events over Z-API: a manifest in, exactly one invitation a recipient
//! out, whatever crashed in between.
//!
//! # The data's way
//!
//! ```text
//! manifest text ─ manifest ─┐
//!                           ├─ expand ─ messages ─ plan ─ ledger ─ engine ─ gateway ─ Z-API
//! list bytes ───── rows ────┘                        │       ▲        │                │
//!                                                    │       └── outcome ◄─────────────┘
//!                                                    └─ shown, asked about    ledger ─ results, summary, status
//! ```
//!
//! 1. [`manifest`] reads the manifest through one door: text to a tree with spans, the tree against the schema, decoding,
//!    and the checks that a schema cannot say. Everything that is wrong is reported at once, as [`diagnostic`]s.
//! 2. [`rows`] turns the bytes of recipient lists into rows, streamed, each cell with its place; [`recipient`] says whom
//!    a cell names.
//! 3. [`expand`] lets both meet: every row of every send comes to exactly one [`message::Expanded`], a message or a
//!    skipped row. Up to here nothing knows a network or a ledger.
//! 4. [`plan`] is a pure function: what the manifest wants beside what the [`ledger`] knows gives create, edit, keep,
//!    skip, left or blocked. The ledger walks over all messages with it in one transaction, which is what is shown, asked
//!    about, and then committed.
//! 5. [`engine`] sends what is pending. It decides as a synchronous state machine (input and now to commands), carried
//!    out by a small async shell; the same machine runs under virtual time in the simulation. Before any request leaves,
//!    its intent is on disk; when its answer is there, the outcome is.
//! 6. [`gateway`] makes one HTTP request for one attempt, never more, and puts every answer and every failure into the
//!    one table of what an attempt can come to ([`outcome`]).
//! 7. [`report`] tells people and programs. It reads the ledger, not memory, and decides nothing.
//!
//! [`quota`] counts what each instance has sent today, across campaigns; [`sandbox`] is the local stand-in for Z-API that
//! rehearsals and tests talk to; [`commands`] puts the rooms together, one verb a file; [`exit`] has every exit code.
//!
//! # What must never happen
//!
//! Nobody is invited twice: a `create` is repeated only on proof that nothing was processed, and the ledger's schema makes
//! a second one an SQL error. Nobody is lost: every row ends in exactly one [`message::State`]. Nothing is claimed that was
//! not observed: an attempt of which nobody can know the fate is `unknown`, and stays so until a person decides.
//!
//! # Who may import whom
//!
//! The values ([`diagnostic`], [`recipient`], [`message`], [`delivery`], [`instance`], [`outcome`]) import only one
//! another. `manifest` and `rows` import values; `expand` imports those; `ledger`, `gateway` and `quota` know values, the
//! ledger `plan` too, but not the manifest; `engine` knows these, but neither manifest nor reports; `report` and `commands` stand at
//! the end. A test (`tests/it/house.rs`) holds these arrows and the size of files and functions.

pub mod delivery;
pub mod diagnostic;
pub mod exit;
pub mod instance;
pub mod message;
pub mod outcome;
pub mod recipient;

pub mod manifest;
pub mod rows;

pub mod expand;
pub mod plan;

pub mod gateway;
pub mod ledger;
pub mod quota;

pub mod engine;

pub mod report;
pub mod sandbox;

pub mod cli;
pub mod commands;
