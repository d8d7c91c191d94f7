//! The specification of a search, implemented a second time, against generated plans.

use std::collections::{HashMap, HashSet};

use caseless::Caseless as _;
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization as _;

use super::*;

/// The choices that the specification leaves open; no plan may depend on them.
#[derive(Clone, Copy, Debug)]
struct Interpretation {
    /// "Half of the longest" rounds an odd number of letters up.
    rounds_up: bool,
    /// The tolerance depends on the longer text rather than on the longest so far.
    counts_longer: bool,
    /// A correction replaces the longest text; otherwise, later comparisons keep that one.
    forgets: bool,
}

const INTERPRETATIONS: [Interpretation; 8] = {
    let mut all = [Interpretation { rounds_up: false, counts_longer: false, forgets: false }; 8];
    let mut at = 0;
    while at < 8 {
        all[at] = Interpretation { rounds_up: at & 1 > 0, counts_longer: at & 2 > 0, forgets: at & 4 > 0 };
        at += 1;
    }
    all
};

fn compared(text: &str) -> Vec<char> {
    text.nfkc().default_case_fold().nfkc().filter(|char| !char.is_whitespace()).collect()
}

fn trimmed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn distance(a: &[char], b: &[char]) -> usize {
    let mut costs: Vec<usize> = (0..=b.len()).collect();
    for (row, left) in a.iter().enumerate() {
        let mut diagonal = costs[0];
        costs[0] = row + 1;
        for (column, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = costs[column + 1];
            costs[column + 1] = replaced.min(diagonal + 1).min(costs[column] + 1);
        }
    }
    costs[b.len()]
}

impl Interpretation {
    fn is_correction(self, now: &[char], longest: &[char]) -> bool {
        let shared = now.iter().zip(longest).take_while(|(a, b)| a == b).count();
        let half = if self.rounds_up { longest.len().div_ceil(2) } else { longest.len() / 2 };
        let letters = if self.counts_longer { longest.len().max(now.len()) } else { longest.len() };
        shared > 0 && shared >= half || distance(now, longest) <= if letters < 5 { 1 } else { 2 }
    }

    /// The searches of a search box by the specification, from keystrokes in typing order.
    fn searches(self, keystrokes: &[PlannedKeystroke]) -> Vec<(String, Option<String>)> {
        let mut found = Vec::new();
        let mut open: Option<(String, Vec<char>, Option<String>)> = None;
        // A submitted text that is still in the box: deletions and repetitions are no search.
        let mut standing: Option<Vec<char>> = None;
        for typed in keystrokes {
            let now = compared(&typed.text);
            if let Some(submitted) = standing.as_ref().filter(|submitted| submitted.starts_with(&now)) {
                standing = Some(submitted.clone()).filter(|_| !now.is_empty());
                continue;
            }
            standing = None;
            let is_other_user = |user: &Option<String>| user.is_some() && *user != typed.user;
            let ends = match &open {
                None => false,
                Some((_, longest, user)) => {
                    let is_chain = longest.starts_with(&now) || now.starts_with(longest);
                    let is_same = is_chain || self.is_correction(&now, longest);
                    now.is_empty() || is_other_user(user) || !is_same
                }
            };
            if ends {
                found.extend(open.take().map(|(text, _, user)| (text, user)));
            }
            if now.is_empty() {
                continue;
            }
            open = Some(match open {
                None => (trimmed(&typed.text), now, typed.user.clone()),
                Some((text, longest, user)) => {
                    let user = user.or_else(|| typed.user.clone());
                    if longest.starts_with(&now) && now.len() < longest.len() && !typed.submitted {
                        (text, longest, user)
                    } else if now.len() < longest.len() && !self.forgets {
                        (trimmed(&typed.text), longest, user)
                    } else {
                        (trimmed(&typed.text), now, user)
                    }
                }
            });
            if typed.submitted {
                standing = Some(compared(&typed.text));
                found.extend(open.take().map(|(text, _, user)| (text, user)));
            }
        }
        found.extend(open.map(|(text, _, user)| (text, user)));
        found
    }
}

/// The keystrokes in typing order, without duplicates, and of composed texts only the last one.
fn in_typed_order(planned: &SearchBox) -> Vec<PlannedKeystroke> {
    let mut ordered = planned.deliveries.clone();
    ordered.sort_by_key(|delivery| delivery.keystroke.sequence);
    ordered.dedup_by(|a, b| a.keystroke.sequence.is_some() && a.keystroke.sequence == b.keystroke.sequence);
    let is_composing = |one: &Delivery| {
        let search = &planned.searches[one.search];
        search.is_composed && trimmed(&one.keystroke.text) != search.query
    };
    ordered.retain(|delivery| !is_composing(delivery));
    ordered.into_iter().map(|delivery| delivery.keystroke).collect()
}

fn profile(seed: u64, searches: usize) -> UserProfile {
    UserProfile {
        seed,
        prefix: "p".to_owned(),
        searches,
        typo_rate: 0.3,
        backspace_rate: 0.25,
        anonymous_share: 0.5,
        track_share: 0.1,
        jitter_rate: 0.2,
        pause_rate: 0.2,
        composed_rate: 0.1,
        paging_rate: 0.2,
        unsequenced_share: 0.2,
    }
}

fn boxes(profile: &UserProfile) -> Vec<SearchBox> {
    virtual_users(profile).flat_map(|virtual_user| virtual_user.boxes).collect()
}

