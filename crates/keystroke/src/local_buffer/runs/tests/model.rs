//! Random calls, restarts and compactions of the journal, against a plain model of the buffer.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::Config;

use std::collections::HashSet;

use super::process::Process;
use super::*;
use crate::SearchInContext;
use crate::local_buffer::record::Record;
use quarry_domain::{BufferedKeystroke, SearchContext, SearchFact, comparison_key};

#[derive(Clone, Debug)]
enum Call {
    Append(Vec<Keystroke>),
    /// An append whose record cannot be written.
    Fail(Vec<Keystroke>),
    Wait(Millis),
    Claim(ClaimScope, usize),
    Ack(Vec<prop::sample::Index>),
    Erase(Searcher),
    /// A killed process, followed by another one.
    Restart,
    BeginCompaction,
    CopyOne,
    FinishCompaction,
}

type ModelDelivery = (i64, bool, String);

#[derive(Clone, Debug)]
struct ModelWatermark {
    highest: i64,
    /// Of the last run.
    first: Option<i64>,
    delivered: Vec<ModelDelivery>,
    until: Millis,
}

#[derive(Clone, Debug, Default)]
struct ModelRun {
    keystrokes: Vec<BufferedKeystroke>,
    claim: Option<(ClaimId, DueReason, Millis)>,
    closed: bool,
    remembered: Option<RememberedSearch>,
}

impl ModelRun {
    fn first(&self) -> Option<i64> {
        self.keystrokes.iter().find_map(|keystroke| keystroke.sequence)
    }

    fn highest(&self) -> Option<i64> {
        self.keystrokes.iter().filter_map(|keystroke| keystroke.sequence).max()
    }

    /// The sequences, submissions and texts of its keystrokes with a sequence.
    fn deliveries(&self) -> Vec<ModelDelivery> {
        let of = |typed: &BufferedKeystroke| Some((typed.sequence?, typed.submitted, typed.text.clone()));
        self.keystrokes.iter().filter_map(of).collect()
    }

    /// Its submission: a submitted keystroke that was not overtaken.
    fn submitted(&self) -> Option<&BufferedKeystroke> {
        let mut highest = None;
        self.keystrokes.iter().find(|keystroke| {
            let in_order = keystroke.sequence.is_none() || keystroke.sequence >= highest;
            highest = highest.max(keystroke.sequence);
            keystroke.submitted && in_order
        })
    }
}

/// The observable state of a buffer.
#[derive(Default)]
struct Model {
    /// At most one run of an input is neither claimed nor closed.
    runs: Vec<(InputKey, ModelRun)>,
    /// The text, user and expiry of the last submission.
    submissions: HashMap<InputKey, (String, Option<UserId>, Millis)>,
    watermarks: HashMap<InputKey, ModelWatermark>,
    /// The last stored search and its expiry.
    memories: HashMap<InputKey, (RememberedSearch, Millis)>,
    /// The claims for which other runs wait, and the end of the wait.
    blocks: HashMap<InputKey, (ClaimId, Millis)>,
    floods: HashMap<SessionId, (u32, Millis)>,
}

