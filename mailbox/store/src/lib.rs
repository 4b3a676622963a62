//! What is kept, as one trait, and the admission that guards it.
