//! Deliberately broken rule sets, one for each property the judges must be able to see broken.
