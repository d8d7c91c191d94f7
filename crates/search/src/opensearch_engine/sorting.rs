//! The order of hits, and the keys of hits from it.

use serde_json::{Value, json};

use super::clauses::id_text;
use super::mapping::{ID, PUBLISHED_AT, field_of, placed_field_of};
use crate::cursor::{OrderValue, SortKey};
use crate::request::{SearchRequest, SearchSort, SortDirection};

/// Returns the order of a request.
pub(super) fn sort(request: &SearchRequest) -> Value {
    let mut sort: Vec<Value> = Vec::with_capacity(request.order_by.len() + 3);
    for order in &request.order_by {
        let (direction, mode) = match order.direction {
            SortDirection::Ascending => ("asc", "min"),
            SortDirection::Descending => ("desc", "max"),
        };
        let field = field_of(&order.name);
        let Some(point) = order.near else {
            sort.push(json!({ field: { "order": direction, "mode": mode, "missing": "_last" } }));
            continue;
        };
        sort.push(json!({ placed_field_of(&order.name): { "order": "desc", "missing": "_last" } }));
        sort.push(json!({ "_geo_distance": {
            field: { "lat": point.latitude.0, "lon": point.longitude.0 },
            "order": direction,
            "mode": mode,
            "unit": "m",
        } }));
    }
    let time = |direction: &str| json!({ PUBLISHED_AT: { "order": direction, "missing": "_last" } });
    match request.sort {
        SearchSort::Relevance => sort.extend([json!("_score"), time("desc")]),
        SearchSort::Newest => sort.push(time("desc")),
        SearchSort::Oldest => sort.push(time("asc")),
    }
    sort.push(json!({ ID: "asc" }));
    sort.into()
}

/// Reads the key of a hit; `None` if it is malformed.
pub(super) fn key_of(request: &SearchRequest, tier: u8, hit: &Value) -> Option<SortKey> {
    let values = hit["sort"].as_array()?;
    let mut rest = values.as_slice();
    let mut orders = Vec::with_capacity(request.order_by.len());
    for order in &request.order_by {
        if order.near.is_some() {
            // That the document has a point, which its distance tells as well.
            rest = rest.split_first()?.1;
        }
        let (value, others) = rest.split_first()?;
        orders.push(order_value(value));
        rest = others;
    }
    let (score, rest) = match (request.sort, rest) {
        #[expect(clippy::cast_possible_truncation, reason = "scores have 32 bits")]
        (SearchSort::Relevance, [score, rest @ ..]) => (score.as_f64()? as f32, rest),
        (_, rest) => (0.0, rest),
    };
    let [time, id] = rest else { return None };
    let published_at = time.as_i64().filter(|at| !is_missing_time(*at));
    let id = u128::from_str_radix(id.as_str()?, 16).ok()?;
    Some(SortKey { tier, values: orders.into(), score, published_at, id })
}

/// Returns true if the engine cannot continue after the values of a hit: it rounds distances.
pub(super) fn has_distances(request: &SearchRequest) -> bool {
    request.order_by.iter().any(|order| order.near.is_some())
}

/// Returns the values after which a search continues that a document is no match of any more.
pub(super) fn after_key(request: &SearchRequest, key: &SortKey) -> Value {
    let mut values: Vec<Value> = Vec::new();
    for (order, value) in request.order_by.iter().zip(&key.values) {
        let last = order.direction == SortDirection::Ascending;
        values.push(match value {
            OrderValue::Number(number) => json!(number),
            OrderValue::Text(text) => json!(text),
            OrderValue::Missing if last => json!("Infinity"),
            OrderValue::Missing => json!("-Infinity"),
        });
    }
    if request.sort == SearchSort::Relevance {
        values.push(json!(key.score));
    }
    let missing = if request.sort == SearchSort::Oldest { i64::MAX } else { i64::MIN };
    values.push(json!(key.published_at.unwrap_or(missing)));
    values.push(json!(id_text(key.id)));
    values.into()
}

/// Returns true for the values that the engine has for a missing time.
fn is_missing_time(micros: i64) -> bool {
    micros == i64::MIN || micros == i64::MAX
}

fn order_value(value: &Value) -> OrderValue {
    let is_present = |number: &f64| number.abs() < i64::MAX as f64;
    match value {
        Value::Number(number) => {
            number.as_f64().filter(is_present).map_or(OrderValue::Missing, OrderValue::Number)
        }
        Value::String(text) if !matches!(text.as_str(), "Infinity" | "-Infinity") => {
            OrderValue::Text(text.as_str().into())
        }
        _ => OrderValue::Missing,
    }
}
