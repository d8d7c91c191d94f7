//! Reports: one file each, with the rows that it has.

use async_graphql::Interface;

use super::CacheOutcome;
use crate::scalars::DateTime;
use quarry_report::ReportResponse;

mod categories;
mod category;
mod reports;
mod search_volume;
mod top_searches;
mod zero_results;

pub(crate) use categories::CategoriesReport;
pub(crate) use category::CategoryReport;
pub(crate) use reports::Reports;
pub(crate) use search_volume::SearchVolumeReport;
pub(crate) use top_searches::TopSearchesReport;
pub(crate) use zero_results::ZeroResultReport;

/// What every report says of itself.
#[expect(clippy::duplicated_attributes, reason = "two fields are of one type")]
#[derive(Interface)]
#[graphql(field(
    name = "generated_at",
    ty = "&DateTime",
    desc = "When its numbers were read from the database."
))]
#[graphql(field(
    name = "covered_until",
    ty = "&DateTime",
    desc = "Up to when it is complete: everything that was accepted by then and lies in its period is in it."
))]
#[graphql(field(name = "cache", ty = "&CacheOutcome", desc = "Where it came from."))]
pub(crate) enum Report {
    /// What is searched for most.
    TopSearches(TopSearchesReport),
    /// What is searched for in vain.
    ZeroResults(ZeroResultReport),
    /// Searches over time.
    SearchVolume(SearchVolumeReport),
    /// One category.
    Category(CategoryReport),
    /// All categories.
    Categories(CategoriesReport),
}

/// Declares the type of a report: what the interface has, and what is its own.
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
            /// When its numbers were read from the database.
            pub(super) async fn generated_at(&self) -> &crate::scalars::DateTime {
                &self.freshness.generated_at
            }

            /// Up to when it is complete: everything that was accepted by then and lies in its period is in it.
            pub(super) async fn covered_until(&self) -> &crate::scalars::DateTime {
                &self.freshness.covered_until
            }

            /// Where it came from.
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

/// What every report says of itself, before it is one of a kind.
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

/// Declares how a report is made whose rows are all that it has.
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
