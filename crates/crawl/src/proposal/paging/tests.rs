use serde_json::{Value, json};

use super::*;
use crate::fixtures::json_of;
use crate::inspect::{find_next, leaves};

fn guesses(url: &str, link: Option<&str>, body: &Value, list: &str) -> Vec<PagingGuess> {
    let body = json_of(body);
    let statements = leaves(&body, list);
    let next = find_next(&statements, list);
    let link = link.map(|link| Url::parse(link).expect("a URL"));
    let hints = PagingHints {
        url: &Url::parse(url).expect("a URL"),
        link: link.as_ref(),
        header: None,
        next: next.as_ref(),
        statements: &statements,
        list,
        items: 20,
        total: Some(90),
    };
    guess_paging(&hints)
}

fn first_guess(url: &str, link: Option<&str>, body: &Value, list: &str) -> String {
    guesses(url, link, body, list).swap_remove(0).toml
}

#[test]
fn other_spellings_are_tried() {
    for (body, expected) in [
        (
            json!({"next_cursor": "c4", "has_more": true}),
            r#"{ kind = "cursor", cursor = "start_cursor", limit = "limit", size = 20, next = "/next_cursor" }"#,
        ),
        (
            json!({"meta": {"after_cursor": "c4"}}),
            r#"{ kind = "cursor", cursor = "page[after]", limit = "limit", size = 20, next = "/meta/after_cursor" }"#,
        ),
        (
            json!({"continue": {"gapcontinue": "c4", "continue": "-||"}}),
            r#"{ kind = "cursor", cursor = "gapcontinue", limit = "", size = 20, next = "/continue/gapcontinue" }"#,
        ),
        (
            json!({"search_criteria": {"page_size": 20, "current_page": 1}}),
            r#"{ kind = "page", page = "searchCriteria[currentPage]", limit = "searchCriteria[pageSize]", size = 20 }"#,
        ),
    ] {
        let found = guesses("http://h/m", None, &body, "/items");
        let found: Vec<&str> = found.iter().take(12).map(|guess| guess.toml.as_str()).collect();
        assert!(found.contains(&expected), "{body} {}", found.join("\n"));
    }
}

#[test]
fn the_likeliest_scheme_is_first() {
    let none = json!({});
    for (url, link, body, expected) in [
        (
            "http://h/m?skip=0&limit=30",
            None,
            &none,
            r#"{ kind = "offset", offset = "skip", limit = "limit", size = 30 }"#,
        ),
        (
            "http://h/m?page=1",
            None,
            &none,
            r#"{ kind = "page", page = "page", limit = "per_page", size = 20 }"#,
        ),
        (
            "http://h/m?page=0&size=50",
            None,
            &none,
            r#"{ kind = "page", page = "page", limit = "size", size = 50, first = 0 }"#,
        ),
        (
            "http://h/m",
            Some("http://h/m?page=2&per_page=20"),
            &none,
            r#"{ kind = "link", limit = "per_page", size = 20 }"#,
        ),
        (
            "http://h/m",
            None,
            &json!({"next": "http://h/m?cursor=c"}),
            r#"{ kind = "cursor", cursor = "cursor", limit = "limit", size = 20, next = "/next" }"#,
        ),
        (
            "http://h/m",
            None,
            &json!({"next": "/m?page=2&page_size=20"}),
            r#"{ kind = "page", page = "page", limit = "page_size", size = 20 }"#,
        ),
        (
            "http://h/m",
            None,
            &json!({"nextPageToken": "CAUQ"}),
            r#"{ kind = "cursor", cursor = "pageToken", limit = "pageSize", size = 20, next = "/nextPageToken" }"#,
        ),
        (
            "http://h/m?cursorMark=*&rows=10",
            None,
            &json!({"nextCursorMark": "AoE"}),
            r#"{ kind = "cursor", cursor = "cursorMark", limit = "rows", size = 10, next = "/nextCursorMark" }"#,
        ),
        (
            "http://h/m",
            None,
            &json!({"next_page": 2}),
            r#"{ kind = "page", page = "page", limit = "per_page", size = 20 }"#,
        ),
        (
            "http://h/m",
            None,
            &json!({"skip": 0, "limit": 30}),
            r#"{ kind = "offset", offset = "skip", limit = "limit", size = 30 }"#,
        ),
        (
            "http://h/m",
            None,
            &json!({"startAt": 0, "maxResults": 50}),
            r#"{ kind = "offset", offset = "startAt", limit = "maxResults", size = 50 }"#,
        ),
        (
            "http://h/m",
            None,
            &json!({"response": {"numFound": 90, "start": 0}}),
            r#"{ kind = "offset", offset = "start", limit = "rows", size = 20 }"#,
        ),
        (
            "http://h/m",
            None,
            &json!({"totalElements": 90, "number": 0, "size": 20}),
            r#"{ kind = "page", page = "page", limit = "size", size = 20, first = 0 }"#,
        ),
        ("http://h/m", None, &none, r#"{ kind = "page", page = "page", limit = "per_page", size = 20 }"#),
    ] {
        assert_eq!(first_guess(url, link, body, "/items"), expected, "{url} {body}");
    }
}
