//! The format of a source's dates.

use chrono::format::{Fixed, Item, Parsed, StrftimeItems, parse};
use chrono::{DateTime, NaiveTime, TimeDelta, Utc, Weekday};
use serde::{Serialize, Serializer};

use super::setting::Scalar;
use quarry_domain::EpochUnit;

/// A point in time that no two fields of a pattern share.
const SAMPLE: i64 = 1_764_092_867;

/// The format of dates that is configured for a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DateFormat {
    /// A Unix time in this unit.
    Epoch(EpochUnit),
    /// Text.
    Pattern(DatePattern),
}

/// A strftime pattern that reads at least a year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatePattern(String);

impl DatePattern {
    /// Parses a pattern.
    ///
    /// Refuses `%Z`, which would skip the name of a time zone and read the time as UTC.
    pub fn parse(pattern: &str) -> Option<Self> {
        let is_refused = |item: Item<'_>| matches!(item, Item::Error | Item::Fixed(Fixed::TimezoneName));
        if StrftimeItems::new(pattern).any(is_refused) {
            return None;
        }
        let sample = DateTime::from_timestamp(SAMPLE, 0)?.fixed_offset().format(pattern).to_string();
        let pattern = Self(pattern.to_owned());
        pattern.read(&sample).map(|_| pattern)
    }

    /// Reads a text; what the pattern lacks is the start of the year, month or day, and UTC.
    pub fn read(&self, text: &str) -> Option<DateTime<Utc>> {
        let mut parsed = Parsed::new();
        parse(&mut parsed, text, StrftimeItems::new(&self.0)).ok()?;
        if let Some(seconds) = parsed.timestamp() {
            return DateTime::from_timestamp(seconds, parsed.nanosecond().unwrap_or(0));
        }
        complete(&mut parsed)?;
        let date = parsed.to_naive_date().ok()?;
        let has_time = parsed.hour_mod_12().is_some();
        let time = if has_time { parsed.to_naive_time().ok()? } else { NaiveTime::MIN };
        let offset = TimeDelta::seconds(i64::from(parsed.offset().unwrap_or(0)));
        Some(date.and_time(time).checked_sub_signed(offset)?.and_utc())
    }
}

/// Sets the day of a date that has a week, month or year only, and the minute of an hour.
fn complete(parsed: &mut Parsed) -> Option<()> {
    let has_week =
        [parsed.isoweek(), parsed.week_from_sun(), parsed.week_from_mon()].iter().any(Option::is_some);
    if has_week {
        if parsed.weekday().is_none() {
            parsed.set_weekday(Weekday::Mon).ok()?;
        }
    } else if parsed.ordinal().is_none() {
        if parsed.month().is_none() && parsed.day().is_none() {
            parsed.set_month(1).ok()?;
        }
        if parsed.day().is_none() {
            parsed.set_day(1).ok()?;
        }
    }
    if parsed.hour_mod_12().is_some() && parsed.minute().is_none() {
        parsed.set_minute(0).ok()?;
    }
    Some(())
}

impl DateFormat {
    /// Parses a format.
    pub fn parse(text: &str) -> Option<Self> {
        let unit = EpochUnit::ALL.into_iter().find(|unit| unit.as_str() == text).map(Self::Epoch);
        unit.or_else(|| DatePattern::parse(text).map(Self::Pattern))
    }
}

impl Serialize for DateFormat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Epoch(unit) => unit.as_str(),
            Self::Pattern(pattern) => &pattern.0,
        })
    }
}

pub(crate) fn date_format() -> Scalar<DateFormat> {
    Scalar::from_text(
        "`epoch_s`, `epoch_ms`, `epoch_us`, `epoch_ns`, or a strftime pattern that reads a date, without `%Z`, \
         such as \"%d/%m/%Y\"",
        DateFormat::parse,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_read_dates() {
        for (pattern, text, expected) in [
            ("%d/%m/%Y", "05/06/2025", "2025-06-05T00:00:00Z"),
            ("%m/%d/%Y %I:%M %p", "05/06/2025 7:47 PM", "2025-05-06T19:47:00Z"),
            ("%d.%m.%y, %H Uhr", "5.6.25, 7 Uhr", "2025-06-05T07:00:00Z"),
            ("%Y", "2024", "2024-01-01T00:00:00Z"),
            ("%m/%Y", "3/2024", "2024-03-01T00:00:00Z"),
            ("%G-W%V", "2025-W19", "2025-05-05T00:00:00Z"),
            ("%Y%j", "2025125", "2025-05-05T00:00:00Z"),
            ("%d.%m.%Y %H:%M:%S %z", "05.05.2025 07:47:20 +0200", "2025-05-05T05:47:20Z"),
            ("%s", "1746431240", "2025-05-05T07:47:20Z"),
        ] {
            let pattern = DatePattern::parse(pattern).unwrap_or_else(|| panic!("{pattern}"));
            let expected = DateTime::parse_from_rfc3339(expected).expect("a date").to_utc();
            assert_eq!(pattern.read(text), Some(expected), "{pattern:?} {text}");
            assert_eq!(pattern.read("yesterday"), None);
        }
    }

    #[test]
    fn patterns_without_a_date_are_refused() {
        for pattern in ["", "yyyy-mm-dd", "%H:%M", "%d.%m.", "%Q", "%Y-%m-%d %H:%M %Z"] {
            assert_eq!(DatePattern::parse(pattern), None, "{pattern}");
        }
    }
}
