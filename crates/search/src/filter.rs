//! The filter of a search. The API validates it.

use ordered_float::OrderedFloat;
use serde::{Deserialize, Serialize};

use super::attributes::Point;
use quarry_domain::Timestamp;

/// The maximum depth of nested filters.
pub const MAX_FILTER_DEPTH: usize = 5;
/// The maximum number of values of one condition.
pub const MAX_FILTER_VALUES: usize = 100;
/// The maximum length of such a value, in characters.
pub const MAX_FILTER_VALUE_CHARS: usize = 1_024;

/// The filter of a search: all conditions must hold. An empty list does not restrict it.
///
/// Stored rules contain it as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DocumentFilter {
    /// Any of these sources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source: Vec<String>,
    /// Any of these categories.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub category: Vec<String>,
    /// Any of these authors, by their key at the source.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub author_key: Vec<String>,
    /// Published at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_from: Option<Timestamp>,
    /// Published before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_before: Option<Timestamp>,
    /// All of these conditions of attributes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeCondition>,
    /// Not this filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not: Option<Box<DocumentFilter>>,
    /// Any of these filters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<DocumentFilter>,
}

/// A condition of the values of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub struct AttributeCondition {
    /// The attribute.
    pub name: String,
    /// The test that one of its values must meet.
    pub test: AttributeTest,
}

/// A test of the values of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum AttributeTest {
    /// One of these strings, or `true` or `false`.
    Labels(Vec<String>),
    /// A number within one of these ranges.
    Numbers(Vec<NumberRange>),
    /// A time within one of these ranges.
    Dates(Vec<DateRange>),
    /// At least one value, or none.
    Exists(bool),
    /// A point within this distance of another, and within a box if one is given.
    Near {
        /// The other point.
        center: Point,
        /// The distance.
        meters: OrderedFloat<f64>,
        /// The box.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        within: Option<GeoBox>,
    },
    /// A point within a box.
    Within(GeoBox),
}

/// Numbers from one to another, both inclusive. JSON has no infinite numbers: an open end is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub struct NumberRange {
    /// The smallest.
    #[serde(default = "lowest", skip_serializing_if = "is_infinite")]
    pub from: OrderedFloat<f64>,
    /// The largest.
    #[serde(default = "highest", skip_serializing_if = "is_infinite")]
    pub to: OrderedFloat<f64>,
}

fn lowest() -> OrderedFloat<f64> {
    f64::NEG_INFINITY.into()
}

fn highest() -> OrderedFloat<f64> {
    f64::INFINITY.into()
}

fn is_infinite(number: &OrderedFloat<f64>) -> bool {
    number.is_infinite()
}

/// Times from one to another, both inclusive, in microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub struct DateRange {
    /// The earliest.
    #[serde(default = "earliest")]
    pub from: i64,
    /// The latest.
    #[serde(default = "latest")]
    pub to: i64,
}

fn earliest() -> i64 {
    i64::MIN
}

fn latest() -> i64 {
    i64::MAX
}

/// An area between two parallels and two meridians; from a western to a smaller eastern one, it contains the
/// 180th meridian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GeoBox {
    /// The corner with the smaller latitude, in the west.
    pub south_west: Point,
    /// The corner with the larger latitude, in the east.
    pub north_east: Point,
}

impl GeoBox {
    /// Returns true if the area contains a point.
    pub(crate) fn contains(&self, point: Point) -> bool {
        let (south_west, north_east) = (self.south_west, self.north_east);
        let (west, east) = (south_west.longitude, north_east.longitude);
        let is_between = if west <= east {
            (west..=east).contains(&point.longitude)
        } else {
            point.longitude >= west || point.longitude <= east
        };
        is_between && (south_west.latitude..=north_east.latitude).contains(&point.latitude)
    }
}

/// The maximum size of a filter that is the key of a cache, in bytes.
const MAX_CACHED_BYTES: usize = 512;

impl DocumentFilter {
    /// Returns true if it is small enough to be the key of a cache.
    pub(crate) fn is_small(&self) -> bool {
        self.bytes() <= MAX_CACHED_BYTES
    }

