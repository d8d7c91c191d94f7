use async_graphql::{InputObject, Value};

use crate::failure::Failure;
use crate::scalars::{DateTime, JsonScalar};
use quarry_domain::{AuthorDraft, DocumentDraft, DocumentKey, InvalidDocument, SourceName};

/// A document to store. It replaces the stored one of the same source and key.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct DocumentInput {
    /// The name of the source: 1 to 64 characters. The source need not be configured.
    source: String,
    /// The id of the document within the source: 1 to 1,024 characters.
    key: String,
    /// The title.
    title: Option<String>,
    /// The text: at most 1 MiB.
    text: String,
    /// The category: at most 255 characters.
    category: Option<String>,
    /// The id of the author within the source: `authorName` by default.
    author_key: Option<String>,
    /// The name of the author: `authorKey` by default.
    author_name: Option<String>,
    /// The time of publication.
    published_at: Option<DateTime>,
    /// Further fields: a JSON object, at most 1 MiB.
    attributes: Option<JsonScalar>,
}

impl DocumentInput {
    /// Validates the document; errors begin with `path`.
    pub(crate) fn checked(self, path: &str) -> Result<DocumentDraft, Failure> {
        let author_is_key = self.author_key.as_deref().is_none_or(is_blank);
        let refuse = |invalid: InvalidDocument| {
            // An invalid key that was derived from the name is an error of the name.
            let field = match invalid.field {
                "authorKey" if author_is_key => "authorName",
                field => field,
            };
            Failure::bad_input(format!("{path}.{field}"), invalid.problem)
        };
        let attributes = match self.attributes.map(|json| json.0) {
            None | Some(Value::Null) => "{}".to_owned(),
            Some(attributes) => match attributes.into_json() {
                Ok(attributes @ serde_json::Value::Object(_)) => attributes.to_string(),
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

    fn author_of(key: Option<&str>, name: Option<&str>) -> Option<(String, String)> {
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
        assert_eq!(author_of(Some("7"), Some("Ada")), pair("7", "Ada"));
        assert_eq!(author_of(Some("7"), None), pair("7", "7"));
        assert_eq!(author_of(None, Some(" Ada ")), pair("Ada", " Ada "));
        assert_eq!(author_of(Some(""), Some("Ada")), pair("Ada", "Ada"));
        assert_eq!(author_of(Some(" "), None), None);
        assert_eq!(author_of(None, None), None);
    }

    #[test]
    fn an_error_begins_with_the_path_of_the_field() {
        let error = |input: DocumentInput| input.checked("input.documents.3").unwrap_err().to_string();
        assert!(
            error(DocumentInput { key: String::new(), ..input() })
                .starts_with("input.documents.3.key is empty")
        );
        assert!(
            error(DocumentInput { source: " a".into(), ..input() })
                .starts_with("input.documents.3.source begins")
        );
        assert_eq!(
            error(DocumentInput { attributes: Some(JsonScalar(Value::from(1))), ..input() }),
            "input.documents.3.attributes must be a JSON object"
        );
        assert!(
            error(DocumentInput { author_name: Some("a\tb".into()), ..input() })
                .starts_with("input.documents.3.authorName holds a control character")
        );
    }
}
