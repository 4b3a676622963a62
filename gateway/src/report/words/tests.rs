use expect_test::{Expect, expect};
use fumibako_model::{Evidence, Fault, MessageId, Reason, Recorded, Report, Wishes};
use fumibako_store::bodies::Day;
use fumibako_store::{Due, DueKey};
use fumibako_wire::mime::Header;

use super::super::about::About;
use super::Telling;

const ACCEPTED: &str = "2026-11-20T00:15:00Z";
const HEADER: &str = "From: 9970000011@plans.example\r\nDate: Fri, 20 Nov 2026 09:14:30 +0900\r\n\
    Subject: =?utf-8?B?5qW9?= about somebody\r\nFumibako-Bundle: v=1; units=use-table,mr-yamada,plan; month=202611;\r\n \
    serial=20261120091430; files=8; size=48211\r\n\r\n";

fn piece(n: u64, event: &str, at: &str, more: serde_json::Value) -> Recorded {
    let mut piece = serde_json::json!({
        "v": 1, "id": format!("EV512E000000001{n}"), "n": n, "event": event, "at": at, "message_id": "b.1@plans.example",
        "sha256": "ab".repeat(32), "from": "9970000011", "to": "9970000029",
    });
    piece.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    serde_json::from_value(piece).unwrap()
}

fn due_of(recorded: Recorded, report: Report) -> Due {
    let at = recorded.evidence.at;
    let key = DueKey { at, message: MessageId(1), report };
    Due { key, recorded, wishes: Wishes::default(), waiting: true, open: true, day: Day::of(at), reminded: None }
}

/// The letter about a bundle to which this happened last.
fn check(report: Report, fault: Option<Fault>, known: bool, expected: Expect) {
    let accepted = piece(0, "SubmissionAcceptance", ACCEPTED, serde_json::json!({}));
    let told = match report {
        Report::Delivered => piece(1, "ContentConsignment", "2026-11-20T00:15:01Z", serde_json::json!({})),
        Report::HandedOver => piece(2, "ContentHandover", "2026-11-21T01:00:00Z", serde_json::json!({})),
        Report::Uncollected => accepted.clone(),
        Report::Expired => piece(3, "ContentHandoverFailure", "2027-02-19T00:00:00Z", serde_json::json!({})),
    };
    let word = fault.map(|fault| {
        let said = serde_json::json!({ "reason": "check-failed", "fault": fault });
        let one = piece(2, "ContentHandoverFailure", "2026-11-20T05:00:00Z", said);
        assert_eq!(one.evidence.reason, Some(Reason::CheckFailed));
        one
    });
    let mut about = About::default();
    if known {
        (about.from, about.to) = ("ひまわり居宅介護支援事業所".into(), "さくら訪問介護".into());
        about.read(Header::of(HEADER.as_bytes()));
    }
    let due = due_of(told.clone(), report);
    let telling = Telling {
        due: &due,
        domain: &"plans.example".parse().unwrap(),
        about,
        pieces: [Some(accepted), word, Some(told)].into_iter().flatten().collect(),
        ends: "2027-02-18T15:00:00Z".parse().unwrap(),
        now: "2026-11-21T00:16:00Z".parse().unwrap(),
    };
    let header = telling.about.header(&evidence(&telling), telling.domain);
    expected.assert_eq(&format!("{}\n\n{}\n{header}", telling.subject(), telling.text()).replace("\r\n", "\n"));
}

fn evidence(telling: &Telling<'_>) -> Evidence {
    telling.due.recorded.evidence.clone()
}

