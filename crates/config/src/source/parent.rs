//! Child sources: the lists of a parent's items, such as the comments of each post.

use std::collections::HashMap;

use serde_json::Value as Json;
use url::form_urlencoded;

use super::body::{BodyContent, PostBody};
use super::{FieldMap, SourceConfig};
use crate::placeholder::{Placeholder, placeholders_in};
use crate::pointer::{FieldList, JsonPointer, KeyPart};
use crate::secret::Secret;
use crate::suggestion::is_near;
use crate::web_url::WebUrl;

/// The part of a parent's stored document that holds the value of a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParentValue {
    /// A part of the key: its index, and the number of parts.
    Key(usize, usize),
    /// The title.
    Title,
    /// The text.
    Text,
    /// The category.
    Category,
    /// The author's key.
    AuthorKey,
    /// The author's name.
    AuthorName,
    /// The attribute at a pointer.
    Attribute(String),
}

impl SourceConfig {
    /// The placeholders for values of the parent: those of requests, then those of the key.
    pub fn placeholders(&self) -> Vec<Placeholder> {
        let keys = self.fields.key.parts().iter().filter_map(|part| match part {
            KeyPart::Parent(placeholder) => Some(placeholder.clone()),
            KeyPart::MemberName | KeyPart::Pointer(_) | KeyPart::Constant(_) => None,
        });
        self.request_placeholders().into_iter().chain(keys).collect()
    }

    fn request_placeholders(&self) -> Vec<Placeholder> {
        let mut found = placeholders_in(self.url.expanded());
        found.extend(self.params.iter().filter_map(|(_, value)| Placeholder::parse(value.expose())));
        if let Some(BodyContent::Json(json)) = self.body.as_ref().map(PostBody::expose) {
            collect(json, &mut found);
        }
        found
    }

    /// The part of the parent's document that holds the value of a placeholder, or the reason why none does.
    pub fn parent_value(&self, placeholder: &Placeholder) -> Result<ParentValue, String> {
        let Some(fields) = &self.parent_fields else { return Err("the source has no `parent`".to_owned()) };
        locate(fields, placeholder)
    }

    /// Returns the settings of the list of one parent, given the values of the placeholders.
    ///
    /// An error is the placeholder without a usable value.
    pub fn for_parent(&self, value_of: impl Fn(&Placeholder) -> Option<String>) -> Result<Self, Placeholder> {
        let value = |placeholder: &Placeholder| {
            value_of(placeholder).filter(|value| !value.is_empty()).ok_or_else(|| placeholder.clone())
        };
        let mut child = self.clone();
        child.parent = None;
        child.url = list_url(&self.url, value)?;
        for (_, param) in &mut child.params {
            if let Some(placeholder) = Placeholder::parse(param.expose()) {
                *param = Secret::new(value(&placeholder)?);
            }
        }
        if let Some(BodyContent::Json(json)) = self.body.as_ref().map(PostBody::expose) {
            child.body = Some(PostBody::from(fill(json, &value)?));
        }
        child.fields.key = self.fields.key.try_map(|part| match part {
            KeyPart::Parent(placeholder) => value(placeholder).map(KeyPart::Constant),
            part => Ok(part.clone()),
        })?;
        Ok(child)
    }
}

/// Tells each child source the fields of its parent's documents.
pub(crate) fn link_parents(sources: &mut [SourceConfig]) {
    let fields: HashMap<_, _> =
        sources.iter().map(|source| (source.name.clone(), source.fields.clone())).collect();
    for source in sources {
        source.parent_fields = source.parent.as_ref().and_then(|parent| fields.get(parent)).cloned();
    }
}

/// The contradictions between sources and their parents: the index, the setting and the problem.
pub(crate) fn parent_problems(sources: &[SourceConfig]) -> Vec<(usize, &'static str, String)> {
    let mut problems = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let mut note = |setting, text: String| problems.push((index, setting, text));
        let Some(parent) = &source.parent else {
            let path = source.url.expanded().split('?').next().unwrap_or_default();
            if let Some(placeholder) = placeholders_in(path).first() {
                note(
                    "url",
                    format!("has the placeholder {placeholder}: name the source of its values in `parent`"),
                );
            } else if let Some(placeholder) = source.placeholders().iter().find(|placeholder| {
                source.fields.key.parts().contains(&KeyPart::Parent((*placeholder).clone()))
            }) {
                note(
                    "fields.key",
                    format!("has the placeholder {placeholder}: name the source of its values in `parent`"),
                );
            }
            continue;
        };
        if !sources.iter().any(|other| other.name == *parent) {
            let others = sources.iter().filter(|other| other.name != source.name);
            let names: Vec<&str> = others.map(|other| other.name.as_str()).collect();
            let hint = match names.iter().find(|name| is_near(parent.as_str(), name)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if names.is_empty() => "no other source has a `url`".to_owned(),
                None => format!("the other sources with a `url` are `{}`", names.join("`, `")),
            };
            note("parent", format!("is {:?}, but no source has this name; {hint}", parent.as_str()));
            continue;
        }
        if let Some(cycle) = cycle(sources, source) {
            note("parent", format!("leads back to the source itself: {cycle}"));
        }
        if source.request_placeholders().is_empty() {
            note(
                "parent",
                "needs a placeholder such as {id} for a value of each parent, in `url`, or as a whole value of \
                 `params` or `body`"
                    .to_owned(),
            );
        }
        if source.since.is_some() {
            note("since", "cannot be combined with `parent`: new parents need all their items".to_owned());
        }
        for placeholder in source.placeholders() {
            if let Err(reason) = source.parent_value(&placeholder) {
                note("parent", format!("has no value for the placeholder {placeholder}: {reason}"));
            }
        }
    }
    problems
}

