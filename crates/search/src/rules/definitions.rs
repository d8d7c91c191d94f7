//! Synonyms, stop words and rules as operators write them.

use quarry_config::Language;
use quarry_domain::{DocumentId, DocumentKey, SourceName, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::filter::DocumentFilter;

/// All synonyms, stop words and rules, as one JSON document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RuleDocument {
    /// Words that stand for each other.
    pub synonyms: Vec<SynonymSet>,
    /// Words without a topic.
    pub stop_words: Vec<StopWordSet>,
    /// Changes of the results of certain searches.
    pub rules: Vec<SearchRule>,
}

/// Words and phrases that stand for each other, or for others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SynonymSet {
    /// The id, chosen by the client.
    pub id: String,
    /// Two-way: each finds all others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// One-way: each finds all of `to`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// One-way: found by each of `from`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// Only documents of this source match by them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceName>,
    /// Only documents with word forms of this language match by them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
}

/// Words that are stop words, or that are none although a built-in list contains them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StopWordSet {
    /// The id, chosen by the client.
    pub id: String,
    /// Further stop words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<String>,
    /// Words of built-in lists that are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
    /// Applies to searches in this source only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceName>,
    /// Applies to stop words of this language only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
}

/// A change of the results of the searches that meet its condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SearchRule {
    /// The id, chosen by the client.
    pub id: String,
    /// The name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// False if the rule does not apply.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub enabled: bool,
    /// Rules of higher priority come first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub priority: i32,
    /// The first time at which the rule applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    /// The time from which on it does not apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// The searches to which it applies; all by default.
    #[serde(default, skip_serializing_if = "RuleCondition::is_any")]
    pub condition: RuleCondition,
    /// Documents at fixed positions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pin: Vec<PinnedDocument>,
    /// Documents that are not found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hide: Vec<HiddenDocument>,
    /// Documents whose scores change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub boost: Vec<ScoreFactor>,
    /// The URL to which the client should lead its user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<String>,
}

/// A condition of searches: all given parts must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RuleCondition {
    /// The query consists of the words of one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub equals: Vec<String>,
    /// The query contains the words of one of these, side by side.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contains: Vec<String>,
    /// The query is empty.
    #[serde(skip_serializing_if = "is_no")]
    pub empty: bool,
    /// The filter of the search selects some of these sources, and no others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source: Vec<SourceName>,
    /// The filter of the search selects some of these categories, and no others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub category: Vec<String>,
}

/// A document at a fixed position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PinnedDocument {
    /// The source of the document.
    pub source: SourceName,
    /// The id of the document within the source.
    pub key: DocumentKey,
    /// The position over all pages, from 1.
    pub position: u32,
}

/// A document that is not found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HiddenDocument {
    /// The source of the document.
    pub source: SourceName,
    /// The id of the document within the source.
    pub key: DocumentKey,
}

/// A factor of the scores of some documents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScoreFactor {
    /// The documents.
    pub filter: DocumentFilter,
    /// The factor: above 1 it boosts, below 1 it buries.
    pub factor: f32,
}

impl RuleCondition {
    fn is_any(&self) -> bool {
        *self == Self::default()
    }
}

impl PinnedDocument {
    /// Returns the id of the document.
    pub(crate) fn id(&self) -> DocumentId {
        DocumentId::of(&self.source, &self.key)
    }
}

impl HiddenDocument {
    /// Returns the id of the document.
    pub(crate) fn id(&self) -> DocumentId {
        DocumentId::of(&self.source, &self.key)
    }
}

fn yes() -> bool {
    true
}

fn is_yes(value: &bool) -> bool {
    *value
}

fn is_no(value: &bool) -> bool {
    !value
}

fn is_zero(value: &i32) -> bool {
    *value == 0
}
