use async_graphql::InputObject;

use super::attribute_value::{AttributeValue, MAX_EXACT};
use super::geo::{GeoArea, GeoCircle};
use crate::error_bounds::Quoted;
use crate::failure::Failure;
use quarry_config::{AttributeType, AttributeUse};
use quarry_domain::parse_date;
use quarry_search::{
    AttributeCondition, AttributeTest, Attributes, DateRange, DeclaredAttribute, MAX_FILTER_VALUE_CHARS,
    MAX_FILTER_VALUES, NumberRange,
};

/// A filter by a declared attribute: one of its values meets all of the given conditions.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct AttributeFilter {
    /// The name of the attribute, as declared in the settings of a source.
    name: String,
    /// A value equals one of these: at most 100. Strings are compared with regard to case.
    r#in: Option<Vec<AttributeValue>>,
    /// A number or date is greater than this.
    gt: Option<AttributeValue>,
    /// A number or date is this or greater.
    gte: Option<AttributeValue>,
    /// A number or date is less than this.
    lt: Option<AttributeValue>,
    /// A number or date is this or less.
    lte: Option<AttributeValue>,
    /// True: the document has a value; false: it has none.
    exists: Option<bool>,
    /// A point lies within this circle.
    near: Option<GeoCircle>,
    /// A point lies within this area.
    within: Option<GeoArea>,
}

/// A bound of a range, with the argument that states it.
type Bound<'v> = (&'static str, &'v AttributeValue);

impl AttributeFilter {
    /// Validates the filter, and converts it to conditions of the engine.
    pub(super) fn checked(
        self,
        path: &str,
        attributes: &Attributes,
    ) -> Result<Vec<AttributeCondition>, Failure> {
        let attribute = declared(attributes, &format!("{path}.name"), &self.name, AttributeUse::Filter)?;
        let reader = ValueReader { path, kind: attribute.kind };
        let listed = match self.r#in.as_ref().filter(|values| !values.is_empty()) {
            Some(values) => {
                Failure::check_count(&format!("{path}.in"), values.len(), MAX_FILTER_VALUES, "values")?;
                Some(reader.one_of(values)?)
            }
            None => None,
        };
        let bounds: [Option<Bound<'_>>; 4] = [
            self.gt.as_ref().map(|value| ("gt", value)),
            self.gte.as_ref().map(|value| ("gte", value)),
            self.lt.as_ref().map(|value| ("lt", value)),
            self.lte.as_ref().map(|value| ("lte", value)),
        ];
        let bounds: Vec<Bound<'_>> = bounds.into_iter().flatten().collect();
        let range = if bounds.is_empty() { None } else { Some(reader.range(&bounds)?) };
        // One value meets all conditions, so those of values are one test.
        let mut tests = Vec::from_iter(match (listed, range) {
            (Some(listed), Some(range)) => Some(listed_within(listed, &range)),
            (listed, range) => listed.or(range),
        });
        tests.extend(self.exists.map(AttributeTest::Exists));
        tests.extend(self.place(&reader)?);
        if tests.is_empty() && self.r#in.is_none() {
            return Err(Failure::bad_input(
                path,
                "has no condition: set `in`, `gt`, `gte`, `lt`, `lte`, `exists`, `near` or `within`",
            ));
        }
        let name = &self.name;
        Ok(tests.into_iter().map(|test| AttributeCondition { name: name.clone(), test }).collect())
    }

    /// Returns the test of a point.
    fn place(&self, reader: &ValueReader<'_>) -> Result<Option<AttributeTest>, Failure> {
        let path = reader.path;
        let within = match self.within {
            Some(area) => {
                reader.require_geo("within")?;
                Some(area.checked(&format!("{path}.within"))?)
            }
            None => None,
        };
        let Some(circle) = self.near else { return Ok(within.map(AttributeTest::Within)) };
        reader.require_geo("near")?;
        let (center, meters) = circle.checked(&format!("{path}.near"))?;
        Ok(Some(AttributeTest::Near { center, meters: meters.into(), within }))
    }
}

