//! Campaigns: what seeds draw, sweeps that are interrupted, and failing runs made small.

#[path = "../../../tests/common/golden.rs"]
mod golden;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use bft_crdts::net::Property;
use bft_crdts_cli::input::{CAMPAIGN, Input, RECONFIGURATION, SCENARIO};
use bft_crdts_cli::package;
use bft_crdts_cli::scenario::{self, AdversaryKind, Chance, Scenario, Signatures};
use bft_crdts_cli::shrink::{fixed, size};
use bft_crdts_cli::simulate::{Options, run};
use bft_crdts_cli::sweep::controls::{broken, harm_of};
use serde_json::Value;

fn bft_crdts(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bft-crdts"))
        .args(arguments)
        .output()
        .expect("the command runs")
}

/// A fresh directory.
fn out(name: &str) -> PathBuf {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("campaigns")
        .join(name);
    let _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&out).expect("a directory");
    out
}

/// What a sweep prints as JSON, and its exit code.
fn sweep(arguments: &[&str]) -> (Option<i32>, String) {
    let output = bft_crdts(&[&["sweep", "--json", "--packages", "0"], arguments].concat());
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        !text.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.code(), text)
}

/// Small runs of everything there is.
const SWARM: [&str; 10] = [
    "handover",
    "--swarm",
    "--adversaries",
    "all",
    "--members",
    "4,5",
    "--operations",
    "6",
    "--changes",
    "2",
];

#[test]
fn a_swarm_comes_to_the_same_with_one_job_and_with_eight() {
    let swarm = |jobs| sweep(&[&SWARM[..], &["--seeds", "40", "--jobs", jobs]].concat());
    let (code, one) = swarm("1");
    assert_eq!((code, &one), (Some(0), &swarm("8").1));
    let json: Value = serde_json::from_str(&one).expect("JSON");
    let sometimes = json["sometimes"].as_object().expect("counters");
    let adversaries: std::collections::BTreeSet<&str> = sometimes
        .keys()
        .filter_map(|counter| Some(counter.split_once(": ")?.0))
        .collect();
    assert!(adversaries.len() >= 12, "{adversaries:?}");
}

#[test]
fn a_swarm_draws_other_kinds_and_strengths_in_every_seed() {
    let mut input = Input::known(RECONFIGURATION).expect("a campaign");
    let swarm = bft_crdts_cli::scenario::swarm::Swarm {
        swarm: true,
        adversaries: vec!["all".to_owned()],
        ..Default::default()
    };
    input.swarm(&swarm).expect("seeds draw");
    let drawn: Vec<Scenario> = (0..200).map(|seed| input.scenario.of_seed(seed)).collect();
    let some = |what: &dyn Fn(&Scenario) -> bool| {
        let count = drawn.iter().filter(|scenario| what(scenario)).count();
        (20..180).contains(&count)
    };
    assert!(some(&|scenario| scenario.network.loss > Chance(0)));
    assert!(some(&|scenario| scenario.network.loss > Chance(100_000)));
    assert!(some(&|scenario| !scenario.partitions.is_empty()));
    assert!(some(&|scenario| !scenario.crashes.is_empty()));
    assert!(some(&|scenario| !scenario.changes.is_empty()));
    assert!(some(&|scenario| scenario.adversaries.is_empty()));
    let kinds: std::collections::BTreeSet<&str> = drawn
        .iter()
        .flat_map(|scenario| &scenario.adversaries)
        .map(|adversary| adversary.kind.name())
        .collect();
    assert_eq!(kinds.len(), AdversaryKind::all().count(), "{kinds:?}");
}

