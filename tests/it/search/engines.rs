//! Engines of each adapter for tests of the kinds of text and of rules.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use quarry::config::{Language, LanguageSetting, Settings};
use quarry::domain::{Document, SourceName};
use quarry::search::opensearch_engine::{OpenSearchEngine, OpenSearchOptions};
use quarry::search::tantivy_engine::{TantivyEngine, TantivyOptions};
use quarry::search::{
    Attributes, FieldWeights, MatchTier, RuleDocument, Rulebook, SearchAnswer, SearchEngine, SearchRequest,
};
use serde_json::Value;
use tempfile::TempDir;

use super::corpus::{document, fill, options};
use super::opensearch::{self, ClusterSoftware};

/// Declares a test of each function on each adapter, and on each software of a cluster:
/// `async fn name(engines: &Engines)`.
macro_rules! on_each_engine {
    ($($test:ident),+ $(,)?) => {
        crate::search::engines::on_each_engine!(@cluster opensearch OpenSearch $($test)+);
        crate::search::engines::on_each_engine!(@cluster elasticsearch Elasticsearch $($test)+);

        mod tantivy {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test(&crate::search::engines::Engines::tantivy()).await;
                }
            )+
        }
    };
    (@cluster $module:ident $software:ident $($test:ident)+) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $test() {
                    use crate::search::{engines::Engines, opensearch::ClusterSoftware};
                    let Some(engines) = Engines::of_cluster(ClusterSoftware::$software) else { return };
                    super::$test(&engines).await;
                    engines.delete().await;
                }
            )+
        }
    };
}
pub(crate) use on_each_engine;

/// The adapter on which a test opens engines.
pub(crate) struct Engines {
    node: Option<SharedNode>,
}

/// A node with the beginning of the names of a test's indexes.
struct SharedNode {
    software: ClusterSoftware,
    url: String,
    prefix: String,
    opened: AtomicUsize,
}

/// An engine with a few documents.
pub(crate) struct Shelf {
    pub(crate) engine: Arc<dyn SearchEngine>,
    _folder: Option<TempDir>,
}

impl Engines {
    /// Selects the embedded engine.
    pub(crate) fn tantivy() -> Self {
        Self { node: None }
    }

    /// Selects a node of `tests/services.sh`; `None` without it.
    pub(crate) fn of_cluster(software: ClusterSoftware) -> Option<Self> {
        let (url, prefix, opened) = (software.node()?, opensearch::prefix(), AtomicUsize::new(0));
        Some(Self { node: Some(SharedNode { software, url, prefix, opened }) })
    }

    /// Returns true for a search cluster.
    pub(crate) fn is_cluster(&self) -> bool {
        self.node.is_some()
    }

    /// Returns true if numbers and dates of documents can multiply scores, which takes scripts in a cluster.
    pub(crate) fn has_value_boosts(&self) -> bool {
        self.node.as_ref().is_none_or(|node| node.software != ClusterSoftware::Elasticsearch)
    }

    /// Deletes the indexes.
    pub(crate) async fn delete(self) {
        if let Some(SharedNode { url, prefix, .. }) = &self.node {
            opensearch::delete_indexes(url, prefix).await;
        }
    }

    /// Indexes texts; their numbers are their keys.
    pub(crate) async fn of(&self, texts: &[&str]) -> Shelf {
        self.with_language(LanguageSetting::default(), texts).await
    }

    pub(crate) async fn with_language(&self, language: LanguageSetting, texts: &[&str]) -> Shelf {
        let documents = texts.iter().enumerate().map(|(at, text)| document(&at.to_string(), text));
        self.filled(language, documents.collect()).await
    }

    /// Indexes titles with texts.
    pub(crate) async fn of_titles(&self, titles: &[(&str, &str)]) -> Shelf {
        let documents = titles.iter().enumerate().map(|(at, (title, text))| {
            let mut document = document(&at.to_string(), text);
            document.title = (!title.is_empty()).then(|| (*title).to_owned());
            document
        });
        self.filled(LanguageSetting::default(), documents.collect()).await
    }

    async fn filled(&self, language: LanguageSetting, documents: Vec<Document>) -> Shelf {
        let shelf = self.empty(language).await;
        fill(&*shelf.engine, documents).await;
        shelf
    }

