//! What the fuzz targets call, so that the tests replay what they have found.

pub(crate) mod attack;
pub(crate) mod charting;
pub(crate) mod decoding;
pub(crate) mod proof_files;
pub(crate) mod script;
