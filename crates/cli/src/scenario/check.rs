//! What the fields of a scenario must be beside each other; each by itself is read by its type.

use std::collections::BTreeSet;
use std::fmt;

use bft_crdts::PacketKind;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::locate::{Path, Places};
use super::problem::{Checked, Known, bad, each, known, range};
use super::value::{Chance, Time};
use super::{
    Adversary, Algorithm, Chart, Draw, MAX_ARCS, MAX_CHANGES, MAX_DRAWN, MAX_GENERATED,
    MAX_MEMBERS, MAX_SCENARIO_BYTES, Network, Scenario, ScenarioError, adversary, changes, fault,
    schedule, world,
};
use crate::operations::{self, Fields, Format, MAX_SCALE, MAX_SKIP, Row};
use crate::{names, rules};

pub(super) fn parse(text: &str) -> Result<Scenario, ScenarioError> {
    if text.len() > MAX_SCENARIO_BYTES {
        return Err(ScenarioError {
            line: 1,
            field: "file".to_owned(),
            problem: format!(
                "{} bytes; a scenario has at most {MAX_SCENARIO_BYTES}",
                text.len()
            ),
        });
    }
    let places = Places::new(text)?;
    let mut scenario = places.read()?;
    check(&mut scenario, &places).map_err(|(path, problem)| places.at(&path, problem))?;
    Ok(scenario)
}

fn check(scenario: &mut Scenario, places: &Places<'_>) -> Checked {
    names::check(&scenario.name).map_err(|why| (Path::key("name"), why.to_string()))?;
    members(scenario, places)?;
    if let Some(draw) = &scenario.draw {
        self::draw(draw, scenario.algorithm, places)?;
    }
    if !rules::is_known(&scenario.rules) {
        let known = rules::names().collect::<Vec<_>>().join(", ");
        let rules = scenario.rules.escape_debug();
        return bad(
            Path::key("rules"),
            format!("`{rules}` are no rules; there are {known}"),
        );
    }
    changes::joiners(&scenario.joiners, &scenario.members)?;
    let people = scenario.people();
    bank(scenario, &people)?;
    adversary::check(scenario, &scenario.members)?;
    let all = Known {
        nodes: scenario.all_nodes(),
        people,
        adversaries: &scenario.adversaries,
    };
    workload(scenario, &all, places)?;
    layout(scenario, places)?;
    changes::check(scenario, &all)?;
    if scenario.expected_balances.is_some() && scenario.algorithm == Algorithm::Orswot {
        let path = Path::key("expected_balances");
        return bad(path, "the algorithm has no balances");
    }
    network(&scenario.network)?;
    if let Some(schedule) = &scenario.schedule {
        self::schedule::check(schedule, &all.nodes)?;
    }
    fault::check(scenario, &all)?;
    world::check(&scenario.nodes, scenario.world.map()?.as_ref(), &all)?;
    chart(&scenario.chart, &all)?;
    let (path, limits) = (Path::key("limits"), &scenario.limits);
    if limits.events == 0 || limits.time.is_zero() {
        return bad(path, "a run needs some time and some events");
    }
    if limits.memory == Some(0) {
        return bad(path.at("memory"), "a run needs some memory");
    }
    // Rows count from 1, and know their lines.
    for (index, row) in scenario.operations.iter_mut().enumerate() {
        let path = Path::key("operations").index(index);
        (row.number, row.line) = (index + 1, places.line(&path));
    }
    Ok(())
}

/// How many members, or their names.
pub(super) fn members_of<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    struct Either;
    impl<'de> Visitor<'de> for Either {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number of members or a list of their names")
        }

        fn visit_i64<E: de::Error>(self, count: i64) -> Result<Vec<String>, E> {
            match u64::try_from(count) {
                Ok(count) => self.visit_u64(count),
                Err(_) => Err(E::invalid_value(de::Unexpected::Signed(count), &self)),
            }
        }

        fn visit_u64<E: de::Error>(self, count: u64) -> Result<Vec<String>, E> {
            // One too many is too many.
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let names = 0..count.min(MAX_MEMBERS + 1);
            Ok(names.map(names::default_member).collect())
        }

        fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Vec<String>, S::Error> {
            let mut names = Vec::new();
            while let Some(name) = seq.next_element()? {
                names.push(name);
            }
            Ok(names)
        }
    }
    from.deserialize_any(Either)
}

fn members(scenario: &Scenario, places: &Places<'_>) -> Checked {
    let path = Path::key("members");
    let names = &scenario.members;
    if !places.has(&path) {
        // Each seed draws its own.
        return match scenario.draw {
            Some(_) => Ok(()),
            None => bad(path, "is missing: how many, or their names"),
        };
    }
    if names.is_empty() || names.len() > MAX_MEMBERS {
        return bad(path, format!("there are 1 to {MAX_MEMBERS} members"));
    }
    let mut seen = BTreeSet::new();
    each(names, &path, |name, path| {
        names::check(name).map_err(|why| (path.clone(), why.to_string()))?;
        match seen.insert(name) {
            true => Ok(()),
            false => bad(path, format!("`{name}` is a member already")),
        }
    })
}

