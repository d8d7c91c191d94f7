//! Fault plans: the fault of each request, without HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use quarry::simulator::{Drift, Fault, FaultPlan, FaultProfile, RetryAfter, UNSTEADY_REQUESTS, WrongBody};

const REQUESTS: u64 = 10_000;

fn faults(profile: FaultProfile, seed: u64) -> Vec<Fault> {
    let plan = FaultPlan::new(profile, seed, "messages");
    (1..=REQUESTS).map(|request| plan.fault(request)).collect()
}

fn share_that_fails(faults: &[Fault]) -> f64 {
    faults.iter().filter(|fault| **fault != Fault::None).count() as f64 / faults.len() as f64
}

fn statuses(faults: &[Fault]) -> BTreeSet<u16> {
    let status = |fault: &Fault| match fault {
        Fault::Status(status) => Some(status.as_u16()),
        _ => None,
    };
    faults.iter().filter_map(status).collect()
}

#[test]
fn one_seed_is_one_plan_and_another_seed_or_collection_is_another() {
    assert_eq!(faults(FaultProfile::Harsh, 7), faults(FaultProfile::Harsh, 7));
    assert_ne!(faults(FaultProfile::Harsh, 7), faults(FaultProfile::Harsh, 8));
    let products = FaultPlan::new(FaultProfile::Harsh, 7, "products");
    let messages = FaultPlan::new(FaultProfile::Harsh, 7, "messages");
    assert!((1..=100).any(|request| products.fault(request) != messages.fault(request)));
}

#[test]
fn none_fails_nothing_and_moves_nothing() {
    let plan = FaultPlan::new(FaultProfile::None, 7, "messages");
    for request in 0..=REQUESTS {
        assert_eq!((plan.fault(request), plan.drift(request)), (Fault::None, Drift::default()));
    }
}

#[test]
fn real_refuses_throttles_and_stalls_but_never_lies() {
    for seed in 0..20 {
        let faults = faults(FaultProfile::Real, seed);
        assert_eq!(statuses(&faults), BTreeSet::from([400, 401, 402, 403, 404, 405]), "seed {seed}");
        for retry_after in
            [RetryAfter::Absent, RetryAfter::Seconds(0), RetryAfter::Seconds(1), RetryAfter::Date(1)]
        {
            assert!(faults.contains(&Fault::Throttled(retry_after)), "seed {seed}: {retry_after:?}");
        }
        let stalls: Vec<Duration> = faults
            .iter()
            .filter_map(|fault| match fault {
                Fault::Stalled(pause) => Some(*pause),
                _ => None,
            })
            .collect();
        assert!((1..100).contains(&stalls.len()), "seed {seed}: {} stalls", stalls.len());
        assert!(stalls.iter().all(|pause| (32..=40).contains(&pause.as_secs())), "seed {seed}: {stalls:?}");
        let lies = |fault: &&Fault| {
            !matches!(fault, Fault::None | Fault::Status(_) | Fault::Throttled(_) | Fault::Stalled(_))
        };
        assert_eq!(faults.iter().find(lies), None, "seed {seed}");
        let share = share_that_fails(&faults);
        assert!((0.20..0.25).contains(&share), "seed {seed}: {share}");
        let plan = FaultPlan::new(FaultProfile::Real, seed, "messages");
        assert!((0..=REQUESTS).all(|request| plan.drift(request) == Drift::default()), "seed {seed}");
    }
}

#[test]
fn harsh_does_everything_that_it_promises() {
    for seed in 0..20 {
        let faults = faults(FaultProfile::Harsh, seed);
        let mut names = BTreeMap::new();
        for name in faults.iter().filter_map(|fault| fault.name()) {
            *names.entry(name).or_insert(0) += 1;
        }
        for name in [
            "error status",
            "throttled without Retry-After",
            "throttled with seconds",
            "throttled with a date",
            "stall",
            "reset in mid-body",
            "truncated JSON",
            "empty body",
            "wrong body",
            "empty items",
            "error beside the items",
            "lost next page",
            "page served twice",
        ] {
            assert!(names.get(name).is_some_and(|times| *times > 20), "seed {seed}: {name}: {names:?}");
        }
        assert_eq!(statuses(&faults), BTreeSet::from([400, 401, 402, 403, 404, 405, 500, 502, 503, 504]));
        for body in [WrongBody::Detail, WrongBody::Html, WrongBody::Null] {
            assert!(faults.contains(&Fault::WrongBody(body)), "seed {seed}: {body:?}");
        }
        let share = share_that_fails(&faults);
        assert!((0.37..0.43).contains(&share), "seed {seed}: {share}");
    }
}

#[test]
fn a_harsh_collection_begins_steady_drifts_and_becomes_steady_again() {
    for seed in 0..200 {
        let plan = FaultPlan::new(FaultProfile::Harsh, seed, "messages");
        let drift: Vec<Drift> = (0..=REQUESTS).map(|request| plan.drift(request)).collect();
        let (unsteady, steady) = drift.split_at(UNSTEADY_REQUESTS as usize);
        assert!(drift[..10].iter().all(|drift| *drift == Drift::default()), "seed {seed}");
        assert!(steady.iter().all(|drift| drift.withheld == 0 && drift.misstated == 0), "seed {seed}");

        let withheld: Vec<usize> = unsteady.iter().map(|drift| drift.withheld).collect();
        let windows = withheld.windows(2).filter(|pair| pair[0] == 0 && pair[1] > 0).count();
        let longest = withheld.split(|withheld| *withheld == 0).map(<[usize]>::len).max();
        assert_eq!(
            (windows, longest.map(|length| length <= 16)),
            (2, Some(true)),
            "seed {seed}: {withheld:?}"
        );
        let misstated = unsteady.iter().filter(|drift| drift.misstated != 0).count();
        assert_eq!(misstated, 4, "seed {seed}");

        let moves =
            |drift: &[Drift]| drift.windows(2).filter(|pair| pair[1].shifted == pair[0].shifted + 1).count();
        assert!((10..=15).contains(&moves(unsteady)), "seed {seed}: {}", moves(unsteady));
        assert!((60..=70).contains(&moves(steady)), "seed {seed}: {}", moves(steady));
        assert_eq!(
            drift.last().map(|last| last.shifted as usize),
            Some(moves(&drift)),
            "no jumps, seed {seed}"
        );
    }
}

#[test]
fn a_profile_is_read_from_the_word_that_it_is_written_as() {
    for profile in [FaultProfile::None, FaultProfile::Real, FaultProfile::Harsh] {
        assert_eq!(profile.to_string().parse(), Ok(profile));
    }
    let unknown = "mild".parse::<FaultProfile>().map_err(|error| error.to_string());
    assert_eq!(unknown, Err("no fault profile is called \"mild\": use none, real or harsh".to_owned()));
}
