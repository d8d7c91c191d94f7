//! The last parts of compounds, in languages that write them together.
//!
//! A compound and its part alone have a common form: both without their endings. Stemmers make none, since they
//! remove more from longer words: German `wohnung` keeps its ending, `ferienwohnung` loses it.

use super::irregular::regular_form;
use super::stems::{code, has_stem, stem};
use quarry_config::Language;

/// The minimum length of a part, and of what precedes it, in characters.
pub(crate) const MIN_PART_CHARS: usize = 3;
/// Precedes words that are stemmed as the last part of a compound.
const PAD: &str = "koiran";
/// German endings of cases and plurals, longest first, each with its replacement.
const GERMAN_ENDINGS: [(&str, &str); 13] = [
    ("nissen", "nis"),
    ("innen", "in"),
    ("nisse", "nis"),
    ("ssen", "s"),
    ("ees", "ee"),
    ("ern", ""),
    ("sse", "s"),
    ("en", ""),
    ("er", ""),
    ("es", ""),
    ("e", ""),
    ("n", ""),
    ("s", ""),
];
const DUTCH_ENDINGS: [&str; 4] = ["eren", "en", "e", "s"];
const VOWELS: [char; 6] = ['a', 'e', 'i', 'o', 'u', 'y'];

/// The regular expressions of Lucene for what [`may_precede`] a part, in reverse: by German rules, and by others.
const GERMAN_REST: &str = "[^0-9]{3,}&.*[aeiouy].*&\
    ([^bdgklprw].*|[bdgkp][^bdgkpt].*|bb.*|dd.*|gg.*|kk.*|pp.*|[lrw][^bdfghkmnpt].*|[lrw]h[^c].*)";
const OTHER_REST: &str = "[^0-9]{3,}&.*[aeiouy].*";

/// Returns the reversed forms of a word as the last part of compounds, and as a compound.
///
/// None for languages that write compounds apart. A letter distinguishes the languages.
pub(crate) fn reversed_parts(word: &str, language: Language) -> Vec<String> {
    let mut forms: Vec<String> = Vec::new();
    let Some(compounding) = Compounding::of(language).filter(|_| has_stem(word)) else { return forms };
    let mut add = |form: &str| {
        if form.chars().nth(MIN_PART_CHARS - 1).is_some() {
            let form = reversed(form, language);
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    };
    compounding.for_each_form(word, language, &mut add);
    if let Some(regular) = regular_form(word, language) {
        compounding.for_each_form(regular, language, &mut add);
    }
    forms
}

/// Returns true if a compound ends in a part, given a reversed form of either.
pub(crate) fn ends_in_part(compound: &str, part: &str) -> bool {
    let Some(rest) = compound.strip_prefix(part) else { return false };
    may_precede(rest, has_german_rules(part))
}

/// Returns the regular expression of Lucene for the letters before a reversed part, for which [`ends_in_part`] is true.
pub(crate) fn compound_rest(part: &str) -> &'static str {
    if has_german_rules(part) { GERMAN_REST } else { OTHER_REST }
}

/// Returns true if the letters before a part may be a word, given in reverse.
///
/// Each word has a vowel. German and Dutch words do not end like the beginning of a syllable: what precedes `leid`
/// in `abendkleid` is none.
fn may_precede(rest: &str, german: bool) -> bool {
    let mut letters = rest.chars();
    let (Some(last), Some(before), Some(third)) = (letters.next(), letters.next(), letters.next()) else {
        return false;
    };
    if rest.contains(|c: char| c.is_ascii_digit()) || !rest.contains(VOWELS) {
        return false;
    }
    if !german {
        return true;
    }
    match last {
        'l' | 'r' | 'w' if before == 'h' => third != 'c',
        'l' | 'r' | 'w' => !"bdfgkmnpt".contains(before),
        'b' | 'd' | 'g' | 'k' | 'p' => before == last || !"bdgkpt".contains(before),
        _ => true,
    }
}

/// Returns true for the reversed forms of German and Dutch.
fn has_german_rules(reversed: &str) -> bool {
    reversed.starts_with([code(Language::German), code(Language::Dutch)])
}

/// Ways in which languages write compounds together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compounding {
    German,
    Dutch,
    /// The last part has few endings, which its stemmer removes from words of any length.
    ByPlurals,
    /// The last part has the endings of many cases, which its stemmer removes only from long words.
    ByCases,
}

impl Compounding {
    fn of(language: Language) -> Option<Self> {
        use Language::{Danish, Dutch, Estonian, Finnish, German, Hungarian, Norwegian, Swedish};
        match language {
            German => Some(Self::German),
            Dutch => Some(Self::Dutch),
            Danish | Norwegian | Swedish => Some(Self::ByPlurals),
            Estonian | Finnish | Hungarian => Some(Self::ByCases),
            _ => None,
        }
    }

    /// Visits the forms of a last part: as written, and without its ending.
    fn for_each_form(self, word: &str, language: Language, mut visit: impl FnMut(&str)) {
        match self {
            Self::German => {
                visit(word);
                for (ending, replacement) in GERMAN_ENDINGS {
                    if let Some(base) = word.strip_suffix(ending) {
                        return visit(&[base, replacement].concat());
                    }
                }
            }
            Self::Dutch => {
                visit(&dutch_base(word));
                if let Some(base) = DUTCH_ENDINGS.iter().find_map(|ending| word.strip_suffix(ending)) {
                    visit(&dutch_base(base));
                }
            }
            Self::ByPlurals => {
                visit(word);
                visit(&stem(word, language));
            }
            Self::ByCases => {
                visit(word);
                let padded = [PAD, word].concat();
                visit(stem(&padded, language).strip_prefix(PAD).unwrap_or(word));
            }
        }
    }
}

