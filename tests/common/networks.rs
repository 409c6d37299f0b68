//! Properties over networks: as many networks as `QUICKCHECK_TESTS` says, and a chart of one of them.
//!
//! A property takes a [`Plan`]: a seed, how large the run may be, and whether the network has faults. [`check`] draws
//! plans with quickcheck's generator, makes a failing one smaller, and leaves `target/msc/MODULE.TEST.msc` and `.svg`:
//! the smallest run that fails, else the last one.

#![allow(dead_code, reason = "every test program uses its own part of this")]

use std::any::type_name;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fmt, fs};

use bft_crdts::Rules;
use bft_crdts::bank::{ALGORITHM, Bank, Ledger};
use bft_crdts::net::trace::Trace;
use bft_crdts::net::{
    Chance, ChartOptions, FakeKeys, Faults, Net, Report, Roster, SeededKeys, SimAlgorithm, Task,
    msc, svg,
};
use quickcheck::{Arbitrary, Gen};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::film;

#[path = "properties.rs"]
mod properties;

/// Where charts go instead of `target/msc`: tests of this module look at them while others run.
const CHARTS: &str = "BFT_CRDTS_CHARTS";
/// Says how many networks each property has run.
const COUNTED: &str = "BFT_CRDTS_COUNT_NETWORKS";
/// Makes [`planted`] fail.
const PLANTED: &str = "BFT_CRDTS_PLANT";
/// As many runs as making a failing plan smaller may take.
const MOST_SMALLER_RUNS: usize = 200;

/// What one run is drawn from.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// Which plan it is of its property: what takes turns goes by it.
    pub(crate) number: u64,
    /// The most steps, or operations.
    pub(crate) size: usize,
    /// Whether the network has faults.
    pub(crate) faults: bool,
    /// Whether it is as it was drawn: of one that was made smaller less is to be expected.
    pub(crate) whole: bool,
}

impl Plan {
    pub(crate) fn rng(self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.seed)
    }

    /// These faults, unless the run fails without them, too.
    pub(crate) fn faults(self, faults: Faults) -> Faults {
        if self.faults {
            faults
        } else {
            Faults::default()
        }
    }

    /// Smaller plans, the smallest first. A smaller seed would be an unrelated run.
    fn smaller(self) -> Vec<Self> {
        let part = Self {
            whole: false,
            ..self
        };
        let calm = self.faults.then_some(Self {
            faults: false,
            ..part
        });
        let parts = [0, 4, 2].map(|part| self.size.checked_div(part).unwrap_or(1));
        let sizes = [parts[0], parts[1], parts[2]]
            .into_iter()
            .chain([self.size - self.size / 4, self.size.saturating_sub(1)]);
        let sizes = sizes.filter(|size| (1..self.size).contains(size));
        calm.into_iter()
            .chain(sizes.map(|size| Self { size, ..part }))
            .collect()
    }

    /// As the variables `REPLAY_…` say, or drawn.
    fn draw(random: &mut Gen, number: u64, size: usize) -> Self {
        let told = |name: &str| Some(env::var(name).ok()?.parse().expect("a number"));
        Self {
            seed: told("REPLAY_SEED").unwrap_or_else(|| u64::arbitrary(random)),
            number: told("REPLAY_NUMBER").unwrap_or(number),
            size: told("REPLAY_SIZE").map_or(size, |size| size as usize),
            faults: told("REPLAY_FAULTS") != Some(0),
            whole: env::var_os("REPLAY_SIZE").is_none(),
        }
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed, number, size, ..
        } = self;
        let faults = u8::from(self.faults);
        write!(
            f,
            "REPLAY_SEED={seed} REPLAY_NUMBER={number} REPLAY_SIZE={size} REPLAY_FAULTS={faults}"
        )
    }
}

/// How many plans a property is checked on that does one in `divisor`.
pub(crate) fn cases(divisor: u64) -> u64 {
    let asked = env::var("QUICKCHECK_TESTS").ok();
    let asked = asked
        .and_then(|tests| tests.parse().ok())
        .unwrap_or(100_u64);
    if env::var_os("REPLAY_SEED").is_some() {
        1
    } else {
        asked.div_ceil(divisor)
    }
}

