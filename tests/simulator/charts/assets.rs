//! The picture of a broadcast in the read-me.

use std::fs;
use std::process::Command;

use bft_crdts::net::assets;
use quickcheck_macros::quickcheck;

use super::examples;
use super::hostile::AnyTrace;
use crate::golden;

#[test]
fn the_sequence_in_the_repository_is_drawn_from_a_run() {
    let run = assets::broadcast_run().expect("the run names only members it has");
    assert_eq!(run, assets::broadcast_run().expect("the same run again"));
    asset(
        "secure_broadcast_seq_diag",
        &assets::secure_broadcast_seq_diag(&run),
    );
}

#[test]
fn the_states_of_a_broadcast_are_read_off_the_run() {
    let picture = assets::secure_broadcast_seq_diag(&examples::payment());
    golden::compare("tests/simulator/charts/golden/states.svg", &picture);
    let count = |part: &str| picture.matches(part).count();
    assert_eq!(
        (count(">idle<"), count(">echoed<"), count(">delivered<")),
        (4, 3, 4)
    );
    assert_eq!(
        (
            count(">1 of 3 echoes<"),
            count(">2 of 3 echoes<"),
            count(">3 of 3 echoes<")
        ),
        (1, 1, 0)
    );
    assert!(picture.contains("3 of 4 echoes make a proof"));
}

#[quickcheck]
fn any_trace_gives_a_well_formed_picture_of_states(
    trace: AnyTrace,
    seed: u64,
) -> Result<(), String> {
    for trace in [trace.0, examples::random(seed)] {
        let picture = assets::secure_broadcast_seq_diag(&trace);
        roxmltree::Document::parse(&picture).map_err(|error| format!("{error}\n{picture}"))?;
    }
    Ok(())
}

/// Compares `assets/NAME.svg` with what was drawn, and sees that `assets/NAME.png` is of its size, twice as fine.
/// `BLESS=1` rewrites both; the second needs rsvg-convert.
pub(crate) fn asset(name: &str, svg: &str) {
    golden::compare(&format!("assets/{name}.svg"), svg);
    let png = golden::root().join(format!("assets/{name}.png"));
    if golden::blessing()
        && let Some(program) = golden::program("rsvg-convert", "the PNG is not drawn anew")
    {
        let drawn = Command::new(program)
            .args(["--zoom", "2", "--output"])
            .arg(&png)
            .arg(golden::root().join(format!("assets/{name}.svg")))
            .status();
        assert!(
            drawn.is_ok_and(|status| status.success()),
            "rsvg-convert refuses {name}.svg"
        );
    }
    let bytes = fs::read(&png).unwrap_or_else(|error| panic!("{}: {error}", png.display()));
    assert_eq!(
        bytes.get(..8),
        Some(&b"\x89PNG\r\n\x1a\n"[..]),
        "{} is no PNG",
        png.display()
    );
    let number = |from: usize| {
        bytes.get(from..from + 4).map(|bytes| {
            bytes
                .iter()
                .fold(0, |sum, byte| sum * 256 + u32::from(*byte))
        })
    };
    let document = roxmltree::Document::parse(svg).expect("we draw well-formed pictures");
    let pixels = |name: &str| {
        let length: Option<f64> = document
            .root_element()
            .attribute(name)
            .and_then(|length| length.parse().ok());
        length.map(|length| (length * 2.0).round() as u32)
    };
    assert_eq!(
        (number(16), number(20)),
        (pixels("width"), pixels("height")),
        "{} has another size",
        png.display()
    );
}
