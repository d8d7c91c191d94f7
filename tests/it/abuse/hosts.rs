//! Requests with a foreign host name, several, or none.

use tokio::io::AsyncWriteExt;

use super::wire;
use crate::support::folder::Folder;
use crate::support::server::Server;

const BODY: &str = r#"{"query":"mutation{indexDocuments(input:{documents:[{source:\"a\",key:\"1\",text:\"x\"}]}){inserted}}"}"#;

/// The response to a mutation of a page under a host name.
async fn response_to_page(address: &str, name: &str) -> String {
    let mut stream = wire::connect(address).await;
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: {name}\r\norigin: http://{name}\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    wire::read_all(&mut stream).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dns_rebinding_is_rejected_on_a_public_address() {
    let folder = Folder::new("");
    let open = [("QUARRY_INSECURE_LISTEN", "true"), ("QUARRY_LISTEN", "0.0.0.0:0")];
    let hosts = ("QUARRY_SERVER__ALLOWED_HOSTS", "api.example,10.0.0.7");
    for (setting, allowed, rejected) in [
        (None, &["localhost:8000", "127.0.0.1"][..], &["evil.example:8000", "10.0.0.7", "server-1"][..]),
        (Some(hosts), &["localhost", "api.example:8000", "10.0.0.7"], &["evil.example", "10.0.0.8"]),
    ] {
        let variables: Vec<_> = open.into_iter().chain(setting).collect();
        let mut process = folder.start_with(&["serve"], &variables);
        let public = process.line("its address", crate::support::server::address_of).await;
        let address = public.replace("0.0.0.0", "127.0.0.1");
        for name in allowed {
            let answer = response_to_page(&address, name).await;
            assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("inserted"), "{name}: {answer}");
        }
        for name in rejected {
            let answer = response_to_page(&address, name).await;
            assert!(
                answer.starts_with("HTTP/1.1 421 ") && answer.contains("allowed_hosts"),
                "{name}: {answer}"
            );
            let mut probe = wire::connect(&address).await;
            let request = format!("GET /livez HTTP/1.1\r\nhost: {name}\r\nconnection: close\r\n\r\n");
            probe.write_all(request.as_bytes()).await.unwrap();
            assert!(wire::read_all(&mut probe).await.starts_with("HTTP/1.1 200 "), "a probe by {name}");
        }
        let host = rejected[0].split(':').next().unwrap();
        let line = process.line("a rejected host", |line| line.contains(host).then(|| line.to_owned())).await;
        assert!(line.contains("server.allowed_hosts"), "{line}");
        let lines = process.stderr().lines().filter(|line| line.contains(host)).count();
        response_to_page(&address, rejected[0]).await;
        process.terminate();
        let ended = process.end().await;
        assert_eq!(ended.code, Some(0));
        assert_eq!(ended.stderr.lines().filter(|line| line.contains(host)).count(), lines);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_without_exactly_one_host_are_rejected() {
    let folder = Folder::new("");
    let server = Server::start(&folder).await;
    let address = server.endpoint.address();
    for (head, status) in [
        ("GET PATH HTTP/1.1\r\nhost: localhost\r\n", 200),
        ("GET PATH HTTP/1.0\r\n", 200),
        ("GET http://localhostPATH HTTP/1.1\r\nhost: LOCALHOST:80\r\n", 200),
        ("GET PATH HTTP/1.1\r\n", 400),
        ("GET http://localhostPATH HTTP/1.1\r\n", 400),
        ("GET PATH HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: evil.example\r\n", 400),
        ("GET PATH HTTP/1.1\r\nhost: localhost\r\nHost: localhost\r\n", 400),
        ("GET http://evil.examplePATH HTTP/1.1\r\nhost: 127.0.0.1\r\n", 400),
        ("GET http://localhost:1PATH HTTP/1.1\r\nhost: localhost:2\r\n", 400),
        ("GET PATH HTTP/1.1\r\nhost: local host\r\n", 400),
        ("GET PATH HTTP/1.1\r\nhost: me@localhost\r\n", 400),
        ("GET PATH HTTP/1.1\r\nhost:\r\n", 400),
    ] {
        for path in ["/livez", "/graphql?query={__typename}", "/metrics"] {
            let mut stream = wire::connect(address).await;
            let request = format!("{}connection: close\r\n\r\n", head.replace("PATH", path));
            stream.write_all(request.as_bytes()).await.unwrap();
            let answer = wire::read_all(&mut stream).await;
            let (version, rest) = answer.split_at(9);
            assert!(
                version.starts_with("HTTP/1.") && rest.starts_with(&status.to_string()),
                "{request}: {answer}"
            );
            if status == 400 {
                assert!(answer.contains("BAD_USER_INPUT") && answer.contains("x-request-id"), "{answer}");
            }
        }
    }
    server.stop().await;
}
