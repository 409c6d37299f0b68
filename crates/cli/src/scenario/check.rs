//! From the shape of a scenario to its meaning: every field is checked here, once.

use std::collections::BTreeSet;

use bft_crdts::PacketKind;
use bft_crdts::net::{Law, Span};

use super::changes;
use super::ground;
use super::locate::{Path, Places, line_at};
use super::schedule::schedule;
use super::{
    Algorithm, Bank, Chart, Crash, Draw, Generator, Limits, MAX_ARCS, MAX_CHANGES, MAX_DRAWN,
    MAX_FAULTS, MAX_GENERATED, MAX_MEMBERS, MAX_SCENARIO_BYTES, Network, Partition, Scenario,
    ScenarioError, Script, Signatures, Villain, VillainKind, When, Workload, file,
};
use crate::operations::{Fields, Format, Row, What};
use crate::{names, rules, time};

/// A field that is wrong, and why; its line is looked up when it is reported.
type Problem = (Path, String);
pub(super) type Checked<T> = Result<T, Problem>;

pub(super) fn parse(text: &str) -> Result<Scenario, ScenarioError> {
    if text.len() > MAX_SCENARIO_BYTES {
        let problem = format!(
            "{} bytes; a scenario has at most {MAX_SCENARIO_BYTES}",
            text.len()
        );
        return Err(ScenarioError {
            line: 1,
            field: "file".to_owned(),
            problem,
        });
    }
    let places = Places::new(text).map_err(|why| report(text, None, &why))?;
    let file: file::File = toml::from_str(text).map_err(|why| report(text, Some(&places), &why))?;
    scenario(file, &places).map_err(|(path, problem)| ScenarioError {
        line: places.line(&path),
        field: path.to_string(),
        problem,
    })
}

/// What serde or the TOML parser says, with line and field.
fn report(text: &str, places: Option<&Places<'_>>, why: &toml::de::Error) -> ScenarioError {
    let span = why.span().unwrap_or(0..0);
    let field = places.map_or_else(Path::default, |places| places.field(&span));
    ScenarioError {
        line: line_at(text, span.start),
        field: field.to_string(),
        problem: why.message().replace('\n', " "),
    }
}

fn scenario(file: file::File, places: &Places<'_>) -> Checked<Scenario> {
    names::check(&file.name).map_err(|why| (Path::key("name"), why.to_string()))?;
    let members = members(&file)?;
    let draw = draw(&file)?;
    if !rules::is_known(&file.rules) {
        let known = rules::names().collect::<Vec<_>>().join(", ");
        return bad(
            Path::key("rules"),
            format!(
                "`{}` are no rules; there are {known}",
                file.rules.escape_debug()
            ),
        );
    }
    let joiners = changes::joiners(&file.joiners, &members)?;
    let people: Vec<String> = members.iter().chain(&joiners).cloned().collect();
    let algorithm = algorithm(&file, &people)?;
    let villains = villains(&file.villains, &members, &algorithm)?;
    let nodes: Vec<String> = people
        .iter()
        .chain(villains.iter().map(|villain| &villain.who))
        .cloned()
        .collect();
    let correct = |name: &String| !villains.iter().any(|villain| villain.who == *name);
    Ok(Scenario {
        workload: workload(&file, &people, &algorithm, &villains, places)?,
        changes: changes::changes(&file, &joiners, &people, &villains)?,
        expel_convicted: file.expel_convicted,
        checkpoint_every: file.checkpoint_every,
        expected_balances: expected(&file, &algorithm)?,
        network: network(&file.network)?,
        partitions: partitions(&file.partitions, &nodes)?,
        schedule: schedule(file.schedule.as_ref(), &nodes)?,
        crashes: crashes(&file.crashes, &people, correct)?,
        ground: ground::ground(&file, &nodes, &people, correct)?,
        chart: chart(file.chart, &nodes)?,
        limits: limits(&file.limits)?,
        name: file.name,
        description: file.description,
        seed: file.seed,
        rules: file.rules,
        draw,
        signatures: match file.signatures {
            file::Signatures::Ed25519 => Signatures::Ed25519,
            file::Signatures::Simulated => Signatures::Simulated,
        },
        algorithm,
        members,
        joiners,
        villains,
    })
}

pub(super) fn bad<T>(path: Path, problem: impl Into<String>) -> Checked<T> {
    Err((path, problem.into()))
}

