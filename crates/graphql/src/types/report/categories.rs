use async_graphql::SimpleObject;

use super::{report_of_rows, report_type};
use crate::list::List;
use crate::scalars::Long;
use crate::types::int;

report_type! {
    /// Sales and clicks per category.
    CategoriesReport {
        /// All categories with documents, by quantity in descending order, ties by name.
        rows: List<Vec<CategoryTotal>>,
    }
}

/// A category and its totals.
#[derive(SimpleObject)]
pub(crate) struct CategoryTotal {
    /// The name of the category.
    name: String,
    /// The number of documents, including those without sales or clicks.
    documents: i32,
    /// The total quantity of all documents.
    quantity: Long,
}

report_of_rows!(CategoriesReport of quarry_domain::CategoryTotal);

impl From<quarry_domain::CategoryTotal> for CategoryTotal {
    fn from(row: quarry_domain::CategoryTotal) -> Self {
        Self { name: row.name, documents: int(row.documents), quantity: Long(row.quantity) }
    }
}