impl Model {
    fn append(&mut self, keystroke: &Keystroke, now: Millis) -> AppendOutcome {
        let limits = limits();
        let key = InputKey { session: keystroke.session.clone(), input: keystroke.input.clone() };
        let flood = self.floods.entry(key.session.clone()).or_insert((0, now + millis(limits.flood_period)));
        if flood.1 <= now {
            *flood = (0, now + millis(limits.flood_period));
        }
        if flood.0 >= limits.flood_keystrokes {
            return AppendOutcome::Flooded;
        }
        flood.0 += 1;
        let submission = self.submissions.get(&key).filter(|(_, _, until)| *until > now);
        let is_echo = submission.is_some_and(|(text, user, _)| {
            let differ = user.is_some() && keystroke.user.is_some() && *user != keystroke.user;
            comparison_key(&keystroke.text) == *text && !differ
        });
        let watermark = self.watermarks.get(&key).filter(|watermark| watermark.until > now);
        let late = watermark.filter(|watermark| keystroke.sequence.is_some_and(|n| n <= watermark.highest));
        let typed = keystroke.sequence.map(|n| (n, keystroke.submitted, keystroke.text.clone()));
        let begins = |first: Option<i64>, delivered: &[ModelDelivery]| {
            let is_repeated = typed.as_ref().is_some_and(|typed| delivered.contains(typed));
            first.is_some() && keystroke.sequence.is_some() && keystroke.sequence <= first && !is_repeated
        };
        let restarts = late.is_some_and(|watermark| {
            let submits = keystroke.submitted && !is_echo && watermark.first.is_some();
            let is_repeated = typed.as_ref().is_some_and(|typed| watermark.delivered.contains(typed));
            begins(watermark.first, &watermark.delivered) || submits && !is_repeated
        });
        if late.is_some() && !restarts {
            return AppendOutcome::Late;
        }
        let is_open =
            |(other, run): &(InputKey, ModelRun)| *other == key && run.claim.is_none() && !run.closed;
        let open = self.runs.iter().position(is_open);
        if open.is_none() && is_echo && !restarts {
            return AppendOutcome::Accepted;
        }
        if self.keystrokes() >= limits.keystrokes {
            return AppendOutcome::Full;
        }
        let buffered = BufferedKeystroke {
            at: timestamp(now),
            user: keystroke.user.clone(),
            text: keystroke.text.clone(),
            sequence: keystroke.sequence,
            submitted: keystroke.submitted,
            result_count: keystroke.result_count,
            composing: keystroke.composing,
            context: keystroke.context.clone(),
        };
        let is_next = |run: &ModelRun| keystroke.sequence.is_none() || keystroke.sequence > run.highest();
        let mut renews = false;
        let open = open.filter(|open| {
            let run = &mut self.runs[*open].1;
            let begins_again = !is_next(run) && begins(run.first(), &run.deliveries());
            run.closed = run.submitted().is_some() && (is_next(run) && !is_echo || begins_again);
            renews = run.submitted().is_some() && is_next(run);
            if let Some(highest) = run.highest().filter(|_| run.closed) {
                Self::raise_watermark(&mut self.watermarks, &key, run, highest, now);
            }
            !run.closed
        });
        if keystroke.sequence.is_some_and(|sequence| {
            self.watermarks.get(&key).is_some_and(|watermark| sequence <= watermark.highest)
        }) {
            self.watermarks.remove(&key);
        }
        let open = open.unwrap_or_else(|| {
            self.submissions.remove(&key);
            self.runs.push((key.clone(), ModelRun::default()));
            self.runs.len() - 1
        });
        let run = &mut self.runs[open].1;
        let was_submitted = run.submitted().is_some();
        run.keystrokes.push(buffered);
        if if was_submitted { renews } else { run.submitted().is_some() } {
            let user = self.submissions.get(&key).and_then(|(_, user, _)| user.clone());
            let user = user.or_else(|| keystroke.user.clone());
            let until = now + millis(limits.window);
            self.submissions.insert(key, (comparison_key(&keystroke.text), user, until));
        }
        AppendOutcome::Accepted
    }

    fn raise_watermark(
        watermarks: &mut HashMap<InputKey, ModelWatermark>,
        key: &InputKey,
        run: &ModelRun,
        highest: i64,
        now: Millis,
    ) {
        let earlier = watermarks.remove(key).filter(|watermark| watermark.until > now);
        let (before, mut delivered) =
            earlier.map_or((highest, Vec::new()), |earlier| (earlier.highest, earlier.delivered));
        delivered.extend(run.deliveries());
        let until = now + millis(limits().late_memory);
        let raised = ModelWatermark { highest: highest.max(before), first: run.first(), delivered, until };
        watermarks.insert(key.clone(), raised);
    }

    fn keystrokes(&self) -> u64 {
        self.runs.iter().map(|(_, run)| run.keystrokes.len() as u64).sum()
    }

