//! Traces written by hand: small stories with every feature a chart has.

use bft_crdts::net::trace::{PacketOutcome, Trace, TraceEvent, TraceKind, TraceNode};
use bft_crdts::net::{NodeId, VirtualTime};

/// A trace under construction.
pub(crate) struct Example {
    pub(crate) trace: Trace,
    now: VirtualTime,
    step: u64,
    messages: u64,
}

impl Example {
    pub(crate) fn new(title: &str, seed: u64, nodes: &[(&str, &str, bool)]) -> Self {
        let nodes = nodes
            .iter()
            .map(|(name, role, correct)| TraceNode {
                name: (*name).to_owned(),
                role: (*role).to_owned(),
                correct: *correct,
            })
            .collect();
        let trace = Trace {
            title: title.to_owned(),
            scenario: format!("{title} (by hand)"),
            seed,
            nodes,
            events: Vec::new(),
        };
        Self {
            trace,
            now: VirtualTime::ZERO,
            step: 0,
            messages: 0,
        }
    }

    /// Lets time pass until `micros` after the start.
    pub(crate) fn at(&mut self, micros: u64) -> &mut Self {
        self.now = VirtualTime::from_micros(micros);
        self.step += 1;
        self
    }

    pub(crate) fn push(&mut self, kind: TraceKind) -> &mut Self {
        self.trace.events.push(TraceEvent {
            at: self.now,
            step: self.step,
            kind,
        });
        self
    }

    pub(crate) fn copy(
        &mut self,
        from: u16,
        to: u16,
        kind: &'static str,
        label: &str,
        duplicate: bool,
    ) -> u64 {
        self.messages += 1;
        let (message, bytes) = (self.messages, 180);
        let (from, to, label) = (
            NodeId::new(from),
            NodeId::new(to),
            format!("{kind} {label}"),
        );
        self.push(TraceKind::Sent {
            message,
            from,
            to,
            kind,
            label,
            bytes,
            duplicate,
        });
        message
    }

    pub(crate) fn send(&mut self, from: u16, to: u16, kind: &'static str, label: &str) -> u64 {
        self.copy(from, to, kind, label, false)
    }

    /// Sends to everybody else; the numbers of the packets in the order of the receivers.
    pub(crate) fn send_all(&mut self, from: u16, kind: &'static str, label: &str) -> Vec<u64> {
        let all = u16::try_from(self.trace.nodes.len()).expect("a scene has few nodes");
        (0..all)
            .filter(|to| *to != from)
            .map(|to| self.send(from, to, kind, label))
            .collect()
    }

    pub(crate) fn arrives(&mut self, message: u64, outcome: PacketOutcome) -> &mut Self {
        self.push(TraceKind::Arrived { message, outcome })
    }

    pub(crate) fn taken(&mut self, message: u64) -> &mut Self {
        self.arrives(message, PacketOutcome::Accepted)
    }

    pub(crate) fn lost(&mut self, message: u64, reason: &str) -> &mut Self {
        self.push(TraceKind::Lost {
            message,
            reason: reason.to_owned(),
        })
    }

    pub(crate) fn delivered(&mut self, node: u16, label: &str) -> &mut Self {
        self.push(TraceKind::Delivered {
            node: NodeId::new(node),
            label: label.to_owned(),
        })
    }

    pub(crate) fn state(&mut self, node: u16, label: &str) -> &mut Self {
        self.push(TraceKind::State {
            node: NodeId::new(node),
            label: label.to_owned(),
        })
    }

    pub(crate) fn note(&mut self, node: u16, label: &str) -> &mut Self {
        self.push(TraceKind::Note {
            node: NodeId::new(node),
            label: label.to_owned(),
        })
    }

    pub(crate) fn local(&mut self, node: u16, label: &str) -> &mut Self {
        self.push(TraceKind::Local {
            node: NodeId::new(node),
            label: label.to_owned(),
        })
    }

    pub(crate) fn divider(&mut self, label: &str) -> &mut Self {
        self.push(TraceKind::Divider {
            label: label.to_owned(),
        })
    }

    pub(crate) fn band(&mut self, label: &str) -> &mut Self {
        self.push(TraceKind::Band {
            label: label.to_owned(),
        })
    }
}

