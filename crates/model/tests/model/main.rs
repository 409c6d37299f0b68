//! Exhaustive models of the protocol.
//!
//! Every decision of a correct member is made by the functions of [`Rules`], the very ones the replica asks, so that a
//! mutant is a rule set with one function replaced (`crates/controls/src/generations.rs`). Each model is explored
//! completely with the sound rules, and with each mutant until the shortest run that breaks a promise is found and
//! printed.
//!
//! The network is a *soup*: whatever was ever signed may arrive anywhere, at any time, any number of times or never.
//! Faulty members have signed everything they could ever sign from the beginning, so that they need no steps.
//! What a correct member *must* do sooner or later, given only what correct members send again and again, is told
//! apart from what it *may* do: a state in which nothing is left that anybody must do is *quiet*, and there the
//! promises about delivery to everybody have to hold.
//!
//! | file | model | says |
//! | --- | --- | --- |
//! | `one_slot.rs` | M1 | one slot, one generation, crashes |
//! | `handover.rs` | M2, M2c, M2d | seals and activations over two or three generations |
//! | `decision.rs` | M3, M3j | attempts, votes and timeouts |

mod asked;
mod common;
mod decision;
mod one_slot;
mod reconfiguration;
