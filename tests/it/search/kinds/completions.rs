//! Completions in original spelling, with typos, after a space, and within a filter.

use quarry::domain::SourceName;
use quarry::search::{CompletionRequest, DocumentFilter};

use super::super::corpus::{Change, batch, document, fill, published, put, with_author};
use super::super::engines::{Engines, Shelf, on_each_engine};

on_each_engine!(
    words_are_spelled_as_most_documents_write_them,
    typed_accents_come_first,
    a_space_suggests_the_words_that_follow,
    symbols_at_the_end_are_continued,
    nasals_of_indic_words_are_completed_in_both_spellings,
    words_without_spaces_are_completed_as_words,
    typos_are_completed_if_few_documents_are_found,
    only_words_within_the_filter_are_completed,
    counts_equal_the_totals_of_searches,
);

impl Shelf {
    async fn completed(&self, text: &str) -> Vec<String> {
        self.completed_within(text, DocumentFilter::default()).await
    }

    async fn completed_within(&self, text: &str, filter: DocumentFilter) -> Vec<String> {
        let request = CompletionRequest { text: text.to_owned(), filter, limit: 8 };
        self.engine.complete(&request).await.unwrap()
    }
}

async fn words_are_spelled_as_most_documents_write_them(engines: &Engines) {
    let shelf = engines
        .of(&[
            "iPhone 15 case by Müller",
            "an iphone, an iPhone and THE IPHONE",
            "my iPhone; Wi-Fi",
            "MÜLLER museum",
            "Müller, Straße",
            "museum of music",
            "Donau\u{ad}dampf\u{ad}schiff",
            "サッカー東京タワー",
        ])
        .await;
    for (typed, expected) in [
        ("iph", vec!["iPhone"]),
        ("mul", vec!["Müller"]),
        ("mü", vec!["Müller", "museum", "music"]),
        ("mu", vec!["Müller", "museum", "music"]),
        ("muel", vec!["Müller"]),
        ("wif", vec!["Wi-Fi"]),
        ("stras", vec!["Straße"]),
        ("donaud", vec!["Donaudampfschiff"]),
        ("東京タ", vec!["東京タワー"]),
        ("case mül", vec!["case Müller"]),
        ("Case  iP", vec!["Case iPhone"]),
    ] {
        assert_eq!(shelf.completed(typed).await, expected, "{typed}");
    }
}

async fn typed_accents_come_first(engines: &Engines) {
    let shelf = engines.of(&["more moor", "more", "Mörike", "mort"]).await;
    assert_eq!(shelf.completed("mo").await, ["more", "Mörike", "moor", "mort"]);
    assert_eq!(shelf.completed("mö").await, ["Mörike", "more", "moor", "mort"]);
}

async fn a_space_suggests_the_words_that_follow(engines: &Engines) {
    let shelf = engines
        .of_titles(&[
            ("Müller Café", "a café in Linz"),
            ("", "private jet to Nice"),
            ("", "Private jet. Private: hire. A private\nroom"),
            ("", "the private island of Mr. Jones"),
            ("", "flight to Paris"),
            ("", "Flight to Paris and back to London"),
            ("", "a flight to the moon"),
            ("", "flight attendant"),
            ("", "rock'n'roll and Wi-Fi"),
            ("", "the town of St. Gallen. By bus"),
        ])
        .await;
    for (typed, expected) in [
        ("müller ", vec!["Müller Café"]),
        ("private ", vec!["private jet", "private island"]),
        ("a private  jet ", vec![]),
        ("flight ", vec!["flight to Paris", "flight attendant", "flight to the moon"]),
        ("flight to ", vec!["flight to Paris", "flight to the moon"]),
        ("back flight ", vec!["back Flight to Paris"]),
        ("wi-f", vec!["Wi-Fi"]),
        ("wi-", vec!["Wi-Fi"]),
        ("rock'", vec!["rock'n'roll"]),
        ("private.", vec![]),
        ("st.", vec!["St. Gallen"]),
        ("town of St. ", vec!["town of St. Gallen"]),
        ("st ", vec!["St. Gallen"]),
        ("gallen. ", vec![]),
        ("nothing ", vec![]),
        ("\"flight ", vec!["\"flight to Paris", "\"flight attendant", "\"flight to the moon"]),
    ] {
        assert_eq!(shelf.completed(typed).await, expected, "{typed}");
    }
}