fn check_law(profile: &UserProfile) {
    for planned in boxes(profile) {
        let wanted: Vec<_> =
            planned.searches.iter().map(|search| (search.query.clone(), search.user.clone())).collect();
        let typed = in_typed_order(&planned);
        for interpretation in INTERPRETATIONS {
            let texts: Vec<_> = typed.iter().map(|typed| (&typed.text, typed.submitted)).collect();
            assert_eq!(interpretation.searches(&typed), wanted, "{interpretation:?} of {texts:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_plan_obeys_the_law(
        seed in any::<u64>(), searches in 1_usize..60,
        typo_rate in 0.0..=1.0, backspace_rate in 0.0..=1.0, anonymous_share in 0.0..=1.0,
        jitter_rate in 0.0..=1.0, unsequenced_share in 0.0..=1.0,
    ) {
        let rates = UserProfile {
            typo_rate, backspace_rate, anonymous_share, jitter_rate, unsequenced_share,
            ..profile(seed, searches)
        };
        check_law(&rates);
        prop_assert_eq!(boxes(&rates).iter().map(|one| one.searches.len()).sum::<usize>(), searches);
    }
}

#[test]
fn many_plans_obey_the_law() {
    check_law(&profile(7, 800));
}

#[test]
fn a_seed_determines_the_virtual_users() {
    let users = |seed| virtual_users(&profile(seed, 50)).collect::<Vec<_>>();
    assert_eq!(users(3), users(3));
    assert_ne!(users(3), users(4));
    let longer: Vec<_> = virtual_users(&profile(3, 500)).collect();
    let same = users(3);
    assert_eq!(longer[..same.len() - 1], same[..same.len() - 1], "more searches are more users");
}

#[test]
fn virtual_users_cover_every_behaviour() {
    let profile = profile(1, 3_000);
    let users: Vec<VirtualUser> = virtual_users(&profile).collect();
    let all: Vec<&SearchBox> = users.iter().flat_map(|virtual_user| &virtual_user.boxes).collect();
    let sent = || all.iter().flat_map(|one| &one.deliveries);
    let of = |found: usize, what: &str| assert!(found > 20, "{what}: {found}");
    of(users.iter().filter(|virtual_user| virtual_user.boxes.len() == 2).count(), "two boxes");
    of(sent().filter(|one| one.keystroke.submitted).count(), "submitted");
    of(sent().filter(|one| one.keystroke.text.is_empty()).count(), "emptied");
    of(sent().filter(|one| one.keystroke.text == " ").count(), "white space first");
    of(sent().filter(|one| one.out_of_turn).count(), "out of turn");
    of(sent().filter(|one| one.keystroke.tracked).count(), "tracked");
    of(sent().filter(|one| one.keystroke.sequence.is_none()).count(), "without a sequence");
    of(sent().filter(|one| one.keystroke.repetition.is_some()).count(), "repetitions");
    let in_search = |one: &&SearchBox| {
        let pairs = one.deliveries.windows(2);
        pairs.filter(|pair| pair[0].search == pair[1].search && pair[1].wait == ThinkTime::Idle).count()
    };
    of(all.iter().map(in_search).sum(), "pauses within a search");
    of(all.iter().flat_map(|one| &one.searches).filter(|search| search.is_composed).count(), "composed");
    of(sent().filter(|one| one.wait == ThinkTime::Idle).count(), "pauses");
    of(sent().filter(|one| !one.keystroke.text.is_ascii()).count(), "beyond ASCII");
    let users = |one: &SearchBox| {
        let users: HashSet<_> = one.searches.iter().map(|search| &search.user).collect();
        (users.len(), users.contains(&None))
    };
    of(all.iter().filter(|one| users(one) == (2, true)).count(), "logged in half-way");
    of(all.iter().filter(|one| users(one) == (2, false)).count(), "somebody else took over");
    for kind in [PlannedCount::Unknown, PlannedCount::Served] {
        of(all.iter().flat_map(|one| &one.searches).filter(|search| search.count == kind).count(), "counts");
    }
    // Queries shorter than the longest content were submitted after backspaces.
    let mut longest: HashMap<(usize, usize), usize> = HashMap::new();
    for (number, one) in all.iter().enumerate() {
        for delivery in &one.deliveries {
            let letters = longest.entry((number, delivery.search)).or_default();
            *letters = (*letters).max(compared(&delivery.keystroke.text).len());
        }
    }
    let shorter = longest.iter().filter(|((number, search), letters)| {
        compared(&all[*number].searches[*search].query).len() < **letters
    });
    of(shorter.count(), "submitted after backspaces");
}

#[test]
fn no_session_comes_near_a_flood_and_no_box_near_the_longest_run() {
    for virtual_user in virtual_users(&UserProfile {
        jitter_rate: 1.0,
        typo_rate: 1.0,
        backspace_rate: 1.0,
        ..profile(5, 5_000)
    }) {
        let sent: usize = virtual_user.boxes.iter().map(|one| one.deliveries.len()).sum();
        assert!(sent < 550, "{sent} keystrokes");
    }
}

#[test]
fn the_keystroke_with_the_query_is_never_late() {
    for planned in boxes(&UserProfile { jitter_rate: 1.0, ..profile(9, 500) }) {
        let mut seen: HashSet<Option<i64>> = HashSet::new();
        let mut highest = None;
        for delivery in &planned.deliveries {
            let sequence = delivery.keystroke.sequence;
            let is_copy = sequence.is_some() && !seen.insert(sequence);
            let is_late = sequence < highest;
            assert_eq!(is_copy || is_late, delivery.out_of_turn, "{delivery:?}");
            let query = &planned.searches[delivery.search].query;
            assert!(is_copy || !is_late || trimmed(&delivery.keystroke.text) != *query);
            highest = highest.max(sequence);
        }
    }
}
