//! Sources: their defaults and the problems with them.

use std::time::Duration;

use quarry::config::{
    BodyContent, DateFormat, JsonPointer, Language, LanguageSetting, NextKind, PageFormat, Pagination,
    SourceConfig,
};

use super::{SOURCE, load, refusal};

fn pointer(text: &str) -> JsonPointer {
    JsonPointer::parse(text).expect("a pointer")
}

fn source(file: &str) -> SourceConfig {
    let settings = load(file, &[]).unwrap_or_else(|error| panic!("{error}"));
    settings.sources.crawled.into_iter().next().expect("one source")
}

#[test]
fn a_source_has_defaults() {
    let source = source(SOURCE);
    assert_eq!(source.name.as_str(), "messages");
    assert_eq!(source.url.as_str(), "http://127.0.0.1:9000/messages/");
    assert_eq!((source.items.as_str(), source.format), ("", PageFormat::Json));
    assert_eq!(source.errors, ["/error", "/errors", "/fault"].map(pointer));
    assert_eq!(source.total, None);
    assert_eq!(
        source.pagination,
        Pagination::Offset { offset: "skip".to_owned(), limit: "limit".to_owned(), size: 100, first: 0 }
    );
    assert_eq!(source.fields.key, pointer("/id").into());
    assert_eq!(source.fields.title, None);
    assert!(source.headers.is_empty());
    assert_eq!(source.language, Language::English.into());
    assert_eq!(source.delay, Duration::from_millis(200));
    assert_eq!(source.timeout, Duration::from_secs(10));
    assert_eq!(source.refresh, None);
    assert_eq!((source.max_attempts, source.max_refusals), (25, 12));
    assert_eq!((source.backoff, source.max_backoff), (Duration::from_millis(250), Duration::from_secs(20)));
    assert_eq!(source.max_retry_after, Duration::from_secs(60));
    assert_eq!(source.max_body_bytes, 16 << 20);
    assert_eq!((source.max_pages, source.max_sweeps, source.max_redirects), (100_000, 8, 5));
    assert!(source.redirect_hosts.is_empty());
    assert_eq!(source.max_duration, Duration::from_secs(24 * 60 * 60));
    assert_eq!(source.max_shrink, 0.2);
}

#[test]
fn a_source_with_all_pointers_is_accepted() {
    let source = source(
        r#"
[[sources]]
name = "messages"
url = "http://127.0.0.1:9000/messages/"
items = "/items"
total = "/total"
delay = "200ms"        # between requests
timeout = "10s"        # of one request
refresh = "10m"
pagination = { kind = "offset", offset = "skip", limit = "limit", size = 100 }
[sources.fields]
key = "/id"
text = "/message"
author_key = "/user_id"
author_name = "/user_name"
published_at = "/timestamp"
"#,
    );
    assert_eq!(source.items.as_str(), "/items");
    assert_eq!(source.total, Some(pointer("/total").into()));
    assert_eq!(source.refresh, Some(Duration::from_secs(600)));
    assert_eq!(source.fields.author_name, Some(pointer("/user_name")));
    assert_eq!(source.fields.published_at, Some(pointer("/timestamp")));
}

#[test]
fn each_kind_of_pagination_has_its_own_defaults() {
    let paged = |table: &str| source(&SOURCE.replace("kind = \"offset\"", table)).pagination;
    assert_eq!(
        paged("kind = \"page\""),
        Pagination::Page { page: "page".to_owned(), limit: "size".to_owned(), size: 100, first: 1 }
    );
    assert_eq!(
        paged("kind = \"page\", first = 0, size = 7"),
        Pagination::Page { page: "page".to_owned(), limit: "size".to_owned(), size: 7, first: 0 }
    );
    assert_eq!(
        paged("kind = \"cursor\""),
        Pagination::Cursor {
            cursor: "cursor".to_owned(),
            cursor_format: "{}".to_owned(),
            limit: "limit".to_owned(),
            size: 100,
            next: pointer("/next_cursor").into(),
            next_is: NextKind::Auto,
        }
    );
    assert_eq!(paged("kind = \"link\""), Pagination::Link { limit: "per_page".to_owned(), size: 100 });
}

