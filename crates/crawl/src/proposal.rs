//! A proposal for the settings of an unknown API: a `[[sources]]` table from one response, verified by a
//! preview of its second page where the upstream has one.

mod address;
mod changes;
mod graphql;
mod introspection;
mod keyset;
mod list_query;
mod paging;
mod scheme;
mod spelling;
mod table;
mod trials;

use std::time::Duration;

use quarry_config::{ConfigError, Environment, Overrides, Secret, Settings, SourceConfig};
use quarry_domain::SourceName;
use url::Url;

use self::changes::propose_since;
use self::keyset::find_keyset;
use self::paging::{PagingHints, guess_paging};
use self::table::SourceTable;
use self::trials::{FIRST_PAGE, SINGLE_PAGE, Trial, Trials};
use super::attempts::Attempts;
use super::client::{HttpUpstream, HttpUpstreamError, RawResponse};
use super::format::{ParsedBody, parse_body};
use super::inspect::{
    find_items, find_next, find_total, flag_of_more, guess_fields, is_unique, leaves, states_more,
};
use super::json::Json;
use super::upstream::{FetchError, UpstreamRequest};

/// The attempts at the first response.
const MAX_ATTEMPTS: u32 = 3;
/// The shortest pause between them.
const LEAST_PAUSE: Duration = Duration::from_millis(250);

/// The address of an unknown API.
#[derive(Clone, Debug)]
pub struct ProposalRequest {
    /// The address of a list.
    pub url: Url,
    /// The name of the source; derived from the address if absent.
    pub name: Option<SourceName>,
    /// The headers that the API needs.
    ///
    /// The proposal names variables in place of their values, and of the secrets in the address.
    pub headers: Vec<(String, Secret)>,
    /// The root field of a list in GraphQL; the first suitable one if absent.
    pub list: Option<String>,
}

/// Proposed settings.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// A `[[sources]]` table with comments.
    pub toml: String,
    /// The variables that the table refers to.
    pub variables: Vec<String>,
    /// A crawl with these settings works, as far as the first pages show.
    pub is_verified: bool,
    /// The required fields that the table has as comments, because no member certainly is one.
    pub unclear: Vec<&'static str>,
}

