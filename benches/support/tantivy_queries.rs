//! tantivy's own queries on the index that the engine wrote.
//!
//! The engine's folder is opened read-only, so that both read the same postings, lengths and stored
//! documents, and only the evaluation differs. The field `words` contains each word and its marked stem or
//! name; `prefixes` the first one and two letters of each. The engine's analysis is private, so
//! `SimpleTokenizer`, `LowerCaser` and `AsciiFoldingFilter` divide queries; they find the same words except
//! for pictographs, combining marks and accents outside Latin.
//!
//! tantivy has the easier task: it sums the scores of a word's forms, breaks ties by document number unless
//! `Collect::NewestFirst` is given, and does not decode stored documents.

use std::hint::black_box;
use std::path::Path;

use frostem::{Algorithm, Stemmer};
use tantivy::collector::sort_key::{SortBySimilarityScore, SortByStaticFastValue};
use tantivy::collector::{Count, TopDocs};
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, PhrasePrefixQuery, Query, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::tokenizer::{AsciiFoldingFilter, LowerCaser, SimpleTokenizer, TextAnalyzer};
use tantivy::{DocAddress, Index, Order, Searcher, TantivyDocument, Term};

/// The number of hits, which are returned with their stored documents.
const HITS: usize = 10;
/// The weight of a completion beside a word, as in the engine.
const PREFIX: f32 = 0.25;
/// Prefixes up to this length have postings of their own.
const SHORT_PREFIX_CHARS: usize = 2;
/// The maximum number of completions of a prefix, as in the engine.
const MAX_COMPLETIONS: u32 = 20_000;
/// The documents of a commonplace word: at least this number, and one of `FREQUENT`.
const COMMONPLACE_DOCUMENTS: u64 = 20_000;
const FREQUENT: u64 = 64;
/// The engine's marks of stems and of words of names.
const STEM_MARK: char = '\u{1}';
const NAME_MARK: char = '\u{2}';

/// The collectors of hits and their number.
#[derive(Clone, Copy)]
pub(crate) enum Collect {
    /// `(TopDocs, Count)`: one pass that scores every match.
    OnePass,
    /// `TopDocs`, which skips blocks that cannot compete, then `Count`, which scores nothing.
    TwoPasses,
    /// One pass; ties go to the newest document, as in the engine.
    NewestFirst,
}

/// The path of the engine that serves a query.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServedBy {
    /// `single`: one word at most.
    Single,
    /// `frequent`: several words, all commonplace.
    Frequent,
    /// `scan`: a scan over the matches of several words.
    Scan,
}

/// The engine's index, read by tantivy.
pub(crate) struct TantivyQueries {
    searcher: Searcher,
    analyzer: TextAnalyzer,
    words: Field,
    prefixes: Field,
}

/// A word of a query.
struct Word {
    text: String,
    /// True if it may be incomplete.
    is_prefix: bool,
}

impl TantivyQueries {
    /// Opens the only index in the engine's folder.
    pub(crate) fn open(folder: &Path) -> Self {
        let folder = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
        let index = Index::open_in_dir(folder).unwrap();
        let field = |name: &str| index.schema().get_field(name).unwrap();
        let analyzer = TextAnalyzer::builder(SimpleTokenizer::default());
        Self {
            searcher: index.reader().unwrap().searcher(),
            analyzer: analyzer.filter(LowerCaser).filter(AsciiFoldingFilter).build(),
            words: field("words"),
            prefixes: field("prefixes"),
        }
    }

    /// Reads the ten best documents and counts all that match.
    pub(crate) fn search(&mut self, text: &str, collect: Collect) -> u64 {
        let words = self.parse(text);
        let mut clauses: Vec<_> = words.iter().map(|word| self.clause(word)).collect();
        let query: Box<dyn Query> = match clauses.len() {
            0 => Box::new(AllQuery),
            1 => clauses.remove(0),
            _ => Box::new(BooleanQuery::intersection(clauses)),
        };
        let best = TopDocs::with_limit(HITS);
        let (hits, total) = match collect {
            Collect::OnePass => {
                let (hits, total) = self.searcher.search(&query, &(best.order_by_score(), Count)).unwrap();
                (addresses(hits), total)
            }
            Collect::TwoPasses => {
                let hits = self.searcher.search(&query, &best.order_by_score()).unwrap();
                (addresses(hits), self.searcher.search(&query, &Count).unwrap())
            }
            Collect::NewestFirst => {
                let time = SortByStaticFastValue::<i64>::for_field("published_at");
                let order = ((SortBySimilarityScore, Order::Desc), (time, Order::Desc));
                let (hits, total) = self.searcher.search(&query, &(best.order_by(order), Count)).unwrap();
                (addresses(hits), total)
            }
        };
        for hit in hits {
            black_box(self.searcher.doc::<TantivyDocument>(hit).unwrap());
        }
        total as u64
    }

