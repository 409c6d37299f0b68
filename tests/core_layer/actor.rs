//! Names, keys and signatures: what is refused, however it was crafted.

use std::collections::BTreeSet;

use crate::golden;
use crate::seed::Seed;
use bft_crdts::actor::{signing_bytes, verify};
use bft_crdts::codec::{decode, encode};
use bft_crdts::{
    Actor, Counter, Digest, Dot, Ed25519, Keys, NetworkId, Sig, SigningActor, Statement, WeakKey,
};
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use ed25519_dalek::VerifyingKey;
use quickcheck_macros::quickcheck;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use sha2::{Digest as _, Sha512};

#[derive(Serialize)]
struct Vote(u64);

impl Statement for Vote {
    const DOMAIN: &'static str = "bft-crdts/test-vote/1";
}

#[derive(Serialize)]
struct Echo(u64);

impl Statement for Echo {
    const DOMAIN: &'static str = "bft-crdts/test-echo/1";
}

fn network(name: &str) -> NetworkId {
    NetworkId::new(Digest::of(name.as_bytes()))
}

fn accepts(actor: &Actor, bytes: &[u8], sig: &Sig) -> bool {
    Ed25519::public(actor).is_ok_and(|public| Ed25519::verify(&public, bytes, sig))
}

fn sig(r: &CompressedEdwardsY, s: &[u8; 32]) -> Sig {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(r.as_bytes());
    bytes[32..].copy_from_slice(s);
    Sig::from_bytes(bytes)
}

fn random_scalar(rng: &mut ChaCha8Rng) -> Scalar {
    Scalar::from_bytes_mod_order(rng.random())
}

/// k = H(R ‖ A ‖ M) of Ed25519.
fn challenge(r: &CompressedEdwardsY, a: &CompressedEdwardsY, message: &[u8]) -> Scalar {
    let hash = Sha512::new()
        .chain_update(r.as_bytes())
        .chain_update(a.as_bytes())
        .chain_update(message);
    Scalar::from_hash(hash)
}

/// The sum of two little-endian numbers of 256 bits.
fn add(a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
    let mut sum = [0; 32];
    let mut carry = 0;
    for (out, (a, b)) in sum.iter_mut().zip(a.iter().zip(b)) {
        carry += u16::from(*a) + u16::from(*b);
        *out = carry as u8;
        carry >>= 8;
    }
    sum
}

/// s + L, L being the order of the group.
fn plus_order(s: &[u8; 32]) -> [u8; 32] {
    let mut order = (-Scalar::ONE).to_bytes(); // L − 1
    order[0] += 1;
    add(s, &order)
}

/// Every encoding that decodes to a point of small order: 8 canonical ones, 6 more that are not.
fn small_order_encodings() -> Vec<[u8; 32]> {
    let mut p = [0xff; 32];
    (p[0], p[31]) = (0xed, 0x7f);
    let mut found = BTreeSet::new();
    for point in EIGHT_TORSION {
        let mut y = point.compress().to_bytes();
        y[31] &= 0x7f;
        for y in [y, add(&y, &p)] {
            for sign in [0, 0x80] {
                let mut bytes = y;
                bytes[31] |= sign;
                let point = CompressedEdwardsY(bytes).decompress();
                // y + p beyond 255 bits loses its top bit to the sign and is another number.
                if y[31] < 0x80 && point.is_some_and(|point| point.is_small_order()) {
                    found.insert(bytes);
                }
            }
        }
    }
    found.into_iter().collect()
}

/// RFC 8032, §7.1, test 2: what we call Ed25519 is what everybody does.
#[test]
fn the_signatures_are_those_of_rfc_8032() {
    let seed: Actor = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
        .parse()
        .unwrap();
    let key = ed25519_dalek::SigningKey::from_bytes(seed.as_bytes());
    let actor = Ed25519::actor(&key);
    assert_eq!(
        actor.to_hex(),
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    );
    let sig = Ed25519::sign(&key, &[0x72]);
    assert_eq!(
        sig.to_hex(),
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    );
    assert!(accepts(&actor, &[0x72], &sig));
    assert!(!accepts(&actor, &[0x73], &sig));
}

#[quickcheck]
fn an_honest_signature_verifies_and_no_other_does(seed: Seed) {
    let mut rng = seed.rng();
    let [ann, bob] = [(); 2].map(|()| SigningActor::from_seed(rng.random()));
    let public = Ed25519::public(&ann.actor()).unwrap();
    let here = network("here");
    let good = ann.sign(&here, &Vote(7));
    assert!(verify::<Ed25519, _>(&public, &here, &Vote(7), &good));
    assert!(!verify::<Ed25519, _>(&public, &here, &Vote(8), &good));
    assert!(!verify::<Ed25519, _>(
        &public,
        &here,
        &Vote(7),
        &bob.sign(&here, &Vote(7))
    ));
    let mut bytes = *good.as_bytes();
    bytes[rng.random_range(0..64)] ^= 1 << rng.random_range(0..8);
    let bent = Sig::from_bytes(bytes);
    assert!(!verify::<Ed25519, _>(&public, &here, &Vote(7), &bent));
}

