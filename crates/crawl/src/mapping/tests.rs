use serde_json::{Value, json};

use super::*;
use crate::fixtures::{config, pointer, source_name};
use quarry_config::Settings;

fn fields() -> FieldMap {
    FieldMap {
        key: pointer("/id").into(),
        text: pointer("/body").into(),
        title: Some(pointer("/title").into()),
        html: false,
        category: Some(pointer("/category")),
        author_key: Some(pointer("/author/id")),
        author_name: Some(pointer("/author/name")),
        published_at: Some(pointer("/at")),
        date_format: None,
        deleted: Some(pointer("/gone")),
    }
}

fn item(value: &Value) -> UpstreamItem {
    Json::parse(&value.to_string()).expect("JSON").into()
}

fn document(mapped: MappedItem) -> DocumentDraft {
    match mapped {
        MappedItem::Document(draft) => *draft,
        MappedItem::Deleted(key) => panic!("{key} is deleted"),
    }
}

fn map(value: &Value) -> Result<DocumentDraft, ItemError> {
    map_item(&source_name(), &fields(), item(value)).map(document)
}

fn attributes(draft: &DocumentDraft) -> Value {
    serde_json::from_str(&draft.attributes).expect("JSON")
}

fn mapped(item: Value) -> DocumentDraft {
    map(&item).expect("a document")
}

#[test]
fn mapped_fields_become_the_document_and_the_others_attributes() {
    let draft = mapped(json!({
        "id": 7, "title": " T ", "body": " x ", "category": "c", "at": "2026-01-02T03:04:05Z",
        "author": {"id": 1.5, "name": "Ann", "role": null}, "tags": ["a", {"b": 1.5}], "nothing": null,
    }));
    assert_eq!(draft.key.as_str(), "7");
    assert_eq!(draft.title.as_deref(), Some("T"));
    assert_eq!(draft.text, " x ");
    assert_eq!(draft.category.as_deref(), Some("c"));
    assert_eq!(draft.author, Some(AuthorDraft { key: "1.5".into(), name: "Ann".into() }));
    assert_eq!(draft.published_at.map(|at| at.timestamp()), Some(1_767_323_045));
    let rest = json!({"author": {"role": null}, "tags": ["a", {"b": 1.5}], "nothing": null});
    assert_eq!(attributes(&draft), rest);
}

