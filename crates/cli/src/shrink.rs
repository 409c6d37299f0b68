//! Making a failing run small: what is left out of it, as long as it still breaks the same promise?
//!
//! Delta debugging (Zeller and Hildebrandt 2002), over injected faults and adversaries, then operations, then nodes, then
//! deliveries, and again until nothing more can go. The last step turns the network's draws into data first: from then on
//! every packet that is lost, late or doubled is one entry of a schedule, and can be left out like everything else.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bft_crdts::membership::quorum::faults;
use bft_crdts::net::{Fate, Law, Property, Wish};

use crate::input::Input;
use crate::operations::Row;
use crate::scenario::{AdversaryKind, Chance, Copy, MAX_COPIES, Scenario, Schedule, Time};
use crate::simulate::{Options, Ran, run as simulate};

/// Something that can be left out of a scenario by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Removable {
    Loss,
    Duplicates,
    Detours,
    Expulsions,
    Checkpoints,
    Partition(usize),
    Crash(usize),
    Adversary(usize),
    Change(usize),
}

/// How much there is in a scenario: nodes, adversaries, faults, changes, rows, and packets whose fate it says.
#[must_use]
pub fn size(scenario: &Scenario) -> usize {
    let rows = match &scenario.generator {
        Some(generator) => usize::try_from(generator.operations).unwrap_or(0),
        None => scenario.operations.len(),
    };
    let copies = scenario.schedule.as_ref().map_or(0, |s| s.copies.len());
    scenario.members.len() + scenario.joiners.len() + parts(scenario).len() + rows + copies
}

fn parts(scenario: &Scenario) -> Vec<Removable> {
    let network = &scenario.network;
    let chances = [
        (network.loss > Chance(0), Removable::Loss),
        (network.duplicate > Chance(0), Removable::Duplicates),
        (network.reorder > Chance(0), Removable::Detours),
        (scenario.expel_convicted, Removable::Expulsions),
        (scenario.checkpoint_every.is_some(), Removable::Checkpoints),
    ];
    let chances = chances.into_iter().filter(|(on, _)| *on);
    let mut parts: Vec<Removable> = chances.map(|(_, part)| part).collect();
    parts.extend((0..scenario.adversaries.len()).map(Removable::Adversary));
    parts.extend((0..scenario.crashes.len()).map(Removable::Crash));
    parts.extend((0..scenario.partitions.len()).map(Removable::Partition));
    parts.extend((0..scenario.changes.len()).map(Removable::Change));
    parts
}

/// The scenario with these parts and no others.
fn with_parts(scenario: &Scenario, kept: &[Removable]) -> Scenario {
    let mut less = scenario.clone();
    let keeps = |part: Removable| kept.contains(&part);
    if !keeps(Removable::Loss) {
        less.network.loss = Chance(0);
    }
    if !keeps(Removable::Duplicates) {
        less.network.duplicate = Chance(0);
    }
    if !keeps(Removable::Detours) {
        less.network.reorder = Chance(0);
    }
    less.expel_convicted &= keeps(Removable::Expulsions);
    less.checkpoint_every = less
        .checkpoint_every
        .filter(|_| keeps(Removable::Checkpoints));
    less.adversaries = only(&scenario.adversaries, |at| keeps(Removable::Adversary(at)));
    less.crashes = only(&scenario.crashes, |at| keeps(Removable::Crash(at)));
    less.partitions = only(&scenario.partitions, |at| keeps(Removable::Partition(at)));
    less.changes = only(&scenario.changes, |at| keeps(Removable::Change(at)));
    tidy(less)
}

fn only<T: Clone>(items: &[T], keep: impl Fn(usize) -> bool) -> Vec<T> {
    let numbered = items.iter().enumerate();
    let kept = numbered.filter(|(at, _)| keep(*at));
    kept.map(|(_, item)| item.clone()).collect()
}

/// Leaves out whatever names somebody who does not take part, and numbers the rows anew.
fn tidy(mut scenario: Scenario) -> Scenario {
    let joins: BTreeSet<String> = scenario
        .changes
        .iter()
        .filter(|change| change.what == Wish::Join)
        .map(|change| change.who.clone())
        .collect();
    scenario.joiners.retain(|joiner| joins.contains(joiner));
    let people: BTreeSet<String> = scenario.people().into_iter().collect();
    let outside = |kind| kind == AdversaryKind::Outsider;
    scenario
        .adversaries
        .retain(|adversary| outside(adversary.kind) || people.contains(&adversary.who));
    let adversaries: BTreeSet<String> =
        scenario.adversaries.iter().map(|v| v.who.clone()).collect();
    let correct = |name: &String| people.contains(name) && !adversaries.contains(name);
    let nodes: BTreeSet<String> = people.union(&adversaries).cloned().collect();
    scenario.crashes.retain(|crash| correct(&crash.member));
    scenario
        .changes
        .retain(|change| people.contains(&change.who));
    for change in &mut scenario.changes {
        if let Some(names) = &mut change.approved_by {
            names.retain(|name| people.contains(name));
        }
    }
    for partition in &mut scenario.partitions {
        for group in &mut partition.groups {
            group.retain(|name| nodes.contains(name));
        }
    }
    if let Some(bank) = &mut scenario.bank {
        bank.issuers.retain(|name, _| people.contains(name));
    }
    if let Some(schedule) = &mut scenario.schedule {
        schedule
            .copies
            .retain(|copy| nodes.contains(&copy.from) && nodes.contains(&copy.to));
    }
    let rows = &mut scenario.operations;
    rows.retain(|row| correct(&row.who));
    for (row, number) in rows.iter_mut().zip(1..) {
        (row.number, row.line) = (number, number);
    }
    scenario
}