    /// The due time and the reason, computed in another way than in the buffer.
    fn due(run: &ModelRun) -> (Millis, DueReason) {
        let limits = limits();
        let at = |keystroke: &BufferedKeystroke| keystroke.at.timestamp_millis();
        let (first, last) = (at(&run.keystrokes[0]), at(run.keystrokes.last().unwrap()));
        let submitted = run.submitted().map(at);
        let full = run.keystrokes.get(limits.run_keystrokes as usize - 1).map(at);
        let mut times = vec![(first + millis(limits.run_age), 1), (last + millis(limits.window), 2)];
        times.extend(submitted.map(|at| (at, 0)));
        times.extend(full.map(|at| (at, 1)));
        let (at, reason) = times.into_iter().min().unwrap();
        let reason = if submitted.is_some() { 0 } else { reason };
        (at, [DueReason::Submitted, DueReason::Limit, DueReason::Idle][reason])
    }

    /// Verifies claimed runs, and records the claims.
    fn claim(&mut self, scope: ClaimScope, limit: usize, claimed: &[ClaimedRun], now: Millis) {
        let available = |run: &ModelRun| match run.claim {
            Some((_, _, end)) => end <= now,
            None => scope == ClaimScope::All || Self::due(run).0 <= now,
        };
        let again = self.runs.iter().filter(|(_, run)| available(run) && run.claim.is_some()).count();
        let blocks = self.blocks.clone();
        let is_blocked = |key: &InputKey| blocks.get(key).is_some_and(|(_, until)| *until > now);
        let first: HashSet<&InputKey> = self
            .runs
            .iter()
            .filter(|(key, run)| available(run) && run.claim.is_none() && !is_blocked(key))
            .map(|(key, _)| key)
            .collect();
        assert_eq!(claimed.len(), (again + first.len()).min(limit));
        let mut before = Millis::MIN;
        for claimed in claimed {
            let is_it = |(key, run): &&mut (InputKey, ModelRun)| {
                let claims = run.claim.as_ref().is_none_or(|(id, _, _)| *id == claimed.id);
                key.session == claimed.session && key.input == claimed.input && claims && available(run)
            };
            // A claimed run has an id; otherwise it is the open run of the input.
            let named = |(_, run): &(InputKey, ModelRun)| {
                run.claim.as_ref().is_some_and(|(id, _, _)| *id == claimed.id)
            };
            let any_named = self.runs.iter().any(named);
            let mut candidates = self.runs.iter_mut().filter(is_it);
            let (key, run) =
                candidates.find(|(_, run)| run.claim.is_some() == any_named).expect("is available");
            assert_eq!(run.keystrokes, claimed.keystrokes);
            if run.claim.is_none() {
                assert!(!is_blocked(key));
                let memory = self.memories.get(key).filter(|(_, until)| *until > now);
                run.remembered = memory.map(|(search, _)| search.clone());
                let waiting = limits().memory.max(limits().late_memory);
                self.blocks.insert(key.clone(), (claimed.id.clone(), now + millis(waiting)));
            }
            assert_eq!(run.remembered, claimed.remembered);
            let (due, reason) = Self::due(run);
            match &run.claim {
                Some((_, reason, _)) => assert_eq!(*reason, claimed.reason),
                None if due <= now => assert_eq!(reason, claimed.reason),
                None => assert_eq!(DueReason::Shutdown, claimed.reason),
            }
            if run.claim.is_none() {
                assert!(before <= due, "claims are ordered by due time");
                before = due;
                if let Some(highest) = run.highest().filter(|_| !run.closed) {
                    Self::raise_watermark(&mut self.watermarks, key, run, highest, now);
                }
            }
            run.claim = Some((claimed.id.clone(), claimed.reason, now + millis(limits().lease)));
        }
    }

