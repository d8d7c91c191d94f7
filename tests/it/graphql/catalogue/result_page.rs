//! A page of results by one request: hits, facets, an order, a page number, a correction and a pinned product.

use serde_json::{Value, json};

use super::{catalogue, has_brand, one, price, products};

const RULES: &str =
    "mutation($rules: [SearchRuleInput!]!) { putRules(rules: $rules) { inserted unchanged } }";

#[tokio::test]
async fn one_request_returns_a_complete_page() {
    let server = catalogue().await;
    let query = "query($query: String!, $filter: DocumentFilter, $page: Int) { search(query: $query, filter: $filter, \
                 orderBy: [{attribute: \"price\"}], page: $page, first: 10) { totalCount \
                 interpretation { tier corrections { typed meant } } nodes { key } \
                 choices: facets(attributes: [\"brand\", \"colours\", \"inStock\", \"source\"], disjunctive: true) { \
                     field buckets { value count } } \
                 prices: facets(attributes: [\"price\"], interval: 5) { buckets { from to count } } } }";
    let filter =
        json!({"attributes": [{"name": "brand", "in": ["Acme", "Globex"]}, {"name": "price", "gte": 5}]});
    let variables = json!({"query": "lmap", "filter": filter, "page": 3});
    let search = server.data(query, variables).await["search"].take();
    let matches =
        products(|n| has_brand(n, &["Acme", "Globex"]) && price(n).is_some_and(|price| price >= 5.0));
    assert_eq!(search["totalCount"], matches.len());
    assert_eq!(search["interpretation"]["corrections"], json!([{"typed": "lmap", "meant": "lamp"}]));
    let mut prices: Vec<f64> = matches.iter().filter_map(|&number| price(number)).collect();
    prices.sort_by(f64::total_cmp);
    let nodes = search["nodes"].as_array().unwrap();
    let found: Vec<f64> =
        nodes.iter().map(|node| price(node["key"].as_str().unwrap().parse().unwrap()).unwrap()).collect();
    assert_eq!(found, prices[20..30]);
    assert_eq!(search["choices"].as_array().unwrap().len(), 4);
    let brands: usize = 4;
    assert_eq!(search["choices"][0]["buckets"].as_array().unwrap().len(), brands);
    let counted = search["prices"][0]["buckets"].as_array().unwrap().iter();
    assert_eq!(counted.map(|bucket| bucket["count"].as_u64().unwrap()).sum::<u64>(), matches.len() as u64);
}

#[tokio::test]
async fn pinned_products_keep_their_positions_on_numbered_pages() {
    let server = catalogue().await;
    let pins = json!([{"source": "shop", "key": "200", "position": 1}, {"source": "shop", "key": "201", "position": 12}]);
    let rules = json!([{"id": "pins", "condition": {"equals": ["lamp"]}, "pin": pins}]);
    server.data(RULES, json!({"rules": rules})).await;
    let query = "query($page: Int, $after: String, $first: Int) { search(query: \"lamp\", first: $first, page: $page, \
                 after: $after) { totalCount nodes { key } pageInfo { hasNextPage endCursor } } }";
    let (mut keys, mut after) = (Vec::new(), Value::Null);
    for page in 1.. {
        let numbered = server.data(query, json!({"first": 10, "page": page})).await["search"].take();
        let walked = server.data(query, json!({"first": 10, "after": after})).await["search"].take();
        assert_eq!(numbered["nodes"], walked["nodes"], "{page}");
        assert_eq!(numbered["pageInfo"]["hasNextPage"], walked["pageInfo"]["hasNextPage"]);
        let nodes = walked["nodes"].as_array().unwrap();
        keys.extend(nodes.iter().map(|node| node["key"].as_str().unwrap().to_owned()));
        after = walked["pageInfo"]["endCursor"].clone();
        if walked["pageInfo"]["hasNextPage"] == false {
            assert_eq!(walked["totalCount"], keys.len());
            break;
        }
    }
    assert_eq!((keys[0].as_str(), keys[11].as_str()), ("200", "201"));
    let mut sorted = keys.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), keys.len(), "a product is on two pages");
}

