//! Entries on their way from the database to the engines of several servers.

use std::sync::Arc;

use quarry::search::{
    DocumentFilter, IndexStep, Indexer, RuleDocument, RuleStep, RuleStore, SearchEngine, SearchRequest,
    Suggestions,
};
use quarry::store::{RuleCounts, RuleKind, RuleOutcome, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::corpus::{draft, open};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(two_servers_apply_the_changes_of_each_other);

/// A server with an index of its own.
struct Server {
    engine: Arc<dyn SearchEngine>,
    rules: RuleStore,
    suggestions: Suggestions,
    _folder: TempDir,
}

impl Server {
    async fn start(store: &Store) -> Self {
        let folder = TempDir::new().unwrap();
        let engine: Arc<dyn SearchEngine> = Arc::new(open(folder.path()));
        let mut indexer = Indexer::new(store.clone(), engine.clone());
        while indexer.step().await.unwrap() == IndexStep::Progressed {}
        let settings = quarry::config::Settings::default().suggest;
        let suggestions = Suggestions::new(store.clone(), engine.clone(), indexer.follow(), settings);
        let rules = RuleStore::new(store.clone(), engine.clone());
        Self { engine, rules, suggestions, _folder: folder }
    }

    async fn total(&self, query: &str) -> u64 {
        let request = SearchRequest { relaxes: false, ..SearchRequest::new(query, 10) };
        self.engine.search(&request).await.unwrap().total
    }

    /// Returns the hits of the suggestion of a text.
    async fn suggested_hits(&self, text: &str) -> u64 {
        let found = self.suggestions.suggest(text, 5, &DocumentFilter::default()).await.unwrap();
        found.iter().find(|suggestion| suggestion.text == text).map_or(0, |suggestion| suggestion.hits)
    }
}

fn document(json: Value) -> RuleDocument {
    serde_json::from_value(json).unwrap()
}

async fn two_servers_apply_the_changes_of_each_other(database: Arc<TestDatabase>) {
    let store = database.store().await;
    store.upsert_documents(&[draft("shop", "1", "tv"), draft("shop", "2", "television")]).await.unwrap();
    let (one, two) = (Server::start(&store).await, Server::start(&database.connect().await).await);
    assert_eq!((one.total("tv ").await, one.suggested_hits("tv").await), (1, 1));
    assert_eq!((two.total("tv ").await, two.suggested_hits("tv").await), (1, 1));
    assert_eq!(two.rules.step().await.unwrap(), RuleStep::Idle);

    let sets = document(json!({"synonyms": [{"id": "tv", "words": ["tv", "television"]}]}));
    let outcome = one.rules.change(&sets, Vec::new(), false).await.unwrap();
    assert_eq!(outcome, RuleOutcome::Stored(RuleCounts { inserted: 1, ..RuleCounts::default() }));
    // At once on the server of the change, after a step on others; cached counts as well.
    assert_eq!((one.total("tv ").await, one.suggested_hits("tv").await), (2, 2));
    assert_eq!((two.total("tv ").await, two.suggested_hits("tv").await), (1, 1));
    assert_eq!(two.rules.step().await.unwrap(), RuleStep::Reloaded);
    assert_eq!((two.total("tv ").await, two.suggested_hits("tv").await), (2, 2));
    assert_eq!(two.rules.step().await.unwrap(), RuleStep::Idle);
    assert_eq!(two.rules.document().await.unwrap(), sets);

    // A server that starts later.
    let three = Server::start(&database.connect().await).await;
    assert_eq!(three.rules.step().await.unwrap(), RuleStep::Reloaded);
    assert_eq!(three.total("tv ").await, 2);

    let delete = vec![(RuleKind::Synonyms, "tv".to_owned())];
    two.rules.change(&RuleDocument::default(), delete, false).await.unwrap();
    assert_eq!((two.total("tv ").await, two.suggested_hits("tv").await), (1, 1));
    one.rules.step().await.unwrap();
    assert_eq!((one.total("tv ").await, one.suggested_hits("tv").await), (1, 1));
}

#[tokio::test]
async fn an_entry_of_a_later_version_is_ignored() {
    let database = TestDatabase::sqlite();
    let store = database.store().await;
    let server = Server::start(&store).await;
    let put = vec![
        quarry::store::RuleEntry {
            kind: RuleKind::Synonyms,
            id: "later".to_owned(),
            content: r#"{"id": "later", "sounds": ["tv"]}"#.to_owned(),
        },
        quarry::store::RuleEntry {
            kind: RuleKind::Synonyms,
            id: "now".to_owned(),
            content: r#"{"id": "now", "words": ["tv", "telly"]}"#.to_owned(),
        },
    ];
    store.change_search_rules(quarry::store::RuleChanges { put, ..Default::default() }).await.unwrap();
    assert_eq!(server.rules.step().await.unwrap(), RuleStep::Reloaded);
    let known = server.rules.document().await.unwrap();
    assert_eq!(known.synonyms.iter().map(|set| set.id.as_str()).collect::<Vec<_>>(), ["now"]);
    assert_eq!(server.rules.step().await.unwrap(), RuleStep::Idle);
}
