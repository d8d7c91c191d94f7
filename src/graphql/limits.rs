//! What a document may cost, found in one pass before anything else looks at it.
//!
//! The pass visits each fragment once, whatever the number of its spreads, so a document
//! whose fragments double at each level is refused in no time; async-graphql's own rules walk
//! such a document out. Its complexity limit also refuses a query that names a variable for
//! `first` and leaves it out, so that limit is not used.

use std::collections::HashMap;

use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Name, ServerError, Value, Variables};
use async_graphql_value::Value as InputValue;

use super::error::{ErrorCode, refusal};
use super::guard::Introspection;
use super::pagination::{DEFAULT_FIRST, MAX_FIRST};

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
    /// Who may ask for the schema.
    pub introspection: Introspection,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes: 1 << 20,
            nesting: 128,
            tokens: 50_000,
            fields: 2_000,
            depth: 24,
            cost: 25_000,
            aliases: 100,
            directives: 5,
            introspection: Introspection::default(),
        }
    }
}

/// Fields that return a page of the default size where `first` is left out.
const PAGED: [&str; 10] = [
    "search",
    "searchLog",
    "documents",
    "crawls",
    "pages",
    "facets",
    "suggest",
    "topSearches",
    "zeroResultSearches",
    "category",
];

/// Fields that return many rows without a `first`, and how many they count for.
const LONG: [(&str, u64); 2] = [("searchVolume", 500), ("categories", 500)];

/// Fields that search by themselves, and how many plain ones each counts for.
const COSTLY: [(&str, u64); 2] = [("hitsNow", 20), ("suggest", 50)];

impl Limits {
    /// Checks a text before it is parsed: the parser recurses, so nesting is bounded here.
    pub(super) fn check_text(&self, text: &str) -> Result<(), ServerError> {
        if text.len() > self.document_bytes {
            let message = format!(
                "The document is longer than {} bytes. Pass large values as variables.",
                self.document_bytes
            );
            return Err(refusal(ErrorCode::GraphqlValidationFailed, message));
        }
        let Scan { nesting, tokens } = scan(text.as_bytes());
        if nesting > self.nesting {
            let message = format!("The document has more than {} brackets within brackets.", self.nesting);
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
        let mut pass = Pass { limits: self, document, variables, fragments: HashMap::new() };
        let mut total = Size::default();
        for (_, operation) in document.operations.iter() {
            check_directives(operation.node.directives.len(), self.directives)?;
            total.add(pass.selection_set(&operation.node.selection_set.node)?);
        }
        let over = |what: &str, limit: u64, size: u64| {
            let message = format!("The document asks for too much: its {what} is {size}, the limit {limit}.");
            Err(refusal(ErrorCode::GraphqlValidationFailed, message))
        };
        match total {
            Size { fields, .. } if fields > self.fields => over("number of fields", self.fields, fields),
            Size { depth, .. } if depth > self.depth => over("depth", self.depth, depth),
            Size { cost, .. } if cost > self.cost => {
                over("number of fields times page sizes", self.cost, cost)
            }
            Size { aliases, .. } if aliases > self.aliases => {
                over("number of aliases", self.aliases, aliases)
            }
            _ => Ok(()),
        }
    }
}

/// What a part of a document comes to.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    fields: u64,
    depth: u64,
    cost: u64,
    aliases: u64,
}

impl Size {
    fn add(&mut self, other: Size) {
        self.fields = self.fields.saturating_add(other.fields);
        self.depth = self.depth.max(other.depth);
        self.cost = self.cost.saturating_add(other.cost);
        self.aliases = self.aliases.saturating_add(other.aliases);
    }
}

struct Pass<'a> {
    limits: &'a Limits,
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    /// `None` while the fragment is being visited.
    fragments: HashMap<&'a Name, Option<Size>>,
}

