//! `sweep --controls`: everything that is broken on purpose, every checker, every adversary.
//!
//! A checker that catches nothing proves nothing. So each broken rule set has to be caught, each checker has to be the
//! first to speak in some run, and each adversary has to do harm somewhere: by the campaigns, with seeds from 0, that find
//! nothing wrong with the sound rules.

use std::fs;
use std::ops::Range;

use anyhow::{Context, Result};
use bft_crdts::net::Property;
use bft_crdts_controls::{generations, operations, seeded_bugs};
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use super::{json, run};
use crate::args;
use crate::input::{CAMPAIGN, Input, RECONFIGURATION};
use crate::output;
use crate::pool;
use crate::rules::SOUND;
use crate::run::bar;
use crate::scenario::{AdversaryKind, Chance, Kind, Time};

/// What became of everything that is broken, and of who is to notice and to make use of it.
#[derive(Clone, Debug, Serialize)]
pub struct Controls {
    /// One for each broken rule set and each planted mistake.
    pub controls: Vec<Control>,
    /// One for each checker.
    pub checkers: Vec<Checker>,
    /// One for each adversary.
    pub adversaries: Vec<Harm>,
}

/// What became of one.
#[derive(Clone, Debug, Serialize)]
pub struct Control {
    /// Its name.
    pub name: &'static str,
    /// Whether the checkers saw it broken.
    pub caught: bool,
    /// How many seeds that took, from 0; all of them if it was not caught.
    pub seeds: u64,
    /// Which promise they saw broken.
    #[serde(skip)]
    pub property: String,
    /// What the rules break.
    #[serde(skip)]
    pub breaks: &'static str,
    /// The campaign that is to catch it.
    #[serde(skip)]
    pub campaign: &'static str,
}

/// A checker that is to be the first to speak.
#[derive(Clone, Debug, Serialize)]
pub struct Checker {
    /// What it watches.
    pub property: &'static str,
    /// The broken rules or the planted mistake that make it speak.
    pub control: &'static str,
    /// In which campaign.
    #[serde(skip)]
    pub campaign: &'static str,
    /// Whether it was the first to speak in some run.
    pub spoke: bool,
    /// How many seeds that took.
    pub seeds: u64,
}

/// An adversary that is to do harm.
#[derive(Clone, Debug, Serialize)]
pub struct Harm {
    /// Its name.
    pub adversary: &'static str,
    /// The rules under which it does.
    pub rules: &'static str,
    /// What is seen of it: the promise that is broken, or a counter of what it did to others.
    pub harm: String,
    /// Whether it did, where the same runs without it do none, and under sound rules it does none.
    pub shown: bool,
    /// How many seeds it took.
    pub seeds: u64,
    /// What is wrong if it is not shown.
    #[serde(skip)]
    pub why_not: String,
}

/// What makes each checker the first to speak.
const JUDGES: [(Property, &str, &str); Property::ALL.len()] = [
    (Property::Agreement, "quorum-of-half", CAMPAIGN),
    (Property::Integrity, "trusts-signatures", CAMPAIGN),
    (Property::SourceOrder, "leaves-gaps", CAMPAIGN),
    (Property::CausalOrder, "ignores-causes", CAMPAIGN),
    (Property::Conservation, "ignores-invalid", CAMPAIGN),
    (Property::Accusation, "forgets-own-message", CAMPAIGN),
    (Property::Halt, "forgets-open", CAMPAIGN),
    (Property::OneChain, "trusts-signatures", RECONFIGURATION),
    (Property::Change, "proposes-nothing", RECONFIGURATION),
    (Property::Validity, "echoes-once", CAMPAIGN),
    (Property::Totality, "refuses-relays", CAMPAIGN),
    (Property::Convergence, "applies-unevenly", CAMPAIGN),
];

/// Where an adversary does harm.
struct Weakness {
    rules: &'static str,
    campaign: &'static str,
    /// Another adversary in all the runs, also in those without this one, who cannot do anything alone.
    ally: Option<AdversaryKind>,
    /// For an adversary that breaks no promise under any rules that are broken here: the counter of what it did.
    counter: Option<&'static str>,
}

