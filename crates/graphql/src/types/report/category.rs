use async_graphql::Object;

use super::{Freshness, report_type};
use crate::list::List;
use crate::types::{Document, int};
use quarry_report::ReportResponse;

report_type! {
    /// What sells, or is clicked, in one category.
    CategoryReport {
        /// The category.
        name: String,
        /// Of all its documents, whatever the page.
        total_quantity: i32,
        /// Its documents by total quantity, most first, ties by key. Documents without any are left out.
        rows: List<Vec<CategoryRow>>,
    }
}

/// A document and its quantity, as GraphQL shows them.
pub(crate) struct CategoryRow {
    document: Document,
    quantity: i32,
}

/// A document and its quantity.
#[Object]
impl CategoryRow {
    /// The document.
    async fn document(&self) -> &Document {
        &self.document
    }

    /// Its total quantity.
    async fn quantity(&self) -> i32 {
        self.quantity
    }
}

impl CategoryReport {
    /// The report of the category of that name.
    pub(super) fn named(name: String, report: ReportResponse<quarry_domain::CategoryReport>) -> Self {
        let freshness = Freshness::of(&report);
        let row = |(document, quantity)| CategoryRow {
            document: Document::from(document),
            quantity: int(quantity),
        };
        let rows = report.value.rows.into_iter().map(row).collect();
        Self::new(freshness, name, int(report.value.total_quantity), rows)
    }
}
