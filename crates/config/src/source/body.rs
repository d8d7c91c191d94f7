//! The body of a source's requests: a table or a text, in which strings may name variables.

use std::fmt;

use serde_json::Value as Json;
use toml::Value;

use crate::node::ConfigNode;
use crate::reference_line::ReferenceLine;
use crate::secret::{Secret, is_harmless};
use crate::secret_values::read_secret;
use crate::setting::{Setting, SettingEntry, describe, hide};

/// The body of a `POST` request.
#[derive(Clone, PartialEq)]
pub struct PostBody {
    content: BodyContent,
    template: Value,
}

/// The content of a [`PostBody`], with the values of its variables: a secret.
#[derive(Clone, PartialEq)]
pub enum BodyContent {
    /// JSON, from a table or a list.
    Json(Json),
    /// Text, which is sent as it is.
    Text(String),
}

impl PostBody {
    /// The content, for the one place that sends it.
    pub fn expose(&self) -> &BodyContent {
        &self.content
    }

    /// The body as written, with `${NAME}` for variables; literal secrets are part of it.
    pub fn template(&self) -> String {
        self.template.to_string()
    }
}

impl From<Json> for PostBody {
    fn from(json: Json) -> Self {
        Self { template: json.to_string().into(), content: BodyContent::Json(json) }
    }
}

impl fmt::Debug for PostBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Secret::REDACTED)
    }
}

/// The setting of a [`PostBody`].
pub(crate) struct BodySetting;

pub(crate) const fn body() -> BodySetting {
    BodySetting
}

impl Setting for BodySetting {
    type Value = Option<PostBody>;

    fn read(&self, node: &ConfigNode<'_>) -> Option<Self::Value> {
        let Some(template) = node.value else { return Some(None) };
        node.set_origin(node.layers.file.origin);
        let content = match template {
            Value::String(text) => BodyContent::Text(read_secret(node, text)?.expose().to_owned()),
            Value::Table(_) | Value::Array(_) => BodyContent::Json(expand(node)?),
            value => {
                let expected = "a table, which becomes JSON, or text";
                node.note_mismatch(node.layers.file.origin, &describe(value, hide), expected);
                return None;
            }
        };
        Some(Some(PostBody { content, template: template.clone() }))
    }

    fn entries(&self, line: ReferenceLine, body: Option<&Self::Value>, entries: &mut Vec<SettingEntry>) {
        let body = body.and_then(Option::as_ref);
        entries.push(SettingEntry {
            line: ReferenceLine { default: "none".to_owned(), ..line },
            value: body.map(|body| match &body.content {
                BodyContent::Json(json) => json.to_string().into(),
                BodyContent::Text(text) => text.as_str().into(),
            }),
            shown: body.map(|body| redact("", &body.template)),
        });
    }
}

/// Converts a value to JSON and expands its strings.
fn expand(node: &ConfigNode<'_>) -> Option<Json> {
    Some(match node.value? {
        Value::String(text) => read_secret(node, text)?.expose().into(),
        Value::Integer(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Boolean(truth) => (*truth).into(),
        Value::Datetime(time) => time.to_string().into(),
        Value::Array(_) => node.items().map(|item| expand(&item)).collect::<Option<Vec<_>>>()?.into(),
        Value::Table(table) => {
            let member = |name: &String| Some((name.clone(), expand(&node.child(name))?));
            Json::Object(table.keys().map(member).collect::<Option<_>>()?)
        }
    })
}

/// Hides each value except those of members that hold no secrets by their names.
fn redact(name: &str, value: &Value) -> Value {
    match value {
        Value::Table(table) => {
            let members = table.iter().map(|(name, value)| (name.clone(), redact(name, value)));
            Value::Table(members.collect())
        }
        Value::Array(items) => items.iter().map(|item| redact(name, item)).collect::<Vec<_>>().into(),
        Value::Boolean(_) => value.clone(),
        value if is_harmless(name) => value.clone(),
        _ => Secret::REDACTED.into(),
    }
}
