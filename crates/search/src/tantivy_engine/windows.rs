//! The matches of a segment in windows of documents, list by list instead of document by document.
//!
//! If most documents of a word match, one step of all its lists for each document costs several times as much as to
//! read each list once. Both ways add the same numbers in the same order: cursors compare scores of either.

use std::ops::Range;

use tantivy::{DocId, DocSet, Score};

use super::clause::Clause;
use super::scorers::{UnitScorer, WordForms};

/// The documents of a window: its scores stay in the cache of a core.
const WINDOW: DocId = 4_096;
/// The documents of one word of bits.
const BITS: usize = 64;
/// Postings that are read in the time of one step of all lists.
const POSTINGS_PER_STEP: u64 = 12;
/// Documents of a window that are cleared and combined in the time of reading a posting.
const DOCUMENTS_PER_POSTING: u64 = 16;

/// Returns true if windows are likely to take less time than steps from one document of the lead to the next.
pub(super) fn suits(lead: &Clause, others: &[Clause], max_doc: DocId) -> bool {
    let (mut postings, mut units) = (0, 0);
    for clause in std::iter::once(lead).chain(others) {
        let words: Vec<&UnitScorer> = match clause {
            Clause::Unit(unit) => vec![unit],
            Clause::AnyUnit(any) => any.units.iter().chain(&any.others).collect(),
            Clause::Filter(_) => Vec::new(),
            Clause::MatchAll { .. } => return false,
        };
        for unit in words {
            let UnitScorer::Word(word) = unit else { return false };
            postings += word.word.postings();
            units += 1;
        }
    }
    lead.cost() * POSTINGS_PER_STEP > postings + u64::from(max_doc) * units / DOCUMENTS_PER_POSTING
}

/// The matches of a segment, window by window.
pub(super) struct Windows {
    max_doc: DocId,
    /// False if matches are listed only, with scores that have no meaning.
    with_scores: bool,
    range: Range<DocId>,
    /// The documents that match all clauses so far.
    matches: Scored,
    /// The documents of a clause.
    clause: Scored,
    word: WordDocuments,
}

impl Windows {
    /// Begins before the window that contains a document.
    pub(super) fn from(first: DocId, max_doc: DocId, with_scores: bool) -> Self {
        let start = first - first % WINDOW;
        let docs = (max_doc - start).min(WINDOW) as usize;
        Self {
            max_doc,
            with_scores,
            range: start..start,
            matches: Scored::new(docs),
            clause: Scored::new(docs),
            word: WordDocuments::new(docs),
        }
    }

    /// Reads the next window; returns false after the last one.
    pub(super) fn advance(&mut self, lead: &mut Clause, others: &mut [Clause]) -> bool {
        self.range = self.range.end..self.range.end.saturating_add(WINDOW).min(self.max_doc);
        self.matches.members.fill(u64::MAX);
        if !self.range.is_empty() {
            self.restrict(lead, true);
            others.iter_mut().for_each(|clause| self.restrict(clause, false));
        }
        !self.range.is_empty()
    }

    /// Calls `visit` with each match of the window, in order, and the sum of its clauses' scores.
    pub(super) fn for_each(&self, mut visit: impl FnMut(DocId, Score)) {
        let Scored { members, scores } = &self.matches;
        for at in members.iter().enumerate().flat_map(|(word, &members)| bits(word, members)) {
            visit(self.range.start + at as DocId, scores[at]);
        }
    }

    /// Keeps the matches that meet a clause.
    fn restrict(&mut self, clause: &mut Clause, is_first: bool) {
        let Self { range, matches, clause: found, word, with_scores, .. } = self;
        let with_scores = *with_scores;
        found.members.fill(0);
        match clause {
            Clause::Unit(unit) => {
                word.read(unit, range, matches, with_scores);
                std::mem::swap(found, &mut word.scored);
            }
            Clause::AnyUnit(any) => {
                for unit in &mut any.units {
                    word.read(unit, range, matches, with_scores);
                    found.unite(&word.scored, true);
                }
                for unit in any.others.iter_mut().filter(|_| with_scores) {
                    word.read(unit, range, matches, with_scores);
                    found.unite(&word.scored, false);
                }
            }
            Clause::Filter(set) => {
                set.seek(range.start);
                set.for_each_before(range.end, |doc| found.insert((doc - range.start) as usize, 0.0));
            }
            Clause::MatchAll { .. } => {}
        }
        if is_first {
            std::mem::swap(matches, found);
        } else {
            matches.intersect(found);
        }
    }
}

