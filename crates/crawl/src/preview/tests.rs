use async_trait::async_trait;
use serde_json::{Value, json};

use super::*;
use crate::fixtures::{config_with, json_of};
use crate::upstream::FetchError;
use crate::upstream::Stated;

/// Pages by their position from 0, of which others than the first are those by offset; an absent one fails.
struct Pages(Vec<Value>);

#[async_trait]
impl Upstream for Pages {
    async fn fetch_page(&self, request: &UpstreamRequest) -> Result<FetchedPage, FetchError> {
        let param = |wanted: &str| {
            request.url.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
        };
        let page = match param("page") {
            Some(page) => page.parse().expect("a number"),
            None => usize::from(param("skip").is_some_and(|skip| skip != "0")),
        };
        let Some(Value::Array(items)) = self.0.get(page) else {
            return Err(FetchError::transient("500 Internal Server Error", Some(500)));
        };
        Ok(FetchedPage {
            status: 200,
            items: items.iter().map(|item| json_of(item).into()).collect(),
            total: Stated::Value(4),
            ..FetchedPage::default()
        })
    }
}

async fn previewed(settings: &str, pages: Vec<Value>) -> Preview {
    preview(&config_with(settings), &Pages(pages), 2).await
}

fn texts(preview: &Preview) -> String {
    preview.problems.iter().map(|problem| format!("{}: {}\n", problem.is_fatal, problem.text)).collect()
}

#[tokio::test]
async fn a_preview_shows_what_a_crawl_would_find() {
    let item = |id: u32| json!({"id": id, "text": format!("t{id}"), "extra": true});
    let preview = previewed("", vec![json!([item(1), item(2)]), json!([item(3), item(4)])]).await;
    assert!(preview.works() && preview.problems.is_empty(), "{}", texts(&preview));
    assert_eq!(preview.pages.len(), 2);
    assert_eq!((preview.pages[1].items, preview.pages[1].total), (Some(2), Some(4)));
    assert_eq!(preview.outlook.pages, Some(2));
    assert!(preview.outlook.proves_removals);
    assert_eq!(preview.outlook.next_request, None, "the total is received");
    assert_eq!(preview.attributes, [("extra".to_owned(), 4)]);
    let key = &preview.fields[0];
    assert_eq!((key.field, key.found, key.of, key.example.as_deref()), ("key", 4, 4, Some("1")));
}

#[tokio::test]
async fn declared_attributes_that_no_item_has_are_named() {
    let settings = "attributes = [{ name = \"price\", type = \"number\" }, { name = \"cost\", type = \"number\" }, \
                    { name = \"skus\", type = \"string\", pointer = \"/variants/*/sku\" }, \
                    { name = \"sizes\", type = \"string\", pointer = \"/variants/size\" }]\n";
    let item = |id: u32| json!({"id": id, "text": "t", "price": 2, "cost": null, "variants": [{"sku": id}]});
    let preview = previewed(settings, vec![json!([item(1), item(2)]), json!([item(3), item(4)])]).await;
    let found = texts(&preview);
    assert!(preview.works(), "{found}");
    assert_eq!(preview.problems.len(), 2, "{found}");
    for (name, pointer) in [("cost", "/cost"), ("sizes", "/variants/size")] {
        let expected = format!(
            "no item has the attribute {name:?} at {pointer:?}: attributes have the members cost, price, variants; set"
        );
        assert!(found.contains(&expected), "{found}");
    }
}

#[tokio::test]
async fn problems_name_their_remedies() {
    let item = |id: u32| json!({"uuid": format!("u{id}"), "text": "t"});
    let preview = previewed("", vec![json!([item(1), item(2)]), json!([item(3)])]).await;
    let found = texts(&preview);
    assert!(!preview.works());
    assert!(
        found.contains("no item has \"/id\": items have the members text, uuid; set fields.key"),
        "{found}"
    );
    assert!(found.contains("such as key = \"/uuid\""), "{found}");

    let item = |id: u32| json!({"id": id, "text": "t"});
    let preview = previewed("", vec![json!([item(1), item(2)]), json!([item(1), item(2)])]).await;
    assert!(texts(&preview).contains("true: the second page repeats"), "{}", texts(&preview));
    assert_eq!(preview.duplicate_keys, ["1", "2"]);

    let keyless = json!([{"at": 1, "text": "rain"}, {"at": 2, "text": "sun"}]);
    let preview = previewed("", vec![keyless.clone(), keyless]).await;
    assert!(
        preview.repeats_page && texts(&preview).contains("the second page repeats"),
        "{}",
        texts(&preview)
    );
    let keyless = |at: u32| json!([{"at": at, "text": "rain"}]);
    assert!(!previewed("", vec![keyless(1), keyless(2)]).await.repeats_page);

    let pages = vec![json!([{"id": 1, "text": "a"}, {"id": 1, "text": "b"}]), json!([item(3)])];
    let preview = previewed("", pages).await;
    assert!(preview.works());
    assert!(texts(&preview).contains("different items of one page, such as \"1\""), "{}", texts(&preview));
}

