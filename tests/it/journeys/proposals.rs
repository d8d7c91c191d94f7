//! `quarry sources init`: proposed settings for APIs with the shapes of public ones, and crawls with them.

use quarry::config::{FieldList, JsonPointer, KeyPart, Pagination, Settings, SourceConfig};
use serde_json::{Value, json};

use crate::support::folder::Folder;
use crate::support::json_api::{self, ApiCall, ApiReply, JsonApi};

/// Returns the proposal for an address, without its variables.
async fn propose(folder: &Folder, arguments: &[&str]) -> (SourceConfig, String) {
    let toml = folder.succeed(&[&["sources", "init"], arguments].concat()).await;
    let settings = Settings::from_toml(&toml).unwrap_or_else(|error| panic!("{error}\n{toml}"));
    (settings.sources.crawled.into_iter().next().expect("a source"), toml)
}

/// Asserts the proposed fields as `name=pointer`, and that a crawl with the proposal completes.
pub(super) async fn assert_crawls(
    url: &str,
    name: &str,
    documents: usize,
    pagination: &str,
    fields: &str,
) -> String {
    let folder = Folder::new("");
    let (config, toml) = propose(&folder, &[url]).await;
    assert_eq!(config.name.as_str(), name, "{toml}");
    let kind = match &config.pagination {
        Pagination::Offset { offset, limit, .. } => format!("offset {offset} {limit}"),
        Pagination::Page { page, limit, first, .. } => format!("page {page} {limit} {first}"),
        Pagination::Cursor { cursor, next, .. } => format!("cursor {cursor} {next}"),
        Pagination::Link { limit, .. } => format!("link {limit}"),
        Pagination::SinglePage {} => "none".to_owned(),
    };
    assert_eq!(kind, pagination, "{toml}");
    let verdict = if kind == "none" { "no other page was found" } else { "; verified: the second page has " };
    assert!(toml.contains(verdict), "{toml}");
    let map = &config.fields;
    let of_list = |list: &FieldList| list.pointers().iter().map(JsonPointer::as_str).collect::<String>();
    let of_pointer = |pointer: &Option<JsonPointer>| pointer.as_ref().map(|one| one.as_str().to_owned());
    let fields_of_config = [
        ("key", Some(map.key.parts().iter().map(KeyPart::as_str).collect())),
        ("text", Some(of_list(&map.text))),
        ("title", map.title.as_ref().map(of_list)),
        ("category", of_pointer(&map.category)),
        ("author_key", of_pointer(&map.author_key)),
        ("author_name", of_pointer(&map.author_name)),
        ("published_at", of_pointer(&map.published_at)),
    ];
    let shown: Vec<String> =
        fields_of_config.into_iter().filter_map(|(name, text)| Some(format!("{name}={}", text?))).collect();
    let shown = shown.join(" ");
    assert_eq!(shown, fields, "{toml}");
    assert!(!folder.path("data").exists(), "it stores nothing");
    folder.configure(&toml.replace("[[sources]]\n", "[[sources]]\ndelay = \"1ms\"\n"));
    let tried = folder.succeed(&["try", name]).await;
    assert!(!tried.contains("error:"), "{tried}");
    let crawled = folder.succeed(&["crawl", name]).await;
    assert!(crawled.contains("completed") && crawled.contains(&format!("{documents} inserted")), "{crawled}");
    toml
}

/// Returns the part of `count` items that a request selects, made by `item`.
pub(super) fn slice(start: usize, size: usize, count: usize, item: impl Fn(usize) -> Value) -> Vec<Value> {
    (start.min(count)..(start + size).min(count)).map(item).collect()
}

