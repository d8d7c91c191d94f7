//! The settings as text for people: TOML with every secret taken out.

use std::fmt::Write as _;

use serde::{Serialize, Serializer};
use url::Url;

use super::key::KeyConfig;
use super::reference::GENERAL;
use super::settings::Settings;
use super::source::{Secret, SourceConfig};

/// What stands for a secret in an address.
const HIDDEN: &str = "redacted";
/// Parts of the names of parameters whose values are secrets.
const SECRET_NAMES: &[&str] =
    &["password", "passwd", "pwd", "token", "key", "secret", "signature", "sig", "auth", "credential"];

/// Writes the settings as TOML, each with where it came from.
pub(super) fn to_toml(settings: &Settings) -> String {
    let table = table(settings);
    let mut text = String::new();
    let mut folder = "";
    for row in GENERAL.iter().filter(|row| !row.kind.is_tables()) {
        let (section, name) = row.key.split_once('.').unwrap_or(("", row.key));
        if section != folder {
            folder = section;
            let _ = writeln!(text, "\n[{section}]");
        }
        if let Some(value) = lookup(&table, row.key) {
            let origin = settings.origins.get(row.key).map_or("", String::as_str);
            let _ = writeln!(text, "{name} = {value} # {}", origin.replace(char::is_control, "?"));
        }
    }
    if !settings.keys.is_empty() {
        text.push('\n');
        text.push_str(&keys_to_toml(&settings.keys));
    }
    if !settings.sources.is_empty() {
        let sources = Sources { sources: &settings.sources };
        text.push('\n');
        text.push_str(&toml::to_string(&sources).expect("settings hold only what TOML can say"));
    }
    text
}

/// The settings as a table, secrets redacted.
pub(super) fn table(settings: &Settings) -> toml::Table {
    toml::Table::try_from(settings).expect("settings hold only what TOML can say")
}

/// The value under a dotted key.
pub(super) fn lookup<'a>(table: &'a toml::Table, key: &str) -> Option<&'a toml::Value> {
    match key.split_once('.') {
        Some((section, rest)) => table.get(section)?.get(rest),
        None => table.get(key),
    }
}

/// Writes `[[keys]]` tables. A hash is no secret: no key can be found from it.
pub(super) fn keys_to_toml(keys: &[KeyConfig]) -> String {
    toml::to_string(&Keys { keys }).expect("keys hold only what TOML can say")
}

#[derive(Serialize)]
struct Keys<'a> {
    keys: &'a [KeyConfig],
}

#[derive(Serialize)]
struct Sources<'a> {
    sources: &'a [SourceConfig],
}

/// Serializes an address that is a secret as a whole: without what must not be shown.
pub(super) fn secret_url<S: Serializer>(url: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&redact_url(url.expose()))
}

/// As [`secret_url`], where there may be none.
pub(super) fn optional_secret_url<S: Serializer>(
    url: &Option<Secret>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match url {
        Some(url) => secret_url(url, serializer),
        None => serializer.serialize_none(),
    }
}

/// Serializes an address without what must not be shown.
pub(super) fn web_url<S: Serializer>(url: &Url, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&redact_url(url.as_str()))
}

/// Hides the password of an address, and parameters that look like secrets. It works on
/// the text, so that it hides them in what is no valid address too.
pub(super) fn redact_url(url: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
    let mut shown = redact_password(address);
    if let Some(query) = query {
        let pairs: Vec<String> = query.split('&').map(redact_parameter).collect();
        shown.push('?');
        shown.push_str(&pairs.join("&"));
    }
    shown
}

fn redact_password(address: &str) -> String {
    // A password that should have been escaped may hold anything, so it ends at the last `@`.
    let (Some(start), Some(end)) = (address.find("://").map(|at| at + 3), address.rfind('@')) else {
        return address.to_owned();
    };
    match address.get(start..end).and_then(|user| user.split_once(':')) {
        Some((user, _)) => format!("{}{user}:{HIDDEN}{}", &address[..start], &address[end..]),
        None => address.to_owned(),
    }
}

fn redact_parameter(pair: &str) -> String {
    let Some((name, _)) = pair.split_once('=') else {
        return pair.to_owned();
    };
    let lower = name.to_lowercase();
    if SECRET_NAMES.iter().any(|secret| lower.contains(secret)) {
        format!("{name}={HIDDEN}")
    } else {
        pair.to_owned()
    }
}
