use async_graphql::{InputObject, Value};

use crate::error::Failure;
use crate::scalars::{DateTime, Json};
use quarry_domain::{AuthorDraft, DocumentDraft, DocumentKey, InvalidDocument, SourceName};

/// A document to store, or to replace the stored one of the same source and key.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct DocumentInput {
    /// The source that it belongs to: 1 to 64 characters. It need not be a configured one.
    source: String,
    /// Its id within the source: 1 to 1,024 characters.
    key: String,
    /// A heading.
    title: Option<String>,
    /// What is searched and shown: at most 1 MiB.
    text: String,
    /// The class it belongs to: at most 255 characters.
    category: Option<String>,
    /// The author's id within the source; the name where it is left out.
    author_key: Option<String>,
    /// The author's name; the key where it is left out.
    author_name: Option<String>,
    /// When it was published.
    published_at: Option<DateTime>,
    /// Further fields: a JSON object, at most 1 MiB.
    attributes: Option<Json>,
}

impl DocumentInput {
    /// The document as the store takes it; `path` names this input to the client.
    pub(crate) fn checked(self, path: &str) -> Result<DocumentDraft, Failure> {
        let author_is_key = self.author_key.as_deref().is_none_or(is_blank);
        let refuse = |invalid: InvalidDocument| {
            // A key that was made from the name is the name's fault.
            let field = match invalid.field {
                "authorKey" if author_is_key => "authorName",
                field => field,
            };
            Failure::bad_input(format!("{path}.{field}"), invalid.problem)
        };
        let attributes = match self.attributes.map(|json| json.0) {
            None | Some(Value::Null) => serde_json::Map::new(),
            Some(attributes) => match attributes.into_json() {
                Ok(serde_json::Value::Object(attributes)) => attributes,
                _ => return Err(Failure::bad_input(format!("{path}.attributes"), "must be a JSON object")),
            },
        };
        let draft = DocumentDraft {
            source: SourceName::parse(&self.source).map_err(refuse)?,
            key: DocumentKey::parse(&self.key).map_err(refuse)?,
            title: self.title,
            text: self.text,
            category: self.category,
            author: author(self.author_key, self.author_name),
            published_at: self.published_at.map(|at| at.0),
            attributes,
        };
        draft.checked().map_err(refuse)
    }
}

fn author(key: Option<String>, name: Option<String>) -> Option<AuthorDraft> {
    match (key.filter(|key| !is_blank(key)), name.filter(|name| !is_blank(name))) {
        (Some(key), Some(name)) => Some(AuthorDraft { key, name }),
        (Some(key), None) => Some(AuthorDraft { name: key.clone(), key }),
        (None, Some(name)) => Some(AuthorDraft { key: name.trim().to_owned(), name }),
        (None, None) => None,
    }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input() -> DocumentInput {
        DocumentInput {
            source: "notes".into(),
            key: "1".into(),
            title: None,
            text: "text".into(),
            category: None,
            author_key: None,
            author_name: None,
            published_at: None,
            attributes: None,
        }
    }

    fn drafted(key: Option<&str>, name: Option<&str>) -> Option<(String, String)> {
        let input = DocumentInput {
            author_key: key.map(str::to_owned),
            author_name: name.map(str::to_owned),
            ..input()
        };
        input.checked("input").unwrap().author.map(|author| (author.key, author.name))
    }

    #[test]
    fn an_author_needs_only_one_of_key_and_name() {
        let pair = |key: &str, name: &str| Some((key.to_owned(), name.to_owned()));
        assert_eq!(drafted(Some("7"), Some("Ada")), pair("7", "Ada"));
        assert_eq!(drafted(Some("7"), None), pair("7", "7"));
        assert_eq!(drafted(None, Some(" Ada ")), pair("Ada", " Ada "));
        assert_eq!(drafted(Some(""), Some("Ada")), pair("Ada", "Ada"));
        assert_eq!(drafted(Some(" "), None), None);
        assert_eq!(drafted(None, None), None);
    }

    #[test]
    fn a_refusal_names_the_offender() {
        let refusal = |input: DocumentInput| input.checked("input.documents.3").unwrap_err().to_string();
        assert!(
            refusal(DocumentInput { key: String::new(), ..input() })
                .starts_with("input.documents.3.key is empty")
        );
        assert!(
            refusal(DocumentInput { source: " a".into(), ..input() })
                .starts_with("input.documents.3.source begins")
        );
        assert_eq!(
            refusal(DocumentInput { attributes: Some(Json(Value::from(1))), ..input() }),
            "input.documents.3.attributes must be a JSON object"
        );
        assert!(
            refusal(DocumentInput { author_name: Some("a\tb".into()), ..input() })
                .starts_with("input.documents.3.authorName holds a control character")
        );
    }
}
