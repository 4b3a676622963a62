//! The built gateway as a process, and other people's programs against it.

mod refusals;