    fn erase(&mut self, searcher: &Searcher) -> u64 {
        let before = self.keystrokes();
        match searcher {
            Searcher::Session(session) => {
                self.runs.retain(|(key, _)| key.session != *session);
                self.watermarks.retain(|input, _| input.session != *session);
                self.submissions.retain(|input, _| input.session != *session);
                self.memories.retain(|input, _| input.session != *session);
                self.blocks.retain(|input, _| input.session != *session);
                self.floods.remove(session);
            }
            Searcher::User(user) => {
                let is_theirs = |search: &RememberedSearch| search.search.user.as_ref() == Some(user);
                self.memories.retain(|_, (search, _)| !is_theirs(search));
                self.runs.retain(|(_, run)| {
                    run.keystrokes.iter().all(|keystroke| keystroke.user.as_ref() != Some(user))
                        && !run.remembered.as_ref().is_some_and(is_theirs)
                });
                let ids: HashSet<ClaimId> =
                    self.runs.iter().filter_map(|(_, run)| Some(run.claim.as_ref()?.0.clone())).collect();
                self.blocks.retain(|_, (id, _)| ids.contains(id));
            }
        }
        before - self.keystrokes()
    }
}

fn run_both(calls: Vec<Call>) {
    let mut model = Model::default();
    let mut process = Process { runs: Runs::new(limits()), journal: Vec::new(), new: None, epoch: 1 };
    let mut now = START;
    for call in calls {
        match call {
            Call::Append(keystrokes) => {
                let (outcomes, appended) = process.runs.append(&keystrokes, now);
                let expected: Vec<_> =
                    keystrokes.iter().map(|keystroke| model.append(keystroke, now)).collect();
                assert_eq!(outcomes, expected);
                process.write(&Record::Appended { at: now, keystrokes: appended });
            }
            Call::Fail(keystrokes) => {
                let (outcomes, appended) = process.runs.append(&keystrokes, now);
                process.runs.rollback(&keystrokes, &outcomes, &appended);
                for keystroke in keystrokes {
                    // A failed append begins a period, too.
                    let end = now + millis(limits().flood_period);
                    let flood = model.floods.entry(keystroke.session).or_insert((0, end));
                    *flood = if flood.1 <= now { (0, end) } else { *flood };
                }
            }
            Call::Wait(ms) => now += ms,
            Call::Claim(scope, limit) => {
                process.runs.expire(now);
                let claimable = process.runs.claimable(scope, limit, now);
                let first = claimable.iter().filter(|claimable| !claimable.is_reclaim);
                let runs = first.map(|claimable| (claimable.run, claimable.reason)).collect();
                let epoch = Uuid::from_u128(process.epoch);
                process.write(&Record::Claimed { at: now, epoch, runs });
                let claimed = process.runs.claim(&claimable, epoch, now);
                for record in process.runs.continued(&claimable) {
                    process.write(&record);
                }
                model.claim(scope, limit, &claimed, now);
            }
            Call::Ack(picks) => {
                let claims: Vec<(InputKey, ClaimId)> = model
                    .runs
                    .iter()
                    .filter_map(|(key, run)| Some((key.clone(), run.claim.as_ref()?.0.clone())))
                    .collect();
                let mut acked: Vec<(InputKey, ClaimId)> = match claims.len() {
                    0 => Vec::new(),
                    len => picks.iter().map(|pick| claims[pick.index(len)].clone()).collect(),
                };
                acked.sort_by(|one, other| one.1.cmp(&other.1));
                acked.dedup();
                let settled: Vec<Settlement> = acked
                    .iter()
                    .map(|(key, id)| Settlement {
                        claim: id.clone(),
                        session: key.session.clone(),
                        input: key.input.clone(),
                        remember: (id.0.bytes().last().unwrap_or_default() % 2 == 0).then(|| memory_of(key)),
                    })
                    .collect();
                let runs = process.runs.claimed(&settled);
                let written =
                    runs.clone().into_iter().map(|(run, search)| (run, search.map(SearchInContext)));
                process.write(&Record::SettledInContext { at: now, runs: written.collect() });
                process.runs.ack(runs, FlushCounts::default(), now);
                model.runs.retain(|(_, run)| {
                    run.claim.as_ref().is_none_or(|(id, _, _)| !acked.iter().any(|(_, acked)| acked == id))
                });
                model.blocks.retain(|_, (id, _)| !acked.iter().any(|(_, acked)| acked == id));
                for settled in settled {
                    let key = InputKey { session: settled.session, input: settled.input };
                    if let Some(search) = settled.remember {
                        model.memories.insert(key, (search, now + millis(limits().memory)));
                    }
                }
            }
            Call::Erase(searcher) => {
                process.write(&Record::Erased { searcher: searcher.clone() });
                assert_eq!(process.runs.erase(&searcher), model.erase(&searcher));
            }
            Call::Restart => {
                process.restart(now);
                model.floods.clear();
                for (_, run) in &mut model.runs {
                    if let Some((_, _, end)) = &mut run.claim {
                        *end = now;
                    }
                }
            }
            Call::BeginCompaction => process.new = Some((Vec::new(), 0..process.runs.next())),
            Call::CopyOne => {
                process.copy_one();
            }
            Call::FinishCompaction => process.finish_compaction(),
        }
        let health = process.runs.health();
        assert_eq!((health.runs, health.keystrokes), (model.runs.len() as u64, model.keystrokes()));
    }
}

