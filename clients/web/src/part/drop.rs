//! The place for files: dropped, or chosen with the same effect.

use maud::{Markup, html};

use crate::frame::Frame;
use crate::icon::Icon;

/// A place for files inside a form.
#[derive(Clone, Copy, Debug)]
pub struct Drop<'d> {
    /// Where files are posted, as they come.
    pub upload: &'d str,
    /// What may be dropped here.
    pub hint: &'d str,
    /// Which kinds the chooser shows; empty: all.
    pub accept: &'d str,
}

/// ここにファイルをドロップ または ファイルを選択. Without script a button sends what was chosen.
pub fn drop_zone(frame: &Frame, drop: Drop<'_>) -> Markup {
    html! {
        fumi-drop data-upload=(drop.upload) {
            div.drop {
                div.row {
                    (Icon::Up.draw())
                    b { (frame.say("drop-here")) }
                    span { (frame.say("drop-or")) }
                    span {
                        input #file.vh type="file" name="file" multiple aria-describedby="drop-hint" accept=[(!drop.accept.is_empty()).then_some(drop.accept)];
                        label.button for="file" { (frame.say("choose-files")) }
                    }
                    noscript { button.small formaction=(drop.upload) { (frame.say("add-files")) } }
                }
                p #drop-hint.hint.small { (drop.hint) }
                progress hidden aria-label=(frame.say("uploading")) {}
            }
        }
    }
}
