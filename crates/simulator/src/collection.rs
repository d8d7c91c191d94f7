//! The served items: a named list of JSON objects in their original spelling.
//!
//! Items are never parsed into values, so field order, number formats and escapes reach the client unchanged. The
//! whole collection is in memory, because requests read pages in any order.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// An invalid collection, with the remedy.
#[derive(Debug, thiserror::Error)]
pub enum CollectionError {
    /// The name does not fit into a URL.
    #[error("{0:?} cannot name a collection: use 1 to 64 lower-case letters, digits, - and _")]
    Name(String),
    /// The file does not exist.
    #[error("{0}: there is no such file; give the path of a file with a JSON array of objects")]
    NotFound(PathBuf),
    /// The file cannot be read.
    #[error("{path}: the file cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The file is not JSON.
    #[error(
        "{path}: it is not JSON: {source}; \
         if it holds one object per line, `jq -s . FILE` makes an array of them"
    )]
    NotJson {
        /// The file.
        path: PathBuf,
        /// The syntax error.
        source: serde_json::Error,
    },
    /// The file contains JSON other than an array.
    #[error(
        "{path}: it holds {found} where an array of objects is needed, as in [{{\"id\": 1}}, {{\"id\": 2}}]; \
         if the array is nested, extract it with `jq .items FILE`"
    )]
    NotAnArray {
        /// The file.
        path: PathBuf,
        /// The kind of value found.
        found: &'static str,
    },
    /// The array contains a value other than an object.
    #[error("{origin}: element {position} is {found}, but each has to be an object, as in {{\"id\": 1}}")]
    NotAnObject {
        /// The file, or the collection.
        origin: String,
        /// The position of the element, from 1.
        position: usize,
        /// The kind of value found.
        found: &'static str,
    },
    /// A value cannot be serialised as JSON.
    #[error("an item cannot be serialised as JSON: {0}")]
    Unserialisable(#[from] serde_json::Error),
}

/// An object in its original spelling.
#[derive(Debug)]
pub(super) struct Item {
    json: Box<RawValue>,
    /// The digest by which distinct items are counted.
    pub(super) digest: u64,
}

impl Item {
    /// The JSON text.
    pub(super) fn json(&self) -> &str {
        self.json.get()
    }
}

/// A named list of JSON objects.
#[derive(Clone, Debug)]
pub struct Collection {
    name: String,
    items: Arc<[Item]>,
}

const MAX_NAME_CHARS: usize = 64;

impl Collection {
    /// Reads a file that holds one JSON array of objects.
    pub fn from_file(name: &str, path: &Path) -> Result<Self, CollectionError> {
        let text = std::fs::read(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => CollectionError::NotFound(path.to_owned()),
            _ => CollectionError::Unreadable { path: path.to_owned(), source },
        })?;
        // Some editors write a byte order mark, which JSON does not permit.
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text);
        let items: Vec<Box<RawValue>> = serde_json::from_slice(text).map_err(|source| {
            let first = text.trim_ascii_start().first().copied().unwrap_or_default();
            match source.is_data() && first != b'[' {
                true => CollectionError::NotAnArray { path: path.to_owned(), found: kind_of(first) },
                false => CollectionError::NotJson { path: path.to_owned(), source },
            }
        })?;
        Self::new(name, &path.display().to_string(), items)
    }

    /// Serialises values as JSON objects.
    pub fn from_values<T: Serialize>(
        name: &str,
        values: impl IntoIterator<Item = T>,
    ) -> Result<Self, CollectionError> {
        let items: Vec<Box<RawValue>> =
            values.into_iter().map(|value| to_raw_value(&value)).collect::<Result<_, _>>()?;
        Self::new(name, name, items)
    }

    fn new(name: &str, origin: &str, items: Vec<Box<RawValue>>) -> Result<Self, CollectionError> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if name.is_empty() || name.len() > MAX_NAME_CHARS || !name.chars().all(allowed) {
            return Err(CollectionError::Name(name.to_owned()));
        }
        for (index, item) in items.iter().enumerate() {
            let first = item.get().as_bytes().first().copied().unwrap_or_default();
            if first != b'{' {
                let (origin, position) = (origin.to_owned(), index + 1);
                return Err(CollectionError::NotAnObject { origin, position, found: kind_of(first) });
            }
        }
        let items = items.into_iter().map(|json| Item { digest: digest(&json), json }).collect();
        Ok(Self { name: name.to_owned(), items })
    }

    /// The same collection with only its first items.
    #[must_use]
    pub fn truncated(&self, length: usize) -> Self {
        let items = self.items.iter().take(length);
        let items = items.map(|item| Item { json: item.json.clone(), digest: item.digest }).collect();
        Self { name: self.name.clone(), items }
    }

    /// The name, which is the first segment of the URL path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns true without items.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn items(&self) -> &Arc<[Item]> {
        &self.items
    }
}

fn digest(json: &RawValue) -> u64 {
    let mut hasher = DefaultHasher::new();
    json.get().hash(&mut hasher);
    hasher.finish()
}

/// The kind of a JSON value, by its first character.
fn kind_of(first: u8) -> &'static str {
    match first {
        b'{' => "an object",
        b'[' => "an array",
        b'"' => "a string",
        b't' | b'f' => "a boolean",
        b'n' => "null",
        _ => "a number",
    }
}