fn not_found() -> ApiReply {
    ApiReply { status: 404, headers: Vec::new(), body: r#"{"detail":"Invalid page."}"#.to_owned() }
}

/// Adds a `Link` header with the next page of a list of 25 items.
fn with_link(call: &ApiCall, page: usize, size: usize, body: &Value) -> ApiReply {
    let mut reply = json_api::json(body);
    if page * size < 25 {
        let (home, path, next) = (&call.home, &call.path, page + 1);
        reply.headers.push(("link", format!("<{home}{path}?page={next}&per_page={size}>; rel=\"next\"")));
    }
    reply
}

#[tokio::test]
async fn wordpress_posts() {
    let api = JsonApi::start(|call| {
        let (page, size) = (call.number("page", 1), call.number("per_page", 10));
        let posts = slice((page - 1) * size, size, 25, |id| {
            json!({
                "id": id + 100, "date": "2026-01-02T04:04:05", "date_gmt": "2026-01-02T03:04:05",
                "guid": {"rendered": format!("https://example.org/?p={id}")}, "modified_gmt": "2026-02-02T03:04:05",
                "slug": format!("post-{id}"), "status": "publish", "type": "post",
                "link": format!("https://example.org/post-{id}/"),
                "title": {"rendered": format!("Post {id}")},
                "content": {"rendered": format!("<p>The whole text of post {id}</p>"), "protected": false},
                "excerpt": {"rendered": "<p>The text</p>", "protected": false},
                "author": 3, "featured_media": 0, "categories": [1], "tags": [], "format": "standard",
            })
        });
        if posts.is_empty() {
            let body = r#"{"code":"rest_post_invalid_page_number","message":"x","data":{"status":400}}"#;
            return ApiReply { status: 400, headers: Vec::new(), body: body.to_owned() };
        }
        let mut reply = with_link(call, page, size, &json!(posts));
        reply.headers.push(("x-wp-total", "25".to_owned()));
        reply
    })
    .await;
    let fields =
        "key=/id text=/content/rendered title=/title/rendered author_key=/author published_at=/date_gmt";
    let toml = assert_crawls(&api.url("/wp-json/wp/v2/posts"), "posts", 25, "link per_page", fields).await;
    assert!(toml.contains("total = \"header:x-wp-total\" # 25\n"), "{toml}");
    assert!(toml.contains("\nhtml = true # "), "{toml}");
}

#[tokio::test]
async fn github_issues() {
    let api = JsonApi::start(|call| {
        let (page, size) = (call.number("page", 1), call.number("per_page", 10));
        let issues = slice((page - 1) * size, size, 25, |id| {
            json!({
                "url": format!("https://api.example.com/issues/{id}"), "id": 9_000_000 + id, "node_id": format!("MDU{id}"),
                "number": id, "title": format!("Issue {id}"), "state": "open", "locked": false, "comments": 0,
                "user": {"login": "octocat", "id": 1, "type": "User", "avatar_url": "https://example.com/a.png"},
                "labels": [{"id": 1, "name": "bug"}], "assignee": null,
                "created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-03T03:04:05Z", "closed_at": null,
                "author_association": "NONE", "body": if id % 4 == 0 { Value::Null } else { "It does not work".into() },
            })
        });
        with_link(call, page, size, &json!(issues))
    })
    .await;
    let fields = "key=/id text=/body title=/title author_key=/user/id author_name=/user/login published_at=/created_at";
    assert_crawls(&api.url("/repos/octocat/hello/issues?state=all"), "issues", 25, "link per_page", fields)
        .await;
}

#[tokio::test]
async fn a_django_rest_list() {
    let api = JsonApi::start(|call| {
        let page = call.number("page", 1);
        let results = slice((page - 1) * 10, 10, 25, |id| {
            json!({"url": format!("{}/people/{id}/", call.home), "name": format!("Person {id}"), "gender": "n/a",
                "films": ["1"], "created": "2014-12-09T13:50:51.644000Z", "edited": "2014-12-20T21:17:56.891000Z"})
        });
        if results.is_empty() {
            return not_found();
        }
        let next = (page < 3).then(|| format!("{}/people/?page={}", call.home, page + 1));
        json_api::json(&json!({"count": 25, "next": next, "previous": null, "results": results}))
    })
    .await;
    let fields = "key=/url text=/name published_at=/created";
    assert_crawls(&api.url("/people/"), "people", 25, "cursor cursor /next", fields).await;
}

#[tokio::test]
async fn a_count_of_the_page_is_not_proposed_as_the_total() {
    for has_flag in [false, true] {
        let api = JsonApi::start(move |call| {
            // Other parameters than the number of the page are ignored.
            let page = call.number("page", 1);
            let results =
                slice((page - 1) * 20, 20, 50, |id| json!({"id": id, "text": format!("Item {id}")}));
            let mut body = json!({"count": results.len(), "page": page, "results": results});
            if has_flag {
                body["has_more"] = json!(page < 3);
            }
            json_api::json(&body)
        })
        .await;
        let toml = assert_crawls(
            &api.url("/v1/entries"),
            "entries",
            50,
            "page page per_page 1",
            "key=/id text=/text",
        )
        .await;
        assert!(!toml.contains("\ntotal = "), "{toml}");
    }
}

#[tokio::test]
async fn a_solr_core() {
    let api = JsonApi::start(|call| {
        let (start, rows) = (call.number("start", 0), call.number("rows", 10));
        let docs = slice(start, rows, 25, |id| {
            json!({"id": format!("doc{id}"), "name": format!("Drive {id}"), "features": ["fast"], "price": 9.5,
                "description": "A hard drive with plenty of space", "last_modified": "2026-01-02T03:04:05Z", "_version_": id})
        });
        json_api::json(&json!({
            "responseHeader": {"status": 0, "QTime": 1, "params": {"q": "*:*"}},
            "response": {"numFound": 25, "start": start, "numFoundExact": true, "docs": docs},
            "facet_counts": {"facet_fields": {"cat": ["a", 1]}},
        }))
    })
    .await;
    let fields = "key=/id text=/description title=/name published_at=/last_modified";
    assert_crawls(&api.url("/solr/drives/select?q=*:*"), "drives", 25, "offset start rows", fields).await;
}

#[tokio::test]
async fn an_odata_feed() {
    let api = JsonApi::start(|call| {
        let skip = call.number("$skiptoken", 0);
        let value = slice(skip, 10, 25, |id| {
            json!({"ProductID": id, "ProductName": format!("Chai {id}"), "QuantityPerUnit": "10 boxes x 20 bags",
                "Description": "Soft drinks, coffees, teas, beers and ales", "Discontinued": false})
        });
        let mut body = json!({"@odata.context": format!("{}/$metadata#Products", call.home), "@odata.count": 25, "value": value});
        if skip + 10 < 25 {
            body["@odata.nextLink"] = format!("{}/Products?$count=true&$skiptoken={}", call.home, skip + 10).into();
        }
        json_api::json(&body)
    })
    .await;
    let fields = "key=/ProductID text=/Description title=/ProductName";
    let url = api.url("/Northwind.svc/Products?$count=true");
    assert_crawls(&url, "products", 25, "cursor $skiptoken /@odata.nextLink", fields).await;
}

#[tokio::test]
async fn a_list_without_hints_is_found_by_trying() {
    let api = JsonApi::start(|call| {
        let (skip, limit) = (call.number("skip", 0), call.number("limit", 10));
        let list = slice(
            skip,
            limit,
            25,
            |id| json!({"uuid": format!("u{id}"), "quote": format!("Saying {id}, at length")}),
        );
        json_api::json(&json!({"quotes": list, "total": 25}))
    })
    .await;
    assert_crawls(&api.url("/quotes"), "quotes", 25, "offset skip limit", "key=/uuid text=/quote").await;
}

#[tokio::test]
async fn an_object_of_items_without_other_pages() {
    let api = JsonApi::start(|_| {
        let user =
            |id: usize| (format!("u{id}"), json!({"name": format!("Ann{id}"), "bio": "Likes long walks"}));
        let users: serde_json::Map<String, Value> = (0..7).map(user).collect();
        json_api::json(&json!({"users": users, "version": 3}))
    })
    .await;
    let fields = "key=# text=/bio title=/name";
    let toml = assert_crawls(&api.url("/users?limit=500"), "users", 7, "none", fields).await;
    assert!(toml.contains("items = \"/users/*\""), "{toml}");
    assert!(toml.contains("/users?limit=500\""), "the parameters belong to the address: {toml}");
    assert!(toml.contains("ATTENTION: no scheme of pagination was found"), "{toml}");
}

#[tokio::test]
async fn secrets_in_the_address_are_named_but_never_printed() {
    let api = JsonApi::start(|call| {
        if call.query.get("api_key").is_none_or(|key| key != "t0p&secret") {
            return ApiReply { status: 401, headers: Vec::new(), body: String::new() };
        }
        let (skip, limit) = (call.number("skip", 0), call.number("limit", 10));
        let list = slice(skip, limit, 25, |id| json!({"id": id, "text": format!("Text {id}")}));
        json_api::json(&json!({"items": list, "total": 25}))
    })
    .await;
    let folder = Folder::new("");
    let url = api.url("/items?q=tea&api_key=t0p%26secret&token=t0p2&skip=0&limit=10");
    let ended = folder.run(&["sources", "init", &url]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!format!("{ended:?}").contains("t0p"), "{ended:?}");
    assert!(
        ended.stdout.contains("/items?q=tea&api_key=${ITEMS_API_KEY}&token=${ITEMS_TOKEN}\""),
        "{}",
        ended.stdout
    );
    folder.configure(&ended.stdout);
    let variables = [("ITEMS_API_KEY", "t0p&secret"), ("ITEMS_TOKEN", "t0p2")];
    let tried = folder.start_with(&["try", "items"], &variables).end().await;
    assert_eq!(tried.code, Some(0), "{tried:?}");
    assert!(!format!("{tried:?}").contains("t0p"), "{tried:?}");
}

#[tokio::test]
async fn header_values_are_named_but_never_printed() {
    let api = JsonApi::start(|call| {
        if call.headers.get("authorization").is_none_or(|value| value != "Bearer t0psecret") {
            return ApiReply { status: 401, headers: Vec::new(), body: String::new() };
        }
        json_api::json(&json!({"items": [{"id": 1, "text": "one"}], "total": 1}))
    })
    .await;
    let folder = Folder::new("");
    let url = api.url("/items");
    let refused = folder.fail(&["sources", "init", &url]).await;
    assert!(refused.contains("401") && refused.contains("--header"), "{refused}");
    let arguments =
        ["sources", "init", &url, "--name", "mine", "--header", "Authorization: Bearer t0psecret"];
    let ended = folder.run(&arguments).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!format!("{ended:?}").contains("t0psecret"), "{ended:?}");
    assert!(
        ended.stdout.contains("headers = { \"authorization\" = \"${MINE_AUTHORIZATION}\" }"),
        "{}",
        ended.stdout
    );
    folder.configure(&ended.stdout);
    let tried =
        folder.start_with(&["try", "mine"], &[("MINE_AUTHORIZATION", "Bearer t0psecret")]).end().await;
    assert_eq!(tried.code, Some(0), "{tried:?}");
}

