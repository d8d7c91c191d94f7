//! Proxies in the environment of the program: for plain HTTP, as a tunnel for HTTPS, and bypassed.

use std::sync::{Arc, Mutex};

use data_encoding::BASE64;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::*;
use crate::support::authority::Authority;
use crate::support::folder::Folder;
use crate::support::process::ProcessOutput;

const USER: &str = "crawler:s3cret@word";

/// A forward proxy with a password, which forwards all hosts to one server of this machine.
struct ForwardProxy {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl ForwardProxy {
    async fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(BufReader::new(stream), server, log.clone()));
            }
        });
        Self { address, requests }
    }

    /// Returns its address with a user and a password, which contains a reserved character.
    fn url(&self, user: &str) -> String {
        let (name, password) = user.split_once(':').expect("a password");
        format!("http://{name}:{}@{}", password.replace('@', "%40"), self.address)
    }

    /// Returns the request lines without their versions.
    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("not poisoned").clone()
    }
}

/// Handles the requests of a connection: after a tunnel is open, it passes bytes only.
async fn pass(mut near: BufReader<TcpStream>, server: u16, log: Arc<Mutex<Vec<String>>>) {
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if near.read_line(&mut head).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let request = head.split(" HTTP/1.1").next().expect("a request line").to_owned();
        log.lock().expect("not poisoned").push(request.clone());
        let credentials = format!("proxy-authorization: Basic {}", BASE64.encode(USER.as_bytes()));
        if !head.lines().any(|line| line.eq_ignore_ascii_case(&credentials)) {
            let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
            let _ = near.write_all(refusal.as_bytes()).await;
            continue;
        }
        let mut far = TcpStream::connect(("127.0.0.1", server)).await.expect("the server listens");
        if request.starts_with("CONNECT ") {
            let _ = near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            let _ = copy_bidirectional(&mut near, &mut far).await;
            return;
        }
        let is_passed_on = |line: &&str| !line.is_empty() && !line.eq_ignore_ascii_case(&credentials);
        let lines: Vec<&str> = head.split("\r\n").filter(is_passed_on).collect();
        let head = format!("{}\r\nconnection: close\r\n\r\n", lines.join("\r\n"));
        far.write_all(head.as_bytes()).await.expect("is sent");
        let mut response = Vec::new();
        far.read_to_end(&mut response).await.expect("a response");
        let _ = near.write_all(&response).await;
        return;
    }
}

/// Crawls a source in a process with these variables.
async fn crawl_by(url: &str, settings: &str, variables: &[(&str, &str)]) -> ProcessOutput {
    let text = format!(
        r#"
        [[sources]]
        name = "messages"
        url = "{url}"
        items = "/items"
        delay = "0s"
        timeout = "5s"
        backoff = "1ms"
        max_backoff = "2ms"
        max_attempts = 2
        max_refusals = 1
        {settings}
        fields = {{ key = "/id", text = "/message" }}
        "#
    );
    let folder = Folder::new(&text);
    let ended = folder.start_with(&["--log-level", "debug", "crawl", "messages"], variables).end().await;
    for secret in ["s3cret", &BASE64.encode(USER.as_bytes())] {
        assert!(!ended.stdout.contains(secret) && !ended.stderr.contains(secret), "{ended:?}");
    }
    ended
}

fn is_complete(ended: &ProcessOutput) -> bool {
    ended.code == Some(0) && ended.stdout.contains(&format!("{ITEMS} inserted"))
}

async fn start_upstream() -> (Upstream, ForwardProxy) {
    let upstream = Upstream::start(|_| ok(&json!({"items": items(ITEMS), "next_cursor": null}))).await;
    let proxy = ForwardProxy::start(upstream.address.port()).await;
    (upstream, proxy)
}

const PAGES: &str = "pagination = { kind = \"cursor\", limit = \"\" }";

