// @ts-check
// The one script, with files.js. Every page works without it; with it, forms answer in place, files may be dropped, and lists live.
// It makes no HTML of its own: what it shows came from the server, which escaped it.

/** @type {{ createHTML(html: string): any }} */
const policy = /** @type {any} */ (window).trustedTypes?.createPolicy("fumibako", { createHTML: (/** @type {string} */ html) => html })
  ?? { createHTML: (html) => html };

/** @param {string} html */
const parse = (html) => new DOMParser().parseFromString(policy.createHTML(html), "text/html");
/** @param {string} id */
const byId = (id) => document.getElementById(id);

// ---- Changing what is shown, without taking away what somebody holds ----

/**
 * Makes one element like another. What stays the same thing stays the same node: a button that is being pressed, a field
 * that is being typed in, a ticked box.
 * @param {Element} from @param {Element} to
 */
function morph(from, to) {
  for (const { name } of [...from.attributes]) if (!to.hasAttribute(name) && name !== "open") from.removeAttribute(name);
  for (const { name, value } of [...to.attributes]) {
    // What somebody unfolded stays so, and what is folded away is shown when something in it is the matter; dialogs open themselves.
    if ((name !== "open" || from.tagName === "DETAILS") && from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  if (from.tagName === "TEXTAREA") { from.textContent = to.textContent; return; }
  const kept = new Map([...from.children].filter((child) => child.id).map((child) => [child.id, child]));
  let here = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const named = wanted instanceof Element && wanted.id ? kept.get(wanted.id) : undefined;
    const same = named ?? (here && alike(here, wanted) ? here : undefined);
    if (!same) { from.insertBefore(document.importNode(wanted, true), here); continue; }
    if (same !== here) from.insertBefore(same, here);
    if (same instanceof Element && wanted instanceof Element) morph(same, wanted);
    else if (same.nodeValue !== wanted.nodeValue) same.nodeValue = wanted.nodeValue;
    here = same.nextSibling;
  }
  while (here) { const next = here.nextSibling; here.remove(); here = next; }
}

/** @param {Node} a @param {Node} b */
function alike(a, b) {
  if (a.nodeType !== b.nodeType) return false;
  return !(a instanceof Element && b instanceof Element) || (a.tagName === b.tagName && a.id === b.id);
}

// What is shown: an address without the place in it.
const spot = () => location.pathname + location.search;
let stands = spot();

// How often a page was shown: news that were asked for before it are older than it.
let shown = 0;

/** @param {Document} page @param {string} address */
function show(page, address) {
  shown += 1;
  const held = document.activeElement, nth = kin(held).indexOf(/** @type {Element} */ (held));
  const before = location.pathname, there = new URL(address, location.href);
  const same = before === there.pathname;
  if (!same || there.search !== location.search) history.pushState(null, "", there);
  stands = spot();
  document.title = page.title;
  document.documentElement.lang = page.documentElement.lang;
  document.documentElement.dataset.size = page.documentElement.dataset.size;
  for (const id of ["bar", "tabs", "toast", "foot"]) {
    const [old, fresh] = [byId(id), page.getElementById(id)];
    if (old && fresh) morph(old, fresh);
  }
  const [old, fresh] = [byId("main"), page.getElementById("main")];
  if (old && fresh) {
    if (same) morph(old, fresh);
    else { old.replaceWith(document.importNode(fresh, true)); window.scrollTo(0, 0); }
  }
  settle(held);
  // What is to be put right stands where the next key goes.
  const wrong = document.querySelector("#main [aria-invalid=true]");
  if (wrong instanceof HTMLElement) { wrong.focus(); return; }
  // A screen of another kind begins at its beginning.
  if (before.split("/")[1] !== there.pathname.split("/")[1]) byId("main")?.focus();
  else if (document.activeElement === document.body) refocus(held, nth);
}

// ---- Where the keyboard is: what had the focus keeps it, or the next of its kind has it ----

/** What had the focus before a dialog opened over it. @type {Element | null} */
let opener = null;

/** Those like a button, such as each row's own 削除. @param {Element | null} element */
const kin = (element) => (element instanceof HTMLButtonElement && element.name
  ? [...document.querySelectorAll(`#main button[name="${CSS.escape(element.name)}"]`)] : []);

/** The same on a page that was drawn anew. @param {Element} element */
function again(element) {
  if (element.isConnected) return element;
  if (element.id) return byId(element.id);
  const told = ["name", "value", "href", "formaction"].filter((name) => element.hasAttribute(name));
  if (!told.length) return element.matches(".primary") ? document.querySelector(`#main > form ${element.localName}.primary`) : null;
  return document.querySelector(`#main ${element.localName}${told.map((name) => `[${name}="${CSS.escape(element.getAttribute(name) ?? "")}"]`).join("")}`);
}

/** @param {Element | null} held @param {number} nth where it stood among its kind */
function refocus(held, nth) {
  const from = held?.closest("dialog") ? opener : held, like = kin(held);
  const next = (from && from !== document.body && again(from)) ?? (nth < 0 ? null : like[Math.min(nth, like.length - 1)]);
  if (next instanceof HTMLElement) next.focus();
  if (!next || document.activeElement !== next) byId("main")?.focus();
}

/** Closes a dialog that only asked: what stands behind it is the page it leads back to. @param {HTMLDialogElement} dialog @param {string} address */
function dismiss(dialog, address) {
  dialog.close();
  dialog.remove();
  history.replaceState(null, "", address);
  stands = spot();
  const to = opener && again(opener);
  (to instanceof HTMLElement ? to : byId("main"))?.focus();
}

/** What only a script can do to a page that has just been shown. @param {Element | null} [held] what had the focus before */
function settle(held = null) {
  for (const dialog of document.querySelectorAll("dialog[data-modal]")) {
    if (!(dialog instanceof HTMLDialogElement) || dialog.matches(":modal")) continue;
    if (!held?.closest("dialog")) opener = held;
    dialog.close();
    dialog.showModal();
    focusIn(dialog);
  }
  for (const hidden of document.querySelectorAll("[data-scripted]")) hidden.removeAttribute("hidden");
  for (const button of document.querySelectorAll("[data-notify]")) {
    button.textContent = button.getAttribute(notifies() ? "data-quiet" : "data-notify");
  }
  tally();
}

/** @param {Element} dialog */
function focusIn(dialog) {
  const first = dialog.querySelector("[autofocus]");
  if (first instanceof HTMLElement) first.focus();
}

// ---- Forms ----

/** The server is there, whatever it said. */
const reached = () => byId("stopped")?.setAttribute("hidden", "");

/**
 * Asks the server. A session that is locked meanwhile is opened in place, and the question asked once more, so that
 * nothing typed is lost. 401: the program that knew this page's session has ended.
 * @param {string} address @param {RequestInit} [how] @returns {Promise<Response>}
 */
async function ask(address, how) {
  const answer = await fetch(address, how);
  reached();
  if (new URL(answer.url).pathname !== "/login") { clicked(); return answer; }
  const page = parse(await answer.text());
  if (!page.getElementById("door")) return new Response(null, { status: 401 });
  await unlocked(page);
  return ask(address, how);
}

/** @type {Promise<void> | null} */
let opening = null;
/** However many questions wait for it, the session is opened once. @param {Document} page @returns {Promise<void>} */
function unlocked(page) {
  return opening ??= opened(page).finally(() => { opening = null; });
}

/** Takes the cover off the page, if there is one. */
let uncover = () => {};

/** Covers the page until somebody has logged in, here or in another tab. @param {Document} page @returns {Promise<void>} */
function opened(page) {
  const dialog = document.createElement("dialog");
  dialog.id = "lock";
  dialog.setAttribute("aria-labelledby", "door-title");
  dialog.append(document.importNode(/** @type {Element} */ (page.getElementById("door")), true));
  document.body.append(dialog);
  dialog.showModal();
  // A browser asks about a second Escape in a row nobody: it may not be asked, and what was closed is shown again.
  dialog.setAttribute("closedby", "none");
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.addEventListener("close", () => { if (dialog.isConnected) dialog.showModal(); });
  dialog.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    enter(dialog, /** @type {HTMLFormElement} */ (event.target));
  });
  settle();
  return new Promise((done) => {
    uncover = () => {
      // What had the focus has it again.
      dialog.close();
      dialog.remove();
      uncover = () => {};
      done();
    };
  });
}

