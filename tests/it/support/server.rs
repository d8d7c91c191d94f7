//! `quarry serve` as a process, spoken to over HTTP.

use std::collections::BTreeSet;

use reqwest::Client;
use serde_json::{Value, json};

use super::folder::Folder;
use super::process::{Ended, Process};
use super::wait::until;

/// Documents of one page of a walk.
const PAGE: usize = 100;

/// Serves on a port that the system chooses.
pub(crate) const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// A running server.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) endpoint: Endpoint,
}

/// Where a GraphQL API is.
#[derive(Clone)]
pub(crate) struct Endpoint {
    address: String,
    client: Client,
}

/// A GraphQL answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) data: Value,
    pub(crate) errors: Vec<Value>,
}

impl Answer {
    /// The codes of its errors.
    pub(crate) fn codes(&self) -> BTreeSet<&str> {
        self.errors.iter().map(|error| error["extensions"]["code"].as_str().unwrap_or("none")).collect()
    }
}

/// A client that goes to servers itself, whatever proxy the environment names.
pub(crate) fn client() -> Client {
    // The first test to ask sets it for the process; the others find it set.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().expect("a client")
}

impl Server {
    /// Starts one in a folder, on a port that the system chooses.
    pub(crate) async fn start(folder: &Folder) -> Self {
        Self::start_with(folder, &[]).await
    }

    /// Starts one with these variables.
    pub(crate) async fn start_with(folder: &Folder, variables: &[(&str, &str)]) -> Self {
        Self::started(folder.start_with(&SERVE, variables)).await
    }

    /// Starts one with these arguments.
    pub(crate) async fn start_as(folder: &Folder, arguments: &[&str]) -> Self {
        Self::started(folder.start(arguments)).await
    }

    /// Starts one in a shell that first does something to itself.
    pub(crate) async fn start_in_shell(folder: &Folder, prelude: &str) -> Self {
        Self::started(Process::start_in_shell(&folder.path(""), prelude, &SERVE, &[])).await
    }

    async fn started(mut process: Process) -> Self {
        let address = process.line("its address", address_of).await;
        Self { process, endpoint: Endpoint::new(address) }
    }

    /// Waits until it says that it is ready.
    pub(crate) async fn ready(&self) {
        until("a ready server", async || (self.endpoint.status("/readyz").await == Some(200)).then_some(()))
            .await;
    }

    /// Stops it as a service manager does; it must end well.
    pub(crate) async fn stop(self) -> Ended {
        self.process.terminate();
        let ended = self.process.end().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended
    }
}

/// The address in a line that names the GraphQL endpoint.
pub(crate) fn address_of(line: &str) -> Option<String> {
    Some(line.split_once("http://")?.1.strip_suffix("/graphql")?.to_owned())
}

