//! A segment of the index with its readers open.

use std::collections::HashMap;
use std::sync::Arc;

use tantivy::columnar::Column;
use tantivy::directory::OwnedBytes;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::index::SegmentReader;
use tantivy::postings::TermInfo;
use tantivy::schema::IndexRecordOption;
use tantivy::store::StoreReader;
use tantivy::termdict::TermStreamer;
use tantivy::{DocId, InvertedIndexReader};
use tantivy_common::BitSet;

use super::super::analysis::marked_stem;
use super::super::filter::DocumentFilter;
use super::attribute_column::{AttributeColumn, FieldValues};
use super::attribute_field::AttributeField;
use super::bit_sets::{BitSetCache, count_intersection, union};
use super::completion_cache::CompletionCache;
use super::schema::{Fields, ID_HIGH, ID_LOW, PUBLISHED_AT};
use super::similar_words::{SimilarWordCache, SimilarWords};
use super::term_field::TermField;
use super::term_list::CompletionLists;
use crate::language_shares::LanguageCounts;
use quarry_config::Language;

/// Blocks of stored documents that each segment caches uncompressed: about 16 KiB each.
const STORED_BLOCKS: usize = 128;

/// A segment with its readers.
pub(super) struct IndexSegment {
    pub(super) reader: SegmentReader,
    ids: Arc<InvertedIndexReader>,
    pub(super) words: Arc<InvertedIndexReader>,
    pub(super) title: Arc<InvertedIndexReader>,
    pub(super) prefixes: Arc<InvertedIndexReader>,
    pub(super) title_prefixes: Arc<InvertedIndexReader>,
    pub(super) whole: Arc<InvertedIndexReader>,
    pub(super) suffixes: Arc<InvertedIndexReader>,
    pub(super) source: Arc<InvertedIndexReader>,
    pub(super) category: Arc<InvertedIndexReader>,
    pub(super) author_key: Arc<InvertedIndexReader>,
    /// The number of tokens in `words` of each document.
    pub(super) lengths: FieldNormReader,
    /// The declared attributes, by name.
    attributes: HashMap<String, AttributeColumn>,
    /// The terms of fields that have a weight, in the order of the schema.
    pub(super) weighted: Vec<Arc<InvertedIndexReader>>,
    /// Values that are suggested, if the sources declare some.
    pub(super) suggested: Option<Arc<InvertedIndexReader>>,
    store: StoreReader,
    sort_columns: SortColumns,
    /// Deleted documents, which posting lists still contain.
    pub(super) deleted: Vec<DocId>,
    pub(super) derived: Arc<Derived>,
}

/// Structures that are derived from postings and columns. Deletes do not change them.
pub(super) struct Derived {
    /// All documents, newest first, then by id.
    pub(super) newest_first: Box<[DocId]>,
    /// The index of each document in `newest_first`.
    time_ranks: Box<[u32]>,
    /// The documents of frequent short prefixes.
    pub(super) prefix_sets: BitSetCache,
    /// The same of titles.
    pub(super) title_prefix_sets: BitSetCache,
    /// The documents of commonplace terms.
    pub(super) term_sets: BitSetCache,
    /// The languages of each source.
    pub(super) languages: HashMap<String, LanguageCounts>,
    /// The documents of sources.
    pub(super) source_sets: BitSetCache,
    pub(super) completions: CompletionCache,
    /// The terms that complete prefixes.
    pub(super) completion_lists: CompletionLists,
    /// Words similar to typed ones.
    pub(super) similar_words: SimilarWordCache<SimilarWords>,
}

/// The columns that order documents.
struct SortColumns {
    published_at: Column<i64>,
    id_high: Column<u64>,
    id_low: Column<u64>,
}

