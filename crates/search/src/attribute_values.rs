//! The values of declared attributes in a document.

use serde_json::{Map, Number, Value};

use super::attributes::Point;
use quarry_config::{AttributeConfig, AttributeType, AttributeUse};
use quarry_domain::{Timestamp, parse_date};

/// The longest value of a string attribute, in bytes: longer texts are no values to filter by.
const MAX_STRING_BYTES: usize = 1_024;
/// The most values of one attribute in a document.
const MAX_VALUES: usize = 1_000;

/// The values of an attribute in a document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AttributeValues {
    /// Those of strings and booleans.
    Labels(Vec<String>),
    Numbers(Vec<f64>),
    Dates(Vec<Timestamp>),
    Points(Vec<Point>),
}

/// The attributes of a document as they are indexed.
#[derive(Debug, Default)]
pub(crate) struct ExtractedAttributes<'a> {
    pub(crate) values: Vec<(&'a str, AttributeValues)>,
    /// Texts whose words are searched.
    pub(crate) texts: Vec<(&'a str, String)>,
    /// Values that are suggested.
    pub(crate) suggested: Vec<String>,
    /// The names of attributes with a value that is not indexed.
    pub(crate) mismatches: Vec<&'a str>,
}

/// Extracts the declared attributes from those of a document.
pub(crate) fn extract<'a>(declared: &'a [AttributeConfig], json: &str) -> ExtractedAttributes<'a> {
    let mut extracted = ExtractedAttributes::default();
    if declared.is_empty() {
        return extracted;
    }
    // The store holds JSON objects only.
    let members: Value = serde_json::from_str(json).unwrap_or_default();
    for attribute in declared {
        let selected = attribute.select(&members);
        if selected.is_empty() {
            continue;
        }
        let kind = attribute.r#type;
        let mut found: Vec<&Value> = selected.into_iter().flat_map(|value| items(kind, value)).collect();
        let is_too_long = found.len() > MAX_VALUES;
        found.truncate(MAX_VALUES);
        let is_searched = attribute.has(AttributeUse::Search);
        if is_searched {
            let texts = found.iter().copied().filter_map(label);
            extracted.texts.extend(texts.map(|text| (attribute.name.as_str(), text)));
            if attribute.has(AttributeUse::Suggest) {
                extracted.suggested.extend(found.iter().copied().filter_map(label));
            }
        }
        if kind == AttributeType::Text {
            if is_too_long || found.iter().any(|value| label(value).is_none()) {
                extracted.mismatches.push(&attribute.name);
            }
            continue;
        }
        let (values, is_whole) = typed(kind, &found);
        if is_too_long || !is_whole {
            extracted.mismatches.push(&attribute.name);
        }
        extracted.values.push((&attribute.name, values));
    }
    extracted
}

/// Returns the single values of a member; null is none.
fn items(kind: AttributeType, value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) if kind == AttributeType::Geo => places(value, values),
        Value::Object(members) if kind == AttributeType::Geo => match geometry(members) {
            Some(geometry) => items(kind, geometry),
            None => vec![value],
        },
        Value::Array(values) => values.iter().filter(|value| !value.is_null()).collect(),
        value => vec![value],
    }
}

/// Returns the single points of a list, which may be one point: `[longitude, latitude]`.
fn places<'v>(list: &'v Value, values: &'v [Value]) -> Vec<&'v Value> {
    if values.iter().any(|value| number(value).is_some()) {
        return vec![list];
    }
    values.iter().flat_map(|value| items(AttributeType::Geo, value)).collect()
}

/// Returns the coordinates, geometries or features of an object of GeoJSON.
fn geometry(members: &Map<String, Value>) -> Option<&Value> {
    members.get(match members.get("type").and_then(Value::as_str) {
        Some("Feature") => "geometry",
        Some("FeatureCollection") => "features",
        Some("GeometryCollection") => "geometries",
        _ => "coordinates",
    })
}

