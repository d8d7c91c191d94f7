//! Word forms of languages, and parts of compounds.

use quarry::config::{Language, LanguageSetting};

use super::Shelf;

async fn meet(language: Language, pairs: &[(&str, &str)]) {
    for (written, typed) in pairs {
        let setting = LanguageSetting::Listed(vec![language]);
        let shelf = Shelf::with_language(setting, &[written]).await;
        for query in [typed.to_string(), format!("{typed} ")] {
            let answer = shelf.search(&query).await;
            assert_eq!(
                (answer.total, answer.tier.to_owned()),
                (1, Default::default()),
                "{query} in {written}"
            );
        }
    }
}

#[tokio::test]
async fn forms_of_a_word_meet() {
    meet(Language::German, &[("Buch kaufen", "Bücher"), ("Haus am See", "Häuser"), ("zwei Äpfel", "Apfel")])
        .await;
    meet(Language::French, &[("cheval blanc", "chevaux"), ("des journaux", "journal")]).await;
    meet(Language::Spanish, &[("luz roja", "luces"), ("canciones", "canción")]).await;
    meet(Language::Turkish, &[("kitap", "kitaplar")]).await;
    meet(Language::Russian, &[("доверенные лица", "доверенное")]).await;
    meet(Language::English, &[("a mouse", "mice"), ("the children", "child"), ("sharp knives", "knife")])
        .await;
}

#[tokio::test]
async fn one_index_holds_many_languages() {
    let shelf = Shelf::with_language(
        LanguageSetting::Auto,
        &[
            "Die Häuser am Fluss werden seit vielen Jahren von denselben Familien bewohnt",
            "The houses by the river have been inhabited by the same families for many years",
            "Les journaux du matin annoncent que les chevaux arrivent à la gare demain",
        ],
    )
    .await;
    shelf.each_finds(0, &["haus", "familie"]).await;
    shelf.each_finds(1, &["house", "family"]).await;
    shelf.each_finds(2, &["journal", "cheval"]).await;
}

#[tokio::test]
async fn parts_of_compounds_are_found() {
    let german = LanguageSetting::Listed(vec![Language::German]);
    let shelf =
        Shelf::with_language(german, &["Fußballtrikot Größe M", "Wanderschuhe", "Kinderfahrräder"]).await;
    shelf.each_finds(0, &["trikot", "Trikots ", "fußball ", "fussball trikot"]).await;
    shelf.each_finds(1, &["schuh", "Schuhe ", "wander "]).await;
    shelf.each_finds(2, &["fahrrad", "Fahrräder "]).await;
}