impl IndexSegment {
    /// Opens a segment; `earlier` is the same segment with fewer deletes.
    pub(super) fn open(
        reader: SegmentReader,
        fields: &Fields,
        earlier: Option<&IndexSegment>,
    ) -> tantivy::Result<Self> {
        let columns = reader.fast_fields();
        let sort_columns = SortColumns {
            published_at: columns.i64(PUBLISHED_AT)?,
            id_high: columns.u64(ID_HIGH)?,
            id_low: columns.u64(ID_LOW)?,
        };
        let deleted = match reader.alive_bitset() {
            Some(alive) => (0..reader.max_doc()).filter(|&doc| alive.is_deleted(doc)).collect(),
            None => Vec::new(),
        };
        let derived = match earlier {
            Some(earlier) => earlier.derived.clone(),
            None => {
                Arc::new(Derived::new(&sort_columns, language_counts(&reader, fields)?, reader.max_doc()))
            }
        };
        let open = |field: &AttributeField| -> tantivy::Result<_> {
            Ok((field.name.clone(), AttributeColumn::open(&reader, field)?))
        };
        let attributes = fields.attributes.iter().map(open).collect::<tantivy::Result<_>>()?;
        let weighted = fields.weighted.iter().map(|terms| reader.inverted_index(terms.field));
        let weighted = weighted.collect::<tantivy::Result<_>>()?;
        Ok(Self {
            attributes,
            weighted,
            suggested: fields.suggested.map(|field| reader.inverted_index(field)).transpose()?,
            ids: reader.inverted_index(fields.id)?,
            words: reader.inverted_index(fields.words)?,
            title: reader.inverted_index(fields.title)?,
            prefixes: reader.inverted_index(fields.prefixes)?,
            title_prefixes: reader.inverted_index(fields.title_prefixes)?,
            whole: reader.inverted_index(fields.whole)?,
            suffixes: reader.inverted_index(fields.suffixes)?,
            source: reader.inverted_index(fields.source)?,
            category: reader.inverted_index(fields.category)?,
            author_key: reader.inverted_index(fields.author_key)?,
            lengths: reader.get_fieldnorms_reader(fields.words)?,
            store: reader.get_store_reader(STORED_BLOCKS)?,
            sort_columns,
            deleted,
            derived,
            reader,
        })
    }

    pub(super) fn max_doc(&self) -> DocId {
        self.reader.max_doc()
    }

    pub(super) fn is_alive(&self, doc: DocId) -> bool {
        !self.reader.is_deleted(doc)
    }

    pub(super) fn published_at(&self, doc: DocId) -> Option<i64> {
        self.sort_columns.published_at.first(doc)
    }

    pub(super) fn id(&self, doc: DocId) -> u128 {
        self.sort_columns.id(doc)
    }

    /// Returns the rank of a document by time; the newest has rank 0.
    pub(super) fn time_rank(&self, doc: DocId) -> u32 {
        self.derived.time_ranks[doc as usize]
    }

    /// Returns the terms of a field.
    pub(super) fn terms_of(&self, field: TermField) -> &InvertedIndexReader {
        match field {
            TermField::Words => &self.words,
            TermField::Prefixes => &self.prefixes,
            TermField::Title => &self.title,
            TermField::TitlePrefixes => &self.title_prefixes,
            TermField::Suffixes => &self.suffixes,
            TermField::Whole => &self.whole,
            TermField::Weighted(at) => &self.weighted[at],
        }
    }

    /// Returns the fields of a document as the document store holds them.
    pub(super) fn stored(&self, doc: DocId) -> tantivy::Result<OwnedBytes> {
        self.store.get_document_bytes(doc)
    }

    /// Returns a declared attribute; `None` if the index has not got it yet.
    pub(super) fn attribute(&self, name: &str) -> Option<&AttributeColumn> {
        self.attributes.get(name)
    }

    /// Returns the values of an attribute or a label field, by its name in the API; `None` if it has none.
    pub(super) fn values(&self, field: &str) -> tantivy::Result<Option<FieldValues>> {
        let column = match field {
            "source" | "category" => field,
            "authorKey" => "author_key",
            attribute => return Ok(self.attribute(attribute).and_then(AttributeColumn::values)),
        };
        Ok(self.reader.fast_fields().str(column)?.map(FieldValues::Labels))
    }

    /// Returns the documents with one of the labels of each field that a filter restricts.
    pub(super) fn label_sets(&self, filter: &DocumentFilter) -> tantivy::Result<Vec<BitSet>> {
        let mut sets = Vec::new();
        for (labels, index) in [
            (&filter.source, &self.source),
            (&filter.category, &self.category),
            (&filter.author_key, &self.author_key),
        ] {
            if labels.is_empty() {
                continue;
            }
            let mut terms = Vec::with_capacity(labels.len());
            for label in labels {
                terms.extend(index.terms().get(label)?);
            }
            sets.push(union(&terms, index, self.max_doc())?);
        }
        Ok(sets)
    }