/// Converts values to a type; false if one does not fit.
fn typed(kind: AttributeType, found: &[&Value]) -> (AttributeValues, bool) {
    fn all<T>(found: &[&Value], convert: impl Fn(&Value) -> Option<T>) -> (Vec<T>, bool) {
        let converted: Vec<T> = found.iter().filter_map(|value| convert(value)).collect();
        let is_whole = converted.len() == found.len();
        (converted, is_whole)
    }
    match kind {
        AttributeType::String | AttributeType::Text => {
            let (labels, is_whole) =
                all(found, |value| label(value).filter(|label| label.len() <= MAX_STRING_BYTES));
            (AttributeValues::Labels(labels), is_whole)
        }
        AttributeType::Boolean => {
            let (labels, is_whole) = all(found, |value| boolean(value).map(|truth| truth.to_string()));
            (AttributeValues::Labels(labels), is_whole)
        }
        AttributeType::Number => {
            let (numbers, is_whole) = all(found, number);
            (AttributeValues::Numbers(numbers), is_whole)
        }
        AttributeType::Date => {
            let (dates, is_whole) = all(found, date);
            (AttributeValues::Dates(dates), is_whole)
        }
        AttributeType::Geo => {
            let (points, is_whole) = all(found, point);
            (AttributeValues::Points(points), is_whole)
        }
    }
}

fn label(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number_label(number)),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns the label of a number, which does not depend on the spelling: `5`, `5.0` and `5e0` are one value.
fn number_label(number: &Number) -> String {
    match number.as_f64() {
        // Digits of integers that have no exact value of this type count.
        Some(value) if number.is_f64() => (value + 0.0).to_string(),
        _ => number.to_string(),
    }
}

/// Reads a number, also from text: values of CSV and of many APIs are texts.
fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    // Zero has one sign, so that equal numbers are one value.
    number.filter(|number| number.is_finite()).map(|number| number + 0.0)
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn date(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => parse_date(text),
        Value::Number(number) => parse_date(&number.to_string()),
        _ => None,
    }
}

fn point(value: &Value) -> Option<Point> {
    let (latitude, longitude) = match value {
        Value::Object(members) => {
            let member = |names: &[&str]| names.iter().find_map(|name| members.get(*name)).and_then(number);
            (member(&["lat", "latitude"])?, member(&["lon", "lng", "long", "longitude"])?)
        }
        Value::Array(degrees) => match degrees.as_slice() {
            [longitude, latitude, ..] => (number(latitude)?, number(longitude)?),
            _ => return None,
        },
        Value::String(text) => {
            let (latitude, longitude) = text.split_once(',')?;
            (latitude.trim().parse().ok()?, longitude.trim().parse().ok()?)
        }
        _ => return None,
    };
    Point::new(latitude, longitude)
}

#[cfg(test)]
mod tests {
    use quarry_config::Settings;

    use super::*;

    /// Returns the values of an attribute of a type, and whether all of them are indexed.
    fn extracted(kind: &str, value: &Value) -> (Option<AttributeValues>, bool) {
        let settings =
            format!("[[sources]]\nname = \"s\"\nattributes = [{{ name = \"x\", type = \"{kind}\" }}]\n");
        let settings = Settings::from_toml(&settings).unwrap();
        let source = settings.sources.contents().next().unwrap();
        let json = serde_json::json!({ "x": value }).to_string();
        let ExtractedAttributes { values, mismatches, .. } = extract(source.attributes, &json);
        (values.into_iter().next().map(|(_, values)| values), mismatches.is_empty())
    }

