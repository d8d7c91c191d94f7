//! Dates in the spellings of text and numbers that people and programs use. Pure.
//!
//! A wrong date is worse than none: ambiguous ones such as `05/06/2025`, and numbers too small for a Unix time,
//! are not read.

mod epoch;
mod text;

use chrono::{DateTime, Datelike};

use super::Timestamp;

/// The years that every database can store.
const YEARS: std::ops::RangeInclusive<i32> = 1_000..=9_999;

/// The unit of a Unix time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpochUnit {
    /// `epoch_s`
    Seconds,
    /// `epoch_ms`
    Milliseconds,
    /// `epoch_us`
    Microseconds,
    /// `epoch_ns`
    Nanoseconds,
}

impl EpochUnit {
    /// All units.
    pub const ALL: [Self; 4] = [Self::Seconds, Self::Milliseconds, Self::Microseconds, Self::Nanoseconds];

    /// Returns the name in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "epoch_s",
            Self::Milliseconds => "epoch_ms",
            Self::Microseconds => "epoch_us",
            Self::Nanoseconds => "epoch_ns",
        }
    }
}

/// Reads a date in a common spelling, or in digits.
pub fn parse_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let at = if epoch::is_number(text) { epoch::by_magnitude(text) } else { text::parse(text) };
    storable_date(at?)
}

/// Reads a Unix time in a unit.
pub fn parse_epoch(text: &str, unit: EpochUnit) -> Option<Timestamp> {
    epoch::in_unit(text, unit)
}

/// Returns the time as every database can store it: of four-digit years, to the microsecond.
pub fn storable_date(at: Timestamp) -> Option<Timestamp> {
    let at = DateTime::from_timestamp_micros(at.timestamp_micros())?;
    YEARS.contains(&at.year()).then_some(at)
}
