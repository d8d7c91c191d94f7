//! Declared attributes: filters, facets and orders of a catalogue, compared with a computation over its products.

mod explanations;
mod facets;
mod refusals;
mod result_page;
mod values;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use quarry::config::Settings;
use quarry::search::Attributes;
use serde_json::{Value, json};

use super::server::{Server, Setup, code};

const SOURCES: &str = r#"
[[sources]]
name = "shop"
attributes = [
    { name = "price", type = "number" },
    { name = "brand", type = "string", uses = ["search", "suggest", "filter", "facet", "sort"] },
    { name = "colours", type = "string" },
    { name = "inStock", pointer = "/stock/available", type = "boolean" },
    { name = "created", type = "date" },
    { name = "place", type = "geo" },
    { name = "details", type = "text" },
]
"#;

const PRODUCTS: usize = 240;

/// The attributes of a product; some lack values.
fn attributes(number: usize) -> Value {
    let brand = ["Acme", "Globex", "acme", "Initech"][number * 7 % 4];
    let colours: Vec<&str> = ["red", "blue", "green"].into_iter().skip(number % 4).collect();
    let mut product = json!({
        "brand": brand,
        "colours": colours,
        "stock": {"available": number.is_multiple_of(3)},
        "created": format!("2025-{:02}-{:02}", 1 + number % 12, 1 + number * 5 % 28),
        "place": {"lat": 48.0 + (number % 10) as f64 / 10.0, "lon": 11.0 + (number % 7) as f64 / 10.0},
        "details": format!("serial zx{number}"),
    });
    if !number.is_multiple_of(11) {
        // Some prices are texts, as in CSV files.
        let price = (number * 37 % 100) as f64 / 4.0;
        product["price"] = if number.is_multiple_of(5) { json!(price.to_string()) } else { json!(price) };
    }
    product
}

fn price(number: usize) -> Option<f64> {
    let price = attributes(number).get("price").cloned()?;
    price.as_f64().or_else(|| price.as_str()?.parse().ok())
}

fn setup() -> Setup {
    let settings = Settings::from_toml(SOURCES).unwrap();
    Setup { attributes: Attributes::of(settings.sources.contents()), ..Setup::default() }
}

async fn catalogue() -> Server {
    let server = Server::start_with(setup()).await;
    let product = |number: usize| {
        json!({"source": "shop", "key": number.to_string(), "text": format!("lamp {}", number % 3),
               "attributes": attributes(number)})
    };
    // Several segments; the second batch replaces some documents.
    for range in [0..100, 50..PRODUCTS] {
        let products: Vec<Value> = range.map(product).collect();
        for chunk in products.chunks(50) {
            server.index(json!(chunk)).await;
        }
    }
    server
}

