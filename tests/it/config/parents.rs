//! Child sources: their parents and placeholders.

use super::refusal;

/// Posts, and a child with these settings.
fn file(child: &str, fields: &str) -> String {
    format!(
        r#"
[[sources]]
name = "posts"
url = "http://h/posts"
pagination = {{ kind = "link" }}
fields = {{ key = ["/blog", "/id"], text = ["/intro", "/body"], published_at = "/at", category = "/kind" }}
[[sources]]
name = "comments"
pagination = {{ kind = "link" }}
fields = {{ key = {fields}, text = "/text" }}
{child}
"#
    )
}

#[test]
fn placeholders_are_those_of_addresses_params_bodies_and_keys() {
    let child = r#"
parent = "posts"
method = "POST"
url = "http://h/blogs/{blog}/posts/{/id}?x={ y }"
params = { kind = "{kind}", plain = "{kind} and more" }
body = { query = "{ posts{id} }", variables = { tag = "{/tags/0}" } }
"#;
    let settings = super::load(&file(child, "[\"{id}\", \"/n\"]"), &[]).expect("settings");
    let comments = &settings.sources.crawled[1];
    let placeholders: Vec<String> =
        comments.placeholders().iter().map(|placeholder| placeholder.as_str().to_owned()).collect();
    assert_eq!(placeholders, ["{blog}", "{/id}", "{kind}", "{/tags/0}", "{id}"]);
    let printed = settings.to_toml_redacted();
    assert!(printed.contains("parent = \"posts\""), "{printed}");
    assert_eq!(settings.sources.crawled[0].placeholders(), []);
}

#[test]
fn a_parent_has_to_be_another_source_with_the_values() {
    let at = "url = \"http://h/posts/{id}/comments\"\n";
    for (child, key, expected) in [
        (
            format!("{at}parent = \"post\""),
            "\"/n\"",
            "`sources.1.parent` is \"post\", but no source has this name; did you mean `posts`?",
        ),
        (
            format!("{at}parent = \"weather\""),
            "\"/n\"",
            "`sources.1.parent` is \"weather\", but no source has this name; the other sources with a `url` are `posts`",
        ),
        (
            format!("{at}parent = \"comments\""),
            "\"/id\"",
            "`sources.1.parent` leads back to the source itself: comments → comments",
        ),
        (
            "url = \"http://h/comments\"\nparent = \"posts\"".to_owned(),
            "\"/n\"",
            "`sources.1.parent` needs a placeholder such as {id} for a value of each parent, in `url`, or as a whole \
             value of `params` or `body`",
        ),
        (
            format!("{at}parent = \"posts\"\nsince = {{ param = \"s\", field = \"/at\" }}"),
            "\"/n\"",
            "`sources.1.since` cannot be combined with `parent`: new parents need all their items",
        ),
        (
            "url = \"http://h/posts/{at}\"\nparent = \"posts\"".to_owned(),
            "\"/n\"",
            "`sources.1.parent` has no value for the placeholder {at}: its `fields.published_at` is not stored as it \
             was; use another member",
        ),
        (
            "url = \"http://h/posts/{body}\"\nparent = \"posts\"".to_owned(),
            "\"/n\"",
            "`sources.1.parent` has no value for the placeholder {body}: its `fields.text` is not stored as it was; \
             use another member",
        ),
        (
            "url = \"http://h/posts/{#}\"\nparent = \"posts\"".to_owned(),
            "\"/n\"",
            "`sources.1.parent` has no value for the placeholder {#}: its `fields.key` is not \"#\"",
        ),
        (
            at.to_owned(),
            "\"/n\"",
            "`sources.1.url` has the placeholder {id}: name the source of its values in `parent`",
        ),
        (
            "url = \"http://h/comments\"".to_owned(),
            "[\"{id}\", \"/n\"]",
            "`sources.1.fields.key` has the placeholder {id}: name the source of its values in `parent`",
        ),
    ] {
        let error = refusal(&file(&child, key), &[]);
        assert!(error.contains(expected), "{error}\nlacks\n{expected}");
    }
}

#[test]
fn a_cycle_of_parents_is_named() {
    let text = r#"
[[sources]]
name = "a"
parent = "b"
url = "http://h/a/{id}"
pagination = { kind = "none" }
fields = { key = "/id", text = "/text" }
[[sources]]
name = "b"
parent = "a"
url = "http://h/b/{id}"
pagination = { kind = "none" }
fields = { key = "/id", text = "/text" }
"#;
    let error = refusal(text, &[]);
    assert!(error.contains("`sources.0.parent` leads back to the source itself: a → b → a"), "{error}");
    assert!(error.contains("`sources.1.parent` leads back to the source itself: b → a → b"), "{error}");
}
