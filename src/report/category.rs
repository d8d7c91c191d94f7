use super::{AskedPeriod, ReportError, Reported, Reports};
use crate::domain::{CategoryReport, InteractionKind, SourceName};

/// Which documents of which category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryQuestion {
    /// The category.
    pub name: String,
    /// Of this source only.
    pub source: Option<SourceName>,
    /// What counts.
    pub kind: InteractionKind,
    /// When it happened.
    pub period: AskedPeriod,
    /// How many documents.
    pub first: u64,
}

impl Reports {
    /// What sells, or is clicked, in one category.
    pub async fn category(
        &self,
        question: CategoryQuestion,
        refresh: bool,
    ) -> Result<Reported<CategoryReport>, ReportError> {
        self.not_yet((question, refresh)).await
    }
}
