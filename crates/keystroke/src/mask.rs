//! Masks personal data and secrets in a text: `[email]`, `[phone]`, `[card]`, `[iban]`, `[id]`, `[secret]`.
//!
//! Pure and idempotent. Detectors read a normalized text, so digits of every script, full-width characters and
//! all hyphens count. In the order of their precedence:
//!
//! - `secret`: keys with a vendor's prefix, JSON Web Tokens, named values (`token=…`), passwords in URLs.
//! - `email`: addresses, also spelled (`anna at example dot com`), encoded or with a half-typed host.
//! - `iban`: account numbers by country, length and check digits, and grouped beginnings of them.
//! - `context`: numbers after a word such as `tel` or `ssn`.
//! - `product`: article numbers (UPC, EAN, ISBN), addresses of hosts and dates, which nothing below masks.
//! - `card`: card numbers by issuer, length and Luhn check, and their beginnings.
//! - `national_id`: identity numbers by shape and check digits.
//! - `phone`: numbers in international and national formats.
//!
//! A number next to a letter, or after a word such as `part`, is no phone number unless it has an international
//! beginning; after a word such as `order`, it is one in the groups of a phone number. Of numbers in one group, only
//! those with the beginning and the length of a numbering plan are. Names and street addresses are not detected.

mod card;
mod check_digits;
mod context;
mod custom;
mod date;
mod email;
mod iban;
mod national_id;
mod normal;
mod number;
mod phone;
mod plan;
mod product;
mod secret;

use std::borrow::Cow;
use std::sync::Arc;

use quarry_config::{KeystrokeSettings, Pattern};
use regex::Regex;

use self::custom::CustomPatterns;
use self::normal::NormalText;

/// Passes until a masked text must mask to itself.
const PASSES: usize = 4;

/// Masks texts by built-in detectors and the patterns of the operator.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    custom: Arc<CustomPatterns>,
}

impl Mask {
    /// The mask of the settings; `None` if masking is off.
    pub fn of(settings: &KeystrokeSettings) -> Option<Self> {
        let compiled =
            |patterns: &[Pattern]| patterns.iter().map(|pattern| pattern.regex().clone()).collect();
        settings.mask.then(|| Self::new(compiled(&settings.mask_patterns), compiled(&settings.mask_exempt)))
    }

    /// Creates a mask that also masks matches of `masked`, and keeps numbers within matches of `exempt`.
    pub fn new(masked: Vec<Regex>, exempt: Vec<Regex>) -> Self {
        Self { custom: Arc::new(CustomPatterns { masked, exempt }) }
    }

    /// Replaces personal data and secrets by their kinds in brackets.
    pub fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut masked = self.custom.mask(text);
        if !may_hold_data(&masked) {
            return masked;
        }
        // A replacement changes its surroundings, in which another detector may match.
        for _ in 0..PASSES {
            let Some(next) = self.pass(&masked) else { break };
            masked = Cow::Owned(next);
        }
        masked
    }

    fn pass(&self, text: &str) -> Option<String> {
        let mut draft = Draft::of(text, self.custom.exempt(text));
        secret::mask(&mut draft);
        email::mask(&mut draft);
        if draft.normal.text().bytes().filter(u8::is_ascii_digit).count() >= MIN_DIGITS {
            iban::mask(&mut draft);
            context::mask(&mut draft);
            product::protect(&mut draft);
            card::mask(&mut draft);
            national_id::mask(&mut draft);
            card::mask_beginnings(&mut draft);
            phone::mask(&mut draft);
        }
        draft.finish()
    }
}

/// The fewest digits of a masked number.
const MIN_DIGITS: usize = 4;

/// Returns false for a text of words, which is the usual one.
fn may_hold_data(text: &str) -> bool {
    let is_plain = |char: char| char.is_alphabetic() || matches!(char, ' ' | '\'' | ',' | '!' | '?');
    !text.chars().all(is_plain)
        || text.contains(" at ")
        || text.contains(" AT ")
        || text.len() >= MAX_WORD_BYTES
}

/// The length from which a text without punctuation may hold a token.
const MAX_WORD_BYTES: usize = 32;

/// A text with the replacements found so far.
struct Draft<'a> {
    text: &'a str,
    normal: NormalText,
    /// Ranges of the text, in which nothing is masked.
    exempt: Vec<std::ops::Range<usize>>,
    /// Ranges of the text with their replacements.
    found: Vec<(std::ops::Range<usize>, &'static str)>,
}

impl<'a> Draft<'a> {
    fn of(text: &'a str, exempt: Vec<std::ops::Range<usize>>) -> Self {
        Self { text, normal: NormalText::of(text), exempt, found: Vec::new() }
    }

    /// Replaces a range of the normalized text, and hides it from further detectors.
    fn replace(&mut self, range: std::ops::Range<usize>, label: &'static str) {
        let original = self.normal.original(&range);
        self.normal.hide(range);
        let is_exempt =
            |kept: &std::ops::Range<usize>| kept.start <= original.start && original.end <= kept.end;
        if !self.exempt.iter().any(is_exempt) {
            self.found.push((original, label));
        }
    }

    fn replace_all(&mut self, ranges: Vec<std::ops::Range<usize>>, label: &'static str) {
        for range in ranges {
            self.replace(range, label);
        }
    }

    /// Returns the masked text, if anything was replaced.
    fn finish(mut self) -> Option<String> {
        self.found.sort_unstable_by_key(|(range, _)| range.start);
        let mut masked = String::with_capacity(self.text.len());
        let mut copied = 0;
        for (range, label) in &self.found {
            masked.push_str(&self.text[copied..range.start]);
            masked.push_str(label);
            copied = range.end;
        }
        masked.push_str(&self.text[copied..]);
        (masked != self.text).then_some(masked)
    }
}

#[cfg(test)]
mod tests;
