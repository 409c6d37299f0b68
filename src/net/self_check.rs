//! Whether a run is the same every time: its digest, and where two runs of one seed differ.

use core::fmt::{self, Debug, Write as _};

use super::driver::Driver;
use super::engine::{End, Engine};
use super::machine::Machine;
use super::observer::{Event, Moment, Observer};
use super::time::VirtualTime;
use super::trace::Trace;
use crate::codec::Digest;

/// An observer that digests every event: equal runs, equal digests.
#[derive(Clone, Debug)]
pub struct Fingerprint {
    hasher: blake3::Hasher,
    text: String,
    /// Whether the text is kept until somebody takes it.
    kept: bool,
}

/// Texts are hashed in pieces of about this length.
const PIECE: usize = 16 * 1024;

impl Default for Fingerprint {
    fn default() -> Self {
        Self {
            hasher: blake3::Hasher::new_derive_key("bft-crdts simulator events 1"),
            text: String::new(),
            kept: false,
        }
    }
}

impl Fingerprint {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The digest of everything that has happened so far.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hasher = self.hasher.clone();
        hasher.update(self.text.as_bytes());
        Digest::from_bytes(*hasher.finalize().as_bytes())
    }

    fn flush(&mut self) -> String {
        self.hasher.update(self.text.as_bytes());
        core::mem::take(&mut self.text)
    }
}

impl<M: Machine + Debug> Observer<M> for Fingerprint {
    fn event(&mut self, moment: Moment, event: Event<'_, M>) {
        // Writing into a string does not fail.
        let _ = writeln!(self.text, "{} {event:?}", moment.at.as_nanos());
        if !self.kept && self.text.len() > PIECE {
            self.flush();
        }
    }
}

/// A run that is the same every time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SameRun {
    /// The digest of all events.
    pub digest: Digest,
    /// How many steps it has.
    pub steps: u64,
    /// Why it ended.
    pub end: End,
}

/// The first difference between two runs that should be the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The step in which they differ.
    pub step: u64,
    /// Its time in the first run.
    pub at: VirtualTime,
    /// What happened first that did not happen in the other run; empty if nothing more did.
    pub one: String,
    /// What happened there instead.
    pub other: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |text: &str| match text {
            "" => "nothing more".to_owned(),
            text => text.to_owned(),
        };
        write!(
            f,
            "two runs of one seed differ in step {} at {}\n  one:   {}\n  other: {}",
            self.step,
            self.at,
            show(&self.one),
            show(&self.other)
        )
    }
}

impl core::error::Error for Difference {}

/// Runs the same thing twice, side by side, and compares what happens step by step.
///
/// `build` makes the engine and its driver, and must not keep anything from one call to the next. A machine that iterates
/// a hash map, reads a clock, or draws randomness that is not derived from the seed shows sooner or later.
///
/// # Errors
/// The first difference.
pub fn self_check<M: Machine + Debug, D: Driver<M>>(
    mut build: impl FnMut() -> (Engine<M>, D),
) -> Result<SameRun, Difference> {
    let watch = || Fingerprint {
        kept: true,
        ..Fingerprint::default()
    };
    let (mut one, mut other) = (build(), build());
    let (mut one_seen, mut other_seen) = (watch(), watch());
    one.0.start(&mut one_seen);
    other.0.start(&mut other_seen);
    loop {
        let moment = one.0.moment();
        compare(moment, &one_seen.flush(), &other_seen.flush())?;
        let one_end = one.0.drive(&mut one_seen, &mut one.1);
        let other_end = other.0.drive(&mut other_seen, &mut other.1);
        if one_end != other_end {
            let show = |end: Option<End>| end.map_or_else(String::new, |end| end.to_string());
            return Err(Difference {
                step: moment.step,
                at: moment.at,
                one: show(one_end),
                other: show(other_end),
            });
        }
        if let Some(end) = one_end {
            return Ok(SameRun {
                digest: one_seen.digest(),
                steps: moment.step,
                end,
            });
        }
    }
}

/// Compares two lists of events, one a line.
fn compare(moment: Moment, one: &str, other: &str) -> Result<(), Difference> {
    if one == other {
        return Ok(());
    }
    let (mut ones, mut others) = (one.lines(), other.lines());
    loop {
        let (one, other) = (ones.next(), others.next());
        if one != other || one.is_none() {
            return Err(Difference {
                step: moment.step,
                at: moment.at,
                one: one.unwrap_or_default().to_owned(),
                other: other.unwrap_or_default().to_owned(),
            });
        }
    }
}

/// The first difference between two traces of what should be the same run.
#[must_use]
pub fn first_difference(one: &Trace, other: &Trace) -> Option<Difference> {
    let longest = one.events.len().max(other.events.len());
    let place = (0..longest).find(|place| one.events.get(*place) != other.events.get(*place))?;
    let (one, other) = (one.events.get(place), other.events.get(place));
    let event = one.or(other)?;
    let show = |event: Option<&super::trace::TraceEvent>| {
        event.map_or_else(String::new, |event| {
            format!("{} {:?}", event.at, event.kind)
        })
    };
    Some(Difference {
        step: event.step,
        at: event.at,
        one: show(one),
        other: show(other),
    })
}
