//! The served items: files, values, and the generator.

use std::collections::BTreeSet;
use std::fs;

use quarry::simulator::{Collection, CollectionError, synthetic};
use serde_json::json;

fn refusal(content: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("items.json");
    fs::write(&path, content).unwrap();
    let error = Collection::from_file("items", &path).unwrap_err().to_string();
    error.replace(&path.display().to_string(), "FILE")
}

#[test]
fn a_file_that_cannot_be_served_says_what_to_do() {
    let missing = Collection::from_file("items", "no/such/file.json".as_ref()).unwrap_err();
    assert!(matches!(missing, CollectionError::NotFound(_)));
    assert!(missing.to_string().starts_with("no/such/file.json: there is no such file; give the path"));

    for (content, expected) in [
        ("", "FILE: it is not JSON: EOF while parsing a value at line 1 column 0"),
        ("[{\"id\": 1},", "FILE: it is not JSON: EOF while parsing a value at line 1 column 11"),
        ("id,text", "FILE: it is not JSON: expected value at line 1 column 1"),
        ("{\"items\": []}", "FILE: it holds an object where an array of objects is needed"),
        ("{\"id\": 1}\n{\"id\": 2}", "FILE: it holds an object where an array of objects is needed"),
        (" 3349", "FILE: it holds a number where"),
        ("null", "FILE: it holds null where"),
        ("[{\"id\": 1}, 2]", "FILE: element 2 is a number, but each has to be an object"),
        ("[[], {}]", "FILE: element 1 is an array, but each has to be an object"),
    ] {
        let refusal = refusal(content);
        assert!(refusal.starts_with(expected), "{content}: {refusal}");
    }
}

#[test]
fn a_file_with_a_byte_order_mark_and_white_space_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("items.json");
    fs::write(&path, "\u{FEFF}\r\n [ {\"id\": 1} ,\n\t{\"id\": 2, \"text\": \"\\u00fc\"} ]\n").unwrap();
    assert_eq!(Collection::from_file("items", &path).unwrap().len(), 2);
}

#[test]
fn a_name_has_to_fit_into_an_address() {
    for name in ["", "Messages", "a/b", "a b", "ä", &"a".repeat(65)] {
        let refused = Collection::from_values(name, [json!({})]);
        assert!(matches!(refused, Err(CollectionError::Name(_))), "{name:?}");
    }
    assert!(Collection::from_values("sales_2026-q1", [json!({})]).is_ok());
}

#[test]
fn messages_are_the_same_for_a_seed_and_a_prefix_of_more_of_them() {
    let hundred: Vec<_> = synthetic::messages(100, 7).collect();
    assert_eq!(hundred, synthetic::messages(5_000, 7).take(100).collect::<Vec<_>>());
    assert_ne!(hundred, synthetic::messages(100, 8).collect::<Vec<_>>());
    let products: Vec<_> = synthetic::products(100, 7).collect();
    assert_eq!(products, synthetic::products(100, 7).collect::<Vec<_>>());
}

#[test]
fn messages_are_spread_as_real_ones_are() {
    const COUNT: usize = 20_000;
    let messages: Vec<_> = synthetic::messages(COUNT, 7).collect();
    let distinct = |texts: Vec<&str>| texts.into_iter().collect::<BTreeSet<_>>().len();
    assert_eq!(distinct(messages.iter().map(|message| message.id.as_str()).collect()), COUNT);
    assert_eq!(distinct(messages.iter().map(|message| message.user_id.as_str()).collect()), 10);
    assert_eq!(distinct(messages.iter().map(|message| message.user_name).collect()), 10);
    assert!(distinct(messages.iter().map(|message| message.message.as_str()).collect()) > COUNT * 9 / 10);

    for message in &messages {
        assert_eq!((message.id.len(), message.timestamp.len()), (36, 32), "{message:?}");
        assert!(
            message.timestamp.starts_with("2025-") && message.timestamp.ends_with("+00:00"),
            "{message:?}"
        );
        assert!((10..250).contains(&message.message.len()), "{message:?}");
    }
    assert!(messages.windows(2).any(|pair| pair[0].timestamp > pair[1].timestamp), "not sorted");
    let beyond_ascii = messages.iter().filter(|message| !message.message.is_ascii()).count();
    assert!((COUNT * 8 / 100..COUNT * 15 / 100).contains(&beyond_ascii), "{beyond_ascii}");

    let words: Vec<&str> =
        messages.iter().flat_map(|message| message.message.split(|c: char| !c.is_alphabetic())).collect();
    let the = words.iter().filter(|word| word.eq_ignore_ascii_case("the")).count();
    assert!(the * 40 > words.len() && the * 5 < words.len(), "{the} of {}", words.len());
    assert!((2_000..10_000).contains(&distinct(words)));
}

#[test]
fn products_cover_every_category() {
    let products: Vec<_> = synthetic::products(500, 7).collect();
    let categories: BTreeSet<&str> = products.iter().map(|product| product.category).collect();
    assert_eq!(categories, BTreeSet::from(["books", "clothing", "electronics", "home goods", "toys"]));
    let skus: BTreeSet<&str> = products.iter().map(|product| product.sku.as_str()).collect();
    assert_eq!(skus.len(), products.len());
    for product in &products {
        let cents = product.price * 100.0;
        assert!(product.price >= 5.0 && (cents - cents.round()).abs() < 1e-6, "{product:?}");
        assert!(
            product.name.starts_with(&product.brand) && product.description.contains(". "),
            "{product:?}"
        );
    }
}
