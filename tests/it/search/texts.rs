//! Texts of many scripts and languages: other spellings of a word find it.

use quarry::config::{Language, LanguageSetting};
use quarry::domain::SourceName;
use quarry::search::SearchRequest;
use quarry::search::tantivy_engine::TantivyEngine;

use super::corpus::{document, fill, keys, open, options};

/// Returns the keys of the hits without typo tolerance.
async fn found(engine: &TantivyEngine, query: &str) -> Vec<String> {
    keys(engine, &SearchRequest { typo_tolerance: false, ..SearchRequest::new(query, 10) }).await
}

/// Checks that the query finds the first text, and that the text beside it stays out.
async fn finds(text: &str, query: &str) {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    fill(&engine, vec![document("found", text), document("other", "nothing of that kind")]).await;
    assert_eq!(found(&engine, query).await, ["found"], "{query} in {text}");
}

#[tokio::test]
async fn parts_are_found_written_together() {
    for (text, query) in [
        ("Loctite-243 glue", "loctite243"),
        ("a Blu-ray player", "bluray"),
        ("Mrs O’Donnell", "odonnell"),
        ("crème d'Isigny", "disigny"),
        ("part ZKB.11-402/A", "zkb11402a"),
        ("ISBN 3-8273-7019-1", "3827370191"),
        ("costs 2,500,000 yen", "2500000"),
        ("see vue.js", "vuejs"),
    ] {
        finds(text, query).await;
    }
}

#[tokio::test]
async fn characters_of_other_forms_are_found() {
    for (text, query) in [
        ("Kran\u{ad}ken\u{ad}wa\u{ad}gen", "krankenwagen"),
        ("in\u{2060}visible\u{200e}", "invisible"),
        ("SO₂ per cm³", "so2"),
        ("SO₂ per cm³", "cm3"),
        ("سنة ١٤٤٥", "1445"),
        ("Jörg Größe", "joerg"),
        ("Ålesund", "aalesund"),
        ("مکتب", "مكتب"),
        ("مصطفى", "مصطفي"),
        ("圖書館", "图书馆"),
        ("经济", "経済"),
        ("👋🏿 hello", "👋"),
    ] {
        finds(text, query).await;
    }
}

#[tokio::test]
async fn unspaced_texts_are_found_in_the_middle() {
    for (text, query) in [
        ("名古屋城の隣の喫茶店", "喫茶 "),
        ("大型コーヒーメーカー", "メーカー "),
        ("부산국제영화제", "영화제 "),
        ("ร้านหนังสือใกล้บ้าน", "หนังสือ "),
        ("学习Rust编程", "rust"),
        ("ສະບາຍດີຕອນເຊົ້າ", "ຕອນ "),
    ] {
        finds(text, query).await;
    }
}

async fn engine_of(languages: LanguageSetting, folder: &std::path::Path) -> TantivyEngine {
    let mut options = options(folder);
    options.languages.insert(SourceName::parse("test").unwrap(), languages);
    TantivyEngine::open(options).unwrap()
}

#[tokio::test]
async fn forms_of_the_languages_of_a_source_match() {
    for (language, text, query) in [
        (Language::German, "Äpfel und Birnen", "apfel"),
        (Language::French, "trois animaux", "animal"),
        (Language::Spanish, "las voces", "voz"),
        (Language::Turkish, "yeni defterler", "defter"),
        (Language::Russian, "старые машины", "машина"),
        (Language::English, "two geese", "goose"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine_of(language.into(), folder.path()).await;
        fill(&engine, vec![document("found", text), document("other", "x")]).await;
        assert_eq!(found(&engine, &format!("{query} ")).await, ["found"], "{query}");
    }
}

#[tokio::test]
async fn each_document_has_the_forms_of_its_languages() {
    let german = "Die Schränke stehen in der Küche, weil die Handwerker noch nicht fertig sind.";
    let english = "The wardrobes were moved into the kitchen because the workers are not done yet.";
    for (setting, has_forms) in [
        (LanguageSetting::Auto, true),
        (LanguageSetting::Listed(vec![Language::English, Language::German]), true),
        (LanguageSetting::NONE, false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine_of(setting, folder.path()).await;
        fill(&engine, vec![document("german", german), document("english", english)]).await;
        for (query, key) in [("schrank ", "german"), ("wardrobe ", "english")] {
            let expected: &[&str] = if has_forms { &[key] } else { &[] };
            assert_eq!(found(&engine, query).await, expected, "{query}");
        }
    }
}
