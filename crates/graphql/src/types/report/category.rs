use async_graphql::Object;

use super::{Freshness, report_type};
use crate::list::List;
use crate::scalars::Long;
use crate::types::Document;
use quarry_report::ReportResponse;

report_type! {
    /// Sales and clicks of the documents in a category.
    CategoryReport {
        /// The name of the category.
        name: String,
        /// The total quantity of all documents, including those after the first n.
        total_quantity: Long,
        /// The first n documents, by total quantity in descending order, ties by key. Documents without a quantity are
        /// omitted.
        rows: List<Vec<CategoryRow>>,
    }
}

/// The GraphQL type of a document and its quantity.
pub(crate) struct CategoryRow {
    document: Document,
    quantity: Long,
}

/// A document and its quantity.
#[Object]
impl CategoryRow {
    /// The document.
    async fn document(&self) -> &Document {
        &self.document
    }

    /// The total quantity of the document.
    async fn quantity(&self) -> Long {
        self.quantity
    }
}

impl CategoryReport {
    /// Converts the report of the category with this name.
    pub(super) fn named(name: String, report: ReportResponse<quarry_domain::CategoryReport>) -> Self {
        let freshness = Freshness::of(&report);
        let row = |(document, quantity)| CategoryRow {
            document: Document::from(document),
            quantity: Long(quantity),
        };
        let rows = report.value.rows.into_iter().map(row).collect();
        Self::new(freshness, name, Long(report.value.total_quantity), rows)
    }
}
