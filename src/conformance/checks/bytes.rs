//! Equal values have equal bytes, and bytes can be read back.

use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::event::{Complaint, Happened, begun};
use super::super::generator::Generator;
use super::super::panics::asking;
use super::super::world::World;
use super::{Check, pairs};
use crate::codec::{decode_within, try_encode};
use crate::traits::SecureBroadcastAlgorithm;

/// Encodes every operation and every state there is.
pub(super) struct CanonicalBytes;

impl<A: SecureBroadcastAlgorithm, G: Generator<A>> Check<A, G> for CanonicalBytes {
    fn after(&mut self, world: &mut World<'_, A, G>, happened: Happened) -> Result<(), Complaint> {
        let Happened::Delivered { at, event } = happened else {
            return Ok(());
        };
        let event = &world.events[event];
        if event.source == at {
            there_and_back(&event.op, &format!("The operation {}", event.dot))?;
            equal_hashes(&event.op)?;
        }
        let who = world.name(at);
        asking("state", world.everybody[at]);
        there_and_back(
            &world.replicas[at].algorithm.state(),
            &format!("The state of {who}"),
        )
    }

    fn end(&mut self, world: &mut World<'_, A, G>) -> Result<(), Complaint> {
        let everybody: Vec<usize> = (0..world.replicas.len()).collect();
        for (one, two) in pairs(&everybody) {
            let states = [one, two].map(|who| world.replicas[who].algorithm.state());
            equal_bytes(&states, [world.name(one), world.name(two)])?;
        }
        for (who, replica) in world.replicas.iter().enumerate() {
            let mut again = begun::<A>(world.everybody[who], &world.genesis);
            for (dot, op) in &replica.delivered {
                again.apply(*dot, op.clone());
            }
            let states = [replica.algorithm.state(), again.state()];
            equal_bytes(
                &states,
                [world.name(who), "a replica with the same history"],
            )?;
        }
        Ok(())
    }
}

/// `value`, encoded and decoded, is `value`.
pub(super) fn there_and_back<T>(value: &T, what: &str) -> Result<(), Complaint>
where
    T: Debug + PartialEq + Serialize + DeserializeOwned,
{
    let bytes =
        try_encode(value).map_err(|why| Complaint::new(format!("{what} {why}: {value:?}")))?;
    match decode_within::<T>(bytes.len(), &bytes) {
        Ok(back) if back == *value => Ok(()),
        Ok(back) => Err(Complaint::new(format!(
            "{what} is not the same after its bytes are read back.\n  before {value:?}\n  after  {back:?}"
        ))),
        Err(why) => Err(Complaint::new(format!(
            "{what} cannot be read back from its own bytes: {why}.\n  It is {value:?}"
        ))),
    }
}

fn equal_bytes<T: Debug + PartialEq + Serialize>(
    [one, two]: &[T; 2],
    [who, other]: [&str; 2],
) -> Result<(), Complaint> {
    if one != two || try_encode(one).ok() == try_encode(two).ok() {
        return Ok(());
    }
    let bytes = |state| {
        try_encode(state)
            .map(|bytes| crate::codec::to_hex(&bytes))
            .unwrap_or_default()
    };
    Err(Complaint::new(format!(
        "{who} and {other} have equal states with different bytes.\n  {who} {}\n  {other} {}",
        bytes(one),
        bytes(two)
    )))
}

/// Equal operations have equal hashes; one that was sent is equal to the one that is received.
fn equal_hashes<O: Clone + Debug + Eq + Hash + Serialize + DeserializeOwned>(
    op: &O,
) -> Result<(), Complaint> {
    let hash = |op: &O| {
        let mut hasher = DefaultHasher::new();
        op.hash(&mut hasher);
        hasher.finish()
    };
    let back = try_encode(op)
        .ok()
        .and_then(|bytes| decode_within::<O>(bytes.len(), &bytes).ok());
    match back {
        Some(back) if back == *op && hash(&back) != hash(op) => Err(Complaint::new(format!(
            "Equal operations have different hashes: {op:?}"
        ))),
        _ => Ok(()),
    }
}
