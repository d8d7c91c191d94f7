//! Words that no document contains, as the two words of which they consist: `damenjacke`, `ギターケース`.

use std::borrow::Cow;

use super::forms::FormLookup;
use super::lookup::TermLookup;
use super::units::PlannedTerms;
use crate::analysis::{is_hangul, is_kana, reversed_parts};
use crate::query::{QueryUnit, QueryWord};

/// The minimum length of each part, in letters and in characters of a script without spaces.
const MIN_LETTERS: usize = 4;
const MIN_CHARACTERS: usize = 2;
/// Longer words are not divided.
const MAX_LETTERS: usize = 40;
/// Letters that link the first part of a compound to the second.
const LINKS: [&str; 6] = ["s", "n", "e", "en", "es", "er"];

/// Returns the units of a query with such words divided; the second part may be incomplete at the end.
///
/// Documents need not have the parts side by side.
pub(super) fn divided<'q, L: TermLookup>(
    lookup: &L,
    forms: &mut FormLookup<'_, L>,
    units: &'q [QueryUnit],
    ends_in_prefix: bool,
) -> Result<Cow<'q, [QueryUnit]>, L::Error> {
    let mut divided = Cow::Borrowed(units);
    // From the end, so that indexes stay valid.
    for (at, unit) in units.iter().enumerate().rev() {
        let is_prefix = ends_in_prefix && at + 1 == units.len();
        let parts = match unit {
            QueryUnit::Word(word) => word_parts(lookup, forms, word, is_prefix)?,
            QueryUnit::Unspaced(characters, _) => unspaced_parts(lookup, characters, is_prefix)?,
            QueryUnit::Compound(..) | QueryUnit::Phrase(_) => None,
        };
        if let Some(parts) = parts {
            divided.to_mut().splice(at..=at, parts);
        }
    }
    Ok(divided)
}

/// Returns the parts of a compound in a language that writes compounds together.
fn word_parts<L: TermLookup>(
    lookup: &L,
    forms: &mut FormLookup<'_, L>,
    word: &QueryWord,
    is_prefix: bool,
) -> Result<Option<[QueryUnit; 2]>, L::Error> {
    let text = word.text.as_str();
    let letters = text.chars().count();
    let is_compounding =
        |text| lookup.languages().main.iter().any(|&of| !reversed_parts(text, of).is_empty());
    if !(2 * MIN_LETTERS..=MAX_LETTERS).contains(&letters)
        || !text.chars().all(char::is_alphabetic)
        || lookup.has_word(text, is_prefix)?
        || !lookup.is_complete()
        || !is_compounding(text)
        || !forms.word(word, is_prefix)?.terms.is_empty()
        || !lookup.is_complete()
    {
        return Ok(None);
    }
    let part = |text: &str| QueryWord {
        text: text.to_owned(),
        written: text.to_owned(),
        spellings: Vec::new(),
        count: word.count,
        is_elided: false,
    };
    let ends = text.char_indices().map(|(at, _)| at).skip(MIN_LETTERS).take(letters - 2 * MIN_LETTERS + 1);
    for end in ends {
        let (first, second) = text.split_at(end);
        let Some(first) = known_beginning(lookup, first)? else { continue };
        let second = part(second);
        if !forms.word(&second, is_prefix)?.terms.is_empty() {
            return Ok(Some([QueryUnit::Word(part(first)), QueryUnit::Word(second)]));
        }
    }
    Ok(None)
}

/// Returns the word of a document that begins a compound, without the letters that link it.
fn known_beginning<'w, L: TermLookup>(lookup: &L, first: &'w str) -> Result<Option<&'w str>, L::Error> {
    let without_links = LINKS.iter().filter_map(|link| first.strip_suffix(link));
    for word in std::iter::once(first).chain(without_links) {
        if word.chars().nth(MIN_LETTERS - 1).is_some() && lookup.has_word(word, false)? {
            return Ok(Some(word));
        }
    }
    Ok(None)
}

/// Returns the parts of a run of katakana or Hangul, in which a segmenter finds no words.
fn unspaced_parts<L: TermLookup>(
    lookup: &L,
    characters: &[String],
    is_prefix: bool,
) -> Result<Option<[QueryUnit; 2]>, L::Error> {
    let is_korean = characters.iter().all(|c| c.starts_with(is_hangul));
    let is_run = is_korean || characters.iter().all(|c| c.starts_with(is_kana));
    if !is_run
        || !(2 * MIN_CHARACTERS..=MAX_LETTERS).contains(&characters.len())
        || lookup.has_word(&characters.concat(), is_prefix)?
        || !lookup.is_complete()
    {
        return Ok(None);
    }
    for at in (MIN_CHARACTERS..=characters.len() - MIN_CHARACTERS).rev() {
        let (first, second) = characters.split_at(at);
        // Korean words of documents continue with particles.
        if lookup.has_word(&first.concat(), is_korean)?
            && lookup.has_word(&second.concat(), is_prefix || is_korean)?
        {
            return Ok(Some([first, second].map(|part| QueryUnit::Unspaced(part.to_vec(), Vec::new()))));
        }
    }
    Ok(None)
}
