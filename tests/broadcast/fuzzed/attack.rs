//! Three correct replicas, one adversary with a key, one stranger without: whatever the script says they do.
//!
//! `run` is what `fuzz/fuzz_targets/handle.rs` calls, what `tests/broadcast/corpus_replay.rs` replays and what a
//! property draws at random. It panics if the correct replicas ever break a promise: if a rejected packet changes
//! anything (the wire looks), if two of them deliver different messages in one slot, if an innocent is convicted, if a
//! journal leads somewhere else, if money appears, or if an honest payment is not delivered in the end.

use bft_crdts::bank::{self, Bank, Ledger};
use bft_crdts::codec::{decode, encode};
use bft_crdts::deterministic_secure_broadcast::evidence::SignedHeader;
use bft_crdts::deterministic_secure_broadcast::packet::{Compare, Proof, Refusal};
use bft_crdts::deterministic_secure_broadcast::{Effect, Header};
use bft_crdts::{
    Actor, Bytes, Certificate, Counter, Digest, Dot, Evidence, Generation, PacketKind, Payload,
    Seat, SigningActor,
};

use super::script::Script;
use crate::wire::{Cheap, Envelope, RecvError, Wire, clock_of, vouch};

const MEMBERS: usize = 4;
const ADVERSARY: usize = 3;
const EACH: u64 = 10;

/// No script goes on for ever.
const MAX_ACTIONS: usize = 400;

/// What came to pass, so that a test can show that scripts mean something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Packets handed to correct replicas that were taken.
    pub(crate) taken: usize,
    /// … and that were rejected.
    pub(crate) rejected: usize,
    /// … and that were no packets.
    pub(crate) undecodable: usize,
    /// Messages of correct members delivered.
    pub(crate) honest: usize,
    /// Messages of the adversary delivered.
    pub(crate) forged: usize,
    /// Whether the adversary was convicted.
    pub(crate) convicted: usize,
    /// Restarts of correct replicas.
    pub(crate) restarts: usize,
}

struct Attack<'s> {
    wire: Wire<Bank, Cheap>,
    script: Script<'s>,
    /// Messages the adversary has made up, good and bad.
    made: Vec<(Header, Bytes)>,
    /// What correct replicas have told the adversary.
    heard: Vec<Envelope>,
    tally: Tally,
}

/// Plays the script to its end, heals the network, and holds the replicas to their promises.
pub(crate) fn run(script: &[u8]) -> Tally {
    let keys: Vec<_> = (1..=MEMBERS as u8)
        .map(|tag| SigningActor::from_secret(Actor::from_bytes([tag; 32])))
        .collect();
    let accounts = keys
        .iter()
        .map(|key: &SigningActor<Cheap>| (key.actor(), EACH));
    let ledger = Ledger::genesis(accounts, []).expect("a sound ledger");
    let mut wire = Wire::new("attack", bank::ALGORITHM, keys, ledger);
    wire.silence(ADVERSARY);
    let mut attack = Attack {
        wire,
        script: Script::new(script),
        made: Vec::new(),
        heard: Vec::new(),
        tally: Tally::default(),
    };
    for _ in 0..MAX_ACTIONS {
        if attack.script.is_over() {
            break;
        }
        attack.act();
    }
    attack.finish()
}