#[test]
fn an_interrupted_sweep_goes_on_and_comes_to_the_same() {
    let state = out("resume").join("state.json");
    let file = state.display().to_string();
    let options = [&SWARM[..], &["--seeds", "128", "--jobs", "1"]].concat();
    let (_, whole) = sweep(&options);
    let mut child = Command::new(env!("CARGO_BIN_EXE_bft-crdts"))
        .args(["sweep", "--json", "--packages", "0", "--resume", &file])
        .args(&options)
        .stdout(Stdio::null())
        .spawn()
        .expect("the command runs");
    let begin = Instant::now();
    while !state.exists() {
        assert!(
            begin.elapsed() < Duration::from_secs(300),
            "it never wrote its state"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("it runs");
    child.wait().expect("it ran");
    let text = fs::read_to_string(&state).expect("a state");
    let json: Value = serde_json::from_str(&text).expect("JSON");
    let next = json["next"].as_u64().expect("a seed");
    assert!(
        (64..128).contains(&next),
        "interrupted in the middle: {next}"
    );
    let resumed = |more: &[&str]| sweep(&[&options[..], &["--resume", &file], more].concat());
    assert_eq!(resumed(&[]).1, whole, "with what was done before");
    assert_eq!(
        resumed(&[]).1,
        whole,
        "and once more, with nothing left to do"
    );
    let other = [
        &["sweep", "--resume", &file],
        &options[..],
        &["--loss", "0.5"],
    ]
    .concat();
    let other = bft_crdts(&other);
    let why = String::from_utf8_lossy(&other.stderr);
    assert_eq!(other.status.code(), Some(2), "{why}");
    assert!(why.contains("is the state of another sweep"), "{why}");
}

#[test]
fn options_for_a_swarm_are_checked() {
    let lossy = golden::root()
        .join("scenarios/lossy.toml")
        .display()
        .to_string();
    for (arguments, error) in [
        (vec![lossy.as_str(), "--swarm"], "seeds draw nothing in it"),
        (
            vec!["--adversaries", "nobody"],
            "--adversaries: `nobody` is none of",
        ),
        (vec!["--loss", "1.5"], "--loss: 1.5 is no chance"),
        (vec!["--members", "0"], "--members: there are 1 to 100"),
        (vec!["--changes", "2"], "--changes:"),
        (vec!["--crashes", "21"], "--crashes: at most 20"),
    ] {
        let output = bft_crdts(&[&["sweep", "--seeds", "1"], &arguments[..]].concat());
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(error), "{text} does not contain {error}");
    }
}

#[test]
fn one_run_in_twenty_has_real_signatures_and_a_seed_has_them_or_not() {
    for name in [CAMPAIGN, RECONFIGURATION] {
        let input = Input::known(name).expect("a campaign");
        let real = |seed: &u64| input.scenario.of_seed(*seed).signatures == Signatures::Ed25519;
        let seeds: Vec<u64> = (0..1_000).filter(real).collect();
        assert!((30..70).contains(&seeds.len()), "{name}: {}", seeds.len());
        assert_eq!(seeds, (0..1_000).filter(real).collect::<Vec<_>>());
        let seed = seeds[0];
        let ran = run(&input, Options::of(seed, "sound"), &mut |_, _| ()).expect("it runs");
        assert!(ran.report.real_signatures && ran.report.violations.is_empty());
        let fake = (0..).find(|seed| !real(seed)).expect("a seed");
        let ran = run(&input, Options::of(fake, "sound"), &mut |_, _| ()).expect("it runs");
        assert!(!ran.report.real_signatures);
    }
}

/// A scenario without the lines it stands on.
fn unplaced(mut scenario: Scenario) -> Scenario {
    let rows = scenario.operations.iter_mut();
    rows.for_each(|row| row.line = row.number);
    scenario
}

#[test]
fn what_a_seed_draws_can_be_written_down_and_read_again() {
    for name in [CAMPAIGN, RECONFIGURATION] {
        let input = Input::known(name).expect("a campaign");
        for seed in 0..40 {
            let drawn = fixed(&input, "sound", seed);
            let text = scenario::text(&drawn).expect("it says everything itself");
            let read = scenario::parse(&text).unwrap_or_else(|why| panic!("{why}: {text}"));
            assert_eq!(unplaced(read), unplaced(drawn), "{name}, seed {seed}");
        }
    }
}

/// Once a seed, an amount and a balance beyond 2^63 were packed as 2^63 - 1, silently: the package was another run.
#[test]
fn what_is_packed_is_what_is_read_however_large_its_numbers_are() {
    let text = "name = \"large\"\nalgorithm = \"bank\"\nmembers = 4\nseed = 18446744073709551615\n\
                [bank]\naccounts = { alice = 9223372036854775809 }\n\
                [[operations]]\nwho = \"alice\"\nwhat = \"transfer\"\nto = \"bob\"\namount = 9223372036854775808\n";
    let scenario = scenario::parse(text).expect("a scenario");
    assert_eq!(scenario.seed, u64::MAX);
    let packed = scenario::text(&scenario).expect("it says everything itself");
    let read = scenario::parse(&packed).unwrap_or_else(|why| panic!("{why}: {packed}"));
    assert_eq!(unplaced(read), unplaced(scenario), "{packed}");
}

#[test]
fn a_run_from_its_schedule_is_the_run_it_was_written_down_from() {
    for name in [CAMPAIGN, RECONFIGURATION] {
        let input = Input::known(name).expect("a campaign");
        for seed in 0..8 {
            let written = Options {
                write_schedule: true,
                ..Options::of(seed, "sound")
            };
            let first = run(&input, written, &mut |_, _| ()).expect("it runs");
            let mut scenario = fixed(&input, "sound", seed);
            scenario.network.loss = Chance(0);
            scenario.network.duplicate = Chance(0);
            scenario.network.reorder = Chance(0);
            scenario.schedule = Some(scenario::Schedule {
                latency: scenario::Time(bft_crdts::net::Span::from_millis(1)),
                copies: first.schedule.expect("it was asked for"),
            });
            let text = scenario::text(&scenario).expect("it says everything itself");
            let read = Input::parse(Path::new("read.toml"), &text).expect("a scenario");
            let again = run(&read, Options::of(seed, "sound"), &mut |_, _| ()).expect("it runs");
            assert_eq!(
                again.report.trace_digest, first.report.trace_digest,
                "{name}, seed {seed}"
            );
        }
    }
}

#[test]
fn a_failing_seed_becomes_a_package_that_run_replays() {
    let out = out("packages").display().to_string();
    let arguments = [
        "sweep",
        "--rules",
        "leaves-gaps",
        "--seeds",
        "1",
        "--json",
        "--out",
        &out,
    ];
    let output = bft_crdts(&arguments);
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(1), "{json}");
    let violated = &json["violations"][0];
    let path = violated["package"]["path"].as_str().expect("a package");
    for file in [SCENARIO, "report.json", "campaign.msc", "campaign.svg"] {
        assert!(Path::new(path).join(file).exists(), "{file}");
    }
    let before = violated["package"]["before"].as_u64();
    let after = violated["package"]["after"].as_u64();
    assert!(after < before, "{violated}");
    let charts = Path::new(&out).join("again").display().to_string();
    let again = bft_crdts(&["run", path, "--json", "--out", &charts]);
    assert_eq!(again.status.code(), Some(1));
    let packed = fs::read(Path::new(path).join("report.json")).expect("a report");
    assert_eq!(again.stdout, packed, "the same run, to the last byte");
    let report: Value = serde_json::from_slice(&packed).expect("JSON");
    let properties: Vec<&Value> = report["violations"]
        .as_array()
        .expect("violations")
        .iter()
        .map(|v| &v["property"])
        .collect();
    assert!(
        properties.contains(&&violated["property"]),
        "{properties:?}"
    );
}

