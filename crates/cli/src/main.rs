//! The `bft-crdts` command.
fn main() {}
