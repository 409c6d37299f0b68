//! What an author sees in a draft is what its operations come to.

use bft_crdts::crdt::{Draft, Replicated, State};
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
/// the deletion refers to, counted in operations back, now is the sentence.
///
/// Right: the deletion comes back with the paste, or deletes the word.
#[test]
#[ignore = "open: DP4"]
fn dp4_an_operation_that_comes_back_changes_no_other() {
    let mut wire = text_wire();
    wire.configure(0, Config::default().message_ops(4096));
    let mut draft = Draft::new(wire.machine(0).algorithm(), Counter::ZERO);
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
    let text = text_at(&wire, 1);
    assert!(
        text == "keep this. " || text == "keep this. typo",
        "everybody has {text:?}"
    );
}

/// An author's message is under way when its replica restarts. A draft is begun on what the replica has delivered; the
/// message from before the crash takes the dot that the draft gives its own first insertion, so that the draft shows other
/// text than the replica, and a deletion of the first character deletes another.
///
/// Right: a draft shows what its replica will have when all is delivered.
#[test]
#[ignore = "open: DP4"]
fn dp4_a_draft_after_a_restart_shows_what_the_replica_will_have() {
    let mut wire = text_wire();
    let me = wire.actor(0);
    let mut draft = Draft::new(wire.machine(0).algorithm(), Counter::ZERO);
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
    let mut draft = Draft::new(wire.machine(0).algorithm(), wire.machine(0).delivered(&me));
    let seen = wire.nodes[0].told.len();
    let more = draft
        .try_make(|text| text.insert(0, "abc"))
        .expect("an edit");
    wire.submit(0, [more]);
    wire.heal();
    for effect in &wire.nodes[0].told[seen..] {
        if let Effect::Deliver(delivery) = effect {
            draft.deliver(delivery);
        }
    }
    assert_eq!(draft.value().to_string(), text_at(&wire, 0));
}
