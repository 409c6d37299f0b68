//! Nouns: everything that is signed, travels or lies on disk. Nothing here knows the machine that sends or keeps it.

pub mod checkpoint;
pub mod evidence;
pub mod exhibit;
pub(crate) mod signed;
pub mod snapshot;
