//! ログイン (LG) and ホーム (HM).

use crate::world::{A, Done, World, ahead};

pub(crate) async fn play(world: &World) -> Done {
    login(world).await?;
    home(world).await?;
    settings(world).await?;
    locked(world).await?;
    logout(world).await
}

async fn login(world: &World) -> Done {
    // So `fumibako ui` begins: the browser is shown a file, which leads to the link.
    let link = world.a.link();
    let leads = format!("<!DOCTYPE html><meta http-equiv=refresh content='0;url={link}'>");
    let file = world.write("open.html", leads.as_bytes());
    world.driver.goto(format!("file://{}", file.display())).await?;
    let led = world.until("location.pathname === '/login' && document.querySelector('#user')").await;
    world.see("LG-02", "a file that leads to the link leads to the login", led);
    let words = ["ケアプランデータ連携", "ユーザID", "パスワード", "ログイン"];
    let hints = world
        .holds(
            "document.querySelector('#user').placeholder === 'ユーザIDを入力してください' && \
        document.querySelector('#password').placeholder === 'パスワードを入力してください'",
        )
        .await;
    world.see("LG-01", "system name, fields with their hints, button", hints && world.in_order("body", &words).await);
    world.shot("login").await?;
    for path in ["/", "/inbox", "/compose", "/batch", "/sent"] {
        world.go(&world.a, path).await?;
        world.see("LG-02", "no screen is shown before the login", world.holds("location.pathname === '/login'").await);
    }
    world.go(&world.a, "/").await?;
    world.fill("#user", A).await?;
    world.fill("#password", "wrong").await?;
    world.click("button[data-reveal]").await?;
    let shown = world.holds("document.querySelector('#password').type === 'text' && document.querySelector('#password').value === 'wrong'").await;
    world.see("LG-09", "表示 shows the password", shown);
    world.click("#door button.primary").await?;
    let one =
        world.until("document.querySelector('#trouble')?.innerText.includes('ユーザIDかパスワードが違います')").await;
    let kept = world
        .holds(&format!("document.querySelector('#user').value === '{A}' && document.activeElement.id === 'password'"))
        .await;
    world.see("LG-07", "one message for both, the ID is kept, the password has the focus", one && kept);
    world.shot("login-wrong").await?;
    world.fill("#password", &world.password(A)).await?;
    world.click("#door button.primary").await?;
    let home = world.until("document.title.includes('ホーム')").await;
    world.see("LG-02 LG-04", "ID and password open the screen that was asked for", home);
    world.see(
        "EN-02",
        "what is set up shows on home",
        world.until("document.querySelector('#office').innerText.includes('電子証明書')").await,
    );
    world.go(&world.a, "/inbox").await?;
    world.see("LG-03", "who is logged in is not asked again", world.holds("location.pathname === '/inbox'").await);
    world.driver.goto(&link).await?;
    world.see("LG-02", "a used link is refused", world.in_order("body", &["このリンクは使えません"]).await);
    Ok(())
}

async fn home(world: &World) -> Done {
    world.go(&world.a, "/").await?;
    let online = world.until("document.querySelector('#state')?.innerText.includes('利用可能です。')").await;
    world.see(
        "HM-03 EN-03",
        "利用可能です。ただいまシステムは正常稼働中です。",
        online && world.in_order("#state", &["ただいまシステムは正常稼働中です。"]).await,
    );
    let menu = ["ホーム", "受信一覧", "送信一覧", "新規作成", "下書き一覧", "一括送信", "ログアウト"];
    for path in ["/", "/inbox", "/sent", "/compose", "/drafts", "/batch", "/directory", "/licence", "/doctor"] {
        world.go(&world.a, path).await?;
        world.see("HM-01", "the menu in its order on every screen", world.in_order("#tabs", &menu).await);
        let name = if path == "/" { "home" } else { &path[1..] };
        world.shot(name).await?;
    }
    world.go(&world.a, "/").await?;
    world.see("HM-02", "the six entries as large buttons", world.in_order("#doors", &menu[..6]).await);
    world.see(
        "HM-07",
        "counters stand on home, each with what it counts",
        world
            .in_order(
                "#doors",
                &[
                    "まだ取得していない受信",
                    "件",
                    "相手先がまだ取得していない送信",
                    "件",
                    "書きかけの下書き",
                    "件",
                    "複数の事業所へまとめて送る",
                    "件",
                ],
            )
            .await,
    );
    let state = ["電子証明書", "最後の受信確認", "保存先フォルダ"];
    world.see("HM-09", "certificate, last check, save folder", world.in_order("#office", &state).await);
    Ok(())
}

async fn settings(world: &World) -> Done {
    for (word, size) in [("large", "特大"), ("largest", "特大"), ("standard", "標準")] {
        world.click(&format!("button[name=size][value={word}]")).await?;
        let set = world.until(&format!("document.documentElement.dataset.size === '{word}'")).await;
        world.see("SIZES", &format!("three sizes of letters ({size})"), set);
        world.shot(&format!("home-{word}")).await?;
    }
    world.click("button[name=lang]").await?;
    let english = world
        .until("document.documentElement.lang === 'en' && document.querySelector('#tabs').innerText.includes('Home')")
        .await;
    world.see("LANGUAGE", "the language is a setting of the page", english);
    world.shot("home-en").await?;
    world.click("button[name=lang]").await?;
    world.until("document.documentElement.lang === 'ja'").await;
    Ok(())
}

/// LG-10: what was typed stays, and the page goes on where it was.
async fn locked(world: &World) -> Done {
    world.go(&world.a, "/compose").await?;
    world.fill("#message", "途中まで書いた").await?;
    ahead(16 * 60);
    // Whether the page was covered a moment ago is no matter to whoever presses just now, and types on.
    let press = "performance.clearResourceTimings(); \
        [...document.querySelectorAll('main button')].find(b => b.innerText.trim() === '一時保存').click(); \
        document.querySelector('#message').dispatchEvent(new Event('input', { bubbles: true }))";
    world.js(press).await?;
    let asked = world.until("document.querySelector('dialog#lock:modal #door')").await;
    // What is typed is kept by itself a moment later: two questions wait for one login.
    let both = "performance.getEntriesByType('resource').some((one) => one.name.endsWith('/save'))";
    let asked = asked && world.until(both).await;
    world.shot("locked").await?;
    let kept = world.holds("document.querySelector('#message').value === '途中まで書いた'").await;
    if asked {
        world.fill("dialog#lock input[name=password]", &world.password(A)).await?;
        world.click("dialog#lock button.primary").await?;
    }
    let back = world
        .until(
            "location.pathname === '/drafts' && document.querySelector('#rows').innerText.includes('途中まで書いた')",
        )
        .await;
    world.see("LG-10", "locked after 15 minutes, opened in place, nothing typed is lost", asked && kept && back);
    ahead(0);
    world.press("削除").await?;
    world.until("document.querySelector('#rows').innerText.includes('下書きはありません')").await;
    Ok(())
}

async fn logout(world: &World) -> Done {
    world.click("#tabs li.last button").await?;
    world.until("location.pathname === '/login'").await;
    let mut shut = true;
    for path in ["/", "/inbox", "/compose"] {
        world.go(&world.a, path).await?;
        shut &= world.holds("location.pathname === '/login'").await;
    }
    shut &= world.js("return fetch('/events').then((answer) => answer.status)").await? == 401;
    world.see("LG-05", "after ログアウト no screen is reachable", shut);
    world.enter(&world.a, A).await
}
