//! The plan of a query: its units with the terms that stand for them in the index of an engine.
//!
//! | File | Holds |
//! |---|---|
//! | `lookup` | the words of an index |
//! | `units` | the terms of words; words, compounds, phrases and groups with synonyms |
//! | `plan` | the units of a query: those that are informative, joined, or have synonyms |
//! | `forms`, `splits`, `divided`, `synonyms` | forms of words; words together or apart; synonyms |
//! | `stop_words` | words without a topic |
//!
//! Each engine implements [`TermLookup`] for its index, so that both find the same documents.

mod divided;
mod forms;
mod lookup;
mod plan;
mod splits;
mod stop_words;
mod synonyms;
mod units;

pub(crate) use lookup::{PhraseRole, TermLookup, TermRole};
pub(crate) use plan::{Planner, QueryPlan};
pub(crate) use stop_words::StopWords;
pub(crate) use units::{PlannedTerms, PlannedUnit, PlannedWord, UnitPlan, required};
