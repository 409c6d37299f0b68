//! Deliveries as data: what becomes of every single copy of a packet.
//!
//! A run draws the fates of its packets from its seed. Written down, they can be played again without the seed, and
//! fewer of them: that is how a failing run is made small.

use std::collections::BTreeMap;

use super::node::NodeId;
use super::time::Span;

/// What becomes of a packet on its way from one node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// It never arrives.
    Lost,
    /// It takes this long.
    Takes(Span),
    /// It arrives twice, after this long and after that long.
    Twice(Span, Span),
}

/// A packet by its way: who sent it, to whom, and how many before it went the same way. So a packet keeps its name when
/// others, on other ways, come or go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketId {
    /// Who sends it.
    pub from: NodeId,
    /// Who is to get it.
    pub to: NodeId,
    /// How many the one has sent the other before, in the whole run.
    pub number: u64,
}

/// The fates of the packets of a run. A packet it does not name takes as long as [`Schedule::latency`]. Partitions and
/// crashes stand above it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// How long all others take.
    pub latency: Span,
    /// The fates.
    pub fates: BTreeMap<PacketId, Fate>,
}

/// Names packets, and plays or writes down their fates.
#[derive(Clone, Debug, Default)]
pub(crate) struct PacketFates {
    sent: BTreeMap<(NodeId, NodeId), u64>,
    plays: Option<Schedule>,
    written: Option<BTreeMap<PacketId, Fate>>,
}

impl PacketFates {
    /// Plays this schedule.
    pub(crate) fn playing(schedule: Schedule) -> Self {
        Self {
            plays: Some(schedule),
            ..Self::default()
        }
    }

    /// Writes down what is drawn.
    pub(crate) fn write(&mut self) {
        self.written = Some(BTreeMap::new());
    }

    /// What was written down.
    pub(crate) fn written(&mut self) -> Option<BTreeMap<PacketId, Fate>> {
        self.written.take()
    }

    /// The fate of the next packet on this way, drawn only if no schedule says. `None` is not ours to say: somebody else
    /// has stopped it already.
    pub(crate) fn fate(
        &mut self,
        from: NodeId,
        to: NodeId,
        is_cut: bool,
        draw: impl FnOnce() -> Fate,
    ) -> Option<Fate> {
        let sent = self.sent.entry((from, to)).or_default();
        let number = *sent;
        *sent += 1;
        if is_cut {
            return None;
        }
        let way = PacketId { from, to, number };
        let fate = match &self.plays {
            Some(schedule) => {
                let known = schedule.fates.get(&way).copied();
                known.unwrap_or(Fate::Takes(schedule.latency))
            }
            None => draw(),
        };
        if let Some(written) = &mut self.written {
            written.insert(way, fate);
        }
        Some(fate)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fate, NodeId, PacketFates, PacketId, Schedule, Span};

    #[test]
    fn what_was_written_down_is_played_again_and_packets_are_counted_by_their_way() {
        let [a, b] = [0, 1].map(NodeId::new);
        let mut drawn = [
            Fate::Takes(Span::from_millis(3)),
            Fate::Lost,
            Fate::Twice(Span::from_millis(1), Span::from_millis(2)),
        ]
        .into_iter();
        let mut first = PacketFates::default();
        first.write();
        let ways = [(a, b, false), (b, a, false), (a, b, true), (a, b, false)];
        let fates = ways.map(|(from, to, cut)| first.fate(from, to, cut, || drawn.next().unwrap()));
        let written = first.written().unwrap();
        let number = 2;
        let way = PacketId {
            from: a,
            to: b,
            number,
        };
        assert!(
            matches!(written[&way], Fate::Twice(..)),
            "the third on its way"
        );
        let schedule = Schedule {
            latency: Span::from_millis(9),
            fates: written,
        };
        let mut again = PacketFates::playing(schedule);
        let played = ways.map(|(from, to, cut)| again.fate(from, to, cut, || unreachable!()));
        assert_eq!(fates, played);
        let next = again.fate(b, a, false, || unreachable!());
        assert_eq!(next, Some(Fate::Takes(Span::from_millis(9))));
    }
}
