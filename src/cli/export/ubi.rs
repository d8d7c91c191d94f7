//! Searches and interactions as queries and events of User Behavior Insights 1.3.
//!
//! A client is a session. Ids there have at most 100 characters, here 128: longer ones become digests.

use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::context::known_facts;
use super::rfc3339;
use crate::domain::LoggedSearch;
use crate::store::ExportedInteraction;

/// The longest id of the format in characters.
const MAX_ID_CHARS: usize = 100;
/// The field of documents that events name.
const OBJECT_ID_FIELD: &str = "key";

/// A query: a document of `ubi_queries`.
#[derive(Serialize)]
pub(super) struct UbiQuery {
    query_id: String,
    client_id: String,
    user_query: String,
    timestamp: String,
    object_id_field: &'static str,
    query_attributes: Map<String, Value>,
}

/// An event: a document of `ubi_events`.
#[derive(Serialize)]
pub(super) struct UbiEvent {
    action_name: &'static str,
    message_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    timestamp: String,
    event_attributes: Map<String, Value>,
}

impl From<LoggedSearch> for UbiQuery {
    fn from(search: LoggedSearch) -> Self {
        let (tier, relaxed) = (search.tier_of_results(), search.tier.map(|tier| tier.relaxed));
        let facts = known_facts(&search.context);
        let attributes = json!({
            "session_id": search.session.as_str(),
            "user_id": search.user.as_ref().map(|user| user.as_str()),
            "result_count": search.result_count,
            "tier": tier.map(|tier| tier.last.name()),
            "relaxed": relaxed,
            "keystrokes": search.keystrokes,
            "final_reason": search.reason.name(),
            "revision": search.revision,
        });
        Self {
            query_id: search.id.0.to_string(),
            client_id: short_id(search.session.as_str()),
            timestamp: rfc3339(search.last_keystroke_at),
            user_query: search.query,
            object_id_field: OBJECT_ID_FIELD,
            query_attributes: known(attributes).into_iter().chain(facts).collect(),
        }
    }
}

impl From<ExportedInteraction> for UbiEvent {
    fn from(interaction: ExportedInteraction) -> Self {
        let is_click = interaction.kind == "click";
        let object = interaction.key.map(
            |key| json!({"object_id": key, "object_id_field": OBJECT_ID_FIELD, "source": interaction.source}),
        );
        let attributes = json!({
            "object": object,
            "position": interaction.position.map(|position| json!({"ordinal": position})),
            "quantity": interaction.quantity,
            "interaction_id": interaction.id.0,
        });
        let session = interaction.session.as_deref().map(short_id);
        Self {
            action_name: if is_click { "click" } else { "purchase" },
            message_type: if is_click { "CLICK" } else { "CONVERSION" },
            query_id: interaction.search.map(|search| search.to_string()),
            client_id: session.clone(),
            session_id: session,
            user_id: interaction.user.as_deref().map(short_id),
            timestamp: rfc3339(interaction.occurred_at),
            event_attributes: known(attributes),
        }
    }
}

/// The attributes that are not null.
fn known(attributes: Value) -> Map<String, Value> {
    match attributes {
        Value::Object(attributes) => attributes.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    }
}

fn short_id(id: &str) -> String {
    match id.chars().nth(MAX_ID_CHARS) {
        None => id.to_owned(),
        Some(_) => Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes()).to_string(),
    }
}
