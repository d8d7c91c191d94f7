//! A sequential scan of messages: the expected results of searches, computed without the engine.

use std::collections::BTreeSet;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::messages::field;

/// The folded words of messages.
pub(crate) struct Scan(Vec<Scanned>);

struct Scanned {
    key: String,
    /// Words of the text and of the author's name.
    fields: [Vec<String>; 2],
    /// Words between the same spaces, written together: `email` for `e-mail`.
    joined: Vec<String>,
}

impl Scan {
    /// Folds the words of messages.
    pub(crate) fn of(messages: &[Value]) -> Self {
        let scanned = messages.iter().map(|message| Scanned {
            key: field(message, "id").to_owned(),
            fields: ["message", "user_name"].map(|name| words(field(message, name))),
            joined: ["message", "user_name"].iter().flat_map(|name| joined(field(message, name))).collect(),
        });
        Self(scanned.collect())
    }

    /// Returns the keys of messages with these adjacent words, of which there may be one.
    pub(crate) fn phrase(&self, phrase: &str) -> BTreeSet<String> {
        let phrase = words(phrase);
        assert!(!phrase.is_empty(), "a phrase has words");
        self.matching(|field| field.windows(phrase.len()).any(|part| part == phrase))
    }

    /// Returns the keys of messages with a word of this prefix.
    pub(crate) fn prefix(&self, prefix: &str) -> BTreeSet<String> {
        let prefix = fold(prefix);
        self.matching(|field| field.iter().any(|word| word.starts_with(&prefix)))
    }

    /// Returns the keys of messages with a word of this prefix, or words written together.
    pub(crate) fn joined_prefix(&self, prefix: &str) -> BTreeSet<String> {
        let folded = fold(prefix);
        let joined =
            self.0.iter().filter(|scanned| scanned.joined.iter().any(|word| word.starts_with(&folded)));
        joined.map(|scanned| scanned.key.clone()).chain(self.prefix(prefix)).collect()
    }

    fn matching(&self, matches: impl Fn(&[String]) -> bool) -> BTreeSet<String> {
        let found = self.0.iter().filter(|scanned| scanned.fields.iter().any(|field| matches(field)));
        found.map(|scanned| scanned.key.clone()).collect()
    }
}

/// Returns the folded words of a text: runs of letters and digits.
pub(crate) fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// Returns each run of words without white space between them, written together.
fn joined(text: &str) -> Vec<String> {
    let mut joined = Vec::new();
    for chunk in text.split_whitespace() {
        let words = words(chunk);
        for first in 0..words.len() {
            joined.extend((first + 2..=words.len()).map(|end| words[first..end].concat()));
        }
    }
    joined
}

/// Folds case and accents, and letters of European names that do not decompose.
fn fold(text: &str) -> String {
    let folded: String = text.to_lowercase().nfd().filter(|c| !is_combining_mark(*c)).collect();
    folded.replace('ß', "ss").replace('ø', "o").replace('ł', "l")
}
