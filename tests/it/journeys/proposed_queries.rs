//! `quarry sources init` for GraphQL: proposed queries of a real schema, and crawls with them.

use async_graphql::{EmptyMutation, EmptySubscription, Object, Request, Schema, SimpleObject};
use futures_util::FutureExt;
use serde_json::json;

use crate::support::folder::Folder;
use crate::support::json_api::{self, ApiCall, ApiReply, JsonApi};

/// The size of every list that has pages.
const COUNT: usize = 233;

struct Query;

#[derive(Clone, SimpleObject)]
struct Customer {
    id: usize,
    name: String,
}

#[derive(Clone, SimpleObject)]
struct Order {
    id: String,
    note: String,
    tags: Vec<String>,
    customer: Customer,
}

#[derive(SimpleObject)]
struct OrderEdge {
    cursor: String,
    node: Order,
}

#[derive(SimpleObject)]
struct OrderPageInfo {
    end_cursor: Option<String>,
    has_next_page: bool,
}

#[derive(SimpleObject)]
struct OrderConnection {
    edges: Vec<OrderEdge>,
    page_info: OrderPageInfo,
    total_count: usize,
}

#[derive(SimpleObject)]
struct PageDetails {
    count: usize,
    pages: usize,
}

#[derive(SimpleObject)]
struct CustomerPage {
    info: PageDetails,
    results: Vec<Customer>,
}

fn order(id: usize) -> Order {
    let customer = Customer { id: id % 7, name: format!("Customer {}", id % 7) };
    Order { id: format!("o{id}"), note: format!("The note of order {id}"), tags: Vec::new(), customer }
}

fn customer(id: usize) -> Customer {
    Customer { id, name: format!("The name of customer {id}") }
}

#[Object]
impl Query {
    /// Has an argument that cannot be known.
    async fn order(&self, id: String) -> Vec<Order> {
        vec![Order { id, ..order(0) }]
    }

    async fn orders(&self, first: usize, after: Option<String>) -> async_graphql::Result<OrderConnection> {
        if first > 50 {
            return Err("first must be at most 50".into());
        }
        let start = after.map_or(0, |after| after.parse().expect("a cursor"));
        let end = (start + first).min(COUNT);
        let edges = (start..end).map(|id| OrderEdge { cursor: id.to_string(), node: order(id) }).collect();
        let page_info = OrderPageInfo { end_cursor: Some(end.to_string()), has_next_page: end < COUNT };
        Ok(OrderConnection { edges, page_info, total_count: COUNT })
    }

    async fn customers(&self, #[graphql(default = 1)] page: usize) -> CustomerPage {
        let results = ((page - 1) * 20..(page * 20).min(COUNT)).map(customer).collect();
        CustomerPage { info: PageDetails { count: COUNT, pages: COUNT.div_ceil(20) }, results }
    }

    async fn archive(&self, skip: Option<usize>, take: Option<usize>) -> Vec<Order> {
        let start = skip.unwrap_or(0);
        (start..(start + take.unwrap_or(10)).min(COUNT)).map(order).collect()
    }

    async fn warehouses(&self) -> Vec<Customer> {
        (0..3).map(customer).collect()
    }

    async fn version(&self) -> &str {
        "1"
    }
}

/// Serves the schema by `POST`, as most servers do.
async fn shop(is_open: bool) -> JsonApi {
    let schema = Schema::build(Query, EmptyMutation, EmptySubscription);
    let schema = if is_open { schema } else { schema.disable_introspection() }.finish();
    JsonApi::start(move |call: &ApiCall| {
        if call.method != "POST" {
            return ApiReply { status: 405, headers: Vec::new(), body: String::new() };
        }
        if call.headers.get("content-type").is_none_or(|content| content != "application/json") {
            return ApiReply { status: 415, headers: Vec::new(), body: String::new() };
        }
        let request: Request = serde_json::from_value(call.body.clone()).expect("a request");
        // No resolver waits.
        let response = schema.execute(request).now_or_never().expect("a response");
        json_api::json(&json!(response))
    })
    .await
}

/// Asserts lines of the proposal for a list, and that a crawl with it completes.
async fn assert_crawls(arguments: &[&str], documents: usize, lines: &[&str]) {
    let shop = shop(true).await;
    let folder = Folder::new("");
    let url = shop.url("/api/graphql");
    let arguments = [&["sources", "init", &url, "--name", "shop"], arguments].concat();
    let toml = folder.succeed(&arguments).await;
    for line in lines {
        assert!(toml.contains(line), "{line}\n{toml}");
    }
    folder.configure(&toml.replace("[[sources]]\n", "[[sources]]\ndelay = \"1ms\"\n"));
    let tried = folder.succeed(&["try", "shop"]).await;
    assert!(!tried.contains("error:"), "{tried}");
    let crawled = folder.succeed(&["crawl", "shop"]).await;
    assert!(crawled.contains("completed") && crawled.contains(&format!("{documents} inserted")), "{crawled}");
}

#[tokio::test]
async fn a_connection_precedes_other_lists() {
    let lines = [
        "method = \"POST\"\n",
        "items = \"/data/orders/edges/*/node\" # ",
        "total = \"/data/orders/totalCount\" # 233\n",
        "; verified: the second page has 20 other items\n",
        "key = \"/id\" # ",
        "text = \"/note\" # ",
        "author_key = \"/customer/id\" # ",
        "# Other lists, by --list: customers, archive, warehouses\n",
        "query = \"query($first: Int!, $after: String) { orders(first: $first, after: $after) { totalCount ",
        "[sources.stop]\nwhen = \"/data/orders/pageInfo/hasNextPage\"\nequals = false\n",
    ];
    assert_crawls(&[], COUNT, &lines).await;
}

#[tokio::test]
async fn lists_have_page_numbers_offsets_and_no_pages() {
    let pages = [
        "page = \"/variables/page\", limit = \"\"",
        "items = \"/data/customers/results\"",
        "total = \"/data/customers/info/count\" # 233",
    ];
    assert_crawls(&["--list", "customers"], COUNT, &pages).await;
    let offsets = [
        "offset = \"/variables/skip\", limit = \"/variables/take\", size = 100",
        "items = \"/data/archive\"",
    ];
    assert_crawls(&["--list", "archive"], COUNT, &offsets).await;
    assert_crawls(&["--list", "warehouses"], 3, &["pagination = { kind = \"none\" }"]).await;
}

#[tokio::test]
async fn a_schema_without_a_suitable_list_names_the_remedy() {
    let folder = Folder::new("");
    let (open, closed) = (shop(true).await, shop(false).await);
    let unknown = folder.fail(&["sources", "init", &open.url("/graphql"), "--list", "order"]).await;
    assert!(unknown.contains("it has orders, customers, archive, warehouses"), "{unknown}");
    let closed = folder.fail(&["sources", "init", &closed.url("/graphql")]).await;
    assert!(closed.contains("describe it with `method = \"POST\"`"), "{closed}");
    let other = JsonApi::start(|_| json_api::json(&json!({"a": 1}))).await;
    let other = folder.fail(&["sources", "init", &other.url("/v1/things"), "--list", "things"]).await;
    assert!(other.contains("does not answer an introspection"), "{other}");
}
