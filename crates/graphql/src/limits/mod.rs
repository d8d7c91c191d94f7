//! What an operation may ask for, found before anything else looks at it.
//!
//! One pass visits each fragment once, whatever the number of its spreads, so a document
//! whose fragments double at each level is refused in no time; async-graphql's own rules walk
//! such a document out. Its complexity limit also refuses a query that names a variable for
//! `first` and leaves it out, so that limit is not used.

mod document;
mod text;
mod time;

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{ServerError, Variables};

use self::document::Size;
use self::text::Scan;
pub use self::time::TimeLimits;
use super::error::{ErrorCode, refusal};
use super::guard::Introspection;
use quarry_config::Settings;

/// The longest name of a document, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// What one operation may ask for. Roomy: GraphiQL's introspection takes a depth of 15.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest document, in bytes.
    pub document_bytes: usize,
    /// Brackets within brackets, before the document is parsed.
    pub nesting: usize,
    /// Names, numbers, strings and punctuators, before the document is parsed.
    pub tokens: usize,
    /// Fields, fragments written out.
    pub fields: u64,
    /// Fields within fields, fragments written out.
    pub depth: u64,
    /// Fields times the sizes of the pages that they are on.
    pub cost: u64,
    /// Aliases, fragments written out.
    pub aliases: u64,
    /// Directives on one selection.
    pub directives: usize,
    /// Spreads of fragments, fragments written out.
    pub spreads: u64,
    /// The largest response, in bytes.
    pub response_bytes: usize,
    /// Responses in memory at once, in bytes.
    pub responses_bytes: usize,
    /// The largest `first`. What the schema says holds for more than that.
    pub page_size: usize,
    /// The largest quantity of an interaction.
    pub quantity: u32,
    /// Who may ask for the schema.
    pub introspection: Introspection,
}

impl Default for Limits {
    fn default() -> Self {
        Self::of(&Settings::default())
    }
}

impl Limits {
    /// The limits that the settings describe.
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
        }
    }

    /// Checks a text before it is parsed.
    pub(super) fn check_text(&self, text: &str) -> Result<(), ServerError> {
        if text.len() > self.document_bytes {
            let message = format!(
                "The document is longer than {} bytes. Pass large values as variables.",
                self.document_bytes
            );
            return Err(refusal(ErrorCode::GraphqlValidationFailed, message));
        }
        let Scan { nesting, tokens, longest_word } = Scan::of(text);
        if nesting > self.nesting {
            let message = format!("The document has more than {} brackets within brackets.", self.nesting);
            return Err(refusal(ErrorCode::GraphqlValidationFailed, message));
        }
        // Errors quote names, and so does each row of a response.
        if longest_word > MAX_NAME_BYTES {
            let message =
                format!("The document has a name or a number of more than {MAX_NAME_BYTES} characters.");
            return Err(refusal(ErrorCode::GraphqlValidationFailed, message));
        }
        if tokens > self.tokens {
            let message =
                format!("The document has more than {} tokens. Pass large values as variables.", self.tokens);
            return Err(refusal(ErrorCode::GraphqlValidationFailed, message));
        }
        Ok(())
    }

    /// Checks a parsed document, all of its operations together.
    pub(super) fn check(
        &self,
        document: &ExecutableDocument,
        variables: &Variables,
    ) -> Result<(), ServerError> {
        let size = Size::of(document, variables, self)?;
        for (what, size, limit) in [
            ("number of fields", size.fields, self.fields),
            ("number of fragment spreads", size.spreads, self.spreads),
            ("depth", size.depth, self.depth),
            ("number of fields times page sizes", size.cost, self.cost),
            ("number of aliases", size.aliases, self.aliases),
        ] {
            if size > limit {
                let message =
                    format!("The document asks for too much: its {what} is {size}, the limit {limit}.");
                return Err(refusal(ErrorCode::GraphqlValidationFailed, message));
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
    fn the_largest_page_of_the_schema_is_the_largest_that_can_be_set() {
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
    fn a_bomb_of_fragments_is_refused() {
        let mut text = "{ ...f0 }".to_owned();
        for level in 0..22 {
            text += &format!(" fragment f{level} on Query {{ ...f{n} ...f{n} }}", n = level + 1);
        }
        text += " fragment f22 on Query { sources { name } }";
        assert!(message(&text).contains("number of f"), "{}", message(&text));
    }

    #[test]
    fn fragments_without_fields_are_counted_by_their_spreads() {
        let levels: Vec<String> =
            (0..22).map(|n| format!("fragment f{n} on Query {{ ...f{m} ...f{m} }}", m = n + 1)).collect();
        let (used, unused) = ("{ ...f0 }", "{ __typename }");
        for operation in [used, unused] {
            let text = format!("{operation} {}", levels.join(" "));
            assert!(message(&text).contains("number of fragment spreads"), "{}", message(&text));
        }
    }

    #[test]
    fn what_describes_the_schema_cannot_multiply_itself() {
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
    fn what_a_variable_has_by_default_counts() {
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
    fn fragments_that_spread_themselves_are_refused() {
        let text = "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }";
        assert!(message(text).contains("spreads itself"));
    }

    #[test]
    fn pages_within_pages_multiply() {
        let text = "query($n: Int) { search(query: \"\", first: 100) { nodes { author { documents(first: $n) \
                    { nodes { id } } } } } }";
        assert_eq!(check(text, serde_json::json!({"n": 10})), Ok(()));
        assert_eq!(check(text, serde_json::json!({})), Ok(()));
        let deep = "{ search(query: \"\", first: 100) { nodes { author { documents(first: 100) { nodes { author { \
                    documents(first: 100) { nodes { id } } } } } } } } }";
        assert!(message(deep).contains("page sizes"));
    }

    #[test]
    fn long_reports_and_searches_within_rows_count_for_what_they_are() {
        let volume = "searchVolume { cache rows { start searches sessions zeroResults } }";
        let zero = "zeroResultSearches(first: 100) { rows { query hitsNow } }";
        let times = |field: &str, count: usize| -> String {
            let fields: Vec<String> = (0..count).map(|n| format!("a{n}: {field}")).collect();
            format!("{{ reports {{ {} }} }}", fields.join(" "))
        };
        for (field, fits) in [(volume, 8), (zero, 11)] {
            assert_eq!(check(&times(field, fits), serde_json::json!({})), Ok(()), "{field}");
            assert!(message(&times(field, fits + 1)).contains("page sizes"), "{field}");
        }
    }

    #[test]
    fn a_search_counts_for_many_fields_however_often_it_is_written() {
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
    fn texts_are_measured_before_they_are_parsed() {
        assert!(message(&format!("{{ a(b: {}) }}", "[".repeat(100_000))).contains("brackets"));
        assert!(message(&format!("{{ {} }}", "a ".repeat(60_000))).contains("tokens"));
        assert!(message(&format!("{{ {} }}", " ".repeat(1 << 20))).contains("bytes"));
    }
}
