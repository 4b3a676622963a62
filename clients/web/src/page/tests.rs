//! What the screens must say, line by line of their requirements. What only a browser shows is tested there.

use fumibako_careplan::Lang;

use super::*;
use crate::frame::{Counts, Frame, Link, TextSize};
use crate::part::{FileKind, FileLine, Left, Party, Reach, Words};

fn frame() -> Frame {
    Frame {
        lang: Lang::Ja,
        size: TextSize::Standard,
        number: "9970000011".into(),
        name: Some("見本居宅介護支援事業所".into()),
        link: Link::Online,
        counts: Counts { inbox: 3, ..Counts::default() },
        csrf: "token".into(),
        toast: None,
        may_send: true,
        may_receive: true,
        agent: false,
        principals: None,
        idle_seconds: 900,
        here: "/".into(),
    }
}

fn party() -> Party {
    Party { number: "9970000029".into(), name: Some("見本訪問介護事業所".into()), regional: false }
}

fn words() -> Words {
    Words { what: "だめでした。".into(), next: "もう一度。".into(), code: Some("E-LIC-002".into()) }
}

/// Do these stand in this order? Where a name may break is no matter.
#[track_caller]
fn in_order(html: &str, words: &[&str]) {
    let (html, mut at) = (html.replace("<wbr>", ""), 0);
    for word in words {
        at += html[at..].find(word).unwrap_or_else(|| panic!("{word} does not follow in {html}")) + word.len();
    }
}

fn a_letter() -> Letter {
    Letter {
        manner: Manner::New,
        base: "/compose/1".into(),
        to: Some(party()),
        from: None,
        reach: Reach::Yes,
        csv: vec![FileLine::of("0", "UPJSK_202610_9970000011_43_9970000029_11_20261101100000.CSV", Lang::Ja)],
        other: vec![FileLine::of("1", "訪問記録.pdf", Lang::Ja)],
        message: "<b>山田様</b>".into(),
        left: Vec::new(),
        trouble: None,
        saved: None,
        stop: None,
        confirm: None,
    }
}

/// A home page with nothing on it.
fn quiet(available: Available) -> Home {
    let (soon, lost, missing, notices) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    Home { available, soon, lost, missing, notices, states: Vec::new(), warnings: Vec::new() }
}

/// HM-01.
#[test]
fn the_menu_has_its_order_on_every_screen() {
    let pages =
        [home(&frame(), &quiet(Available::Yes)), inbox(&frame(), &Inbox::default()), sent(&frame(), &Sent::default())];
    for page in pages.into_iter().chain([
        letter(&frame(), &a_letter()),
        drafts(&frame(), &[]),
        batch(&frame(), &Batch::default()),
    ]) {
        let menu = ["ホーム", "受信一覧", "送信一覧", "新規作成", "下書き一覧", "一括送信", "ログアウト"];
        in_order(&page.into_string(), &menu);
    }
}

/// LG-01.
#[test]
fn the_login_page_has_its_words() {
    let page = super::login(&Login::default()).into_string();
    in_order(
        &page,
        &["ユーザID", "ユーザIDを入力してください", "パスワード", "パスワードを入力してください", "ログイン"],
    );
}

/// LG-06.
#[test]
fn the_menu_shows_only_what_the_account_may() {
    let page = inbox(&Frame { may_send: false, ..frame() }, &Inbox::default()).into_string();
    assert!(!page.contains("/compose") && !page.contains("/batch") && page.contains("/inbox"));
    let page = drafts(&Frame { may_receive: false, ..frame() }, &[]).into_string();
    assert!(page.contains("/compose") && page.contains("/batch") && !page.contains("/inbox"));
}

/// HM-03, HM-04.
#[test]
fn home_says_whether_the_system_can_be_used_and_why_not() {
    let page = home(&frame(), &quiet(Available::Yes)).into_string();
    in_order(&page, &["利用可能です。", "ただいまシステムは正常稼働中です。"]);
    assert!(!page.contains("lost-gone"), "nothing expired");
    let page = home(&frame(), &quiet(Available::No(words()))).into_string();
    in_order(&page, &["利用できません。", "だめでした。", "もう一度。", "E-LIC-002"]);
}

