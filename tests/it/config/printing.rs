//! The output of `quarry config`, and the reference of all settings.

use std::collections::BTreeSet;

use quarry::config::{Settings, reference};

use super::{SOURCE, load, refusal};

const FULL: &str = r#"
listen = "127.0.0.1:9"
data_dir = "elsewhere"
database_url = "postgres://quarry:s3cret@db/quarry?sslmode=require&sslpassword=s3cret"
redis_url = "rediss://quarry:s3cret@cache:6380/1"
[persisted]
documents = "persisted-documents.json"
[server]
metrics_listen = "127.0.0.1:10"
[telemetry]
otlp_endpoint = "https://quarry:s3cret@collector:4318"

[opensearch]
username = "quarry"
password = "s3cret"
ca_file = "ca.pem"
[log]
level = "warn,quarry=debug"
[[keys]]
name = "shop"
hash = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
scopes = ["SEARCH"]
expires = "2027-01-31"
origins = ["https://shop.example"]
[[sources]]
name = "messages"
url = "http://user:s3cret@127.0.0.1:9000/messages/?api_key=s3cret&lang=en"
total = "/total"
refresh = "90s"
redirect_hosts = ["cdn.example.com"]
max_shrink = 0.5
pagination = { kind = "cursor", next = "/page/next" }
fields = { key = "/id", text = "/message", title = "/subject" }
headers = { authorization = "Bearer s3cret", "X-Odd.Name" = "s3cret" }
params = { sig = "s3cret" }
method = "POST"
body = { order = "asc", pin = "s3cret", nested = [{ deep = "s3cret" }] }
pages = "header:X-Pages"
ca_file = "ca.pem"
client_cert = "client.pem"
client_key = "client.key"
stop = { status = [404], when = "/more" }
[sources.auth]
kind = "token_request"
url = "https://user:s3cret@id.example/?code=s3cret"
headers = { x-key = "s3cret" }
body = { password = "s3cret" }
header = "x-token"
lifetime = "5m"
[[sources.attributes]]
name = "price"
pointer = "/cost/net"
type = "number"
uses = ["filter", "sort"]
[[sources]]
name = "products"
url = "https://example.com/products"
pagination = { kind = "link" }
fields = { key = "/sku", text = "/description" }
[[sources]]
name = "reviews"
language = "german"
[[sources.attributes]]
name = "rating"
type = "number"
"#;

#[test]
fn secrets_are_redacted() {
    let printed = load(FULL, &[]).unwrap().to_toml_redacted();
    assert!(!printed.contains("s3cret"), "{printed}");
    assert!(
        printed.contains("postgres://quarry:redacted@db/quarry?sslmode=require&sslpassword=redacted"),
        "{printed}"
    );
    assert!(printed.contains("rediss://quarry:redacted@cache:6380/1"), "{printed}");
    assert!(
        printed.contains("http://user:redacted@127.0.0.1:9000/messages/?api_key=redacted&lang=en"),
        "{printed}"
    );
    assert!(printed.contains("authorization = \"[redacted]\""), "{printed}");
}

#[test]
fn each_value_is_printed_with_its_origin() {
    let printed = load(FULL, &[("QUARRY_SEARCH__CONCURRENCY", "50")]).unwrap().to_toml_redacted();
    for line in [
        "listen = \"127.0.0.1:9\" # quarry.toml",
        "insecure_listen = false # default",
        "concurrency = 50 # QUARRY_SEARCH__CONCURRENCY",
        "poll = \"250ms\" # default",
    ] {
        assert!(printed.lines().any(|printed| printed == line), "{line} is not in:\n{printed}");
    }
    let defaults = Settings::from_toml("").unwrap().to_toml_redacted();
    assert!(defaults.contains("database_url = \"sqlite://data/quarry.db\" # default"), "{defaults}");
}