impl Endpoint {
    /// An endpoint at `host:port`.
    pub(crate) fn new(address: String) -> Self {
        Self { address, client: client() }
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The status of a GET; none if nobody answers.
    pub(crate) async fn status(&self, path: &str) -> Option<u16> {
        let answer = self.client.get(format!("http://{}{path}", self.address)).send().await.ok()?;
        Some(answer.status().as_u16())
    }

    /// The status and the JSON at a path.
    pub(crate) async fn json(&self, path: &str) -> (u16, Value) {
        let request = self.client.get(format!("http://{}{path}", self.address));
        let answer = request.send().await.expect("the server answers");
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.expect("a text")).expect("JSON"))
    }

    /// A figure of `/metrics`.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let answer =
            self.client.get(format!("http://{}/metrics", self.address)).send().await.expect("metrics");
        let page = answer.text().await.expect("a page");
        let found = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        found.and_then(|figure| figure.parse().ok()).unwrap_or_else(|| panic!("no {name}: {page}"))
    }

    /// The status and the answer to any body at all; none if nobody answers.
    pub(crate) async fn send(&self, content_type: &str, body: Vec<u8>) -> Option<(u16, String)> {
        let request = self.client.post(format!("http://{}/graphql", self.address));
        let answer = request.header("content-type", content_type).body(body).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// The whole answer, as it comes; none if nobody answers.
    async fn try_raw(&self, query: &str, variables: Value) -> Option<Value> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let request = self.client.post(format!("http://{}/graphql", self.address));
        let request = request.header("content-type", "application/json").body(body);
        let text = request.send().await.ok()?.text().await.ok()?;
        Some(serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}")))
    }

    /// The whole answer of a server that must answer, its extensions included.
    pub(crate) async fn raw(&self, query: &str, variables: Value) -> Value {
        self.try_raw(query, variables).await.expect("the server answers")
    }

    /// Asks; none if nobody answers.
    pub(crate) async fn try_ask(&self, query: &str, variables: Value) -> Option<Answer> {
        let mut answer = self.try_raw(query, variables).await?;
        let errors = answer["errors"].as_array().cloned().unwrap_or_default();
        Some(Answer { data: answer["data"].take(), errors })
    }

    /// Asks a server that must answer.
    pub(crate) async fn ask(&self, query: &str, variables: Value) -> Answer {
        self.try_ask(query, variables).await.expect("the server answers")
    }

    /// Asks a question that has no error.
    pub(crate) async fn data(&self, query: &str, variables: Value) -> Value {
        let answer = self.ask(query, variables).await;
        assert!(answer.errors.is_empty(), "{query}: {:?}", answer.errors);
        answer.data
    }

    /// How many documents a search finds.
    pub(crate) async fn total(&self, query: &str) -> u64 {
        let text = "query($q: String!) { search(query: $q, first: 0) { totalCount } }";
        let data = self.data(text, json!({ "q": query })).await;
        data["search"]["totalCount"].as_u64().expect("a count")
    }

    /// The keys of everything that a search finds, walked page by page.
    pub(crate) async fn keys(&self, query: &str) -> Vec<String> {
        let text = "query($q: String!, $first: Int, $after: String) {
            search(query: $q, first: $first, after: $after) {
                totalCount nodes { key } pageInfo { hasNextPage endCursor } } }";
        let (mut keys, mut after) = (Vec::new(), Value::Null);
        loop {
            let variables = json!({ "q": query, "first": PAGE, "after": after });
            let mut page = self.data(text, variables).await["search"].take();
            let nodes = page["nodes"].as_array().expect("nodes");
            keys.extend(nodes.iter().map(|node| node["key"].as_str().expect("a key").to_owned()));
            after = page["pageInfo"]["endCursor"].take();
            if page["pageInfo"]["hasNextPage"] == false {
                assert_eq!(page["totalCount"], keys.len(), "the count of {query:?}");
                return keys;
            }
        }
    }

    /// As [`Self::keys`], as a set; none may be there twice.
    pub(crate) async fn key_set(&self, query: &str) -> BTreeSet<String> {
        let keys = self.keys(query).await;
        let set: BTreeSet<String> = keys.iter().cloned().collect();
        assert_eq!(set.len(), keys.len(), "a document is found twice by {query:?}");
        set
    }

    /// The crawls of a source, latest first, each with its whole ledger.
    pub(crate) async fn crawls(&self, source: &str) -> Vec<Value> {
        let text =
            "{ sources { name documentCount crawls(first: 20) { id state startedAt finishedAt pagesFetched
            attempts documentsSeen inserted updated unchanged deleted rejected expectedTotal error } } }";
        let data = self.data(text, Value::Null).await;
        let sources = data["sources"].as_array().expect("sources");
        let source = sources.iter().find(|found| found["name"] == source).expect("the source");
        source["crawls"].as_array().expect("crawls").clone()
    }

    /// How many documents a source has, as the store counts; none if nobody knows it.
    pub(crate) async fn document_count(&self, source: &str) -> u64 {
        let data = self.data("{ sources { name documentCount } }", Value::Null).await;
        let sources = data["sources"].as_array().expect("sources");
        let source = sources.iter().find(|found| found["name"] == source);
        source.map_or(0, |source| source["documentCount"].as_u64().expect("a count"))
    }

    /// The ledger of a crawl, walked page by page.
    pub(crate) async fn ledger(&self, crawl: &Value) -> Vec<Value> {
        let text = "query($id: ID!, $after: String) { node(id: $id) { ... on Crawl {
            pages(first: 100, after: $after) { nodes { position sweep attempts status documents failures }
                pageInfo { hasNextPage endCursor } totalCount } } } }";
        let (mut lines, mut after) = (Vec::new(), Value::Null);
        loop {
            let variables = json!({ "id": crawl["id"], "after": after });
            let mut pages = self.data(text, variables).await["node"]["pages"].take();
            lines.extend(pages["nodes"].as_array().expect("nodes").iter().cloned());
            after = pages["pageInfo"]["endCursor"].take();
            if pages["pageInfo"]["hasNextPage"] == false {
                assert_eq!(pages["totalCount"], lines.len(), "the count of the ledger");
                return lines;
            }
        }
    }

    /// Stores documents of a source, with `key` and `text`, and waits until they can be found.
    pub(crate) async fn index(&self, source: &str, documents: &[(&str, &str)]) -> Answer {
        let text = "mutation($input: IndexDocumentsInput!) { indexDocuments(input: $input) {
            inserted updated unchanged documents { id key } } }";
        let documents: Vec<Value> = documents
            .iter()
            .map(|(key, text)| {
                json!({ "source": source, "key": key, "text": text, "authorKey": "a1", "authorName": "Ada Test" })
            })
            .collect();
        self.ask(text, json!({ "input": { "documents": documents } })).await
    }
}
