//! Korean words without their particles: `친구` of `친구를`.
//!
//! Hangul is the script of one language, so that its words have these forms in texts of every language.

use unicode_normalization::UnicodeNormalization;

/// The least length of a word without its particle, in syllables: shorter nouns are ambiguous.
const MIN_SYLLABLES: usize = 2;
/// The bytes of that many syllables in letters, as folding writes them.
const MIN_BYTES: usize = MIN_SYLLABLES * 2 * 3;
/// The mark of the plural, between a noun and its particle.
const PLURAL: char = '들';

/// The final consonants after which a particle has its form.
#[derive(Clone, Copy)]
enum After {
    Any,
    Consonant,
    Vowel,
    /// `로` follows a vowel or `ㄹ`, `으로` the other consonants.
    VowelOrRieul,
    OtherConsonant,
}

impl After {
    fn allows(self, syllable: char) -> bool {
        const RIEUL: u32 = 8;
        match (self, final_consonant(syllable)) {
            (Self::Any, _) => true,
            (Self::Vowel | Self::VowelOrRieul, 0) => true,
            (Self::VowelOrRieul, consonant) => consonant == RIEUL,
            (Self::Consonant, consonant) => consonant != 0,
            (Self::OtherConsonant, consonant) => consonant != 0 && consonant != RIEUL,
            (Self::Vowel, _) => false,
        }
    }
}

/// Particles, of which the longest counts.
const PARTICLES: [(&str, After); 65] = [
    ("에서부터", After::Any),
    ("으로부터", After::OtherConsonant),
    ("에게서", After::Any),
    ("에게는", After::Any),
    ("에게도", After::Any),
    ("에서는", After::Any),
    ("에서도", After::Any),
    ("에서의", After::Any),
    ("으로는", After::OtherConsonant),
    ("으로도", After::OtherConsonant),
    ("으로서", After::OtherConsonant),
    ("으로써", After::OtherConsonant),
    ("으로의", After::OtherConsonant),
    ("로부터", After::VowelOrRieul),
    ("까지는", After::Any),
    ("까지도", After::Any),
    ("까지의", After::Any),
    ("부터는", After::Any),
    ("부터의", After::Any),
    ("한테서", After::Any),
    ("이라는", After::Consonant),
    ("이라도", After::Consonant),
    ("에서", After::Any),
    ("에게", After::Any),
    ("에는", After::Any),
    ("에도", After::Any),
    ("에만", After::Any),
    ("으로", After::OtherConsonant),
    ("로는", After::VowelOrRieul),
    ("로도", After::VowelOrRieul),
    ("로서", After::VowelOrRieul),
    ("로써", After::VowelOrRieul),
    ("까지", After::Any),
    ("부터", After::Any),
    ("한테", After::Any),
    ("께서", After::Any),
    ("처럼", After::Any),
    ("보다", After::Any),
    ("마다", After::Any),
    ("조차", After::Any),
    ("밖에", After::Any),
    ("하고", After::Any),
    ("이나", After::Consonant),
    ("이랑", After::Consonant),
    ("이라", After::Consonant),
    ("라는", After::Vowel),
    ("과의", After::Consonant),
    ("와의", After::Vowel),
    ("만을", After::Any),
    ("만의", After::Any),
    ("은", After::Consonant),
    ("이", After::Consonant),
    ("을", After::Consonant),
    ("과", After::Consonant),
    ("는", After::Vowel),
    ("가", After::Vowel),
    ("를", After::Vowel),
    ("와", After::Vowel),
    ("로", After::VowelOrRieul),
    ("의", After::Any),
    ("에", After::Any),
    ("도", After::Any),
    ("만", After::Any),
    ("나", After::Vowel),
    ("랑", After::Vowel),
];

/// Calls `visit` with each form of a word: itself, without its particle, and without the mark of the plural.
///
/// The word itself is a form, since it may end like one with a particle: `고양이`. One syllable has none.
pub(super) fn for_each_form(word: &str, mut visit: impl FnMut(&str)) {
    // Most words are one syllable, of up to three letters.
    if word.len() < MIN_BYTES {
        return;
    }
    let syllables: Vec<char> = word.nfc().collect();
    if syllables.len() < MIN_SYLLABLES {
        return;
    }
    visit(word);
    let mut form = |syllables: &[char]| visit(&syllables.iter().copied().nfd().collect::<String>());
    let noun = without_particle(&syllables);
    if noun.len() < syllables.len() {
        form(noun);
    }
    if let [singular @ .., PLURAL] = noun
        && singular.len() >= MIN_SYLLABLES
    {
        form(singular);
    }
}

fn without_particle(syllables: &[char]) -> &[char] {
    for (particle, after) in PARTICLES {
        let Some(length) = syllables.len().checked_sub(particle.chars().count()) else { continue };
        let (noun, ending) = syllables.split_at(length);
        let is_particle = noun.len() >= MIN_SYLLABLES && ending.iter().copied().eq(particle.chars());
        if is_particle && noun.last().is_some_and(|&last| is_syllable(last) && after.allows(last)) {
            return noun;
        }
    }
    syllables
}

fn is_syllable(c: char) -> bool {
    ('가'..='힣').contains(&c)
}

/// Returns the number of the consonant that ends a syllable; 0 if it ends in a vowel.
fn final_consonant(syllable: char) -> u32 {
    const FINALS: u32 = 28;
    (u32::from(syllable) - u32::from('가')) % FINALS
}

#[cfg(test)]
mod tests {
    use super::super::fold::fold;
    use super::*;

    fn forms(word: &str) -> Vec<String> {
        let mut forms = Vec::new();
        for_each_form(&fold(word), |form| forms.push(form.nfc().collect::<String>()));
        forms
    }

    #[test]
    fn particles_follow_the_sounds_that_they_fit() {
        for (word, expected) in [
            ("도시가", vec!["도시가", "도시"]),
            ("도시를", vec!["도시를", "도시"]),
            ("도서관은", vec!["도서관은", "도서관"]),
            ("도서관에서는", vec!["도서관에서는", "도서관"]),
            ("서울로", vec!["서울로", "서울"]),
            ("공항으로", vec!["공항으로", "공항"]),
            ("버스로", vec!["버스로", "버스"]),
            ("선생님께서", vec!["선생님께서", "선생님"]),
            ("내일까지", vec!["내일까지", "내일"]),
            ("학생들에게", vec!["학생들에게", "학생들", "학생"]),
            ("사과와", vec!["사과와", "사과"]),
            ("가방만을", vec!["가방만을", "가방"]),
        ] {
            assert_eq!(forms(word), expected, "{word}");
        }
    }

    #[test]
    fn other_endings_belong_to_the_noun() {
        for word in ["학과", "집에서", "아들", "지도", "도서관가", "도시은", "공항로", "바다"]
        {
            assert_eq!(forms(word), [word]);
        }
        assert_eq!(forms("집"), [""; 0]);
    }
}
