//! Rejected settings and their messages.

use quarry::config::Settings;

use super::{KEY, SOURCE, load, refusal};

#[test]
fn unknown_keys_are_rejected_with_the_nearest_known_one() {
    for (file, message) in [
        ("lisen = \"127.0.0.1:1\"", "unknown key `lisen`; did you mean `listen`?"),
        ("[serach]\nconcurrency = 1", "unknown key `serach`; did you mean `search`?"),
        ("[search]\nconcurency = 1", "unknown key `search.concurency`; did you mean `concurrency`?"),
        ("concurrency = 1", "unknown key `concurrency`; did you mean `search.concurrency`?"),
        (
            "\"search.concurrency\" = 1",
            "unknown key `search.concurrency`; no known one resembles it: see docs/configuration.md",
        ),
        (
            "[search.limits]\nfirst = 1",
            "unknown key `search.limits`; no known one resembles it: see docs/configuration.md",
        ),
        ("listen = \"127.0.0.1:1\"\n[sources2]", "unknown key `sources2`; did you mean `sources`?"),
    ] {
        assert_eq!(refusal(file, &[]), format!("quarry.toml: {message}"), "{file}");
    }
}

#[test]
fn unknown_keys_of_a_source_are_rejected_at_any_depth() {
    let with = |line: &str| SOURCE.replace("name = \"messages\"", &format!("name = \"messages\"\n{line}"));
    assert_eq!(
        refusal(&with("feilds = {}"), &[]),
        "quarry.toml: unknown key `sources.0.feilds`; did you mean `fields`?"
    );
    assert_eq!(
        refusal(&with("").replace("text =", "txet ="), &[]),
        "quarry.toml: unknown key `sources.0.fields.txet`; did you mean `text`?"
    );
    assert_eq!(
        refusal(&SOURCE.replace("text =", "refresh = \"1m\", text ="), &[]),
        "quarry.toml: unknown key `sources.0.fields.refresh`; did you mean `sources.0.refresh`?"
    );
    assert_eq!(
        refusal(&SOURCE.replace("text =", "listen = \"1m\", text ="), &[]),
        "quarry.toml: unknown key `sources.0.fields.listen`; did you mean `listen`?"
    );
    assert_eq!(
        refusal(&SOURCE.replace("kind = \"offset\"", "kind = \"offset\", limmit = \"n\""), &[]),
        "quarry.toml: unknown key `sources.0.pagination.limmit` for kind `offset`; did you mean `limit`?"
    );
    assert_eq!(
        refusal(&SOURCE.replace("kind = \"offset\"", "kind = \"offset\", next = \"/n\""), &[]),
        "quarry.toml: unknown key `sources.0.pagination.next` for kind `offset`; it goes with kind one of `cursor`"
    );
}

#[test]
fn unknown_variables_are_rejected_except_those_of_tests() {
    assert_eq!(
        refusal("", &[("QUARRY_SEARCH_CONCURRENCY", "1")]),
        "QUARRY_SEARCH_CONCURRENCY: unknown variable; did you mean `QUARRY_SEARCH__CONCURRENCY`?"
    );
    assert_eq!(
        refusal("", &[("QUARRY_CONFG", "1")]),
        "QUARRY_CONFG: unknown variable; did you mean `QUARRY_CONFIG`?"
    );
    assert_eq!(
        refusal("", &[("QUARRY_SOURCES__0__NAME", "x")]),
        "QUARRY_SOURCES__0__NAME: unknown variable; `[[sources]]` are set in the file alone"
    );
    load("", &[("QUARRY_TEST_POSTGRES_URL", "postgres://x")]).unwrap();
}

