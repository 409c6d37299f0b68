//! A new primary that forgets what was prepared before it, and gives the numbers to others.

use super::{Replica, Rules};
use crate::fault::Fault;

/// Its machine runs under [rules](RULES) of its own; nothing stands between that and the network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forgetful;

/// It says that nothing is prepared, and numbers nothing that others say is.
pub(super) const RULES: Rules = Rules {
    quorum_short: 0,
    forget_prepared: true,
    number_nothing: true,
    believe_new_view: true,
};

impl Fault<Replica> for Forgetful {}