/// HM-08.
#[test]
fn home_tells_what_expired_on_either_side_and_what_to_do() {
    let one = |sent, name: &str, what: &str| Lost {
        sent,
        unopened: false,
        party: Party { number: "9970000029".into(), name: Some(name.into()), ..Party::default() },
        at: "2026/11/20".into(),
        what: what.into(),
    };
    let mut lost = vec![one(true, "さくら訪問介護", "サービス利用票 2026-11")];
    lost.extend((0..6).map(|_| one(false, "ひまわり", "")));
    let view = Home { lost, ..quiet(Available::Yes) };
    let page = home(&frame(), &view).into_string();
    let sent = [
        "取得されないまま期限が切れた",
        "2026/11/20 に さくら訪問介護 へ送った",
        "サービス利用票 2026-11",
        "送り直してください",
        "href=\"/sent\"",
    ];
    in_order(&page, &sent);
    in_order(&page, &["ひまわり から", "ほかに1件", "送り直しを頼んで", "href=\"/inbox\""]);
    assert_eq!(page.matches("ひまわり から").count(), 5);
    let lost = vec![Lost { unopened: true, ..one(true, "さくら訪問介護", "") }];
    let page = home(&frame(), &Home { lost, ..quiet(Available::Yes) }).into_string();
    in_order(&page, &["相手先が取得しても開けないまま", "証明書と鍵を確かめて"]);
}

/// Profile §15.9.
#[test]
fn home_tells_what_the_gateway_has_no_record_of_and_what_to_do() {
    let party = Party { number: "9970000029".into(), name: Some("さくら訪問介護".into()), ..Party::default() };
    let one =
        Lost {
            sent: true, unopened: false, party, at: "2026/11/20".into(), what: "サービス利用票 2026-11".into()
        };
    let page = home(&frame(), &Home { missing: vec![one; 7], ..quiet(Available::Yes) }).into_string();
    let told = ["記録が、ゲートウェイにありません", "2026/11/20 に さくら訪問介護 へ送った", "サービス利用票 2026-11"];
    in_order(&page, &told);
    in_order(&page, &["ほかに2件", "もう一度送ってください", "href=\"/sent\""]);
    assert!(!page.contains("期限が切れ") && page.matches("さくら訪問介護").count() == 5, "{page}");
}

/// NW-01, NW-05, NW-10.
#[test]
fn a_letter_has_its_fields_and_each_file_its_own_remove() {
    let page = letter(&frame(), &a_letter()).into_string();
    in_order(
        &page,
        &["ここにファイルをドロップ", "または", "ファイルを選択", "送信先事業所番号", "添付ファイル（CSV）"],
    );
    in_order(&page, &["添付ファイル（PDF等）", "メッセージ", "戻る", "一時保存", "送信"]);
    assert_eq!(page.matches("/compose/1/remove").count(), 2);
}

/// NW-05: 削除 beside a file takes it off the letter, and never says what is in it.
#[test]
fn a_file_that_deletes_and_the_button_that_takes_it_off_are_told_apart() {
    let mut deletes = a_letter();
    for line in &mut deletes.csv {
        line.kind = FileKind::Delete;
    }
    let page = letter(&frame(), &deletes).into_string();
    in_order(&page, &["添付ファイル（CSV）", "削除ファイル", ">削除<span", "添付ファイル（PDF等）"]);
    assert!(!page.contains(">削除</"), "only the button says it alone");
}

/// CF-01, CF-03.
#[test]
fn the_confirmation_says_everything_and_asks() {
    let page = letter(&frame(), &Letter { confirm: Some(Confirm::default()), ..a_letter() }).into_string();
    in_order(
        &page,
        &[
            "送信確認",
            "相手先事業所番号",
            "見本訪問介護事業所",
            "9970000029",
            "添付ファイル（CSV）",
            "添付ファイル（PDF等）",
        ],
    );
    in_order(&page, &["メッセージ", "以上の内容で送信してよろしいですか？", "キャンセル", "OK"]);
}