/// The smallest scenario a person has found in which these rules break this promise: for some number that the person
/// has to try, be it a seed, a packet, or an effect.
struct ByHand {
    rules: &'static str,
    property: Property,
    text: fn(u64) -> String,
}

const HEAD: &str = "name = \"by_hand\"\nsignatures = \"simulated\"\n";

const BY_HAND: [ByHand; 5] = [
    // The proof of a's first payment is lost, and b takes the second one without it.
    ByHand {
        rules: "leaves-gaps",
        property: Property::SourceOrder,
        text: |number| {
            format!(
                "{HEAD}algorithm = \"bank\"\nmembers = [\"a\", \"b\"]\n[bank]\nbalance = 9\n\
                 [schedule]\nlatency = \"10ms\"\ncopies = [\"a b {number} lost\"]\n\
                 [[operations]]\nwho = \"a\"\nwhat = \"transfer\"\nto = \"b\"\namount = 1\n\
                 [[operations]]\nwho = \"a\"\nwhat = \"transfer\"\nto = \"b\"\namount = 2\nat = \"5ms\"\n"
            )
        },
    },
    // What b removes a has added, and c has not heard of that.
    ByHand {
        rules: "ignores-causes",
        property: Property::CausalOrder,
        text: |number| {
            format!(
                "{HEAD}algorithm = \"orswot\"\nmembers = [\"a\", \"b\", \"c\", \"d\"]\n\
                 [schedule]\nlatency = \"10ms\"\ncopies = [\"a c {number} lost\"]\n\
                 [[operations]]\nwho = \"a\"\nwhat = \"add\"\nitem = \"x\"\n\
                 [[operations]]\nwho = \"b\"\nwhat = \"remove\"\nitem = \"x\"\n"
            )
        },
    },
    ByHand {
        rules: "ignores-invalid",
        property: Property::Conservation,
        text: |number| {
            format!(
                "{HEAD}algorithm = \"bank\"\nmembers = [\"a\", \"b\", \"c\", \"d\"]\nseed = {number}\n[bank]\nbalance = 9\n\
                 [[adversaries]]\nwho = \"d\"\nkind = \"cheat\"\n"
            )
        },
    },
    ByHand {
        rules: "refuses-relays",
        property: Property::Totality,
        text: |number| {
            format!(
                "{HEAD}algorithm = \"bank\"\nmembers = [\"a\", \"b\", \"c\", \"d\"]\nseed = {number}\n[bank]\nbalance = 9\n\
                 [[adversaries]]\nwho = \"d\"\nkind = \"withholder\"\n"
            )
        },
    },
    // a forgets that it has asked for its first payment, and asks for both at once.
    ByHand {
        rules: "forgets-own-message",
        property: Property::Accusation,
        text: |number| {
            format!(
                "{HEAD}algorithm = \"bank\"\nmembers = [\"a\", \"b\"]\n[bank]\nbalance = 9\n\
                 [[crashes]]\nmember = \"a\"\nafter_effects = {number}\ndown = \"300ms\"\nlose_unsynced = true\n\
                 [[operations]]\nwho = \"a\"\nwhat = \"transfer\"\nto = \"b\"\namount = 1\n\
                 [[operations]]\nwho = \"a\"\nwhat = \"transfer\"\nto = \"b\"\namount = 2\nat = \"100ms\"\n"
            )
        },
    },
];

