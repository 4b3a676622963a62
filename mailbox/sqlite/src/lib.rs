//! The store's rows in SQLite: the only place with SQL.
//!
//! Start at [`SqliteStore::open`], then `gather` (bodies to the disk) and `writer` (rows, a group of commands to a commit),
//! `deliver` (a bundle's and a receipt's rows), `read` (what IMAP sees).
//!
//! Never here: sockets, the clock, a rule of admission. Never possible: an answer before the commit it speaks of, two
//! processes writing one store, a UID used twice.

mod account;
mod acts;
mod agent;
mod ahead;
mod annotation;
mod audit;
mod backup;
mod certificate;
mod change;
mod checkpoint;
mod command;
mod deliver;
mod directory;
mod disk;
mod erased;
mod error;
mod expire;
mod folder;
mod gather;
mod given;
mod handover;
mod heads;
mod hold;
mod inspect;
mod ledger;
mod licence;
mod log;
mod made;
mod mandate;
mod notice;
mod often;
mod open;
mod paper;
mod prune;
mod queue;
mod read;
mod receipt;
mod refused;
mod report;
mod roll;
mod said;
mod seal;
mod shape;
mod store;
mod tree;
mod unneeded;
mod views;
mod word;
mod writer;

pub use open::{DATABASE_FILE, LOCK_FILE, LOG_BYTES};
pub use store::SqliteStore;
