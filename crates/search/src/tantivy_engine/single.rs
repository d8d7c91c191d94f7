//! The fast path of queries of at most one word.
//!
//! They are the most frequent ones while typing. The path counts from bit sets and ranks form by form, best
//! first, so that documents below the collector's threshold are never read.

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::BlockSegmentPostings;
use tantivy::query::Bm25Weight;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, Score};
use tantivy_common::BitSet;

use super::bit_sets::for_each;
use super::plan::UnitPlan;
use super::segment::IndexSegment;
use super::snapshot::IndexSnapshot;
use super::top_docs::TopDocsCollector;
use super::word::{PREFIX, WordForm, WordPlan};

/// Collects and counts the documents of at most one word; `None` for other queries.
///
/// A word in a title takes the scan, since its documents score differently.
pub(super) fn collect_single(
    units: &[UnitPlan],
    snapshot: &IndexSnapshot,
    collector: &mut TopDocsCollector,
) -> tantivy::Result<Option<u64>> {
    match units {
        [] => {
            for (ordinal, segment) in snapshot.segments.iter().enumerate() {
                collect_newest(ordinal, segment, collector, 0.0, |_| true);
            }
            Ok(Some(snapshot.documents))
        }
        [UnitPlan::Word(word)] if word.segments.iter().all(|found| found.titles.is_empty()) => {
            collect_word(word, snapshot, collector).map(Some)
        }
        _ => Ok(None),
    }
}

fn collect_word(
    word: &WordPlan,
    snapshot: &IndexSnapshot,
    collector: &mut TopDocsCollector,
) -> tantivy::Result<u64> {
    let mut total = 0;
    for (ordinal, segment) in snapshot.segments.iter().enumerate() {
        let all = word.all_documents(ordinal, segment)?;
        let deleted = segment.deleted.iter().filter(|&&doc| all.contains(doc)).count();
        total += all.len() as u64 - deleted as u64;
        if collector.requires_scores() {
            collect_forms(word, ordinal, snapshot, collector)?;
            if !word.segments[ordinal].completions.is_none() {
                collect_equal(ordinal, segment, &all, word.idf * PREFIX, collector);
            }
        } else {
            collect_equal(ordinal, segment, &all, 0.0, collector);
        }
    }
    Ok(total)
}

fn collect_forms(
    word: &WordPlan,
    ordinal: usize,
    snapshot: &IndexSnapshot,
    collector: &mut TopDocsCollector,
) -> tantivy::Result<()> {
    let segment = &snapshot.segments[ordinal];
    let mut forms: Vec<&WordForm> = word.segments[ordinal].forms.iter().collect();
    forms.sort_by(|a, b| b.factor.total_cmp(&a.factor));
    for form in forms {
        let weight = word.idf * form.factor;
        if form.commonplace {
            collect_equal(ordinal, segment, &*form.set(segment)?, weight, collector);
            continue;
        }
        let postings =
            segment.words.read_block_postings_from_terminfo(&form.info, IndexRecordOption::WithFreqs)?;
        let threshold = collector.threshold();
        for_each_pruning(postings, weight, &snapshot.bm25, &segment.lengths, threshold, |doc, score| {
            // A better form may have collected the document already.
            if segment.is_alive(doc) && !collector.contains(ordinal, doc) {
                collector.collect(score, ordinal, doc, segment);
            }
            collector.threshold()
        });
    }
    Ok(())
}

/// Visits the documents that score at least the threshold, which `visit` returns.
///
/// Skips blocks whose maximum is below it, as tantivy's `Weight::for_each_pruning` does.
fn for_each_pruning(
    mut postings: BlockSegmentPostings,
    weight: Score,
    bm25: &Bm25Weight,
    lengths: &FieldNormReader,
    mut threshold: Score,
    mut visit: impl FnMut(DocId, Score) -> Score,
) {
    while !postings.docs().is_empty() {
        // Scores are compared, not BM25: the conversion back would round.
        if weight * (1.0 + postings.block_max_score(lengths, bm25)) >= threshold {
            for at in 0..postings.block_len() {
                let doc = postings.doc(at);
                let score = weight * (1.0 + bm25.score(lengths.fieldnorm_id(doc), postings.freq(at)));
                if score >= threshold {
                    threshold = visit(doc, score);
                }
            }
        }
        postings.advance();
    }
}

/// Collects the newest documents of a set, all of which have one score.
fn collect_equal(
    ordinal: usize,
    segment: &IndexSegment,
    set: &BitSet,
    score: Score,
    collector: &mut TopDocsCollector,
) {
    if collector.threshold() > score {
        return;
    }
    // Visits either all members, or all documents from the newest on until it met enough members,
    // whichever are fewer.
    let members = set.len().max(1);
    let until_enough = collector.limit() * segment.derived.newest_first.len() / members;
    if members > until_enough {
        collect_newest(ordinal, segment, collector, score, |doc| set.contains(doc));
    } else {
        for_each(set, |doc| {
            if segment.is_alive(doc) && !collector.contains(ordinal, doc) {
                collector.collect(score, ordinal, doc, segment);
            }
        });
    }
}

fn collect_newest(
    ordinal: usize,
    segment: &IndexSegment,
    collector: &mut TopDocsCollector,
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
