//! A document as the index receives it.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use serde_json::{Map, Value, json};

use super::clauses::id_text;
use super::mapping::{
    AUTHOR_KEY, BEGINNINGS, CALENDAR_UNITS, CATEGORY, DOCUMENT, ID, LETTERS, PREFIXES, PUBLISHED_AT, SOURCE,
    STEMS, SUFFIXES, SUGGESTED, TERMS, TITLE, VOCABULARY, WHOLE, WORDS, beginnings_of, calendar_field_of,
    field_of, group_field_of, placed_field_of,
};
use crate::analysis::{Word, for_each_stem, is_marked, words};
use crate::attribute_values::{AttributeValues, ExtractedAttributes};
use crate::document_terms::{DocumentTerms, TextTerms, suggested_term};
use crate::engine::SearchError;
use crate::facet_intervals::IntervalWidth;
use crate::field_weights::{FieldWeights, WeightedField};
use crate::request::CalendarUnit;
use crate::stored_document::{read_stored, stored};
use quarry_config::Language;
use quarry_domain::{Document, DocumentId};

/// The lengths of the beginnings of words that are compared with mistyped ones, in characters.
const BEGINNING_CHARS: std::ops::RangeInclusive<usize> = 3..=20;

/// Converts a document to the fields of the index.
pub(super) fn indexed<'n>(
    document: &Document,
    languages: &[Language],
    attributes: &ExtractedAttributes<'_>,
    weights: &FieldWeights,
    grouped: impl Iterator<Item = &'n str>,
) -> Value {
    let mut terms = DocumentTerms::new(languages);
    let mut fields = IndexedTerms::default();
    let mut weighted: Vec<(WeightedField, String)> = Vec::new();
    let mut whole = Vec::new();
    if let Some(title) = &document.title {
        let added = terms.add_text(title);
        fields.title = joined(&added);
        whole.extend(added.whole.clone());
        fields.add_text(title, &added, languages);
    }
    let text = terms.add_text(&document.text);
    whole.extend(text.whole.clone());
    fields.add_text(&document.text, &text, languages);
    weighted.push((WeightedField::Text, joined(&text)));
    if let Some(author) = &document.author {
        let name = terms.add_name(&author.name);
        fields.add_text(&author.name, &name, &[]);
        weighted.push((WeightedField::Author, joined(&name)));
    }
    let category = document.category.iter().map(|category| (WeightedField::Category, category));
    let texts = attributes.texts.iter();
    let texts = texts.map(|(name, text)| (WeightedField::Attribute((*name).to_owned()), text));
    for (field, text) in category.chain(texts) {
        let added = terms.add_text(text);
        fields.add_text(text, &added, languages);
        weighted.push((field, joined(&added)));
    }
    let mut json = fields.into_json();
    for of in weights.fields() {
        let terms: Vec<&str> =
            weighted.iter().filter(|(field, _)| field == of).map(|(_, terms)| terms.as_str()).collect();
        let begun: BTreeSet<&str> = terms.iter().flat_map(|terms| beginnings(terms.split(' '))).collect();
        json.insert(beginnings_of(&of.index_name()), one_text(&begun));
        json.insert(of.index_name(), json!(terms));
    }
    for name in grouped {
        let group = first_value(name, document, attributes);
        let group = group.map_or_else(|| lone_group(document.id), |value| group_of(&value));
        json.insert(group_field_of(name), group.into());
    }
    json.insert(ID.to_owned(), id_text(document.id.0.as_u128()).into());
    json.insert(SOURCE.to_owned(), document.source.as_str().into());
    json.insert(WHOLE.to_owned(), whole.into());
    let suffixes: BTreeSet<String> = terms.suffixes.into_iter().collect();
    json.insert(SUFFIXES.to_owned(), one_text(&suffixes));
    if let Some(category) = &document.category {
        json.insert(CATEGORY.to_owned(), category.as_str().into());
    }
    if let Some(author) = &document.author {
        json.insert(AUTHOR_KEY.to_owned(), author.key.as_str().into());
    }
    if let Some(at) = document.published_at {
        json.insert(PUBLISHED_AT.to_owned(), at.timestamp_micros().into());
    }
    for (name, values) in &attributes.values {
        json.insert(field_of(name), values_of(values));
        match values {
            AttributeValues::Dates(dates) => {
                for unit in CALENDAR_UNITS {
                    json.insert(calendar_field_of(name, unit), starts_of(unit, dates));
                }
            }
            AttributeValues::Points(points) if !points.is_empty() => {
                json.insert(placed_field_of(name), true.into());
            }
            AttributeValues::Points(_) | AttributeValues::Labels(_) | AttributeValues::Numbers(_) => {}
        }
    }
    let suggested: BTreeSet<String> =
        attributes.suggested.iter().filter_map(|value| suggested_term(value)).collect();
    if !suggested.is_empty() {
        json.insert(SUGGESTED.to_owned(), json!(suggested));
    }
    json.insert(DOCUMENT.to_owned(), BASE64.encode(&stored(document)).into());
    Value::Object(json)
}

/// The beginning of the groups of documents with a value.
pub(super) const GROUP_MARK: char = 'v';

fn group_of(value: &str) -> String {
    format!("{GROUP_MARK}{value}")
}

/// Returns the group of a document without a value, which no other document shares.
fn lone_group(document: DocumentId) -> String {
    format!("i{}", id_text(document.0.as_u128()))
}

