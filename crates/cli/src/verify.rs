//! `verify`: what a file proves, against whom, and by whose signatures. Nothing is asked of any network.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use bft_crdts::codec::decode_sequence;
use bft_crdts::deterministic_secure_broadcast::proof_file::{
    FileError, GenesisFile, MAX_FILE_BYTES, ProofFile, Subject,
};
use bft_crdts::deterministic_secure_broadcast::{Contradiction, Generations, Header, Pin};
use bft_crdts::membership::quorum::{faults, quorum};
use bft_crdts::{Actor, Certificate, Digest, Ed25519, Evidence, Generation, MemberIndex};
use bft_crdts::{bank, orswot};
use serde::Serialize;

use crate::args::{self, Expected};
use crate::output;
use crate::summary::count;

/// Most links of a chain that are printed one by one.
const MOST: usize = 20;

/// What a file was found to prove.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Whether it proves what it says.
    pub proven: bool,
    /// The kind of what is wrong with it, as `docs/protocol.md` names it, or `another-subject` if it is not about what was
    /// expected; empty if it proves what it says.
    pub kind: String,
    /// Why not.
    pub why_not: Option<String>,
    /// What it is about: `evidence`, `proof` or `chain`.
    pub subject: &'static str,
    /// In one sentence.
    pub says: String,
    /// The network's name.
    pub name: String,
    /// The network's algorithm.
    pub algorithm: String,
    /// The network's id.
    pub network: String,
    /// How many generations the chain makes after the first.
    pub generations: u64,
    /// The digest of its last decision, which can be pinned.
    pub tip: Option<String>,
    /// Who is convicted.
    pub against: Option<Party>,
    /// Of what.
    pub contradiction: Option<&'static str>,
    /// In which generation, or up to which.
    pub generation: u64,
    /// In which attempt to decide on the next one.
    pub attempt: Option<u32>,
    /// In which slot, or of which operations.
    pub slot: Option<Slot>,
    /// Who has vouched for the operations.
    pub signers: Vec<Party>,
    /// What the text adds, line by line.
    #[serde(skip)]
    pub details: Vec<(String, String)>,
}

/// A member.
#[derive(Clone, Debug, Serialize)]
pub struct Party {
    /// Its key.
    pub key: String,
    /// Its permanent number.
    pub seat: Option<usize>,
}

/// A place among the operations of a member.
#[derive(Clone, Debug, Serialize)]
pub struct Slot {
    /// Whose.
    pub source: String,
    /// The number of its first operation.
    pub first: u64,
    /// How many they are, of a proof.
    pub operations: Option<u32>,
}

/// A file, a genesis or a pin that cannot be read.
#[derive(Debug)]
struct BadInput {
    /// As `docs/protocol.md` names it; `unreadable` if there is no such file.
    kind: &'static str,
    /// For people.
    why: anyhow::Error,
}

/// The same, as it is printed.
#[derive(Debug, Serialize)]
struct Unread<'a> {
    verdict: &'static str,
    kind: &'a str,
    why_not: String,
}

/// A finding, with the verdict as `docs/protocol.md` names it.
#[derive(Debug, Serialize)]
struct Answered<'a> {
    verdict: &'static str,
    #[serde(flatten)]
    finding: &'a Finding,
}

/// Checks a file and prints what it proves; whether it does.
///
/// # Errors
/// What cannot be read, and what is no proof file, no genesis or no pin.
pub fn verify(args: &args::Verify) -> Result<bool> {
    let finding = match examine(args) {
        Ok(finding) => finding,
        Err(BadInput { kind, why }) => {
            if args.json {
                let why_not = format!("{why:#}");
                print_json(&Unread {
                    verdict: "bad-input",
                    kind,
                    why_not,
                })?;
            }
            return Err(why);
        }
    };
    if args.json {
        let verdict = match finding.proven {
            true => "proven",
            false => "not-proven",
        };
        let finding = &finding;
        print_json(&Answered { verdict, finding })?;
    } else {
        output::print(&text(&finding))?;
    }
    Ok(finding.proven)
}

