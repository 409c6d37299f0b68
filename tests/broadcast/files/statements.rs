//! Statements of every domain with their signatures, and the digests of the specification.

use std::collections::BTreeSet;

use bft_crdts::actor::{Statement, signing_bytes};
use bft_crdts::codec::encode;
use bft_crdts::deterministic_secure_broadcast::EchoStatement;
use bft_crdts::deterministic_secure_broadcast::checkpoint::CheckpointStatement;
use bft_crdts::deterministic_secure_broadcast::wire::statement::{
    ApproveStatement, FirstVoteStatement, JoinStatement, NextKeyStatement, ProposeStatement,
    SealStatement, SecondVoteStatement, TimeoutStatement,
};
use bft_crdts::deterministic_secure_broadcast::wire::{Excerpt, SealedSource};
use bft_crdts::{Change, Digest, Generation, NetworkId, Seat, SigningActor};

use crate::fixtures;

use super::{forge::forge, forge::header};

/// One statement of each domain, or two, with what is signed and the signature: a JSON object a line, and the domains.
pub(crate) fn statements() -> (Vec<String>, BTreeSet<&'static str>) {
    let (mut lines, mut domains) = (Vec::new(), BTreeSet::new());
    let wire = fixtures::network();
    let (network, key) = (wire.network(), wire.key(2).clone());
    let generation = Generation::new(300);
    let (attempt, decision) = (70_000, Digest::of(b"a decision"));
    let mut line = |text: (&'static str, String)| {
        domains.insert(text.0);
        lines.push(text.1);
    };
    line(signed(
        &key,
        &network,
        &EchoStatement {
            generation,
            header: Digest::of(b"a header"),
        },
    ));
    line(signed(
        &key,
        &network,
        &EchoStatement {
            generation: Generation::GENESIS,
            header: Digest::of(b"a header"),
        },
    ));
    line(signed(
        &key,
        &network,
        &JoinStatement { actor: key.actor() },
    ));
    for change in [Change::Join, Change::Leave, Change::Expel] {
        let change = change(wire.actor(1));
        line(signed(
            &key,
            &network,
            &ApproveStatement { generation, change },
        ));
    }
    line(signed(
        &key,
        &network,
        &NextKeyStatement {
            generation,
            key: key.next().key(),
        },
    ));
    line(signed(
        &key,
        &network,
        &ProposeStatement {
            generation,
            attempt,
            decision,
        },
    ));
    line(signed(
        &key,
        &network,
        &FirstVoteStatement {
            generation,
            attempt,
            decision,
        },
    ));
    line(signed(
        &key,
        &network,
        &SecondVoteStatement {
            generation,
            attempt,
            decision,
        },
    ));
    for highest in [None, Some((250, decision))] {
        line(signed(
            &key,
            &network,
            &TimeoutStatement {
                generation,
                attempt: 251,
                highest,
            },
        ));
    }
    let (link, content) = (*network.digest(), Digest::of(b"a content"));
    line(signed(
        &key,
        &network,
        &SealStatement {
            generation,
            link,
            content,
        },
    ));
    let manifest = Digest::of(b"a manifest");
    line(signed(
        &key,
        &network,
        &CheckpointStatement {
            generation,
            manifest,
        },
    ));
    (lines, domains)
}

pub(super) fn signed<S: Statement>(
    key: &SigningActor,
    network: &NetworkId,
    statement: &S,
) -> (&'static str, String) {
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let text = format!(
        "{{\"domain\": \"{}\", \"network\": \"{}\", \"statement\": \"{}\", \"signed\": \"{}\", \"key\": \"{}\", \"signature\": \"{}\"}}",
        S::DOMAIN,
        network.digest().to_hex(),
        hex(&encode(statement)),
        hex(&signing_bytes(network, statement)),
        key.key().to_hex(),
        key.sign(network, statement).to_hex(),
    );
    (S::DOMAIN, text)
}

/// The digests of decisions, keys, seals, manifests and versions, each after what it is the digest of.
pub(crate) fn digests() -> Vec<(String, Vec<u8>)> {
    let mut lines = Vec::new();
    let mut add = |name: &str, bytes: &[u8]| lines.push((name.to_owned(), bytes.to_vec()));
    let forge = forge();
    let network = forge.network();
    add("network of seven", network.digest().as_bytes());
    for link in forge.chain.links() {
        let generation = link.decision.generation;
        add(&format!("link to {generation}"), &encode(link));
        add(
            &format!("decision of {generation}"),
            &encode(&link.decision),
        );
        add(
            &format!("decision of {generation}, its digest"),
            link.decision.digest(&network).as_bytes(),
        );
        add(&format!("keys named for {generation}"), &encode(&link.keys));
        add(
            &format!("keys named for {generation}, their digest"),
            link.keys.digest().as_bytes(),
        );
        let members = forge.chain.members_of(generation).expect("there");
        let names: Vec<u8> = members
            .actors()
            .iter()
            .flat_map(|actor| *actor.as_bytes())
            .collect();
        add(&format!("members of {generation}"), &names);
        let keys = members
            .actors()
            .iter()
            .filter_map(|actor| members.key_bytes(members.seat_of(actor)?));
        let keys: Vec<u8> = keys.flat_map(|key| *key.as_bytes()).collect();
        add(&format!("their keys in {generation}"), &keys);
    }
    let certified = header(1, 1, 2, *network.digest(), b"certified");
    let best = forge.certificate(0, &certified, &[0, 1, 2, 3, 4]);
    let open = header(1, 3, 1, certified.digest(&network), b"open");
    let shown = SealedSource {
        source: Seat::new(1),
        best: Some(best),
        open: vec![forge.echo(0, 1, &open)],
    };
    let seal = forge.seal(0, 4, vec![shown.clone()]);
    add("what a seal shows of a source", &encode(&shown));
    let excerpt = Excerpt::of(&seal, Seat::new(1));
    add("its digest", excerpt.contents[0].1.as_bytes());
    add("seal", &encode(&seal));
    add("excerpt of it", &encode(&excerpt));
    add(
        "content of the seal",
        seal.statement(*network.digest()).content.as_bytes(),
    );
    lines
}
