use async_graphql::{Context, Lookahead, Object, SelectionField, SimpleObject, Value};

use super::int;
use crate::failure::Failure;
use crate::list::List;
use crate::pagination::page_size;
use quarry_search::FacetRequest;

/// The maximum length of `startsWith`, in characters.
const MAX_START_CHARS: usize = 100;
/// Different facets that one search computes.
const MAX_FACETS: usize = 8;

/// The GraphQL type of a facet.
pub(crate) struct Facet {
    field: &'static str,
    buckets: List<Vec<FacetBucket>>,
}

/// A facet: the values of a field in the matching documents with their counts.
#[Object]
impl Facet {
    /// The field of `DocumentFilter`: `source`, `category` or `authorKey`.
    async fn field(&self) -> &'static str {
        self.field
    }

    /// The values by count in descending order, ties by value.
    async fn buckets(&self) -> &List<Vec<FacetBucket>> {
        &self.buckets
    }
}

/// A value of a facet.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct FacetBucket {
    /// The value: pass it to `DocumentFilter` to select these documents.
    value: String,
    /// The name of the author; null for sources and categories.
    name: Option<String>,
    /// The number of matching documents with this value.
    count: i32,
}

impl From<&quarry_search::Facet> for Facet {
    fn from(facet: &quarry_search::Facet) -> Self {
        let bucket = |bucket: &quarry_search::FacetBucket| FacetBucket {
            value: bucket.value.clone(),
            name: bucket.name.clone(),
            count: int(bucket.count),
        };
        Self { field: facet.field, buckets: facet.buckets.iter().map(bucket).collect() }
    }
}

/// The arguments of `facets`.
#[derive(Debug, Default)]
pub(super) struct FacetArguments {
    pub(super) first: Option<i32>,
    pub(super) starts_with: Option<String>,
    pub(super) disjunctive: bool,
}

impl FacetArguments {
    /// Validates the arguments.
    pub(super) fn checked(self, ctx: &Context<'_>) -> Result<FacetRequest, Failure> {
        let starts_with = self.starts_with.filter(|start| !start.is_empty());
        if starts_with.as_ref().is_some_and(|start| start.chars().count() > MAX_START_CHARS) {
            let problem = format_args!("is longer than {MAX_START_CHARS} characters: shorten it");
            return Err(Failure::bad_input("startsWith", problem));
        }
        let first = page_size(ctx, self.first)?;
        Ok(FacetRequest { starts_with, disjunctive: self.disjunctive, ..FacetRequest::new(first) })
    }

    /// Reads the arguments of a selected field; invalid ones are reported when it is resolved.
    fn of(field: &SelectionField<'_>) -> Self {
        let mut arguments = Self::default();
        for (name, value) in field.arguments().unwrap_or_default() {
            match (name.as_str(), value) {
                ("first", Value::Number(first)) => {
                    arguments.first = first.as_i64().and_then(|first| i32::try_from(first).ok());
                }
                ("startsWith", Value::String(start)) => arguments.starts_with = Some(start),
                ("disjunctive", Value::Boolean(disjunctive)) => arguments.disjunctive = disjunctive,
                _ => {}
            }
        }
        arguments
    }
}

/// Returns the different facets that the selection of a search contains.
pub(crate) fn selected_facets(
    ctx: &Context<'_>,
    search: &Lookahead<'_>,
) -> Result<Vec<FacetRequest>, Failure> {
    let mut requests: Vec<FacetRequest> = Vec::new();
    for field in search.field("facets").selection_fields() {
        let Ok(request) = FacetArguments::of(&field).checked(ctx) else { continue };
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
