//! The fast path of queries of at most one word.
//!
//! They are the most frequent ones while typing. The path counts from bit sets and ranks form by form, best
//! first, so that documents below the collector's threshold are never read. `frequent` serves commonplace
//! words.

use std::sync::Arc;

use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, Score};
use tantivy_common::BitSet;

use super::bit_sets::{add_documents, count_intersection, for_each, for_each_in_intersection};
use super::frequent::{Bonuses, collect_frequent};
use super::plan::SnapshotPlan;
use super::scorers::{UnitScorer, sum_of_scores};
use super::segment::IndexSegment;
use super::snapshot::IndexSnapshot;
use super::top_docs::TopDocsCollector;
use super::word::{TermGroup, WordForm, WordPlan};
use crate::planner::UnitPlan;

/// Collects and counts the documents of at most one word; `None` for other queries.
pub(super) fn collect_single(
    plan: &SnapshotPlan,
    typos: &[bool],
    snapshot: &IndexSnapshot,
    collector: &mut TopDocsCollector<'_>,
) -> tantivy::Result<Option<u64>> {
    match plan.included.as_slice() {
        [] => {
            for (ordinal, segment) in snapshot.segments.iter().enumerate() {
                collect_newest(ordinal, segment, collector, 0.0, |_| true);
            }
            Ok(Some(snapshot.documents))
        }
        [unit] => match &unit.plan {
            UnitPlan::Word(word) if word.terms.phrases.is_empty() => {
                let path = SingleWord { word: &word.terms, typos: typos[0], whole: &plan.wholes, snapshot };
                path.collect(collector).map(Some)
            }
            _ => Ok(None),
        },
        _ => Ok(None),
    }
}

struct SingleWord<'a> {
    word: &'a WordPlan,
    typos: bool,
    whole: &'a [Vec<TermGroup>],
    snapshot: &'a IndexSnapshot,
}

