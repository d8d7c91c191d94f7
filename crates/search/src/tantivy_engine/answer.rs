//! The answer to a search: evaluates it, and reads the hits.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use super::super::cursor::SearchCursor;
use super::super::engine::{Highlight, Hit, SearchAnswer, SearchError};
use super::super::highlight::Highlighter;
use super::super::request::SearchRequest;
use super::evaluate::evaluate;
use super::failure::search_error;
use super::generation::{Generation, Languages, document_languages};
use super::schema::read_stored;
use super::snapshot::IndexSnapshot;
use super::top_docs::RankedDoc;
use quarry_config::Language;
use quarry_domain::Document;

/// An index to search, with the languages of its sources.
pub(super) struct IndexSearcher {
    pub(super) generation: Arc<Generation>,
    pub(super) snapshot: Arc<IndexSnapshot>,
    /// All languages in use.
    pub(super) languages: Arc<BTreeSet<Language>>,
    pub(super) languages_by_source: Arc<Languages>,
}

impl IndexSearcher {
    /// Searches on the calling thread.
    pub(super) fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        let started = Instant::now();
        let mut matches = evaluate(&self.snapshot, &self.generation.fields, &self.languages, request)?;
        let has_next = matches.top_docs.len() > request.first;
        matches.top_docs.truncate(request.first);
        let mut hits = Vec::with_capacity(matches.top_docs.len());
        let mut read_bytes = 0_usize;
        for ranked in &matches.top_docs {
            let (document, bytes) = self.read(ranked)?;
            read_bytes = read_bytes.saturating_add(bytes);
            if read_bytes > request.read_bytes {
                return Err(SearchError::TooLarge);
            }
            let highlights = if request.highlights {
                self.highlights(&document, &matches.highlighter, &request.highlight_lengths)
            } else {
                Vec::new()
            };
            let cursor = SearchCursor::new(request.sort, matches.relaxed, ranked.key);
            hits.push(Hit { document, score: ranked.key.score, cursor, highlights });
        }
        Ok(SearchAnswer {
            hits,
            has_next,
            total: matches.total,
            relaxed: matches.relaxed,
            facets: matches.facets,
            took: started.elapsed(),
            read_bytes,
        })
    }

    /// Returns a document, and the memory that it takes unless it was cached.
    fn read(&self, ranked: &RankedDoc) -> Result<(Arc<Document>, usize), SearchError> {
        let segment = &self.snapshot.segments[ranked.segment];
        let key = (segment.reader.segment_id(), ranked.doc);
        if let Some(document) = self.snapshot.decoded.get(&key) {
            return Ok((document, 0));
        }
        let stored = segment.stored(ranked.doc).map_err(search_error)?;
        let document = read_stored(&stored)
            .ok_or_else(|| SearchError::Damaged("cannot decode a stored document".to_owned()))?;
        let bytes = document.memory_bytes();
        let document = Arc::new(document);
        self.snapshot.decoded.insert(key, document.clone());
        Ok((document, bytes))
    }

    fn highlights(
        &self,
        document: &Document,
        highlighter: &Highlighter,
        lengths: &[usize],
    ) -> Vec<Highlight> {
        let languages = document_languages(&self.languages_by_source, document);
        let author = document.author.as_ref().map(|author| author.name.as_str());
        let fields = [
            ("title", document.title.as_deref(), languages.as_slice()),
            ("text", Some(document.text.as_str()), &languages),
            ("author", author, &[]),
            ("category", document.category.as_deref(), &languages),
        ];
        let mut highlights = Vec::new();
        for (field, text, languages) in fields {
            let Some(text) = text else { continue };
            for &length in lengths {
                let Some(html) = highlighter.highlight(text, languages, length) else { break };
                highlights.push(Highlight { field, length, html });
            }
        }
        highlights
    }
}
