//! Panics as values: caught, not printed, and told apart by where they happened.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt::Debug;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use crate::actor::{Actor, Dot};

thread_local! {
    /// Whether a panic of this thread is ours to report.
    static QUIET: Cell<bool> = const { Cell::new(false) };
    /// The place of the last one.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
    /// What the type under test was asked last.
    static ASKED: Cell<Option<(&'static str, Actor, Option<Dot>)>> = const { Cell::new(None) };
    /// Whether the operations it is asked about are noted, which takes its time.
    static TELLING: Cell<bool> = const { Cell::new(false) };
    /// The operation it was asked about last, if they are noted.
    static ABOUT: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Notes that the type is about to be asked this, at this replica.
pub(super) fn asking(what: &'static str, at: Actor) {
    ASKED.set(Some((what, at, None)));
}

/// Notes that the type is about to be asked this, at this replica, about this operation.
pub(super) fn asking_about(what: &'static str, at: Actor, dot: Dot, op: &dyn Debug) {
    ASKED.set(Some((what, at, Some(dot))));
    if TELLING.get() {
        ABOUT.replace(Some(one_line(op)));
    }
}

/// What `work` returns; a panic in it tells the operation it was asked about, too.
pub(super) fn telling<T>(work: impl FnOnce() -> T) -> T {
    TELLING.set(true);
    let result = work();
    TELLING.set(false);
    result
}

/// Notes that it is not the type that is asked next.
pub(super) fn forget() {
    ASKED.set(None);
}

/// What `work` returns, or what it panicked with. Nothing is printed.
pub(super) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if QUIET.get() {
                let place = info.location().map(ToString::to_string).unwrap_or_default();
                PLACE.replace(place);
            } else {
                before(info);
            }
        }));
    });
    let was = QUIET.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    QUIET.set(was);
    result.map_err(|payload| told(payload.as_ref()))
}

fn told(payload: &(dyn Any + Send)) -> String {
    let message = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned());
    let message = message.or_else(|| payload.downcast_ref::<String>().cloned());
    let message = message.unwrap_or_else(|| "a panic without words".to_owned());
    let asked = match ASKED.take() {
        Some((what, at, Some(dot))) => match ABOUT.take() {
            Some(op) => format!("At {at} `{what}` of {dot}, {op},"),
            None => format!("At {at} `{what}` of {dot}"),
        },
        Some((what, at, None)) => format!("At {at} `{what}`"),
        None => "it".to_owned(),
    };
    format!("{asked} panicked: {message} ({})", PLACE.take())
}

/// What `Debug` says, on one line.
pub(super) fn one_line(value: &(impl Debug + ?Sized)) -> String {
    format!("{value:?}").replace(['\n', '\r', '\t'], " ")
}
