//! Links to the next page in the body, in each spelling.

use super::*;

/// Crawls a list whose links `spell` writes for a host and a start.
async fn crawl_links(spell: impl Fn(&str, usize) -> String + Send + Sync + 'static, next_is: &str) {
    let upstream = Upstream::start(move |request| {
        if request.query.contains_key("cursor") {
            return raw(400, "{}");
        }
        let (items, next) = slice(request.number_of("begin").unwrap_or(0));
        let next = next.map(|next| spell(request.header("host"), next));
        ok(&json!({"items": items, "paging": {"forward": next}}))
    })
    .await;
    let settings = format!(
        "pagination = {{ kind = \"cursor\", limit = \"\", next = \"/paging/forward\", next_is = \"{next_is}\" }}"
    );
    crawl_all(&source(upstream.url("/api/v3/records"), &settings, &[])).await;
}

#[tokio::test]
async fn relative_links_are_followed() {
    crawl_links(|_, next| format!("/api/v3/records?begin={next}"), "auto").await;
    crawl_links(|_, next| format!("?begin={next}"), "auto").await;
    crawl_links(|_, next| format!("records?begin={next}"), "auto").await;
    crawl_links(|_, next| format!("./records?begin={next}"), "auto").await;
    crawl_links(|host, next| format!("//{host}/api/v3/records?begin={next}"), "auto").await;
    crawl_links(|_, next| format!("/elsewhere?begin={next}"), "link").await;
}

#[tokio::test]
async fn a_cursor_that_begins_with_a_slash_stays_a_cursor() {
    for (prefix, next_is) in [("/9j/4AAQ", "auto"), ("/api/v3/", "cursor"), ("http://c/", "cursor")] {
        let upstream = Upstream::start(move |request| {
            let cursor = request.query.get("cursor");
            let start = cursor.map_or(0, |cursor| cursor[prefix.len()..].parse().expect("a start"));
            let (items, next) = slice(start);
            ok(&json!({"items": items, "next_cursor": next.map(|next| format!("{prefix}{next}"))}))
        })
        .await;
        let settings = format!("pagination = {{ kind = \"cursor\", limit = \"\", next_is = \"{next_is}\" }}");
        crawl_all(&source(upstream.url("/api/v3/records"), &settings, &[])).await;
    }
}

#[tokio::test]
async fn a_link_to_another_host_is_refused_with_its_port_and_the_remedy() {
    let upstream = Upstream::start(|_| {
        ok(&json!({"items": items(5), "next_cursor": "http://other.invalid:81/?page=2"}))
    })
    .await;
    let settings = "pagination = { kind = \"cursor\", limit = \"\" }";
    let (crawl, failures) = crawl_failures(&source(upstream.url("/m"), settings, &[])).await;
    assert_eq!(crawl.state, CrawlState::Failed);
    let expected = "the next link leads to another host: other.invalid:81 is not in redirect_hosts; add it if it \
                    may be trusted";
    assert_eq!(failures[0], expected);
}
