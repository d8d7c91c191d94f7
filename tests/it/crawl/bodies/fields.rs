//! The mapping of items: keys, joined texts, HTML, deletion flags and dates.

use super::*;

#[tokio::test]
async fn parts_of_a_key_and_of_a_text_are_joined() {
    let body = r#"[{"zone":"a/b","slot":1,"head":"H","lead":"L","body":"B"},{"zone":"a","slot":"b/1","lead":"","body":"C"}]"#;
    let fields =
        "key = [\"/zone\", \"/slot\"]\ntext = [\"/lead\", \"/body\"]\ntitle = [\"/zone\", \"/head\"]";
    let found = documents_of(JSON, body, "", fields).await;
    assert_eq!(keys(&found), ["a/b~11", "a~1b/1"]);
    assert_eq!((found["a~1b/1"].text.as_str(), found["a~1b/1"].title.as_deref()), ("L\n\nB", Some("a/b H")));
    assert_eq!((found["a/b~11"].text.as_str(), found["a/b~11"].title.as_deref()), ("C", Some("a")));
}

#[tokio::test]
async fn a_null_text_is_empty_and_a_missing_one_is_rejected() {
    let fields = "key = \"/id\"\ntext = \"/note\"";
    let found = documents_of(JSON, r#"[{"id":"x","note":null},{"id":"y","note":"n"}]"#, "", fields).await;
    assert_eq!((keys(&found), found["x"].text.as_str()), (vec!["x", "y"], ""));
    let upstream = serving(JSON, r#"[{"id":"x"},{"id":"y","note":"n"}]"#).await;
    let (bench, crawl) = crawl_page(&upstream, "", fields).await;
    assert_eq!((keys(&documents(&bench).await), crawl.rejected), (vec!["y"], 1));
}

#[tokio::test]
async fn markup_becomes_text() {
    let body = r#"[{"id":1,"h":"Q&amp;A &#8211; <em>now</em>","t":"<h2>Cr&egrave;me</h2><p>br&ucirc;l&eacute;e<br>hot</p><script>var x = '</p>';</script>"}]"#;
    let fields = "key = \"/id\"\ntext = \"/t\"\ntitle = \"/h\"";
    let found = documents_of(JSON, body, "", &format!("{fields}\nhtml = true")).await;
    assert_eq!(found["1"].title.as_deref(), Some("Q&A – now"));
    assert_eq!(found["1"].text, "Crème\nbrûlée\nhot");
    let found = documents_of(JSON, body, "", fields).await;
    assert!(found["1"].text.starts_with("<h2>Cr&egrave;me"), "HTML is a setting");
}

#[tokio::test]
async fn an_item_with_a_deletion_time_is_no_document() {
    let body = r#"[{"id":1,"t":"a","trashed":null},{"id":2,"t":"b","trashed":"2026-04-01"},{"id":3,"t":"c","trashed":"No"},{"id":4,"trashed":1}]"#;
    let fields = "key = \"/id\"\ntext = \"/t\"\ndeleted = \"/trashed\"";
    let upstream = serving(JSON, body).await;
    let (bench, crawl) = crawl_page(&upstream, "", fields).await;
    assert_eq!((keys(&documents(&bench).await), crawl.rejected), (vec!["1", "3"], 0));
}

#[tokio::test]
async fn dates_are_read_or_kept() {
    let fields = "key = \"/id\"\ntext = \"/id\"\npublished_at = \"/at\"";
    let date = async |fields: &str, at: &str| {
        let body = format!(r#"[{{"id":"d","at":{at}}}]"#);
        let found = documents_of(JSON, body, "", fields).await;
        let document = &found["d"];
        (document.published_at.map(|at| at.to_rfc3339()), document.attributes.clone())
    };
    for (at, expected) in [
        (r#""2024-02-29 23:05:06.7+05:30""#, "2024-02-29T17:35:06.700+00:00"),
        (r#""Thu Feb 29 23:05:06 +0100 2024""#, "2024-02-29T22:05:06+00:00"),
        ("1709247906123456", "2024-02-29T23:05:06.123456+00:00"),
        (r#""1709247906.5""#, "2024-02-29T23:05:06.500+00:00"),
        ("20240229", "2024-02-29T00:00:00+00:00"),
        (r#""2024-060""#, "2024-02-29T00:00:00+00:00"),
        (r#"{"$date":{"$numberLong":"1709247906000"}}"#, "2024-02-29T23:05:06+00:00"),
        (r#""Feb. 29th, 2024 11:05 p.m.""#, "2024-02-29T23:05:00+00:00"),
    ] {
        assert_eq!(date(fields, at).await, (Some(expected.to_owned()), "{}".to_owned()), "{at}");
    }
    for at in [r#""02/03/2024""#, "1999", r#""2024-02-30""#, r#""next week""#, r#""2024-02-29 23:05 CEST""#] {
        assert_eq!(date(fields, at).await, (None, format!("{{\"at\":{at}}}")), "{at}");
    }
    for (format, at, expected) in [
        ("%m/%d/%Y", r#""02/03/2024""#, "2024-02-03T00:00:00+00:00"),
        ("%Y", "1999", "1999-01-01T00:00:00+00:00"),
        ("epoch_s", "1999", "1970-01-01T00:33:19+00:00"),
    ] {
        let fields = format!("{fields}\ndate_format = \"{format}\"");
        assert_eq!(date(&fields, at).await.0.as_deref(), Some(expected), "{format}");
    }
}
