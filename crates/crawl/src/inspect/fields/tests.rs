use serde_json::{Value, json};

use super::*;
use crate::fixtures::json_of;

/// The guesses as `name=pointer` in the order of the settings.
fn guessed(items: &Value) -> String {
    let items: Vec<Json> = items.as_array().expect("a list").iter().map(json_of).collect();
    let found = guess_fields(&items.iter().collect::<Vec<_>>(), false);
    let all = [
        ("key", found.key),
        ("text", found.text),
        ("title", found.title),
        ("category", found.category),
        ("author_key", found.author_key),
        ("author_name", found.author_name),
        ("at", found.published_at),
    ];
    let shown = all.into_iter().filter_map(|(name, guess)| Some(format!("{name}={}", guess?.pointer)));
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn fields_are_guessed_by_name_and_value() {
    for (items, expected) in [
        (
            json!([
                {"id": 1, "message": "Hello there", "user_id": 7, "user_name": "Ann", "timestamp": "2026-01-02T03:04:05Z"},
                {"id": 2, "message": "And you", "user_id": 8, "user_name": "Lee", "timestamp": "2026-01-02T03:04:06Z"},
            ]),
            "key=/id text=/message author_key=/user_id author_name=/user_name at=/timestamp",
        ),
        (
            json!([
                {"id": 5, "date": "2026-01-02T04:04:05", "date_gmt": "2026-01-02T03:04:05", "author": 3, "type": "post",
                 "title": {"rendered": "One"}, "content": {"rendered": "<p>Some long text</p>"}, "link": "https://h/1"},
                {"id": 6, "date": "2026-01-02T04:04:05", "date_gmt": "2026-01-02T03:04:05", "author": 3, "type": "post",
                 "title": {"rendered": "Two"}, "content": {"rendered": "<p>Some other text</p>"}, "link": "https://h/2"},
            ]),
            "key=/id text=/content/rendered title=/title/rendered author_key=/author at=/date_gmt",
        ),
        (
            json!([
                {"node": {"id": "a", "body": "x y", "author": {"id": "u", "name": "Ann"}}},
                {"node": {"id": "b", "body": "z", "author": {"id": "u", "name": "Ann"}}},
            ]),
            "key=/node/id text=/node/body author_key=/node/author/id author_name=/node/author/name",
        ),
        (
            json!([
                {"type": "articles", "id": "1", "attributes": {"title": "T", "body": "B b"}},
                {"type": "articles", "id": "2", "attributes": {"title": "U", "body": "C c"}},
            ]),
            "key=/id text=/attributes/body title=/attributes/title",
        ),
        (
            json!([{"code": "DE", "name": "Germany"}, {"code": "FR", "name": "France"}]),
            "key=/code text=/name",
        ),
    ] {
        assert_eq!(guessed(&items), expected, "{items}");
    }
}

#[test]
fn a_repeated_id_is_not_the_key_if_another_member_is_unique() {
    let items = json!([{"id": 1, "uuid": "a", "text": "x"}, {"id": 1, "uuid": "b", "text": "y"}]);
    assert_eq!(guessed(&items), "key=/uuid text=/text");
}

#[test]
fn prose_is_not_the_key() {
    let items = json!([
        {"ts": "1767323045.000100", "text": "Hello", "user": "U1", "type": "message"},
        {"ts": "1767323046.000100", "text": "Bye", "user": "U2", "type": "message"},
    ]);
    assert_eq!(guessed(&items), "key=/ts text=/text author_name=/user at=/ts");
    let items = json!([
        {"id": "a", "volumeInfo": {"title": "One", "description": "About it"}},
        {"id": "b", "volumeInfo": {"title": "Two", "description": "About it"}},
    ]);
    assert_eq!(guessed(&items), "key=/id text=/volumeInfo/description title=/volumeInfo/title");
}
