//! Whether a single value is what its setting may be. Pure: a value in, a verdict out.

use std::net::SocketAddr;
use std::num::NonZero;

use figment::value::Value;
use humantime_serde::re::humantime;
use url::Url;

use super::key::parse_time;
use super::reference::{Kind, PAGINATION};
use super::show;
use super::source::JsonPointer;
use quarry_domain::{KeyHash, KeyName, Origin, Scope, SourceName};

/// The longest duration that is taken: longer ones are slips, and overflow clocks.
const LONGEST_DAYS: u64 = 3_650;
/// What a log line can be.
const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];
/// The item that stands for everything, alone in its list.
const EVERY: &str = "*";
/// How much of a wrong value is shown.
const SHOWN_CHARS: usize = 60;

/// Checks a value that is no table of settings. The error says what it must be.
pub(super) fn check(kind: Kind, value: &Value) -> Result<(), String> {
    let text = value.as_str();
    let fits = match kind {
        Kind::Text => is_filled(value),
        Kind::Switch => value.to_bool().is_some(),
        Kind::Count(least, most) => {
            value.to_i128().is_some_and(|count| (i128::from(least)..=i128::from(most)).contains(&count))
        }
        Kind::Span(least) => text
            .and_then(|text| humantime::parse_duration(text).ok())
            .is_some_and(|span| span >= least && span.as_secs() <= LONGEST_DAYS * 24 * 60 * 60),
        Kind::Share => number(value).is_some_and(|share| (0.0..=1.0).contains(&share)),
        Kind::Pointer => text.is_some_and(|text| JsonPointer::parse(text).is_some()),
        Kind::Choice(words) => text.is_some_and(|text| words.contains(&text)),
        Kind::Address => text.is_some_and(|text| text.parse::<SocketAddr>().is_ok()),
        Kind::DatabaseUrl => text.is_some_and(is_database_url),
        Kind::RedisUrl => text.is_some_and(is_redis_url),
        Kind::WebUrl => text.is_some_and(is_web_url),
        Kind::SourceName => text.is_some_and(|text| SourceName::parse(text).is_ok()),
        Kind::RedirectHosts | Kind::Words | Kind::Origins => {
            value.as_array().is_some_and(|_| wrong(kind, value).is_none())
        }
        Kind::Hosts | Kind::HeaderNames | Kind::Pages => {
            value.as_array().is_some_and(|items| is_every(items) || wrong(kind, value).is_none())
        }
        Kind::LogFilter => text.is_some_and(|text| text.split(',').all(is_log_directive)),
        Kind::Headers | Kind::Pagination => value.as_dict().is_some(),
        Kind::Sources | Kind::Keys => value.as_array().is_some(),
        Kind::KeyName => text.is_some_and(|text| KeyName::parse(text).is_ok()),
        Kind::KeyHash => text.is_some_and(|text| text.parse::<KeyHash>().is_ok()),
        Kind::Scopes => {
            value.as_array().is_some_and(|scopes| !scopes.is_empty() && wrong(kind, value).is_none())
        }
        Kind::Time => text.is_some_and(|text| parse_time(text).is_some()),
    };
    if fits { Ok(()) } else { Err(expected(kind)) }
}

/// What a value is, for a person to recognise it: never a secret.
pub(super) fn describe(kind: Kind, value: &Value) -> String {
    // Who mistakes the key for its hash must not find it in a log.
    let secret = matches!(kind, Kind::Headers | Kind::KeyHash);
    match value {
        Value::String(..) if secret => "text".to_owned(),
        Value::String(_, text) if text.is_empty() => "empty".to_owned(),
        Value::String(_, text) if matches!(kind, Kind::DatabaseUrl | Kind::RedisUrl | Kind::WebUrl) => {
            shorten(&format!("{:?}", show::redact_url(text)))
        }
        Value::String(_, text) => shorten(&format!("{text:?}")),
        Value::Char(_, char) => format!("{:?}", char.to_string()),
        Value::Bool(_, value) => value.to_string(),
        Value::Num(..) => number_text(value),
        Value::Empty(..) => "nothing".to_owned(),
        Value::Dict(..) => "a table".to_owned(),
        Value::Array(_, items) if items.is_empty() => "an empty list".to_owned(),
        Value::Array(..) => match wrong(kind, value) {
            Some(Value::String(_, text)) if text.is_empty() => "a list with \"\"".to_owned(),
            Some(wrong) => format!("a list with {}", describe(Kind::Text, wrong)),
            None => "a list".to_owned(),
        },
    }
}