/// The keys that a filter matches, and their number.
async fn found(server: &Server, filter: Value) -> BTreeSet<usize> {
    let query = "query($filter: DocumentFilter, $after: String) { search(query: \"lamp\", filter: $filter, \
                 first: 100, after: $after) { totalCount nodes { key } pageInfo { hasNextPage endCursor } } }";
    let (mut keys, mut after) = (BTreeSet::new(), Value::Null);
    loop {
        let page = server.data(query, json!({"filter": filter, "after": after})).await["search"].take();
        let nodes = page["nodes"].as_array().unwrap();
        keys.extend(nodes.iter().map(|node| node["key"].as_str().unwrap().parse::<usize>().unwrap()));
        if page["pageInfo"]["hasNextPage"] == false {
            assert_eq!(page["totalCount"], keys.len());
            return keys;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

fn products(fits: impl Fn(usize) -> bool) -> BTreeSet<usize> {
    (0..PRODUCTS).filter(|&number| fits(number)).collect()
}

fn one(condition: Value) -> Value {
    json!({"attributes": [condition]})
}

fn has_brand(number: usize, brands: &[&str]) -> bool {
    brands.contains(&attributes(number)["brand"].as_str().unwrap())
}

fn has_colour(number: usize, colour: &str) -> bool {
    attributes(number)["colours"].as_array().unwrap().contains(&json!(colour))
}

#[tokio::test]
async fn filters_find_exactly_the_products_that_meet_them() {
    let server = catalogue().await;
    let priced = |number, fits: fn(f64) -> bool| price(number).is_some_and(fits);
    let created = |number: usize| attributes(number)["created"].as_str().unwrap().to_owned();
    let least = (0..PRODUCTS).filter_map(price).fold(f64::INFINITY, f64::min);
    let cases: Vec<(Value, BTreeSet<usize>)> = vec![
        (
            one(json!({"name": "price", "gte": 10, "lt": 20})),
            products(|n| priced(n, |p| (10.0..20.0).contains(&p))),
        ),
        (
            one(json!({"name": "price", "gt": 10, "lte": 20})),
            products(|n| priced(n, |p| p > 10.0 && p <= 20.0)),
        ),
        (one(json!({"name": "price", "in": [2.5, 7]})), products(|n| priced(n, |p| p == 2.5 || p == 7.0))),
        (one(json!({"name": "price", "exists": true})), products(|n| price(n).is_some())),
        (one(json!({"name": "price", "exists": false})), products(|n| price(n).is_none())),
        (one(json!({"name": "price", "gte": 20, "lt": 10})), BTreeSet::new()),
        // Ranges that no value is within, below the least and above the greatest.
        (one(json!({"name": "price", "lt": least})), BTreeSet::new()),
        (one(json!({"name": "price", "lte": least - 1e-9})), BTreeSet::new()),
        (one(json!({"name": "price", "gt": -1e300, "lt": -1})), BTreeSet::new()),
        // As the facet of the attribute states its values.
        (
            one(json!({"name": "price", "in": ["2.5", "7"]})),
            products(|n| priced(n, |p| p == 2.5 || p == 7.0)),
        ),
        (one(json!({"name": "price", "in": [-3, 1e9]})), BTreeSet::new()),
        (one(json!({"name": "price", "gt": 1e9})), BTreeSet::new()),
        (json!({"not": one(json!({"name": "price", "lt": least}))}), products(|_| true)),
        (one(json!({"name": "price", "lte": least})), products(|n| price(n) == Some(least))),
        (one(json!({"name": "created", "lt": "1999-01-01"})), BTreeSet::new()),
        (
            one(json!({"name": "place", "near": {"latitude": -60, "longitude": 11, "meters": 10}})),
            BTreeSet::new(),
        ),
        (
            one(json!({"name": "brand", "in": ["Acme", "Initech"]})),
            products(|n| has_brand(n, &["Acme", "Initech"])),
        ),
        (one(json!({"name": "brand", "in": []})), products(|_| true)),
        (one(json!({"name": "colours", "in": ["blue"]})), products(|n| has_colour(n, "blue"))),
        (one(json!({"name": "colours", "exists": false})), products(|n| n % 4 == 3)),
        (one(json!({"name": "inStock", "in": [true]})), products(|n| n % 3 == 0)),
        (
            one(json!({"name": "created", "gte": "2025-03-01", "lt": "2025-05-01T00:00:00Z"})),
            products(|n| ("2025-03-01".."2025-05-01").contains(&created(n).as_str())),
        ),
        (
            json!({"attributes": [{"name": "brand", "in": ["Acme"]}, {"name": "inStock", "in": [false]}]}),
            products(|n| has_brand(n, &["Acme"]) && n % 3 != 0),
        ),
        (
            json!({"not": {"attributes": [{"name": "brand", "in": ["Acme"]}]}}),
            products(|n| !has_brand(n, &["Acme"])),
        ),
        (
            json!({"not": {"anyOf": [one(json!({"name": "inStock", "in": [true]})), one(json!({"name": "price", "lt": 5}))]}}),
            products(|n| n % 3 != 0 && !priced(n, |p| p < 5.0)),
        ),
        (
            json!({"anyOf": [one(json!({"name": "price", "lt": 2})), {"source": ["nowhere"]},
                          one(json!({"name": "colours", "in": ["red"]}))],
                "attributes": [{"name": "inStock", "in": [true]}]}),
            products(|n| n % 3 == 0 && (priced(n, |p| p < 2.0) || has_colour(n, "red"))),
        ),
        (json!({"not": {}}), BTreeSet::new()),
        (json!({"anyOf": []}), products(|_| true)),
        (
            one(
                json!({"name": "place", "within": {"south": 48.25, "west": 11.15, "north": 48.65, "east": 11.45}}),
            ),
            products(|n| (3..=6).contains(&(n % 10)) && (2..=4).contains(&(n % 7))),
        ),
        (
            one(json!({"name": "place", "near": {"latitude": 48.0, "longitude": 11.0, "meters": 1000}})),
            products(|n| n % 10 == 0 && n % 7 == 0),
        ),
        // A tenth of a degree of latitude is 11.1 km.
        (
            one(json!({"name": "place", "near": {"latitude": 48.0, "longitude": 11.0, "meters": 11_200}})),
            products(|n| (n % 10 <= 1 && n % 7 == 0) || (n % 10 == 0 && n % 7 == 1)),
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(found(&server, filter.clone()).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn orders_page_through_all_products_without_gaps() {
    let server = catalogue().await;
    let query = "query($by: [SearchOrder!], $after: String) { search(query: \"\", orderBy: $by, first: 17, \
                 after: $after) { edges { cursor node { key } } pageInfo { hasNextPage endCursor } } }";
    let text = |number: usize| attributes(number)["brand"].as_str().unwrap().to_owned();
    let by_price = |a: &usize, b: &usize| match (price(*a), price(*b)) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    let latitude = |number: usize| (number % 10).abs_diff(3);
    type Compare<'c> = Box<dyn Fn(&usize, &usize) -> Ordering + 'c>;
    let cases: Vec<(Value, Compare<'_>)> = vec![
        (json!([{"attribute": "price"}]), Box::new(by_price)),
        (
            json!([{"attribute": "price", "direction": "DESC"}]),
            Box::new(|a, b| match (price(*a), price(*b)) {
                (Some(a), Some(b)) => b.total_cmp(&a),
                (a, b) => b.is_some().cmp(&a.is_some()),
            }),
        ),
        (
            json!([{"attribute": "brand"}, {"attribute": "price"}]),
            Box::new(|a, b| text(*a).cmp(&text(*b)).then_with(|| by_price(a, b))),
        ),
        (
            json!([{"attribute": "created", "direction": "DESC"}]),
            Box::new(|a, b| attributes(*b)["created"].as_str().cmp(&attributes(*a)["created"].as_str())),
        ),
        (
            json!([{"attribute": "place", "near": {"latitude": 48.3, "longitude": 11.3}}]),
            Box::new(|a, b| {
                if a % 7 == 3 && b % 7 == 3 { latitude(*a).cmp(&latitude(*b)) } else { Ordering::Equal }
            }),
        ),
    ];
    for (by, compare) in cases {
        let (mut keys, mut after) = (Vec::new(), Value::Null);
        loop {
            let page = server.data(query, json!({"by": by, "after": after})).await["search"].take();
            let edges = page["edges"].as_array().unwrap();
            keys.extend(
                edges.iter().map(|edge| edge["node"]["key"].as_str().unwrap().parse::<usize>().unwrap()),
            );
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
        assert_eq!(keys.iter().copied().collect::<BTreeSet<_>>(), products(|_| true), "{by}");
        assert_eq!(keys.len(), PRODUCTS, "{by}");
        let is_in_order = |pair: &[usize]| compare(&pair[0], &pair[1]).is_le();
        assert!(keys.windows(2).all(is_in_order), "{by}: {keys:?}");
        // A cursor of one order is none of another.
        let other = json!({"by": [{"attribute": "inStock"}], "after": after});
        if !after.is_null() {
            assert_eq!(code(&server.error(query, other).await), "BAD_USER_INPUT");
        }
    }
}

#[tokio::test]
async fn pages_by_number_are_those_by_cursor() {
    let server = catalogue().await;
    let query = "query($first: Int, $page: Int, $after: String, $by: [SearchOrder!]) { search(query: \"lamp\", \
                 first: $first, page: $page, after: $after, orderBy: $by) { nodes { key } \
                 pageInfo { hasNextPage hasPreviousPage endCursor } } }";
    for by in [json!([]), json!([{"attribute": "price", "direction": "DESC"}])] {
        for first in [7, 100] {
            let mut after = Value::Null;
            for page in 1.. {
                let numbered = server.data(query, json!({"first": first, "page": page, "by": by})).await;
                let walked = server.data(query, json!({"first": first, "after": after, "by": by})).await;
                assert_eq!(numbered, walked, "{page}");
                after = walked["search"]["pageInfo"]["endCursor"].clone();
                if walked["search"]["pageInfo"]["hasNextPage"] == false {
                    break;
                }
            }
        }
    }
    let beyond = server.data(query, json!({"first": 10, "page": 1000})).await;
    assert_eq!(beyond["search"]["nodes"], json!([]));
    for (variables, expected) in [
        (json!({"page": 0}), "page must be 1 or more, but is 0"),
        (json!({"first": 10, "page": 1001}), "page reaches beyond the first 10000 documents"),
        (json!({"page": 1, "after": "x"}), "page and `after` exclude each other"),
    ] {
        let error = server.error(query, variables).await;
        assert!(error["message"].as_str().unwrap().starts_with(expected), "{error}");
    }
}

#[tokio::test]
async fn searched_attributes_are_found_by_their_words() {
    let server = catalogue().await;
    let query = "query($query: String!) { search(query: $query) { totalCount relaxed nodes { key } } }";
    // The space after the word ends its prefix.
    let search = server.data(query, json!({"query": "zx17 "})).await["search"].take();
    assert_eq!((&search["totalCount"], &search["relaxed"]), (&json!(1), &json!(false)));
    assert_eq!(search["nodes"], json!([{"key": "17"}]));
    let search = server.data(query, json!({"query": "globex"})).await["search"].take();
    assert_eq!(search["totalCount"], products(|n| has_brand(n, &["Globex"])).len());
    // Colours are not searched.
    let search = server.data(query, json!({"query": "green"})).await["search"].take();
    assert_eq!(search["totalCount"], 0);
}

#[tokio::test]
async fn suggestions_respect_filters_of_attributes() {
    let server = catalogue().await;
    let query =
        "query($filter: DocumentFilter) { suggest(prefix: \"zx1\", first: 20, filter: $filter) { text } }";
    let filter = one(json!({"name": "price", "in": [price(17).unwrap()]}));
    let suggested = server.data(query, json!({"filter": filter})).await["suggest"].take();
    let texts: Vec<&str> =
        suggested.as_array().unwrap().iter().map(|suggestion| suggestion["text"].as_str().unwrap()).collect();
    assert!(texts.contains(&"zx17"), "{texts:?}");
    let is_priced_alike = |text: &&str| price(text[2..].parse().unwrap()) == price(17);
    assert!(texts.iter().all(is_priced_alike), "{texts:?}");
}

#[tokio::test]
async fn values_of_other_types_stay_in_the_document() {
    let server = catalogue().await;
    let document = json!([{"source": "shop", "key": "odd", "text": "odd lamp",
                           "attributes": {"price": "on request", "colours": ["red", {"name": "blue"}]}}]);
    server.index(document).await;
    let query =
        "query($filter: DocumentFilter) { search(query: \"odd\", filter: $filter) { nodes { attributes } } }";
    let stored = server.data(query, json!({})).await;
    assert_eq!(stored["search"]["nodes"][0]["attributes"]["price"], "on request");
    let unpriced =
        server.data(query, json!({"filter": one(json!({"name": "price", "exists": false}))})).await;
    assert_eq!(unpriced["search"]["nodes"].as_array().unwrap().len(), 1);
    let red = server.data(query, json!({"filter": one(json!({"name": "colours", "in": ["red"]}))})).await;
    assert_eq!(red["search"]["nodes"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn distinct_values_have_one_document_each() {
    let server = catalogue().await;
    let query = "query($field: String, $by: [SearchOrder!], $after: String, $first: Int) { search(query: \"\", \
                 distinct: $field, orderBy: $by, first: $first, after: $after) { totalCount edges { collapsedCount \
                 node { key } } facets(attributes: [\"inStock\"]) { buckets { count } } \
                 pageInfo { hasNextPage endCursor } } }";
    // Of each price the first product by brand; those without a price stand alone.
    let by = json!([{"attribute": "brand"}, {"attribute": "created"}]);
    let place = |number: usize| {
        let of = attributes(number);
        (of["brand"].as_str().unwrap().to_owned(), of["created"].as_str().unwrap().to_owned())
    };
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for number in 0..PRODUCTS {
        let of_price = |group: &&mut Vec<usize>| price(number).is_some() && price(group[0]) == price(number);
        match groups.iter_mut().find(of_price) {
            Some(group) => group.push(number),
            None => groups.push(vec![number]),
        }
    }
    for first in [9, 100] {
        let (mut found, mut after) = (Vec::new(), Value::Null);
        loop {
            let variables = json!({"field": "price", "by": by, "after": after, "first": first});
            let page = server.data(query, variables).await["search"].take();
            assert_eq!(page["totalCount"], groups.len());
            let counts = page["facets"][0]["buckets"].as_array().unwrap().iter();
            assert_eq!(counts.map(|bucket| bucket["count"].as_u64().unwrap()).sum::<u64>(), PRODUCTS as u64);
            for edge in page["edges"].as_array().unwrap() {
                let key: usize = edge["node"]["key"].as_str().unwrap().parse().unwrap();
                found.push((key, edge["collapsedCount"].as_u64().unwrap()));
            }
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
        assert_eq!(found.len(), groups.len());
        assert!(found.windows(2).all(|pair| place(pair[0].0) <= place(pair[1].0)), "{found:?}");
        for (key, collapsed) in found {
            let group = groups.iter().find(|group| group.contains(&key)).unwrap();
            assert_eq!(collapsed, group.len() as u64 - 1);
            assert!(group.iter().all(|other| place(key) <= place(*other)), "{key} of {group:?}");
        }
    }
    let error = server.error(query, json!({"field": "details"})).await;
    let expected = "distinct is \"details\", which is not an attribute that sources declare for `facet`: use one of \
                    source, category, authorKey, brand, ";
    assert!(error["message"].as_str().unwrap().starts_with(expected), "{error}");
}

#[tokio::test]
async fn sources_list_their_attributes() {
    let server = catalogue().await;
    let query = "{ sources { name attributes { name pointer type uses } } }";
    let sources = server.data(query, Value::Null).await["sources"].take();
    let shop = sources.as_array().unwrap().iter().find(|source| source["name"] == "shop").unwrap();
    let expected = json!({"name": "inStock", "pointer": "/stock/available", "type": "BOOLEAN",
                          "uses": ["FILTER", "FACET", "SORT"]});
    assert_eq!(shop["attributes"][3], expected);
}