/// What each seed draws, and nothing else that it would replace.
fn draw(file: &file::File) -> Checked<Option<Draw>> {
    let path = Path::key("draw");
    let Some(draw) = &file.draw else {
        return Ok(None);
    };
    let fixed = [
        ("members", file.members.is_some()),
        ("joiners", !file.joiners.is_empty()),
        ("changes", !file.changes.is_empty()),
        ("partitions", !file.partitions.is_empty()),
        ("crashes", !file.crashes.is_empty()),
        ("nodes", !file.nodes.is_empty()),
        ("one_way", !file.one_way.is_empty()),
        ("clogs", !file.clogs.is_empty()),
        ("slowdowns", !file.slowdowns.is_empty()),
        ("full_disks", !file.full_disks.is_empty()),
        ("clocks", !file.clocks.is_empty()),
        ("downtimes", !file.downtimes.is_empty()),
        ("villains", !file.villains.is_empty()),
        ("operations", file.operations.is_some()),
        ("operations_file", file.operations_file.is_some()),
        ("generator", file.generator.is_some()),
        ("expected_balances", file.expected_balances.is_some()),
        ("schedule", file.schedule.is_some()),
    ];
    if let Some((field, _)) = fixed.into_iter().find(|(_, given)| *given) {
        return bad(
            Path::key(field),
            "is drawn by each seed, as `draw` says; leave it out",
        );
    }
    let mut members = Vec::new();
    for (index, count) in draw.members.iter().enumerate() {
        match usize::try_from(*count) {
            Ok(count @ 1..=MAX_MEMBERS) => members.push(count),
            _ => {
                return bad(
                    path.at("members").index(index),
                    format!("there are 1 to {MAX_MEMBERS} members"),
                );
            }
        }
    }
    if members.is_empty() {
        return bad(path.at("members"), "names no number of members");
    }
    let mut villains = Vec::new();
    for (index, name) in draw.villains.iter().enumerate() {
        villains.push(kind(name, &path.at("villains").index(index))?);
    }
    if draw.operations == 0 || draw.operations > MAX_GENERATED {
        return bad(
            path.at("operations"),
            format!("{} is not between 1 and {MAX_GENERATED}", draw.operations),
        );
    }
    if draw.changes > MAX_CHANGES {
        return bad(
            path.at("changes"),
            format!("{} are more than {MAX_CHANGES}", draw.changes),
        );
    }
    if draw.changes > 0 && matches!(file.algorithm, file::Algorithm::Bank) {
        let problem = "are for the set: who goes takes rows along that others wait for";
        return bad(path.at("changes"), problem);
    }
    let faults_until = some_time(&draw.faults_until, &path.at("faults_until"))?;
    let chance_of = |given: Option<f64>, usual: u32, field: &str| {
        let path = path.at(field);
        match given {
            None => Ok(usual),
            Some(given) => chance(given, &path),
        }
    };
    let few_of = |given: Option<u64>, field: &str| match given.unwrap_or(2) {
        given if given > MAX_DRAWN => bad(path.at(field), format!("at most {MAX_DRAWN}")),
        given => Ok(given),
    };
    Ok(Some(Draw {
        members,
        villains,
        operations: draw.operations,
        changes: draw.changes,
        faults_until,
        swarm: draw.swarm,
        loss: chance_of(draw.loss, 400_000, "loss")?,
        duplicate: chance_of(draw.duplicate, 300_000, "duplicate")?,
        reorder: chance_of(draw.reorder, 300_000, "reorder")?,
        latency: optional_time(draw.latency.as_deref(), &path.at("latency"))?
            .unwrap_or(Span::from_millis(100)),
        partitions: few_of(draw.partitions, "partitions")?,
        crashes: few_of(draw.crashes, "crashes")?,
        real_signatures_every: draw.real_signatures_every.unwrap_or(20),
    }))
}

pub(super) fn kind(name: &str, path: &Path) -> Checked<VillainKind> {
    VillainKind::named(name).ok_or_else(|| {
        let kinds: Vec<_> = VillainKind::all().map(VillainKind::name).collect();
        let kinds = kinds.join(", ");
        (
            path.clone(),
            format!("`{}` is none of {kinds}", name.escape_debug()),
        )
    })
}

