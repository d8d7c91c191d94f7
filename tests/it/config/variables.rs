//! Variables with the prefix of settings: near misses are rejected, others are ignored with a warning.

use std::net::SocketAddr;

use super::{load, refusal};

/// Names that Kubernetes derives from Services `quarry` and `quarry-api`, and others that resemble no setting.
const FOREIGN: &[&str] = &[
    "QUARRY_PORT",
    "QUARRY_PORT_8000_TCP",
    "QUARRY_PORT_8000_TCP_ADDR",
    "QUARRY_PORT_8000_TCP_PORT",
    "QUARRY_PORT_8000_TCP_PROTO",
    "QUARRY_PORT_53_UDP",
    "QUARRY_SERVICE_HOST",
    "QUARRY_SERVICE_PORT",
    "QUARRY_SERVICE_PORT_HTTP",
    "QUARRY_API_SERVICE_HOST",
    "QUARRY_API_PORT_8000_TCP",
    // Services whose names resemble settings: redis-url, data, keys.
    "QUARRY_REDIS_URL_SERVICE_HOST",
    "QUARRY_DATA_PORT",
    "QUARRY_KEYS_SERVICE_PORT",
    "QUARRY_IMAGE_TAG",
    "QUARRY_VERSION",
    "QUARRY_HOME",
];

#[test]
fn variables_that_resemble_no_setting_are_ignored_and_named() {
    for name in FOREIGN {
        let settings = load("", &[(name, "s3cret")]).unwrap_or_else(|error| panic!("{error}"));
        let warning = settings.foreign_variables().unwrap_or_else(|| panic!("{name} is not named"));
        assert!(warning.contains(name) && !warning.contains("s3cret"), "{warning}");
        let address: SocketAddr = "127.0.0.1:8000".parse().unwrap();
        assert!(settings.warnings(address).contains(&warning), "{name} is not in the log");
        assert!(!settings.to_toml_redacted().contains(name), "{name} is shown as a setting");
    }
    let all: Vec<(&str, &str)> = FOREIGN.iter().map(|name| (*name, "x")).collect();
    let warning = load("", &all).unwrap().foreign_variables().unwrap();
    assert!(FOREIGN.iter().all(|name| warning.contains(name)), "{warning}");
    assert_eq!(load("", &[("QUARRY_LISTEN", "127.0.0.1:1")]).unwrap().foreign_variables(), None);
}

#[test]
fn near_misses_of_settings_are_rejected_with_the_nearest_known_one() {
    for (name, meant) in [
        ("QUARRY_LISTN", "QUARRY_LISTEN"),
        ("QUARRY_LISTEN_ADDR", "QUARRY_LISTEN"),
        ("QUARRY_DATABASE_URI", "QUARRY_DATABASE_URL"),
        ("QUARRY_DATABASE", "QUARRY_DATABASE_URL"),
        ("QUARRY_DATABASE_URL_FILE", "QUARRY_DATABASE_URL"),
        ("QUARRY_REDIS", "QUARRY_REDIS_URL"),
        ("QUARRY_LOG_LEVEL", "QUARRY_LOG__LEVEL"),
        ("QUARRY_LOGLEVEL", "QUARRY_LOG__LEVEL"),
        ("QUARRY_SERVER_METRICS_LISTEN", "QUARRY_SERVER__METRICS_LISTEN"),
        ("QUARRY_CONCURRENCY", "QUARRY_SEARCH__CONCURRENCY"),
        ("QUARRY_KEYSTROKES_WINDOW", "QUARRY_KEYSTROKES__WINDOW"),
        ("QUARRY_CONFIG_FILE", "QUARRY_CONFIG"),
    ] {
        let error = refusal("", &[(name, "x")]);
        assert!(error.starts_with(&format!("{name}: unknown variable; ")), "{error}");
        assert!(error.contains(&format!("`{meant}`")), "{name} is not taken for {meant}: {error}");
    }
    // Two underscores mark a setting in a table, however far it is from a known one.
    for name in ["QUARRY_SERVER__PORT", "QUARRY_NOTHING__LIKE_IT", "QUARRY_X__SERVICE_HOST"] {
        assert!(refusal("", &[(name, "x")]).starts_with(&format!("{name}: unknown variable; ")), "{name}");
    }
    for (name, table) in
        [("QUARRY_KEYS", "keys"), ("QUARRY_KEY", "keys"), ("QUARRY_SOURCES_0_URL", "sources")]
    {
        let error = refusal("", &[(name, "x")]);
        assert_eq!(error, format!("{name}: unknown variable; `[[{table}]]` are set in the file alone"));
    }
}

#[test]
fn a_variable_of_a_header_is_not_foreign() {
    let headers =
        "pagination = { kind = \"offset\" }\nheaders = { Authorization = \"Bearer ${QUARRY_VERSION}\" }";
    let file = super::SOURCE.replace("pagination = { kind = \"offset\" }", headers);
    assert_eq!(load(&file, &[("QUARRY_VERSION", "x")]).unwrap().foreign_variables(), None);
}
