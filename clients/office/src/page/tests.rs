use super::*;
use crate::verify::{Fact, Layer, Unseen};

// Profile §8.19
#[test]
fn a_name_in_a_command_is_one_word_of_it() {
    for (name, shown) in [
        ("ca.pem", "ca.pem"),
        ("発行元-2.pem", "発行元-2.pem"),
        ("my ca.pem", "&quot;my ca.pem&quot;"),
        ("a;b&c.pem", "&quot;a;b&amp;c.pem&quot;"),
        ("$HOME.pem", "'$HOME.pem'"),
        ("it's `$(x)`.pem", "'it'\\''s `$(x)`.pem'"),
        ("-o.pem", "./-o.pem"),
    ] {
        assert_eq!(escaped(&word(name)), shown, "{name}");
    }
}

// Profile §8.19
#[test]
fn only_a_signature_that_is_there_and_holds_makes_a_receipt() {
    let piece = |receipt: Option<&str>, reason: Option<&str>| -> Recorded {
        let piece = serde_json::json!({
            "v": 1, "id": "EV512E000000001A", "n": 0, "event": "ContentHandover", "at": "2026-11-25T12:00:00Z",
            "message_id": "a@x.example", "from": "9970000011", "to": "9970000029", "receipt": receipt, "reason": reason,
        });
        serde_json::from_value(piece).unwrap()
    };
    let late = Some("after-expiry");
    for (named, reason, signed, expected) in [
        (Some("r@x.example"), None, true, "受領証"),
        (Some("r@x.example"), late, true, "受領証（期限後）"),
        // The evidence names a receipt, and that may be anything.
        (Some("r@x.example"), None, false, "受領の証明（ゲートウェイの記録）"),
        (Some("r@x.example"), late, false, "受領の証明（ゲートウェイの記録）"),
        (None, Some("seen-by-the-gateway"), false, "受け渡しの証明（ゲートウェイの記録）"),
    ] {
        let (pieces, receipt) = (vec![piece(named, reason)], signed.then(fumibako_model::Notification::default));
        let witnessed = Witnessed { pieces, head: None, receipt, failure: None, erased: None };
        assert_eq!(Proves::of(&witnessed).title(), expected);
        assert_eq!(words(&witnessed.pieces[0], &witnessed).contains("ゲートウェイの記録"), !signed);
        assert_eq!(Proves::of(&witnessed).lacks().is_some(), !signed);
    }
}

// Profile §8.19
#[test]
fn a_page_of_what_nobody_signed_for_says_so_at_its_head() {
    let report = Report { form: crate::verify::Form::Proof, layers: Vec::new() };
    let page = of(&witnessed(false), &report, "plan.json", &Beside::default());
    let (head, _) = page.split_once("<h2>").unwrap();
    assert!(
        head.contains("<h1>受付・お届けの証明</h1>") && head.contains("受領証も受け渡しの記録もありません"),
        "{head}"
    );
    assert!(head.contains("There is no receipt and no handover in this evidence"), "{head}");
    for (proves, said) in [
        (Proves::ReceiptNamed, "受領証そのものは入っていません"),
        (Proves::HandedOver, "渡ったというゲートウェイの記録だけ"),
        (Proves::NotOpened(true), "開けなかったと知らせています"),
        (Proves::ExpiredNotOpened, "開けなかったと知らせています"),
        (Proves::Expired, "保存期限が過ぎました"),
    ] {
        assert!(proves.lacks().unwrap().0.contains(said), "{proves:?}");
    }
}

// Profile §8.19, §8.22
#[test]
fn what_could_not_be_opened_is_no_handover_whatever_the_gateway_saw() {
    let piece = |event: &str, reason: &str| -> Recorded {
        let piece = serde_json::json!({
            "v": 1, "id": "EV512E000000001A", "n": 0, "event": event, "at": "2026-11-25T12:00:00Z",
            "message_id": "a@x.example", "from": "9970000011", "to": "9970000029", "reason": reason,
        });
        serde_json::from_value(piece).unwrap()
    };
    let seen = || piece("ContentHandover", "seen-by-the-gateway");
    let failed = || piece("ContentHandoverFailure", "check-failed");
    let expired = || piece("ContentHandoverFailure", "expired");
    let by_the_recipient = "開封できなかったことの証明（受け取る事業所の署名）";
    for (pieces, signed, expected) in [
        (vec![seen(), failed()], true, by_the_recipient),
        (vec![failed(), seen()], true, by_the_recipient),
        (vec![seen(), failed()], false, "開封できなかったことの証明（ゲートウェイの記録）"),
        (vec![seen(), failed(), expired()], true, "期限切れ（開封できず）の証明"),
        (vec![expired()], false, "期限切れ（未取得）の証明"),
    ] {
        let failure = signed.then(fumibako_model::Notification::default);
        let witnessed = Witnessed { pieces, head: None, receipt: None, failure, erased: None };
        assert_eq!(Proves::of(&witnessed).title(), expected);
    }
}