/// The first element of a list that cannot stand in it.
fn wrong(kind: Kind, value: &Value) -> Option<&Value> {
    let fits = match kind {
        Kind::Hosts => is_host,
        Kind::RedirectHosts => is_authority,
        Kind::HeaderNames => is_header_name,
        Kind::Words => is_filled,
        Kind::Pages => is_page,
        Kind::Scopes => is_scope,
        Kind::Origins => is_origin,
        _ => return None,
    };
    value.as_array()?.iter().find(|item| !fits(item))
}

fn expected(kind: Kind) -> String {
    match kind {
        Kind::Text => "text that is not empty".to_owned(),
        Kind::Switch => "true or false".to_owned(),
        Kind::Count(least, most) => format!("a whole number from {least} to {most}"),
        Kind::Span(least) if least.is_zero() => "a duration such as \"200ms\", \"10s\" or \"10m\"".to_owned(),
        Kind::Span(least) => format!(
            "a duration of at least {} such as \"200ms\", \"10s\" or \"10m\"",
            humantime::format_duration(least)
        ),
        Kind::Share => "a number from 0 to 1".to_owned(),
        Kind::Pointer => "a JSON pointer: empty, or beginning with `/`".to_owned(),
        Kind::Choice(words) => one_of(words),
        Kind::Address => "an IP address with a port such as \"127.0.0.1:8000\"".to_owned(),
        Kind::DatabaseUrl => "an address that begins with sqlite:, postgres:// or mysql://".to_owned(),
        Kind::RedisUrl => "an address that begins with redis:// or rediss://".to_owned(),
        Kind::WebUrl => "an http:// or https:// address".to_owned(),
        Kind::SourceName => {
            "a name of 1 to 64 characters, without control characters or blanks at its ends".to_owned()
        }
        Kind::Hosts => {
            "a list of host names, without ports, such as [\"api.example.com\"]; or [\"*\"] alone".to_owned()
        }
        Kind::RedirectHosts => {
            "a list of host names, each with a port or without, such as [\"cdn.example.com\", \
             \"mirror.example.com:8080\"]"
                .to_owned()
        }
        Kind::HeaderNames => {
            "a list of header names such as [\"baggage\", \"x-shop-version\"]; or [\"*\"] alone".to_owned()
        }
        Kind::Pages => "a list of origins as browsers name them, such as [\"https://shop.example\", \
                        \"http://localhost:5173\"]: scheme, host and port if it is not the usual one, no path; or \
                        [\"*\"] alone"
            .to_owned(),
        Kind::Words => "a list of words or phrases such as [\"darn\", \"red tape\"]".to_owned(),
        Kind::LogFilter => {
            "levels (off, error, warn, info, debug, trace), also by module: \"info,quarry::crawl=debug\""
                .to_owned()
        }
        Kind::Headers => "a table of header names and values".to_owned(),
        Kind::Pagination => format!("a table with a `kind`, {}", one_of(&kinds())),
        Kind::Sources => "a list of tables, each written under its own `[[sources]]`".to_owned(),
        Kind::Keys => "a list of tables, each written under its own `[[keys]]`".to_owned(),
        Kind::KeyName => "a name of 1 to 64 letters, digits, `-`, `_` and `.`".to_owned(),
        Kind::KeyHash => {
            "the hash of a key, not the key: `sha256:` and 64 digits, as `quarry key new` prints it"
                .to_owned()
        }
        Kind::Scopes => {
            format!("a list of scopes, each {}", one_of(&Scope::ALL.map(Scope::as_str)))
        }
        Kind::Time => "a time such as \"2027-01-31T12:00:00Z\", or a day such as \"2027-01-31\"".to_owned(),
        Kind::Origins => "a list of origins of pages such as [\"https://shop.example\"]: scheme, host and port, no path".to_owned(),
    }
}

