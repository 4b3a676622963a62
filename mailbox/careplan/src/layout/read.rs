//! Reading the layout files that are compiled in. A test reads all of them, so a fault here is a fault of the build.

use super::{Codes, Column, Form, Layout, Needed, Rule};
use crate::edition::Generation;

macro_rules! layouts {
    ($($code:literal)*) => { &[$(($code, include_str!(concat!("../../layouts/", $code, ".txt"))),)*] };
}

pub(super) const FILES: &[(&str, &str)] = layouts!(
    "UP1KYO" "UP2KYO" "UP3KYO" "UPPLAN" "UPSIKYU" "UPJSK" "UPHOSOKU" "DLT1KYO" "DLTPLAN" "DLTJSK"
    "UPKIHON" "UPKIHON_SUB1" "UPKIHON_SUB2" "UPYOBO" "UPYOBO_SUB" "DLTKIHON" "DLTYOBO"
);

pub(super) fn all() -> Vec<Layout> {
    let both = [Generation::Three, Generation::Four];
    let every = FILES.iter().flat_map(|(code, _)| both.map(|generation| read(code, generation)));
    every.flatten().collect()
}

pub(super) fn file(code: &str) -> Option<&'static str> {
    FILES.iter().find(|(name, _)| *name == code).map(|(_, text)| *text)
}

/// How many columns the file says that it has in this generation; none if the kind is not in it.
pub(super) fn count(text: &str, generation: Generation) -> Option<usize> {
    let word = match generation {
        Generation::Three => "3=",
        Generation::Four => "4=",
    };
    let line = text.lines().find_map(|line| line.strip_prefix("columns "))?;
    line.split_whitespace().find_map(|part| part.strip_prefix(word))?.parse().ok()
}

pub(super) fn read(code: &str, generation: Generation) -> Option<Layout> {
    let text = file(code)?;
    count(text, generation)?;
    let like = text.lines().find_map(|line| line.strip_prefix("like ")).and_then(file);
    let mut columns: Vec<Column> = Vec::new();
    for line in like.unwrap_or(text).lines() {
        if let Some(column) = column(line, generation, columns.len()) {
            columns.push(column);
        }
    }
    // A rule whose columns this generation lacks (equipment codes before edition 4) falls away.
    let rules = text.lines().filter_map(|line| rule(line, &columns)).collect();
    Some(Layout { kind: code.parse().ok()?, generation, columns, rules })
}

fn column(line: &'static str, generation: Generation, before: usize) -> Option<Column> {
    let (id, rest) = word(line)?;
    let (form, rest) = word(rest)?;
    let (longest, rest) = word(rest)?;
    let (needed, rest) = word(rest)?;
    let (options, name) = word(rest)?;
    let option = |key: &str| options.split(',').find_map(|option| option.strip_prefix(key));
    if option("since=4").is_some() && generation == Generation::Three {
        return None;
    }
    let longest = match (option("longest3="), generation) {
        (Some(longest), Generation::Three) => longest.parse().ok(),
        _ => longest.parse().ok(),
    };
    Some(Column {
        number: u16::try_from(before + 1).ok()?,
        id,
        name: name.trim(),
        form: self::form(form, option)?,
        longest,
        exact: option("exact").is_some(),
        needed: self::needed(needed)?,
        or: option("or=").map(str::as_bytes),
    })
}

fn needed(word: &str) -> Option<Needed> {
    match word {
        "yes" => Some(Needed::Yes),
        "unsure" => Some(Needed::Unsure),
        // "advised" (必要, not 必須) and "depends" are told apart for the reader of the file only.
        "no" | "advised" | "depends" => Some(Needed::No),
        _ => None,
    }
}

fn form<'a>(word: &str, option: impl Fn(&str) -> Option<&'a str>) -> Option<Form> {
    Some(match word {
        "version" => Form::Version,
        "digits" => Form::Digits,
        "insured" => Form::Insured,
        "office" => Form::Office,
        "date" => Form::Date,
        "month" => Form::Month,
        "time" => Form::Time,
        "int" => Form::Int {
            signed: option("signed").is_some(),
            from: option("from=").and_then(|from| from.parse().ok()).unwrap_or(0),
        },
        "decimal" => Form::Decimal,
        "code" => Form::Code(Codes::named(option("code=")?)?),
        "service-kind" => Form::ServiceKind,
        "service-code" => Form::ServiceCode,
        "ascii" => Form::Ascii,
        "postal" => Form::Postal,
        "phone" => Form::Phone,
        "days" => Form::Days,
        "image" => Form::Image,
        "text" => Form::Text,
        "unused" => Form::Unused,
        _ => return None,
    })
}

fn rule(line: &'static str, columns: &[Column]) -> Option<Rule> {
    let mut words = line.split_whitespace();
    let rule = words.next()?;
    let words: Vec<&'static str> = words.collect();
    let at = |n: usize| words.get(n).and_then(|id| columns.iter().position(|column| column.id == *id));
    let literal = |n: usize| words.get(n).map(|word| word.as_bytes());
    Some(match rule {
        "month" => Rule::Month(at(0)?),
        "sender" | "sender?" => Rule::Sender { office: at(0)?, stated: rule == "sender" },
        "planner" => Rule::Planner(at(0)?),
        "within" => Rule::Within { date: at(0)?, month: at(1)? },
        "equipment" => Rule::Equipment { service: at(0)?, tais: at(1)?, notice: at(2)? },
        "total" => Rule::Total { service: at(0)?, code: literal(1)?, office: at(2)?, total: literal(3)? },
        "served" => Rule::Served(at(0)?),
        "link" => Rule::Link { date: at(0)?, month: at(1)? },
        "when" => Rule::When { column: at(0)?, value: literal(1)?, then: at(2)? },
        "unique" => Rule::Unique((0..words.len()).map(at).collect::<Option<_>>()?),
        "parent" => Rule::Parent(at(0)?),
        "child" => Rule::Child { parent: words.first()?.parse().ok()?, date: at(1)? },
        "image" => Rule::Image(at(0)?),
        _ => return None,
    })
}

/// The first word and what follows it; none at the end of the line, so a rule is never taken for a column.
fn word(text: &'static str) -> Option<(&'static str, &'static str)> {
    text.trim_start().split_once(char::is_whitespace)
}
