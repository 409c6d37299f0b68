//! Charts: what they show, that nothing in a run can break them, that equal runs give equal bytes.

mod assets;
mod examples;
mod hostile;
mod picture;
mod reading;
mod real;
mod tools;

use crate::golden;
use bft_crdts::net::{ChartOptions, msc, svg};

#[test]
fn the_charts_of_small_stories_stay_as_they_were_looked_at() {
    let everything = ChartOptions {
        chatter: true,
        ..ChartOptions::default()
    };
    for trace in examples::all() {
        let chart = msc::render(&trace, &everything);
        golden::compare(
            &format!("tests/simulator/charts/golden/{}.msc", trace.title),
            &chart,
        );
        let picture = svg::render(&trace, &everything);
        golden::compare(
            &format!("tests/simulator/charts/golden/{}.svg", trace.title),
            &picture,
        );
    }
}

#[test]
fn a_golden_file_that_differs_is_shown_where_it_does() {
    assert_eq!(golden::difference(Some("a\nb\n"), "a\nb\n"), None);
    let missing = golden::difference(None, "a").expect("a missing golden file is a difference");
    assert_eq!(missing, "is not in the repository");
    let shown = golden::difference(Some("a\nb\nc\n"), "a\nb\nd\ne\n").expect("they differ");
    assert_eq!(
        shown,
        "differs from line 3 on (4 lines, was 3):\n    a\n    b\n  - c\n  + d\n  + e"
    );
    let shorter = golden::difference(Some("a\nb\n"), "a\n").expect("they differ");
    assert!(shorter.ends_with("  - b\n  + (ends here)"), "{shorter}");
}

#[test]
fn mscgen_accepts_every_golden_chart() {
    let Some(mscgen) = tools::mscgen("golden charts are not checked with mscgen") else {
        return;
    };
    let mut checked = 0;
    for directory in ["msc", "tests/simulator/charts/golden"] {
        let Ok(files) = std::fs::read_dir(golden::root().join(directory)) else {
            continue;
        };
        for file in files.filter_map(Result::ok).map(|file| file.path()) {
            if file.extension().is_some_and(|kind| kind == "msc") {
                let text = std::fs::read_to_string(&file).expect("a golden chart is text");
                if let Err(error) = mscgen.check(&text) {
                    panic!("{}: {error}", file.display());
                }
                checked += 1;
            }
        }
    }
    assert!(
        checked >= examples::all().len(),
        "only {checked} golden charts found"
    );
}
