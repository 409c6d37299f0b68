//! Hosted types on stage, with what every type gets by default.

use super::Staged;
use crate::crdt::{Hosted, Replicated};

impl<T: Hosted> Staged for Replicated<T> {}
