//! Words written together, apart, and with separators or symbols.

use quarry::search::MatchTier;

use super::super::engines::{Engines, on_each_engine};

on_each_engine!(
    numbers_with_separators_match_with_their_unit_joined_and_apart,
    words_are_found_together_and_apart,
    separators_may_be_left_out_and_added,
    words_are_written_together_and_apart,
    symbols_tell_names_apart,
    invisible_characters_and_forms_of_digits_do_not_matter,
    every_minus_excludes_and_numbers_below_zero_are_found,
    numbers_and_units_are_found_together_and_apart_by_any_number_of_documents,
    codes_sizes_and_fractions_are_found_in_any_spelling,
);

async fn words_are_found_together_and_apart(engines: &Engines) {
    let shelf = engines
        .of(&[
            "an ice cream van",
            "he stole the showstopper",
            "a book shelf of oak",
            "raincoats on sale",
            "disk with 16 GB",
            "card of 32gb",
            "a 5 km run",
            "Nike Air Max 90",
            "a 2 in 1 tablet",
        ])
        .await;
    shelf.each_finds(0, &["icecream", "icecream van", "icecre", "ice-cream"]).await;
    shelf.each_finds(1, &["show stopper", "show stop", "show-stopper"]).await;
    shelf.each_finds(2, &["bookshelf", "bookshel"]).await;
    shelf.each_finds(3, &["rain coats", "rain coat"]).await;
    shelf.each_finds(4, &["16gb", "16 gb", "16-GB"]).await;
    shelf.each_finds(5, &["32 gb", "32gb", "32 GB card"]).await;
    shelf.each_finds(6, &["5km", "5km run"]).await;
    shelf.each_finds(7, &["nikeairmax", "airmax90", "airmax"]).await;
    shelf.each_finds(8, &["2in1", "2in1 tablet"]).await;
}

async fn numbers_and_units_are_found_together_and_apart_by_any_number_of_documents(engines: &Engines) {
    let spellings = ["cable 12V", "cable 12 V", "iphone15 case", "iphone 15 case", "ip65 lamp", "ip 65 lamp"];
    let units =
        ["rope 30m", "rope 30 m", "fuse 16A", "fuse 16 a", "ruler 10in", "ruler 10 in", "a 25 m hose"];
    // More documents of each spelling than suffice to use no further tier.
    let texts: Vec<&str> = spellings.iter().chain(&units).copied().cycle().take(7 * 13).collect();
    let shelf = engines.of(&texts).await;
    for (queries, expected) in [
        (["12V", "12 V", "12v cable"], [0, 1]),
        (["iphone15", "iphone 15", "iphone15 case"], [2, 3]),
        (["ip65", "ip 65", "IP65 lamp"], [4, 5]),
        (["30m", "30 m", "rope 30 m"], [6, 7]),
        (["16A", "16 a", "fuse 16 a"], [8, 9]),
        (["10in", "10 in", "ruler 10in"], [10, 11]),
    ] {
        for query in queries {
            let mut kinds: Vec<usize> = shelf.found(query).await.iter().map(|found| found % 13).collect();
            kinds.sort_unstable();
            kinds.dedup();
            assert_eq!(kinds, expected, "{query}");
        }
    }
}

async fn codes_sizes_and_fractions_are_found_in_any_spelling(engines: &Engines) {
    let shelf = engines
        .of(&[
            "filter 2.863-303.0",
            "drive 4711/0815-1",
            "board 40\u{202f}×\u{202f}80 pine",
            "Ｓｉｚｅ ３．９ｘ３５",
            "hex bolt M10 x 1.25 x 60",
            "pipe 1½ inch",
            "pipe 3/4 inch",
            "freezer -20°C industrial",
            "power supply -12V",
        ])
        .await;
    shelf.each_finds(0, &["28633030", "2.863-303.0", "2863-303-0"]).await;
    shelf.each_finds(1, &["471108151", "4711/0815-1"]).await;
    shelf.each_finds(2, &["40x80", "40 x 80", "40×80", "40\u{a0}x\u{a0}80"]).await;
    shelf.each_finds(3, &["3.9x35", "size 3.9x35"]).await;
    shelf.each_finds(4, &["M10x1.25 ", "m10 x 1.25 bolt", "Ｍ１０ ｘ 1.25 ", "1.25x60 "]).await;
    shelf.each_finds(5, &["1 1/2 inch", "1-1/2", "1½", "1 ½ inch"]).await;
    shelf.each_finds(6, &["¾ inch", "3/4", "pipe ¾"]).await;
    shelf.each_finds(7, &["freezer -20°C", "freezer -20 °C"]).await;
    shelf.each_finds(8, &["power supply -12V", "supply -12 V"]).await;
}

