//! Dates in text.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta};

use super::EpochUnit;
use super::epoch;
use crate::Timestamp;

/// The longest text that is read, in bytes: what JavaScript writes, with the name of a time zone.
const MAX_BYTES: usize = 100;
/// Dates, of which none is ambiguous.
const DATES: [&str; 12] = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y:%m:%d",
    "%G-W%V-%u",
    "%GW%V%u",
    "%d %B %Y",
    "%d-%B-%Y",
    "%d/%B/%Y",
    "%B %d %Y",
    "%Y %B %d",
    "%Y-%B-%d",
];
/// Times with 24 hours.
const TIMES: [&str; 4] = ["%H:%M:%S%.f", "%H:%M", "%H%M%S%.f", "%H%M"];
/// Times with 12 hours.
const TIMES_OF_HALVES: [&str; 3] = ["%I:%M:%S%.f %p", "%I:%M %p", "%I %p"];
/// Time zones of RFC 2822, in hours.
const ZONES: [(&str, i32); 12] = [
    ("Z", 0),
    ("UTC", 0),
    ("GMT", 0),
    ("UT", 0),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Parses a date; one without an offset is in UTC.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    if text.len() > MAX_BYTES || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc2822(text)) {
        return Some(at.to_utc());
    }
    if let Some(at) = dot_net_date(text) {
        return Some(at);
    }
    let (text, is_annotated) = without_annotation(text);
    let text = spaced(text);
    let mut tokens = words(&text);
    move_year(&mut tokens);
    let offset = take_zone(&mut tokens);
    // The annotation of a time without an offset would decide on its offset.
    if is_annotated && offset.is_none() {
        return None;
    }
    let (date, time) = split_time(&tokens)?;
    let time = match time {
        Some(time) => parse_time(&time)?,
        None if offset.is_none() => NaiveTime::MIN,
        None => return None,
    };
    let offset = TimeDelta::seconds(i64::from(offset.unwrap_or(0)));
    Some(parse_day(&date)?.and_time(time).checked_sub_signed(offset)?.and_utc())
}

/// Parses `/Date(1746431240000)/`, also with an offset, which the milliseconds contain already.
fn dot_net_date(text: &str) -> Option<Timestamp> {
    let inner = text.trim_matches('/').strip_prefix("Date(")?.strip_suffix(')')?;
    let end = inner
        .char_indices()
        .skip(1)
        .find(|(_, char)| matches!(char, '+' | '-'))
        .map_or(inner.len(), |(at, _)| at);
    epoch::in_unit(&inner[..end], EpochUnit::Milliseconds)
}

/// Removes `[Europe/Berlin]` or `(Central European Summer Time)` at the end.
fn without_annotation(text: &str) -> (&str, bool) {
    let opening = match text.as_bytes().last() {
        Some(b']') => '[',
        Some(b')') => '(',
        _ => return (text, false),
    };
    text.split_once(opening).map_or((text, false), |(date, _)| (date.trim_end(), true))
}

/// Separates the parts of a date by blanks.
fn spaced(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let is_digit = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(char::is_ascii_digit);
    let part = |(at, char): (usize, &char)| match char {
        'T' | 't' if is_digit(at.checked_sub(1)) && is_digit(Some(at + 1)) => ' ',
        // A comma before a fraction of a second.
        ',' if at >= 3 && chars[at - 3] == ':' && is_digit(Some(at - 1)) && is_digit(Some(at + 1)) => '.',
        ',' => ' ',
        '\u{2212}' => '-',
        char if char.is_whitespace() => ' ',
        char => *char,
    };
    chars.iter().enumerate().map(part).collect()
}

/// Splits a date, without its weekday and without the endings of ordinals and abbreviations.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = text.split(' ').filter(|word| !word.is_empty()).map(plain_word).collect();
    let is_weekday = |word: &String| {
        let word = word.to_ascii_lowercase();
        word.len() >= 3 && WEEKDAYS.iter().any(|day| day.starts_with(&word))
    };
    if words.len() > 1 && words.first().is_some_and(is_weekday) {
        words.remove(0);
    }
    words.retain(|word| word != "at");
    // `05/May/2025:07:47:20`, as web servers log it.
    if let Some((date, time)) =
        words.first().filter(|word| word.contains('/')).and_then(|word| word.split_once(':'))
    {
        words.splice(0..1, [date.to_owned(), time.to_owned()]);
    }
    words
}

