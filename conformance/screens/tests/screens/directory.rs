//! 事業所検索 (DI), against what the operator says of offices.

use fumibako::demo::Stage;
use fumibako_gateway::Request;
use fumibako_model::Description;

use crate::world::{A, B, Done, World, quiet_office};

/// One without a licence, and one that is suspended.
const UNLICENSED: &str = "9970000053";
const SUSPENDED: &str = "9970000061";

/// What the directory says.
pub(crate) fn offices(stage: &Stage) -> Done {
    quiet_office(stage, SUSPENDED)?;
    let said = |number: &str, name: &str, kana: &str, kind: &str| {
        Ok::<_, crate::world::Problem>(Description {
            name: Some(name.into()),
            kana: Some(kana.into()),
            municipality: Some("架空町".into()),
            kinds: Some([kind.parse()?].into()),
            ..Description::of(number.parse()?)
        })
    };
    let b = Description { name: None, ..said(B, "", "ミホンホウモンカイゴ", "11")? };
    let offices = vec![
        b,
        said(UNLICENSED, "かえでの家", "カエデノイエ", "15")?,
        said(SUSPENDED, "かえで館", "カエデカン", "43")?,
    ];
    stage.ask(Request::OfficePut { offices, dry_run: false })?;
    stage.ask(Request::OfficeSuspend { number: SUSPENDED.parse()?, reason: "himitsu".into() })?;
    Ok(())
}

pub(crate) async fn play(world: &World) -> Done {
    world.enter(&world.a, A).await?;
    world.go(&world.a, "/directory").await?;
    let empty = world.holds("document.querySelector('#found').children.length === 0").await;
    world.see("DI-01", "before the first search nothing is shown", empty);
    search(world, "ﾎｳﾓﾝｶｲｺﾞ").await?;
    let row = world.until("document.querySelectorAll('#found tbody tr').length === 1").await;
    let said = world.in_order("#found", &[B, "架空町", "11", "送信できます"]).await;
    world.see("DI-01 DI-02", "found by kana in half width: number, municipality, kind, can receive", row && said);
    world.shot("directory").await?;
    search(world, "かえで").await?;
    let rows = world.until("document.querySelectorAll('#found tbody tr').length === 2").await;
    let words = ["かえでの家", UNLICENSED, "利用登録がありません", "かえで館", SUSPENDED, "利用停止中です"];
    world.see("DI-01 DI-02", "why an office cannot receive is told", rows && world.in_order("#found", &words).await);
    let quiet = world.holds("!/@|himitsu/.test(document.querySelector('main').innerText)").await;
    world.see("DI-02", "no mail address, nothing of the operator's reason", quiet);
    for words in ["架空町 家", UNLICENSED, "９９７０００００５３"] {
        search(world, words).await?;
        let one = format!(
            "document.querySelectorAll('#found tbody tr').length === 1 && document.querySelector('#found').innerText.includes('{UNLICENSED}')"
        );
        world.see("DI-02", "found by municipality and name, and by number in any width", world.until(&one).await);
    }
    search(world, "99800000").await?;
    let many = world.until("document.querySelectorAll('#found tbody tr').length === 50").await;
    world.see(
        "DI-02",
        "of very many the first are shown, and that there are more",
        many && world.in_order("#found", &["ほかにもあります"]).await,
    );
    search(world, "<b>%_'\"").await?;
    world.see("DI-01", "where there is none, it says so", world.until("document.querySelector('#found .empty')").await);
    late(world).await
}

/// An older search that fails says nothing of the newer one.
async fn late(world: &World) -> Done {
    let fails = "(() => { const real = window.fetch; window.fetch = (at, how) => String(at).includes('99700')
        ? new Promise((_, no) => setTimeout(() => { no(new Error('late')); window.late = true; }, 600)) : real(at, how);
        return true; })()";
    let set = world.holds(fails).await;
    search(world, "99700").await?;
    search(world, "かえで").await?;
    let rows = world.until("window.late && document.querySelectorAll('#found tbody tr').length === 2").await;
    let quiet = world.holds("document.querySelector('#stopped').hidden").await;
    world.see("DI-01", "a search that fails late is no failure of the next", set && rows && quiet);
    Ok(())
}

async fn search(world: &World, words: &str) -> Done {
    world.fill("#query", words).await?;
    world.press("検索").await
}
