//! The office's program: sends, fetches, acknowledges and shows care-plan bundles.