#[test]
fn printed_settings_are_accepted_and_equal() {
    let open = FULL.replace("s3cret", "redacted");
    let printed = load(&open, &[]).unwrap().to_toml_redacted();
    // Redacted headers are rejected, since they would be sent.
    let error = refusal(&printed, &[]);
    assert!(
        error.contains("`sources.0.headers.authorization` is redacted: put its value in, or `${NAME}`"),
        "{error}"
    );

    let fed_back = printed.replace("[redacted]", "known");
    let expected =
        load(&open.replace("Bearer redacted", "known").replace("= \"redacted\"", "= \"known\""), &[])
            .unwrap();
    let again = load(&fed_back, &[]).unwrap_or_else(|error| panic!("{error}\n{printed}"));
    assert_eq!(again.sources, expected.sources);
    assert_eq!(again.keys, expected.keys);
    let without_origins = |settings: &Settings| {
        let text = settings.to_toml_redacted();
        text.lines().map(|line| line.split(" # ").next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(without_origins(&again), without_origins(&expected));
    assert_eq!(again.search, expected.search);
    assert_eq!(again.server, expected.server);
    assert_eq!(again.database_url, expected.database_url);
}

#[test]
fn the_reference_has_the_printed_settings() {
    let full = FULL.replace(
        "title = \"/subject\"",
        "title = \"/subject\", category = \"/c\", author_key = \"/a\", author_name = \"/n\", published_at = \"/p\", \
         date_format = \"%Y\", deleted = \"/d\"",
    );
    let full =
        full.replacen("pagination =", "since = { param = \"since\", field = \"/at\" }\npagination =", 1);
    let printed: toml::Table = toml::from_str(&load(&full, &[]).unwrap().to_toml_redacted()).unwrap();
    let mut shown = BTreeSet::new();
    for (name, value) in &printed {
        match value {
            toml::Value::Table(inner) => shown.extend(inner.keys().map(|key| format!("{name}.{key}"))),
            toml::Value::Array(keys) if name == "keys" => {
                shown.insert(name.clone());
                let keys = keys[0].as_table().unwrap().keys();
                shown.extend(keys.map(|key| format!("keys.{key}")));
            }
            toml::Value::Array(sources) => shown.extend(keys_of_source(sources[0].as_table().unwrap())),
            _ => {
                shown.insert(name.clone());
            }
        }
    }
    // The list itself, the settings of other kinds of pagination, the schedule, which excludes `refresh`, and the
    // parent, which excludes `since`.
    shown.extend(["sources", "sources.schedule", "sources.parent"].map(str::to_owned));
    shown.extend(["offset", "page", "first"].map(|name| format!("sources.pagination.{name}")));
    let auth = ["user", "password", "token_url", "client_id", "client_secret", "scope", "audience", "style"];
    shown.extend(auth.map(|name| format!("sources.auth.{name}")));
    // A user excludes it.
    shown.insert("opensearch.api_key".to_owned());
    let documented: BTreeSet<String> = reference().into_iter().map(|line| line.key).collect();
    assert_eq!(shown, documented);
    assert!(reference().iter().all(|line| !line.meaning.is_empty() && !line.default.is_empty()));
}

fn keys_of_source(source: &toml::Table) -> Vec<String> {
    let mut keys = Vec::new();
    for (name, value) in source {
        match (name.as_str(), value) {
            ("fields" | "since" | "stop", toml::Value::Table(inner)) => {
                keys.extend(inner.keys().map(|key| format!("sources.{name}.{key}")))
            }
            ("pagination" | "auth", toml::Value::Table(inner)) => {
                keys.push(format!("sources.{name}"));
                let names = inner.keys().filter(|name| *name != "kind");
                keys.extend(names.map(|key| format!("sources.{name}.{key}")));
            }
            ("attributes", toml::Value::Array(attributes)) => {
                keys.push(format!("sources.{name}"));
                let tables = attributes.iter().filter_map(toml::Value::as_table);
                let names = tables.flat_map(toml::Table::keys);
                keys.extend(names.map(|key| format!("sources.{name}.{key}")));
            }
            _ => keys.push(format!("sources.{name}")),
        }
    }
    keys
}

#[test]
fn the_defaults_of_the_reference_are_the_printed_ones() {
    let printed = load(SOURCE, &[]).unwrap().to_toml_redacted();
    for line in reference() {
        let Some(default) = line.default.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) else {
            continue;
        };
        if ["keys", "keys.origins", "sources", "sources.attributes", "sources.headers", "sources.params"]
            .contains(&line.key.as_str())
            || line.key.starts_with("sources.stop.")
            || line.key.starts_with("sources.since.")
            || line.key.starts_with("sources.attributes.")
            || line.meaning.starts_with("With `kind = ")
        {
            continue;
        }
        let name = line.key.rsplit('.').next().unwrap_or_default();
        let expected = format!("{name} = {default}");
        assert!(
            printed.lines().any(|line| line == expected || line == format!("{expected} # default")),
            "`{expected}` ({}) is not in:\n{printed}",
            line.key
        );
    }
}
