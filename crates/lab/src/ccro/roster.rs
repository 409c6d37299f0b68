//! Setting up a run of CCRO.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bft_crdts::net::{NodeId, Span};

use super::byzantine::Byzantine;
use super::message::Roles;
use super::{FAULTS, Member, Message, Mode, Monitor};
use crate::fault::{FaultKind, Peer};
use crate::keys::Key;
use crate::trial::{Group, Plan, PlanError, Roster, Setup, pick};

/// All nodes in one domain, and its monitor.
///
/// # Errors
/// [`PlanError`] if they cannot be set up as the plan says.
pub fn roster(mode: Mode, plan: &Plan) -> Result<Roster<Message>, PlanError> {
    roster_in_domains(mode, plan, 1)
}

/// The nodes in so many domains of about the same size, each with its own primary, communication node and monitor.
/// Faulty ones are in the first domain, which has the first numbers.
///
/// # Errors
/// [`PlanError`] if they cannot be set up as the plan says.
pub fn roster_in_domains(
    mode: Mode,
    plan: &Plan,
    domains: u16,
) -> Result<Roster<Message>, PlanError> {
    let domains = domains.max(1);
    let setup = Setup::new(
        mode.protocol(),
        &FAULTS,
        3 * usize::from(domains),
        domains,
        plan,
    )?;
    let nodes = setup.client - domains;
    let parts = parts(nodes, domains);
    let setup = setup.with_faulty(&parts[0], faulty(mode, plan, &parts[0])?);
    let key = |node: &NodeId| setup.keys[node.index()].clone();
    let faulty = setup.faulty.iter();
    let colluders: BTreeMap<u16, Key> = faulty.map(|node| (node.get(), key(node))).collect();
    let mut peers = Vec::new();
    let mut monitors = Vec::new();
    let mut groups = Vec::new();
    for (domain, part) in (0..).zip(&parts) {
        let roles = Roles {
            round: 1,
            primary: part[0],
            communication: part[1],
        };
        let monitor = NodeId::new(nodes + domain);
        for &me in part.iter() {
            let node = Member::new(
                me,
                key(&me),
                setup.ring.clone(),
                mode,
                domain,
                part.clone(),
                monitor,
                roles,
            );
            let lies = match plan.fault {
                FaultKind::MaliciousCommander | FaultKind::LyingCommunicationNode => {
                    setup.faulty.contains(&me)
                }
                _ => false,
            };
            if !lies {
                peers.push(setup.peer(me, node)?);
                continue;
            }
            let byzantine = Byzantine {
                mode,
                forger: setup.forger(me),
                colluders: colluders.clone(),
                other_half: setup.other_half.clone(),
                as_primary: plan.fault == FaultKind::MaliciousCommander,
                stories: None,
                votes: [BTreeMap::new(), BTreeMap::new()],
                told: [false; 2],
            };
            peers.push(Peer::faulty(node, byzantine));
        }
        monitors.push(Peer::correct(Monitor::new(part.clone(), roles)));
        groups.push(Group {
            deciders: part.to_vec(),
            requester: part[0],
        });
    }
    peers.append(&mut monitors);
    Ok(Roster {
        groups,
        ..setup.roster(peers, parts[0][0], Span::from_secs(60))
    })
}

/// The nodes of every domain; sizes differ by one at most.
fn parts(nodes: u16, domains: u16) -> Vec<Arc<[NodeId]>> {
    let bounds = |domain: u16| (u32::from(nodes) * u32::from(domain) / u32::from(domains)) as u16;
    (0..domains)
        .map(|domain| {
            (bounds(domain)..bounds(domain + 1))
                .map(NodeId::new)
                .collect()
        })
        .collect()
}

/// Who lies: the communication node first, if that is the plan; the primary, then the communication node, if it is that
/// the commander lies.
fn faulty(mode: Mode, plan: &Plan, part: &[NodeId]) -> Result<BTreeSet<NodeId>, PlanError> {
    let (primary, communication) = (part[0], part[1]);
    let name = mode.protocol();
    let voters = part.iter().copied().skip(2);
    match plan.fault {
        FaultKind::LyingCommunicationNode => pick(name, plan, Some(communication), voters),
        FaultKind::MaliciousCommander if plan.faulty > 1 => {
            let rest = Plan {
                faulty: plan.faulty - 1,
                ..plan.clone()
            };
            let mut faulty = pick(name, &rest, Some(communication), voters)?;
            faulty.insert(primary);
            Ok(faulty)
        }
        FaultKind::MaliciousCommander => pick(name, plan, Some(primary), voters),
        _ => pick(name, plan, None, part.iter().copied()),
    }
}