/// The scenario without these members.
fn without(scenario: &Scenario, gone: &BTreeSet<&String>) -> Scenario {
    let mut less = scenario.clone();
    less.members.retain(|member| !gone.contains(member));
    if let Some(bank) = &mut less.bank {
        bank.accounts.retain(|name, _| !gone.contains(name));
    }
    let paid = |row: &Row| row.what.payee().map(str::to_owned);
    less.operations
        .retain(|row| paid(row).is_none_or(|payee| !gone.contains(&payee)));
    tidy(less)
}

/// Shrinks one failing run.
#[derive(Debug)]
pub struct Shrinker<'a> {
    rules: &'a str,
    seed: u64,
    property: &'a str,
    /// How many runs it may still spend.
    left: usize,
    /// Whether the run it was given has more faulty members than tolerated.
    too_many: bool,
    /// After how many steps a run that has not broken the promise is taken for one that does not.
    steps: u64,
}

/// Promises that are broken at a certain step, and not by the end of a run: these runs need not go on to their end.
const AT_ONCE: [Property; 9] = [
    Property::Agreement,
    Property::Integrity,
    Property::SourceOrder,
    Property::CausalOrder,
    Property::Conservation,
    Property::Accusation,
    Property::Halt,
    Property::OneChain,
    Property::Convergence,
];

impl<'a> Shrinker<'a> {
    /// One that spends at most so many runs, on scenarios that break this promise.
    #[must_use]
    pub fn new(rules: &'a str, seed: u64, property: &'a str, runs: usize) -> Self {
        Self {
            rules,
            seed,
            property,
            left: runs,
            too_many: false,
            steps: u64::MAX,
        }
    }

    /// The smallest scenario it finds that breaks the promise. The one it is given must say everything itself: see
    /// [`fixed`].
    pub fn shrink(&mut self, scenario: Scenario) -> Scenario {
        self.too_many = too_many(&scenario);
        let mut small = scenario;
        loop {
            let before = size(&small);
            self.look(&small);
            small = self.leave_out_parts(small);
            small = self.leave_out_rows(small);
            small = self.leave_out_members(small);
            let scheduled = small.schedule.is_some();
            small = self.leave_out_deliveries(small);
            let written = !scheduled && small.schedule.is_some();
            if self.left == 0 || (size(&small) >= before && !written) {
                return small;
            }
        }
    }

