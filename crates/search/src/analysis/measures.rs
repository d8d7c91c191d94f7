//! Numbers with separators and their unit, written together: `1500w` for `1,500 W`, `220240v` for `220-240 V`.

use super::characters::is_unspaced;
use super::fold::cut;
use super::joined::{SIZE, are_digit_groups, separator};
use super::words::Word;

/// Calls `visit` with each number in groups or range with its unit, the index of its first word and the number of its words.
pub(super) fn for_each_measure(text: &str, words: &[Word<'_>], mut visit: impl FnMut(String, usize, usize)) {
    let mut first = 0;
    while first < words.len() {
        let mut end = first + 1;
        if words[first].is_number() {
            let joins = |at: usize| separator(text, &words[at - 1], &words[at]).is_some();
            end += (end..words.len()).take_while(|&at| words[at].is_number() && joins(at)).count();
            let numbers = &words[first..end];
            if numbers.len() > 1
                && let Some(unit) = words.get(end).filter(|word| is_unit(&word.text))
                && matches!(&text[words[end - 1].end..unit.start], "" | " " | "\u{a0}" | "\u{202f}")
                && is_measured(text, numbers)
            {
                let measure: String = words[first..=end].iter().map(|word| &*word.text).collect();
                visit(cut(measure), first, end + 1 - first);
            }
        }
        first = end;
    }
}

/// Returns true for words such as `mAh`, `kg` and the `R16` of a tyre.
fn is_unit(word: &str) -> bool {
    const MAX_CHARS: usize = 4;
    word.starts_with(|c: char| c.is_alphabetic() && !is_unspaced(c)) && word.chars().nth(MAX_CHARS).is_none()
}

/// Returns true for the digit groups of one number, and for the two numbers of a range.
fn is_measured(text: &str, numbers: &[Word<'_>]) -> bool {
    let between = |at: usize| separator(text, &numbers[at - 1], &numbers[at]);
    let sign = between(1);
    let is_group_sign = sign.is_some_and(|c| matches!(c, ',' | '.' | '\'' | '’') || c.is_whitespace());
    if is_group_sign {
        return numbers[0].text != "0"
            && are_digit_groups(numbers)
            && (2..numbers.len()).all(|at| between(at) == sign);
    }
    numbers.len() == 2 && sign != Some(SIZE)
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    #[test]
    fn numbers_in_groups_and_ranges_join_their_unit() {
        for (text, expected) in [
            ("12,500 mAh", vec!["12500mah"]),
            ("1,800w 2.400 W", vec!["1800w", "2400w"]),
            ("110-120 V", vec!["110120v"]),
            ("3\u{2013}8 kg", vec!["38kg"]),
            ("195/65 R15", vec!["19565r15"]),
            ("2.5 kg 2,5 kg 1.25.3 m 5 kg", vec![]),
            ("2,500 people 12,500. Km", vec![]),
            ("30 x 45 cm", vec![]),
        ] {
            let mut measures = Vec::new();
            for_each_measure(text, &words(text), |term, _, _| measures.push(term));
            assert_eq!(measures, expected, "{text}");
        }
    }
}
