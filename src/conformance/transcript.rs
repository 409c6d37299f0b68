//! What a scenario does, step by step, in a form that can be compared.

use serde::{Deserialize, Serialize};

use super::checks;
use super::clause::Clause;
use super::event::{Complaint, Line};
use super::generator::Generator;
use super::panics::{asking_about, catch};
use super::script::{Script, Step};
use super::session::take;
use super::world::World;
use crate::codec::{Digest, to_hex, try_encode};
use crate::traits::SecureBroadcastAlgorithm;

/// What a scenario did, step by step.
pub(super) type Transcript = Vec<Entry>;

/// What one step did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    digest: [u8; 8],
    /// For people; only if asked for.
    pub(super) text: Option<String>,
}

/// How closely one looks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    /// Notes in words what happened.
    pub(super) texts: bool,
    /// Asks more than it has to: questions must change nothing.
    pub(super) nosy: bool,
}

/// The first step in which two transcripts differ.
pub(super) fn difference(one: &Transcript, two: &Transcript) -> Option<usize> {
    let steps = 0..one.len().max(two.len());
    steps
        .into_iter()
        .find(|step| one.get(*step) != two.get(*step))
}

/// What a script does, from beginning to end.
pub(super) fn transcript<A, G>(generator: &G, script: &Script<A::Op>, look: Look) -> Transcript
where
    A: SecureBroadcastAlgorithm,
    G: Generator<A>,
{
    let mut transcript = Vec::new();
    play(
        generator,
        script,
        look.nosy,
        |world: &World<'_, A, G>, step, outcome| {
            transcript.push(entry(world, step, outcome, look.texts));
        },
    );
    transcript
}

/// The chart of a script.
pub(super) fn story<A: SecureBroadcastAlgorithm, G: Generator<A>>(
    generator: &G,
    script: &Script<A::Op>,
) -> Vec<Line> {
    let mut story = Vec::new();
    play(generator, script, false, |world: &World<'_, A, G>, _, _| {
        story.clone_from(&world.story)
    });
    story
}

/// Takes the steps of a script one by one, and shows what came of each. `nosy`: asks more than it has to; questions must
/// change nothing.
fn play<A, G>(
    generator: &G,
    script: &Script<A::Op>,
    nosy: bool,
    mut see: impl FnMut(&World<'_, A, G>, &Step<A::Op>, Result<(), Complaint>),
) where
    A: SecureBroadcastAlgorithm,
    G: Generator<A>,
{
    let profile = checks::profile(Clause::Determinism);
    let world = catch(|| {
        World::new(
            generator,
            profile.order,
            profile.harm,
            script.actors,
            script.genesis,
        )
    });
    let Ok(Ok(mut world)) = world else { return };
    for step in &script.steps {
        if nosy {
            let _ = catch(|| ask_around(&world));
        }
        let outcome = catch(|| take(&mut world, step).map(|_| ()));
        see(
            &world,
            step,
            outcome.unwrap_or_else(|panic| Err(Complaint::panic(panic))),
        );
    }
}

/// Asks every replica about everything that could come next.
fn ask_around<A: SecureBroadcastAlgorithm, G: Generator<A>>(world: &World<'_, A, G>) {
    for (at, replica) in world.replicas.iter().enumerate() {
        let _ = replica.algorithm.state();
        for place in world.ready(at) {
            let event = &world.events[place];
            asking_about("validate", world.everybody[at], event.dot, &event.op);
            let _ = replica.algorithm.causes(&event.op);
            let _ = replica.algorithm.validate(&event.dot, &event.op);
        }
    }
}

fn entry<A, G>(
    world: &World<'_, A, G>,
    step: &Step<A::Op>,
    outcome: Result<(), Complaint>,
    texts: bool,
) -> Entry
where
    A: SecureBroadcastAlgorithm,
    G: Generator<A>,
{
    let at = match step {
        Step::Act { actor, .. } | Step::Exactly { actor, .. } => usize::from(*actor),
        Step::Deliver { at, .. } | Step::Extra { at, .. } => usize::from(*at),
    };
    let look = || {
        let said = match (&outcome, world.story.last()) {
            (Err(complaint), _) => complaint.text.clone(),
            (Ok(()), Some(line)) => line.text.clone(),
            (Ok(()), None) => String::new(),
        };
        let replica = world.replicas.get(at);
        let bytes = replica
            .and_then(|replica| replica.bytes())
            .unwrap_or_default();
        let op = world
            .events
            .last()
            .and_then(|event| try_encode(&event.op).ok())
            .unwrap_or_default();
        let digest = Digest::of_parts("bft-crdts/conformance/1", &[said.as_bytes(), &op, &bytes]);
        let text = texts.then(|| {
            let state = replica
                .map(|replica| format!("{:?}", replica.algorithm.state()))
                .unwrap_or_default();
            format!("{said} | {state} | bytes {}", clipped(&to_hex(&bytes)))
        });
        let mut short = [0; 8];
        short.copy_from_slice(&digest.as_bytes()[..8]);
        Entry {
            digest: short,
            text,
        }
    };
    catch(look).unwrap_or_else(|panic| Entry {
        digest: [0; 8],
        text: Some(panic),
    })
}

fn clipped(hex: &str) -> String {
    match hex.get(..80) {
        Some(head) => format!("{head}.."),
        None => hex.to_owned(),
    }
}