    /// Returns the live document with an id.
    pub(super) fn find(&self, id: u128) -> tantivy::Result<Option<DocId>> {
        match self.ids.terms().get(id.to_be_bytes())? {
            Some(info) => self.first_live(&self.ids, &info),
            None => Ok(None),
        }
    }

    /// Returns true if a live document contains a term.
    pub(super) fn has_live_document(
        &self,
        index: &InvertedIndexReader,
        info: &TermInfo,
    ) -> tantivy::Result<bool> {
        if !self.reader.has_deletes() {
            return Ok(info.doc_freq > 0);
        }
        Ok(self.first_live(index, info)?.is_some())
    }

    fn first_live(&self, index: &InvertedIndexReader, info: &TermInfo) -> tantivy::Result<Option<DocId>> {
        let mut block = index.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
        while !block.docs().is_empty() {
            if let Some(&doc) = block.docs().iter().find(|&&doc| self.is_alive(doc)) {
                return Ok(Some(doc));
            }
            block.advance();
        }
        Ok(None)
    }

    /// Returns the terms of `words` that begin with a prefix, in order.
    pub(super) fn words_with_prefix(&self, prefix: &str) -> tantivy::Result<TermStreamer<'_>> {
        self.terms_with_prefix(&self.words, prefix)
    }

    /// Returns the terms of a field that begin with a prefix, in order.
    pub(super) fn terms_with_prefix<'s>(
        &self,
        index: &'s InvertedIndexReader,
        prefix: &str,
    ) -> tantivy::Result<TermStreamer<'s>> {
        Ok(index.terms().range().ge(prefix).lt(after_prefix(prefix)).into_stream()?)
    }
}

/// Returns a key after all terms that begin with a prefix, and before all others that follow it.
pub(super) fn after_prefix(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    end.push(u8::MAX); // UTF-8 does not contain this byte.
    end
}

impl Derived {
    fn new(columns: &SortColumns, languages: HashMap<String, LanguageCounts>, max_doc: DocId) -> Self {
        let mut docs: Vec<(Option<i64>, DocId)> =
            (0..max_doc).map(|doc| (columns.published_at.first(doc), doc)).collect();
        // `None` is less than any time, so it comes last.
        docs.sort_unstable_by(|(a_time, a), (b_time, b)| {
            b_time.cmp(a_time).then_with(|| columns.id(*a).cmp(&columns.id(*b)))
        });
        let newest_first: Box<[DocId]> = docs.into_iter().map(|(_, doc)| doc).collect();
        let mut time_ranks = vec![0; newest_first.len()];
        for (rank, &doc) in (0..).zip(&newest_first) {
            time_ranks[doc as usize] = rank;
        }
        Self {
            newest_first,
            time_ranks: time_ranks.into(),
            languages,
            prefix_sets: BitSetCache::default(),
            title_prefix_sets: BitSetCache::default(),
            term_sets: BitSetCache::default(),
            source_sets: BitSetCache::default(),
            completions: CompletionCache::default(),
            completion_lists: CompletionLists::new(max_doc),
            similar_words: SimilarWordCache::default(),
        }
    }
}

/// Counts the documents of each source by language, deleted ones included.
fn language_counts(
    reader: &SegmentReader,
    fields: &Fields,
) -> tantivy::Result<HashMap<String, LanguageCounts>> {
    let (words, sources) = (reader.inverted_index(fields.words)?, reader.inverted_index(fields.source)?);
    let mut sets = Vec::new();
    for language in Language::ALL {
        if let Some(info) = words.terms().get(marked_stem("", language))? {
            sets.push((language, union([&info], &words, reader.max_doc())?));
        }
    }
    let mut counts = HashMap::new();
    let mut terms = sources.terms().stream()?;
    while terms.advance() {
        let of_source = union([terms.value()], &sources, reader.max_doc())?;
        let mut languages = HashMap::new();
        for (language, set) in &sets {
            let documents = count_intersection(&[vec![set], vec![&of_source]], reader.max_doc());
            languages.insert(*language, documents);
        }
        let documents = of_source.len() as u64;
        counts.insert(
            String::from_utf8_lossy(terms.key()).into_owned(),
            LanguageCounts { documents, languages },
        );
    }
    Ok(counts)
}

impl SortColumns {
    fn id(&self, doc: DocId) -> u128 {
        let half = |column: &Column<u64>| u128::from(column.first(doc).unwrap_or(0));
        half(&self.id_high) << 64 | half(&self.id_low)
    }
}
