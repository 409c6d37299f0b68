//! Every experiment comes to what the golden file beside it says. `BLESS=1` accepts what has changed.

#[path = "../../../tests/common/golden.rs"]
mod golden;

use bft_crdts_lab::experiment::{self, ALL, Experiment, File, Page};

fn page(name: &str) -> Page {
    let experiment = Experiment::named(name).expect("an experiment");
    experiment.run(1).expect("a page")
}

fn as_before(name: &str) {
    let page = page(name);
    golden::compare(
        &format!("crates/lab/tests/golden/{name}.txt"),
        &format!("{}\n\n{}", page.title, page.text),
    );
    for (name, figure) in &page.figures {
        let tree = roxmltree::Document::parse(figure);
        let tree = tree.unwrap_or_else(|why| panic!("{name}: {why}"));
        assert!(tree.descendants().count() > 10, "{name} is empty");
    }
    let html = page.html();
    assert!(html.ends_with("</html>\n") && !html.contains("<script"));
}

#[test]
fn latency() {
    as_before("latency");
}

#[test]
fn random_topology() {
    as_before("random-topology");
    let logs = page("random-topology").logs;
    assert_eq!(logs.len(), 10);
    assert!(
        logs.iter()
            .all(|(_, log)| log.contains("Received message <Pong>"))
    );
}

#[test]
fn emergent_topology() {
    as_before("emergent-topology");
}

#[test]
fn crash_gossip() {
    as_before("crash-gossip");
}

#[test]
fn malicious_gossip() {
    as_before("malicious-gossip");
}

#[test]
fn conflicting_client() {
    as_before("conflicting-client");
}

#[test]
fn bound() {
    as_before("bound");
}

#[test]
fn scaling() {
    as_before("scaling");
}

#[test]
fn fraction() {
    as_before("fraction");
}

#[test]
fn ccro_modes() {
    as_before("ccro-modes");
}

#[test]
fn default_vote() {
    as_before("default-vote");
}

#[test]
fn selfish_lottery() {
    as_before("selfish-lottery");
}

#[test]
fn every_experiment_has_a_golden_file() {
    for experiment in ALL {
        let file = golden::root().join(format!("crates/lab/tests/golden/{}.txt", experiment.name));
        assert!(file.exists() || golden::blessing(), "{}", experiment.name);
    }
}

#[test]
fn what_was_saved_gives_the_same_page_and_another_seed_another() {
    for name in ["random-topology", "crash-gossip"] {
        let file = Experiment::named(name).expect("an experiment").file(5);
        let loaded = File::parse(&file.to_toml().expect("TOML")).expect("a file");
        let first = experiment::run(&file).expect("a page");
        assert_eq!(experiment::run(&loaded).expect("a page"), first, "{name}");
        let other = File { seed: 6, ..file };
        assert_ne!(experiment::run(&other).expect("a page"), first, "{name}");
    }
}
