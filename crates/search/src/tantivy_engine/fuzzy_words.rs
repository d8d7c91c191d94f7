//! The words of the index that are similar to a typed one.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use tantivy::postings::TermInfo;
use tantivy::termdict::TermStreamer;

use super::super::analysis::{for_each_stem, is_marked};
use super::super::corrections::MeantWords;
use super::super::explanation::MatchKind;
use super::super::highlight::Highlighter;
use super::fuzzy::{FuzzyAutomaton, Typo};
use super::segment::IndexSegment;
use super::similar_words::{SimilarWord, SimilarWords};
use super::snapshot::IndexSnapshot;
use super::term_field::TermField;
use super::weights::{FIRST_LETTER, FUZZY_PREFIX, GROUP_IN_TITLE, ONE_EDIT, TWO_EDITS};
use super::word::{TermGroup, WordPlan, infos_of, push_group};
use quarry_config::Language;

/// Similar words that count.
const MAX_WORDS: usize = 256;
/// Similar words whose other forms count, too.
const STEMMED_WORDS: usize = 16;
/// Words that begin with a similar one and count.
const MAX_COMPLETIONS: usize = 2_000;

/// Similar words, and those that only begin with one, each with its factor, the likeliest first.
const KINDS: [(bool, Typo, f32); 6] = [
    (false, Typo::One, ONE_EDIT),
    (false, Typo::Two, TWO_EDITS),
    (false, Typo::FirstLetter, FIRST_LETTER),
    (true, Typo::One, FUZZY_PREFIX * ONE_EDIT),
    (true, Typo::Two, FUZZY_PREFIX * TWO_EDITS),
    (true, Typo::FirstLetter, FUZZY_PREFIX * FIRST_LETTER),
];

/// The words of each segment that are similar to a typed one.
pub(super) struct FuzzyWords {
    segments: Arc<[SimilarWords]>,
}

/// A typed word with the words that it may mean.
pub(super) struct Misspelling {
    typed: String,
    segments: Arc<[SimilarWords]>,
}

impl MeantWords for Misspelling {
    fn typed(&self) -> &str {
        &self.typed
    }

    fn may_mean(&self, word: &str) -> bool {
        let contains = |words: &SimilarWords| words.binary_search_by(|known| (*known.word).cmp(word)).is_ok();
        self.segments.iter().any(contains)
    }
}

impl FuzzyWords {
    /// Looks up the words similar to a typed one; `None` if it allows no typos.
    pub(super) fn of(
        snapshot: &IndexSnapshot,
        typed: &str,
        is_prefix: bool,
    ) -> tantivy::Result<Option<Self>> {
        let Some(automaton) = FuzzyAutomaton::of(typed, is_prefix) else { return Ok(None) };
        let segments = similar_words(snapshot, typed, is_prefix, &automaton)?;
        Ok(Some(Self { segments }))
    }

    /// Adds the words to the terms of a word.
    pub(super) fn add_to(&self, snapshot: &IndexSnapshot, terms: &mut WordPlan) -> tantivy::Result<()> {
        let mut frequency = 0;
        for (at, words) in self.segments.iter().enumerate() {
            let (segment, found) = (&snapshot.segments[at], &mut terms.segments[at]);
            for (is_completion, typo, factor) in KINDS {
                let of_kind =
                    || words.iter().filter(|word| (word.is_completion, word.typo) == (is_completion, typo));
                let infos: Vec<TermInfo> = of_kind().map(|word| word.info.clone()).collect();
                if infos.is_empty() {
                    continue;
                }
                // Stems have the documents of their words again.
                let unmarked = of_kind().filter(|word| !is_marked(&word.word));
                frequency += unmarked.map(|word| u64::from(word.info.doc_freq)).sum::<u64>();
                found.typos.push(TermGroup::new(TermField::Words, infos, MatchKind::Typo, factor));
                let texts: Vec<&str> = of_kind().map(|word| &*word.word).collect();
                for bonus in &snapshot.bonuses {
                    let infos = infos_of(segment, bonus.field, &texts)?;
                    let factor = GROUP_IN_TITLE * factor / ONE_EDIT * bonus.of.share;
                    push_group(&mut found.group_titles, bonus.field, infos, MatchKind::Typo, factor);
                }
            }
        }
        if terms.idf == snapshot.idf(0) && frequency > 0 {
            terms.idf = snapshot.idf(frequency);
        }
        Ok(())
    }

    /// Adds the words to those to mark.
    pub(super) fn mark(&self, highlighter: &mut Highlighter) {
        for word in self.segments.iter().flat_map(|words| words.iter()) {
            let terms = if is_marked(&word.word) { &mut highlighter.stems } else { &mut highlighter.words };
            terms.insert(word.word.to_string());
        }
    }

