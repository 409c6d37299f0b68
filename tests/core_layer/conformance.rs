//! Every type of the library keeps the contract, by the kit that users check their own types with.

use std::collections::BTreeSet;

use crate::hosted::Subject;
use bft_crdts::bank::{self, Bank, Ledger};
use bft_crdts::conformance;
use bft_crdts::conformance::{Arbitrary, Gen, Generator, Turn};
use bft_crdts::crdt::{
    self, GCounter, GList, GSet, LWWReg, List, MVReg, Map, MerkleReg, Op, PNCounter, Replicated,
};
use bft_crdts::orswot::{self, Orswot};
use bft_crdts::text::Text;
use bft_crdts::{Actor, Counter, Dot};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Payments and issues of people who mostly have the money.
#[derive(Clone, Copy)]
struct Payments;

impl Generator<Bank> for Payments {
    /// Accounts for all but perhaps one, with little in them, and an issuer or two, one of them perhaps without an account.
    fn genesis(&self, everybody: &[Actor], g: &mut Gen) -> Ledger {
        let scale = *g.choose(&[10, 100, u64::MAX / 16]).unwrap();
        let skipped = usize::arbitrary(g) % (2 * everybody.len());
        let accounts = everybody.iter().enumerate();
        let accounts = accounts.filter(|(place, _)| *place == 0 || *place != skipped);
        let accounts: Vec<_> = accounts
            .map(|(_, actor)| (*actor, u64::arbitrary(g) % scale))
            .collect();
        let issuers = everybody.iter().rev().take(usize::arbitrary(g) % 3);
        let issuers: Vec<_> = issuers
            .map(|actor| (*actor, u64::arbitrary(g) % scale))
            .collect();
        Ledger::genesis(accounts, issuers).unwrap()
    }

    fn operation(&self, turn: &Turn<'_, Bank>, g: &mut Gen) -> Option<bank::Op> {
        let (bank, me, to) = (turn.replica, turn.me(), turn.somebody(g));
        let issuer = bank.ledger().issuers().find(|(issuer, ..)| *issuer == me);
        if let Some((_, cap, issued)) = issuer.filter(|_| u8::arbitrary(g) % 4 == 0) {
            let amount = u64::arbitrary(g) % (cap - issued).saturating_add(2);
            return Some(bank::Op::Issue { to, amount });
        }
        let most = bank.balance(&me).unwrap_or(0);
        let amount = u64::arbitrary(g) % (most / 2).saturating_add(2);
        if u8::arbitrary(g) % 3 == 0 {
            // More causes than it needs, and other ones.
            let mut newest = std::collections::BTreeMap::new();
            newest.extend(turn.delivered.iter().map(|(dot, _)| (dot.actor, *dot)));
            let cited = newest
                .into_values()
                .filter(|dot| dot.actor != me && bool::arbitrary(g));
            return Some(Bank::transfer_citing(to, amount, cited.collect()));
        }
        bank.transfer(&me, turn.somebody_else(g), amount).ok()
    }

    fn garbage(&self, g: &mut Gen) -> Option<bank::Op> {
        Some(bank::Op::arbitrary(g))
    }

    fn simpler(&self, op: &bank::Op) -> Box<dyn Iterator<Item = bank::Op>> {
        op.shrink()
    }
}

conformance!(mod the_bank: Bank, Payments);

/// Adds and removes of a few letters.
fn letters(turn: &Turn<'_, Orswot<u8>>, g: &mut Gen) -> Option<orswot::Op<u8>> {
    let some = |g: &mut Gen| {
        (0..1 + u8::arbitrary(g) % 3)
            .map(|_| u8::arbitrary(g) % 6)
            .collect::<Vec<_>>()
    };
    let remove = turn
        .replica
        .remove_all(some(g))
        .filter(|_| bool::arbitrary(g));
    Some(remove.unwrap_or_else(|| turn.replica.add(some(g))))
}

conformance!(mod the_set: Orswot<u8>, letters);

/// A remove may also list dots that are gone already, or that were never an add.
fn careless(turn: &Turn<'_, Orswot<u8>>, g: &mut Gen) -> Option<orswot::Op<u8>> {
    let members = BTreeSet::from([u8::arbitrary(g) % 4]);
    let (dot, _) = turn.something_delivered(g)?;
    let earlier = 1 + u64::arbitrary(g) % dot.counter.get();
    let witnessed = BTreeSet::from([*dot, Dot::new(dot.actor, Counter::new(earlier))]);
    Some(orswot::Op::Remove { members, witnessed })
}

fn letters_and_careless_removes(
    turn: &Turn<'_, Orswot<u8>>,
    g: &mut Gen,
) -> Option<orswot::Op<u8>> {
    let careless = careless(turn, g).filter(|_| bool::arbitrary(g));
    careless.or_else(|| letters(turn, g))
}

conformance!(mod the_set_with_careless_removes: Orswot<u8>, letters_and_careless_removes);

/// What authors and Byzantine nodes do with a hosted type.
#[derive(Clone, Copy)]
struct Acts;

/// The stream behind a generator's next number.
fn stream(g: &mut Gen) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(u64::arbitrary(g))
}

impl<T: Subject> Generator<Replicated<T>> for Acts {
    fn operation(&self, turn: &Turn<'_, Replicated<T>>, g: &mut Gen) -> Option<Op<T>> {
        turn.replica.value().draw(&mut stream(g))
    }

    fn garbage(&self, g: &mut Gen) -> Option<Op<T>> {
        let dots: Vec<Dot> = (0..6).map(|_| Dot::arbitrary(g)).collect();
        Some(T::lie(&mut stream(g), &dots))
    }

    fn never_valid(&self) -> &[&'static str] {
        T::NEVER_VALID
    }
}

conformance!(mod gcounter: Replicated<GCounter>, Acts);
conformance!(mod pncounter: Replicated<PNCounter>, Acts);
conformance!(mod gset: Replicated<GSet<u8>>, Acts);
conformance!(mod orswot_of_crdts: Replicated<crdt::Orswot<u8>>, Acts);
conformance!(mod mvreg: Replicated<MVReg<u8>>, Acts);
conformance!(mod lwwreg: Replicated<LWWReg<u8>>, Acts);
conformance!(mod map_of_sets: Replicated<Map<u8, crdt::Orswot<u8>>>, Acts);
conformance!(mod map_of_registers: Replicated<Map<u8, MVReg<u8>>>, Acts);
conformance!(mod map_of_counters: Replicated<Map<u8, PNCounter>>, Acts);
conformance!(mod map_of_maps: Replicated<Map<u8, Map<u8, crdt::Orswot<u8>>>>, Acts);
conformance!(mod list: Replicated<List<u8>>, Acts);
conformance!(mod glist: Replicated<GList<u8>>, Acts);
conformance!(mod merkle_reg: Replicated<MerkleReg<u8>>, Acts);
conformance!(mod text: Replicated<Text>, Acts);
