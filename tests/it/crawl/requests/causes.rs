//! Causes of failed connections, each with its remedy.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// Returns the cause of the first failure of a source at `url`.
async fn cause(url: String) -> String {
    let (_, failures) = crawl_failures(&source(url, "pagination = { kind = \"offset\" }", &[])).await;
    failures.into_iter().next().expect("a failure")
}

/// Answers each connection with these bytes.
async fn listen(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 4_096];
            let _ = stream.read(&mut buffer).await;
            let _ = stream.write_all(answer).await;
        }
    });
    port
}

#[tokio::test]
async fn connection_failures_are_told_apart() {
    let unresolved = cause("http://no-such-host.invalid/items".to_owned()).await;
    assert!(unresolved.contains("the name no-such-host.invalid cannot be resolved"), "{unresolved}");

    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let refused = cause(format!("http://{closed}/")).await;
    let expected = format!(
        "could not connect: connection refused: no server listens on port {} of 127.0.0.1",
        closed.port()
    );
    assert_eq!(refused, expected);

    let plain = listen(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    let plain = cause(format!("https://127.0.0.1:{plain}/")).await;
    assert!(plain.ends_with("the server does not speak TLS: does the port expect http?"), "{plain}");

    // The alert of a TLS server that received plain HTTP.
    let secure = listen(b"\x15\x03\x03\x00\x02\x02\x46").await;
    let secure = cause(format!("http://127.0.0.1:{secure}/")).await;
    assert!(secure.ends_with("the response is not HTTP: does the port expect https?"), "{secure}");
}

#[tokio::test]
async fn a_wrong_content_encoding_is_named() {
    for encoding in ["gzip", "deflate"] {
        let upstream =
            Upstream::start(move |_| with_header(200, "{\"items\": []}", "content-encoding", encoding)).await;
        let cause = cause(upstream.url("/m").to_string()).await;
        assert_eq!(cause, "the body is not in the format of its Content-Encoding", "{encoding}");
    }
}