const MANDATE: &str = "MD5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A";

fn piece(n: u64, more: serde_json::Value) -> Recorded {
    let mut piece = serde_json::json!({
        "v": 1, "id": format!("EV512E{n:010X}"), "n": n, "at": "2026-11-25T12:00:00Z",
        "message_id": "a@x.example", "from": "9970000011", "to": "9970000029",
    });
    piece.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(piece).unwrap()
}

// Profile §9.5: an agent's signature is never shown as its office's own.
#[test]
fn who_signed_for_an_office_is_named_with_the_mandate() {
    let by = serde_json::json!({ "agent": "kawara", "mandate": MANDATE, "digest": "ab".repeat(32) });
    let handover = |more: serde_json::Value| {
        let mut all = serde_json::json!({ "event": "ContentHandover", "by": by });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        piece(2, all)
    };
    let receipt = handover(serde_json::json!({ "receipt": "r@x.example" }));
    let report = Report { form: crate::verify::Form::Proof, layers: Vec::new() };
    let page = |pieces| {
        let all = Witnessed { pieces, ..witnessed(true) };
        of(&all, &report, "plan.json", &Beside::default())
    };
    let signed = page(vec![receipt]);
    let kawara = format!("kawara（委任 {MANDATE}）");
    for said in [
        format!("代行業者 {kawara}が受領に署名しました"),
        "受け取った事業所の代行業者の署名</h2>".into(),
        format!("<th>署名した代行業者</th><td>{kawara}</td>"),
    ] {
        assert!(signed.contains(&said), "{said}: {signed}");
    }
    assert!(!signed.contains("受け取った事業所が受領に署名"), "{signed}");
    let seen = page(vec![handover(serde_json::json!({ "reason": "seen-by-the-gateway" }))]);
    assert!(seen.contains(&format!("代行業者: {kawara}")), "{seen}");
}

// Profile §8.22, §8.28
#[test]
fn what_happened_stands_in_the_order_of_the_log_and_says_why_it_did_not_open() {
    let failed = serde_json::json!({
        "event": "ContentHandoverFailure", "reason": "check-failed", "fault": "decryption-failed",
    });
    let gone = |reason| serde_json::json!({ "event": "ContentHandoverFailure", "reason": reason });
    let late = serde_json::json!({ "event": "ContentHandover", "reason": "after-expiry", "receipt": "r@x.example" });
    let erased: Erased = serde_json::from_value(serde_json::json!({
        "v": 1, "id": "EV512E0000000003", "n": 3, "event": "ContentErasure", "at": "2026-11-25T12:00:00Z",
        "day": "2026-08-20", "count": 1, "root": "ab".repeat(32),
    }))
    .unwrap();
    let pieces = vec![piece(1, failed), piece(2, gone("expired")), piece(4, late)];
    let all = Witnessed { pieces, erased: Some(erased), ..witnessed(false) };
    let rows = history(&all);
    let places = ["暗号を解けません", "取得しても開けないまま消去されました", "内容を読む鍵を破棄", "期限後"]
        .map(|words| rows.find(words).unwrap_or_else(|| panic!("{words}: {rows}")));
    assert!(places.is_sorted(), "{rows}");
}

fn witnessed(receipt: bool) -> Witnessed {
    let piece = serde_json::json!({
        "v": 1, "id": "EV512E000000001A", "n": 0, "event": "SubmissionAcceptance", "at": "2026-11-25T12:00:00Z",
        "message_id": "a@x.example", "sha256": "ab".repeat(32), "from": "9970000011", "to": "9970000029",
    });
    let receipt = receipt.then(fumibako_model::Notification::default);
    let pieces = vec![serde_json::from_value(piece).unwrap()];
    Witnessed { pieces, head: None, receipt, failure: None, erased: None }
}

