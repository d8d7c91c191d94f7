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

fn of_body(body: &Value) -> Vec<PagingGuess> {
    guesses("http://h/m", None, body, "/items")
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
        (
            json!({"meta": {"paging": {"pageNumber": 1, "pageCount": 5, "pageSize": 20, "total": 90}}}),
            r#"{ kind = "page", page = "paging[pageNumber]", limit = "paging[pageSize]", size = 20 }"#,
        ),
    ] {
        let found = of_body(&body);
        assert!(found.iter().all(|guess| !guess.toml.contains("pageCount")), "{body}");
        let found: Vec<&str> = found.iter().take(12).map(|guess| guess.toml.as_str()).collect();
        assert!(found.contains(&expected), "{body} {}", found.join("\n"));
    }
}

#[test]
fn a_page_and_a_size_of_different_objects_share_no_brackets() {
    let found = of_body(&json!({"criteria": {"page": 1}, "limits": {"page_size": 20}}));
    assert!(found.iter().all(|guess| !guess.toml.contains("criteria[")));
}

#[test]
fn the_likeliest_scheme_is_first() {
    for (url, link, expected) in [
        ("http://h/m", None, r#"{ kind = "page", page = "page", limit = "per_page", size = 20 }"#),
        (
            "http://h/m?skip=0&limit=30",
            None,
            r#"{ kind = "offset", offset = "skip", limit = "limit", size = 30 }"#,
        ),
        ("http://h/m?page=1", None, r#"{ kind = "page", page = "page", limit = "per_page", size = 20 }"#),
        (
            "http://h/m?page=0&size=50",
            None,
            r#"{ kind = "page", page = "page", limit = "size", size = 50, first = 0 }"#,
        ),
        (
            "http://h/m",
            Some("http://h/m?page=2&per_page=20"),
            r#"{ kind = "link", limit = "per_page", size = 20 }"#,
        ),
    ] {
        assert_eq!(guesses(url, link, &json!({}), "/items").swap_remove(0).toml, expected, "{url}");
    }
    for (body, expected) in [
        (
            json!({"next": "http://h/m?cursor=c"}),
            r#"{ kind = "cursor", cursor = "cursor", limit = "limit", size = 20, next = "/next" }"#,
        ),
        (
            json!({"next": "/m?page=2&page_size=20"}),
            r#"{ kind = "page", page = "page", limit = "page_size", size = 20 }"#,
        ),
        (
            json!({"nextPageToken": "CAUQ"}),
            r#"{ kind = "cursor", cursor = "pageToken", limit = "pageSize", size = 20, next = "/nextPageToken" }"#,
        ),
        (json!({"next_page": 2}), r#"{ kind = "page", page = "page", limit = "per_page", size = 20 }"#),
        (
            json!({"skip": 0, "limit": 30}),
            r#"{ kind = "offset", offset = "skip", limit = "limit", size = 30 }"#,
        ),
        (
            json!({"startAt": 0, "maxResults": 50}),
            r#"{ kind = "offset", offset = "startAt", limit = "maxResults", size = 50 }"#,
        ),
        (
            json!({"response": {"numFound": 90, "start": 0}}),
            r#"{ kind = "offset", offset = "start", limit = "rows", size = 20 }"#,
        ),
        (
            json!({"totalElements": 90, "number": 0, "size": 20}),
            r#"{ kind = "page", page = "page", limit = "size", size = 20, first = 0 }"#,
        ),
        (
            json!({"current": 1, "size": 20, "total": 90}),
            r#"{ kind = "page", page = "current", limit = "size", size = 20 }"#,
        ),
    ] {
        assert_eq!(of_body(&body).swap_remove(0).toml, expected, "{body}");
    }
    let guesses =
        guesses("http://h/m?cursorMark=*&rows=10", None, &json!({"nextCursorMark": "AoE"}), "/items");
    assert_eq!(
        guesses[0].toml,
        r#"{ kind = "cursor", cursor = "cursorMark", limit = "rows", size = 10, next = "/nextCursorMark" }"#
    );
}
