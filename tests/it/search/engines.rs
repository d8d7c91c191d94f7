//! Engines of each adapter for tests of the kinds of text and of rules.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use quarry::config::LanguageSetting;
use quarry::domain::{Document, SourceName};
use quarry::search::opensearch_engine::{OpenSearchEngine, OpenSearchOptions};
use quarry::search::tantivy_engine::{TantivyEngine, TantivyOptions};
use quarry::search::{MatchTier, SearchAnswer, SearchEngine, SearchRequest};
use tempfile::TempDir;

use super::corpus::{document, fill, options};
use super::opensearch;

/// Declares a test of each function on each adapter: `async fn name(engines: &Engines)`.
macro_rules! on_each_engine {
    ($($test:ident),+ $(,)?) => {
        mod tantivy {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test(&crate::search::engines::Engines::tantivy()).await;
                }
            )+
        }

        mod opensearch {
            $(
                #[tokio::test]
                async fn $test() {
                    let Some(engines) = crate::search::engines::Engines::opensearch() else { return };
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

    /// Selects the node of `tests/services.sh`; `None` without it.
    pub(crate) fn opensearch() -> Option<Self> {
        let (url, prefix) = (opensearch::node()?, opensearch::prefix());
        Some(Self { node: Some(SharedNode { url, prefix, opened: AtomicUsize::new(0) }) })
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
        match &self.node {
            None => {
                let folder = tempfile::tempdir().unwrap();
                let options = TantivyOptions { languages, ..options(folder.path()) };
                let engine = Arc::new(TantivyEngine::open(options).unwrap());
                Shelf { engine, _folder: Some(folder) }
            }
            Some(SharedNode { url, prefix, opened }) => {
                let prefix = format!("{prefix}-{}", opened.fetch_add(1, Ordering::SeqCst));
                let options = opensearch::options(url.clone(), &prefix);
                let engine = OpenSearchEngine::open(&OpenSearchOptions { languages, ..options }).unwrap();
                engine.reset().await.unwrap();
                Shelf { engine: Arc::new(engine), _folder: None }
            }
        }
    }
}

impl Shelf {
    pub(crate) async fn search(&self, query: &str) -> SearchAnswer {
        self.engine
            .search(&SearchRequest { corrections: true, ..SearchRequest::new(query, 100) })
            .await
            .unwrap()
    }

    /// Returns the numbers of the found texts, best first.
    pub(crate) async fn found(&self, query: &str) -> Vec<usize> {
        let answer = self.search(query).await;
        answer.hits.iter().map(|hit| hit.document.key.as_str().parse().unwrap()).collect()
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
