//! The clauses of a filter.

use serde_json::{Value, json};

use super::clauses::{all, any_of, none, not, terms, within};
use super::mapping::{AUTHOR_KEY, CATEGORY, PUBLISHED_AT, SOURCE, field_of};
use crate::filter::{AttributeCondition, AttributeTest, DocumentFilter, GeoBox};

/// The smallest circle, in meters: the engine rounds points to centimeters, and rejects 0.
const MIN_METERS: f64 = 0.05;

/// Returns the clause of the documents within a filter.
pub(super) fn filter_clause(filter: &DocumentFilter) -> Value {
    let mut clauses = Vec::new();
    let labels = [(SOURCE, &filter.source), (CATEGORY, &filter.category), (AUTHOR_KEY, &filter.author_key)];
    for (field, values) in labels.into_iter().filter(|(_, values)| !values.is_empty()) {
        clauses.push(terms(field, values));
    }
    let (from, before) = (filter.published_from, filter.published_before);
    if from.is_some() || before.is_some() {
        let mut bounds = json!({});
        if let Some(from) = from {
            bounds["gte"] = from.timestamp_micros().into();
        }
        if let Some(before) = before {
            bounds["lt"] = before.timestamp_micros().into();
        }
        clauses.push(json!({ "range": { PUBLISHED_AT: bounds } }));
    }
    clauses.extend(filter.attributes.iter().map(condition));
    clauses.extend(filter.not.as_deref().map(|excluded| not(filter_clause(excluded))));
    if !filter.any_of.is_empty() {
        clauses.push(any_of(filter.any_of.iter().map(filter_clause).collect(), Vec::new()));
    }
    if clauses.is_empty() { all() } else { within(clauses) }
}

fn condition(condition: &AttributeCondition) -> Value {
    let field = field_of(&condition.name);
    let ranges = |ranges: Vec<Value>| {
        // Without alternatives, the engine would find all documents.
        if ranges.is_empty() {
            return none();
        }
        any_of(ranges.into_iter().map(|range| json!({ "range": { &field: range } })).collect(), Vec::new())
    };
    match &condition.test {
        AttributeTest::Labels(labels) => terms(&field, labels),
        AttributeTest::Numbers(numbers) => ranges(
            numbers
                .iter()
                .map(|range| {
                    let mut bounds = json!({});
                    // JSON has no infinite numbers.
                    if range.from.is_finite() {
                        bounds["gte"] = range.from.0.into();
                    }
                    if range.to.is_finite() {
                        bounds["lte"] = range.to.0.into();
                    }
                    bounds
                })
                .collect(),
        ),
        AttributeTest::Dates(dates) => {
            ranges(dates.iter().map(|range| json!({ "gte": range.from, "lte": range.to })).collect())
        }
        AttributeTest::Exists(true) => json!({ "exists": { "field": field } }),
        AttributeTest::Exists(false) => not(json!({ "exists": { "field": field } })),
        AttributeTest::Near { center, meters, within: area } => {
            let near = json!({ "geo_distance": {
                "distance": format!("{}m", meters.0.max(MIN_METERS)),
                &field: { "lat": center.latitude.0, "lon": center.longitude.0 },
            } });
            // No clause tests one point by both: of several points, each may meet one.
            within(std::iter::once(near).chain(area.map(|area| in_area(&field, &area))).collect())
        }
        AttributeTest::Within(area) => in_area(&field, area),
    }
}

fn in_area(field: &str, GeoBox { south_west, north_east }: &GeoBox) -> Value {
    json!({ "geo_bounding_box": { field: {
        "top": north_east.latitude.0,
        "bottom": south_west.latitude.0,
        "left": south_west.longitude.0,
        "right": north_east.longitude.0,
    } } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clause_of(test: Value) -> Value {
        condition(&AttributeCondition { name: "x".to_owned(), test: serde_json::from_value(test).unwrap() })
    }

    #[test]
    fn no_range_matches_nothing() {
        assert_eq!(clause_of(json!({"numbers": []})), none());
        assert_eq!(clause_of(json!({"dates": []})), none());
    }

    #[test]
    fn a_circle_and_an_area_both_restrict() {
        let point = |latitude, longitude| json!({"latitude": latitude, "longitude": longitude});
        let area = json!({"southWest": point(1.0, 2.0), "northEast": point(3.0, 4.0)});
        let near = json!({"center": point(1.0, 2.0), "meters": 5.0});
        let mut both = near.clone();
        both["within"] = area.clone();
        let clauses = clause_of(json!({"near": both}))["bool"]["filter"].take();
        assert_eq!(clauses[0], clause_of(json!({"near": near}))["bool"]["filter"][0]);
        assert_eq!(clauses[1], clause_of(json!({"within": area})));
    }
}
