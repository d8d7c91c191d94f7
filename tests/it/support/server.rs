//! `quarry serve` as a process, and its GraphQL endpoint.

use std::collections::BTreeSet;

use reqwest::Client;
use serde_json::{Value, json};

use super::folder::Folder;
use super::process::{Process, ProcessOutput};
use super::wait::until;

/// Documents per page of a search.
const PAGE_SIZE: usize = 100;

/// The arguments of a server on a free port.
pub(crate) const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// A running server.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) endpoint: Endpoint,
}

/// A GraphQL endpoint.
#[derive(Clone)]
pub(crate) struct Endpoint {
    address: String,
    client: Client,
}

/// A GraphQL response.
#[derive(Debug)]
pub(crate) struct GraphqlResponse {
    pub(crate) data: Value,
    pub(crate) errors: Vec<Value>,
}

impl GraphqlResponse {
    /// Returns the codes of its errors.
    pub(crate) fn codes(&self) -> BTreeSet<&str> {
        self.errors.iter().map(|error| error["extensions"]["code"].as_str().unwrap_or("none")).collect()
    }
}

/// Creates a client that ignores the proxy of the environment.
pub(crate) fn client() -> Client {
    // The first call sets the provider of the process; later ones fail.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().expect("a client")
}

impl Server {
    /// Starts a server in a folder, on a free port.
    pub(crate) async fn start(folder: &Folder) -> Self {
        Self::start_with(folder, &[]).await
    }

    /// Starts a server with these environment variables.
    pub(crate) async fn start_with(folder: &Folder, variables: &[(&str, &str)]) -> Self {
        Self::started(folder.start_with(&SERVE, variables)).await
    }

    /// Starts a server with these arguments.
    pub(crate) async fn start_as(folder: &Folder, arguments: &[&str]) -> Self {
        Self::started(folder.start(arguments)).await
    }

    /// Starts a server in a shell after a prelude.
    pub(crate) async fn start_in_shell(folder: &Folder, prelude: &str) -> Self {
        Self::started(Process::start_in_shell(&folder.path(""), prelude, &SERVE, &[])).await
    }

    async fn started(mut process: Process) -> Self {
        let address = process.line("its address", address_of).await;
        Self { process, endpoint: Endpoint::new(address) }
    }

    /// Waits until `/readyz` reports readiness.
    pub(crate) async fn ready(&self) {
        until("a ready server", async || (self.endpoint.status("/readyz").await == Some(200)).then_some(()))
            .await;
    }

    /// Stops it as a service manager does; it must succeed.
    pub(crate) async fn stop(self) -> ProcessOutput {
        self.process.terminate();
        let ended = self.process.end().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended
    }
}

/// Returns the address in a line with the URL of the endpoint.
pub(crate) fn address_of(line: &str) -> Option<String> {
    Some(line.split_once("http://")?.1.strip_suffix("/graphql")?.to_owned())
}

impl Endpoint {
    /// Creates the endpoint of a `host:port`.
    pub(crate) fn new(address: String) -> Self {
        Self { address, client: client() }
    }

    /// Returns its `host:port`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Returns the status of a GET; `None` without a response.
    pub(crate) async fn status(&self, path: &str) -> Option<u16> {
        let answer = self.client.get(format!("http://{}{path}", self.address)).send().await.ok()?;
        Some(answer.status().as_u16())
    }