/// The names of a cycle that begins and ends with a source.
fn cycle(sources: &[SourceConfig], source: &SourceConfig) -> Option<String> {
    let mut names = vec![source.name.as_str()];
    let mut parent = source.parent.as_ref();
    // A cycle among the ancestors alone is their problem.
    while let Some(name) = parent.filter(|_| names.len() <= sources.len()) {
        names.push(name.as_str());
        if *name == source.name {
            return Some(names.join(" → "));
        }
        parent = sources.iter().find(|other| other.name == *name).and_then(|other| other.parent.as_ref());
    }
    None
}

fn locate(fields: &FieldMap, placeholder: &Placeholder) -> Result<ParentValue, String> {
    let parts = fields.key.parts();
    let pointer = placeholder.pointer();
    let is_own = |part: &KeyPart| match part {
        KeyPart::MemberName => pointer.is_none(),
        KeyPart::Pointer(own) => Some(own.as_str()) == pointer.as_deref(),
        KeyPart::Parent(_) | KeyPart::Constant(_) => false,
    };
    let is_inherited = |part: &KeyPart| *part == KeyPart::Parent(placeholder.clone());
    let index = parts.iter().position(is_own).or_else(|| parts.iter().position(is_inherited));
    if let Some(index) = index {
        return Ok(ParentValue::Key(index, parts.len()));
    }
    let Some(pointer) = pointer else {
        return Err("its `fields.key` is not \"#\"".to_owned());
    };
    let is_at = |own: &JsonPointer| own.as_str() == pointer;
    let is_single = |field: Option<&JsonPointer>| field.is_some_and(is_at);
    let is_in = |list: Option<&FieldList>| list.is_some_and(|list| list.pointers().iter().any(is_at));
    // Text without markup, or without the texts that are joined with it, is not the item's value.
    let is_alone =
        |list: Option<&FieldList>| list.is_some_and(|list| list.pointers().len() == 1) && !fields.html;
    let changed = |field: &str| Err(format!("its `{field}` is not stored as it was; use another member"));
    match () {
        () if is_single(fields.category.as_ref()) => Ok(ParentValue::Category),
        () if is_single(fields.author_key.as_ref()) => Ok(ParentValue::AuthorKey),
        () if is_single(fields.author_name.as_ref()) => Ok(ParentValue::AuthorName),
        () if is_in(fields.title.as_ref()) && is_alone(fields.title.as_ref()) => Ok(ParentValue::Title),
        () if is_in(Some(&fields.text)) && is_alone(Some(&fields.text)) => Ok(ParentValue::Text),
        () if is_in(fields.title.as_ref()) => changed("fields.title"),
        () if is_in(Some(&fields.text)) => changed("fields.text"),
        () if is_single(fields.published_at.as_ref()) => changed("fields.published_at"),
        () if is_single(fields.deleted.as_ref()) => changed("fields.deleted"),
        () => Ok(ParentValue::Attribute(pointer)),
    }
}

/// Returns the address of the list of one parent, with encoded values.
fn list_url(
    url: &WebUrl,
    value: impl Fn(&Placeholder) -> Result<String, Placeholder>,
) -> Result<WebUrl, Placeholder> {
    let placeholders = placeholders_in(url.expanded());
    let list = url.try_replace(|placeholder| {
        let value = value(placeholder)?;
        if value.chars().all(|char| char == '.') {
            // A segment of dots leads to another folder, also if it is encoded.
            return Err(placeholder.clone());
        }
        Ok(form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>().replace('+', "%20"))
    })?;
    // A value in a port, for example, may be none.
    list.ok_or_else(|| placeholders.into_iter().next().expect("only a value makes an address invalid"))
}

fn collect(json: &Json, found: &mut Vec<Placeholder>) {
    match json {
        Json::String(text) => found.extend(Placeholder::parse(text)),
        Json::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Json::Object(members) => members.values().for_each(|member| collect(member, found)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn fill(
    json: &Json,
    value: &impl Fn(&Placeholder) -> Result<String, Placeholder>,
) -> Result<Json, Placeholder> {
    Ok(match json {
        Json::String(text) => match Placeholder::parse(text) {
            Some(placeholder) => Json::String(value(&placeholder)?),
            None => json.clone(),
        },
        Json::Array(items) => {
            Json::Array(items.iter().map(|item| fill(item, value)).collect::<Result<_, _>>()?)
        }
        Json::Object(members) => {
            let member = |(name, member): (&String, &Json)| Ok((name.clone(), fill(member, value)?));
            Json::Object(members.iter().map(member).collect::<Result<_, Placeholder>>()?)
        }
        json => json.clone(),
    })
}
