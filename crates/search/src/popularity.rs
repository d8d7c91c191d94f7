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
    pub(crate) fn new(
        clicks: impl IntoIterator<Item = (DocumentId, i64)>,
        conversions: impl IntoIterator<Item = (DocumentId, i64)>,
    ) -> Self {
        let count = |(document, visitors): (DocumentId, i64)| (document.0.as_u128(), visitors as f64);
        Self {
            clicks: clicks.into_iter().map(count).collect(),
            conversions: conversions.into_iter().map(count).collect(),
        }
    }

    /// Returns the number of visitors of a document, if any.
    pub(crate) fn visitors(&self, kind: InteractionKind, document: u128) -> Option<f64> {
        let counts = match kind {
            InteractionKind::Click => &self.clicks,
            InteractionKind::Conversion => &self.conversions,
        };
        counts.get(&document).copied()
    }
}
