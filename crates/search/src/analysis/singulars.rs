//! Singulars by regular rules that the stemmers lack.
//!
//! Stemmers remove the ending of a plural, but then take the ending of some singulars for that of a verb:
//! Spanish `paredes` becomes `pared`, and `pared` becomes `par`. The stem of the singular is therefore
//! a further stem of the plural. Stemming twice instead would shorten all other words, too. Where the stem of
//! the singular is another word, that of the plural is a further stem of the singular.

use super::stop_words::is_stop_word;
use quarry_config::Language;

type Endings = &'static [(&'static str, &'static str)];

/// Calls `visit` with each singular that a folded word may have, or with its plural, given its slice of text.
///
/// Stop words have none, since nearly every document would match their singular: `mais` has the ending of `mal`.
pub(super) fn for_each_singular(word: &str, written: &str, language: Language, mut visit: impl FnMut(&str)) {
    let mut is_stop = None;
    let mut visit = |singular: &str| {
        if !*is_stop.get_or_insert_with(|| is_stop_word(word, language)) {
            visit(singular);
        }
    };
    for (ending, replacement) in endings(language) {
        if let Some(base) = word.strip_suffix(ending).filter(|base| base.chars().nth(1).is_some()) {
            visit(&[base, replacement].concat());
        }
    }
    match language {
        Language::Danish | Language::Norwegian | Language::Swedish => {
            for_each_full_form(word, language, visit);
        }
        Language::Arabic => for_each_arabic_singular(word, written, visit),
        Language::English => for_each_english_singular(word, visit),
        Language::Dutch => for_each_dutch_plural(word, visit),
        _ => {}
    }
}

/// Returns the endings of folded plurals, each with one of its singulars.
fn endings(language: Language) -> Endings {
    match language {
        // luces; ciudades, jóvenes, lugares; alas, aves, pies
        Language::Spanish => {
            &[("ces", "z"), ("des", "d"), ("nes", "n"), ("res", "r"), ("as", "a"), ("es", "e"), ("os", "o")]
        }
        // corações, pães, animais, hotéis, répteis, lençóis, azuis, barris, jardins, irmãs
        Language::Portuguese => &[
            ("oes", "ao"),
            ("aes", "ao"),
            ("ais", "al"),
            ("eis", "el"),
            ("eis", "il"),
            ("ois", "ol"),
            ("uis", "ul"),
            ("dis", "dil"),
            ("fis", "fil"),
            ("nis", "nil"),
            ("ris", "ril"),
            ("tis", "til"),
            ("zis", "zil"),
            ("ns", "m"),
            ("as", "a"),
        ],
        // Kameras, Taxis, Autos, Handys, Laptops
        Language::German => &[("as", "a"), ("is", "i"), ("os", "o"), ("ys", "y"), ("ps", "p")],
        // laghi, righe; oche; acque; camere
        Language::Italian => {
            &[("ghi", "go"), ("ghe", "ga"), ("chi", "co"), ("che", "ca"), ("que", "qua"), ("ere", "era")]
        }
        // jeux, tuyaux; vélos, pneus; sportives
        Language::French => &[("ux", "u"), ("os", "o"), ("eus", "eu"), ("ives", "if"), ("ive", "if")],
        // βιβλία and its singular; ταινίες; παιδιά
        Language::Greek => &[("ιο", "ια"), ("ιεσ", "ια"), ("ια", "ι")],
        // The letter that typing often leaves without its dots; the regular feminine plural.
        Language::Arabic => &[("ه", "ة"), ("ات", "ة")],
        // cançons
        Language::Catalan => &[("cons", "co")],
        // wagens; ideeën
        Language::Dutch => &[("ens", "en"), ("eeen", "ee"), ("ieen", "ie")],
        // The plural in each case, after folding; the possessive of words with a last vowel: arabası, konusu
        Language::Turkish => &[
            ("lar", ""),
            ("ler", ""),
            ("lari", ""),
            ("leri", ""),
            ("larin", ""),
            ("lerin", ""),
            ("larini", ""),
            ("lerini", ""),
            ("lara", ""),
            ("lere", ""),
            ("larda", ""),
            ("lerde", ""),
            ("lardan", ""),
            ("lerden", ""),
            ("asi", "a"),
            ("esi", "e"),
            ("isi", "i"),
            ("osu", "o"),
            ("usu", "u"),
        ],
        _ => &[],
    }
}

