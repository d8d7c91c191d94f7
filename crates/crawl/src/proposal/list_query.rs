//! The queries of the lists of a schema: of Relay connections, and of other lists.

use std::fmt::Write as _;

use serde_json::Value;

use super::introspection::{Schema, SchemaArgument, SchemaField, TypeRef};
use super::scheme::{PagingGuess, guess};
use super::spelling::toml_text;
use crate::inspect::{ParamKind, normalized, param_kind};

/// The fields of an item that a query selects at most.
const MAX_SELECTED: usize = 60;
/// The fields of an object within an item.
const MAX_NESTED: usize = 6;
/// Names of members with the number of all items.
const TOTALS: [&str; 5] = ["totalcount", "total", "count", "totalitems", "totalresults"];

/// The query of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListQuery {
    /// The root field.
    pub(super) field: String,
    /// The query in GraphQL.
    pub(super) text: String,
    /// The path of the settings to the items.
    pub(super) items: String,
    pub(super) total: Option<String>,
    /// The pointer to the statement whether pages follow.
    pub(super) has_next: Option<String>,
    paging: Paging,
    /// The variable of the page size.
    limit: Option<String>,
}

/// The variable that selects a page.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Paging {
    Cursor { variable: String, next: String },
    Offset(String),
    Page(String),
    Whole,
}

impl ListQuery {
    /// Returns the pagination with a page size.
    pub(super) fn paging(&self, size: usize) -> PagingGuess {
        let pointer = |variable: &String| toml_text(&format!("/variables/{variable}"));
        let limit = match &self.limit {
            Some(limit) => format!("limit = {}, size = {size}", pointer(limit)),
            None => "limit = \"\"".to_owned(),
        };
        let (toml, reason) = match &self.paging {
            Paging::Cursor { variable, next } => (
                format!(
                    "{{ kind = \"cursor\", cursor = {}, {limit}, next = {} }}",
                    pointer(variable),
                    toml_text(next)
                ),
                "the schema has a connection",
            ),
            Paging::Offset(variable) => (
                format!("{{ kind = \"offset\", offset = {}, {limit} }}", pointer(variable)),
                "the schema has an argument for the offset",
            ),
            Paging::Page(variable) => (
                format!("{{ kind = \"page\", page = {}, {limit} }}", pointer(variable)),
                "the schema has an argument for the page",
            ),
            Paging::Whole => return PagingGuess::single_page(),
        };
        guess(toml, reason)
    }

    /// Returns the variables of the first page.
    pub(super) fn first_variables(&self, size: usize) -> Value {
        let position = match &self.paging {
            Paging::Offset(variable) => Some((variable.clone(), Value::from(0))),
            Paging::Page(variable) => Some((variable.clone(), Value::from(1))),
            Paging::Cursor { .. } | Paging::Whole => None,
        };
        let limit = self.limit.clone().map(|variable| (variable, Value::from(size)));
        position.into_iter().chain(limit).collect()
    }

    fn is_connection(&self) -> bool {
        matches!(self.paging, Paging::Cursor { .. })
    }
}

/// Returns the queries of all lists that need no other arguments, connections first.
pub(super) fn list_queries(schema: &Schema) -> Vec<ListQuery> {
    let mut queries: Vec<ListQuery> =
        schema.queries().iter().filter_map(|field| list_query(schema, field)).collect();
    queries.sort_by_key(|query| !query.is_connection());
    queries
}

/// The members of a list: those beside the items, and the items.
struct Shape<'s> {
    /// The pointer to the items below the root field.
    items: String,
    item: &'s TypeRef,
    /// The selection around that of the items, with `{}` in its place.
    selection: String,
    total: Option<String>,
    next: Option<String>,
    has_next: Option<String>,
}