#[tokio::test]
async fn rules_boost_products_by_their_attributes() {
    let server = catalogue().await;
    let in_stock = one(json!({"name": "inStock", "in": [true]}));
    let cheap = one(json!({"name": "price", "lt": 5}));
    let boost = json!([{"filter": in_stock, "factor": 5.0}, {"filter": cheap, "factor": 0.5}]);
    server.data(RULES, json!({"rules": [{"id": "stock", "boost": boost}]})).await;
    let query = "{ search(query: \"lamp\", first: 20) { nodes { key } appliedRules { id } } }";
    let search = server.data(query, Value::Null).await["search"].take();
    assert_eq!(search["appliedRules"], json!([{"id": "stock"}]));
    for node in search["nodes"].as_array().unwrap() {
        let number: usize = node["key"].as_str().unwrap().parse().unwrap();
        assert!(number.is_multiple_of(3) && price(number).is_none_or(|price| price >= 5.0), "{number}");
    }
    // A client can send the filters again, open ends included.
    let stored = server.data("{ searchRules { rules { id boost { filter factor } } } }", Value::Null).await;
    let stored = &stored["searchRules"]["rules"];
    assert_eq!(stored[0]["boost"][0]["filter"], json!({"attributes": [{"name": "inStock", "in": ["true"]}]}));
    let again = server.data(RULES, json!({"rules": stored})).await;
    assert_eq!(again["putRules"]["unchanged"], 1, "{again}");
    let wrong =
        json!([{"id": "wrong", "boost": [{"filter": one(json!({"name": "prise", "lt": 5})), "factor": 2}]}]);
    let error = server.error(RULES, json!({"rules": wrong})).await;
    assert_eq!(error["extensions"]["argumentPath"], "rules.0.boost.0.filter.attributes.0.name", "{error}");
}

#[tokio::test]
async fn boosts_prefer_values_within_bounds() {
    let server = catalogue().await;
    let query = "query($query: String!, $boost: [SearchBoost!]) { search(query: $query, boost: $boost, first: 100) { \
                 edges { score node { key } } } }";
    let boost = json!([{"attribute": "price", "weight": 2, "saturation": 5}]);
    let boosted =
        server.data(query, json!({"query": "lamp", "boost": boost})).await["search"]["edges"].take();
    let found: Vec<(f64, f64)> = boosted
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| {
            let number: usize = edge["node"]["key"].as_str().unwrap().parse().unwrap();
            (price(number).unwrap_or(0.0), edge["score"].as_f64().unwrap())
        })
        .collect();
    assert!(found.windows(2).all(|pair| pair[0].0 >= pair[1].0), "{found:?}");
    // Equal prices have equal scores, and greater ones greater scores: all texts match alike.
    let agrees = |pair: &[(f64, f64)]| (pair[0].0 > pair[1].0) == (pair[0].1 > pair[1].1);
    assert!(found.windows(2).all(agrees), "{found:?}");
    let recent = json!([{"attribute": "created", "halfLifeDays": 30}]);
    let recent = server.data(query, json!({"query": "", "boost": recent})).await["search"]["edges"].take();
    let dates: Vec<String> = recent
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| {
            let number = edge["node"]["key"].as_str().unwrap().parse().unwrap();
            super::attributes(number)["created"].as_str().unwrap().to_owned()
        })
        .collect();
    assert!(dates.windows(2).all(|pair| pair[0] >= pair[1]), "{dates:?}");
    for (boost, expected) in [
        (json!({"attribute": "brand", "saturation": 1}), "is a string: boosts are by numbers and dates"),
        (json!({"attribute": "price"}), "boost.0.saturation must be a number greater than 0"),
        (json!({"attribute": "price", "saturation": 1, "weight": 10}), "weight must be from 0 to 9"),
        (json!({"attribute": "publishedAt", "halfLifeDays": 1, "saturation": 1}), "does not apply to a date"),
    ] {
        let error = server.error(query, json!({"query": "", "boost": [boost]})).await;
        assert!(error["message"].as_str().unwrap().contains(expected), "{error}");
    }
}
