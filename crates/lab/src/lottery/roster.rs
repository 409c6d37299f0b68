//! Setting up a run of the lottery.

use std::collections::BTreeSet;
use std::sync::Arc;

use bft_crdts::net::{NodeId, Span, Streams};

use super::selfish::{Selfish, Warden};
use super::{FAULTS, Message, Miner, NAME};
use crate::fault::{FaultKind, Peer};
use crate::trial::{Plan, PlanError, Roster, Setup};

/// The miners; transactions are handed to the first of them.
///
/// # Errors
/// [`PlanError`] if they cannot be set up as the plan says.
pub fn roster(plan: &Plan) -> Result<Roster<Message>, PlanError> {
    roster_with(plan, false)
}

/// The same with a wallet that tells one half of the miners one version of a transaction, and the other half another.
///
/// # Errors
/// [`PlanError`] if they cannot be set up as the plan says.
pub fn roster_conflicting(plan: &Plan) -> Result<Roster<Message>, PlanError> {
    roster_with(plan, true)
}

fn roster_with(plan: &Plan, conflicting: bool) -> Result<Roster<Message>, PlanError> {
    let wallet = NodeId::new(0);
    let setup = Setup::new(NAME, &FAULTS, 1, 0, plan)?.pick(None, Some(wallet))?;
    let (all, faulty) = (&setup.all, &setup.faulty);
    let streams = Streams::new(plan.seed);
    let correct = || all.iter().copied().filter(|node| !faulty.contains(node));
    // Who is kept in the dark: the last correct one, so that its links lead to faulty ones only.
    let victim = (plan.fault == FaultKind::Eclipse && !faulty.is_empty())
        .then(|| correct().rfind(|node| *node != wallet))
        .flatten();
    let peers = all.iter().map(|&me| {
        let linked = |node: &NodeId| {
            let apart =
                |one: NodeId, other: NodeId| Some(one) == victim && !faulty.contains(&other);
            *node != me && !apart(me, *node) && !apart(*node, me)
        };
        let others: Arc<[NodeId]> = all.iter().copied().filter(linked).collect();
        let stream = streams.of_node("lottery", me);
        let miner = Miner::new(me, setup.ring.clone(), others, stream);
        let is_faulty = faulty.contains(&me);
        let forger = setup.forger(me);
        Ok(match plan.fault {
            _ if conflicting && me == wallet => Peer::faulty(miner, setup.malicious_client()),
            FaultKind::Eclipse if is_faulty => match victim {
                Some(victim) => {
                    let told = BTreeSet::new();
                    let warden = Warden {
                        victim,
                        forger,
                        told,
                    };
                    Peer::faulty(miner, warden)
                }
                None => Peer::correct(miner),
            },
            FaultKind::SelfishLottery if is_faulty => {
                let fellows = faulty.iter().copied().filter(|node| *node != me);
                let selfish = Selfish {
                    fellows: fellows.collect(),
                    honest: correct().collect(),
                    public: 0,
                    hidden: Vec::new(),
                    forger,
                };
                Peer::faulty(miner, selfish)
            }
            _ => return setup.peer(me, miner),
        })
    });
    let peers = peers.collect::<Result<_, _>>()?;
    Ok(Roster {
        client_is_honest: !conflicting,
        ..setup.roster(peers, wallet, Span::from_secs(120))
    })
}
