//! API keys in the settings.

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use toml::{Table, Value};

use super::setting::{Scalar, hide, one_of};
use super::table::{settings_table, to_table};
use super::values::{list, list_of};
use quarry_domain::{KeyHash, KeyName, Origin, Scope, Timestamp};

settings_table! {
    /// An API key, known by its hash.
    pub struct KeyConfig {
        /// The unique name of the key, in metrics and in the log of `ADMIN` operations.
        name: KeyName = key_name(),
        /// The SHA-256 of the key, as `quarry key new` prints it.
        hash: KeyHash = key_hash(),
        /// The permissions of the key: a list of `SEARCH`, `REPORTS` and `ADMIN`.
        scopes: Vec<Scope> = scopes(),
        /// The time, or the day (UTC), from which the key is invalid.
        expires: Option<Timestamp> = time().optional(),
        /// The origins of the pages that may send the key from a browser; empty: all.
        origins: Vec<Origin> = origins().default(Vec::<Value>::new()),
    }
}

impl KeyConfig {
    /// The `[[keys]]` table of this key.
    pub fn to_toml(&self) -> String {
        let mut key = to_table(self, |entry| entry.shown);
        if self.origins.is_empty() {
            key.remove("origins");
        }
        let keys = Table::from_iter([("keys".to_owned(), Value::from(vec![key]))]);
        toml::to_string(&keys).expect("settings serialize as TOML")
    }
}

fn key_name() -> Scalar<KeyName> {
    Scalar::from_text("a name of 1 to 64 letters, digits, `-`, `_` and `.`", |text| KeyName::parse(text).ok())
}

fn key_hash() -> Scalar<KeyHash> {
    let expected = "the hash of a key, not the key: `sha256:` and 64 digits, as `quarry key new` prints it";
    // A key in the place of its hash must not appear in a log.
    Scalar::from_text(expected, |text| text.parse().ok()).quoted(hide)
}

fn scopes() -> Scalar<Vec<Scope>> {
    let expected = format!("a list of scopes, each {}", one_of(Scope::ALL.map(Scope::as_str)));
    list_of(1, expected, |text| Scope::ALL.into_iter().find(|scope| scope.as_str() == text))
}

fn origins() -> Scalar<Vec<Origin>> {
    list(
        "a list of origins of pages such as [\"https://shop.example\"]: scheme, host and port, no path",
        |text| Origin::parse(text).ok(),
    )
}

fn time() -> Scalar<Timestamp> {
    let expected = "a time such as \"2027-01-31T12:00:00Z\", or a day such as \"2027-01-31\"";
    let read = |value: &Value| match value {
        Value::Datetime(time) => parse_time(&time.to_string()),
        value => parse_time(value.as_str()?),
    };
    Scalar::new(expected, read).written(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true).into())
}

/// Parses a time in RFC 3339, or a day, which begins at midnight UTC.
pub fn parse_time(text: &str) -> Option<Timestamp> {
    let time = DateTime::parse_from_rfc3339(text).map(|time| time.with_timezone(&Utc));
    let day = || text.parse::<NaiveDate>().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    time.or_else(|_| day()).ok()
}