async fn symbols_at_the_end_are_continued(engines: &Engines) {
    let texts = [
        "C++ and C# at AT&T",
        "C++ in depth",
        "Node.js streams. Node: js",
        "e-mail",
        "E-Mail-Server",
        "c plus",
    ];
    let shelf = engines.of(&texts).await;
    for (typed, expected) in [
        ("c+", vec!["C++"]),
        ("c++", vec!["C++"]),
        ("C#", vec!["C#"]),
        ("depth c+", vec!["depth C++"]),
        ("at&", vec!["AT&T"]),
        ("node.", vec!["Node.js"]),
        ("e-", vec!["e-mail", "E-Mail-Server"]),
        ("depth.", vec![]),
        ("c-", vec![]),
        ("c+ ", vec![]),
    ] {
        assert_eq!(shelf.completed(typed).await, expected, "{typed}");
    }
}

async fn nasals_of_indic_words_are_completed_in_both_spellings(engines: &Engines) {
    let shelf = engines.of(&["हिन्दी व्याकरण", "संबंध", "बनारस"]).await;
    for (typed, expected) in
        [("हिन", "हिन्दी"), ("हिन्", "हिन्दी"), ("हिं", "हिन्दी"), ("सम्", "संबंध"), ("बन", "बनारस")]
    {
        assert_eq!(shelf.completed(typed).await, [expected], "{typed}");
        assert_eq!(shelf.found(typed).await.len(), 1, "{typed}");
    }
}

async fn words_without_spaces_are_completed_as_words(engines: &Engines) {
    let texts = [
        "ワイヤレスイヤホン ノイズキャンセリング対応",
        "全自動コーヒーメーカー",
        "北京烤鸭餐厅",
        "โรงแรมใหม่",
        "무선 블루투스 이어폰",
        "한국어 교재 초급",
    ];
    let shelf = engines.of(&texts).await;
    for typed in ["ワイ", "ワイヤ", "コーヒ", "北", "烤", "โรงแ", "무", "블루", "한국", "이어"]
    {
        let completed = shelf.completed(typed).await;
        assert!(!completed.is_empty(), "{typed}");
        for found in completed {
            assert!(found.starts_with(typed), "{typed}: {found}");
            assert!(found.chars().count() > typed.chars().count() || found == typed, "{typed}: {found}");
            assert!(texts.iter().any(|text| text.contains(&found)), "{typed}: {found} is in no document");
        }
    }
    assert_eq!(shelf.completed("블루").await, ["블루투스"]);
    assert_eq!(shelf.completed("무선 ").await, ["무선 블루투스"]);
    assert_eq!(shelf.completed("한국어 ").await, ["한국어 교재"]);
}

async fn typos_are_completed_if_few_documents_are_found(engines: &Engines) {
    let mut texts = vec!["London restaurant"; 9];
    texts.extend(["a londin bar", "Londonderry", "code ab1234", "bondage", "a fast restaurateur in Bonn"]);
    let shelf = engines.of(&texts).await;
    for (typed, expected) in [
        ("londin", vec!["londin", "London", "Londonderry"]),
        ("london", vec!["London", "Londonderry"]),
        ("restuar", vec!["restaurant", "restaurateur"]),
        ("kondond", vec!["Londonderry"]),
        ("ab1235", vec![]),
        ("lon", vec!["London", "londin", "Londonderry"]),
        ("lodnon restar", vec!["London restaurant"]),
        ("lodnon ", vec!["London restaurant"]),
        ("fsat rest", vec!["fast restaurateur"]),
        ("zzzzzz rest", vec![]),
        ("bonn lond", vec![]),
    ] {
        assert_eq!(shelf.completed(typed).await, expected, "{typed}");
    }
}