impl SingleWord<'_> {
    fn collect(&self, collector: &mut TopDocsCollector<'_>) -> tantivy::Result<u64> {
        let mut total = 0;
        for (ordinal, segment) in self.snapshot.segments.iter().enumerate() {
            total += self.collect_segment(ordinal, segment, collector)?;
        }
        Ok(total)
    }

    fn collect_segment(
        &self,
        ordinal: usize,
        segment: &IndexSegment,
        collector: &mut TopDocsCollector<'_>,
    ) -> tantivy::Result<u64> {
        if self.word.segments[ordinal].forms.iter().any(|form| form.commonplace) {
            let mut units = [UnitScorer::Word(self.word.scorer(self.snapshot, ordinal, self.typos)?)];
            let bonuses = Bonuses { whole: &self.whole[ordinal], proximity: None };
            if let Some(total) = collect_frequent(&mut units, bonuses, ordinal, segment, collector)? {
                return Ok(total);
            }
        }
        let sets = self.word.documents(ordinal, segment, self.typos)?;
        let all = [sets.iter().map(Arc::as_ref).collect::<Vec<_>>()];
        if collector.requires_scores() {
            let special = self.collect_special(ordinal, segment, collector)?;
            self.collect_typed(ordinal, segment, special.as_ref(), collector)?;
            self.collect_forms(ordinal, segment, special.as_ref(), collector)?;
            self.collect_groups(ordinal, segment, collector)?;
        } else {
            collect_equal(ordinal, segment, &all, 0.0, collector);
        }
        let is_member = |doc| sets.iter().any(|set| set.contains(doc));
        let deleted = segment.deleted.iter().filter(|&&doc| is_member(doc)).count();
        Ok(count_intersection(&all, segment.max_doc()) - deleted as u64)
    }

    /// Collects the documents whose scores have more parts than one form and the typed word.
    fn collect_special(
        &self,
        ordinal: usize,
        segment: &IndexSegment,
        collector: &mut TopDocsCollector<'_>,
    ) -> tantivy::Result<Option<BitSet>> {
        let found = &self.word.segments[ordinal];
        let groups: Vec<&TermGroup> = found.titles.iter().chain(&self.whole[ordinal]).collect();
        let extras = found.extras.get(1..).unwrap_or_default();
        if groups.is_empty() && extras.is_empty() {
            return Ok(None);
        }
        let mut special = BitSet::with_max_value(segment.max_doc());
        for group in &groups {
            for_each(&*group.set(segment)?, |doc| {
                special.insert(doc);
            });
        }
        for extra in extras {
            add_documents(&mut special, &segment.words, &extra.info)?;
        }
        let mut scorer = self.word.scorer(self.snapshot, ordinal, self.typos)?;
        let bonuses = self.whole[ordinal].iter().map(|group| group.scorer(1.0, segment));
        let mut bonuses = bonuses.collect::<tantivy::Result<Vec<_>>>()?;
        for_each(&special, |doc| {
            if segment.is_alive(doc)
                && let Some(score) = scorer.score_of(doc)
            {
                let score = score + sum_of_scores(&mut bonuses, doc);
                collector.collect(score, ordinal, doc, segment);
            }
        });
        Ok(Some(special))
    }

    /// Collects the documents with the typed word, which score more than those with another form only.
    fn collect_typed(
        &self,
        ordinal: usize,
        segment: &IndexSegment,
        special: Option<&BitSet>,
        collector: &mut TopDocsCollector<'_>,
    ) -> tantivy::Result<()> {
        let found = &self.word.segments[ordinal];
        let Some(typed) = found.extras.first() else { return Ok(()) };
        let is_special = |doc| special.is_some_and(|special| special.contains(doc));
        let mut scorer = self.word.scorer(self.snapshot, ordinal, self.typos)?;
        let max_form = found.forms.iter().map(|form| form.max_score(self.word)).fold(0.0, f32::max);
        self.for_each_pruning(typed, segment, collector.threshold() - max_form, |doc, _| {
            if segment.is_alive(doc) && !is_special(doc) {
                let score = scorer.score_of(doc).unwrap_or(0.0);
                collector.collect(score, ordinal, doc, segment);
            }
            collector.threshold() - max_form
        })
    }

    /// Collects the documents with other forms.
    fn collect_forms(
        &self,
        ordinal: usize,
        segment: &IndexSegment,
        special: Option<&BitSet>,
        collector: &mut TopDocsCollector<'_>,
    ) -> tantivy::Result<()> {
        let mut forms: Vec<&WordForm> = self.word.segments[ordinal].forms.iter().collect();
        forms.sort_by(|a, b| b.factor.total_cmp(&a.factor));
        for form in forms {
            self.for_each_pruning(form, segment, collector.threshold(), |doc, score| {
                let is_special = special.is_some_and(|special| special.contains(doc));
                // With the typed word or a better form, a document has been offered with a higher score.
                if !is_special && segment.is_alive(doc) && !collector.contains(ordinal, doc) {
                    collector.collect(score, ordinal, doc, segment);
                }
                collector.threshold()
            })?;
        }
        Ok(())
    }

    /// Visits the documents of a form that score at least the threshold, which `visit` returns.
    ///
    /// Skips blocks whose maximum is below it, as tantivy's `Weight::for_each_pruning` does.
    fn for_each_pruning(
        &self,
        form: &WordForm,
        segment: &IndexSegment,
        mut threshold: Score,
        mut visit: impl FnMut(DocId, Score) -> Score,
    ) -> tantivy::Result<()> {
        let (bm25, lengths, floor) = (&self.snapshot.bm25, &segment.lengths, self.word.floor);
        let weight = form.weight(self.word);
        let mut postings =
            segment.words.read_block_postings_from_terminfo(&form.info, IndexRecordOption::WithFreqs)?;
        while !postings.docs().is_empty() {
            // Scores are compared, not BM25: the conversion back would round.
            if weight * (floor + postings.block_max_score(lengths, bm25)) >= threshold {
                for at in 0..postings.block_len() {
                    let doc = postings.doc(at);
                    let score = weight * (floor + bm25.score(lengths.fieldnorm_id(doc), postings.freq(at)));
                    if score >= threshold {
                        threshold = visit(doc, score);
                    }
                }
            }
            postings.advance();
        }
        Ok(())
    }

    /// Collects groups of terms, best first; the best of their documents have a term in the title.
    fn collect_groups(
        &self,
        ordinal: usize,
        segment: &IndexSegment,
        collector: &mut TopDocsCollector<'_>,
    ) -> tantivy::Result<()> {
        let (found, idf) = (&self.word.segments[ordinal], self.word.idf);
        let mut groups: Vec<&TermGroup> = found.groups(self.typos).collect();
        groups.sort_by(|a, b| b.factor.total_cmp(&a.factor));
        let mut titles: Vec<(Arc<BitSet>, f32)> = Vec::with_capacity(found.group_titles.len());
        for group in &found.group_titles {
            titles.push((group.set(segment)?, idf * group.factor));
        }
        titles.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        for group in groups {
            let (weight, set) = (idf * group.factor, group.set(segment)?);
            for (in_title, bonus) in &titles {
                let both = [vec![&*set], vec![&**in_title]];
                collect_equal(ordinal, segment, &both, weight + bonus, collector);
            }
            collect_equal(ordinal, segment, &[vec![&set]], weight, collector);
        }
        Ok(())
    }
}

/// Collects the newest documents that all unions of sets contain, all of which have one score.
fn collect_equal(
    ordinal: usize,
    segment: &IndexSegment,
    unions: &[Vec<&BitSet>],
    score: Score,
    collector: &mut TopDocsCollector<'_>,
) {
    if collector.threshold() > score {
        return;
    }
    // Visits either all members, or all documents from the newest on until it met enough members,
    // whichever are fewer.
    let members = count_intersection(unions, segment.max_doc()) as usize;
    let until_enough = collector.limit() * segment.derived.newest_first.len() / members.max(1);
    if members > until_enough {
        let is_member = |doc| unions.iter().all(|sets| sets.iter().any(|set| set.contains(doc)));
        collect_newest(ordinal, segment, collector, score, is_member);
    } else {
        for_each_in_intersection(unions, segment.max_doc(), |doc| {
            if segment.is_alive(doc) && !collector.contains(ordinal, doc) {
                collector.collect(score, ordinal, doc, segment);
            }
        });
    }
}

fn collect_newest(
    ordinal: usize,
    segment: &IndexSegment,
    collector: &mut TopDocsCollector<'_>,
    score: Score,
    is_member: impl Fn(DocId) -> bool,
) {
    for &doc in &segment.derived.newest_first {
        if !is_member(doc) || !segment.is_alive(doc) || collector.contains(ordinal, doc) {
            continue;
        }
        // Later documents are older and score no more.
        if !collector.collect(score, ordinal, doc, segment) {
            return;
        }
    }
}
