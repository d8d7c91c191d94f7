use async_graphql::Object;
use data_encoding::BASE64URL_NOPAD;

use super::{AttributeValue, int};
use crate::list::List;
use quarry_search::{FacetRequest, NumberBounds, facet_digest};

/// The GraphQL type of a facet.
pub(crate) struct Facet {
    field: String,
    buckets: List<Vec<FacetBucket>>,
    value_count: u64,
    end_cursor: Option<String>,
    stats: Option<FacetStats>,
}

/// A facet: the values of a field in the matching documents with their counts.
#[Object]
impl Facet {
    /// The field of `DocumentFilter`, `source`, `category` or `authorKey`, or the name of an attribute.
    async fn field(&self) -> &str {
        &self.field
    }

    /// The values, intervals or ranges in the requested order.
    async fn buckets(&self) -> &List<Vec<FacetBucket>> {
        &self.buckets
    }

    /// The number of different values in the matching documents; of intervals or ranges, their number.
    async fn value_count(&self) -> i32 {
        int(self.value_count)
    }

    /// The cursor of the last value, for `after`; null if no values follow.
    async fn end_cursor(&self) -> Option<&str> {
        self.end_cursor.as_deref()
    }

    /// The statistics of numbers and dates; null for other fields, and if no document has a value.
    async fn stats(&self) -> Option<&FacetStats> {
        self.stats.as_ref()
    }
}

/// The GraphQL type of a value of a facet.
#[derive(Clone, Debug)]
pub(crate) struct FacetBucket {
    value: String,
    name: Option<String>,
    count: i32,
    from: Option<AttributeValue>,
    to: Option<AttributeValue>,
}

/// A value of a facet.
#[Object]
impl FacetBucket {
    /// The value: pass it to `DocumentFilter` to select these documents.
    async fn value(&self) -> &str {
        &self.value
    }

    /// The name of the author; null for other fields.
    async fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The number of matching documents with this value.
    async fn count(&self) -> i32 {
        self.count
    }

    /// The lower bound of an interval or range, inclusive; null for single values and open ends.
    async fn from(&self) -> Option<&AttributeValue> {
        self.from.as_ref()
    }

    /// The upper bound of an interval or range, exclusive; null for single values and open ends.
    async fn to(&self) -> Option<&AttributeValue> {
        self.to.as_ref()
    }
}

/// The GraphQL type of the statistics of a facet.
#[derive(Clone, Debug)]
pub(crate) struct FacetStats {
    is_date: bool,
    stats: quarry_search::FacetStats,
}

/// The statistics of the numbers or dates in the matching documents.
#[Object]
impl FacetStats {
    /// The number of values: a document may have several.
    async fn count(&self) -> i32 {
        int(self.stats.count)
    }

    /// The smallest value.
    async fn min(&self) -> AttributeValue {
        AttributeValue::of(self.stats.min, self.is_date)
    }

    /// The largest value.
    async fn max(&self) -> AttributeValue {
        AttributeValue::of(self.stats.max, self.is_date)
    }

    /// The mean of the values; null for dates.
    async fn average(&self) -> Option<f64> {
        (!self.is_date).then_some(self.stats.sum / self.stats.count as f64)
    }

    /// The sum of the values; null for dates.
    async fn sum(&self) -> Option<f64> {
        (!self.is_date).then_some(self.stats.sum)
    }
}

impl Facet {
    /// Converts a facet that answers a request.
    pub(super) fn of(facet: &quarry_search::Facet, request: &FacetRequest) -> Self {
        let is_date = facet.is_date;
        let bucket = |bucket: &quarry_search::FacetBucket| {
            let NumberBounds { from, to } = bucket.bounds.unwrap_or_default();
            FacetBucket {
                value: bucket.value.clone(),
                name: bucket.name.clone(),
                count: int(bucket.count),
                from: from.map(|from| AttributeValue::of(from, is_date)),
                to: to.map(|to| AttributeValue::of(to, is_date)),
            }
        };
        let last = facet.buckets.last().filter(|_| facet.has_next);
        let stats = facet.stats.filter(|stats| stats.count > 0).map(|stats| FacetStats { is_date, stats });
        Self {
            field: facet.field.clone(),
            buckets: facet.buckets.iter().map(bucket).collect(),
            value_count: facet.value_count,
            end_cursor: last.map(|last| {
                FacetCursor { value: last.value.clone(), count: last.count }
                    .encode(facet_digest(&facet.field, request))
            }),
            stats,
        }
    }
}

/// The position of a value between pages.
pub(super) struct FacetCursor {
    pub(super) value: String,
    pub(super) count: u64,
}

impl FacetCursor {
    /// Encodes the position within the list of a digest.
    fn encode(&self, digest: u32) -> String {
        BASE64URL_NOPAD.encode(format!("{digest:x}:{}:{}", self.count, self.value).as_bytes())
    }

    /// Decodes a position; `None` unless it is one of the list with the digest.
    pub(super) fn decode(text: &str, digest: u32) -> Option<Self> {
        let text = String::from_utf8(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()?;
        let (list, position) = text.split_once(':')?;
        let (count, value) = position.split_once(':')?;
        let is_of_list = u32::from_str_radix(list, 16) == Ok(digest);
        is_of_list.then_some(Self { value: value.to_owned(), count: count.parse().ok()? })
    }
}
