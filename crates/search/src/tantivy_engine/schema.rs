//! The fields of the index, and the conversion of documents from and to them.

use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, OwnedValue, STORED, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{PreTokenizedString, Token};

use super::attribute_field::{AttributeField, ColumnKind};
use super::document_terms::{DocumentTerms, PositionedTerm, TextTerms, suggested_term};
use super::indexed_document::IndexedDocument;
use super::weighted_field::WeightedTerms;
use crate::attribute_values::ExtractedAttributes;
use crate::attributes::Attributes;
use crate::engine::SearchError;
use crate::field_weights::{FieldWeights, WeightedField};
use crate::request::LABEL_FIELDS;
use crate::stored_document::stored;
use quarry_config::{AttributeType, Language};
use quarry_domain::Document;

/// The version of the fields and their content; an index of another version is rebuilt.
pub(super) const SCHEMA_VERSION: u32 = 2;

/// The fields of the index.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    /// The 16 bytes of the id, to find a document to replace or delete.
    pub(super) id: Field,
    /// The halves of the id, to break ties.
    pub(super) id_high: Field,
    pub(super) id_low: Field,
    /// Words of all text fields with their spellings, stems and names.
    pub(super) words: Field,
    /// The same terms of the title, which score more.
    pub(super) title: Field,
    /// The first one and two characters of each word and unmarked spelling.
    pub(super) prefixes: Field,
    /// The same of the title.
    pub(super) title_prefixes: Field,
    /// Title and text, each as one term if it is short.
    pub(super) whole: Field,
    /// Reversed stems of long words, in languages with compounds.
    pub(super) suffixes: Field,
    pub(super) source: Field,
    pub(super) category: Field,
    pub(super) author_key: Field,
    /// Microseconds since 1970.
    pub(super) published_at: Field,
    /// The document as hits contain it.
    pub(super) document: Field,
    /// Those of declared attributes, by name.
    pub(super) attributes: Vec<AttributeField>,
    /// Terms of fields that have a weight.
    pub(super) weighted: Vec<WeightedTerms>,
    /// Values that are suggested, if the sources declare some.
    pub(super) suggested: Option<Field>,
}

impl Fields {
    /// Returns an error if the index has not got one of the attributes yet; the API rejects undeclared ones.
    pub(super) fn require<'n>(&self, names: impl Iterator<Item = &'n str>) -> Result<(), SearchError> {
        let is_missing = |name: &&str| {
            !LABEL_FIELDS.contains(name) && !self.attributes.iter().any(|attribute| attribute.name == *name)
        };
        let mut names = names;
        match names.find(is_missing) {
            Some(name) => Err(SearchError::NotIndexedYet(name.to_owned())),
            None => Ok(()),
        }
    }
}

const SUGGESTED: &str = "suggested";
pub(super) const ID_HIGH: &str = "id_high";
pub(super) const ID_LOW: &str = "id_low";
pub(super) const PUBLISHED_AT: &str = "published_at";

/// The names of the tokenizers of words and of prefixes in the schema.
///
/// The engine indexes tokens; only other readers of the index use the names.
pub(super) const TOKENIZERS: [&str; 2] = ["words", "prefixes"];

/// Creates the schema of an index with these attributes and weights.
pub(super) fn schema(attributes: &Attributes, weights: &FieldWeights) -> (Schema, Fields) {
    let declared = attributes.iter().filter(|(_, attribute)| attribute.kind != AttributeType::Text);
    let columns = declared.map(|(name, attribute)| (name.to_owned(), ColumnKind::of(attribute.kind)));
    build(columns, weights.fields().cloned(), attributes.suggest())
}

/// Returns the fields of a present index, whose attributes may be others; `None` for other fields.
///
/// An attribute that is now declared with another type is not indexed yet: its values answer other questions.
pub(super) fn fields_of(schema: &Schema, declared: &Attributes) -> Option<Fields> {
    let names: Vec<&str> = schema.fields().map(|(_, entry)| entry.name()).collect();
    let attributes = names.iter().copied().filter_map(AttributeField::parse);
    let (built, mut fields) = build(
        attributes,
        names.iter().copied().filter_map(WeightedField::of_index),
        names.contains(&SUGGESTED),
    );
    fields.attributes.retain(|attribute| {
        let now = declared.get(&attribute.name).map(|declared| ColumnKind::of(declared.kind));
        now.is_none_or(|kind| kind == attribute.kind)
    });
    (built == *schema).then_some(fields)
}

