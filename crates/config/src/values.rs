//! The kinds of values that settings have: one function each, with bounds as arguments.

use std::net::SocketAddr;
use std::num::NonZero;
use std::time::Duration;

use serde::Serialize;
use toml::{Table, Value};
use url::{Position, Url};

use super::secret::{HIDDEN, Secret, redact_url};
use super::setting::{Scalar, one_of, quote};

/// The largest value of a setting with 32 bits.
pub(crate) const MAX_U32: u64 = u32::MAX as u64;
/// The largest number of bytes: 1 TiB.
pub(crate) const MAX_BYTES: u64 = 1 << 40;
/// The longest duration: longer ones are slips, and overflow clocks.
const MAX_DURATION: Duration = Duration::from_secs(3_650 * 24 * 60 * 60);
/// The levels of log lines.
const LOG_LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];
/// The item that matches everything, alone in its list.
const WILDCARD: &str = "*";

/// Text that is not empty.
pub(crate) fn text<T: From<String> + Serialize + 'static>() -> Scalar<T> {
    let parse = |text: &str| is_filled(text).then(|| T::from(text.to_owned()));
    Scalar::from_text("text that is not empty", parse)
}

/// Text that may be empty.
pub(crate) fn any_text() -> Scalar<String> {
    Scalar::from_text("text", |text| Some(text.to_owned()))
}

pub(crate) fn switch() -> Scalar<bool> {
    Scalar::new("true or false", Value::as_bool).parsed(|text| match text {
        "true" | "1" => true.into(),
        "false" | "0" => false.into(),
        text => text.into(),
    })
}

/// A whole number within bounds.
pub(crate) fn count<T: TryFrom<i64> + Serialize + 'static>(least: u64, most: u64) -> Scalar<T> {
    let read = move |value: &Value| {
        let count = value.as_integer()?;
        let fits = u64::try_from(count).is_ok_and(|count| (least..=most).contains(&count));
        T::try_from(count).ok().filter(|_| fits)
    };
    Scalar::new(format!("a whole number from {least} to {most}"), read)
        .parsed(|text| text.parse::<i64>().map_or_else(|_| text.into(), Value::from))
}

/// A number from 0 to 1.
pub(crate) fn share() -> Scalar<f64> {
    number(1)
}

/// The weight of a field in scores: a number from 0 to 10.
pub(crate) fn weight() -> Scalar<f64> {
    number(10)
}

/// A number from 0 to `most`.
fn number(most: u32) -> Scalar<f64> {
    let read = move |value: &Value| {
        let whole = || i32::try_from(value.as_integer()?).ok().map(f64::from);
        value.as_float().or_else(whole).filter(|number| (0.0..=f64::from(most)).contains(number))
    };
    Scalar::new(format!("a number from 0 to {most}"), read)
        .parsed(|text| text.parse::<f64>().map_or_else(|_| text.into(), Value::from))
}

/// A duration of at least `least`, such as "10ms".
pub(crate) fn duration(least: &str) -> Scalar<Duration> {
    let shortest = humantime::parse_duration(least).expect("the bound of a setting is a duration");
    let at_least = if shortest.is_zero() { String::new() } else { format!(" of at least {least}") };
    let parse = move |text: &str| {
        humantime::parse_duration(text).ok().filter(|span| (shortest..=MAX_DURATION).contains(span))
    };
    Scalar::from_text(format!("a duration{at_least} such as \"200ms\", \"10s\" or \"10m\""), parse)
        .written(|span| humantime::format_duration(*span).to_string().into())
}

/// One of the values of an enum.
pub(crate) fn choice<T: Copy + Serialize + 'static, const N: usize>(values: [T; N]) -> Scalar<T> {
    let words = values.map(|value| Value::try_from(value).expect("a choice serializes as a word"));
    let expected = one_of(words.iter().filter_map(Value::as_str));
    Scalar::new(expected, move |value| {
        words.iter().zip(values).find(|(word, _)| *word == value).map(|(_, choice)| choice)
    })
}

pub(crate) fn address() -> Scalar<SocketAddr> {
    Scalar::from_text("an IP address with a port such as \"127.0.0.1:8000\"", |text| text.parse().ok())
}

pub(crate) fn database_url() -> Scalar<Secret> {
    let expected = "an address that begins with sqlite:, postgres:// or mysql://; in user and password, % stands for %25, \
                    # for %23, / for %2F, ? for %3F and @ for %40";
    secret_url(expected, |text| {
        text.split_once(':').is_some_and(|(scheme, rest)| match scheme {
            // The path of a file follows no URL standard, so it is not parsed as one.
            "sqlite" => !rest.trim_start_matches('/').is_empty(),
            _ => is_server_url(text, &["postgres", "postgresql", "mysql"]),
        })
    })
}

