//! A short journal: the records that lead to where a replica is now, instead of all that led it there.

use super::fetch::pieces;
use crate::actor::{Counter, Keys};
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::traits::SecureBroadcastAlgorithm;

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// The shortest journal from which [`restore`](Self::restore) makes this replica again: the chain, the snapshot of
    /// our last checkpoint, what was delivered since, and everything that binds us.
    ///
    /// Write it to a file of its own, sync it, and only then put it in the place of the old one; what was persisted
    /// before this call need not be kept, what is persisted after it is appended to the new one. A good time is
    /// [`Effect::Checkpoint`](super::super::Effect::Checkpoint). Empty if nothing was ever persisted.
    #[must_use]
    pub fn compact_journal(&self) -> Vec<Record> {
        let mut records = Vec::new();
        if !self.signer.is_reserved() {
            return records;
        }
        records.push(Record::Identity {
            network: *self.signer.network(),
            actor: self.actor(),
        });
        self.compact_chain(&mut records);
        if let Some(base) = &self.checkpoints.base {
            records.extend(pieces(base));
            records.push(Record::Installed(Box::new(base.checkpoint.clone())));
        }
        let covered = self
            .checkpoints
            .base
            .as_ref()
            .map(|base| base.checkpoint.clock());
        let beyond = self.ledger.log().iter().filter(|logged| {
            let seat = logged.certificate.header.source;
            covered.is_none_or(|covered| logged.last > covered.get(seat))
        });
        records.extend(beyond.map(|logged| Record::Delivered {
            certificate: logged.certificate.clone(),
            source_echo: logged.source_echo,
            ops: Some(logged.ops.clone()),
        }));
        self.compact_tracks(&mut records);
        if self
            .checkpoints
            .pledge
            .iter()
            .any(|(_, counter)| counter > Counter::ZERO)
        {
            records.push(Record::Attested(self.checkpoints.pledge.clone()));
        }
        if let Some(flight) = &self.source.flight {
            records.push(Record::Own {
                generation: flight.generation,
                header: flight.header.clone(),
                echo: flight.echo,
                ops: flight.ops.clone(),
            });
        }
        let evidence = self.evidence.values().cloned().map(Box::new);
        records.extend(evidence.map(Record::Evidence));
        self.compact_decision(&mut records);
        records.extend(self.signer.halted().map(Record::Halted));
        records
    }

    /// What we are bound to of every source, and what is certified ahead of its delivery.
    fn compact_tracks(&self, records: &mut Vec<Record>) {
        for (_, track) in self.slots.iter() {
            for open in &track.open {
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
            let inherited = track.open.iter().filter(|open| open.echoed.is_none());
            records.extend(inherited.map(|open| Record::Inherited {
                open: Box::new(open.signed()),
                vouched: open.vouched,
            }));
            records.extend(track.ahead.values().map(|certified| Record::Certified {
                certificate: certified.certificate.clone(),
                ops: certified.ops.as_ref().map(|(ops, _)| ops.clone()),
            }));
        }
    }
}
