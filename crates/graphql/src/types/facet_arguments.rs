use async_graphql::{Context, Enum, InputObject, InputType, Lookahead, SelectionField, Value};

use super::AttributeValue;
use super::attribute_filter::{AttributeChoice, date_micros, declared_beside};
use super::facet::FacetCursor;
use crate::failure::Failure;
use crate::pagination::page_size;
use quarry_config::{AttributeType, AttributeUse};
use quarry_search::{Attributes, FacetRequest, LABEL_FIELDS, NumberBounds, facet_digest};

/// The maximum length of `startsWith`, in characters.
const MAX_START_CHARS: usize = 100;
/// Different facets that one search computes.
const MAX_FACETS: usize = 8;
/// The maximum number of fields of one selection.
const MAX_FIELDS: usize = 20;
/// The maximum number of ranges.
const MAX_RANGES: usize = 100;
/// The maximum length of `after`, in bytes.
const MAX_CURSOR_BYTES: usize = 8_192;
/// The microseconds of a day, the unit of intervals of dates.
const DAY_MICROS: f64 = 86_400e6;
const MAX_DATE_MICROS: f64 = 3_652_425.0 * DAY_MICROS;

/// The order of the values of a facet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_search::FacetOrder")]
pub(crate) enum FacetOrder {
    /// By count in descending order, ties by value.
    #[default]
    Count,
    /// By value: texts by their letters, without case and accents.
    Value,
}

/// A unit of the calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_search::CalendarUnit")]
pub(crate) enum CalendarUnit {
    /// A week, from Monday.
    Week,
    /// A month, from its first day.
    Month,
    /// A quarter of a year, from January, April, July or October.
    Quarter,
    /// A year, from January.
    Year,
}

/// A range of the numbers or dates of an attribute.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct FacetRange {
    /// The lower bound, inclusive; without one, the range is open.
    from: Option<AttributeValue>,
    /// The upper bound, exclusive; without one, the range is open.
    to: Option<AttributeValue>,
}

/// The arguments of `facets`.
#[derive(Debug, Default)]
pub(super) struct FacetArguments {
    pub(super) attributes: Option<Vec<String>>,
    pub(super) first: Option<i32>,
    pub(super) after: Option<String>,
    pub(super) order: FacetOrder,
    pub(super) starts_with: Option<String>,
    pub(super) disjunctive: bool,
    pub(super) interval: Option<f64>,
    pub(super) calendar: Option<CalendarUnit>,
    pub(super) ranges: Option<Vec<FacetRange>>,
}

impl FacetArguments {
    /// Validates the arguments.
    pub(super) fn checked(self, ctx: &Context<'_>, attributes: &Attributes) -> Result<FacetRequest, Failure> {
        let starts_with = self.starts_with.filter(|start| !start.is_empty());
        if starts_with.as_ref().is_some_and(|start| start.chars().count() > MAX_START_CHARS) {
            let problem = format_args!("is longer than {MAX_START_CHARS} characters: shorten it");
            return Err(Failure::bad_input("startsWith", problem));
        }
        let fields = self.attributes.unwrap_or_default();
        Failure::check_count("attributes", fields.len(), MAX_FIELDS, "names")?;
        for (at, name) in fields.iter().enumerate() {
            check_field(&format!("attributes.{at}"), name, attributes)?;
        }
        let ranges = self.ranges.unwrap_or_default();
        Failure::check_count("ranges", ranges.len(), MAX_RANGES, "ranges")?;
        let only = match fields.as_slice() {
            [name] => Some((name, attributes.get(name).map(|attribute| attribute.kind))),
            _ => None,
        };
        let is_date = match only {
            Some((_, Some(AttributeType::Date))) => true,
            Some((_, Some(AttributeType::Number))) => false,
            _ if self.interval.is_some() || !ranges.is_empty() => {
                let argument = if ranges.is_empty() { "interval" } else { "ranges" };
                let problem = "requires exactly one attribute of type number or date in `attributes`";
                return Err(Failure::bad_input(argument, problem));
            }
            _ => false,
        };
        if self.interval.is_some() && !ranges.is_empty() {
            return Err(Failure::bad_input(
                "ranges",
                "cannot be combined with `interval`: leave one of them out",
            ));
        }
        if self.calendar.is_some() && (!is_date || self.interval.is_some() || !ranges.is_empty()) {
            let problem = "requires exactly one attribute of type date in `attributes`, and neither `interval` nor `ranges`";
            return Err(Failure::bad_input("calendar", problem));
        }
        let interval = self.interval.map(|interval| checked_interval(interval, is_date)).transpose()?;
        let ranges = ranges.into_iter().enumerate().map(|(at, range)| range.checked(at, is_date));
        let mut request = FacetRequest {
            ranges: ranges.collect::<Result<_, Failure>>()?,
            order: self.order.into(),
            starts_with,
            disjunctive: self.disjunctive,
            interval,
            calendar: self.calendar.map(Into::into),
            ..FacetRequest::new(page_size(ctx, self.first)?)
        };
        if let Some(after) = &self.after {
            let Some((field, _)) = only else {
                return Err(Failure::bad_input("after", "requires exactly one field in `attributes`"));
            };
            request.after = Some(checked_cursor(after, facet_digest(field, &request))?);
        }
        Ok(FacetRequest { fields, ..request })
    }

