//! A setting: how its value is read from the layers, documented and printed.

use serde::Serialize;
use toml::Value;

use super::node::ConfigNode;
use super::reference_line::ReferenceLine;

/// Characters of a wrong value that messages show.
const SHOWN_CHARS: usize = 60;

/// The description of a setting, from which each of its uses follows.
pub(crate) trait Setting {
    /// The type of its value.
    type Value;

    /// Reads the value, or records the problems with it.
    fn read(&self, node: &ConfigNode<'_>) -> Option<Self::Value>;

    /// Appends the entries of the setting: one, or those of a table.
    fn entries(&self, line: ReferenceLine, value: Option<&Self::Value>, entries: &mut Vec<SettingEntry>);
}

/// The documentation and the value of a setting.
pub(crate) struct SettingEntry {
    pub(crate) line: ReferenceLine,
    /// The value, unless it is absent or only the documentation is wanted.
    pub(crate) value: Option<Value>,
    /// The value without secrets.
    pub(crate) shown: Option<Value>,
}

type ReadFn<T> = dyn Fn(&Value) -> Option<T>;
type WriteFn<T> = dyn Fn(&T) -> Option<Value>;
type ItemTest = dyn Fn(&Value) -> bool;

/// A setting with one value or a list of values.
pub(crate) struct Scalar<T> {
    expected: String,
    read: Box<ReadFn<T>>,
    write: Box<WriteFn<T>>,
    redact: fn(Value) -> Value,
    parse: fn(&str) -> Value,
    quote: fn(&str) -> String,
    fits_item: Option<Box<ItemTest>>,
    fallback: Fallback<T>,
}

/// The value of a setting that no layer contains.
enum Fallback<T> {
    Required,
    Value(Value),
    /// A value that depends on the machine or on other settings, and its description.
    Computed(&'static str, fn() -> T),
}

impl<T: Serialize + 'static> Scalar<T> {
    /// A required setting; `expected` completes the sentence "it must be …".
    pub(crate) fn new(expected: impl Into<String>, read: impl Fn(&Value) -> Option<T> + 'static) -> Self {
        Self {
            expected: expected.into(),
            read: Box::new(read),
            write: Box::new(|value| Some(Value::try_from(value).expect("settings serialize as TOML"))),
            redact: |value| value,
            parse: |text| text.into(),
            quote,
            fits_item: None,
            fallback: Fallback::Required,
        }
    }

    /// A required setting whose value is text that `parse` accepts.
    pub(crate) fn from_text(
        expected: impl Into<String>,
        parse: impl Fn(&str) -> Option<T> + 'static,
    ) -> Self {
        Self::new(expected, move |value| parse(value.as_str()?))
    }
}

impl<T: 'static> Scalar<T> {
    pub(crate) fn default(self, value: impl Into<Value>) -> Self {
        Self { fallback: Fallback::Value(value.into()), ..self }
    }

    pub(crate) fn computed(self, description: &'static str, compute: fn() -> T) -> Self {
        Self { fallback: Fallback::Computed(description, compute), ..self }
    }

    /// Lets the setting be absent.
    pub(crate) fn optional(self) -> Scalar<Option<T>> {
        let Self { expected, read, write, redact, parse, quote, fits_item, .. } = self;
        Scalar {
            expected,
            read: Box::new(move |value| read(value).map(Some)),
            write: Box::new(move |value| write(value.as_ref()?)),
            redact,
            parse,
            quote,
            fits_item,
            fallback: Fallback::Computed("none", || None),
        }
    }

    /// Sets the format of the value in TOML.
    pub(crate) fn written(self, write: fn(&T) -> Value) -> Self {
        Self { write: Box::new(move |value| Some(write(value))), ..self }
    }

    /// Sets the format in output without secrets.
    pub(crate) fn redacted(self, redact: fn(Value) -> Value) -> Self {
        Self { redact, ..self }
    }

    /// Sets the format in variables and flags.
    pub(crate) fn parsed(self, parse: fn(&str) -> Value) -> Self {
        Self { parse, ..self }
    }

    /// Sets the format of a wrong text in messages.
    pub(crate) fn quoted(self, quote: fn(&str) -> String) -> Self {
        Self { quote, ..self }
    }

    /// Sets the test by which messages find the wrong item of a list.
    pub(crate) fn with_items(self, fits: impl Fn(&Value) -> bool + 'static) -> Self {
        Self { fits_item: Some(Box::new(fits)), ..self }
    }

    fn describe(&self, value: &Value) -> String {
        let is_wrong = |item: &&Value| self.fits_item.as_ref().is_some_and(|fits| !fits(item));
        match value.as_array().and_then(|items| items.iter().find(is_wrong)) {
            Some(Value::String(text)) if text.is_empty() => "a list with \"\"".to_owned(),
            Some(item) => format!("a list with {}", describe(item, self.quote)),
            None => describe(value, self.quote),
        }
    }
}

impl<T: 'static> Setting for Scalar<T> {
    type Value = T;

    fn read(&self, node: &ConfigNode<'_>) -> Option<T> {
        let mut strongest = None;
        // Each layer is checked, also one that a stronger layer overrides.
        for (origin, value) in node.given(self.parse) {
            let read = (self.read)(&value);
            if read.is_none() {
                node.note_mismatch(origin, &self.describe(&value), &self.expected);
            }
            node.set_origin(origin);
            strongest = Some(read);
        }
        strongest.unwrap_or_else(|| match &self.fallback {
            Fallback::Required => {
                node.note_missing(&self.expected);
                None
            }
            Fallback::Value(value) => Some((self.read)(value).expect("a default fits its bounds")),
            Fallback::Computed(_, compute) => Some(compute()),
        })
    }

    fn entries(&self, line: ReferenceLine, value: Option<&T>, entries: &mut Vec<SettingEntry>) {
        let default = match &self.fallback {
            Fallback::Required => "required".to_owned(),
            Fallback::Value(value) => format!("`{value}`"),
            Fallback::Computed(description, _) => (*description).to_owned(),
        };
        let value = value.and_then(|value| (self.write)(value));
        let shown = value.clone().map(self.redact);
        entries.push(SettingEntry { line: ReferenceLine { default, ..line }, value, shown });
    }
}

/// Describes a wrong value; `quote` removes secrets from texts.
pub(crate) fn describe(value: &Value, quote: fn(&str) -> String) -> String {
    match value {
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text) => quote(text),
        Value::Datetime(time) => quote(&time.to_string()),
        Value::Table(_) => "a table".to_owned(),
        Value::Array(items) if items.is_empty() => "an empty list".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => value.to_string(),
    }
}

/// Quotes a text that is no secret, shortened.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = format!("{text:?}");
    if let Some((end, _)) = quoted.char_indices().nth(SHOWN_CHARS) {
        quoted.replace_range(end.., "…");
    }
    quoted
}

/// Lists words: "one of `a`, `b`".
pub(crate) fn one_of<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    format!("one of {}", words.join(", "))
}

/// Stands for a text that may be a secret.
pub(crate) fn hide(_: &str) -> String {
    "text".to_owned()
}
