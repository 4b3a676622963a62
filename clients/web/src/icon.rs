//! Pictures that stand before words. Each is drawn on 24 by 24, in the colour of its text, and hidden from screen readers.

use maud::{Markup, PreEscaped, html};

/// A picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named after what it shows")]
pub enum Icon {
    Home,
    Inbox,
    Sent,
    New,
    Draft,
    Batch,
    Lock,
    Check,
    Cross,
    Warning,
    Info,
    Clock,
    Refresh,
    Down,
    Up,
    Search,
}

impl Icon {
    fn lines(self) -> &'static str {
        match self {
            Self::Home => "M4 11l8-7 8 7v9h-5v-6H9v6H4z",
            Self::Inbox => "M4 4h16v16H4zM4 14h5l1.500 2.500h3L15 14h5M12 7v5M9.500 9.800l2.500 2.500 2.500-2.500",
            Self::Sent => "M21 3L3 10.500l6 2.500 3 7zM9 13l5-4",
            Self::New => "M6 3h8l4 4v14H6zM12 10v7M8.500 13.500h7",
            Self::Draft => "M4 20l1-4.500L16.500 4l3.500 3.500L8.500 19zM14 6.500l3.500 3.500",
            Self::Batch => "M4 4h11v11H4zM9 15v5h11V9h-5",
            Self::Lock => "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 017 0v3M12 15v2",
            Self::Check => "M5 13l4.500 4.500L19 7",
            Self::Cross => "M6 6l12 12M18 6L6 18",
            Self::Warning => "M12 4L2.500 20h19zM12 10v5M12 17.300v.200",
            Self::Info => "M12 3a9 9 0 100 18 9 9 0 000-18zM12 11v6M12 7.500v.200",
            Self::Clock => "M12 3a9 9 0 100 18 9 9 0 000-18zM12 7v5.500l3.500 2",
            Self::Refresh => "M19 12a7 7 0 11-2.200-5.100M19.500 3v4.500H15",
            Self::Down => "M12 4v11M7.500 11l4.500 4.500 4.500-4.500M4 16v4h16v-4",
            Self::Up => "M12 16V5M7.500 9L12 4.500 16.500 9M4 16v4h16v-4",
            Self::Search => "M10.500 4a6.500 6.500 0 100 13 6.500 6.500 0 000-13zM15.500 15.500L20.500 20.500",
        }
    }

    /// The picture.
    pub fn draw(self) -> Markup {
        html! {
            svg.icon viewBox="0 0 24 24" aria-hidden="true" focusable="false" { (PreEscaped(format!("<path d=\"{}\"/>", self.lines()))) }
        }
    }
}
