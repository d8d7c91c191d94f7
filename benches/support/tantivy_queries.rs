//! tantivy's own queries on the index that the engine wrote.
//!
//! The engine's folder is opened read-only rather than indexed again, so that both read the same
//! postings, lengths and stored documents, and only the evaluation differs. Its field `words` holds
//! each word, its marked stem and, for names, its marked self; `prefixes` the first one and two
//! letters of each. The analysis that filled them is private, so queries are divided by tantivy's
//! `SimpleTokenizer`, `LowerCaser` and `AsciiFoldingFilter`, which find the same words except for
//! pictographs, combining marks and accents outside Latin.
//!
//! tantivy has the easier task: it adds the scores of a word's forms up, breaks ties by document
//! number unless `Collect::NewestFirst` is given, and leaves a stored document packed as bytes.

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

/// Hits that are returned with their stored documents.
const HITS: usize = 10;
/// The weight of a completion beside a word, as in the engine.
const PREFIX: f32 = 0.25;
/// Prefixes up to this length have postings of their own.
const SHORT_PREFIX_CHARS: usize = 2;
/// Completions of a prefix that the engine takes at most.
const MAX_COMPLETIONS: u32 = 20_000;
/// Documents of the rarest word from which on the engine intersects sets.
const MANY_DOCUMENTS: u64 = 8_192;
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
    /// One pass as well; ties go to the newest document, as the engine ranks.
    NewestFirst,
}

/// The engine's code that serves a query.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServedBy {
    /// `single`: one word at most.
    Single,
    /// `frequent`: several words, each in many documents.
    Frequent,
    /// `evaluate`: a walk over the matches of several words.
    Walk,
}

/// The engine's index, read by tantivy alone.
pub(crate) struct TantivyQueries {
    searcher: Searcher,
    analyzer: TextAnalyzer,
    words: Field,
    prefixes: Field,
}

/// A word of a query; `open`: it may be the beginning of a longer one.
struct Word {
    text: String,
    open: bool,
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

    /// The code that serves a query, by the conditions of `single` and `frequent`.
    pub(crate) fn served_by(&mut self, text: &str) -> ServedBy {
        let words = self.parse(text);
        let many = MANY_DOCUMENTS.min(self.searcher.num_docs());
        match words.as_slice() {
            [] | [_] => ServedBy::Single,
            words if words.iter().all(|word| self.postings(word) >= many) => ServedBy::Frequent,
            _ => ServedBy::Walk,
        }
    }

    /// The words of a query, each where it stands last; the last one is open.
    fn parse(&mut self, text: &str) -> Vec<Word> {
        let mut words: Vec<Word> = Vec::new();
        self.analyzer.token_stream(text).process(&mut |token| {
            words.retain(|word| word.text != token.text);
            words.push(Word { text: token.text.clone(), open: false });
        });
        let last = text.split_whitespace().next_back();
        if let Some(word) = words.last_mut() {
            word.open = last.is_some_and(|last| last.contains(char::is_alphanumeric));
        }
        words
    }

    /// The documents that have a word in one of its forms.
    fn clause(&self, word: &Word) -> Box<dyn Query> {
        let mut forms: Vec<Box<dyn Query>> = Vec::with_capacity(4);
        for form in [word.text.clone(), stem(&word.text), name(&word.text)] {
            let term = Term::from_field_text(self.words, &form);
            forms.push(Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)));
        }
        if word.open {
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

    /// The postings of a word in all its forms, as the engine adds them up.
    fn postings(&self, word: &Word) -> u64 {
        let frequency =
            |field, text: &str| self.searcher.doc_freq(&Term::from_field_text(field, text)).unwrap();
        let forms = frequency(self.words, &stem(&word.text)) + frequency(self.words, &name(&word.text));
        let completions = match word.open {
            false => 0,
            true if is_short(&word.text) => frequency(self.prefixes, &word.text),
            true => self.completed(&word.text),
        };
        forms + completions.min(self.searcher.num_docs())
    }

    fn completed(&self, prefix: &str) -> u64 {
        let mut behind = prefix.as_bytes().to_vec();
        behind.push(u8::MAX);
        let mut postings = 0;
        for segment in self.searcher.segment_readers() {
            let index = segment.inverted_index(self.words).unwrap();
            let mut terms = index.terms().range().ge(prefix).lt(&behind).into_stream().unwrap();
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
