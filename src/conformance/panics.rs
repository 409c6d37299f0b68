//! Panics as values: caught, not printed, and told apart by where they happened.

use std::any::Any;
use std::cell::{Cell, RefCell};
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
}

static HOOK: Once = Once::new();

/// Notes that the type is about to be asked this, at this replica, about this operation.
pub(super) fn asking(what: &'static str, at: Actor, about: Option<Dot>) {
    ASKED.set(Some((what, at, about)));
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
        Some((what, at, Some(dot))) => format!("`{what}` of {dot} at {at}"),
        Some((what, at, None)) => format!("`{what}` at {at}"),
        None => "it".to_owned(),
    };
    format!("{asked} panicked: {message} ({})", PLACE.take())
}