/// What each seed draws, and nothing else that it would replace.
fn draw(draw: &Draw, algorithm: Algorithm, places: &Places<'_>) -> Checked {
    let path = Path::key("draw");
    let single = [
        "members",
        "operations",
        "operations_file",
        "generator",
        "expected_balances",
        "schedule",
    ];
    let lists = [
        "joiners",
        "changes",
        "partitions",
        "crashes",
        "nodes",
        "one_way",
        "clogs",
        "slowdowns",
        "full_disks",
        "clocks",
        "downtimes",
        "adversaries",
    ];
    let single = single.map(|field| (Path::key(field), Path::key(field)));
    // A list may be there as long as nothing is in it.
    let lists = lists.map(|field| (Path::key(field), Path::key(field).index(0)));
    let mut fixed = single.into_iter().chain(lists);
    if let Some((field, _)) = fixed.find(|(_, inside)| places.has(inside)) {
        let problem = "is drawn by each seed, as `draw` says; leave it out";
        return bad(field, problem);
    }
    let counts = path.at("members");
    each(&draw.members, &counts, |count, path| match count {
        1..=MAX_MEMBERS => Ok(()),
        _ => bad(path, format!("there are 1 to {MAX_MEMBERS} members")),
    })?;
    if draw.members.is_empty() {
        return bad(counts, "names no number of members");
    }
    range(draw.operations, MAX_GENERATED, path.at("operations"))?;
    let changes = path.at("changes");
    if draw.changes > MAX_CHANGES {
        let problem = format!("{} are more than {MAX_CHANGES}", draw.changes);
        return bad(changes, problem);
    }
    if draw.changes > 0 && algorithm == Algorithm::Bank {
        let problem = "are for the set: who goes takes rows along that others wait for";
        return bad(changes, problem);
    }
    for (field, most) in [("partitions", draw.partitions), ("crashes", draw.crashes)] {
        if most > MAX_DRAWN {
            return bad(path.at(field), format!("at most {MAX_DRAWN}"));
        }
    }
    Ok(())
}

/// Everybody has an account, and all of them together hold no more than can be counted.
fn bank(scenario: &mut Scenario, people: &[String]) -> Checked {
    let path = Path::key("bank");
    let bank = match (scenario.algorithm, &mut scenario.bank) {
        (Algorithm::Orswot, None) => return Ok(()),
        (Algorithm::Orswot, Some(_)) => {
            let problem = "the algorithm is `orswot`, which has no accounts";
            return bad(path, problem);
        }
        (Algorithm::Bank, Some(bank)) => bank,
        (Algorithm::Bank, None) => {
            let problem = "is missing: say what the accounts hold, `[bank]` with `balance = 1000` or `accounts`";
            return bad(path, problem);
        }
    };
    for name in bank.accounts.keys() {
        names::check_text(name).map_err(|why| (path.at("accounts"), why.to_string()))?;
    }
    for name in bank.issuers.keys() {
        known(name, people, &path.at("issuers").at(name))?;
    }
    let balance = std::mem::take(&mut bank.balance);
    for name in people {
        bank.accounts.entry(name.clone()).or_insert(balance);
    }
    let mut amounts = bank.accounts.values().chain(bank.issuers.values());
    match amounts.try_fold(0_u64, |sum, part| sum.checked_add(*part)) {
        Some(_) => Ok(()),
        None => bad(
            path,
            format!("balances and issuers' caps together exceed {}", u64::MAX),
        ),
    }
}

/// Checks a row against the scenario it belongs to: `who` is a correct member, `what` an operation of its
/// algorithm.
///
/// # Errors
/// The field and what is wrong with it.
pub(super) fn row(
    row: &Row,
    members: &[String],
    algorithm: Algorithm,
    adversaries: &[Adversary],
) -> Result<(), (&'static str, String)> {
    let who = &row.who;
    if adversaries.iter().any(|adversary| adversary.who == *who) {
        let problem = format!(
            "`{who}` is an adversary, which does what it likes; only correct members have rows"
        );
        return Err(("who", problem));
    }
    if !members.contains(who) {
        let (who, all) = (who.escape_debug(), members.join(", "));
        return Err(("who", format!("`{who}` is none of {all}")));
    }
    algorithm
        .takes(&row.what)
        .map_err(|problem| ("what", problem))
}