#[tokio::test]
async fn rejected_items_and_failed_pages_are_reported() {
    let pages = vec![json!([{"id": 1, "text": "a"}, {"id": 2}])];
    let preview = previewed("", pages).await;
    assert_eq!(preview.rejected.len(), 1);
    assert_eq!((preview.rejected[0].items, &preview.rejected[0].positions[..]), (1, &[1][..]));
    assert!(!preview.outlook.proves_removals);
    assert_eq!(preview.pages[1].failures.len(), 3, "a failure may be transient");
    assert_eq!(preview.pages[1].status, Some(500));
    assert!(texts(&preview).contains("true: page 2 could not be fetched: 500"), "{}", texts(&preview));
}

#[tokio::test]
async fn dates_that_are_not_readable_are_counted() {
    let mut config = config_with("");
    config.fields.published_at = Some(crate::fixtures::pointer("/at"));
    let item = |id: u32, at: &str| json!({"id": id, "text": "t", "at": at});
    let pages =
        Pages(vec![json!([item(1, "2026-01-02"), item(2, "soon")]), json!([item(3, "later"), item(4, "")])]);
    let preview = preview(&config, &pages, 2).await;
    let date = preview.fields.last().expect("the date");
    assert_eq!((date.found, date.unreadable, date.of), (1, 2, 4));
    assert_eq!(date.example.as_deref(), Some("2026-01-02T00:00:00+00:00"));
    assert_eq!(date.unreadable_example.as_deref(), Some("soon"));
    assert!(preview.works());
}

#[tokio::test]
async fn items_before_the_first_page_are_found() {
    let mut config = config_with("");
    config.pagination = Pagination::Page { page: "page".into(), limit: String::new(), size: 2, first: 1 };
    let page = |from: u32| json!([{"id": from, "text": "a"}, {"id": from + 1, "text": "b"}]);
    for (pages, expected) in [
        (vec![page(1), page(3), page(5)], true),
        (vec![page(1), json!([]), json!([])], true),
        (vec![page(1), page(1), page(3)], false),
        (
            vec![
                json!([{"id": 1, "text": "a"}, {"id": 2, "text": "b"}, {"id": 3, "text": "c"}]),
                page(1),
                page(3),
            ],
            false,
        ),
        (vec![json!([]), page(1), page(3)], false),
        (vec![Value::Null, page(1), page(3)], false),
    ] {
        let upstream = Pages(pages);
        let (_, findings) = inspect(&config, &upstream, 2).await;
        let problem = check_start(&config, &upstream, &findings).await;
        assert_eq!(
            problem.as_ref().is_some_and(|problem| problem.is_fatal),
            expected,
            "{}",
            json!(upstream.0)
        );
    }
    config.pagination = Pagination::Page { page: "page".into(), limit: String::new(), size: 2, first: 0 };
    let upstream = Pages(vec![page(1), page(3)]);
    let (_, findings) = inspect(&config, &upstream, 2).await;
    assert_eq!(check_start(&config, &upstream, &findings).await, None);
}

#[tokio::test]
async fn rejected_items_have_the_consequences_of_a_crawl() {
    let item = |id: u32| json!({"id": id, "text": "t"});
    let pages = || vec![json!([item(1), item(2)]), json!([item(3), {"id": 4}])];
    let skipped = previewed("", pages()).await;
    assert!(skipped.works() && skipped.outlook.proves_removals, "{}", texts(&skipped));
    assert!(texts(&skipped).contains("false: 1 of 4 items would be rejected"), "{}", texts(&skipped));
    assert!(texts(&skipped).contains("a crawl would skip them"), "{}", texts(&skipped));
    let failed = previewed("on_reject = \"fail\"", pages()).await;
    assert!(!failed.works() && !failed.outlook.proves_removals, "{}", texts(&failed));
    let most = previewed("", vec![json!([item(1), {"id": 2}]), json!([{"id": 3}, {"id": 4}])]).await;
    assert!(!most.works() && !most.outlook.proves_removals, "{}", texts(&most));
    assert!(texts(&most).contains("more than half of its items"), "{}", texts(&most));
}