    /// Returns its approximate memory.
    fn bytes(&self) -> usize {
        let labels = self.source.iter().chain(&self.category).chain(&self.author_key);
        let labels: usize = labels.map(|label| label.len() + size_of::<String>()).sum();
        let attributes: usize = self.attributes.iter().map(AttributeCondition::bytes).sum();
        let inner = self.not.as_deref().into_iter().chain(&self.any_of);
        labels + attributes + inner.map(|filter| size_of::<Self>() + filter.bytes()).sum::<usize>()
    }

    /// Returns true if the filter restricts nothing.
    pub fn is_empty(&self) -> bool {
        self.source.is_empty()
            && self.category.is_empty()
            && self.author_key.is_empty()
            && self.published_from.is_none()
            && self.published_before.is_none()
            && !self.has_conditions()
    }

    /// Returns true if it has conditions besides those of labels and of the publication date.
    pub(crate) fn has_conditions(&self) -> bool {
        !self.attributes.is_empty() || self.not.is_some() || !self.any_of.is_empty()
    }

    /// Returns the names of the attributes of all conditions.
    pub(crate) fn attribute_names(&self) -> Vec<&str> {
        let own = self.attributes.iter().map(|condition| condition.name.as_str());
        let inner = self.not.as_deref().into_iter().chain(&self.any_of);
        own.chain(inner.flat_map(Self::attribute_names)).collect()
    }
}

impl AttributeCondition {
    fn bytes(&self) -> usize {
        let test = match &self.test {
            AttributeTest::Labels(labels) => {
                labels.iter().map(|label| label.len() + size_of::<String>()).sum()
            }
            AttributeTest::Numbers(ranges) => ranges.len() * size_of::<NumberRange>(),
            AttributeTest::Dates(ranges) => ranges.len() * size_of::<DateRange>(),
            AttributeTest::Exists(_) | AttributeTest::Near { .. } | AttributeTest::Within(_) => 0,
        };
        self.name.len() + size_of::<Self>() + test
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_of_stored_rules_keep_their_conditions() {
        let json = r#"{"attributes":[{"name":"price","test":{"numbers":[{"to":5.0}]}},{"name":"brand","test":{"labels":["Acme"]}},{"name":"stock","test":{"exists":true}}],"anyOf":[{"source":["shop"]}]}"#;
        let filter: DocumentFilter = serde_json::from_str(json).expect("a filter");
        let cheap = NumberRange { from: f64::NEG_INFINITY.into(), to: 5.0.into() };
        assert_eq!(filter.attributes[0].test, AttributeTest::Numbers(vec![cheap]));
        assert_eq!(serde_json::to_string(&filter).expect("JSON"), json);
        let since: DateRange = serde_json::from_str(r#"{"from":7}"#).expect("a range");
        assert_eq!(since, DateRange { from: 7, to: i64::MAX });
    }

    #[test]
    fn areas_may_contain_the_180th_meridian() {
        let point = |latitude, longitude| Point::new(latitude, longitude).expect("a point");
        let area = GeoBox { south_west: point(-20.0, 170.0), north_east: point(-10.0, -170.0) };
        assert!(area.contains(point(-15.0, 175.0)) && area.contains(point(-15.0, -175.0)));
        assert!(!area.contains(point(-15.0, 0.0)) && !area.contains(point(0.0, 175.0)));
    }

    #[test]
    fn distances_follow_great_circles() {
        let point = |latitude, longitude| Point::new(latitude, longitude).expect("a point");
        let (berlin, munich) = (point(52.52, 13.405), point(48.137, 11.576));
        let kilometers = berlin.meters_to(munich) / 1_000.0;
        assert!((503.0..506.0).contains(&kilometers), "{kilometers}");
        // Across the 180th meridian.
        assert!(point(0.0, 179.5).meters_to(point(0.0, -179.5)) < 112_000.0);
        assert_eq!(Point::new(91.0, 0.0), None);
    }
}
