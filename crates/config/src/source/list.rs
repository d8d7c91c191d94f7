//! The list of sources: those to crawl, and those whose documents clients send.

use toml::Value;

use super::attribute::AttributeConfig;
use super::language::{LanguageSetting, language_setting};
use super::{SourceConfig, source_name};
use crate::node::ConfigNode;
use crate::reference_line::ReferenceLine;
use crate::setting::{Setting, SettingEntry};
use crate::table::{SettingsTable, TableList, settings_table, subtable, table_list, to_tables};
use quarry_domain::SourceName;

settings_table! {
    /// A source that is not crawled: clients send its documents.
    pub struct PushedSource {
        /// The name of the source, unique among the sources.
        name: SourceName = source_name(),
        /// The language of the texts.
        language: LanguageSetting = language_setting().default("english"),
        /// The attributes that are indexed.
        attributes: Vec<AttributeConfig> = table_list(),
    }
}

/// The settings that a source without crawls has.
const PUSHED: [&str; 3] = ["name", "language", "attributes"];

/// The configured sources.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceList {
    /// Those that are crawled.
    pub crawled: Vec<SourceConfig>,
    /// Those whose documents clients send.
    pub pushed: Vec<PushedSource>,
    /// For each crawled source, then for each pushed one, its index in the file.
    indexes: Vec<usize>,
}

/// The settings of a source that both kinds have.
#[derive(Clone, Copy, Debug)]
pub struct SourceContent<'a> {
    /// Its name.
    pub name: &'a SourceName,
    /// The language of its texts.
    pub language: &'a LanguageSetting,
    /// The attributes that are indexed.
    pub attributes: &'a [AttributeConfig],
}

impl SourceList {
    /// The settings of all sources that the index depends on.
    pub fn contents(&self) -> impl Iterator<Item = SourceContent<'_>> {
        let crawled = self.crawled.iter().map(|source| (&source.name, &source.language, &source.attributes));
        let pushed = self.pushed.iter().map(|source| (&source.name, &source.language, &source.attributes));
        crawled.chain(pushed).map(|(name, language, attributes)| SourceContent { name, language, attributes })
    }

    /// The indexes of the sources in the file, in the order of [`SourceList::contents`].
    pub(crate) fn indexes(&self) -> &[usize] {
        &self.indexes
    }
}

/// The `[[sources]]` tables: one without settings of crawls is that of a pushed source.
pub(crate) struct SourceTables(TableList<SourceConfig>);

pub(crate) const fn source_tables() -> SourceTables {
    SourceTables(table_list())
}

impl Setting for SourceTables {
    type Value = SourceList;

    fn read(&self, node: &ConfigNode<'_>) -> Option<SourceList> {
        self.0.note_origin(node);
        let (mut list, mut pushed_indexes, mut is_whole) = (SourceList::default(), Vec::new(), true);
        for (index, item) in node.items().enumerate() {
            if is_pushed(&item) {
                match PushedSource::read(&item) {
                    Some(source) => list.pushed.push(source),
                    None => is_whole = false,
                }
                pushed_indexes.push(index);
            } else {
                match subtable::<SourceConfig>().read(&item) {
                    Some(source) => list.crawled.push(source),
                    None => is_whole = false,
                }
                list.indexes.push(index);
            }
        }
        list.indexes.extend(pushed_indexes);
        is_whole.then_some(list)
    }

    fn entries(&self, line: ReferenceLine, list: Option<&SourceList>, entries: &mut Vec<SettingEntry>) {
        let own = entries.len();
        self.0.entries(line, list.map(|list| &list.crawled), entries);
        let Some(list) = list.filter(|list| !list.pushed.is_empty()) else { return };
        extend(&mut entries[own].value, to_tables(&list.pushed, |entry| entry.value));
        extend(&mut entries[own].shown, to_tables(&list.pushed, |entry| entry.shown));
    }
}

fn extend(list: &mut Option<Value>, more: Vec<Value>) {
    match list {
        Some(Value::Array(items)) => items.extend(more),
        _ => *list = Some(more.into()),
    }
}

fn is_pushed(source: &ConfigNode<'_>) -> bool {
    source.table().is_some_and(|table| {
        table.contains_key("name") && table.keys().all(|key| PUSHED.contains(&key.as_str()))
    })
}
