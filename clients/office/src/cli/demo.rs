//! `fumibako demo`: the whole way on this computer, step by step. Exit 0: every step held. 1: one did not.

use std::path::PathBuf;

use clap::Args;
use fumibako_careplan::Lang;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::screen::Screen;
use crate::demo::{Stage, Step, play, sample};
use crate::exit::Exit;
use crate::random;
use crate::trouble::Trouble;
use crate::ui::Ui;

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// 最後の段階で終わります（なければ Ctrl-C まで動き続けます） / end after the last step
    #[arg(long)]
    once: bool,
    /// 使うフォルダー（新しいもの） / a fresh folder to work in
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Demo {
    pub(super) fn run(&self, screen: &mut Screen<'_>, clock: fn() -> Timestamp) -> Result<Exit, Trouble> {
        let fresh = || std::env::temp_dir().join(format!("fumibako-demo-{}", &random::hex()[..8]));
        let dir = self.dir.clone().unwrap_or_else(fresh);
        let dir = std::path::absolute(&dir).map_err(Trouble::reading(&dir))?;
        let (mut held, mut number) = (true, 0);
        let label = screen.pick("フォルダー", "folder");
        screen.say(&format!("{label}: {}", dir.display()));
        let mut stage = play(&dir, clock, &mut |step| {
            held &= step.held();
            number += 1;
            tell(number, step, screen)
        })?;
        if !self.once && held {
            let parties = [sample::SENDER, sample::RECIPIENT, sample::AGENT].map(|(party, _)| party);
            let [a, b, agent] = parties.map(|party| stage.screens(party, clock));
            let all = [a?, b?, agent?];
            screen.say(&how_to_look(&stage, &dir, all.each_ref().map(Ui::link), screen.lang()));
            stage.until_interrupted()?;
            all.into_iter().for_each(Ui::stop);
        }
        stage.stop();
        Ok(if held { Exit::OK } else { Exit::BUG })
    }
}

fn tell(number: usize, step: &Step, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let lang = screen.lang();
    let checked: Vec<&String> = step.checked.iter().filter(|c| c.held).map(|c| lang.pick(&c.ja, &c.en)).collect();
    let failed: Vec<&String> = step.checked.iter().filter(|c| !c.held).map(|c| lang.pick(&c.ja, &c.en)).collect();
    let title = lang.pick(step.title[0], step.title[1]);
    let object = Object { step: step.id, title, checked, failed, more: &step.more };
    screen.data(&object, |lang| text(number, step, lang))
}

/// A step for programs.
#[derive(Serialize)]
struct Object<'s> {
    step: &'s str,
    title: &'s str,
    checked: Vec<&'s String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<&'s String>,
    #[serde(flatten)]
    more: &'s Map<String, Value>,
}

/// Japanese with English below it, or English alone.
fn text(number: usize, step: &Step, lang: Lang) -> String {
    let mut lines = vec![format!("{number:>2}. {}", lang.pick(step.title[0], step.title[1]))];
    if lang == Lang::Ja {
        lines.push(format!("    {}", step.title[1]));
    }
    for checked in &step.checked {
        let mark = if checked.held { "✓" } else { "✗" };
        lines.push(match lang {
            Lang::Ja => format!("    {mark} {}（{}）", checked.ja, checked.en),
            Lang::En => format!("    {mark} {}", checked.en),
        });
    }
    lines.join("\n")
}

fn how_to_look(stage: &Stage, dir: &std::path::Path, [link_a, link_b, link]: [String; 3], lang: Lang) -> String {
    let (smtp, imap) = (stage.addresses().submission_tls.port(), stage.addresses().imap_tls.port());
    let (a, b, agent) = (sample::SENDER.0, sample::RECIPIENT.0, sample::AGENT.0);
    let (ca, dir) = (stage.tls_authority(), dir.display());
    let ca = ca.display();
    match lang {
        Lang::Ja => format!(
            "\n画面をブラウザーで開けます（リンクは1回だけ使えます）:\n\
             {a} の画面: {link_a}\n\
             {b} の画面: {link_b}\n\
             代行業者 {agent} の画面: {link}\n\
             ゲートウェイは動き続けています。終わるには Ctrl-C を押してください。\n\
             メールソフトで郵便受けを見られます: サーバー localhost、IMAP {imap}（TLS）、SMTP {smtp}（TLS）、\n\
             信頼する認証局 {ca}\n\
             ユーザ ID {a}、パスワードはファイル {dir}/{a}/password の中\n\
             ユーザ ID {b}、パスワードはファイル {dir}/{b}/password の中\n\
             ユーザ ID {agent}、パスワードはファイル {dir}/{agent}/password の中\n\
             一覧を見るには: fumibako --config {dir}/{a}/fumibako.toml list sent"
        ),
        Lang::En => format!(
            "\nThe screens open in a browser (each link works once):\n\
             of {a}: {link_a}\n\
             of {b}: {link_b}\n\
             of the agent {agent}: {link}\n\
             The gateway keeps running; press Ctrl-C to end it.\n\
             Look at the mailboxes with a mail program: host localhost, IMAP {imap} (TLS), SMTP {smtp} (TLS),\n\
             authority to trust {ca}\n\
             login {a}, password in {dir}/{a}/password\n\
             login {b}, password in {dir}/{b}/password\n\
             login {agent}, password in {dir}/{agent}/password\n\
             The list: fumibako --config {dir}/{a}/fumibako.toml list sent"
        ),
    }
}
