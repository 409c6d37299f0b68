//! The text against plain strings, and against the definition of the tree it is.

use std::collections::{BTreeMap, BTreeSet};

use crate::hosted::{World, actor, bytes, dot};
use crate::seed::Seed;
use bft_crdts::codec::{decode, encode};
use bft_crdts::crdt::{Draft, Invalid, Op, Ref, Replicated, Seen, State};
use bft_crdts::text::{Anchor, Change, Edit, Element, MAX_EDIT_CHARS, Patch, Side, Span, Text};
use bft_crdts::{Causes, Counter, Dot, SecureBroadcastAlgorithm};
use quickcheck_macros::quickcheck;
use rand::RngExt;

/// A character: its operation, and the how many-th there.
type Name = (Dot, u32);

/// Every character as its operation has it: what it hangs off, and where; deleted or not.
#[derive(Default)]
struct Definition {
    chars: BTreeMap<Name, char>,
    hangs: BTreeMap<Option<Name>, BTreeSet<(Side, Name)>>,
    deleted: BTreeSet<Name>,
}

impl Definition {
    fn of(log: &[(Dot, Op<Text>)]) -> Self {
        let mut definition = Definition::default();
        for (dot, op) in log {
            let mut nth = 0;
            for change in &op.act().changes {
                definition.take(dot, &mut nth, change);
            }
        }
        definition
    }

    fn take(&mut self, dot: &Dot, nth: &mut u32, change: &Change) {
        let resolve = |r: &Ref| r.resolve(dot).expect("it was valid");
        match change {
            Change::Delete(Span { op, first, len }) => {
                let of = resolve(op);
                self.deleted.extend((0..*len).map(|i| (of, first + i)));
            }
            Change::Insert { at, text } => {
                let name = |e: &Element| Some((resolve(&e.op), e.nth));
                let (mut parent, mut side) = match at {
                    Anchor::Start => (None, Side::After),
                    Anchor::Before(e) => (name(e), Side::Before),
                    Anchor::After(e) => (name(e), Side::After),
                };
                for char in text.chars() {
                    let me = (*dot, *nth);
                    *nth += 1;
                    self.chars.insert(me, char);
                    self.hangs.entry(parent).or_default().insert((side, me));
                    (parent, side) = (Some(me), Side::After);
                }
            }
        }
    }

