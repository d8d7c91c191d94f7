//! Reports of searches and sales, computed by the store and cached.
//!
//! - `report`: the computation and the cache that all reports share.
//! - `searches`, `interactions`: the reports. `rows`: their rows, where the store has others.
//! - `period`: the period of a report. `calendar`: its intervals in a time zone.
//! - `coverage`: the watermark up to which the log of searches is complete.
//! - `erasure_watch`: clears this server's reports after an erasure on another server.
//! - `metrics`: counters of the cache by report.
//!
//! Deliberately not here: the aggregation, which the store does, and `hitsNow`, which the index answers
//! for each request.

mod calendar;
mod coverage;
mod erasure_watch;
mod error;
mod interactions;
mod metrics;
mod period;
mod report;
mod rows;
mod searches;

pub use calendar::CalendarInterval;
pub use coverage::{Coverage, CoverageError};
pub use erasure_watch::{ErasureStep, ErasureWatch, ErasureWatchError};
pub use error::ReportError;
pub use interactions::{CategoryDocuments, CategoryTotals};
pub use period::ReportPeriod;
pub use report::{Report, ReportResponse, Reports};
pub use rows::SearchedQuery;
pub use searches::{ClickedDocuments, SearchVolume, TopSearches, ZeroResultSearches};

pub use quarry_cache::{CacheError, CacheStatus};
