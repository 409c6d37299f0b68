//! What a set can hold.

use std::fmt::Debug;
use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a member of a set can be.
pub trait Member: Clone + Debug + Ord + Hash + Serialize + DeserializeOwned + 'static {}

impl<T: Clone + Debug + Ord + Hash + Serialize + DeserializeOwned + 'static> Member for T {}
