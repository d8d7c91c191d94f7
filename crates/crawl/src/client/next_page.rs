//! The next page that a response states as text: a cursor, or a link. Pure.

use url::Url;

use crate::upstream::NextPage;
use quarry_config::NextKind;

/// Texts with which upstreams state in a header that no page follows.
const NO_NEXT: &[&str] = &["", "0", "-1", "null", "none", "false"];

/// Recognizes a header that states that no page follows.
pub(super) fn is_end(text: &str) -> bool {
    NO_NEXT.contains(&&*text.trim().to_lowercase())
}

/// Returns the page that a text states, or `None` for a link that is no URL.
///
/// Links are relative to `base`, the URL of the response.
pub(super) fn resolve(text: &str, base: &Url, kind: NextKind) -> Option<NextPage> {
    let is_link = match kind {
        NextKind::Auto => is_link(text, base),
        NextKind::Cursor => false,
        NextKind::Link => true,
    };
    if is_link { link(text, base).map(NextPage::Link) } else { Some(NextPage::Cursor(text.to_owned())) }
}

/// Returns the URL of a link.
///
/// Servers behind a proxy that terminates TLS write `http` links to themselves.
pub(super) fn link(text: &str, base: &Url) -> Option<Url> {
    let mut url = base.join(text.trim()).ok()?;
    let is_own_port = url.port().is_none() || url.port() == base.port();
    if base.scheme() == "https" && url.scheme() == "http" && url.host() == base.host() && is_own_port {
        url.set_scheme("https").ok()?;
        url.set_port(base.port()).ok()?;
    }
    Some(url)
}

/// Recognizes a link, which base64 resembles: it may begin with `/`, but has no `?`.
fn is_link(text: &str, base: &Url) -> bool {
    let text = text.trim();
    let lower = text.get(..8).unwrap_or(text).to_lowercase();
    if lower.starts_with("https://") || lower.starts_with("http://") {
        return Url::parse(text).is_ok();
    }
    if text.starts_with(['?']) || text.starts_with("./") || text.starts_with("../") {
        return true;
    }
    let (path, query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
    if let Some(rest) = path.strip_prefix("//") {
        let host = rest.split('/').next().unwrap_or_default();
        let own = base.host_str().unwrap_or_default();
        return query.is_some() || host.split(':').next() == Some(own) || host.contains('.');
    }
    let segments = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let own = segments(base.path().trim_start_matches('/'));
    if let Some(rest) = path.strip_prefix('/') {
        let first = rest.split('/').next().unwrap_or_default();
        return query.is_some() || !first.is_empty() && own.first().is_some_and(|own| own == first);
    }
    // `items?page=2` beside `/api/items`.
    let last = own.iter().rfind(|segment| !segment.is_empty());
    query.is_some() && last.is_some_and(|last| path.trim_end_matches('/') == last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("https://api.example:8443/v2/orders?api_key=s&size=5").expect("a URL")
    }

    #[test]
    fn links_are_recognized_and_resolved() {
        for (text, expected) in [
            ("https://api.example:8443/v2/orders?page=2", "https://api.example:8443/v2/orders?page=2"),
            ("HTTP://other.example/a", "http://other.example/a"),
            ("http://api.example:8443/v2/orders?page=2", "https://api.example:8443/v2/orders?page=2"),
            ("http://api.example/v2/orders?page=2", "https://api.example:8443/v2/orders?page=2"),
            ("http://api.example:8080/v2/orders", "http://api.example:8080/v2/orders"),
            ("/v2/orders?page=2", "https://api.example:8443/v2/orders?page=2"),
            ("/v2/orders/page/2", "https://api.example:8443/v2/orders/page/2"),
            ("/other?page=2", "https://api.example:8443/other?page=2"),
            ("?page=2&size=5", "https://api.example:8443/v2/orders?page=2&size=5"),
            ("./more", "https://api.example:8443/v2/more"),
            ("../v3/orders", "https://api.example:8443/v3/orders"),
            ("orders?page=2", "https://api.example:8443/v2/orders?page=2"),
            ("//api.example:8443/v2/orders", "https://api.example:8443/v2/orders"),
            ("//cdn.example/orders?page=2", "https://cdn.example/orders?page=2"),
        ] {
            let expected = Url::parse(expected).expect("a URL");
            assert_eq!(resolve(text, &base(), NextKind::Auto), Some(NextPage::Link(expected)), "{text}");
        }
    }

    #[test]
    fn cursors_stay_as_they_are() {
        for text in [
            "/8QAHwAAAQUB/+AB==",
            "//8AAA==",
            "eyJpZCI6MX0=",
            "/",
            "a?b",
            "12",
            "*",
            "page=2",
            "http://",
            "v2/orders",
            " c ",
        ] {
            assert_eq!(
                resolve(text, &base(), NextKind::Auto),
                Some(NextPage::Cursor(text.to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn a_setting_decides_the_kind() {
        let cursor = "/v2/orders?page=2";
        assert_eq!(resolve(cursor, &base(), NextKind::Cursor), Some(NextPage::Cursor(cursor.to_owned())));
        let link = Url::parse("https://api.example:8443/p2").expect("a URL");
        assert_eq!(resolve("/p2", &base(), NextKind::Link), Some(NextPage::Link(link)));
        assert_eq!(resolve("http://[", &base(), NextKind::Link), None);
    }

    #[test]
    fn headers_state_the_end_in_several_spellings() {
        assert!(["", " ", "0", "-1", "null", "None", "FALSE"].iter().all(|text| is_end(text)));
        assert!(!is_end("00"));
    }
}
