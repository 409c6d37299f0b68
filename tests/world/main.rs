//! The simulated world: laws, places, peers, topologies, services, faults, and that it is the same every time.

mod faults;
mod hardware;
mod laws;
mod places;
mod support;
mod topologies;
