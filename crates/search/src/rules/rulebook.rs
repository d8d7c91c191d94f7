//! All synonyms, stop words and rules, compiled.

use super::conditions::Rules;
use super::custom_stop_words::CustomStopWords;
use super::definitions::RuleDocument;
use super::synonyms::Synonyms;

/// Compiled synonyms, stop words and rules of one version.
#[derive(Debug, Default)]
pub struct Rulebook {
    /// The version in the store.
    pub version: i64,
    pub(crate) synonyms: Synonyms,
    pub(crate) stop_words: CustomStopWords,
    pub(crate) rules: Rules,
}

impl Rulebook {
    /// Compiles valid entries.
    pub fn new(version: i64, document: &RuleDocument) -> Self {
        Self {
            version,
            synonyms: Synonyms::new(&document.synonyms),
            stop_words: CustomStopWords::new(&document.stop_words),
            rules: Rules::new(&document.rules),
        }
    }
}
