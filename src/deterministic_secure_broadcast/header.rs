//! Headers: what a source signs, what witnesses echo, what certificates certify.

use serde::{Deserialize, Serialize};

use super::error::Malformed;
use crate::actor::{Counter, NetworkId, Statement};
use crate::codec::{self, Digest};
use crate::membership::{Generation, MAX_SEATS, Seat};

/// The most operations one message may carry.
pub const MAX_MESSAGE_OPS: u32 = 4096;

/// The most bytes the operations of one message may take.
pub const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// A message without its operations: which dots, after which header, caused by what.
///
/// The network is part of its [digest](Header::digest), not of its bytes: a packet belongs to one
/// network anyway, and a header of another network has another digest. There is no generation in a
/// header, so a message in flight survives a change of members unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Header {
    /// Who issued the message.
    pub source: Seat,
    /// The counter of its first operation; `(source, first)` is its slot. Starts at 1.
    pub first: Counter,
    /// How many operations it carries, `1..=`[`MAX_MESSAGE_OPS`].
    pub len: u32,
    /// The digest of the source's header before it; of the first one, the network id.
    pub previous: Digest,
    /// The clock entries that advanced since that header, by increasing seat, never the source's
    /// own: everything up to these counters must be delivered before this message.
    #[serde(deserialize_with = "codec::at_most::<_, _, MAX_SEATS>")]
    pub causes: Vec<(Seat, Counter)>,
    /// The digest of the operations' bytes.
    pub ops: Digest,
}

impl Header {
    /// The digest that is echoed: over the network id and these bytes.
    #[must_use]
    pub fn digest(&self, network: &NetworkId) -> Digest {
        Digest::of_parts(
            "bft-crdts/header/1",
            &[network.digest().as_bytes(), &codec::encode(self)],
        )
    }

    /// About how many bytes it takes, never less, its signature included.
    pub(crate) fn weight(&self) -> usize {
        self.causes.len().saturating_mul(12).saturating_add(192)
    }

    /// The counter of its last operation; `None` if the header overflows.
    #[must_use]
    pub fn last(&self) -> Option<Counter> {
        self.first.checked_add(u64::from(self.len).checked_sub(1)?)
    }

    /// Checks everything that can be checked without knowing any other message.
    ///
    /// # Errors
    /// [`Malformed`] names the first rule broken.
    pub fn check(&self, seats: usize) -> Result<(), Malformed> {
        if self.source.get() >= seats {
            return Err(Malformed::UnknownSeat(self.source));
        }
        if self.first == Counter::ZERO {
            return Err(Malformed::Counter);
        }
        if self.len == 0 || self.len > MAX_MESSAGE_OPS {
            let (have, limit) = (self.len, MAX_MESSAGE_OPS);
            return Err(Malformed::Length { have, limit });
        }
        if self.last().and_then(Counter::next).is_none() {
            return Err(Malformed::Counter);
        }
        let mut last = None;
        for (seat, counter) in &self.causes {
            if last.is_some_and(|last| last >= *seat) {
                return Err(Malformed::CausesUnsorted);
            }
            if seat.get() >= seats {
                return Err(Malformed::UnknownSeat(*seat));
            }
            if *seat == self.source || *counter == Counter::ZERO {
                return Err(Malformed::NeedlessCause(*seat));
            }
            last = Some(*seat);
        }
        Ok(())
    }
}

/// The one statement signed on the data path: "in this generation I vouch for this header".
///
/// The source's own echo is the signature of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct EchoStatement {
    /// The generation the signer counts in.
    pub generation: Generation,
    /// The [digest](Header::digest) of the header.
    pub header: Digest,
}

impl Statement for EchoStatement {
    const DOMAIN: &'static str = "bft-crdts/echo/1";
}

/// Counters by seat: everything up to an entry is included. Seats beyond its end stand at zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VersionVector(
    #[serde(deserialize_with = "codec::at_most::<_, _, MAX_SEATS>")] Vec<Counter>,
);

impl VersionVector {
    /// A clock that includes nothing, with room for `seats` sources.
    #[must_use]
    pub fn zero(seats: usize) -> Self {
        Self(vec![Counter::ZERO; seats])
    }

    /// The counter of this seat.
    #[must_use]
    pub fn get(&self, seat: Seat) -> Counter {
        self.0.get(seat.get()).copied().unwrap_or(Counter::ZERO)
    }

    /// Raises this seat's counter to `counter` if that is higher; a seat beyond the end is ignored.
    pub fn advance(&mut self, seat: Seat, counter: Counter) {
        if let Some(entry) = self.0.get_mut(seat.get()) {
            *entry = (*entry).max(counter);
        }
    }

    /// Makes room for so many seats; new ones stand at zero.
    pub(crate) fn grow(&mut self, seats: usize) {
        if self.0.len() < seats {
            self.0.resize(seats, Counter::ZERO);
        }
    }

    /// How many seats it has room for.
    #[must_use]
    pub fn seats(&self) -> usize {
        self.0.len()
    }

    /// Every seat with its counter.
    pub fn iter(&self) -> impl Iterator<Item = (Seat, Counter)> + '_ {
        (0_u16..).map(Seat::new).zip(self.0.iter().copied())
    }

    /// Whether any seat stands higher here than in `other`.
    #[must_use]
    pub fn is_ahead_of(&self, other: &Self) -> bool {
        self.iter().any(|(seat, counter)| counter > other.get(seat))
    }
}