/// What a stranger writes is text, wherever it stands.
#[test]
fn text_never_becomes_markup() {
    let evil = "<script>alert(1)</script>";
    let mut one = a_letter();
    one.message = format!("</textarea>{evil}");
    one.to = Some(Party { number: evil.into(), name: Some(format!("\"><img src=x onerror={evil}>")), regional: true });
    one.other = vec![FileLine::of(evil, evil, Lang::Ja)];
    one.left = vec![Left {
        name: evil.into(),
        words: Words { what: evil.into(), ..Words::default() },
        to_batch: Some(evil.into()),
    }];
    let page = letter(&Frame { name: Some(evil.into()), toast: Some(evil.into()), ..frame() }, &one).into_string();
    assert!(!page.contains("<script>") && !page.contains("<img") && !page.contains("</textarea>&lt;/textarea"));
    assert_eq!(page.matches("<script").count(), 1, "the page's own");
}

/// Profile §15.4: no page asks for a style or a script of its own: the policy would refuse it.
#[test]
fn pages_hold_no_style_and_no_handlers() {
    let page = batch(&frame(), &Batch::default()).into_string() + &letter(&frame(), &a_letter()).into_string();
    for word in [" style=", "<style", " onclick=", "javascript:"] {
        assert!(!page.contains(word), "{word}");
    }
}

/// BP-02, BP-05, BP-06, BP-08.
#[test]
fn progress_counts_and_its_buttons_sleep_in_turn() {
    let row =
        |state| ProgressRow { id: "1".into(), to: party(), from: None, written: "2026/11/23 09:01:00".into(), state };
    let rows = vec![row(RowState::Done), row(RowState::Failed(words())), row(RowState::Waiting)];
    let how = Progress { rows, running: true, stopping: false };
    let page = progress(&frame(), &how).into_string();
    in_order(&page, &["成功", "失敗", "E-LIC-002", "送信待ち", "3件中 2件完了（成功 1・失敗 1）", "中断", "OK"]);
    assert!(
        page.contains("id=\"ok\" formaction=\"/batch/ok\" disabled")
            || page.contains("formaction=\"/batch/ok\" disabled")
    );
    let ended = progress(&frame(), &Progress { running: false, ..how }).into_string();
    assert!(ended.contains("id=\"stop\" disabled") && ended.contains("送信が終わりました。"));
}

/// RX-01, RX-09, RX-12.
#[test]
fn a_new_row_is_told_by_word_as_well_as_by_colour() {
    let row = |taken| ReceivedRow {
        id: "7".into(),
        at: "2026/11/20 09:15".into(),
        of: None,
        from: party(),
        by: Some("agent-1".into()),
        message: "ご確認ください。".into(),
        files: vec![FileLine::of("0", "DLTPLAN_202610_9970000029_11_9970000011_43_20261101100000.CSV", Lang::Ja)],
        taken,
        days: Some(3),
        there: true,
        ticked: false,
    };
    let page = |taken| inbox(&frame(), &Inbox { rows: vec![row(taken)], ..Inbox::default() }).into_string();
    in_order(
        &page(Taken::New),
        &[
            "class=\"new\"",
            "未",
            "新着",
            "2026/11/20 09:15",
            "見本訪問介護事業所",
            "9970000029",
            "（代行: agent-1）",
            "削除",
            "あと3日",
        ],
    );
    in_order(&page(Taken::Distrusted(words())), &["class=\"failed\"", "確認できません", "だめでした。"]);
    assert!(!page(Taken::Done).contains("新着"));
    let elsewhere = page(Taken::Elsewhere);
    in_order(&elsewhere, &["済", "別のパソコンで取得済み"]);
    assert!(!elsewhere.contains("確認できません"));
}