fn breaks(input: &Input, rules: &str, seed: u64, property: Property) -> bool {
    let ran = run(input, Options::of(seed, rules), &mut |_, _| ()).expect("it runs");
    let mut violations = ran.report.violations.iter();
    violations.any(|violation| violation.property == property.name())
}

/// How much there is in the smallest scenario made by hand.
fn by_hand(of: &ByHand) -> usize {
    (0..40)
        .map(|number| {
            Input::parse(Path::new("by_hand.toml"), &(of.text)(number)).expect("a scenario")
        })
        .find(|input| breaks(input, of.rules, input.scenario.seed, of.property))
        .map(|input| size(&input.scenario))
        .unwrap_or_else(|| panic!("{}: nothing by hand breaks {}", of.rules, of.property))
}

#[test]
fn a_failing_run_is_made_at_most_twice_as_large_as_the_smallest_by_hand() {
    let below = out("shrunk");
    let input = Input::known(CAMPAIGN).expect("the campaign");
    let mut told = String::new();
    for of in &BY_HAND {
        let least = by_hand(of);
        let seed = (0..100).find(|seed| breaks(&input, of.rules, *seed, of.property));
        let seed = seed.unwrap_or_else(|| panic!("{} is not caught", of.rules));
        let packed = package::pack(&input, of.rules, seed, of.property.name(), 2_000, &below)
            .expect("it can be packed");
        let (after, before, runs) = (packed.after, packed.before, packed.runs);
        told += &format!(
            "{}: {before} to {after} in {runs} runs, by hand {least}\n",
            of.rules
        );
        assert!(after <= 2 * least, "{told}{}", packed.path.display());
    }
    println!("{told}");
}