fn members(file: &file::File) -> Checked<Vec<String>> {
    let path = Path::key("members");
    let Some(members) = &file.members else {
        // Each seed draws its own.
        return if file.draw.is_some() {
            Ok(Vec::new())
        } else {
            bad(path, "is missing: how many, or their names")
        };
    };
    let names = match members {
        file::Members::Names(names) => names.clone(),
        file::Members::Count(count) => {
            let count = usize::try_from(*count)
                .unwrap_or(usize::MAX)
                .min(MAX_MEMBERS + 1);
            (0..count).map(names::default_member).collect()
        }
    };
    if names.is_empty() || names.len() > MAX_MEMBERS {
        return bad(path, format!("there are 1 to {MAX_MEMBERS} members"));
    }
    let mut seen = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        names::check(name).map_err(|why| (path.index(index), why.to_string()))?;
        if !seen.insert(name) {
            return bad(path.index(index), format!("`{name}` is a member already"));
        }
    }
    Ok(names)
}

fn algorithm(file: &file::File, members: &[String]) -> Checked<Algorithm> {
    match (file.algorithm, &file.bank) {
        (file::Algorithm::Bank, bank) => bank_genesis(bank.as_ref(), members).map(Algorithm::Bank),
        (file::Algorithm::Orswot, None) => Ok(Algorithm::Orswot),
        (file::Algorithm::Orswot, Some(_)) => bad(
            Path::key("bank"),
            "the algorithm is `orswot`, which has no accounts",
        ),
    }
}

fn bank_genesis(bank: Option<&file::Bank>, members: &[String]) -> Checked<Bank> {
    let path = Path::key("bank");
    let mut genesis = Bank::default();
    let Some(bank) = bank else {
        return bad(
            path,
            "is missing: say what the accounts hold, `[bank]` with `balance = 1000` or `accounts`",
        );
    };
    for member in members {
        genesis
            .accounts
            .insert(member.clone(), bank.balance.unwrap_or(0));
    }
    for (name, balance) in &bank.accounts {
        names::check_text(name).map_err(|why| (path.at("accounts"), why.to_string()))?;
        genesis.accounts.insert(name.clone(), *balance);
    }
    for (name, cap) in &bank.issuers {
        known(name, members, &path.at("issuers").at(name))?;
        genesis.issuers.insert(name.clone(), *cap);
    }
    let total = genesis
        .accounts
        .values()
        .chain(genesis.issuers.values())
        .try_fold(0_u64, |sum, part| sum.checked_add(*part));
    match total {
        Some(_) => Ok(genesis),
        None => bad(
            path,
            format!("balances and issuers' caps together exceed {}", u64::MAX),
        ),
    }
}

pub(super) fn known(name: &str, known: &[String], path: &Path) -> Checked<()> {
    if known.iter().any(|member| member == name) {
        return Ok(());
    }
    bad(
        path.clone(),
        format!("`{}` is none of {}", name.escape_debug(), known.join(", ")),
    )
}

fn villains(
    villains: &[file::Villain],
    members: &[String],
    algorithm: &Algorithm,
) -> Checked<Vec<Villain>> {
    let path = Path::key("villains");
    few(villains.len(), &path)?;
    let mut taken = BTreeSet::new();
    let mut checked = Vec::new();
    for (index, villain) in villains.iter().enumerate() {
        let path = path.index(index);
        let kind = kind(&villain.kind, &path.at("kind"))?;
        names::check(&villain.who).map_err(|why| (path.at("who"), why.to_string()))?;
        let member = members.contains(&villain.who);
        match kind {
            VillainKind::Outsider if member => {
                return bad(
                    path.at("who"),
                    format!("`{}` is a member, so no outsider", villain.who),
                );
            }
            VillainKind::Outsider => {}
            _ => known(&villain.who, members, &path.at("who"))?,
        }
        if !taken.insert(villain.who.clone()) {
            return bad(
                path.at("who"),
                format!("`{}` is a villain already", villain.who),
            );
        }
        let script = script(villain, kind, members, algorithm, &path)?;
        let at = optional_time(villain.at.as_deref(), &path.at("at"))?.unwrap_or(Span::ZERO);
        checked.push(Villain {
            who: villain.who.clone(),
            kind,
            at,
            script,
        });
    }
    Ok(checked)
}

