//! The conspirators: one mind in several bodies.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::accomplice::Accomplice;
use super::chain::{Chain, Draft};
use super::{Hands, Villain};
use crate::actor::{Actor, Keys, Sig};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::packet::Proof;
use crate::deterministic_secure_broadcast::{Certificate, Payload};
use crate::membership::{Generation, MemberIndex, Signers};
use crate::net::stage::Staged;
use crate::net::wire::Wire;

/// What all villains of a run know together.
#[derive(Debug, Default)]
pub(crate) struct Board {
    /// Echoes of each header of the plot, whoever got them.
    echoes: BTreeMap<Digest, BTreeMap<MemberIndex, Sig>>,
    /// Whose messages no conspirator vouches for.
    victim: Option<Actor>,
}

/// The one board of a run.
pub(crate) type SharedBoard = Arc<Mutex<Board>>;

/// Several of these share all they hear, and sign for each other. The first of them signs two messages for a slot; every
/// conspirator vouches for both, and each shows them to other members, so that no correct member hears the same from
/// all; a certificate is put together from echoes that any of them got. All of them together ignore one member.
#[derive(Debug)]
pub struct Conspirator<A: Staged> {
    accomplice: Accomplice,
    chain: Option<Chain<A>>,
    plot: Vec<(Draft<A::Op>, Vec<Actor>, bool)>,
    age: u32,
    plots: u32,
}

/// How many slots they fight for.
const PLOTS: u32 = 4;
/// Ticks after which a plot is given up.
const GIVE_UP: u32 = 8;

impl<A: Staged> Conspirator<A> {
    /// One of them.
    #[must_use]
    pub fn new() -> Self {
        Self {
            accomplice: Accomplice::default(),
            chain: None,
            plot: Vec::new(),
            age: 0,
            plots: 0,
        }
    }

    /// The first of them leads.
    fn leads<K: Keys>(hands: &Hands<'_, A, K>) -> bool {
        hands.friends().iter().all(|friend| hands.me() < *friend)
    }

    fn begin<K: Keys>(&mut self, hands: &mut Hands<'_, A, K>) -> Option<()> {
        self.plots += 1;
        self.age = 0;
        let chain = self.chain.get_or_insert_with(|| Chain::new(hands));
        let (me, everybody) = (hands.me(), hands.members().actors());
        let versions = chain.copy.rivals(&me, everybody, hands.stream())?;
        let mut honest = hands.honest();
        hands.stream().shuffle(&mut honest);
        let half = honest.len().div_ceil(2).max(1);
        for (op, audience) in versions.into_iter().zip(honest.chunks(half)) {
            let draft = chain.draft(vec![op], hands)?;
            // Everybody signs for everybody: the others see the request, and put their echo on the board.
            for friend in hands.friends() {
                hands.send(friend, &draft.request());
            }
            if let Some(index) = hands.index() {
                let mut board = lock(hands);
                let echoes = board.echoes.entry(draft.digest).or_default();
                echoes.insert(index, draft.echo);
            }
            for member in audience {
                hands.send(*member, &draft.request());
            }
            self.plot.push((draft, audience.to_vec(), false));
        }
        hands.note("conspirators sign two messages for one slot");
        hands.count("conspirator: led a plot");
        Some(())
    }

    /// Shows to each audience what is certified for it.
    fn prove<K: Keys>(&mut self, hands: &mut Hands<'_, A, K>) {
        let quorum = hands.quorum();
        let mut both = 0;
        for (draft, audience, proven) in &mut self.plot {
            let echoes = lock(hands).echoes.get(&draft.digest).cloned();
            let echoes = echoes.unwrap_or_default();
            if echoes.len() >= quorum && !*proven {
                *proven = true;
                hands.count("conspirator: put a certificate together from what others heard");
                let mut signers = Signers::none(hands.members().len());
                echoes.keys().for_each(|index| signers.insert(*index));
                let certificate = Certificate {
                    generation: Generation::GENESIS,
                    header: draft.header.clone(),
                    signers,
                    signatures: echoes.values().copied().collect(),
                };
                let proof = Payload::Proof(Proof {
                    certificate,
                    ops: Some(draft.bytes.clone()),
                });
                audience
                    .iter()
                    .for_each(|member| hands.send(*member, &proof));
            }
            both += u32::from(*proven);
        }
        if both == 2 {
            hands.count("conspirator: got both messages certified");
        }
    }

    fn end<K: Keys>(&mut self, hands: &mut Hands<'_, A, K>) {
        let me = hands.me();
        let won = self.plot.iter().find(|(.., proven)| *proven);
        match (won, &mut self.chain) {
            (Some((draft, ..)), Some(chain)) => chain.advance(me, draft),
            // Nothing can follow in a frozen slot.
            _ => self.plots = PLOTS,
        }
        self.plot.clear();
    }
}

fn lock<'a, A: Staged, K: Keys>(hands: &Hands<'a, A, K>) -> std::sync::MutexGuard<'a, Board> {
    hands.board().lock().unwrap_or_else(PoisonError::into_inner)
}

impl<A: Staged> Default for Conspirator<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: Staged, K: Keys> Villain<A, K> for Conspirator<A> {
    fn role(&self) -> &'static str {
        "conspirator"
    }

    fn packet(
        &mut self,
        from: Actor,
        _: &Wire,
        payload: Option<&Payload>,
        hands: &mut Hands<'_, A, K>,
    ) {
        let Some(payload) = payload else { return };
        match payload {
            Payload::Request(request) if hands.is_friend(&from) => {
                // On the board at once: no link between conspirators loses anything.
                let header = request.header.digest(&hands.network());
                let sig = hands.echo(request.generation, header);
                hands.count("conspirator: signed for a friend");
                if let Some(index) = hands.index() {
                    let mut board = lock(hands);
                    board.echoes.entry(header).or_default().insert(index, sig);
                }
            }
            Payload::Request(_) if lock(hands).victim == Some(from) => {
                hands.count("conspirator: ignored the victim of all");
            }
            Payload::Echo(echo) => {
                if let Some(index) = hands.members().index_of(&from)
                    && hands.is_echo(index, echo.generation, echo.header, &echo.sig)
                {
                    let mut board = lock(hands);
                    let echoes = board.echoes.entry(echo.header).or_default();
                    echoes.insert(index, echo.sig);
                }
            }
            _ => self.accomplice.packet(payload, hands),
        }
    }

    fn tick(&mut self, hands: &mut Hands<'_, A, K>) {
        let honest = hands.honest();
        if lock(hands).victim.is_none() {
            let victim = hands.stream().pick(&honest).copied();
            lock(hands).victim = victim;
        }
        if !Self::leads(hands) {
            return;
        }
        if self.plot.is_empty() {
            if self.plots < PLOTS {
                self.begin(hands);
            }
            return;
        }
        self.age += 1;
        self.prove(hands);
        if self.age.is_multiple_of(3) {
            for (draft, audience, _) in &self.plot {
                let request = draft.request();
                audience
                    .iter()
                    .for_each(|member| hands.send(*member, &request));
            }
        }
        if self.age > GIVE_UP {
            self.end(hands);
        }
    }
}
