//! The journal and the state, one table read in two directions: which part loads a record, and which part writes it into a
//! short journal.
//!
//! | record | loaded by | in a short journal |
//! | --- | --- | --- |
//! | `Identity` | [`open`](SecureBroadcast::open), as the first and no other | never: `Compacted` stands for it |
//! | `Compacted` | [`open`](SecureBroadcast::open), as the first and no other | as the first |
//! | `Decided` | chain | every link |
//! | `Resumed` | chain, reconfiguration | in place of every `Activated` |
//! | `Seal` | reconfiguration | those that count |
//! | `Snapshot`, `Installed` | checkpoints, ledger, slots, source | the base, also in place of `Checkpoint` |
//! | `Delivered` | ledger, slots, source | what the base does not cover |
//! | `Open`, `Inherited`, `Certified` | slots | per source |
//! | `Attested` | checkpoints | the attestation floor |
//! | `Own` | source | the message in flight |
//! | `Evidence` | convictions | one for each culprit |
//! | `Joining`, `Wanted`, `Approved`, `Announced` | reconfiguration | what holds now |
//! | `Entered`, `Locked`, `Proposed`, `Voted`, `TimedOut` | reconfiguration | those of the attempt we are in |
//! | `Halted` | signer | if we have stopped |
//! | `Checkpoint` | checkpoints, ledger | never: the base stands for it |
//! | `Activated` | reconfiguration | never: `Resumed` stands for it |
//!
//! A replica trusts its own journal. What loads records is [`UnsignedParts`]: it has no signer and no effects, so it can
//! neither sign nor send, it verifies nothing that was verified before the record was written, and it convicts nobody: what
//! a replica has concluded is in the journal, too. Beside it there are only `Halted`, which is the signer's own, and
//! `Resumed` and `Activated`, which make room in every part; what loads them is given no effects either. One thing was not
//! verified before: what the seals of others show is believed only as far as it is signed, and that is looked at when a
//! generation is activated, live and from the journal alike.

use super::SecureBroadcast;
use super::checkpoints::{Base, Pieces};
use super::delivery::pair_with_ops;
use super::error::OpenError;
use super::header::Header;
use super::journal::Record;
use super::packet::Proof;
use super::parts::UnsignedParts;
use super::rules::Rules;
use super::slots::{Echoed, Open};
use super::source::Flight;
use super::wire::checkpoint::Checkpoint;
use crate::actor::{Keys, Sig};
use crate::codec::{self, Bytes};
use crate::membership::Generation;
use crate::traits::SecureBroadcastAlgorithm;

