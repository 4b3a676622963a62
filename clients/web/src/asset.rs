//! What a page fetches beside itself. The address holds a digest of the content, so a browser may keep it for ever.

use std::sync::LazyLock;

/// A file that is part of the program.
#[derive(Debug)]
pub struct Asset {
    /// Where pages look for it.
    pub path: String,
    /// Its media type.
    pub media: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
}

/// The style sheet.
pub static STYLE: LazyLock<Asset> =
    LazyLock::new(|| asset("style", "css", "text/css; charset=utf-8", include_bytes!("assets/style.css")));
/// The script: one module, so that its parts know each other's names.
pub static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let parts = concat!(include_str!("assets/files.js"), "\n", include_str!("assets/fumibako.js"));
    asset("fumibako", "js", "text/javascript; charset=utf-8", parts.as_bytes())
});
/// The mark in the browser's tab.
pub static MARK: LazyLock<Asset> =
    LazyLock::new(|| asset("mark", "svg", "image/svg+xml", include_bytes!("assets/mark.svg")));

/// All of them.
pub fn all() -> [&'static Asset; 3] {
    [&STYLE, &SCRIPT, &MARK]
}

fn asset(name: &str, ending: &str, media: &'static str, bytes: &'static [u8]) -> Asset {
    Asset { path: format!("/assets/{name}-{:016x}.{ending}", digest(bytes)), media, bytes }
}

/// FNV-1a: it tells one build's file from another's, and protects nothing.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_its_content_alone() {
        assert_ne!(digest(b"a"), digest(b"b"));
        assert!(STYLE.path.starts_with("/assets/style-") && SCRIPT.path.starts_with("/assets/fumibako-"));
        assert!(all().iter().all(|asset| !asset.bytes.is_empty()));
    }

    #[test]
    fn the_script_makes_no_markup_and_the_style_fetches_nothing() {
        let script = String::from_utf8_lossy(SCRIPT.bytes);
        for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
            assert!(!script.contains(word), "{word}");
        }
        let style = String::from_utf8_lossy(STYLE.bytes);
        assert!(!style.contains("url(") && !style.contains("@import"));
    }
}