/// A broken rule of which this adversary makes use alone.
const fn breaks(rules: &'static str) -> Weakness {
    Weakness {
        rules,
        campaign: CAMPAIGN,
        ally: None,
        counter: None,
    }
}

/// Nothing it could break is broken here: what it did to others is counted.
const fn disturbs(counter: &'static str) -> Weakness {
    Weakness {
        counter: Some(counter),
        ..breaks(SOUND)
    }
}

fn weakness(kind: AdversaryKind) -> Weakness {
    use bft_crdts::net::adversary::BehaviorKind;
    match kind {
        AdversaryKind::Equivocator | AdversaryKind::Conspirator => breaks("quorum-of-half"),
        AdversaryKind::Withholder => breaks("refuses-relays"),
        AdversaryKind::Forger => breaks("takes-any-operations"),
        AdversaryKind::Replayer | AdversaryKind::Signer => breaks("counts-twice"),
        AdversaryKind::Silent => disturbs("silent: gave no echo"),
        AdversaryKind::Impersonator => breaks("trusts-signatures"),
        AdversaryKind::Cheat => breaks("ignores-invalid"),
        AdversaryKind::GossipLiar => disturbs("gossip-liar: was asked for what nobody has"),
        AdversaryKind::Reconfigurer => Weakness {
            campaign: RECONFIGURATION,
            ..breaks("quorum-of-half")
        },
        // Somebody among the members has to show it what there is to echo.
        AdversaryKind::Outsider => Weakness {
            ally: Some(AdversaryKind::Equivocator),
            ..breaks("counts-outsiders")
        },
        AdversaryKind::Wrapped(behavior) => match behavior {
            BehaviorKind::Crasher | BehaviorKind::Censor => breaks("refuses-relays"),
            BehaviorKind::Stutterer => breaks("counts-twice"),
            BehaviorKind::TwoFaced | BehaviorKind::OddOneOut | BehaviorKind::Mutant => {
                breaks("takes-any-operations")
            }
            BehaviorKind::Twins => breaks("quorum-of-half"),
            BehaviorKind::Mute => disturbs("mute: said nothing where it should"),
            BehaviorKind::Liar => disturbs("liar: said another value"),
            BehaviorKind::Amnesiac => disturbs("amnesiac: forgot everything and started again"),
            BehaviorKind::Stuck => disturbs("stuck: gave its last answer again"),
            BehaviorKind::Slow => disturbs("slow: held what it had to say"),
            BehaviorKind::Parrot => disturbs("parrot: said an old thing again"),
            BehaviorKind::Shuffler => disturbs("shuffler: said things out of order"),
        },
    }
}

/// Seeds in which nothing may happen: with the adversary under sound rules, and under the broken ones without it.
const QUIET: u64 = 60;

/// Carries out `sweep --controls`; whether everything was caught and shown.
pub(super) fn sweep(args: &args::Sweep, seeds: &Range<u64>, jobs: usize) -> Result<bool> {
    let controls = all(seeds, QUIET, jobs)?;
    if let Some(file) = &args.write {
        fs::write(file, controls.markdown())
            .with_context(|| format!("{}: cannot be written", file.display()))?;
    }
    output::print(&if args.json {
        json(&controls)
    } else {
        controls.text()
    })?;
    Ok(controls.is_complete())
}

