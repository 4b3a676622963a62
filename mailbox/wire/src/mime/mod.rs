//! MIME views of messages: ENVELOPE, BODYSTRUCTURE, sections.