#[tokio::test]
async fn an_invalid_address_is_not_quoted() {
    let folder = Folder::new("");
    for (url, expected) in
        [("ftp://ann:s3cret@h/x", "http:// or https://"), ("ann:s3cret", "http"), ("h/x", "not a URL")]
    {
        let output = folder.fail(&["sources", "init", url]).await;
        assert!(output.contains(expected) && !output.contains("s3cret"), "{url}: {output}");
    }
}

#[tokio::test]
async fn what_is_not_a_list_is_refused_with_a_remedy() {
    let api = JsonApi::start(|call| {
        let body = match call.path.as_str() {
            "/html" => "<html></html>",
            "/empty" => r#"{"items": [], "total": 0}"#,
            "/words" => r#"["a", "b"]"#,
            "/keyless" => r#"[{"a": {"b": [1]}}, {"a": {"b": [2]}}]"#,
            "/prose" => "Sorry, this is down\nTry again later\n",
            "/search" | "/graphql" => {
                let status = if call.path == "/search" { 405 } else { 400 };
                return ApiReply { status, headers: Vec::new(), body: String::new() };
            }
            _ => return not_found(),
        };
        ApiReply { status: 200, headers: Vec::new(), body: body.to_owned() }
    })
    .await;
    let folder = Folder::new("");
    for (path, expected) in [
        ("/html", "not JSON, but HTML"),
        ("/empty", "pass an address with items"),
        ("/words", "a list of other values"),
        ("/keyless", "which member of its items is the key and the text"),
        ("/nothing", "404 Not Found"),
        ("/prose", "the response is not JSON"),
        ("/search", "405 Method Not Allowed. It may expect POST: describe it with `method = \"POST\"`"),
        ("/graphql", "400 Bad Request. It may expect POST: "),
    ] {
        let output = folder.fail(&["sources", "init", &api.url(path)]).await;
        assert!(output.contains(expected), "{path}: {output}");
    }
}