/// Breaks everything, asks every checker, and lets every adversary loose; `quiet` says how many seeds nothing may happen in
/// where nothing is to happen.
///
/// # Errors
/// None, as the tests show: the campaigns are part of the command.
pub fn all(seeds: &Range<u64>, quiet: u64, jobs: usize) -> Result<Controls> {
    let bar = bar("controls");
    let adversaries: Vec<AdversaryKind> = AdversaryKind::all().collect();
    let elsewhere = generations::BY_REPLICAS.len();
    let rules = bft_crdts_controls::all().count() - elsewhere;
    let steps = rules + JUDGES.len() + adversaries.len();
    bar.set_length(steps as u64);
    let controls = caught(seeds, jobs, || bar.inc(1))?;
    let mut checkers = Vec::new();
    for (property, control, campaign) in JUDGES {
        let found = first(&Input::known(campaign)?, control, seeds, jobs, |broken| {
            broken == property.name()
        });
        bar.inc(1);
        checkers.push(Checker {
            property: property.name(),
            control,
            campaign,
            spoke: found.is_some(),
            seeds: found.map_or(seeds.end, |(seed, _)| seed + 1),
        });
    }
    let mut harms = Vec::new();
    for kind in adversaries {
        harms.push(harm(kind, seeds, quiet, jobs)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(Controls {
        controls,
        checkers,
        adversaries: harms,
    })
}

/// Everything that is broken on purpose, each in the campaign that is to catch it, until a seed shows that it is broken.
///
/// # Errors
/// None, as the tests show.
pub fn caught(seeds: &Range<u64>, jobs: usize, done: impl Fn()) -> Result<Vec<Control>> {
    let broken = [
        (operations::CONTROLS, CAMPAIGN),
        (generations::CONTROLS, RECONFIGURATION),
        (seeded_bugs::CONTROLS, CAMPAIGN),
    ];
    let mut controls = Vec::new();
    for (broken, campaign) in broken {
        let input = Input::known(campaign)?;
        let in_reach =
            |control: &&bft_crdts_controls::Control| !generations::is_elsewhere(control.name);
        for control in broken.iter().filter(in_reach) {
            let found = first(&input, control.name, seeds, jobs, |_| true);
            done();
            controls.push(Control {
                name: control.name,
                caught: found.is_some(),
                seeds: found
                    .as_ref()
                    .map_or(seeds.end - seeds.start, |(seed, _)| seed - seeds.start + 1),
                property: found.map(|(_, property)| property).unwrap_or_default(),
                breaks: control.breaks.trim(),
                campaign,
            });
        }
    }
    Ok(controls)
}

/// The first seed whose first violation is of such a promise, and the promise.
fn first(
    input: &Input,
    rules: &str,
    seeds: &Range<u64>,
    jobs: usize,
    is_it: impl Fn(&str) -> bool + Sync,
) -> Option<(u64, String)> {
    pool::first(seeds.clone(), jobs, |seed| {
        // What cannot be run is not caught.
        let ran = run(input, rules, seed).ok()?;
        let violation = ran.report.violations.into_iter().next()?;
        is_it(&violation.property).then_some(violation.property)
    })
}

/// The campaign, with nothing that goes wrong but such adversaries, or nobody.
fn alone(weakness: &Weakness, kind: Option<AdversaryKind>) -> Result<Input> {
    let mut input = Input::known(weakness.campaign)?;
    let draw = input.scenario.draw.as_mut();
    let draw = draw.with_context(|| format!("{} draws nothing", weakness.campaign))?;
    draw.members = vec![4, 7];
    draw.adversaries = kind.into_iter().chain(weakness.ally).map(Kind).collect();
    draw.loss = Chance(0);
    draw.duplicate = Chance(0);
    draw.reorder = Chance(0);
    draw.partitions = 0;
    draw.crashes = 0;
    draw.latency = Time(bft_crdts::net::Span::from_millis(30));
    draw.real_signatures_every = 0;
    Ok(input)
}

/// The first promise that a run of a campaign under these rules breaks.
#[must_use]
pub fn broken(campaign: &str, rules: &str, seed: u64) -> Option<String> {
    let input = Input::known(campaign).ok()?;
    first(&input, rules, &(seed..seed + 1), 1, |_| true).map(|(_, property)| property)
}

/// What is seen of an adversary in the run of this seed in which it should do harm; and in the same run under sound
/// rules, if those were broken.
#[must_use]
pub fn harm_of(kind: AdversaryKind, seed: u64) -> (Option<String>, Option<String>) {
    let weakness = weakness(kind);
    let Ok(input) = alone(&weakness, Some(kind)) else {
        return (None, None);
    };
    let seen = |rules| {
        let ran = run(&input, rules, seed).ok()?;
        let violation = ran.report.violations.into_iter().next();
        let counted = weakness.counter.filter(|_| rules == weakness.rules);
        let counted = counted.filter(|counter| ran.sometimes.contains_key(counter));
        let broken = violation.map(|violation| violation.property);
        broken.or_else(|| counted.map(str::to_owned))
    };
    let soundly = (weakness.rules != SOUND).then(|| seen(SOUND)).flatten();
    (seen(weakness.rules), soundly)
}

/// Lets an adversary loose where it should do harm, and where it should not.
fn harm(kind: AdversaryKind, seeds: &Range<u64>, quiet: u64, jobs: usize) -> Result<Harm> {
    let weakness = weakness(kind);
    let with = alone(&weakness, Some(kind))?;
    let nobody = alone(&weakness, None)?;
    let found = match weakness.counter {
        None => first(&with, weakness.rules, seeds, jobs, |_| true),
        Some(counter) => pool::first(seeds.clone(), jobs, |seed| {
            let ran = run(&with, weakness.rules, seed).ok()?;
            ran.sometimes
                .contains_key(counter)
                .then(|| counter.to_owned())
        }),
    };
    let quiet = 0..quiet;
    let without = match weakness.rules {
        SOUND => None,
        rules => first(&nobody, rules, &quiet, jobs, |_| true),
    };
    let soundly = first(&with, SOUND, &quiet, jobs, |_| true);
    let why_not = match (&found, &without, &soundly) {
        (None, ..) => "does no harm".to_owned(),
        (_, Some((seed, _)), _) => format!("the same happens without it (seed {seed})"),
        (_, _, Some((seed, what))) => format!("does harm under sound rules: {what} (seed {seed})"),
        _ => String::new(),
    };
    Ok(Harm {
        adversary: kind.name(),
        rules: weakness.rules,
        shown: why_not.is_empty(),
        seeds: found.as_ref().map_or(seeds.end, |(seed, _)| seed + 1),
        harm: found.map(|(_, harm)| harm).unwrap_or_default(),
        why_not,
    })
}

impl Controls {
    /// Whether everything was caught, every checker has spoken, and every adversary has done harm.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.controls.iter().all(|control| control.caught)
            && self.checkers.iter().all(|checker| checker.spoke)
            && self.adversaries.iter().all(|harm| harm.shown)
    }

    /// `docs/positive-controls.md`.
    #[must_use]
    pub fn markdown(&self) -> String {
        let seeds = |found: bool, seeds: u64| match found {
            true => seeds.to_string(),
            false => format!("not within {seeds}"),
        };
        let controls = self.controls.iter().map(|control| {
            let seeds = seeds(control.caught, control.seeds);
            format!(
                "| `{}` | {} | {} | {seeds} | {} |\n",
                control.name, control.breaks, control.campaign, control.property
            )
        });
        let checkers = self.checkers.iter().map(|checker| {
            let seeds = seeds(checker.spoke, checker.seeds);
            format!(
                "| {} | `{}` | {} | {seeds} |\n",
                checker.property, checker.control, checker.campaign
            )
        });
        let adversaries = self.adversaries.iter().map(|harm| {
            let seeds = seeds(harm.shown, harm.seeds);
            let rules = match harm.rules {
                SOUND => "sound rules".to_owned(),
                rules => format!("`{rules}`"),
            };
            format!(
                "| {} | {rules} | {seeds} | {} |\n",
                harm.adversary, harm.harm
            )
        });
        let list = |names: &[&str]| {
            let names = names.iter().map(|name| format!("`{name}`"));
            names.collect::<Vec<_>>().join(", ")
        };
        let replicas = list(generations::BY_REPLICAS);
        format!(
            "# Positive controls\n\n\
             A checker that catches nothing proves nothing. `bft-crdts sweep --controls --write` makes this page: it breaks one rule\n\
             of the protocol after the other, asks every checker, and lets every adversary loose. It fails if anything stays\n\
             unnoticed. The campaigns are those that find nothing wrong with the sound rules (`bft-crdts sweep campaign`,\n\
             `bft-crdts sweep handover`), with seeds from 0. `bft-crdts run campaign --seed N --rules NAME` shows one being caught,\n\
             with charts, and exits with 1.\n\n\
             ## What is broken, and who noticed first\n\n\
             | rules | what they break | campaign | caught after seeds | by |\n| --- | --- | --- | --- | --- |\n{}\n\
             Missing here are {replicas}:\n\
             they take a thief of old keys, a journal that is cut at the worst moment, a Byzantine node that serves snapshots, or packets\n\
             that no adversary sends: after how many runs of replicas without a simulated network they are noticed stands in\n\
             [controls-generations.md](controls-generations.md); `votes.rs` and `checkpoints.rs` in `crates/controls/tests/`\n\
             have those about votes and snapshots.\n\n\
             ## Every checker, and what makes it the first to speak\n\n\
             | judge | rules | campaign | after seeds |\n| --- | --- | --- | --- |\n{}\n\
             ## Every adversary, and the harm it does\n\n\
             In networks of four and seven members in which nothing goes wrong but such adversaries, as many as are tolerated. Under\n\
             the same rules nothing happens without them, and under sound rules nothing happens with them, in {QUIET} seeds\n\
             each. (Where the rules are sound, the adversary disturbs others without breaking a promise; what it did is counted. The\n\
             outsider has an equivocator among the members, with whom alone nothing happens.) What Byzantine behaviors do to protocols that\n\
             are not this library's is in `tests/simulator/behaviors.rs`.\n\n\
             | adversary | does harm under | after seeds | what is seen |\n| --- | --- | --- | --- |\n{}",
            controls.collect::<String>(),
            checkers.collect::<String>(),
            adversaries.collect::<String>(),
        )
    }

    fn text(&self) -> String {
        let table = |header: [&str; 5], rows: Vec<[String; 5]>| {
            let mut table = Table::new();
            table.load_style(presets::NOTHING);
            table.set_header(header);
            for row in rows {
                table.add_row(row);
            }
            if let Some(column) = table.column_mut(2) {
                column.set_cell_alignment(CellAlignment::Right);
            }
            table.to_string()
        };
        let yes = |yes: bool| if yes { "yes" } else { "NO" }.to_owned();
        let controls = self.controls.iter().map(|control| {
            [
                control.name.to_owned(),
                yes(control.caught),
                control.seeds.to_string(),
                control.property.clone(),
                control.breaks.to_owned(),
            ]
        });
        let checkers = self.checkers.iter().map(|checker| {
            [
                checker.property.to_owned(),
                yes(checker.spoke),
                checker.seeds.to_string(),
                checker.control.to_owned(),
                checker.campaign.to_owned(),
            ]
        });
        let adversaries = self.adversaries.iter().map(|harm| {
            let seen = if harm.shown {
                &harm.harm
            } else {
                &harm.why_not
            };
            [
                harm.adversary.to_owned(),
                yes(harm.shown),
                harm.seeds.to_string(),
                harm.rules.to_owned(),
                seen.clone(),
            ]
        });
        let missed = |all: usize, found: usize, what: &str| match all - found {
            0 => format!("All {all} {what}."),
            missed => format!("{missed} of {all} NOT: {what}."),
        };
        let lines = [
            missed(
                self.controls.len(),
                self.controls
                    .iter()
                    .filter(|control| control.caught)
                    .count(),
                "broken rule sets and planted mistakes were caught",
            ),
            missed(
                self.checkers.len(),
                self.checkers.iter().filter(|checker| checker.spoke).count(),
                "checkers were the first to speak",
            ),
            missed(
                self.adversaries.len(),
                self.adversaries.iter().filter(|harm| harm.shown).count(),
                "adversaries did harm where they could, and none where they could not",
            ),
        ];
        format!(
            "{}\n\n{}\n\n{}\n\n{}\n",
            table(
                ["rules", "caught", "after seeds", "by", "what they break"],
                controls.collect()
            ),
            table(
                ["judge", "spoke", "after seeds", "rules", "campaign"],
                checkers.collect()
            ),
            table(
                [
                    "adversary",
                    "did harm",
                    "after seeds",
                    "under",
                    "what is seen"
                ],
                adversaries.collect()
            ),
            lines.join("\n"),
        )
    }
}
