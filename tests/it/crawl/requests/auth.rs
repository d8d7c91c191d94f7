//! Credentials that are tokens: requested, replaced when they expire, and never shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use quarry::config::UpstreamAuth;

use super::*;

/// An API whose tokens are valid for two requests, and the number of its tokens.
async fn start(token_request: fn(&ReceivedRequest) -> bool) -> (Upstream, Arc<AtomicUsize>) {
    let issued = Arc::new(AtomicUsize::new(0));
    let (counter, uses) = (issued.clone(), AtomicUsize::new(0));
    let upstream = Upstream::start(move |request| {
        if request.path == "/login" {
            if !token_request(request) {
                return raw(401, "{\"error\": \"invalid_client\", \"hint\": \"s3cret\"}");
            }
            uses.store(0, Ordering::SeqCst);
            let number = counter.fetch_add(1, Ordering::SeqCst) + 1;
            return ok(&json!({"access_token": format!("t{number}"), "expires_in": 3600}));
        }
        let expected = format!("Bearer t{}", counter.load(Ordering::SeqCst));
        if request.header("authorization") != expected || uses.fetch_add(1, Ordering::SeqCst) >= 2 {
            return unauthorized();
        }
        ok(&json!({"items": slice(request.number_of("skip").expect("an offset")).0}))
    })
    .await;
    (upstream, issued)
}

fn oauth2(upstream: &Upstream, style: &str) -> SourceConfig {
    let settings = format!(
        "pagination = {{ kind = \"offset\", size = 5 }}\n\
         auth = {{ kind = \"oauth2\", token_url = \"{}\", client_id = \"crawler\", client_secret = \"${{SECRET}}\", \
         scope = \"read list\", style = \"{style}\" }}",
        upstream.url("/login")
    );
    source(upstream.url("/list"), &settings, &[("SECRET", "s3cret:&")])
}

fn form(request: &ReceivedRequest) -> std::collections::HashMap<String, String> {
    url::form_urlencoded::parse(&request.body).into_owned().collect()
}

#[tokio::test]
async fn a_token_of_the_clients_credentials_is_replaced_when_it_is_rejected() {
    let (upstream, issued) = start(|request| {
        let form = form(request);
        form["grant_type"] == "client_credentials"
            && form["client_id"] == "crawler"
            && form["client_secret"] == "s3cret:&"
            && form["scope"] == "read list"
            && request.header("content-type") == "application/x-www-form-urlencoded"
    })
    .await;
    let bench = crawl_all(&oauth2(&upstream, "body")).await;
    assert!(issued.load(Ordering::SeqCst) >= 3);
    drop(bench);
}

#[tokio::test]
async fn the_clients_credentials_may_be_a_header() {
    // "crawler:s3cret%3A%26" in base64.
    let (upstream, _) = start(|request| {
        request.header("authorization") == "Basic Y3Jhd2xlcjpzM2NyZXQlM0ElMjY="
            && !form(request).contains_key("client_secret")
    })
    .await;
    crawl_all(&oauth2(&upstream, "basic")).await;
}

#[tokio::test]
async fn an_expired_token_is_replaced_before_a_request() {
    let (issued, rejected) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counter, rejections) = (issued.clone(), rejected.clone());
    let upstream = Upstream::start(move |request| {
        if request.path == "/session" {
            let number = counter.fetch_add(1, Ordering::SeqCst) + 1;
            return ok(&json!({"data": {"key": number}}));
        }
        if request.header("x-session") != counter.load(Ordering::SeqCst).to_string() {
            rejections.fetch_add(1, Ordering::SeqCst);
            return unauthorized();
        }
        ok(&json!({"items": slice(request.number_of("skip").expect("an offset")).0}))
    })
    .await;
    let settings = format!(
        "pagination = {{ kind = \"offset\", size = 5 }}\n\
         auth = {{ kind = \"token_request\", url = \"{}\", token = \"/data/key\", header = \"X-Session\", \
         prefix = \"\" }}",
        upstream.url("/session")
    );
    let mut config = source(upstream.url("/list"), &settings, &[]);
    let Some(UpstreamAuth::TokenRequest { lifetime, .. }) = &mut config.auth else {
        panic!("no token request")
    };
    // Shorter than any request, so that nothing has to wait for its end.
    *lifetime = Some(Duration::from_nanos(1));
    crawl_all(&config).await;
    assert!(issued.load(Ordering::SeqCst) >= 2);
    assert_eq!(rejected.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_token_is_requested_as_the_settings_describe() {
    let upstream = Upstream::start(|request| match request.path.as_str() {
        "/sessions" => {
            let is_valid = request.json() == json!({"login": "me", "password": "s3cret"})
                && request.header("x-app") == "quarry"
                && request.header("content-type") == "application/json";
            if is_valid { raw(201, "plain-token\n") } else { raw(403, "s3cret") }
        }
        _ if request.header("authorization") == "Token plain-token" => {
            ok(&json!({"items": slice(request.number_of("skip").expect("an offset")).0}))
        }
        _ => unauthorized(),
    })
    .await;
    let settings = |password: &str| {
        format!(
            "pagination = {{ kind = \"offset\", size = 5 }}\n\
             auth = {{ kind = \"token_request\", url = \"{}\", headers = {{ x-app = \"quarry\" }}, \
             body = {{ login = \"me\", password = \"{password}\" }}, token = \"\", prefix = \"Token \" }}",
            upstream.url("/sessions")
        )
    };
    crawl_all(&source(upstream.url("/list"), &settings("${PASSWORD}"), &[("PASSWORD", "s3cret")])).await;
    let (crawl, failures) = crawl_failures(&source(upstream.url("/list"), &settings("wrong"), &[])).await;
    assert_eq!(crawl.state, CrawlState::Failed);
    assert_eq!(failures[0], "no token: the token request was answered with status 403");
}

#[tokio::test]
async fn failures_of_tokens_name_the_cause_without_secrets() {
    let (upstream, _) = start(|_| false).await;
    let (crawl, failures) = crawl_failures(&oauth2(&upstream, "body")).await;
    assert_eq!(crawl.state, CrawlState::Failed);
    assert_eq!(failures[0], "no token: the token request was answered with status 401 (invalid_client)");
    let error = crawl.error.expect("an error");
    assert!(!error.contains("s3cret"), "{error}");
    assert!(upstream.requests().iter().all(|request| request.path == "/login"), "no page without a token");
}

#[tokio::test]
async fn constant_credentials_are_sent() {
    let upstream = Upstream::start(|request| match request.header("authorization") {
        // "me:" and the token.
        "Basic bWU6" | "Bearer t0ken" => {
            ok(&json!({"items": slice(request.number_of("skip").expect("an offset")).0}))
        }
        _ => unauthorized(),
    })
    .await;
    for auth in ["kind = \"basic\", user = \"${ID}\"", "kind = \"bearer\", token = \"${TOKEN}\""] {
        let settings = format!("pagination = {{ kind = \"offset\", size = 5 }}\nauth = {{ {auth} }}");
        crawl_all(&source(upstream.url("/list"), &settings, &[("ID", "me"), ("TOKEN", "t0ken")])).await;
    }
}
