//! ライセンス (LC): every state with its payment, applying and renewing with consent, and certificates of other kinds.

use fumibako::ui::Ui;
use fumibako_gateway::{LicenceAsk, Request, development_authority};
use fumibako_model::{OfficeNumber, Payment, japanese_day};
use fumibako_signer::authority::{KeyKind, Purpose, Request as Wanted};
use jiff::{SignedDuration, Span};

use crate::world::{A, C, Done, Problem, World, now};

const TERMS: &str = "利用規約 見本\n第1条 利用料は1年21,000円（税込）です。\n";

pub(crate) async fn play(world: &World) -> Done {
    let office = world.serve(C.0, |_| ()).await?;
    world.enter(&office, C.0).await?;
    ended_and_renewed(world, &office).await?;
    by_itself(world, &office).await?;
    paid_and_stopped(world, &office).await?;
    ending_under_new_terms(world, &office).await?;
    // All its years go, and the new one is still to come.
    grant(world, -400, -300)?;
    grant(world, 1, 366)?;
    world.go(&office, "/licence").await?;
    world.see("LC-10", "未申請", chips(world, &["未申請"]).await);
    grant(world, 0, 364)?;
    // Its last connection ends with the page.
    world.driver.goto("about:blank").await?;
    office.stop();
    other_kinds(world).await?;
    world.enter(&world.a, A).await
}

fn number() -> OfficeNumber {
    C.0.parse().unwrap()
}

/// From so many days from now on until so many days from now.
fn grant(world: &World, from: i64, until: i64) -> Done {
    let day = |days: i64| japanese_day(now()).checked_add(Span::new().days(days)).map_err(Problem::from);
    let (from, until) = (Some(day(from)?), Some(day(until)?));
    world.ask(Request::LicenceGrant { number: number(), from, until });
    Ok(())
}

fn publish(world: &World, version: &str) {
    let (version, text) = (version.to_owned(), TERMS.to_owned());
    world.ask(Request::Licence(LicenceAsk::TermsPublish { version, text }));
}

/// The states of the page, each in a colour and a word.
async fn chips(world: &World, words: &[&str]) -> bool {
    world.in_order("#licence-facts", words).await
        && world
            .holds("[...document.querySelectorAll('#licence-facts .chip')].every(chip => chip.innerText.trim())")
            .await
}

async fn ended_and_renewed(world: &World, office: &Ui) -> Done {
    grant(world, -380, -15)?;
    world.go(office, "/licence").await?;
    world.see(
        "LC-01",
        "有効期限 and 支払い状況",
        world.in_order("#licence-facts", &["有効期限", "支払い状況", "未払"]).await,
    );
    world.see("LC-10", "終了 and 未払, in colour and word", chips(world, &["終了", "未払"]).await);
    world.see(
        "LC-10",
        "終了 is red",
        world.holds("document.querySelector('#licence-facts .chip.bad')?.innerText === '終了'").await,
    );
    world.see(
        "LC-09",
        "without terms there is nothing to agree to",
        world.text("#licence-no-terms").await.contains("まだ公開されていない"),
    );
    publish(world, "2026-04");
    world.go(office, "/licence").await?;
    world.see(
        "LC-09",
        "the terms stand above the tick that agrees to them",
        world
            .in_order(
                "#licence-ask",
                &["利用規約（版 2026-04）", "介護給付費からの差引", "読み、同意します", "更新する"],
            )
            .await
            && world.holds("document.querySelector('#terms')?.value.includes('21,000円')").await,
    );
    world.shot("licence-ended").await?;
    world.press("更新する").await?;
    world.see(
        "LC-09",
        "without the tick nothing is sent",
        world.holds("document.querySelector('#agree:invalid')").await,
    );
    world.click("#agree").await?;
    world.press("更新する").await?;
    let renewed = world.until("document.querySelector('#toast')?.innerText.includes('更新しました')").await;
    world.see("LC-09", "renewed", renewed && chips(world, &["有効", "未払"]).await);
    world.see(
        "LC-09",
        "which terms, and who agreed",
        world.in_order("#licence-years", &["未払", "介護給付費からの差引", "利用規約 2026-04 に"]).await,
    );
    world.shot("licence-renewed").await
}