fn print_json(value: &impl Serialize) -> Result<()> {
    // Texts, numbers and nothing that can fail to become JSON.
    let json = serde_json::to_string_pretty(value);
    output::print(&(json.unwrap_or_default() + "\n"))
}

fn examine(args: &args::Verify) -> Result<Finding, BadInput> {
    let genesis = parsed(&args.genesis, GenesisFile::read)?;
    let proof_file = parsed(&args.file, ProofFile::read)?;
    let pin = args.pin.as_deref().map(pin).transpose();
    let pin = pin.map_err(|why| BadInput { kind: "pin", why })?;
    let checked = check(&genesis, &proof_file, pin);
    let checked = checked.with_context(|| args.genesis.display().to_string());
    let finding = checked.map_err(|why| BadInput {
        kind: "weak-key",
        why,
    })?;
    Ok(match args.expect {
        Some(expected) => expecting(finding, expected),
        None => finding,
    })
}

/// A file that proves something else does not prove what it was asked for: one cut off behind its chain still proves that.
fn expecting(finding: Finding, expected: Expected) -> Finding {
    let wanted = match expected {
        Expected::Evidence => "evidence",
        Expected::Proof => "proof",
        Expected::Chain => "chain",
    };
    if finding.subject == wanted || !finding.proven {
        return finding;
    }
    Finding {
        proven: false,
        kind: "another-subject".to_owned(),
        why_not: Some(format!(
            "the file is about {}, and was expected to be about {wanted}",
            finding.subject
        )),
        ..finding
    }
}

/// What a proof file proves.
///
/// # Errors
/// A genesis with a weak key.
pub fn check(genesis: &GenesisFile, proof_file: &ProofFile, pin: Option<Pin>) -> Result<Finding> {
    // Of the genesis' own keys nobody can be accused.
    Generations::<Ed25519>::genesis(genesis.network(), genesis.members())?;
    let (says, subject) = match &proof_file.subject {
        Subject::Chain => ("who the members of every generation are", "chain"),
        Subject::Evidence(_) => ("that a member has lied", "evidence"),
        Subject::Proof { .. } => ("that a quorum has vouched for operations", "proof"),
    };
    let mut finding = Finding {
        proven: false,
        kind: String::new(),
        why_not: None,
        subject,
        says: format!("it does not prove {says}"),
        name: genesis.name().to_owned(),
        algorithm: genesis.algorithm().to_owned(),
        network: genesis.network().digest().to_hex(),
        generations: proof_file.links.len() as u64,
        tip: None,
        against: None,
        contradiction: None,
        generation: proof_file.links.len() as u64,
        attempt: None,
        slot: None,
        signers: Vec::new(),
        details: Vec::new(),
    };
    match proof_file.verify::<Ed25519>(genesis, pin) {
        Err(why) => {
            finding.kind = why.kind();
            finding.why_not = Some(why.to_string());
        }
        Ok(generations) => {
            finding.proven = true;
            describe_chain(&generations, pin, genesis, &mut finding);
            match &proof_file.subject {
                Subject::Chain => {}
                Subject::Evidence(evidence) => {
                    describe_evidence(evidence, &generations, &mut finding);
                }
                Subject::Proof { certificate, ops } => {
                    let ops = read_ops(genesis.algorithm(), certificate.header.len, ops);
                    describe_proof(certificate, &ops, &generations, &mut finding);
                }
            }
        }
    }
    Ok(finding)
}

type Chain = Generations<Ed25519>;

impl Finding {
    fn add(&mut self, what: &str, text: impl Into<String>) {
        self.details.push((what.to_owned(), text.into()));
    }
}