/// What an equivocator or a withholder is told to do.
fn script(
    villain: &file::Villain,
    kind: VillainKind,
    members: &[String],
    algorithm: &Algorithm,
    path: &Path,
) -> Checked<Script> {
    groups(&villain.split, members, &path.at("split"))?;
    let versions = versions(&villain.versions, algorithm, &path.at("versions"))?;
    if kind != VillainKind::Equivocator && !villain.split.is_empty() {
        return bad(path.at("split"), "only an equivocator splits the members");
    }
    if kind != VillainKind::Equivocator && !versions.is_empty() {
        return bad(path.at("versions"), "only an equivocator has versions");
    }
    if kind != VillainKind::Withholder && villain.tells.is_some() {
        return bad(path.at("tells"), "only a withholder tells one member only");
    }
    if versions.len() != villain.split.len() {
        let problem = format!(
            "{} versions for {} groups",
            versions.len(),
            villain.split.len()
        );
        return bad(path.at("versions"), problem);
    }
    if versions.len() == 1 {
        return bad(
            path.at("versions"),
            "one version is no equivocation; give two",
        );
    }
    if let Some(tells) = &villain.tells {
        known(tells, members, &path.at("tells"))?;
        return Ok(Script::Tells(tells.clone()));
    }
    if versions.is_empty() {
        return Ok(Script::Drawn);
    }
    Ok(Script::Versions(
        versions
            .into_iter()
            .zip(villain.split.iter().cloned())
            .collect(),
    ))
}

fn versions(versions: &[Fields], algorithm: &Algorithm, path: &Path) -> Checked<Vec<What>> {
    let mut checked = Vec::new();
    for (index, fields) in versions.iter().enumerate() {
        let path = path.index(index);
        if fields.who.is_some() || fields.at.is_some() {
            return bad(
                path,
                "a version says `what` only; who and when are the villain's",
            );
        }
        let what = fields
            .clone()
            .into_what()
            .map_err(|(field, problem)| (path.at(field), problem))?;
        fits(&what, algorithm).map_err(|problem| (path.at("what"), problem))?;
        checked.push(what);
    }
    Ok(checked)
}

/// Whether an operation is one of the algorithm's.
fn fits(what: &What, algorithm: &Algorithm) -> Result<(), String> {
    if what.is_bank() == matches!(algorithm, Algorithm::Bank(_)) {
        return Ok(());
    }
    Err(format!(
        "`{}` is no operation of `{}`",
        what.verb(),
        algorithm.name()
    ))
}

/// Checks a row against the scenario it belongs to: `who` is a correct member, `what` an operation of its
/// algorithm.
///
/// # Errors
/// The field and what is wrong with it.
pub(crate) fn row(
    row: &Row,
    members: &[String],
    algorithm: &Algorithm,
    villains: &[Villain],
) -> Result<(), (&'static str, String)> {
    if villains.iter().any(|villain| villain.who == row.who) {
        let problem = format!(
            "`{}` is a villain, which does what it likes; only correct members have rows",
            row.who
        );
        return Err(("who", problem));
    }
    if !members.contains(&row.who) {
        return Err((
            "who",
            format!(
                "`{}` is none of {}",
                row.who.escape_debug(),
                members.join(", ")
            ),
        ));
    }
    fits(&row.what, algorithm).map_err(|problem| ("what", problem))
}

fn workload(
    file: &file::File,
    members: &[String],
    algorithm: &Algorithm,
    villains: &[Villain],
    places: &Places<'_>,
) -> Checked<Workload> {
    match (&file.operations, &file.operations_file, &file.generator) {
        (None, None, None) => Ok(Workload::Rows(Vec::new())),
        (Some(rows), None, None) => {
            inline(rows, members, algorithm, villains, places).map(Workload::Rows)
        }
        (None, Some(path), None) => match Format::of_path(path) {
            Some(format) => Ok(Workload::File {
                path: path.clone(),
                format,
            }),
            None => bad(
                Path::key("operations_file"),
                "ends in none of .csv, .jsonl, .ndjson",
            ),
        },
        (None, None, Some(generator)) => generated(generator, algorithm).map(Workload::Generator),
        (_, Some(_), _) => bad(
            Path::key("operations_file"),
            "there is another workload in this scenario; keep one",
        ),
        (Some(_), _, Some(_)) => bad(
            Path::key("generator"),
            "there is another workload in this scenario; keep one",
        ),
    }
}

fn inline(
    rows: &[Fields],
    members: &[String],
    algorithm: &Algorithm,
    villains: &[Villain],
    places: &Places<'_>,
) -> Checked<Vec<Row>> {
    let path = Path::key("operations");
    let mut checked = Vec::new();
    for (index, fields) in rows.iter().enumerate() {
        let path = path.index(index);
        let line = places.line(&path);
        let named = fields.clone().into_row(index + 1, line);
        let read = named.and_then(|read| row(&read, members, algorithm, villains).map(|()| read));
        checked.push(read.map_err(|(field, problem)| (path.at(field), problem))?);
    }
    Ok(checked)
}

