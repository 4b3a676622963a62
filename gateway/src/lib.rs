//! The gateway: listeners, admission desk, delivery, administration.
