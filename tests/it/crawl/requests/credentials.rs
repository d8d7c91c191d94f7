//! Credentials that each request of a crawl has, and that neither links nor the store keep.

use super::*;

/// Answers five items, and a link to the next ones without the parameters of the request.
fn linked(request: &ReceivedRequest) -> Reply {
    let (items, next) = slice(request.number_of("start_at").unwrap_or(0));
    let host = request.header("host");
    let next = next.map(|next| format!("http://{host}{}?start_at={next}", request.path));
    ok(&json!({"items": items, "links": {"next": next}}))
}

const BY_LINK: &str = "pagination = { kind = \"cursor\", limit = \"\", next = \"/links/next\" }";

#[tokio::test]
async fn a_key_in_the_address_survives_links_that_lack_it() {
    let upstream = Upstream::start(|request| match request.query.get("appid").map(String::as_str) {
        Some("k e/y+1") if request.query["units"] == "metric" => linked(request),
        _ => unauthorized(),
    })
    .await;
    let url = upstream.url("/forecasts?appid=${WEATHER}&units=metric&start_at=0");
    let url = url.as_str().replace("%7B", "{").replace("%7D", "}").replace("start_at", "page");
    crawl_all(&source(url, BY_LINK, &[("WEATHER", "k e/y+1")])).await;
    let requests = upstream.requests();
    assert!(
        requests[1..]
            .iter()
            .filter(|request| request.number_of("start_at").is_some())
            .all(|request| { !request.query.contains_key("page") })
    );
}

#[tokio::test]
async fn params_are_added_to_each_request() {
    let upstream = Upstream::start(|request| {
        if request.query.get("subscription-key").map(String::as_str) == Some("s=3&cret") {
            linked(request)
        } else {
            unauthorized()
        }
    })
    .await;
    let settings = format!("params = {{ subscription-key = \"${{SUBSCRIPTION}}\" }}\n{BY_LINK}");
    crawl_all(&source(upstream.url("/feed"), &settings, &[("SUBSCRIPTION", "s=3&cret")])).await;
}

#[tokio::test]
async fn the_user_of_the_address_is_sent_with_each_request() {
    let upstream = Upstream::start(|request| {
        // "reader:p@ss" in base64.
        if request.header("authorization") == "Basic cmVhZGVyOnBAc3M=" {
            linked(request)
        } else {
            unauthorized()
        }
    })
    .await;
    let url = format!("http://reader:${{PASSWORD}}@{}/feed", upstream.address);
    crawl_all(&source(url, BY_LINK, &[("PASSWORD", "p@ss")])).await;
}

#[tokio::test]
async fn links_are_stored_without_credentials() {
    let upstream = Upstream::start(|request| {
        let (_, next) = slice(request.number_of("start_at").unwrap_or(0));
        let host = request.header("host");
        let next = next.map(|next| format!("http://u:pw@{host}/feed?sig=s3cret&start_at={next}&hash=h4sh"));
        ok(&json!({"items": slice(request.number_of("start_at").unwrap_or(0)).0, "links": {"next": next}}))
    })
    .await;
    let url = format!("http://u:pw@{}/feed?hash=h4sh", upstream.address);
    let settings = format!("params = {{ sig = \"s3cret\" }}\n{BY_LINK}");
    let config = source(url, &settings, &[]);
    let bench = Bench::new().await;
    let mut crawler = bench.crawler(&config);
    let mut cursors = Vec::new();
    while let Ok(outcome) = crawler.step(chrono::Utc::now()).await {
        match outcome {
            quarry::crawl::StepOutcome::PageStored { crawl, .. } => cursors.extend(crawl.cursor),
            quarry::crawl::StepOutcome::Finished { .. } => break,
            _ => {}
        }
    }
    let cursors = cursors.join("\n");
    assert!(cursors.contains("start_at=5"), "{cursors}");
    for secret in ["s3cret", "h4sh", "pw"] {
        assert!(!cursors.contains(secret), "{cursors}");
    }
    assert!(upstream.requests().iter().all(|request| request.query["sig"] == "s3cret"));
    assert!(upstream.requests().iter().all(|request| request.header("authorization") == "Basic dTpwdw=="));
}

#[tokio::test]
async fn credentials_stay_with_the_own_host() {
    let mirror = Upstream::start(linked).await;
    let target = mirror.url("/mirror");
    let upstream = Upstream::start(move |_| with_header(307, "", "location", target.as_str())).await;
    let settings = format!(
        "params = {{ sig = \"s3cret\" }}\nredirect_hosts = [\"{}\"]\nauth = {{ kind = \"bearer\", token = \"s3cret\" }}\n{BY_LINK}",
        mirror.address
    );
    let url = format!("http://{}/feed?code=s3cret", upstream.address);
    crawl_all(&source(url, &settings, &[])).await;
    for request in mirror.requests() {
        assert!(!format!("{request:?}").contains("s3cret"), "{request:?}");
    }
}

#[tokio::test]
async fn a_source_without_paging_is_one_request() {
    let upstream = Upstream::start(|request| {
        if request.query.is_empty() { ok(&json!({"items": items(ITEMS)})) } else { raw(400, "{}") }
    })
    .await;
    crawl_all(&source(upstream.url("/all"), "pagination = { kind = \"none\" }", &[])).await;
}

#[tokio::test]
async fn an_empty_limit_is_not_sent() {
    let upstream = Upstream::start(|request| {
        assert_eq!(request.query.len(), 1);
        ok(&json!({"items": slice(request.number_of("page").expect("a page") * 5).0}))
    })
    .await;
    let settings = "pagination = { kind = \"page\", limit = \"\", first = 0, size = 5 }";
    crawl_all(&source(upstream.url("/all"), settings, &[])).await;
}
