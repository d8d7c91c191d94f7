//! The attributes of a source's documents that can be searched, filtered, counted and sorted.

use serde::Serialize;
use serde_json::Value;

use crate::pointer::{ItemsPath, PathSegment, items_path};
use crate::setting::{Scalar, one_of};
use crate::table::settings_table;
use crate::values::{choice, list_of, weight};

/// The longest name, in characters.
const MAX_NAME: usize = 64;
/// The names of fields, which filters and facets contain as well.
const RESERVED: [&str; 8] =
    ["source", "category", "author", "authorKey", "publishedAt", "title", "text", "relevance"];

settings_table! {
    /// A member of `attributes` that is indexed.
    pub struct AttributeConfig {
        /// The name of the attribute in the API: letters, digits and `_`. Attributes of several sources with one
        /// name have one type.
        name: String = attribute_name(),
        /// The pointer to the value within the document's `attributes`. Of a list, each value counts, and
        /// `/variants/*/sku` is that member of each item.
        pointer: Option<ItemsPath> = items_path().optional().computed("`/` and the name", || None),
        /// The type of the values: `string`, compared as a whole; `text`, searched by words; `number`; `boolean`;
        /// `date`; or `geo`, a point as `{lat, lon}`, `[longitude, latitude]` or `"latitude,longitude"`.
        r#type: AttributeType = choice(AttributeType::ALL),
        /// The uses of the attribute: `search` its words, `filter`, `facet` or `sort` by its values; `suggest` them
        /// as a whole while typing, if they are strings that are searched.
        uses: Option<Vec<AttributeUse>> = uses().optional()
            .computed("`search` for `text`, else `filter`, `facet` and `sort` if the type has them", || None),
        /// The weight of its words in scores, if they are searched: a match adds in proportion to it, 1 as much as
        /// one in a title by default. Sources that search an attribute of one name give it one weight.
        weight: f64 = weight().default(0.0),
    }
}

/// The type of an attribute's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AttributeType {
    /// Text that is compared as a whole.
    String,
    /// Text that is searched by words.
    Text,
    /// A number with the precision of a 64-bit float.
    Number,
    /// True or false.
    Boolean,
    /// A point in time.
    Date,
    /// A point on Earth.
    Geo,
}

impl AttributeType {
    /// All types.
    pub const ALL: [Self; 6] = [Self::String, Self::Text, Self::Number, Self::Boolean, Self::Date, Self::Geo];

    /// Returns the name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Text => "text",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Geo => "geo",
        }
    }

    /// Returns the uses that values of the type have.
    fn uses(self) -> &'static [AttributeUse] {
        match self {
            Self::String => &AttributeUse::ALL,
            Self::Text => &[AttributeUse::Search],
            Self::Number | Self::Boolean | Self::Date => {
                &[AttributeUse::Filter, AttributeUse::Facet, AttributeUse::Sort]
            }
            Self::Geo => &[AttributeUse::Filter, AttributeUse::Sort],
        }
    }
}

/// A use of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AttributeUse {
    /// Its words are searched like those of the text.
    Search,
    /// Filters restrict its values.
    Filter,
    /// Facets count its values.
    Facet,
    /// Hits are ordered by its values.
    Sort,
    /// Its values complete typed texts.
    Suggest,
}

impl AttributeUse {
    /// All uses.
    pub const ALL: [Self; 5] = [Self::Search, Self::Filter, Self::Facet, Self::Sort, Self::Suggest];

    /// Returns the name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Filter => "filter",
            Self::Facet => "facet",
            Self::Sort => "sort",
            Self::Suggest => "suggest",
        }
    }
}

impl AttributeConfig {
    /// Returns the pointer to the value.
    pub fn path(&self) -> String {
        self.pointer.as_ref().map_or_else(|| format!("/{}", self.name), |pointer| pointer.as_str().to_owned())
    }

    /// Returns the values at the pointer, within the attributes of a document.
    pub fn select<'v>(&self, attributes: &'v Value) -> Vec<&'v Value> {
        let Some(pointer) = &self.pointer else { return attributes.get(&self.name).into_iter().collect() };
        let mut selected = Vec::new();
        select(attributes, pointer.segments(), &mut selected);
        selected
    }

    /// Returns true if the attribute has a use.
    pub fn has(&self, wanted: AttributeUse) -> bool {
        match &self.uses {
            Some(uses) => uses.contains(&wanted),
            None => self.default_uses().any(|usage| usage == wanted),
        }
    }

    fn default_uses(&self) -> impl Iterator<Item = AttributeUse> {
        let searched_only = self.r#type == AttributeType::Text;
        let uses = self.r#type.uses().iter().copied();
        uses.filter(move |usage| {
            searched_only || !matches!(usage, AttributeUse::Search | AttributeUse::Suggest)
        })
    }

    /// Returns the setting with a problem, and the problem, if there is one.
    pub(crate) fn problem(&self) -> Option<(&'static str, String)> {
        if self.weight > 0.0 && !self.has(AttributeUse::Search) {
            let text =
                "is the weight of searched words, but `uses` has no `search`: add it, or omit the weight";
            return Some(("weight", text.to_owned()));
        }
        if self.has(AttributeUse::Suggest)
            && !self.has(AttributeUse::Search)
            && self.r#type.uses().contains(&AttributeUse::Suggest)
        {
            let text = "contains `suggest`, but not `search`: suggested values would find nothing; add it";
            return Some(("uses", text.to_owned()));
        }
        let possible = self.r#type.uses();
        let wrong = self.uses.iter().flatten().find(|usage| !possible.contains(usage))?;
        let possible = one_of(possible.iter().map(|usage| usage.name()));
        let kind = self.r#type.name();
        Some(("uses", format!("contains `{}`, but the uses of a `{kind}` are {possible}", wrong.name())))
    }
}

/// Adds the values at a path.
fn select<'v>(value: &'v Value, path: &[PathSegment], selected: &mut Vec<&'v Value>) {
    let Some((segment, rest)) = path.split_first() else {
        selected.push(value);
        return;
    };
    match (segment, value) {
        (PathSegment::Wildcard, Value::Array(values)) => {
            values.iter().for_each(|value| select(value, rest, selected));
        }
        (PathSegment::Wildcard, Value::Object(members)) => {
            members.values().for_each(|value| select(value, rest, selected));
        }
        (PathSegment::Name(name), Value::Object(members)) => {
            members.get(name).into_iter().for_each(|value| select(value, rest, selected));
        }
        (PathSegment::Name(index), Value::Array(values)) => {
            let value = index.parse::<usize>().ok().and_then(|index| values.get(index));
            value.into_iter().for_each(|value| select(value, rest, selected));
        }
        _ => {}
    }
}

fn attribute_name() -> Scalar<String> {
    let expected = format!(
        "a name of at most {MAX_NAME} letters, digits and `_` that begins with a letter, and none of {}",
        RESERVED.join(", ")
    );
    Scalar::from_text(expected, |text| {
        let is_name = text.starts_with(|char: char| char.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && text.len() <= MAX_NAME
            && !RESERVED.contains(&text);
        is_name.then(|| text.to_owned())
    })
}

fn uses() -> Scalar<Vec<AttributeUse>> {
    let expected = format!("a list with {}", one_of(AttributeUse::ALL.map(AttributeUse::name)));
    list_of(1, expected, |text| AttributeUse::ALL.into_iter().find(|usage| usage.name() == text))
}
