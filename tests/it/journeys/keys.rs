//! Keys: made by the command, configured, and changed while the server runs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::folder::Folder;
use crate::support::process::Process;
use crate::support::server::{Server, address_of};
use crate::support::socket::Socket;
use crate::support::wait::until;

const QUESTION: &str = "{ search(query: \"\") { totalCount } }";

/// Makes a key as an operator does: the key, and the table to configure.
async fn new_key(folder: &Folder, arguments: &[&str]) -> (String, String) {
    let printed = folder.succeed(&[&["key", "new"], arguments].concat()).await;
    let (key, table) = printed.split_once("\n\n").expect("the key, a blank line, the table");
    assert!(table.starts_with("[[keys]]\n"), "{printed}");
    assert!(!table.contains(key.trim()), "the table holds the hash alone: {printed}");
    (key.trim().to_owned(), table.to_owned())
}

/// The status and the codes of the errors of an answer.
async fn ask(server: &Server, query: &str, key: Option<&str>) -> (u16, Vec<Value>) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("http://{}/graphql", server.endpoint.address()));
    let mut request = request.header("content-type", "application/json");
    request = request.header("accept", "application/graphql-response+json");
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    let response = request.body(json!({ "query": query }).to_string()).send().await.unwrap();
    let status = response.status().as_u16();
    let answer: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    let errors = answer["errors"].as_array().cloned().unwrap_or_default();
    (status, errors.into_iter().map(|error| error["extensions"]["code"].clone()).collect())
}

/// How often a process said something so far.
fn count(process: &Process, what: &str) -> usize {
    process.stderr().matches(what).count()
}

/// Tells a server to read its settings again, and waits until it says that it did.
pub(super) async fn reload(server: &Server, says: &str) {
    let before = count(&server.process, says);
    server.process.hang_up();
    until(says, async || (count(&server.process, says) > before).then_some(())).await;
}

#[tokio::test]
async fn keys_are_changed_while_the_server_runs() {
    let folder = Folder::new("");
    let (shop, shop_table) =
        new_key(&folder, &["--scope", "SEARCH", "--name", "shop", "--expires", "90d"]).await;
    let (all, all_table) =
        new_key(&folder, &["--scope", "search", "--scope", "REPORTS", "--scope", "admin"]).await;
    assert!(shop.starts_with("quarry_") && shop_table.contains("name = \"shop\""), "{shop_table}");
    assert!(shop_table.contains("expires = \"") && !all_table.contains("expires"), "{shop_table}{all_table}");
    folder.configure(&format!("{shop_table}\n{all_table}"));
    let server = folder.serve().await;
    let reports = "{ searchLog { totalCount } }";
    assert_eq!(ask(&server, QUESTION, Some(&shop)).await, (200, vec![]));
    assert_eq!(ask(&server, reports, Some(&shop)).await, (403, vec![json!("FORBIDDEN")]));
    assert_eq!(ask(&server, reports, Some(&all)).await, (200, vec![]));
    assert_eq!(ask(&server, QUESTION, None).await, (401, vec![json!("UNAUTHENTICATED")]));
    let mut socket = Socket::open(server.endpoint.address()).await;
    let greeting = json!({"Authorization": format!("Bearer {shop}")});
    socket.send_message(json!({"type": "connection_init", "payload": greeting})).await;
    assert_eq!(socket.receive().await, json!({"type": "connection_ack"}));

    // A file that is wrong changes nothing.
    folder.configure(&format!("{all_table}\n[[keys]]\nname = \"x\"\n"));
    reload(&server, "the settings are invalid, so the old ones stay in force").await;
    let said = server.process.stderr();
    assert!(said.contains("`keys.1.hash` is missing"), "{said}");
    assert_eq!(ask(&server, QUESTION, Some(&shop)).await, (200, vec![]));

    // The key of the shop is exchanged; what cannot change without a restart is named.
    let (next, next_table) = new_key(&folder, &["--scope", "SEARCH", "--name", "shop-2"]).await;
    folder.configure(&format!(
        "listen = \"127.0.0.1:1\"\n[rate_limits]\nper_key = 60000\n[server]\ngraphiql = \"on\"\n{all_table}\n{next_table}"
    ));
    reload(&server, "settings reloaded").await;
    until("what needs a restart", async || {
        let said = server.process.stderr();
        said.lines()
            .any(|line| {
                line.contains("need a restart") && line.contains("server.graphiql") && !line.contains("keys")
            })
            .then_some(())
    })
    .await;
    assert_eq!(ask(&server, QUESTION, Some(&shop)).await, (401, vec![json!("UNAUTHENTICATED")]));
    assert_eq!(ask(&server, QUESTION, Some(&next)).await, (200, vec![]));
    assert_eq!(socket.last_close_code().await, 4403);
    let url = format!("http://{}", server.endpoint.address());
    let typing = ["type", "--url", url.as_str(), "--searches", "2", "--speed", "0", "--key"];
    let refused = folder.run(&[&typing[..], &["quarry_wrong"]].concat()).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let typed = folder.succeed(&[&typing[..], &[all.as_str()]].concat()).await;
    assert!(!typed.contains(&all), "{typed}");
    let ended = server.stop().await;
    for secret in [&shop, &next, &all] {
        assert!(!ended.stderr.contains(secret.as_str()) && !ended.stdout.contains(secret.as_str()));
    }
    for hash in [&shop_table, &next_table, &all_table].map(|table| table.split("sha256:").nth(1).unwrap()) {
        assert!(!ended.stderr.contains(&hash[..64]), "{}", ended.stderr);
    }
    assert!(!ended.stdout.contains("GraphiQL"), "it is off where keys are configured: {}", ended.stdout);
}

