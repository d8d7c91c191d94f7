//! The search without the HTTP layer, twice: the API behind a handler that parses and serializes JSON, and
//! the same schema behind async-graphql-axum.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_graphql_axum::GraphQL;
use axum::Router;
use axum::response::IntoResponse;
use axum::routing::post;
use bytes::Bytes;
use http::HeaderMap;
use quarry::access::AccessControl;
use quarry::cache::{CacheLimits, LocalCache};
use quarry::config::{Language, Settings};
use quarry::crawl::Crawls;
use quarry::domain::{SourceName, Timestamp};
use quarry::graphql::{Answer, Api, Limits, Operation, RequestContext, RequestId, Services, TimeLimits};
use quarry::interaction::Interactions;
use quarry::keystroke::{Exclusions, FlushStatus, KeystrokeBuffer, Keystrokes, LocalFeed};
use quarry::report::{Coverage, CoverageError, Reports};
use quarry::search::tantivy_engine::{TantivyEngine, TantivyOptions};
use quarry::search::{IndexStep, Indexer, RuleStore, Suggestions};
use quarry::store::Store;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Body {
    query: String,
    variables: Box<RawValue>,
}

/// Path of the API behind a minimal handler.
pub const MINIMAL: &str = "/graphql";
/// Path of the schema behind async-graphql-axum.
pub const ASYNC_GRAPHQL_AXUM: &str = "/async-graphql-axum";

/// Serves the database in `folder`, with an index of its own.
pub fn serve(
    address: SocketAddr,
    folder: &Path,
    buffer: impl AsyncFnOnce(&Path) -> Arc<dyn KeystrokeBuffer>,
) {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let api = open(folder, buffer(folder).await).await;
        let credentials = AccessControl::unrestricted().credentials(address.ip(), &HeaderMap::new());
        let context = RequestContext::authenticate(RequestId::fresh(), credentials).unwrap();
        let integration = GraphQL::new(api.executor());
        let minimal = move |body: Bytes| {
            let (api, context) = (api.clone(), context.clone());
            async move {
                let Body { query, variables } = serde_json::from_slice(&body).unwrap();
                let variables = Bytes::from(String::from(Box::<str>::from(variables))).into();
                let operation =
                    api.prepare(Operation { query, name: None, variables }, &context.principal).unwrap();
                let Answer::Ran(response, _) = api.execute(operation, &context).await else {
                    panic!("the search was refused")
                };
                let body = serde_json::to_vec(&response).unwrap();
                ([("content-type", "application/json; charset=utf-8")], body).into_response()
            }
        };
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        let routes =
            Router::new().route(MINIMAL, post(minimal)).route_service(ASYNC_GRAPHQL_AXUM, integration);
        axum::serve(listener, routes).await.unwrap();
    });
}

async fn open(folder: &Path, buffer: Arc<dyn KeystrokeBuffer>) -> Api {
    let url = format!("sqlite://{}/data/quarry.db", folder.display());
    let store = Store::connect(&url, 4).await.unwrap();
    let own = folder.join("baseline");
    let options = TantivyOptions {
        folder: own.join("index"),
        languages: [(SourceName::parse("messages").unwrap(), Language::English.into())].into(),
        attributes: Arc::default(),
        weights: Default::default(),
        sufficient_hits: 5,
        concurrency: 8,
        memory_bytes: 128 << 20,
        threads: 1,
    };
    let search = Arc::new(TantivyEngine::open(options).unwrap());
    let mut indexer = Indexer::new(store.clone(), search.clone());
    while indexer.step().await.unwrap() == IndexStep::Progressed {}
    let (interactions, _writer) = Interactions::new(store.clone());
    let cache = Arc::new(LocalCache::new(CacheLimits::default()));
    let suggestions = Settings::default().suggest;
    let times = TimeLimits::default();
    let services = Services {
        rules: RuleStore::new(store.clone(), search.clone()),
        suggestions: Suggestions::new(store.clone(), search.clone(), indexer.follow(), suggestions),
        reports: Reports::new(store.clone(), cache, Arc::new(NothingPending), Duration::from_secs(300)),
        interactions,
        keystrokes: Keystrokes {
            buffer,
            feed: Arc::new(LocalFeed::new()),
            flush_status: FlushStatus::default(),
            mask: None,
            exclusions: Exclusions::default(),
        },
        index: indexer.follow(),
        search,
        crawls: Crawls::new(store.clone(), tokio::sync::watch::channel(Vec::new()).1, Arc::default()),
        store,
        index_timeout: times.index_timeout(),
    };
    Api::new(services, Limits::default(), times)
}

struct NothingPending;

#[async_trait::async_trait]
impl Coverage for NothingPending {
    async fn oldest_pending(&self) -> Result<Option<Timestamp>, CoverageError> {
        Ok(None)
    }
}