/// Some documents of a window with their scores.
struct Scored {
    /// A bit for each document.
    members: Vec<u64>,
    /// Without a meaning for other documents.
    scores: Vec<Score>,
}

impl Scored {
    fn new(docs: usize) -> Self {
        Self { members: vec![0; docs.div_ceil(BITS)], scores: vec![0.0; docs] }
    }

    fn contains(&self, at: usize) -> bool {
        has(&self.members, at)
    }

    fn insert(&mut self, at: usize, score: Score) {
        add(&mut self.members, at);
        self.scores[at] = score;
    }

    /// Keeps the documents of another set, and adds its scores.
    fn intersect(&mut self, other: &Self) {
        self.members.iter_mut().zip(&other.members).for_each(|(members, other)| *members &= other);
        self.scores.iter_mut().zip(&other.scores).for_each(|(score, other)| *score += other);
    }

    /// Adds the scores of another set, and with `extends` its documents.
    fn unite(&mut self, other: &Self, extends: bool) {
        for (word, &members) in other.members.iter().enumerate() {
            for at in bits(word, if extends { members } else { members & self.members[word] }) {
                let before = if self.contains(at) { self.scores[at] } else { 0.0 };
                self.insert(at, before + other.scores[at]);
            }
        }
    }
}

/// The documents of a word.
struct WordDocuments {
    scored: Scored,
    /// Those with a form of the word, not of its groups only.
    by_form: Vec<u64>,
    /// The scores of extras and titles.
    added: Vec<Score>,
}

impl WordDocuments {
    fn new(docs: usize) -> Self {
        Self { scored: Scored::new(docs), by_form: vec![0; docs.div_ceil(BITS)], added: vec![0.0; docs] }
    }

    fn insert(&mut self, at: usize, score: Score) {
        self.scored.insert(at, score);
        self.added[at] = 0.0;
    }

    /// Reads the documents of a word in a window, among the matches so far.
    fn read(&mut self, unit: &mut UnitScorer, range: &Range<DocId>, matches: &Scored, with_scores: bool) {
        self.scored.members.fill(0);
        self.by_form.fill(0);
        let UnitScorer::Word(word) = unit else { return };
        let WordForms { forms, groups, extras, group_titles, .. } = &mut word.word;
        let at = |doc: DocId| (doc - range.start) as usize;
        for form in forms {
            let wants = |found: &Self, doc| matches.contains(at(doc)) && !has(&found.by_form, at(doc));
            form.for_each_within(range.clone(), self, wants, |found, doc, score| {
                found.insert(at(doc), score);
                add(&mut found.by_form, at(doc));
            });
        }
        for group in groups {
            let wants = |found: &Self, doc| matches.contains(at(doc)) && !found.scored.contains(at(doc));
            group.for_each_within(range.clone(), self, wants, |found, doc, score| {
                found.insert(at(doc), score)
            });
        }
        if !with_scores || extras.is_empty() && group_titles.is_empty() {
            return;
        }
        for extra in extras {
            let wants = |found: &Self, doc| has(&found.by_form, at(doc));
            extra.for_each_within(range.clone(), self, wants, |found, doc, score| {
                found.added[at(doc)] += score
            });
        }
        // The best comes last and replaces the others.
        for title in group_titles.iter_mut().rev() {
            let wants = |found: &Self, doc| found.scored.contains(at(doc)) && !has(&found.by_form, at(doc));
            title.for_each_within(range.clone(), self, wants, |found, doc, score| {
                found.added[at(doc)] = score
            });
        }
        self.scored.scores.iter_mut().zip(&self.added).for_each(|(score, added)| *score += added);
    }
}

/// Returns the positions of the members of a word of bits.
fn bits(word: usize, mut members: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = (members != 0).then(|| word * BITS + members.trailing_zeros() as usize);
        members &= members.wrapping_sub(1);
        at
    })
}