const FOUR: [(&str, &str, bool); 4] = [
    ("A", "member", true),
    ("B", "member", true),
    ("C", "member", true),
    ("D", "member", true),
];

/// One payment among four, nobody faulty.
pub(crate) fn payment() -> Trace {
    let mut s = Example::new("payment", 7, &FOUR);
    s.at(0).local(0, "pay B 5");
    let requests = s.send_all(0, "request", "A#1 pay B 5");
    let mut echoes = Vec::new();
    for (place, (request, node)) in requests.iter().zip(1..).enumerate() {
        s.at(11_000 + 4_100 * place as u64).taken(*request);
        echoes.push(s.send(node, 0, "echo", "A#1"));
    }
    s.at(24_500).taken(echoes[0]);
    s.at(29_800)
        .taken(echoes[1])
        .delivered(0, "A#1 pay B 5")
        .state(0, "A 95 B 105 C 100 D 100");
    let proofs = s.send_all(0, "proof", "A#1");
    s.at(36_000).taken(echoes[2]);
    for (place, (proof, node)) in proofs.iter().zip(1..).enumerate() {
        s.at(41_000 + 3_700 * place as u64)
            .taken(*proof)
            .delivered(node, "A#1 pay B 5");
        s.state(node, "A 95 B 105 C 100 D 100");
    }
    s.trace
}

/// The same slot, two payments: two of three peers are told one thing, the third another.
pub(crate) fn double_spend() -> Trace {
    let nodes = [
        ("alice", "equivocator", false),
        ("bob", "member", true),
        ("carol", "member", true),
        ("dave", "member", true),
    ];
    let mut s = Example::new("double_spend", 1, &nodes);
    s.at(0).note(0, "signs two payments for slot 1");
    let to_bob = s.send(0, 1, "request", "alice#1 pay bob 100");
    let to_carol = s.send(0, 2, "request", "alice#1 pay bob 100");
    let to_dave = s.send(0, 3, "request", "alice#1 pay dave 100");
    s.at(10_200).taken(to_bob);
    let one = s.send(1, 0, "echo", "alice#1 3f2a");
    s.at(12_000).taken(to_dave);
    let other = s.send(3, 0, "echo", "alice#1 90c1");
    s.at(14_700).taken(to_carol);
    let two = s.send(2, 0, "echo", "alice#1 3f2a");
    s.at(20_000).taken(one);
    s.at(23_100).taken(other);
    s.at(26_000).taken(two);
    let proofs = s.send_all(0, "proof", "alice#1 3f2a");
    s.at(34_000)
        .taken(proofs[0])
        .delivered(1, "alice#1 pay bob 100")
        .state(1, "alice 0 bob 200");
    s.at(36_500)
        .taken(proofs[2])
        .note(3, "evidence against alice");
    let pull = s.send(3, 1, "pull", "alice#1");
    let evidence = s.send_all(3, "evidence", "alice#1");
    s.at(37_200)
        .taken(proofs[1])
        .delivered(2, "alice#1 pay bob 100")
        .state(2, "alice 0 bob 200");
    s.at(45_000)
        .taken(evidence[1])
        .note(1, "evidence against alice");
    s.at(47_000).taken(pull);
    let answer = s.send(1, 3, "proof", "alice#1 3f2a");
    s.at(47_300).arrives(
        evidence[0],
        PacketOutcome::Rejected("not addressed to a fool".to_owned()),
    );
    s.at(49_000)
        .taken(evidence[2])
        .note(2, "evidence against alice");
    s.at(58_000)
        .taken(answer)
        .delivered(3, "alice#1 pay bob 100")
        .state(3, "alice 0 bob 200");
    s.trace
}