fn layer(what: What, state: State) -> Layer {
    Layer { what, state, facts: Vec::new() }
}

// Profile §8.19
#[test]
fn what_nothing_proves_stands_apart_and_what_was_not_looked_at_has_its_name() {
    let unseen = || State::Unseen(Unseen::NotInProof);
    let layers = vec![
        layer(What::Evidence, State::Holds),
        layer(What::Revocation, unseen()),
        layer(What::Revocation, unseen()),
        layer(What::Original, unseen()),
    ];
    let report = Report { form: crate::verify::Form::Proof, layers };
    let beside = Beside {
        names: [("9970000029".parse().unwrap(), "さくら<訪問介護>".to_owned())].into(),
        facts: Some("v=1; units=use-table; month=202611; files=3; size=100".parse().unwrap()),
        original: None,
        authorities: Authorities {
            gateway: "authority.pem".into(),
            offices: vec!["offices-ca.pem".into(), "<b>.pem".into()],
            stamps: None,
        },
        issued: "2026-11-30T20:00:00Z".parse().unwrap(),
    };
    let page = of(&witnessed(true), &report, "plan.json", &beside);
    let (proved, rest) = page.split_once("参考（証跡の対象外）").unwrap();
    assert!(proved.contains("発行日 2026-12-01") && !proved.contains("さくら"), "{page}");
    for said in ["さくら&lt;訪問介護&gt;", "サービス利用票（6・7表）", "2026-11", "3 個", "--with-original"]
    {
        assert!(rest.contains(said), "{said}: {page}");
    }
    assert!(page.contains("うち 3 項目は、このファイルだけでは確かめていません: 証明書の失効（2 項目）、"), "{page}");
    // What an inspector types where nothing is set up.
    let command = "fumibako verify plan.json --evidence-authority authority.pem --trust offices-ca.pem --trust &quot;&lt;b&gt;.pem&quot;<";
    assert!(rest.contains(command), "{page}");
    let kept = Beside { original: Some("plan.eml".into()), ..Beside::default() };
    let page = of(&witnessed(true), &report, "plan.json", &kept);
    assert!(
        page.contains("fumibako verify plan.json --original plan.eml") && page.contains("古い鍵を捨てないで"),
        "{page}"
    );
    assert!(!page.contains("参考（証跡の対象外）") && !page.contains("--with-original"), "{page}");
}

// Profile §8.21
#[test]
fn a_time_stamp_is_shown_with_whether_it_was_verified() {
    let page = |states: Vec<State>| {
        let facts = || {
            let moment = Fact::moment("time", "日時", "time", "2026-11-26T00:00:00Z".parse().ok());
            vec![moment, Fact::text("stamped_by", "局", "by", Some("CN=<TSA>".into()))]
        };
        let layers = states.into_iter().map(|state| Layer { facts: facts(), ..layer(What::TimeStamp, state) });
        let report = Report { form: crate::verify::Form::Proof, layers: layers.collect() };
        let beside = Beside {
            authorities: Authorities { stamps: Some("tsa.pem".into()), ..Authorities::default() },
            ..Beside::default()
        };
        of(&witnessed(true), &report, "plan.json", &beside)
    };
    let (good, unseen) = (page(vec![State::Holds]), page(vec![State::Unseen(Unseen::NoStampers)]));
    for page in [&good, &unseen] {
        assert!(page.contains("<th>タイムスタンプの日時</th><td>2026-11-26 09:00"), "{page}");
        assert!(page.contains("CN=&lt;TSA&gt;") && page.contains(" --stamp-authority tsa.pem"), "{page}");
    }
    assert!(good.contains("タイムスタンプを確かめました") && !good.contains("確かめていません。下"), "{good}");
    assert!(unseen.contains("タイムスタンプがありますが、確かめていません"), "{unseen}");
    assert!(!page(Vec::new()).contains("タイムスタンプ"), "without one nothing is said of it");
}

#[test]
fn what_a_stranger_wrote_is_no_markup() {
    assert_eq!(escaped("<b a=\"&\">"), "&lt;b a=&quot;&amp;&quot;&gt;");
    let rows = [("a".to_owned(), "<script>".to_owned())];
    assert!(!table(&rows).contains("<script>"));
    assert!(!HEAD.contains("<script") && !HEAD.contains("http"), "it asks nobody for anything");
}
