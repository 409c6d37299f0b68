//! Hosted types on stage, with what every type gets by default.

use super::SimAlgorithm;
use crate::crdt::{Hosted, Replicated};

impl<T: Hosted> SimAlgorithm for Replicated<T> {}
