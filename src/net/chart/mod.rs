//! Drawing a run: what the two chart writers, [`msc`](super::msc) and [`svg`](super::svg), have in common.
//!
//! A chart is a string made from a [`Trace`](super::trace::Trace) and [`ChartOptions`], and from nothing else:
//! equal traces and options give equal bytes. Whatever a trace holds — a name with a quote in it, a packet that
//! arrives without having been sent, a node nobody declared — there is a chart of it.

pub(crate) mod canvas;
pub(crate) mod diagram;
pub(crate) mod layout;
pub(crate) mod legend;
pub(crate) mod picture;
pub(crate) mod place;
pub(crate) mod rows;
pub(crate) mod sequence;
pub(crate) mod shapes;
pub(crate) mod style;
pub(crate) mod text;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::node::NodeId;
use super::time::VirtualTime;

/// What of a run to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartOptions {
    /// The first instant shown.
    pub from: VirtualTime,
    /// The last instant shown. A packet still under way then is drawn as in flight.
    pub until: VirtualTime,
    /// The nodes shown; `None` shows all. A packet is shown if both its ends are.
    pub nodes: Option<BTreeSet<NodeId>>,
    /// The kinds shown; `None` shows all. Packets go by their own kind ("request", "echo", …), everything else
    /// by "delivered", "state", "note" and "local". Partitions and generation changes are always shown.
    pub kinds: Option<BTreeSet<String>>,
    /// Whether to draw what one node sent to many at once as one line, and boxes that nothing orders side by
    /// side. Nothing is ever moved past an event of the same node, so what caused what can still be read off.
    pub fold: bool,
    /// Whether to draw summaries that came to nothing: that were lost, or whose receiver did nothing about them. In
    /// a long run they are most of the packets. The chart says how many are not drawn.
    pub chatter: bool,
    /// The most arcs and boxes drawn. The chart says how many were left out.
    pub max_arcs: usize,
}

impl Default for ChartOptions {
    fn default() -> Self {
        Self {
            from: VirtualTime::ZERO,
            until: VirtualTime::NEVER,
            nodes: None,
            kinds: None,
            fold: true,
            chatter: false,
            max_arcs: 400,
        }
    }
}

impl ChartOptions {
    /// Whether anything at `at` is shown.
    pub(crate) fn shows_time(&self, at: VirtualTime) -> bool {
        self.from <= at && at <= self.until
    }

    /// Whether `node` is shown.
    pub(crate) fn shows_node(&self, node: NodeId) -> bool {
        self.nodes
            .as_ref()
            .is_none_or(|nodes| nodes.contains(&node))
    }

    /// Whether things of this kind are shown.
    pub(crate) fn shows_kind(&self, kind: &str) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(kind))
    }
}

/// The name of a chart on disk: 1 to 64 of `A-Z a-z 0-9 _ . -`, the first one not a dot.
///
/// A name that passes can be joined to a directory and stays in it; `../../x` does not pass.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChartName(String);

/// A name that could lead out of the directory it is to be written in, or that some system could not store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bad chart name {name:?}: use 1 to 64 of A-Z a-z 0-9 _ . -, and do not begin with a dot")]
pub struct BadName {
    /// The name, cut after 80 characters.
    pub name: String,
}

impl ChartName {
    /// Checks `name`.
    ///
    /// # Errors
    /// [`BadName`] unless it is 1 to 64 of `A-Z a-z 0-9 _ . -` and does not begin with a dot.
    pub fn new(name: &str) -> Result<Self, BadName> {
        let fits = (1..=64).contains(&name.len())
            && !name.starts_with('.')
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        if fits {
            Ok(Self(name.to_owned()))
        } else {
            Err(BadName {
                name: name.chars().take(80).collect(),
            })
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the chart of this name and this kind ("msc", "svg") belongs in `directory`.
    #[must_use]
    pub fn path_in(&self, directory: &Path, kind: &str) -> PathBuf {
        directory.join(format!("{}.{kind}", self.0))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{BadName, ChartName};

    #[test]
    fn a_chart_name_cannot_lead_out_of_its_directory() {
        for bad in [
            "",
            ".",
            "..",
            "../../x",
            "a/b",
            "a\\b",
            "/etc/passwd",
            ".hidden",
            "a\0",
            "ä",
            "a b",
        ] {
            assert_eq!(
                ChartName::new(bad),
                Err(BadName {
                    name: bad.to_owned()
                }),
                "{bad:?} passed"
            );
        }
        assert!(ChartName::new(&"x".repeat(65)).is_err());
        let name = ChartName::new("double_spend-7.b").expect("all of these characters are allowed");
        assert_eq!(
            name.path_in(Path::new("msc"), "msc"),
            Path::new("msc/double_spend-7.b.msc")
        );
    }
}
