//! zapi-batch: a declarative batch sender for WhatsApp events over Z-API.

pub mod cli;
pub mod commands;
pub mod delivery;
pub mod diagnostic;
pub mod engine;
pub mod exit;
pub mod expand;
pub mod gateway;
pub mod instance;
pub mod ledger;
pub mod manifest;
pub mod message;
pub mod outcome;
pub mod plan;
pub mod quota;
pub mod recipient;
pub mod report;
pub mod rows;
pub mod sandbox;