fn plain_word(word: &str) -> String {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let ordinal = ["st", "nd", "rd", "th", "."].iter().find_map(|end| word.strip_suffix(end));
    match word.to_ascii_lowercase().as_str() {
        "a.m." | "am" => "AM".to_owned(),
        "p.m." | "pm" => "PM".to_owned(),
        "sept" | "sept." => "Sep".to_owned(),
        _ => match ordinal {
            Some(number) if is_number(number) => number.to_owned(),
            _ => word.strip_suffix('.').unwrap_or(word).to_owned(),
        },
    }
}

/// Moves the year of `May 5 07:47:20 +0000 2025` behind the day.
fn move_year(words: &mut Vec<String>) {
    let is_year = |word: &String| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    if words.len() > 3 && words[2].contains(':') && words.last().is_some_and(is_year) {
        let year = words.remove(words.len() - 1);
        words.insert(2, year);
    }
}

/// Removes the time zone at the end, and returns its offset in seconds.
fn take_zone(words: &mut Vec<String>) -> Option<i32> {
    let last = words.pop()?;
    let offset = zone_offset(&last).or_else(|| if has_time(words) { parse_offset(&last) } else { None });
    if offset.is_some() {
        return offset;
    }
    let time = if words.is_empty() { None } else { split_offset(&last) };
    let (time, offset) = time.map_or((last.as_str(), None), |(time, offset)| (time, Some(offset)));
    words.push(time.to_owned());
    offset
}

/// Splits `07:47:20Z` or `07:47:20+02`.
fn split_offset(time: &str) -> Option<(&str, i32)> {
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return Some((time, 0));
    }
    let at = time.rfind(['+', '-'])?;
    Some((&time[..at], parse_offset(&time[at..])?))
}

/// Returns the offset of `UTC`, `EST` or `GMT+0200`.
fn zone_offset(word: &str) -> Option<i32> {
    if let Some((_, hours)) = ZONES.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)) {
        return Some(hours * 3_600);
    }
    let offset = ["UTC", "GMT"].iter().find_map(|name| word.strip_prefix(name))?;
    parse_offset(offset)
}

/// Parses `+02`, `+0200` or `+02:00`.
fn parse_offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (hours, minutes) = match digits.split_once(':') {
        Some(pair) => pair,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "00"),
    };
    if !is_digits(hours) || !is_digits(minutes) || hours.len() > 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 16 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn has_time(words: &[String]) -> bool {
    words.iter().skip(1).any(|word| is_time(word))
}

/// Recognizes `07:47` and, behind a date, `0747`, `074720` or `074720.159`.
fn is_time(word: &str) -> bool {
    let digits = word.split('.').next().unwrap_or_default();
    let is_compact = matches!(digits.len(), 4 | 6) && digits.bytes().all(|byte| byte.is_ascii_digit());
    word.contains(':') || is_compact
}

/// Splits the words before the time from the time.
fn split_time(words: &[String]) -> Option<(String, Option<String>)> {
    let is_whole_date = |word: &str| word.len() >= 7 && word.starts_with(|char: char| char.is_ascii_digit());
    let starts = |(at, word): (usize, &String)| {
        at > 0 && (word.contains(':') || (at == 1 && is_whole_date(&words[0]) && is_time(word)))
    };
    match words.iter().enumerate().position(starts) {
        Some(at) => Some((words[..at].join(" "), Some(words[at..].join(" ")))),
        None => (!words.is_empty()).then(|| (words.join(" "), None)),
    }
}

fn parse_time(text: &str) -> Option<NaiveTime> {
    let is_half = text.ends_with(['m', 'M']);
    let formats: &[&str] = if is_half { &TIMES_OF_HALVES } else { &TIMES };
    formats.iter().find_map(|format| NaiveTime::parse_from_str(text, format).ok())
}

fn parse_day(text: &str) -> Option<NaiveDate> {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() == 8 && is_digits(text) {
        return NaiveDate::parse_from_str(text, "%Y%m%d").ok();
    }
    // A day of the year has three digits: `2025-05` is a month.
    if let Some((year, day)) = text.split_once('-')
        && (year.len(), day.len()) == (4, 3)
        && is_digits(year)
        && is_digits(day)
    {
        return NaiveDate::from_yo_opt(year.parse().ok()?, day.parse().ok()?);
    }
    DATES.iter().find_map(|format| NaiveDate::parse_from_str(text, format).ok())
}
