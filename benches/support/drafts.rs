//! Generated messages as documents to store.

use chrono::DateTime;
use quarry::domain::{AuthorDraft, DocumentDraft, DocumentKey, SourceName};
use quarry::simulator::synthetic;

/// Returns the document of a message.
pub(crate) fn draft(message: synthetic::Message) -> DocumentDraft {
    DocumentDraft {
        source: SourceName::parse("messages").unwrap(),
        key: DocumentKey::parse(&message.id).unwrap(),
        title: None,
        text: message.message,
        category: None,
        author: Some(AuthorDraft { key: message.user_id, name: message.user_name.to_owned() }),
        published_at: Some(DateTime::parse_from_rfc3339(&message.timestamp).unwrap().to_utc()),
        attributes: "{}".to_owned(),
    }
}
