//! The numbers of visitors of documents.

use std::collections::HashMap;

use quarry_domain::{DocumentId, InteractionKind};

/// The numbers of visitors who clicked a document, or reached a goal by it.
#[derive(Debug, Default)]
pub struct Popularity {
    clicks: HashMap<u128, f64>,
    conversions: HashMap<u128, f64>,
}

impl Popularity {
    /// Creates the popularity of documents from the visitors who clicked them, and who reached a goal by them.
    pub fn new(
        clicks: impl IntoIterator<Item = (DocumentId, i64)>,
        conversions: impl IntoIterator<Item = (DocumentId, i64)>,
    ) -> Self {
        let count = |(document, visitors): (DocumentId, i64)| (document.0.as_u128(), visitors as f64);
        Self {
            clicks: clicks.into_iter().map(count).collect(),
            conversions: conversions.into_iter().map(count).collect(),
        }
    }

    fn counts(&self, kind: InteractionKind) -> &HashMap<u128, f64> {
        match kind {
            InteractionKind::Click => &self.clicks,
            InteractionKind::Conversion => &self.conversions,
        }
    }

    /// Returns the number of visitors of a document, if any.
    pub(crate) fn visitors(&self, kind: InteractionKind, document: u128) -> Option<f64> {
        self.counts(kind).get(&document).copied()
    }

    /// Returns at most this number of documents, those with the most visitors, with their numbers.
    pub(crate) fn most_visited(&self, kind: InteractionKind, limit: usize) -> Vec<(u128, f64)> {
        let mut most: Vec<_> =
            self.counts(kind).iter().map(|(document, visitors)| (*document, *visitors)).collect();
        most.sort_unstable_by(|(a, a_visitors), (b, b_visitors)| {
            b_visitors.total_cmp(a_visitors).then(a.cmp(b))
        });
        most.truncate(limit);
        most
    }
}
