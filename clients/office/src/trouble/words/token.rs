//! The sentences about tokens. A PIN is never among them.

use std::path::Path;

use fumibako_careplan::Lang;

use crate::trouble::NoToken;

impl NoToken {
    /// What happened, and what to do next.
    pub(super) fn words(&self, (module, label): (&Path, &str), lang: Lang) -> (String, String) {
        let what = match lang {
            Lang::Ja => self.japanese(module, label),
            Lang::En => self.english(module, label),
        };
        (what, self.next(lang).into())
    }

    fn japanese(&self, module: &Path, label: &str) -> String {
        match self {
            Self::Unsupported => "このプログラムは、トークンにある鍵を使えない形で作られています。".into(),
            Self::Module(why) => format!("トークンのライブラリー {} を使えません（{why}）。", module.display()),
            Self::Missing => format!("トークン「{label}」がつながっていません。"),
            Self::WrongPin => format!("トークン「{label}」の PIN が違います。"),
            Self::Locked => format!("トークン「{label}」は、PIN を続けて間違えたためロックされています。"),
            Self::NoKey => format!("トークン「{label}」に、署名に使える証明書と秘密鍵の組がありません。"),
            Self::Failed(why) => format!("トークン「{label}」が応答しません（{why}）。"),
        }
    }

    fn english(&self, module: &Path, label: &str) -> String {
        match self {
            Self::Unsupported => "This program was built without keys on tokens.".into(),
            Self::Module(why) => format!("The token's library {} cannot be used ({why}).", module.display()),
            Self::Missing => format!("The token \"{label}\" is not connected."),
            Self::WrongPin => format!("The PIN of the token \"{label}\" is wrong."),
            Self::Locked => format!("The token \"{label}\" is locked: its PIN was wrong too often."),
            Self::NoKey => format!("The token \"{label}\" has no certificate with its key that may sign."),
            Self::Failed(why) => format!("The token \"{label}\" failed ({why})."),
        }
    }

    fn next(&self, lang: Lang) -> &'static str {
        match self {
            Self::Unsupported => lang.pick(
                "トークンを使える版を入手するか、設定 token の代わりに identity_file を使ってください。",
                "Get one with the feature token, or use identity_file in place of token.",
            ),
            Self::Module(_) => lang.pick(
                "トークンの製造元のライブラリー（PKCS#11）の場所を、設定 token の module に書いてください。",
                "Name the PKCS#11 library of the token's maker in module of the setting token.",
            ),
            Self::Missing => lang.pick(
                "つなぎ直すか、設定 token の label を確かめてください。",
                "Connect it, or check label in the setting token.",
            ),
            Self::WrongPin => lang.pick(
                "設定 token の pin_file の中身を直してから実行してください。間違いを繰り返すとロックされます。",
                "Mend the file named by pin_file before you run it again: a few wrong ones lock the token.",
            ),
            Self::Locked => lang.pick(
                "トークンの発行元か管理者に、ロックの解除を依頼してください。",
                "Ask its issuer or administrator to unlock it.",
            ),
            Self::NoKey => lang.pick(
                "正しいトークンか確かめてください。証明書がトークンに入っていないときは、設定 token の certificate_file に\
                 証明書（PEM）を指定してください。",
                "Check that it is the right one. If the certificate is not on it, name it (PEM) in certificate_file of the \
                 setting token.",
            ),
            Self::Failed(_) => lang.pick(
                "つなぎ直して、もう一度実行してください。",
                "Connect it anew and run it again.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use crate::trouble::Trouble;

    /// Profile §4.14
    #[test]
    fn every_reason_ends_as_it_should_and_says_what_to_do() {
        let check = |why: NoToken, exit: Exit, next: &str| {
            let trouble = Trouble::Token { module: "lib.so".into(), label: "card".into(), why };
            assert_eq!(trouble.exit(), exit, "{trouble}");
            for lang in [Lang::Ja, Lang::En] {
                let words = trouble.words(lang);
                assert!(!words.what.is_empty() && words.next.contains(next), "{words:?}");
            }
        };
        check(NoToken::Unsupported, Exit::NOT_SET_UP, "identity_file");
        check(NoToken::Module("no such file".into()), Exit::NOT_SET_UP, "module");
        check(NoToken::Missing, Exit::NOT_SET_UP, "label");
        check(NoToken::NoKey, Exit::NOT_SET_UP, "certificate_file");
        check(NoToken::WrongPin, Exit::NOT_ALLOWED, "pin_file");
        check(NoToken::Locked, Exit::NOT_ALLOWED, "");
        check(NoToken::Failed("device removed".into()), Exit::TRY_AGAIN, "");
    }
}