fn party(actor: &Actor, chain: &Chain) -> Party {
    Party {
        key: actor.to_hex(),
        seat: chain.newest().seat_of(actor).map(|seat| seat.get()),
    }
}

fn short(actor: &Actor, chain: &Chain) -> String {
    match chain.newest().seat_of(actor) {
        Some(seat) => format!("{actor} ({seat})"),
        None => actor.to_string(),
    }
}

fn source_of(header: &Header, chain: &Chain) -> (String, String) {
    let source = chain.newest().in_seat(header.source);
    let unknown = || header.source.to_string();
    let name = source.map_or_else(unknown, |actor| short(actor, chain));
    (name, source.map_or_else(unknown, Actor::to_hex))
}

fn describe_chain(chain: &Chain, pin: Option<Pin>, genesis: &GenesisFile, finding: &mut Finding) {
    finding.tip = Some(chain.tip().to_hex());
    let last = chain.last();
    finding.says = match last {
        Generation::GENESIS => "the members of g0 are those of the genesis".to_owned(),
        _ => format!("the members of every generation up to {last}"),
    };
    let first = genesis.members().len();
    let signed = match pin {
        None => "every link signed by a quorum".to_owned(),
        Some(Pin { generation, .. }) => {
            format!("linked to the pin at {generation}, every link behind it signed by a quorum")
        }
    };
    finding.add(
        "chain",
        match chain.links().len() {
            0 => format!("{}, no generation after the first", count(first, "member")),
            many => format!(
                "{} at first, {}; {signed}",
                count(first, "member"),
                count(many, "change"),
            ),
        },
    );
    let skipped = chain.links().len().saturating_sub(MOST);
    if skipped > 0 {
        finding.add("", format!("... {skipped} more"));
    }
    for link in chain.links().iter().skip(skipped) {
        let decision = &link.decision;
        let members = chain.members_of(decision.generation);
        let many = members.map_or(0, |members| members.len());
        finding.add(
            "",
            format!(
                "{}: {}, by {} in attempt {}; {}",
                decision.generation,
                decision.change,
                count(link.signers.count(), "vote"),
                link.attempt,
                count(many, "member"),
            ),
        );
    }
    if !chain.links().is_empty() {
        let tip = chain.tip().to_hex();
        finding.add("pin", format!("{}:{tip}", chain.last().get()));
    }
}

/// The operations, if they are of an algorithm that is known here.
fn read_ops(algorithm: &str, len: u32, ops: &[u8]) -> Vec<String> {
    let len = len as usize;
    let told = |op: &bank::Op| match op {
        bank::Op::Transfer { to, amount, .. } => format!("transfer {amount} to {to}"),
        bank::Op::Issue { to, amount } => format!("issue {amount} to {to}"),
    };
    let listed = |items: &BTreeSet<String>| {
        let items = items.iter().map(|item| item.escape_debug().to_string());
        items.collect::<Vec<_>>().join(", ")
    };
    let changed = |op: &orswot::Op<String>| match op {
        orswot::Op::Add { members } => format!("add {}", listed(members)),
        orswot::Op::Remove { members, .. } => format!("remove {}", listed(members)),
    };
    match algorithm {
        bank::ALGORITHM => {
            let ops = decode_sequence::<bank::Op>(len, ops).unwrap_or_default();
            ops.iter().map(told).collect()
        }
        orswot::ALGORITHM => {
            let ops = decode_sequence::<orswot::Op<String>>(len, ops).unwrap_or_default();
            ops.iter().map(changed).collect()
        }
        _ => Vec::new(),
    }
}

