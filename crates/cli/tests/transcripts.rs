//! What runs put on the wire, into journals and into applications is what it was: `transcripts.txt` says so for every
//! scenario and for a thousand seeds of campaigns.
//!
//! A line that differs means another protocol, another packet or another record. Words, verdicts and errors may change
//! without changing any line. Without more, the scenarios and the first seeds of two campaigns are compared. All of them:
//!
//! ```text
//! SEEDS=1000 cargo test -p bft-crdts-cli --release --test transcripts
//! ```
//!
//! With `BLESS=1` besides, what they are now is accepted.

#[path = "../../../tests/common/golden.rs"]
mod golden;

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use bft_crdts::codec::Digest;
use bft_crdts_cli::input::{CAMPAIGN, Input, RECONFIGURATION};
use bft_crdts_cli::pool;
use bft_crdts_cli::scenario::swarm::Swarm;
use bft_crdts_cli::simulate::{Options, Ran, run};

const FILE: &str = "crates/cli/tests/transcripts.txt";
/// Seeds of each campaign, and how many of them share a line.
const SEEDS: u64 = 200;
const BLOCK: u64 = 10;

/// The digests of what some runs sent, persisted and delivered. Eight bytes of each tell a change; there is nobody to
/// withstand here.
fn line(name: &str, runs: &[Ran]) -> String {
    let transcripts = || runs.iter().filter_map(|ran| ran.transcript);
    let columns: [Vec<u8>; 3] = [
        transcripts()
            .flat_map(|it| *it.packets.as_bytes())
            .collect(),
        transcripts()
            .flat_map(|it| *it.records.as_bytes())
            .collect(),
        transcripts()
            .flat_map(|it| *it.deliveries.as_bytes())
            .collect(),
    ];
    let digests = columns.map(|column| Digest::of(&column).to_hex()[..16].to_owned());
    format!("{name:<30} {}", digests.join(" "))
}

fn ran(input: &Input, seed: u64) -> Ran {
    let options = Options {
        transcribed: true,
        ..Options::of(seed, &input.scenario.rules)
    };
    let ran = run(input, options, &mut |_, _| ());
    ran.unwrap_or_else(|why| panic!("{} with seed {seed}: {why:#}", input.scenario.name))
}

/// A campaign in the file.
struct Lines {
    name: &'static str,
    input: Input,
    /// How many of its seeds are compared without more.
    sample: u64,
}

fn campaigns() -> [Lines; 5] {
    let lines = |name, known, sample, swarm: Option<Swarm>| {
        let mut input = Input::known(known).expect("a campaign");
        if let Some(swarm) = swarm {
            input.swarm(&swarm).expect("seeds draw");
        }
        Lines {
            name,
            input,
            sample,
        }
    };
    let everything = Swarm {
        swarm: true,
        adversaries: vec!["all".to_owned()],
        ..Swarm::default()
    };
    let small = Swarm {
        members: vec![4, 5],
        operations: Some(12),
        changes: Some(2),
        ..everything.clone()
    };
    [
        lines("small", RECONFIGURATION, 2 * BLOCK, Some(small)),
        lines("campaign", CAMPAIGN, BLOCK, None),
        lines("campaign-swarm", CAMPAIGN, 0, Some(everything.clone())),
        lines("handover", RECONFIGURATION, 0, None),
        lines("handover-swarm", RECONFIGURATION, 0, Some(everything)),
    ]
}

/// The lines of the scenarios, each run with its own seed.
fn of_scenarios() -> Vec<String> {
    let files = fs::read_dir(golden::root().join("scenarios")).expect("scenarios");
    let files = files.map(|file| file.expect("a file").path());
    let mut files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|kind| kind == "toml"))
        .collect();
    files.sort();
    let name = |path: &Path| {
        path.file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    };
    let of = |place: u64| {
        let path = &files[usize::try_from(place).expect("a place")];
        let input = Input::read(path).expect("a scenario");
        line(&name(path), &[ran(&input, input.scenario.seed)])
    };
    pool::all(0..files.len() as u64, pool::processors(), of, |_| ())
}

/// The lines of a campaign's first seeds, and how often what happened in them is added to `counts`.
fn of_campaign(lines: &Lines, seeds: u64, counts: &mut BTreeMap<&'static str, u64>) -> Vec<String> {
    let Lines { name, input, .. } = lines;
    let runs = pool::all(
        0..seeds,
        pool::processors(),
        |seed| ran(input, seed),
        |_| (),
    );
    for (what, times) in runs.iter().flat_map(|ran| &ran.sometimes) {
        *counts.entry(*what).or_default() += times;
    }
    let blocks = (0..)
        .step_by(BLOCK as usize)
        .zip(runs.chunks(BLOCK as usize));
    blocks
        .map(|(first, runs)| line(&format!("{name} {first}-{}", first + BLOCK - 1), runs))
        .collect()
}

/// What must happen in the runs compared, or that they are equal says little; the last only if all are.
const HAPPENS: [&str; 5] = [
    "a checkpoint was certified",
    "a generation was activated",
    "a node restarted",
    "evidence was found",
    "a snapshot was taken over",
];

#[test]
fn runs_send_persist_and_deliver_what_they_did() {
    let all = env::var("SEEDS").is_ok_and(|seeds| seeds == "1000");
    assert!(
        all || !golden::blessing(),
        "BLESS=1 takes SEEDS=1000: one file has all lines"
    );
    let mut lines = of_scenarios();
    let mut counts = BTreeMap::new();
    for campaign in campaigns() {
        let seeds = if all { SEEDS } else { campaign.sample };
        lines.extend(of_campaign(&campaign, seeds, &mut counts));
    }
    for what in &HAPPENS[..if all { 5 } else { 4 }] {
        assert!(counts.contains_key(what), "{what}: never: {counts:?}");
    }
    if all {
        golden::compare(FILE, &(lines.join("\n") + "\n"));
        return;
    }
    let stored = fs::read_to_string(golden::root().join(FILE)).expect("the file of transcripts");
    let stored: Vec<&str> = stored.lines().collect();
    let is_other = |line: &&String| !stored.contains(&line.as_str());
    let other: Vec<&String> = lines.iter().filter(is_other).collect();
    assert!(other.is_empty(), "not in {FILE}: {other:#?}");
}