#[test]
fn pagination_is_required_and_its_kinds_are_listed() {
    let kinds = "one of `offset`, `page`, `cursor`, `link`, `none`";
    for (table, message) in [
        ("", format!("`sources.0.pagination` is missing: set it to a table with a `kind`, {kinds}")),
        ("paginaton = {}", "unknown key `sources.0.paginaton`; did you mean `pagination`?".to_owned()),
        ("pagination = {}", format!("`sources.0.pagination.kind` is missing: set it to {kinds}")),
        (
            "pagination = \"offset\"",
            format!("`sources.0.pagination` is \"offset\", but must be a table with a `kind`, {kinds}"),
        ),
        (
            "pagination = { kind = \"skip\" }",
            format!("`sources.0.pagination.kind` is \"skip\", but must be {kinds}"),
        ),
        (
            "pagination = { kind = \"link\", size = 0 }",
            "`sources.0.pagination.size` is 0, but must be a whole number from 1 to 4294967295".to_owned(),
        ),
    ] {
        let file = SOURCE.replace("pagination = { kind = \"offset\" }", table);
        assert_eq!(refusal(&file, &[]), format!("quarry.toml: {message}"), "{table}");
    }
}

#[test]
fn missing_settings_of_a_source_are_listed() {
    let error = refusal("[[sources]]\n", &[]);
    for key in ["name", "url", "pagination", "fields.key", "fields.text"] {
        assert!(error.contains(&format!("`sources.0.{key}` is missing")), "{key}: {error}");
    }
    assert_eq!(error.lines().count(), 5, "{error}");
}

#[test]
fn wrong_values_of_a_source_are_rejected() {
    let with = |line: &str| SOURCE.replace("name = \"messages\"", &format!("name = \"messages\"\n{line}"));
    for (line, message) in [
        (
            "items = \"items\"",
            "`sources.0.items` is \"items\", but must be a JSON pointer (empty, or beginning with `/`; a segment `*` \
             stands for every member), or a JSONPath of names, indexes and wildcards such as \"$.data[*].record\"",
        ),
        (
            "total = \"total\"",
            "`sources.0.total` is \"total\", but must be a JSON pointer: empty, or beginning with `/`; or `header:` and \
             the name of a header",
        ),
        ("format = \"xml\"", "`sources.0.format` is \"xml\", but must be one of `json`, `json_lines`, `csv`"),
        (
            "format = \"csv\"\nitems = \"/rows\"",
            "`sources.0.items` must be empty for this `format`: each line or row is an item",
        ),
        (
            "errors = [\"/error\", \"ok\"]",
            "`sources.0.errors` is a list with \"ok\", but must be a list of JSON pointers such as [\"/error\"]",
        ),
        ("max_shrink = 1.01", "`sources.0.max_shrink` is 1.01, but must be a number from 0 to 1"),
        ("max_attempts = 0", "`sources.0.max_attempts` is 0, but must be a whole number from 1 to 1000"),
        (
            "redirect_hosts = [\"http://a/\"]",
            "`sources.0.redirect_hosts` is a list with \"http://a/\", but must be a list of host names, each with a \
             port or without, such as [\"cdn.example.com\", \"mirror.example.com:8080\"]",
        ),
        (
            "backoff = \"21s\"",
            "`sources.0.backoff` is 21s, but must be at most its `max_backoff`, which is 20s",
        ),
    ] {
        assert_eq!(refusal(&with(line), &[]), format!("quarry.toml: {message}"), "{line}");
    }
    assert_eq!(source(&with("max_shrink = 1")).max_shrink, 1.0);
    for url in ["ftp://example.com/x", "/messages", "example.com/messages", "http://"] {
        let error = refusal(&SOURCE.replace("http://127.0.0.1:9000/messages/", url), &[]);
        assert!(error.ends_with("but must be an http:// or https:// address"), "{error}");
    }
}

