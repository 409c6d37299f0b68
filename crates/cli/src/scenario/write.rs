//! A scenario as TOML: what [`parse`](super::parse) reads back as the same scenario.

use bft_crdts::net::{Span, Wish};
use toml::{Table, Value};

use super::{
    Algorithm, Change, Crash, Ground, Partition, Scenario, Schedule, Script, Signatures, Villain,
    When, Workload,
};
use crate::operations::{Row, What};

/// The scenario as a file. What a seed would draw, files it names, and a world of its own are not part of it: only
/// scenarios that say everything else themselves can be written.
#[must_use]
pub fn text(scenario: &Scenario) -> Option<String> {
    let rows = match &scenario.workload {
        Workload::Rows(rows) if scenario.draw.is_none() && scenario.ground == Ground::default() => {
            rows
        }
        _ => return None,
    };
    let mut file = Table::new();
    let mut put = |key: &str, value: Value| file.insert(key.to_owned(), value);
    put("name", scenario.name.clone().into());
    put("description", scenario.description.clone().into());
    put("algorithm", scenario.algorithm.name().into());
    put("members", texts(&scenario.members));
    put("joiners", texts(&scenario.joiners));
    put("expel_convicted", scenario.expel_convicted.into());
    if let Some(messages) = scenario.checkpoint_every {
        put("checkpoint_every", number(messages.get() as u64));
    }
    put("seed", number(scenario.seed));
    put("rules", scenario.rules.clone().into());
    let signatures = match scenario.signatures {
        Signatures::Ed25519 => "ed25519",
        Signatures::Simulated => "simulated",
    };
    put("signatures", signatures.into());
    if let Some(file) = &scenario.expected_balances {
        put("expected_balances", file.clone().into());
    }
    if let Algorithm::Bank(bank) = &scenario.algorithm {
        let amounts = |of: &std::collections::BTreeMap<String, u64>| {
            let amounts = of
                .iter()
                .map(|(name, amount)| (name.clone(), number(*amount)));
            Value::Table(amounts.collect())
        };
        let accounts = amounts(&bank.accounts);
        let issuers = amounts(&bank.issuers);
        put(
            "bank",
            table([("accounts", accounts), ("issuers", issuers)]),
        );
    }
    let network = &scenario.network;
    let mut wires = Table::new();
    let (min, max) = network.latency;
    wires.insert(
        "latency".into(),
        table([("min", time(min)), ("max", time(max))]),
    );
    for (key, chance) in [
        ("loss", network.loss),
        ("duplicate", network.duplicate),
        ("reorder", network.reorder),
    ] {
        wires.insert(key.into(), (f64::from(chance) / 1e6).into());
    }
    wires.insert("tick".into(), time(network.tick));
    if let Some(heal) = network.heal {
        wires.insert("heal".into(), time(heal));
    }
    put("network", Value::Table(wires));
    let limits = &scenario.limits;
    put(
        "limits",
        table([
            ("time", time(limits.time)),
            ("events", number(limits.events)),
        ]),
    );
    let list = |items: Vec<Value>| Value::Array(items);
    put("operations", list(rows.iter().map(row).collect()));
    put(
        "villains",
        list(scenario.villains.iter().map(villain).collect()),
    );
    put(
        "changes",
        list(scenario.changes.iter().map(change).collect()),
    );
    put(
        "crashes",
        list(scenario.crashes.iter().map(crash).collect()),
    );
    put(
        "partitions",
        list(scenario.partitions.iter().map(partition).collect()),
    );
    if let Some(schedule) = &scenario.schedule {
        put("schedule", fates(schedule));
    }
    toml::to_string_pretty(&file).ok()
}

fn number(number: u64) -> Value {
    // TOML's integers are signed; whoever reads this file refuses one that does not fit.
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn time(span: Span) -> Value {
    format!("{}ns", span.as_nanos()).into()
}

fn texts(texts: &[String]) -> Value {
    Value::Array(texts.iter().map(|text| text.clone().into()).collect())
}

fn table<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let fields = fields.into_iter();
    Value::Table(fields.map(|(key, value)| (key.to_owned(), value)).collect())
}

fn what(what: &What) -> Table {
    let mut fields = Table::new();
    fields.insert("what".into(), what.verb().into());
    match what {
        What::Transfer { to, amount } | What::Issue { to, amount } => {
            fields.insert("to".into(), to.clone().into());
            fields.insert("amount".into(), number(*amount));
        }
        What::Add { item } | What::Remove { item } => {
            fields.insert("item".into(), item.clone().into());
        }
    }
    fields
}

fn row(row: &Row) -> Value {
    let mut fields = what(&row.what);
    fields.insert("who".into(), row.who.clone().into());
    if row.at > Span::ZERO {
        fields.insert("at".into(), time(row.at));
    }
    Value::Table(fields)
}

fn villain(villain: &Villain) -> Value {
    let mut fields = Table::new();
    fields.insert("who".into(), villain.who.clone().into());
    fields.insert("kind".into(), villain.kind.name().into());
    if villain.at > Span::ZERO {
        fields.insert("at".into(), time(villain.at));
    }
    match &villain.script {
        Script::Drawn => {}
        Script::Tells(name) => {
            fields.insert("tells".into(), name.clone().into());
        }
        Script::Versions(versions) => {
            let split = versions.iter().map(|(_, names)| texts(names)).collect();
            fields.insert("split".into(), Value::Array(split));
            let versions = versions.iter().map(|(version, _)| what(version).into());
            fields.insert("versions".into(), Value::Array(versions.collect()));
        }
    }
    Value::Table(fields)
}

fn change(change: &Change) -> Value {
    let mut fields = Table::new();
    let what = match change.what {
        Wish::Join => "join",
        Wish::Leave => "leave",
        Wish::Expel => "expel",
    };
    fields.insert(what.into(), change.who.clone().into());
    fields.insert("at".into(), time(change.at));
    if let Some(names) = &change.approved_by {
        fields.insert("approved_by".into(), texts(names));
    }
    Value::Table(fields)
}

fn crash(crash: &Crash) -> Value {
    let mut fields = Table::new();
    fields.insert("member".into(), crash.member.clone().into());
    match crash.when {
        When::At(at) => {
            fields.insert("at".into(), time(at));
            fields.insert("restart".into(), time(at + crash.down));
        }
        When::AfterEffects(effects) => {
            fields.insert("after_effects".into(), number(effects));
            fields.insert("down".into(), time(crash.down));
        }
    }
    fields.insert("lose_unsynced".into(), crash.lose_unsynced.into());
    Value::Table(fields)
}

fn partition(partition: &Partition) -> Value {
    table([
        ("at", time(partition.at)),
        ("heal", time(partition.heal)),
        (
            "groups",
            Value::Array(partition.groups.iter().map(|group| texts(group)).collect()),
        ),
    ])
}

fn fates(schedule: &Schedule) -> Value {
    let copies: Vec<String> = schedule.copies.iter().map(super::Copy::text).collect();
    table([
        ("latency", time(schedule.latency)),
        ("copies", texts(&copies)),
    ])
}
