//! What is looked at in a scenario, one file for a clause or two.

mod batches;
mod bytes;
mod causes;
mod check;
mod choice;
mod commutation;
mod hostile;
mod probes;
mod profile;
mod snapshot;
mod stability;
mod totality;

pub(super) use check::Check;
use check::{apart, diamond, pairs, places};
pub(super) use choice::of;
pub(super) use profile::profile;
