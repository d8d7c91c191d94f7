//! JSON with defects, numbers beyond 64 bits, and charsets.

use super::*;
use crate::crawl::scripted::raw;

const FIELDS: &str = "key = \"/no\"\ntext = \"/body\"";

#[tokio::test]
async fn a_defect_costs_one_character_or_value() {
    let deep = format!("{}1{}", "{\"d\":[".repeat(4_000), "]}".repeat(4_000));
    let body = format!(
        "[{{\"no\":1,\"body\":\"half a heart \\udc96!\"}},{{\"no\":2,\"body\":\"bell\u{7} and\ttab\"}},\
         {{\"no\":3,\"body\":\"x\",\"ratio\":-Infinity,\"limit\":7.5e999}},{{\"no\":4,\"body\":\"it\\'s \\q\"}},\
         {{\"no\":5,\"body\":\"deep\",\"tree\":{deep}}},{{\"no\":6,\"body\":\"zero\\u0000\"}}]"
    );
    let mut body = body.into_bytes();
    let at = body.windows(4).position(|part| part == b"bell").expect("a bell");
    body[at] = 0xff;
    body.extend_from_slice("\n".as_bytes());
    // A valid character beyond ASCII marks the body as UTF-8.
    let at = body.windows(4).position(|part| part == b"deep").expect("a text");
    body.splice(at..at + 4, "dé".bytes());
    let found = documents_of(JSON, body, "", FIELDS).await;
    let texts: Vec<&str> = found.values().map(|document| document.text.as_str()).collect();
    let expected =
        ["half a heart \u{fffd}!", "\u{fffd}ell\u{7} and\ttab", "x", "it's q", "dé", "zero\u{fffd}"];
    assert_eq!(texts, expected);
    assert_eq!(found["3"].attributes, r#"{"limit":null,"ratio":null}"#);
    let tree = &found["5"].attributes;
    assert!(tree.contains("null") && serde_json::from_str::<serde_json::Value>(tree).is_ok(), "{tree}");
}

#[tokio::test]
async fn numbers_keep_their_digits() {
    let body = r#"[{"no":36893488147419103233,"body":"a","x":2.500,"y":[123456789012345678901234567890.5]},
        {"no":36893488147419103234,"body":"b","x":1E-7}]"#;
    let found = documents_of(JSON, body, "", FIELDS).await;
    assert_eq!(keys(&found), ["36893488147419103233", "36893488147419103234"]);
    let attributes: Vec<&str> = found.values().map(|document| document.attributes.as_str()).collect();
    assert_eq!(attributes, [r#"{"x":2.500,"y":[123456789012345678901234567890.5]}"#, r#"{"x":1E-7}"#]);
}

#[tokio::test]
async fn a_numeric_cursor_is_sent_digit_by_digit() {
    let upstream = Upstream::start(|request| match request.query.get("after").map(String::as_str) {
        None => raw(200, r#"{"rows":[{"no":1,"body":"a"}],"after":70000000000000000000000000000000003}"#),
        Some("70000000000000000000000000000000003") => {
            raw(200, r#"{"rows":[{"no":2,"body":"b"}],"after":"none"}"#)
        }
        Some(_) => raw(400, ""),
    })
    .await;
    let settings = "items = \"/rows\"\npagination = { kind = \"cursor\", cursor = \"after\", next = \"/after\", size = 1 }";
    let bench = Bench::new().await;
    let crawl = bench.crawl(&source_with(&upstream, settings, FIELDS)).await;
    assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None));
    assert_eq!(keys(&documents(&bench).await), ["1", "2"]);
}

#[tokio::test]
async fn the_ledger_names_the_place_of_an_error() {
    for (body, expected) in [
        ("[{\"no\":1,}]", "invalid JSON at byte 9: expected a member's name in quotes, near `[{\"no\":1,}]`"),
        ("load([1])", "invalid JSON at byte 0: the body is JSONP, a call of a function, near `load([1])`"),
        ("[{\"no\":1", "truncated JSON"),
        (
            "  <!doctype html>\n<h1>Down for maintenance</h1>",
            "invalid JSON at byte 2: the body is an HTML page, perhaps a login or maintenance page, near \
             `<!doctype html> <h1>Down for maintenan…`",
        ),
        (
            "{\"fault\":{\"faultstring\":\"Quota violated\"}}",
            "not the expected shape: no array at the top; the body states an error at /fault",
        ),
        (
            "{\"status\":\"FAIL\",\"msg\":\"try\\nlater\"}",
            "not the expected shape: no array at the top; the body states an error at /status: try later",
        ),
    ] {
        let upstream = serving(JSON, body).await;
        let (bench, crawl) = crawl_page(&upstream, "", FIELDS).await;
        assert_eq!(crawl.state, CrawlState::Failed, "{body}");
        assert_eq!(bench.failures(&crawl).await[0], expected);
    }
}

#[tokio::test]
async fn the_charset_is_declared_or_recognized() {
    let utf_16: Vec<u8> =
        "[{\"no\":1,\"body\":\"żółć 🐝\"}]".encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (content_type, body, expected) in [
        (
            "application/json; charset=windows-1250",
            b"[{\"no\":1,\"body\":\"\xbf\xf3\xb3\xe6\"}]".to_vec(),
            "żółć",
        ),
        ("application/json;charset=\"EUC-KR\"", b"[{\"no\":1,\"body\":\"\xb2\xdc\"}]".to_vec(), "꿀"),
        ("application/json; charset=utf-16", utf_16.clone(), "żółć 🐝"),
        (JSON, utf_16, "żółć 🐝"),
        (JSON, b"[{\"no\":1,\"body\":\"\x84Gr\xfc\xdfe\x93 \x80 9\"}]".to_vec(), "„Grüße“ € 9"),
        ("application/json; charset=iso-8859-1", "[{\"no\":1,\"body\":\"Grüße\"}]".into(), "Grüße"),
    ] {
        let found = documents_of(content_type, body, "", FIELDS).await;
        assert_eq!(found["1"].text, expected, "{content_type}");
    }
}
