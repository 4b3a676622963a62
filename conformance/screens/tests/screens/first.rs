//! はじめの設定 (EN-02): nothing is set up; a browser sets it up, and the screens begin at the same address.

use std::path::Path;

use fumibako::Settings;
use fumibako::ui::{Options, Ui};
use serde_json::json;

use crate::world::{C, Done, World, now};

// Profile §15.11
pub(crate) async fn play(world: &World) -> Done {
    let place = world.folder.path().join("first/fumibako.toml");
    let ui = Ui::start_first(place.clone(), now, Options { look_seconds: 1, ..Options::default() }).await?;
    let known = Settings::load(&world.folder.path().join(C.0).join("fumibako.toml"))?;
    for path in ["/", "/setup", "/inbox", "/login"] {
        world.go(&ui, path).await?;
        world.see(
            "ATTACK",
            "before there are settings a stranger sees nothing, either",
            world.in_order("body", &["このリンクは使えません"]).await,
        );
    }
    steps(world, &ui).await?;
    mended(world, &known, &place).await?;
    begun(world, &ui).await?;
    world.see("EN-02", "nobody but the user may read what was written", private(&place));
    ui.stop();
    Ok(())
}

async fn steps(world: &World, ui: &Ui) -> Done {
    world.driver.goto(ui.link()).await?;
    world.until("document.querySelector('#setup')").await;
    let words = [
        "はじめの設定",
        "利用申請",
        "電子証明書",
        "設定",
        "点検",
        "ゲートウェイの名前",
        "事業所番号",
        "ユーザID",
        "パスワード",
        "証明書と秘密鍵のファイル",
        "証明書ファイルのパスワード",
        "保存して点検する",
    ];
    world.see("EN-01 EN-02", "the steps, and what has to be known", world.in_order("#setup", &words).await);
    world.see(
        "EN-02",
        "a step is marked done only once it was looked at",
        world.holds("document.querySelectorAll('.steps .done').length === 1").await,
    );
    world.shot("setup").await
}

/// What is wrong is said, and put right.
async fn mended(world: &World, known: &Settings, place: &Path) -> Done {
    fields(world, known, "localhost x").await?;
    world.press("保存して点検する").await?;
    let told =
        world.until("document.querySelector('#trouble')?.innerText.includes('ゲートウェイの名前が違います')").await;
    world.see("EN-02", "a field that cannot be right is named, before anything is written", told && !place.exists());
    // Nobody answers there.
    world.fill("#setup-gateway", "127.0.0.9").await?;
    world.press("保存して点検する").await?;
    let bad = world.until("document.querySelector('#findings')?.innerText.includes('要確認')").await;
    world.see(
        "EN-02",
        "what does not work is said in plain words, with what to do",
        bad && world.in_order("#setup", &["まだ使えないところがあります", "接続先"]).await,
    );
    world.shot("setup-bad").await?;
    world.press("設定を直す").await?;
    world.until("document.querySelector('#setup-gateway')").await;
    let kept = world.holds(&format!("document.querySelector('#setup-login').value === {} && document.querySelector('#setup-password').value === '' && document.querySelector('#setup-password').placeholder === '入力済み'", json!(known.login))).await;
    world.see(
        "EN-02",
        "what was given is kept; a secret is not shown again",
        kept && world.in_order("#setup", &["選択済み：", "office.pem"]).await,
    );
    world.fill("#setup-gateway", &known.gateway).await?;
    world.press("保存して点検する").await?;
    let good = world.until("document.querySelector('#setup')?.innerText.includes('このまま使えます')").await;
    world.see("EN-02 EN-03", "everything is tested", good && !world.text("#findings").await.contains("要確認"));
    world.see(
        "EN-02",
        "all steps are done",
        world.holds("document.querySelectorAll('.steps .done').length === 5").await,
    );
    world.shot("setup-good").await
}

async fn begun(world: &World, ui: &Ui) -> Done {
    world.press("使い始める").await?;
    world.until("document.querySelector('#user')").await;
    world.fill("#user", C.0).await?;
    world.fill("#password", &world.password(C.0)).await?;
    world.click("#door button.primary").await?;
    let home = world.until("document.querySelector('#state')?.innerText.includes('利用可能です。')").await;
    world.see(
        "EN-02 LG-02",
        "then the login, and the screens, at the same address",
        home && world.holds(&format!("location.host === {}", json!(ui.host()))).await,
    );
    Ok(())
}

async fn fields(world: &World, known: &Settings, gateway: &str) -> Done {
    world.fill("#setup-gateway", gateway).await?;
    world.fill("#setup-domain", &known.domain.as_ref().ok_or("no domain")?.to_string()).await?;
    world.fill("#setup-party", C.0).await?;
    world.fill("#setup-login", &known.login).await?;
    world.fill("#setup-password", &world.password(C.0)).await?;
    for (field, file) in [
        ("#setup-identity", &known.identity_file),
        ("#setup-trust", &known.trust_file),
        ("#setup-tls-ca", &known.tls_ca_file),
    ] {
        let field = world.driver.find(thirtyfour::By::Css(field)).await?;
        // The browser takes no path with `..` in it.
        field.send_keys(file.canonicalize()?.display().to_string()).await?;
    }
    world.click("details > summary").await?;
    for (field, port) in [
        ("#setup-submission-port", known.submission_port),
        ("#setup-imap-port", known.imap_port),
        ("#setup-https-port", known.https_port),
    ] {
        world.fill(field, &port.to_string()).await?;
    }
    Ok(())
}

#[cfg(unix)]
fn private(place: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let mode =
        |name: &str| std::fs::metadata(place.with_file_name(name)).map_or(0o777, |file| file.permissions().mode());
    ["fumibako.key", "fumibako.password"].into_iter().all(|name| matches!(mode(name) & 0o777, 0o600 | 0o400))
}

#[cfg(not(unix))]
fn private(place: &Path) -> bool {
    place.exists()
}