/// The same content as another kind of statement, or in another network, is another thing to sign.
#[test]
fn a_signature_for_one_purpose_or_network_serves_no_other() {
    let ann = SigningActor::from_seed([1; 32]);
    let public = Ed25519::public(&ann.actor()).unwrap();
    let (here, there) = (network("here"), network("there"));
    let sig = ann.sign(&here, &Vote(7));
    assert!(verify::<Ed25519, _>(&public, &here, &Vote(7), &sig));
    assert!(!verify::<Ed25519, _>(&public, &here, &Echo(7), &sig));
    assert!(!verify::<Ed25519, _>(&public, &there, &Vote(7), &sig));
}

#[test]
fn a_signature_covers_tag_length_tag_network_and_statement() {
    let here = network("here");
    let bytes = signing_bytes(&here, &Vote(7));
    let mut expected = vec![Vote::DOMAIN.len() as u8];
    expected.extend(Vote::DOMAIN.as_bytes());
    expected.extend(here.digest().as_bytes());
    expected.push(7);
    assert_eq!(bytes, expected);
}

/// threats.md, row 11.
#[quickcheck]
fn a_signature_with_the_group_order_added_is_refused(seed: Seed) {
    let mut rng = seed.rng();
    let key = ed25519_dalek::SigningKey::from_bytes(&rng.random());
    let actor = Ed25519::actor(&key);
    let message: [u8; 20] = rng.random();
    let good = Ed25519::sign(&key, &message);
    assert!(accepts(&actor, &message, &good));
    let mut malleated = *good.as_bytes();
    let s = good.as_bytes()[32..].try_into().unwrap();
    malleated[32..].copy_from_slice(&plus_order(s));
    // It is the same number modulo the order: a careless verifier would take it.
    let same = |bytes: &[u8]| Scalar::from_bytes_mod_order(bytes.try_into().unwrap());
    assert_eq!(same(&malleated[32..]), same(&good.as_bytes()[32..]));
    assert!(!accepts(&actor, &message, &Sig::from_bytes(malleated)));
}

/// threats.md, row 12: with such a key one signature fits every message.
#[test]
fn small_order_keys_are_refused_in_every_encoding() {
    let encodings = small_order_encodings();
    assert_eq!(encodings.len(), 14);
    let mut careless = 0;
    for a in &encodings {
        let actor = Actor::from_bytes(*a);
        assert_eq!(Ed25519::public(&actor), Err(WeakKey { actor }));
        // Even past that door the signature itself is refused, whatever its R.
        let public = VerifyingKey::from_bytes(a).unwrap();
        for r in &encodings {
            for message in 0u8..8 {
                let forged = sig(&CompressedEdwardsY(*r), &[0; 32]);
                assert!(!Ed25519::verify(&public, &[message], &forged));
                let loose = ed25519_dalek::Signature::from_bytes(forged.as_bytes());
                careless += usize::from(
                    ed25519_dalek::Verifier::verify(&public, &[message], &loose).is_ok(),
                );
            }
        }
    }
    assert!(careless > 0, "the loose rule would have accepted some");
}

/// threats.md, row 12: the 38 names with y ≥ p and the two of "minus zero" are names of nobody.
#[test]
fn keys_have_one_encoding() {
    let mut decodable = 0;
    for low in 0xed..=0xff {
        for high in [0x7f, 0xff] {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (low, high);
            let actor = Actor::from_bytes(bytes);
            assert_eq!(Ed25519::public(&actor), Err(WeakKey { actor }));
            if let Ok(key) = VerifyingKey::from_bytes(&bytes) {
                decodable += usize::from(!key.is_weak());
            }
        }
    }
    assert!(
        decodable > 0,
        "some of them are points of large order to a loose decoder"
    );
    for y in [EdwardsPoint::default(), EIGHT_TORSION[4]] {
        let mut bytes = y.compress().to_bytes();
        bytes[31] |= 0x80;
        let actor = Actor::from_bytes(bytes);
        assert_eq!(Ed25519::public(&actor), Err(WeakKey { actor }));
    }
}