#[test]
fn a_source_has_languages() {
    let with = |value: &str| {
        SOURCE.replace("name = \"messages\"", &format!("name = \"messages\"\nlanguage = {value}"))
    };
    for (value, expected) in [
        ("\"german\"", Language::German.into()),
        ("[\"german\"]", Language::German.into()),
        ("[\"turkish\", \"arabic\"]", LanguageSetting::Listed(vec![Language::Arabic, Language::Turkish])),
        ("\"auto\"", LanguageSetting::Auto),
        ("\"none\"", LanguageSetting::NONE),
    ] {
        assert_eq!(source(&with(value)).language, expected, "{value}");
    }
    for (value, found) in [
        ("\"klingon\"", "\"klingon\""),
        ("[\"german\", \"auto\"]", "a list with \"auto\""),
        ("[]", "an empty list"),
    ] {
        let error = refusal(&with(value), &[]);
        let expected =
            "but must be `auto`, `none`, a language or a list of languages among `arabic`, `armenian`";
        assert!(error.contains(&format!("`sources.0.language` is {found}, {expected}")), "{error}");
    }
}

#[test]
fn fields_are_pointers_or_lists_of_them() {
    let with = |fields: &str| SOURCE.replace("key = \"/id\"", fields);
    let fields = source(&with("key = [\"/a\", \"#\"], title = [\"/b\"], date_format = \"epoch_ms\"")).fields;
    let parts: Vec<&str> = fields.key.parts().iter().map(quarry::config::KeyPart::as_str).collect();
    assert_eq!(parts, ["/a", "#"]);
    assert_eq!(fields.title, Some(pointer("/b").into()));
    assert_eq!(fields.date_format, DateFormat::parse("epoch_ms"));
    assert_eq!((fields.html, fields.deleted), (false, None));
    for (wrong, message) in [
        (
            "key = []",
            "`sources.0.fields.key` is an empty list, but must be a JSON pointer, `#` for the name of an item that is a \
             member of an object, a placeholder such as `{id}` for a value of the parent, or a list of them such as [\"/order\", \"/line\"]",
        ),
        (
            "key = \"/id\", title = [\"/a\", \"#\"]",
            "`sources.0.fields.title` is a list with \"#\", but must be a JSON pointer, or a list of them such as \
             [\"/summary\", \"/body\"]",
        ),
        (
            "key = \"/id\", date_format = \"dd.mm.yyyy\"",
            "`sources.0.fields.date_format` is \"dd.mm.yyyy\", but must be `epoch_s`, `epoch_ms`, `epoch_us`, \
             `epoch_ns`, or a strftime pattern that reads a date, without `%Z`, such as \"%d/%m/%Y\"",
        ),
    ] {
        assert_eq!(refusal(&with(wrong), &[]), format!("quarry.toml: {message}"), "{wrong}");
    }
}

#[test]
fn names_of_sources_are_unique() {
    assert_eq!(
        refusal(&format!("{SOURCE}{SOURCE}"), &[]),
        "quarry.toml: `sources.1.name` is \"messages\", which another source has"
    );
}