/// Our own statement of a header, as a record has it.
struct OwnEcho {
    generation: Generation,
    header: Header,
    echo: Sig,
    ops: Bytes,
}

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// Loads the records behind the first, and takes the secret to where they stand.
    pub(super) fn load_journal(
        &mut self,
        first: &Record,
        records: impl Iterator<Item = Record>,
    ) -> Result<(), OpenError> {
        self.signer.load_reserved();
        let mut pieces = Pieces::default();
        let mut have = 0_u64;
        for (index, record) in (1..).zip(records) {
            self.load(record, &mut pieces)
                .ok_or(OpenError::Inconsistent(index))?;
            have = have.saturating_add(1);
        }
        if let Record::Compacted { records: need, .. } = *first
            && have < need
        {
            return Err(OpenError::Incomplete { have, need });
        }
        self.restore_key()
    }

    /// Loads one record; `None` if it does not follow from the ones before it.
    fn load(&mut self, record: Record, pieces: &mut Pieces) -> Option<()> {
        match record {
            Record::Halted(why) => self.signer.load_halted(why),
            Record::Activated { generation, seals } => self.load_activated(generation, &seals)?,
            Record::Resumed {
                generation,
                since,
                leaving,
            } => {
                self.chain.load(generation, since)?;
                self.grow(self.chain.members().seats());
                self.reconfiguration.load_resumed(generation, leaving);
            }
            record => self.unsigned().load::<R>(record, pieces)?,
        }
        Some(())
    }

    /// The shortest journal from which [`open`](Self::open) makes this replica again: the chain, the snapshot of
    /// our last checkpoint, what was delivered since, and everything that binds us.
    ///
    /// Write it to a file of its own, sync it, and only then put it in the place of the old one; what was persisted
    /// before this call need not be kept, what is persisted after it is appended to the new one. A good time is
    /// [`Effect::Checkpoint`](super::Effect::Checkpoint). Empty if nothing was ever persisted.
    ///
    /// Its first record says how many follow, so that no part of it is taken for the whole.
    #[must_use]
    pub fn compact_journal(&self) -> Vec<Record> {
        let mut records = Vec::new();
        if !self.signer.is_reserved() {
            return records;
        }
        self.compact_chain(&mut records);
        let base = self.bases.base();
        records.extend(base.into_iter().flat_map(|base| base.records()));
        let covered = base.map(|base| base.checkpoint.clock());
        let beyond = self.ledger.log().iter().filter(|logged| {
            let seat = logged.certificate.header.source;
            covered.is_none_or(|covered| logged.last > covered.get(seat))
        });
        records.extend(beyond.map(|logged| Record::Delivered {
            certificate: logged.certificate.clone(),
            source_echo: logged.source_echo,
            ops: Some(logged.ops.clone()),
        }));
        self.compact_slots(&mut records);
        let floor = self.checkpoints.floor().cloned();
        records.extend(floor.map(Record::Attested));
        records.extend(self.source.flight.as_ref().map(|flight| Record::Own {
            generation: flight.generation,
            header: flight.header.clone(),
            echo: flight.echo,
            ops: flight.ops.clone(),
        }));
        let evidence = self.convictions.iter().cloned().map(Box::new);
        records.extend(evidence.map(Record::Evidence));
        self.compact_decision(&mut records);
        records.extend(self.signer.halted().map(Record::Halted));
        let first = Record::Compacted {
            network: *self.signer.network(),
            actor: self.actor(),
            records: records.len() as u64,
        };
        records.insert(0, first);
        records
    }

    /// What we are bound to of every source, and what is certified ahead of its delivery.
    fn compact_slots(&self, records: &mut Vec<Record>) {
        for (_, slot) in self.slots.iter() {
            for open in &slot.open {
                let (generation, source_echo) = open.source_echo;
                let header = open.header.clone();
                let Some(echoed) = &open.echoed else {
                    continue;
                };
                records.push(Record::Open {
                    generation,
                    header,
                    source_echo,
                    echo: echoed.echo.1,
                    ops: echoed.ops.clone(),
                });
            }
            let inherited = slot.open.iter().filter(|open| open.echoed.is_none());
            records.extend(inherited.map(|open| Record::Inherited {
                open: Box::new(open.signed()),
                vouched: open.vouched,
            }));
            records.extend(slot.ahead.values().map(|certified| Record::Certified {
                certificate: certified.certificate.clone(),
                ops: certified.ops.as_ref().map(|(ops, _)| ops.clone()),
            }));
        }
    }
}

