//! Stored synonyms, stop words and rules, and their way to the engine.
//!
//! Each server compares the version in the store with that of its engine; after a change through this server,
//! at once.

use quarry_runtime::boxed;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tracing::warn;

use super::engine::SearchEngine;
use super::rules::{RuleDocument, Rulebook};
use quarry_store::{RuleChanges, RuleEntry, RuleKind, RuleOutcome, Store, StoreError};

/// Stores synonyms, stop words and rules, and applies them to searches. Clones share the engine.
#[derive(Clone)]
pub struct RuleStore {
    store: Store,
    engine: Arc<dyn SearchEngine>,
    /// Serializes reloads, so that a later one applies later entries.
    reload: Arc<Mutex<()>>,
}

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleStep {
    /// The engine applies another version.
    Reloaded,
    /// Nothing has changed.
    Idle,
}

impl RuleStore {
    /// The interval of steps. A step without changes costs one small query.
    pub const PERIOD: Duration = Duration::from_millis(500);

    /// Creates the store; [`Self::step`] applies its entries.
    pub fn new(store: Store, engine: Arc<dyn SearchEngine>) -> Self {
        Self { store, engine, reload: Arc::default() }
    }

    /// Applies the entries if they have changed.
    #[boxed]
    pub async fn step(&self) -> Result<RuleStep, StoreError> {
        if self.store.search_rules_version().await? == self.engine.rulebook().version {
            return Ok(RuleStep::Idle);
        }
        self.reload().await?;
        Ok(RuleStep::Reloaded)
    }

    /// Stores valid entries and deletes others in one transaction; later searches on this server apply them.
    ///
    /// With `replace`, it deletes all entries that are not in the document.
    #[boxed]
    pub async fn change(
        &self,
        put: &RuleDocument,
        delete: Vec<(RuleKind, String)>,
        replace: bool,
    ) -> Result<RuleOutcome, StoreError> {
        let changes = RuleChanges { put: rule_entries(put), delete, replace };
        let outcome = self.store.change_search_rules(changes).await?;
        if let Err(error) = self.reload().await {
            // The changes are stored, and a later step applies them.
            warn!(%error, "synonyms, stop words and rules are not applied yet");
        }
        Ok(outcome)
    }

    /// Returns all entries.
    #[boxed]
    pub async fn document(&self) -> Result<RuleDocument, StoreError> {
        Ok(read_rules(self.store.search_rules().await?.1))
    }

    async fn reload(&self) -> Result<(), StoreError> {
        let _reload = self.reload.lock().await;
        let (version, entries) = self.store.search_rules().await?;
        if version == self.engine.rulebook().version {
            return Ok(());
        }
        // Thousands of entries take a while.
        let compiled =
            tokio::task::spawn_blocking(move || Rulebook::new(version, &read_rules(entries))).await;
        match compiled {
            Ok(rulebook) => self.engine.use_rulebook(Arc::new(rulebook)),
            Err(error) => return Err(StoreError::Unavailable(format!("the rules cannot be read: {error}"))),
        }
        Ok(())
    }
}

/// Returns the entries of a document.
pub fn rule_entries(document: &RuleDocument) -> Vec<RuleEntry> {
    let RuleDocument { synonyms, stop_words, rules } = document;
    let synonyms = synonyms.iter().map(|set| entry(RuleKind::Synonyms, &set.id, set));
    let stop_words = stop_words.iter().map(|set| entry(RuleKind::StopWords, &set.id, set));
    let rules = rules.iter().map(|rule| entry(RuleKind::Rule, &rule.id, rule));
    synonyms.chain(stop_words).chain(rules).collect()
}

fn entry(kind: RuleKind, id: &str, content: &impl Serialize) -> RuleEntry {
    // No entry has a map whose keys are not texts, so none fails.
    RuleEntry { kind, id: id.to_owned(), content: serde_json::to_string(content).unwrap_or_default() }
}

/// Returns the document of entries, without those that this version cannot read.
pub fn read_rules(entries: Vec<RuleEntry>) -> RuleDocument {
    let mut document = RuleDocument::default();
    for entry in entries {
        match entry.kind {
            RuleKind::Synonyms => document.synonyms.extend(read(&entry)),
            RuleKind::StopWords => document.stop_words.extend(read(&entry)),
            RuleKind::Rule => document.rules.extend(read(&entry)),
        }
    }
    document
}

fn read<'e, T: Deserialize<'e>>(entry: &'e RuleEntry) -> Option<T> {
    let read = serde_json::from_str(&entry.content);
    if read.is_err() {
        // A later version may have stored it.
        warn!(kind = ?entry.kind, id = entry.id, "an entry of the search rules cannot be read: it is ignored");
    }
    read.ok()
}
