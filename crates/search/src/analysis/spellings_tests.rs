use proptest::prelude::*;

use super::super::fold::MAX_TERM_BYTES;
use super::super::words::words;
use super::*;

/// Returns the terms of a kind, without marks, and the slices that they cover.
fn spellings(text: &str, kind: SpellingKind) -> Vec<(String, &str)> {
    let words = words(text);
    let mut found = Vec::new();
    for_each_spelling(text, &words, |spelling| {
        if spelling.kind == kind {
            let covered = &text[words[spelling.first].start..words[spelling.first + spelling.words - 1].end];
            found.push((spelling.term.trim_start_matches(ACCENTED).to_owned(), covered));
        }
    });
    found
}

fn check(kind: SpellingKind, text: &str, expected: &[(&str, &str)]) {
    let found = spellings(text, kind);
    let found: Vec<(&str, &str)> = found.iter().map(|(term, covered)| (term.as_str(), *covered)).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn letters_are_spelled_out() {
    let kind = SpellingKind::SpelledOut;
    check(kind, "Müller", &[("mueller", "Müller")]);
    check(kind, "Ko\u{308}ln KÄSE", &[("koeln", "Ko\u{308}ln"), ("kaese", "KÄSE")]);
    check(kind, "Århus København", &[("aarhus", "Århus"), ("koebenhavn", "København")]);
    check(kind, "café naïve", &[]);
    check(kind, "Paris² m² CO₂", &[("paris", "Paris²")]);
    check(kind, "V3.1.4 and v 1.0, v. 2.7.1", &[("version", "V"), ("version", "v"), ("version", "v")]);
    check(kind, "Version 3.1 of a version", &[("v", "Version")]);
    check(kind, "v2, v2.x, 12 v 2, v-2.3, rev 1.2.3", &[]);
}

#[test]
fn accents_are_kept_beside_the_folded_word() {
    let kind = SpellingKind::Accented;
    check(kind, "ĐƯỜNG", &[("đường", "ĐƯỜNG")]);
    check(kind, "Zoe\u{308}", &[("zoë", "Zoe\u{308}")]);
    check(kind, "👍🏽", &[("👍🏽", "👍🏽")]);
    check(kind, "Plain ＷＩＤＥ CO₂ だけ 한글", &[]);
    check(kind, "バナナ ﾊﾞﾅﾅ ばなな", &[("バナナ", "バナナ"), ("バナナ", "ﾊﾞﾅﾅ")]);
}

#[test]
fn words_of_several_characters_are_found() {
    let kind = SpellingKind::Unspaced;
    let korean = [("서울대학교에서", "서울대학교에서"), ("만나요", "만나요")]
        .map(|(term, covered)| (nfd(term), covered));
    check(kind, "서울대학교에서 만나요", &korean.each_ref().map(|(term, covered)| (term.as_str(), *covered)));
    check(kind, "新年快乐", &[("新年快乐", "新年快乐")]);
    check(kind, "数据库管理", &[("数据", "数据"), ("管理", "管理")]);
    let japanese = spellings("新しいスマートフォンケース", kind);
    assert!(japanese.iter().any(|(_, covered)| *covered == "新しい"), "{japanese:?}");
    let thai = spellings("เขากำลังกินข้าว", kind);
    assert!(thai.iter().any(|(_, covered)| *covered == "กำลัง"), "{thai:?}");
    check(kind, "中 x 国", &[]);
}

#[test]
fn letters_of_several_characters_have_beginnings() {
    for (text, expected) in [
        ("กุ้งแห้ง", vec!["ก", "กุ", "ห"]),
        ("ท่ีนา", vec!["ท", "ท่"]),
        ("ខ្មែរ", vec!["ខ", "ខ្", "ខ្ម"]),
        ("ﾌﾞﾙｰ ブルー", vec!["ふ"]),
        ("한글 東京 हिंदी", vec![]),
        ("\u{1112}\u{1161}\u{11ab}", vec!["\u{1112}", "\u{1112}\u{1161}"]),
    ] {
        let terms = spellings(text, SpellingKind::Begun);
        let terms: Vec<&str> = terms.iter().map(|(term, _)| &term[1..]).collect();
        assert_eq!(terms, expected, "{text}");
    }
}

fn nfd(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    text.nfd().collect()
}

proptest! {
    #[test]
    fn spellings_cover_words(text in "(\\PC|[ -~]|[가-힣ก-ฮ一-鿿ァ-ヶ\u{200b}-\u{200f}\u{ad}üöåé]){0,40}") {
        let words = words(&text);
        for_each_spelling(&text, &words, |spelling| {
            assert!(spelling.words > 0 && spelling.first + spelling.words <= words.len());
            assert!(!spelling.term.is_empty() && spelling.term.len() <= MAX_TERM_BYTES);
            assert_eq!(super::super::is_marked(&spelling.term), spelling.kind.is_marked());
        });
    }

    #[test]
    fn ascii_texts_have_the_spellings_of_others(text in "[ -~]{0,40}") {
        let collect = |text: &str| {
            let mut found = Vec::new();
            for_each_spelling(text, &words(text), |spelling| found.push(spelling));
            found
        };
        prop_assert_eq!(collect(&text), collect(&format!("{text} ∞")));
    }
}
