//! axe-core looks at every state that the scenarios reach, at every size of letters.
//!
//! It is not in this repository (its licence is the MPL-2.0). The installed browser brings it along: its developer tools hold
//! Lighthouse, and Lighthouse holds the source of axe-core as one string. It is read from there when the suite begins.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::prelude::*;

use crate::world::{LOOK, Problem, World};

/// Where a browser keeps Lighthouse.
const LIGHTHOUSE: &str = "devtools://devtools/bundled/third_party/lighthouse/lighthouse-dt-bundle.js";

/// The string literal in it that is axe-core, quotes included.
const LITERAL: &str = r"
const text = document.body.textContent, from = text.indexOf('`/*! axe v');
if (from < 0) return null;
let to = from + 1;
while (to < text.length && text[to] !== '`') to += text[to] === '\\' ? 2 : 1;
return text.slice(from, to + 1);
";

/// What must be found on it, so that finding nothing elsewhere means something.
const BROKEN: &str = "data:text/html,<!doctype html><html><body><h3>x</h3><img src=''><button></button><input>\
    <p style='color:%23aaa;background:%23fff'>pale</p><a href='%23' style='display:inline-block;width:9px;height:9px'></a>\
    <a href='%23' style='display:inline-block;width:9px;height:9px'>x</a></body></html>";
const FLAWS: [&str; 8] = [
    "html-has-lang",
    "document-title",
    "image-alt",
    "button-name",
    "label",
    "color-contrast",
    "target-size",
    "landmark-one-main",
];

/// The page, its outline, and each shape of element within each shape of parent: all that its text does not say.
const STATE: &str = r"
const shapes = new Map();
const text = (n) => n.nodeType === 3 && n.nodeValue.trim();
const shape = (e) => {
  let known = shapes.get(e);
  if (known === undefined) {
    const facts = [...e.attributes].map((a) => (/^(class|role|type|scope|lang|for)$/.test(a.name) ? a.name + '=' + a.value : a.name));
    known = [e.localName, ...facts.sort(), e.checkVisibility(), [...e.childNodes].some(text)].join(' ');
    shapes.set(e, known);
  }
  return known;
};
const all = new Set();
for (const e of document.querySelectorAll('*')) all.add(shape(e.parentElement ?? e) + ' > ' + shape(e));
const outline = [...document.querySelectorAll('h1, h2, h3, h4, main, nav, header, footer, dialog')].map((e) => e.localName);
const page = [location.pathname.replace(/[^/]*\d[^/]*/g, '#'), Boolean(document.title), document.querySelector('dialog:modal')?.id, innerWidth];
return { page: page.join(' '), outline: outline.join(' '), shapes: [...all] };
";

/// Every rule at the size of letters that is set; at the others those rules that look at sizes.
const RUN: &str = r"
return (async () => {
  if (!window.axe) lookCloser();
  const root = document.documentElement, before = root.dataset.size, told = { wrong: [], unsure: [], passed: [] };
  const every = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };
  const sized = { type: 'rule', values: ['target-size', 'scrollable-region-focusable'] };
  const sizes = before ? [before, ...arguments[0].filter((size) => size !== before)] : [''];
  // What lies beneath a bar that sticks is scrolled from beneath it: without this, where the page stands decides.
  flatten();
  try {
    for (const size of sizes) {
      if (before) root.dataset.size = size;
      const result = await axe.run(document, { runOnly: size === sizes[0] ? every : sized, resultTypes: ['violations', 'incomplete'] });
      const list = (rules) => rules.flatMap((rule) => rule.nodes.map((node) => [rule.id, size, node.html.slice(0, 160), node.failureSummary.slice(0, 240)]));
      told.wrong.push(...list(result.violations));
      told.unsure.push(...list(result.incomplete));
      told.passed.push(result.passes.length);
      told.version = result.testEngine.version;
    }
  } finally {
    if (before) root.dataset.size = before;
    document.adoptedStyleSheets = [];
  }
  return told;
})();
";

/// Lets nothing stick to the window's edges.
pub(crate) const FLAT: &str = r"
const flatten = () => {
  const flat = new CSSStyleSheet();
  flat.replaceSync('.sticky, .tabs, thead th { position: static !important }');
  document.adoptedStyleSheets = [flat];
};
";

/// Fewer rules than these hold on no page of ours.
const RULES: u64 = 12;

/// axe-core, and what it said so far.
pub(crate) struct Axe {
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    version: String,
    /// By page: its outlines and shapes.
    known: HashMap<String, HashSet<String>>,
    states: usize,
    runs: usize,
    took: Duration,
    wrong: BTreeSet<String>,
    /// What it leaves to people, by its rule.
    unsure: BTreeMap<String, BTreeSet<String>>,
}

