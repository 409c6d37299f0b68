//! The sound rules, which remember who was asked: whether a replica, or a model of it, leaves a decision to them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use bft_crdts::deterministic_secure_broadcast::rules::{
    ActivateFacts, AdoptFacts, AttestFacts, DeliverFacts, EchoFacts, EnterFacts, HiddenFacts,
    Linked, OldFacts, Precommit, ProposeFacts, Rules, SealFacts, SignerFacts, Sound,
    StaleTimeoutFacts, TimeoutFacts, Unsound, View, Vote1Facts, Vote2Facts,
};

/// The rules of operations: R1 and R2.
pub const OPERATIONS: [&str; 10] = [
    "quorum",
    "may_echo",
    "may_count",
    "may_deliver",
    "may_attach",
    "takes_relayed_proofs",
    "repeats_echo",
    "parks",
    "persists_open",
    "persists_own",
];

/// The rules of generations: R3 to R6, and R2 for what is older.
pub const GENERATIONS: [&str; 14] = [
    "is_approved",
    "may_propose",
    "may_vote1",
    "may_vote2",
    "is_decided",
    "may_time_out",
    "may_enter",
    "highest",
    "may_seal",
    "carries_open",
    "erases_keys",
    "may_activate",
    "merge_seals",
    "may_take_old",
];

/// The rules of checkpoints.
pub const CHECKPOINTS: [&str; 2] = ["may_attest", "may_adopt"];

/// The rules that no model asks: what a crash may not undo, and what convicts.
pub const REPLICAS: [&str; 4] = ["persists_votes", "persists_seal", "hides", "forgets"];

static ASKED: AtomicU64 = AtomicU64::new(0);

/// The rules that were asked in this process, by whoever runs with [`Recording`].
#[must_use]
pub fn asked() -> BTreeSet<&'static str> {
    let asked = ASKED.load(Ordering::Relaxed);
    all()
        .enumerate()
        .filter(|(index, _)| asked >> index & 1 == 1)
        .map(|(_, name)| name)
        .collect()
}

/// Every rule there is.
pub fn all() -> impl Iterator<Item = &'static str> {
    let lists: [&[&str]; 4] = [&OPERATIONS, &GENERATIONS, &CHECKPOINTS, &REPLICAS];
    lists.into_iter().flatten().copied()
}

/// The bit of a rule. Worked out when this is compiled, for rules are asked millions of times.
const fn bit(name: &str) -> u64 {
    let (mut index, name) = (0, name.as_bytes());
    const ENDS: [usize; 3] = [
        OPERATIONS.len(),
        OPERATIONS.len() + GENERATIONS.len(),
        OPERATIONS.len() + GENERATIONS.len() + CHECKPOINTS.len(),
    ];
    while index < ENDS[2] + REPLICAS.len() {
        let known = if index < ENDS[0] {
            OPERATIONS[index]
        } else if index < ENDS[1] {
            GENERATIONS[index - ENDS[0]]
        } else if index < ENDS[2] {
            CHECKPOINTS[index - ENDS[1]]
        } else {
            REPLICAS[index - ENDS[2]]
        };
        let known = known.as_bytes();
        let mut same = 0;
        while same < name.len() && same < known.len() && name[same] == known[same] {
            same += 1;
        }
        if same == name.len() && same == known.len() {
            return 1 << index;
        }
        index += 1;
    }
    panic!("a rule that is in no list");
}

fn record(rule: u64) {
    ASKED.fetch_or(rule, Ordering::Relaxed);
}

/// The sound rules, recorded.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Recording;

impl Unsound for Recording {}

macro_rules! recorded {
    ($(fn $rule:ident($($name:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(
            fn $rule($($name: $type),*) -> $answer {
                record(const { bit(stringify!($rule)) });
                Sound::$rule($($name),*)
            }
        )*
    };
}

impl Rules for Recording {
    const NAME: &'static str = "recording";

    recorded! {
        fn quorum(members: usize) -> usize;
        fn may_echo(facts: &EchoFacts) -> bool;
        fn may_count(facts: SignerFacts, verify: impl FnOnce() -> bool) -> bool;
        fn may_deliver(facts: &DeliverFacts) -> bool;
        fn may_attach(matches: bool) -> bool;
        fn takes_relayed_proofs() -> bool;
        fn repeats_echo() -> bool;
        fn parks() -> bool;
        fn persists_open() -> bool;
        fn persists_own() -> bool;
        fn persists_votes() -> bool;
        fn persists_seal() -> bool;
        fn hides(facts: &HiddenFacts) -> bool;
        fn forgets(facts: &StaleTimeoutFacts) -> bool;
        fn is_approved(approvals: usize, members: usize) -> bool;
        fn may_propose(facts: &ProposeFacts) -> bool;
        fn may_vote1(facts: &Vote1Facts) -> bool;
        fn may_vote2(facts: &Vote2Facts) -> bool;
        fn is_decided(votes2: usize, members: usize) -> bool;
        fn may_time_out(facts: &TimeoutFacts) -> bool;
        fn may_enter(facts: &EnterFacts) -> bool;
        fn may_seal(facts: &SealFacts) -> bool;
        fn carries_open(echoed: bool) -> bool;
        fn erases_keys() -> bool;
        fn may_activate(facts: &ActivateFacts) -> bool;
        fn may_take_old(facts: &OldFacts) -> bool;
        fn may_attest(facts: &AttestFacts) -> bool;
        fn may_adopt(facts: &AdoptFacts) -> bool;
    }

    fn highest<V: Clone>(
        shown: impl IntoIterator<Item = Option<Precommit<V>>>,
    ) -> Option<Precommit<V>> {
        record(const { bit("highest") });
        Sound::highest(shown)
    }

    fn merge_seals<H: Linked>(start: &H::Name, own: View<H>, seals: Vec<View<H>>) -> View<H> {
        record(const { bit("merge_seals") });
        Sound::merge_seals(start, own, seals)
    }
}