pub(crate) fn redis_url() -> Scalar<Secret> {
    secret_url(
        "an address that begins with redis://, rediss:// or redis+unix:///, or \
         redis+sentinel://HOST,HOST/MASTER or redis+cluster://HOST,HOST (with TLS: rediss+…); in user and password, \
         % stands for %25, # for %23, / for %2F, ? for %3F and @ for %40",
        |text| {
            let is_socket =
                |url: Url| url.scheme() == "redis+unix" && url.path().len() > 1 && !url.has_host();
            is_server_url(text, &["redis", "rediss"])
                || Url::parse(text).is_ok_and(is_socket)
                || is_redis_group(text)
        },
    )
}

/// Recognizes the address of sentinels or of nodes of a cluster: hosts between commas.
fn is_redis_group(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (credentials, rest) = rest.rsplit_once('@').map_or(("", rest), |(user, rest)| (user, rest));
    let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
    let has_path = match scheme {
        "redis+sentinel" | "rediss+sentinel" => !path.is_empty(),
        "redis+cluster" | "rediss+cluster" => path.is_empty(),
        _ => return false,
    };
    let is_host = |host: &str| is_url(&format!("redis://{credentials}@{host}/?{query}"), &["redis"]);
    has_path && hosts.split(',').all(is_host)
}

pub(crate) fn otlp_url() -> Scalar<Secret> {
    secret_url(WEB_URL, is_web_url)
}

/// Text that is not empty and never shown.
pub(crate) fn secret() -> Scalar<Secret> {
    Scalar::from_text("text that is not empty", |text| is_filled(text).then(|| Secret::new(text)))
        .written(|secret| secret.expose().into())
        .redacted(|_| HIDDEN.into())
        .quoted(|_| HIDDEN.to_owned())
}

/// Addresses of the nodes of a cluster, without credentials.
pub(crate) fn node_urls() -> Scalar<Vec<String>> {
    list_of(1, "a list of http:// or https:// addresses without user and password", |text| {
        let is_plain = |url: &Url| url.username().is_empty() && url.password().is_none();
        let fits = is_web_url(text) && Url::parse(text).is_ok_and(|url| is_plain(&url));
        fits.then(|| text.to_owned())
    })
}

/// The beginning of the names of indexes.
pub(crate) fn index_prefix() -> Scalar<String> {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    Scalar::from_text("1 to 60 small letters, digits, - and _, the first of them a letter", move |text| {
        let fits = text.len() <= 60 && text.starts_with(|c: char| c.is_ascii_lowercase());
        (fits && text.chars().all(is_letter)).then(|| text.to_owned())
    })
}

/// An address that may contain a password.
fn secret_url(expected: &str, fits: fn(&str) -> bool) -> Scalar<Secret> {
    Scalar::from_text(expected, move |text| fits(text).then(|| Secret::new(text)))
        .written(|url| url.expose().into())
        .redacted(redact)
        .quoted(quote_url)
}

pub(crate) const WEB_URL: &str = "an http:// or https:// address";

fn redact(url: Value) -> Value {
    redact_url(url.as_str().unwrap_or_default()).into()
}

fn quote_url(url: &str) -> String {
    quote(&redact_url(url))
}

pub(crate) fn is_web_url(text: &str) -> bool {
    is_url(text, &["http", "https"])
}

fn is_url(text: &str, schemes: &[&str]) -> bool {
    Url::parse(text).is_ok_and(|url| schemes.contains(&url.scheme()) && url.has_host())
}

/// Recognizes the address of a server that may contain a password.
///
/// After an unencoded `/`, `?` or `#` in a password, its rest and the `@` are a path, query or fragment.
fn is_server_url(text: &str, schemes: &[&str]) -> bool {
    is_url(text, schemes) && Url::parse(text).is_ok_and(|url| !url[Position::BeforePath..].contains('@'))
}

/// Levels of log lines, also by module.
pub(crate) fn log_filter() -> Scalar<String> {
    let parse = |text: &str| text.split(',').all(is_log_directive).then(|| text.to_owned());
    Scalar::from_text(
        "levels (off, error, warn, info, debug, trace), also by module: \"info,quarry::crawl=debug\"",
        parse,
    )
}

/// Recognizes `level` or `module=level`.
///
/// A lone word that is no level is probably a slip, though the log would treat it as a module.
fn is_log_directive(directive: &str) -> bool {
    let (module, level) = directive.rsplit_once('=').unwrap_or(("quarry", directive));
    let module = module.trim();
    !module.is_empty()
        && module.chars().all(|char| char.is_alphanumeric() || "_-:".contains(char))
        && LOG_LEVELS.contains(&level.trim().to_lowercase().as_str())
}

