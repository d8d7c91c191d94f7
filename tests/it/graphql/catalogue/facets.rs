//! Facets of declared attributes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{PRODUCTS, catalogue, has_brand, has_colour, price, products};

#[tokio::test]
async fn facets_count_values_intervals_and_ranges() {
    let server = catalogue().await;
    let filter =
        json!({"attributes": [{"name": "brand", "in": ["Acme"]}, {"name": "inStock", "in": [true]}]});
    let query = "query($filter: DocumentFilter) { search(query: \"lamp\", first: 0, filter: $filter) { \
        own: facets(attributes: [\"brand\", \"colours\", \"inStock\", \"source\"]) { field valueCount buckets { value count } } \
        others: facets(attributes: [\"brand\", \"inStock\"], disjunctive: true) { field buckets { value count } } \
        prices: facets(attributes: [\"price\"], interval: 5) { buckets { value from to count } stats { count min max average sum } } \
        ranges: facets(attributes: [\"price\"], ranges: [{to: 5}, {from: 5, to: 20}, {from: 20}]) { buckets { from to count } } \
        months: facets(attributes: [\"created\"], ranges: [{from: \"2025-01-01\", to: \"2025-02-01\"}]) { buckets { from count } \
            stats { min max average } } } }";
    let search = server.data(query, json!({"filter": filter})).await["search"].take();
    let matches = products(|n| has_brand(n, &["Acme"]) && n % 3 == 0);
    let count = |fits: &dyn Fn(usize) -> bool| matches.iter().filter(|&&number| fits(number)).count();

    let own = &search["own"];
    assert_eq!(
        own[0],
        json!({"field": "brand", "valueCount": 1, "buckets": [{"value": "Acme", "count": matches.len()}]})
    );
    let mut colours: Vec<(usize, &str)> =
        ["blue", "green", "red"].map(|colour| (count(&|n| has_colour(n, colour)), colour)).into();
    colours.sort_by(|(a, a_of), (b, b_of)| b.cmp(a).then(a_of.cmp(b_of)));
    let colours: Vec<Value> =
        colours.into_iter().map(|(count, value)| json!({"value": value, "count": count})).collect();
    assert_eq!(own[1]["buckets"], json!(colours));
    assert_eq!(own[3]["buckets"], json!([{"value": "shop", "count": matches.len()}]));

    // Each field ignores its own filter, but not that of the other.
    let brands = &search["others"][0]["buckets"];
    for brand in ["Acme", "Globex", "Initech", "acme"] {
        let expected = products(|n| has_brand(n, &[brand]) && n % 3 == 0).len();
        assert!(brands.as_array().unwrap().contains(&json!({"value": brand, "count": expected})), "{brands}");
    }
    let stock = &search["others"][1]["buckets"];
    let absent = products(|n| has_brand(n, &["Acme"]) && n % 3 != 0).len();
    assert!(stock.as_array().unwrap().contains(&json!({"value": "false", "count": absent})), "{stock}");

    let prices: Vec<f64> = matches.iter().filter_map(|&number| price(number)).collect();
    let mut intervals: BTreeMap<usize, usize> = BTreeMap::new();
    for price in &prices {
        *intervals.entry((price / 5.0).floor() as usize * 5).or_default() += 1;
    }
    let expected: Vec<Value> = intervals
        .into_iter()
        .map(|(from, count)| json!({"value": from.to_string(), "from": from, "to": from + 5, "count": count}))
        .collect();
    assert_eq!(search["prices"][0]["buckets"], json!(expected));
    let stats = &search["prices"][0]["stats"];
    let (min, max) =
        (prices.iter().copied().fold(f64::MAX, f64::min), prices.iter().copied().fold(0.0, f64::max));
    assert_eq!(stats["count"], prices.len());
    assert_eq!((stats["min"].as_f64(), stats["max"].as_f64()), (Some(min), Some(max)));
    let sum: f64 = prices.iter().sum();
    assert!((stats["sum"].as_f64().unwrap() - sum).abs() < 1e-6, "{stats}");
    let within = |from: f64, to: f64| prices.iter().filter(|price| (from..to).contains(*price)).count();
    assert_eq!(
        search["ranges"][0]["buckets"],
        json!([{"from": null, "to": 5, "count": within(0.0, 5.0)},
               {"from": 5, "to": 20, "count": within(5.0, 20.0)},
               {"from": 20, "to": null, "count": within(20.0, 1e9)}])
    );
    let months = &search["months"][0];
    assert_eq!(
        months["buckets"],
        json!([{"from": "2025-01-01T00:00:00Z", "count": count(&|n| n % 12 == 0)}])
    );
    assert_eq!(months["stats"]["average"], Value::Null);
}

