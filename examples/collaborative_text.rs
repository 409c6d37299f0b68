//! Four people write one text. Everybody types on without waiting for anybody, and all end with the same words.

use std::collections::{BTreeMap, VecDeque};

use bft_crdts::crdt::{Draft, Op, Ref, Replicated, Seen, State};
use bft_crdts::text::{Change, Edit, Patch, Span, Text};
use bft_crdts::{
    Actor, Config, Counter, Dot, Effect, Effects, Genesis, Packet, SecureBroadcast, SigningActor,
    To, codec,
};

type SharedText = Replicated<Text>;
type Outbox = VecDeque<(Actor, Effects<SharedText>)>;

/// What one person has: a replica, and a draft that shows what they have typed before anybody else has seen it.
struct Editor {
    replica: SecureBroadcast<SharedText>,
    draft: Draft<Text>,
}

impl Editor {
    /// At this position in what I see, so many characters go and these come in their place.
    fn replace(&mut self, at: usize, delete: usize, insert: &str, outbox: &mut Outbox) {
        let patch = Patch { at, delete, insert };
        // The draft shows it at once; the replica takes it to the others.
        if let Some(op) = self.draft.try_make(|text| text.patch(&[patch])) {
            self.send(op, outbox);
        }
    }

    fn send(&mut self, op: Op<Text>, outbox: &mut Outbox) {
        match self.replica.broadcast([op]) {
            Ok((_ticket, effects)) => outbox.push_back((self.replica.actor(), effects)),
            Err(refused) => println!("not sent: {}", refused.reason),
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let keys = [1, 2, 3, 4].map(|n| SigningActor::from_seed([n; 32]));
    let members = keys.each_ref().map(SigningActor::actor);
    let [ann, bob, cat, dan] = members;
    let genesis = Genesis::new(
        "our letter",
        &SharedText::algorithm(),
        members,
        State::default(),
    )?;
    let mut editors = BTreeMap::new();
    for key in keys {
        let replica = SecureBroadcast::open(key, genesis.clone(), [], Config::default())?;
        let draft = replica.draft();
        editors.insert(replica.actor(), Editor { replica, draft });
    }
    let mut outbox = Outbox::new();

    let editor = editors.get_mut(&ann).ok_or("no editor")?;
    editor.replace(0, 0, "Dear all,", &mut outbox);
    carry(&mut outbox, &mut editors)?;
    println!("ann begins:           {}", editors[&ann].draft.value());

    // Now all type at once; nothing is delivered before everybody has typed.
    for (who, at, delete, insert) in [
        (ann, 9, 0, " we meet"),
        (ann, 17, 0, " at noon."), // her last words are still under way
        (bob, 0, 0, "Monday. "),
        (cat, 5, 3, "friends"),
    ] {
        let editor = editors.get_mut(&who).ok_or("no editor")?;
        editor.replace(at, delete, insert, &mut outbox);
    }
    for (who, name) in [(ann, "ann"), (bob, "bob"), (cat, "cat")] {
        println!("{name} sees:             {}", editors[&who].draft.value());
    }
    // Dan's program is broken: it deletes the hundredth character of what ann typed first.
    let op = Ref::Of(Dot::new(ann, Counter::FIRST));
    let nothing = Change::Delete(Span {
        op,
        first: 99,
        len: 1,
    });
    let seen = Seen::nothing();
    let broken = Op::new(Edit {
        seen,
        changes: vec![nothing],
    });
    editors
        .get_mut(&dan)
        .ok_or("no editor")?
        .send(broken, &mut outbox);
    carry(&mut outbox, &mut editors)?;

    for editor in editors.values() {
        let text = editor.replica.algorithm().value().to_string();
        assert_eq!(text, "Monday. Dear friends, we meet at noon.");
        assert_eq!(text, editor.draft.value().to_string());
    }
    println!("in the end all have:  {}", editors[&dan].draft.value());
    Ok(())
}

/// Carries everything to whom it is for: the network. A real one also keeps the journal, as the example `bank` does.
fn carry(
    outbox: &mut Outbox,
    editors: &mut BTreeMap<Actor, Editor>,
) -> Result<(), bft_crdts::DecodeError> {
    while let Some((from, effects)) = outbox.pop_front() {
        for effect in effects {
            match effect {
                Effect::Send { to, payload } => {
                    let bytes = codec::encode(&payload);
                    for (actor, editor) in editors.iter_mut().filter(|(a, _)| **a != from) {
                        if to != To::Members && to != To::One(*actor) {
                            continue;
                        }
                        let payload = codec::decode(&bytes)?;
                        if let Ok(effects) = editor.replica.handle(Packet { from, payload }) {
                            outbox.push_back((*actor, effects));
                        }
                    }
                }
                Effect::Deliver(delivery) => {
                    if let Some(editor) = editors.get_mut(&from) {
                        editor.draft.deliver(&delivery);
                    }
                }
                Effect::Returned { reason, .. } => {
                    println!("dan's is given back:  {reason}");
                    // What is on the screen has to be what will be delivered: begin again from there.
                    if let Some(editor) = editors.get_mut(&from) {
                        editor.draft = editor.replica.draft();
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}
