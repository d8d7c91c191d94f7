//! What is served: a named list of JSON objects, each kept as the text it came as.
//!
//! Items are never taken apart: the order of their fields, their number formats and their escapes reach the
//! client as they stand in the file. The whole collection is in memory, because a page may be anywhere in it.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// Why there is nothing to serve; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum CollectionError {
    /// The name cannot stand in an address.
    #[error("{0:?} cannot name a collection: use 1 to 64 small letters, digits, - and _")]
    Name(String),
    /// There is no such file.
    #[error("{0}: there is no such file; give the path of a file with a JSON array of objects")]
    NotFound(PathBuf),
    /// It cannot be read.
    #[error("{path}: it cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is not JSON.
    #[error(
        "{path}: it is not JSON: {source}; \
         if it holds one object per line, `jq -s . FILE` makes an array of them"
    )]
    NotJson {
        /// The file.
        path: PathBuf,
        /// Where reading ended.
        source: serde_json::Error,
    },
    /// It is JSON, but not an array.
    #[error(
        "{path}: it holds {found} where an array of objects is needed, as in [{{\"id\": 1}}, {{\"id\": 2}}]; \
         if the array is inside, `jq .items FILE` takes it out"
    )]
    NotAnArray {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: &'static str,
    },
    /// It is an array, but not of objects.
    #[error("{origin}: element {position} is {found}, but each has to be an object, as in {{\"id\": 1}}")]
    NotAnObject {
        /// The file, or the collection.
        origin: String,
        /// Which element, counted from 1.
        position: usize,
        /// What it is.
        found: &'static str,
    },
    /// A value cannot be written as JSON.
    #[error("an item cannot be written as JSON: {0}")]
    Unwritable(#[from] serde_json::Error),
}

/// One object, as text.
#[derive(Debug)]
pub(super) struct Item {
    json: Box<RawValue>,
    /// Tells items apart when distinct ones are counted.
    pub(super) digest: u64,
}

impl Item {
    /// The object as it is sent.
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

const NAME_CHARS: usize = 64;

impl Collection {
    /// Reads a file that holds one JSON array of objects.
    pub fn from_file(name: &str, path: &Path) -> Result<Self, CollectionError> {
        let text = std::fs::read(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => CollectionError::NotFound(path.to_owned()),
            _ => CollectionError::Unreadable { path: path.to_owned(), source },
        })?;
        // Some editors begin a file with a byte order mark, which JSON does not know.
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

    /// Takes values that serialise as JSON objects.
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
        if name.is_empty() || name.len() > NAME_CHARS || !name.chars().all(allowed) {
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

    /// Its name, which is the first part of its addresses.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many items it has.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether it has none.
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

/// What a JSON text is, by its first character.
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