#[test]
fn wrong_values_are_reported_with_key_value_and_expectation() {
    for (file, message) in [
        (
            "listen = 8000",
            "`listen` is 8000, but must be an IP address with a port such as \"127.0.0.1:8000\"",
        ),
        ("search = 5", "`search` is 5, but must be a table"),
        ("data_dir = \" \"", "`data_dir` is \" \", but must be text that is not empty"),
        ("data_dir = \"\"", "`data_dir` is empty, but must be text that is not empty"),
        (
            "[search]\nconcurrency = \"many\"",
            "`search.concurrency` is \"many\", but must be a whole number from 1 to 65536",
        ),
        (
            "[search]\nconcurrency = 0",
            "`search.concurrency` is 0, but must be a whole number from 1 to 65536",
        ),
        (
            "[search]\nconcurrency = -1",
            "`search.concurrency` is -1, but must be a whole number from 1 to 65536",
        ),
        (
            "[search]\nconcurrency = 1.5",
            "`search.concurrency` is 1.5, but must be a whole number from 1 to 65536",
        ),
        (
            "[search]\npoll = 250",
            "`search.poll` is 250, but must be a duration of at least 10ms such as \"200ms\", \"10s\" or \"10m\"",
        ),
        (
            "[server]\nshutdown_grace = \"99999days\"",
            "`server.shutdown_grace` is \"99999days\", but must be a duration such as \"200ms\", \"10s\" or \"10m\"",
        ),
        ("[log]\nformat = \"xml\"", "`log.format` is \"xml\", but must be one of `text`, `json`"),
        (
            "[server]\nallowed_origins = [\"https://shop.example\", \"https://shop.example/\"]",
            "`server.allowed_origins` is a list with \"https://shop.example/\", but must be a list of origins as \
             browsers name them, such as [\"https://shop.example\", \"http://localhost:5173\"]: scheme, host and \
             port if it is not the usual one, no path; or [\"*\"] alone",
        ),
        (
            "[server]\nallowed_hosts = [\"api.example\", \"api.example:8080\"]",
            "`server.allowed_hosts` is a list with \"api.example:8080\", but must be a list of host names, without \
             ports, such as [\"api.example.com\"]; or [\"*\"] alone",
        ),
        (
            "[server]\nallowed_hosts = [\"*.example\"]",
            "`server.allowed_hosts` is a list with \"*.example\", but must be a list of host names, without ports, such \
             as [\"api.example.com\"]; or [\"*\"] alone",
        ),
        (
            "[server]\nallowed_headers = [\"x-shop\", \"x shop\"]",
            "`server.allowed_headers` is a list with \"x shop\", but must be a list of header names such as \
             [\"baggage\", \"x-shop-version\"]; or [\"*\"] alone",
        ),
        (
            "[suggest]\nblocklist = [\"darn\", 7]",
            "`suggest.blocklist` is a list with 7, but must be a list of words or phrases such as [\"darn\", \
             \"red tape\"]",
        ),
        (
            "[server]\nmax_body_bytes = 3000000\n[limits]\nbodies_mb = 2",
            "`limits.bodies_mb` is 2, but must be at least 4: three quarters of it are to hold one body of \
             `server.max_body_bytes`, which is 3000000",
        ),
        (
            "[limits]\nresponse_bytes = 3000000\nresponses_mb = 2",
            "`limits.responses_mb` is 2, but must be at least 4: three quarters of it are to hold one response of \
             `limits.response_bytes`, which is 3000000",
        ),
        (
            "[persisted]\nonly_trusted = true",
            "`persisted.only_trusted` is true, but there are no trusted documents: set `persisted.documents` to \
             their file",
        ),
        ("insecure_listen = \"true\"", "`insecure_listen` is \"true\", but must be true or false"),
        (
            "sources = {}",
            "`sources` is a table, but must be a list of tables, each written under its own `[[sources]]`",
        ),
        ("sources = [1]", "`sources.0` is 1, but must be a table"),
    ] {
        assert_eq!(refusal(file, &[]), format!("quarry.toml: {message}"), "{file}");
    }
    assert_eq!(
        refusal("", &[("QUARRY_SEARCH__CONCURRENCY", "many")]),
        "QUARRY_SEARCH__CONCURRENCY: `search.concurrency` is \"many\", but must be a whole number from 1 to 65536"
    );
}