async fn only_words_within_the_filter_are_completed(engines: &Engines) {
    let shelf = engines.empty(Default::default()).await;
    let of = |tenant: &str, key: &str, text: &str| {
        let mut document = document(key, text);
        document.source = SourceName::parse(tenant).unwrap();
        document
    };
    let mut documents: Vec<_> = (0..300)
        .map(|n| of("large", &format!("l{n}"), &format!("secret{n:03} SECRETARY of state")))
        .collect();
    documents.push(of("small", "s1", "a secretary and a secretion"));
    documents.push(published(with_author(of("small", "s2", "Secretion rates"), "7", "Secreta Smith"), 50));
    fill(&*shelf.engine, documents).await;
    let source = |name: &str| DocumentFilter { source: vec![name.to_owned()], ..Default::default() };
    for (typed, expected) in [
        ("secre", vec!["secretion", "Secreta", "secretary"]),
        ("se", vec!["secretion", "Secreta", "secretary"]),
        ("secretary ", vec!["secretary and a secretion"]),
        ("secretion ", vec!["Secretion rates"]),
        ("secretary of st", vec![]),
        ("secreation", vec!["secretion"]),
        ("sta", vec![]),
        ("rates secret", vec!["rates Secreta", "rates Secretion"]),
    ] {
        assert_eq!(shelf.completed_within(typed, source("small")).await, expected, "{typed}");
    }
    assert_eq!(shelf.completed_within("sm", source("large")).await, [""; 0]);
    assert_eq!(shelf.completed_within("sec", source("none")).await, [""; 0]);
    let author = DocumentFilter { author_key: vec!["7".to_owned()], ..Default::default() };
    assert_eq!(shelf.completed_within("ra", author).await, ["rates"]);
    let at = |second| chrono::DateTime::from_timestamp(second, 0);
    for (from, before, expected) in
        [(None, at(50), 0), (None, at(51), 1), (at(50), None, 1), (at(51), None, 0), (at(60), at(40), 0)]
    {
        let filter = DocumentFilter { published_from: from, published_before: before, ..Default::default() };
        assert_eq!(shelf.completed_within("rat", filter.clone()).await.len(), expected);
        let count = shelf.engine.count(&["rates".to_owned(), "state".to_owned()], &filter).await.unwrap();
        assert_eq!(count, [expected as u64, 0]);
    }
    // A deleted document has no words.
    let gone = of("small", "s2", "");
    shelf.engine.apply(batch(400, vec![put(gone), Change::Remove("x")])).await.unwrap();
    assert_eq!(shelf.completed_within("secr", source("small")).await, ["secretary", "secretion"]);
}

async fn counts_equal_the_totals_of_searches(engines: &Engines) {
    let texts: Vec<String> = (0..200)
        .map(|n| {
            format!(
                "word{} Wi-Fi{} shops 東京{} the {}",
                n % 7,
                n % 3,
                n % 5,
                if n % 2 == 0 { "red" } else { "" }
            )
        })
        .collect();
    let shelf = engines.of(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
    shelf.engine.apply(batch(300, vec![Change::Remove("0"), Change::Remove("14")])).await.unwrap();
    let queries = [
        "word",
        "word1",
        "wi-fi",
        "wifi1 red",
        "shop",
        "東京",
        "東京3 -red",
        "\"shops 東\"",
        "red word2 ",
        "",
        "x",
    ];
    let filter = DocumentFilter { source: vec!["test".to_owned()], ..Default::default() };
    let counts = shelf.engine.count(&queries.map(str::to_owned), &DocumentFilter::default()).await.unwrap();
    assert_eq!(shelf.engine.count(&queries.map(str::to_owned), &filter).await.unwrap(), counts);
    for (query, count) in queries.iter().zip(counts) {
        let request = quarry::search::SearchRequest {
            typo_tolerance: false,
            relaxes: false,
            ..quarry::search::SearchRequest::new(*query, 0)
        };
        assert_eq!(count, shelf.engine.search(&request).await.unwrap().total, "{query}");
    }
}
