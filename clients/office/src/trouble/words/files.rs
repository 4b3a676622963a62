//! What is said of files that are to be written, and of what is to be written into them.

use fumibako_careplan::Lang;

use crate::trouble::Trouble;

impl Trouble {
    /// What is there already, and what is there no more.
    pub(super) fn about_files(&self, lang: Lang) -> (String, String) {
        match self {
            Self::Exists(path) | Self::Taken(path) => {
                let path = path.display();
                let what = lang.pick(
                    format!("{path} はすでにあり、上書きしていません。"),
                    format!("{path} is there already and was not replaced."),
                );
                let next = match self {
                    Self::Exists(_) => lang.pick(
                        "別の名前か場所を選んでください。check と setup では、--overwrite を付けると上書きします。",
                        "Choose another name or place; `check` and `setup` write over it with --overwrite.",
                    ),
                    _ => lang.pick("別の名前か場所を選んでください。", "Choose another name or place."),
                };
                (what, next.into())
            }
            // The evidence is another matter.
            Self::NoOriginal(erased) => {
                let what = if *erased {
                    lang.pick(
                        "内容はもう消去されたので、原本は残せません。何も書き出していません。",
                        "The content was erased, so the message itself cannot be kept. Nothing was written.",
                    )
                } else {
                    lang.pick(
                        "原本は、受信箱にも送信済みにもありません。何も書き出していません。",
                        "The message itself is neither in the inbox nor among what was sent. Nothing was written.",
                    )
                };
                let next = lang.pick(
                    "--with-original なしで実行すると、受領証は書き出せます。",
                    "Without --with-original the evidence is written.",
                );
                (what.into(), next.into())
            }
            _ => super::nothing(), // elsewhere
        }
    }
}