#[test]
fn origins_are_those_that_browsers_send() {
    for origins in
        ["https://shop.example", "http://localhost:5173", "capacitor://localhost", "*", "http://[::1]:1"]
    {
        load(&format!("[server]\nallowed_origins = [\"{origins}\"]"), &[])
            .unwrap_or_else(|error| panic!("{error}"));
    }
    let settings =
        load("", &[("QUARRY_SERVER__ALLOWED_ORIGINS", "https://a.example, https://b.example")]).unwrap();
    assert_eq!(settings.server.allowed_origins, ["https://a.example", "https://b.example"]);
    for origin in [
        "shop.example",
        "https://shop.example/app",
        "https://Shop.example",
        "https://shop.example:443",
        "https://ann@shop.example",
        "https://*.example",
        "null",
        "https://",
        "",
        "*\", \"https://shop.example",
    ] {
        let error = refusal(&format!("[server]\nallowed_origins = [\"{origin}\"]"), &[]);
        assert!(error.contains("must be a list of origins as browsers name them"), "{origin}: {error}");
    }
}

#[test]
fn a_misspelt_log_level_is_rejected() {
    for level in ["info", "WARN", "off", "info,quarry::crawl=debug", "quarry=trace"] {
        load("", &[("QUARRY_LOG__LEVEL", level)]).unwrap_or_else(|error| panic!("{error}"));
    }
    for level in ["inof", "info,", "quarry=loud", "3", "=info", "quarry crawl=info"] {
        let error = refusal("", &[("QUARRY_LOG__LEVEL", level)]);
        assert!(error.starts_with(&format!("QUARRY_LOG__LEVEL: `log.level` is \"{level}\"")), "{error}");
    }
}

#[test]
fn all_problems_are_listed() {
    let error = load(
        "lisen = 1\n[search]\npoll = 1\n[[sources]]\nname = \"a\"\ndelay = \"1s\"\n",
        &[("QUARRY_X__Y", "1"), ("QUARRY_LISTEN", "x")],
    )
    .unwrap_err();
    let origins: Vec<&str> = error.problems().iter().map(|problem| problem.origin.as_str()).collect();
    // Two of the file, four missing in the source; besides them, two variables.
    assert_eq!(origins.iter().filter(|origin| **origin == "quarry.toml").count(), 6, "{error}");
    assert!(origins.contains(&"QUARRY_X__Y") && origins.contains(&"QUARRY_LISTEN"), "{error}");
}

#[test]
fn problems_in_the_file_are_listed_by_line() {
    let file = format!(
        "lisen = 1\n[search]\nindexing_threads = 4\n\npoll = 1\n{SOURCE}[[sources]]\nname = \"b\"\n\
         headers = {{ a = \"${{X}}\" }}\n"
    );
    let error = load(&file, &[("QUARRY_LISTEN", "x")]).unwrap_err().to_string();
    let lines: Vec<&str> = error.lines().filter_map(|problem| Some(problem.split_once(" is")?.0)).collect();
    assert_eq!(
        lines,
        [
            "quarry.toml:5: `search.poll`",
            "quarry.toml:12: `sources.1.url`",
            "quarry.toml:12: `sources.1.pagination`",
            "quarry.toml:12: `sources.1.fields.key`",
            "quarry.toml:12: `sources.1.fields.text`",
            "quarry.toml:14: `sources.1.headers.a` names the variable X, which",
            "QUARRY_LISTEN: `listen`",
        ]
    );
    assert!(error.starts_with("quarry.toml:1: unknown key `lisen`; "), "{error}");
    // Settings that contradict each other, at the line of one that is set.
    let error = load("[search]\n\nindexing_threads = 64", &[]).unwrap_err().to_string();
    assert!(error.starts_with("quarry.toml:3: `search.indexing_memory_mb` is 128, but"), "{error}");
    let error = load(&format!("{SOURCE}{SOURCE}"), &[]).unwrap_err().to_string();
    assert!(error.starts_with("quarry.toml:9: `sources.1.name` is \"messages\""), "{error}");
    // All syntax errors at once.
    let error = load("listen = \n[search]\npoll = \"1s\"\ndata_dir = 'x", &[]).unwrap_err();
    assert_eq!(error.problems().len(), 2, "{error}");
}