/** @param {HTMLDialogElement} dialog @param {HTMLFormElement} form */
async function enter(dialog, form) {
  const said = dialog.querySelector("#lock-said") ?? dialog.appendChild(document.createElement("p"));
  said.id = "lock-said";
  said.setAttribute("role", "alert");
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(/** @type {any} */ (new FormData(form))) });
    reached();
    if (new URL(answer.url).pathname !== "/login") { clicked(); uncover(); return; }
    const again = parse(await answer.text()).getElementById("door");
    if (again) { dialog.replaceChildren(document.importNode(again, true)); settle(); focusIn(dialog); }
    else said.textContent = byId("answered")?.dataset.s401 ?? "";
  } catch { said.textContent = byId("stopped")?.textContent ?? ""; }
}

// LG-10: when nobody has clicked for as long as the server waits, it is asked whether the page is still for whoever sits here.
const idle = Number(document.body.dataset.idle ?? 0) * 1000;
let lapse = 0;
function clicked() {
  clearTimeout(lapse);
  if (idle) lapse = window.setTimeout(lapsed, idle + 500);
}
function lapsed() {
  heard("all");
  // Somebody clicks in another tab.
  lapse = window.setTimeout(lapsed, Math.min(idle, 20_000));
}

/** Says why the server did not do what it was asked; `null`: the server is not there. @param {number | null} status */
function tell(status) {
  if (status === null) { byId("stopped")?.removeAttribute("hidden"); return; }
  const place = byId("answered");
  if (!place) return;
  place.textContent = place.getAttribute(`data-s${status}`) ?? `${place.dataset.other} (${status})`;
  place.dataset.told = String(status);
  place.hidden = false;
}