/// The rows of a table of `docs/positive-controls.md`, by their first cell.
fn table(heading: &str) -> BTreeMap<String, Vec<String>> {
    let page = golden::root().join("docs/positive-controls.md");
    let page = fs::read_to_string(page).expect("the page");
    let part = page.split("\n## ").find(|part| part.starts_with(heading));
    let rows = part
        .expect("the part")
        .lines()
        .filter(|line| line.starts_with("| "));
    let rows = rows.skip(2).map(|row| {
        let cells = row.trim_matches('|').split(" | ");
        let cells: Vec<String> = cells
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect();
        (cells[0].clone(), cells)
    });
    rows.collect()
}

/// How many seeds before the documented one are run again here; `.ci/run` runs them all.
const EARLIER: u64 = 6;

#[test]
fn the_page_says_which_rules_are_caught_and_by_whom() {
    let rows = table("What is broken");
    use bft_crdts_controls::generations::is_elsewhere;
    let all = bft_crdts_controls::all().filter(|control| !is_elsewhere(control.name));
    let names: Vec<&str> = all.map(|control| control.name).collect();
    assert_eq!(rows.len(), names.len());
    for name in names {
        let [_, _, campaign, seeds, property] = rows[name].as_slice() else {
            panic!("{name}: {:?}", rows[name]);
        };
        let seeds: u64 = seeds
            .parse()
            .unwrap_or_else(|_| panic!("{name} is not caught: {seeds}"));
        assert!(seeds <= 1_000, "{name}");
        assert_eq!(
            broken(campaign, name, seeds - 1).as_ref(),
            Some(property),
            "{name}"
        );
        for seed in 0..EARLIER.min(seeds - 1) {
            assert_eq!(broken(campaign, name, seed), None, "{name}, seed {seed}");
        }
    }
}

#[test]
fn the_page_says_what_makes_every_judge_the_first_to_speak() {
    let rows = table("Every checker");
    assert_eq!(rows.len(), Property::ALL.len());
    for property in Property::ALL.iter().map(|property| property.name()) {
        let [_, control, campaign, seeds] = rows[property].as_slice() else {
            panic!("{property}: {:?}", rows[property]);
        };
        let seeds: u64 = seeds
            .parse()
            .unwrap_or_else(|_| panic!("{property} is silent: {seeds}"));
        assert!(seeds <= 1_000, "{property}");
        assert_eq!(
            broken(campaign, control, seeds - 1).as_deref(),
            Some(property)
        );
        for seed in 0..EARLIER.min(seeds - 1) {
            assert_ne!(broken(campaign, control, seed).as_deref(), Some(property));
        }
    }
}

#[test]
fn the_page_says_what_harm_every_adversary_does() {
    let rows = table("Every adversary");
    assert_eq!(rows.len(), AdversaryKind::all().count());
    for kind in AdversaryKind::all() {
        let [_, _, seeds, harm] = rows[kind.name()].as_slice() else {
            panic!("{kind}: {:?}", rows[kind.name()]);
        };
        let seeds: u64 = seeds
            .parse()
            .unwrap_or_else(|_| panic!("{kind} does no harm: {seeds}"));
        assert_eq!(
            harm_of(kind, seeds - 1),
            (Some(harm.clone()), None),
            "{kind}"
        );
    }
}
