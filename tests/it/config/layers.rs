//! The precedence of layers, and the choice of the file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use quarry::config::{LogFormat, Overrides, Settings, reference};

use super::{load, load_in, refusal};

#[test]
fn empty_settings_are_the_defaults() {
    let empty = tempfile::tempdir().unwrap();
    let settings = load_in(empty.path(), &[], &Overrides::default()).unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8000");
    assert!(!settings.insecure_listen);
    assert_eq!(settings.data_dir, Path::new("data"));
    assert_eq!(settings.database_url.expose(), "sqlite://data/quarry.db");
    assert_eq!(settings.search.poll, Duration::from_millis(250));
    assert!(settings.search.concurrency >= 4 && settings.search.concurrency.is_multiple_of(4));
    assert_eq!(settings.server.max_body_bytes, 16 << 20);
    assert_eq!(settings.log.format, LogFormat::Text);
    assert!(settings.sources.crawled.is_empty());
    assert!(settings.keys.is_empty());
    assert_eq!(settings.warnings(settings.listen).len(), 1, "that there are no keys");
}

#[test]
fn flags_override_variables_which_override_the_file_which_overrides_defaults() {
    let directory = tempfile::tempdir().unwrap();
    let file =
        "listen = \"127.0.0.1:1\"\ndata_dir = \"from-file\"\n[search]\nconcurrency = 20\npoll = \"1s\"\n";
    std::fs::write(directory.path().join("quarry.toml"), file).unwrap();
    let variables = [
        ("QUARRY_LISTEN", "127.0.0.1:2"),
        ("QUARRY_SEARCH__CONCURRENCY", "30"),
        ("QUARRY_LOG__FORMAT", "json"),
        ("PATH", "/bin"),
    ];
    let overrides = Overrides { listen: Some("127.0.0.1:3".to_owned()), ..Overrides::default() };
    let settings = load_in(directory.path(), &variables, &overrides).unwrap();
    assert_eq!(settings.listen.port(), 3);
    assert_eq!(settings.search.concurrency, 30);
    assert_eq!(settings.log.format, LogFormat::Json);
    assert_eq!(settings.search.poll, Duration::from_secs(1));
    assert_eq!(settings.data_dir, Path::new("from-file"));
    assert_eq!(settings.database_url.expose(), "sqlite://from-file/quarry.db");
    assert_eq!(settings.search.indexing_threads, 1);

    let without_argument = load_in(directory.path(), &variables, &Overrides::default()).unwrap();
    assert_eq!(without_argument.listen.port(), 2);
}

#[test]
fn each_flag_sets_its_setting() {
    let directory = tempfile::tempdir().unwrap();
    let overrides = Overrides {
        config: None,
        listen: Some("[::1]:9".to_owned()),
        data_dir: Some("/var/lib/quarry".to_owned()),
        database_url: Some("postgres://quarry@db/quarry".to_owned()),
        log_level: Some("debug".to_owned()),
        ..Overrides::default()
    };
    let settings = load_in(directory.path(), &[], &overrides).unwrap();
    assert_eq!(settings.listen.to_string(), "[::1]:9");
    assert_eq!(settings.data_dir, Path::new("/var/lib/quarry"));
    assert_eq!(settings.database_url.expose(), "postgres://quarry@db/quarry");
    assert_eq!(settings.log.level, "debug");
}

#[test]
fn a_wrong_value_of_a_flag_names_the_flag() {
    let overrides = Overrides { listen: Some("8000".to_owned()), ..Overrides::default() };
    let error = load_in(tempfile::tempdir().unwrap().path(), &[], &overrides).unwrap_err();
    assert_eq!(
        error.to_string(),
        "--listen: `listen` is \"8000\", but must be an IP address with a port such as \"127.0.0.1:8000\""
    );
}

#[test]
fn the_embedded_database_is_in_the_data_folder_of_any_name() {
    let url = |data_dir| {
        let settings = load("", &[("QUARRY_DATA_DIR", data_dir)]).unwrap();
        settings.database_url.expose().to_owned()
    };
    assert_eq!(url("/var/lib/quarry/"), "sqlite:///var/lib/quarry/quarry.db");
    assert_eq!(url("what?100%"), "sqlite://what%3F100%25/quarry.db");
    // A variable of digits is text for a setting with text.
    assert_eq!(url("2026"), "sqlite://2026/quarry.db");
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let settings = load("", &[("QUARRY_LISTEN", ""), ("QUARRY_CONFIG", "")]).unwrap();
    assert_eq!(settings.listen.port(), 8000);
}

#[test]
fn switches_are_words_or_digits() {
    for (text, expected) in [("true", true), ("1", true), ("false", false), ("0", false)] {
        let settings = load("", &[("QUARRY_INSECURE_LISTEN", text)]).unwrap();
        assert_eq!(settings.insecure_listen, expected, "{text}");
    }
    assert_eq!(
        refusal("", &[("QUARRY_INSECURE_LISTEN", "yes")]),
        "QUARRY_INSECURE_LISTEN: `insecure_listen` is \"yes\", but must be true or false"
    );
}

