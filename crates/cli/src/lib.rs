//! The `bft-crdts` command, as a library.
