//! A test collection: documents, queries and relevance judgments, read from a folder of three files.
//!
//! Published collections differ in details, so names of files and fields vary within limits:
//! - `docs.jsonl` (or `documents…`, `corpus…`): `id`, `title` if any, `text`;
//! - `queries.jsonl` (or `topics…`): `id`, `text`;
//! - `qrels.tsv` (or `judgments…`): query, document, gain; or TREC's query, iteration, document, gain.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

const IDS: [&str; 5] = ["id", "_id", "doc_id", "docid", "query_id"];
const TITLES: [&str; 2] = ["title", "name"];
const TEXTS: [&str; 7] = ["text", "body", "contents", "content", "abstract", "description", "query"];

/// The gains of a query's judged documents.
pub(crate) type Gains = HashMap<String, f64>;

pub(crate) struct TestCollection {
    pub(crate) name: String,
    pub(crate) documents: Vec<CollectionDocument>,
    /// The queries with a relevant document; others cannot be scored.
    pub(crate) queries: Vec<JudgedQuery>,
}

pub(crate) struct CollectionDocument {
    pub(crate) id: String,
    pub(crate) title: Option<String>,
    pub(crate) text: String,
}

pub(crate) struct JudgedQuery {
    pub(crate) text: String,
    pub(crate) gains: Gains,
}

impl TestCollection {
    pub(crate) fn read(folder: &Path) -> Self {
        let documents: Vec<CollectionDocument> =
            objects(&file(folder, &["doc", "corpus"])).iter().map(document).collect();
        let mut judgments = judgments(&read(&file(folder, &["qrel", "judg"])));
        let queries = objects(&file(folder, &["quer", "topic"]))
            .iter()
            .filter_map(|query| {
                let gains = judgments.remove(&field(query, &IDS)?)?;
                Some(JudgedQuery { text: field(query, &TEXTS)?, gains })
            })
            .filter(|query| query.gains.values().any(|gain| *gain > 0.0))
            .collect();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        Self { name, documents, queries }
    }
}

/// Reads a document, whose title or text may be missing.
fn document(object: &Value) -> CollectionDocument {
    CollectionDocument {
        id: field(object, &IDS).expect("a document has an id"),
        title: field(object, &TITLES),
        text: field(object, &TEXTS).unwrap_or_default(),
    }
}

/// Returns the first of these fields that is not blank.
fn field(object: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match &object[*name] {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

fn judgments(text: &str) -> HashMap<String, Gains> {
    let mut rows: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .filter(|row: &Vec<_>| row.len() > 1)
        .collect();
    let is_header = |row: &&Vec<&str>| match row.get(2..) {
        Some(rest) if !rest.is_empty() => rest.iter().all(|cell| cell.parse::<f64>().is_err()),
        _ => row[0].to_lowercase().contains("query"),
    };
    let header = rows.first().filter(is_header).cloned();
    if header.is_some() {
        rows.remove(0);
    }
    let (document, gain) = columns(header.as_deref(), &rows);
    let mut judgments: HashMap<String, Gains> = HashMap::new();
    for row in rows {
        // A list without gains has the relevant documents only.
        let gain = row.get(gain).map_or(1.0, |gain| gain.parse().expect("a gain is a number"));
        judgments.entry(row[0].to_owned()).or_default().insert(row[document].to_owned(), gain);
    }
    judgments
}

/// Returns the columns of document and gain.
fn columns(header: Option<&[&str]>, rows: &[Vec<&str>]) -> (usize, usize) {
    let named = |names: &[&str]| {
        header?.iter().position(|cell| names.iter().any(|name| cell.to_lowercase().contains(name)))
    };
    // The iteration of TREC's format is the same in every row.
    let is_trec = rows.iter().all(|row| row.len() > 3 && row[1] == rows[0][1]);
    let document = named(&["doc", "corpus"]).unwrap_or(if is_trec { 2 } else { 1 });
    (document, named(&["gain", "rel", "score", "label"]).unwrap_or(document + 1))
}

fn file(folder: &Path, prefixes: &[&str]) -> PathBuf {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let has_prefix = |file: &PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        prefixes.iter().any(|prefix| name.starts_with(prefix))
    };
    let found = files.into_iter().find(has_prefix);
    found.unwrap_or_else(|| panic!("{}: no file begins with {prefixes:?}", folder.display()))
}

fn objects(file: &Path) -> Vec<Value> {
    let parse = |line: &str| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}: {line}", file.display()))
    };
    read(file).lines().filter(|line| !line.trim().is_empty()).map(parse).collect()
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
