//! The counts of values, as aggregations of the engine.

use serde_json::{Map, Value, json};

use super::clauses::{all_of, any_of, prefix, terms};
use super::document::decoded;
use super::mapping::{AUTHOR_KEY, DOCUMENT, TERMS, calendar_field_of, field_of};
use super::searcher::ClusterSearcher;
use crate::analysis::{marked_name, words};
use crate::engine::{Facet, FacetBucket, FacetStats, SearchError};
use crate::facet_values::{FacetField, LabelBeginning, NumberBuckets, NumberCounts, label_page};
use crate::filter::DocumentFilter;
use crate::request::{FacetRequest, SearchRequest};
use quarry_config::AttributeType;

/// The values of one field that are counted: as many as the engine's own limit of buckets permits.
const MAX_VALUES: usize = 65_000;
/// The part of an interval by which bounds are lowered.
const BOUND_TOLERANCE: f64 = 1e-9;

/// Requests the facets of a search, and reads them.
pub(super) struct FacetReader<'a> {
    searcher: &'a ClusterSearcher<'a>,
    request: &'a SearchRequest,
}

/// A kind of values.
#[derive(Clone, Copy, PartialEq)]
enum ValueKind {
    Labels,
    Numbers,
    Dates,
    /// Points have no values to count.
    Points,
}

impl<'a> FacetReader<'a> {
    pub(super) fn new(searcher: &'a ClusterSearcher<'a>, request: &'a SearchRequest) -> Self {
        Self { searcher, request }
    }

    /// Returns the fields whose own conditions of the filter some requests ignore, with the wider filters.
    pub(super) fn lifted(&self) -> Vec<(FacetField, DocumentFilter)> {
        let filter = &self.request.filter;
        let fields = FacetField::lifted(&self.request.facets, filter).into_iter();
        fields.filter_map(|field| Some((field.clone(), field.lifted_from(filter)?))).collect()
    }

    /// Returns the aggregations of the fields that are counted within the filter, or within a wider one.
    pub(super) fn aggregations(&self, lifted: Option<&FacetField>) -> Value {
        let mut aggregations = Map::new();
        for (at, request) in self.request.facets.iter().enumerate() {
            for (field_at, field) in FacetField::of(request).iter().enumerate() {
                if self.counts(request, field, lifted) {
                    self.add(&mut aggregations, &format!("{at}-{field_at}"), request, field);
                }
            }
        }
        aggregations.into()
    }

    /// Returns true if a field is counted within the filter, or within the wider one of `lifted`.
    fn counts(&self, request: &FacetRequest, field: &FacetField, lifted: Option<&FacetField>) -> bool {
        match lifted {
            Some(lifted) => request.disjunctive && field == lifted,
            None => !request.disjunctive || field.lifted_from(&self.request.filter).is_none(),
        }
    }

    fn kind(&self, field: &FacetField) -> ValueKind {
        let FacetField::Attribute(name) = field else { return ValueKind::Labels };
        match self.searcher.sources.attributes.get(name).map(|attribute| attribute.kind) {
            Some(AttributeType::Number) => ValueKind::Numbers,
            Some(AttributeType::Date) => ValueKind::Dates,
            Some(AttributeType::Geo) => ValueKind::Points,
            Some(AttributeType::String | AttributeType::Text | AttributeType::Boolean) | None => {
                ValueKind::Labels
            }
        }
    }

