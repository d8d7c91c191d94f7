//! The folder of the tantivy engine: damage, other versions, other processes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use quarry::config::{LanguageSetting, Settings};
use quarry::domain::{Document, SourceName};
use quarry::search::tantivy_engine::{OpenError, TantivyEngine, TantivyOptions};
use quarry::search::{
    AttributeCondition, AttributeTest, Attributes, DocumentFilter, FacetRequest, SearchEngine, SearchError,
    SearchRequest,
};

use super::corpus::{document, fill, open, options, total};

fn index_folders(root: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

async fn filled(root: &Path) {
    let engine = open(root);
    fill(&engine, (0..50).map(|at| document(&format!("k{at}"), "some text")).collect()).await;
}

#[tokio::test]
async fn an_index_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    let engine = open(folder.path());
    assert_eq!(total(&engine, "some").await, 50);
    assert!(engine.applied_through().await.unwrap().is_some());
}

#[tokio::test]
async fn damage_to_any_file_empties_the_index_for_a_rebuild() {
    let whole = tempfile::tempdir().unwrap();
    filled(whole.path()).await;
    let index = index_folders(whole.path()).remove(0);
    let names: Vec<_> = std::fs::read_dir(&index)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.') || name == ".managed.json")
        .collect();
    assert!(names.len() > 4);
    for name in names {
        for damage in ["garbage", "truncated", "missing"] {
            let folder = tempfile::tempdir().unwrap();
            filled(folder.path()).await;
            let index = index_folders(folder.path()).remove(0);
            // Segments have random names: damage the file with the same extension.
            let kind = name.rsplit('.').next().unwrap().to_owned();
            let file = std::fs::read_dir(&index)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .find(|path| {
                    let other = path.file_name().unwrap().to_str().unwrap();
                    if kind == "json" { other == name } else { other.ends_with(&kind) }
                })
                .unwrap();
            let content = std::fs::read(&file).unwrap();
            match damage {
                "garbage" => {
                    let mut bytes = content.clone();
                    let middle = bytes.len() / 2;
                    bytes[middle] ^= 0x55;
                    std::fs::write(&file, bytes).unwrap();
                }
                "truncated" => std::fs::write(&file, &content[..content.len() / 2]).unwrap(),
                _ => std::fs::remove_file(&file).unwrap(),
            }
            let engine = open(folder.path());
            let harmless = kind == "json" && name == ".managed.json";
            let intact = total(&engine, "some").await == 50;
            let empty = engine.applied_through().await.unwrap().is_none();
            assert!(intact != empty, "{name} {damage}: either whole or to be rebuilt");
            assert!(empty || harmless || damage == "garbage", "{name} {damage}");
            fill(&engine, vec![document("new", "fresh")]).await;
            assert_eq!(total(&engine, "fresh").await, 1);
        }
    }
}

#[tokio::test]
async fn another_analysis_builds_a_second_index_while_the_first_serves() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    let mut other = options(folder.path());
    other.languages.insert(SourceName::parse("test").unwrap(), LanguageSetting::NONE);
    let engine = TantivyEngine::open(other.clone()).unwrap();
    assert_eq!(engine.applied_through().await.unwrap(), None, "the new index is empty");
    assert_eq!(total(&engine, "some").await, 50, "the old one serves");
    assert_eq!(index_folders(folder.path()).len(), 2);
    // After an interruption, the build continues.
    drop(engine);
    let engine = TantivyEngine::open(other).unwrap();
    assert_eq!(total(&engine, "some").await, 50);
    fill(&engine, vec![document("only", "some new text")]).await;
    assert_eq!(total(&engine, "some").await, 1, "the new one serves");
    assert_eq!(index_folders(folder.path()).len(), 1, "the old one is removed");
}

/// An engine with attributes of these types.
fn open_with_types(folder: &Path, types: [(&str, &str); 4]) -> TantivyEngine {
    let declared = types.map(|(name, kind)| format!("{{ name = \"{name}\", type = \"{kind}\" }}"));
    let settings = format!("[[sources]]\nname = \"test\"\nattributes = [{}]", declared.join(", "));
    let settings = Settings::from_toml(&settings).unwrap();
    let attributes = Arc::new(Attributes::of(settings.sources.contents()));
    TantivyEngine::open(TantivyOptions { attributes, ..options(folder) }).unwrap()
}

#[tokio::test]
async fn an_attribute_of_another_type_is_indexed_before_it_is_searched() {
    let product = |at: usize| Document {
        attributes: format!(
            "{{\"size\": {at}, \"code\": \"{at}\", \"made\": \"2024-01-02\", \"kept\": {at}}}"
        ),
        ..document(&format!("k{at}"), "some text")
    };
    let products = || (0..9).map(product).collect();
    let folder = tempfile::tempdir().unwrap();
    let engine = open_with_types(
        folder.path(),
        [("size", "number"), ("code", "string"), ("made", "date"), ("kept", "number")],
    );
    fill(&engine, products()).await;
    drop(engine);
    let engine = open_with_types(
        folder.path(),
        [("size", "string"), ("code", "number"), ("made", "geo"), ("kept", "number")],
    );
    let exists = |name: &str| {
        let condition = AttributeCondition { name: name.to_owned(), test: AttributeTest::Exists(true) };
        let filter = DocumentFilter { attributes: vec![condition], ..DocumentFilter::default() };
        SearchRequest { filter, ..SearchRequest::new("text", 1) }
    };
    let counted = |name: &str| {
        let facet = FacetRequest { fields: vec![name.to_owned()], ..FacetRequest::new(5) };
        SearchRequest { facets: vec![facet], ..SearchRequest::new("text", 1) }
    };
    for name in ["size", "code", "made"] {
        for request in [exists(name), counted(name)] {
            let answer = engine.search(&request).await;
            assert!(matches!(answer, Err(SearchError::NotIndexedYet(of)) if of == name), "{name}");
        }
    }
    assert_eq!(engine.search(&exists("kept")).await.unwrap().total, 9);
    fill(&engine, products()).await;
    for (name, found) in [("size", 9), ("code", 9), ("made", 0), ("kept", 9)] {
        assert_eq!(engine.search(&exists(name)).await.unwrap().total, found, "{name}");
    }
}

#[tokio::test]
async fn the_present_index_serves_during_a_rebuild() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    let engine = TantivyEngine::open_rebuilding(options(folder.path())).unwrap();
    assert_eq!(total(&engine, "some").await, 50);
    assert_eq!(engine.applied_through().await.unwrap(), None);
    fill(&engine, vec![document("only", "some text")]).await;
    assert_eq!(total(&engine, "some").await, 1);
}

#[tokio::test]
async fn a_folder_in_use_is_rejected_and_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    fill(&engine, vec![document("a", "text")]).await;
    let second = TantivyEngine::open(options(folder.path()));
    assert!(matches!(second.err(), Some(OpenError::InUse(_))));
    assert_eq!(total(&engine, "text").await, 1);
}

#[tokio::test]
async fn other_folders_are_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("notes-1");
    std::fs::create_dir(&foreign).unwrap();
    filled(folder.path()).await;
    drop(open(folder.path()));
    assert!(foreign.exists());
}
