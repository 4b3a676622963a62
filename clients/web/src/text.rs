//! Texts of the screens: Fluent files, for each language the same ones. A test holds that both say the same things, and nothing idle.

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use fumibako_careplan::Lang;
use unic_langid::LanguageIdentifier;

type Bundle = FluentBundle<FluentResource>;

const JA: &str = concat!(
    include_str!("text/ja.ftl"),
    "\n",
    include_str!("text/ja/account.ftl"),
    "\n",
    include_str!("text/ja/proxy.ftl"),
    "\n",
    include_str!("text/ja/licence.ftl")
);
const EN: &str = concat!(
    include_str!("text/en.ftl"),
    "\n",
    include_str!("text/en/account.ftl"),
    "\n",
    include_str!("text/en/proxy.ftl"),
    "\n",
    include_str!("text/en/licence.ftl")
);

static JAPANESE: LazyLock<Bundle> = LazyLock::new(|| bundle(langid_of(Lang::Ja), JA));
static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| bundle(langid_of(Lang::En), EN));

fn langid_of(lang: Lang) -> LanguageIdentifier {
    // Without the macro crate a tag is parsed; a tag that cannot be parsed is the undetermined language.
    lang.pick("ja", "en").parse().unwrap_or_default()
}

fn bundle(lang: LanguageIdentifier, text: &str) -> Bundle {
    let mut bundle = Bundle::new_concurrent(vec![lang]);
    // The marks that keep right-to-left text apart would be copied along with a file name.
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(whole, _)| whole);
    bundle.add_resource_overriding(resource);
    bundle
}

/// A text without values.
pub fn say(lang: Lang, id: &str) -> Cow<'static, str> {
    spoken(lang, id, None)
}

/// A text with values in it.
pub fn say_with(lang: Lang, id: &str, values: &[(&'static str, FluentValue<'_>)]) -> Cow<'static, str> {
    let args: FluentArgs<'_> = values.iter().map(|(name, value)| (*name, value.clone())).collect();
    spoken(lang, id, Some(&args))
}

/// A text about a number of things.
pub fn count(lang: Lang, id: &str, count: usize) -> Cow<'static, str> {
    say_with(lang, id, &[("count", FluentValue::from(count))])
}

/// あと n 日, or まもなく when no whole day is left. What should have ended and is there all the same (Profile §11.6) has no number, and nobody
/// knows when it ends.
pub fn days(lang: Lang, left: i64) -> Cow<'static, str> {
    match usize::try_from(left) {
        Ok(0) => say(lang, "days-soon"),
        Ok(left) => count(lang, "days-left", left),
        Err(_) => say(lang, "days-kept"),
    }
}

fn spoken(lang: Lang, id: &str, args: Option<&FluentArgs<'_>>) -> Cow<'static, str> {
    let bundle = lang.pick(&JAPANESE, &ENGLISH);
    // An id that nobody wrote down shows itself, rather than nothing; a test finds it first.
    let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else { return id.to_owned().into() };
    bundle.format_pattern(pattern, args, &mut Vec::new()).into_owned().into()
}

#[cfg(test)]
mod tests;