#[test]
fn malformed_toml_is_reported_with_its_position_and_without_its_text() {
    let error = refusal("listen = \"127.0.0.1:1\"\n\n[x]\nauthorization = \"Bearer s3cret\n", &[]);
    assert!(error.starts_with("quarry.toml: is not valid TOML at line 4, column "), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
    let error = refusal("listen = \"a\"\nlisten = \"b\"", &[]);
    assert!(error.contains("line 2") && error.contains("duplicate key"), "{error}");
}

#[test]
fn without_keys_only_loopback_addresses_are_allowed_by_default() {
    let error = refusal("listen = \"0.0.0.0:8000\"", &[]);
    assert!(
        error.starts_with("quarry.toml: `listen` is \"0.0.0.0:8000\", which other machines may reach"),
        "{error}"
    );
    assert!(error.contains("QUARRY_INSECURE_LISTEN=true"), "{error}");
    assert!(refusal("", &[("QUARRY_LISTEN", "[::]:80")]).starts_with("QUARRY_LISTEN: "));
    for loopback in ["127.0.0.1:0", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
        let settings = load("", &[("QUARRY_LISTEN", loopback)]).unwrap();
        let warnings = settings.warnings(settings.listen);
        assert!(warnings.len() == 1 && warnings[0].contains("from this machine"), "{warnings:?}");
    }
    let settings = load("", &[("QUARRY_LISTEN", "0.0.0.0:80"), ("QUARRY_INSECURE_LISTEN", "1")]).unwrap();
    let warnings = settings.warnings(settings.listen);
    assert!(warnings[0].contains("0.0.0.0:80 can be reached from other machines"), "{warnings:?}");
    assert!(warnings.len() == 2 && warnings[1].contains("server.allowed_hosts"), "{warnings:?}");
    let settings = load(&format!("listen = \"0.0.0.0:80\"\n{KEY}"), &[]).unwrap();
    assert_eq!(settings.warnings(settings.listen), [""; 0]);
}

#[test]
fn database_addresses_are_checked_and_reported_without_passwords() {
    for url in [
        "sqlite://data/quarry.db",
        "sqlite:quarry.db",
        "sqlite::memory:",
        "postgres://quarry:p%40ss@db:5432/quarry?sslmode=require",
        "postgresql://db/quarry",
        "mysql://root@127.0.0.1/quarry",
    ] {
        assert_eq!(load("", &[("QUARRY_DATABASE_URL", url)]).unwrap().database_url.expose(), url);
    }
    for url in [
        "quarry.db",
        "sqlite://",
        "postgres:quarry",
        "redis://u:s3cret@db",
        "postgres://u:s3/cret@db/q",
        "postgres://u:12/s3@db/q",
        "mysql://u:1#s3cret@db/q",
        "mysql://u:s3@1?cret@db/q",
    ] {
        let error = refusal("", &[("QUARRY_DATABASE_URL", url)]);
        assert!(error.starts_with("QUARRY_DATABASE_URL: `database_url` is "), "{error}");
        assert!(!error.contains("s3") && !error.contains("cret"), "{error}");
    }
}

#[test]
fn contradictory_settings_are_rejected() {
    assert_eq!(
        refusal("[search]\nindexing_threads = 4\nindexing_memory_mb = 30", &[]),
        "quarry.toml: `search.indexing_memory_mb` is 30, but must be at least 60 for 4 threads"
    );
}

#[test]
fn text_is_loaded_without_a_file() {
    assert_eq!(Settings::from_toml("listen = \"127.0.0.1:0\"").unwrap().listen.port(), 0);
    let error = Settings::from_toml("lisen = 1").unwrap_err().to_string();
    assert_eq!(error, "settings:1: unknown key `lisen`; did you mean `listen`?");
}
