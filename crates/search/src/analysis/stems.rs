//! Stems: the forms of a word in a language become one term.

use std::borrow::Cow;

use frostem::{Algorithm, Stemmer};

use super::characters::{is_hangul, is_unspaced};
use super::fold::{accented, fold};
use super::irregular::regular_form;
use super::korean;
use super::marks::STEM;
use super::singulars::for_each_singular;
use super::stop_words::is_stop_word;
use quarry_config::Language;

/// Returns the marked stem of a folded word; that of no word counts the documents of a language.
pub(crate) fn marked_stem(word: &str, language: Language) -> String {
    if word.is_empty() {
        return marked_form("", language);
    }
    marked_form(&stem(regular_form(word, language).unwrap_or(word), language), language)
}

fn marked_form(form: &str, language: Language) -> String {
    let mut term = String::with_capacity(form.len() + 2);
    term.push(STEM);
    term.push(code(language));
    term.push_str(form);
    term
}

/// Calls `visit` with each marked stem of a word, given its folded form and the slice of text.
///
/// Stemmers expect accents, which typed words often lack, so both forms are stemmed. Numbers, pictographs
/// and scripts without spaces have no stems; those of Korean words are the same in every language.
pub(crate) fn for_each_stem(word: &str, written: &str, language: Language, mut visit: impl FnMut(String)) {
    if word.starts_with(is_hangul) {
        korean::for_each_form(word, |form| visit(marked_form(form, language)));
        return;
    }
    if !has_stem(word) {
        return;
    }
    let first = marked_stem(word, language);
    let mut others: Vec<String> = Vec::new();
    let mut add = |stem: &str| {
        let term = [&first[..2], stem].concat();
        if term != first && !others.contains(&term) {
            others.push(term);
        }
    };
    if regular_form(word, language).is_some() {
        add(&stem(word, language));
    }
    for_each_singular(word, written, language, |singular| {
        let stem = stem(singular, language);
        // Nearly every document contains it.
        if !is_stop_word(&stem, language) {
            add(&stem);
        }
    });
    if !written.is_ascii() {
        add(&stem(&accented(written), language));
    }
    visit(first);
    others.into_iter().for_each(visit);
}

pub(super) fn has_stem(word: &str) -> bool {
    if word.is_ascii() {
        return word.bytes().any(|byte| byte.is_ascii_alphabetic());
    }
    word.chars().any(char::is_alphabetic) && !word.starts_with(is_unspaced)
}

/// Returns the folded stem of a word in lower case.
pub(super) fn stem(word: &str, language: Language) -> Cow<'_, str> {
    let stem = Stemmer::new(algorithm(language)).stem(word);
    // Stemmers can restore accents, or keep those of their input.
    if stem.is_ascii() { stem } else { Cow::Owned(fold(&stem).into_owned()) }
}

/// Returns the letter that separates the stems of a language from those of others.
pub(super) fn code(language: Language) -> char {
    char::from(b'A' + language as u8)
}