    /// Reads the arguments of a selected field; invalid ones are reported when it is resolved.
    fn of(field: &SelectionField<'_>) -> Self {
        fn read<T: InputType>(value: Value) -> Option<T> {
            <Option<T> as InputType>::parse(Some(value)).ok().flatten()
        }
        let mut arguments = Self::default();
        for (name, value) in field.arguments().unwrap_or_default() {
            match name.as_str() {
                "attributes" => arguments.attributes = read(value),
                "first" => arguments.first = read(value),
                "after" => arguments.after = read(value),
                "order" => arguments.order = read(value).unwrap_or_default(),
                "startsWith" => arguments.starts_with = read(value),
                "disjunctive" => arguments.disjunctive = read(value).unwrap_or_default(),
                "interval" => arguments.interval = read(value),
                "calendar" => arguments.calendar = read(value),
                "ranges" => arguments.ranges = read(value),
                _ => {}
            }
        }
        arguments
    }
}

impl FacetRange {
    fn checked(self, at: usize, is_date: bool) -> Result<NumberBounds, Failure> {
        let bound = |argument: &str, value: Option<AttributeValue>| {
            let Some(value) = value else { return Ok(None) };
            let number = match &value {
                AttributeValue::Number(number) if !is_date => Some(*number),
                value if is_date => date_micros(value).map(|micros| micros as f64),
                _ => None,
            };
            let expected = if is_date { "must be a date as a string" } else { "must be a number" };
            number.map(Some).ok_or_else(|| Failure::bad_input(format!("ranges.{at}.{argument}"), expected))
        };
        let bounds = NumberBounds { from: bound("from", self.from)?, to: bound("to", self.to)? };
        if bounds.from.zip(bounds.to).is_some_and(|(from, to)| from >= to) {
            let problem = "is empty: `from` must be below `to`, which is exclusive";
            return Err(Failure::bad_input(format!("ranges.{at}"), problem));
        }
        Ok(bounds)
    }
}

fn checked_interval(interval: f64, is_date: bool) -> Result<f64, Failure> {
    if !interval.is_finite() || interval <= 0.0 {
        return Err(Failure::bad_input("interval", "must be greater than 0"));
    }
    if !is_date {
        return Ok(interval);
    }
    let micros = interval * DAY_MICROS;
    // All dates of four digits are within one such interval.
    if micros > MAX_DATE_MICROS {
        return Err(Failure::bad_input("interval", "must be at most 3,652,425 days (10,000 years)"));
    }
    Ok(micros)
}

fn checked_cursor(after: &str, digest: u32) -> Result<(String, u64), Failure> {
    let cursor = FacetCursor::decode(after, digest).filter(|_| after.len() <= MAX_CURSOR_BYTES);
    let cursor = cursor.ok_or_else(|| {
        Failure::bad_input(
            "after",
            "is not a cursor of this facet: pass its `endCursor` with the same other arguments",
        )
    })?;
    Ok((cursor.value, cursor.count))
}

/// Returns a failure unless the values of a field can be counted.
fn check_field(path: &str, name: &str, attributes: &Attributes) -> Result<(), Failure> {
    if !LABEL_FIELDS.contains(&name) {
        let choice = AttributeChoice { usage: AttributeUse::Facet, fields: &LABEL_FIELDS, kinds: None };
        declared_beside(attributes, path, name, &choice)?;
    }
    Ok(())
}

/// Validates the field of which each value has one hit.
pub(crate) fn checked_distinct(
    field: Option<String>,
    attributes: &Attributes,
) -> Result<Option<String>, Failure> {
    if let Some(name) = &field {
        check_field("distinct", name, attributes)?;
    }
    Ok(field)
}

/// Returns the different facets that the selection of a search contains.
pub(crate) fn selected_facets(
    ctx: &Context<'_>,
    search: &Lookahead<'_>,
    attributes: &Attributes,
) -> Result<Vec<FacetRequest>, Failure> {
    let mut requests: Vec<FacetRequest> = Vec::new();
    for field in search.field("facets").selection_fields() {
        let Ok(request) = FacetArguments::of(&field).checked(ctx, attributes) else { continue };
        let names = Lookahead::from(field).field("buckets").field("name").exists();
        match requests.iter_mut().find(|known| is_same(known, &request)) {
            Some(known) => known.names |= names,
            None => requests.push(FacetRequest { names, ..request }),
        }
    }
    Failure::check_count("facets", requests.len(), MAX_FACETS, "different selections")?;
    Ok(requests)
}

/// Returns true if the facets differ at most in the names of authors.
pub(super) fn is_same(known: &FacetRequest, request: &FacetRequest) -> bool {
    FacetRequest { names: request.names, ..known.clone() } == *request
}
