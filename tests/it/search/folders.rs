//! The folder of the tantivy engine: damage, other versions, other processes.

use std::path::{Path, PathBuf};

use quarry::config::LanguageSetting;
use quarry::domain::SourceName;
use quarry::search::SearchEngine;
use quarry::search::tantivy_engine::{OpenError, TantivyEngine};

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