    /// How many runs are left.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.left
    }

    /// Sees how long it takes until the promise is broken.
    fn look(&mut self, scenario: &Scenario) {
        if !AT_ONCE
            .iter()
            .any(|property| property.name() == self.property)
        {
            return;
        }
        let Some(ran) = self.run(scenario, false) else {
            return;
        };
        let mut violations = ran.report.violations.iter();
        if let Some(broken) = violations.find(|broken| broken.property == self.property) {
            self.steps = broken.step.saturating_mul(2).saturating_add(500);
        }
    }

    fn run(&mut self, scenario: &Scenario, write_schedule: bool) -> Option<Ran> {
        self.left = self.left.checked_sub(1)?;
        let options = Options {
            write_schedule,
            ..Options::of(self.seed, self.rules)
        };
        let mut scenario = scenario.clone();
        scenario.limits.events = scenario.limits.events.min(self.steps);
        let input = Input::of(scenario);
        let ran = catch_unwind(AssertUnwindSafe(|| {
            simulate(&input, options, &mut |_, _| ())
        }));
        ran.ok()?.ok()
    }

    /// Whether a scenario breaks the promise.
    fn fails(&mut self, scenario: &Scenario) -> bool {
        if scenario.members.is_empty() || (too_many(scenario) && !self.too_many) {
            return false;
        }
        let property = self.property;
        self.run(scenario, false).is_some_and(|ran| {
            let mut violations = ran.report.violations.iter();
            violations.any(|violation| violation.property == property)
        })
    }

    fn leave_out_parts(&mut self, scenario: Scenario) -> Scenario {
        let all = parts(&scenario);
        let kept = minimal(all, |kept| self.fails(&with_parts(&scenario, kept)));
        with_parts(&scenario, &kept)
    }

    fn leave_out_rows(&mut self, scenario: Scenario) -> Scenario {
        let rows = scenario.operations.clone();
        let with = |rows: &[Row]| {
            tidy(Scenario {
                operations: rows.to_vec(),
                ..scenario.clone()
            })
        };
        let kept = minimal(rows, |kept| self.fails(&with(kept)));
        with(&kept)
    }

    fn leave_out_members(&mut self, scenario: Scenario) -> Scenario {
        let all = scenario.members.clone();
        let with = |kept: &[String]| {
            let gone = all.iter().filter(|member| !kept.contains(member)).collect();
            without(&scenario, &gone)
        };
        let kept = minimal(all.clone(), |kept| self.fails(&with(kept)));
        with(&kept)
    }

    fn leave_out_deliveries(&mut self, scenario: Scenario) -> Scenario {
        let Some(written) = self.written(&scenario) else {
            return scenario;
        };
        let Some(schedule) = written.schedule.clone() else {
            return scenario;
        };
        let with = |copies: &[Copy]| Scenario {
            schedule: Some(Schedule {
                copies: copies.to_vec(),
                ..schedule
            }),
            ..written.clone()
        };
        // What is lost or doubled matters more often than how long the rest takes.
        let special = |copy: &&Copy| !matches!(copy.fate, Fate::Takes(_));
        let few: Vec<Copy> = schedule.copies.iter().filter(special).cloned().collect();
        let start = match self.fails(&with(&few)) {
            true => few,
            false => schedule.copies.clone(),
        };
        let kept = minimal(start, |kept| self.fails(&with(kept)));
        with(&kept)
    }

    /// The scenario with the network's draws as data. `None` if that changes what comes of it.
    fn written(&mut self, scenario: &Scenario) -> Option<Scenario> {
        if scenario.schedule.is_some() {
            return Some(scenario.clone());
        }
        let copies = self.run(scenario, true)?.schedule?;
        if copies.len() > MAX_COPIES {
            return None;
        }
        let Law::Uniform { min: latency, .. } = scenario.network.latency.0 else {
            return None;
        };
        let mut written = scenario.clone();
        written.network.loss = Chance(0);
        written.network.duplicate = Chance(0);
        written.network.reorder = Chance(0);
        let usual = |copy: &Copy| copy.fate == Fate::Takes(latency);
        let copies = copies.into_iter().filter(|copy| !usual(copy)).collect();
        written.schedule = Some(Schedule {
            latency: Time(latency),
            copies,
        });
        self.fails(&written).then_some(written)
    }
}

fn too_many(scenario: &Scenario) -> bool {
    scenario.faulty().count() > faults(scenario.members.len())
}

/// The scenario that a seed stands for, with its rows: it says everything itself.
#[must_use]
pub fn fixed(input: &Input, rules: &str, seed: u64) -> Scenario {
    let scenario = input.scenario.of_seed(seed);
    let rows = input.rows(&scenario, seed);
    Scenario {
        operations: rows,
        operations_file: None,
        generator: None,
        seed,
        rules: rules.to_owned(),
        draw: None,
        ..scenario
    }
}

/// Items of which none can be left out, one at a time, so that it still fails; in their order. It is taken for granted
/// that all of them together fail.
fn minimal<T: Clone>(mut items: Vec<T>, mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    if items.is_empty() || fails(&[]) {
        return Vec::new();
    }
    let mut chunk = items.len().div_ceil(2);
    loop {
        let mut start = 0;
        let mut changed = false;
        while start < items.len() {
            let end = items.len().min(start + chunk);
            let kept = [&items[..start], &items[end..]].concat();
            // All of them at once was tried first.
            if !kept.is_empty() && fails(&kept) {
                items = kept;
                changed = true;
            } else {
                start = end;
            }
        }
        match (chunk, changed) {
            (1, false) => return items,
            (1, true) => {}
            _ => chunk = chunk.div_ceil(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::minimal;

    #[test]
    fn what_is_needed_is_kept_and_nothing_else() {
        let mut asked = 0;
        let kept = minimal((0..1_000).collect(), |kept: &[u32]| {
            asked += 1;
            [17, 18, 900].iter().all(|needed| kept.contains(needed))
        });
        assert_eq!(kept, [17, 18, 900]);
        assert!(asked < 200, "{asked} questions");
        assert_eq!(minimal(vec![1, 2, 3], |_: &[u32]| true), [0; 0]);
        assert_eq!(minimal(vec![5], |kept: &[u32]| kept == [5]), [5]);
    }
}
