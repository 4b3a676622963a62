//! The store's rows in SQLite.
