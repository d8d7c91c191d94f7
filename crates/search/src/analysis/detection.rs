//! The languages of a document.

use std::sync::LazyLock;

use whatlang::{Detector, Lang, Script};

use quarry_config::{Language, LanguageSetting};

/// The bytes of a text from which its language is detected.
const SAMPLE_BYTES: usize = 2_000;

static DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
    let known = Lang::all().iter().filter(|&&lang| is_candidate(lang));
    Detector::with_allowlist(known.copied().collect())
});

/// Returns the languages whose word forms a document has under a setting.
///
/// A detection that is not reliable adds the main language of the script, so that a short text has the
/// forms of both. Scripts without a stemmer have no languages.
pub(crate) fn languages_of(setting: &LanguageSetting, title: Option<&str>, text: &str) -> Vec<Language> {
    match setting {
        LanguageSetting::Listed(languages) => languages.clone(),
        LanguageSetting::Auto => {
            let text = &text[..text.floor_char_boundary(SAMPLE_BYTES)];
            detect(&format!("{}\n{text}", title.unwrap_or_default()))
        }
    }
}

fn detect(text: &str) -> Vec<Language> {
    let main = DETECTOR.detect_script(text).and_then(main_language);
    let Some(info) = DETECTOR.detect(text) else { return main.into_iter().collect() };
    let detected = if info.lang() == Lang::Kor { main } else { language(info.lang()) };
    let Some(detected) = detected else { return Vec::new() };
    let mut languages = vec![detected];
    if !info.is_reliable() {
        languages.extend(main.filter(|&main| main != detected));
    }
    languages
}

/// Returns the language that a text of a script has most often.
fn main_language(script: Script) -> Option<Language> {
    Some(match script {
        // Korean words have forms in every language; the words in Latin letters beside them are English.
        Script::Latin | Script::Hangul => Language::English,
        Script::Cyrillic => Language::Russian,
        Script::Arabic => Language::Arabic,
        Script::Devanagari => Language::Hindi,
        Script::Greek => Language::Greek,
        Script::Armenian => Language::Armenian,
        Script::Tamil => Language::Tamil,
        _ => return None,
    })
}

/// Returns true for languages with a stemmer, and for those that share their script with another.
///
/// Among the latter only those of scripts with few languages: more candidates make detection less reliable.
fn is_candidate(lang: Lang) -> bool {
    language(lang).is_some()
        || matches!(
            lang,
            Lang::Heb
                | Lang::Urd
                | Lang::Mar
                | Lang::Cmn
                | Lang::Jpn
                | Lang::Kor
                | Lang::Tha
                | Lang::Mya
                | Lang::Khm
                | Lang::Vie
        )
}

fn language(lang: Lang) -> Option<Language> {
    Some(match lang {
        Lang::Ara => Language::Arabic,
        Lang::Hye => Language::Armenian,
        Lang::Cat => Language::Catalan,
        Lang::Ces => Language::Czech,
        Lang::Dan => Language::Danish,
        Lang::Nld => Language::Dutch,
        Lang::Eng => Language::English,
        Lang::Est => Language::Estonian,
        Lang::Fin => Language::Finnish,
        Lang::Fra => Language::French,
        Lang::Deu => Language::German,
        Lang::Ell => Language::Greek,
        Lang::Hin => Language::Hindi,
        Lang::Hun => Language::Hungarian,
        Lang::Ind => Language::Indonesian,
        Lang::Ita => Language::Italian,
        Lang::Lit => Language::Lithuanian,
        Lang::Nep => Language::Nepali,
        Lang::Nob => Language::Norwegian,
        Lang::Pes => Language::Persian,
        Lang::Pol => Language::Polish,
        Lang::Por => Language::Portuguese,
        Lang::Ron => Language::Romanian,
        Lang::Rus => Language::Russian,
        Lang::Srp => Language::Serbian,
        Lang::Spa => Language::Spanish,
        Lang::Swe => Language::Swedish,
        Lang::Tam => Language::Tamil,
        Lang::Tur => Language::Turkish,
        Lang::Ukr => Language::Ukrainian,
        Lang::Yid => Language::Yiddish,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(text: &str) -> Vec<Language> {
        languages_of(&LanguageSetting::Auto, None, text)
    }

    #[test]
    fn long_texts_have_the_language_that_is_detected() {
        for (text, expected) in [
            (
                "The quick brown fox jumps over the lazy dog while everybody else is having their breakfast.",
                Language::English,
            ),
            (
                "Die Kinder gehen heute nicht in die Schule, weil es draußen schneit und der Bus nicht fährt.",
                Language::German,
            ),
            (
                "Les enfants ne vont pas à l'école aujourd'hui parce qu'il neige et que le bus ne passe pas.",
                Language::French,
            ),
            (
                "Дети сегодня не идут в школу, потому что идёт снег и автобус не ходит по расписанию.",
                Language::Russian,
            ),
            ("الأطفال لا يذهبون إلى المدرسة اليوم لأن الثلج يتساقط والحافلة لا تسير في موعدها", Language::Arabic),
            ("Τα παιδιά δεν πάνε σήμερα στο σχολείο, γιατί χιονίζει.", Language::Greek),
        ] {
            assert_eq!(auto(text), [expected], "{text}");
        }
    }

    #[test]
    fn short_texts_have_the_main_language_of_the_script_too() {
        assert!(auto("Bücher").contains(&Language::English));
        assert!(auto("книга").contains(&Language::Russian));
        assert_eq!(auto("東京タワー"), []);
        assert_eq!(auto("서울대학교"), [Language::English]);
        assert_eq!(auto("내일 친구를 만나러 부산에 갑니다."), [Language::English]);
        assert_eq!(auto("12345 !"), []);
        assert_eq!(auto(""), []);
    }

    #[test]
    fn settings_name_languages() {
        let both = LanguageSetting::Listed(vec![Language::English, Language::German]);
        assert_eq!(languages_of(&both, None, "東京"), [Language::English, Language::German]);
        assert_eq!(languages_of(&LanguageSetting::NONE, None, "text"), []);
    }
}