#[quickcheck]
fn a_name_is_a_key_only_if_it_is_the_encoding_of_its_point(seed: Seed) {
    let actor = Actor::from_bytes(seed.rng().random());
    let point = CompressedEdwardsY(*actor.as_bytes()).decompress();
    let expected = point.is_some_and(|point| {
        point.compress().to_bytes() == *actor.as_bytes() && !point.is_small_order()
    });
    assert_eq!(Ed25519::public(&actor).is_ok(), expected);
}

/// threats.md, row 13: an R shifted by a torsion point passes a batch by luck, and a check that multiplies by the
/// cofactor always; the one rule we have never takes it.
#[test]
fn crafted_torsion_signatures_are_all_refused() {
    let mut rng = ChaCha8Rng::seed_from_u64(13);
    let mut lucky = 0;
    for round in 0..1200 {
        let (a, r) = (random_scalar(&mut rng), random_scalar(&mut rng));
        let torsion = EIGHT_TORSION[1 + round % 7];
        let public = EdwardsPoint::mul_base(&a);
        let shifted = EdwardsPoint::mul_base(&r) + torsion;
        let message = rng.next_u64().to_le_bytes();
        let k = challenge(&shifted.compress(), &public.compress(), &message);
        let s = r + k * a;

        let difference = EdwardsPoint::mul_base(&s) - k * public - shifted;
        assert!(
            difference.mul_by_cofactor().is_identity(),
            "crafted as intended"
        );
        let weight = Scalar::from(rng.random::<u128>());
        lucky += usize::from((weight * difference).is_identity());

        let actor = Actor::from_bytes(public.compress().to_bytes());
        let forged = sig(&shifted.compress(), s.as_bytes());
        assert!(Ed25519::public(&actor).is_ok());
        assert!(!accepts(&actor, &message, &forged), "round {round}");
    }
    assert!(lucky > 0, "a batch would have accepted some");
}

/// A key with a torsion part is a member's own folly: its signatures are judged alike by everybody, every time.
#[test]
fn a_mixed_order_key_is_judged_by_the_same_rule_each_time() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let mut accepted = 0;
    for round in 0..200 {
        let (a, r) = (random_scalar(&mut rng), random_scalar(&mut rng));
        let torsion = EIGHT_TORSION[1 + round % 7];
        let public = EdwardsPoint::mul_base(&a) + torsion;
        let commitment = EdwardsPoint::mul_base(&r).compress();
        let message = rng.next_u64().to_le_bytes();
        let k = challenge(&commitment, &public.compress(), &message);
        let signature = sig(&commitment, (r + k * a).as_bytes());
        let actor = Actor::from_bytes(public.compress().to_bytes());
        // Valid exactly if the torsion part cancels: the equation without the cofactor.
        let exact = (k * torsion).is_identity();
        assert_eq!(accepts(&actor, &message, &signature), exact);
        accepted += usize::from(exact);
    }
    assert!((1..200).contains(&accepted));
}

#[test]
fn nothing_printed_shows_a_secret() {
    let seed = [0x5a; 32];
    let actor = SigningActor::from_seed(seed);
    let printed = format!("{actor:?} {actor:#?}");
    assert!(printed.contains(&actor.actor().to_string()));
    let secret = "5a5a";
    assert!(
        !printed.contains(secret) && !printed.contains("90, 90"),
        "{printed}"
    );
}

/// Actors compare as their bytes do, also when all but the last are the same.
#[quickcheck]
fn actors_are_ordered_by_their_bytes(seed: Seed) {
    let mut rng = seed.rng();
    let one: [u8; 32] = rng.random();
    let mut other: [u8; 32] = rng.random();
    let shared = rng.random_range(0..=32);
    other[..shared].copy_from_slice(&one[..shared]);
    let [a, b] = [one, other].map(Actor::from_bytes);
    assert_eq!(a.cmp(&b), one.cmp(&other));
    assert_eq!(a == b, one == other);
}

#[test]
fn dots_are_ordered_by_actor_then_counter_and_end_at_the_last_counter() {
    let dot = |actor, counter| Dot::new(Actor::from_bytes([actor; 32]), Counter::new(counter));
    assert!(dot(1, 9) < dot(2, 1) && dot(1, 1) < dot(1, 2));
    assert_eq!(dot(0xab, 3).to_string(), "ababab#3");
    assert_eq!(Counter::ZERO.next(), Some(Counter::FIRST));
    assert_eq!(Counter::new(u64::MAX).next(), None);
    assert_eq!(
        Counter::new(u64::MAX - 3).checked_add(3),
        Some(Counter::new(u64::MAX))
    );
    assert_eq!(decode::<Dot>(&encode(&dot(7, 300))), Ok(dot(7, 300)));
}

