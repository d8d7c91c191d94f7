//! Requests without a key to a server that has keys.

use quarry::domain::{Revision, Scope};

use super::keys::{Key, codes, gate, guarded, send};
use super::server::read;

#[tokio::test]
async fn no_syntax_hides_a_field_from_its_scope() {
    let server = guarded(&gate(&[&Key::new("shop", &[Scope::Search])])).await;
    let write = "indexDocuments(input: {documents: [{source: \"notes\", key: \"1\", text: \"x\"}]})";
    for text in [
        format!("mutation($n: Boolean = true) {{ {write} @skip(if: $n) {{ inserted }} }}"),
        format!("mutation($n: Boolean = false) {{ {write} @include(if: $n) {{ inserted }} }}"),
        format!("mutation($n: Boolean = true) {{ ... @skip(if: $n) {{ {write} {{ inserted }} }} }}"),
        format!(
            "mutation($n: Boolean = true) {{ ...F @skip(if: $n) }} fragment F on Mutation {{ {write} {{ inserted }} }}"
        ),
        format!(
            "mutation($n: Boolean = true) {{ ...F }} fragment F on Mutation {{ {write} @skip(if: $n) {{ inserted }} }}"
        ),
        format!("mutation($n: Boolean) {{ {write} @skip(if: $n) {{ inserted }} }}"),
        format!("mutation {{ {write} @skip(if: \"true\") {{ inserted }} }}"),
    ] {
        let answer = send(&server, &text, None).await.text().await.unwrap();
        assert!(!answer.contains("inserted"), "{text}: {answer}");
    }
    for text in [
        "query($n: Boolean = true) { __schema @skip(if: $n) { queryType { name } } }",
        "query($n: Boolean = true) { searchLog @skip(if: $n) { edges { cursor } } }",
        "query($n: Boolean = true) { ...F @skip(if: $n) } fragment F on Query { loggingHealth { __typename } }",
    ] {
        let answer = send(&server, text, None).await.text().await.unwrap();
        assert_eq!(answer, "{\"data\":{}}", "{text}");
    }
    assert_eq!(server.store.latest_revision().await.unwrap(), Revision::ZERO, "nothing was written");
}

#[tokio::test]
async fn requests_without_a_key_take_little_memory() {
    let key = Key::new("shop", &[Scope::Search]);
    let server = guarded(&gate(&[&key])).await;
    let long = format!("{{ __typename }} # {}", "x".repeat(64 << 10));
    let answer = send(&server, &long, None).await;
    assert_eq!(answer.status(), 401);
    assert_eq!(codes(&read(answer).await), ["UNAUTHENTICATED"].into());
    assert_eq!(send(&server, &long, Some(&key.bearer())).await.status(), 200);
}
