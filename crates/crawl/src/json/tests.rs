use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Json {
    Json::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn error(text: &str) -> String {
    Json::parse(text).expect_err(text).to_string()
}

#[test]
fn numbers_keep_all_digits() {
    let text = r#"[18446744073709551617,-9223372036854775809,0.1234567890123456789,1.10,-0,1E+2,0e0,-0.0]"#;
    assert_eq!(parse(text).to_string(), text);
    let long = "9".repeat(500);
    assert_eq!(parse(&long), Json::Number(long.clone()));
}

#[test]
fn what_json_lacks_costs_one_value() {
    for text in
        ["NaN", "-NaN", "nan", "Infinity", "-Infinity", "inf", "undefined", "1e400", "-2.5E+999", "None"]
    {
        assert_eq!(parse(&format!("[1,{text} ,2]")).to_string(), "[1,null,2]", "{text}");
    }
    let long = format!("{}.5", "9".repeat(400));
    assert_eq!(parse(&long), Json::Null);
    assert_eq!(parse("1e-400"), Json::Number("1e-400".to_owned()));
}

#[test]
fn damaged_strings_cost_one_character() {
    for (text, expected) in [
        (r#""cut \ud83d""#, "cut \u{fffd}"),
        (r#""\ude00 low""#, "\u{fffd} low"),
        (r#""\ud83d\ude00""#, "😀"),
        (r#""\ud83d\u0041""#, "\u{fffd}A"),
        (r#""\ud83dA\n""#, "\u{fffd}A\n"),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
        ("\"raw\u{1}\ttab\n\"", "raw\u{1}\ttab\n"),
        (r#""\u0000""#, "\0"),
        (r#""\x41 \' \é \u12""#, "x41 ' é u12"),
        (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r#""\uD83E\uDD26é""#, "🤦é"),
    ] {
        assert_eq!(parse(text), Json::String(expected.to_owned()), "{text}");
    }
}

#[test]
fn deep_nesting_costs_the_subtree() {
    let deep = format!(r#"{{"deep":{}"]}}"{},"after":1}}"#, "[".repeat(5_000), "]".repeat(5_000));
    let value = parse(&deep);
    assert_eq!(value.pointer("/after"), Some(&Json::Number("1".to_owned())));
    assert_eq!(value.pointer(&format!("/deep{}", "/0".repeat(127))), Some(&Json::Null));
    assert_eq!(error(&"[".repeat(1 << 20)), "truncated JSON");
    assert_eq!(error(&r#"{"a":"#.repeat(1 << 18)), "truncated JSON");
    let within = format!("{}{}", "[".repeat(128), "]".repeat(128));
    assert_eq!(parse(&within).to_string(), within);
}

#[test]
fn the_last_of_equal_names_wins_and_a_mark_is_skipped() {
    assert_eq!(parse("\u{feff} {\"a\":1, \"a\" : 2 } \r\n").to_string(), r#"{"a":2}"#);
}

#[test]
fn cut_texts_are_truncated() {
    let text = r#"{"a":[1.5e3,"x\u0041\n",true,false,null,-12],"b":{}}"#;
    for end in 1..text.len() {
        assert_eq!(error(&text[..end]), "truncated JSON", "{}", &text[..end]);
    }
}

#[test]
fn errors_name_the_byte_and_an_excerpt() {
    for (text, expected) in [
        (r#"[1,2,]"#, "invalid JSON at byte 5: expected a value, near `[1,2,]`"),
        (r#"[1 2]"#, "invalid JSON at byte 3: expected `,` or `]`, near `[1 2]`"),
        (r#"[01]"#, "invalid JSON at byte 2: expected `,` or `]`, near `[01]`"),
        (r#"[1.x]"#, "invalid JSON at byte 3: expected a digit, near `[1.x]`"),
        (r#"{a:1}"#, "invalid JSON at byte 1: expected a member's name in quotes, near `{a:1}`"),
        (r#"{"a" 1}"#, "invalid JSON at byte 5: expected a colon, near `{\"a\" 1}`"),
        (r#"{"a":tru}"#, "invalid JSON at byte 5: expected a value, near `{\"a\":tru}`"),
        ("[] x", "invalid JSON at byte 3: expected the end, near `[] x`"),
        ("Service Unavailable\n", "invalid JSON at byte 0: expected a value, near `Service Unavailable`"),
        (
            "<!DOCTYPE html><title>Sign in</title>",
            "invalid JSON at byte 0: the body is an HTML page, perhaps a login or maintenance page, near \
             `<!DOCTYPE html><title>Sign in</title>`",
        ),
        (
            "<?xml version=\"1.0\"?>",
            "invalid JSON at byte 0: the body is an XML document, near `<?xml version=\"1.0\"?>`",
        ),
        (
            "\u{feff})]}'\n[1]",
            "invalid JSON at byte 3: the body is JSON behind the prefix `)]}'`, near `)]}' [1]`",
        ),
        (
            "jQuery12.cb([1])",
            "invalid JSON at byte 0: the body is JSONP, a call of a function, near `jQuery12.cb([1])`",
        ),
        (
            "{\"id\":1}\n{\"id\":2}",
            "invalid JSON at byte 9: expected the end, but another value follows (perhaps `format = \
             \"json_lines\"` is missing), near `{\"id\":1} {\"id\":2}`",
        ),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
    let long = error(&format!("[{}x{}]", "1,".repeat(500), "é".repeat(500)));
    let excerpt = long.split('`').nth(1).expect("an excerpt");
    assert!(excerpt.chars().count() <= 42 && excerpt.contains('x'), "{long}");
    assert!(long.starts_with("invalid JSON at byte 1001: "), "{long}");
}

#[test]
fn pointers_lead_into_objects_and_arrays() {
    let mut value = parse(r#"{"a/b":{"m~n":[10,{"":"x"}]},"01":1}"#);
    assert_eq!(value.pointer("/a~1b/m~0n/1/"), Some(&Json::String("x".to_owned())));
    assert_eq!(value.pointer("/01"), Some(&Json::Number("1".to_owned())));
    for pointer in ["/a~1b/m~0n/01", "/a~1b/m~0n/+1", "/a~1b/m~0n/2", "/a~1b/m~0n/-", "/a~1b/x", "a", "/01/0"]
    {
        assert_eq!(value.pointer(pointer), None, "{pointer}");
    }
    assert_eq!(value.take("/a~1b/m~0n").map(|taken| taken.to_string()), Some(r#"[10,{"":"x"}]"#.to_owned()));
    assert_eq!(value.to_string(), r#"{"01":1,"a/b":{"m~n":null}}"#);
}

/// Any JSON text that `serde_json` repeats as it is.
fn json_text() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_filter("JSON has finite numbers", |number| number.is_finite()).prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
            prop::collection::btree_map(any::<String>(), inner, 0..8)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn valid_texts_are_read_and_written_as_by_serde_json(value in json_text()) {
        let compact = value.to_string();
        prop_assert_eq!(parse(&compact).to_string(), compact.clone());
        let pretty = serde_json::to_string_pretty(&value).expect("JSON");
        prop_assert_eq!(parse(&pretty).to_string(), compact);
    }

    #[test]
    fn no_text_panics(text in any::<String>(), tail in r#"[\[\]{}",:\\u0-9a-f.eE+\- ]{0,40}"#) {
        let _ = Json::parse(&text);
        let _ = Json::parse(&tail);
    }
}

#[test]
fn a_relation_selects_a_link_of_an_array() {
    let body = parse(
        r#"{"links":[{"rel":"self","href":"a"},{"relation":"next","url":"b"}],"0":{"next":"c"},"list":[{"next":"d"}]}"#,
    );
    for (pointer, expected) in [
        ("/links/next/url", Some("b")),
        ("/links/self/href", Some("a")),
        ("/links/1/url", Some("b")),
        ("/links/prev/href", None),
        ("/0/next", Some("c")),
        ("/list/next", None),
    ] {
        assert_eq!(body.pointer_by_relation(pointer).and_then(Json::as_str), expected, "{pointer}");
    }
}
