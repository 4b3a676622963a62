//! Attacks on the screens: by other names, other pages, other ports, and by what strangers write.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::world::{Done, World};

pub(crate) async fn play(world: &World) -> Done {
    // Another thread goes on serving what it asks.
    tokio::task::block_in_place(|| by_name(world));
    by_page(world).await?;
    by_words(world).await
}

/// The status of one request, as a program on this computer may write it.
fn status(address: SocketAddr, request: &str) -> u16 {
    let Ok(mut stream) = TcpStream::connect(address) else { return 0 };
    let mut answer = Vec::new();
    let sent = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_end(&mut answer));
    let text = String::from_utf8_lossy(&answer);
    sent.ok().and_then(|_| text.split(' ').nth(1)?.parse().ok()).unwrap_or(0)
}

// Profile §15.1, §15.2, §15.3
fn by_name(world: &World) {
    let (address, host) = (world.a.address(), world.a.host().to_owned());
    world.see("ATTACK", "it listens on this computer alone", address.ip().is_loopback());
    let get = |host: &str, more: &str| {
        status(address, &format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n"))
    };
    for foreign in
        ["evil.example", "127.evil.example", "localhost", "127.0.0.1", &address.to_string(), &format!("x{host}")]
    {
        world.see("ATTACK", "a foreign Host is answered 421", get(foreign, "") == 421);
    }
    let post = |more: &str| {
        status(
            address,
            &format!("POST /logout HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 0\r\n{more}\r\n"),
        )
    };
    for foreign in [
        "Origin: http://evil.example\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
        "Origin: null\r\n",
        "",
    ] {
        world.see("ATTACK", "a foreign Origin is answered 403", post(foreign) == 403);
    }
    let stranger = get(&host, "");
    world.see("ATTACK", "without a session there is only the way to the login", (300..=403).contains(&stranger));
    let link = world.a.link();
    let path = link.split(&host).nth(1).unwrap_or_default();
    let open = || status(address, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
    world.see("ATTACK", "a link opens once, and the second time is 403", open() == 303 && open() == 403);
}

/// A page on another port of this computer: it frames ours, reads it and sends its forms.
async fn by_page(world: &World) -> Done {
    world.go(&world.a, "/compose").await?;
    let host = world.a.host().to_owned();
    let name = host.split(':').next().unwrap_or_default().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let target = format!("http://{host}");
    let page = format!(
        "<!doctype html><iframe id=f src='{target}/'></iframe><img id=i src='{target}/inbox'>\
         <form id=p method=post action='{target}/logout'><input name=csrf value=x></form>\
         <script>window.read = 'waits'; fetch('{target}/inbox', {{credentials: 'include'}}).then(() => window.read = 'read', () => window.read = 'refused');</script>"
    );
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await;
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
                page.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    // The same host name on another port: the cookie comes along, and is worth nothing.
    for origin in [format!("http://{name}:{port}"), format!("http://evil.localhost:{port}")] {
        world.driver.goto(&origin).await?;
        world.see("ATTACK", "another port reads nothing", world.soon("window.read === 'refused'").await);
        let framed = world.js("try { return document.querySelector('#f').contentDocument?.body?.innerText ?? null } catch { return null }").await?;
        world.see("ATTACK", "no frame shows our pages", framed.as_str().is_none_or(|text| !text.contains("新規作成")));
        world.js("document.querySelector('#p').submit()").await?;
        world.soon("location.pathname === '/logout' || document.readyState === 'complete'").await;
        world.go(&world.a, "/inbox").await?;
        world.see(
            "ATTACK",
            "another port's form changes nothing",
            world.until("document.title.includes('受信一覧')").await,
        );
    }
    serving.abort();
    Ok(())
}

/// What strangers write becomes text: file names, messages.
async fn by_words(world: &World) -> Done {
    world.go(&world.a, "/compose").await?;
    let evil = world.write("<img src=x onerror=window.hit=1>.pdf", b"%PDF");
    let mark = world.write("\u{202E}fdp.<b>.pdf", b"%PDF");
    world.choose(&[evil, mark]).await?;
    world.until("document.querySelectorAll('#other button').length === 2").await;
    world.fill("#message", "</textarea><script>window.hit=1</script>").await?;
    world.press("一時保存").await?;
    world.until("location.pathname === '/drafts'").await;
    let text = world.text("#rows").await;
    world.see(
        "ATTACK",
        "markup in names and messages is text",
        text.contains("<script>window.hit=1") && !world.holds("window.hit").await,
    );
    let refused =
        "try { document.body.innerHTML = '<b>x</b>'; return false } catch (why) { return why instanceof TypeError }";
    world.see("ATTACK", "a script cannot make HTML (Trusted Types)", world.js(refused).await? == true);
    let inline = "try { document.createElement('div').setAttribute('onclick', 'window.hit=1'); return false } catch (why) { return why instanceof TypeError }";
    world.see("ATTACK", "no inline handler runs", world.js(inline).await? == true);
    world.press("削除").await?;
    Ok(())
}
