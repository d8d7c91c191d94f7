//! What a document comes to, in one pass that visits each fragment once.

use std::collections::HashMap;

use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Name, Number, ServerError, Value, Variables};
use async_graphql_value::Value as InputValue;

use super::Limits;
use crate::error::{ErrorCode, refusal};
use crate::pagination::{DEFAULT_FIRST, MAX_FIRST};
use crate::quote::Quoted;
use crate::variables::integer;

/// Fields that return a page of the default size where neither `first` nor `last` is given.
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

/// Fields that search by themselves, or describe the whole schema, and how many plain ones each counts for.
const COSTLY: [(&str, u64); 4] = [("hitsNow", 20), ("search", 100), ("suggest", 50), ("__schema", 5_000)];

/// Fragments that spread one another in a chain.
const MAX_FRAGMENT_CHAIN: usize = 24;

/// Lists within lists of a schema that describes itself: each multiplies what is answered, and nobody who
/// reads a schema needs three.
const MAX_INTROSPECTION_LISTS: u64 = 2;
/// Those lists.
const INTROSPECTION_LISTS: [&str; 4] = ["fields", "inputFields", "interfaces", "possibleTypes"];

/// What a part of a document comes to, fragments written out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    pub(super) fields: u64,
    pub(super) depth: u64,
    pub(super) cost: u64,
    pub(super) aliases: u64,
    pub(super) spreads: u64,
    /// Lists of introspection within one another.
    lists: u64,
}

impl Size {
    /// What a document comes to, all of its operations together.
    pub(super) fn of(
        document: &ExecutableDocument,
        variables: &Variables,
        limits: &Limits,
    ) -> Result<Self, ServerError> {
        let defaults = defaults(document);
        let mut pass = Pass { limits, document, variables, defaults, fragments: HashMap::new() };
        let mut total = Self::default();
        for (_, operation) in document.operations.iter() {
            check_directives(operation.node.directives.len(), limits.directives)?;
            total.add(pass.selection_set(&operation.node.selection_set.node)?);
        }
        // Fragments that nothing spreads are not valid, but validation walks them to find out.
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
        self.lists = self.lists.max(other.lists);
    }
}

/// The defaults of variables; where several operations have one, the one that asks for most.
fn defaults(document: &ExecutableDocument) -> HashMap<&Name, u64> {
    let mut defaults = HashMap::new();
    for (_, operation) in document.operations.iter() {
        for definition in &operation.node.variable_definitions {
            let asks = match definition.node.default_value.as_ref().map(|value| &value.node) {
                Some(Value::Number(first)) => first.as_u64(),
                Some(Value::List(ids)) => Some(ids.len() as u64),
                _ => None,
            };
            if let Some(asks) = asks {
                let most = defaults.entry(&definition.node.name.node).or_insert(0);
                *most = asks.max(*most);
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
                Selection::FragmentSpread(spread) => {
                    let size = self.fragment(&spread.node.fragment_name.node)?;
                    Size { spreads: size.spreads.saturating_add(1), ..size }
                }
            });
        }
        Ok(total)
    }

    fn field(&mut self, field: &'a Field) -> Result<Size, ServerError> {
        let within = self.selection_set(&field.selection_set.node)?;
        let name = field.name.node.as_str();
        let lists = within.lists.saturating_add(u64::from(INTROSPECTION_LISTS.contains(&name)));
        if matches!(name, "__schema" | "__type") && lists > MAX_INTROSPECTION_LISTS {
            let message = format!(
                "Introspection may have {MAX_INTROSPECTION_LISTS} lists within one another, of {}.",
                INTROSPECTION_LISTS.join(", ")
            );
            return Err(refusal(ErrorCode::GraphqlValidationFailed, message));
        }
        Ok(Size {
            fields: within.fields.saturating_add(1),
            depth: within.depth + 1,
            cost: within.cost.saturating_mul(self.page_size(field)).saturating_add(own_cost(field)),
            aliases: within.aliases.saturating_add(u64::from(field.alias.is_some())),
            spreads: within.spreads,
            lists,
        })
    }

    fn fragment(&mut self, name: &'a Name) -> Result<Size, ServerError> {
        match self.fragments.get(name) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => {
                let message =
                    format!("The fragment {} spreads itself, directly or through others.", Quoted(name));
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
                InputValue::List(ids) => ids.len() as u64,
                InputValue::Variable(name) => match self.variables.get(name) {
                    Some(Value::List(ids)) => ids.len() as u64,
                    Some(_) => 1,
                    None => self.defaults.get(name).copied().unwrap_or(1),
                },
                _ => 1,
            };
            return count.clamp(1, MAX_FIRST as u64);
        }
        let size = ["first", "last"].into_iter().filter_map(|name| self.page_argument(field, name)).max();
        let default = if PAGED.contains(&field.name.node.as_str()) { DEFAULT_FIRST as u64 } else { 1 };
        size.unwrap_or(default).clamp(1, MAX_FIRST as u64)
    }

    /// The page size that an argument of a field asks for; `None` where it is left out.
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

/// What a field costs beside what is selected of it.
fn own_cost(field: &Field) -> u64 {
    COSTLY.iter().find(|(name, _)| *name == field.name.node.as_str()).map_or(1, |(_, cost)| *cost)
}

fn check_directives(count: usize, limit: usize) -> Result<(), ServerError> {
    if count > limit {
        let message = format!("A selection has {count} directives, the limit is {limit}.");
        return Err(refusal(ErrorCode::GraphqlValidationFailed, message));
    }
    Ok(())
}
