//! Services for [peers](super::peer): what keeps them together, what spreads items, what makes them.
//!
//! | service | what it does |
//! | --- | --- |
//! | [`Connections`] | pings the neighbours, lets go of the silent; in an emergent topology keeps a number of them |
//! | [`Bootstrap`] | tells newcomers whom it knows |
//! | [`Push`] | passes new items on |
//! | [`Pull`] | compares with neighbours now and then, and asks for what is missing |
//! | [`RangedPull`] | the same with one number for each maker instead of all names |
//! | [`Producer`] | makes items |
//!
//! Push and pull together are push–pull. What an item has to pass before a peer takes it is its
//! [`Validation`](super::peer::Validation).

mod bootstrap;
mod connections;
mod producer;
mod pull;
mod push;
mod ranged_pull;

pub use bootstrap::Bootstrap;
pub use connections::Connections;
pub use producer::Producer;
pub use pull::Pull;
pub use push::Push;
pub use ranged_pull::RangedPull;