/// For implementations in other languages: which keys are acceptable, and which signatures verify.
#[test]
fn the_strict_rule_is_written_down_as_vectors() {
    let mut rng = ChaCha8Rng::seed_from_u64(25_519);
    let mut keys: Vec<(&str, [u8; 32])> = Vec::new();
    keys.extend(
        small_order_encodings()
            .into_iter()
            .map(|key| ("small order", key)),
    );
    for low in [0xee, 0xf0, 0xff] {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (low, 0x7f);
        keys.push(("y not below p", bytes));
    }
    for _ in 0..6 {
        keys.push(("random", rng.random()));
    }
    let mut signatures = Vec::new();
    let mut sign = |name: &'static str, key: [u8; 32], message: &[u8], sig: Sig| {
        signatures.push((name, key, message.to_vec(), sig));
    };
    let honest = ed25519_dalek::SigningKey::from_bytes(&rng.random());
    let public = honest.verifying_key().to_bytes();
    for message in [&b""[..], b"r", &[7; 200]] {
        sign("honest", public, message, Ed25519::sign(&honest, message));
    }
    let good = Ed25519::sign(&honest, b"m");
    sign("another message", public, b"n", good);
    let (r, s): ([u8; 32], [u8; 32]) = {
        let (r, s) = good.as_bytes().split_at(32);
        (r.try_into().unwrap(), s.try_into().unwrap())
    };
    sign(
        "S + L",
        public,
        b"m",
        sig(&CompressedEdwardsY(r), &plus_order(&s)),
    );
    let mut flipped = r;
    flipped[31] ^= 0x80;
    sign(
        "the sign of R flipped",
        public,
        b"m",
        sig(&CompressedEdwardsY(flipped), &s),
    );
    // R of small order: S·B = R + k·A holds for S = k·a.
    let (a, torsion) = (random_scalar(&mut rng), EIGHT_TORSION[3]);
    let public = EdwardsPoint::mul_base(&a).compress();
    let small = EIGHT_TORSION[0].compress();
    let k = challenge(&small, &public, b"m");
    sign(
        "R is the identity",
        public.to_bytes(),
        b"m",
        sig(&small, (k * a).as_bytes()),
    );
    // R with a part of small order: a check that multiplies by the cofactor takes it.
    let r = random_scalar(&mut rng);
    let shifted = (EdwardsPoint::mul_base(&r) + torsion).compress();
    let k = challenge(&shifted, &public, b"m");
    sign(
        "R of mixed order",
        public.to_bytes(),
        b"m",
        sig(&shifted, (r + k * a).as_bytes()),
    );
    // A key of mixed order: valid exactly if its part of small order cancels.
    let mixed = (EdwardsPoint::mul_base(&a) + torsion).compress();
    keys.push(("mixed order", mixed.to_bytes()));
    let mut seen = BTreeSet::new();
    for message in 0_u8..64 {
        let r = random_scalar(&mut rng);
        let commitment = EdwardsPoint::mul_base(&r).compress();
        let k = challenge(&commitment, &mixed, &[message]);
        let signature = sig(&commitment, (r + k * a).as_bytes());
        let actor = Actor::from_bytes(mixed.to_bytes());
        if seen.insert(accepts(&actor, &[message], &signature)) {
            sign(
                "by a key of mixed order",
                mixed.to_bytes(),
                &[message],
                signature,
            );
        }
    }
    assert_eq!(seen.len(), 2, "one that cancels, one that does not");

    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let key = |(name, key): &(&str, [u8; 32])| {
        let acceptable = Ed25519::public(&Actor::from_bytes(*key)).is_ok();
        format!(
            "{{\"name\": \"{name}\", \"key\": \"{}\", \"acceptable\": {acceptable}}}",
            hex(key)
        )
    };
    let keys: Vec<String> = keys.iter().map(key).collect();
    let line = |(name, key, message, sig): &(&str, [u8; 32], Vec<u8>, Sig)| {
        let verifies = accepts(&Actor::from_bytes(*key), message, sig);
        format!(
            "{{\"name\": \"{name}\", \"key\": \"{}\", \"message\": \"{}\", \"signature\": \"{}\", \"verifies\": {verifies}}}",
            hex(key),
            hex(message),
            sig.to_hex()
        )
    };
    let lines: Vec<String> = signatures.iter().map(line).collect();
    let seed: Actor = Actor::from_bytes([7; 32]);
    let next = Ed25519::next(&ed25519_dalek::SigningKey::from_bytes(seed.as_bytes()));
    let text = format!(
        "{{\"keys\": [\n{}\n],\n\"signatures\": [\n{}\n],\n\"next\": {{\"seed\": \"{}\", \"seed after it\": \"{}\"}}}}\n",
        keys.join(",\n"),
        lines.join(",\n"),
        seed.to_hex(),
        hex(next.as_bytes())
    );
    golden::compare("tests/vectors/ed25519.json", &text);
}