/** A page, or a number that stands for one that is not there. @param {Response} answer */
const isPage = (answer) => (answer.headers.get("content-type") ?? "").startsWith("text/html");

let searches = 0;
document.addEventListener("submit", async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (event.defaultPrevented || !form.matches("[data-swap]")) return;
  event.preventDefault();
  // Of searches the last one counts; anything else is done once.
  const search = form.method === "get";
  if (form.dataset.busy && !search) return;
  form.dataset.busy = "yes";
  // What was typed goes along: kept a moment later, it would be a draft of what was just sent.
  if (form.dataset.autosave) clearTimeout(pause);
  const turn = search ? (searches += 1) : 0;
  const button = /** @type {HTMLElement | null} */ (event.submitter);
  const address = button?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href;
  const fields = new FormData(form, button);
  try {
    const query = new URLSearchParams(/** @type {any} */ (fields)).toString();
    const body = form.enctype === "multipart/form-data" ? fields : new URLSearchParams(/** @type {any} */ (fields));
    const answer = search ? await ask(`${address}?${query}`) : await ask(address, { method: "POST", body });
    const said = answer.ok || isPage(answer) ? await answer.text() : null;
    if (search && turn !== searches) return;
    byId("answered")?.setAttribute("hidden", "");
    if (said === null) { tell(answer.status); keepSoon(form); }
    else show(parse(said), answer.url);
  } catch {
    if (search && turn !== searches) return;
    tell(null);
    keepSoon(form);
  } finally {
    delete form.dataset.busy;
  }
});

/** Shows what a link leads to, in place. @param {string} address */
async function follow(address) {
  try {
    const answer = await ask(address);
    if (isPage(answer)) show(parse(await answer.text()), answer.url);
    else tell(answer.status);
  } catch { tell(null); }
}

// A draft is kept two seconds after the last key, and when the window closes.
let pause = 0, typed = 0;
// What names this page to the server, which tells by the count which of its words are the latest: a clock may be set back.
const typist = [...crypto.getRandomValues(new Uint32Array(2))].map((part) => part.toString(16)).join("");
// How often keeping a draft began or ended: what was asked for before it may be older than what is typed here.
let keeps = 0;
document.addEventListener("input", (event) => {
  const field = /** @type {HTMLElement} */ (event.target);
  const form = field.closest("form");
  if (!form?.dataset.autosave) return;
  form.dataset.unsaved = String(typed += 1);
  const when = form.elements.namedItem("typed");
  if (when instanceof HTMLInputElement) when.value = `${typist}-${typed}`;
  const state = byId("saved");
  if (state) state.textContent = "";
  keepSoon(form);
});
/** @param {HTMLFormElement} form */
function keepSoon(form) {
  if (!form.dataset.unsaved) return;
  clearTimeout(pause);
  pause = window.setTimeout(() => save(form, false), 2000);
}
// Before the next page is asked for, which would show the words from before these; the other for a window that just closes.
for (const leaving of ["beforeunload", "pagehide"]) addEventListener(leaving, () => {
  for (const form of document.querySelectorAll("form[data-unsaved]")) save(/** @type {HTMLFormElement} */ (form), true);
});