/// A list of words or phrases.
pub(crate) fn words() -> Scalar<Vec<String>> {
    list("a list of words or phrases such as [\"darn\", \"red tape\"]", |text| owned_if(text, is_filled))
}

/// A list of header names, or the wildcard.
pub(crate) fn header_names() -> Scalar<Vec<String>> {
    let is_name = |text: &str| text != WILDCARD && http::HeaderName::from_bytes(text.as_bytes()).is_ok();
    list_or_wildcard(
        "a list of header names such as [\"baggage\", \"x-shop-version\"]; or [\"*\"] alone",
        is_name,
    )
}

/// A list of origins exactly as browsers serialize them, or the wildcard.
pub(crate) fn browser_origins() -> Scalar<Vec<String>> {
    list_or_wildcard(
        "a list of origins as browsers name them, such as [\"https://shop.example\", \
         \"http://localhost:5173\"]: scheme, host and port if it is not the usual one, no path; or [\"*\"] alone",
        is_browser_origin,
    )
}

fn is_browser_origin(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    // Origins are compared letter by letter, so a pattern would match nothing.
    let Some(host) = url.host_str().filter(|host| !host.contains('*')) else { return false };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    text == format!("{}://{host}{port}", url.scheme())
}

/// A list of host names without ports, or the wildcard.
pub(crate) fn hosts() -> Scalar<Vec<String>> {
    list_or_wildcard(
        "a list of host names, without ports, such as [\"api.example.com\"]; or [\"*\"] alone",
        |text| parse_host(text).is_some(),
    )
}

/// A list of host names, each with an optional port.
pub(crate) fn redirect_hosts() -> Scalar<Vec<String>> {
    list(
        "a list of host names, each with a port or without, such as [\"cdn.example.com\", \
         \"mirror.example.com:8080\"]",
        |text| owned_if(text, |text| parse_authority(text).is_some()),
    )
}

/// Parses a host name that is no pattern.
fn parse_host(text: &str) -> Option<url::Host> {
    url::Host::parse(text).ok().filter(|_| !text.contains('*'))
}

/// Parses an entry of `redirect_hosts`: a host with an optional port.
pub fn parse_authority(text: &str) -> Option<(url::Host, Option<NonZero<u16>>)> {
    let (host, port) = match text.rsplit_once(':') {
        // The colons of an IPv6 address stand within its brackets.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
        _ => (text, None),
    };
    Some((parse_host(host)?, port))
}

/// Recognizes a list of hosts, headers or origins that is the wildcard.
pub fn allows_every(listed: &[String]) -> bool {
    listed.iter().any(|item| item == WILDCARD)
}

fn list_or_wildcard(expected: &str, fits: fn(&str) -> bool) -> Scalar<Vec<String>> {
    let read = move |value: &Value| match value.as_array()?.as_slice() {
        [only] if only.as_str() == Some(WILDCARD) => Some(vec![WILDCARD.to_owned()]),
        items => items.iter().map(|item| owned_if(item.as_str()?, fits)).collect(),
    };
    let fits_item = move |item: &Value| item.as_str().is_some_and(fits);
    Scalar::new(expected, read).parsed(parse_list).with_items(fits_item)
}

/// A list whose items `parse` accepts.
pub(crate) fn list<T: Serialize + 'static>(
    expected: impl Into<String>,
    parse: fn(&str) -> Option<T>,
) -> Scalar<Vec<T>> {
    list_of(0, expected, parse)
}

/// A list of at least `least` items.
pub(crate) fn list_of<T: Serialize + 'static>(
    least: usize,
    expected: impl Into<String>,
    parse: fn(&str) -> Option<T>,
) -> Scalar<Vec<T>> {
    let item = move |item: &Value| parse(item.as_str()?);
    let read = move |value: &Value| {
        let items = value.as_array().filter(|items| items.len() >= least)?;
        items.iter().map(item).collect()
    };
    Scalar::new(expected, read).parsed(parse_list).with_items(move |value| item(value).is_some())
}

/// Parses items between commas, or a list in TOML, as defaults are printed.
pub(crate) fn parse_list(text: &str) -> Value {
    let printed = text.starts_with('[').then(|| toml::from_str::<Table>(&format!("value = {text}")).ok());
    match printed.flatten().and_then(|mut table| table.remove("value")) {
        Some(list) => list,
        None => text.split(',').map(str::trim).collect::<Vec<_>>().into(),
    }
}

fn is_filled(text: &str) -> bool {
    !text.trim().is_empty()
}

fn owned_if(text: &str, fits: fn(&str) -> bool) -> Option<String> {
    fits(text).then(|| text.to_owned())
}
