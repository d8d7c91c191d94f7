//! The language of a source's texts.

use serde::{Deserialize, Serialize, Serializer};
use toml::Value;

use super::super::setting::Scalar;
use super::super::values::parse_list;

/// A language with word forms that search knows (Snowball).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are those of the languages")]
pub enum Language {
    Arabic,
    Armenian,
    Basque,
    Catalan,
    Czech,
    Danish,
    Dutch,
    #[default]
    English,
    Esperanto,
    Estonian,
    Finnish,
    French,
    German,
    Greek,
    Hindi,
    Hungarian,
    Indonesian,
    Irish,
    Italian,
    Lithuanian,
    Nepali,
    Norwegian,
    Persian,
    Polish,
    Portuguese,
    Romanian,
    Russian,
    Serbian,
    Sesotho,
    Spanish,
    Swedish,
    Tamil,
    Turkish,
    Ukrainian,
    Yiddish,
}

impl Language {
    /// All languages, by name.
    pub const ALL: [Self; 35] = [
        Self::Arabic,
        Self::Armenian,
        Self::Basque,
        Self::Catalan,
        Self::Czech,
        Self::Danish,
        Self::Dutch,
        Self::English,
        Self::Esperanto,
        Self::Estonian,
        Self::Finnish,
        Self::French,
        Self::German,
        Self::Greek,
        Self::Hindi,
        Self::Hungarian,
        Self::Indonesian,
        Self::Irish,
        Self::Italian,
        Self::Lithuanian,
        Self::Nepali,
        Self::Norwegian,
        Self::Persian,
        Self::Polish,
        Self::Portuguese,
        Self::Romanian,
        Self::Russian,
        Self::Serbian,
        Self::Sesotho,
        Self::Spanish,
        Self::Swedish,
        Self::Tamil,
        Self::Turkish,
        Self::Ukrainian,
        Self::Yiddish,
    ];

    /// Returns the name in settings.
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// Returns the language of a name in settings.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.name() == name)
    }
}

/// The languages of a source's documents.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LanguageSetting {
    /// The language of each document is detected.
    Auto,
    /// Each document has the word forms of these languages; without any, words match as they are written.
    Listed(Vec<Language>),
}

impl Default for LanguageSetting {
    fn default() -> Self {
        Language::default().into()
    }
}

impl From<Language> for LanguageSetting {
    fn from(language: Language) -> Self {
        Self::Listed(vec![language])
    }
}

impl LanguageSetting {
    /// The setting `none`.
    pub const NONE: Self = Self::Listed(Vec::new());

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(name) => match name.as_str() {
                "auto" => Some(Self::Auto),
                "none" => Some(Self::NONE),
                name => Language::from_name(name).map(Self::from),
            },
            Value::Array(names) if !names.is_empty() => {
                let language = |name: &Value| Language::from_name(name.as_str()?);
                let mut languages = names.iter().map(language).collect::<Option<Vec<_>>>()?;
                // The order has no meaning, and must not cause a rebuild of the index.
                languages.sort_unstable();
                languages.dedup();
                Some(Self::Listed(languages))
            }
            _ => None,
        }
    }
}

impl Serialize for LanguageSetting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => "auto".serialize(serializer),
            Self::Listed(languages) => match languages.as_slice() {
                [] => "none".serialize(serializer),
                [language] => language.serialize(serializer),
                languages => languages.serialize(serializer),
            },
        }
    }
}

pub(super) fn language_setting() -> Scalar<LanguageSetting> {
    let names = Language::ALL.map(|language| format!("`{}`", language.name()));
    let expected = format!("`auto`, `none`, a language or a list of languages among {}", names.join(", "));
    let parse = |text: &str| if text.contains([',', '[']) { parse_list(text) } else { text.into() };
    Scalar::new(expected, LanguageSetting::read)
        .parsed(parse)
        .with_items(|item| item.as_str().and_then(Language::from_name).is_some())
}