#[test]
fn headers_expand_variables() {
    let file = format!(
        "{SOURCE}[sources.headers]\nAuthorization = \"Bearer ${{QUARRY_UPSTREAM_TOKEN}}\"\nx-plain = \"$5 $${{x}} ${{A}}${{B}}\"\n"
    );
    let variables = [("QUARRY_UPSTREAM_TOKEN", "s3cret"), ("A", "a"), ("B", "${A}")];
    let settings = load(&file, &variables).unwrap();
    let headers: Vec<(&str, &str)> = settings.sources.crawled[0]
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose()))
        .collect();
    // The value of a variable is not expanded again.
    assert_eq!(headers, [("Authorization", "Bearer s3cret"), ("x-plain", "$5 ${x} a${A}")]);
    assert!(!format!("{settings:?}").contains("s3cret"));

    let error = refusal(&file, &[("A", "a"), ("B", "b")]);
    assert_eq!(
        error,
        "quarry.toml: `sources.0.headers.Authorization` names the variable QUARRY_UPSTREAM_TOKEN, which is not set: set \
         it, or write `$${` for `${`"
    );
}

#[test]
fn addresses_params_bodies_and_credentials_expand_variables_and_hide_them() {
    let file = r#"
[[sources]]
name = "orders"
url = "https://${HOST}/v1/${PATH}/orders?access=${ACCESS}&code=l1teral&lang=en"
method = "POST"
params = { sig = "${ACCESS}" }
pagination = { kind = "cursor", cursor = "/variables/after", limit = "" }
fields = { key = "/id", text = "/message" }
auth = { kind = "oauth2", token_url = "https://id.example/${PATH}?x=l1teral", client_id = "${ACCESS}", client_secret = "l1teral" }
[sources.body]
query = "l1teral"
first = 5
order = "asc"
nested = [{ pin = "${ACCESS}", day = 2026-01-02 }]
"#;
    let variables = [("HOST", "api.example"), ("PATH", "p4th"), ("ACCESS", "s3cr=t")];
    let settings = load(file, &variables).unwrap();
    let source = &settings.sources.crawled[0];
    assert_eq!(
        source.url.as_str(),
        "https://api.example/v1/p4th/orders?access=s3cr%3Dt&code=l1teral&lang=en"
    );
    assert_eq!(source.params[0].1.expose(), "s3cr=t");
    let Some(BodyContent::Json(body)) = source.body.as_ref().map(|body| body.expose()) else {
        panic!("JSON")
    };
    let expected =
        r#"{"first":5,"nested":[{"day":"2026-01-02","pin":"s3cr=t"}],"order":"asc","query":"l1teral"}"#;
    assert_eq!(body.to_string(), expected);
    let rotated = load(file, &[("HOST", "api.example"), ("PATH", "p4th"), ("ACCESS", "n3w")]).unwrap();
    assert_eq!(source.request_identity(), rotated.sources.crawled[0].request_identity());
    let other = load(&file.replace("lang=en", "lang=de"), &variables).unwrap();
    assert_ne!(source.request_identity(), other.sources.crawled[0].request_identity());
    let printed = settings.to_toml_redacted();
    for text in [printed.clone(), format!("{settings:?}")] {
        for secret in ["l1teral", "s3cr", "p4th"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    assert!(
        printed.contains("https://${HOST}/v1/${PATH}/orders?access=redacted&code=redacted&lang=en"),
        "{printed}"
    );
    assert!(printed.contains("order = \"asc\"") && printed.contains("query = \"[redacted]\""), "{printed}");

    for name in ["HOST", "PATH", "ACCESS"] {
        let others: Vec<_> = variables.into_iter().filter(|(other, _)| *other != name).collect();
        let error = refusal(file, &others);
        assert!(error.contains(&format!("names the variable {name}, which is not set")), "{error}");
    }
}

#[test]
fn keys_in_the_place_of_a_user_are_hidden() {
    for (url, expected) in [
        ("https://k3y@h/m", "https://redacted@h/m"),
        ("https://k3y:@h/m", "https://redacted@h/m"),
        ("https://me:k3y@h/m", "https://me:redacted@h/m"),
        ("https://h/m?k3y&page", "https://h/m?redacted&page"),
        ("https://h/m?page[size]=5&$top=3&q=k3y", "https://h/m?page[size]=5&$top=3&q=redacted"),
    ] {
        let printed = load(&SOURCE.replace("http://127.0.0.1:9000/messages/", url), &[]).unwrap();
        assert!(printed.to_toml_redacted().contains(&format!("url = \"{expected}\"")), "{url}");
    }
}

#[test]
fn settings_of_requests_that_contradict_each_other_are_rejected() {
    let with = |lines: &str| SOURCE.replace("pagination = { kind = \"offset\" }", lines);
    let offset = "pagination = { kind = \"offset\" }";
    for (lines, message) in [
        (
            "pagination = { kind = \"cursor\", cursor = \"header:a b\" }".to_owned(),
            "`sources.0.pagination` has \"header:a b\", which is not the name of a header",
        ),
        (
            "pagination = { kind = \"cursor\", cursor_format = \"x\" }".to_owned(),
            "`sources.0.pagination.cursor_format` is \"x\", but must be text that contains `{}` for the cursor",
        ),
        (
            "total = \"last:/id\"\npagination = { kind = \"link\" }".to_owned(),
            "`sources.0.total` is \"last:/id\", but must be a JSON pointer: empty, or beginning with `/`; or `header:` \
             and the name of a header",
        ),
        (
            "pagination = { kind = \"page\", page = \"/page\" }".to_owned(),
            "`sources.0.pagination` has \"/page\", a pointer into the body, but `method` is \"GET\": set \
             `method = \"POST\"`",
        ),
        (
            "pagination = { kind = \"page\", page = \"/page\" }\nmethod = \"POST\"\nbody = \"x\"".to_owned(),
            "`sources.0.pagination` has \"/page\", a pointer into the body, so `body` must be a table, not text",
        ),
        (
            format!("{offset}\nbody = {{ a = 1 }}"),
            "`sources.0.body` is sent with `method = \"POST\"` only: set that too",
        ),
        (
            format!("{offset}\nbody = 1"),
            "`sources.0.body` is 1, but must be a table, which becomes JSON, or text",
        ),
        (format!("{offset}\nclient_cert = \"a\""), "`sources.0.client_cert` needs `client_key` beside it"),
        (
            format!(
                "{offset}\nauth = {{ kind = \"bearer\", token = \"t\" }}\nheaders = {{ Authorization = \"x\" }}"
            ),
            "`sources.0.auth` sets the header `authorization`, which is in `headers` too: remove one of them",
        ),
        (
            format!("{offset}\nauth = {{ kind = \"bearer\" }}"),
            "`sources.0.auth.token` is missing: set it to text that is not empty, such as \"${NAME}\" for an \
             environment variable",
        ),
        (
            format!("{offset}\ntotal = \"header:a b\""),
            "`sources.0.total` is \"header:a b\", but must be a JSON pointer: empty, or beginning with `/`; or \
             `header:` and the name of a header",
        ),
        (
            format!("{offset}\nparams = {{ key = \"[redacted]\" }}"),
            "`sources.0.params.key` is redacted: put its value in, or `${NAME}`",
        ),
    ] {
        assert_eq!(refusal(&with(&lines), &[]), format!("quarry.toml: {message}"), "{lines}");
    }
}

#[test]
fn invalid_headers_are_rejected_without_their_values() {
    let with = |line: &str| format!("{SOURCE}[sources.headers]\n{line}\n");
    for (line, message) in [
        ("\"a b\" = \"x\"", "`sources.0.headers.a b` is not a header name"),
        ("a = \"s3cret\\n\"", "`sources.0.headers.a` contains characters that are invalid in headers"),
        ("a = \"s3cret ${\"", "`sources.0.headers.a` has a `${` without its `}`"),
        ("a = 5", "`sources.0.headers.a` is 5, but must be text"),
        ("A = \"x\"\na = \"y\"", "`sources.0.headers.a` is set twice: header names do not differ by case"),
    ] {
        assert_eq!(refusal(&with(line), &[]), format!("quarry.toml: {message}"), "{line}");
    }
}
