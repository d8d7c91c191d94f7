//! API keys in the settings.

use quarry::config::parse_time;
use quarry::domain::Scope;

use super::{KEY, load, refusal};

#[test]
fn keys_are_read_with_all_their_settings() {
    let file = format!("{KEY}expires = \"2027-01-31\"\norigins = [\"https://Shop.example/\"]\n");
    let settings = load(&file, &[]).unwrap();
    let [key] = &settings.keys[..] else { panic!("{:?}", settings.keys) };
    assert_eq!((key.name.as_str(), &key.scopes[..]), ("operator", &Scope::ALL[..]));
    assert_eq!(key.expires, parse_time("2027-01-31T00:00:00Z"));
    assert_eq!(key.origins[0].as_str(), "https://shop.example");
    // TOML's own times are accepted as well.
    for (time, expected) in [
        ("2027-01-31", "2027-01-31T00:00:00Z"),
        ("2027-01-31T12:00:00+02:00", "2027-01-31T10:00:00Z"),
        ("2027-01-31 12:00:00Z", "2027-01-31T12:00:00Z"),
        ("\"2027-01-31T12:00:00Z\"", "2027-01-31T12:00:00Z"),
    ] {
        let settings = load(&format!("{KEY}expires = {time}"), &[]).unwrap();
        assert_eq!(settings.keys[0].expires, parse_time(expected), "{time}");
    }
}

#[test]
fn problems_of_a_key_are_reported_without_the_key() {
    let with = |from: &str, to: &str| refusal(&KEY.replace(from, to), &[]);
    for (from, to, message) in [
        ("scopes", "scope", "unknown key `keys.0.scope`; did you mean `scopes`?"),
        ("name = \"operator\"", "", "`keys.0.name` is missing: set it to a name of 1 to 64 letters"),
        (
            "operator",
            "the operator",
            "`keys.0.name` is \"the operator\", but must be a name of 1 to 64 letters",
        ),
        (
            "\"SEARCH\", ",
            "\"search\", ",
            "`keys.0.scopes` is a list with \"search\", but must be a list of scopes, each one of `SEARCH`",
        ),
        (
            "[\"SEARCH\", \"REPORTS\", \"ADMIN\"]",
            "[]",
            "`keys.0.scopes` is an empty list, but must be a list of scopes",
        ),
        (
            "[\"SEARCH\", \"REPORTS\", \"ADMIN\"]",
            "\"ADMIN\"",
            "`keys.0.scopes` is \"ADMIN\", but must be a list",
        ),
    ] {
        assert!(with(from, to).contains(message), "{}", with(from, to));
    }
    let pasted = KEY.replace("sha256:ba78", "quarry_ba78");
    let error = refusal(&pasted, &[]);
    assert!(error.contains("`keys.0.hash` is text, but must be the hash of a key, not the key"), "{error}");
    assert!(!error.contains("ba7816"), "{error}");
    for (line, problem) in [
        ("expires = \"soon\"", "`keys.0.expires` is \"soon\", but must be a time such as"),
        ("expires = 12:00:00", "`keys.0.expires` is \"12:00:00\", but must be a time such as"),
        (
            "origins = [\"shop.example\"]",
            "`keys.0.origins` is a list with \"shop.example\", but must be a list of origins",
        ),
    ] {
        let error = refusal(&format!("{KEY}{line}"), &[]);
        assert!(error.contains(problem), "{error}");
    }
    let error = refusal(&format!("{KEY}{KEY}"), &[]);
    assert!(error.contains("`keys.1.name` is \"operator\", which another key has"), "{error}");
    assert!(error.contains("`keys.1.hash` is that of another key"), "{error}");
    let error = refusal("", &[("QUARRY_KEYS", "x")]);
    assert!(error.contains("`[[keys]]` are set in the file alone"), "{error}");
}

#[test]
fn expired_keys_cause_a_warning() {
    let settings = load(&format!("{KEY}expires = \"2020-01-01\""), &[]).unwrap();
    assert_eq!(settings.warnings(settings.listen), ["the key \"operator\" has expired"]);
}

#[test]
fn changed_settings_are_named() {
    let before = load(KEY, &[]).unwrap();
    assert!(load(KEY, &[]).unwrap().changed_from(&before).is_empty());
    let after = load(
        "listen = \"127.0.0.1:1\"\ndatabase_url = \"postgres://u:other@db/q\"\n[search]\npoll = \"1s\"\n",
        &[],
    );
    let after = after.unwrap();
    assert_eq!(after.changed_from(&before), ["listen", "database_url", "search.poll", "keys"]);
    // A password alone is a change, although output redacts it.
    let with = |password: &str| load(&format!("redis_url = \"redis://:{password}@cache\""), &[]).unwrap();
    assert_eq!(with("one").changed_from(&with("other")), ["redis_url"]);
}
