use unicode_normalization::UnicodeNormalization;

use super::*;

/// Returns a query in one notation: `"a phrase"`, `(a+compound)`, `[an unspaced word]`, `prefix*`.
fn shown(text: &str) -> String {
    let query = ParsedQuery::parse(text);
    let unit = |unit: &QueryUnit| match unit {
        QueryUnit::Word(word) => word.text.clone(),
        QueryUnit::Compound(words, _) => {
            format!("({})", words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join("+"))
        }
        // Korean syllables are decomposed.
        QueryUnit::Unspaced(characters, _) => format!("[{}]", characters.concat().nfc()),
        QueryUnit::Phrase(words) => format!("\"{}\"", words.join(" ")),
    };
    let included = query.included.iter().map(unit);
    let excluded = query.excluded.iter().map(|excluded| format!("-{}", unit(excluded)));
    let end = if query.ends_in_prefix { "*" } else { "" };
    included.chain(excluded).collect::<Vec<_>>().join(" ") + end
}

#[test]
fn parses_words_phrases_and_exclusions() {
    for (text, expected) in [
        ("private jet", "private jet*"),
        ("private jet ", "private jet"),
        ("a \"private jet\"", "a \"private jet\""),
        ("jet -paris", "jet -paris"),
        ("\"C++\" \".NET\" ", "\"\u{4}c++\" \"\u{4}.net\""),
        ("\"modern c# code\" ", "\"modern \u{4}c# code\""),
        ("\"node.js\" \"50% off*\" ", "\"node js\" \"50 off\""),
        ("code -c++ -\"c#\" -\"the f# code\"", "code -\"\u{4}c++\" -\"\u{4}c#\" -\"the \u{4}f# code\""),
        ("jet -\"new york\" x", "jet x -\"new york\"*"),
        ("jet -", "jet"),
        ("boat -\"hong kong", "boat -\"hong kong\""),
        ("\"boat to\" -“hong", "\"boat to\" -\"hong\""),
        ("boat -(oslo) -'king", "boat -oslo -king"),
        ("boat -(hong kong) x", "boat x -\"hong kong\"*"),
        ("boat -#rent -@hull -.rs -*new*", "boat -rent -hull -rs -new"),
        ("boat -$50 ", "boat 50"),
        ("-el-tahir jet", "jet -(el+tahir)*"),
        ("“private jet” x", "\"private jet\" x*"),
        ("jet private jet", "private jet*"),
        ("ד\"ר \"תל אביב\" אצ\"ל", "(ד+ר) \"תל אביב\" (אצ+ל)*"),
        ("“ד״ר כהן” x", "\"ד ר כהן\" x*"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn every_kind_of_minus_excludes_words_but_not_numbers() {
    for minus in ["-", "\u{2010}", "\u{2011}", "–", "—", "―", "−", "⁻", "⁃", "﹣", "－", "--", "–-"]
    {
        assert_eq!(shown(&format!("jet {minus}paris")), "jet -paris");
        assert_eq!(shown(&format!("jet {minus}\"new york\"")), "jet -\"new york\"");
        assert_eq!(shown(&format!("below {minus}5")), "below 5*");
        assert_eq!(shown(&format!("supply {minus}12V ")), "supply 12v");
        assert_eq!(shown(&format!("freezer {minus}20°C ")), "freezer 20 c");
        assert_eq!(shown(&format!("lens {minus}2.5dpt ")), "lens (2+.5) dpt");
        assert_eq!(shown(&format!("phone {minus}5g")), "phone -5g");
        assert_eq!(shown(&format!("jet {minus} paris")), "jet paris*");
        assert!(ParsedQuery::parse(&format!("trains{minus}boats")).excluded.is_empty());
    }
}

#[test]
fn words_between_separators_are_compounds() {
    for (text, expected) in [
        ("El-Tahir", "(el+tahir)*"),
        ("O’Sullivan x", "(o+sullivan) x*"),
        ("978-3-16-148410-0 ", "(978+3+16+148410+0)"),
        ("C++", "c"),
        ("c# developer", "c developer*"),
        ("node.js", "(node+js)*"),
        ("3.14", "(3+.14)*"),
        ("40x60cm", "(40+60) cm*"),
        ("box 50 x 70", "box (50+70)*"),
        ("50 × 70 × 2 cm ", "(50+70+2) cm"),
        ("call (202) 456-1111", "call (202+456+1111)*"),
        ("2023 2024 2025", "2023 2024 2025*"),
        ("8 x 8 X300", "(8+8) x300*"),
        ("Python3.12 v2.3.1", "python (3+.12) v (2+3+1)*"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn parts_have_their_places() {
    for (text, expected) in [
        ("wi-fi", PartPlaces::Anywhere),
        ("WD-40", PartPlaces::Anywhere),
        ("2.3.1", PartPlaces::SideBySide),
        ("3.14", PartPlaces::SideBySide),
        ("4 × 6", PartPlaces::AsOneTerm),
        ("M8x40", PartPlaces::AsOneTerm),
    ] {
        let query = ParsedQuery::parse(text);
        let [QueryUnit::Compound(parts, spellings)] = query.included.as_slice() else {
            panic!("{text} is a compound");
        };
        assert_eq!(PartPlaces::of(parts, spellings), expected, "{text}");
    }
}

#[test]
fn no_text_is_an_error() {
    for (text, expected) in [
        ("", ""),
        ("\"", ""),
        ("\"private je", "private je*"),
        ("- -- --x", "-x"),
        ("*:/\\(){}[]^~!? AND", "and*"),
        ("27\" monitor", "27 monitor*"),
        ("🎉🎉 é\u{301}", "🎉 e*"),
        ("\u{202e}שלום", "שלום*"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
    let long = ParsedQuery::parse(&"word ".repeat(2_000));
    assert!(long.is_cut && long.included.len() == 1);
}

#[test]
fn scripts_without_spaces_are_divided_into_words() {
    for (text, expected) in [
        ("東", "东*"),
        ("東京タワー", "[东京] [たわー]*"),
        ("iphone用ケース", "iphone 用 [けーす]*"),
        ("서울 대학교", "[서울] [대학교]*"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}