fn describe_proof(certificate: &Certificate, ops: &[String], chain: &Chain, finding: &mut Finding) {
    let header = &certificate.header;
    let generation = certificate.generation;
    let (name, key) = source_of(header, chain);
    let members = chain.members_of(generation);
    let many = members.map_or(0, |members| members.len());
    let actor = |index: MemberIndex| members?.actor(index);
    let signers = certificate.signers.iter().filter_map(actor);
    finding.signers = signers.map(|actor| party(actor, chain)).collect();
    finding.generation = generation.get();
    let (first, len) = (header.first.get(), header.len);
    let last = first.saturating_add(u64::from(len)).saturating_sub(1);
    let which = match len {
        1 => format!("operation {first}"),
        _ => format!("operations {first} to {last}"),
    };
    finding.says = format!("a quorum of {generation} has vouched for {which} of {name}");
    finding.slot = Some(Slot {
        source: key.clone(),
        first,
        operations: Some(len),
    });
    finding.add("source", key);
    let count = finding.signers.len();
    let need = quorum(many);
    let by = format!("{count} of {many} members of {generation}, of whom {need} are a quorum");
    finding.add("signed by", by);
    for signer in finding.signers.clone() {
        finding.add("", signer.key);
    }
    finding.add("operations", format!("digest {}", header.ops.to_hex()));
    for op in ops.iter().take(MOST) {
        finding.add("", op);
    }
    let more = ops.len().saturating_sub(MOST);
    if more > 0 {
        finding.add("", format!("... and {more} more"));
    }
    finding.add(
        "so",
        format!(
            "no other operations can be certified there, unless more than {} of those {many} lie",
            faults(many)
        ),
    );
}

fn describe_evidence(evidence: &Evidence, chain: &Chain, finding: &mut Finding) {
    let culprit = &evidence.culprit;
    let contradiction = &evidence.contradiction;
    let generation = contradiction.generation();
    let who = short(culprit, chain);
    finding.against = Some(party(culprit, chain));
    finding.generation = generation.get();
    finding.attempt = contradiction.attempt();
    let own = |(seat, _)| chain.newest().in_seat(seat) == Some(culprit);
    finding.contradiction = Some(match contradiction {
        Contradiction::Headers { .. } if contradiction.slot().is_some_and(own) => {
            "two messages for one slot"
        }
        Contradiction::Headers { .. } => "two echoes for one slot",
        other => other.kind(),
    });
    finding.slot = contradiction.slot().map(|(seat, first)| Slot {
        source: chain
            .newest()
            .in_seat(seat)
            .map_or_else(|| seat.to_string(), Actor::to_hex),
        first: first.get(),
        operations: None,
    });
    finding.add("against", culprit.to_hex());
    let mut pair = |what: &str, one: &Digest, other: &Digest| {
        finding.details.push((what.to_owned(), one.to_hex()));
        finding.details.push((String::new(), other.to_hex()));
    };
    let network = chain.network();
    let in_which = format!(
        "in {generation}, attempt {}",
        contradiction.attempt().unwrap_or(0)
    );
    let (says, so) = match contradiction {
        Contradiction::Headers { one, other } => {
            let (name, key) = source_of(&one.header, chain);
            pair(
                "headers",
                &one.header.digest(network),
                &other.header.digest(network),
            );
            let first = one.header.first;
            if key == culprit.to_hex() {
                let says =
                    format!("{who} has signed two messages of its own as its operation {first}");
                (says, "nobody correct signs two messages for one slot, ever")
            } else {
                let says = format!(
                    "{who} has vouched for two messages as operation {first} of {name}, in {generation}"
                );
                (
                    says,
                    "nobody correct vouches for two messages in one slot of one generation",
                )
            }
        }
        Contradiction::Votes {
            phase, one, other, ..
        } => {
            pair("decisions", &one.digest, &other.digest);
            let phase = format!("{phase:?}").to_lowercase();
            let says = format!("{who} has cast its {phase} vote twice, {in_which}");
            (
                says,
                "nobody correct votes for two decisions in one attempt",
            )
        }
        Contradiction::StaleTimeout {
            voted,
            given_up,
            highest,
            vote,
            ..
        } => {
            finding.add("voted for", vote.digest.to_hex());
            let shown = match highest {
                None => "no quorum of first votes at all".to_owned(),
                Some((attempt, _)) => format!("none later than one of attempt {attempt}"),
            };
            finding.add("timeout", format!("of attempt {given_up}, shows {shown}"));
            let says = format!(
                "{who} has voted on a quorum of first votes of attempt {voted} in {generation}, and then denied that \
                 it knew of one"
            );
            (says, "nobody correct forgets a quorum that it has voted on")
        }
        Contradiction::Proposals { one, other, .. } => {
            pair("decisions", &one.digest, &other.digest);
            let says = format!("{who} has made two proposals, {in_which}");
            (says, "nobody correct proposes two decisions in one attempt")
        }
        Contradiction::Seals { one, other, .. } => {
            pair("seals", &one.digest, &other.digest);
            let says = format!("{who} has sealed {generation} twice");
            (says, "nobody correct seals a generation in two ways")
        }
        Contradiction::Hidden { echo, .. } => {
            let (name, _) = source_of(&echo.header, chain);
            finding.add("header", echo.header.digest(network).to_hex());
            let says = format!(
                "{who} has vouched for operation {} of {name} in {generation}, and its seal of {generation} hides it",
                echo.header.first
            );
            (
                says,
                "nobody correct vouches for anything after its seal, or leaves it out of its seal",
            )
        }
        Contradiction::Invented { .. } => {
            let slot = contradiction.slot();
            let about = slot.map(|(seat, first)| format!("operation {first} of {seat}"));
            let says = format!(
                "{who} has sealed {generation} with signatures for {} that do not hold",
                about.unwrap_or_default()
            );
            (says, "nobody correct is bound to what it has not checked")
        }
    };
    finding.says = says;
    finding.add("so", so);
}

