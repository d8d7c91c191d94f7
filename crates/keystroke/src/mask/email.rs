//! E-mail addresses: plain, half-typed, spelled or encoded.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::Draft;
use super::normal::pattern;
use quarry_domain::EMAIL_LABEL;

/// Letters before an `@`, separated only by address characters, and at least one character of a host. Digits
/// alone before it need a letter after it.
static PLAIN: LazyLock<Regex> = LazyLock::new(|| {
    let local = r"[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~.\-]";
    let (host, end) = (r"[\p{L}\p{M}\p{N}_.\-]", r"[\p{L}\p{M}\p{N}_]");
    // The pattern contains the letter: a match without one would consume part of the next address.
    let with_letter_before = format!(r"{local}*\p{{L}}{local}*@{end}(?:{host}*{end})?");
    let with_letter_behind = format!(r"{local}+@(?:{end}{host}*)?\p{{L}}(?:{host}*{end})?");
    pattern(&format!("{with_letter_before}|{with_letter_behind}"))
});

/// A spelled or encoded `@` or dot: `anna[at]example.com`, `anna%40example.com`, `anna@example[.]com`.
static OBFUSCATED: LazyLock<Regex> = LazyLock::new(|| {
    let dot = r"(?:\.|%2e|\s?[\[({<]\s?(?:dot|d0t|punkt|punto|ponto|point|nokta|\.)\s?[\])}>]\s?)";
    let spelled_dot = r"\s(?:dot|punkt|punto|ponto|point)\s";
    let top_level = "(?:com|org|net|edu|gov|info|biz|app|dev|[a-z]{2})";
    let word = r"[\p{L}\p{M}\p{N}_+\-]+";
    let local = format!("{word}(?:{dot}{word}|{spelled_dot}{word})*");
    let label = r"[\p{L}\p{M}\p{N}\-]+";
    let host = format!(r"{label}(?:{dot}{label}|{spelled_dot}{label})*");
    let providers = "gmail|googlemail|yahoo|ymail|hotmail|outlook|live|msn|gmx|icloud|me|mac|aol|proton|protonmail|pm|\
                     web|t-online|mail|yandex|qq|163|126|naver|orange|free|wanadoo|libero|zoho|fastmail|rediffmail";
    let encoded = "%40|&#0*64;?|&#x0*40;?|&commat;?";
    pattern(&format!(
        r"(?i)(?P<bracketed>{local}\s?[\[({{<]\s?(?:at|@|ät|arroba|chiocciola|arobase)\s?[\])}}>]\s?{host})\
        |(?P<encoded>{local}(?:{encoded}){host})\
        |{word}(?:{dot}{word})*(?:\s@\s|@\s|\s?\(a\)\s?|\s?\[a\]\s?){label}(?:{dot}{label})*{dot}[\p{{L}}]{{2,}}\
        |{word}(?:{dot}{word})*@{label}(?:\.{label})*(?:\s?[\[({{<]\s?(?:dot|punkt|punto|ponto|point|\.)\s?[\])}}>]\s?{label}(?:\.{label})*)+\
        |{word}(?:{dot}{word})*@{label}{spelled_dot}{top_level}\b\
        |{local}\s(?:at|arroba|ät|chiocciola)\s{label}(?:{dot}{label})*(?:(?:\s?[\[({{<]\s?(?:dot|punkt|punto|ponto|point|\.)\s?[\])}}>]\s?|{spelled_dot}){label})+\
        |{local}\s(?:at|arroba|ät|chiocciola)\s(?:{providers}){dot}[a-z]{{2,4}}(?:\.[a-z]{{2}})?\b\
        |[\p{{L}}\p{{N}}.+_\-]+_at_[\p{{L}}\p{{N}}\-]+(?:\.|_dot_)[\p{{L}}\p{{N}}._\-]*\p{{L}}\
        |[\p{{L}}\p{{N}}.+_]+-at-[\p{{L}}\p{{N}}\-]+-dot-[\p{{L}}]{{2,}}"
    ).replace("\\\n", "").replace("        ", ""))
});

/// Signs of an address, in lower case: most texts have none.
const SIGNS: [&str; 10] =
    ["@", "%40", "&#", "&commat", " at ", "_at_", "-at-", " arroba ", " ät ", " chiocciola "];

/// Masks addresses.
pub(super) fn mask(draft: &mut Draft<'_>) {
    let text = draft.normal.text();
    let lower = text.to_lowercase();
    let is_bracketed = text.contains(['[', '(', '{', '<']);
    if !is_bracketed && !SIGNS.iter().any(|sign| lower.contains(sign)) {
        return;
    }
    let is_spelled = |found: &Captures<'_>| {
        let encoded = found.name("encoded").or_else(|| found.name("bracketed"));
        // `50%40` is no address.
        encoded.is_none_or(|found| {
            found.as_str().starts_with(char::is_alphabetic) || has_letters(found.as_str())
        })
    };
    let obfuscated: Vec<Range<usize>> = OBFUSCATED
        .captures_iter(text)
        .filter(is_spelled)
        .filter_map(|found| found.get(0))
        .map(|found| found.range())
        .collect();
    draft.replace_all(obfuscated, EMAIL_LABEL);
    if draft.normal.text().contains('@') {
        let plain = PLAIN.find_iter(draft.normal.text()).map(|found| found.range()).collect();
        draft.replace_all(plain, EMAIL_LABEL);
    }
}

/// Returns true if the part before the sign and that behind it hold letters.
fn has_letters(address: &str) -> bool {
    let holds = |part: &str| part.chars().filter(|char| char.is_alphabetic()).count() > 1;
    let (local, host) = address.split_at(address.find(['%', '&', '[', '(', '{', '<']).unwrap_or(0));
    holds(local) && holds(host)
}
