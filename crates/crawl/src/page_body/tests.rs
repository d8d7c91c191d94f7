use proptest::prelude::*;
use url::Url;

use super::*;
use crate::fixtures::config_with;
use crate::json::Json;
use quarry_config::{ItemsPath, JsonPointer};

fn pointers(list: &[&str]) -> Vec<JsonPointer> {
    list.iter().map(|text| JsonPointer::parse(text).expect("a pointer")).collect()
}

fn shape_of(items: &str) -> BodyShape {
    let mut shape = BodyShape::of(&config_with(""));
    shape.items.path = ItemsPath::parse(items).expect("a path");
    shape.statements.total = pointers(&["/total"]).pop();
    shape.statements.next = pointers(&["/next"]).pop();
    shape
}

fn read_text(shape: &BodyShape, body: &str) -> Result<PageBody, String> {
    shape.read(body.as_bytes(), None, Utc::now())
}

fn read(body: &str) -> Result<(usize, Option<i64>, Option<NextPage>), String> {
    read_text(&shape_of("/data/items"), body)
        .map(|page| (page.items.len(), page.total.value(), page.next.value()))
}

/// Returns the items as text, with the names that they have.
fn items(shape: &BodyShape, body: &str) -> Result<Vec<String>, String> {
    let text = |item: UpstreamItem| {
        let content = match item.content {
            Ok(value) => value.to_string(),
            Err(error) => format!("error: {error}"),
        };
        item.name.map_or(content.clone(), |name| format!("{name}={content}"))
    };
    read_text(shape, body).map(|page| page.items.into_iter().map(text).collect())
}

