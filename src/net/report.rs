//! What a run came to.

use super::checker::Violation;
use super::details::Details;
use super::engine::End;
use super::schedule::{Fate, PacketId};
use super::sim_algorithm::SimAlgorithm;
use super::time::{Span, VirtualTime};
use super::trace::Trace;
use super::transcript::Transcript;
use crate::actor::Counter;
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::{Evidence, Halt, PacketKind};

use std::collections::BTreeMap;

/// What a run came to. Equal seeds and configurations give equal reports.
#[derive(Clone, Debug)]
pub struct Report<A: SimAlgorithm> {
    /// The seed.
    pub seed: u64,
    /// How many members there are at the start.
    pub members: usize,
    /// What made every generation after the first, such as `join bob`.
    pub changes: Vec<String>,
    /// Who is a member of the last generation that any correct replica has activated, by name.
    pub members_at_end: Vec<String>,
    /// How many of the first are adversaries, or otherwise not correct.
    pub faulty: usize,
    /// Operations handed to correct members, refused ones included.
    pub submitted: u64,
    /// Those delivered by all correct members.
    pub delivered: u64,
    /// Those refused before they were signed.
    pub refused: Vec<RefusedTask>,
    /// Broken promises; none in a network that keeps its assumptions.
    pub violations: Vec<Violation>,
    /// How many more there were than are written down.
    pub more_violations: u64,
    /// Whether all correct members ended with the same delivered clock and the same state.
    pub converged: bool,
    /// Who was convicted, one each.
    pub convictions: Vec<Conviction>,
    /// Who has stopped signing, and why.
    pub halted: Vec<(String, HaltReason)>,
    /// Packets put on the wire, lost and anti-entropy included.
    pub traffic: Traffic,
    /// Packets of adversaries that replicas rejected, those not counted that came late or a second time.
    pub rejected: u64,
    /// How long operations took.
    pub latency: Latency,
    /// What adversaries and faults did, and how often.
    pub sometimes: BTreeMap<&'static str, u64>,
    /// Everything that happened, if it was asked for.
    pub trace: Option<Trace>,
    /// What there is to know beyond the trace, if it was asked for.
    pub details: Option<Details>,
    /// What became of every packet, if it was asked for.
    pub schedule: Option<BTreeMap<PacketId, Fate>>,
    /// A digest of everything that happened, always.
    pub trace_digest: Digest,
    /// The digests of what was sent, persisted and delivered, if they were asked for.
    pub transcript: Option<Transcript>,
    /// How the correct ones among the members at the end ended.
    pub finals: Vec<FinalState<A>>,
    /// Steps of the engine.
    pub steps: u64,
    /// When it ended.
    pub ended_at: VirtualTime,
    /// Why.
    pub ended: Ended,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ended {
    /// Everything is delivered or refused everywhere, and nothing more happens.
    Done,
    /// Something is still owed, and nothing has moved for as long as the network may take.
    Stalled,
    /// A limit of the run.
    Limit(End),
}

/// An operation that was refused before it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedTask {
    /// The tag of its item, such as a row number.
    pub tag: u64,
    /// Who submitted it.
    pub who: String,
    /// The operation, in short; empty if none was made.
    pub label: String,
    /// Why.
    pub reason: String,
}

/// A member convicted by its own signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conviction {
    /// Who.
    pub culprit: String,
    /// Of what, such as `two messages for one slot`.
    pub kind: &'static str,
    /// Where: a slot, as `name#counter`, or a generation and an attempt.
    pub place: String,
    /// Which correct members know.
    pub known_to: Vec<String>,
    /// What was signed.
    pub evidence: Evidence,
}

/// Why a node halted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HaltReason {
    /// The protocol made it stop signing.
    Protocol(Halt),
    /// Its application panicked.
    AppPanicked(String),
}

/// Packets and bytes, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// By kind; the last is garbage.
    kinds: [(u64, u64); PacketKind::ALL.len() + 1],
    /// Packets that never arrived.
    pub lost: u64,
    /// Copies the network made. They are not counted as packets.
    pub duplicated: u64,
    /// Packets that arrived as something else.
    pub corrupted: u64,
}

/// How long operations took, from being submitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// Until delivered at their own source.
    pub home: Percentiles,
    /// Until delivered by all correct members.
    pub everywhere: Percentiles,
}

/// How spans are spread; zero if there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Percentiles {
    /// How many there are.
    pub count: u64,
    /// Half of them are no longer.
    pub p50: Span,
    /// Nine in ten.
    pub p90: Span,
    /// Ninety-nine in a hundred.
    pub p99: Span,
    /// All of them.
    pub max: Span,
}

/// How a correct member ended.
#[derive(Clone, Debug)]
pub struct FinalState<A: SimAlgorithm> {
    /// Its name.
    pub name: String,
    /// Its copy of the algorithm; `None` if it was down.
    pub copy: Option<A>,
    /// The digest of its state.
    pub digest: Option<Digest>,
    /// How far it has delivered each source, by seat.
    pub clock: Vec<Counter>,
}

impl<A: SimAlgorithm> Report<A> {
    /// Whether no promise was broken.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.violations.is_empty()
    }
}

impl Traffic {
    fn place(kind: Option<PacketKind>) -> usize {
        kind.and_then(|kind| PacketKind::ALL.iter().position(|known| *known == kind))
            .unwrap_or(PacketKind::ALL.len())
    }

    pub(crate) fn count(&mut self, kind: Option<PacketKind>, bytes: u32) {
        let (packets, sum) = &mut self.kinds[Self::place(kind)];
        *packets += 1;
        *sum += u64::from(bytes);
    }

    /// Every kind that was sent, with its packets and bytes.
    pub fn by_kind(&self) -> impl Iterator<Item = (&'static str, u64, u64)> + '_ {
        let names = PacketKind::ALL
            .iter()
            .map(|kind| kind.name())
            .chain(["garbage"]);
        names
            .zip(self.kinds)
            .filter(|(_, (packets, _))| *packets > 0)
            .map(|(name, (packets, bytes))| (name, packets, bytes))
    }

    /// Packets of one kind.
    #[must_use]
    pub fn packets_of(&self, kind: PacketKind) -> u64 {
        self.kinds[Self::place(Some(kind))].0
    }

    /// All packets.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.kinds.iter().map(|(packets, _)| packets).sum()
    }

    /// All bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.kinds.iter().map(|(_, bytes)| bytes).sum()
    }
}

impl Percentiles {
    pub(crate) fn of(mut spans: Vec<Span>) -> Self {
        spans.sort_unstable();
        // The smallest span that at least this share are no longer than.
        let at = |percent: usize| {
            let rank = (spans.len() * percent).div_ceil(100).max(1);
            spans.get(rank - 1).copied().unwrap_or_default()
        };
        Self {
            count: spans.len() as u64,
            p50: at(50),
            p90: at(90),
            p99: at(99),
            max: at(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_spans_that_occur() {
        let of =
            |spans: &[u64]| Percentiles::of(spans.iter().copied().map(Span::from_nanos).collect());
        let hundred: Vec<u64> = (1..=100).rev().collect();
        let spread = of(&hundred);
        assert_eq!(
            [spread.p50, spread.p90, spread.p99, spread.max].map(Span::as_nanos),
            [50, 90, 99, 100]
        );
        assert_eq!(of(&[7]).p50, Span::from_nanos(7));
        assert_eq!(of(&[]), Percentiles::default());
    }
}