/// Returns the test of the listed values that a range contains.
fn listed_within(mut listed: AttributeTest, range: &AttributeTest) -> AttributeTest {
    match (&mut listed, range) {
        (AttributeTest::Numbers(values), AttributeTest::Numbers(ranges)) => {
            values.retain(|value| ranges.iter().any(|of| of.from <= value.from && value.to <= of.to));
        }
        (AttributeTest::Dates(values), AttributeTest::Dates(ranges)) => {
            values.retain(|value| ranges.iter().any(|of| of.from <= value.from && value.to <= of.to));
        }
        // Other types have no ranges.
        _ => {}
    }
    listed
}

/// Returns a declared attribute with a use, or the failure that lists those that have it.
pub(super) fn declared<'a>(
    attributes: &'a Attributes,
    path: &str,
    name: &str,
    usage: AttributeUse,
) -> Result<&'a DeclaredAttribute, Failure> {
    declared_beside(attributes, path, name, &AttributeChoice { usage, fields: &[], kinds: None })
}

/// The names that an argument accepts.
pub(super) struct AttributeChoice {
    /// The use that attributes must have.
    pub(super) usage: AttributeUse,
    /// The fields that the argument accepts beside attributes.
    pub(super) fields: &'static [&'static str],
    /// The types that it accepts; `None` if it accepts all.
    pub(super) kinds: Option<&'static [AttributeType]>,
}

/// Returns a declared attribute with a use, or the failure that lists all names that the argument accepts.
///
/// The caller reports a type that it does not accept.
pub(super) fn declared_beside<'a>(
    attributes: &'a Attributes,
    path: &str,
    name: &str,
    choice: &AttributeChoice,
) -> Result<&'a DeclaredAttribute, Failure> {
    let AttributeChoice { usage, fields, kinds } = *choice;
    if let Some(attribute) = attributes.get(name).filter(|attribute| attribute.has(usage)) {
        return Ok(attribute);
    }
    let is_accepted = |attribute: &DeclaredAttribute| {
        attribute.has(usage) && kinds.is_none_or(|kinds| kinds.contains(&attribute.kind))
    };
    let accepted = attributes.iter().filter(|(_, attribute)| is_accepted(attribute)).map(|(name, _)| name);
    let known: Vec<&str> = fields.iter().copied().chain(accepted).collect();
    let choice =
        if known.is_empty() { String::new() } else { format!("use one of {}, or ", known.join(", ")) };
    Err(Failure::bad_input(
        path,
        format_args!(
            "is {}, which is not an attribute that sources declare for `{}`: {choice}declare it under \
             [[sources.attributes]]",
            Quoted(name),
            usage.name()
        ),
    ))
}

/// Reads values of an attribute's type.
struct ValueReader<'p> {
    path: &'p str,
    kind: AttributeType,
}