/// Returns a Dutch word without the letters that spelling doubles before endings or without them, and without
/// voice: `bedd` and `bed`, `bom` and `boom`, `huiz` and `huis`.
fn dutch_base(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let is_vowel = |c: char| VOWELS.contains(&c);
    match letters.as_slice() {
        [.., a, b] if a == b && !is_vowel(*a) => {
            letters.pop();
        }
        [.., a, b, last] if a == b && is_vowel(*a) && !is_vowel(*last) => {
            letters.remove(letters.len() - 2);
        }
        _ => {}
    }
    if let Some(last) = letters.last_mut() {
        *last = match *last {
            'z' => 's',
            'v' => 'f',
            c => c,
        };
    }
    letters.into_iter().collect()
}

fn reversed(form: &str, language: Language) -> String {
    let mut reversed = String::with_capacity(form.len() + 1);
    reversed.push(code(language));
    reversed.extend(form.chars().rev());
    reversed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fold::fold;
    use super::super::words::words;
    use super::*;

    fn meet(compound: &str, part: &str, language: Language) -> bool {
        let compounds = reversed_parts(&fold(compound), language);
        let parts = reversed_parts(&fold(part), language);
        parts.iter().any(|part| compounds.iter().any(|compound| ends_in_part(compound, part)))
    }

    #[test]
    fn compounds_end_in_their_parts() {
        for (language, pairs) in [
            (
                Language::German,
                "Fußballtrikots Trikot, Kinderbuch Bücher, Esstische Tisch, Gartenstühle Stuhl, Altbauwohnung Wohnung, \
                Altbauwohnungen Wohnung, Altbauwohnung Wohnungen, Wochenzeitung Zeitung, Fußbodenheizungen Heizung, \
                Erbkrankheit Krankheit, Grippekrankheiten Krankheit, Kellerfenster Fenster, Kellerfenstern Fenster, \
                Gasofen Ofen, Gasöfen Ofen, Vogelkäfig Käfig, Kühlflüssigkeit Flüssigkeit, Balkontür Tür, \
                Balkontüren Tür, Balkontür Türen, Scheunentor Tor, Taschenuhr Uhr, Kräutertee Tees, Kräutertees Tee, Filzhut Hut, \
                Filzhüte Hut, Linienbusse Bus, Linienbus Busse, Sonnenoel Oel, \
                Grundschullehrerinnen Lehrerin, Messergebnisse Ergebnis, Stofftasche Taschen, Stoffhase Hasen",
            ),
            (
                Language::Dutch,
                "ziekenhuizen huis, keukentafels tafel, fietshelm helm, logeerbed bed, logeerbedden bed, logeerbed \
                bedden, reistas tas, reistas tassen, winterjassen jas, kerstboom bomen, kerstbomen boom, huurwoning \
                woningen, huurwoningen woning, autoverzekering verzekering, kapmes messen",
            ),
            (
                Language::Finnish,
                "koiranruoka ruoka, työpöytä pöytä, ruokapöytä pöytä, makuuhuoneet huone, tietokoneet kone, \
                matkalaukku laukku, kesämökissä mökki",
            ),
            (
                Language::Hungarian,
                "gyerekszoba szoba, hálószoba szoba, mosógépek gép, varrógép gép, konyhaasztal asztal, bőrkabát kabát",
            ),
            (
                Language::Estonian,
                "koeratoit toit, raamaturiiul riiul, köögilaud laud, kohvimasin masin, lastetuba tuba, \
                suvekleit kleit",
            ),
            (
                Language::Swedish,
                "regnjackor jacka, barnvagnar vagn, cykelhjälm hjälm, fritidshus hus, veteranbil bil, sovrum rum, \
                kokbok bok, sovrummen rummen",
            ),
            (Language::Danish, "havebord bord, cykelhjelme hjelm, sommerhus hus, varebil bil"),
            (Language::Norwegian, "solbriller brille, barnevogner vogn, soverom rom"),
        ] {
            for pair in pairs.split(", ") {
                let (compound, part) = pair.trim().split_once(' ').unwrap();
                assert!(meet(compound, part.trim(), language), "{language:?}: {pair}");
            }
        }
        assert!(reversed_parts("basketball", Language::English).is_empty());
    }

    #[test]
    fn parts_do_not_begin_within_a_syllable() {
        for (language, pairs) in [
            (
                Language::German,
                "Schwein Wein, Abendkleid Leid, Weinflasche Asche, Landkreis Eis, Verkaufspreis Eis, Fernrohr Ohr, \
                Wochenzeitung Zeit, Wochenzeitung Wochen, Buch Buch, 100tee Tee",
            ),
            (Language::Dutch, "avondkleed leed, grondprijs rijs"),
            (Language::Swedish, "strand rand"),
        ] {
            for pair in pairs.split(", ") {
                let (compound, part) = pair.trim().split_once(' ').unwrap();
                assert!(!meet(compound, part, language), "{pair}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_word_fails(text in "(\\PC|[a-zäöüéèçşğıåøœа-яёا-ي]){0,12}") {
            for word in words(&text) {
                for language in Language::ALL {
                    let parts = reversed_parts(&word.text, language);
                    assert!(parts.iter().all(|part| part.chars().count() > MIN_PART_CHARS));
                }
            }
        }
    }
}
