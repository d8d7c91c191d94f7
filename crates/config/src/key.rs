//! One API key: what is kept of it, and what it is for.

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::reference::Fallback::{Absent, Required, Value};
use super::reference::Kind::{KeyHash as Hash, KeyName as Name, Origins, Scopes, Time};
use super::reference::{Row, row};
use super::show;
use quarry_domain::{KeyHash, KeyName, Origin, Scope, Timestamp};

/// The settings of one `[[keys]]` table.
pub(super) const KEY: &[Row] = &[
    row(
        "name",
        Name,
        Required,
        "The name of the key, unique among the keys: what the log calls it (operations with `ADMIN`), and metrics.",
    ),
    row("hash", Hash, Required, "The SHA-256 of the key, as `quarry key new` prints it."),
    row("scopes", Scopes, Required, "What it may do: a list of `SEARCH`, `REPORTS` and `ADMIN`."),
    row("expires", Time, Absent, "From when on it opens nothing: a time, or a day (UTC)."),
    row(
        "origins",
        Origins,
        Value("[]"),
        "The origins of the pages that may use it in a browser; empty: all.",
    ),
];

/// A key that callers may use. The key itself is not kept.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeyConfig {
    /// Stands for the key in the log and in metrics.
    pub name: KeyName,
    /// What tells the key from others.
    pub hash: KeyHash,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// From when on it may do nothing.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "read_time",
        serialize_with = "write_time"
    )]
    pub expires: Option<Timestamp>,
    /// The pages that may use it from a browser; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<Origin>,
}

impl KeyConfig {
    /// The `[[keys]]` table of this key.
    pub fn to_toml(&self) -> String {
        show::keys_to_toml(std::slice::from_ref(self))
    }
}

/// A time as settings and arguments write it: RFC 3339, or a day, which stands for its beginning in UTC.
pub fn parse_time(text: &str) -> Option<Timestamp> {
    let time = DateTime::parse_from_rfc3339(text).map(|time| time.with_timezone(&Utc));
    let day = || text.parse::<NaiveDate>().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    time.or_else(|_| day()).ok()
}

fn read_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_time(&text).map(Some).ok_or_else(|| serde::de::Error::custom("is no time"))
}

fn write_time<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        None => serializer.serialize_none(),
    }
}
