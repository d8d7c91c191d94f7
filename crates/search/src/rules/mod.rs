//! Synonyms, stop words and rules, compiled for searches.
//!
//! - `definitions`, `json`: entries as operators write them, which serde reads.
//! - `validation`: their checks, each with a remedy.
//! - `synonyms`, `phrase_keys`, `phrase_forms`: synonyms by the words of a query and by their forms.
//! - `custom_stop_words`: stop words beside the built-in ones.
//! - `conditions`: the rules that apply to a search, and their effects.
//! - `rulebook`: all of them, compiled.
//!
//! Deliberately not here: their storage (`rule_store`), and their effect on an index (the engine).

mod conditions;
mod custom_stop_words;
mod declared_attributes;
mod definitions;
mod json;
mod phrase_forms;
mod phrase_keys;
mod rulebook;
mod synonyms;
mod validation;

pub use self::conditions::AppliedRule;
pub(crate) use self::conditions::{RuleEffects, RuleFactor};
pub use self::definitions::{
    HiddenDocument, PinnedDocument, RuleCondition, RuleDocument, ScoreFactor, SearchRule, StopWordSet,
    SynonymSet,
};
pub use self::rulebook::Rulebook;
pub(crate) use self::synonyms::{Synonym, SynonymMatch, SynonymScope};
pub use self::validation::RuleProblem;
