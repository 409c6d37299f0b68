//! Faults that were found in this library and are mended: the table "Mended" of `docs/defects.md`. Each test tells what
//! happened, and asserts what is right.

mod causes;
mod certificates;
mod changes;
mod checkpoints;
mod drafts;
mod evidence;
mod journals;
mod refusals;
mod strangers;