/// TX-05: nobody is told of a 受領証 for what nobody received.
#[test]
fn a_receipt_is_only_of_what_was_received() {
    for (way, name) in [
        (Way::Waiting, "受付・お届けの記録"),
        (Way::Refused(words()), "受付・お届けの記録"),
        (Way::Reached(1), "受付・お届けの記録"),
        (Way::Reached(2), "受付・お届けの記録"),
        (Way::HandedOver, "受け渡しの記録"),
        (Way::Expired, "期限切れの証明"),
        (Way::Failed, "開封できなかったことの証明"),
        (Way::Missing, "受付・お届けの記録"),
        (Way::Reached(3), "受領証"),
    ] {
        let (received, proof) = (way == Way::Reached(3), way.proof());
        let page = receipt(&frame(), &a_receipt(proof)).into_string();
        assert!(page.contains(&format!("<h1>{name}</h1>")), "{page}");
        assert_eq!(page.contains("受領証"), received, "{name}");
        assert_eq!(page.contains("印刷して"), received, "{name}");
    }
}

fn a_receipt(proof: Proof) -> Receipt {
    Receipt { inbox: false, proof, facts: Vec::new(), lacks: None, file: None, trouble: None }
}

/// TX-05, Profile §8.19: the file that proves is there beside the page, with how to verify it years later.
#[test]
fn the_proof_is_a_file_and_the_page_says_how_to_verify_it() {
    let file = ("/sent/5/proof".into(), " --evidence-authority a.pem --trust <b>.pem".into());
    let with = Receipt { file: Some(file), ..a_receipt(Proof::Receipt) };
    let page = receipt(&frame(), &with).into_string();
    in_order(
        &page,
        &[
            "「証明ファイル」です",
            "担当者にファイルのまま渡してください",
            "検証する技術者向け",
            "fumibako verify fumibako-proof-….json --evidence-authority a.pem --trust &lt;b&gt;.pem<",
            "href=\"/sent/5/proof\"",
            "証明ファイルを保存",
        ],
    );
    assert!(!receipt(&frame(), &a_receipt(Proof::Record)).into_string().contains("fumibako verify"));
}

/// NW-12, NW-09: each way in which a request is refused without a page has its own sentence, and only silence is `stopped`.
#[test]
fn a_refused_request_is_not_a_program_that_stopped() {
    let page = letter(&frame(), &a_letter()).into_string();
    let words = ["data-s403=\"この画面は古く", "data-s413=\"ファイルが大きすぎて", "data-s507=\"保存できませんでした"];
    in_order(&page, &words);
    in_order(&page, &["id=\"saved\"", "data-unsaved=\"下書きは保存されていません"]);
    let script = include_str!("../assets/fumibako.js");
    let shown = script.lines().filter(|line| line.contains("byId(\"stopped\")?.removeAttribute")).count();
    assert_eq!(shown, 1, "when a question was not answered; that news end has other reasons, too");
    let search = script.split_once("// Of searches the last one counts").unwrap().1;
    let failed = search.split_once("} catch {").unwrap().1.trim_start();
    assert!(
        failed.starts_with("if (search && turn !== searches) return;"),
        "an older search's failure is not the newer's"
    );
}