#[tokio::test]
async fn plain_requests_pass_the_proxy_with_its_password() {
    let (upstream, proxy) = start_upstream().await;
    for (variable, others) in
        [("HTTP_PROXY", "HTTPS_PROXY"), ("http_proxy", "NO_PROXY"), ("ALL_PROXY", "NO_PROXY")]
    {
        let seen = (upstream.requests().len(), proxy.requests().len());
        let other = if others == "NO_PROXY" { "other.example" } else { "http://127.0.0.1:9" };
        let variables = [(variable, proxy.url(USER)), (others, other.to_owned())];
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let ended = crawl_by("http://items.example/list", PAGES, &variables).await;
        assert!(is_complete(&ended), "{variable}: {ended:?}");
        let requests = proxy.requests().split_off(seen.1);
        assert_eq!(requests, vec!["GET http://items.example/list"; requests.len()], "{variable}");
        let received = upstream.requests().split_off(seen.0);
        assert_eq!(received.len(), requests.len());
        for request in received {
            assert_eq!(request.header("host"), "items.example");
            assert_eq!(request.header("proxy-authorization"), "", "it is the proxy's");
        }
    }
}

#[tokio::test]
async fn encrypted_requests_pass_a_tunnel() {
    let authority = Authority::new();
    let url = Url::parse(&authority.serve("items.example", false, false).await).expect("a URL");
    let proxy = ForwardProxy::start(url.port().expect("a port")).await;
    let settings = format!("ca_file = \"{}\"\n{PAGES}", authority.file("ca.pem").display());
    let variables = proxy.url(USER);
    let ended = crawl_by(
        "https://items.example/items",
        &settings,
        &[("HTTPS_PROXY", &variables), ("HTTP_PROXY", "http://127.0.0.1:9")],
    )
    .await;
    assert!(is_complete(&ended), "{ended:?}");
    let requests = proxy.requests();
    assert_eq!(requests, vec!["CONNECT items.example:443"; requests.len()], "it sees no address of a page");
}

#[tokio::test]
async fn a_proxy_that_refuses_or_cannot_be_reached_is_named() {
    let (upstream, proxy) = start_upstream().await;
    let wrong = proxy.url("crawler:wrong");
    for (url, variable, address, cause) in [
        ("http://items.example/list", "HTTP_PROXY", wrong.as_str(), "407 Proxy Authentication Required"),
        ("https://items.example/list", "HTTPS_PROXY", &wrong, "the proxy refused it: check HTTPS_PROXY"),
        (
            "https://items.example/list",
            "HTTPS_PROXY",
            "http://127.0.0.1:9",
            "the proxy could not be reached: check",
        ),
    ] {
        let ended = crawl_by(url, PAGES, &[(variable, address)]).await;
        assert_eq!(ended.code, Some(1));
        assert!(ended.stderr.contains(cause) || ended.stdout.contains(cause), "{ended:?}");
    }
    assert_eq!(upstream.requests().len(), 0);
}

#[tokio::test]
async fn hosts_of_no_proxy_and_of_this_machine_are_requested_directly() {
    let (upstream, proxy) = start_upstream().await;
    let variables = proxy.url(USER);
    let own = upstream.url("/list").to_string();
    let ended = crawl_by(&own, PAGES, &[("HTTP_PROXY", &variables), ("ALL_PROXY", &variables)]).await;
    assert!(is_complete(&ended), "{ended:?}");
    for bypassed in ["items.invalid", ".invalid", "*"] {
        let environment = [("HTTP_PROXY", variables.as_str()), ("NO_PROXY", bypassed)];
        let ended = crawl_by("http://items.invalid/list", PAGES, &environment).await;
        assert_eq!(ended.code, Some(1), "a name that only the proxy resolves");
        assert!(ended.stdout.contains("the name items.invalid cannot be resolved"), "{bypassed}: {ended:?}");
    }
    assert_eq!(proxy.requests(), Vec::<String>::new());
}
