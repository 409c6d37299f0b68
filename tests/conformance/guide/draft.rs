//! The guide says what it has: its code is the code here, and its report is what the kit says about the first draft.

use std::collections::BTreeMap;
use std::path::Path;

use bft_crdts::conformance::{Clause, Gen, Generator, Kit, Place, Turn};
use bft_crdts::{Actor, Causes, Dot, SecureBroadcastAlgorithm};

use super::{Invalid, Op, Poll};

/// The first draft: a vote does not name its poll.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Polls(super::Polls);

impl SecureBroadcastAlgorithm for Polls {
    type Op = Op;
    type ReplicatedState = BTreeMap<Dot, Poll>;
    type Invalid = Invalid;

    fn new(actor: Actor) -> Self {
        Polls(super::Polls::new(actor))
    }
    fn state(&self) -> BTreeMap<Dot, Poll> {
        self.0.state()
    }
    fn sync_from(&mut self, other: BTreeMap<Dot, Poll>) {
        self.0.sync_from(other);
    }
    fn validate(&self, dot: &Dot, op: &Op) -> Result<(), Invalid> {
        self.0.validate(dot, op)
    }
    fn apply(&mut self, dot: Dot, op: Op) {
        self.0.apply(dot, op);
    }
    fn causes(&self, _: &Op) -> Causes {
        Causes::Nothing
    }
}

struct AskOrVote;

impl Generator<Polls> for AskOrVote {
    fn operation(&self, turn: &Turn<'_, Polls>, g: &mut Gen) -> Option<Op> {
        let Turn {
            replica,
            dot,
            everybody,
            delivered,
        } = *turn;
        let turn = Turn {
            replica: &replica.0,
            dot,
            everybody,
            delivered,
        };
        super::ask_or_vote(&turn, g)
    }
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// The blocks of this language in the guide.
fn blocks(language: &str) -> Vec<String> {
    let guide = read("docs/your-own-algorithm.md");
    let fences: Vec<&str> = guide.split("```").collect();
    let blocks = fences.iter().skip(1).step_by(2);
    blocks
        .filter_map(|block| Some(block.strip_prefix(language)?.strip_prefix('\n')?.to_owned()))
        .collect()
}

#[test]
fn the_code_of_the_guide_is_compiled_and_checked_here() {
    let code = read("tests/conformance/guide/mod.rs");
    let blocks = blocks("rust");
    assert!(blocks.len() >= 6, "{} blocks", blocks.len());
    for block in &blocks {
        // A block may leave out lines, where it says so.
        for part in block
            .split("    // …\n")
            .map(str::trim_end)
            .filter(|part| !part.is_empty())
        {
            assert!(
                code.contains(part),
                "not in tests/conformance/guide/mod.rs:\n{part}"
            );
        }
    }
}

#[test]
fn the_report_in_the_guide_is_what_the_kit_says_about_the_first_draft() {
    let place = Place::new("polls", "polls::conformance::causes_suffice");
    let kit = Kit::<Polls, _>::new(AskOrVote).at(place);
    let failure = kit.check(Clause::Causes, 1..=100).unwrap_err();
    let report = format!("{failure}\n");
    let shown = blocks("text");
    assert!(
        shown.contains(&report),
        "this belongs in the guide:\n\n{report}\n"
    );
}
