//! What the operator tells everybody: on ホーム, and a stop that is near where letters are sent.

use fumibako_gateway::{NoticeAsk, Request};
use fumibako_model::{NoticeKind, Stop};
use jiff::SignedDuration;

use crate::world::{self, A, Done, World, ahead};

/// Longer than an answer about notices is good.
const LATER: i64 = 400;

fn post(world: &World, kind: NoticeKind, title: &str, stops_in: Option<i64>) {
    let now = world::now();
    let hours = SignedDuration::from_hours;
    let stop = stops_in.map(|at| Stop { from: now + hours(at), until: now + hours(at + 4) });
    let (title, body) = (title.to_owned(), "本文の<b>一行目</b>\n二行目\n".to_owned());
    let ask = NoticeAsk::Post { kind, title, body, from: None, until: now + hours(48), stop };
    world.ask(Request::Notice(ask));
}

// Profile §18.7
pub(crate) async fn play(world: &World) -> Done {
    world.enter(&world.a, A).await?;
    world.go(&world.a, "/compose").await?;
    let quiet = !world.text("main").await.contains("停止します");
    post(world, NoticeKind::Info, "<script>alert(1)</script>機能の追加", None);
    post(world, NoticeKind::Maintenance, "先の停止", Some(30));
    ahead(LATER);
    world.go(&world.a, "/").await?;
    world.until("document.querySelectorAll('#notices li').length === 2").await;
    world.go(&world.a, "/compose").await?;
    let still = !world.text("main").await.contains("停止します");
    world.see("HM-06", "a stop that is more than a day ahead warns nobody yet", quiet && still);
    post(world, NoticeKind::Maintenance, "定期メンテナンス", Some(23));
    ahead(2 * LATER);
    world.go(&world.a, "/").await?;
    let all = world.until("document.querySelectorAll('#notices li').length === 3").await;
    // What came by itself may have been seen by nobody: it stays marked where the page is opened next.
    world.go(&world.a, "/").await?;
    let text = world.text("#notices").await;
    let told = ["停止", "定期メンテナンス", "未読", "先の停止", "機能の追加"].iter().all(|word| text.contains(word));
    world.see("HM-05 HM-06", "notices stand on ホーム with kind and title, the new one marked", all && told);
    world.click("#notices li summary").await?;
    let body = world.until("document.querySelector('#notices details[open] p')?.innerText.includes('二行目')").await;
    let plain = !world.holds("document.querySelector('#notices b:not(summary b), #notices script')").await;
    world.see("HM-06", "with its body, in which nothing is markup", body && plain);
    world.shot("home-notices").await?;
    world.go(&world.a, "/").await?;
    world.see("HM-06", "what was shown is not new any more", !world.text("#notices").await.contains("未読"));
    for path in ["/compose", "/batch"] {
        world.go(&world.a, path).await?;
        let words = ["から", "まで、システムが停止します", "その前に送ってください"];
        world.see(
            "HM-06",
            "a stop within 24 hours is told where letters are sent",
            world.in_order("main", &words).await,
        );
    }
    world.shot("batch-stop").await?;
    ahead(0);
    world.enter(&world.a, A).await
}