async fn separators_may_be_left_out_and_added(engines: &Engines) {
    let shelf = engines
        .of(&[
            "WD-40 spray",
            "Wi-Fi router",
            "please send an e-mail",
            "Mark O'Sullivan of Cork",
            "L'Oréal shampoo",
            "ISBN 978-3-16-148410-0",
            "part NOR.0707-60",
            "article 54QR323014",
            "wifi in the train",
            "Jean-Luc’s ship",
            "1,000,000 clicks",
        ])
        .await;
    shelf.each_finds(0, &["wd40", "wd 40", "wd-40", "WD4", "wd40 spray"]).await;
    shelf.each_finds(1, &["wifi", "wi fi", "wi-fi", "wifi router"]).await;
    shelf.each_finds(2, &["email", "e mail", "send email"]).await;
    shelf.each_finds(3, &["osullivan", "o sullivan", "o’sullivan", "osulliv"]).await;
    shelf.each_finds(4, &["loreal", "l'oreal", "l oréal"]).await;
    shelf.each_finds(5, &["9783161484100", "978-3161484100", "978 3 16 148410 0"]).await;
    shelf.each_finds(6, &["nor070760", "NOR.0707-60", "nor 0707 60"]).await;
    shelf.each_finds(7, &["54-QR323014", "54qr323014"]).await;
    shelf.each_finds(8, &["wi-fi"]).await;
    shelf.each_finds(9, &["jeanluc", "jean luc", "jean-lucs"]).await;
    shelf.each_finds(10, &["1000000", "1,000,000", "1.000.000"]).await;
}

async fn words_are_written_together_and_apart(engines: &Engines) {
    let shelf = engines
        .of(&[
            "the login page",
            "log in here",
            "a YouTube channel",
            "check out the sign up form",
            "website of a dentist",
            "a web site",
            "website two",
            "website three",
            "website four",
            "website five",
            "checkout counter",
        ])
        .await;
    for (query, expected) in [
        ("log in", vec![0, 1]),
        ("you tube", vec![2]),
        ("signup form", vec![3]),
        ("check out", vec![3, 10]),
        ("website", vec![4, 5, 6, 7, 8, 9]),
        ("web site", vec![4, 5, 6, 7, 8, 9]),
    ] {
        let answer = shelf.search(query).await;
        let mut found = shelf.found(query).await;
        found.sort_unstable();
        assert_eq!((found, answer.tier), (expected, MatchTier::AllWords), "{query}");
    }
    // Both spellings are right, and the typed one precedes.
    assert_eq!(shelf.found("website").await.last(), Some(&5));
    assert_eq!(shelf.found("the rapist").await, [0; 0]);
}

async fn symbols_tell_names_apart(engines: &Engines) {
    let shelf = engines
        .of(&[
            "C++ developer",
            "C# developer",
            "C developer",
            "car mechanic",
            ".NET platform",
            "network engineer",
            "node.js server",
            "F# for beginners",
            "AT&T store",
        ])
        .await;
    for (query, first) in
        [("C++", 0), ("c# developer", 1), ("c#", 1), (".NET", 4), ("node.js", 6), ("F#", 7), ("at&t", 8)]
    {
        assert_eq!(shelf.found(query).await.first(), Some(&first), "{query}");
    }
    assert!(!shelf.found("C++").await.contains(&3));
    shelf.each_finds(6, &["nodejs", "node js"]).await;
}

async fn invisible_characters_and_forms_of_digits_do_not_matter(engines: &Engines) {
    let shelf = engines
        .of(&[
            "Do\u{ad}nau\u{ad}dampf\u{ad}schiff",
            "100 m² of CO₂ and H₂O",
            "في عام ٢٠٢٥",
            "week\u{2060}end\u{200e} trip",
            "👍🏽 great",
        ])
        .await;
    shelf.each_finds(0, &["donaudampfschiff", "donau", "Donau\u{ad}dampf"]).await;
    shelf.each_finds(1, &["co2", "h2o", "m2", "CO₂"]).await;
    shelf.each_finds(2, &["2025", "۲۰۲۵"]).await;
    shelf.each_finds(3, &["weekend", "weekend trip"]).await;
    shelf.each_finds(4, &["👍 great", "👍🏿"]).await;
}

async fn every_minus_excludes_and_numbers_below_zero_are_found(engines: &Engines) {
    let shelf = engines.of(&["jet to Paris", "jet to Rome", "temperature -5 degrees"]).await;
    for minus in ["-", "–", "−", "－"] {
        assert_eq!(shelf.found(&format!("jet {minus}paris")).await, [1], "{minus}");
    }
    shelf.each_finds(2, &["temperature -5", "temperature −5"]).await;
}

async fn numbers_with_separators_match_with_their_unit_joined_and_apart(engines: &Engines) {
    let shelf = engines
        .of(&[
            "cell 12,500 mAh",
            "fan 1,800W",
            "kettle 2400 W",
            "charger 110-120 V",
            "lamp 230–250V",
            "bag 3-8 kg",
            "tyre 195/65 R15",
            "beam 1600mm",
            "rice 2.5 kg",
        ])
        .await;
    for (text, queries) in [
        (0, vec!["12500mah", "12500 mah", "cell 12,500mAh", "12.500 mah "]),
        (1, vec!["1800w", "1800 w", "fan 1,800 w"]),
        (2, vec!["2,400 w", "2,400w", "2400w", "kettle 2.400 W "]),
        (3, vec!["110-120v", "110–120 v"]),
        (4, vec!["230-250 v", "lamp 230-250v"]),
        (5, vec!["3-8kg", "bag 3–8 kg"]),
        (6, vec!["195/65r15", "195/65 r15"]),
        (7, vec!["1,600 mm", "1,600mm", "1600 mm"]),
        (8, vec!["2.5kg", "2.5 kg"]),
    ] {
        for query in queries {
            assert_eq!(shelf.found_without_typos(query).await, [text], "{query}");
        }
    }
    assert!(shelf.found("25kg ").await.is_empty(), "decimals are no groups");
}