fn has(members: &[u64], at: usize) -> bool {
    members[at / BITS] >> (at % BITS) & 1 == 1
}

fn add(members: &mut [u64], at: usize) {
    members[at / BITS] |= 1 << (at % BITS);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use tantivy::TERMINATED;
    use tantivy::query::Scorer;
    use tantivy_common::BitSet;

    use super::super::bit_sets::SharedBitSet;
    use super::super::clause::UnitUnion;
    use super::super::scorers::{DocIter, FormScorer, WordScorer};
    use super::*;

    const MAX_DOC: DocId = 2 * WINDOW + 100;

    /// The weights and documents of lists.
    type Lists = Vec<(u8, Vec<DocId>)>;

    /// The forms, groups, extras and titles of a word.
    type Word = [Lists; 4];

    fn lists() -> impl Strategy<Value = Lists> {
        let docs = prop_oneof![
            proptest::collection::vec(0..MAX_DOC, 0..40),
            (0..MAX_DOC, 1..60u32).prop_map(|(from, step)| (from..MAX_DOC).step_by(step as usize).collect()),
        ];
        proptest::collection::vec((0..5u8, docs), 0..3)
    }

    fn word() -> impl Strategy<Value = Word> {
        [lists(), lists(), lists(), lists()]
    }

    fn scorers(lists: &Lists) -> Vec<FormScorer> {
        let scorer = |(weight, docs): &(u8, Vec<DocId>)| {
            let mut set = BitSet::with_max_value(MAX_DOC);
            docs.iter().for_each(|&doc| {
                set.insert(doc);
            });
            // A tenth has no exact binary form, so that the order of additions counts.
            FormScorer::new(DocIter::Set(SharedBitSet::new(Arc::new(set))), f32::from(*weight) * 0.1)
        };
        let mut scorers: Vec<FormScorer> = lists.iter().map(scorer).collect();
        scorers.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        scorers
    }

    fn unit([forms, groups, extras, titles]: &Word) -> UnitScorer {
        UnitScorer::Word(WordScorer::new(WordForms {
            forms: scorers(forms),
            groups: scorers(groups),
            extras: scorers(extras),
            group_titles: scorers(titles),
            cost: 0,
        }))
    }

    fn stepped(mut lead: Clause, mut others: Vec<Clause>) -> Vec<(DocId, Score)> {
        let mut found = Vec::new();
        while lead.doc() != TERMINATED {
            let doc = lead.doc();
            if others.iter_mut().all(|other| other.seek(doc) == doc) {
                let first = lead.score();
                found.push((doc, others.iter_mut().map(Scorer::score).fold(first, |sum, score| sum + score)));
            }
            lead.advance();
        }
        found
    }

    fn in_windows(mut lead: Clause, mut others: Vec<Clause>) -> Vec<(DocId, Score)> {
        let mut windows = Windows::from(lead.doc().min(MAX_DOC - 1), MAX_DOC, true);
        let mut found = Vec::new();
        while windows.advance(&mut lead, &mut others) {
            windows.for_each(|doc, score| found.push((doc, score)));
        }
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn windows_find_and_score_what_steps_do(words in proptest::collection::vec(word(), 1..4), filter in lists()) {
            let all = || {
                let mut clauses = Clause::all(words.iter().map(unit).collect());
                let set = |list: FormScorer| match list.docs {
                    DocIter::Set(set) => Some(Clause::Filter(set)),
                    _ => None,
                };
                clauses.extend(scorers(&filter).into_iter().filter_map(set));
                let others = clauses.split_off(1);
                (clauses.remove(0), others)
            };
            let ((lead, others), (same_lead, same_others)) = (all(), all());
            prop_assert_eq!(in_windows(lead, others), stepped(same_lead, same_others));
            let any = || {
                let (first, rest) = words.split_at(1);
                let union = UnitUnion::new(first.iter().map(unit).collect(), rest.iter().map(unit).collect());
                Clause::AnyUnit(Box::new(union))
            };
            prop_assert_eq!(in_windows(any(), Vec::new()), stepped(any(), Vec::new()));
        }
    }
}
