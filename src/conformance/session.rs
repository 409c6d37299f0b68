//! Runs scenarios, given or made up on the way.

use super::checks::{self, Check};
use super::clause::Clause;
use super::event::{Complaint, Happened, Line, Tally};
use super::generator::Generator;
use super::panics::catch;
use super::random::Random;
use super::script::{Draw, Script, Step};
use super::world::World;
use crate::traits::SecureBroadcastAlgorithm;

/// The most steps of a scenario, should a type never come to rest.
const MOST_STEPS: usize = 640;

/// How often, of a hundred, somebody acts rather than hears of something.
const ACTS: usize = 45;

/// How often, of a hundred, who acts is up to no good, where anybody is.
const HOSTILE: usize = 50;

/// A world and who watches it.
struct Session<'g, A: SecureBroadcastAlgorithm, G> {
    world: World<'g, A, G>,
    check: Box<dyn Check<A, G>>,
}

/// How a scenario ended.
pub(super) struct Ended<O> {
    pub(super) complaint: Option<Complaint>,
    pub(super) story: Vec<Line>,
    pub(super) tally: Tally,
    /// What was issued in each step that was run, if anything was, and whether it was hostile.
    pub(super) issued: Vec<Option<(O, bool)>>,
}

impl<O> Ended<O> {
    fn early(complaint: Complaint) -> Self {
        Ended {
            complaint: Some(complaint),
            story: Vec::new(),
            tally: Tally::default(),
            issued: Vec::new(),
        }
    }
}

/// Runs this script up to its end, or to the first complaint.
pub(super) fn run<A: SecureBroadcastAlgorithm, G: Generator<A>>(
    clause: Clause,
    generator: &G,
    script: &Script<A::Op>,
) -> Ended<A::Op> {
    let mut steps = script.steps.iter();
    let next = |_: &World<'_, A, G>| steps.next().cloned();
    drive(clause, generator, (script.actors, script.genesis), next).1
}

/// Makes up the scenario of this seed while it runs; `size` is that of the largest `Gen`.
pub(super) fn generate<A: SecureBroadcastAlgorithm, G: Generator<A>>(
    clause: Clause,
    generator: &G,
    seed: u64,
    size: u32,
) -> (Script<A::Op>, Ended<A::Op>) {
    let mut random = Random::new(seed);
    let profile = checks::profile(clause);
    let actors = 2 + random.below(3) as u8;
    let draw = |random: &mut Random| Draw {
        seed: random.next(),
        size: 1 + random.below(size as usize) as u32,
    };
    let genesis = draw(&mut random);
    let short = 2 + random.below(12);
    // Drawn apart, so that the others are those that they have always been.
    let mut length = Random::new(seed ^ 0x1134);
    let mut acts = match length.percent(profile.long) {
        true => 40 + length.below(56),
        false => short,
    };
    let mut tail = profile.tail;
    let next = move |world: &World<'_, A, G>| {
        let people = usize::from(actors);
        let somebody = |random: &mut Random| random.below(people) as u8;
        if acts > 0 && random.percent(profile.extras) {
            return Some(Step::Extra {
                at: somebody(&mut random),
                draw: draw(&mut random),
            });
        }
        let everywhere = (0..people).flat_map(|at| (0..people).map(move |from| (at, from)));
        let due: Vec<_> = everywhere
            .filter(|(at, from)| world.next_for(*at, *from).is_some())
            .collect();
        if acts > 0 && (due.is_empty() || random.percent(ACTS)) {
            acts -= 1;
            let hostile = profile.harm.is_some() && random.percent(HOSTILE);
            return Some(Step::Act {
                actor: somebody(&mut random),
                draw: draw(&mut random),
                hostile,
            });
        }
        if let Some((at, from)) = random.pick(&due).copied() {
            return Some(Step::Deliver {
                at: at as u8,
                from: from as u8,
            });
        }
        if tail > 0 {
            tail -= 1;
            return Some(Step::Extra {
                at: somebody(&mut random),
                draw: draw(&mut random),
            });
        }
        None
    };
    let (steps, ended) = drive(clause, generator, (actors, genesis), next);
    (
        Script {
            actors,
            genesis,
            steps,
        },
        ended,
    )
}

fn drive<A: SecureBroadcastAlgorithm, G: Generator<A>>(
    clause: Clause,
    generator: &G,
    (actors, genesis): (u8, Draw),
    mut next: impl FnMut(&World<'_, A, G>) -> Option<Step<A::Op>>,
) -> (Vec<Step<A::Op>>, Ended<A::Op>) {
    let profile = checks::profile(clause);
    let world = catch(|| World::new(generator, profile.order, profile.harm, actors, genesis));
    let world = match world.unwrap_or_else(|panic| Err(Complaint::panic(panic))) {
        Ok(world) => world,
        Err(complaint) => return (Vec::new(), Ended::early(complaint)),
    };
    let mut session = Session {
        world,
        check: checks::of(clause),
    };
    let (mut steps, mut issued) = (Vec::new(), Vec::new());
    let mut complaint = None;
    while complaint.is_none() && steps.len() < MOST_STEPS {
        let before = session.world.events.len();
        let Some(step) = next(&session.world) else {
            break;
        };
        complaint = session.step(&step).err();
        steps.push(step);
        let new = session.world.events.get(before);
        issued.push(new.map(|event| (event.op.clone(), event.hostile)));
    }
    if complaint.is_none() {
        complaint = session.end().err();
    }
    let Session { world, .. } = session;
    let (story, tally) = (world.story, world.tally);
    (
        steps,
        Ended {
            complaint,
            story,
            tally,
            issued,
        },
    )
}

impl<A: SecureBroadcastAlgorithm, G: Generator<A>> Session<'_, A, G> {
    fn step(&mut self, step: &Step<A::Op>) -> Result<(), Complaint> {
        let Session { world, check } = self;
        let work = || {
            if let Step::Extra { at, draw } = step {
                let at = usize::from(*at);
                return if at < world.everybody.len() {
                    check.extra(world, at, *draw)
                } else {
                    Ok(())
                };
            }
            let happened = take(world, step)?;
            check.after(world, happened)
        };
        catch(work).unwrap_or_else(|panic| Err(Complaint::panic(panic)))
    }

    fn end(&mut self) -> Result<(), Complaint> {
        let Session { world, check } = self;
        catch(|| check.end(world)).unwrap_or_else(|panic| Err(Complaint::panic(panic)))
    }
}

/// Lets a step happen that is the same for every clause.
pub(super) fn take<A: SecureBroadcastAlgorithm, G: Generator<A>>(
    world: &mut World<'_, A, G>,
    step: &Step<A::Op>,
) -> Result<Happened, Complaint> {
    Ok(match step {
        Step::Act {
            actor,
            draw,
            hostile,
        } => world.act(usize::from(*actor), *draw, *hostile)?,
        Step::Exactly { actor, op, hostile } => {
            world.exactly(usize::from(*actor), op.clone(), *hostile)
        }
        Step::Deliver { at, from } => world.deliver(usize::from(*at), usize::from(*from)),
        Step::Extra { .. } => Happened::Nothing,
    })
}
