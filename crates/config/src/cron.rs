//! Schedules in the notation of cron.

use chrono::{DateTime, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use serde::{Serialize, Serializer};

use super::setting::Scalar;

/// Times of the clock in UTC: minute, hour, day, month and weekday.
#[derive(Clone, Debug)]
pub struct CronSchedule {
    text: String,
    cron: Cron,
}

impl CronSchedule {
    /// Parses five fields of cron, or a nickname such as `@daily`.
    ///
    /// A schedule without any time, such as February 30, is none.
    pub fn parse(text: &str) -> Option<Self> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let schedule = Self { text: text.trim().to_owned(), cron: parser.parse(text.trim()).ok()? };
        schedule.next_after(DateTime::UNIX_EPOCH).is_some().then_some(schedule)
    }

    /// The first time of the schedule after `at`.
    pub fn next_after(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.cron.find_next_occurrence(&at, false).ok()
    }

    /// The schedule as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for CronSchedule {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Serialize for CronSchedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

pub(crate) fn cron() -> Scalar<CronSchedule> {
    let expected = "five fields of cron (minute, hour, day, month, weekday; in UTC) such as \"0 3 * * *\"";
    Scalar::from_text(expected, CronSchedule::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn the_next_time_of_a_schedule_is_after_the_given_one() {
        for (schedule, after, next) in [
            ("0 3 * * *", "2026-11-20T02:59:59Z", "2026-11-20T03:00:00Z"),
            ("0 3 * * *", "2026-11-20T03:00:00Z", "2026-11-21T03:00:00Z"),
            ("*/15 * * * *", "2026-11-20T03:07:31.5Z", "2026-11-20T03:15:00Z"),
            ("30 6 * * MON-FRI", "2026-11-20T06:30:00Z", "2026-11-23T06:30:00Z"),
            ("0 0 29 2 *", "2026-11-20T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("0 0 1,15 * 1", "2026-11-20T00:00:00Z", "2026-11-23T00:00:00Z"),
            ("@daily", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"),
        ] {
            let parsed = CronSchedule::parse(schedule).expect("a schedule");
            assert_eq!(parsed.next_after(at(after)), Some(at(next)), "{schedule} after {after}");
        }
    }

    #[test]
    fn other_text_is_not_a_schedule() {
        for text in [
            "",
            "daily",
            "0 3 * *",
            "0 0 3 * * *",
            "61 3 * * *",
            "0 25 * * *",
            "0 0 30 2 *",
            "0 3 * * * 2026",
        ] {
            assert!(CronSchedule::parse(text).is_none(), "{text}");
        }
    }
}