/// An API that no settings can be proposed for.
#[derive(Debug, thiserror::Error)]
pub enum ProposalError {
    /// The API did not return a response.
    #[error("the API returned no list: {0}")]
    Fetch(FetchError),
    /// The API answers neither `GET` nor an introspection of its schema.
    #[error(
        "the API returned no list: {0}. It may expect POST: describe it with `method = \"POST\"` and a `body`, for \
         GraphQL with a `query`, as docs/sources.md shows"
    )]
    Method(FetchError),
    /// The API does not describe its schema.
    #[error(
        "the API does not answer an introspection of its GraphQL schema: describe the source with a `query`, as \
         docs/sources.md shows"
    )]
    NoSchema,
    /// The schema has no list that can be requested without arguments of its own.
    #[error(
        "the GraphQL schema has no list without required arguments: describe the source with a `query`, as \
         docs/sources.md shows"
    )]
    NoQuery,
    /// The schema has no list with the requested name.
    #[error("the GraphQL schema has no list `{wanted}` without required arguments: it has {lists}")]
    NoList {
        /// The requested name.
        wanted: String,
        /// The names of the lists.
        lists: String,
    },
    /// None of the lists of a schema can be a source.
    #[error(
        "the list `{list}` of the GraphQL schema cannot be a source: {cause}; pass another one by --list"
    )]
    Unusable {
        /// The name of the first list.
        list: String,
        /// The reason.
        cause: String,
    },
    /// The client cannot be built.
    #[error(transparent)]
    Client(#[from] HttpUpstreamError),
    /// The body is not JSON.
    #[error("the response is not JSON{0}: pass the address of the API, not of a page for browsers")]
    NotJson(&'static str),
    /// The body has no list.
    #[error("the response has no list of objects: {0}")]
    NoItems(String),
    /// The settings do not accept the proposal: a defect, or an invalid header.
    #[error("the proposed settings are invalid: {0}")]
    Invalid(ConfigError),
}

/// Inspects an API and proposes the settings of its source.
pub async fn propose(request: &ProposalRequest) -> Result<Proposal, ProposalError> {
    let name = request.name.clone().unwrap_or_else(|| name_of(&request.url));
    let mut table = SourceTable::new(name, request);
    // Any valid fields: this client requests the address as it is.
    let probe = HttpUpstream::new(&parse(&table)?)?;
    let response = match request_raw(&probe, &UpstreamRequest::from(request.url.clone())).await {
        Ok(response) if request.list.is_none() && !is_page(&request.url, &response) => response,
        outcome => return propose_query(request, &mut table, outcome.err()).await,
    };
    let ParsedBody { format, json: body, rejected } =
        parse_body(&response.text(), &response.content_type()).map_err(ProposalError::NotJson)?;
    let Some(list) = find_items(&body) else { return Err(ProposalError::NoItems(describe(&body))) };
    let mut fields = guess_fields(&list.items, list.is_keyed);
    if fields.text.is_none() {
        fields.text = fields.title.take();
    }
    let statements = leaves(&body, &list.pointer);
    let link = response.next_link();
    let next = find_next(&statements, &list.pointer);
    let header = response.next_cursor();
    let has_next = link.is_some() || header.is_some() || states_more(&statements, &list.pointer);
    let total = find_total(&statements, &list.pointer, list.items.len(), has_next);
    table.describe_items(&list, format);
    if let [first, others @ ..] = &rejected[..] {
        let others =
            if others.is_empty() { String::new() } else { format!(" (and {} others)", others.len()) };
        table.warnings.push(format!("{first}{others}: a crawl rejects it"));
    }
    table.total.clone_from(&total);
    table.header_total = response.header_total().filter(|(_, total)| {
        let count = i64::try_from(list.items.len()).unwrap_or(i64::MAX);
        *total > count || (*total == count && !has_next)
    });
    let total = total.map(|total| total.value).or(table.header_total.map(|(_, total)| total));
    table.describe_fields(&fields, &list.items);
    let hints = PagingHints {
        url: &request.url,
        link: link.as_ref(),
        header: header.as_ref().map(|(name, cursor)| (name.as_str(), cursor.as_str())),
        next: next.as_ref(),
        statements: &statements,
        list: &list.pointer,
        items: list.items.len(),
        total,
    };
    // A number that equals that of the items on the page may be their number only: another page tells.
    let page_count = i64::try_from(list.items.len()).unwrap_or(i64::MAX);
    let doubtful = total == Some(page_count);
    let stated = (table.total.clone(), table.header_total);
    if doubtful {
        (table.total, table.header_total) = (None, None);
    }
    let mut trials = Trials {
        table: &mut table,
        items: list.items.len(),
        first_item: list.items.first().map(|item| (*item).clone()),
        total,
        best: None,
    };
    let states_end = flag_of_more(&statements, &list.pointer) == Some(false);
    let key = fields.key.as_ref().filter(|key| !states_end && is_unique(&list.items, &key.pointer));
    let keyset = async |is_first: bool| match key {
        // A promise of more items that names no next page is typical of them.
        Some(key) if is_first == (has_next && link.is_none() && header.is_none() && next.is_none()) => {
            find_keyset(&probe, &hints, &list.items, &key.pointer).await
        }
        _ => Vec::new(),
    };
    let guesses = [keyset(true).await, guess_paging(&hints)].concat();
    if !trials.run(guesses).await? {
        trials.run(keyset(false).await).await?;
    }
    let best = trials.best;
    if doubtful && best.as_ref().is_some_and(|best| best.score == SINGLE_PAGE) {
        (table.total, table.header_total) = stated;
    }
    let Trial { score, guess, verdict } = best.unwrap_or_default();
    let count = list.items.len();
    let has_more =
        has_next || total.is_some_and(|total| usize::try_from(total).is_ok_and(|total| total > count));
    if score <= FIRST_PAGE && !has_more {
        table.describe_single_page(count);
    } else {
        table.paging = Some(guess);
        table.verdict = verdict;
    }
    if let Some(key) = fields.key.as_ref().filter(|key| !is_unique(&list.items, &key.pointer)) {
        table.warnings.push(format!("{} has the same value in several items: set another key", key.pointer));
    }
    table.since = propose_since(&probe, &request.url, &list, &statements).await;
    parse(&table)?;
    Ok(table.proposal(score >= SINGLE_PAGE))
}

/// Requests a body, again after transient failures.
async fn request_raw(upstream: &HttpUpstream, request: &UpstreamRequest) -> Result<RawResponse, FetchError> {
    let attempts = Attempts {
        most: MAX_ATTEMPTS,
        // Probes with other parameters are refused for good.
        most_refused: 1,
        least_pause: LEAST_PAUSE,
        max_retry_after: Duration::MAX,
    };
    attempts.make(&mut Vec::new(), || upstream.fetch_raw(request)).await
}

fn is_graphql(url: &Url) -> bool {
    // Shopify's ends with `graphql.json`.
    let path = url.path().trim_end_matches('/');
    path.strip_suffix(".json").unwrap_or(path).ends_with("graphql")
}

/// Returns true for a page that shows browsers how to use GraphQL.
fn is_page(url: &Url, response: &RawResponse) -> bool {
    is_graphql(url) && response.content_type().contains("html")
}

/// Proposes a query if the API speaks GraphQL; otherwise returns the error of its response to `GET`.
async fn propose_query(
    request: &ProposalRequest,
    table: &mut SourceTable,
    error: Option<FetchError>,
) -> Result<Proposal, ProposalError> {
    let status = error.as_ref().and_then(|error| error.status);
    let may_expect_post = match status {
        Some(405) => true,
        Some(400 | 404 | 415) => is_graphql(&request.url),
        _ => error.is_none(),
    };
    if may_expect_post && let Some(proposal) = graphql::propose(request, table).await? {
        return Ok(proposal);
    }
    Err(match error {
        None => ProposalError::NoSchema,
        Some(error) if may_expect_post && status != Some(404) => ProposalError::Method(error),
        Some(error) => ProposalError::Fetch(error),
    })
}

/// Parses a table with the values of its variables.
fn parse(table: &SourceTable) -> Result<SourceConfig, ProposalError> {
    let pairs = table.variables().map(|(name, value)| (name.to_owned(), value.expose().to_owned()));
    let environment = Environment::from_pairs(pairs);
    let settings =
        Settings::from_text("the proposal", &table.to_toml(false), &Overrides::default(), &environment)
            .map_err(ProposalError::Invalid)?;
    let source = settings.sources.crawled.into_iter().next();
    Ok(source.expect("a table of sources has one source"))
}

/// Describes a body without a list.
fn describe(body: &Json) -> String {
    match body {
        Json::Array(items) if items.is_empty() => "the list is empty; pass an address with items".to_owned(),
        Json::Array(_) => "it is a list of other values".to_owned(),
        Json::Object(members) => {
            let names: Vec<&str> = members.keys().take(12).map(String::as_str).collect();
            let is_empty = members.values().any(|value| *value == Json::Array(Vec::new()));
            let hint = if is_empty { "; a list may be empty, so pass an address with items" } else { "" };
            format!("it is an object with the members {}{hint}", names.join(", "))
        }
        _ => "it is a single value".to_owned(),
    }
}

/// Derives the name of a source from its address: the last word of the path, or else the host.
fn name_of(url: &Url) -> SourceName {
    const VAGUE: [&str; 12] = [
        "api", "rest", "json", "index", "search", "list", "query", "select", "odata", "graphql", "all",
        "feed",
    ];
    let segments: Vec<&str> =
        url.path_segments().into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let stem = |part: &&str| part.split('.').next().unwrap_or_default().trim_matches('_').to_lowercase();
    let is_word = |word: &String| {
        let is_version = word.starts_with('v') && word[1..].chars().all(|char| char.is_ascii_digit());
        word.chars().any(char::is_alphabetic)
            && word.chars().all(|char| char.is_alphanumeric() || "-_".contains(char))
            && !is_version
            && !VAGUE.contains(&word.as_str())
    };
    let word = segments.iter().rev().map(stem).find(is_word);
    let host = || url.host_str().unwrap_or("source").trim_start_matches("www.").replace([':', '[', ']'], "");
    let name = word.unwrap_or_else(host);
    SourceName::parse(&name).or_else(|_| SourceName::parse("source")).expect("a valid name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_graphql_are_known_by_their_ends() {
        for (url, expected) in [
            ("https://h/graphql", true),
            ("https://h/api/graphql/", true),
            ("https://h/admin/api/2024-10/graphql.json", true),
            ("https://h/graphql/notes.json", false),
            ("https://h/items.json", false),
        ] {
            assert_eq!(is_graphql(&Url::parse(url).expect("a URL")), expected, "{url}");
        }
    }

    #[test]
    fn the_name_is_a_word_of_the_address() {
        for (url, name) in [
            ("https://api.example.com/v2/posts?limit=5", "posts"),
            ("https://example.com/wp-json/wp/v2/posts", "posts"),
            ("https://api.github.com/repos/rust-lang/rust/issues", "issues"),
            ("http://127.0.0.1:8983/solr/techproducts/select?q=*:*", "techproducts"),
            ("https://example.com/items.json", "items"),
            ("https://services.example.org/Northwind.svc/Products", "products"),
            ("https://www.example.org/api/v1/", "example.org"),
            ("https://example.org/users/17", "users"),
        ] {
            let url = Url::parse(url).expect("a URL");
            assert_eq!(name_of(&url).as_str(), name, "{url}");
        }
    }
}
