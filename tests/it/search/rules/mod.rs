//! Synonyms, stop words and rules, on the engine.

mod pinning;
mod stop_words;
mod storing;
mod synonyms;

use std::sync::Arc;

use quarry::search::{RuleDocument, Rulebook, SearchEngine};
use serde_json::Value;

/// Applies a valid document of synonyms, stop words and rules.
#[track_caller]
fn apply(engine: &dyn SearchEngine, document: Value) {
    let document: RuleDocument = serde_json::from_value(document).unwrap();
    assert_eq!(document.problems(), []);
    engine.use_rulebook(Arc::new(Rulebook::new(1, &document)));
}
