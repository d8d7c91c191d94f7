//! The size of a document, measured in one pass that visits each fragment once.

use std::collections::HashMap;

use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Name, Number, ServerError, Value, Variables};
use async_graphql_value::Value as InputValue;

use super::Limits;
use crate::error_bounds::Quoted;
use crate::error_code::{ErrorCode, request_error};
use crate::fields;
use crate::pagination::{DEFAULT_FIRST, MAX_FIRST, MAX_REPRESENTATIONS};
use crate::scalars::integer;

/// The maximum length of a chain of fragments that spread one another.
const MAX_FRAGMENT_CHAIN: usize = 24;

/// The cost of `__schema`, which describes the whole schema, in plain fields.
const INTROSPECTION_COST: u64 = 5_000;
/// The maximum nesting of lists of introspection: each multiplies the response, and tools need two.
const MAX_INTROSPECTION_LISTS: u64 = 2;
/// The lists of introspection that nest.
const INTROSPECTION_LISTS: [&str; 4] = ["fields", "inputFields", "interfaces", "possibleTypes"];

/// Lists of objects to fetch, with their maximum lengths.
const LIST_ARGUMENTS: [(&str, usize); 2] = [("ids", MAX_FIRST), ("representations", MAX_REPRESENTATIONS)];

/// The size of a part of a document with expanded fragments.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DocumentSize {
    pub(super) fields: u64,
    pub(super) depth: u64,
    pub(super) cost: u64,
    pub(super) aliases: u64,
    pub(super) spreads: u64,
    /// The part of the cost that is the items of a page.
    items: u64,
    /// The nesting of lists of introspection.
    lists: u64,
}

impl DocumentSize {
    /// Measures all operations of a document together.
    pub(super) fn of(
        document: &ExecutableDocument,
        variables: &Variables,
        limits: &Limits,
    ) -> Result<Self, ServerError> {
        let defaults = default_counts(document);
        let mut pass = Pass { limits, document, variables, defaults, fragments: HashMap::new() };
        let mut total = Self::default();
        for (_, operation) in document.operations.iter() {
            check_directives(operation.node.directives.len(), limits.directives)?;
            total.add(pass.selection_set(&operation.node.selection_set.node)?);
        }
        // Unused fragments are invalid, but validation walks them to detect that.
        for name in document.fragments.keys() {
            if !pass.fragments.contains_key(name) {
                total.add(pass.fragment(name)?);
            }
        }
        Ok(total)
    }

    fn add(&mut self, other: Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.depth = self.depth.max(other.depth);
        self.cost = self.cost.saturating_add(other.cost);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.spreads = self.spreads.saturating_add(other.spreads);
        self.items = self.items.saturating_add(other.items);
        self.lists = self.lists.max(other.lists);
    }
}

/// The counts that the defaults of variables request: the largest one of all operations.
fn default_counts(document: &ExecutableDocument) -> HashMap<&Name, u64> {
    let mut defaults = HashMap::new();
    for (_, operation) in document.operations.iter() {
        for definition in &operation.node.variable_definitions {
            let count = match definition.node.default_value.as_ref().map(|value| &value.node) {
                Some(Value::Number(first)) => first.as_u64(),
                Some(Value::List(ids)) => Some(ids.len() as u64),
                _ => None,
            };
            if let Some(count) = count {
                let largest = defaults.entry(&definition.node.name.node).or_insert(0);
                *largest = count.max(*largest);
            }
        }
    }
    defaults
}

struct Pass<'a> {
    limits: &'a Limits,
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    defaults: HashMap<&'a Name, u64>,
    /// `None` while the fragment is being visited.
    fragments: HashMap<&'a Name, Option<DocumentSize>>,
}

impl<'a> Pass<'a> {
    fn selection_set(&mut self, set: &'a SelectionSet) -> Result<DocumentSize, ServerError> {
        let mut total = DocumentSize::default();
        for selection in &set.items {
            check_directives(selection.node.directives().len(), self.limits.directives)?;
            total.add(match &selection.node {
                Selection::Field(field) => self.field(&field.node)?,
                Selection::InlineFragment(fragment) => {
                    self.selection_set(&fragment.node.selection_set.node)?
                }
                Selection::FragmentSpread(spread) => {
                    let size = self.fragment(&spread.node.fragment_name.node)?;
                    DocumentSize { spreads: size.spreads.saturating_add(1), ..size }
                }
            });
        }
        Ok(total)
    }