    fn add(&self, to: &mut Map<String, Value>, name: &str, request: &FacetRequest, field: &FacetField) {
        let of = field_of(field.name());
        let counted =
            |of: &str| json!({ "terms": { "field": of, "size": MAX_VALUES, "shard_size": MAX_VALUES } });
        let values = counted(&of);
        match self.kind(field) {
            ValueKind::Points => {}
            ValueKind::Labels => {
                let aggregation = match &request.starts_with {
                    Some(start) if *field == FacetField::Author => {
                        json!({ "filter": authors(start), "aggs": { "values": values } })
                    }
                    _ => values,
                };
                to.insert(name.to_owned(), aggregation);
            }
            ValueKind::Numbers | ValueKind::Dates => {
                let aggregation = if !request.ranges.is_empty() {
                    let range = |bounds: &crate::request::NumberBounds| {
                        let mut range = json!({});
                        if let Some(from) = bounds.from {
                            range["from"] = from.into();
                        }
                        if let Some(to) = bounds.to {
                            range["to"] = to.into();
                        }
                        // The engine returns ranges in its own order.
                        json!({ "bool": { "filter": [{ "range": { &of: bounds_clause(&range) } }] } })
                    };
                    let ranges: Vec<Value> = request.ranges.iter().map(range).collect();
                    json!({ "filters": { "filters": ranges } })
                } else if let Some(unit) = request.calendar {
                    counted(&calendar_field_of(field.name(), unit))
                } else if let Some(width) = request.interval {
                    // The engine's bounds are rounded: a little below, they leave numbers on a bound above it.
                    let offset = -width * BOUND_TOLERANCE;
                    let histogram =
                        json!({ "field": of, "interval": width, "offset": offset, "min_doc_count": 1 });
                    json!({ "histogram": histogram })
                } else {
                    values
                };
                to.insert(name.to_owned(), aggregation);
                to.insert(format!("{name}-stats"), json!({ "stats": { "field": of } }));
            }
        }
    }

    /// Reads the facets; the first answer has those within the filter.
    pub(super) async fn read(
        &self,
        answers: &[Value],
        lifted: &[(FacetField, DocumentFilter)],
        matching: Value,
    ) -> Result<Vec<Vec<Facet>>, SearchError> {
        let mut facets = Vec::with_capacity(self.request.facets.len());
        for (at, request) in self.request.facets.iter().enumerate() {
            let mut of_request = Vec::new();
            for (field_at, field) in FacetField::of(request).iter().enumerate() {
                let wider = lifted.iter().position(|(of, _)| self.counts(request, field, Some(of)));
                let answer = wider.map_or(0, |at| at + 1);
                let counted = &answers.get(answer).unwrap_or(&Value::Null)["aggregations"];
                let name = format!("{at}-{field_at}");
                of_request.push(match self.kind(field) {
                    ValueKind::Points => Facet { field: field.name().to_owned(), ..Facet::default() },
                    ValueKind::Labels => self.labels(request, field, &counted[&name], &matching).await?,
                    kind => {
                        numbers(request, field, kind, &counted[&name], &counted[format!("{name}-stats")])?
                    }
                });
            }
            facets.push(of_request);
        }
        Ok(facets)
    }

    async fn labels(
        &self,
        request: &FacetRequest,
        field: &FacetField,
        counted: &Value,
        matching: &Value,
    ) -> Result<Facet, SearchError> {
        let is_author = *field == FacetField::Author;
        let counted = counted.get("values").unwrap_or(counted);
        let start = LabelBeginning::of(request.starts_with.as_ref().filter(|_| !is_author));
        let values: Vec<(String, u64, ())> = buckets(counted)?
            .iter()
            .filter_map(|bucket| {
                let key = &bucket["key"];
                let value = bucket["key_as_string"].as_str().or(key.as_str())?.to_owned();
                Some((value, bucket["doc_count"].as_u64()?, ()))
            })
            .filter(|(value, ..)| start.begins(value))
            .collect();
        let value_count = values.len() as u64;
        let (values, has_next) = label_page(values, request);
        let names =
            if request.names && is_author { self.author_names(&values, matching).await? } else { Map::new() };
        let bucket = |(value, count, ()): (String, u64, ())| {
            let name = names.get(&value).and_then(Value::as_str).map(str::to_owned);
            FacetBucket { value, count, name, bounds: None }
        };
        Ok(Facet {
            field: field.name().to_owned(),
            buckets: values.into_iter().map(bucket).collect(),
            value_count,
            has_next,
            stats: None,
            is_date: false,
        })
    }

