use async_graphql::SimpleObject;

use super::{report_of_rows, report_type};
use crate::list::List;
use crate::types::int;

report_type! {
    /// What sells, or is clicked, by category.
    CategoriesReport {
        /// Every category that has documents, by quantity, most first, ties by name.
        rows: List<Vec<CategoryTotal>>,
    }
}

/// A category and its quantity.
#[derive(SimpleObject)]
pub(crate) struct CategoryTotal {
    /// The category.
    name: String,
    /// How many documents it has, those without sales or clicks too.
    documents: i32,
    /// The total quantity of all its documents.
    quantity: i32,
}

report_of_rows!(CategoriesReport of quarry_domain::CategoryTotal);

impl From<quarry_domain::CategoryTotal> for CategoryTotal {
    fn from(row: quarry_domain::CategoryTotal) -> Self {
        Self { name: row.name, documents: int(row.documents), quantity: int(row.quantity) }
    }
}