/// The finding, for people.
#[must_use]
pub fn text(finding: &Finding) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut out, finding);
    out
}

fn write_all(out: &mut String, finding: &Finding) -> std::fmt::Result {
    match &finding.why_not {
        None => writeln!(out, "PROVEN: {}", finding.says)?,
        Some(why) => writeln!(out, "NOT PROVEN: {}: {why}", finding.says)?,
    }
    writeln!(out)?;
    let mut line = |what: &str, text: &str| writeln!(out, "{what:<11}{text}");
    line(
        "network",
        &format!("{:?}, {}", finding.name, finding.algorithm),
    )?;
    line("", &finding.network)?;
    for (what, text) in &finding.details {
        line(what, text)?;
    }
    Ok(())
}

/// A pin as it is written: `3:0123…`.
fn pin(text: &str) -> Result<Pin> {
    let wrong = || anyhow!("--pin: `{}` is not GENERATION:DIGEST", text.escape_debug());
    let (generation, decision) = text.split_once(':').ok_or_else(wrong)?;
    let generation = generation.parse().map_err(|_| wrong())?;
    let decision = decision.parse();
    Ok(Pin {
        generation: Generation::new(generation),
        decision: decision.map_err(|why| anyhow!("{}: {why}", wrong()))?,
    })
}

fn parsed<T>(path: &Path, read: impl Fn(&[u8]) -> Result<T, FileError>) -> Result<T, BadInput> {
    let bytes = bytes_of(path).map_err(|why| BadInput {
        kind: "unreadable",
        why,
    })?;
    read(&bytes).map_err(|why| BadInput {
        kind: why.kind(),
        why: anyhow!(why).context(path.display().to_string()),
    })
}

/// Of a file that is too large only as much as shows it.
fn bytes_of(path: &Path) -> Result<Vec<u8>> {
    let open = || format!("{}: cannot be read", path.display());
    let file = File::open(path).with_context(open)?;
    let mut bytes = Vec::new();
    let most = MAX_FILE_BYTES as u64 + 1;
    file.take(most).read_to_end(&mut bytes).with_context(open)?;
    Ok(bytes)
}
