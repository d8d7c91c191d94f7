//! Items at paths with wildcards, in lines and in rows.

use super::*;

#[tokio::test]
async fn objects_keyed_by_id_are_items() {
    let body = r#"{"result":{"users":{"u-9":{"bio":"nine"},"u-10":{"bio":"ten"}},"next":null}}"#;
    let fields = "key = \"#\"\ntext = \"/bio\"";
    let found = documents_of(JSON, body, "items = \"/result/users/*\"", fields).await;
    assert_eq!(keys(&found), ["u-10", "u-9"]);
    assert_eq!((found["u-9"].text.as_str(), found["u-9"].attributes.as_str()), ("nine", "{}"));
    let body = r#"{"a":"first note","b":"second note"}"#;
    let found = documents_of(JSON, body, "items = \"/*\"", "key = \"#\"\ntext = \"\"").await;
    assert_eq!((keys(&found), found["b"].text.as_str()), (vec!["a", "b"], "second note"));
}

#[tokio::test]
async fn wildcards_reach_into_nested_lists() {
    let fields = "key = \"/sku\"\ntext = \"/name\"";
    let body = r#"{"pages":[{"hits":[{"_source":{"sku":"a","name":"x"}}]},{"hits":[]},
        {"hits":[{"_source":{"sku":"b","name":"y"}},{"_source":{"sku":"c","name":"z"}}]}]}"#;
    for path in
        ["$.pages[*].hits[*]._source", "/pages/*/hits/*/_source", "$['pages'][*]['hits'].*[\"_source\"]"]
    {
        let found = documents_of(JSON, body, &format!("items = '''{path}'''"), fields).await;
        assert_eq!(keys(&found), ["a", "b", "c"], "{path}");
    }
    let body =
        r#"{"shelves":{"top":{"books":[{"sku":"a","name":"x"}]},"low":{"books":[{"sku":"b","name":"y"}]}}}"#;
    let found = documents_of(JSON, body, "items = \"/shelves/*/books\"", fields).await;
    assert_eq!(keys(&found), ["a", "b"]);
}

#[tokio::test]
async fn rows_of_arrays_are_mapped_by_index() {
    let body = r#"{"columns":["id","name"],"rows":[[4,"four"],[5,"five"]]}"#;
    let found = documents_of(JSON, body, "items = \"/rows\"", "key = \"/0\"\ntext = \"/1\"").await;
    assert_eq!((keys(&found), found["4"].text.as_str()), (vec!["4", "5"], "four"));
}

#[tokio::test]
async fn a_bad_line_costs_one_item() {
    let fields = "key = \"/k\"\ntext = \"/t\"";
    let lines = "{\"k\":1,\"t\":\"a\"}\n{\"k\":2,\"t\":\"b\n{\"k\":3,\"t\":\"c\"}\r\n\n{\"k\":4,\"t\":\"d\"}";
    let upstream = serving("application/x-ndjson", lines).await;
    let (bench, crawl) = crawl_page(&upstream, "format = \"json_lines\"", fields).await;
    assert_eq!(keys(&documents(&bench).await), ["1", "3", "4"]);
    assert_eq!(crawl.rejected, 1);
    let failures = bench.failures(&crawl).await;
    assert!(failures.iter().any(|cause| cause.contains("line 2 is truncated JSON")), "{failures:?}");
    let found =
        documents_of("application/jsonl", "{\"k\":1,\"t\":\"a\"}\n", "format = \"json_lines\"", fields).await;
    assert_eq!(keys(&found), ["1"]);
}

#[tokio::test]
async fn rows_of_csv_are_items() {
    let fields = "key = [\"/Store\", \"/Article\"]\ntext = \"/Text\"\npublished_at = \"/Date\"";
    let body =
        b"Store;Article;Text;Date;Price\r\n1;007;\"Caf\xe9; gro\xdf\";2025-03-04;1,50\r\n2;007;Tee;;2,00\r\n";
    let found = documents_of("text/csv; charset=iso-8859-1", body.to_vec(), "format = \"csv\"", fields).await;
    assert_eq!(keys(&found), ["1/007", "2/007"]);
    let coffee = &found["1/007"];
    assert_eq!((coffee.text.as_str(), coffee.attributes.as_str()), ("Café; groß", r#"{"Price":"1,50"}"#));
    assert_eq!(coffee.published_at.map(|at| at.timestamp()), Some(1_741_046_400));
}
