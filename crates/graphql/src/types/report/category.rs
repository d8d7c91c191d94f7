use async_graphql::SimpleObject;

use super::{Freshness, report_type};
use crate::types::{Document, int};
use quarry_report::Reported;

report_type! {
    /// What sells, or is clicked, in one category.
    CategoryReport {
        /// The category.
        name: String,
        /// Of all its documents, whatever the page.
        total_quantity: i32,
        /// Its documents by total quantity, most first, ties by key. Documents without any are left out.
        rows: Vec<CategoryRow>,
    }
}

/// A document and its quantity.
#[derive(SimpleObject)]
pub(crate) struct CategoryRow {
    /// The document.
    document: Document,
    /// Its total quantity.
    quantity: i32,
}

impl CategoryReport {
    /// The report of the category of that name.
    pub(super) fn named(name: String, report: Reported<quarry_domain::CategoryReport>) -> Self {
        let freshness = Freshness::of(&report);
        let row = |(document, quantity)| CategoryRow {
            document: Document::from(document),
            quantity: int(quantity),
        };
        let rows = report.value.rows.into_iter().map(row).collect();
        Self::new(freshness, name, int(report.value.total_quantity), rows)
    }
}
