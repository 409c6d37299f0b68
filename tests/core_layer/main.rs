//! The core: names, keys and signatures, the codec, and the data types with their contract.

mod actor;
mod at2;
mod bank;
mod codec;
mod codec_allocation;
mod codec_golden;
mod conformance;
mod crdt_contract;
mod crdt_counterexamples;
#[path = "../common/golden.rs"]
mod golden;
mod hosted;
mod orswot;
#[path = "../common/seed.rs"]
mod seed;
mod text_model;
mod text_speed;
