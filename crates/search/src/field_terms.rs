//! The terms of each field of one document, as they are indexed.

use super::analysis::words;
use super::document_terms::{DocumentTerms, PositionedTerm};
use super::field_weights::WeightedField;
use super::indexed_sources::IndexedSources;
use quarry_config::Language;
use quarry_domain::Document;

/// The words of a match that are listed.
const MAX_WORDS: usize = 10;

/// The fields among which terms are looked for.
#[derive(Clone, Copy)]
pub(crate) enum FieldScope<'f> {
    All,
    Title,
    Weighted(&'f WeightedField),
}

/// The terms of a field.
struct FieldTerms {
    /// The field; `None` for the title.
    field: Option<WeightedField>,
    /// Each term with its word as the document writes it.
    terms: Vec<(String, String)>,
}

/// The terms of the fields of a document.
pub(crate) struct TermsByField {
    fields: Vec<FieldTerms>,
    languages: Vec<Language>,
}

impl TermsByField {
    /// Analyzes a document again, as it was indexed.
    pub(crate) fn of(document: &Document, sources: &IndexedSources) -> Self {
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

    /// Returns the names of the fields that contain one of some terms, and the words that they stand for.
    ///
    /// `matches` is true for these terms, in the languages of the document.
    pub(crate) fn containing<E>(
        &self,
        scope: FieldScope<'_>,
        mut matches: impl FnMut(&str, &[Language]) -> Result<bool, E>,
    ) -> Result<(Vec<String>, Vec<String>), E> {
        let (mut names, mut found): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for of in self.fields.iter().filter(|of| of.is_in(scope)) {
            let mut has_match = false;
            for (term, written) in &of.terms {
                if !matches(term, &self.languages)? {
                    continue;
                }
                has_match = true;
                if found.len() < MAX_WORDS && !found.contains(written) {
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

    fn is_in(&self, scope: FieldScope<'_>) -> bool {
        match scope {
            FieldScope::All => true,
            FieldScope::Title => self.field.is_none(),
            FieldScope::Weighted(of) => self.field.as_ref() == Some(of),
        }
    }
}