    pub(crate) async fn empty(&self, language: LanguageSetting) -> Shelf {
        let languages = BTreeMap::from([(SourceName::parse("test").unwrap(), language)]);
        self.open(languages, Arc::default(), FieldWeights::default()).await
    }

    /// Indexes texts of sources, each in a language of its own; their numbers are their keys.
    pub(crate) async fn with_sources(&self, texts: &[(&str, Language, &str)]) -> Shelf {
        let source = |name: &str| SourceName::parse(name).unwrap();
        let languages = texts.iter().map(|(name, language, _)| (source(name), (*language).into()));
        let shelf = self.open(languages.collect(), Arc::default(), FieldWeights::default()).await;
        let documents = texts.iter().enumerate().map(|(at, (name, _, text))| {
            let source = source(name);
            Document { source, ..document(&at.to_string(), text) }
        });
        fill(&*shelf.engine, documents.collect()).await;
        shelf
    }

    /// Opens an engine with the attributes and weights of settings, and indexes documents.
    pub(crate) async fn with_settings(&self, settings: &str, documents: Vec<Document>) -> Shelf {
        let (attributes, weights) = indexed_fields(settings);
        let shelf = self.open(BTreeMap::new(), attributes, weights).await;
        fill(&*shelf.engine, documents).await;
        shelf
    }

    async fn open(
        &self,
        languages: BTreeMap<SourceName, LanguageSetting>,
        attributes: Arc<Attributes>,
        weights: FieldWeights,
    ) -> Shelf {
        match &self.node {
            None => {
                let folder = tempfile::tempdir().unwrap();
                let options = TantivyOptions { languages, attributes, weights, ..options(folder.path()) };
                let engine = Arc::new(TantivyEngine::open(options).unwrap());
                Shelf { engine, _folder: Some(folder) }
            }
            Some(SharedNode { url, prefix, opened, .. }) => {
                let prefix = format!("{prefix}-{}", opened.fetch_add(1, Ordering::SeqCst));
                let options = opensearch::options(url.clone(), &prefix);
                let options = OpenSearchOptions { languages, attributes, weights, ..options };
                let engine = OpenSearchEngine::open(&options).unwrap();
                engine.reset().await.unwrap();
                Shelf { engine: Arc::new(engine), _folder: None }
            }
        }
    }
}

/// Returns the attributes and weights of settings.
pub(crate) fn indexed_fields(settings: &str) -> (Arc<Attributes>, FieldWeights) {
    let settings = Settings::from_toml(settings).unwrap();
    let attributes = Arc::new(Attributes::of(settings.sources.contents()));
    let weights = FieldWeights::of(&settings.weights, &attributes);
    (attributes, weights)
}

/// Returns the numbers of the found documents, best first.
pub(crate) fn numbers(answer: &SearchAnswer) -> Vec<usize> {
    answer.hits.iter().map(|hit| hit.document.key.as_str().parse().unwrap()).collect()
}

impl Shelf {
    /// Applies rules and synonyms to later searches.
    pub(crate) fn use_rules(&self, rules: Value) {
        let rules: RuleDocument = serde_json::from_value(rules).unwrap();
        assert_eq!(rules.problems(), []);
        self.engine.use_rulebook(Arc::new(Rulebook::new(1, &rules)));
    }

    pub(crate) async fn search(&self, query: &str) -> SearchAnswer {
        self.engine
            .search(&SearchRequest { corrections: true, ..SearchRequest::new(query, 100) })
            .await
            .unwrap()
    }

    /// Returns the numbers of the found texts, best first.
    pub(crate) async fn found(&self, query: &str) -> Vec<usize> {
        numbers(&self.search(query).await)
    }

    /// Returns the numbers of the texts that contain all words without typos, best first.
    pub(crate) async fn found_without_typos(&self, query: &str) -> Vec<usize> {
        let mut answer = self.search(query).await;
        answer.hits.retain(|hit| hit.tier == MatchTier::AllWords);
        numbers(&answer)
    }

    /// Fails unless each query finds a text with all its words.
    pub(crate) async fn each_finds(&self, text: usize, queries: &[&str]) {
        for query in queries {
            let answer = self.search(query).await;
            let with_all = answer.hits.iter().filter(|hit| hit.tier < MatchTier::AnyWord);
            let keys: Vec<&str> = with_all.map(|hit| hit.document.key.as_str()).collect();
            assert!(keys.contains(&text.to_string().as_str()), "{query} finds {keys:?}, not {text}");
        }
    }
}
