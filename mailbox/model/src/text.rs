//! What passes through serde as text, in the one spelling it reads and prints.

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
