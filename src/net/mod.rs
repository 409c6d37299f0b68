//! The outer layer: a simulated network that tries to stop the replicas, and checkers that watch them.
//!
//! Everything is deterministic: the same seed and configuration give the same run, byte for byte, on any machine (I22).
//!
//! At the bottom is an [`Engine`] that knows nothing of this library: it wakes pure state machines ([`Machine`]) in
//! the order of virtual time, carries out their [`Effects`] under the [`Faults`] of a plan, and tells one
//! [`Observer`] everything.

pub mod adversary;
pub mod assets;
pub mod campaign;
mod change;
pub mod chart;
mod checker;
pub mod details;
mod directory;
mod disk;
mod driver;
mod engine;
mod fault;
mod flight;
mod keys;
mod law;
mod machine;
pub mod msc;
mod network;
mod node;
mod note;
mod observer;
pub mod page;
mod participant;
mod queue;
mod random;
mod recorder;
mod replica;
mod report;
mod roster;
mod schedule;
pub mod search;
mod self_check;
mod sim_algorithm;
mod simulation;
pub mod svg;
mod time;
pub mod trace;
mod transcript;
mod wire;
mod workload;
pub mod world;

pub use change::{PlannedChange, Wish};
pub use chart::ChartOptions;
pub use checker::{Property, Violation};
pub use disk::{ForgetfulDisk, Tail};
pub use driver::Driver;
pub use engine::{End, Engine, Limits, Step};
pub use fault::{
    Absence, Clog, Crash, CrashPoint, Downtime, Faults, FullDisk, Loss, OneWay, Outage, Partition,
    SkewedClock, Slowdown,
};
pub use keys::{FakeKeys, SeededKeys};
pub use law::{Law, Sampler, Shape};
pub use machine::{Address, Effect, Effects, Machine, TimerId};
pub use network::{Bandwidth, Rate};
pub use node::NodeId;
pub use note::{Note, Verdict};
pub use observer::{Event, Moment, Observer, Planned};
pub use participant::Participant;
pub use random::{Chance, Stream, Streams};
pub use replica::Replica;
pub use report::{
    Conviction, Ended, FinalState, HaltReason, Latency, Percentiles, RefusedTask, Report, Traffic,
};
pub use roster::{Names, Roster};
pub use schedule::{Fate, PacketId, Schedule};
pub use self_check::{Difference, Fingerprint, SameRun, first_difference, self_check};
pub use sim_algorithm::{Auditor, DrawnMember, SimAlgorithm};
pub use simulation::{Net, NetError, Outcome, Progress};
pub use time::{Span, VirtualTime};
pub use transcript::Transcript;
pub use wire::Wire;
pub use workload::{BankRow, Make, Maker, Task, WorkloadContext, bank_rows};
