//! What passes through serde as text, in the one spelling it reads and prints; and which characters are no text.

/// Both ways, by `FromStr` and `Display`; beside it stands `#[serde(try_from = "String", into = "String")]`.
macro_rules! through_text {
    ($type:ty) => {
        impl TryFrom<String> for $type {
            type Error = <$type as ::std::str::FromStr>::Err;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    };
}
pub(crate) use through_text;

/// Does this character steer whoever shows a text, instead of standing in it: a control, a line end, a mark that turns the direction
/// of writing or shows nothing?
pub fn steers(c: char) -> bool {
    let unseen = matches!(c, '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}');
    unseen || c.is_control()
}
