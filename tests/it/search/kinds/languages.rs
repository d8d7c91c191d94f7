//! Word forms of languages, and parts of compounds.

use quarry::config::{Language, LanguageSetting};
use quarry::domain::MatchTier;
use quarry::search::{DocumentFilter, SearchRequest};

use super::super::engines::{Engines, numbers, on_each_engine};

on_each_engine!(
    forms_of_a_word_meet,
    one_index_holds_many_languages,
    parts_of_compounds_are_found,
    compounds_of_no_document_are_divided,
    elided_articles_are_optional,
    languages_are_those_of_the_selected_sources,
);

async fn meet(engines: &Engines, language: Language, pairs: &[(&str, &str)]) {
    for (written, typed) in pairs {
        let setting = LanguageSetting::Listed(vec![language]);
        let shelf = engines.with_language(setting, &[written]).await;
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

async fn forms_of_a_word_meet(engines: &Engines) {
    meet(
        engines,
        Language::German,
        &[("Buch kaufen", "Bücher"), ("Haus am See", "Häuser"), ("zwei Äpfel", "Apfel")],
    )
    .await;
    meet(engines, Language::French, &[("cheval blanc", "chevaux"), ("des journaux", "journal")]).await;
    meet(engines, Language::Spanish, &[("luz roja", "luces"), ("canciones", "canción")]).await;
    meet(engines, Language::Turkish, &[("kitap", "kitaplar")]).await;
    meet(engines, Language::Russian, &[("доверенные лица", "доверенное")]).await;
    meet(
        engines,
        Language::English,
        &[("a mouse", "mice"), ("the children", "child"), ("sharp knives", "knife")],
    )
    .await;
}

async fn one_index_holds_many_languages(engines: &Engines) {
    let shelf = engines
        .with_language(
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

async fn parts_of_compounds_are_found(engines: &Engines) {
    let german = LanguageSetting::Listed(vec![Language::German]);
    let shelf =
        engines.with_language(german, &["Fußballtrikot Größe M", "Wanderschuhe", "Kinderfahrräder"]).await;
    shelf.each_finds(0, &["trikot", "Trikots ", "fußball ", "fussball trikot"]).await;
    shelf.each_finds(1, &["schuh", "Schuhe ", "wander "]).await;
    shelf.each_finds(2, &["fahrrad", "Fahrräder "]).await;
    let german = LanguageSetting::Listed(vec![Language::German]);
    let texts = ["Altbauwohnungen", "Kellerfenster aus Holz", "Balkontür", "Abendkleid"];
    let shelf = engines.with_language(german, &texts).await;
    shelf.each_finds(0, &["wohnung", "Wohnungen "]).await;
    shelf.each_finds(1, &["fenster ", "Fenstern "]).await;
    shelf.each_finds(2, &["tür ", "Türen"]).await;
    assert_eq!(shelf.search("leid ").await.total, 0);
}

async fn compounds_of_no_document_are_divided(engines: &Engines) {
    let german = LanguageSetting::Listed(vec![Language::German]);
    let texts = ["Herren Regenmantel", "Gürtel aus Leder", "Wandregal"];
    let shelf = engines.with_language(german, &texts).await;
    shelf.each_finds(0, &["herrenmantel", "Herrenmäntel "]).await;
    shelf.each_finds(1, &["ledergürtel ", "ledergürt"]).await;
    let shelf = engines.with_language(LanguageSetting::Auto, &["カメラ用バッグ", "노트북 검은 가방"]).await;
    shelf.each_finds(0, &["カメラバッグ", "カメラバッグ "]).await;
    shelf.each_finds(1, &["노트북가방 "]).await;
}

async fn elided_articles_are_optional(engines: &Engines) {
    for (language, texts, query) in [
        (Language::French, ["Carafe eau fraîche", "Carafe de vin"], "carafe d'eau"),
        (Language::French, ["Carafe eau fraîche", "Carafe de vin"], "l’eau"),
        (Language::Italian, ["Museo arte moderna", "Museo del vino"], "museo dell'arte"),
        (Language::Catalan, ["Llet ametlla crua", "Llet de vaca"], "llet d'ametlla "),
    ] {
        let shelf = engines.with_language(LanguageSetting::from(language), &texts).await;
        assert_eq!(shelf.found_without_typos(query).await, [0], "{query}");
    }
    let shelf =
        engines.with_language(LanguageSetting::from(Language::English), &["morning tea", "mail"]).await;
    for query in ["d'tea", "e-mail"] {
        assert!(shelf.found_without_typos(query).await.is_empty(), "{query}");
    }
}

async fn languages_are_those_of_the_selected_sources(engines: &Engines) {
    use Language::{English, French, German};
    let mut texts = vec![
        ("club", English, "the die is cast"),
        ("club", English, "a cast iron pan"),
        ("maison", French, "Carafe eau fraîche"),
    ];
    texts.resize(20, ("laden", German, "die Kanne und der Topf"));
    let shelf = engines.with_sources(&texts).await;
    let found = async |source: &str, query: &str| {
        let filter = DocumentFilter { source: vec![source.to_owned()], ..DocumentFilter::default() };
        let request = SearchRequest { filter, ..SearchRequest::new(query, 100) };
        shelf.engine.search(&request).await.unwrap()
    };
    let numbers_of = async |source: &str, query: &str| numbers(&found(source, query).await);
    // A stop word of German only, which most documents of the index have.
    assert_eq!(numbers_of("club", "die gestern").await, [0]);
    assert_eq!(numbers_of("laden", "die gestern").await, [0_usize; 0]);
    assert_eq!(numbers_of("club", "the yesterday").await, [0_usize; 0]);
    // French elides articles, English does not.
    assert_eq!(found("maison", "carafe d'eau").await.tier, MatchTier::AllWords);
    assert_ne!(found("club", "d'pan").await.tier, MatchTier::AllWords);
}