impl Attack<'_> {
    fn act(&mut self) {
        match self.script.byte() % 32 {
            0..=3 => self.pay(),
            4..=14 => (0..=self.script.below(4)).for_each(|_| self.arrive()),
            15 => drop(self.pick_letter()),
            16 => {
                let place = self.script.below(self.wire.flying.len());
                let copy = self.wire.flying.get(place).cloned();
                self.wire.flying.extend(copy);
            }
            17 | 18 => {
                let seat = self.correct();
                if self.is_up(seat) {
                    self.wire.tick(seat);
                }
            }
            19 | 20 => self.make(),
            21 | 22 => self.request(),
            23 | 24 => self.prove(),
            25 => self.vouch(),
            26 => self.tamper(),
            27 => self.claim(),
            28 => self.accuse(),
            29 => self.babble(),
            30 => self.cut_power(),
            _ => {
                let seat = self.correct();
                self.wire.silence(seat);
                self.wire.restart(seat);
                self.tally.restarts += 1;
            }
        }
    }

    fn correct(&mut self) -> usize {
        self.script.below(ADVERSARY)
    }

    fn is_up(&self, seat: usize) -> bool {
        self.wire.nodes[seat].machine.is_some()
    }

    fn adversary(&self) -> Actor {
        self.wire.actor(ADVERSARY)
    }

    /// A correct member pays somebody, with money it may or may not have.
    fn pay(&mut self) {
        let (seat, to) = (self.correct(), self.script.below(MEMBERS));
        let amount = self.script.number();
        if !self.is_up(seat) {
            return;
        }
        let (from, to) = (self.wire.actor(seat), self.wire.actor(to));
        let bank = self.wire.machine(seat).algorithm();
        let op = bank.transfer(&from, to, amount);
        let op = op.unwrap_or_else(|_| Bank::transfer_citing(to, amount, Default::default()));
        self.wire.submit(seat, [op]);
    }

    fn pick_letter(&mut self) -> Option<Envelope> {
        let place = self.script.below(self.wire.flying.len());
        self.wire.flying.remove(place)
    }

    fn arrive(&mut self) {
        let Some(envelope) = self.pick_letter() else {
            return;
        };
        self.give(&envelope);
    }

    fn give(&mut self, envelope: &Envelope) {
        match self.wire.seat_of(&envelope.to) {
            Some(ADVERSARY) => self.heard.push(envelope.clone()),
            Some(seat) => self.hand(seat, envelope.from, &envelope.bytes),
            None => {}
        }
    }

    fn hand(&mut self, seat: usize, from: Actor, bytes: &[u8]) {
        if self.is_up(seat) {
            match self.wire.hand(seat, from, bytes) {
                Ok(()) => self.tally.taken += 1,
                Err(RecvError::Rejected(_)) => self.tally.rejected += 1,
                Err(RecvError::Undecodable(_)) => self.tally.undecodable += 1,
            }
        }
    }

    /// To the members the next byte names.
    fn say(&mut self, payload: &Payload) {
        let (bytes, mask) = (encode(payload), self.script.byte());
        for seat in 0..ADVERSARY {
            if mask & 7 == 0 || mask & (1 << seat) != 0 {
                let adversary = self.adversary();
                self.hand(seat, adversary, &bytes);
            }
        }
    }

    /// The adversary makes up a message, next in its chain or anywhere.
    fn make(&mut self) {
        let choice = self.script.byte();
        let last = self
            .made
            .len()
            .checked_sub(1 + self.script.below(self.made.len()));
        let previous = last.map(|last| self.made[last].0.clone());
        let previous = previous.filter(|_| choice & 1 != 0);
        let next = previous
            .as_ref()
            .and_then(|header| header.last()?.next())
            .unwrap_or(Counter::FIRST);
        let ops: Vec<_> = (0..=self.script.below(6) / 3).map(|_| self.op()).collect();
        let (mut header, ops) = self
            .wire
            .message(ADVERSARY, next.get(), previous.as_ref(), &ops);
        if choice & 6 == 6 {
            let seat = Seat::new(self.script.below(MEMBERS + 1) as u16);
            let counter = Counter::new(self.script.number());
            header.causes.push((seat, counter));
        }
        match choice >> 4 {
            0 => header.first = Counter::new(self.script.number()),
            1 => header.len = self.script.number() as u32,
            2 => header.source = Seat::new(self.script.below(MEMBERS + 1) as u16),
            3 => header.ops = Digest::of(b"other operations"),
            4 => header.causes.push((Seat::new(0), Counter::FIRST)),
            _ => {}
        }
        self.made.push((header, ops));
    }

    fn op(&mut self) -> bank::Op {
        let to = self.wire.actor(self.script.below(MEMBERS));
        let amount = self.script.number();
        let count = self.script.below(12).saturating_sub(9);
        let cause = |_| {
            let actor = self.wire.actor(self.script.below(MEMBERS));
            Dot::new(actor, Counter::new(self.script.number()))
        };
        let causes = (0..count).map(cause).collect();
        match self.script.byte() {
            0..=7 => bank::Op::Issue { to, amount },
            8..=127 => Bank::transfer_citing(to, amount % 5, causes),
            _ => Bank::transfer_citing(to, amount, causes),
        }
    }

    fn made(&mut self) -> Option<(Header, Bytes)> {
        let place = self.script.below(self.made.len());
        self.made.get(place).cloned()
    }

    fn request(&mut self) {
        let Some(message) = self.made() else { return };
        let network = self.wire.network();
        let request = crate::wire::request(self.wire.key(ADVERSARY), &network, &message);
        self.say(&Payload::Request(request));
    }

    /// The adversary shows what it can prove with the echoes it has heard, enough or not.
    fn prove(&mut self) {
        let Some(message) = self.made() else { return };
        let network = self.wire.network();
        let digest = message.0.digest(&network);
        let mut signers = vec![ADVERSARY];
        for envelope in &self.heard {
            if let Ok(Payload::Echo(echo)) = decode(&envelope.bytes)
                && echo.header == digest
                && let Some(seat) = self.wire.seat_of(&envelope.from)
            {
                signers.push(seat);
            }
        }
        signers.sort_unstable();
        signers.dedup();
        let mut proof = self.wire.certificate(&message.0, &signers);
        let choice = self.script.byte();
        if choice & 0x80 != 0 {
            // One more, whose echo it never got.
            let seat = self.script.below(MEMBERS);
            let sig = vouch(self.wire.key(ADVERSARY), &network, &message.0);
            if !signers.contains(&seat) {
                proof
                    .signers
                    .insert(bft_crdts::MemberIndex::new(seat as u16));
                let place = signers.partition_point(|signer| *signer < seat);
                proof.signatures.insert(place, sig);
            }
        }
        let ops = (choice & 1 != 0).then_some(message.1);
        let certificate = proof;
        self.say(&Payload::Proof(Proof { certificate, ops }));
    }

    /// The adversary answers a request it has heard, as it should or for something else.
    fn vouch(&mut self) {
        let requests = self
            .heard
            .iter()
            .filter_map(|envelope| match envelope.payload() {
                Payload::Request(request) => Some(request.header),
                _ => None,
            });
        let headers: Vec<_> = requests
            .chain(self.made.iter().map(|made| made.0.clone()))
            .collect();
        let Some(header) = headers.get(self.script.below(headers.len())) else {
            return;
        };
        let echo = self.wire.echo(ADVERSARY, header);
        self.say(&Payload::Echo(echo));
    }

    /// Somebody's packet with a byte or two of it changed, from the adversary or the stranger.
    fn tamper(&mut self) {
        let place = self.script.byte() as usize | ((self.script.byte() as usize) << 8);
        let Some(place) = place.checked_rem(self.wire.history.len()) else {
            return;
        };
        let mut bytes = self.wire.history[place].bytes.to_vec();
        for _ in 0..self.script.below(3) {
            let at = self.script.byte() as usize | ((self.script.byte() as usize) << 8);
            let at = at % bytes.len();
            bytes[at] ^= self.script.byte();
        }
        let seat = self.correct();
        let from = match self.script.byte() {
            0..=63 => Actor::from_bytes([9; 32]),
            _ => self.adversary(),
        };
        self.hand(seat, from, &bytes);
    }

    /// Packets without a signature: the adversary says what it likes.
    fn claim(&mut self) {
        let entries = match self.script.byte() {
            253 => return self.compare(),
            254 => MEMBERS - 1,
            255 => MEMBERS + 1,
            _ => MEMBERS,
        };
        let counters: Vec<_> = (0..entries).map(|_| self.script.number()).collect();
        let clock = clock_of(&counters);
        let payload = match self.script.below(3) {
            0 => {
                let mut summary = self.wire.summary(&[0; MEMBERS]);
                summary.clock = clock;
                summary.state = match self.script.byte() {
                    0..=63 => Some(Digest::of(b"another state")),
                    _ => None,
                };
                Payload::Summary(summary)
            }
            1 => {
                let mut pull = self.wire.pull(&[0; MEMBERS]);
                pull.clock = clock;
                Payload::Pull(pull)
            }
            _ => {
                let heard = self
                    .heard
                    .iter()
                    .filter_map(|envelope| match envelope.payload() {
                        Payload::Request(request) => Some(request.header),
                        _ => None,
                    });
                let headers: Vec<_> = heard.collect();
                let Some(header) = headers.get(self.script.below(headers.len())) else {
                    return;
                };
                Payload::Refusal(Refusal {
                    first: header.first,
                    header: header.digest(&self.wire.network()),
                    index: self.script.number() as u32,
                    reason: self.script.text(),
                })
            }
        };
        self.say(&payload);
    }

    /// Headers it has heard of, or none, wherever it likes.
    fn compare(&mut self) {
        let network = self.wire.network();
        let heard = self
            .heard
            .iter()
            .filter_map(|envelope| match envelope.payload() {
                Payload::Request(request) => Some(request.header.digest(&network)),
                _ => None,
            });
        let mut digests: Vec<_> = heard.collect();
        digests.push(Digest::of(b"no header"));
        let mut headers = Vec::new();
        for _ in 0..self.script.below(8) {
            let seat = Seat::new(self.script.below(MEMBERS + 1) as u16);
            let digest = digests[self.script.below(digests.len())];
            headers.push((seat, self.script.number(), digest));
        }
        headers.sort_unstable();
        self.say(&Payload::Compare(Compare {
            generation: Generation::GENESIS,
            headers,
        }));
    }

    /// Evidence against anybody, made of what the adversary has or can sign.
    fn accuse(&mut self) {
        let network = self.wire.network();
        let mut signed = Vec::new();
        for _ in 0..2 {
            let Some((header, _)) = self.made() else {
                return;
            };
            signed.push(SignedHeader {
                generation: Generation::GENESIS,
                sig: vouch(self.wire.key(ADVERSARY), &network, &header),
                header,
            });
        }
        let culprit = self.wire.actor(self.script.below(MEMBERS));
        let (Some(other), Some(one)) = (signed.pop(), signed.pop()) else {
            return;
        };
        let evidence = Evidence::headers(&network, culprit, one, other);
        self.say(&Payload::Evidence(Box::new(evidence)));
    }

    /// Bytes that are perhaps no packet at all.
    fn babble(&mut self) {
        let seat = self.correct();
        let length = usize::from(self.script.byte());
        let bytes = self.script.take(length);
        let adversary = self.adversary();
        self.hand(seat, adversary, bytes);
    }

    /// The power of a correct replica goes after a few more effects. It counts as correct because its disk is kept.
    fn cut_power(&mut self) {
        let seat = self.correct();
        let after = self.script.below(8);
        let node = &mut self.wire.nodes[seat];
        node.dies_after = Some(node.effects + after);
    }

    fn finish(mut self) -> Tally {
        for seat in 0..ADVERSARY {
            self.wire.nodes[seat].dies_after = None;
            if !self.is_up(seat) {
                self.wire.restart(seat);
            }
        }
        self.wire
            .heal_with(|why| crate::wire::harmless(why) || is_lie(why));
        self.wire.assert_agreement(&[ADVERSARY]);
        for seat in 0..ADVERSARY {
            let (machine, node) = (self.wire.machine(seat), &self.wire.nodes[seat]);
            assert_eq!(machine.halted(), None, "nobody uses its key");
            assert_eq!(machine.algorithm().supply(), EACH * MEMBERS as u64);
            for effect in &node.told {
                if let Effect::Diverged { member } = effect {
                    assert_eq!(*member, self.adversary(), "correct replicas agree");
                }
            }
        }
        self.assert_signed_once();
        let all = self.wire.machine(0).log().count();
        let adversary =
            |(certificate, _): &(&Certificate, _)| certificate.header.source.get() == ADVERSARY;
        let forged = self.wire.machine(0).log().filter(adversary).count();
        Tally {
            honest: all - forged,
            forged,
            convicted: self.wire.machine(0).evidence().count(),
            ..self.tally
        }
    }

    /// Over all its lives, a correct replica has signed one header for each slot.
    fn assert_signed_once(&self) {
        let network = self.wire.network();
        let mut signed = std::collections::BTreeMap::new();
        for envelope in &self.wire.history {
            let (slot, digest) = match envelope.payload() {
                Payload::Request(request) => (
                    (envelope.from, envelope.from, request.header.first),
                    request.header.digest(&network),
                ),
                Payload::Echo(echo) => ((envelope.from, envelope.to, echo.first), echo.header),
                _ => continue,
            };
            let known = *signed.entry(slot).or_insert(digest);
            assert_eq!(known, digest, "two signatures in {slot:?}");
        }
        assert!(
            self.wire
                .history
                .iter()
                .all(|envelope| envelope.kind() != PacketKind::Request
                    || envelope.from != self.adversary())
        );
    }
}

/// What a correct replica may answer another one that passes on, in good faith, what the adversary made.
fn is_lie(why: &RecvError) -> bool {
    use bft_crdts::Rejection;
    matches!(why, RecvError::Rejected(Rejection::SlotTaken))
}
