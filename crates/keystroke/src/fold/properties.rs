//! Properties of the fold of any run.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{SizeRange, select};

use chrono::TimeDelta;

use super::continuing::Log;
use super::tests::stroke;
use super::*;
use quarry_domain::{Timestamp, UserId, comparison_key};

const POLICY: FoldPolicy =
    FoldPolicy { window: Duration::from_secs(5), continue_window: Duration::from_secs(30), mask: None };
/// Few letters and short texts produce all relations.
const TEXT: &str = "[abcé 한하ß]{0,7}";

fn at(ms: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + TimeDelta::milliseconds(ms)
}

prop_compose! {
    fn keystroke(pattern: &'static str)(
        text in pattern,
        submitted in prop::bool::weighted(0.1),
        user in prop::option::weighted(0.3, select(vec!["u", "v"])),
        result_count in prop::option::of(0..3i64),
    ) -> BufferedKeystroke {
        let user = user.map(|id| UserId::parse(id).unwrap());
        BufferedKeystroke { at: at(0), user, text, submitted, result_count, ..stroke("") }
    }
}

/// Keystrokes without a pause.
fn run(pattern: &'static str, size: impl Into<SizeRange>) -> impl Strategy<Value = Vec<BufferedKeystroke>> {
    vec(keystroke(pattern), size).prop_map(arriving)
}

/// Numbers the keystrokes.
fn sequenced(mut keystrokes: Vec<BufferedKeystroke>) -> Vec<BufferedKeystroke> {
    for (sequence, keystroke) in (1..).zip(&mut keystrokes) {
        keystroke.sequence = Some(sequence);
    }
    keystrokes
}

/// Spaces the arrivals.
fn arriving(mut keystrokes: Vec<BufferedKeystroke>) -> Vec<BufferedKeystroke> {
    for (index, keystroke) in (0..).zip(&mut keystrokes) {
        keystroke.at = at(index * 10);
    }
    keystrokes
}

fn idle(keystrokes: &[BufferedKeystroke]) -> FoldOutcome {
    fold(keystrokes, None, &POLICY, DueReason::Idle)
}

fn without_times(folded: FoldOutcome) -> Vec<FoldedSearch> {
    let mut searches = folded.searches;
    for search in &mut searches {
        (search.started_at, search.last_keystroke_at) = (at(0), at(0));
    }
    searches
}

