//! Reports: what people look for, and what sells, from the store through a cache.
//!
//! - `reports`: the way in, and what all reports have in common; a file for each report.
//! - `period`: the time that is asked about. `calendar`: its intervals in a time zone.
//! - `coverage`: up to when the log of searches is complete.
//! - `erasure_watch`: forgets what this server keeps when another has erased somebody.
//! - `roll_up`: adds searches up in the background, so that reports over long periods are quick.
//!
//! Deliberately not here: how the store adds up, and whether a query finds something today
//! (`hitsNow`), which is asked of the index each time.

mod calendar;
mod categories;
mod category;
mod coverage;
mod erasure_watch;
mod error;
mod period;
mod reports;
mod roll_up;
mod search_volume;
mod top_searches;
mod zero_results;

pub use calendar::CalendarInterval;
pub use category::CategoryParameters;
pub use coverage::{Coverage, CoverageError};
pub use erasure_watch::{ErasureStep, ErasureWatch, ErasureWatchError};
pub use error::ReportError;
pub use period::ReportPeriod;
pub use reports::{ReportResponse, Reports};
pub use roll_up::{RollUp, RollUpStep};
pub use top_searches::SearchedQuery;

pub use quarry_cache::{CacheError, CacheStatus};