/// Loss, duplicates, a crash and restart, a partition, rejections, an outsider, packets in flight at the end.
pub(crate) fn stormy() -> Trace {
    let mut nodes = FOUR.to_vec();
    nodes.push(("X", "outsider", false));
    let mut s = Example::new("stormy", 42, &nodes);
    s.at(0).local(0, "pay B 5");
    let requests: Vec<u64> = (1..4)
        .map(|to| s.send(0, to, "request", "A#1 pay B 5"))
        .collect();
    s.lost(requests[2], "loss");
    let copy = s.copy(0, 1, "request", "A#1 pay B 5", true);
    s.at(9_000).taken(requests[0]);
    let echo_b = s.send(1, 0, "echo", "A#1");
    s.at(10_000).taken(requests[1]);
    let echo_c = s.send(2, 0, "echo", "A#1");
    let fake = s.send(4, 0, "echo", "A#1");
    s.at(13_000).arrives(copy, PacketOutcome::Duplicate);
    s.at(16_000).note(2, "crash");
    s.at(19_000).arrives(
        fake,
        PacketOutcome::Rejected("not a member of generation 0".to_owned()),
    );
    s.at(19_000).taken(echo_b);
    s.at(21_000)
        .taken(echo_c)
        .delivered(0, "A#1 pay B 5")
        .state(0, "A 95 B 105");
    let proofs: Vec<u64> = (1..4).map(|to| s.send(0, to, "proof", "A#1")).collect();
    s.at(29_000)
        .taken(proofs[0])
        .delivered(1, "A#1 pay B 5")
        .state(1, "A 95 B 105");
    s.at(30_000).lost(proofs[1], "receiver down");
    s.at(33_000).arrives(proofs[2], PacketOutcome::Parked);
    s.at(400_000).divider("partition: A B | C D");
    s.note(2, "restart: 3 records");
    s.at(500_000);
    let summaries = s.send_all(1, "summary", "A 1, B 0");
    s.lost(summaries[1], "partition")
        .lost(summaries[2], "partition");
    s.at(512_000).arrives(summaries[0], PacketOutcome::Accepted);
    s.at(520_000).divider("healed");
    s.at(1_000_000);
    let pull = s.send(2, 1, "pull", "A from 1");
    s.at(1_014_000).taken(pull);
    let answer = s.send(1, 2, "proof", "A#1");
    s.at(1_025_000)
        .taken(answer)
        .delivered(2, "A#1 pay B 5")
        .state(2, "A 95 B 105");
    let refusal = s.send(2, 0, "refusal", "A#2: overdraft");
    s.at(1_036_000).taken(refusal);
    s.band("generation 1: A B C D");
    s.at(1_040_000);
    s.send_all(0, "summary", "A 1, B 0");
    s.trace
}

/// All of them.
pub(crate) fn all() -> [Trace; 3] {
    [payment(), double_spend(), stormy()]
}

/// A run that looks like a real one: nodes broadcast, the others answer, packets take any time and some get
/// lost. Every bit of it comes from `seed`.
pub(crate) fn random(seed: u64) -> Trace {
    let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
    let mut draw = move |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let nodes = 2 + u16::try_from(draw(5)).expect("few nodes");
    let names: Vec<String> = (0..nodes).map(|node| format!("m{node}")).collect();
    let names: Vec<(&str, &str, bool)> = names
        .iter()
        .map(|name| (name.as_str(), "member", true))
        .collect();
    let mut s = Example::new("random", seed, &names);
    // What is still to happen: when, in which order it was planned, and to which packet or node.
    let mut plan = std::collections::BTreeMap::new();
    let spread = [10, 1_000, 50_000][usize::try_from(draw(3)).expect("a small number")];
    for number in 0..1 + draw(4) {
        let source = u16::try_from(draw(u64::from(nodes))).expect("a node");
        plan.insert((draw(spread), number), (None, source));
    }
    let mut planned = 100;
    while let Some(((now, _), (packet, node))) = plan.pop_first() {
        s.at(now);
        let (kind, to): (&'static str, Vec<u16>) = match packet {
            None => ("request", (0..nodes).filter(|to| *to != node).collect()),
            Some((message, from, kind)) => {
                s.taken(message);
                match kind {
                    "request" => ("echo", vec![from]),
                    "echo" if draw(2) == 0 => {
                        ("proof", (0..nodes).filter(|to| *to != node).collect())
                    }
                    "proof" if draw(4) > 0 => {
                        s.delivered(node, "x").state(node, "y");
                        continue;
                    }
                    _ => continue,
                }
            }
        };
        for to in to {
            let message = s.send(node, to, kind, "x");
            if draw(8) == 0 {
                s.lost(message, "loss");
            } else {
                plan.insert(
                    (now + 1 + draw(spread), planned),
                    (Some((message, node, kind)), to),
                );
            }
            planned += 1;
        }
        if planned > 400 {
            break;
        }
    }
    s.trace
}