fn algorithm(language: Language) -> Algorithm {
    match language {
        Language::Arabic => Algorithm::Arabic,
        Language::Armenian => Algorithm::Armenian,
        Language::Basque => Algorithm::Basque,
        Language::Catalan => Algorithm::Catalan,
        Language::Czech => Algorithm::Czech,
        Language::Danish => Algorithm::Danish,
        Language::Dutch => Algorithm::Dutch,
        Language::English => Algorithm::English,
        Language::Esperanto => Algorithm::Esperanto,
        Language::Estonian => Algorithm::Estonian,
        Language::Finnish => Algorithm::Finnish,
        Language::French => Algorithm::French,
        Language::German => Algorithm::German,
        Language::Greek => Algorithm::Greek,
        Language::Hindi => Algorithm::Hindi,
        Language::Hungarian => Algorithm::Hungarian,
        Language::Indonesian => Algorithm::Indonesian,
        Language::Irish => Algorithm::Irish,
        Language::Italian => Algorithm::Italian,
        Language::Lithuanian => Algorithm::Lithuanian,
        Language::Nepali => Algorithm::Nepali,
        Language::Norwegian => Algorithm::Norwegian,
        Language::Persian => Algorithm::Persian,
        Language::Polish => Algorithm::Polish,
        Language::Portuguese => Algorithm::Portuguese,
        Language::Romanian => Algorithm::Romanian,
        Language::Russian => Algorithm::Russian,
        Language::Serbian => Algorithm::Serbian,
        Language::Sesotho => Algorithm::Sesotho,
        Language::Spanish => Algorithm::Spanish,
        Language::Swedish => Algorithm::Swedish,
        Language::Tamil => Algorithm::Tamil,
        Language::Turkish => Algorithm::Turkish,
        Language::Ukrainian => Algorithm::Ukrainian,
        Language::Yiddish => Algorithm::Yiddish,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::words::words;
    use super::*;

    fn stems(word: &str, language: Language) -> Vec<String> {
        let mut stems = Vec::new();
        for_each_stem(&fold(word), word, language, |stem| stems.push(stem));
        stems
    }

    fn meet(a: &str, b: &str, language: Language) -> bool {
        let stems = stems(a, language);
        super::tests::stems(b, language).iter().any(|stem| stems.contains(stem))
    }

    #[test]
    fn forms_of_a_word_meet() {
        for (language, pairs) in [
            (
                Language::English,
                "running runs, mice mouse, children child, knives knife, geese goose, women woman, \
                feet foot, leaves leaf, leaves leave, wolves wolf, dresses dress, CDs CD, TVs tv, pcs PC, GPUs gpu, \
                MP3s mp3, menus menu, buses bus, lenses lens, gases gas, irises iris, quizzes quiz, \
                atlases atlas, campuses campus, waltzes waltz, spas spa, pros pro",
            ),
            (
                Language::German,
                "Bücher Buch, Häuser Haus, Füße Fuß, Mäuse Maus, Buecher Buch, Museen Museum, \
                Autos Auto, Fotos Foto, Kameras Kamera, Handys Handy, Laptops Laptop",
            ),
            (
                Language::French,
                "chevaux cheval, éléphants elephant, généraux general, généraux général, yeux œil, \
                jeux jeu, tuyaux tuyau, amis ami, velos vélo, sportives sportif, \
                lois loi, longues long",
            ),
            (
                Language::Spanish,
                "luces luz, lápices lapiz, canciones canción, peces pez, niños nino, verdades verdad, redes red, \
                virtudes virtud, origenes origen, volúmenes volumen, capitanes capitan, celulares celular, \
                mujeres mujer, aves ave, alas ala, cafés cafe, coches coche, padres padre",
            ),
            (
                Language::Portuguese,
                "corações coração, pães pão, animais animal, homens homem, jardins jardim, nuvens nuvem, sons som, \
                álbuns album, móveis móvel, fósseis fossil, barris barril, azuis azul, botões botao, irmãs irmã",
            ),
            (
                Language::Turkish,
                "kitaplar kitap, kitabı kitap, çocuğu çocuk, ağaçlar ağaç, agaclar ağaç, telefonlar telefon, \
                arabalar araba, arabası araba, çantaları çanta, halılar halı, perdeler perde, tablosu tablo, \
                kalemlerden kalem",
            ),
            (Language::Russian, "доверенное доверенные, книги книга, ёлки елка, люди человек"),
            (
                Language::Swedish,
                "böcker bok, husen hus, städer stad, möbler möbel, cyklar cykel, fingrar finger",
            ),
            (
                Language::Danish,
                "bøger bog, huse hus, mænd mand, møbler møbel, artikler artikel, fingre finger",
            ),
            (Language::Norwegian, "bøker bok, barnet barn, møbler møbel, sykler sykkel, fingre finger"),
            (
                Language::Dutch,
                "huizen huis, brieven brief, kinderen kind, fietsen fiets, toetsen toets, lenzen lens, kansen kans, \
                ideeën idee, zeeën zee, knieën knie, dekens deken, keukens keuken, glazen glas",
            ),
            (Language::Finnish, "kirjat kirja, talossa talo"),
            (Language::Hungarian, "könyvek könyv, házak haz"),
            (Language::Polish, "książki książka, książki ksiazka"),
            (Language::Lithuanian, "žodžiai žodis"),
            (
                Language::Arabic,
                "الكتاب كتاب, المدرسه مدرسة, الأسعار سعر, أرقام رقم, وسائل وسيلة, جزائر جزيرة, بضائع بضاعة, \
                قواعد قاعدة, سواحل ساحل, مصانع مصنع, مكاتب مكتبة, دفاتر دفتر, سيارات سيارة",
            ),
            (
                Language::Greek,
                "βιβλία βιβλίο, θέατρα θέατρο, δωματια δωμάτιο, ιστορίες ιστορία, παιδιά παιδί, πόλεις πόλη",
            ),
            (Language::Persian, "کتاب‌ها کتاب"),
            (
                Language::Italian,
                "uomini uomo, giochi gioco, laghi lago, sughi sugo, righe riga, buche buca, funghi fungo, \
                camere camera, amiche amica, acque acqua",
            ),
        ] {
            for pair in pairs.split(", ") {
                let (a, b) = pair.trim().split_once(' ').unwrap();
                assert!(
                    meet(a, b, language),
                    "{language:?}: {a} {b}: {:?} {:?}",
                    stems(a, language),
                    stems(b, language)
                );
            }
        }
        for (a, b) in [
            ("university", "universe"),
            ("news", "new"),
            ("organ", "organization"),
            ("mouse", "moose"),
            ("css", "cs"),
            ("gps", "gp"),
            ("cs", "c"),
            ("bus", "bu"),
            ("doses", "DOS"),
            ("uses", "us"),
        ] {
            assert!(!meet(a, b, Language::English), "{a} {b}");
        }
    }

    #[test]
    fn words_that_end_like_plurals_keep_their_distance() {
        for (language, pairs) in [
            (Language::French, "paris par, mois moi, avis avion, fois foi"),
            (Language::Spanish, "interés entero, martes martillo, crisis crias"),
            (Language::Portuguese, "mais mal, mais mail, depois dolo"),
            (Language::Italian, "anche anca, chiese chiusa"),
            (Language::Greek, "για γι, μια μι"),
            (Language::Arabic, "الإسلام سلم, كتابك كتبك, إعلام علم"),
            (Language::Swedish, "efter eftel, eller ellel"),
            (Language::Dutch, "kansen kan, steen ste, mens me"),
            (Language::Turkish, "taksi tak, dolar dolma"),
        ] {
            for pair in pairs.split(", ") {
                let (a, b) = pair.split_once(' ').unwrap();
                assert!(!meet(a, b, language), "{pair}: {:?} {:?}", stems(a, language), stems(b, language));
            }
        }
    }

    #[test]
    fn korean_words_have_forms_in_every_language() {
        for pair in
            ["의자를 의자가", "공원에서 공원을", "대구로 대구에서", "노트북을 노트북", "고양이가 고양이"]
        {
            let (a, b) = pair.split_once(' ').unwrap();
            assert!(meet(a, b, Language::English) && meet(a, b, Language::German), "{pair}");
        }
        assert!(!meet("의자를", "의사를", Language::English));
        assert_eq!(stems("집", Language::English), Vec::<String>::new());
    }

    #[test]
    fn languages_are_apart() {
        assert_eq!(marked_stem("running", Language::English).trim_start_matches(STEM), "Hrun");
        assert_ne!(marked_stem("", Language::English), marked_stem("", Language::German));
        assert_eq!(stems("2025", Language::English), Vec::<String>::new());
        assert_eq!(stems("京", Language::English), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn no_word_fails(text in "(\\PC|[a-zäöüéèçşğıåøœа-яёا-ي]){0,12}") {
            for word in words(&text) {
                for language in Language::ALL {
                    let written = &text[word.start..word.end];
                    for_each_stem(&word.text, written, language, |stem| assert!(stem.starts_with(STEM)));
                }
            }
        }
    }
}