impl ValueReader<'_> {
    fn one_of(&self, values: &[AttributeValue]) -> Result<AttributeTest, Failure> {
        let path = |at: usize| format!("in.{at}");
        Ok(match self.kind {
            AttributeType::Number => {
                let numbers = values.iter().enumerate().map(|(at, value)| {
                    let number = self.number(&path(at), value)?.into();
                    Ok(NumberRange { from: number, to: number })
                });
                AttributeTest::Numbers(numbers.collect::<Result<_, Failure>>()?)
            }
            AttributeType::Date => {
                let dates = values.iter().enumerate().map(|(at, value)| {
                    let date = self.date(&path(at), value)?;
                    Ok(DateRange { from: date, to: date })
                });
                AttributeTest::Dates(dates.collect::<Result<_, Failure>>()?)
            }
            AttributeType::Geo => {
                return Err(self.failure("in", "is not possible for points: use `near` or `within`"));
            }
            AttributeType::String | AttributeType::Text | AttributeType::Boolean => {
                let labels = values.iter().enumerate().map(|(at, value)| self.label(&path(at), value));
                AttributeTest::Labels(labels.collect::<Result<_, Failure>>()?)
            }
        })
    }

    fn range(&self, bounds: &[Bound<'_>]) -> Result<AttributeTest, Failure> {
        match self.kind {
            AttributeType::Number => {
                let (mut from, mut to) = (f64::NEG_INFINITY, f64::INFINITY);
                for (argument, value) in bounds {
                    let bound = self.number(argument, value)?;
                    match *argument {
                        "gt" => from = from.max(bound.next_up()),
                        "gte" => from = from.max(bound),
                        "lt" => to = to.min(bound.next_down()),
                        _ => to = to.min(bound),
                    }
                }
                Ok(AttributeTest::Numbers(vec![NumberRange { from: from.into(), to: to.into() }]))
            }
            AttributeType::Date => {
                let (mut from, mut to) = (i64::MIN, i64::MAX);
                for (argument, value) in bounds {
                    let bound = self.date(argument, value)?;
                    match *argument {
                        "gt" => from = from.max(bound + 1),
                        "gte" => from = from.max(bound),
                        "lt" => to = to.min(bound - 1),
                        _ => to = to.min(bound),
                    }
                }
                Ok(AttributeTest::Dates(vec![DateRange { from, to }]))
            }
            kind => {
                let argument = bounds.first().map_or("gte", |(argument, _)| argument);
                let problem =
                    format!("is not possible for a {}: ranges are of numbers and dates", kind.name());
                Err(self.failure(argument, &problem))
            }
        }
    }

    fn require_geo(&self, argument: &str) -> Result<(), Failure> {
        if self.kind == AttributeType::Geo {
            return Ok(());
        }
        Err(self.failure(
            argument,
            &format!("is for attributes of type geo, but this one is a {}", self.kind.name()),
        ))
    }

    fn label(&self, argument: &str, value: &AttributeValue) -> Result<String, Failure> {
        let label = match value {
            // As values of documents are.
            AttributeValue::Text(text) => text.trim().to_owned(),
            AttributeValue::Number(number) if number.abs() > MAX_EXACT => {
                return Err(self.failure(argument, "must be a string, since such numbers are not exact"));
            }
            AttributeValue::Number(number) => (number + 0.0).to_string(),
            AttributeValue::Boolean(truth) => truth.to_string(),
        };
        if label.chars().count() > MAX_FILTER_VALUE_CHARS {
            let problem = format!("is longer than {MAX_FILTER_VALUE_CHARS} characters: shorten it");
            return Err(self.failure(argument, &problem));
        }
        if self.kind == AttributeType::Boolean && !["true", "false"].contains(&label.as_str()) {
            return Err(self.failure(argument, "must be true or false"));
        }
        Ok(label)
    }

    fn number(&self, argument: &str, value: &AttributeValue) -> Result<f64, Failure> {
        let number = match value {
            AttributeValue::Number(number) => Some(number + 0.0),
            // Values of facets are strings.
            AttributeValue::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            AttributeValue::Boolean(_) => None,
        };
        number.ok_or_else(|| self.failure(argument, "must be a number"))
    }

    fn date(&self, argument: &str, value: &AttributeValue) -> Result<i64, Failure> {
        date_micros(value).ok_or_else(|| {
            self.failure(argument, "must be a date as a string, such as 2025-05-05 or 2025-05-05T07:47:20Z")
        })
    }

    fn failure(&self, argument: &str, problem: &str) -> Failure {
        Failure::bad_input(format!("{}.{argument}", self.path), problem)
    }
}

/// Reads a date, in microseconds since 1970.
pub(super) fn date_micros(value: &AttributeValue) -> Option<i64> {
    match value {
        AttributeValue::Text(text) => Some(parse_date(text)?.timestamp_micros()),
        AttributeValue::Number(_) | AttributeValue::Boolean(_) => None,
    }
}
