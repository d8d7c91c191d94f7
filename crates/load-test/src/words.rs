//! Generated search texts, determined by the random numbers.
//!
//! Most are plain English, some have other letters, scripts and emoji. No text has an `@` or a number of more
//! than two digits, so the server masks none for privacy.

use rand::{Rng, RngExt, seq::IndexedRandom as _};
use unicode_segmentation::UnicodeSegmentation as _;

/// Texts that an input method composes, with the contents of the search box.
const COMPOSED: &[&[&str]] = &[
    &["n", "ni", "ni h", "ni hao", "你好"],
    &["shang", "shang hai", "上海", "上海c", "上海cha", "上海茶"],
    &["x", "xi'an", "西安"],
    &["ㄊ", "ㄊㄞ", "ㄊㄞˊ", "台", "台ㄅ", "台ㄅㄟˇ", "台北"],
    &["日", "日月", "明", "明一", "明一大", "明天"],
    &["t", "と", "とう", "とうきょう", "東京"],
    &["あ", "あま", "あまぞん", "Amazon"],
    &["ㅂ", "부", "부ㅅ", "부사", "부산"],
    &["m", "mum", "mumbai", "मुंबई"],
];
/// Texts that a recogniser of speech writes and rewrites.
const SPOKEN: &[&[&str]] = &[
    &["where", "wear", "where is", "where is the nearest copy", "where is the nearest coffee shop"],
    &["wreck", "wreck a nice", "wreck a nice beach", "recognize speech"],
    &["iphone", "iphone fifteen", "iphone 15"],
    &["flour", "flower", "flower shop"],
    &["knights", "nights", "nights in paris"],
];
/// Texts that are completed by suggestions, which are tried in turn.
const COMPLETED: &[&[&str]] = &[
    &["g", "ga", "gar", "garden chairs", "garage sale", "garlic press"],
    &["v", "violin", "vi", "violin", "vil", "villa"],
];

/// Draws the contents of a search box that is not filled letter by letter; the last one is the intended text.
pub(super) fn composed(rng: &mut impl Rng) -> Vec<String> {
    let kinds = [COMPOSED, SPOKEN, COMPLETED];
    let kind = kinds[[0, 0, 1, 1, 2][rng.random_range(0..5)]];
    let contents = kind[rng.random_range(0..kind.len())];
    contents.iter().map(|content| (*content).to_owned()).collect()
}

/// The inverse share of texts that are not plain English.
const FOREIGN_ONE_IN: u32 = 7;

const ADJECTIVES: &[&str] = &[
    "amber", "brisk", "cozy", "damp", "early", "fancy", "gentle", "hollow", "instant", "jolly", "kind",
    "late", "modern", "narrow", "organic", "private", "quiet", "rustic", "silver", "tiny", "urban", "vivid",
    "wooden", "young", "zesty",
];
const NOUNS: &[&str] = &[
    "apartment",
    "business",
    "concert",
    "dinner",
    "elevator",
    "festival",
    "gallery",
    "harbour",
    "itinerary",
    "jacket",
    "kitchen",
    "lantern",
    "museum",
    "notebook",
    "orchestra",
    "passport",
    "quartet",
    "restaurant",
    "saddle",
    "theatre",
    "umbrella",
    "violin",
    "workshop",
    "xylophone",
    "yacht",
    "zeppelin",
];
const PLACES: &[&str] = &[
    "athens",
    "boston",
    "cairo",
    "dublin",
    "edinburgh",
    "florence",
    "geneva",
    "helsinki",
    "innsbruck",
    "jakarta",
    "kyoto",
    "london",
    "madrid",
    "naples",
    "oxford",
    "paris",
    "quebec",
    "rome",
    "seville",
    "tokyo",
    "utrecht",
    "vienna",
    "warsaw",
    "york",
    "zagreb",
];
const TAILS: &[&str] = &["for two", "by train", "open now", "near me", "under 50", "with a view"];
const FOREIGN: &[&str] = &[
    "crème brûlée recipe",
    "smörgåsbord göteborg",
    "Straße der Übersetzer",
    "jalapeño piñata",
    "İstanbul ışık sergisi",
    "żółta łódka gdańsk",
    "phở bò hà nội",
    "cafe\u{301} au re\u{301}sume\u{301}",
    "ресторан у вокзала",
    "ξενοδοχείο αθήνα",
    "東京タワー 夜景",
    "北京烤鸭外卖",
    "서울 지하철 노선도",
    "नमस्ते दुनिया",
    "ร้านอาหารกรุงเทพ",
    "מסעדה בתל אביב",
    "مطعم قريب من البحر",
    "pizza 🍕 near harbour",
    "👩‍👩‍👧 family hotel",
    "🇯🇵 garden tour",
    "thumbs 👍🏽 museum",
];

/// Generates a query of at least three graphemes.
pub(super) fn phrase(rng: &mut impl Rng) -> String {
    if rng.random_ratio(1, FOREIGN_ONE_IN) {
        return one_of(FOREIGN, rng).to_owned();
    }
    let noun = one_of(NOUNS, rng);
    match rng.random_range(0..10) {
        0 => noun.to_owned(),
        1..=3 => format!("{} {noun}", one_of(ADJECTIVES, rng)),
        4..=6 => format!("{noun} {}", one_of(PLACES, rng)),
        7 => format!("{} {noun} {}", one_of(ADJECTIVES, rng), one_of(PLACES, rng)),
        8 => format!("{noun} in {} {}", one_of(PLACES, rng), one_of(TAILS, rng)),
        _ => format!("Where is the {noun} of {}?", one_of(PLACES, rng)),
    }
}

/// Draws a plain word that extends a query.
pub(super) fn word(rng: &mut impl Rng) -> &'static str {
    one_of(PLACES, rng)
}

/// Draws a letter other than `right`.
pub(super) fn wrong_letter(right: &str, rng: &mut impl Rng) -> char {
    let letter = rng.random_range('a'..='z');
    let is_right = right.to_lowercase().starts_with(letter);
    match (is_right, letter) {
        (false, _) => letter,
        (true, 'z') => 'a',
        (true, _) => 'z',
    }
}

/// Splits a text into graphemes, the characters that a user perceives.
pub(super) fn graphemes(text: &str) -> Vec<&str> {
    text.graphemes(true).collect()
}

/// The stored form of a query: trimmed, inner white space collapsed.
pub(super) fn stored_form(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The lower-case letters without white space, for the similarity of two texts.
pub(super) fn folded_letters(text: &str) -> Vec<char> {
    text.chars().filter(|char| !char.is_whitespace()).flat_map(char::to_lowercase).collect()
}

fn one_of(list: &'static [&'static str], rng: &mut impl Rng) -> &'static str {
    list.choose(rng).copied().unwrap_or_default()
}
