//! Words written together, apart, and with separators or symbols.

use super::super::engines::{Engines, on_each_engine};

on_each_engine!(
    words_are_found_together_and_apart,
    separators_may_be_left_out_and_added,
    symbols_tell_names_apart,
    invisible_characters_and_forms_of_digits_do_not_matter,
    every_minus_excludes_and_numbers_below_zero_are_found,
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
        ])
        .await;
    shelf.each_finds(0, &["icecream", "icecream van", "icecre", "ice-cream"]).await;
    shelf.each_finds(1, &["show stopper", "show stop", "show-stopper"]).await;
    shelf.each_finds(2, &["bookshelf", "bookshel"]).await;
    shelf.each_finds(3, &["rain coats", "rain coat"]).await;
    shelf.each_finds(4, &["16gb", "16 gb", "16-GB"]).await;
    shelf.each_finds(5, &["32 gb", "32gb", "32 GB card"]).await;
    shelf.each_finds(6, &["5km", "5km run"]).await;
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