impl Axe {
    /// Takes it from the browser, and sees that it finds what is wrong.
    pub(crate) async fn take(driver: &WebDriver) -> Result<Self, Problem> {
        driver.goto(LIGHTHOUSE).await?;
        let literal = driver.execute(LITERAL, Vec::new()).await?.json().clone();
        let literal = literal.as_str().ok_or("this chromium's DevTools hold no axe-core where it was known to be")?;
        let source = driver.execute(format!("return {literal}"), Vec::new()).await?.json().clone();
        let source = source.as_str().ok_or("axe-core is no string")?.to_owned();
        // Each page from now on knows where it is, and runs it only when asked.
        let later = json!({ "source": format!("window.lookCloser = () => {{ {source} }};") });
        driver.cdp().send_raw("Page.addScriptToEvaluateOnNewDocument", later).await?;
        let axe = Self { told: Mutex::default() };
        driver.goto(BROKEN).await?;
        let told = Self::run(driver, &[]).await?;
        let found: Vec<&str> =
            told["wrong"].as_array().into_iter().flatten().filter_map(|one| one[0].as_str()).collect();
        let missed: Vec<&&str> = FLAWS.iter().filter(|flaw| !found.contains(flaw)).collect();
        if missed.is_empty() { Ok(axe) } else { Err(format!("axe-core misses {missed:?}, it found {found:?}").into()) }
    }

    /// What it says of the page as it stands.
    async fn run(driver: &WebDriver, sizes: &[&str]) -> Result<Value, Problem> {
        Ok(driver.execute(format!("{FLAT}{RUN}"), vec![json!(sizes)]).await?.json().clone())
    }

    /// The same, unless everything on it was looked at before on a page of this name. Then it tells which state this is: its number
    /// and the page.
    async fn look(&self, driver: &WebDriver) -> Result<Option<String>, Problem> {
        let state = driver.execute(STATE, Vec::new()).await?.json().clone();
        let text = |one: &Value| one.as_str().unwrap_or_default().to_owned();
        let parts = state["shapes"].as_array().into_iter().flatten().chain([&state["outline"]]).map(text);
        let (name, parts) = (text(&state["page"]), parts.collect::<HashSet<String>>());
        if self.told.lock().unwrap().known.get(&name).is_some_and(|known| parts.is_subset(known)) {
            return Ok(None);
        }
        let page = driver.current_url().await?.path().to_owned();
        let found = Self::run(driver, &["standard", "large", "largest"]).await?;
        let mut told = self.told.lock().unwrap();
        told.known.entry(name).or_default().extend(parts);
        told.states += 1;
        found["version"].as_str().unwrap_or_default().clone_into(&mut told.version);
        let passed: Vec<u64> = found["passed"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
        told.runs += passed.len();
        if passed.first().is_none_or(|rules| *rules < RULES) || passed.contains(&0) {
            told.wrong.insert(format!("only {passed:?} rules of axe-core hold on {page}"));
        }
        let text = |one: &Value, at: usize| one[at].as_str().unwrap_or_default().replace('\n', " ");
        for one in found["wrong"].as_array().into_iter().flatten() {
            told.wrong.insert(format!(
                "{} on {page}, {}: {}; {}",
                text(one, 0),
                text(one, 1),
                text(one, 2),
                text(one, 3)
            ));
        }
        for one in found["unsure"].as_array().into_iter().flatten() {
            told.unsure.entry(text(one, 0)).or_default().insert(format!("{}; {}", text(one, 2), text(one, 3)));
        }
        // Drafts are called by long random names.
        let name: Vec<&str> = page.split('/').filter(|part| (1..16).contains(&part.len())).collect();
        Ok(Some(format!("{:03}-{}", told.states, name.join("-"))))
    }
}

impl World {
    /// Lets axe-core look at the page, if it is in a state that it has not seen.
    #[expect(clippy::disallowed_methods, reason = "a figure is measured")]
    pub(crate) async fn audit(&self) {
        let began = std::time::Instant::now();
        let mut looked = self.axe.look(&self.driver).await;
        // A page that goes elsewhere meanwhile is looked at where it went.
        for _ in 0..4 {
            if looked.is_ok() {
                break;
            }
            tokio::time::sleep(LOOK).await;
            looked = self.axe.look(&self.driver).await;
        }
        self.axe.told.lock().unwrap().took += began.elapsed();
        match looked {
            // Every state that somebody may come into is in the pictures, too.
            Ok(Some(state)) => {
                if let Err(why) = self.shot(&format!("states/{state}")).await {
                    self.wrong(format!("no picture of {state}: {why}"));
                }
            }
            Ok(None) => {}
            Err(why) => self.wrong(format!("axe-core could not look: {why}")),
        }
    }

    /// What it found in all.
    pub(crate) fn audited(&self) {
        let told = std::mem::take(&mut *self.axe.told.lock().unwrap());
        for one in &told.wrong {
            eprintln!("  axe-core: {one}");
        }
        for (rule, pieces) in &told.unsure {
            eprintln!("  axe-core leaves to people: {rule}, {} pieces, as {:?}", pieces.len(), pieces.first());
        }
        println!("axe-core {} looked at {} states in {} runs, {:?}", told.version, told.states, told.runs, told.took);
        self.see("EYE", "axe-core finds nothing wrong in any state, at any size of letters", told.wrong.is_empty());
        self.see("EYE", "and it did look", told.states > 0);
    }
}