    /// Returns the words of each segment with their document frequencies.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Typo, u32)> {
        let words = self.segments.iter().flat_map(|words| words.iter());
        let words = words.filter(|word| !is_marked(&word.word));
        words.map(|word| (&*word.word, word.typo, word.info.doc_freq))
    }

    pub(super) fn misspelling(self, typed: &str) -> Misspelling {
        Misspelling { typed: typed.to_owned(), segments: self.segments }
    }
}

/// Returns the similar words of each segment. Which words count depends on all documents, and not on the
/// segments that contain them, so that it is the same in one commit and in many.
fn similar_words(
    snapshot: &IndexSnapshot,
    typed: &str,
    is_prefix: bool,
    automaton: &FuzzyAutomaton,
) -> tantivy::Result<Arc<[SimilarWords]>> {
    let key = (Box::from(typed), is_prefix);
    if let Some(cached) = snapshot.similar_words.0.get(&key) {
        return Ok(cached);
    }
    let limit = if is_prefix { MAX_COMPLETIONS } else { MAX_WORDS };
    let words = snapshot.segments.iter().map(|segment| words_of(segment, &key, limit, automaton));
    let found: Vec<SimilarWords> = words.collect::<tantivy::Result<_>>()?;
    let segments = if is_prefix && found.len() == 1 {
        found
    } else {
        let likeliest = likeliest(&found, limit);
        let stems = if is_prefix {
            BTreeSet::new()
        } else {
            stems_of(&likeliest, &snapshot.languages.of_index().all)
        };
        let kept: HashSet<&str> = likeliest.into_iter().map(|(word, _)| word).collect();
        let of_all = found.iter().zip(&snapshot.segments).map(|(words, segment)| {
            let of_segment = words.iter().filter(|similar| kept.contains(&*similar.word)).cloned();
            let mut of_segment: Vec<SimilarWord> = of_segment.collect();
            for stem in &stems {
                if let Some(info) = segment.words.terms().get(stem)? {
                    let word = stem.as_str().into();
                    of_segment.push(SimilarWord { word, typo: Typo::One, is_completion: false, info });
                }
            }
            of_segment.sort_unstable_by(|a, b| a.word.cmp(&b.word));
            Ok(of_segment.into())
        });
        of_all.collect::<tantivy::Result<Vec<SimilarWords>>>()?
    };
    let segments: Arc<[SimilarWords]> = segments.into();
    snapshot.similar_words.0.insert(key, segments.clone());
    Ok(segments)
}

/// Returns the similar words of a segment.
fn words_of(
    segment: &IndexSegment,
    key: &(Box<str>, bool),
    limit: usize,
    automaton: &FuzzyAutomaton,
) -> tantivy::Result<SimilarWords> {
    let cache = &segment.derived.similar_words.0;
    if let Some(cached) = cache.get(key) {
        return Ok(cached);
    }
    let mut words = Vec::new();
    let mut terms: TermStreamer<'_, &FuzzyAutomaton> =
        segment.words.terms().search(automaton).into_stream()?;
    while terms.advance() {
        let Ok(word) = std::str::from_utf8(terms.key()) else { continue };
        // A word with digits is a number or a code: another thing, not another spelling.
        if word != &*key.0 && !word.chars().any(char::is_numeric) {
            let typo = automaton.typo(word);
            let is_completion = automaton.is_completion(word);
            words.push(SimilarWord { word: word.into(), typo, is_completion, info: terms.value().clone() });
        }
    }
    words.sort_by_key(|similar| (similar.is_completion, similar.typo, Reverse(similar.info.doc_freq)));
    words.truncate(limit);
    words.sort_unstable_by(|a, b| a.word.cmp(&b.word));
    let words: SimilarWords = words.into();
    cache.insert(key.clone(), words.clone());
    Ok(words)
}

/// Returns the similar words of all segments, the likeliest typo first, then by frequency.
fn likeliest(segments: &[SimilarWords], limit: usize) -> Vec<(&str, Typo)> {
    let mut frequencies: HashMap<&str, ((bool, Typo), u64)> = HashMap::new();
    for similar in segments.iter().flat_map(|words| words.iter()) {
        let kind = (similar.is_completion, similar.typo);
        let (_, frequency) = frequencies.entry(&similar.word).or_insert((kind, 0));
        *frequency += u64::from(similar.info.doc_freq);
    }
    let mut words: Vec<_> = frequencies.into_iter().collect();
    words.sort_unstable_by_key(|&(word, (kind, frequency))| (kind, Reverse(frequency), word));
    words.into_iter().take(limit).map(|(word, ((_, typo), _))| (word, typo)).collect()
}

/// Returns the stems of the likeliest words, so that a typo finds other forms of a word, too.
fn stems_of(likeliest: &[(&str, Typo)], languages: &[Language]) -> BTreeSet<String> {
    let mut stems = BTreeSet::new();
    for (word, _) in likeliest.iter().filter(|(_, typo)| *typo == Typo::One).take(STEMMED_WORDS) {
        for &language in languages {
            for_each_stem(word, word, language, |stem| {
                stems.insert(stem);
            });
        }
    }
    stems
}