#[test]
fn items_total_and_next_are_parsed() {
    let cursor = |text: &str| Some(NextPage::Cursor(text.to_owned()));
    for (body, expected) in [
        (r#"{"data":{"items":[1,2]},"total":7,"next":"c"}"#, (2, Some(7), cursor("c"))),
        (r#"{"data":{"items":[]},"total":"7","next":null}"#, (0, Some(7), None)),
        (r#"{"data":{"items":null},"total":7.0,"next":""}"#, (0, Some(7), None)),
        (r#"{"data":{"items":[]},"total":null,"next":12}"#, (0, None, cursor("12"))),
        (r#"{"data":{"items":[]},"next":false}"#, (0, None, None)),
        (
            r#"{"data":{"items":[]},"next":100000000000000000000000000000017}"#,
            (0, None, cursor("100000000000000000000000000000017")),
        ),
        ("\u{feff}{\"data\":{\"items\":[]}}", (0, None, None)),
    ] {
        assert_eq!(read(body), Ok(expected), "{body}");
    }
    let link = NextPage::Link(Url::parse("https://h/m?p=2").expect("a URL"));
    assert_eq!(read(r#"{"data":{"items":[]},"next":"https://h/m?p=2"}"#), Ok((0, None, Some(link))));
}

#[test]
fn a_next_that_means_none_is_empty() {
    let next = |value: &str| {
        read_text(&shape_of("/i"), &format!(r#"{{"i":[],"next":{value}}}"#)).map(|page| page.next)
    };
    for value in [
        "0",
        "-1",
        "0.0",
        "\"0\"",
        "\" -1 \"",
        "\"null\"",
        "\"None\"",
        "\"undefined\"",
        "{}",
        "[]",
        "null",
        "\" \"",
    ] {
        assert_eq!(next(value), Ok(Stated::Empty), "{value}");
    }
    assert_eq!(next("\"00\""), Ok(Stated::Value(NextPage::Cursor("00".to_owned()))));
    assert_eq!(read_text(&shape_of("/i"), r#"{"i":[]}"#).map(|page| page.next), Ok(Stated::Absent));
    for value in ["true", "[1]", r#"{"a":1}"#] {
        assert_eq!(next(value), Err("not the expected shape: no cursor at /next".to_owned()), "{value}");
    }
}

#[test]
fn totals_in_other_spellings_are_parsed() {
    let total = |value: &str| {
        read_text(&shape_of("/i"), &format!(r#"{{"i":[],"total":{value}}}"#)).map(|page| page.total)
    };
    for (value, expected) in [
        ("\"12,345,678\"", 12_345_678),
        ("\"1 025\"", 1_025),
        ("\"1\u{202f}025\"", 1_025),
        ("\"1'025\"", 1_025),
        ("\"25.0\"", 25),
        (r#"{"value":10000,"relation":"gte"}"#, 10_000),
        ("2.5e1", 25),
    ] {
        assert_eq!(total(value), Ok(Stated::Value(expected)), "{value}");
    }
    for value in ["-1", "\"-1\"", "null", "\"\"", r#"{"value":null}"#] {
        assert_eq!(total(value), Ok(Stated::Empty), "{value}");
    }
    for value in ["\"many\"", "\"1,02\"", "\"1,0255\"", "\"1, 025\"", "2.5", "[3]", "true", "{}", "1e300"] {
        let error = "not the expected shape: no number at /total".to_owned();
        assert_eq!(total(value), Err(error), "{value}");
    }
}

#[test]
fn errors_name_the_missing_part_of_a_body() {
    for (body, expected) in [
        ("", "empty body"),
        (" \n", "empty body"),
        ("\u{feff}\n", "empty body"),
        (r#"{"data":{"items":[{"#, "truncated JSON"),
        (r#"{"note":"no"}"#, "not the expected shape: no array at /data/items"),
        (r#"{"data":{"items":{"a":1}}}"#, "not the expected shape: no array at /data/items"),
        (r#"{"data":{"items":[]},"total":"many"}"#, "not the expected shape: no number at /total"),
        (
            r#"{"data":null,"errors":[{"message":"rate\nlimited"}]}"#,
            "not the expected shape: no array at /data/items; the body states an error at /errors: rate limited",
        ),
    ] {
        assert_eq!(read(body), Err(expected.to_owned()), "{body}");
    }
    let gzip = shape_of("").read(b"\x1f\x8b\x08\x00", None, Utc::now());
    assert_eq!(gzip, Err("unreadable body: it is gzip data without its Content-Encoding".to_owned()));
    let html = read("<html><body>Sign in</body></html>").expect_err("HTML");
    assert!(html.contains("an HTML page, perhaps a login or maintenance page"), "{html}");
}

#[test]
fn an_empty_object_or_text_is_an_empty_list() {
    for items in ["null", "{}", "\"\"", "\" \""] {
        let page = |path: &str| read_text(&shape_of(path), &format!(r#"{{"items":{items},"count":0}}"#));
        assert_eq!(page("/items").expect("a page").items, [], "{items}");
        assert_eq!(page("/items/*").expect("a page").items, [], "{items}");
    }
    for items in ["0", "false", "\"none\""] {
        assert!(read_text(&shape_of("/items"), &format!(r#"{{"items":{items}}}"#)).is_err(), "{items}");
    }
}

#[test]
fn a_page_without_a_list_is_the_end_if_stop_says_so() {
    let mut shape = shape_of("/items");
    let body = r#"{"message":"No more results"}"#;
    assert!(read_text(&shape, body).is_err());
    let stop = "stop = { when = \"/message\", equals = \"No more results\" }";
    shape.statements = super::Statements::of(&config_with(stop));
    let page = read_text(&shape, body).expect("a page");
    assert_eq!((page.items.len(), page.has_more), (0, Some(false)));
    assert!(read_text(&shape, r#"{"message":"Timeout"}"#).is_err());
}

#[test]
fn an_error_beside_the_items_is_found() {
    let long = "e".repeat(200);
    let error = |members: &str| {
        read_text(&shape_of("/i"), &format!(r#"{{"i":[1],{members}}}"#)).expect("a page").error
    };
    let found = |text: &str| Some(format!("the body states an error beside its items at {text}"));
    for (members, expected) in [
        (r#""error":"timeout""#, "/error: timeout"),
        (r#""error":true"#, "/error"),
        (r#""error":{"code":500,"message":"shard failed"}"#, "/error: shard failed"),
        (r#""errors":[{"detail":"no"}],"data":null"#, "/errors: no"),
        (r#""errors":2"#, "/errors"),
        (r#""fault":{"faultstring":"x"}"#, "/fault"),
        (r#""success":false,"message":"busy""#, "/success: busy"),
        (r#""ok":false"#, "/ok"),
        (r#""Success":"False""#, "/Success"),
        (r#""status":"FAILURE""#, "/status"),
        (r#""status":" error ""#, "/status"),
        (r#""hasErrors":true"#, "/hasErrors"),
        (r#""errorMessage":"Task timed out""#, "/errorMessage: Task timed out"),
        (r#""error_code":17,"error_msg":"limit""#, "/error_code: limit"),
        (r#""status":503,"message":"busy""#, "/status: busy"),
        (r#""_shards":{"failed":1}"#, "/_shards/failed"),
        (&format!(r#""error":"{long}""#), &format!("/error: {}", &long[..80])),
    ] {
        assert_eq!(error(members), found(expected), "{members}");
    }
    for members in [
        r#""error":null,"errors":[]"#,
        r#""error":false,"errors":{}"#,
        r#""error":"","errors":0"#,
        r#""error":{"code":0,"message":""}"#,
        r#""error":"None""#,
        r#""success":true,"ok":true,"status":"ok""#,
        r#""status":200"#,
        r#""status":{"failed":1}"#,
        r#""meta":{"error":"elsewhere"}"#,
    ] {
        assert_eq!(error(members), None, "{members}");
    }
}

#[test]
fn members_that_may_describe_items_state_an_error_on_an_empty_page_only() {
    let error = |items: &str, members: &str| {
        read_text(&shape_of("/i"), &format!(r#"{{"i":{items},{members}}}"#)).expect("a page").error
    };
    for members in [
        r#""code":429,"message":"Too many requests""#,
        r#""meta":{"code":"500"}"#,
        r#""meta":{"error":"elsewhere"}"#,
        r#""type":"error""#,
    ] {
        assert!(error("[]", members).is_some() && error("null", members).is_some(), "{members}");
        assert_eq!(error("[1]", members), None, "{members}");
    }
    assert_eq!(error("[]", r#""code":200,"message":"OK","error_count":0"#), None);
}

#[test]
fn the_members_of_errors_are_a_setting() {
    let mut shape = shape_of("/i");
    shape.errors.pointers = pointers(&["/_shards/failed"]);
    let error = |shape: &BodyShape, body: &str| read_text(shape, body).expect("a page").error;
    let stated = "the body states an error beside its items at /_shards/failed";
    assert_eq!(error(&shape, r#"{"i":[],"_shards":{"failed":1},"error":"x"}"#).as_deref(), Some(stated));
    assert_eq!(error(&shape, r#"{"i":[],"_shards":{"failed":0},"error":"x"}"#), None);
    shape.errors.pointers.clear();
    assert_eq!(error(&shape, r#"{"i":[],"success":false,"error":"x"}"#), None);
}

#[test]
fn an_error_is_found_in_the_objects_around_the_items() {
    let error = |items: &str, body: &str| read_text(&shape_of(items), body).expect("a page").error;
    let found = |text: &str| Some(format!("the body states an error beside its items at {text}"));
    let body = r#"{"response":{"result":{"docs":[],"error":"shard 3"},"errors":[]}}"#;
    assert_eq!(error("/response/result/docs", body), found("/response/result/error: shard 3"));
    let body = r#"{"data":{"orders":{"edges":[]},"errors":[{"message":"denied"}]}}"#;
    assert_eq!(error("/data/orders/edges/*/node", body), found("/data/errors: denied"));
    let body = r#"{"data":{"error":{"id":1},"x":{"id":2}}}"#;
    assert_eq!(error("/data/*", body), None, "an item");
}

#[test]
fn a_flag_for_other_pages_is_found() {
    let mut shape = shape_of("/data/list");
    shape.statements.next = pointers(&["/page/links/cursor"]).pop();
    for (body, expected) in [
        (r#"{"has_more":true,"data":{"list":[]}}"#, Some(true)),
        (r#"{"data":{"list":[],"hasMore":false}}"#, Some(false)),
        (r#"{"data":{"list":[]},"page":{"links":{"hasNextPage":false,"cursor":"x"}}}"#, Some(false)),
        (r#"{"data":{"list":[]},"meta":{"has_next":true}}"#, Some(true)),
        (r#"{"data":{"list":[]},"more":"true"}"#, None),
        (r#"{"data":{"list":[]},"more":true,"hasNext":false}"#, None),
        (r#"{"have_more_results":true,"data":{"list":[]}}"#, Some(true)),
        (r#"{"data":{"list":[{"has_more":true}]}}"#, None),
    ] {
        assert_eq!(read_text(&shape, body).expect("a page").has_more, expected, "{body}");
    }
}

#[test]
fn a_page_may_be_the_array_itself() {
    for path in ["", "$", "/*", "$[*]"] {
        assert_eq!(items(&shape_of(path), "[1,{}]"), Ok(vec!["1".to_owned(), "{}".to_owned()]), "{path}");
    }
    let error = "not the expected shape: no array at the top".to_owned();
    assert_eq!(items(&shape_of(""), "null"), Err(error));
}

#[test]
fn wildcards_select_members_and_elements() {
    for (path, body, expected) in [
        ("/data/*", r#"{"data":{"b":{"n":1},"a":{"n":2}}}"#, vec![r#"a={"n":2}"#, r#"b={"n":1}"#]),
        ("/data/*", r#"{"data":[5,null]}"#, vec!["5", "null"]),
        ("/data/*", r#"{"data":null}"#, vec![]),
        ("/data/*", r#"{"data":[]}"#, vec![]),
        ("/data/*/rec", r#"{"data":{"7":{"rec":1},"8":{}}}"#, vec!["7=1", "8=null"]),
        ("$.edges[*].node", r#"{"edges":[{"node":{"id":1}},{"node":null}]}"#, vec![r#"{"id":1}"#, "null"]),
        (
            "/groups/*/items",
            r#"{"groups":[{"items":[1,2]},{"items":null},{},{"items":[3]}]}"#,
            vec!["1", "2", "3"],
        ),
        ("$.groups[*].items[*]", r#"{"groups":[{"items":[1]},{"items":{"x":2}},{}]}"#, vec!["1", "x=2"]),
        ("/*/*", r#"{"a":{"1":true},"b":{"2":false}}"#, vec!["1=true", "2=false"]),
        ("/rows/0/*", r#"{"rows":[[1,2],[3]]}"#, vec!["1", "2"]),
    ] {
        let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(items(&shape_of(path), body), Ok(expected), "{path} {body}");
    }
    for (path, body, pointer) in [
        ("/data/*", r#"{"rows":[]}"#, "at /data"),
        ("/data/*", r#"{"data":3}"#, "at /data"),
        ("/*", "null", "at the top"),
        ("/a/b/*/c", r#"{"a":null}"#, "at /a/b"),
    ] {
        let error = format!("not the expected shape: no array and no object {pointer}");
        assert_eq!(items(&shape_of(path), body), Err(error), "{path} {body}");
    }
}

#[test]
fn a_single_object_is_an_item_only_if_it_is_permitted() {
    let mut shape = shape_of("");
    let object = r#"{"id":1,"status":"failed"}"#;
    assert_eq!(
        items(&shape, object),
        Err("not the expected shape: no array at the top; the body states an error at /status".to_owned())
    );
    shape.items.single_object = true;
    let page = read_text(&shape, object).expect("a page");
    assert_eq!((page.items, page.error), (vec![Json::parse(object).expect("JSON").into()], None));
    assert_eq!(items(&shape, "[1]"), Ok(vec!["1".to_owned()]));
}

#[test]
fn a_line_that_is_no_json_is_one_bad_item() {
    let mut shape = shape_of("");
    shape.format = PageFormat::JsonLines;
    let found = items(&shape, "\u{feff}{\"a\":1}\r\n\n{oops}\n\u{1e}{\"a\":2}\n").expect("items");
    assert_eq!(found[0], r#"{"a":1}"#);
    assert!(found[1].starts_with("error: line 3 is invalid JSON at byte 1: "), "{}", found[1]);
    assert_eq!(&found[2..], [r#"{"a":2}"#]);
    assert_eq!(items(&shape, ""), Ok(Vec::new()));
    assert_eq!(items(&shape, "{\"a\":1}\n{\"a\":"), Err("truncated JSON".to_owned()));
    assert!(items(&shape, "<html>\n</html>\n").is_err_and(|error| error.contains("an HTML page")));
    let page = read_text(&shape, "{\"id\":1,\"text\":\"x\"}\n{\"error\":\"timeout\"}\n").expect("a page");
    let error = "the body states an error beside its items at /error: timeout";
    assert_eq!(page.error.as_deref(), Some(error));
}

#[test]
fn the_header_row_names_the_members_of_rows() {
    let mut shape = shape_of("");
    shape.format = PageFormat::Csv;
    for (body, expected) in [
        (
            "id,text\r\n1,\"a, \"\"b\"\"\nc\"\r\n2\r\n",
            vec![r#"{"id":"1","text":"a, \"b\"\nc"}"#, r#"{"id":"2"}"#],
        ),
        ("\u{feff}id;\"te;xt\"\n007;1,5\n", vec![r#"{"id":"007","te;xt":"1,5"}"#]),
        ("id\ttext\n1\t\n", vec![r#"{"id":"1","text":""}"#]),
        ("id,text\n", vec![]),
        (
            "id,text\n1,a,b\n2,c\n",
            vec!["error: line 2 has 3 fields, the header 2", r#"{"id":"2","text":"c"}"#],
        ),
        ("sep=;\r\nid;text\r\n1;b,c\r\n", vec![r#"{"id":"1","text":"b,c"}"#]),
        ("\u{feff}\"sep=\t\"\nid\ttext\n1\ta,b\n", vec![r#"{"id":"1","text":"a,b"}"#]),
        (
            "id, text\n1, \"a, \"\"b\"\"\" \n2,\"c\" \n3, d \n4,\"\"\n",
            vec![
                r#"{"id":"1","text":"a, \"b\""}"#,
                r#"{"id":"2","text":"c"}"#,
                r#"{"id":"3","text":" d "}"#,
                r#"{"id":"4","text":""}"#,
            ],
        ),
        (
            "id\ttext\n1\ta \"b\" c\n2\t\"d\" e\n",
            vec![r#"{"id":"1","text":"a \"b\" c"}"#, r#"{"id":"2","text":"d e"}"#],
        ),
    ] {
        let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(items(&shape, body), Ok(expected), "{body}");
    }
    assert_eq!(items(&shape, ""), Err("empty body".to_owned()));
    let error = "invalid CSV: the body begins as JSON; the body states an error at /error: quota";
    assert_eq!(items(&shape, r#"{"error":"quota"}"#), Err(error.to_owned()));
    assert!(items(&shape, "<html>").is_err_and(|error| error.contains("an HTML page")));
}

#[test]
fn rows_that_a_missing_quote_swallows_are_no_page() {
    let mut shape = shape_of("");
    shape.format = PageFormat::Csv;
    for (body, expected) in [
        ("id,text\n1,a\n2,\"5 inch\n3,b\n", "truncated CSV: the quote in line 3 is not closed"),
        ("\nsep=,\nid,text\n1,\"a\n", "truncated CSV: the quote in line 4 is not closed"),
        ("id,text\n1,a\n2, \"", "truncated CSV: the quote in line 3 is not closed"),
        ("id,text\n1,\"5 inch\n2,b\n3,\"6 inch\n", "broken CSV: a quote is missing behind the one in line 2"),
        ("id,text\n1,a\n2", "truncated CSV: the last row has 1 of 2 fields"),
    ] {
        assert_eq!(items(&shape, body), Err(expected.to_owned()), "{body}");
    }
}

#[test]
fn the_charset_of_the_content_type_is_honoured() {
    let page = shape_of("").read(b"[\"caf\xe9\"]", Some("application/json; charset=latin1"), Utc::now());
    assert_eq!(page.expect("a page").items, [Json::String("café".to_owned()).into()]);
}

proptest! {
    #[test]
    fn no_body_panics(
        bytes in any::<Vec<u8>>(),
        text in r#"([\[\]{}",:;\n01é]|items|total|next|error|null|\\u[d0-9]{0,4}){0,30}"#,
        charset in r"[a-z]{0,2}utf-(8|16)|iso-8859-[0-9]{1,2}|big5|gbk",
    ) {
        let content_type = format!("text/plain; charset={charset}");
        for format in [PageFormat::Json, PageFormat::JsonLines, PageFormat::Csv] {
            for path in ["", "/items", "/*", "/items/*/next"] {
                let shape = BodyShape { format, ..shape_of(path) };
                let _ = shape.read(&bytes, Some(&content_type), Utc::now());
                let _ = shape.read(text.as_bytes(), None, Utc::now());
            }
        }
    }
}