/** @param {HTMLFormElement} form @param {boolean} closing */
async function save(form, closing) {
  const fields = new FormData(form);
  for (const [name, value] of [...fields]) if (value instanceof File) fields.delete(name);
  const body = new URLSearchParams(/** @type {any} */ (fields));
  const typing = form.dataset.unsaved;
  if (closing) { delete form.dataset.unsaved; navigator.sendBeacon(form.dataset.autosave ?? "", body); return; }
  keeps += 1;
  try {
    const answer = await ask(form.dataset.autosave ?? "", { method: "POST", body });
    const state = byId("saved");
    // Of what was typed meanwhile nothing was said yet.
    const latest = form.dataset.unsaved === typing;
    if (state && latest) state.textContent = (answer.ok ? state.dataset.saved : state.dataset.unsaved) ?? "";
    if (!answer.ok) { tell(answer.status); return; }
    byId("answered")?.setAttribute("hidden", "");
    if (latest) delete form.dataset.unsaved;
  } catch {
    // It stays unsaved.
  } finally {
    keeps += 1;
  }
}

// ---- Small things ----

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (button?.dataset.reveal) {
    const field = /** @type {HTMLInputElement} */ (byId(button.dataset.reveal));
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.textContent = (shown ? button.dataset.hide : button.dataset.show) ?? "";
  }
  if (button?.dataset.tick) {
    for (const box of document.querySelectorAll("#main input[type=checkbox][name=row]")) {
      /** @type {HTMLInputElement} */ (box).checked = button.dataset.tick === "all";
    }
    tally();
  }
  const link = event.target instanceof Element ? event.target.closest("a") : null, dialog = link?.closest("dialog");
  if (link?.dataset.cancel !== undefined && dialog) { event.preventDefault(); dismiss(dialog, link.href); }
  else if (link?.dataset.swap !== undefined && !event.ctrlKey && !event.shiftKey && !event.metaKey) { event.preventDefault(); follow(link.href); }
  if (button?.dataset.print !== undefined) print();
  if (button?.dataset.notify !== undefined) notifyOrNot();
});
document.addEventListener("change", (event) => {
  const field = event.target;
  if (field instanceof HTMLInputElement && field.type === "file") {
    const drop = field.closest("fumi-drop");
    if (drop && field.files?.length) upload(drop, { files: [...field.files], unread: [], deep: [] });
  }
  if (field instanceof HTMLSelectElement && field.dataset.go !== undefined) field.form?.requestSubmit();
  tally();
});
document.addEventListener("cancel", (event) => {
  const dialog = event.target;
  if (!(dialog instanceof HTMLDialogElement) || !dialog.matches("[data-modal]")) return;
  event.preventDefault();
  const way = dialog.querySelector("[data-cancel]");
  if (way instanceof HTMLElement) way.click();
}, true);

function tally() {
  const ticked = document.querySelectorAll("#main input[name=row]:checked").length;
  for (const place of document.querySelectorAll("[data-tally]")) place.textContent = String(ticked);
}

// ---- What happens elsewhere ----

const channel = new BroadcastChannel("fumibako");
/** @type {Set<string>} */
const changed = new Set();
let waiting = 0;
// Uploads that run: their end shows the page anew, and to draw it after each part would take longer than the parts.
let quiet = 0;

/** @param {string} area */
function heard(area) {
  changed.add(area);
  if (waiting || quiet) return;
  waiting = window.setTimeout(refresh, 120);
}

