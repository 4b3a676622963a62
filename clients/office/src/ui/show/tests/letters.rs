//! A letter from its first word to its leaving: what becomes a draft, and what no window brings back.

use super::*;
use crate::ui::letters::Why;

const OTHER: &str = "UPJSK_202510_9970000011_43_9970000029_11_20250920101501.CSV";

fn says(id: &'static str) -> String {
    fumibako_web::text::say(Lang::Ja, id).into_owned()
}

fn offered(desk: &Desk) {
    let mut again = letter(ID, CSV);
    again.message = "10月分です".into();
    held(&desk.app.letters).offer(again);
}

fn drafts(desk: &Desk) -> Vec<String> {
    held(&desk.app.letters).drafts.values().map(|draft| draft.message.clone()).collect()
}

/// TX-06: who only looks at what 再送 would send, and goes back, leaves nothing behind.
#[tokio::test]
async fn what_is_sent_again_is_no_draft_before_somebody_changes_or_keeps_it() {
    let (desk, place) = (Desk::new(), format!("/compose/{ID}"));
    offered(&desk);
    let page = desk.get(&place).await.text;
    assert!(page.contains("10月分です") && page.contains(CSV), "{page}");
    assert!(!page.contains(&says("saved-draft")) || !page.contains("2026/11/20"), "nothing is kept yet");
    desk.post(&format!("{place}/confirm"), "message=10月分です").await;
    assert!(desk.get(&format!("{place}?confirm=yes")).await.text.contains(&says("confirm-question")));
    desk.post(&format!("{place}/save"), "message=10月分です").await;
    assert_eq!(drafts(&desk), [""; 0], "nothing was typed");
    desk.post(&format!("{place}/save"), "message=直しました").await;
    assert_eq!(drafts(&desk), ["直しました"]);
    assert_eq!(held(&desk.app.letters).drafts[ID].files.len(), 1, "its files came with it");

    let desk = Desk::new();
    offered(&desk);
    desk.post(&format!("{place}/keep"), "message=10月分です").await;
    assert_eq!(drafts(&desk), ["10月分です"], "somebody kept it as it is");

    let desk = Desk::new();
    offered(&desk);
    desk.post(&format!("{place}/remove"), "message=10月分です&remove=0").await;
    assert_eq!(held(&desk.app.letters).drafts[ID].files.len(), 0, "a file that was taken off is a change");
}

/// NW-17, TX-06: what 再送 or 取消 made stays, with its files, until somebody says that it goes with its errors.
#[tokio::test]
async fn what_is_sent_again_with_errors_goes_only_when_somebody_says_so() {
    // Nobody listens at port 0: what goes waits in the outbox.
    let desk = Desk::with(|settings| {
        (settings.gateway, settings.https_port, settings.seal) = ("127.0.0.1".into(), 0, false);
        settings.domain = "plans.example".parse().ok();
    });
    let place = format!("/compose/{ID}");
    offered(&desk);
    let seen = crate::ui::work::post::sum(held(&desk.app.letters).open(ID).unwrap()).unwrap();
    let told = desk.post(&format!("{place}/send"), &format!("seen={seen}")).await;
    assert_eq!(told.to, format!("{place}?confirm=yes"));
    {
        let letters = held(&desk.app.letters);
        assert!(!letters.has_left(ID) && letters.open(ID).unwrap().files.len() == 1);
    }
    let mut again = held(&desk.app.letters).drafts.remove(ID).unwrap();
    again.anyway = false;
    held(&desk.app.letters).offer(again);
    assert_eq!(desk.post(&format!("{place}/send"), &format!("seen={seen}&anyway=yes")).await.to, "/sent");
    let waits = crate::outbox::look(&desk.app.settings.data_folder).unwrap();
    let letters = held(&desk.app.letters);
    assert!(waits.len() == 1 && letters.has_left(ID) && letters.open(ID).is_none(), "{waits:?}");
}

