use async_graphql::Object;

use super::{Freshness, report_type};
use crate::list::List;
use crate::types::{Document, int};
use quarry_report::ReportResponse;

report_type! {
    /// The documents that are clicked most after searches of a query.
    ClickedDocumentsReport {
        /// The query as it was requested.
        query: String,
        /// The first n documents, by clicks in descending order, ties by id.
        rows: List<Vec<ClickedDocument>>,
    }
}

/// The GraphQL type of a clicked document.
pub(crate) struct ClickedDocument {
    document: Document,
    clicks: i32,
    average_position: Option<f64>,
}

/// A document and its clicks after searches of a query.
#[Object]
impl ClickedDocument {
    /// The document.
    async fn document(&self) -> &Document {
        &self.document
    }

    /// The number of searches that led to a click on it.
    async fn clicks(&self) -> i32 {
        self.clicks
    }

    /// The mean `position` of these clicks; null if none has one.
    async fn average_position(&self) -> Option<f64> {
        self.average_position
    }
}

impl ClickedDocumentsReport {
    /// Converts the report of a query.
    pub(super) fn of_query(
        query: String,
        report: ReportResponse<Vec<quarry_domain::ClickedDocument>>,
    ) -> Self {
        let freshness = Freshness::of(&report);
        let row = |row: quarry_domain::ClickedDocument| ClickedDocument {
            document: Document::from(row.document),
            clicks: int(row.clicks),
            average_position: row.average_position,
        };
        Self::new(freshness, query, report.value.into_iter().map(row).collect())
    }
}
