//! Attacks on the screens: by other names, other pages, other ports, and by what strangers write.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::world::{Done, World};

pub(crate) async fn play(world: &World) -> Done {
    // Another thread goes on serving what it asks.
    tokio::task::block_in_place(|| {
        by_name(world);
        dressed(world);
    });
    by_page(world).await?;
    by_words(world).await
}

/// What stands on every answer, and on nothing less (Profile §15.4).
const DRESS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types fumibako",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=(), usb=(), clipboard-read=()"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("x-robots-tag", "noindex"),
];

/// The answer to one request, as a program on this computer may write it.
fn answer(address: SocketAddr, request: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(address) else { return String::new() };
    let mut answer = Vec::new();
    let sent = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_end(&mut answer));
    sent.ok().map(|_| String::from_utf8_lossy(&answer).into_owned()).unwrap_or_default()
}

/// The status of one request.
fn status(address: SocketAddr, request: &str) -> u16 {
    answer(address, request).split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// A header of an answer.
fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Pages, assets and refusals: each forbids everything that is not ours.
fn dressed(world: &World) {
    let (address, host) = (world.a.address(), world.a.host().to_owned());
    let link = world.a.link();
    let get = |host: &str, path: &str, more: &str| {
        answer(address, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n"))
    };
    let opened = get(&host, link.split(&host).nth(1).unwrap_or_default(), "");
    let cookie = header(&opened, "set-cookie").and_then(|cookie| cookie.split(';').next()).unwrap_or_default();
    let page = get(&host, "/login", &format!("Cookie: {cookie}\r\n"));
    let script = page.split("src=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned();
    let answers = [
        ("the redirect", 303, opened.clone()),
        ("a page", 200, page),
        ("an asset", 200, get(&host, &script, "")),
        ("403", 403, get(&host, "/login", "Sec-Fetch-Site: cross-site\r\n")),
        ("421", 421, get("evil.example", "/", "")),
    ];
    for (what, status, answer) in answers {
        let whole = DRESS.iter().all(|(name, value)| header(&answer, name) == Some(*value));
        let fresh = header(&answer, "cache-control")
            == Some(if what == "an asset" { "public, max-age=31536000, immutable" } else { "no-store" });
        let right = answer.starts_with(&format!("HTTP/1.1 {status} "));
        world.see(
            "ATTACK",
            &format!("{what} carries every header that forbids what is not ours"),
            whole && fresh && right,
        );
    }
    let flags = ["__Host-", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"];
    let kept = header(&opened, "set-cookie").unwrap_or_default();
    world.see("ATTACK", "the cookie goes to this host alone", flags.iter().all(|flag| kept.contains(flag)));
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
    for foreign in ["cross-site", "same-site"] {
        for how in
            ["no-cors\r\nSec-Fetch-Dest: image", "cors\r\nSec-Fetch-Dest: empty", "navigate\r\nSec-Fetch-Dest: iframe"]
        {
            let asked = get(&host, &format!("Sec-Fetch-Site: {foreign}\r\nSec-Fetch-Mode: {how}\r\n"));
            world.see("ATTACK", "no image, fetch or frame of another page is answered", asked == 403);
        }
    }
    let stranger = get(&host, "");
    world.see("ATTACK", "without a session there is only the way to the login", (300..=403).contains(&stranger));
    let link = world.a.link();
    let path = link.split(&host).nth(1).unwrap_or_default();
    let open = || status(address, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
    world.see("ATTACK", "a link opens once, and the second time is 403", open() == 303 && open() == 403);
}

/// A page on another port of this computer: it frames ours, reads it and sends its forms, with the right token.
async fn by_page(world: &World) -> Done {
    world.go(&world.a, "/compose").await?;
    let token = world.js("return document.querySelector('input[name=csrf]').value").await?;
    let token = token.as_str().filter(|token| token.len() == 32).ok_or("no token")?.to_owned();
    let host = world.a.host().to_owned();
    let name = host.split(':').next().unwrap_or_default().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let target = format!("http://{host}");
    let page = format!(
        "<!doctype html><title>evil</title><p>evil page</p>\
         <iframe src='/own'></iframe><iframe src='{target}/'></iframe>\
         <form method=post action='{target}/logout'><input name=csrf value='{token}'></form>\
         <script>window.read = {{}}; const note = (how, asked) => asked.then(() => read[how] = 'read', () => read[how] = 'refused'); \
         note('own', fetch('/own', {{mode: 'no-cors'}})); \
         note('cors', fetch('{target}/inbox', {{credentials: 'include'}})); \
         note('opaque', fetch('{target}/inbox', {{mode: 'no-cors', credentials: 'include'}}));</script>"
    );
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).await.unwrap_or_default();
            let body = if buffer[..read].starts_with(b"GET /own") { "<p>own frame</p>" } else { &page };
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    // The same host name on another port: the cookie comes along, and is worth nothing.
    for origin in [format!("http://{name}:{port}"), format!("http://evil.localhost:{port}")] {
        from(world, &origin).await?;
    }
    serving.abort();
    Ok(())
}

/// What a page of this origin gets.
async fn from(world: &World, origin: &str) -> Done {
    world.driver.goto(origin).await?;
    let asked = world.soon("Object.keys(window.read).length === 3").await;
    let nothing = world.holds("read.own === 'read' && read.cors === 'refused' && read.opaque === 'refused'").await;
    world.see("ATTACK", "another port reads nothing, not even blindly", asked && nothing);
    let mut framed = Vec::new();
    for frame in [0, 1] {
        world.driver.enter_frame(frame).await?;
        world.soon("document.readyState === 'complete'").await;
        framed.push(world.js("return location.href + ' ' + document.body.innerText").await?.to_string());
        world.driver.enter_default_frame().await?;
    }
    world.see(
        "ATTACK",
        "no frame shows our pages",
        framed[0].contains("own frame") && framed[1].starts_with("\"chrome-error:"),
    );
    world.js("document.querySelector('form').submit()").await?;
    let refused = world.soon("location.pathname === '/logout' && document.body?.innerText.includes('(403)')").await;
    world.go(&world.a, "/inbox").await?;
    let still = world.until("location.pathname === '/inbox' && document.title.includes('受信一覧')").await;
    world.see(
        "ATTACK",
        "another port's form is answered 403 and changes nothing, though it knows the token",
        refused && still,
    );
    Ok(())
}

/// What strangers write becomes text: file names, messages.
async fn by_words(world: &World) -> Done {
    world.go(&world.a, "/compose").await?;
    let evil = world.write("<img src=x onerror=window.hit=1>.pdf", b"%PDF-1.7");
    let mark = world.write("\u{202E}fdp.<b>.pdf", b"%PDF-1.7");
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
