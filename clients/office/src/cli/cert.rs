//! `fumibako cert enrol|list|remove`: our certificates on the gateway's roll. Exit 0: done. 3: refused. 77: not this user's to do.

use std::path::PathBuf;

use clap::Subcommand;
use fumibako_careplan::Lang;
use fumibako_model::OwnCertificate;
use fumibako_signer::Identity;
use jiff::Timestamp;
use serde_json::json;

use super::screen::Screen;
use super::table::table;
use crate::certificates;
use crate::exit::Exit;
use crate::settings::{Settings, first_line, read_small};
use crate::trouble::Trouble;

/// 電子証明書: ゲートウェイに登録した証明書を扱います。/ The certificates that the gateway knows of ours.
#[derive(Debug, clap::Args)]
pub(super) struct Cert {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// 証明書を登録します（ほかの事業所は、登録された証明書に宛てて暗号化します） / enrol one: others encrypt to it
    Enrol {
        /// 証明書と鍵のファイル（なければ設定のもの） / file with certificate and key; without it that of the settings
        file: Option<PathBuf>,
        /// そのファイルのパスワードを 1 行目に書いたファイル / file with its password
        #[arg(long, value_name = "FILE", requires = "file")]
        pin_file: Option<PathBuf>,
    },
    /// 一覧 / list
    List,
    /// 登録から外します（使っていない・失くした鍵の証明書。設定にある別の鍵で署名します） / take one off the roll, signed with the key in use
    Remove {
        /// 指紋（SHA-256。一覧に出ます） / its fingerprint, as the list shows it
        fingerprint: String,
    },
}

impl Cert {
    pub(super) fn run(
        &self,
        settings: &Settings,
        screen: &mut Screen<'_>,
        clock: fn() -> Timestamp,
    ) -> Result<Exit, Trouble> {
        match &self.what {
            What::Enrol { file, pin_file } => {
                let key = match file {
                    None => settings.identity()?,
                    Some(file) => {
                        let pin = pin_file.as_deref().map(first_line).transpose()?;
                        Identity::read(&read_small(file)?, pin.as_ref().map(|pin| pin.0.as_str()))
                            .map_err(|why| Trouble::KeyFile(file.clone(), why))?
                    }
                };
                show(&certificates::enrol(settings, &key, clock())?, screen)?;
                screen.say(screen.pick("証明書を登録しました。", "The certificate is enrolled."));
            }
            What::List => show(&certificates::ours(settings)?, screen)?,
            What::Remove { fingerprint } => {
                show(&certificates::remove(settings, fingerprint, clock())?, screen)?;
                screen.say(screen.pick(
                    "証明書を登録から外しました。以後、この証明書に宛てた暗号化も、この証明書での署名も使われません。",
                    "The certificate is off the roll: nobody encrypts to it any more, and nothing signed by it is accepted.",
                ));
            }
        }
        Ok(Exit::OK)
    }
}

fn show(all: &[OwnCertificate], screen: &mut Screen<'_>) -> Result<(), Trouble> {
    if !screen.is_text() {
        for one in all {
            let mut object = json!(one);
            object["kind"] = "certificate".into();
            screen.data(&object, |_| String::new())?;
        }
        return Ok(());
    }
    if all.is_empty() {
        screen.say(screen.pick("登録された証明書はありません。", "No certificate is enrolled."));
        return Ok(());
    }
    let lang = screen.lang();
    let rows: Vec<Vec<String>> = all.iter().map(|one| cells(one, lang)).collect();
    let headings =
        lang.pick(["状態", "用途", "開始", "終了", "指紋"], ["state", "use", "from", "until", "fingerprint"]);
    Ok(screen.text(&table(&headings, &rows))?)
}

fn cells(one: &OwnCertificate, lang: Lang) -> Vec<String> {
    let state = match (one.removed, one.revoked) {
        (Some(_), _) => lang.pick("外した", "removed"),
        (None, Some(_)) => lang.pick("失効", "revoked"),
        (None, None) => lang.pick("登録", "enrolled"),
    };
    let uses = match (one.signs, one.receives) {
        (true, true) => lang.pick("署名・暗号化", "sign, encrypt"),
        (true, false) => lang.pick("署名", "sign"),
        _ => lang.pick("暗号化", "encrypt"),
    };
    let day = |at: Timestamp| fumibako_model::japanese_day(at).to_string();
    vec![state.into(), uses.into(), day(one.from), day(one.until), one.fingerprint.clone()]
}