    #[test]
    fn pointers_select_members_of_each_item() {
        let document = r#"{
            "variants": [{"sku": "a-1", "sizes": [39, 46]}, {"sku": null}, {"sku": "b-2", "sizes": ["40"]}, 7],
            "by": {"en": {"name": "tea"}, "fr": {"name": "thé"}}, "x/y": {"~": "z"}
        }"#;
        for (pointer, expected) in [
            ("/variants/*/sku", "[\"a-1\", \"b-2\"]"),
            ("/variants/*/sizes", "[\"39\", \"46\", \"40\"]"),
            ("/variants/*/sizes/*", "[\"39\", \"46\", \"40\"]"),
            ("/variants/2/sku", "[\"b-2\"]"),
            ("$.variants[*].sku", "[\"a-1\", \"b-2\"]"),
            ("/by/*/name", "[\"tea\", \"thé\"]"),
            ("/x~1y/~0", "[\"z\"]"),
        ] {
            let settings = format!(
                "[[sources]]\nname = \"s\"\nattributes = [{{ name = \"x\", type = \"string\", pointer = \"{pointer}\" }}]\n"
            );
            let settings = Settings::from_toml(&settings).unwrap();
            let source = settings.sources.contents().next().unwrap();
            let extracted = extract(source.attributes, document);
            let labels = serde_json::from_str(expected).unwrap();
            assert_eq!(extracted.values, [("x", AttributeValues::Labels(labels))], "{pointer}");
        }
    }

    #[test]
    fn numbers_of_strings_have_one_label() {
        for (json, expected) in [
            ("[5, 5.0, 5e0, \"5\"]", &["5", "5", "5", "5"][..]),
            ("[-0.0, 0.25, 2.50, 1e3]", &["0", "0.25", "2.5", "1000"]),
            ("[12345678901234567890, 1e21]", &["12345678901234567890", "1000000000000000000000"]),
        ] {
            let value = serde_json::from_str(json).unwrap();
            let labels = expected.iter().map(ToString::to_string).collect();
            assert_eq!(extracted("string", &value), (Some(AttributeValues::Labels(labels)), true), "{json}");
        }
    }

    #[test]
    fn points_have_many_spellings() {
        let points = |degrees: &[(f64, f64)]| {
            let points =
                degrees.iter().map(|(latitude, longitude)| Point::new(*latitude, *longitude).unwrap());
            Some(AttributeValues::Points(points.collect()))
        };
        let (rome, oslo) = ((41.9, 12.5), (59.9, 10.75));
        for (json, expected) in [
            (r#"["12.5", "41.9"]"#, &[rome][..]),
            (r#"[12.5, 41.9, 21]"#, &[rome]),
            (r#"["41.9,12.5", "59.9, 10.75"]"#, &[rome, oslo]),
            (r#"[["12.5", "41.9"], [10.75, 59.9], null]"#, &[rome, oslo]),
            (r#"{"lat": "41.9", "lng": 12.5, "features": ["wifi"]}"#, &[rome]),
            (r#"[{"latitude": 41.9, "longitude": 12.5}]"#, &[rome]),
            (r#"{"type": "Point", "coordinates": [12.5, 41.9]}"#, &[rome]),
            (r#"{"type": "MultiPoint", "coordinates": [[12.5, 41.9], [10.75, 59.9]]}"#, &[rome, oslo]),
            (r#"{"type": "Feature", "geometry": {"type": "Point", "coordinates": [12.5, 41.9]}}"#, &[rome]),
            (
                r#"{"type": "FeatureCollection", "features": [
                    {"type": "Feature", "geometry": {"type": "Point", "coordinates": [12.5, 41.9]}},
                    {"type": "Feature", "geometry": null}]}"#,
                &[rome],
            ),
        ] {
            let value = serde_json::from_str(json).unwrap();
            assert_eq!(extracted("geo", &value), (points(expected), true), "{json}");
        }
        for json in [r#"["a", "b"]"#, "[91, 181]", r#"{"type": "Point"}"#, "[[[[1]]]]"] {
            let value = serde_json::from_str(json).unwrap();
            assert_eq!(extracted("geo", &value), (points(&[]), false), "{json}");
        }
    }

    #[test]
    fn values_after_the_most_are_reported() {
        let texts = |count: usize| -> Value { (0..count).map(|at| Value::from(format!("v{at}"))).collect() };
        for (count, is_whole) in [(MAX_VALUES, true), (MAX_VALUES + 1, false)] {
            let (values, all) = extracted("string", &texts(count));
            let Some(AttributeValues::Labels(labels)) = values else { panic!("no labels") };
            assert_eq!((labels.len(), all), (MAX_VALUES, is_whole));
            assert_eq!(extracted("text", &texts(count)).1, is_whole);
            let numbers: Value = (0..count).map(Value::from).collect();
            assert_eq!(extracted("number", &numbers).1, is_whole);
        }
    }
}