    /// Returns the status and the JSON of a GET.
    pub(crate) async fn json(&self, path: &str) -> (u16, Value) {
        let request = self.client.get(format!("http://{}{path}", self.address));
        let answer = request.send().await.expect("the server answers");
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.expect("a text")).expect("JSON"))
    }

    /// Returns a value of `/metrics`.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let answer =
            self.client.get(format!("http://{}/metrics", self.address)).send().await.expect("metrics");
        let page = answer.text().await.expect("a page");
        let found = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        found.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name}: {page}"))
    }

    /// Posts any body, and returns status and body; `None` without a response.
    pub(crate) async fn send(&self, content_type: &str, body: Vec<u8>) -> Option<(u16, String)> {
        let request = self.client.post(format!("http://{}/graphql", self.address));
        let answer = request.header("content-type", content_type).body(body).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// Returns the JSON of a response; `None` without a response.
    async fn try_raw(&self, query: &str, variables: Value) -> Option<Value> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let request = self.client.post(format!("http://{}/graphql", self.address));
        let request = request.header("content-type", "application/json").body(body);
        let text = request.send().await.ok()?.text().await.ok()?;
        Some(serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}")))
    }

    /// Returns the JSON of a response, extensions included.
    pub(crate) async fn raw(&self, query: &str, variables: Value) -> Value {
        self.try_raw(query, variables).await.expect("the server answers")
    }

    /// Executes an operation; `None` without a response.
    pub(crate) async fn try_query(&self, query: &str, variables: Value) -> Option<GraphqlResponse> {
        let mut answer = self.try_raw(query, variables).await?;
        let errors = answer["errors"].as_array().cloned().unwrap_or_default();
        Some(GraphqlResponse { data: answer["data"].take(), errors })
    }

    /// Executes an operation.
    pub(crate) async fn query(&self, query: &str, variables: Value) -> GraphqlResponse {
        self.try_query(query, variables).await.expect("the server answers")
    }

    /// Executes an operation that must succeed, and returns its data.
    pub(crate) async fn data(&self, query: &str, variables: Value) -> Value {
        let answer = self.query(query, variables).await;
        assert!(answer.errors.is_empty(), "{query}: {:?}", answer.errors);
        answer.data
    }

    /// Returns the total number of documents of a search.
    pub(crate) async fn total(&self, query: &str) -> u64 {
        let text = "query($q: String!) { search(query: $q, first: 0) { totalCount } }";
        let data = self.data(text, json!({ "q": query })).await;
        data["search"]["totalCount"].as_u64().expect("a count")
    }

    /// Returns the keys of all documents of a search.
    pub(crate) async fn keys(&self, query: &str) -> Vec<String> {
        self.keys_of_pages(query, PAGE_SIZE).await
    }

    /// Returns the keys of all documents of a search, from pages of a size.
    pub(crate) async fn keys_of_pages(&self, query: &str, first: usize) -> Vec<String> {
        let text = "query($q: String!, $first: Int, $after: String) {
            search(query: $q, first: $first, after: $after) {
                totalCount nodes { key } pageInfo { hasNextPage endCursor } } }";
        let (mut keys, mut after) = (Vec::new(), Value::Null);
        loop {
            let variables = json!({ "q": query, "first": first, "after": after });
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

    /// Returns [`Self::keys`] as a set, without duplicates.
    pub(crate) async fn key_set(&self, query: &str) -> BTreeSet<String> {
        let keys = self.keys(query).await;
        let set: BTreeSet<String> = keys.iter().cloned().collect();
        assert_eq!(set.len(), keys.len(), "a duplicate document in {query:?}");
        set
    }

    /// Returns the crawls of a source, latest first.
    pub(crate) async fn crawls(&self, source: &str) -> Vec<Value> {
        let text =
            "{ sources { name documentCount crawls(first: 20) { id state startedAt finishedAt pagesFetched
            attempts documentsSeen inserted updated unchanged deleted rejected expectedTotal error } } }";
        let data = self.data(text, Value::Null).await;
        let sources = data["sources"].as_array().expect("sources");
        let source = sources.iter().find(|found| found["name"] == source).expect("the source");
        source["crawls"].as_array().expect("crawls").clone()
    }

    /// Returns the number of stored documents of a source; 0 for an unknown one.
    pub(crate) async fn document_count(&self, source: &str) -> u64 {
        let data = self.data("{ sources { name documentCount } }", Value::Null).await;
        let sources = data["sources"].as_array().expect("sources");
        let source = sources.iter().find(|found| found["name"] == source);
        source.map_or(0, |source| source["documentCount"].as_u64().expect("a count"))
    }

    /// Returns the ledger of a crawl, page by page.
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

    /// Stores documents of a source and waits until they are indexed.
    pub(crate) async fn index(&self, source: &str, documents: &[(&str, &str)]) -> GraphqlResponse {
        let text = "mutation($input: IndexDocumentsInput!) { indexDocuments(input: $input) {
            inserted updated unchanged documents { id key } } }";
        let documents: Vec<Value> = documents
            .iter()
            .map(|(key, text)| {
                json!({ "source": source, "key": key, "text": text, "authorKey": "a1", "authorName": "Ada Test" })
            })
            .collect();
        self.query(text, json!({ "input": { "documents": documents } })).await
    }
}