/// Returns the first value of a label field or attribute.
fn first_value(name: &str, document: &Document, attributes: &ExtractedAttributes<'_>) -> Option<String> {
    match name {
        "source" => return Some(document.source.as_str().to_owned()),
        "category" => return document.category.clone(),
        "authorKey" => return document.author.as_ref().map(|author| author.key.clone()),
        _ => {}
    }
    // Sources may declare one attribute with different members.
    attributes.values.iter().filter(|(of, _)| *of == name).find_map(|(_, values)| match values {
        AttributeValues::Labels(labels) => labels.first().cloned(),
        AttributeValues::Numbers(numbers) => numbers.first().map(f64::to_string),
        AttributeValues::Dates(dates) => dates.first().map(|date| date.timestamp_micros().to_string()),
        AttributeValues::Points(_) => None,
    })
}

/// Decodes the document of a hit; `None` if it is damaged.
fn document_of(source: &Value) -> Option<Document> {
    let bytes = BASE64.decode(source[DOCUMENT].as_str()?.as_bytes()).ok()?;
    read_stored(&bytes)
}

/// Takes the hits out of an answer.
pub(super) fn hits_of(answer: &mut Value) -> Vec<Value> {
    match answer["hits"]["hits"].take() {
        Value::Array(hits) => hits,
        _ => Vec::new(),
    }
}

/// Decodes the document of a hit.
pub(super) fn decoded(hit: &Value) -> Result<Arc<Document>, SearchError> {
    let document = document_of(&hit["_source"]);
    document.map(Arc::new).ok_or_else(|| SearchError::Damaged("cannot decode a stored document".to_owned()))
}

/// The terms of a document by field.
#[derive(Default)]
struct IndexedTerms {
    terms: Vec<String>,
    words: Vec<String>,
    stems: Vec<String>,
    title: String,
    vocabulary: BTreeSet<String>,
}

impl IndexedTerms {
    fn add_text(&mut self, text: &str, added: &TextTerms, languages: &[Language]) {
        let words = words(text);
        self.terms.push(joined(added));
        self.words.push(words.iter().map(Word::term).collect::<Vec<_>>().join(" "));
        for &language in languages {
            let mut run = String::new();
            for word in &words {
                let mut stem = None;
                for_each_stem(&word.text, &text[word.start..word.end], language, |form| {
                    stem.get_or_insert(form);
                });
                if !run.is_empty() {
                    run.push(' ');
                }
                run.push_str(stem.as_deref().unwrap_or(&word.term()));
            }
            self.stems.push(run);
        }
        self.vocabulary.extend(unmarked(added).map(str::to_owned));
    }

    fn into_json(self) -> Map<String, Value> {
        let vocabulary = || self.vocabulary.iter().map(String::as_str);
        let letters: BTreeSet<&str> = vocabulary().filter(|term| is_of_letters(term)).collect();
        let of_title = beginnings_of(TITLE);
        let fields: [(&str, Value); 9] = [
            (LETTERS, one_text(&letters)),
            (BEGINNINGS, one_text(&beginnings(vocabulary()))),
            (&of_title, one_text(&beginnings(self.title.split(' ')))),
            (PREFIXES, one_text(&self.vocabulary)),
            (VOCABULARY, json!(self.vocabulary)),
            (TERMS, self.terms.into()),
            (WORDS, self.words.into()),
            (STEMS, self.stems.into()),
            (TITLE, self.title.into()),
        ];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Returns the beginnings of the words without digits among some terms.
fn beginnings<'t>(terms: impl Iterator<Item = &'t str>) -> BTreeSet<&'t str> {
    let mut beginnings = BTreeSet::new();
    for term in terms.filter(|term| is_of_letters(term) && !is_marked(term)) {
        let ends = term.char_indices().map(|(at, c)| at + c.len_utf8());
        let lengths = (1..).zip(ends).filter(|(length, _)| BEGINNING_CHARS.contains(length));
        beginnings.extend(lengths.map(|(_, end)| &term[..end]));
    }
    beginnings
}

fn is_of_letters(term: &str) -> bool {
    !term.chars().any(char::is_numeric)
}

fn unmarked(terms: &TextTerms) -> impl Iterator<Item = &str> {
    terms.tokens.iter().map(|token| token.text.as_str()).filter(|term| !is_marked(term))
}

fn joined(terms: &TextTerms) -> String {
    terms.tokens.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn one_text<S: AsRef<str>>(terms: &BTreeSet<S>) -> Value {
    terms.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" ").into()
}

/// Returns each value once: a document counts once for each of its values.
fn values_of(values: &AttributeValues) -> Value {
    let mut different: Vec<Value> = Vec::new();
    let mut add = |value: Value| {
        if !different.contains(&value) {
            different.push(value);
        }
    };
    match values {
        AttributeValues::Labels(labels) => labels.iter().for_each(|label| add(label.as_str().into())),
        AttributeValues::Numbers(numbers) => numbers.iter().for_each(|number| add((*number).into())),
        AttributeValues::Dates(dates) => dates.iter().for_each(|date| add(date.timestamp_micros().into())),
        AttributeValues::Points(points) => {
            points.iter().for_each(|point| add(json!({ "lat": point.latitude.0, "lon": point.longitude.0 })));
        }
    }
    different.into()
}

/// Returns the first days of the units of the calendar with some dates: a document counts once in each unit.
fn starts_of(unit: CalendarUnit, dates: &[DateTime<Utc>]) -> Value {
    let start = |date: &DateTime<Utc>| {
        #[expect(clippy::cast_precision_loss, reason = "stored dates have years of four digits")]
        let micros = date.timestamp_micros() as f64;
        #[expect(clippy::cast_possible_truncation, reason = "stored dates have years of four digits")]
        let start = IntervalWidth::Calendar(unit).lower(micros) as i64;
        start
    };
    json!(dates.iter().map(start).collect::<BTreeSet<i64>>())
}
