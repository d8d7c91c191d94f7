//! The kinds of text that people type and write, on the engine.

mod completions;
mod explanations;
mod facets;
mod languages;
mod ranking;
mod scripts;
mod spellings;
mod tiers;
mod weights;

use std::collections::BTreeMap;

use quarry::config::LanguageSetting;
use quarry::domain::SourceName;
use quarry::search::tantivy_engine::{TantivyEngine, TantivyOptions};
use quarry::search::{MatchTier, SearchAnswer, SearchEngine, SearchRequest};
use tempfile::TempDir;

use super::corpus::{document, fill, options};

/// An engine with a few documents.
pub(super) struct Shelf {
    pub(super) engine: TantivyEngine,
    _folder: TempDir,
}

impl Shelf {
    /// Indexes texts; their numbers are their keys.
    pub(super) async fn of(texts: &[&str]) -> Self {
        Self::with_language(LanguageSetting::default(), texts).await
    }

    pub(super) async fn with_language(language: LanguageSetting, texts: &[&str]) -> Self {
        let documents = texts.iter().enumerate().map(|(at, text)| document(&at.to_string(), text));
        let shelf = Self::empty(language);
        fill(&shelf.engine, documents.collect()).await;
        shelf
    }

    /// Indexes titles with texts.
    pub(super) async fn of_titles(titles: &[(&str, &str)]) -> Self {
        let documents = titles.iter().enumerate().map(|(at, (title, text))| {
            let mut document = document(&at.to_string(), text);
            document.title = (!title.is_empty()).then(|| (*title).to_owned());
            document
        });
        let shelf = Self::empty(LanguageSetting::default());
        fill(&shelf.engine, documents.collect()).await;
        shelf
    }

    pub(super) fn empty(language: LanguageSetting) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let languages = BTreeMap::from([(SourceName::parse("test").unwrap(), language)]);
        let options = TantivyOptions { languages, ..options(folder.path()) };
        Self { engine: TantivyEngine::open(options).unwrap(), _folder: folder }
    }

    pub(super) async fn search(&self, query: &str) -> SearchAnswer {
        self.engine
            .search(&SearchRequest { corrections: true, ..SearchRequest::new(query, 100) })
            .await
            .unwrap()
    }

    /// Returns the numbers of the found texts, best first.
    pub(super) async fn found(&self, query: &str) -> Vec<usize> {
        let answer = self.search(query).await;
        answer.hits.iter().map(|hit| hit.document.key.as_str().parse().unwrap()).collect()
    }

    /// Fails unless each query finds a text with all its words.
    pub(super) async fn each_finds(&self, text: usize, queries: &[&str]) {
        for query in queries {
            let answer = self.search(query).await;
            let with_all = answer.hits.iter().filter(|hit| hit.tier < MatchTier::AnyWord);
            let keys: Vec<&str> = with_all.map(|hit| hit.document.key.as_str()).collect();
            assert!(keys.contains(&text.to_string().as_str()), "{query} finds {keys:?}, not {text}");
        }
    }
}
