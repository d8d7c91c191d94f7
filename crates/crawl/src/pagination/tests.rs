use quarry_config::NextKind;
use serde_json::json;

use super::*;
use crate::fixtures::{config_with, pointer};

fn offset() -> Pagination {
    Pagination::Offset { offset: "skip".into(), limit: "limit".into(), size: 100, first: 0 }
}

fn by_page() -> Pagination {
    Pagination::Page { page: "page".into(), limit: "per_page".into(), size: 50, first: 1 }
}

fn by_cursor() -> Pagination {
    Pagination::Cursor {
        cursor: "after".into(),
        cursor_format: "{}".into(),
        limit: "limit".into(),
        size: 10,
        next: pointer("/next").into(),
        next_is: NextKind::Auto,
    }
}

fn url_of(base: &str, pagination: &Pagination, token: &PageToken) -> String {
    let mut config = config_with("");
    config.url = Url::parse(base).expect("a URL").into();
    config.pagination = pagination.clone();
    page_url(&config, token, None).to_string()
}

#[test]
fn each_kind_of_pagination_sets_its_parameters() {
    let link = Pagination::Link { limit: "limit".into(), size: 7 };
    for (pagination, token, expected) in [
        (offset(), PageToken::First, "http://h/m?skip=0&limit=100"),
        (offset(), PageToken::Offset(40), "http://h/m?skip=40&limit=100"),
        (by_page(), PageToken::First, "http://h/m?page=1&per_page=50"),
        (by_page(), PageToken::Page(3), "http://h/m?page=3&per_page=50"),
        (by_cursor(), PageToken::First, "http://h/m?limit=10"),
        (
            by_cursor(),
            PageToken::Cursor("a b/+=é&".into()),
            "http://h/m?limit=10&after=a+b%2F%2B%3D%C3%A9%26",
        ),
        (link.clone(), PageToken::First, "http://h/m?limit=7"),
        (link, PageToken::Link(Url::parse("http://h/other?x=1").expect("a URL")), "http://h/other?x=1"),
    ] {
        assert_eq!(url_of("http://h/m", &pagination, &token), expected);
    }
}

#[test]
fn paging_parameters_replace_their_namesakes_and_keep_the_others() {
    let url = url_of("http://h/m?tag=a%20b&skip=9&q=x+y&limit=1&limit=2", &offset(), &PageToken::Offset(5));
    assert_eq!(url, "http://h/m?tag=a%20b&q=x+y&skip=5&limit=100");
}

#[test]
fn a_crawl_asks_for_changes_in_the_url_or_in_the_body() {
    let mut config = config_with("since = { param = \"after\", field = \"/at\" }");
    let url = |config: &SourceConfig, token| page_request(config, &token, Some("2026-03-01")).url.to_string();
    assert_eq!(url(&config, PageToken::Offset(5)), "http://h/m?skip=5&limit=10&after=2026-03-01");
    let link = PageToken::Link(Url::parse("http://h/next").expect("a URL"));
    assert_eq!(url(&config, link), "http://h/next", "the upstream has put it there");
    config = config_with("method = \"POST\"\nsince = { param = \"/filter/from\", field = \"/at\" }");
    let body = page_request(&config, &PageToken::First, Some("7")).body.expect("a body");
    assert_eq!(body.expose(), "{\"filter\":{\"from\":\"7\"}}");
}

#[test]
fn a_parameter_without_a_name_is_omitted() {
    let pagination = Pagination::Offset { offset: "skip".into(), limit: String::new(), size: 100, first: 0 };
    assert_eq!(url_of("http://h/m", &pagination, &PageToken::First), "http://h/m?skip=0");
}

#[test]
fn offsets_advance_by_received_items_and_page_numbers_by_one() {
    let after = |token: &PageToken, items| token_after(&offset(), token, items, None);
    assert_eq!(after(&PageToken::First, 30), Some(PageToken::Offset(30)), "the server caps the page");
    assert_eq!(after(&PageToken::Offset(60), 30), Some(PageToken::Offset(90)));
    let one_based = Pagination::Offset { offset: "start".into(), limit: "n".into(), size: 20, first: 1 };
    assert_eq!(url_of("http://h/m", &one_based, &PageToken::First), "http://h/m?start=1&n=20");
    assert_eq!(token_after(&one_based, &PageToken::First, 20, None), Some(PageToken::Offset(21)));
    let after = |token: &PageToken| token_after(&by_page(), token, 20, None);
    assert_eq!(after(&PageToken::First), Some(PageToken::Page(2)));
    assert_eq!(after(&PageToken::Page(2)), Some(PageToken::Page(3)));
}

