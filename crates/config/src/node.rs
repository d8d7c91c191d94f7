//! A position in the tree of settings while the layers are read.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::environment::{Environment, variables_in};
use super::error::ConfigProblem;
use super::file::ConfigFile;
use super::reference_line::ReferenceLine;
use super::suggestion::{continued, did_you_mean, slip_of};

/// All layers of settings, and the findings of the reading.
pub(crate) struct Layers<'a> {
    pub(crate) file: ConfigFile<'a>,
    /// Values from variables and flags; the weakest first.
    pub(crate) texts: Vec<TextValue>,
    pub(crate) environment: &'a Environment,
    pub(crate) reference: &'a [ReferenceLine],
    pub(crate) problems: RefCell<Vec<ConfigProblem>>,
    /// The origins of the values that are no defaults, by key.
    pub(crate) origins: RefCell<BTreeMap<String, String>>,
    /// The variables whose values the file contains as `${NAME}`.
    pub(crate) expanded: RefCell<BTreeSet<String>>,
    /// The settings that unknown keys probably mean.
    pub(crate) misspelt: RefCell<BTreeSet<String>>,
}

/// The value of one setting from a variable or a flag.
pub(crate) struct TextValue {
    pub(crate) origin: String,
    pub(crate) key: String,
    pub(crate) text: String,
    /// The file overrides it.
    pub(crate) is_weak: bool,
}

/// A setting or a table of settings, with its value in the file.
pub(crate) struct ConfigNode<'a> {
    pub(crate) layers: &'a Layers<'a>,
    path: Vec<String>,
    pub(crate) value: Option<&'a Value>,
    /// The value around it is no table, which is a problem already.
    is_orphan: bool,
}

impl<'a> ConfigNode<'a> {
    /// The whole file.
    pub(crate) fn root(layers: &'a Layers<'a>) -> Self {
        Self { layers, path: Vec::new(), value: Some(&layers.file.values), is_orphan: false }
    }

    /// The setting of this name in a table.
    pub(crate) fn child(&self, name: &str) -> Self {
        let value = self.table().and_then(|table| table.get(name));
        let is_orphan = self.is_orphan || self.value.is_some_and(|value| !value.is_table());
        self.inner(name.to_owned(), value, is_orphan)
    }

    /// The items of a list.
    pub(crate) fn items(&self) -> impl Iterator<Item = Self> {
        let items = self.value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        items.iter().enumerate().map(|(index, item)| self.inner(index.to_string(), Some(item), false))
    }

    fn inner(&self, segment: String, value: Option<&'a Value>, is_orphan: bool) -> Self {
        let path = self.path.iter().cloned().chain([segment]).collect();
        Self { layers: self.layers, path, value, is_orphan }
    }

    /// The dotted key.
    pub(crate) fn key(&self) -> String {
        self.path.join(".")
    }

    /// The value in the file if it is a table.
    pub(crate) fn table(&self) -> Option<&'a Table> {
        self.value.and_then(Value::as_table)
    }

    /// The values that the layers contain, the weakest first, each with its origin.
    pub(crate) fn given(&self, parse: fn(&str) -> Value) -> Vec<(&'a str, Value)> {
        let key = self.key();
        let texts = |is_weak| {
            let texts = self.layers.texts.iter().filter(move |text| text.is_weak == is_weak);
            texts.filter(|text| text.key == key).map(|text| (&*text.origin, parse(&text.text)))
        };
        let file = self.value.map(|value| (self.layers.file.origin, value.clone()));
        texts(true).chain(file).chain(texts(false)).collect()
    }

    /// Expands the variables in a text of the file, or records the problem.
    pub(crate) fn expand(&self, text: &str) -> Option<String> {
        self.expand_with(text, |_, value| value.to_owned())
    }

    /// The same, with the spelling that `embed` gives a value behind the text before it.
    pub(crate) fn expand_with(&self, text: &str, embed: impl Fn(&str, &str) -> String) -> Option<String> {
        self.layers.expanded.borrow_mut().extend(variables_in(text).map(str::to_owned));
        let expanded = self.layers.environment.expand(text, embed);
        expanded.map_err(|reason| self.note(reason)).ok()
    }

    /// Records that the value of a layer applies.
    pub(crate) fn set_origin(&self, origin: &str) {
        self.layers.origins.borrow_mut().insert(self.key(), origin.to_owned());
    }

    /// Records a problem in the file, which begins with the key.
    pub(crate) fn note(&self, text: impl std::fmt::Display) {
        self.push(self.layers.file.origin, format!("`{}` {text}", self.key()));
    }

    /// Records a value that does not fit.
    pub(crate) fn note_mismatch(&self, origin: &str, found: &str, expected: &str) {
        self.push(origin, format!("`{}` is {found}, but must be {expected}", self.key()));
    }

    /// Records a required setting that no layer contains, unless it is a misspelt one, which is a problem already.
    pub(crate) fn note_missing(&self, expected: &str) {
        if !self.is_orphan && !self.layers.misspelt.borrow().contains(&self.key()) {
            self.note(format_args!("is missing: set it to {expected}"));
        }
    }

    /// Records each unknown key of the table, with a suggestion.
    pub(crate) fn note_unknown(&self, known: &[&str]) {
        self.note_unknown_of(known, "", |name| continued(name, known).or_else(|| self.find_elsewhere(name)));
    }

    /// Records each unknown key; `suggest` takes precedence over the nearest known one.
    pub(crate) fn note_unknown_of(
        &self,
        known: &[&str],
        context: &str,
        suggest: impl Fn(&str) -> Option<String>,
    ) {
        for name in self.table().into_iter().flat_map(Table::keys) {
            if !known.contains(&name.as_str()) {
                if let Some(meant) = slip_of(name, known) {
                    self.layers.misspelt.borrow_mut().insert(self.child(meant).key());
                }
                let nearest = || did_you_mean(name, known.iter().copied());
                let suggestion = suggest(name).unwrap_or_else(nearest);
                let child = self.child(name);
                let text = format!("unknown key `{}`{context}; {suggestion}", child.key());
                child.push(self.layers.file.origin, text);
            }
        }
    }

    /// Suggests a setting of the same name in another table.
    fn find_elsewhere(&self, name: &str) -> Option<String> {
        let is_named = |key: &&str| key.rsplit('.').next() == Some(name);
        let lines = || self.layers.reference.iter();
        let in_entry = match &self.path[..] {
            [list, index, ..] => lines()
                .filter_map(|line| line.key.strip_prefix(&format!("{list}.")))
                .find(is_named)
                .map(|key| format!("{list}.{index}.{key}")),
            _ => None,
        };
        let outside = || lines().filter(|line| !line.is_in_list()).map(|line| &*line.key).find(is_named);
        let key = in_entry.or_else(|| outside().map(str::to_owned))?;
        Some(format!("did you mean `{key}`?"))
    }

    fn push(&self, origin: &str, text: String) {
        let problem = self.layers.file.problem(origin, &self.path, text);
        self.layers.problems.borrow_mut().push(problem);
    }
}