/// PX-06: what an agent did long ago is found, too.
#[test]
fn what_agents_did_before_is_a_link_where_there_is_more() {
    let page = |older: Option<&str>| {
        let rows = vec![["2026/11/23 09:15", "見本事務代行", "へ送信"].map(String::from)];
        let acts = Acts { rows, older: older.map(Into::into), known: Known::Now };
        proxy(&frame(), &Proxy { acts: Some(acts), ..Proxy::default() }).into_string()
    };
    in_order(
        &page(Some("/proxy?before=17#acts")),
        &["へ送信", r#"<a href="/proxy?before=17#acts">これより前の記録</a>"#],
    );
    assert!(!page(None).contains("これより前の記録"));
}

/// BP-08: the reason is a row of its own, and whoever hears the box hears the reason.
#[test]
fn why_a_row_was_not_sent_stretches_below_it() {
    let row = |state| BatchRow {
        id: "7".into(),
        to: party(),
        from: None,
        written: "2026/11/01 10:00:00".into(),
        message: String::new(),
        files: Vec::new(),
        state,
        reach: Reach::Yes,
        ticked: false,
    };
    for agent in [false, true] {
        let page = |state| {
            let view = Batch { rows: vec![row(state)], ..Batch::default() };
            batch(&Frame { agent, ..frame() }, &view).into_string()
        };
        let failed = page(RowState::Failed(words()));
        in_order(
            &failed,
            &[r#"aria-describedby="why-7""#, "失敗", "</tr>", r#"id="why-7""#, "colspan", "だめでした。"],
        );
        let head = failed.split("</thead>").next().unwrap_or_default().split("<thead>").last().unwrap_or_default();
        // The kinds stand under one head that is three columns wide, for offices alone.
        let columns = head.matches("<th ").count() - usize::from(!agent);
        assert!(failed.contains(&format!(r#"colspan="{columns}""#)), "{columns} columns");
        assert!(!page(RowState::Unsent).contains("why-7"));
    }
}

/// NW-17: 要確認 is no 失敗, and what was found stands file by file, what to do about it below.
#[test]
fn a_row_to_be_looked_at_has_a_colour_of_its_own() {
    let lines = ["UPJSK.CSV  第6表 実績", "  エラー K001 4行目", "      → 直してください。"].map(Into::into).to_vec();
    let row = BatchRow {
        id: "7".into(),
        to: party(),
        from: None,
        written: String::new(),
        message: String::new(),
        files: Vec::new(),
        state: RowState::Doubted { heading: "違うところが1件あります。".into(), lines },
        reach: Reach::Yes,
        ticked: false,
    };
    let page = batch(&frame(), &Batch { rows: vec![row], ..Batch::default() }).into_string();
    let words = [
        r#"class="doubted""#,
        "要確認",
        r#"<li class="file">UPJSK.CSV"#,
        "<li>エラー K001",
        r#"<li class="more">→ 直して"#,
        "このまま送る",
    ];
    in_order(&page, &words);
    assert!(!page.contains(r#"class="failed""#));
}

/// PX-07: each sentence stands at its field, which names it; what is folded away is shown.
#[test]
fn what_is_wrong_with_a_mandate_stands_at_its_field() {
    let scope = Choice { value: "send".into(), label: "送信".into(), more: String::new(), ticked: false };
    let page = |wrong: Vec<(&'static str, String)>| {
        let grant = Grant { open: true, scopes: vec![scope.clone()], wrong, ..Grant::default() };
        proxy(&frame(), &Proxy { grant: Some(grant), ..Proxy::default() }).into_string()
    };
    let all = ["agent", "scope", "from", "until", "with", "last-month"];
    let wrong = page(all.iter().map(|field| (*field, format!("{field}が違います。"))).collect());
    for field in all {
        let named = format!("id=\"wrong-{field}\"");
        in_order(&wrong, &[&named, &format!("{field}が違います。"), "aria-invalid=\"true\""]);
        assert_eq!(wrong.matches(&format!("aria-describedby=\"wrong-{field}\"")).count(), 1, "{field}");
    }
    in_order(&wrong, &["直すところが6か所あります", "agentが違います。", "もう一度「内容を確かめる」"]);
    assert_eq!(wrong.matches("<details open").count() + wrong.matches("\" open>").count(), 2, "{wrong}");
    let one = page(vec![("agent", "代行業者IDが違います。".into())]);
    in_order(&one, &["id=\"trouble\"", "代行業者IDが違います。", "もう一度"]);
    assert!(!one.contains("か所") && !page(Vec::new()).contains("aria-invalid"));
}

/// BE-05: Enter in a tick box presses the first button of its form (HTML §4.10.21.2), and one that sleeps presses nothing.
#[test]
fn enter_in_the_list_of_a_batch_presses_nothing() {
    let text = batch(&frame(), &Batch::default()).into_string();
    let form = text.split("<form id=\"batch\"").nth(1).unwrap();
    let first = form.split("<button").nth(1).unwrap().split('>').next().unwrap();
    assert!(first.contains(" disabled") && !first.contains("formaction"), "{first}");
}
