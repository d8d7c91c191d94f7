//! The engine of search clusters, on a real node of OpenSearch or Elasticsearch.

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

/// The software of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClusterSoftware {
    OpenSearch,
    /// Its distribution has no script language.
    Elasticsearch,
}

impl ClusterSoftware {
    pub(crate) const ALL: [Self; 2] = [Self::OpenSearch, Self::Elasticsearch];

    /// Returns the address of the node of `tests/services.sh`; `None` without Java, which that script reports.
    pub(crate) fn node(self) -> Option<String> {
        let variable = match self {
            Self::OpenSearch => "QUARRY_TEST_OPENSEARCH_URL",
            Self::Elasticsearch => "QUARRY_TEST_ELASTICSEARCH_URL",
        };
        env::var(variable).ok()
    }
}

/// Returns the address of the node of OpenSearch.
pub(crate) fn node() -> Option<String> {
    ClusterSoftware::OpenSearch.node()
}

/// An engine with indexes of its own.
pub(crate) struct TestIndex {
    pub(crate) engine: OpenSearchEngine,
    pub(crate) options: OpenSearchOptions,
}

impl TestIndex {
    /// Opens an empty engine; `None` without a node.
    pub(crate) async fn open(software: ClusterSoftware) -> Option<Self> {
        let languages = BTreeMap::from([(SourceName::parse("test").unwrap(), LanguageSetting::default())]);
        Self::with(OpenSearchOptions { languages, ..options(software.node()?, &prefix()) }).await
    }

    pub(crate) async fn with_attributes(software: ClusterSoftware, attributes: Attributes) -> Option<Self> {
        let attributes = Arc::new(attributes);
        Self::with(OpenSearchOptions { attributes, ..options(software.node()?, &prefix()) }).await
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
