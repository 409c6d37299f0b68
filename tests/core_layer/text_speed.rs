//! How long an operation on a long text takes, beside the list of the `crdts` crate hosted the same way; and that nobody
//! can make others work much harder than they have written.

use std::time::{Duration, Instant};

use bft_crdts::crdt::{Hosted, List, Op, Ref, Replicated, Seen};
use bft_crdts::text::{Change, Edit, Span, Text};
use bft_crdts::{Actor, Counter, Dot, SecureBroadcastAlgorithm, codec};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

fn dot(tag: u8, counter: u64) -> Dot {
    Dot::new(Actor::from_bytes([tag; 32]), Counter::new(counter))
}

/// How many operations are timed together, and how often: of the times the best counts, which nobody has disturbed.
const TIMED: u64 = 20;
const TIMES: u64 = 20;

/// Types so many characters at random places, and says how long one of the last of them took, each made by its author,
/// sent, read, and applied once.
fn typed<T: Hosted>(
    count: u64,
    insert: impl Fn(&T, usize, char) -> Option<Op<T>>,
) -> (Replicated<T>, Duration) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut copy = Replicated::<T>::new(Actor::from_bytes([1; 32]));
    let mut best = Duration::MAX;
    let mut begin = Instant::now();
    for counter in 1..=count {
        let left = count - counter;
        if left < TIMED * TIMES && (left + 1).is_multiple_of(TIMED) {
            begin = Instant::now();
        }
        let place = rng.random_range(0..counter);
        let place = usize::try_from(place).expect("a small number");
        let op = insert(copy.value(), place, 'x').expect("inside");
        let op = codec::decode(&codec::encode(&op)).expect("as it was");
        copy.apply(dot(1, counter), op);
        if left < TIMED * TIMES && left.is_multiple_of(TIMED) {
            best = best.min(begin.elapsed());
        }
    }
    (copy, best / u32::try_from(TIMED).expect("few"))
}

/// Prints both: `cargo test --release --test core_layer text_speed -- --nocapture` has made the figures in the docs.
#[test]
fn an_operation_on_a_long_text_takes_microseconds() {
    let length = if cfg!(debug_assertions) {
        4_000
    } else {
        20_000
    };
    let (text, of_text) =
        typed::<Text>(length, |text, at, char| text.insert(at, &char.to_string()));
    let (list, of_list) =
        typed::<List<char>>(length, |list, at, char| Some(list.insert_index(at, char)));
    println!("{length} characters, one more: {of_text:?} in a text, {of_list:?} in a list");
    println!(
        "bytes: {} in a text, {} in a list",
        codec::encode(&text.state()).len(),
        codec::encode(&list.state()).len()
    );
    assert!(of_text < of_list, "{of_text:?} and {of_list:?}");
}

/// Naming 65,536 characters takes a dozen bytes. They are deleted once; after that it costs nothing to say so again.
#[test]
fn deleting_what_is_deleted_costs_nothing() {
    let mut text = Replicated::<Text>::new(Actor::from_bytes([1; 32]));
    let long = "x".repeat(65_536);
    text.apply(dot(1, 1), text.value().insert(0, &long).expect("inside"));
    let span = Span {
        op: Ref::Of(dot(1, 1)),
        first: 0,
        len: 65_536,
    };
    let delete = Op::<Text>::new(Edit {
        seen: Seen::nothing(),
        changes: vec![Change::Delete(span)],
    });
    let begin = Instant::now();
    text.apply(dot(2, 1), delete.clone());
    let once = begin.elapsed();
    assert!(text.value().is_empty());
    let begin = Instant::now();
    for counter in 2..=1_001 {
        text.apply(dot(2, counter), delete.clone());
    }
    let a_thousand_times = begin.elapsed();
    println!("{once:?} once, {a_thousand_times:?} a thousand times more");
    assert!(
        a_thousand_times < once * 10,
        "{once:?} and {a_thousand_times:?}"
    );
}

/// An operation that hangs everything off the same place, and one after another's so: both cost what they are long.
#[test]
fn many_characters_at_one_place_cost_what_they_are_long() {
    let many = |text: &str, count: usize| {
        let text = text.to_owned();
        let at = bft_crdts::text::Anchor::Start;
        Op::<Text>::new(Edit {
            seen: Seen::nothing(),
            changes: vec![Change::Insert { at, text }; count],
        })
    };
    let took = |op: &dyn Fn() -> Op<Text>, times: u64| {
        let mut text = Replicated::<Text>::new(Actor::from_bytes([1; 32]));
        let begin = Instant::now();
        for counter in (1..=times).rev() {
            text.apply(dot(u8::try_from(counter).expect("few"), 1), op());
        }
        begin.elapsed()
    };
    let one_run = took(&|| many(&"x".repeat(10_000), 1), 8);
    let one_place = took(&|| many("x", 10_000), 8);
    println!("8 times 10,000 characters: {one_run:?} in a row, {one_place:?} at one place");
    assert!(one_place < one_run * 30, "{one_run:?} and {one_place:?}");
}