#[test]
fn a_name_that_is_a_pointer_selects_the_page_in_the_body() {
    let mut config = config_with(
        "method = \"POST\"\nbody = { query = \"q\", filters = [{ n = 1 }], variables = { first = \"x\" } }",
    );
    let mut request = |pagination: Pagination, token: &PageToken| {
        config.pagination = pagination;
        let request = page_request(&config, token, None);
        let body = request.body.expect("a body");
        (request.url.to_string(), serde_json::from_str::<Value>(body.expose()).expect("JSON"))
    };
    let by_cursor = Pagination::Cursor {
        cursor: "/variables/page/after".into(),
        cursor_format: "{}".into(),
        limit: "/variables/first".into(),
        size: 10,
        next: pointer("/next").into(),
        next_is: NextKind::Auto,
    };
    let body = |variables: Value| json!({"query": "q", "filters": [{"n": 1}], "variables": variables});
    assert_eq!(
        request(by_cursor.clone(), &PageToken::First),
        ("http://h/m".to_owned(), body(json!({"first": 10})))
    );
    assert_eq!(
        request(by_cursor, &PageToken::Cursor("12".into())),
        ("http://h/m".to_owned(), body(json!({"first": 10, "page": {"after": "12"}})))
    );
    let by_page = Pagination::Page { page: "/filters/0/p~1q".into(), limit: "per".into(), size: 5, first: 0 };
    let expected = json!({"query": "q", "filters": [{"n": 1, "p/q": 3}], "variables": {"first": "x"}});
    assert_eq!(request(by_page, &PageToken::Page(3)), ("http://h/m?per=5".to_owned(), expected));
}

#[test]
fn a_cursor_may_be_a_header_and_a_part_of_a_parameter() {
    let (mut by_header, mut by_format) = (by_cursor(), by_cursor());
    if let Pagination::Cursor { cursor, .. } = &mut by_header {
        *cursor = "header:X-After".into();
    }
    if let Pagination::Cursor { cursor_format, .. } = &mut by_format {
        *cursor_format = "id>{}".into();
    }
    let token = PageToken::Cursor("7".into());
    let mut config = config_with("");
    config.pagination = by_header;
    let request = page_request(&config, &token, None);
    assert_eq!(request.url.as_str(), "http://h/m?limit=10");
    assert_eq!(request.headers, [("X-After".to_owned(), "7".to_owned())]);
    assert_eq!(page_request(&config, &PageToken::First, None).headers, []);
    assert_eq!(url_of("http://h/m", &by_format, &token), "http://h/m?limit=10&after=id%3E7");
}

#[test]
fn a_cursor_in_the_body_may_be_an_array_or_an_object() {
    let mut config = config_with("method = \"POST\"\nbody = { query = \"q\" }");
    let mut body_of = |name: &str, token: &PageToken| {
        config.pagination = by_cursor();
        if let Pagination::Cursor { cursor, limit, .. } = &mut config.pagination {
            (*cursor, *limit) = (name.to_owned(), String::new());
        }
        let body = page_request(&config, token, None).body.expect("a body");
        serde_json::from_str::<Value>(body.expose()).expect("JSON")
    };
    let token =
        |next: NextPage| token_after(&by_cursor(), &PageToken::First, 10, Some(next)).expect("a token");
    let array = token(NextPage::Json("[1700000000000,\"a\"]".into()));
    let expected = json!({"query": "q", "search_after": [1_700_000_000_000_u64, "a"]});
    assert_eq!(body_of("/search_after", &array), expected);
    let object = token(NextPage::Json("{\"id\":{\"S\":\"7\"}}".into()));
    assert_eq!(body_of("/start/key", &object), json!({"query": "q", "start": {"key": {"id": {"S": "7"}}}}));
    let text = token(NextPage::Cursor("[9]".into()));
    assert_eq!(body_of("/search_after", &text), json!({"query": "q", "search_after": "[9]"}));
    let scalar = token(NextPage::Cursor("x9".into()));
    assert_eq!(body_of("/search_after/0", &scalar), json!({"query": "q", "search_after": ["x9"]}));
    assert_eq!(body_of("/search_after", &PageToken::First), json!({"query": "q"}));
}

#[test]
fn a_body_is_created_for_the_paging_parameters() {
    let mut config = config_with("method = \"POST\"");
    config.pagination =
        Pagination::Offset { offset: "/from".into(), limit: "/size".into(), size: 7, first: 0 };
    let body = page_request(&config, &PageToken::Offset(14), None).body.expect("a body");
    assert_eq!(body.expose(), "{\"from\":14,\"size\":7}");
    config.pagination = Pagination::SinglePage {};
    assert_eq!(page_request(&config, &PageToken::First, None), Url::clone(&config.url).into());
}

#[test]
fn cursors_and_links_end_without_a_next() {
    let next = NextPage::Cursor("c2".into());
    let after = |next| token_after(&by_cursor(), &PageToken::First, 10, next);
    assert_eq!(after(Some(next)), Some(PageToken::Cursor("c2".into())));
    assert_eq!(after(None), None);
}
