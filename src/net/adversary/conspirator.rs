//! The conspirators: one mind in several bodies.

use std::sync::PoisonError;

use super::accomplice::Accomplice;
use super::chain::{MessageDraft, SourceChain};
use super::shared_state::ColluderState;
use super::{Adversary, AdversaryContext};
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::packet::Proof;
use crate::deterministic_secure_broadcast::{Certificate, Payload};
use crate::membership::{Generation, Signers};
use crate::net::sim_algorithm::SimAlgorithm;

/// Several of these share all they hear, and sign for each other. The first of them signs two messages for a slot; every
/// conspirator vouches for both, and each shows them to other members, so that no correct member hears the same from
/// all; a certificate is put together from echoes that any of them got. All of them together ignore one member.
#[derive(Debug)]
pub struct Conspirator<A: SimAlgorithm> {
    accomplice: Accomplice,
    chain: Option<SourceChain<A>>,
    plot: Vec<(MessageDraft<A::Op>, Vec<Actor>, bool)>,
    age: u32,
    plots: u32,
}

/// How many slots they fight for.
const PLOTS: u32 = 4;
/// Ticks after which a plot is given up.
const GIVE_UP: u32 = 8;

/// One of them.
impl<A: SimAlgorithm> Default for Conspirator<A> {
    fn default() -> Self {
        Self {
            accomplice: Accomplice::default(),
            chain: None,
            plot: Vec::new(),
            age: 0,
            plots: 0,
        }
    }
}

impl<A: SimAlgorithm> Conspirator<A> {
    /// The first of them leads.
    fn leads<K: Keys>(context: &AdversaryContext<'_, A, K>) -> bool {
        context
            .friends()
            .iter()
            .all(|friend| context.me() < *friend)
    }

    fn begin<K: Keys>(&mut self, context: &mut AdversaryContext<'_, A, K>) -> Option<()> {
        self.plots += 1;
        self.age = 0;
        let chain = self.chain.get_or_insert_with(|| SourceChain::new(context));
        let (me, everybody) = (context.me(), context.members().actors());
        let versions = chain.copy.rivals(&me, everybody, context.stream())?;
        let mut honest = context.honest();
        context.stream().shuffle(&mut honest);
        let half = honest.len().div_ceil(2).max(1);
        for (op, audience) in versions.into_iter().zip(honest.chunks(half)) {
            let draft = chain.draft(vec![op], context)?;
            // Everybody signs for everybody: the others see the request, and put their echo on the board.
            for friend in context.friends() {
                context.send(friend, &draft.request());
            }
            if let Some(index) = context.index() {
                let mut shared_state = lock(context);
                let echoes = shared_state.echoes.entry(draft.digest).or_default();
                echoes.insert(index, draft.echo);
            }
            for member in audience {
                context.send(*member, &draft.request());
            }
            self.plot.push((draft, audience.to_vec(), false));
        }
        context.note("conspirators sign two messages for one slot");
        context.count("conspirator: led a plot");
        Some(())
    }

    /// Shows to each audience what is certified for it.
    fn prove<K: Keys>(&mut self, context: &mut AdversaryContext<'_, A, K>) {
        let quorum = context.quorum();
        let mut both = 0;
        for (draft, audience, proven) in &mut self.plot {
            let echoes = lock(context).echoes.get(&draft.digest).cloned();
            let echoes = echoes.unwrap_or_default();
            if echoes.len() >= quorum && !*proven {
                *proven = true;
                context.count("conspirator: put a certificate together from what others heard");
                let mut signers = Signers::none(context.members().len());
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
                    .for_each(|member| context.send(*member, &proof));
            }
            both += u32::from(*proven);
        }
        if both == 2 {
            context.count("conspirator: got both messages certified");
        }
    }

    fn end<K: Keys>(&mut self, context: &mut AdversaryContext<'_, A, K>) {
        let me = context.me();
        let won = self.plot.iter().find(|(.., proven)| *proven);
        match (won, &mut self.chain) {
            (Some((draft, ..)), Some(chain)) => chain.advance(me, draft),
            // Nothing can follow in a frozen slot.
            _ => self.plots = PLOTS,
        }
        self.plot.clear();
    }
}

fn lock<'a, A: SimAlgorithm, K: Keys>(
    context: &AdversaryContext<'a, A, K>,
) -> std::sync::MutexGuard<'a, ColluderState> {
    context
        .shared_state()
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

impl<A: SimAlgorithm, K: Keys> Adversary<A, K> for Conspirator<A> {
    fn role(&self) -> &'static str {
        "conspirator"
    }

    fn hear(&mut self, from: Actor, payload: &Payload, context: &mut AdversaryContext<'_, A, K>) {
        match payload {
            Payload::Request(request) if context.is_friend(&from) => {
                // On the board at once: no link between conspirators loses anything.
                let header = request.header.digest(&context.network());
                let sig = context.echo(request.generation, header);
                context.count("conspirator: signed for a friend");
                if let Some(index) = context.index() {
                    let mut shared_state = lock(context);
                    shared_state
                        .echoes
                        .entry(header)
                        .or_default()
                        .insert(index, sig);
                }
            }
            Payload::Request(_) if lock(context).victim == Some(from) => {
                context.count("conspirator: ignored the victim of all");
            }
            Payload::Echo(echo) => {
                if let Some(index) = context.members().index_of(&from)
                    && context.is_echo(index, echo.generation, echo.header, &echo.sig)
                {
                    let mut shared_state = lock(context);
                    let echoes = shared_state.echoes.entry(echo.header).or_default();
                    echoes.insert(index, echo.sig);
                }
            }
            _ => self.accomplice.packet(payload, context),
        }
    }

    fn tick(&mut self, context: &mut AdversaryContext<'_, A, K>) {
        let honest = context.honest();
        if lock(context).victim.is_none() {
            let victim = context.stream().pick(&honest).copied();
            lock(context).victim = victim;
        }
        if !Self::leads(context) {
            return;
        }
        if self.plot.is_empty() {
            if self.plots < PLOTS {
                self.begin(context);
            }
            return;
        }
        self.age += 1;
        self.prove(context);
        if self.age.is_multiple_of(3) {
            for (draft, audience, _) in &self.plot {
                let request = draft.request();
                audience
                    .iter()
                    .for_each(|member| context.send(*member, &request));
            }
        }
        if self.age > GIVE_UP {
            self.end(context);
        }
    }
}
