//! Charts: what they show, that they cannot be broken, that equal traces give equal bytes.

mod scenes;

use bft_crdts::net::{ChartOptions, msc};

#[test]
fn dump() {
    for trace in [scenes::payment(), scenes::double_spend(), scenes::stormy()] {
        std::fs::write(
            format!("/tmp/m/{}.msc", trace.title),
            msc::render(&trace, &ChartOptions::default()),
        )
        .unwrap();
    }
}