/// Holds `property` to its promise on one plan for every `divisor` that `QUICKCHECK_TESTS` asks for, of at most this
/// size. `divisor` is a literal where this is called, and stands in `docs/verification.md`; the property is a closure
/// there, by whose place the test is called.
pub(crate) fn check<F: Fn(Plan)>(divisor: u64, size: usize, property: F) {
    let test = chart_of(&path_of::<F>());
    let cases = cases(divisor);
    let mut random = Gen::new(100);
    let mut networks = 0;
    for number in 0..cases {
        let plan = Plan::draw(&mut random, number, size);
        // A trace changes nothing about a run, so only the one that is drawn has to have one.
        let run = run(&property, plan, number + 1 == cases);
        networks += run.networks;
        match run.failure {
            None => draw(&test, plan, run.trace),
            Some(_) => fail(&test, &property, plan),
        }
    }
    if env::var_os(COUNTED).is_some() {
        println!("networks: {test} {networks}");
    }
}

/// Runs a simulated network as the property's, which is counted and may be drawn.
pub(crate) fn run_net<A: SimAlgorithm, K: SeededKeys, R: Rules>(net: Net<A, K, R>) -> Report<A> {
    let net = match film::recording() {
        true => net.traced("property", "a property"),
        false => net,
    };
    let report = net.run().expect("the network can be built");
    film::keep(report.trace.as_ref());
    report
}

struct Run {
    networks: u64,
    trace: Option<Trace>,
    failure: Option<Box<dyn std::any::Any + Send>>,
}

fn run<F: Fn(Plan)>(property: &F, plan: Plan, recording: bool) -> Run {
    film::begin(recording, Some(plan.size));
    let result = catch_unwind(AssertUnwindSafe(|| property(plan)));
    let (networks, trace) = film::end();
    Run {
        networks,
        trace,
        failure: result.err(),
    }
}

/// Makes the plan smaller as long as it fails, draws the smallest, and fails.
fn fail<F: Fn(Plan)>(test: &str, property: &F, mut plan: Plan) {
    let mut runs = 0;
    let mut fails = |plan: &Plan| {
        runs += 1;
        runs <= MOST_SMALLER_RUNS && run(property, *plan, false).failure.is_some()
    };
    while let Some(smaller) = plan.smaller().into_iter().find(&mut fails) {
        plan = smaller;
    }
    let last = run(property, plan, true);
    draw(test, plan, last.trace);
    let charts = charts().join(test);
    eprintln!(
        "{test} fails; drawn in {}.msc; to replay: {plan:?} cargo test --test {} -- --exact {}",
        charts.display(),
        env!("CARGO_CRATE_NAME"),
        path_of::<F>(),
    );
    if let Some(failure) = last.failure {
        resume_unwind(failure);
    }
    panic!("{plan:?} fails, and not when it is run again");
}

/// `module::test` in this test program.
fn path_of<F>() -> String {
    let path = type_name::<F>().trim_end_matches("::{{closure}}");
    let (_, path) = path.split_once("::").unwrap_or(("", path));
    path.to_owned()
}

/// `module.test`, with the last of the modules: what the chart of a property is called.
fn chart_of(property: &str) -> String {
    let mut parts = property.rsplit("::");
    let (test, module) = (parts.next().unwrap_or_default(), parts.next());
    format!("{}.{test}", module.unwrap_or(env!("CARGO_CRATE_NAME")))
}

fn charts() -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    match env::var_os(CHARTS) {
        Some(folder) => folder.into(),
        None => scratch.parent().unwrap_or(scratch).join("msc"),
    }
}

fn draw(test: &str, plan: Plan, trace: Option<Trace>) {
    let Some(mut trace) = trace else {
        return;
    };
    test.clone_into(&mut trace.title);
    trace.scenario = format!("{plan:?}");
    trace.seed = plan.seed;
    let options = ChartOptions::default();
    let folder = charts();
    fs::create_dir_all(&folder).expect("a folder for charts");
    for (kind, text) in [
        ("msc", msc::render(&trace, &options)),
        ("svg", svg::render(&trace, &options)),
    ] {
        // Whoever looks while another test program writes sees the old chart or the new one.
        let unfinished = folder.join(format!("{test}.{kind}.{}", std::process::id()));
        fs::write(&unfinished, text).expect("a chart");
        fs::rename(&unfinished, folder.join(format!("{test}.{kind}"))).expect("a chart");
    }
}