// Profile §8.17
#[test]
fn what_was_delivered() {
    check(
        Report::Delivered,
        None,
        true,
        expect![[r"
        ケアプランデータ お届け済み [Fumibako]

        送信データは、さくら訪問介護（9970000029）のメールボックスに届きました。

        ■ どの送信データか
        送信元: ひまわり居宅介護支援事業所（9970000011）
        送信先: さくら訪問介護（9970000029）
        送信日時: 2026-11-20 09:14（日本時間）
        データの種類: サービス利用票（6・7表）、居宅サービス計画（1～3表）
        対象年月: 2026-11
        ファイル: 8 個
        受付の日時: 2026-11-20 09:15（日本時間）
        お届けの日時: 2026-11-20 09:15（日本時間）
        消去の予定: 2027-02-19 00:00（日本時間）

        ■ このあとすること
        お手続きは不要です。相手が取得すると、署名つきの受領証が Receipts フォルダーに届きます（fumibako の送信一覧では「未」が「済」になります）。2027-02-16 00:00（日本時間）までに届かないときは、電話などで相手に確かめてください。2027-02-19 00:00（日本時間）を過ぎると消去されます。

        ■ 添付のファイル
        EV512E0000000011.json は、受付からこれまでの出来事の日時と両方の事業所を、ゲートウェイの署名で証明するファイルです（送信日時、データの種類、消去の予定は含みません）。このお知らせと一緒に保存し、求められたらファイルのまま渡してください。確かめるには: fumibako verify EV512E0000000011.json（設定のないパソコンでは --evidence-authority と発行元のファイルを付けます）

        ----------------------------------------

        The bundle stands in the mailbox of さくら訪問介護 (9970000029).

        ■ Which bundle
        from: ひまわり居宅介護支援事業所 (9970000011)
        to: さくら訪問介護 (9970000029)
        sent: 2026-11-20 09:14 (Japan time)
        data: use table (tables 6 and 7), care plan (tables 1-3)
        month: 2026-11
        files: 8
        accepted: 2026-11-20 09:15 (Japan time)
        delivered: 2026-11-20 09:15 (Japan time)
        to be erased: 2027-02-19 00:00 (Japan time)

        ■ What to do next
        Nothing. When the other office has collected it, its signed receipt comes into the folder Receipts (the list of fumibako says 済). Where none does until 2027-02-16 00:00 (Japan time), telephone that office: it is erased after 2027-02-19 00:00 (Japan time).

        ■ The attached file
        EV512E0000000011.json proves by the gateway's signature what happened since the bundle was accepted, when, and between which offices (not when it was sent, what it holds, nor when it will be erased). Keep it with this letter, and hand it over as a file where it is asked for. To check it: fumibako verify EV512E0000000011.json (where nothing is set up, with --evidence-authority and the authority's file)

        ----------------------------------------

        照合用 / for reference
        Message-ID: <b.1@plans.example>
        SHA-256: abababababababababababababababababababababababababababababababab
        証跡 / evidence: EV512E0000000011 (http://uri.etsi.org/19522/Event/ContentConsignment)

        From: 9970000011@plans.example
        To: 9970000029@plans.example
        Date: Fri, 20 Nov 2026 00:14:30 -0000
        Message-ID: <b.1@plans.example>
        Fumibako-Bundle: v=1; units=use-table,plan; month=202611; serial=20261120091430; files=8; size=48211
        "]],
    );
}

#[test]
fn what_was_handed_over() {
    check(
        Report::HandedOver,
        None,
        true,
        expect![[r"
        ケアプランデータ 受け渡し済み [Fumibako]

        送信データの全体を、さくら訪問介護（9970000029）の端末に渡しました。これはゲートウェイの記録で、相手の受領証ではありません。

        ■ どの送信データか
        送信元: ひまわり居宅介護支援事業所（9970000011）
        送信先: さくら訪問介護（9970000029）
        送信日時: 2026-11-20 09:14（日本時間）
        データの種類: サービス利用票（6・7表）、居宅サービス計画（1～3表）
        対象年月: 2026-11
        ファイル: 8 個
        受付の日時: 2026-11-20 09:15（日本時間）
        受け渡しの日時: 2026-11-21 10:00（日本時間）
        消去の予定: 2027-02-19 00:00（日本時間）

        ■ このあとすること
        お手続きは不要です。相手の署名つきの受領証が必要なときは、受領証を返すよう相手に頼んでください（相手が fumibako で取得すると、自動で返ります）。

        ■ 添付のファイル
        EV512E0000000012.json は、受付からこれまでの出来事の日時と両方の事業所を、ゲートウェイの署名で証明するファイルです（送信日時、データの種類、消去の予定は含みません）。このお知らせと一緒に保存し、求められたらファイルのまま渡してください。確かめるには: fumibako verify EV512E0000000012.json（設定のないパソコンでは --evidence-authority と発行元のファイルを付けます）

        ----------------------------------------

        All of the bundle went to a terminal of さくら訪問介護 (9970000029). This is the gateway's word, not the recipient's receipt.

        ■ Which bundle
        from: ひまわり居宅介護支援事業所 (9970000011)
        to: さくら訪問介護 (9970000029)
        sent: 2026-11-20 09:14 (Japan time)
        data: use table (tables 6 and 7), care plan (tables 1-3)
        month: 2026-11
        files: 8
        accepted: 2026-11-20 09:15 (Japan time)
        handed over: 2026-11-21 10:00 (Japan time)
        to be erased: 2027-02-19 00:00 (Japan time)

        ■ What to do next
        Nothing. If you need the recipient's signed receipt, ask that office to return one (fumibako does so by itself when it collects).

        ■ The attached file
        EV512E0000000012.json proves by the gateway's signature what happened since the bundle was accepted, when, and between which offices (not when it was sent, what it holds, nor when it will be erased). Keep it with this letter, and hand it over as a file where it is asked for. To check it: fumibako verify EV512E0000000012.json (where nothing is set up, with --evidence-authority and the authority's file)

        ----------------------------------------

        照合用 / for reference
        Message-ID: <b.1@plans.example>
        SHA-256: abababababababababababababababababababababababababababababababab
        証跡 / evidence: EV512E0000000012 (http://uri.etsi.org/19522/Event/ContentHandover)

        From: 9970000011@plans.example
        To: 9970000029@plans.example
        Date: Fri, 20 Nov 2026 00:14:30 -0000
        Message-ID: <b.1@plans.example>
        Fumibako-Bundle: v=1; units=use-table,plan; month=202611; serial=20261120091430; files=8; size=48211
        "]],
    );
}

// Profile §8.14: one letter for both offices says which is to do what.
#[test]
fn what_nobody_collected() {
    check(
        Report::Uncollected,
        None,
        true,
        expect![[r"
        ケアプランデータ 未取得のお知らせ（2027-02-19 00:00 に消去） [Fumibako]

        ひまわり居宅介護支援事業所（9970000011）が送ったデータを、さくら訪問介護（9970000029）はまだ取得していません。2027-02-19 00:00（日本時間）を過ぎると消去されます。

        ■ どの送信データか
        送信元: ひまわり居宅介護支援事業所（9970000011）
        送信先: さくら訪問介護（9970000029）
        送信日時: 2026-11-20 09:14（日本時間）
        データの種類: サービス利用票（6・7表）、居宅サービス計画（1～3表）
        対象年月: 2026-11
        ファイル: 8 個
        受付の日時: 2026-11-20 09:15（日本時間）
        このお知らせの日時: 2026-11-21 09:16（日本時間）
        消去の予定: 2027-02-19 00:00（日本時間）

        ■ このあとすること
        送信元のひまわり居宅介護支援事業所（9970000011）の方へ: 電話などで相手に知らせてください。
        送信先のさくら訪問介護（9970000029）の方へ: 受信一覧（メールソフトでは受信トレイ）に、ひまわり居宅介護支援事業所（9970000011）からの取得していないデータがあります。期限までに取得してください。普通のメールソフトで受け取り済みのときは、そのメールを開いて既読にするか、別のフォルダーへ移してください。受け渡し済みと記録され、このお知らせは止まります。見当たらないとき（開かずに削除・移動したときなど）は、ひまわり居宅介護支援事業所（9970000011）に送り直しを頼んでください。

        ■ 添付のファイル
        EV512E0000000010.json は、受付からこれまでの出来事の日時と両方の事業所を、ゲートウェイの署名で証明するファイルです（送信日時、データの種類、消去の予定は含みません）。このお知らせと一緒に保存し、求められたらファイルのまま渡してください。確かめるには: fumibako verify EV512E0000000010.json（設定のないパソコンでは --evidence-authority と発行元のファイルを付けます）

        ----------------------------------------

        さくら訪問介護 (9970000029) has not collected what ひまわり居宅介護支援事業所 (9970000011) sent. It is erased after 2027-02-19 00:00 (Japan time).

        ■ Which bundle
        from: ひまわり居宅介護支援事業所 (9970000011)
        to: さくら訪問介護 (9970000029)
        sent: 2026-11-20 09:14 (Japan time)
        data: use table (tables 6 and 7), care plan (tables 1-3)
        month: 2026-11
        files: 8
        accepted: 2026-11-20 09:15 (Japan time)
        this letter: 2026-11-21 09:16 (Japan time)
        to be erased: 2027-02-19 00:00 (Japan time)

        ■ What to do next
        To the sender, ひまわり居宅介護支援事業所 (9970000011): please telephone the other office.
        To the recipient, さくら訪問介護 (9970000029): your inbox holds data of ひまわり居宅介護支援事業所 (9970000011) that you have not collected. Please collect it in time. If you have it already by an ordinary mail program, open that mail so that it is marked as read, or move it to another folder: that is written down as handed over, and these letters end. If it is not in your inbox any more (deleted or moved before you collected it), ask ひまわり居宅介護支援事業所 (9970000011) to send it again.

        ■ The attached file
        EV512E0000000010.json proves by the gateway's signature what happened since the bundle was accepted, when, and between which offices (not when it was sent, what it holds, nor when it will be erased). Keep it with this letter, and hand it over as a file where it is asked for. To check it: fumibako verify EV512E0000000010.json (where nothing is set up, with --evidence-authority and the authority's file)

        ----------------------------------------

        照合用 / for reference
        Message-ID: <b.1@plans.example>
        SHA-256: abababababababababababababababababababababababababababababababab
        証跡 / evidence: EV512E0000000010 (http://uri.etsi.org/19522/Event/SubmissionAcceptance)

        From: 9970000011@plans.example
        To: 9970000029@plans.example
        Date: Fri, 20 Nov 2026 00:14:30 -0000
        Message-ID: <b.1@plans.example>
        Fumibako-Bundle: v=1; units=use-table,plan; month=202611; serial=20261120091430; files=8; size=48211
        "]],
    );
}

// Profile §8.22: who answered that it does not open has collected it.
#[test]
fn what_does_not_open_there() {
    check(
        Report::Uncollected,
        Some(Fault::DecryptionFailed),
        true,
        expect![[r"
        ケアプランデータ 開封できず・期限のお知らせ（2027-02-19 00:00 に消去） [Fumibako]

        ひまわり居宅介護支援事業所（9970000011）が送ったデータを、さくら訪問介護（9970000029）は取得しましたが、開けないという署名つきの返事をしました。2027-02-19 00:00（日本時間）を過ぎると消去されます。
        送信先で開けませんでした（暗号を解けません）。

        ■ どの送信データか
        送信元: ひまわり居宅介護支援事業所（9970000011）
        送信先: さくら訪問介護（9970000029）
        送信日時: 2026-11-20 09:14（日本時間）
        データの種類: サービス利用票（6・7表）、居宅サービス計画（1～3表）
        対象年月: 2026-11
        ファイル: 8 個
        受付の日時: 2026-11-20 09:15（日本時間）
        このお知らせの日時: 2026-11-21 09:16（日本時間）
        消去の予定: 2027-02-19 00:00（日本時間）

        ■ このあとすること
        送信元のひまわり居宅介護支援事業所（9970000011）の方へ: 送信先に証明書と鍵を確かめてもらい、もう一度送ってください（送信先の最新の証明書で暗号化されます）。
        送信先のさくら訪問介護（9970000029）の方へ: 証明書と鍵を確かめて、もう一度取得してください。それでも開けないときは、ひまわり居宅介護支援事業所（9970000011）に送り直しを頼んでください。

        ■ 添付のファイル
        EV512E0000000010.json は、受付からこれまでの出来事の日時と両方の事業所を、ゲートウェイの署名で証明するファイルです（送信日時、データの種類、消去の予定は含みません）。このお知らせと一緒に保存し、求められたらファイルのまま渡してください。確かめるには: fumibako verify EV512E0000000010.json（設定のないパソコンでは --evidence-authority と発行元のファイルを付けます）

        ----------------------------------------

        さくら訪問介護 (9970000029) collected what ひまわり居宅介護支援事業所 (9970000011) sent and answered, signed, that it does not open. It is erased after 2027-02-19 00:00 (Japan time).
        The receiving office could not open it: it does not decrypt there.

        ■ Which bundle
        from: ひまわり居宅介護支援事業所 (9970000011)
        to: さくら訪問介護 (9970000029)
        sent: 2026-11-20 09:14 (Japan time)
        data: use table (tables 6 and 7), care plan (tables 1-3)
        month: 2026-11
        files: 8
        accepted: 2026-11-20 09:15 (Japan time)
        this letter: 2026-11-21 09:16 (Japan time)
        to be erased: 2027-02-19 00:00 (Japan time)

        ■ What to do next
        To the sender, ひまわり居宅介護支援事業所 (9970000011): Ask that office to check its certificate and keys, then send again: it is sealed for its current certificate.
        To the recipient, さくら訪問介護 (9970000029): check your certificate and keys, and collect it once more. If it does not open then, ask ひまわり居宅介護支援事業所 (9970000011) to send it again.

        ■ The attached file
        EV512E0000000010.json proves by the gateway's signature what happened since the bundle was accepted, when, and between which offices (not when it was sent, what it holds, nor when it will be erased). Keep it with this letter, and hand it over as a file where it is asked for. To check it: fumibako verify EV512E0000000010.json (where nothing is set up, with --evidence-authority and the authority's file)

        ----------------------------------------

        照合用 / for reference
        Message-ID: <b.1@plans.example>
        SHA-256: abababababababababababababababababababababababababababababababab
        証跡 / evidence: EV512E0000000010 (http://uri.etsi.org/19522/Event/SubmissionAcceptance)

        From: 9970000011@plans.example
        To: 9970000029@plans.example
        Date: Fri, 20 Nov 2026 00:14:30 -0000
        Message-ID: <b.1@plans.example>
        Fumibako-Bundle: v=1; units=use-table,plan; month=202611; serial=20261120091430; files=8; size=48211
        "]],
    );
}

// Its header is gone with it.
#[test]
fn what_expired() {
    check(
        Report::Expired,
        None,
        false,
        expect![[r"
        ケアプランデータ 期限切れのお知らせ [Fumibako]

        送信データは、事業所（9970000029）が取得しないまま期限が切れ、消去されました。

        ■ どの送信データか
        送信元: 事業所（9970000011）
        送信先: 事業所（9970000029）
        受付の日時: 2026-11-20 09:15（日本時間）
        期限切れの日時: 2027-02-19 09:00（日本時間）

        ■ このあとすること
        データが必要なら、相手に連絡してから、元のファイルを送り直してください。データの種類と対象年月は内容と一緒に消去したので、ここには書けません。送信の控えか、このデータについての前のお知らせで確かめてください。

        ■ 添付のファイル
        EV512E0000000013.json は、受付からこれまでの出来事の日時と両方の事業所を、ゲートウェイの署名で証明するファイルです（送信日時、データの種類、消去の予定は含みません）。このお知らせと一緒に保存し、求められたらファイルのまま渡してください。確かめるには: fumibako verify EV512E0000000013.json（設定のないパソコンでは --evidence-authority と発行元のファイルを付けます）

        ----------------------------------------

        The bundle expired before office 9970000029 collected it, and is erased.

        ■ Which bundle
        from: office 9970000011
        to: office 9970000029
        accepted: 2026-11-20 09:15 (Japan time)
        expired: 2027-02-19 09:00 (Japan time)

        ■ What to do next
        If the data is needed, call the other office and send the files again. What it was went with its content and cannot be told here: see your own list, or the letters before about this bundle.

        ■ The attached file
        EV512E0000000013.json proves by the gateway's signature what happened since the bundle was accepted, when, and between which offices (not when it was sent, what it holds, nor when it will be erased). Keep it with this letter, and hand it over as a file where it is asked for. To check it: fumibako verify EV512E0000000013.json (where nothing is set up, with --evidence-authority and the authority's file)

        ----------------------------------------

        照合用 / for reference
        Message-ID: <b.1@plans.example>
        SHA-256: abababababababababababababababababababababababababababababababab
        証跡 / evidence: EV512E0000000013 (http://uri.etsi.org/19522/Event/ContentHandoverFailure)

        From: 9970000011@plans.example
        To: 9970000029@plans.example
        Message-ID: <b.1@plans.example>
        "]],
    );
}

#[test]
fn what_expired_and_never_opened() {
    check(
        Report::Expired,
        Some(Fault::IntegrityCheckFailed),
        false,
        expect![[r"
        ケアプランデータ 期限切れのお知らせ [Fumibako]

        送信データは、事業所（9970000029）が取得しても開けないまま期限が切れ、消去されました。

        ■ どの送信データか
        送信元: 事業所（9970000011）
        送信先: 事業所（9970000029）
        受付の日時: 2026-11-20 09:15（日本時間）
        期限切れの日時: 2027-02-19 09:00（日本時間）

        ■ このあとすること
        データが必要なら、相手に連絡してから、元のファイルを送り直してください。データの種類と対象年月は内容と一緒に消去したので、ここには書けません。送信の控えか、このデータについての前のお知らせで確かめてください。

        ■ 添付のファイル
        EV512E0000000013.json は、受付からこれまでの出来事の日時と両方の事業所を、ゲートウェイの署名で証明するファイルです（送信日時、データの種類、消去の予定は含みません）。このお知らせと一緒に保存し、求められたらファイルのまま渡してください。確かめるには: fumibako verify EV512E0000000013.json（設定のないパソコンでは --evidence-authority と発行元のファイルを付けます）

        ----------------------------------------

        The bundle, which office 9970000029 collected and could not open, expired and is erased.

        ■ Which bundle
        from: office 9970000011
        to: office 9970000029
        accepted: 2026-11-20 09:15 (Japan time)
        expired: 2027-02-19 09:00 (Japan time)

        ■ What to do next
        If the data is needed, call the other office and send the files again. What it was went with its content and cannot be told here: see your own list, or the letters before about this bundle.

        ■ The attached file
        EV512E0000000013.json proves by the gateway's signature what happened since the bundle was accepted, when, and between which offices (not when it was sent, what it holds, nor when it will be erased). Keep it with this letter, and hand it over as a file where it is asked for. To check it: fumibako verify EV512E0000000013.json (where nothing is set up, with --evidence-authority and the authority's file)

        ----------------------------------------

        照合用 / for reference
        Message-ID: <b.1@plans.example>
        SHA-256: abababababababababababababababababababababababababababababababab
        証跡 / evidence: EV512E0000000013 (http://uri.etsi.org/19522/Event/ContentHandoverFailure)

        From: 9970000011@plans.example
        To: 9970000029@plans.example
        Message-ID: <b.1@plans.example>
        "]],
    );
}

// Profile §8.17, §8.22
#[test]
fn what_was_handed_over_and_does_not_open_there() {
    check(
        Report::HandedOver,
        Some(Fault::AuthenticationFailed),
        false,
        expect![[r"
        ケアプランデータ 開封できず [Fumibako]

        送信データは事業所（9970000029）に届きましたが、開けないという署名つきの返事がありました。2027-02-19 00:00（日本時間）を過ぎると消去されます。
        送信先で開けませんでした（送信元の署名を確認できません）。

        ■ どの送信データか
        送信元: 事業所（9970000011）
        送信先: 事業所（9970000029）
        受付の日時: 2026-11-20 09:15（日本時間）
        受け渡しの日時: 2026-11-21 10:00（日本時間）
        消去の予定: 2027-02-19 00:00（日本時間）

        ■ このあとすること
        自分の証明書の期限を確かめ、送信先に発行元（認証局）の登録を確かめてもらってください。

        ■ 添付のファイル
        EV512E0000000012.json は、受付からこれまでの出来事の日時と両方の事業所を、ゲートウェイの署名で証明するファイルです（送信日時、データの種類、消去の予定は含みません）。このお知らせと一緒に保存し、求められたらファイルのまま渡してください。確かめるには: fumibako verify EV512E0000000012.json（設定のないパソコンでは --evidence-authority と発行元のファイルを付けます）

        ----------------------------------------

        The bundle reached office 9970000029, which answered, signed, that it does not open. It is erased after 2027-02-19 00:00 (Japan time).
        The receiving office could not make out whose signature it is.

        ■ Which bundle
        from: office 9970000011
        to: office 9970000029
        accepted: 2026-11-20 09:15 (Japan time)
        handed over: 2026-11-21 10:00 (Japan time)
        to be erased: 2027-02-19 00:00 (Japan time)

        ■ What to do next
        Check your certificate, and ask that office whether it trusts the authority that issued it.

        ■ The attached file
        EV512E0000000012.json proves by the gateway's signature what happened since the bundle was accepted, when, and between which offices (not when it was sent, what it holds, nor when it will be erased). Keep it with this letter, and hand it over as a file where it is asked for. To check it: fumibako verify EV512E0000000012.json (where nothing is set up, with --evidence-authority and the authority's file)

        ----------------------------------------

        照合用 / for reference
        Message-ID: <b.1@plans.example>
        SHA-256: abababababababababababababababababababababababababababababababab
        証跡 / evidence: EV512E0000000012 (http://uri.etsi.org/19522/Event/ContentHandover)

        From: 9970000011@plans.example
        To: 9970000029@plans.example
        Message-ID: <b.1@plans.example>
        "]],
    );
}

// Profile §8.17
#[test]
fn a_call_is_asked_for_while_it_helps() {
    let told = |ends: &str| {
        let due =
            due_of(piece(1, "ContentConsignment", "2026-11-20T00:15:01Z", serde_json::json!({})), Report::Delivered);
        let telling = Telling {
            due: &due,
            domain: &"plans.example".parse().unwrap(),
            about: About::default(),
            pieces: Vec::new(),
            ends: ends.parse().unwrap(),
            now: "2026-11-21T00:16:00Z".parse().unwrap(),
        };
        telling.in_time().to_string()
    };
    assert_eq!(told("2027-02-18T15:00:00Z"), "2027-02-15T15:00:00Z");
    assert_eq!(told("2026-11-24T00:16:00Z"), "2026-11-24T00:16:00Z", "no time is left before");
}

// Profile §9.5: an agent that took it for an office is named.
#[test]
fn whose_terminal_took_it() {
    let by = serde_json::json!({ "agent": "kawara", "mandate": format!("MD{}", "5A".repeat(16)), "digest": "ab".repeat(32) });
    let told = piece(2, "ContentHandover", ACCEPTED, serde_json::json!({ "by": by }));
    let due = due_of(told.clone(), Report::HandedOver);
    let ends = "2027-02-18T15:00:00Z".parse().unwrap();
    let domain = "plans.example".parse().unwrap();
    let telling = Telling {
        due: &due,
        domain: &domain,
        about: About::default(),
        pieces: vec![told],
        ends,
        now: due.recorded.evidence.at,
    };
    let text = telling.text();
    assert!(text.contains("事業所（9970000029）の代行業者 kawara の端末に渡しました"), "{text}");
    assert!(text.contains("a terminal of kawara, the agent of office 9970000029"), "{text}");
}