fn queries(folded: &FoldOutcome) -> Vec<(&str, FinalReason)> {
    folded.searches.iter().map(|search| (search.query.as_str(), search.reason)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_order_of_a_chain_yields_its_longest_text(
        text in "[a-zA-Z0-9가-힣ぁ-ん ]{0,20}[a-z]",
        positions in vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let chars: Vec<char> = text.chars().collect();
        let mut lengths: Vec<usize> = positions.iter().map(|position| position.index(chars.len()) + 1).collect();
        lengths.insert(lengths.len() / 2, chars.len());
        let keystrokes = lengths.iter().map(|length| BufferedKeystroke {
            text: chars[..*length].iter().collect(),
            ..stroke("")
        });
        // A prefix of white space clears the box.
        let mut seen: Vec<_> = keystrokes.filter(|keystroke| !keystroke.text.trim().is_empty()).collect();
        // A single last letter that is removed at the end was a slip, and the first letter alone was typed over.
        seen.push(BufferedKeystroke { text: text.clone(), ..seen[0].clone() });
        seen.retain(|keystroke| keystroke.text == text || comparison_key(&keystroke.text).graphemes(true).count() > 1);
        let folded = idle(&arriving(seen));
        let expected = text.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(queries(&folded), [(expected.as_str(), FinalReason::Idle)]);
    }

    #[test]
    fn with_sequences_the_order_of_arrival_does_not_matter(
        (ordered, shuffled) in run(TEXT, 0..20).prop_map(sequenced).prop_flat_map(|run| {
            (Just(run.clone()), Just(run).prop_shuffle().prop_map(arriving))
        }),
    ) {
        prop_assert_eq!(without_times(idle(&ordered)), without_times(idle(&shuffled)));
    }

    #[test]
    fn all_queries_were_typed(keystrokes in run(TEXT, 0..20), longer in run("(?s).{0,40}", 0..6)) {
        for keystrokes in [keystrokes, longer] {
            let given: Vec<(String, bool)> =
                keystrokes.iter().map(|keystroke| stored_text(&keystroke.text, None)).collect();
            for search in idle(&keystrokes).searches {
                prop_assert!(!search.query.is_empty());
                prop_assert!(given.contains(&(search.query, search.truncated)));
            }
        }
    }

    #[test]
    fn repeated_deliveries_with_a_sequence_change_nothing(
        keystrokes in run(TEXT, 1..20).prop_map(sequenced),
        repeated in vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let expected = idle(&keystrokes);
        let mut again = keystrokes.clone();
        for index in repeated {
            let repeat = BufferedKeystroke { at: at(1_000), ..index.get(&keystrokes).clone() };
            again.push(repeat);
        }
        prop_assert_eq!(idle(&again), expected);
    }

    #[test]
    fn repeated_deliveries_without_a_sequence_change_no_search(
        deliveries in vec((keystroke(TEXT), 1..4usize), 1..20),
    ) {
        let once: Vec<_> = deliveries.iter().map(|(keystroke, _)| keystroke.clone()).collect();
        let often = deliveries.iter().flat_map(|(keystroke, times)| vec![keystroke.clone(); *times]).collect();
        let (once, often) = (idle(&arriving(once)), idle(&arriving(often)));
        prop_assert_eq!(queries(&once), queries(&often));
    }

    #[test]
    fn pieces_between_pauses_fold_like_separate_runs(
        pieces in vec((run(TEXT, 1..8), 5..40i64), 1..6),
        has_sequence in any::<bool>(),
        masked in any::<bool>(),
    ) {
        let policy = FoldPolicy { mask: masked.then(Mask::default), ..POLICY };
        let mut whole: Vec<BufferedKeystroke> = Vec::new();
        let mut ends = Vec::new();
        for (piece, pause) in pieces {
            let start = whole.last().map_or(at(0), |last| last.at + TimeDelta::seconds(pause));
            let moved = piece.into_iter().map(|stroke| BufferedKeystroke {
                at: start + (stroke.at - at(0)),
                ..stroke
            });
            whole.extend(moved);
            ends.push(whole.len());
        }
        let whole = if has_sequence { sequenced(whole) } else { whole };
        let together = fold(&whole, None, &policy, DueReason::Idle);
        let starts = [0].into_iter().chain(ends.iter().copied());
        let mut log = Log::default();
        for (start, end) in starts.zip(&ends) {
            log.store(&whole[start..*end], &policy);
        }
        let rows: Vec<_> = log.rows.into_iter().map(|row| row.search).collect();
        prop_assert_eq!(together.searches, rows);
        prop_assert_eq!(together.trace, log.remembered.map(|remembered| remembered.trace));
    }

    /// However typing is interrupted within the continue window, deletions never add a search.
    #[test]
    fn deletions_across_pauses_add_no_search(
        text in "[a-z]{2,8}( [a-z]{2,8}){0,2}",
        submitted in any::<bool>(),
        pauses in vec(prop::bool::weighted(0.2), 30),
    ) {
        let mut keystrokes = vec![BufferedKeystroke { submitted, ..stroke(&text) }];
        for (length, pause) in (0..text.len()).rev().zip(&pauses) {
            let last = keystrokes.last().unwrap();
            let wait = if *pause || keystrokes.len() == 1 { 6_000 } else { 50 };
            let shorter = BufferedKeystroke {
                at: last.at + TimeDelta::milliseconds(wait),
                text: text[..length].to_owned(),
                submitted: false,
                ..last.clone()
            };
            keystrokes.push(shorter);
        }
        let mut log = Log::default();
        let mut start = 0;
        for end in 1..=keystrokes.len() {
            let is_end = end == keystrokes.len()
                || keystrokes[end].at - keystrokes[end - 1].at > TimeDelta::seconds(5);
            if is_end {
                log.store(&keystrokes[start..end], &POLICY);
                start = end;
            }
        }
        prop_assert_eq!(log.queries(), [text.as_str()]);
    }

    /// A word that replaces another one, letter by letter or at once, after its results were read.
    #[test]
    fn words_that_were_read_and_replaced_are_two_searches(
        head in "([a-z]{2,9} ){0,4}",
        before in "[a-m]{1,2}[a-z]{2,8}",
        now in "[n-z]{1,2}[a-z]{2,8}",
        tail in "( [a-z]{2,9}){0,2}",
        is_pasted in any::<bool>(),
    ) {
        prop_assume!(!now.contains(&before) && !before.contains(&now) && before.chars().nth(1) != now.chars().next());
        let (earlier, text) = (format!("{head}{before}{tail}"), format!("{head}{now}{tail}"));
        let read = [stroke(&earlier)];
        let lengths = (0..before.len()).rev().map(|end| format!("{head}{}{tail}", &before[..end]));
        let longer = (1..now.len()).map(|end| format!("{head}{}{tail}", &now[..end]));
        let states = lengths.chain(longer).filter(|_| !is_pasted);
        let later: Vec<_> = (0..).zip(states.chain([text.clone()])).map(|(number, text)| BufferedKeystroke {
            at: at(8_000 + number * 90),
            text,
            ..stroke("")
        }).collect();
        let mut log = Log::default();
        log.store(&read, &POLICY);
        log.store(&later, &POLICY);
        prop_assert_eq!(log.queries(), [earlier.as_str(), text.as_str()]);
    }

    #[test]
    fn any_text_can_be_folded(keystrokes in run("(?s).{0,30}", 0..12), masked in any::<bool>()) {
        let policy = FoldPolicy { mask: masked.then(Mask::default), ..POLICY };
        let counted = keystrokes.len() as i64;
        let folded = fold(&keystrokes, None, &policy, DueReason::Limit);
        prop_assert!(folded.searches.iter().map(|search| search.keystrokes).sum::<i64>() <= counted);
        for search in folded.searches {
            prop_assert!(search.started_at <= search.last_keystroke_at);
            prop_assert!(!search.query.contains(char::is_control));
        }
    }
}
