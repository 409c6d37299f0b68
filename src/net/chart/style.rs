//! Which arrow and colour stands for what: one table for both chart formats.
//!
//! Arrows follow the phase of a protocol a packet belongs to, whatever the protocol calls it: what asks, what
//! votes, what proves, what answers. The colours are mid-tones, legible on white and on black.

use super::diagram::{BoxKind, Fate, Lane};

/// How the packets of one kind are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ArcStyle {
    /// mscgen's arrow.
    pub(crate) arrow: &'static str,
    /// `#rrggbb`.
    pub(crate) colour: &'static str,
    /// Whether the line is broken.
    pub(crate) dashed: bool,
    /// Whether the arrow head is filled.
    pub(crate) filled: bool,
}

/// Lost and rejected packets, evidence against somebody, and what goes with a faulty node.
pub(crate) const RED: &str = "#d1242f";
/// What changes nothing: duplicates.
pub(crate) const GREY: &str = "#98a1ab";
/// Neutral lines and text.
pub(crate) const SLATE: &str = "#4a5666";

const fn arc(arrow: &'static str, colour: &'static str, dashed: bool, filled: bool) -> ArcStyle {
    ArcStyle {
        arrow,
        colour,
        dashed,
        filled,
    }
}

/// How packets of `kind` are drawn when all goes well with them.
pub(crate) fn packet(kind: &str) -> ArcStyle {
    match kind {
        "request" => arc("=>", "#1f6fd1", false, true),
        "pre-prepare" | "propose" | "block" | "draft" => arc("=>", "#0f7f9f", false, true),
        "echo" | "vote" | "prepare" | "attest" => arc("->", "#8250df", false, false),
        "commit" => arc("->", "#5b45b0", false, false),
        "proof" | "checkpoint" | "snapshot" => arc("=>>", "#137a4f", false, false),
        "join" | "approve" | "next-key" => arc("=>", "#5b45b0", false, true),
        "chain" => arc("=>>", "#0f7f9f", false, false),
        "seal" => arc("=>>", "#8a4b08", false, false),
        "headers" => arc("=>>", "#137a4f", false, false),
        "evidence" => arc("=>>", "#bf1a8c", false, false),
        "refusal" | "timeout" => arc(">>", "#b25e00", true, true),
        "reply" => arc(">>", "#137a4f", true, true),
        "summary" => arc(">>", "#6f7d8f", true, true),
        "pull" | "compare" | "pull-chain" | "pull-headers" | "pull-snapshot" => {
            arc(">>", "#2b8299", true, true)
        }
        _ => arc("->", SLATE, false, false),
    }
}

/// The colour of a packet with this fate.
pub(crate) fn colour(kind: &str, fate: &Fate<'_>, duplicate: bool) -> &'static str {
    match fate {
        Fate::Lost(_) => RED,
        Fate::Duplicate => GREY,
        _ if duplicate => GREY,
        _ => packet(kind).colour,
    }
}

/// How a box is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BoxStyle {
    /// mscgen's box.
    pub(crate) shape: &'static str,
    /// The outline, `#rrggbb`.
    pub(crate) line: &'static str,
    /// The text.
    pub(crate) text: &'static str,
    /// The inside.
    pub(crate) fill: &'static str,
    /// Its name as a class in our own SVG.
    pub(crate) class: &'static str,
}

/// How boxes of `kind` are drawn.
pub(crate) fn boxed(kind: BoxKind) -> BoxStyle {
    match kind {
        BoxKind::Delivered => BoxStyle {
            shape: "abox",
            line: "#137a4f",
            text: "#0b5537",
            fill: "#d3f5df",
            class: "delivered",
        },
        BoxKind::State => BoxStyle {
            shape: "rbox",
            line: "#7d8ba0",
            text: "#33404f",
            fill: "#eef2f7",
            class: "state",
        },
        BoxKind::Note => BoxStyle {
            shape: "note",
            line: "#b08a00",
            text: "#5c4700",
            fill: "#fff3bf",
            class: "note",
        },
        BoxKind::Rejected => BoxStyle {
            shape: "note",
            line: RED,
            text: RED,
            fill: "#ffe9e9",
            class: "rejected",
        },
        BoxKind::Local => BoxStyle {
            shape: ":>",
            line: SLATE,
            text: SLATE,
            fill: "#ffffff",
            class: "local",
        },
    }
}

/// The colour of a node: by what it is.
pub(crate) fn node(lane: &Lane<'_>) -> &'static str {
    match (lane.correct, lane.role) {
        (_, "outsider") => "#9a5a00",
        (false, _) => RED,
        (true, "client" | "observer") => "#0f7f9f",
        (true, _) => "#24476b",
    }
}
