//! The engine of OpenSearch, on a real node.

use std::collections::BTreeMap;
use std::env;
use std::sync::Arc;
use std::time::Duration;

use quarry::config::LanguageSetting;
use quarry::domain::SourceName;
use quarry::search::opensearch_engine::{ClusterCredentials, OpenSearchEngine, OpenSearchOptions};
use quarry::search::{Attributes, SearchEngine};
use uuid::Uuid;

use crate::support::server::client;

/// The address of the node of `tests/services.sh`; `None` without Java, which that script reports.
pub(crate) fn node() -> Option<String> {
    env::var("QUARRY_TEST_OPENSEARCH_URL").ok()
}

/// An engine with indexes of its own.
pub(crate) struct TestIndex {
    pub(crate) engine: OpenSearchEngine,
    pub(crate) options: OpenSearchOptions,
}

impl TestIndex {
    /// Opens an empty engine; `None` without a node.
    pub(crate) async fn open() -> Option<Self> {
        Self::with_language(LanguageSetting::default()).await
    }

    pub(crate) async fn with_language(language: LanguageSetting) -> Option<Self> {
        let languages = BTreeMap::from([(SourceName::parse("test").unwrap(), language)]);
        Self::with(OpenSearchOptions { languages, ..options(node()?, &prefix()) }).await
    }

    pub(crate) async fn with_attributes(attributes: Attributes) -> Option<Self> {
        let attributes = Arc::new(attributes);
        Self::with(OpenSearchOptions { attributes, ..options(node()?, &prefix()) }).await
    }

    async fn with(options: OpenSearchOptions) -> Option<Self> {
        let engine = OpenSearchEngine::open(&options).unwrap();
        engine.reset().await.unwrap();
        Some(Self { engine, options })
    }

    /// Deletes the indexes.
    pub(crate) async fn delete(self) {
        delete_indexes(&self.options.urls[0], &self.options.prefix).await;
    }
}

/// Deletes the indexes whose names begin with a prefix.
pub(crate) async fn delete_indexes(url: &str, prefix: &str) {
    let client = client();
    let listed = client.get(format!("{url}/_cat/indices/{prefix}-*?h=index")).send().await.unwrap();
    let listed = listed.error_for_status().unwrap().text().await.unwrap();
    for index in listed.lines() {
        client.delete(format!("{url}/{index}")).send().await.unwrap().error_for_status().unwrap();
    }
}

/// Returns a beginning of names that no other test has.
pub(crate) fn prefix() -> String {
    format!("test-{}", Uuid::new_v4().simple())
}

pub(crate) fn options(url: String, prefix: &str) -> OpenSearchOptions {
    OpenSearchOptions {
        urls: vec![url],
        prefix: prefix.to_owned(),
        credentials: ClusterCredentials::Anonymous,
        ca_file: None,
        shards: 2,
        replicas: 0,
        timeout: Duration::from_secs(60),
        languages: BTreeMap::new(),
        attributes: Arc::new(Attributes::default()),
        weights: Default::default(),
        sufficient_hits: 5,
        concurrency: 4,
    }
}