/// One workload, or none, for this algorithm.
fn workload(scenario: &Scenario, all: &Known<'_>, places: &Places<'_>) -> Checked {
    let [rows, file, generator] = ["operations", "operations_file", "generator"].map(Path::key);
    let another = "there is another workload in this scenario; keep one";
    let given = [&rows, &file, &generator].map(|field| places.has(field));
    match given {
        [true, true, _] | [_, true, true] => return bad(file, another),
        [true, _, true] => return bad(generator, another),
        _ => {}
    }
    let named = scenario.operations_file.as_deref();
    if named.is_some_and(|name| Format::of_path(name).is_none()) {
        return bad(file, "ends in none of .csv, .jsonl, .ndjson");
    }
    if let Some(rows) = &scenario.generator {
        let (other, problem) = match scenario.algorithm {
            Algorithm::Bank => ("items", "is for the set"),
            Algorithm::Orswot => ("max_amount", "is for the bank"),
        };
        if places.has(&generator.at(other)) {
            return bad(generator.at(other), problem);
        }
        range(rows.operations, MAX_GENERATED, generator.at("operations"))?;
        range(rows.max_amount, u64::MAX, generator.at("max_amount"))?;
        range(rows.items, MAX_GENERATED, generator.at("items"))?;
    }
    if let Some((row, first)) = operations::repeated(&scenario.operations) {
        let place = |of: &Row| {
            scenario
                .operations
                .iter()
                .position(|row| std::ptr::eq(row, of))
        };
        let line = |of| places.line(&rows.index(place(of).unwrap_or_default()));
        let path = rows.index(place(row).unwrap_or_default()).at("id");
        return bad(path, operations::already(row, line(first)));
    }
    each(&scenario.operations, &rows, |row, path| {
        let fits = self::row(row, &all.people, scenario.algorithm, all.adversaries);
        fits.map_err(|(field, problem)| (path.at(field), problem))
    })
}

/// How amounts are written, and where the file of operations has what.
fn layout(scenario: &Scenario, places: &Places<'_>) -> Checked {
    if scenario.scale > MAX_SCALE {
        let problem = format!("amounts have at most {MAX_SCALE} decimals");
        return bad(Path::key("scale"), problem);
    }
    let file = scenario.operations_file.as_deref();
    let table = file.and_then(Format::of_path) == Some(Format::Csv);
    let mut of_table = ["delimiter", "decimal", "skip", "columns"]
        .map(Path::key)
        .into_iter();
    if let Some(field) = of_table.find(|field| !table && places.has(field)) {
        return bad(field, "is about a file of operations that ends in .csv");
    }
    if scenario.skip > MAX_SKIP {
        let problem = format!("at most {MAX_SKIP} lines come before the header");
        return bad(Path::key("skip"), problem);
    }
    let separates = |mark: char| {
        mark == '\t' || mark.is_ascii_punctuation() && !matches!(mark, '"' | '#' | '-')
    };
    for (field, mark) in [
        ("delimiter", scenario.delimiter),
        ("decimal", scenario.decimal),
    ] {
        if let Some(mark) = mark.filter(|mark| !separates(*mark)) {
            let problem = format!("`{}` separates nothing", mark.escape_debug());
            return bad(Path::key(field), problem);
        }
    }
    let decimal = scenario.decimal.unwrap_or('.');
    if scenario.scale > 0 && scenario.delimiter.unwrap_or(',') == decimal {
        let problem = "stands between cells already; say another `delimiter`";
        return bad(Path::key("decimal"), problem);
    }
    let path = Path::key("columns");
    let mut taken = BTreeSet::new();
    for (field, column) in &scenario.columns {
        known(field, &Fields::NAMES, &path.at(field))?;
        names::check_text(column).map_err(|why| (path.at(field), why.to_string()))?;
        if !taken.insert(column) {
            let problem = format!("`{}` is another field's column", column.escape_debug());
            return bad(path.at(field), problem);
        }
    }
    match scenario.columns.is_empty() || scenario.columns.contains_key("who") {
        true => Ok(()),
        false => bad(path, "name no column for `who`"),
    }
}

fn network(network: &Network) -> Checked {
    let path = Path::key("network");
    if network.loss == Chance::ALWAYS {
        let problem = "a network that loses everything delivers nothing";
        return bad(path.at("loss"), problem);
    }
    match network.tick < Time::SHORTEST {
        true => bad(path.at("tick"), "is shorter than 1ms"),
        false => Ok(()),
    }
}

fn chart(chart: &Chart, all: &Known<'_>) -> Checked {
    let path = Path::key("chart");
    if let Some(title) = &chart.title {
        names::check_text(title).map_err(|why| (path.at("title"), why.to_string()))?;
    }
    all.all_nodes(&chart.members, &path.at("members"))?;
    let kinds: Vec<_> = PacketKind::ALL.iter().map(|kind| kind.name()).collect();
    each(&chart.kinds, &path.at("kinds"), |kind, path| {
        known(kind, &kinds, &path)
    })?;
    range(chart.max_arcs, MAX_ARCS, path.at("max_arcs"))
}
