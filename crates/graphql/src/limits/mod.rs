//! The limits of operations, checked before validation.
//!
//! One pass visits each fragment once, however often it is spread, so a document whose fragments double at each level
//! is rejected at once; the rules of async-graphql expand such a document. Its complexity limit also rejects a query
//! that omits the variable of a `first`, and is not used for this reason.

mod document;
mod text;
mod time;

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{ServerError, Variables};

use self::document::DocumentSize;
use self::text::Scan;
pub use self::time::TimeLimits;
use super::error_code::{ErrorCode, request_error};
use super::introspection::Introspection;
use quarry_config::Settings;

/// The maximum length of a name in a document, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// The limits of an operation. The introspection of GraphiQL has a depth of 15.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The length of a document, in bytes.
    pub document_bytes: usize,
    /// The nesting of brackets, checked before parsing.
    pub nesting: usize,
    /// The number of names, numbers, strings and punctuators, checked before parsing.
    pub tokens: usize,
    /// The number of fields with expanded fragments.
    pub fields: u64,
    /// The nesting of fields with expanded fragments.
    pub depth: u64,
    /// The number of fields, multiplied by the sizes of their pages.
    pub cost: u64,
    /// The number of aliases with expanded fragments.
    pub aliases: u64,
    /// The number of directives on one selection.
    pub directives: usize,
    /// The number of fragment spreads with expanded fragments.
    pub spreads: u64,
    /// The size of a response, in bytes.
    pub response_bytes: usize,
    /// The memory of all responses, in bytes.
    pub responses_bytes: usize,
    /// The largest `first`, at most the one that the schema states.
    pub page_size: usize,
    /// The largest quantity of an interaction.
    pub quantity: u32,
    /// The callers that may introspect the schema.
    pub introspection: Introspection,
    /// Serves the fields of a subgraph, `_entities` and `_service`.
    pub federation: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self::of(&Settings::default())
    }
}

impl Limits {
    /// The limits of the settings.
    pub fn of(settings: &Settings) -> Self {
        let limits = &settings.limits;
        Self {
            document_bytes: limits.document_bytes,
            nesting: limits.document_nesting,
            tokens: limits.document_tokens,
            fields: limits.fields,
            depth: limits.depth,
            cost: limits.cost,
            aliases: limits.aliases,
            directives: limits.directives,
            spreads: limits.fragment_spreads,
            response_bytes: limits.response_bytes,
            responses_bytes: limits.responses_mb << 20,
            page_size: limits.page_size,
            quantity: limits.quantity,
            introspection: settings.server.introspection.into(),
            federation: settings.server.federation,
        }
    }

    /// Checks a text before parsing.
    pub(super) fn check_text(&self, text: &str) -> Result<(), ServerError> {
        self.text_problem(text)
            .map_or(Ok(()), |problem| Err(request_error(ErrorCode::GraphqlValidationFailed, problem)))
    }

    fn text_problem(&self, text: &str) -> Option<String> {
        let Self { document_bytes, nesting, tokens, .. } = self;
        if text.len() > *document_bytes {
            return Some(format!(
                "The document is longer than {document_bytes} bytes. Pass large values as variables."
            ));
        }
        let scan = Scan::of(text);
        if scan.nesting > *nesting {
            return Some(format!(
                "The document has more than {nesting} brackets within brackets. Reduce its nesting."
            ));
        }
        // Errors contain names, and so does each row of a response.
        if scan.longest_word > MAX_NAME_BYTES {
            return Some(format!(
                "The document has a name or a number of more than {MAX_NAME_BYTES} characters. Shorten it."
            ));
        }
        (scan.tokens > *tokens)
            .then(|| format!("The document has more than {tokens} tokens. Pass large values as variables."))
    }