#[tokio::test]
async fn values_of_a_facet_are_paged_and_searched() {
    let server = catalogue().await;
    for order in ["COUNT", "VALUE"] {
        let query = "query($after: String, $order: FacetOrder!) { search(query: \"\", first: 0) { facets(attributes: [\"price\"], \
                     first: 7, after: $after, order: $order) { valueCount endCursor buckets { value count } } } }";
        let (mut buckets, mut after) = (Vec::new(), Value::Null);
        loop {
            let facet = server.data(query, json!({"after": after, "order": order})).await["search"]["facets"]
                [0]
            .take();
            buckets.extend(facet["buckets"].as_array().unwrap().clone());
            after = facet["endCursor"].clone();
            if after.is_null() {
                assert_eq!(facet["valueCount"], buckets.len());
                break;
            }
        }
        let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
        for price in (0..PRODUCTS).filter_map(price) {
            *counts.entry((price * 4.0) as u64).or_default() += 1;
        }
        let mut expected: Vec<(u64, u64)> = counts.into_iter().collect();
        if order == "COUNT" {
            expected.sort_by(|(a, a_count), (b, b_count)| b_count.cmp(a_count).then(a.cmp(b)));
        }
        let expected: Vec<Value> = expected
            .into_iter()
            .map(|(quarters, count)| json!({"value": (quarters as f64 / 4.0).to_string(), "count": count}))
            .collect();
        assert_eq!(buckets, expected, "{order}");
    }
    let query = "{ search(query: \"\", first: 0) { facets(attributes: [\"brand\"], startsWith: \"AC\", order: VALUE) { \
                 buckets { value } } } }";
    let search = server.data(query, Value::Null).await;
    assert_eq!(search["search"]["facets"][0]["buckets"], json!([{"value": "Acme"}, {"value": "acme"}]));
}

#[tokio::test]
async fn dates_are_counted_by_the_calendar() {
    let server = catalogue().await;
    let query = "query($after: String) { search(query: \"\", first: 0) { \
        months: facets(attributes: [\"created\"], calendar: MONTH, first: 5, after: $after) { valueCount endCursor buckets { value from to count } } \
        quarters: facets(attributes: [\"created\"], calendar: QUARTER) { buckets { from to count } } \
        years: facets(attributes: [\"created\"], calendar: YEAR) { buckets { from to count } } } }";
    let start = |month: usize| match month {
        12 => "2026-01-01T00:00:00Z".to_owned(),
        month => format!("2025-{:02}-01T00:00:00Z", month + 1),
    };
    let count = |months: std::ops::Range<usize>| (0..PRODUCTS).filter(|n| months.contains(&(n % 12))).count();
    let (mut months, mut after) = (Vec::new(), Value::Null);
    loop {
        let search = server.data(query, json!({ "after": after })).await["search"].take();
        let facet = &search["months"][0];
        assert_eq!(facet["valueCount"], 12);
        months.extend(facet["buckets"].as_array().unwrap().clone());
        after = facet["endCursor"].clone();
        let quarters: Vec<Value> = (0..4)
            .map(|at| at * 3)
            .map(|of| json!({"from": start(of), "to": start(of + 3), "count": count(of..of + 3)}))
            .collect();
        assert_eq!(search["quarters"][0]["buckets"], json!(quarters));
        let year = json!([{"from": start(0), "to": start(12), "count": PRODUCTS}]);
        assert_eq!(search["years"][0]["buckets"], year);
        if after.is_null() {
            break;
        }
    }
    let expected = |of: usize| json!({"value": start(of), "from": start(of), "to": start(of + 1), "count": count(of..of + 1)});
    assert_eq!(months, (0..12).map(expected).collect::<Vec<_>>());
}