fn build(
    attributes: impl Iterator<Item = (String, ColumnKind)>,
    weighted: impl Iterator<Item = WeightedField>,
    suggests: bool,
) -> (Schema, Fields) {
    let [words, prefixes] = TOKENIZERS;
    let mut builder = Schema::builder();
    let text = |tokenizer: &str, option: IndexRecordOption, fieldnorms: bool| {
        TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_tokenizer(tokenizer)
                .set_index_option(option)
                .set_fieldnorms(fieldnorms),
        )
    };
    let terms_only = || text(words, IndexRecordOption::Basic, false);
    let label = || text("raw", IndexRecordOption::Basic, false).set_fast("raw");
    let fields = Fields {
        id: builder.add_bytes_field("id", INDEXED),
        id_high: builder.add_u64_field(ID_HIGH, FAST),
        id_low: builder.add_u64_field(ID_LOW, FAST),
        words: builder.add_text_field("words", text(words, IndexRecordOption::WithFreqsAndPositions, true)),
        title: builder.add_text_field("title", text(words, IndexRecordOption::Basic, false)),
        prefixes: builder.add_text_field("prefixes", text(prefixes, IndexRecordOption::Basic, false)),
        title_prefixes: builder
            .add_text_field("title_prefixes", text(prefixes, IndexRecordOption::Basic, false)),
        whole: builder.add_text_field("whole", text(words, IndexRecordOption::Basic, false)),
        suffixes: builder.add_text_field("suffixes", text(words, IndexRecordOption::Basic, false)),
        source: builder.add_text_field("source", label()),
        category: builder.add_text_field("category", label()),
        author_key: builder.add_text_field("author_key", label()),
        published_at: builder.add_i64_field(PUBLISHED_AT, FAST),
        document: builder.add_bytes_field("document", STORED),
        attributes: attributes.map(|(name, kind)| AttributeField::add(&mut builder, name, kind)).collect(),
        weighted: weighted.map(|of| WeightedTerms::add(&mut builder, of, terms_only())).collect(),
        suggested: suggests.then(|| builder.add_text_field(SUGGESTED, terms_only())),
    };
    (builder.build(), fields)
}

/// Converts a document to the fields of the index.
pub(super) fn indexed(
    fields: &Fields,
    document: &Document,
    languages: &[Language],
    attributes: &ExtractedAttributes<'_>,
) -> IndexedDocument {
    let mut indexed = IndexedDocument::default();
    indexed.add(fields.id, OwnedValue::Bytes(document.id.0.as_bytes().to_vec()));
    let (high, low) = document.id.0.as_u64_pair();
    indexed.add(fields.id_high, OwnedValue::U64(high));
    indexed.add(fields.id_low, OwnedValue::U64(low));
    indexed.add(fields.source, OwnedValue::Str(document.source.as_str().to_owned()));
    let mut terms = DocumentTerms::new(languages);
    let title = document.title.as_deref().map(|title| terms.add_text(title));
    let title_prefixes = terms.prefixes.clone();
    let text = terms.add_text(&document.text);
    let category = document.category.as_deref().map(|category| terms.add_text(category));
    let name = document.author.as_ref().map(|author| terms.add_name(&author.name));
    let texts: Vec<_> = attributes.texts.iter().map(|(name, text)| (*name, terms.add_text(text))).collect();
    let whole: Vec<String> = title.iter().chain([&text]).filter_map(|text| text.whole.clone()).collect();
    if !whole.is_empty() {
        indexed.add(fields.whole, tokens_at_start(whole));
    }
    if let Some(title) = title {
        indexed.add(fields.title, tokens(title.tokens.clone()));
        indexed.add(fields.title_prefixes, tokens_at_start(title_prefixes));
        indexed.add(fields.words, tokens(title.tokens));
    }
    for weighted in &fields.weighted {
        let of_field: Vec<&TextTerms> = match &weighted.of {
            WeightedField::Text => vec![&text],
            WeightedField::Author => name.iter().collect(),
            WeightedField::Category => category.iter().collect(),
            WeightedField::Attribute(name) => {
                texts.iter().filter(|(of, _)| of == name).map(|(_, terms)| terms).collect()
            }
        };
        let terms = of_field.into_iter().flat_map(|terms| &terms.tokens).map(|token| token.text.clone());
        indexed.add(weighted.field, tokens_at_start(terms.collect()));
    }
    indexed.add(fields.words, tokens(text.tokens));
    for more in name.into_iter().chain(category).chain(texts.into_iter().map(|(_, terms)| terms)) {
        indexed.add(fields.words, tokens(more.tokens));
    }
    if let Some(author) = &document.author {
        indexed.add(fields.author_key, OwnedValue::Str(author.key.clone()));
    }
    if let Some(category) = &document.category {
        indexed.add(fields.category, OwnedValue::Str(category.clone()));
    }
    indexed.add(fields.prefixes, tokens_at_start(terms.prefixes));
    if !terms.suffixes.is_empty() {
        indexed.add(fields.suffixes, tokens_at_start(terms.suffixes));
    }
    if let Some(published_at) = document.published_at {
        indexed.add(fields.published_at, OwnedValue::I64(published_at.timestamp_micros()));
    }
    for (name, values) in &attributes.values {
        if let Some(attribute) = fields.attributes.iter().find(|attribute| attribute.name == *name) {
            attribute.add_values(&mut indexed, values);
        }
    }
    if let Some(suggested) = fields.suggested {
        let terms = attributes.suggested.iter().filter_map(|value| suggested_term(value));
        indexed.add(suggested, tokens_at_start(terms.collect()));
    }
    indexed.add(fields.document, OwnedValue::Bytes(stored(document)));
    indexed
}

fn tokens(terms: Vec<PositionedTerm>) -> OwnedValue {
    let token = |PositionedTerm { text, position }: PositionedTerm| Token {
        offset_from: 0,
        offset_to: 0,
        position,
        text,
        position_length: 1,
    };
    OwnedValue::PreTokStr(PreTokenizedString {
        text: String::new(),
        tokens: terms.into_iter().map(token).collect(),
    })
}

/// Converts terms whose number and positions do not matter.
fn tokens_at_start(mut terms: Vec<String>) -> OwnedValue {
    terms.sort_unstable();
    terms.dedup();
    tokens(terms.into_iter().map(|text| PositionedTerm { text, position: 0 }).collect())
}
