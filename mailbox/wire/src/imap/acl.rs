//! Rights on folders (RFC 4314). They follow from what a folder is, and from mandates; nobody sets them.

use fumibako_model::FolderName;

/// What the office may do with one of its folders (RFC 4314 §2.1): of what only the gateway fills, no `i`; of what every
/// office has, no `x`.
pub(super) fn rights(folder: &FolderName) -> &'static str {
    match (folder.is_incoming(), folder.is_standard()) {
        (true, _) => "lrswktea",
        (false, true) => "lrswiktea",
        (false, false) => "lrswikxtea",
    }
}
