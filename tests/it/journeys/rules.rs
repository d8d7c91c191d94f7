//! Synonyms, stop words and rules from the command line.

use serde_json::{Value, json};

use crate::support::folder::Folder;
use crate::support::wait::until;

fn write(folder: &Folder, document: &Value) {
    std::fs::write(folder.path("rules.json"), document.to_string()).expect("writes");
}

#[tokio::test]
async fn imports_take_effect_on_a_running_server() {
    let folder = Folder::new("");
    let server = folder.serve().await;
    let stored = server.endpoint.index("shop", &[("1", "a television"), ("2", "a tv")]).await;
    assert!(stored.errors.is_empty(), "{stored:?}");
    assert_eq!(server.endpoint.total("tv ").await, 1);
    let tv = json!({"id": "tv", "words": ["tv", "television"]});
    write(&folder, &json!({ "synonyms": [tv] }));
    let counts = folder.succeed(&["rules", "import", "rules.json"]).await;
    assert_eq!(counts, "1 inserted, 0 updated, 0 unchanged, 0 deleted\n");
    until("the synonym", async || (server.endpoint.total("tv ").await == 2).then_some(())).await;
    write(&folder, &json!({}));
    folder.succeed(&["rules", "import", "--replace", "rules.json"]).await;
    until("the word alone", async || (server.endpoint.total("tv ").await == 1).then_some(())).await;
    server.stop().await;
}

#[tokio::test]
async fn a_document_is_imported_and_exported_without_loss() {
    let folder = Folder::new("");
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/examples/rules.json");
    let error = folder.fail(&["rules", "import", example]).await;
    assert!(error.contains("quarry migrate up"), "{error}");
    folder.succeed(&["migrate", "up"]).await;
    assert!(folder.succeed(&["rules", "import", example]).await.starts_with("6 inserted,"));
    assert!(folder.succeed(&["rules", "import", example]).await.contains(" 6 unchanged,"));
    let exported = folder.succeed(&["rules", "export"]).await;
    let expected = std::fs::read_to_string(example).expect("the example");
    let sorted = |text: &str| {
        let mut document: Value = serde_json::from_str(text).expect("JSON");
        for list in document.as_object_mut().expect("an object").values_mut() {
            list.as_array_mut().expect("a list").sort_by_key(|entry| entry["id"].to_string());
        }
        document
    };
    assert_eq!(sorted(&exported), sorted(&expected));
    std::fs::write(folder.path("exported.json"), &exported).expect("writes");
    let again = folder.succeed(&["rules", "import", "--replace", "exported.json"]).await;
    assert_eq!(again, "0 inserted, 0 updated, 6 unchanged, 0 deleted\n");
}

#[tokio::test]
async fn invalid_documents_store_nothing() {
    let folder = Folder::new("");
    folder.succeed(&["migrate", "up"]).await;
    let valid = json!({"id": "tv", "words": ["tv", "television"]});
    for (document, expected) in [
        (
            json!({"synonyms": [valid, {"id": "b", "words": ["x"]}, {"id": "c"}]}),
            "synonyms.2.words is missing",
        ),
        (json!({"synonyms": [valid], "synonym": []}), "unknown field `synonym`"),
        (json!([]), "the document is a list"),
        (json!({"synonyms": [valid, ["b", ["x", "y"]]]}), "synonyms.1 is a list"),
        (json!({"synonyms": [valid, {"id": "b", "words": ["x", "y"], "language": "klingon"}]}), "`english`"),
        (
            json!({"synonyms": [valid], "rules": [{"id": "b", "pin": [{"source": "s", "position": 1}]}]}),
            "missing field `key`",
        ),
        (
            json!({"synonyms": [valid], "rules": [{"id": "b", "boost": [{"factor": 2,
                "filter": {"not": {"attributes": [{"name": "price", "test": {"exists": true}}]}}}]}]}),
            "rules.0.boost.0.filter.not.attributes.0.name is \"price\", which no source of the settings declares",
        ),
    ] {
        write(&folder, &document);
        let error = folder.fail(&["rules", "import", "--replace", "rules.json"]).await;
        assert!(error.contains(expected) && error.contains("nothing is stored"), "{error}");
    }
    std::fs::write(folder.path("rules.json"), "\u{feff}{\"rules\": []}").expect("can be written");
    assert!(folder.succeed(&["rules", "import", "rules.json"]).await.starts_with("0 inserted,"));
    let error = folder.fail(&["rules", "import", "absent.json"]).await;
    assert!(error.contains("absent.json"), "{error}");
    let exported: Value = serde_json::from_str(&folder.succeed(&["rules", "export"]).await).expect("JSON");
    assert_eq!(exported, json!({"synonyms": [], "stopWords": [], "rules": []}));
}
