//! Beyond the assumptions, on purpose: `f` adversaries and one member that forgets what it signed (`docs/threats.md`, 49).

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{Bank, bank};
use bft_crdts::deterministic_secure_broadcast::Header;
use bft_crdts::deterministic_secure_broadcast::evidence::culprits;
use bft_crdts::deterministic_secure_broadcast::packet::{Proof, Request};
use bft_crdts::membership::Signers;
use bft_crdts::net::adversary::{Adversary, AdversaryContext};
use bft_crdts::net::{
    Crash, CrashPoint, Faults, NodeId, Partition, Property, Span, Tail, Task, VirtualTime, Wire,
};
use bft_crdts::{
    Actor, Bytes, Certificate, Counter, Digest, Generation, Keys, MemberIndex, Payload, Seat, Sig,
};

/// Asks two members for echoes of one payment, then, later, two members for echoes of another in the same slot, and
/// tells one member of each group what came of it.
#[derive(Debug)]
struct Patient {
    ticks: u32,
    versions: [Version; 2],
}

#[derive(Debug)]
struct Version {
    to: Actor,
    asked: [Actor; 2],
    told: Actor,
    echoes: BTreeMap<MemberIndex, Sig>,
}

impl Version {
    fn header<K: Keys>(&self, hands: &AdversaryContext<'_, Bank, K>) -> (Header, Bytes) {
        let op = Bank::transfer_citing(self.to, 100, BTreeSet::new());
        let ops = Bytes::from(bft_crdts::codec::encode_sequence(&[op]));
        let header = Header {
            source: hands.seat().unwrap(),
            first: Counter::FIRST,
            len: 1,
            previous: *hands.network().digest(),
            causes: Vec::new(),
            ops: Digest::of(&ops),
        };
        (header, ops)
    }
}

impl<K: Keys> Adversary<Bank, K> for Patient {
    fn role(&self) -> &'static str {
        "patient"
    }

    fn packet(
        &mut self,
        from: Actor,
        _: &Wire,
        payload: Option<&Payload>,
        hands: &mut AdversaryContext<'_, Bank, K>,
    ) {
        let (Some(Payload::Echo(echo)), Some(index)) = (payload, hands.members().index_of(&from))
        else {
            return;
        };
        for version in &mut self.versions {
            if version.header(hands).0.digest(&hands.network()) == echo.header {
                version.echoes.insert(index, echo.sig);
            }
        }
    }

    fn tick(&mut self, hands: &mut AdversaryContext<'_, Bank, K>) {
        self.ticks += 1;
        let version = &mut self.versions[usize::from(self.ticks > 16)];
        let (header, ops) = version.header(hands);
        let generation = Generation::GENESIS;
        let echo = hands.echo(generation, header.digest(&hands.network()));
        version.echoes.insert(hands.index().unwrap(), echo);
        if version.echoes.len() < hands.quorum() {
            let request = Payload::Request(Request {
                generation,
                header,
                echo,
                ops,
            });
            version
                .asked
                .iter()
                .for_each(|member| hands.send(*member, &request));
            return;
        }
        if self.ticks <= 6 {
            return;
        }
        let mut signers = Signers::none(hands.members().len());
        version
            .echoes
            .keys()
            .for_each(|index| signers.insert(*index));
        let signatures = version.echoes.values().copied().collect();
        let certificate = Certificate {
            generation,
            header,
            signers,
            signatures,
        };
        hands.send(
            version.told,
            &Payload::Proof(Proof {
                certificate,
                ops: Some(ops),
            }),
        );
    }
}

#[test]
fn f_adversaries_and_one_amnesiac_can_break_agreement_and_are_all_named() {
    let net = bank(4);
    let [a, b, c] = ["a", "b", "c"].map(|name| net.roster().actor(name).unwrap());
    let version = |to, asked, told| Version {
        to,
        asked,
        told,
        echoes: BTreeMap::new(),
    };
    let adversary = Patient {
        ticks: 0,
        versions: [version(a, [a, b], a), version(c, [b, c], c)],
    };
    let node = NodeId::new;
    let part = |group: &[u16], from, until| Partition {
        groups: vec![group.iter().copied().map(node).collect()],
        from: VirtualTime::from_millis(from),
        until: VirtualTime::from_millis(until),
    };
    let faults = Faults {
        // b forgets that it has echoed the first payment; a, which has delivered it, cannot remind
        // anybody.
        crashes: vec![Crash {
            node: node(1),
            when: CrashPoint::At(VirtualTime::from_millis(600)),
            tail: Tail::Wiped,
            down: Some(Span::from_millis(10)),
        }],
        partitions: vec![part(&[0, 3], 500, 1_500), part(&[0], 1_500, 4_000)],
        ..Faults::default()
    };
    let net = net
        .adversary("d", Box::new(adversary))
        .faults(faults)
        .workload([Task::drawn("c").at(VirtualTime::from_secs(5))]);
    let genesis_members: Vec<Actor> = {
        let mut actors: Vec<Actor> = net.roster().actors().collect();
        actors.sort();
        actors
    };
    let outcome = net.run_to_end(&mut |_| {}).unwrap();
    let report = &outcome.report;
    assert_eq!(report.faulty, 2, "one more than four members tolerate");
    assert!(
        report
            .violations
            .iter()
            .any(|violation| violation.property == Property::Agreement),
        "agreement is lost"
    );
    let accused = report
        .violations
        .iter()
        .any(|violation| violation.property == Property::Accusation);
    assert!(!accused, "no correct member is convicted");

    // Anybody who holds both certificates can name at least f + 1 = 2 culprits, offline.
    let seat = genesis_members.binary_search(&d()).unwrap();
    let seat = Seat::new(u16::try_from(seat).unwrap());
    let certificate = |name: &str| {
        let (_, replica) = outcome
            .replicas
            .iter()
            .find(|(known, _)| known == name)
            .unwrap();
        let mut log = replica.log().map(|(certificate, _)| certificate.clone());
        let found = log.find(|certificate| certificate.header.source == seat);
        (found.unwrap(), replica.generations().clone())
    };
    let (one, generations): (Certificate, _) = certificate("a");
    let (two, _) = certificate("c");
    assert_ne!(one.header, two.header);
    let named: BTreeSet<Actor> = culprits(&generations, &one, &two)
        .iter()
        .map(|found| found.culprit)
        .collect();
    assert_eq!(named, BTreeSet::from([b, d()]));
    // G12: nobody holds both certificates at first. The replicas notice that they fell apart, let the two meet, and
    // in the end every one of them that is correct holds the evidence.
    for (name, replica) in outcome
        .replicas
        .iter()
        .filter(|(name, _)| ["a", "c"].contains(&name.as_str()))
    {
        let held: BTreeSet<Actor> = replica.evidence().map(|held| held.culprit).collect();
        assert_eq!(held, named, "{name}");
    }
    let apart = |property| {
        report
            .violations
            .iter()
            .any(|violation| violation.property == property)
    };
    assert!(apart(Property::Convergence));
}

fn d() -> Actor {
    bft_crdts::net::Roster::<bft_crdts::net::FakeKeys>::stranger("d").actor()
}
