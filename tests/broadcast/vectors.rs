//! Golden bytes: what is signed, sent and written stays what it is.
//!
//! A difference here is another network, another wire and another disk. If that is what is meant, `BLESS=1 cargo test
//! --test broadcast vectors` writes the new bytes, and the version in the domain of the statement or the name of the
//! algorithm changes with them.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::files;
use crate::fixtures;
use crate::golden;
use crate::wire;
use crate::wire::echo_bytes;
use bft_crdts::actor::signing_bytes;
use bft_crdts::bank::{self, Ledger};
use bft_crdts::codec::{decode, encode};
use bft_crdts::deterministic_secure_broadcast::journal;
use bft_crdts::deterministic_secure_broadcast::wire::statement::NextKeyStatement;
use bft_crdts::{
    Actor, Bank, Counter, Dot, Generation, Payload, Record, SecureBroadcastAlgorithm, orswot,
};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes anything");
        text
    })
}

/// One line for each: its name, and its bytes in hexadecimal.
fn lines<'a>(vectors: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> String {
    let line = |(name, bytes): (&str, Vec<u8>)| format!("{name}: {}\n", hex(&bytes));
    vectors.into_iter().map(line).collect()
}

/// The tags of enums that these are: fewer than 251 variants take one byte.
fn tags(vectors: &[(&str, Vec<u8>)]) -> BTreeSet<u8> {
    vectors.iter().map(|(_, bytes)| bytes[0]).collect()
}

#[test]
fn packets_keep_their_bytes() {
    let vectors = fixtures::payloads();
    for (name, payload) in &vectors {
        assert_eq!(
            decode::<Payload>(&encode(payload)).as_ref(),
            Ok(payload),
            "{name}"
        );
    }
    let vectors = vectors
        .iter()
        .map(|(name, payload)| (*name, encode(payload)));
    let vectors: Vec<_> = vectors.collect();
    assert_eq!(tags(&vectors), (0..=24).collect(), "one of each");
    golden::compare("tests/vectors/packets.txt", &lines(vectors));
}

#[test]
fn records_keep_their_bytes() {
    let vectors = fixtures::records();
    let mut whole = Vec::new();
    for (name, record) in &vectors {
        assert_eq!(
            decode::<Record>(&encode(record)).as_ref(),
            Ok(record),
            "{name}"
        );
        journal::append(&mut whole, record);
    }
    let read = journal::read(&whole).expect("no damage").records;
    assert!(read.iter().eq(vectors.iter().map(|(_, record)| record)));
    let mut frame = Vec::new();
    journal::append(&mut frame, &vectors[0].1);
    let vectors = vectors.iter().map(|(name, record)| (*name, encode(record)));
    let vectors: Vec<_> = vectors.collect();
    assert_eq!(tags(&vectors), (0..=25).collect(), "one of each");
    let vectors = vectors
        .into_iter()
        .chain([("identity in its frame", frame)]);
    golden::compare("tests/vectors/records.txt", &lines(vectors));
}

#[test]
fn statements_keep_the_bytes_that_are_signed() {
    let wire = fixtures::network();
    let network = wire.network();
    let header = fixtures::message(&wire).0;
    let signed = |generation| echo_bytes(&network, Generation::new(generation), &header);
    let names = wire.genesis.members().iter().flat_map(Actor::as_bytes);
    let next = wire.key(2).next();
    let announced = NextKeyStatement {
        generation: Generation::new(300),
        key: next.key(),
    };
    let vectors = [
        ("members", names.copied().collect()),
        ("genesis state", encode(wire.genesis.state())),
        ("network id", network.digest().as_bytes().to_vec()),
        ("header", encode(&header)),
        ("header digest", header.digest(&network).as_bytes().to_vec()),
        ("echo, as signed", signed(0)),
        ("echo of generation 300, as signed", signed(300)),
        (
            "echo, signed by seat 2",
            wire::vouch(wire.key(2), &network, &header)
                .as_bytes()
                .to_vec(),
        ),
        ("next key of seat 2", next.key().as_bytes().to_vec()),
        ("next key, as signed", signing_bytes(&network, &announced)),
    ];
    let digests = files::digests();
    let digests = digests
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.clone()));
    let vectors = vectors.into_iter().chain(digests);
    golden::compare("tests/vectors/statements.txt", &lines(vectors));
}

