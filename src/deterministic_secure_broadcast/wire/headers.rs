//! R2: headers of one source, each of which names the one before it.

use serde::{Deserialize, Serialize};

use crate::actor::Counter;
use crate::codec;
use crate::deterministic_secure_broadcast::header::Header;
use crate::membership::Seat;

/// How many headers one packet carries at most.
pub(crate) const MAX_HEADERS: usize = 512;

/// "Send me the headers before this counter, newest first."
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullHeaders {
    /// Whose.
    pub source: Seat,
    /// The counter of the first operation of the lowest header the asker has.
    pub below: Counter,
    /// The asker has delivered up to here.
    pub delivered: Counter,
}

/// Consecutive headers of one source, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headers {
    /// The headers.
    #[serde(deserialize_with = "codec::at_most::<_, _, MAX_HEADERS>")]
    pub headers: Vec<Header>,
}