/// The kinds of pagination there are.
pub(super) fn kinds() -> Vec<&'static str> {
    PAGINATION.iter().map(|(kind, _)| *kind).collect()
}

/// "one of `a`, `b`".
pub(super) fn one_of(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    format!("one of {}", words.join(", "))
}

fn number(value: &Value) -> Option<f64> {
    value.to_f64().or_else(|| value.to_i128().and_then(|whole| i32::try_from(whole).ok()).map(f64::from))
}

fn number_text(value: &Value) -> String {
    let whole = value.to_i128().map(|number| number.to_string());
    whole.or_else(|| value.to_f64().map(|number| number.to_string())).unwrap_or_else(|| "a number".to_owned())
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= SHOWN_CHARS {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(SHOWN_CHARS).collect();
    short.push('…');
    short
}

fn is_database_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    match scheme {
        // The path of a file is no part of any URL standard, so it is not parsed as one.
        "sqlite" => !rest.trim_start_matches('/').is_empty(),
        "postgres" | "postgresql" | "mysql" => Url::parse(text).is_ok_and(|url| url.has_host()),
        _ => false,
    }
}

fn is_redis_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "redis" | "rediss") && url.has_host())
}

fn is_web_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn is_host(value: &Value) -> bool {
    value.as_str().and_then(parse_host).is_some()
}

/// Reads a name without a pattern: a host matches it as a whole.
fn parse_host(text: &str) -> Option<url::Host> {
    url::Host::parse(text).ok().filter(|_| !text.contains('*'))
}

fn is_authority(value: &Value) -> bool {
    value.as_str().and_then(parse_authority).is_some()
}

/// Reads a host, or a host and its port, as `redirect_hosts` lists them.
pub fn parse_authority(text: &str) -> Option<(url::Host, Option<NonZero<u16>>)> {
    let (host, port) = match text.rsplit_once(':') {
        // The colons of an IPv6 address stand within its brackets.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
        _ => (text, None),
    };
    Some((parse_host(host)?, port))
}

fn is_header_name(value: &Value) -> bool {
    value.as_str().is_some_and(|name| name != EVERY && http::HeaderName::from_bytes(name.as_bytes()).is_ok())
}

fn is_scope(value: &Value) -> bool {
    value.as_str().is_some_and(|text| Scope::ALL.iter().any(|scope| scope.as_str() == text))
}

fn is_origin(value: &Value) -> bool {
    value.as_str().is_some_and(|text| Origin::parse(text).is_ok())
}

/// Recognizes the list that stands for everything.
fn is_every(items: &[Value]) -> bool {
    matches!(items, [only] if only.as_str() == Some(EVERY))
}

/// Recognizes a list of hosts, headers or origins that stands for all of them.
pub fn allows_every(listed: &[String]) -> bool {
    listed.iter().any(|item| item == EVERY)
}

/// Exactly as browsers name an origin.
fn is_page(value: &Value) -> bool {
    let Some((text, url)) = value.as_str().and_then(|text| Some((text, Url::parse(text).ok()?))) else {
        return false;
    };
    // No pattern is meant: origins are compared letter by letter.
    let Some(host) = url.host_str().filter(|host| !host.contains('*')) else { return false };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    text == format!("{}://{host}{port}", url.scheme())
}

fn is_filled(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

/// `level` or `module=level`. A lone word that is no level is taken for a slip, though the
/// log would take it for a module.
fn is_log_directive(directive: &str) -> bool {
    let (module, level) = directive.rsplit_once('=').unwrap_or(("quarry", directive));
    let is_module = |char: char| char.is_alphanumeric() || "_-:".contains(char);
    let module = module.trim();
    !module.is_empty()
        && module.chars().all(is_module)
        && LEVELS.contains(&level.trim().to_lowercase().as_str())
}
