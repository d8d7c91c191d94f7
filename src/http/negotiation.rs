//! Which media type an answer has, and which one a request must have.

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};

/// A media type of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/graphql-response+json`: the status says whether the operation ran.
    GraphqlResponse,
    /// `application/json`: what clients from before that type expect; the status is 200.
    Json,
    /// `text/event-stream`: answers one by one, as they come.
    EventStream,
}

/// The type and the subtype of a media type.
type Parts = (&'static str, &'static str);

impl MediaType {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            Self::EventStream => "text/event-stream",
        }
    }

    const fn parts(self) -> Parts {
        match self {
            Self::GraphqlResponse => ("application", "graphql-response+json"),
            Self::Json => ("application", "json"),
            Self::EventStream => ("text", "event-stream"),
        }
    }
}

/// The media type that the client likes best; none if it takes neither.
pub(super) fn negotiate(headers: &HeaderMap) -> Option<MediaType> {
    if !headers.contains_key(ACCEPT) {
        return Some(MediaType::Json);
    }
    let ranges = accepted(headers);
    let graphql = liking(&ranges, MediaType::GraphqlResponse.parts());
    let json = liking(&ranges, MediaType::Json.parts());
    // A stream is for who asks for it, and before anything else: some clients name every type that they can read.
    let events =
        liking(&ranges, MediaType::EventStream.parts()).filter(|(_, named)| *named == Named::Exactly);
    if events.is_some() && events > graphql.max(json) {
        return Some(MediaType::EventStream);
    }
    match (graphql, json) {
        (None, None) => None,
        (Some(_), None) => Some(MediaType::GraphqlResponse),
        (None, Some(_)) => Some(MediaType::Json),
        // Named alike, the type that says more wins; under a wildcard, the one that all know.
        (Some((q, named)), Some((json_q, json_named))) => {
            let graphql = q > json_q || (q == json_q && named >= json_named && named == Named::Exactly);
            Some(if graphql { MediaType::GraphqlResponse } else { MediaType::Json })
        }
    }
}

/// Recognizes a client that names pages and prefers them to JSON, as browsers do.
pub(super) fn prefers_page(headers: &HeaderMap) -> bool {
    let ranges = accepted(headers);
    let page = liking(&ranges, ("text", "html")).filter(|(_, named)| *named == Named::Exactly);
    page.is_some() && page >= liking(&ranges, MediaType::Json.parts())
}

fn accepted(headers: &HeaderMap) -> Vec<Range<'_>> {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(Range::parse).collect()
}

/// How well a range names a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    ByAnything,
    ByType,
    Exactly,
}

struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    /// In thousandths, as precise as the header is.
    quality: u16,
}

impl<'a> Range<'a> {
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

    fn names(&self, (kind, own): Parts) -> Option<Named> {
        if self.kind == "*" && self.subtype == "*" {
            return Some(Named::ByAnything);
        }
        if !self.kind.eq_ignore_ascii_case(kind) {
            return None;
        }
        match self.subtype {
            "*" => Some(Named::ByType),
            subtype => subtype.eq_ignore_ascii_case(own).then_some(Named::Exactly),
        }
    }
}

/// The quality that the most telling range gives a type; none if it is unwanted.
fn liking(ranges: &[Range<'_>], media: Parts) -> Option<(u16, Named)> {
    let (named, quality) =
        ranges.iter().filter_map(|range| Some((range.names(media)?, range.quality))).max()?;
    (quality > 0).then_some((quality, named))
}

/// Whether the request's body is JSON in UTF-8.
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
    fn the_client_chooses() {
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
    fn pages_are_for_clients_that_prefer_them() {
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
    fn only_json_in_utf8_is_read() {
        for (value, taken) in [
            ("application/json", true),
            ("Application/JSON; Charset=\"UTF-8\"", true),
            ("application/json; charset=latin1", false),
            ("application/json+x", false),
            ("text/plain", false),
            ("multipart/form-data; boundary=x", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, value.parse().unwrap());
            assert_eq!(is_json(&headers), taken, "{value}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
