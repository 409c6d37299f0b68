//! What an author sees in a draft is what its operations come to.

use bft_crdts::crdt::{Invalid, Replicated, State};
use bft_crdts::deterministic_secure_broadcast::ReturnReason;
use bft_crdts::text::Text;
use bft_crdts::{Config, Counter, Ed25519, Effect};

use crate::wire::{Wire, identities};

fn text_wire() -> Wire<Replicated<Text>> {
    let algorithm = Replicated::<Text>::algorithm();
    Wire::new(
        "text",
        &algorithm,
        identities::<Ed25519>(4),
        State::default(),
    )
}

fn text_at(wire: &Wire<Replicated<Text>>, at: usize) -> String {
    wire.machine(at).algorithm().value().to_string()
}

/// An author inserts a sentence, a word and a paste that is too large, and deletes the word. The paste comes back; what
/// the deletion referred to, counted in operations back, then was the sentence. An operation that refers to what is under
/// way says which number it expects to have, and comes back if it gets another.
#[test]
fn an_operation_that_comes_back_changes_no_other() {
    let mut wire = text_wire();
    wire.configure(0, Config::default().message_ops(4096));
    let mut draft = wire.machine(0).draft();
    let mut make = |edit: &dyn Fn(&Text) -> _| draft.try_make(edit).expect("an edit");
    let keep = make(&|text| text.insert(0, "keep this. "));
    let word = make(&|text| text.insert(11, "typo"));
    let paste = make(&|text| text.insert(0, &"x".repeat(65_537)));
    let delete = make(&|text| text.delete(11..15));
    assert_eq!(
        draft.value().to_string(),
        "keep this. ",
        "what the author sees"
    );
    wire.submit(0, [keep, word, paste, delete]);
    wire.heal();
    assert_eq!(text_at(&wire, 1), "keep this. typo");
    let told = wire.nodes[0].told.iter();
    let back: Vec<_> = told
        .filter_map(|effect| match effect {
            Effect::Returned { reason, .. } => Some(reason),
            _ => None,
        })
        .collect();
    let expected = Some(Counter::new(4));
    assert!(
        matches!(
            back[..],
            [ReturnReason::Invalid(_), ReturnReason::Invalid(moved)] if *moved == Invalid::Moved { expected }
        ),
        "the paste, and the deletion with it: {back:?}"
    );
    let again = wire.machine(0).draft().try_make(|text| text.delete(11..15));
    wire.submit(0, again);
    wire.heal();
    assert_eq!(text_at(&wire, 1), "keep this. ");
}

/// An author's message is under way when its replica restarts. A draft used to be begun on what the replica had delivered;
/// the message from before the crash took the dot that the draft gave its own first insertion, so that the draft showed
/// other text than the replica, and a deletion of the first character deleted another. A draft shows what its replica will
/// have when all is delivered.
#[test]
fn a_draft_after_a_restart_shows_what_the_replica_will_have() {
    let mut wire = text_wire();
    let mut draft = wire.machine(0).draft();
    let hello = draft
        .try_make(|text| text.insert(0, "hello "))
        .expect("an edit");
    wire.submit(0, [hello]);
    wire.flying.clear();
    wire.restart(0);
    assert_eq!(
        wire.machine(0).pending(),
        1,
        "the message is still under way"
    );
    let mut draft = wire.machine(0).draft();
    assert_eq!(draft.value().to_string(), "hello ");
    let seen = wire.nodes[0].told.len();
    let more = draft
        .try_make(|text| text.insert(0, "abc"))
        .expect("an edit");
    wire.submit(0, [more]);
    // One more in another draft, of what waits for a message.
    let fresh = wire.machine(0).draft();
    assert_eq!(fresh.value().to_string(), draft.value().to_string());
    let less = draft.try_make(|text| text.delete(0..1)).expect("an edit");
    wire.submit(0, [less]);
    wire.heal();
    for effect in &wire.nodes[0].told[seen..] {
        if let Effect::Deliver(delivery) = effect {
            draft.deliver(delivery);
        }
    }
    assert_eq!(draft.value().to_string(), "bchello ");
    assert_eq!(draft.value().to_string(), text_at(&wire, 0));
    assert_eq!(text_at(&wire, 0), text_at(&wire, 1));
}
