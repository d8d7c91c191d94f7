//! The languages of documents, of the index and of its sources.

use std::collections::HashMap;
use std::sync::Arc;

use quarry_config::Language;

use crate::analysis::for_each_stem;
use crate::filter::DocumentFilter;
use crate::weights::MAIN_LANGUAGE;

/// The number of documents of each language in some documents.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LanguageCounts {
    pub(crate) documents: u64,
    pub(crate) languages: HashMap<Language, u64>,
}

impl LanguageCounts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.documents += other.documents;
        for (language, documents) in &other.languages {
            *self.languages.entry(*language).or_default() += documents;
        }
    }
}

/// The languages of the documents of an index, and of each source.
#[derive(Debug, Default)]
pub(crate) struct LanguageShares {
    index: Arc<SearchedLanguages>,
    sources: HashMap<String, SourceLanguages>,
}

/// The languages of the documents of a source.
#[derive(Debug)]
struct SourceLanguages {
    counts: LanguageCounts,
    languages: Arc<SearchedLanguages>,
}

/// The languages of the documents that a search may find.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SearchedLanguages {
    /// In the order of [`Language::ALL`].
    pub(crate) all: Vec<Language>,
    /// Those of many documents, whose stop words carry no information.
    pub(crate) main: Vec<Language>,
}

impl LanguageShares {
    pub(crate) fn new(index: &LanguageCounts, sources: HashMap<String, LanguageCounts>) -> Self {
        let sources = sources.into_iter().map(|(name, counts)| {
            let languages = Arc::new(SearchedLanguages::of(&counts));
            (name, SourceLanguages { counts, languages })
        });
        Self { index: Arc::new(SearchedLanguages::of(index)), sources: sources.collect() }
    }

    /// Returns the languages of the index.
    pub(crate) fn of_index(&self) -> &SearchedLanguages {
        &self.index
    }

    /// Returns the languages of the sources that a filter selects: those of other tenants do not matter.
    pub(crate) fn within(&self, filter: &DocumentFilter) -> Arc<SearchedLanguages> {
        let selected: Vec<&SourceLanguages> =
            filter.source.iter().filter_map(|source| self.sources.get(source)).collect();
        match selected.as_slice() {
            [] => self.index.clone(),
            [one] => one.languages.clone(),
            several => {
                let mut counts = LanguageCounts::default();
                several.iter().for_each(|source| counts.add(&source.counts));
                Arc::new(SearchedLanguages::of(&counts))
            }
        }
    }
}

impl SearchedLanguages {
    fn of(counts: &LanguageCounts) -> Self {
        let documents = |language: &Language| counts.languages.get(language).copied().unwrap_or(0);
        let all: Vec<Language> =
            Language::ALL.into_iter().filter(|language| documents(language) > 0).collect();
        let is_main = |language: &Language| documents(language) * MAIN_LANGUAGE >= counts.documents;
        Self { main: all.iter().copied().filter(is_main).collect(), all }
    }

    /// Returns the stems of a word in all languages.
    pub(crate) fn stems_of(&self, word: &str, written: &str) -> Vec<String> {
        let mut stems = Vec::with_capacity(self.all.len());
        for &language in &self.all {
            for_each_stem(word, written, language, |stem| stems.push(stem));
        }
        stems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(documents: u64, languages: &[(Language, u64)]) -> LanguageCounts {
        LanguageCounts { documents, languages: languages.iter().copied().collect() }
    }

    #[test]
    fn languages_are_those_of_the_selected_sources() {
        use Language::{English, French, German};
        let (large, small) = (counts(90, &[(German, 90), (French, 1)]), counts(10, &[(English, 10)]));
        let mut index = large.clone();
        index.add(&small);
        let sources = [("large".to_owned(), large), ("small".to_owned(), small)];
        let shares = LanguageShares::new(&index, sources.into());
        for (selected, all, main) in [
            (&[][..], &[English, French, German][..], &[German][..]),
            (&["large"], &[French, German], &[German]),
            (&["small"], &[English], &[English]),
            (&["small", "large"], &[English, French, German], &[German]),
            (&["unknown"], &[English, French, German], &[German]),
            (&["unknown", "small"], &[English], &[English]),
        ] {
            let source = selected.iter().map(|&source| source.to_owned()).collect();
            let found = shares.within(&DocumentFilter { source, ..DocumentFilter::default() });
            let sorted = |languages: &[Language]| {
                Language::ALL.into_iter().filter(|of| languages.contains(of)).collect::<Vec<_>>()
            };
            assert_eq!((&found.all, &found.main), (&sorted(all), &sorted(main)), "{selected:?}");
        }
    }
}