fn generated(generator: &file::Generator, algorithm: &Algorithm) -> Checked<Generator> {
    let path = Path::key("generator");
    let bank = matches!(algorithm, Algorithm::Bank(_));
    let range = |value: u64, most: u64, field: &str| match value {
        value if value == 0 || value > most => bad(
            path.at(field),
            format!("{value} is not between 1 and {most}"),
        ),
        value => Ok(value),
    };
    if !bank && generator.max_amount.is_some() {
        return bad(path.at("max_amount"), "is for the bank");
    }
    if bank && generator.items.is_some() {
        return bad(path.at("items"), "is for the set");
    }
    Ok(Generator {
        operations: range(generator.operations, MAX_GENERATED, "operations")?,
        every: optional_time(generator.every.as_deref(), &path.at("every"))?.unwrap_or(Span::ZERO),
        max_amount: range(generator.max_amount.unwrap_or(10), u64::MAX, "max_amount")?,
        items: range(generator.items.unwrap_or(8), MAX_GENERATED, "items")?,
    })
}

fn expected(file: &file::File, algorithm: &Algorithm) -> Checked<Option<String>> {
    match (&file.expected_balances, algorithm) {
        (Some(_), Algorithm::Orswot) => bad(
            Path::key("expected_balances"),
            "the algorithm has no balances",
        ),
        (path, _) => Ok(path.clone()),
    }
}

fn network(network: &file::Network) -> Checked<Network> {
    let path = Path::key("network");
    let mut checked = Network {
        loss: chance(network.loss, &path.at("loss"))?,
        duplicate: chance(network.duplicate, &path.at("duplicate"))?,
        reorder: chance(network.reorder, &path.at("reorder"))?,
        ..Network::default()
    };
    if checked.loss >= MILLION {
        return bad(
            path.at("loss"),
            "a network that loses everything delivers nothing",
        );
    }
    if let Some(latency) = &network.latency {
        // One with a name is the ground's.
        if let (None, Law::Uniform { min, max }) =
            (&latency.law, ground::law(latency, &path.at("latency"))?)
        {
            checked.latency = (min, max);
        }
    }
    checked.heal = optional_time(network.heal.as_deref(), &path.at("heal"))?;
    if let Some(tick) = optional_time(network.tick.as_deref(), &path.at("tick"))? {
        if tick < Span::from_millis(1) {
            return bad(path.at("tick"), "is shorter than 1ms");
        }
        checked.tick = tick;
    }
    Ok(checked)
}

const MILLION: u32 = 1_000_000;

pub(super) fn chance(chance: f64, path: &Path) -> Checked<u32> {
    if !(0.0..=1.0).contains(&chance) {
        return bad(
            path.clone(),
            format!("{chance} is no chance; it lies between 0 and 1"),
        );
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and a million"
    )]
    Ok((chance * f64::from(MILLION)).round() as u32)
}

fn partitions(partitions: &[file::Partition], nodes: &[String]) -> Checked<Vec<Partition>> {
    let path = Path::key("partitions");
    few(partitions.len(), &path)?;
    let mut checked = Vec::new();
    for (index, partition) in partitions.iter().enumerate() {
        let path = path.index(index);
        let (at, heal) = interval(&partition.at, &partition.heal, "heal", &path)?;
        groups(&partition.groups, nodes, &path.at("groups"))?;
        if partition.groups.is_empty() {
            return bad(path.at("groups"), "names no group");
        }
        checked.push(Partition {
            at,
            heal,
            groups: partition.groups.clone(),
        });
    }
    Ok(checked)
}

fn crashes(
    crashes: &[file::Crash],
    members: &[String],
    correct: impl Fn(&String) -> bool,
) -> Checked<Vec<Crash>> {
    let path = Path::key("crashes");
    few(crashes.len(), &path)?;
    let mut checked: Vec<Crash> = Vec::new();
    for (index, crash) in crashes.iter().enumerate() {
        let path = path.index(index);
        known(&crash.member, members, &path.at("member"))?;
        if !correct(&crash.member) {
            return bad(
                path.at("member"),
                format!(
                    "`{}` is a villain; only correct members crash",
                    crash.member
                ),
            );
        }
        let (when, down) = outage(crash, &path)?;
        let end = |crash: &Crash| match crash.when {
            When::At(at) => Some((at, at + crash.down)),
            When::AfterEffects(_) => None,
        };
        let crash = Crash {
            member: crash.member.clone(),
            when,
            down,
            lose_unsynced: crash.lose_unsynced,
        };
        let overlaps = |other: &Crash| {
            other.member == crash.member
                && end(other)
                    .zip(end(&crash))
                    .is_some_and(|(one, two)| one.0 <= two.1 && two.0 <= one.1)
        };
        if checked.iter().any(overlaps) {
            return bad(path.at("at"), format!("`{}` is down already", crash.member));
        }
        checked.push(crash);
    }
    Ok(checked)
}

