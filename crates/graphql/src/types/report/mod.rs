//! The reports, one file each, with their rows.

use async_graphql::Interface;

use super::CacheOutcome;
use crate::scalars::DateTime;
use quarry_report::ReportResponse;

mod categories;
mod category;
mod clicked_documents;
mod ranked_page;
mod reports;
mod search_volume;
mod top_searches;
mod zero_results;

pub(crate) use categories::CategoriesReport;
pub(crate) use category::CategoryReport;
pub(crate) use clicked_documents::ClickedDocumentsReport;
pub(crate) use reports::Reports;
pub(crate) use search_volume::SearchVolumeReport;
pub(crate) use top_searches::TopSearchesReport;
pub(crate) use zero_results::{ZeroResultInclusion, ZeroResultReport};

/// A report with the origin and the time of its numbers.
#[expect(clippy::duplicated_attributes, reason = "two fields are of one type")]
#[derive(Interface)]
#[graphql(field(
    name = "generated_at",
    ty = "&DateTime",
    desc = "The time at which the numbers were read from the database."
))]
#[graphql(field(
    name = "covered_until",
    ty = "&DateTime",
    desc = "The time up to which the report is complete: it includes all records of its period accepted by then."
))]
#[graphql(field(
    name = "cache",
    ty = "&CacheOutcome",
    desc = "The origin of the report: the cache or the database."
))]
pub(crate) enum Report {
    /// The most frequent searches.
    TopSearches(TopSearchesReport),
    /// The most frequent searches without results.
    ZeroResults(ZeroResultReport),
    /// The documents that are clicked most after searches of a query.
    ClickedDocuments(ClickedDocumentsReport),
    /// Searches over time.
    SearchVolume(SearchVolumeReport),
    /// Sales and clicks in a category.
    Category(CategoryReport),
    /// Sales and clicks per category.
    Categories(CategoriesReport),
}

/// Declares the type of a report: the fields of the interface and its own.
macro_rules! report_type {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)+ }) => {
        $(#[$meta])*
        pub(crate) struct $name {
            freshness: crate::types::report::Freshness,
            $($field: $type,)+
        }

        $(#[$meta])*
        #[async_graphql::Object]
        impl $name {
            /// The time at which the numbers were read from the database.
            pub(super) async fn generated_at(&self) -> &crate::scalars::DateTime {
                &self.freshness.generated_at
            }

            /// The time up to which the report is complete: it includes all records of its period accepted by then.
            pub(super) async fn covered_until(&self) -> &crate::scalars::DateTime {
                &self.freshness.covered_until
            }

            /// The origin of the report: the cache or the database.
            pub(super) async fn cache(&self) -> &crate::types::CacheOutcome {
                &self.freshness.cache
            }

            $(
                $(#[$field_meta])*
                async fn $field(&self) -> &$type {
                    &self.$field
                }
            )+
        }

        impl $name {
            fn new(freshness: crate::types::report::Freshness, $($field: $type),+) -> Self {
                Self { freshness, $($field),+ }
            }
        }
    };
}
use report_type;

/// The origin and the time of a report's numbers, which all reports have.
struct Freshness {
    generated_at: DateTime,
    covered_until: DateTime,
    cache: CacheOutcome,
}

impl Freshness {
    fn of<T>(report: &ReportResponse<T>) -> Self {
        Self {
            generated_at: DateTime(report.generated_at),
            covered_until: DateTime(report.covered_until),
            cache: report.cache_status.into(),
        }
    }
}

/// Declares the conversion of a report that has rows only.
macro_rules! report_of_rows {
    ($name:ident of $row:ty) => {
        impl From<quarry_report::ReportResponse<Vec<$row>>> for $name {
            fn from(report: quarry_report::ReportResponse<Vec<$row>>) -> Self {
                let freshness = crate::types::report::Freshness::of(&report);
                Self::new(freshness, report.value.into_iter().map(Into::into).collect())
            }
        }
    };
}
use report_of_rows;