#[test]
fn keys_are_scalars_and_required() {
    for (key, expected) in
        [(json!(" a "), "a"), (json!(0), "0"), (json!(-3), "-3"), (json!(true), "true"), (json!(2.5), "2.5")]
    {
        assert_eq!(mapped(json!({"id": key, "body": ""})).key.as_str(), expected);
    }
    for item in [json!({"body": "x"}), json!({"id": null}), json!({"id": "  "}), json!({"id": [1]}), json!(3)]
    {
        assert!(matches!(map(&item), Err(ItemError::NoKey { .. })), "{item}");
    }
    let error = map(&json!({"uuid": 1, "body": "x"})).expect_err("no key").to_string();
    assert_eq!(error, r#"no key at "/id" (the item has the fields body, uuid)"#);
    let long = map(&json!({"id": "k".repeat(2_000), "body": "x"})).expect_err("too long");
    assert!(matches!(long, ItemError::Invalid { key: None, .. }));
}

#[test]
fn a_text_is_optional_only_with_a_title() {
    assert_eq!(mapped(json!({"id": 1, "title": "T"})).text, "");
    assert_eq!(mapped(json!({"id": 1, "title": "T", "body": null})).text, "");
    assert_eq!(mapped(json!({"id": 1, "body": 12})).text, "12");
    assert_eq!(mapped(json!({"id": 1, "body": ""})).text, "");
    assert_eq!(mapped(json!({"id": 1, "body": null})).text, "");
    let error = map(&json!({"id": 1})).expect_err("no text");
    assert_eq!(error.clone().into_key().map(String::from).as_deref(), Some("1"));
    assert_eq!(error.to_string(), r#"text is missing at "/body", and there is no title"#);
    let draft = mapped(json!({"id": 1, "title": "T", "body": {"html": "x"}}));
    assert_eq!(attributes(&draft), json!({"body": {"html": "x"}}));
}

#[test]
fn an_author_needs_a_key_or_a_name() {
    let author =
        |value: Value| mapped(json!({"id": 1, "body": "x", "author": value})).author.map(|a| (a.key, a.name));
    let pair = |key: &str, name: &str| Some((key.to_owned(), name.to_owned()));
    assert_eq!(author(json!({"id": 9, "name": "Ann"})), pair("9", "Ann"));
    assert_eq!(author(json!({"id": 9, "name": " "})), pair("9", "9"));
    assert_eq!(author(json!({"name": "Ann\nLee"})), pair("Ann Lee", "Ann\nLee"));
    assert_eq!(author(json!({})), None);
    assert_eq!(author(json!("Ann")), None);
}

#[test]
fn an_unreadable_date_becomes_an_attribute() {
    let draft = mapped(json!({"id": 1, "body": "x", "at": "yesterday"}));
    assert_eq!(draft.published_at, None);
    assert_eq!(attributes(&draft), json!({"at": "yesterday"}));
}

#[test]
fn pointers_reach_into_arrays_and_escaped_names() {
    let fields =
        FieldMap { key: pointer("/a~1b").into(), text: pointer("/texts/0").into(), ..config().fields };
    let value = json!({"a/b": "k", "texts": ["x", "y"]});
    let draft = document(map_item(&source_name(), &fields, item(&value)).expect("a document"));
    assert_eq!((draft.key.as_str(), draft.text.as_str()), ("k", "x"));
    assert_eq!(attributes(&draft), json!({"texts": ["x", "y"]}));
}

/// Returns the mapping of a source with these `[sources.fields]`.
fn fields_with(fields: &str) -> FieldMap {
    let text = format!(
        "[[sources]]\nname = \"s\"\nurl = \"http://h/m\"\npagination = {{ kind = \"link\" }}\n[sources.fields]\n{fields}"
    );
    Settings::from_toml(&text).expect("settings").sources.crawled.remove(0).fields
}

/// Maps an item with these `[sources.fields]`.
fn map_with(fields: &str, value: &Value) -> Result<MappedItem, ItemError> {
    map_item(&source_name(), &fields_with(fields), item(value))
}

#[test]
fn numbers_keep_all_digits() {
    let text = r#"{"id":340282366920938463463374607431768211457,"body":"x","price":1.10,"e":[1E2]}"#;
    let value = Json::parse(text).expect("JSON");
    let draft = document(map_item(&source_name(), &fields(), value.into()).expect("a document"));
    assert_eq!(draft.key.as_str(), "340282366920938463463374607431768211457");
    assert_eq!(draft.attributes, r#"{"e":[1E2],"price":1.10}"#);
}

#[test]
fn a_composite_key_joins_its_parts_unambiguously() {
    let settings = "key = [\"/a\", \"/b\"]\ntext = \"/t\"";
    let key = |a: &str, b: &str| {
        let draft = document(map_with(settings, &json!({"a": a, "b": b, "t": ""})).expect("a document"));
        assert_eq!(draft.attributes, "{}");
        draft.key.as_str().to_owned()
    };
    assert_eq!(key("7", "2"), "7/2");
    assert_eq!(key("a/b", "c~"), "a~1b/c~0");
    assert_ne!(key("a/b", "c"), key("a", "b/c"));
    let error = map_with(settings, &json!({"a": 1, "t": ""})).expect_err("a part is missing").to_string();
    assert_eq!(error, r#"no key at "/b" (the item has the fields a, t)"#);
}

#[test]
fn the_name_of_a_member_is_a_key() {
    let fields = fields_with("key = \"#\"\ntext = \"/t\"");
    let named =
        |name: Option<&str>| UpstreamItem { name: name.map(str::to_owned), ..item(&json!({"t": "x"})) };
    let draft = document(map_item(&source_name(), &fields, named(Some("17"))).expect("a document"));
    assert_eq!(draft.key.as_str(), "17");
    let error = map_item(&source_name(), &fields, named(None)).expect_err("no name").to_string();
    assert_eq!(error, "no key at \"#\" (the item is not a member of an object)");
}

#[test]
fn texts_and_titles_are_joined() {
    let settings = "key = \"/id\"\ntext = [\"/summary\", \"/body\"]\ntitle = [\"/first\", \"/last\"]";
    for (value, title, text) in [
        (json!({"id": 1, "summary": "s", "body": "b", "first": "A", "last": " B "}), Some("A B"), "s\n\nb"),
        (json!({"id": 1, "summary": " ", "body": "b", "first": null, "last": "B"}), Some("B"), "b"),
        (json!({"id": 1, "body": 5}), None, "5"),
        (json!({"id": 1, "summary": null}), None, ""),
        (json!({"id": 1, "first": "A"}), Some("A"), ""),
    ] {
        let draft = document(map_with(settings, &value).expect("a document"));
        assert_eq!((draft.title.as_deref(), draft.text.as_str()), (title, text), "{value}");
    }
    let error = map_with(settings, &json!({"id": 1})).expect_err("no text").to_string();
    assert_eq!(error, r#"text is missing at "/summary", "/body", and there is no title"#);
}

#[test]
fn html_of_text_and_title_becomes_plain() {
    let settings = "key = \"/id\"\ntext = \"/t\"\ntitle = \"/h\"\nhtml = true";
    let value = json!({"id": 1, "t": "<p>na&iuml;ve</p><p>b", "h": "R&amp;D<br>x"});
    let draft = document(map_with(settings, &value).expect("a document"));
    assert_eq!((draft.title.as_deref(), draft.text.as_str()), (Some("R&D x"), "naïve\nb"));
}

#[test]
fn a_deleted_item_is_its_key() {
    for (value, is_deleted) in [
        (json!(true), true),
        (json!(1), true),
        (json!("Yes"), true),
        (json!("2026-02-03T04:05:06Z"), true),
        (json!({"by": 3}), true),
        (json!(false), false),
        (json!(0), false),
        (json!(0.0), false),
        (json!(null), false),
        (json!(" "), false),
        (json!("No"), false),
        (json!("0"), false),
        (json!("0000-00-00 00:00:00"), false),
        (json!("0001-01-01T00:00:00Z"), false),
        (json!([]), false),
    ] {
        let mapped = map_item(&source_name(), &fields(), item(&json!({"id": 1, "body": "x", "gone": value})));
        let mapped = mapped.expect("valid");
        assert_eq!(matches!(mapped, MappedItem::Deleted(_)), is_deleted, "{value}");
        if !is_deleted {
            assert_eq!(document(mapped).attributes, "{}");
        }
    }
    assert!(matches!(map(&json!({"gone": true})), Err(ItemError::NoKey { .. })));
}

#[test]
fn a_configured_format_reads_ambiguous_dates() {
    let settings = "key = \"/id\"\ntext = \"/t\"\npublished_at = \"/at\"\n";
    let value = json!({"id": 1, "t": "x", "at": "05/06/2025"});
    let draft = document(map_with(settings, &value).expect("a document"));
    assert_eq!((draft.published_at, attributes(&draft)), (None, json!({"at": "05/06/2025"})));
    let settings = format!("{settings}date_format = \"%d/%m/%Y\"");
    let draft = document(map_with(&settings, &value).expect("a document"));
    assert_eq!(draft.published_at.map(|at| at.to_rfc3339()).as_deref(), Some("2025-06-05T00:00:00+00:00"));
}