/// When a member is down: `at` and `restart`, or `after_effects` and `down`.
fn outage(crash: &file::Crash, path: &Path) -> Checked<(When, Span)> {
    match (&crash.at, &crash.restart, crash.after_effects, &crash.down) {
        (Some(at), Some(restart), None, None) => {
            let (at, restart) = interval(at, restart, "restart", path)?;
            Ok((
                When::At(at),
                Span::from_nanos(restart.as_nanos() - at.as_nanos()),
            ))
        }
        (None, None, Some(effects), Some(down)) => Ok((
            When::AfterEffects(effects),
            some_time(down, &path.at("down"))?,
        )),
        _ => bad(
            path.clone(),
            "a crash has `at` and `restart`, or `after_effects` and `down`",
        ),
    }
}

pub(super) fn interval(at: &str, end: &str, field: &str, path: &Path) -> Checked<(Span, Span)> {
    let at = some_time(at, &path.at("at"))?;
    let end = some_time(end, &path.at(field))?;
    if end <= at {
        return bad(path.at(field), "is not later than `at`");
    }
    Ok((at, end))
}

/// Every name is known and stands in one group only.
fn groups(groups: &[Vec<String>], names: &[String], path: &Path) -> Checked<()> {
    let mut seen = BTreeSet::new();
    for (index, group) in groups.iter().enumerate() {
        for (place, name) in group.iter().enumerate() {
            let path = path.index(index).index(place);
            known(name, names, &path)?;
            if !seen.insert(name) {
                return bad(path, format!("`{name}` stands there twice"));
            }
        }
    }
    Ok(())
}

pub(super) fn few(have: usize, path: &Path) -> Checked<()> {
    if have > MAX_FAULTS {
        return bad(
            path.clone(),
            format!("{have} of them; at most {MAX_FAULTS}"),
        );
    }
    Ok(())
}

pub(super) fn some_time(text: &str, path: &Path) -> Checked<Span> {
    time::parse(text).map_err(|why| (path.clone(), why.to_string()))
}

pub(super) fn optional_time(text: Option<&str>, path: &Path) -> Checked<Option<Span>> {
    text.map(|text| some_time(text, path)).transpose()
}

fn chart(chart: file::Chart, nodes: &[String]) -> Checked<Chart> {
    let path = Path::key("chart");
    if let Some(title) = &chart.title {
        names::check_text(title).map_err(|why| (path.at("title"), why.to_string()))?;
    }
    for (index, name) in chart.members.iter().enumerate() {
        known(name, nodes, &path.at("members").index(index))?;
    }
    let all = PacketKind::ALL.map(|kind| kind.name().to_owned());
    for (index, kind) in chart.kinds.iter().enumerate() {
        known(kind, &all, &path.at("kinds").index(index))?;
    }
    let most = chart.max_arcs.unwrap_or(400);
    if most == 0 || most > MAX_ARCS {
        return bad(
            path.at("max_arcs"),
            format!("{most} is not between 1 and {MAX_ARCS}"),
        );
    }
    let from = optional_time(chart.from.as_deref(), &path.at("from"))?;
    let to = optional_time(chart.to.as_deref(), &path.at("to"))?;
    Ok(Chart {
        title: chart.title,
        from,
        to,
        members: chart.members,
        kinds: chart.kinds,
        fold: chart.fold.unwrap_or(true),
        max_arcs: usize::try_from(most).unwrap_or(usize::MAX),
    })
}

fn limits(limits: &file::Limits) -> Checked<Limits> {
    let path = Path::key("limits");
    let time =
        optional_time(limits.time.as_deref(), &path.at("time"))?.unwrap_or(Span::from_secs(3_600));
    let events = limits.events.unwrap_or(50_000_000);
    if events == 0 || time == Span::ZERO {
        return bad(path, "a run needs some time and some events");
    }
    Ok(Limits { time, events })
}