async function refresh() {
  const areas = [...changed], before = shown, kept = keeps;
  changed.clear();
  const live = [...document.querySelectorAll("[data-live]")].filter((place) => {
    const wanted = (place.getAttribute("data-live") ?? "").split(" ");
    return areas.some((area) => wanted.includes(area) || area === "all");
  });
  try {
    const answer = live.length ? await fetch(location.href, { headers: { "X-Fumibako": "live" } }) : null;
    if (answer) reached();
    const path = answer ? new URL(answer.url).pathname : "";
    const page = answer && (path === location.pathname || path === "/login") ? parse(await answer.text()) : null;
    if (before !== shown) areas.forEach((area) => changed.add(area));
    else if (page && path === "/login") locked(page);
    else if (page) {
      for (const place of live) {
        const fresh = page.getElementById(place.id);
        if (!fresh || !place.isConnected) continue;
        if (place instanceof HTMLTextAreaElement) { if (kept === keeps) retell(place, /** @type {HTMLTextAreaElement} */ (fresh)); }
        else morph(place, fresh);
      }
      resumed(page);
      announce(page);
      document.title = page.title;
      settle();
    }
  } catch { tell(null); }
  waiting = 0;
  if (changed.size) heard([...changed][0]);
}

/** Nobody is logged in any more: the page is covered. @param {Document} page */
function locked(page) {
  if (page.getElementById("door")) unlocked(page).then(() => heard("all"));
  else tell(401);
}

/** The program began anew and somebody logged in: this page goes on with that session. @param {Document} page */
function resumed(page) {
  const token = /** @type {HTMLInputElement | null} */ (page.querySelector("input[name=csrf]"))?.value;
  for (const field of document.querySelectorAll("input[name=csrf]")) {
    if (token) /** @type {HTMLInputElement} */ (field).value = token;
  }
  document.querySelector("#answered[data-told='401']")?.setAttribute("hidden", "");
  uncover();
}

/**
 * What a field says elsewhere. What is being typed in it here counts more, and where nothing is left of it elsewhere, sent or
 * discarded, the words stay here.
 * @param {HTMLTextAreaElement} field @param {HTMLTextAreaElement} fresh
 */
function retell(field, fresh) {
  if (field.form?.dataset.unsaved || document.activeElement === field || !fresh.value || field.value === fresh.value) return;
  field.value = fresh.value;
}

/**
 * A count, and nothing about anybody: said once to those who listen to the page, and by the system to those who look elsewhere.
 * @param {Document} page
 */
function announce(page) {
  const count = (/** @type {string} */ text) => Number(/^\((\d+)\)/.exec(text)?.[1] ?? 0);
  if (count(page.title) <= count(document.title)) return;
  const heard = byId("heard");
  if (heard) heard.textContent = page.getElementById("heard")?.dataset.arrived ?? "";
  if (document.hidden && notifies()) new Notification(page.title);
}

// HM-10: whoever asked to be told takes it back with the same button.
const QUIET = "fumibako-quiet";
const notifies = () => typeof Notification !== "undefined" && Notification.permission === "granted" && !localStorage.getItem(QUIET);
async function notifyOrNot() {
  if (notifies()) localStorage.setItem(QUIET, "yes");
  else { localStorage.removeItem(QUIET); await Notification.requestPermission(); }
  settle();
}

channel.addEventListener("message", (event) => heard(String(event.data)));
// A browser opens six connections to one server: the one tab that holds the lock listens for all of them.
if (document.body.dataset.events) navigator.locks.request("live", () => new Promise(listen));
function listen() {
  const events = new EventSource(document.body.dataset.events ?? "");
  events.addEventListener("message", (event) => { channel.postMessage(event.data); heard(event.data); });
  events.addEventListener("open", () => {
    // What happened before somebody listened was told to nobody.
    channel.postMessage("all");
    heard("all");
  });
  events.addEventListener("error", () => {
    // Whether nobody is there, or nobody is logged in, the answer to a question tells.
    channel.postMessage("all");
    heard("all");
    if (events.readyState === EventSource.CLOSED) window.setTimeout(listen, 3000);
  });
}
// Another tab may listen already; what happened while this page was on its way it did not hear.
if (document.body.dataset.events) heard("all");
// A way within the page, such as the one past the menu, leads to no other page.
addEventListener("popstate", () => { if (spot() !== stands) location.reload(); });
clicked();
settle();
