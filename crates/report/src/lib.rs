//! Reports of searches and sales, computed by the store and cached.
//!
//! - `reports`: the cached computation that all reports share.
//! - `searches`, `search_volume`, `categories`: the reports.
//! - `period`: the period of a report. `calendar`: its intervals in a time zone.
//! - `coverage`: the watermark up to which the log of searches is complete.
//! - `erasure_watch`: clears this server's reports after an erasure on another server.
//! - `metrics`: counters of the cache by report.
//! - `roll_up`: aggregates searches in the background, so that reports over long periods are quick.
//!
//! Deliberately not here: the aggregation, which the store does, and `hitsNow`, which the index answers
//! for each request.

mod calendar;
mod categories;
mod coverage;
mod erasure_watch;
mod error;
mod metrics;
mod period;
mod reports;
mod roll_up;
mod search_volume;
mod searched_query;
mod searches;

pub use calendar::CalendarInterval;
pub use categories::CategoryParameters;
pub use coverage::{Coverage, CoverageError};
pub use erasure_watch::{ErasureStep, ErasureWatch, ErasureWatchError};
pub use error::ReportError;
pub use period::ReportPeriod;
pub use reports::{ReportResponse, Reports};
pub use roll_up::{RollUp, RollUpStep};
pub use searched_query::SearchedQuery;

pub use quarry_cache::{CacheError, CacheStatus};
