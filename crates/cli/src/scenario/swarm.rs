//! Swarms: each seed draws what can happen in it at all, before it draws what does.
//!
//! After Groce and others, *Swarm Testing* (2012): runs in which everything is possible are all alike, and hide what
//! happens when something is missing. A swarm of different configurations finds more.

use bft_crdts::net::Span;
use clap::Args;

use super::{
    AdversaryKind, Chance, Draw, Kind, MAX_CHANGES, MAX_DRAWN, MAX_GENERATED, MAX_MEMBERS, Time,
};
use crate::draw::Draw as Stream;

/// The stream that configurations are drawn from.
const PURPOSE: u64 = 4;

/// What the command line says about what seeds may draw; the scenario says the rest.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct Swarm {
    /// Let each seed of a campaign draw which adversaries and faults there can be in it, how many and how much.
    #[arg(long)]
    pub swarm: bool,
    /// How many members a seed of a campaign may draw: numbers with commas between them.
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    pub members: Vec<usize>,
    /// Which adversaries it may draw: names with commas between them, or `all`.
    #[arg(long = "adversaries", value_name = "KIND,...", value_delimiter = ',')]
    pub adversaries: Vec<String>,
    /// The most operations it may draw.
    #[arg(long, value_name = "N")]
    pub operations: Option<u64>,
    /// The most changes of members it may draw.
    #[arg(long, value_name = "N")]
    pub changes: Option<u64>,
    /// The largest chance that a packet is lost.
    #[arg(long, value_name = "P")]
    pub loss: Option<f64>,
    /// The largest chance that it arrives twice.
    #[arg(long, value_name = "P")]
    pub duplicate: Option<f64>,
    /// The largest chance that it takes a detour.
    #[arg(long, value_name = "P")]
    pub reorder: Option<f64>,
    /// The most partitions.
    #[arg(long, value_name = "N")]
    pub partitions: Option<u64>,
    /// The most crashes of one member.
    #[arg(long, value_name = "N")]
    pub crashes: Option<u64>,
}

impl Swarm {
    /// Changes what seeds may draw.
    ///
    /// # Errors
    /// Which option is wrong, and why.
    pub fn apply(&self, draw: &mut Draw, bank: bool) -> Result<(), String> {
        let option = |name: &str, why: &str| Err(format!("--{name}: {why}"));
        draw.swarm |= self.swarm;
        if !self.members.is_empty() {
            if self.members.iter().any(|n| !(1..=MAX_MEMBERS).contains(n)) {
                return option("members", &format!("there are 1 to {MAX_MEMBERS} members"));
            }
            draw.members.clone_from(&self.members);
        }
        if self.adversaries.iter().any(|name| name == "all") {
            draw.adversaries = AdversaryKind::all().map(Kind).collect();
        } else if !self.adversaries.is_empty() {
            let kinds = self.adversaries.iter().cloned().map(Kind::try_from);
            let kinds: Result<_, _> = kinds.collect();
            draw.adversaries = kinds.map_err(|why| format!("--adversaries: {why}"))?;
        }
        if let Some(operations) = self.operations {
            if !(1..=MAX_GENERATED).contains(&operations) {
                return option(
                    "operations",
                    &format!("is not between 1 and {MAX_GENERATED}"),
                );
            }
            draw.operations = operations;
        }
        if let Some(changes) = self.changes {
            if changes > MAX_CHANGES || (changes > 0 && bank) {
                return option("changes", "too many, or not for the bank");
            }
            draw.changes = changes;
        }
        for (name, given, chance) in [
            ("loss", self.loss, &mut draw.loss),
            ("duplicate", self.duplicate, &mut draw.duplicate),
            ("reorder", self.reorder, &mut draw.reorder),
        ] {
            if let Some(given) = given {
                *chance = Chance::try_from(given).map_err(|why| format!("--{name}: {why}"))?;
            }
        }
        for (name, given, most) in [
            ("partitions", self.partitions, &mut draw.partitions),
            ("crashes", self.crashes, &mut draw.crashes),
        ] {
            if let Some(given) = given {
                if given > MAX_DRAWN {
                    return option(name, &format!("at most {MAX_DRAWN}"));
                }
                *most = given;
            }
        }
        Ok(())
    }

    /// The options, as they are typed.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                text.push_str(&format!(" --{name} {value}"));
            }
        };
        let joined = |list: Vec<String>| (!list.is_empty()).then(|| list.join(","));
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        let chance = |chance: Option<f64>| chance.map(|chance| chance.to_string());
        add(
            "members",
            joined(self.members.iter().map(usize::to_string).collect()),
        );
        add("adversaries", joined(self.adversaries.clone()));
        add("operations", number(self.operations));
        add("changes", number(self.changes));
        add("loss", chance(self.loss));
        add("duplicate", chance(self.duplicate));
        add("reorder", chance(self.reorder));
        add("partitions", number(self.partitions));
        add("crashes", number(self.crashes));
        if self.swarm {
            text.push_str(" --swarm");
        }
        text
    }
}

/// What can happen in the run of a seed: all of it, or what the seed draws of it.
pub(super) fn of_seed(draw: &Draw, seed: u64) -> Draw {
    let mut own = draw.clone();
    if !draw.swarm {
        return own;
    }
    let mut stream = Stream::new(seed, PURPOSE);
    own.adversaries.retain(|_| stream.chance(400));
    if let (true, Some(kind)) = (own.adversaries.is_empty(), stream.pick(&draw.adversaries)) {
        own.adversaries.push(*kind);
    }
    // A chance is as often below a hundredth as above it: rare faults meet other runs than frequent ones.
    let mut strength = |most: Chance| match stream.below(4) {
        0 => Chance(0),
        1 => Chance(most.0 / 100),
        2 => Chance(most.0 / 10),
        _ => most,
    };
    own.loss = strength(draw.loss);
    own.duplicate = strength(draw.duplicate);
    own.reorder = strength(draw.reorder);
    own.latency = match stream.below(3) {
        0 => Time(Span::from_nanos(draw.latency.0.as_nanos() / 100)),
        _ => draw.latency,
    };
    own.partitions = stream.below(draw.partitions + 1);
    own.crashes = stream.below(draw.crashes + 1);
    own.changes = stream.below(draw.changes + 1);
    own.operations = match stream.below(3) {
        0 => 1.max(draw.operations / 10),
        1 => 1.max(draw.operations / 3),
        _ => draw.operations,
    };
    own
}
