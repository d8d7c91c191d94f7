//! Requests for display, without secrets. Pure.

use url::{Url, form_urlencoded};

use crate::pagination::PageToken;
use crate::upstream::{NextPage, Stated, UpstreamRequest};
use quarry_config::{RequestMethod, SourceConfig, hide_params, is_harmless};

/// The number of characters of a cursor that a preview shows.
const SHOWN_CURSOR_CHARS: usize = 24;

pub(super) fn method_of(config: &SourceConfig) -> &'static str {
    match config.method {
        RequestMethod::Get => "GET",
        RequestMethod::Post => "POST",
    }
}

/// Returns the URL of a request, and the position of a page that the body or a header selects.
pub(super) fn shown_request(config: &SourceConfig, request: &UpstreamRequest, token: &PageToken) -> String {
    let url = shown_url(config, &request.url);
    let is_in_body = request.body.is_some() && config.pagination.params().any(|name| name.starts_with('/'));
    if is_in_body || !request.headers.is_empty() {
        return format!("{url} ({})", token.describe(&config.pagination));
    }
    url
}

/// Returns a URL with the parameters that select a page and with those that hold no secret.
///
/// The address is as written in the settings, with the names of its variables.
fn shown_url(config: &SourceConfig, url: &Url) -> String {
    let template = config.url.template();
    let (written, own_query) = template.split_once('?').unwrap_or((template, ""));
    let names_variable = written.contains("${");
    let address = |url: &Url| url.as_str().split(['?', '#']).next().unwrap_or_default().to_owned();
    let shown = match url.query() {
        _ if names_variable && address(url) != address(&config.url) => {
            // A variable may be a part of this path too.
            return format!("{}://{}/…", url.scheme(), url.host_str().unwrap_or_default());
        }
        query if names_variable => {
            format!("{written}{}", query.map(|query| format!("?{query}")).unwrap_or_default())
        }
        _ => url.as_str().to_owned(),
    };
    // A variable may contain several parameters.
    let is_open = names_variable && !template.contains('?')
        || own_query.split('&').any(|pair| !pair.contains('=') && pair.contains("${"));
    let is_variable = |name: &str| {
        let is_own =
            |pair: &str| pair.split_once('=').is_some_and(|(own, value)| own == name && value.contains("${"));
        own_query.split('&').any(is_own)
    };
    hide_params(&shown, |written| {
        let name = form_urlencoded::parse(written.as_bytes()).next().map(|(name, _)| name.into_owned());
        let name = name.unwrap_or_default();
        let is_paging = config.pagination.params().any(|paging| paging == name);
        is_paging || is_harmless(&name) && !is_open && !is_variable(written)
    })
}

/// Returns a stated next page: cursors are opaque and may contain secrets.
pub(super) fn shown_next(config: &SourceConfig, next: &Stated<NextPage>) -> Option<String> {
    match next {
        Stated::Value(NextPage::Link(url)) => Some(shown_url(config, url)),
        Stated::Value(NextPage::Cursor(cursor) | NextPage::Json(cursor)) => Some(shown_cursor(cursor)),
        Stated::Absent | Stated::Empty => None,
    }
}

fn shown_cursor(cursor: &str) -> String {
    let mut shown: String = cursor.chars().take(SHOWN_CURSOR_CHARS).collect();
    if shown.len() < cursor.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use quarry_config::{Environment, Overrides, Settings};

    use super::*;

    fn config(url: &str) -> SourceConfig {
        let text = format!(
            r#"
            [[sources]]
            name = "s"
            url = "{url}"
            pagination = {{ kind = "offset", offset = "$from" }}
            [sources.fields]
            key = "/id"
            text = "/text"
            "#
        );
        let environment = Environment::from_pairs([("A", "s3cret"), ("Q", "tag=s3cret&page=4")]);
        let settings =
            Settings::from_text("the test", &text, &Overrides::default(), &environment).expect("settings");
        settings.sources.crawled.into_iter().next().expect("a source")
    }

    #[test]
    fn a_shown_request_has_no_secrets_and_no_values_of_variables() {
        let shown = |url: &str, request: &str| shown_url(&config(url), &Url::parse(request).expect("a URL"));
        for (url, request, expected) in [
            (
                "https://h/m?q=tea&lang=en",
                "https://h/m?q=tea&lang=en&%24from=5",
                "https://h/m?q=redacted&lang=en&%24from=5",
            ),
            (
                "https://h/m?tag=${A}",
                "https://h/m?tag=s3cret&%24from=5",
                "https://h/m?tag=redacted&%24from=5",
            ),
            ("https://h/${A}/m", "https://h/s3cret/m?%24from=5", "https://h/${A}/m?%24from=5"),
            ("https://h/${A}/m", "https://h/s3cret/n?page=2", "https://h/…"),
            ("https://h/m?${Q}", "https://h/m?tag=s3cret&page=4", "https://h/m?tag=redacted&page=redacted"),
            ("https://h/m", "https://h/m?page=2&api_key=s3cret", "https://h/m?page=2&api_key=redacted"),
            (
                "https://ann:${A}@h/m",
                "https://ann:s3cret@h/m?page=2",
                "https://ann:redacted@h/m?page=redacted",
            ),
        ] {
            assert_eq!(shown(url, request), expected, "{url}");
        }
    }

    #[test]
    fn a_shown_cursor_is_short() {
        assert_eq!(shown_cursor(&"c".repeat(100)).chars().count(), 25);
        assert_eq!(shown_cursor("c"), "c");
    }
}