    fn read(&self, at: Option<Name>, text: &mut String) {
        let hangs = self.hangs.get(&at).cloned().unwrap_or_default();
        let on = |side| hangs.iter().filter(move |(of, _)| *of == side);
        for (_, child) in on(Side::Before) {
            self.read(Some(*child), text);
        }
        if let Some(me) = at.filter(|me| !self.deleted.contains(me)) {
            text.push(self.chars[&me]);
        }
        for (_, child) in on(Side::After) {
            self.read(Some(*child), text);
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        self.read(None, &mut text);
        text
    }
}

/// At every replica, at every moment, whoever lies in which way.
#[quickcheck]
fn the_text_is_what_the_tree_reads(seed: Seed) {
    let mut world = World::<Text>::new(seed.rng());
    for _ in 0..12 {
        world.steps(6);
        for replica in &world.replicas {
            let text = replica.copy.value();
            assert_eq!(text.to_string(), Definition::of(&replica.log).text());
            assert_eq!(text.len(), text.chars().count());
        }
    }
}

fn replace(chars: &mut Vec<char>, patch: &Patch<'_>) {
    chars.splice(patch.at..patch.at + patch.delete, patch.insert.chars());
}

/// One author alone, and one among others as far as they see: an edit does to the text what it does to a string.
#[quickcheck]
fn authors_see_what_they_have_typed(seed: Seed) {
    let mut rng = seed.rng();
    let mut draft = Draft::of(&Replicated::<Text>::new(actor(1)), Counter::ZERO);
    let mut other = Draft::of(&Replicated::<Text>::new(actor(2)), Counter::ZERO);
    let mut chars: Vec<char> = Vec::new();
    for _ in 0..60 {
        let mut patches = Vec::new();
        for _ in 0..rng.random_range(1..=2) {
            let at = rng.random_range(0..=chars.len());
            let delete = rng.random_range(0..=3).min(chars.len() - at);
            let insert = ["", "a", "bc", "de🦀"][rng.random_range(0..4)];
            let patch = Patch { at, delete, insert };
            replace(&mut chars, &patch);
            patches.push(patch);
        }
        let dot = draft.next();
        let Some(op) = draft.try_make(|text| text.patch(&patches)) else {
            continue;
        };
        assert_eq!(draft.value().to_string(), chars.iter().collect::<String>());
        // Now and then somebody else types, and what they do is taken in.
        other.take_in(dot, &op);
        if rng.random_bool(0.2) {
            let at = rng.random_range(0..=chars.len());
            let dot = other.next();
            let op = other
                .try_make(|text| text.insert(at, "<>"))
                .expect("inside");
            let insert = "<>";
            replace(
                &mut chars,
                &Patch {
                    at,
                    delete: 0,
                    insert,
                },
            );
            draft.take_in(dot, &op);
            assert_eq!(draft.value().to_string(), chars.iter().collect::<String>());
        }
    }
    for (position, char) in chars.iter().enumerate() {
        let text = draft.value();
        assert_eq!(text.chars_from(position).next(), Some(*char));
        let (dot, nth) = text.inserted_by(position).expect("inside");
        assert_eq!(text.position(&dot, nth), Some(position));
    }
    assert_eq!(draft.value().inserted_by(chars.len()), None);
}

/// Two that type at one place at the same time do not get in between each other's words.
#[test]
fn words_typed_at_one_place_stay_whole() {
    for backwards in [false, true] {
        let mut drafts =
            [1, 2].map(|tag| Draft::of(&Replicated::<Text>::new(actor(tag)), Counter::ZERO));
        let words = ["ann's words", "bob's words"];
        let mut ops = Vec::new();
        for (draft, word) in drafts.iter_mut().zip(words) {
            for (index, char) in word.chars().enumerate() {
                let (at, char) = match backwards {
                    false => (index, char),
                    true => (0, word.chars().rev().nth(index).expect("as long")),
                };
                let dot = draft.next();
                let op = draft.try_make(|text| text.insert(at, &char.to_string()));
                ops.push((dot, op.expect("inside")));
            }
        }
        let mut copy = Replicated::<Text>::new(actor(0));
        for (dot, op) in ops {
            assert_eq!(copy.validate(&dot, &op), Ok(()));
            copy.apply(dot, op);
        }
        assert_eq!(copy.value().to_string(), words.concat());
    }
}

fn edit(changes: Vec<Change>) -> Op<Text> {
    let seen = Seen::nothing();
    Op::new(Edit { seen, changes })
}

fn insert(at: Anchor, text: &str) -> Op<Text> {
    let text = text.into();
    edit(vec![Change::Insert { at, text }])
}

fn mine(counter: u64, back: u64) -> Ref {
    let counter = Counter::new(counter);
    Ref::Mine { counter, back }
}

fn element(op: Ref, nth: u32) -> Element {
    Element { op, nth }
}

#[test]
fn what_names_nothing_is_refused() {
    let mut text = Replicated::<Text>::new(actor(1));
    text.apply(dot(1, 1), insert(Anchor::Start, "abc"));
    let first = Ref::Of(dot(1, 1));
    let never = Ref::Of(dot(3, 9));
    let delete = |op, first, len| edit(vec![Change::Delete(Span { op, first, len })]);
    let cases = [
        (insert(Anchor::After(element(first, 2)), "d"), Ok(())),
        (
            insert(Anchor::After(element(first, 3)), "d"),
            Err(Invalid::NoSuchElement(dot(1, 1))),
        ),
        (
            insert(Anchor::Before(element(never, 0)), "d"),
            Err(Invalid::NoSuchElement(dot(3, 9))),
        ),
        (
            insert(Anchor::After(element(Ref::Of(dot(2, 8)), 0)), "d"),
            Err(Invalid::NotYetMade(dot(2, 8))),
        ),
        (
            insert(Anchor::After(element(mine(1, 5), 0)), "d"),
            Err(Invalid::Moved {
                expected: Some(Counter::new(6)),
            }),
        ),
        (
            insert(Anchor::After(element(mine(0, 7), 0)), "d"),
            Err(Invalid::Moved {
                expected: Some(Counter::new(7)),
            }),
        ),
        (
            insert(Anchor::After(element(mine(7, 0), 0)), "d"),
            Err(Invalid::Moved {
                expected: Some(Counter::new(7)),
            }),
        ),
        (
            insert(Anchor::After(element(mine(u64::MAX, 1), 0)), "d"),
            Err(Invalid::Moved { expected: None }),
        ),
        (
            insert(Anchor::After(element(Ref::This, 0)), "d"),
            Err(Invalid::NoSuchElement(dot(2, 7))),
        ),
        (delete(first, 0, 3), Ok(())),
        (delete(first, 1, 3), Err(Invalid::NoSuchElement(dot(1, 1)))),
        (delete(first, 0, 0), Err(Invalid::Nothing)),
        (delete(first, u32::MAX, 2), Err(Invalid::Overflow)),
        (insert(Anchor::Start, ""), Err(Invalid::Nothing)),
        (edit(Vec::new()), Err(Invalid::Nothing)),
        (
            insert(Anchor::Start, &"x".repeat(MAX_EDIT_CHARS + 1)),
            Err(Invalid::TooMany {
                have: MAX_EDIT_CHARS + 1,
                limit: MAX_EDIT_CHARS,
            }),
        ),
        (insert(Anchor::Start, &"x".repeat(MAX_EDIT_CHARS)), Ok(())),
    ];
    for (op, verdict) in cases {
        assert_eq!(text.validate(&dot(2, 7), &op), verdict);
    }
    // What was deleted keeps its place for those who have not heard of it.
    text.apply(dot(1, 2), delete(first, 1, 1));
    let beside = insert(Anchor::Before(element(first, 1)), "!");
    assert_eq!(text.validate(&dot(2, 1), &beside), Ok(()));
    text.apply(dot(2, 1), beside);
    assert_eq!(text.value().to_string(), "a!c");
}

/// An operation waits for what it names, and for nothing else; what is still under way it names from where it stands.
#[test]
fn an_operation_names_its_causes() {
    let mut text = Replicated::<Text>::new(actor(1));
    text.apply(dot(2, 5), insert(Anchor::Start, "bob"));
    text.apply(dot(1, 1), insert(Anchor::Start, "ann"));
    let mut draft = Draft::of(&text, Counter::new(1));
    let op = draft.try_make(|text| text.insert(6, "!")).expect("inside");
    let causes = BTreeSet::from([dot(2, 5)]);
    assert_eq!(text.causes(&op), Causes::Dots(causes));
    let op = draft.try_make(|text| text.insert(7, "?")).expect("inside");
    assert_eq!(text.causes(&op), Causes::Dots(BTreeSet::new()));
    assert!(encode(&op).len() < 12, "{} bytes", encode(&op).len());
    assert_eq!(draft.value().to_string(), "annbob!?");
}

/// However long the chains in it are: no recursion, and every byte of it again.
#[test]
fn a_long_text_survives_its_snapshot() {
    let mut copy = Replicated::<Text>::new(actor(1));
    for counter in 1..=30_000 {
        let middle = copy.value().len() / 2;
        let at = match counter % 3 {
            0 => 0,
            1 => middle,
            _ => copy.value().len(),
        };
        let op = copy.value().insert(at, "x").expect("inside");
        copy.apply(dot(1, counter), op);
    }
    let state: State<Text> = decode(&bytes(&copy)).expect("it decodes");
    assert_eq!(state.value().to_string(), copy.value().to_string());
    assert_eq!(encode(&state), bytes(&copy));
}