    /// Returns the names of authors by key, each from one matching document.
    async fn author_names(
        &self,
        values: &[(String, u64, ())],
        matching: &Value,
    ) -> Result<Map<String, Value>, SearchError> {
        let mut names = Map::new();
        if values.is_empty() {
            return Ok(names);
        }
        let keys: Vec<&str> = values.iter().map(|(value, ..)| value.as_str()).collect();
        let body = json!({
            "size": 0,
            "query": { "bool": { "filter": [matching["query"], terms(AUTHOR_KEY, &keys)] } },
            "aggs": { "authors": {
                "terms": { "field": AUTHOR_KEY, "include": keys, "size": keys.len(), "shard_size": keys.len() },
                "aggs": { "example": { "top_hits": { "size": 1, "_source": [DOCUMENT] } } },
            } },
        });
        let answer = self.searcher.copies.search_one(body).await?;
        for bucket in buckets(&answer["aggregations"]["authors"])? {
            let document = decoded(&bucket["example"]["hits"]["hits"][0])?;
            if let (Some(key), Some(author)) = (bucket["key"].as_str(), &document.author) {
                names.insert(key.to_owned(), author.name.as_str().into());
            }
        }
        Ok(names)
    }
}

/// Returns a range clause with an inclusive lower and an exclusive upper bound.
fn bounds_clause(range: &Value) -> Value {
    let mut clause = json!({});
    if let Some(from) = range.get("from") {
        clause["gte"] = from.clone();
    }
    if let Some(to) = range.get("to") {
        clause["lt"] = to.clone();
    }
    clause
}

/// Returns the documents of authors whose key, or all words of whose name, begin with a text.
fn authors(start: &str) -> Value {
    let named: Vec<Value> = words(start).iter().map(|word| prefix(TERMS, &marked_name(&word.text))).collect();
    let mut alternatives = vec![prefix(AUTHOR_KEY, start)];
    if !named.is_empty() {
        alternatives.push(all_of(named, Vec::new()));
    }
    any_of(alternatives, Vec::new())
}

/// Returns the buckets of values; an error if there are more than are counted.
fn buckets(counted: &Value) -> Result<&[Value], SearchError> {
    if counted["sum_other_doc_count"].as_u64().unwrap_or(0) > 0 {
        return Err(SearchError::Unsupported("facets of fields with more than 65,000 values"));
    }
    Ok(counted["buckets"].as_array().map_or(&[], Vec::as_slice))
}

fn numbers(
    request: &FacetRequest,
    field: &FacetField,
    kind: ValueKind,
    counted: &Value,
    stats: &Value,
) -> Result<Facet, SearchError> {
    let mut counts = NumberCounts::new(request, kind == ValueKind::Dates);
    let of = |name: &str| stats[name].as_f64().unwrap_or(0.0);
    counts.stats = FacetStats {
        count: stats["count"].as_u64().unwrap_or(0),
        min: of("min"),
        max: of("max"),
        sum: of("sum"),
    };
    let documents = |bucket: &Value| bucket["doc_count"].as_u64().unwrap_or(0);
    let keyed = |bucket: &Value| Some((bucket["key"].as_f64()?, documents(bucket)));
    match &mut counts.buckets {
        NumberBuckets::Ranges(ranges) => {
            for ((_, count), bucket) in ranges.iter_mut().zip(buckets(counted)?) {
                *count = documents(bucket);
            }
        }
        NumberBuckets::Single(values) => {
            values.extend(buckets(counted)?.iter().filter_map(keyed).map(|(key, count)| (key.into(), count)));
        }
        NumberBuckets::Intervals(intervals) => {
            for (lower, count) in buckets(counted)?.iter().filter_map(keyed) {
                intervals.add(intervals.width.nearest(lower), count);
            }
        }
    }
    Ok(counts.into_facet(field.name().to_owned(), request))
}