#[test]
fn lists_are_separated_by_commas_in_a_variable() {
    let words = ["darn", "red tape"];
    let file = "[suggest]\nblocklist = [\"darn\", \"red tape\"]";
    assert_eq!(load(file, &[]).unwrap().suggest.blocklist, words);
    assert_eq!(
        load("", &[("QUARRY_SUGGEST__BLOCKLIST", "darn, red tape")]).unwrap().suggest.blocklist,
        words
    );
    let expected = "must be a list of words or phrases such as [\"darn\", \"red tape\"]";
    assert_eq!(
        refusal("", &[("QUARRY_SUGGEST__BLOCKLIST", "darn,,tape")]),
        format!("QUARRY_SUGGEST__BLOCKLIST: `suggest.blocklist` is a list with \"\", but {expected}")
    );
    assert_eq!(
        refusal("[suggest]\nblocklist = \"darn\"", &[]),
        format!("quarry.toml: `suggest.blocklist` is \"darn\", but {expected}")
    );
}

#[test]
fn a_named_file_is_read_and_must_exist() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("quarry.toml"), "listen = \"127.0.0.1:1\"").unwrap();
    std::fs::write(directory.path().join("by-variable.toml"), "listen = \"127.0.0.1:2\"").unwrap();
    std::fs::write(directory.path().join("by-argument.toml"), "listen = \"127.0.0.1:3\"").unwrap();
    let port = |variables: &[(&str, &str)], argument: Option<&str>| {
        let overrides = Overrides { config: argument.map(PathBuf::from), ..Overrides::default() };
        load_in(directory.path(), variables, &overrides).map(|settings| settings.listen.port())
    };
    assert_eq!(port(&[], None), Ok(1));
    assert_eq!(port(&[("QUARRY_CONFIG", "by-variable.toml")], None), Ok(2));
    assert_eq!(port(&[("QUARRY_CONFIG", "by-variable.toml")], Some("by-argument.toml")), Ok(3));

    let error = port(&[("QUARRY_CONFIG", "gone.toml")], None).unwrap_err().to_string();
    assert!(error.starts_with("gone.toml: cannot be read: "), "{error}");
    assert!(error.ends_with("(set by QUARRY_CONFIG)"), "{error}");
    let error = port(&[], Some("gone.toml")).unwrap_err().to_string();
    assert!(error.ends_with("(set by --config)"), "{error}");
}

#[test]
fn an_unreadable_file_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("quarry.toml")).unwrap();
    let error = load_in(directory.path(), &[], &Overrides::default()).unwrap_err().to_string();
    assert!(error.starts_with("quarry.toml: cannot be read: "), "{error}");
}

#[test]
fn each_setting_outside_lists_has_a_variable() {
    let defaults = Settings::from_toml("").unwrap();
    let printed = defaults.to_toml_redacted();
    for line in reference() {
        let (Some(variable), Some((_, name))) =
            (line.variable, line.key.rsplit_once('.').or(Some(("", &line.key))))
        else {
            continue;
        };
        // The printed default without quotes, as a shell exports it.
        let value = printed
            .lines()
            .find_map(|printed| printed.strip_prefix(&format!("{name} = ")))
            .and_then(|rest| rest.split_once(" #"))
            .map(|(value, _)| value.trim_matches('"').to_owned())
            .unwrap_or_else(|| match line.key.as_str() {
                // Settings without a default.
                "redis_url" => "redis://127.0.0.1:6379".to_owned(),
                "persisted.documents" => "persisted-documents.json".to_owned(),
                "server.metrics_listen" => "127.0.0.1:9".to_owned(),
                "telemetry.otlp_endpoint" => "http://127.0.0.1:4318".to_owned(),
                "opensearch.username" | "opensearch.password" | "opensearch.api_key" => "quarry".to_owned(),
                "opensearch.ca_file" => "ca.pem".to_owned(),
                key => panic!("{key} is not printed"),
            });
        // One is invalid without the other.
        let file = match line.key.as_str() {
            "opensearch.username" => "[opensearch]\npassword = \"quarry\"",
            "opensearch.password" => "[opensearch]\nusername = \"quarry\"",
            _ => "",
        };
        let settings =
            load(file, &[(&variable, &value)]).unwrap_or_else(|error| panic!("{variable}: {error}"));
        assert!(
            settings.to_toml_redacted().lines().any(|printed| printed.ends_with(&format!("# {variable}"))),
            "{variable} does not reach {}",
            line.key
        );
    }
}

#[test]
fn the_common_variable_of_opentelemetry_is_the_default_collector() {
    let common = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
    let own = ("QUARRY_TELEMETRY__OTLP_ENDPOINT", "http://own:4318");
    let file = "[telemetry]\notlp_endpoint = \"http://file:4318\"";
    for (text, variables, expected) in [
        ("", vec![], None),
        ("", vec![common], Some("http://collector:4318")),
        (file, vec![common], Some("http://file:4318")),
        (file, vec![common, own], Some("http://own:4318")),
    ] {
        let settings = load(text, &variables).unwrap();
        assert_eq!(settings.telemetry.otlp_endpoint.as_ref().map(|endpoint| endpoint.expose()), expected);
    }
    let settings = load("", &[("QUARRY_TELEMETRY__SAMPLING", "0.25")]).unwrap();
    assert!((settings.telemetry.sampling - 0.25).abs() < f64::EPSILON);
    assert!(
        refusal("", &[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector")]).contains("OTEL_EXPORTER_OTLP_ENDPOINT")
    );
}