/// Returns a list of items with times of change, which lists those behind `updated_since` only.
async fn changing_items(filter: impl Fn(usize, &str) -> bool + Send + Sync + 'static) -> JsonApi {
    JsonApi::start(move |call| {
        let (page, size) = (call.number("page", 1), call.number("per_page", 10));
        let since = call.query.get("updated_since").cloned().unwrap_or_default();
        let all: Vec<usize> = (0..25).filter(|id| since.is_empty() || filter(*id, &since)).collect();
        let items = slice((page - 1) * size, size, all.len(), |index| {
            json!({"id": all[index], "text": format!("The text of item {}", all[index]), "updated_at": updated_at(all[index])})
        });
        json_api::json(&json!({"items": items, "total": all.len(), "query": {"page": page, "updated_since": null}}))
    })
    .await
}

fn updated_at(id: usize) -> String {
    // The order of changes is not that of the ids.
    format!("2026-03-{:02}T10:00:00Z", id * 7 % 25 + 1)
}

#[tokio::test]
async fn a_parameter_for_changes_is_proposed_if_the_api_honours_it() {
    for (filter, expected) in [
        (
            Box::new(|id: usize, since: &str| updated_at(id).as_str() >= since)
                as Box<dyn Fn(usize, &str) -> bool + Send + Sync>,
            "\nsince = { param = \"updated_since\", field = \"/updated_at\" } # verified: ",
        ),
        (
            Box::new(|_: usize, _: &str| true),
            "\n# since = { param = \"updated_since\", field = \"/updated_at\" } # not verified: ",
        ),
        (
            Box::new(|id: usize, since: &str| updated_at(id).as_str() >= since && !id.is_multiple_of(3)),
            "\n# since = ",
        ),
        (Box::new(|_: usize, _: &str| false), "\n# since = "),
    ] {
        let api = changing_items(filter).await;
        let fields = "key=/id text=/text published_at=/updated_at";
        let toml = assert_crawls(&api.url("/items"), "items", 25, "page page per_page 1", fields).await;
        assert!(toml.contains(expected), "{toml}");
    }
}

#[tokio::test]
async fn lines_and_rows_are_recognized_by_their_content() {
    let text = |id: usize| format!("The whole text of item {id}");
    let api = JsonApi::start(move |call| {
        let page = call.number("page", 1);
        let ids = (0..25).skip((page - 1) * 10).take(10);
        let body: String = if call.path.ends_with("lines") {
            ids.map(|id| format!("{}\n", json!({"id": id, "text": text(id)}))).collect()
        } else {
            let rows: String = ids.map(|id| format!("{id};\"{}\"\r\n", text(id))).collect();
            format!("id;text\r\n{rows}")
        };
        ApiReply { status: 200, headers: vec![("content-type", "text/plain".to_owned())], body }
    })
    .await;
    for (path, setting) in
        [("/lines", "format = \"json_lines\" # each line"), ("/rows", "format = \"csv\" # each row")]
    {
        let name = path.trim_start_matches('/');
        let toml =
            assert_crawls(&api.url(path), name, 25, "page page per_page 1", "key=/id text=/text").await;
        assert!(toml.contains(setting) && !toml.contains("\nitems = "), "{toml}");
    }
}