impl<'a> Pass<'a> {
    fn selection_set(&mut self, set: &'a SelectionSet) -> Result<Size, ServerError> {
        let mut total = Size::default();
        for selection in &set.items {
            check_directives(selection.node.directives().len(), self.limits.directives)?;
            total.add(match &selection.node {
                Selection::Field(field) => self.field(&field.node)?,
                Selection::InlineFragment(fragment) => {
                    self.selection_set(&fragment.node.selection_set.node)?
                }
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node)?,
            });
        }
        Ok(total)
    }

    fn field(&mut self, field: &'a Field) -> Result<Size, ServerError> {
        let within = self.selection_set(&field.selection_set.node)?;
        Ok(Size {
            fields: within.fields.saturating_add(1),
            depth: within.depth + 1,
            cost: within.cost.saturating_mul(self.page_size(field)).saturating_add(own_cost(field)),
            aliases: within.aliases.saturating_add(u64::from(field.alias.is_some())),
        })
    }

    fn fragment(&mut self, name: &'a Name) -> Result<Size, ServerError> {
        match self.fragments.get(name) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => {
                let message = format!("The fragment {name:?} spreads itself, directly or through others.");
                return Err(refusal(ErrorCode::GraphqlValidationFailed, message));
            }
            None => {}
        }
        // Validation names the fragment that is not there.
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(Size::default()) };
        // The recursion of this pass is bounded by the depth of one fragment times this.
        if self.fragments.values().filter(|size| size.is_none()).count() >= MAX_FRAGMENT_CHAIN {
            let message = format!("More than {MAX_FRAGMENT_CHAIN} fragments spread one another in a chain.");
            return Err(refusal(ErrorCode::GraphqlValidationFailed, message));
        }
        self.fragments.insert(name, None);
        let size = self.selection_set(&fragment.node.selection_set.node)?;
        self.fragments.insert(name, Some(size));
        Ok(size)
    }

    /// How many times the selection of a field may be answered.
    fn page_size(&self, field: &Field) -> u64 {
        if let Some((_, rows)) = LONG.iter().find(|(name, _)| *name == field.name.node.as_str()) {
            return *rows;
        }
        if let Some(ids) = field.get_argument("ids") {
            let count = match &ids.node {
                InputValue::List(ids) => ids.len(),
                InputValue::Variable(name) => match self.variables.get(name) {
                    Some(Value::List(ids)) => ids.len(),
                    _ => 1,
                },
                _ => 1,
            };
            return count.clamp(1, MAX_FIRST) as u64;
        }
        let first = match field.get_argument("first").map(|argument| &argument.node) {
            Some(InputValue::Number(first)) => first.as_u64(),
            Some(InputValue::Variable(name)) => match self.variables.get(name) {
                Some(Value::Number(first)) => first.as_u64(),
                _ => Some(DEFAULT_FIRST as u64),
            },
            _ if PAGED.contains(&field.name.node.as_str()) => Some(DEFAULT_FIRST as u64),
            _ => Some(1),
        };
        first.unwrap_or(1).clamp(1, MAX_FIRST as u64)
    }
}

/// What a field costs beside what is selected of it.
fn own_cost(field: &Field) -> u64 {
    COSTLY.iter().find(|(name, _)| *name == field.name.node.as_str()).map_or(1, |(_, cost)| *cost)
}

/// Fragments that spread one another in a chain.
const MAX_FRAGMENT_CHAIN: usize = 24;

fn check_directives(count: usize, limit: usize) -> Result<(), ServerError> {
    if count > limit {
        let message = format!("A selection has {count} directives, the limit is {limit}.");
        return Err(refusal(ErrorCode::GraphqlValidationFailed, message));
    }
    Ok(())
}

/// What a text holds, outside its strings and comments.
#[derive(Debug, Default, PartialEq, Eq)]
struct Scan {
    /// The deepest nesting of brackets.
    nesting: usize,
    tokens: usize,
}

fn scan(text: &[u8]) -> Scan {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'.');
    let mut scan = Scan::default();
    let (mut depth, mut at) = (0usize, 0usize);
    while at < text.len() {
        let byte = text[at];
        match byte {
            b' ' | b',' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                continue;
            }
            b'#' => {
                while at < text.len() && !matches!(text[at], b'\n' | b'\r') {
                    at += 1;
                }
                continue;
            }
            b'{' | b'[' | b'(' => {
                depth += 1;
                scan.nesting = scan.nesting.max(depth);
                at += 1;
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            b'"' if text[at..].starts_with(b"\"\"\"") => {
                at += 3;
                while at < text.len() && !text[at..].starts_with(b"\"\"\"") {
                    at += if text[at..].starts_with(b"\\\"\"\"") { 4 } else { 1 };
                }
                at += 3;
            }
            b'"' => {
                at += 1;
                while at < text.len() && !matches!(text[at], b'"' | b'\n' | b'\r') {
                    at += if text[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            _ if is_word(byte) => {
                while at < text.len() && is_word(text[at]) {
                    at += 1;
                }
            }
            _ => at += 1,
        }
        scan.tokens += 1;
    }
    scan
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

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
        assert!(message(&text).contains("number of fields"), "{}", message(&text));
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
    fn aliases_and_directives_are_counted() {
        let aliases: String = (0..101).map(|n| format!("a{n}: __typename ")).collect();
        assert!(message(&format!("{{ {aliases} }}")).contains("aliases"));
        assert!(
            message(&format!("{{ __typename {} }}", "@skip(if: false) ".repeat(6))).contains("directives")
        );
    }

    #[test]
    fn texts_are_measured_outside_strings_and_comments() {
        let measure = |text: &str| {
            let Scan { nesting, tokens } = scan(text.as_bytes());
            (nesting, tokens)
        };
        assert_eq!(measure("{ a(b: [{c: [1]}]) { d } }"), (5, 19));
        assert_eq!(measure(r#"{ a(b: "[[[\"[[") } # [[["#), (2, 8));
        assert_eq!(measure(r#"{ a(b: """[[ \""" [[""") } "#), (2, 8));
        assert_eq!(measure("\"open [[[\n[["), (2, 3));
        assert_eq!(measure("\"\"\"[[["), (0, 1));
        assert_eq!(measure("\"\\"), (0, 1));
        assert_eq!(measure(" ,\n# only [this"), (0, 0));
        assert!(message(&format!("{{ a(b: {}) }}", "[".repeat(100_000))).contains("brackets"));
        assert!(message(&format!("{{ {} }}", "a ".repeat(60_000))).contains("tokens"));
        assert!(message(&format!("{{ {} }}", " ".repeat(1 << 20))).contains("bytes"));
    }
}
