//! The terms of each field of one document, as they are indexed.

use std::collections::HashSet;

use tantivy::postings::TermInfo;

use super::document_terms::{DocumentTerms, PositionedTerm, SHORT_PREFIX_CHARS};
use super::indexed_sources::IndexedSources;
use super::schema::Fields;
use super::segment::IndexSegment;
use super::term_field::TermField;
use crate::analysis::{is_marked, reversed_stem, words};
use crate::field_weights::WeightedField;
use quarry_config::Language;
use quarry_domain::Document;

/// The words of a match that are listed.
const MAX_WORDS: usize = 10;

/// The terms of a field.
struct FieldTerms {
    /// The field; `None` for the title.
    field: Option<WeightedField>,
    /// Each term with its word as the document writes it.
    terms: Vec<(String, String)>,
}

/// The terms of the fields of a document.
pub(super) struct TermsByField {
    fields: Vec<FieldTerms>,
    languages: Vec<Language>,
}

impl TermsByField {
    /// Analyzes a document again, as it was indexed.
    pub(super) fn of(document: &Document, sources: &IndexedSources) -> Self {
        let languages = sources.languages_of(document);
        let mut fields = Vec::new();
        if let Some(title) = &document.title {
            fields.push(FieldTerms::of(None, title, &languages));
        }
        fields.push(FieldTerms::of(Some(WeightedField::Text), &document.text, &languages));
        if let Some(author) = &document.author {
            let terms = DocumentTerms::new(&[]).add_name(&author.name).tokens;
            fields.push(FieldTerms::with(Some(WeightedField::Author), &author.name, terms));
        }
        if let Some(category) = &document.category {
            fields.push(FieldTerms::of(Some(WeightedField::Category), category, &languages));
        }
        for (name, text) in sources.searched_texts(document) {
            let field = WeightedField::Attribute(name.to_owned());
            fields.push(FieldTerms::of(Some(field), &text, &languages));
        }
        Self { fields, languages }
    }

    /// Returns the names of the fields that contain one of the terms, and the words that they stand for.
    pub(super) fn containing(
        &self,
        field: TermField,
        infos: &[&TermInfo],
        fields: &Fields,
        segment: &IndexSegment,
    ) -> tantivy::Result<(Vec<String>, Vec<String>)> {
        let (index, wanted) = (field.index(segment).terms(), postings_of(infos));
        let is_wanted = |term: &str| -> tantivy::Result<bool> {
            let info = index.get(term)?;
            Ok(info.is_some_and(|info| wanted.contains(&info.postings_range.start)))
        };
        let (mut names, mut found): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for of in self.fields.iter().filter(|of| of.is_in(field, fields)) {
            let mut has_match = false;
            for (term, written) in &of.terms {
                let matches = match field {
                    TermField::Prefixes | TermField::TitlePrefixes => {
                        let mut matches = false;
                        for prefix in short_prefixes(term) {
                            matches |= is_wanted(prefix)?;
                        }
                        matches
                    }
                    TermField::Suffixes => {
                        let mut matches = false;
                        for reversed in self.languages.iter().filter_map(|&of| reversed_stem(term, of)) {
                            matches |= is_wanted(&reversed)?;
                        }
                        matches
                    }
                    _ => is_wanted(term)?,
                };
                has_match |= matches;
                if matches && found.len() < MAX_WORDS && !found.contains(written) {
                    found.push(written.clone());
                }
            }
            if has_match && !names.iter().any(|name| name == of.name()) {
                names.push(of.name().to_owned());
            }
        }
        Ok((names, found))
    }
}

impl FieldTerms {
    fn of(field: Option<WeightedField>, text: &str, languages: &[Language]) -> Self {
        Self::with(field, text, DocumentTerms::new(languages).add_text(text).tokens)
    }

    fn with(field: Option<WeightedField>, text: &str, tokens: Vec<PositionedTerm>) -> Self {
        let words = words(text);
        let written = |position: usize| words.get(position).map(|word| text[word.start..word.end].to_owned());
        let terms = tokens.into_iter().filter_map(|token| Some((token.text, written(token.position)?)));
        let mut terms: Vec<(String, String)> = terms.collect();
        terms.sort_unstable();
        terms.dedup();
        Self { field, terms }
    }

    fn name(&self) -> &str {
        self.field.as_ref().map_or("title", WeightedField::name)
    }

    /// Returns true if a field of the index contains the terms of this one.
    fn is_in(&self, field: TermField, fields: &Fields) -> bool {
        match field {
            TermField::Title | TermField::TitlePrefixes => self.field.is_none(),
            TermField::Weighted(at) => self.field.as_ref() == Some(&fields.weighted[at].of),
            TermField::Words | TermField::Prefixes | TermField::Suffixes | TermField::Whole => true,
        }
    }
}

fn postings_of(infos: &[&TermInfo]) -> HashSet<usize> {
    infos.iter().map(|info| info.postings_range.start).collect()
}

/// Returns the beginnings of a word that have posting lists.
fn short_prefixes(term: &str) -> impl Iterator<Item = &str> {
    let ends = term.char_indices().map(|(at, c)| at + c.len_utf8()).take(SHORT_PREFIX_CHARS);
    let is_word = !is_marked(term);
    ends.filter(move |_| is_word).map(|end| &term[..end])
}