fn list_query(schema: &Schema, field: &SchemaField) -> Option<ListQuery> {
    let shape = shape(schema, field)?;
    let argument = |kind| {
        let is_one = |argument: &&SchemaArgument| argument.of.is_leaf() && !argument.of.is_list();
        field.args.iter().filter(is_one).find(|argument| param_kind(&argument.name, "1") == Some(kind))
    };
    let name = |argument: &SchemaArgument| argument.name.clone();
    let (limit, cursor) = (argument(ParamKind::Limit), argument(ParamKind::Cursor));
    let (offset, page) = (argument(ParamKind::Offset), argument(ParamKind::Page));
    let (position, paging) = match (&shape.next, cursor, offset, page) {
        (Some(next), Some(cursor), ..) => (
            Some(cursor),
            Paging::Cursor { variable: name(cursor), next: format!("/data/{}{next}", field.name) },
        ),
        (_, _, Some(offset), _) => (Some(offset), Paging::Offset(name(offset))),
        (_, _, None, Some(page)) => (Some(page), Paging::Page(name(page))),
        _ => (None, Paging::Whole),
    };
    // A list without pages is requested as a whole.
    let limit = limit.filter(|_| paging != Paging::Whole);
    let used: Vec<&SchemaArgument> = limit.into_iter().chain(position).collect();
    let is_used = |argument: &SchemaArgument| used.iter().any(|used| used.name == argument.name);
    if field.args.iter().any(|argument| argument.is_required() && !is_used(argument)) {
        return None;
    }
    let selected = selection(schema, shape.item)?;
    let declared: Vec<String> =
        used.iter().map(|one| format!("${}: {}", one.name, one.of.declaration())).collect();
    let passed: Vec<String> = used.iter().map(|one| format!("{0}: ${0}", one.name)).collect();
    let (declared, passed) = match used.is_empty() {
        true => (String::new(), String::new()),
        false => (format!("({})", declared.join(", ")), format!("({})", passed.join(", "))),
    };
    let inner = shape.selection.replace("{}", &format!("{{ {selected} }}"));
    let absolute = |pointer: String| format!("/data/{}{pointer}", field.name);
    Some(ListQuery {
        text: format!("query{declared} {{ {}{passed} {inner} }}", field.name),
        items: absolute(shape.items),
        total: shape.total.map(absolute),
        has_next: shape.has_next.filter(|_| matches!(paging, Paging::Cursor { .. })).map(absolute),
        paging,
        limit: limit.map(name),
        field: field.name.clone(),
    })
}

/// Returns the list of a field: the field itself, or a member of its object.
fn shape<'s>(schema: &'s Schema, field: &'s SchemaField) -> Option<Shape<'s>> {
    if field.of.is_list() {
        return schema.is_object(&field.of).then(|| Shape {
            items: String::new(),
            item: &field.of,
            selection: "{}".to_owned(),
            total: None,
            next: None,
            has_next: None,
        });
    }
    let members: Vec<&SchemaField> = schema.fields(&field.of)?.collect();
    let mut selected = Vec::new();
    let mut total = None;
    for member in &members {
        if total.is_none() && is_total(member) {
            selected.push(member.name.clone());
            total = Some(format!("/{}", member.name));
        }
    }
    let (mut next, mut has_next) = (None, None);
    // Statements of the page in an object of their own.
    for member in members.iter().filter(|member| !member.of.is_list()) {
        let Some(inner) = schema.fields(&member.of) else { continue };
        let mut names = Vec::new();
        for field in inner {
            let pointer = format!("/{}/{}", member.name, field.name);
            match normalized(&field.name).as_str() {
                "endcursor" => next = Some(pointer),
                "hasnextpage" => has_next = Some(pointer),
                _ if total.is_none() && is_total(field) => total = Some(pointer),
                _ => continue,
            }
            names.push(field.name.clone());
        }
        if !names.is_empty() {
            selected.push(format!("{} {{ {} }}", member.name, names.join(" ")));
        }
    }
    let lists = || {
        members.iter().filter(|member| member.of.is_list()).filter_map(|member| {
            Some((*member, schema.fields(&member.of)?.find(|inner| inner.name == "node")))
        })
    };
    // `nodes` are the items without a wrapper.
    let (list, node) = lists().find(|(list, _)| list.name == "nodes").or_else(|| lists().next())?;
    let (items, item, inner) = match node {
        Some(node) if schema.is_object(&node.of) => {
            (format!("/{}/*/node", list.name), &node.of, format!("{} {{ node {{}} }}", list.name))
        }
        _ => (format!("/{}", list.name), &list.of, format!("{} {{}}", list.name)),
    };
    selected.push(inner);
    let selection = format!("{{ {} }}", selected.join(" "));
    Some(Shape { items, item, selection, total, next, has_next })
}

fn is_total(field: &SchemaField) -> bool {
    field.of.is_leaf() && !field.of.is_list() && TOTALS.contains(&normalized(&field.name).as_str())
}

/// Returns the selection of an item: its scalars, and those of the objects in it.
fn selection(schema: &Schema, of: &TypeRef) -> Option<String> {
    let mut selected = String::new();
    for field in schema.fields(of)?.take(MAX_SELECTED) {
        if field.of.is_leaf() {
            let _ = write!(selected, "{} ", field.name);
        } else if !field.of.is_list()
            && let Some(inner) = schema.fields(&field.of)
        {
            let leaves = inner.filter(|inner| inner.of.is_leaf()).map(|inner| inner.name.as_str());
            let leaves: Vec<&str> = leaves.take(MAX_NESTED).collect();
            if !leaves.is_empty() {
                let _ = write!(selected, "{} {{ {} }} ", field.name, leaves.join(" "));
            }
        }
    }
    Some(selected.trim_end().to_owned()).filter(|selected| !selected.is_empty())
}
