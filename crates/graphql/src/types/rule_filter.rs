//! The filters of stored rules, in the form in which clients send them.

use serde_json::{Error, Value, json, to_value};

use quarry_domain::Timestamp;
use quarry_search::{AttributeCondition, AttributeTest, DateRange, DocumentFilter, GeoBox, NumberRange};

/// Returns a filter with the fields of the input `DocumentFilter`.
pub(super) fn filter_input(filter: &DocumentFilter) -> Result<Value, Error> {
    let plain = DocumentFilter { attributes: Vec::new(), not: None, any_of: Vec::new(), ..filter.clone() };
    let mut fields = to_value(plain)?;
    if let Some(not) = &filter.not {
        fields["not"] = filter_input(not)?;
    }
    let mut attributes = Vec::new();
    let mut any_of: Vec<Value> = filter.any_of.iter().map(filter_input).collect::<Result<_, _>>()?;
    for condition in &filter.attributes {
        let Some(ranges) = several_ranges(&condition.test) else {
            attributes.push(attribute_input(condition)?);
            continue;
        };
        // The input has one range for a condition: several are alternatives, each with those so far.
        let alternatives = ranges.into_iter().map(|test| {
            let range = attribute_input(&AttributeCondition { test, ..condition.clone() })?;
            let mut alternative = json!({ "attributes": [range] });
            if !any_of.is_empty() {
                alternative["anyOf"] = json!(any_of);
            }
            Ok(alternative)
        });
        any_of = alternatives.collect::<Result<_, Error>>()?;
    }
    for (name, list) in [("attributes", attributes), ("anyOf", any_of)] {
        if !list.is_empty() {
            fields[name] = list.into();
        }
    }
    Ok(fields)
}

/// Returns a test for each of several ranges; `None` for a test that the input has: it takes many single values.
fn several_ranges(test: &AttributeTest) -> Option<Vec<AttributeTest>> {
    match test {
        AttributeTest::Numbers(ranges) if ranges.len() > 1 && ranges.iter().any(|of| of.from != of.to) => {
            Some(ranges.iter().map(|range| AttributeTest::Numbers(vec![*range])).collect())
        }
        AttributeTest::Dates(ranges) if ranges.len() > 1 && ranges.iter().any(|of| of.from != of.to) => {
            Some(ranges.iter().map(|range| AttributeTest::Dates(vec![*range])).collect())
        }
        _ => None,
    }
}

/// Returns a condition with the fields of the input `AttributeFilter`.
fn attribute_input(condition: &AttributeCondition) -> Result<Value, Error> {
    let mut fields = match &condition.test {
        AttributeTest::Labels(labels) => json!({ "in": labels }),
        AttributeTest::Numbers(ranges) => match &ranges[..] {
            [NumberRange { from, to }] if from != to => json!({ "gte": finite(**from), "lte": finite(**to) }),
            points => json!({ "in": points.iter().map(|point| *point.from).collect::<Vec<f64>>() }),
        },
        AttributeTest::Dates(ranges) => match &ranges[..] {
            [DateRange { from, to }] if from != to => json!({ "gte": date(*from), "lte": date(*to) }),
            points => json!({ "in": points.iter().map(|point| date(point.from)).collect::<Vec<_>>() }),
        },
        AttributeTest::Exists(exists) => json!({ "exists": exists }),
        AttributeTest::Near { center, meters, within } => {
            let mut circle = to_value(center)?;
            circle["meters"] = json!(**meters);
            json!({ "near": circle, "within": within.as_ref().map(area_input).transpose()? })
        }
        AttributeTest::Within(area) => json!({ "within": area_input(area)? }),
    };
    // An open end of a range is absent.
    if let Value::Object(fields) = &mut fields {
        fields.retain(|_, value| !value.is_null());
    }
    fields["name"] = json!(condition.name);
    Ok(fields)
}

/// Returns an area with the fields of the input `GeoArea`.
fn area_input(area: &GeoBox) -> Result<Value, Error> {
    let (south_west, north_east) = (to_value(area.south_west)?, to_value(area.north_east)?);
    Ok(json!({
        "south": south_west["latitude"],
        "west": south_west["longitude"],
        "north": north_east["latitude"],
        "east": north_east["longitude"],
    }))
}

fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

/// The date of a bound; `None` for an open end.
fn date(micros: i64) -> Option<Timestamp> {
    Timestamp::from_timestamp_micros(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_ranges_are_alternatives() {
        let stored = json!({"attributes": [
            {"name": "price", "test": {"numbers": [{"from": 10, "to": 20}, {"to": 5}]}},
            {"name": "made", "test": {"dates": [{"from": 1_000_000}, {"from": 0, "to": 0}]}},
            {"name": "brand", "test": {"labels": ["a"]}},
        ], "anyOf": [{"source": ["s"]}]});
        let filter: DocumentFilter = serde_json::from_value(stored).unwrap();
        let source = json!([{"source": ["s"]}]);
        let prices = json!([
            {"attributes": [{"name": "price", "gte": 10.0, "lte": 20.0}], "anyOf": source},
            {"attributes": [{"name": "price", "lte": 5.0}], "anyOf": source},
        ]);
        let expected = json!({
            "attributes": [{"name": "brand", "in": ["a"]}],
            "anyOf": [
                {"attributes": [{"name": "made", "gte": "1970-01-01T00:00:01Z"}], "anyOf": prices},
                {"attributes": [{"name": "made", "in": ["1970-01-01T00:00:00Z"]}], "anyOf": prices},
            ],
        });
        assert_eq!(filter_input(&filter).unwrap(), expected);
    }

    #[test]
    fn conditions_have_the_fields_of_the_input() {
        for (test, expected) in [
            (json!({"labels": ["a", "b"]}), json!({"in": ["a", "b"]})),
            (json!({"numbers": [{"from": 1.5, "to": 1.5}, {"from": 2, "to": 2}]}), json!({"in": [1.5, 2.0]})),
            (json!({"numbers": [{"from": 1.5}]}), json!({"gte": 1.5})),
            (json!({"numbers": [{"from": 1, "to": 2.5}]}), json!({"gte": 1.0, "lte": 2.5})),
            (json!({"dates": [{"from": 1, "to": 1}]}), json!({"in": ["1970-01-01T00:00:00.000001Z"]})),
            (json!({"dates": [{"to": 1_000_000}]}), json!({"lte": "1970-01-01T00:00:01Z"})),
            (json!({"exists": false}), json!({"exists": false})),
            (
                json!({"near": {"center": {"latitude": 1.0, "longitude": 2.0}, "meters": 3.0}}),
                json!({"near": {"latitude": 1.0, "longitude": 2.0, "meters": 3.0}}),
            ),
            (
                json!({"within": {"southWest": {"latitude": 1.0, "longitude": 2.0},
                    "northEast": {"latitude": 3.0, "longitude": 4.0}}}),
                json!({"within": {"south": 1.0, "west": 2.0, "north": 3.0, "east": 4.0}}),
            ),
            (
                json!({"near": {"center": {"latitude": 1.0, "longitude": 2.0}, "meters": 3.0,
                    "within": {"southWest": {"latitude": 1.0, "longitude": 2.0},
                        "northEast": {"latitude": 3.0, "longitude": 4.0}}}}),
                json!({"near": {"latitude": 1.0, "longitude": 2.0, "meters": 3.0},
                    "within": {"south": 1.0, "west": 2.0, "north": 3.0, "east": 4.0}}),
            ),
        ] {
            let attributes = json!([{"name": "x", "test": test}]);
            let stored =
                json!({"category": ["c"], "not": {"attributes": attributes}, "anyOf": [{"source": ["s"]}]});
            let filter: DocumentFilter = serde_json::from_value(stored).unwrap();
            let mut expected =
                json!({"category": ["c"], "not": {"attributes": [expected]}, "anyOf": [{"source": ["s"]}]});
            expected["not"]["attributes"][0]["name"] = json!("x");
            assert_eq!(filter_input(&filter).unwrap(), expected);
        }
    }
}