#[test]
fn operations_and_states_keep_their_bytes() {
    let [ann, bob, eve] = [1, 2, 3].map(|tag| Actor::from_bytes([tag; 32]));
    let dot = |actor, counter| Dot::new(actor, Counter::new(counter));
    let transfer = Bank::transfer_citing(bob, 300, [dot(eve, 7), dot(bob, 70_000)].into());
    let issue = bank::Op::Issue { to: ann, amount: 5 };
    let mut bank = Bank::new(ann);
    bank.sync_from(Ledger::genesis([(ann, 1_000), (bob, 0)], [(eve, 50)]).unwrap());
    bank.apply(dot(ann, 1), Bank::transfer_citing(bob, 300, [].into()));
    bank.apply(dot(eve, 1), issue.clone());
    assert_eq!(bank.supply(), 1_005, "both were valid");

    let add: orswot::Op<String> = orswot::Op::Add {
        members: ["milk", "eggs"].map(String::from).into(),
    };
    let remove = orswot::Op::Remove {
        members: ["milk".to_owned()].into(),
        witnessed: [dot(ann, 1)].into(),
    };
    let mut set = orswot::Orswot::new(ann);
    set.apply(dot(ann, 1), add.clone());
    set.apply(dot(bob, 1), add.clone());
    set.apply(dot(eve, 1), remove.clone());
    let vectors = [
        ("transfer", encode(&transfer)),
        ("issue", encode(&issue)),
        ("ledger", encode(&bank.state())),
        ("add", encode(&add)),
        ("remove", encode(&remove)),
        ("entries", encode(&set.state())),
    ];
    golden::compare("tests/vectors/operations.txt", &lines(vectors));
}

/// A text as JSON.
fn json(text: &str) -> String {
    serde_json::to_string(text).expect("a text")
}

#[test]
fn files_prove_what_the_specification_says() {
    let geneses = files::geneses();
    let cases = files::cases();
    assert!(cases.len() > 200, "only {} cases", cases.len());
    let (mut text, mut wrong) = (String::from("{\"geneses\": {\n"), Vec::new());
    let genesis = |(name, bytes): &(&str, Vec<u8>)| format!("{}: \"{}\"", json(name), hex(bytes));
    text += &geneses.iter().map(genesis).collect::<Vec<_>>().join(",\n");
    text += "\n},\n\"cases\": [\n";
    let mut lines = Vec::new();
    for case in &cases {
        let (_, genesis) = geneses
            .iter()
            .find(|(name, _)| *name == case.genesis)
            .expect("a genesis");
        let answer = files::answer(genesis, &case.file, case.pin.as_deref());
        let (verdict, kind) = match &answer {
            Ok(()) => ("proven", ""),
            Err((verdict, kind)) => (verdict.name(), kind.as_str()),
        };
        if kind != case.kind {
            wrong.push(format!("{}: {kind}, not {}", case.name, case.kind));
        }
        let pin = case.pin.as_deref().map_or("null".to_owned(), json);
        // A file of a megabyte of zeros would drown the others.
        if case.file.len() < 100_000 {
            lines.push(format!(
                "{{\"name\": {}, \"genesis\": {}, \"pin\": {pin}, \"verdict\": \"{verdict}\", \"kind\": \"{kind}\", \"file\": \"{}\"}}",
                json(&case.name), json(case.genesis), hex(&case.file)
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    text += &lines.join(",\n");
    text += "\n]}\n";
    golden::compare("tests/vectors/files.json", &text);
}

#[test]
fn statements_of_every_domain_keep_their_signatures() {
    let (lines, domains) = files::statements();
    assert_eq!(domains.len(), 10, "one for each domain");
    let text = format!("[\n{}\n]\n", lines.join(",\n"));
    golden::compare("tests/vectors/signatures.json", &text);
}
