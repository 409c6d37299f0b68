//! What the conspirators share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::actor::{Actor, Sig};
use crate::codec::Digest;
use crate::membership::MemberIndex;

/// What all adversaries of a run know together.
#[derive(Debug, Default)]
pub(crate) struct ColluderState {
    /// Echoes of each header of the plot, whoever got them.
    pub(super) echoes: BTreeMap<Digest, BTreeMap<MemberIndex, Sig>>,
    /// Whose messages no conspirator vouches for.
    pub(super) victim: Option<Actor>,
}

/// The one board of a run.
pub(crate) type SharedState = Arc<Mutex<ColluderState>>;
