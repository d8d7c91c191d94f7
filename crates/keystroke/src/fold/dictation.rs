//! Dictation: a recogniser that rewrites words which it has written before. Pure.

use super::comparison::NormalizedText;

/// Returns true if a recogniser may have heard the same words in both texts.
///
/// They sound alike from the beginning, or begin with the same word.
pub(super) fn is_rewritten(earlier: &NormalizedText<'_>, text: &NormalizedText<'_>) -> bool {
    let (earlier, text) = (words(earlier.text()), words(text.text()));
    let (Some(first), Some(first_now)) = (earlier.first(), text.first()) else { return false };
    if first == first_now {
        return true;
    }
    let begin = &text[..text.len().min(earlier.len())];
    let heard = sound(&earlier);
    !heard.is_empty() && (heard == sound(&text) || heard == sound(begin))
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_lowercase).collect()
}

/// The consonants of words by the classes of Soundex. A leading vowel counts, and silent letters do not.
fn sound(words: &[String]) -> String {
    let mut heard = String::new();
    for (number, word) in words.iter().enumerate() {
        let mut spoken = word.replace("gh", "");
        for (silent, rest) in [("wr", "r"), ("kn", "n"), ("wh", "w"), ("ps", "s")] {
            if let Some(after) = spoken.strip_prefix(silent) {
                spoken = format!("{rest}{after}");
            }
        }
        let mut previous = None;
        for (at, letter) in spoken.chars().enumerate() {
            let class = class(letter);
            let is_leading = number == 0 && at == 0 && matches!(letter, 'a' | 'e' | 'i' | 'o' | 'u');
            match class {
                Some(class) if previous != Some(class) => heard.push(class),
                None if is_leading => heard.push('v'),
                None if at == 0 && matches!(letter, 'w' | 'h' | 'y') => heard.push(letter),
                _ => {}
            }
            previous = class;
        }
    }
    // Words run together: a repeated class is one sound.
    let mut chars: Vec<char> = heard.chars().collect();
    chars.dedup();
    chars.into_iter().collect()
}

fn class(letter: char) -> Option<char> {
    Some(match letter {
        'b' | 'f' | 'p' | 'v' => '1',
        'c' | 'g' | 'j' | 'k' | 'q' | 's' | 'x' | 'z' => '2',
        'd' | 't' => '3',
        'l' => '4',
        'm' | 'n' => '5',
        'r' => '6',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_sound_alike_are_rewritten() {
        let rewrites = |earlier, text| is_rewritten(&NormalizedText::of(earlier), &NormalizedText::of(text));
        for (earlier, text) in [
            ("where", "wear"),
            ("wear", "where is the"),
            ("wreck a nice beach", "recognize speech"),
            ("iphone fifteen", "iphone 15"),
            ("ice", "eyes"),
            ("eyes", "ice cream"),
            ("write", "right"),
            ("new", "knew"),
        ] {
            assert!(rewrites(earlier, text), "{earlier} {text}");
        }
        for (earlier, text) in [
            ("cat", "dog"),
            ("red shoes", "blue lamp"),
            ("one", "two"),
            ("shoes", "red shoes"),
            ("北京", "上海"),
        ] {
            assert!(!rewrites(earlier, text), "{earlier} {text}");
        }
    }
}
