//! Evidence that is about seals.

use bft_crdts::deterministic_secure_broadcast::Header;
use bft_crdts::deterministic_secure_broadcast::evidence::{Contradiction, Invention, SignedDigest};
use bft_crdts::deterministic_secure_broadcast::wire::{Excerpt, SealedSource};
use bft_crdts::membership::Signers;
use bft_crdts::membership::quorum::quorum;
use bft_crdts::{Digest, Evidence, Generation, MemberIndex, Seat};

use super::{Cases, forge::Forge, forge::header};

/// Evidence that is about seals.
pub(super) fn seals(forge: &Forge, cases: &mut Cases) {
    let network = forge.network();
    for generation in [0, 2_u64] {
        let (of, signer) = (Generation::new(generation), 4);
        let culprit = forge.key(generation, signer).actor();
        let members = forge.chain.members_of(of).expect("there");
        let quorum: Vec<usize> = (0..quorum(members.len())).collect();
        // Source 1 has a certificate for 1..=2 and an open header at 3; source 2 only an open header.
        let source = |seat: u16| members.index_in(Seat::new(seat)).map(MemberIndex::get);
        let busy = if source(1).is_some() { 1 } else { 3 };
        let idle = if source(2).is_some() { 2 } else { 5 };
        let by = |seat: u16| source(seat).expect("a member");
        let certified = header(busy, 1, 2, *network.digest(), b"certified");
        let best = forge.certificate(generation, &certified, &quorum);
        let open = header(busy, 3, 1, certified.digest(&network), b"open");
        let lone = header(idle, 1, 1, *network.digest(), b"lone");
        let mut sources = vec![
            SealedSource {
                source: Seat::new(busy),
                best: Some(best.clone()),
                open: vec![forge.echo(generation, by(busy), &open)],
            },
            SealedSource {
                source: Seat::new(idle),
                best: None,
                open: vec![forge.echo(generation, by(idle), &lone)],
            },
        ];
        sources.sort_by_key(|of| of.source);
        let place = sources
            .iter()
            .position(|of| of.source == Seat::new(busy))
            .expect("there");
        let seal = forge.seal(generation, signer, sources.clone());
        let other = forge.seal(generation, signer, sources[..1].to_vec());
        let mut add = |name: &str, contradiction: Contradiction, kind: &str| {
            let proof_file = forge.accuses(culprit, contradiction);
            cases.proof_file(&format!("seals of {generation}: {name}"), &proof_file, kind);
        };
        let none = "subject:malformed:no-contradiction";
        let link = *forge.chain.tip_of(of).expect("there");
        let contradiction = |evidence: Evidence| evidence.contradiction;
        let two = contradiction(Evidence::seals(culprit, link, &seal, &other));
        add("two", two.clone(), "");
        if let Contradiction::Seals {
            generation,
            one,
            other,
        } = two
        {
            add(
                "two, out of order",
                Contradiction::Seals {
                    generation,
                    one: other,
                    other: one,
                },
                none,
            );
            add(
                "two, beyond the chain",
                Contradiction::Seals {
                    generation: Generation::new(4),
                    one: other,
                    other: one,
                },
                "subject:future-generation",
            );
            let bad = SignedDigest {
                sig: one.sig,
                ..other
            };
            add(
                "two, one not signed",
                Contradiction::Seals {
                    generation,
                    one,
                    other: bad,
                },
                "subject:invalid-signature",
            );
        }
        let hidden = |header: &Header| Contradiction::Hidden {
            echo: forge.echo(generation, signer, header),
            seal: Box::new(Excerpt::of(&seal, header.source)),
        };
        let unseen = header(busy, 3, 1, certified.digest(&network), b"another");
        let past = header(busy, 2, 1, Digest::of(b"?"), b"in the past");
        let nowhere = header(0, 1, 1, *network.digest(), b"of a source it does not show");
        add("an echo after what it shows", hidden(&unseen), "");
        add("an echo of a source it does not show", hidden(&nowhere), "");
        add("an echo that it shows", hidden(&open), none);
        add("an echo below its certificate", hidden(&past), none);
        add(
            "an echo in the last slot of its certificate",
            hidden(&certified),
            none,
        );
        let mut elsewhere = hidden(&unseen);
        if let Contradiction::Hidden { echo, .. } = &mut elsewhere {
            *echo = forge.echo(1, 4, &unseen);
        }
        add("an echo of another generation", elsewhere, none);
        let tampered = |change: &dyn Fn(&mut Excerpt)| {
            let mut contradiction = hidden(&unseen);
            if let Contradiction::Hidden { seal, .. } = &mut contradiction {
                change(seal);
            }
            contradiction
        };
        add(
            "what is shown left out",
            tampered(&|of| of.shown = None),
            "subject:malformed:seal",
        );
        add(
            "what is shown changed",
            tampered(&|of| {
                if let Some(shown) = &mut of.shown {
                    shown.open.clear();
                }
            }),
            "subject:malformed:seal",
        );
        add(
            "out of order",
            tampered(&|of| of.contents.reverse()),
            "subject:malformed:seal",
        );
        add(
            "a source left out",
            tampered(&|of| {
                of.contents.retain(|(seat, _)| *seat == Seat::new(busy));
            }),
            "subject:invalid-signature",
        );
        add(
            "all left out",
            tampered(&|of| {
                of.contents.clear();
                of.shown = None;
            }),
            "subject:invalid-signature",
        );

        // Seals that show what was never signed.
        let invented = |sources: Vec<SealedSource>, seat: u16, what: Invention| {
            let seal = forge.seal(generation, signer, sources);
            contradiction(Evidence::invented(culprit, &seal, Seat::new(seat), what))
        };
        let with = |change: &dyn Fn(&mut SealedSource)| {
            let mut sources = sources.clone();
            change(&mut sources[place]);
            sources
        };
        let (certificate, first) = (Invention::Certificate, Invention::Open(0));
        add(
            "a certificate that holds",
            invented(sources.clone(), busy, certificate),
            none,
        );
        add(
            "an open header that is signed",
            invented(sources.clone(), busy, first),
            none,
        );
        add(
            "an open header that is not there",
            invented(sources.clone(), busy, Invention::Open(1)),
            none,
        );
        add(
            "a certificate that is not there",
            invented(sources.clone(), idle, certificate),
            none,
        );
        add(
            "a source that is not there",
            invented(sources.clone(), 0, certificate),
            none,
        );
        let forged = with(&|of| {
            if let Some(best) = &mut of.best {
                best.signatures.swap(0, 1);
            }
        });
        add(
            "a certificate with signatures swapped",
            invented(forged.clone(), busy, certificate),
            "",
        );
        add(
            "the genuine open header beside it",
            invented(forged, busy, first),
            none,
        );
        add(
            "a certificate one signature short",
            invented(
                with(&|of| {
                    of.best = Some(forge.certificate(generation, &certified, &quorum[1..]));
                }),
                busy,
                certificate,
            ),
            "",
        );
        add(
            "a certificate of signers that are nobody",
            invented(
                with(&|of| {
                    if let Some(best) = &mut of.best {
                        best.signers = Signers::none(64);
                    }
                }),
                busy,
                certificate,
            ),
            "",
        );
        let stolen = with(&|of| of.open = vec![forge.echo(generation, by(idle), &open)]);
        add(
            "an open header signed by another",
            invented(stolen, busy, first),
            "",
        );
        // Forms that no seal has.
        let form = "subject:malformed:seal";
        add(
            "of a later generation inside",
            invented(
                with(&|of| {
                    if let Some(best) = &mut of.best {
                        best.generation = Generation::new(generation + 1);
                    }
                }),
                busy,
                certificate,
            ),
            form,
        );
        add(
            "an open header that does not follow",
            invented(
                with(&|of| of.open = vec![forge.echo(generation, by(busy), &past)]),
                busy,
                first,
            ),
            form,
        );
        add(
            "an open header of another source",
            invented(
                with(&|of| of.open = vec![forge.echo(generation, by(idle), &lone)]),
                busy,
                first,
            ),
            form,
        );
        add(
            "one open header twice",
            invented(with(&|of| of.open.push(of.open[0].clone())), busy, first),
            form,
        );
        add(
            "nothing shown of a source",
            invented(
                with(&|of| {
                    of.best = None;
                    of.open.clear();
                }),
                busy,
                first,
            ),
            form,
        );
        add(
            "a header that breaks a rule of form",
            invented(with(&|of| of.open[0].header.len = 0), busy, first),
            "subject:malformed:length",
        );
    }
}
