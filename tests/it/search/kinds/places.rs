//! Orders by distance, and circles.

use quarry::domain::Document;
use quarry::search::{AttributeOrder, DocumentFilter, Point, SearchRequest, SearchSort, SortDirection};
use serde_json::json;

use super::super::corpus::document;
use super::super::engines::{Engines, numbers, on_each_engine};

on_each_engine!(pages_by_distance_join, the_smallest_circle_has_the_points_at_its_center,);

const SETTINGS: &str = r#"
[[sources]]
name = "test"
attributes = [{ name = "place", type = "geo" }]
"#;

/// Documents at places of which some are the same, every fourth one without a place, and some with two.
fn shops() -> Vec<Document> {
    let shop = |at: usize| {
        let place =
            |at: usize| json!([(at * 37 % 11) as f64 * 33.3 - 180.0, (at * 5 % 7) as f64 * 25.1 - 80.0]);
        let attributes = match at % 4 {
            0 => json!({}),
            1 => json!({ "place": [place(at), place(at + 5)] }),
            _ => json!({ "place": place(at) }),
        };
        Document { attributes: attributes.to_string(), ..document(&at.to_string(), "a shop") }
    };
    (0..60).map(shop).collect()
}

async fn pages_by_distance_join(engines: &Engines) {
    let shelf = engines.with_settings(SETTINGS, shops()).await;
    for (latitude, longitude) in [(0.0, 0.0), (52.5, 13.4), (-17.0, 179.99)] {
        for (direction, sort, first) in [
            (SortDirection::Ascending, SearchSort::Relevance, 3),
            (SortDirection::Ascending, SearchSort::Newest, 30),
            (SortDirection::Descending, SearchSort::Relevance, 7),
        ] {
            let near = Point::new(latitude, longitude);
            let order = AttributeOrder { name: "place".to_owned(), direction, near };
            let request = |first: usize, after: Option<String>| SearchRequest {
                order_by: vec![order.clone()],
                sort,
                after,
                ..SearchRequest::new("shop", first)
            };
            let whole = numbers(&shelf.engine.search(&request(100, None)).await.unwrap());
            assert_eq!(whole.len(), 60);
            assert!(whole[45..].iter().all(|at| at % 4 == 0), "{direction:?}: {whole:?}");
            let (mut paged, mut after) = (Vec::new(), None);
            while paged.len() <= whole.len() {
                let page = shelf.engine.search(&request(first, after.take())).await.unwrap();
                paged.extend(numbers(&page));
                if !page.has_next {
                    break;
                }
                after = page.hits.last().map(|hit| hit.cursor.encode());
            }
            assert_eq!(paged, whole, "{first} from {latitude} {longitude}, {direction:?}");
        }
    }
}

async fn the_smallest_circle_has_the_points_at_its_center(engines: &Engines) {
    let shelf = engines.with_settings(SETTINGS, shops()).await;
    let center = json!({ "latitude": -80.0 + 25.1, "longitude": 33.3 * 2.0 - 180.0 });
    let found = async |meters: f64| {
        let test = json!([{ "name": "place", "test": { "near": { "center": center, "meters": meters } } }]);
        let attributes = serde_json::from_value(test).unwrap();
        let filter = DocumentFilter { attributes, ..DocumentFilter::default() };
        let request = SearchRequest { filter, sort: SearchSort::Newest, ..SearchRequest::new("", 100) };
        numbers(&shelf.engine.search(&request).await.unwrap())
    };
    let at_center = found(1.0).await;
    assert!(!at_center.is_empty());
    assert_eq!(found(0.0).await, at_center);
}