impl<A: SecureBroadcastAlgorithm, K: Keys> UnsignedParts<'_, A, K> {
    /// Loads one record; `None` if it does not follow from the ones before it.
    fn load<R: Rules>(&mut self, record: Record, pieces: &mut Pieces) -> Option<()> {
        match record {
            // They are the business of those that know the signer, or make room in every part.
            Record::Identity { .. }
            | Record::Compacted { .. }
            | Record::Halted(_)
            | Record::Activated { .. }
            | Record::Resumed { .. } => None,
            Record::Own {
                generation,
                header,
                echo,
                ops,
            } => self.load_own(OwnEcho {
                generation,
                header,
                echo,
                ops,
            }),
            Record::Open {
                generation,
                header,
                source_echo,
                echo,
                ops,
            } => {
                let own = OwnEcho {
                    generation,
                    header,
                    echo,
                    ops,
                };
                self.load_open(own, source_echo)
            }
            Record::Inherited { open, vouched } => {
                let digest = open.header.digest(self.chain.generations.network());
                let slot = self.slots.get_mut(open.header.source)?;
                slot.open.push(Open::inherited(digest, *open, vouched));
                slot.open.sort_by_key(|open| open.digest);
                Some(())
            }
            Record::Certified { certificate, ops } => {
                self.load_certified(Proof { certificate, ops })
            }
            Record::Delivered {
                certificate,
                source_echo,
                ops,
            } => self.load_delivered::<R>(Proof { certificate, ops }, source_echo),
            Record::Evidence(evidence) => self.convictions.load(*evidence).map(|_| ()),
            Record::Checkpoint(checkpoint) => self.load_checkpoint(*checkpoint),
            Record::Attested(clock) => {
                self.checkpoints.raise_floor(&clock);
                Some(())
            }
            Record::Snapshot(piece) => pieces.add(*piece),
            Record::Installed(checkpoint) => {
                self.load_installed(*checkpoint, std::mem::take(pieces))
            }
            Record::Decided(link) => {
                let generations = &mut self.chain.generations;
                let next = link.follow(&generations.tip(), generations.newest()).ok()?;
                generations.append(*link, next);
                Some(())
            }
            record => self.reconfiguration.load(self.chain, record),
        }
    }

    /// Our message, in our open slot.
    fn load_own(&mut self, own: OwnEcho) -> Option<()> {
        let OwnEcho {
            generation,
            header,
            echo,
            ops,
        } = own;
        self.chain.seat().filter(|own| *own == header.source)?;
        if !self.ledger.is_next(&header) || generation > self.chain.active() {
            return None;
        }
        let decoded = codec::decode_sequence(header.len as usize, &ops).ok()?;
        let digest = header.digest(self.chain.generations.network());
        let (vote, ops) = ((generation, echo), (ops, decoded.into()));
        let flight = Flight::new(self.chain.own(), vote, (header, digest), ops, true);
        self.source.flight = Some(flight);
        Some(())
    }

    /// A header that we have echoed.
    fn load_open(&mut self, own: OwnEcho, source_echo: Sig) -> Option<()> {
        let OwnEcho {
            generation,
            header,
            echo,
            ops,
        } = own;
        let digest = header.digest(self.chain.generations.network());
        let decoded = codec::decode_sequence(header.len as usize, &ops).ok()?;
        if header.first <= self.ledger.delivered(header.source) {
            return None;
        }
        let slot = self.slots.get_mut(header.source)?;
        slot.open = vec![Open {
            header,
            digest,
            source_echo: (generation, source_echo),
            echoed: Some(Echoed {
                echo: (generation, echo),
                ops,
                decoded: decoded.into(),
                journaled: true,
            }),
            vouched: true,
        }];
        Some(())
    }

    /// A certificate ahead of its delivery.
    fn load_certified(&mut self, proof: Proof) -> Option<()> {
        let Proof { certificate, ops } = proof;
        let header = &certificate.header;
        self.slots.get(header.source)?;
        if header.first <= self.ledger.delivered(header.source) {
            return None;
        }
        let digest = header.digest(self.chain.generations.network());
        let parts = (&*self.chain, &*self.slots, &*self.source);
        let mut certified = pair_with_ops(parts, certificate, digest, ops);
        certified.journaled = certified.ops.is_some();
        self.slots.buffer(certified);
        Some(())
    }

    /// A message that was delivered.
    fn load_delivered<R: Rules>(
        &mut self,
        proof: Proof,
        source_echo: Option<(Generation, Sig)>,
    ) -> Option<()> {
        let Proof { certificate, ops } = proof;
        let (seat, first) = (certificate.header.source, certificate.header.first);
        if !self.ledger.may_deliver::<R>(&certificate.header) {
            return None;
        }
        let digest = certificate.header.digest(self.chain.generations.network());
        let source = self.chain.members().in_seat(seat).copied()?;
        let held = self.slots.get_mut(seat)?.ahead.remove(&first);
        let parts = (&*self.chain, &*self.slots, &*self.source);
        let mut certified = pair_with_ops(parts, certificate, digest, ops);
        certified.ops = certified.ops.or_else(|| held.and_then(|held| held.ops));
        self.ledger.deliver(source, certified.ready()?)?;
        self.ledger.load_source_echo(source_echo);
        self.drop_delivered(seat, self.ledger.delivered(seat));
        Some(())
    }

    /// A checkpoint that was adopted here.
    fn load_checkpoint(&mut self, checkpoint: Checkpoint) -> Option<()> {
        if !self.bases.is_news(&checkpoint) {
            return None;
        }
        let clock = checkpoint.clock();
        let relation = self.bases.relation(self.ledger, clock);
        let state = self
            .bases
            .state_at(self.ledger, self.chain, clock, relation);
        let (manifest, snapshot) = state.ok()?.into_parts();
        if manifest != checkpoint.manifest {
            return None;
        }
        // Its certificates were verified before the record was written.
        let tips = self.bases.tips_at(self.ledger, clock, |_| true)?;
        let base = Base::new(checkpoint, snapshot, tips)?;
        self.put_base(base);
        Some(())
    }

    /// A snapshot that was installed here.
    fn load_installed(&mut self, checkpoint: Checkpoint, pieces: Pieces) -> Option<()> {
        let installation = pieces.whole::<A>(checkpoint)?;
        if !self.bases.is_news(&installation.base.checkpoint) {
            return None;
        }
        self.put_snapshot(installation);
        Some(())
    }
}
