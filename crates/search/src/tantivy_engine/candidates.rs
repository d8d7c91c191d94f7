//! The matches of a segment to whose scores the distances of words may add.

use tantivy::{DocId, Score};

use super::proximity::ProximityScorer;
use super::segment::IndexSegment;
use super::top_docs::TopDocsCollector;

/// The matches whose positions are read, the best without them: to read more would take milliseconds.
const MAX_READ: usize = 2_000;

/// A match with its score without distances.
type ScoredMatch = (Score, DocId);

/// Matches of a segment.
#[derive(Default)]
pub(super) struct Candidates(Vec<ScoredMatch>);

impl Candidates {
    pub(super) fn add(&mut self, score: Score, doc: DocId) {
        self.0.push((score, doc));
    }

    /// Collects the matches, with the distances of the best.
    pub(super) fn collect(
        self,
        proximity: &mut ProximityScorer<'_>,
        ordinal: usize,
        segment: &IndexSegment,
        collector: &mut TopDocsCollector<'_>,
    ) -> tantivy::Result<()> {
        let (read, others) = self.divide(segment);
        for (score, doc) in others {
            collector.collect(score, ordinal, doc, segment);
        }
        let least = collector.least_of(read.iter().map(|&(score, _)| score));
        for (score, doc) in read {
            if score + proximity.max >= least.max(collector.threshold()) {
                collector.collect(score + proximity.score(doc)?, ordinal, doc, segment);
            }
        }
        Ok(())
    }

    /// Returns true if the positions in a match are read.
    pub(super) fn reads(self, doc: DocId, segment: &IndexSegment) -> bool {
        let (read, _) = self.divide(segment);
        read.binary_search_by_key(&doc, |&(_, doc)| doc).is_ok()
    }

    /// Divides the matches into the best, in the order of the segment, and the others.
    fn divide(mut self, segment: &IndexSegment) -> (Vec<ScoredMatch>, Vec<ScoredMatch>) {
        if self.0.len() <= MAX_READ {
            return (self.0, Vec::new());
        }
        self.0.select_nth_unstable_by(MAX_READ, |&(a_score, a), &(b_score, b)| {
            let by_time = || segment.time_rank(a).cmp(&segment.time_rank(b));
            b_score.total_cmp(&a_score).then_with(by_time)
        });
        let others = self.0.split_off(MAX_READ);
        self.0.sort_unstable_by_key(|&(_, doc)| doc);
        (self.0, others)
    }
}
