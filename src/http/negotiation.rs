//! Content negotiation: the media types of requests and responses.

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};

/// A media type of responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/graphql-response+json`: the status is that of the result.
    GraphqlResponse,
    /// `application/json`, for clients older than that type: the status is 200.
    Json,
    /// `text/event-stream`: one event for each answer.
    EventStream,
}

/// The type and the subtype of a media type.
type TypeAndSubtype = (&'static str, &'static str);

impl MediaType {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            Self::EventStream => "text/event-stream",
        }
    }

    const fn parts(self) -> TypeAndSubtype {
        match self {
            Self::GraphqlResponse => ("application", "graphql-response+json"),
            Self::Json => ("application", "json"),
            Self::EventStream => ("text", "event-stream"),
        }
    }
}

/// The client's preferred media type; `None` if it accepts none of them.
pub(super) fn negotiate(headers: &HeaderMap) -> Option<MediaType> {
    if !headers.contains_key(ACCEPT) {
        return Some(MediaType::Json);
    }
    let ranges = accepted_ranges(headers);
    let graphql = preference(&ranges, MediaType::GraphqlResponse.parts());
    let json = preference(&ranges, MediaType::Json.parts());
    // A stream must be named, and preferred to both others: some clients list every type that they support.
    let events = preference(&ranges, MediaType::EventStream.parts())
        .filter(|(_, specificity)| *specificity == Specificity::Exact);
    if events.is_some() && events > graphql.max(json) {
        return Some(MediaType::EventStream);
    }
    match (graphql, json) {
        (None, None) => None,
        (Some(_), None) => Some(MediaType::GraphqlResponse),
        (None, Some(_)) => Some(MediaType::Json),
        // With equal quality, the newer type wins if it is named, and the older one under a wildcard.
        (Some((q, specificity)), Some((json_q, json_specificity))) => {
            let is_named = specificity >= json_specificity && specificity == Specificity::Exact;
            Some(if q > json_q || (q == json_q && is_named) {
                MediaType::GraphqlResponse
            } else {
                MediaType::Json
            })
        }
    }
}

/// Returns true for a client that names HTML and prefers it to JSON, as browsers do.
pub(super) fn prefers_page(headers: &HeaderMap) -> bool {
    let ranges = accepted_ranges(headers);
    let page =
        preference(&ranges, ("text", "html")).filter(|(_, specificity)| *specificity == Specificity::Exact);
    page.is_some() && page >= preference(&ranges, MediaType::Json.parts())
}

fn accepted_ranges(headers: &HeaderMap) -> Vec<MediaRange<'_>> {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(MediaRange::parse).collect()
}

/// The specificity of a range for a type, by RFC 9110.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Specificity {
    AnyType,
    AnySubtype,
    Exact,
}

struct MediaRange<'a> {
    kind: &'a str,
    subtype: &'a str,
    /// In thousandths, the precision of the header.
    quality: u16,
}

impl<'a> MediaRange<'a> {
    fn parse(range: &'a str) -> Option<Self> {
        let mut parts = range.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let quality = parts
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
            .map_or(Some(1.0), |(_, quality)| quality.trim().parse::<f32>().ok())?;
        (0.0..=1.0).contains(&quality).then_some(Self {
            kind,
            subtype,
            quality: (quality * 1_000.0).round() as u16,
        })
    }

    fn matches(&self, (kind, own): TypeAndSubtype) -> Option<Specificity> {
        if self.kind == "*" && self.subtype == "*" {
            return Some(Specificity::AnyType);
        }
        if !self.kind.eq_ignore_ascii_case(kind) {
            return None;
        }
        match self.subtype {
            "*" => Some(Specificity::AnySubtype),
            subtype => subtype.eq_ignore_ascii_case(own).then_some(Specificity::Exact),
        }
    }
}

/// The quality of a type in the most specific range; `None` if it is not accepted.
fn preference(ranges: &[MediaRange<'_>], media: TypeAndSubtype) -> Option<(u16, Specificity)> {
    let (specificity, quality) =
        ranges.iter().filter_map(|range| Some((range.matches(media)?, range.quality))).max()?;
    (quality > 0).then_some((quality, specificity))
}

/// Returns true if the request's body is JSON in UTF-8.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(content_type) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
    let is_utf8 = parts
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .all(|(_, charset)| {
            let charset = charset.trim().trim_matches('"');
            charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
        });
    is_json && is_utf8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(value: &str) -> Option<MediaType> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, value.parse().unwrap());
        negotiate(&headers)
    }

    #[test]
    fn the_client_chooses_the_media_type() {
        use MediaType::{EventStream, GraphqlResponse, Json};
        assert_eq!(negotiate(&HeaderMap::new()), Some(Json));
        for (value, chosen) in [
            ("*/*", Some(Json)),
            ("application/*", Some(Json)),
            ("application/json", Some(Json)),
            ("APPLICATION/JSON; charset=utf-8", Some(Json)),
            ("application/graphql-response+json", Some(GraphqlResponse)),
            (
                "application/graphql-response+json; charset=utf-8, application/json; q=0.9",
                Some(GraphqlResponse),
            ),
            ("application/json, application/graphql-response+json", Some(GraphqlResponse)),
            ("application/graphql-response+json;q=0.5, application/json", Some(Json)),
            ("application/graphql-response+json;q=0, */*", Some(Json)),
            ("application/json;q=0, */*;q=0.1", Some(GraphqlResponse)),
            ("text/html, */*;q=0.1", Some(Json)),
            ("application/graphql-response+json, */*", Some(GraphqlResponse)),
            ("application/json, */*", Some(Json)),
            ("text/event-stream", Some(EventStream)),
            ("Text/Event-Stream, */*", Some(EventStream)),
            ("text/event-stream, multipart/mixed", Some(EventStream)),
            ("text/event-stream, application/json;q=0.9", Some(EventStream)),
            ("application/json, text/event-stream", Some(Json)),
            (
                "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, \
                 multipart/mixed",
                Some(GraphqlResponse),
            ),
            ("text/event-stream;q=0.5, application/json", Some(Json)),
            ("text/*", None),
            ("text/event-stream;q=0", None),
            ("text/html", None),
            ("", None),
            ("nonsense", None),
            ("application/json;q=2", None),
            ("application/json;q=0", None),
        ] {
            assert_eq!(accept(value), chosen, "{value}");
        }
    }

    #[test]
    fn browsers_prefer_pages() {
        for (value, is_preferred) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", true),
            ("text/html", true),
            ("Text/HTML;q=0.5, application/json;q=0.4", true),
            ("text/html;q=0.5, application/json", false),
            ("text/html;q=0", false),
            ("text/*", false),
            ("application/json", false),
            ("*/*", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, value.parse().unwrap())]);
            assert_eq!(prefers_page(&headers), is_preferred, "{value}");
        }
        assert!(!prefers_page(&HeaderMap::new()));
    }

    #[test]
    fn only_json_in_utf8_is_accepted() {
        for (value, expected) in [
            ("application/json", true),
            ("Application/JSON; Charset=\"UTF-8\"", true),
            ("application/json; charset=latin1", false),
            ("application/json+x", false),
            ("text/plain", false),
            ("multipart/form-data; boundary=x", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, value.parse().unwrap());
            assert_eq!(is_json(&headers), expected, "{value}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