#[tokio::test]
async fn with_keys_a_server_may_be_reached_from_elsewhere() {
    let folder = Folder::new("");
    let refusal = folder.fail(&["serve", "--listen", "0.0.0.0:0"]).await;
    assert!(refusal.contains("quarry key new") && refusal.contains("insecure_listen"), "{refusal}");
    let (key, table) = new_key(&folder, &["--scope", "SEARCH"]).await;
    folder.configure(&table);
    let mut process = folder.start(&["serve", "--listen", "0.0.0.0:0"]);
    let address = process.line("its address", address_of).await.replace("0.0.0.0", "127.0.0.1");
    let server = Server { process, endpoint: crate::support::server::Endpoint::new(address) };
    server.ready().await;
    assert_eq!(ask(&server, QUESTION, Some(&key)).await, (200, vec![]));
    let ended = server.stop().await;
    assert!(!ended.stderr.contains("no API keys"), "{}", ended.stderr);

    folder.configure("");
    let server = folder.serve().await;
    let ended = server.stop().await;
    assert!(ended.stderr.contains("no API keys are configured"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_reload_never_opens_a_server_that_asks_for_keys() {
    let folder = Folder::new("");
    let (key, table) = new_key(&folder, &["--scope", "SEARCH"]).await;
    folder.configure(&format!("listen = \"0.0.0.0:0\"\n{table}"));
    let mut process = folder.start(&["serve"]);
    let address = process.line("its address", address_of).await.replace("0.0.0.0", "127.0.0.1");
    let server = Server { process, endpoint: crate::support::server::Endpoint::new(address) };
    server.ready().await;
    let kept = "the old ones stay";

    std::fs::rename(folder.path("quarry.toml"), folder.path("away.toml")).unwrap();
    reload(&server, kept).await;
    assert!(server.process.stderr().contains("quarry.toml: is gone"), "{}", server.process.stderr());
    assert_eq!(ask(&server, QUESTION, None).await, (401, vec![json!("UNAUTHENTICATED")]));

    // The file without its keys says an address at which a server may do without them.
    folder.configure("listen = \"127.0.0.1:0\"");
    reload(&server, kept).await;
    let said = server.process.stderr();
    assert!(said.contains("`keys` is empty") && said.contains("needs a restart"), "{said}");
    assert_eq!(ask(&server, QUESTION, None).await, (401, vec![json!("UNAUTHENTICATED")]));
    assert_eq!(ask(&server, QUESTION, Some(&key)).await, (200, vec![]));
    server.stop().await;
}

#[tokio::test]
async fn a_reload_may_close_a_server_and_warns_of_the_address_that_it_listens_on() {
    let folder = Folder::new("");
    let (key, table) = new_key(&folder, &["--scope", "SEARCH"]).await;
    std::fs::remove_file(folder.path("quarry.toml")).unwrap();
    let server = folder.serve().await;
    let open = format!("{} can be reached", server.endpoint.address());
    assert!(server.process.stderr().contains(&open), "{}", server.process.stderr());
    // What was not there at the start may stay away.
    reload(&server, &open).await;
    folder.configure("listen = \"127.0.0.1:1\"");
    reload(&server, &open).await;
    assert!(!server.process.stderr().contains("127.0.0.1:1 can"), "{}", server.process.stderr());
    folder.configure(&table);
    reload(&server, "settings reloaded").await;
    assert_eq!(ask(&server, QUESTION, None).await, (401, vec![json!("UNAUTHENTICATED")]));
    assert_eq!(ask(&server, QUESTION, Some(&key)).await, (200, vec![]));
    server.stop().await;
}

#[tokio::test]
async fn who_administers_is_in_the_log_and_who_asks_in_the_metrics() {
    let folder = Folder::new("");
    let (all, all_table) = new_key(&folder, &["--scope", "SEARCH,ADMIN", "--name", "operator"]).await;
    let (_, idle_table) = new_key(&folder, &["--scope", "SEARCH", "--name", "idle"]).await;
    folder.configure(&format!("{all_table}\n{idle_table}"));
    let server = folder.serve().await;
    let lines = || {
        let said = server.process.stderr();
        let about = said.lines().filter(|line| line.contains("key=\"operator\""));
        about.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(ask(&server, QUESTION, Some(&all)).await, (200, vec![]));
    let erase = "mutation { gone: eraseSearcher(input: {sessionId: \"s-81\"}) { searches }
        deleteDocuments(input: {ids: []}) { deleted } }";
    assert_eq!(ask(&server, erase, Some(&all)).await, (200, vec![]));
    until("a line of the erasure", async || (lines().len() == 1).then_some(())).await;
    let line = lines().remove(0);
    assert!(line.contains("INFO") && line.contains("request.id="), "{line}");
    assert!(line.contains("fields=\"deleteDocuments, eraseSearcher\"") && !line.contains("s-81"), "{line}");

    let mut socket = Socket::open(server.endpoint.address()).await;
    let greeting = json!({"Authorization": format!("Bearer {all}")});
    socket.send_message(json!({"type": "connection_init", "payload": greeting})).await;
    assert_eq!(socket.receive().await, json!({"type": "connection_ack"}));
    socket.subscribe("c", "subscription { crawlProgress(source: \"messages\") { id } }").await;
    until("a line of the subscription", async || (lines().len() == 2).then_some(())).await;
    assert!(lines()[1].contains("fields=\"crawlProgress\""), "{:?}", lines());

    // What is refused was not done by anybody, and who has no key has no name.
    assert_eq!(ask(&server, erase, None).await.0, 401);
    let metrics = reqwest::get(format!("http://{}/metrics", server.endpoint.address())).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let counts: Vec<&str> =
        metrics.lines().filter(|line| line.starts_with("quarry_key_operations")).collect();
    let expected = ["{key=\"operator\"} 3", "{key=\"idle\"} 0"];
    assert_eq!(counts, expected.map(|of| format!("quarry_key_operations_total{of}")));
    assert_eq!(lines().len(), 2);
    server.stop().await;
}

#[tokio::test]
async fn mistakes_with_keys_are_answered_with_what_to_do() {
    let folder = Folder::new("");
    for (arguments, says) in BTreeMap::from([
        (&["--scope", "ADMIN", "--expires", "soon"][..], "neither a duration such as 90d"),
        (&["--scope", "ADMIN", "--expires", "2020-01-01"], "not in the future"),
        (&["--scope", "ADMIN", "--name", "a b"], "is not 1 to 64 letters"),
        (&["--scope", "ADMIN", "--origin", "shop.example"], "is no origin of a page"),
    ]) {
        let said = folder.fail(&[&["key", "new"], arguments].concat()).await;
        assert!(said.contains(says), "{arguments:?}: {said}");
        assert!(!said.contains("is malformed"), "{arguments:?}: {said}");
    }
    for arguments in [&["key", "new"][..], &["key", "new", "--scope", "ROOT"]] {
        let ended = folder.run(arguments).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains("--scope"), "{ended:?}");
    }
    // What it prints is what the settings take, with all that can be said.
    let (_, table) = new_key(
        &folder,
        &["--scope", "SEARCH,REPORTS", "--origin", "https://shop.example", "--expires", "2100-01-01"],
    )
    .await;
    folder.configure(&table);
    let shown = folder.succeed(&["config"]).await;
    for line in table.lines() {
        assert!(shown.contains(line.trim()), "{line} is not in:\n{shown}");
    }
}
