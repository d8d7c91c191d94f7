//! Totals, numbers of pages and cursors in headers, and responses without content.

use quarry::crawl::{HttpUpstream, NextPage, Stated, Upstream as _, UpstreamRequest};

use super::*;

/// Returns a response with items and two headers.
fn with_two_headers(items: &[Value], (first, second): (&str, &str), values: (&str, &str)) -> Reply {
    let reply = with_header(200, json!({"items": items}).to_string(), first, values.0);
    let Reply::Response(mut response) = reply else { panic!("a response") };
    if !second.is_empty() {
        let name: axum::http::HeaderName = second.parse().expect("a name");
        response.headers_mut().insert(name, values.1.parse().expect("a value"));
    }
    Reply::Response(response)
}

#[tokio::test]
async fn a_cursor_in_a_header_is_followed() {
    for last in ["", "null", "-1"] {
        let upstream = Upstream::start(move |request| {
            let start = request.query.get("continue").map_or(0, |text| text[3..].parse().expect("a cursor"));
            let (items, next) = slice(start);
            let next = next.map_or(last.to_owned(), |next| format!("/-c{next}"));
            with_two_headers(&items, ("x-continuation", ""), (&next, ""))
        })
        .await;
        let settings = "pagination = { kind = \"cursor\", cursor = \"continue\", limit = \"\", next = \"header:X-Continuation\" }";
        crawl_all(&source(upstream.url("/list"), settings, &[])).await;
    }
}

#[tokio::test]
async fn a_total_in_a_header_ends_the_list() {
    let upstream = Upstream::start(|request| {
        let (items, _) = slice((request.number_of("p").expect("a page") - 1) * 5);
        with_two_headers(&items, ("x-list-total", ""), (&ITEMS.to_string(), ""))
    })
    .await;
    let settings = "total = \"header:X-List-Total\"\npagination = { kind = \"page\", page = \"p\", limit = \"\", size = 5 }";
    crawl_all(&source(upstream.url("/list"), settings, &[])).await;
    assert_eq!(upstream.requests().len(), 5);
}

#[tokio::test]
async fn the_number_of_pages_is_read_from_a_header_or_the_body() {
    let upstream = Upstream::start(|request| match request.path.as_str() {
        "/header" => with_two_headers(&items(2), ("x-pages", ""), ("9", "")),
        _ => ok(&json!({"items": items(2), "meta": {"last_page": "9"}})),
    })
    .await;
    for (path, pages) in [("/header", "header:X-Pages"), ("/body", "/meta/last_page")] {
        let settings = format!("pages = \"{pages}\"\npagination = {{ kind = \"page\" }}");
        let client = HttpUpstream::new(&source(upstream.url(path), &settings, &[])).expect("an upstream");
        let page = client.fetch_page(&UpstreamRequest::from(upstream.url(path))).await.expect("a page");
        assert_eq!(page.pages, Some(9), "{path}");
    }
}

#[tokio::test]
async fn no_content_is_an_empty_page() {
    let upstream = Upstream::start(|request| match slice(request.number_of("skip").expect("an offset")).0 {
        items if items.is_empty() => Reply::Response(
            axum::http::Response::builder().status(204).body(axum::body::Body::empty()).expect("a response"),
        ),
        items => ok(&json!({"items": items})),
    })
    .await;
    let config = source(upstream.url("/list"), "pagination = { kind = \"offset\", size = 5 }", &[]);
    crawl_all(&config).await;
    let client = HttpUpstream::new(&config).expect("an upstream");
    let request = UpstreamRequest::from(upstream.url("/list?skip=900"));
    let page = client.fetch_page(&request).await.expect("a page");
    assert_eq!((page.status, page.items.len(), page.total), (204, 0, Stated::Absent));
    assert_eq!(page.next, Stated::<NextPage>::Absent);
}
