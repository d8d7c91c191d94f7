//! Wrong filters, facets and orders of declared attributes.

use serde_json::{Value, json};

use super::{catalogue, code, one};

#[tokio::test]
async fn wrong_filters_facets_and_orders_name_the_remedy() {
    let server = catalogue().await;
    let search = "query($filter: DocumentFilter, $by: [SearchOrder!]) { search(query: \"\", filter: $filter, \
                  orderBy: $by) { totalCount } }";
    let filters = [
        (
            json!({"name": "prise", "exists": true}),
            "filter.attributes.0.name is \"prise\", which is not an attribute",
        ),
        (
            json!({"name": "details", "exists": true}),
            "use one of brand, colours, created, inStock, place, price",
        ),
        (json!({"name": "price", "in": ["cheap"]}), "filter.attributes.0.in.0 must be a number"),
        (json!({"name": "price"}), "has no condition"),
        (json!({"name": "brand", "gte": "A"}), "ranges are of numbers and dates"),
        (json!({"name": "inStock", "in": ["maybe"]}), "must be true or false"),
        (json!({"name": "created", "gte": 5}), "must be a date as a string"),
        (json!({"name": "price", "near": {"latitude": 0, "longitude": 0, "meters": 1}}), "type geo"),
        (
            json!({"name": "place", "near": {"latitude": 95, "longitude": 0, "meters": 1}}),
            "degrees out of range",
        ),
        (
            json!({"name": "place", "within": {"south": 5, "north": 1, "west": 0, "east": 1}}),
            "north of `north`",
        ),
    ];
    for (condition, expected) in filters {
        let error = server.error(search, json!({"filter": one(condition.clone())})).await;
        assert_eq!(code(&error), "BAD_USER_INPUT");
        assert!(error["message"].as_str().unwrap().contains(expected), "{condition}: {error}");
    }
    let orders = [
        (json!([{"attribute": "prise"}]), "orderBy.0.attribute is \"prise\", which is not"),
        (json!([{"attribute": "place"}]), "orderBy.0.near is missing"),
        (json!([{"attribute": "price", "near": {"latitude": 0, "longitude": 0}}]), "leave it out"),
    ];
    for (by, expected) in orders {
        let error = server.error(search, json!({"by": by})).await;
        assert!(error["message"].as_str().unwrap().contains(expected), "{by}: {error}");
    }
    let facets = [
        ("attributes: [\"nothing\"]", "attributes.0 is \"nothing\", which is not an attribute"),
        ("attributes: [\"price\", \"size\"]", "for `facet`: use one of source, category, authorKey, brand, "),
        ("attributes: [\"brand\"], interval: 5", "exactly one attribute of type number or date"),
        (
            "attributes: [\"price\", \"brand\"], ranges: [{to: 5}]",
            "exactly one attribute of type number or date",
        ),
        ("attributes: [\"price\"], interval: 0", "must be greater than 0"),
        ("attributes: [\"price\"], after: \"x\"", "is not a cursor of this facet"),
        ("attributes: [\"created\"], ranges: [{to: 5}]", "ranges.0.to must be a date"),
        (
            "attributes: [\"price\"], ranges: [{to: 1}, {from: 10, to: 5}]",
            "ranges.1 is empty: `from` must be below",
        ),
        ("attributes: [\"price\"], ranges: [{from: 5, to: 5}]", "ranges.0 is empty"),
        ("attributes: [\"price\"], ranges: [{to: 5}], interval: 5", "cannot be combined with `interval`"),
        ("attributes: [\"price\"], calendar: MONTH", "exactly one attribute of type date"),
        ("attributes: [\"created\"], calendar: YEAR, interval: 1", "neither `interval` nor `ranges`"),
    ];
    for (arguments, expected) in facets {
        let query = format!("{{ search(query: \"\") {{ facets({arguments}) {{ field }} }} }}");
        let error = server.error(&query, Value::Null).await;
        assert!(error["message"].as_str().unwrap().contains(expected), "{arguments}: {error}");
    }
    let boosted =
        "{ search(query: \"\", boost: [{attribute: \"published\", saturation: 1}]) { totalCount } }";
    let error = server.error(boosted, Value::Null).await;
    let expected = "boost.0.attribute is \"published\", which is not an attribute that sources declare for `sort`: \
                    use one of publishedAt, created, price, or declare it";
    assert!(error["message"].as_str().unwrap().starts_with(expected), "{error}");
    let mut deep = json!({});
    for _ in 0..8 {
        deep = json!({"not": deep});
    }
    let error = server.error(search, json!({"filter": deep})).await;
    assert!(error["message"].as_str().unwrap().contains("nested"), "{error}");
}

#[tokio::test]
async fn cursors_of_other_lists_of_values_are_refused() {
    let server = catalogue().await;
    let facets = |arguments: &str, after: &Value| {
        let query = format!(
            "query($after: String) {{ search(query: \"\", first: 0) {{ facets(first: 1, after: $after, {arguments}) {{ \
             endCursor }} }} }}"
        );
        (query, json!({"after": after}))
    };
    let price = "attributes: [\"price\"]";
    let (query, variables) = facets(price, &Value::Null);
    let cursor = server.data(&query, variables).await["search"]["facets"][0]["endCursor"].take();
    assert!(cursor.is_string());
    let (query, variables) = facets("attributes: [\"price\"], disjunctive: true", &cursor);
    server.data(&query, variables).await;
    for arguments in [
        "attributes: [\"brand\"]",
        "attributes: [\"price\"], order: VALUE",
        "attributes: [\"price\"], interval: 5",
        "attributes: [\"price\"], ranges: [{to: 5}, {from: 5}]",
    ] {
        let (query, variables) = facets(arguments, &cursor);
        let error = server.error(&query, variables).await;
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with("after is not a cursor of this facet"), "{arguments}: {error}");
    }
}
