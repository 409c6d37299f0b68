//! Makes a history of some friends who type into one text at the same time, in the format that `replay` reads.
//!
//! It knows no text type of this library. There is one list of all characters ever typed; each friend sees those that were
//! inserted and not deleted by transactions they know. Nobody types where something is that they do not know of, so no
//! two concurrent inserts share a place, and what everything leads to does not depend on how ties are broken.

use bft_crdts_cli::draw::Draw;
use serde::Serialize;

const WORDS: [&str; 14] = [
    "tea", " ", "milk ", "we ", "\n", "grün", " café", "naïve ", "🦀", "and ", "so", ", ", "Zoë",
    "x",
];

/// A history.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Made {
    kind: &'static str,
    end_content: String,
    num_agents: usize,
    txns: Vec<Transaction>,
}

#[derive(Serialize)]
struct Transaction {
    parents: Vec<usize>,
    agent: usize,
    patches: Vec<(usize, usize, String)>,
}

/// A character with the transactions that inserted and deleted it.
struct Cell {
    char: char,
    inserted: usize,
    deleted: Vec<usize>,
}

/// What one friend knows.
#[derive(Clone)]
struct Friend {
    /// For each transaction so far, whether they know it.
    known: Vec<bool>,
    /// The transactions that no other one they know follows.
    heads: Vec<usize>,
}

impl Friend {
    fn knows(&self, transaction: usize) -> bool {
        self.known.get(transaction) == Some(&true)
    }

    fn sees(&self, cell: &Cell) -> bool {
        self.knows(cell.inserted) && !cell.deleted.iter().any(|by| self.knows(*by))
    }

    /// Learns everything another one knows.
    fn learn(&mut self, other: &Friend, pasts: &[Vec<bool>]) {
        let both = self.heads.iter().chain(&other.heads);
        let mut heads: Vec<usize> = both.copied().collect();
        heads.sort_unstable();
        heads.dedup();
        let followed = |head: &usize| {
            heads
                .iter()
                .any(|by| by != head && pasts[*by].get(*head) == Some(&true))
        };
        self.heads = heads
            .iter()
            .copied()
            .filter(|head| !followed(head))
            .collect();
        let known = self.known.len().max(other.known.len());
        self.known.resize(known, false);
        for (mine, theirs) in self.known.iter_mut().zip(&other.known) {
            *mine |= *theirs;
        }
    }
}

/// The history of a seed, with so many friends and transactions.
pub(crate) fn history(seed: u64, agents: usize, transactions: usize) -> Made {
    let mut draw = Draw::new(seed, 77);
    let nobody = Friend {
        known: Vec::new(),
        heads: Vec::new(),
    };
    let mut friends = vec![nobody; agents];
    let mut cells: Vec<Cell> = Vec::new();
    // What was known to each transaction, itself included.
    let mut pasts: Vec<Vec<bool>> = Vec::new();
    let mut txns: Vec<Transaction> = Vec::new();
    while txns.len() < transactions {
        let agent = below(&mut draw, agents);
        // Now and then they hear of what another one did, and sometimes all of them are away for long.
        let apart = txns.len() % 120 < 30;
        if draw.chance(if apart { 20 } else { 250 }) {
            let other = below(&mut draw, agents);
            let other = friends[other].clone();
            friends[agent].learn(&other, &pasts);
        }
        let index = txns.len();
        let mut me = friends[agent].clone();
        me.known.resize(index + 1, false);
        me.known[index] = true;
        let mut patches = Vec::new();
        for _ in 0..=usize::from(draw.chance(100)) {
            patches.extend(patch(&mut draw, &mut cells, &me, index));
        }
        if patches.is_empty() {
            continue;
        }
        let parents = std::mem::replace(&mut me.heads, vec![index]);
        pasts.push(me.known.clone());
        friends[agent] = me;
        txns.push(Transaction {
            parents,
            agent,
            patches,
        });
    }
    let shown = cells.iter().filter(|cell| cell.deleted.is_empty());
    Made {
        kind: "concurrent",
        end_content: shown.map(|cell| cell.char).collect(),
        num_agents: agents,
        txns,
    }
}

fn below(draw: &mut Draw, bound: usize) -> usize {
    usize::try_from(draw.below(bound as u64)).expect("a small number")
}

/// Replaces some characters at a place where nothing is that `me` does not know of.
fn patch(
    draw: &mut Draw,
    cells: &mut Vec<Cell>,
    me: &Friend,
    transaction: usize,
) -> Option<(usize, usize, String)> {
    let seen: Vec<usize> = (0..cells.len())
        .filter(|cell| me.sees(&cells[*cell]))
        .collect();
    let at = below(draw, seen.len() + 1);
    let delete = match draw.chance(300) {
        true => below(draw, 6).min(seen.len() - at),
        false => 0,
    };
    let text = match delete > 0 && draw.chance(500) {
        true => "",
        false => draw.pick(&WORDS).copied().unwrap_or_default(),
    };
    let from = at.checked_sub(1).map_or(0, |left| seen[left] + 1);
    let to = seen.get(at + delete).copied().unwrap_or(cells.len());
    let unknown = |cell: &Cell| {
        let deletions = cell.deleted.iter();
        let strange = deletions.filter(|by| !me.knows(**by)).count();
        !me.knows(cell.inserted) || strange > 0
    };
    if (delete == 0 && text.is_empty()) || (!text.is_empty() && cells[from..to].iter().any(unknown))
    {
        return None;
    }
    for cell in &seen[at..at + delete] {
        cells[*cell].deleted.push(transaction);
    }
    let typed = text.chars().map(|char| Cell {
        char,
        inserted: transaction,
        deleted: Vec::new(),
    });
    cells.splice(from..from, typed);
    Some((at, delete, text.to_owned()))
}
