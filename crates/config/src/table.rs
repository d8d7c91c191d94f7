//! Tables of settings, declared once: each field with its type, bounds, default and description.
//!
//! A doc comment is the description in the manual. serde would stop at the first problem, so a table
//! reads itself field by field and records all of them.

use std::marker::PhantomData;

use toml::{Table, Value};

use super::node::ConfigNode;
use super::reference_line::ReferenceLine;
use super::setting::{Setting, SettingEntry, describe, one_of, quote};

/// The key that selects the settings of a [`SettingsEnum`].
const TAG: &str = "kind";

/// Returns the key of a field, whose name may be a raw identifier.
pub(crate) fn key(field: &'static str) -> &'static str {
    field.strip_prefix("r#").unwrap_or(field)
}

/// A table with a fixed set of settings, which `settings_table!` declares.
pub(crate) trait SettingsTable: Sized {
    fn read(node: &ConfigNode<'_>) -> Option<Self>;
    fn entries(table: Option<&Self>, prefix: &str, entries: &mut Vec<SettingEntry>);
}

macro_rules! settings_table {
    ($(#[$meta:meta])* pub struct $Table:ident {
        $($(#[doc = $doc:literal])+ $name:ident: $type:ty = $setting:expr,)+
        $(..$(#[$extra_meta:meta])* $extra_vis:vis $extra:ident: $Extra:ty)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $Table {
            $($(#[doc = $doc])+ pub $name: $type,)+
            $($(#[$extra_meta])* $extra_vis $extra: $Extra,)?
        }

        impl $crate::table::SettingsTable for $Table {
            fn read(node: &$crate::node::ConfigNode<'_>) -> Option<Self> {
                node.note_unknown(&[$($crate::table::key(stringify!($name))),+]);
                $(let $name: Option<$type> = $crate::setting::Setting::read(
                    &$setting, &node.child($crate::table::key(stringify!($name))));)+
                Some(Self { $($name: $name?,)+ $($extra: <$Extra>::default(),)? })
            }

            fn entries(table: Option<&Self>, prefix: &str, entries: &mut Vec<$crate::setting::SettingEntry>) {
                $(
                    let value: Option<&$type> = table.map(|table| &table.$name);
                    let line = $crate::reference_line::ReferenceLine::new(
                        prefix, $crate::table::key(stringify!($name)), concat!($($doc),+));
                    $crate::setting::Setting::entries(&$setting, line, value, entries);
                )+
            }
        }
    };
}

/// A table whose `kind` selects its settings, which `settings_enum!` declares.
pub(crate) trait SettingsEnum: Sized {
    /// The kinds, each with the names of its settings.
    const KINDS: &'static [(&'static str, &'static [&'static str])];
    fn kind(&self) -> &'static str;
    fn read(kind: &str, node: &ConfigNode<'_>) -> Option<Self>;
    fn entries(table: Option<&Self>, prefix: &str, entries: &mut Vec<SettingEntry>);
}

macro_rules! settings_enum {
    ($(#[$meta:meta])* pub enum $Enum:ident {
        $($(#[doc = $about:literal])+ $Variant:ident = $kind:literal {
            $($(#[doc = $doc:literal])+ $name:ident: $type:ty = $setting:expr,)*
        })+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $Enum {
            $($(#[doc = $about])+ $Variant { $($(#[doc = $doc])+ $name: $type,)* },)+
        }

        impl $crate::table::SettingsEnum for $Enum {
            const KINDS: &'static [(&'static str, &'static [&'static str])] =
                &[$(($kind, &[$(stringify!($name)),*])),+];

            fn kind(&self) -> &'static str {
                match self {
                    $(Self::$Variant { .. } => $kind,)+
                }
            }

            fn read(kind: &str, node: &$crate::node::ConfigNode<'_>) -> Option<Self> {
                match kind {
                    $($kind => {
                        $(let $name: Option<$type> =
                            $crate::setting::Setting::read(&$setting, &node.child(stringify!($name)));)*
                        Some(Self::$Variant { $($name: $name?),* })
                    })+
                    _ => None,
                }
            }

            fn entries(table: Option<&Self>, prefix: &str, entries: &mut Vec<$crate::setting::SettingEntry>) {
                $($(
                    let value: Option<&$type> = match table {
                        Some(Self::$Variant { $name, .. }) => Some($name),
                        _ => None,
                    };
                    let line = $crate::reference_line::ReferenceLine::new(
                        prefix, stringify!($name), concat!("With `kind = \"", $kind, "\"`:", $($doc),+));
                    $crate::setting::Setting::entries(&$setting, line, value, entries);
                )*)+
            }
        }
    };
}

pub(crate) use {settings_enum, settings_table};

/// A table as TOML with or without its secrets.
pub(crate) fn to_table<T: SettingsTable>(table: &T, pick: fn(SettingEntry) -> Option<Value>) -> Table {
    let mut entries = Vec::new();
    T::entries(Some(table), "", &mut entries);
    let mut root = Table::new();
    for entry in entries {
        let key = entry.line.key.clone();
        if let Some(value) = pick(entry) {
            insert(&mut root, &key, value);
        }
    }
    root
}

/// Tables as TOML with or without their secrets.
pub(crate) fn to_tables<T: SettingsTable>(
    tables: &[T],
    pick: fn(SettingEntry) -> Option<Value>,
) -> Vec<Value> {
    tables.iter().map(|table| to_table(table, pick).into()).collect()
}

/// Inserts a value under a dotted key.
fn insert(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => _ = table.insert(key.to_owned(), value),
        Some((name, rest)) => {
            let inner = table.entry(name).or_insert_with(|| Table::new().into());
            insert(inner.as_table_mut().expect("only tables have dotted keys"), rest, value);
        }
    }
}

/// A table within a table.
pub(crate) struct Subtable<T>(PhantomData<T>);

pub(crate) const fn subtable<T: SettingsTable>() -> Subtable<T> {
    Subtable(PhantomData)
}

impl<T: SettingsTable> Setting for Subtable<T> {
    type Value = T;

    fn read(&self, node: &ConfigNode<'_>) -> Option<T> {
        note_unless(Value::is_table, node, "a table");
        T::read(node)
    }

    fn entries(&self, line: ReferenceLine, table: Option<&T>, entries: &mut Vec<SettingEntry>) {
        T::entries(table, &format!("{}.", line.key), entries);
    }
}

/// A list of tables, each under its own header, which the file alone sets.
pub(crate) struct TableList<T>(PhantomData<T>);

pub(crate) const fn table_list<T: SettingsTable>() -> TableList<T> {
    TableList(PhantomData)
}

impl<T: SettingsTable> TableList<T> {
    /// Records the origin of the list, or that it is none.
    pub(crate) fn note_origin(&self, node: &ConfigNode<'_>) {
        let expected = format!("a list of tables, each written under its own `[[{}]]`", node.key());
        note_unless(Value::is_array, node, &expected);
        if node.value.is_some() {
            node.set_origin(node.layers.file.origin);
        }
    }
}

impl<T: SettingsTable> Setting for TableList<T> {
    type Value = Vec<T>;

    fn read(&self, node: &ConfigNode<'_>) -> Option<Vec<T>> {
        self.note_origin(node);
        let tables: Vec<Option<T>> = node.items().map(|item| subtable().read(&item)).collect();
        tables.into_iter().collect()
    }

    fn entries(&self, line: ReferenceLine, tables: Option<&Vec<T>>, entries: &mut Vec<SettingEntry>) {
        let list = |pick: fn(SettingEntry) -> Option<Value>| {
            Some(to_tables(tables.filter(|tables| !tables.is_empty())?, pick).into())
        };
        let (value, shown) = (list(|entry| entry.value), list(|entry| entry.shown));
        let prefix = format!("{}.", line.key);
        let first = entries.len();
        entries.push(SettingEntry {
            line: ReferenceLine { default: "`[]`".to_owned(), ..line },
            value,
            shown,
        });
        T::entries(None, &prefix, entries);
        entries[first..].iter_mut().for_each(|entry| entry.line.variable = None);
    }
}

/// A table with a `kind` within a table.
pub(crate) struct Tagged<T>(PhantomData<T>);

pub(crate) const fn tagged<T: SettingsEnum>() -> Tagged<T> {
    Tagged(PhantomData)
}

impl<T: SettingsEnum> Setting for Tagged<T> {
    type Value = T;

    fn read(&self, node: &ConfigNode<'_>) -> Option<T> {
        let kinds = one_of(T::KINDS.iter().map(|(kind, _)| *kind));
        let expected = format!("a table with a `{TAG}`, {kinds}");
        if node.value.is_none() {
            node.note_missing(&expected);
        }
        note_unless(Value::is_table, node, &expected);
        node.table()?;
        node.set_origin(node.layers.file.origin);
        let tag = node.child(TAG);
        let Some(value) = tag.value else {
            tag.note_missing(&kinds);
            return None;
        };
        let kind = T::KINDS.iter().find(|(kind, _)| value.as_str() == Some(kind));
        note_unless(|_| kind.is_some(), &tag, &kinds);
        let (kind, names) = kind?;
        node.note_unknown_of(&[*names, &[TAG]].concat(), &format!(" for kind `{kind}`"), |name| {
            let owners: Vec<&str> =
                T::KINDS.iter().filter(|(_, names)| names.contains(&name)).map(|(kind, _)| *kind).collect();
            (!owners.is_empty()).then(|| format!("it goes with kind {}", one_of(owners)))
        });
        T::read(kind, node)
    }

    fn entries(&self, line: ReferenceLine, table: Option<&T>, entries: &mut Vec<SettingEntry>) {
        let prefix = format!("{}.", line.key);
        let value = table.map(|table| Table::from_iter([(TAG.to_owned(), table.kind().into())]).into());
        let line = ReferenceLine { default: "required".to_owned(), ..line };
        entries.push(SettingEntry { line, shown: value.clone(), value });
        T::entries(table, &prefix, entries);
    }
}

/// A table that may be absent.
pub(crate) struct OptionalTable<S>(S);

pub(crate) const fn optional_table<S: Setting>(table: S) -> OptionalTable<S> {
    OptionalTable(table)
}

impl<S: Setting> Setting for OptionalTable<S> {
    type Value = Option<S::Value>;

    fn read(&self, node: &ConfigNode<'_>) -> Option<Self::Value> {
        if node.value.is_none() { Some(None) } else { self.0.read(node).map(Some) }
    }

    fn entries(&self, line: ReferenceLine, table: Option<&Self::Value>, entries: &mut Vec<SettingEntry>) {
        let (first, key) = (entries.len(), line.key.clone());
        self.0.entries(line, table.and_then(Option::as_ref), entries);
        let own = entries.get_mut(first).filter(|entry| entry.line.key == key);
        if let Some(own) = own {
            own.line.default = "none".to_owned();
        }
    }
}

/// Records a problem if the value in the file does not fit.
fn note_unless(fits: impl Fn(&Value) -> bool, node: &ConfigNode<'_>, expected: &str) {
    if let Some(value) = node.value.filter(|value| !fits(value)) {
        node.note_mismatch(node.layers.file.origin, &describe(value, quote), expected);
    }
}