/// A search of the user whom the input is named after, if any.
fn memory_of(key: &InputKey) -> RememberedSearch {
    let mut remembered = remembered(key.session.as_str());
    remembered.search.context = SearchContext::of([SearchFact::sort(key.session.as_str())]);
    remembered.search.user = UserId::parse(if key.input.as_str().is_empty() { "" } else { "u1" }).ok();
    remembered
}

fn keystroke() -> impl Strategy<Value = Keystroke> {
    let ids = (0..3_u8, 0..2_u8, prop::option::weighted(0.3, 0..2_u8));
    let rest = (
        prop::option::weighted(0.3, 0..30_i64),
        prop::bool::weighted(0.3),
        prop::option::of(0..9_i64),
        prop_oneof![2 => prop::sample::select(vec!["a", "A", " a", "b", ""]).prop_map(str::to_owned), 1 => "[a-zß✓ ]{0,6}"],
    );
    (ids, rest).prop_map(|((session, input, user), (sequence, submitted, result_count, text))| Keystroke {
        session: SessionId::parse(&format!("s{session}")).unwrap(),
        user: user.map(|user| UserId::parse(&format!("u{user}")).unwrap()),
        input: InputId::parse(&"i".repeat(input.into())).unwrap(),
        text,
        sequence,
        submitted,
        result_count,
        composing: false,
        context: SearchContext::of(result_count.map(|count| SearchFact::sort(&count.to_string()))),
    })
}

fn call() -> impl Strategy<Value = Call> {
    let scope = prop::sample::select(vec![ClaimScope::Due, ClaimScope::Due, ClaimScope::All]);
    let searcher = (0..3_u8, any::<bool>()).prop_map(|(number, user)| match user {
        true => Searcher::User(UserId::parse(&format!("u{number}")).unwrap()),
        false => Searcher::Session(SessionId::parse(&format!("s{number}")).unwrap()),
    });
    prop_oneof![
        10 => vec(keystroke(), 1..5).prop_map(Call::Append),
        1 => vec(keystroke(), 1..5).prop_map(Call::Fail),
        6 => (0..150_i64).prop_map(Call::Wait),
        6 => (scope, 0..5_usize).prop_map(|(scope, limit)| Call::Claim(scope, limit)),
        4 => vec(any::<prop::sample::Index>(), 1..3).prop_map(Call::Ack),
        1 => searcher.prop_map(Call::Erase),
        2 => Just(Call::Restart),
        2 => Just(Call::BeginCompaction),
        4 => Just(Call::CopyOne),
        2 => Just(Call::FinishCompaction),
    ]
}

proptest! {
    #![proptest_config(Config { cases: 400, failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_buffer_matches_the_model(calls in vec(call(), 1..80)) {
        run_both(calls);
    }
}
