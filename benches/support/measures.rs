//! Measures of a ranking against relevance judgments.

use std::ops::AddAssign;

use super::test_collection::Gains;

/// The number of ranked documents that count.
pub(crate) const DEPTH: usize = 10;

/// The measures of one ranking, or their sum over the rankings of several queries.
#[derive(Clone, Copy, Default)]
pub(crate) struct Measures {
    pub(crate) ndcg: f64,
    pub(crate) recall: f64,
    pub(crate) reciprocal_rank: f64,
}

impl Measures {
    /// Measures a ranking of document ids, best first.
    pub(crate) fn of(ranking: &[String], gains: &Gains) -> Self {
        let gain_of = |id: &String| gains.get(id).copied().unwrap_or(0.0);
        let ranked: Vec<f64> = ranking.iter().take(DEPTH).map(gain_of).collect();
        let mut ideal: Vec<f64> = gains.values().copied().filter(|gain| *gain > 0.0).collect();
        ideal.sort_by(|a, b| b.total_cmp(a));
        let found = ranked.iter().filter(|gain| **gain > 0.0).count();
        let first = ranked.iter().position(|gain| *gain > 0.0);
        Self {
            ndcg: discounted(&ranked) / discounted(&ideal),
            recall: found as f64 / ideal.len() as f64,
            reciprocal_rank: first.map_or(0.0, |rank| 1.0 / (rank + 1) as f64),
        }
    }

    /// Returns the mean over `count` rankings.
    pub(crate) fn mean(self, count: usize) -> Self {
        let count = count.max(1) as f64;
        Self {
            ndcg: self.ndcg / count,
            recall: self.recall / count,
            reciprocal_rank: self.reciprocal_rank / count,
        }
    }
}

impl AddAssign for Measures {
    fn add_assign(&mut self, other: Self) {
        self.ndcg += other.ndcg;
        self.recall += other.recall;
        self.reciprocal_rank += other.reciprocal_rank;
    }
}

/// Returns the discounted cumulative gain, `2^gain - 1` each, of the first documents.
fn discounted(gains: &[f64]) -> f64 {
    let discount = |(rank, gain): (usize, &f64)| (gain.exp2() - 1.0) / ((rank + 2) as f64).log2();
    gains.iter().take(DEPTH).enumerate().map(discount).sum()
}