async fn by_itself(world: &World, office: &Ui) -> Done {
    world.press("自動更新にする").await?;
    let on = world.until("document.querySelector('#licence-facts')?.innerText.includes('自動で更新します')").await;
    world.press("自動更新をやめる").await?;
    let off = world.until("document.querySelector('#licence-facts')?.innerText.includes('手続きして更新します')").await;
    world.see("LC-09", "自動更新, and no longer", on && off);
    world.go(office, "/").await?;
    world.see(
        "LC-01",
        "the home page says it, too",
        world.in_order("main", &["ライセンス", "有効", "支払い状況"]).await,
    );
    Ok(())
}

async fn paid_and_stopped(world: &World, office: &Ui) -> Done {
    for (payment, class, word) in [(Payment::Billed, "warn", "請求済"), (Payment::Paid, "good", "支払済")] {
        let ask = LicenceAsk::Payment { number: number(), from: None, payment, pay_by: None };
        world.ask(Request::Licence(ask));
        world.go(office, "/licence").await?;
        let shown = format!(
            "[...document.querySelectorAll('#licence-facts .chip.{class}')].some(chip => chip.innerText === '{word}')"
        );
        world.see("LC-10", word, chips(world, &["有効", word]).await && world.holds(&shown).await);
    }
    let suspend = |reason: Option<&str>| {
        let reason = reason.map(str::to_owned);
        world.ask(Request::Licence(LicenceAsk::Suspend { number: number(), reason }));
    };
    suspend(Some("届出の確認中"));
    world.go(office, "/licence").await?;
    world.see(
        "LC-10",
        "停止, with the reason",
        chips(world, &["停止", "支払済"]).await && world.text("#licence-advice-0").await.contains("届出の確認中"),
    );
    world.go(office, "/").await?;
    world.see("LC-10", "the home page says why, too", world.text("main").await.contains("理由: 届出の確認中"));
    suspend(None);
    Ok(())
}

/// The terms change while the page stands open.
async fn ending_under_new_terms(world: &World, office: &Ui) -> Done {
    grant(world, -345, 20)?;
    world.go(office, "/licence").await?;
    world.see(
        "LC-10 LC-09",
        "まもなく終了, with the days left and what to do",
        chips(world, &["まもなく終了", "あと20日", "未払"]).await
            && world.in_order("#licence-advice-0", &["あと20日", "更新する"]).await,
    );
    publish(world, "2026-10");
    world.click("#agree").await?;
    world.press("更新する").await?;
    let refused = world.until("document.querySelector('#trouble')?.innerText.includes('E-LIC-007')").await;
    world.see("LC-09", "nobody agrees to terms he was not shown", refused && chips(world, &["まもなく終了"]).await);
    world.click("#agree").await?;
    world.press("更新する").await?;
    let renewed = world.until("document.querySelector('#toast')?.innerText.includes('更新しました')").await;
    world.see("LC-09", "the next year follows the one in force", renewed && chips(world, &["有効"]).await);
    Ok(())
}

/// LC-11: the program is set to another kind of certificate.
async fn other_kinds(world: &World) -> Done {
    let folder = world.folder.path().to_owned();
    let authority = development_authority(&folder.join("gateway")).map_err(|why| why.to_string())?;
    for (common_name, words) in [
        ("代理人証明書 9970000037", "代理人証明書は使えません"),
        ("障害者総合支援 9970000037", "障害者総合支援の電子証明書は使えません"),
    ] {
        let wanted = Wanted {
            common_name,
            rfc822_name: "9970000037@plans.example",
            key: KeyKind::EcP256,
            purpose: Purpose::Mail,
            not_before: now(),
            not_after: now() + SignedDuration::from_hours(24 * 300),
        };
        let identity = authority.issue(&wanted).map_err(|why| why.to_string())?;
        let file = folder.join(format!("{}.pem", words.len()));
        std::fs::write(&file, identity.to_pem().as_bytes())?;
        let office = world.serve(C.0, move |settings| {
            settings.data_folder = file.with_extension("data");
            settings.identity_file = file;
        });
        let office = office.await?;
        world.enter(&office, C.0).await?;
        world.go(&office, "/doctor").await?;
        world.see("LC-11", words, world.text("#findings").await.contains(words));
        world.driver.goto("about:blank").await?;
        office.stop();
    }
    Ok(())
}