/// Visits the singular of plurals in `es` of words that end in `s` or `z`: `buses`, `lenses`, `quizzes`.
///
/// Most plurals in `oses` have a singular in `ose`, and what remains of them is another word: `doses`, `poses`.
fn for_each_english_singular(word: &str, mut visit: impl FnMut(&str)) {
    const MIN_SINGULAR: usize = 3;
    let Some(base) = word.strip_suffix("es") else { return };
    let base = if base.ends_with("zz") { &base[..base.len() - 1] } else { base };
    let is_singular = base.ends_with(['s', 'z']) && !base.ends_with("ss") && !base.ends_with("os");
    if is_singular && base.len() >= MIN_SINGULAR {
        visit(base);
    }
}

/// Visits the plural of nouns that end in `s`, which keeps this letter: `fiets`, `kaars`, `lens`.
///
/// Their stems lack it, and can be another word: that of `kans` is `kan`.
fn for_each_dutch_plural(word: &str, mut visit: impl FnMut(&str)) {
    let before = word.strip_suffix('s').and_then(|base| base.bytes().next_back());
    if before.is_some_and(|byte| byte.is_ascii_lowercase() && !b"aeiouys".contains(&byte)) {
        visit(&[word, "en"].concat());
    }
}

/// Visits the Scandinavian singulars of which the plural omits a vowel: `möbler`, `cyklar`, `fingrar`.
fn for_each_full_form(word: &str, language: Language, mut visit: impl FnMut(&str)) {
    let stem = match language {
        Language::Swedish => word.strip_suffix("ar").or_else(|| word.strip_suffix("er")),
        _ => word.strip_suffix("er").or_else(|| word.strip_suffix('e').filter(|stem| stem.ends_with('r'))),
    };
    let is_consonant = |byte: &u8| byte.is_ascii_lowercase() && !b"aeiouy".contains(byte);
    let Some([base @ .., before, last]) = stem.map(str::as_bytes) else { return };
    let omits_vowel = matches!(last, b'l' | b'r') && is_consonant(before) && before != last;
    if !omits_vowel || base.is_empty() {
        return;
    }
    let Some(base) = stem.and_then(|stem| stem.strip_suffix(char::from(*last))) else { return };
    let ending = if *last == b'l' { "el" } else { "er" };
    visit(&[base, ending].concat());
    if language == Language::Norwegian {
        // artikkel, sykkel
        visit(&[base, &base[base.len() - 1..], ending].concat());
    }
}

/// Visits the singulars of Arabic plurals by pattern, which keep the consonants of the root.
///
/// Patterns that many singulars have as well are missing, such as those of `كتب` and `بيوت`.
fn for_each_arabic_singular(word: &str, written: &str, mut visit: impl FnMut(&str)) {
    let word = word.strip_prefix("ال").unwrap_or(word);
    let mut letters = word.chars();
    let five = [letters.next(), letters.next(), letters.next(), letters.next(), letters.next()];
    let ([Some(a), Some(b), Some(c), Some(d), Some(e)], None) = (five, letters.next()) else { return };
    let mut form = |letters: &[char]| visit(&letters.iter().collect::<String>());
    match (a, b, c, d) {
        // أطفال; with hamza below, it is a verbal noun such as إسلام.
        ('ا', _, _, 'ا') if written.strip_prefix("ال").unwrap_or(written).starts_with('أ') => {
            form(&[b, c, e])
        }
        _ if matches!(a, 'ا' | 'ي') || matches!(e, 'ا' | 'ه' | 'ي' | 'ك') => {}
        // شوارع, جوائز
        (_, 'و', 'ا', _) => form(&[a, 'ا', d, e]),
        // حدائق, رسائل
        (_, _, 'ا', 'ي') => {
            form(&[a, b, 'ي', e, 'ة']);
            form(&[a, b, 'ا', e, 'ة']);
        }
        // مدارس, فنادق
        (_, _, 'ا', _) => form(&[a, b, d, e]),
        _ => {}
    }
}