#[tokio::test]
async fn of_what_is_offered_only_so_much_is_remembered() {
    let desk = Desk::new();
    let mut letters = held(&desk.app.letters);
    for n in 0..100_i64 {
        let saved = now() + jiff::SignedDuration::from_secs(n);
        letters.offer(Letter { saved, ..letter(&format!("{n:032x}"), CSV) });
    }
    assert_eq!(letters.offered.len(), 16);
    assert!(letters.open(&format!("{:032x}", 99)).is_some() && letters.open(&format!("{:032x}", 0)).is_none());
}

/// NW-12, CF-05. Profile §15.6: a window that is still open on a letter that went writes on nothing, and says so.
#[tokio::test]
async fn nothing_is_written_on_a_letter_that_went() {
    let place = format!("/compose/{ID}");
    for state in ["leaving", "waits", "went"] {
        let desk = Desk::new();
        {
            let mut letters = held(&desk.app.letters);
            match state {
                "leaving" => drop(letters.leaving.insert(ID.into(), letter(ID, CSV))),
                "waits" => drop(letters.rows.insert(ID.into(), Letter { fate: Fate::Unasked, ..letter(ID, CSV) })),
                _ => letters.gone(ID),
            }
        }
        assert_eq!(desk.post(&format!("{place}/save"), "message=続き").await.status, 409, "{state}");
        assert_eq!(drafts(&desk), [""; 0], "{state}");
        assert!(desk.get(&place).await.text.contains(&says("letter-went")), "{state}");
        // Whoever presses a button has what was typed in a draft of its own.
        for verb in ["keep", "confirm", "remove"] {
            let told = desk.post(&format!("{place}/{verb}"), "message=続き").await;
            assert!(told.to.starts_with("/compose/") && told.to != place, "{state} {verb}: {}", told.to);
            let page = desk.get(&told.to).await.text;
            assert!(page.contains("続き") && page.contains(&says("letter-went-moved")), "{state} {verb}: {page}");
        }
        assert_eq!(drafts(&desk), ["続き"; 3], "{state}");
        assert_eq!(desk.post(&format!("{place}/keep"), "message=").await.to, place, "{state}: nothing was typed");
        let letters = held(&desk.app.letters);
        assert!(!letters.drafts.contains_key(ID) && drafts_of(&letters, ID).is_empty(), "{state}");
    }
}

fn drafts_of<'l>(letters: &'l crate::ui::state::Letters, id: &str) -> Vec<&'l Letter> {
    letters.drafts.values().filter(|letter| letter.id == id).collect()
}

/// Profile §15.6: the next run knows what went, too.
#[tokio::test]
async fn what_went_is_known_after_a_restart() {
    let desk = Desk::new();
    held(&desk.app.letters).gone(ID);
    desk.app.keep_letters().unwrap();
    let settings = desk.app.settings.clone();
    *held(&desk.app.kept) = crate::ui::kept::Kept::default();
    let next = App::new(settings, now, &Options::default(), 1).unwrap();
    next.open_kept().unwrap();
    assert!(held(&next.letters).has_left(ID) && !held(&next.letters).has_left(&ID.replace('0', "1")));
}

/// NW-12: requests overtake each other on their way; what was typed last counts.
#[tokio::test]
async fn an_older_word_does_not_replace_a_newer_one() {
    let (desk, place) = (Desk::new(), format!("/compose/{ID}"));
    for (fields, kept) in [
        ("message=二&typed=a-2", "二"),
        ("message=一&typed=a-1", "二"),
        ("message=三&typed=a-3", "三"),
        ("message=同&typed=a-3", "同"),
        // A page without a script, or on which nothing was typed since it was shown.
        ("message=四&typed=", "四"),
        // Another page, which counts for itself: no clock stands between the two.
        ("message=五&typed=b-1", "五"),
        ("message=遅&typed=a-2", "五"),
        ("message=六&typed=a-4", "六"),
        ("message=遅&typed=b-0", "六"),
        ("message=七&typed=b-2", "七"),
    ] {
        assert_eq!(desk.post(&format!("{place}/save"), fields).await.status, 204, "{fields}");
        assert_eq!(drafts(&desk), [kept], "{fields}");
    }
}