    fn field(&mut self, field: &'a Field) -> Result<DocumentSize, ServerError> {
        let within = self.selection_set(&field.selection_set.node)?;
        let name = field.name.node.as_str();
        let lists = within.lists.saturating_add(u64::from(INTROSPECTION_LISTS.contains(&name)));
        if matches!(name, "__schema" | "__type") && lists > MAX_INTROSPECTION_LISTS {
            let message = format!(
                "Introspection nests more than {MAX_INTROSPECTION_LISTS} lists within one another, of {}. Request \
                 fewer levels.",
                INTROSPECTION_LISTS.join(", ")
            );
            return Err(request_error(ErrorCode::GraphqlValidationFailed, message));
        }
        // Beside its items, the fields of a page occur once.
        let items = if fields::is_page(name) { within.items } else { within.cost };
        let once = within.cost - items;
        let pages = items.saturating_mul(self.page_size(field)).saturating_add(once);
        let cost = pages.saturating_add(match name {
            "__schema" => INTROSPECTION_COST,
            name => fields::base_cost(name),
        });
        Ok(DocumentSize {
            fields: within.fields.saturating_add(1),
            depth: within.depth + 1,
            cost,
            items: if fields::PAGE_ITEMS.contains(&name) { cost } else { 0 },
            aliases: within.aliases.saturating_add(u64::from(field.alias.is_some())),
            spreads: within.spreads,
            lists,
        })
    }

    fn fragment(&mut self, name: &'a Name) -> Result<DocumentSize, ServerError> {
        match self.fragments.get(name) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => {
                let message = format!(
                    "The fragment {} spreads itself, directly or through others. Remove the cycle.",
                    Quoted(name)
                );
                return Err(request_error(ErrorCode::GraphqlValidationFailed, message));
            }
            None => {}
        }
        // Validation reports an undefined fragment.
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(DocumentSize::default()) };
        // The depth of one fragment times this chain bounds the recursion of the pass.
        if self.fragments.values().filter(|size| size.is_none()).count() >= MAX_FRAGMENT_CHAIN {
            let message = format!(
                "More than {MAX_FRAGMENT_CHAIN} fragments spread one another in a chain. Inline some of them."
            );
            return Err(request_error(ErrorCode::GraphqlValidationFailed, message));
        }
        self.fragments.insert(name, None);
        let size = self.selection_set(&fragment.node.selection_set.node)?;
        self.fragments.insert(name, Some(size));
        Ok(size)
    }

    /// The maximum number of times that the selection of a field is executed.
    fn page_size(&self, field: &Field) -> u64 {
        if let Some(rows) = fields::fixed_rows(&field.name.node) {
            return rows;
        }
        for (name, max) in LIST_ARGUMENTS {
            if let Some(count) = self.list_argument(field, name) {
                return count.clamp(1, max as u64);
            }
        }
        let size = ["first", "last"].into_iter().filter_map(|name| self.page_argument(field, name)).max();
        let default = if fields::is_paged(&field.name.node) { DEFAULT_FIRST as u64 } else { 1 };
        size.unwrap_or(default).clamp(1, MAX_FIRST as u64)
    }

    /// The length of a list that an argument of a field contains; `None` if it is omitted.
    fn list_argument(&self, field: &Field, name: &str) -> Option<u64> {
        Some(match &field.get_argument(name)?.node {
            InputValue::List(items) => items.len() as u64,
            InputValue::Variable(name) => match self.variables.get(name) {
                Some(Value::List(items)) => items.len() as u64,
                Some(_) => 1,
                None => self.defaults.get(name).copied().unwrap_or(1),
            },
            _ => 1,
        })
    }

    /// The page size that an argument of a field requests; `None` if it is omitted.
    fn page_argument(&self, field: &Field, name: &str) -> Option<u64> {
        let size = |number: &Number| integer(number).and_then(|size| size.try_into().ok()).unwrap_or(1);
        match &field.get_argument(name)?.node {
            InputValue::Number(literal) => Some(size(literal)),
            InputValue::Variable(variable) => match self.variables.get(variable) {
                Some(Value::Number(given)) => Some(size(given)),
                Some(_) => None,
                None => self.defaults.get(variable).copied(),
            },
            _ => None,
        }
    }
}

fn check_directives(count: usize, limit: usize) -> Result<(), ServerError> {
    if count > limit {
        let message = format!("A selection has {count} directives, the limit is {limit}. Remove some.");
        return Err(request_error(ErrorCode::GraphqlValidationFailed, message));
    }
    Ok(())
}
