//! The declared attributes, and their types.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat};
use ordered_float::OrderedFloat;
use serde::{Deserialize, Serialize};

use quarry_config::{AttributeConfig, AttributeType, AttributeUse, SourceContent};
use quarry_domain::SourceName;

/// The attributes that the sources declare.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes {
    by_source: BTreeMap<SourceName, Vec<AttributeConfig>>,
    /// By name, over all sources.
    declared: BTreeMap<String, DeclaredAttribute>,
}

/// An attribute by its name, over all sources.
#[derive(Clone, Debug, PartialEq)]
pub struct DeclaredAttribute {
    /// Its type.
    pub kind: AttributeType,
    /// The weight of its words in scores.
    pub(crate) weight: f64,
    /// Its uses in any source.
    uses: Vec<AttributeUse>,
}

impl DeclaredAttribute {
    fn new(kind: AttributeType) -> Self {
        Self { kind, weight: 0.0, uses: Vec::new() }
    }

    /// Returns true if a source declares the use.
    pub fn has(&self, usage: AttributeUse) -> bool {
        self.uses.contains(&usage)
    }
}

impl Attributes {
    /// Collects the attributes of sources.
    pub fn of<'a>(sources: impl IntoIterator<Item = SourceContent<'a>>) -> Self {
        let mut attributes = Self::default();
        for source in sources {
            for attribute in source.attributes {
                let declared = attributes
                    .declared
                    .entry(attribute.name.clone())
                    .or_insert_with(|| DeclaredAttribute::new(attribute.r#type));
                declared.weight = declared.weight.max(attribute.weight);
                declared.uses.extend(AttributeUse::ALL.into_iter().filter(|usage| attribute.has(*usage)));
            }
            if !source.attributes.is_empty() {
                attributes.by_source.insert(source.name.clone(), source.attributes.to_vec());
            }
        }
        attributes
    }

    /// Returns an attribute by its name.
    pub fn get(&self, name: &str) -> Option<&DeclaredAttribute> {
        self.declared.get(name)
    }

    /// Returns the attributes by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &DeclaredAttribute)> {
        self.declared.iter().map(|(name, attribute)| (name.as_str(), attribute))
    }

    /// Returns true if values of an attribute are suggested.
    pub(crate) fn suggest(&self) -> bool {
        self.declared.values().any(|attribute| attribute.has(AttributeUse::Suggest))
    }

    /// Returns a text that differs if the index of these attributes does.
    pub(crate) fn identity(&self) -> String {
        let mut identity = String::new();
        for (source, attributes) in &self.by_source {
            identity.push_str(&format!("{source}\0"));
            for attribute in attributes {
                let uses = AttributeUse::ALL.into_iter().filter(|usage| attribute.has(*usage));
                let (name, path, kind) = (&attribute.name, attribute.path(), attribute.r#type.name());
                let uses: Vec<&str> = uses.map(AttributeUse::name).collect();
                identity.push_str(&format!("{name}\0{path}\0{kind}\0{}\0", uses.join(",")));
            }
        }
        identity
    }

    /// Returns the attributes of a source, in the order of the settings.
    pub fn of_source(&self, source: &SourceName) -> &[AttributeConfig] {
        self.by_source.get(source).map_or(&[], Vec::as_slice)
    }
}

/// A point on Earth, in degrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub struct Point {
    /// Between -90 and 90.
    pub(crate) latitude: OrderedFloat<f64>,
    /// Between -180 and 180.
    pub(crate) longitude: OrderedFloat<f64>,
}

/// The mean radius of the Earth.
const EARTH_METERS: f64 = 6_371_008.8;

impl Point {
    /// Creates a point; `None` for impossible degrees.
    pub fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let is_valid = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        is_valid.then_some(Self { latitude: latitude.into(), longitude: longitude.into() })
    }

    /// Returns the distance to a point along a great circle, in meters, on a sphere.
    pub(crate) fn meters_to(self, other: Self) -> f64 {
        let (from, to) = (self.latitude.to_radians(), other.latitude.to_radians());
        let turn = (other.longitude - self.longitude).to_radians();
        let sines = ((to - from) / 2.0).sin().powi(2) + from.cos() * to.cos() * (turn / 2.0).sin().powi(2);
        2.0 * EARTH_METERS * sines.min(1.0).sqrt().asin()
    }

    /// Returns the degrees of latitude within a distance.
    pub(crate) fn latitudes_within(self, meters: f64) -> (f64, f64) {
        // A little more than the distance, since rounding must not exclude a point.
        let degrees = (meters / EARTH_METERS).to_degrees() * 1.000_001 + 1e-9;
        (self.latitude.0 - degrees, self.latitude.0 + degrees)
    }
}

/// Returns a date of a facet, in microseconds since 1970, by RFC 3339.
pub fn date_text(micros: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "stored dates have years of four digits")]
    let at = DateTime::from_timestamp_micros(micros as i64);
    at.map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true)).unwrap_or_default()
}