    /// Returns the path that serves a query, by the conditions of `single` and `frequent`.
    pub(crate) fn served_by(&mut self, text: &str) -> ServedBy {
        let words = self.parse(text);
        let commonplace = COMMONPLACE_DOCUMENTS.max(self.searcher.num_docs() / FREQUENT);
        match words.as_slice() {
            [] | [_] => ServedBy::Single,
            words if words.iter().all(|word| self.postings(word) >= commonplace) => ServedBy::Frequent,
            _ => ServedBy::Scan,
        }
    }

    /// Divides a query into words; a repeated one counts at its last position.
    fn parse(&mut self, text: &str) -> Vec<Word> {
        let mut words: Vec<Word> = Vec::new();
        self.analyzer.token_stream(text).process(&mut |token| {
            words.retain(|word| word.text != token.text);
            words.push(Word { text: token.text.clone(), is_prefix: false });
        });
        let last = text.split_whitespace().next_back();
        if let Some(word) = words.last_mut() {
            word.is_prefix = last.is_some_and(|last| last.contains(char::is_alphanumeric));
        }
        words
    }

    /// Returns the query of a word in all its forms.
    fn clause(&self, word: &Word) -> Box<dyn Query> {
        let mut forms: Vec<Box<dyn Query>> = Vec::with_capacity(4);
        for form in [word.text.clone(), stem(&word.text), name(&word.text)] {
            let term = Term::from_field_text(self.words, &form);
            forms.push(Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)));
        }
        if word.is_prefix {
            forms.push(self.completions(&word.text));
        }
        Box::new(BooleanQuery::union(forms))
    }

    fn completions(&self, prefix: &str) -> Box<dyn Query> {
        if is_short(prefix) {
            let term = Term::from_field_text(self.prefixes, prefix);
            let query = TermQuery::new(term, IndexRecordOption::Basic);
            return Box::new(ConstScoreQuery::new(Box::new(query), PREFIX));
        }
        let mut query = PhrasePrefixQuery::new(vec![Term::from_field_text(self.words, prefix)]);
        query.set_max_expansions(MAX_COMPLETIONS);
        Box::new(BoostQuery::new(Box::new(query), PREFIX))
    }

    /// Counts the postings of a word in all its forms, as the engine does.
    fn postings(&self, word: &Word) -> u64 {
        let frequency =
            |field, text: &str| self.searcher.doc_freq(&Term::from_field_text(field, text)).unwrap();
        let forms = frequency(self.words, &stem(&word.text)) + frequency(self.words, &name(&word.text));
        let completions = match word.is_prefix {
            false => 0,
            true if is_short(&word.text) => frequency(self.prefixes, &word.text),
            true => self.completed(&word.text),
        };
        forms + completions.min(self.searcher.num_docs())
    }

    fn completed(&self, prefix: &str) -> u64 {
        let mut end = prefix.as_bytes().to_vec();
        end.push(u8::MAX);
        let mut postings = 0;
        for segment in self.searcher.segment_readers() {
            let index = segment.inverted_index(self.words).unwrap();
            let mut terms = index.terms().range().ge(prefix).lt(&end).into_stream().unwrap();
            while terms.advance() {
                postings += u64::from(terms.value().doc_freq);
            }
        }
        postings
    }
}

fn is_short(prefix: &str) -> bool {
    prefix.chars().count() <= SHORT_PREFIX_CHARS
}

fn stem(word: &str) -> String {
    format!("{STEM_MARK}{}", Stemmer::new(Algorithm::English).stem(word))
}

fn name(word: &str) -> String {
    format!("{NAME_MARK}{word}")
}

fn addresses<K>(hits: Vec<(K, DocAddress)>) -> Vec<DocAddress> {
    hits.into_iter().map(|(_, address)| address).collect()
}