/// NW-09. Profile §2.9: what is no paper is refused where it was dropped, and the others stay.
#[tokio::test]
async fn a_program_is_not_attached_and_the_page_says_why() {
    let (desk, place) = (Desk::new(), format!("/compose/{ID}"));
    let part = |name: &str, octets: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{octets}\r\n")
    };
    let head = format!("--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{}\r\n", desk.csrf);
    let files =
        [("note.pdf", "%PDF-1.7"), ("note.exe", "MZ"), ("page.html", "<html>"), ("scan.pdf", "MZ"), ("a.zip", "PK")];
    let parts: String = files.iter().map(|(name, octets)| part(name, octets)).collect();
    desk.upload(&format!("{place}/files"), format!("{head}{parts}--b--\r\n")).await;
    let page = desk.get(&place).await.text;
    for name in ["note.exe", "page.html", "scan.pdf", "a.zip"] {
        assert!(page.contains(name), "{name}: {page}");
    }
    assert!(page.contains("プログラム") && page.contains("この種類のファイルは添付できません"), "{page}");
    let names: Vec<String> = held(&desk.app.letters).drafts[ID].files.iter().map(|file| file.name.clone()).collect();
    assert_eq!(names, ["note.pdf"]);
    // Also where it would go into a row of 一括送信.
    let mut row = letter("r", OTHER);
    row.add(
        vec![Upload { name: "a.js".into(), bytes: Private(b"x".to_vec()) }],
        &|_| true,
        crate::bundle::MESSAGE_BYTES,
    );
    assert!(matches!(row.left[0].why, Why::Attached(_)) && row.files.len() == 1);
}

/// What nobody foresaw is told in the language of whoever reads it.
#[tokio::test]
async fn a_fault_is_told_in_the_reader_s_language() {
    let desk = Desk::new();
    // A folder where the outbox has a file: nothing in it can be read.
    std::fs::create_dir_all(desk.app.settings.data_folder.join("outbox/x.posted.json")).unwrap();
    let pages = || async {
        (desk.get("/sent").await.text, desk.get("/nowhere").await.text, desk.get("/inbox/nonsense").await.text)
    };
    let (fault, nowhere, refused) = pages().await;
    assert!(fault.contains("読み取れません") && fault.contains("lang=\"ja\""), "{fault}");
    assert!(nowhere.contains(&says("no-page")) && refused.contains(&says("answer-title")), "{nowhere}\n{refused}");
    desk.app.sessions.with(&desk.id, |session| session.lang = Lang::En);
    let (fault, nowhere, refused) = pages().await;
    assert!(fault.contains("cannot be read") && fault.contains("lang=\"en\""), "{fault}");
    assert!(nowhere.contains("There is no such page") && refused.contains("That was not done"), "{nowhere}\n{refused}");
    for page in [fault, nowhere, refused] {
        assert!(page.is_ascii() || !page.contains('。'), "{page}");
    }
    // Who has no session is read to in the language that the browser names first.
    let stranger = |language: &'static str| {
        let request = Request::get("/login").header("host", &desk.app.host).header("accept-language", language);
        desk.told(request.body(Body::empty()).unwrap())
    };
    assert!(stranger("en-US,en;q=0.9,ja;q=0.8").await.text.contains("Start Fumibako again"));
    for language in ["ja,en;q=0.8", "", "fr"] {
        assert!(stranger(language).await.text.contains("文箱をもう一度起動"), "{language}");
    }
}

/// PX-06: an agent that acted for the other office has its name, and in the detail its id as well.
#[tokio::test]
async fn an_agent_of_the_other_office_has_a_name() {
    use crate::ui::work::look::Arrived;
    use crate::ui::work::look::tests::{arrived, spot};
    let desk = Desk::new();
    held(&desk.app.mail).inbox.insert(spot(1), Arrived { by: Some("kawara".into()), ..arrived("a@x") });
    assert!(desk.get("/inbox").await.text.contains("kawara"), "nobody told its name yet");
    held(&desk.app.mail).agents.insert("kawara".into(), "かわら事務代行".into());
    let list = desk.get("/inbox").await.text;
    assert!(list.contains("かわら事務代行") && !list.contains("kawara"), "{list}");
    assert!(desk.get("/inbox/1").await.text.contains("かわら事務代行（kawara）"));
}