    /// Checks all operations of a document together.
    pub(super) fn check(
        &self,
        document: &ExecutableDocument,
        variables: &Variables,
    ) -> Result<(), ServerError> {
        let size = DocumentSize::of(document, variables, self)?;
        for (measure, size, limit) in [
            ("number of fields", size.fields, self.fields),
            ("number of fragment spreads", size.spreads, self.spreads),
            ("depth", size.depth, self.depth),
            ("number of fields times page sizes", size.cost, self.cost),
            ("number of aliases", size.aliases, self.aliases),
        ] {
            if size > limit {
                let message = format!(
                    "The document exceeds a limit: its {measure} is {size}, the limit is {limit}. Request less at once."
                );
                return Err(request_error(ErrorCode::GraphqlValidationFailed, message));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;
    use crate::pagination::MAX_FIRST;

    #[test]
    fn the_largest_page_of_the_schema_is_the_maximum_of_the_setting() {
        let with = |size: usize| Settings::from_toml(&format!("[limits]\npage_size = {size}"));
        assert_eq!(Limits::of(&with(MAX_FIRST).unwrap()).page_size, MAX_FIRST);
        assert!(with(MAX_FIRST + 1).is_err());
    }

    fn check(text: &str, variables: serde_json::Value) -> Result<(), String> {
        let limits = Limits::default();
        limits.check_text(text).map_err(|error| error.message)?;
        let document = parse_query(text).unwrap();
        limits.check(&document, &Variables::from_json(variables)).map_err(|error| error.message)
    }

    fn message(text: &str) -> String {
        check(text, serde_json::json!({})).unwrap_err()
    }

    #[test]
    fn exponential_fragments_are_rejected() {
        let mut text = "{ ...f0 }".to_owned();
        for level in 0..22 {
            text += &format!(" fragment f{level} on Query {{ ...f{n} ...f{n} }}", n = level + 1);
        }
        text += " fragment f22 on Query { sources { name } }";
        assert!(message(&text).contains("number of f"), "{}", message(&text));
    }

    #[test]
    fn exponential_spreads_without_fields_are_rejected() {
        let levels: Vec<String> =
            (0..22).map(|n| format!("fragment f{n} on Query {{ ...f{m} ...f{m} }}", m = n + 1)).collect();
        let (used, unused) = ("{ ...f0 }", "{ __typename }");
        for operation in [used, unused] {
            let text = format!("{operation} {}", levels.join(" "));
            assert!(message(&text).contains("number of fragment spreads"), "{}", message(&text));
        }
    }

    #[test]
    fn introspection_nests_few_lists() {
        let fields = |levels: usize| {
            let (open, close) = ("fields { type { ".repeat(levels), " } }".repeat(levels));
            format!("{{ __schema {{ types {{ {open} name {close} }} }} }}")
        };
        assert_eq!(check(&fields(2), serde_json::json!({})), Ok(()));
        assert!(message(&fields(3)).contains("lists within one another"));
        let schemas: String = (0..6).map(|n| format!("a{n}: __schema {{ types {{ name }} }} ")).collect();
        assert!(message(&format!("{{ {schemas} }}")).contains("page sizes"));
    }

    #[test]
    fn the_cost_includes_defaults_of_variables() {
        let text = |first: u32| {
            format!(
                "query A($n: Int = {first}) {{ search(query: \"\", first: $n) {{ nodes {{ author {{ \
                 documents(first: $n) {{ nodes {{ id text }} }} }} }} }} }}"
            )
        };
        assert_eq!(check(&text(50), serde_json::json!({})), Ok(()));
        assert!(message(&text(100)).contains("page sizes"));
        assert_eq!(check(&text(100), serde_json::json!({"n": 50})), Ok(()));
        let several = format!("{} query B($n: Int = 1) {{ __typename }}", text(100));
        assert!(message(&several).contains("page sizes"));
    }

    #[test]
    fn cycles_of_fragments_are_rejected() {
        let text = "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }";
        assert!(message(text).contains("spreads itself"));
    }

    #[test]
    fn nested_pages_multiply_the_cost() {
        let text = "query($n: Int) { search(query: \"\", first: 100) { nodes { author { documents(first: $n) \
                    { nodes { id } } } } } }";
        assert_eq!(check(text, serde_json::json!({"n": 10})), Ok(()));
        assert_eq!(check(text, serde_json::json!({})), Ok(()));
        let deep = "{ search(query: \"\", first: 100) { nodes { author { documents(first: 100) { nodes { author { \
                    documents(first: 100) { nodes { id } } } } } } } } }";
        assert!(message(deep).contains("page sizes"));
    }

    #[test]
    fn long_reports_and_searches_within_rows_have_their_cost() {
        let volume = "searchVolume { cache rows { start searches sessions zeroResults } }";
        let zero = "zeroResultSearches(first: 100) { rows { query hitsNow } }";
        let times = |field: &str, count: usize| -> String {
            let fields: Vec<String> = (0..count).map(|n| format!("a{n}: {field}")).collect();
            format!("{{ reports {{ {} }} }}", fields.join(" "))
        };
        for (field, fits) in [(volume, 9), (zero, 11)] {
            assert_eq!(check(&times(field, fits), serde_json::json!({})), Ok(()), "{field}");
            assert!(message(&times(field, fits + 1)).contains("page sizes"), "{field}");
        }
    }

    #[test]
    fn facets_of_a_page_of_hits_count_once() {
        let facets = "field valueCount buckets { value label count }";
        let page = format!(
            "{{ search(query: \"\", first: 100) {{ totalCount relaxed nodes {{ key title }} \
             a: facets(first: 100) {{ {facets} }} b: facets(first: 100) {{ {facets} }} \
             c: facets(first: 100) {{ {facets} }} d: facets(first: 100) {{ {facets} }} }} }}"
        );
        assert_eq!(check(&page, serde_json::json!({})), Ok(()));
        let of_hits = "{ search(query: \"\", first: 100) { nodes { author { documents(first: 100) \
                       { nodes { key id text } } } } } }";
        assert!(message(of_hits).contains("page sizes"));
    }

    #[test]
    fn each_search_has_its_base_cost() {
        let times = |count: usize| format!("{{ {} }}", "search(query: \"x\") { totalCount } ".repeat(count));
        assert_eq!(check(&times(200), serde_json::json!({})), Ok(()));
        assert!(message(&times(250)).contains("page sizes"));
    }

    #[test]
    fn aliases_and_directives_are_counted() {
        let aliases: String = (0..101).map(|n| format!("a{n}: __typename ")).collect();
        assert!(message(&format!("{{ {aliases} }}")).contains("aliases"));
        assert!(
            message(&format!("{{ __typename {} }}", "@skip(if: false) ".repeat(6))).contains("directives")
        );
    }

    #[test]
    fn texts_are_measured_before_parsing() {
        assert!(message(&format!("{{ a(b: {}) }}", "[".repeat(100_000))).contains("brackets"));
        assert!(message(&format!("{{ {} }}", "a ".repeat(60_000))).contains("tokens"));
        assert!(message(&format!("{{ {} }}", " ".repeat(1 << 20))).contains("bytes"));
    }
}