/// A property like any other, which fails from four operations on if it is told to.
#[test]
fn planted() {
    let fails = env::var_os(PLANTED).is_some();
    check(10, 30, |plan| {
        let roster = Roster::<FakeKeys>::letters(4);
        let ledger = Ledger::genesis(roster.actors().map(|actor| (actor, 100)), []).unwrap();
        let faults = Faults {
            loss: Chance::percent(20),
            ..Faults::default()
        };
        let tasks = (1..)
            .map(|tag| Task::drawn("a").tagged(tag))
            .take(plan.size);
        let net = Net::<Bank>::new(roster, ALGORITHM, ledger)
            .seed(plan.seed)
            .faults(plan.faults(faults))
            .workload(tasks.collect::<Vec<_>>());
        let report = run_net(net);
        assert!(report.is_sound());
        assert!(!fails || report.submitted < 4, "planted");
    });
}

/// Every property over networks of this test program, as `module::test`, with its divisor.
fn properties() -> Vec<(String, u64)> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let found = properties::of(&tests.join(env!("CARGO_CRATE_NAME")));
    assert!(found.len() > 1, "no property was found");
    let found = found.into_iter().map(|(module, test, divisor)| {
        let divisor = divisor.parse().expect("a literal divisor");
        (format!("{}::{test}", module.join("::")), divisor)
    });
    let planted = ("networks::planted".to_owned(), 10);
    std::iter::once(planted).chain(found).collect()
}

/// Runs properties of this program in another process, with charts of its own.
fn run_apart(name: &str, properties: &[String], tests: u64, plant: bool) -> (Output, PathBuf) {
    let program = env!("CARGO_CRATE_NAME");
    let charts = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{program}"));
    let _ = fs::remove_dir_all(&charts);
    let mut command = Command::new(env::current_exe().expect("a test has a path"));
    command
        .args(["--exact", "--nocapture", "--test-threads", "2"])
        .args(properties)
        .env("QUICKCHECK_TESTS", tests.to_string())
        .env(CHARTS, &charts)
        .env(COUNTED, "1");
    if plant {
        command.env(PLANTED, "1");
    }
    (command.output().expect("a test can run itself"), charts)
}

/// Where mscgen is, it must take the chart; everywhere it has to look like one.
fn parses(chart: &Path) {
    let text = fs::read_to_string(chart).unwrap_or_else(|why| panic!("{}: {why}", chart.display()));
    assert!(text.contains("msc {") && text.ends_with("}\n"), "{text}");
    let drawn = Command::new("mscgen")
        .args(["-T", "svg", "-o", "/dev/null", "-i"])
        .arg(chart)
        .output();
    match drawn {
        Ok(drawn) => assert!(
            drawn.status.success(),
            "{}: {}",
            chart.display(),
            String::from_utf8_lossy(&drawn.stderr)
        ),
        Err(_) => eprintln!("skipped: mscgen, which is not installed, could not look at a chart"),
    }
}

#[test]
fn every_property_over_networks_scales_and_leaves_a_chart() {
    let tests = 7;
    let found = properties();
    let names: Vec<String> = found.iter().map(|(name, _)| name.clone()).collect();
    let (output, charts) = run_apart("scales", &names, tests, false);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for (name, divisor) in &found {
        let chart = chart_of(name);
        // Where time must not matter, a network is run beside its twin, and they are one.
        let twins = if name.ends_with("does_not_depend_on_time") {
            2
        } else {
            1
        };
        let networks = format!("networks: {chart} {}\n", tests.div_ceil(*divisor) * twins);
        assert!(text.contains(&networks), "{networks} is not in {text}");
        parses(&charts.join(format!("{chart}.msc")));
        let picture = charts.join(format!("{chart}.svg"));
        let picture = fs::read_to_string(&picture).expect("a picture");
        assert!(
            picture.starts_with("<svg") || picture.starts_with("<?xml"),
            "{chart}"
        );
    }
}

#[test]
fn a_planted_failure_is_made_small_and_drawn() {
    let planted = "networks::planted".to_owned();
    let (output, charts) = run_apart("planted", &[planted], 40, true);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "it fails: {told}");
    let replay = "REPLAY_SIZE=4 REPLAY_FAULTS=0";
    assert!(told.contains(replay), "{told}");
    let chart = charts.join("networks.planted.msc");
    assert!(told.contains(&chart.display().to_string()), "{told}");
    parses(&chart);
    let text = fs::read_to_string(&chart).expect("a chart");
    assert!(text.contains(replay), "it says what it is of: {text}");
    assert!(
        text.contains("a#4") && !text.contains("a#5"),
        "the failing run, and no larger one: {text}"
    );
    assert!(
        !text.contains("lost: loss"),
        "without faults it fails, too: {text}"
    );
}
