//! Trust: how the monitor rates the nodes after a round, and whom it gives the roles.
//!
//! As the paper prints it, with R between 1 and 10 and 5 at the start:
//!
//! * I₁ = √(T_normal / T), at most 1: how fast the node answered, against the median;
//! * I₂ = exp((E − E_avg) / E_avg): how efficient it is, which is here the share of rounds it has answered;
//! * I₃ = M / D: how many of its votes matched what was decided;
//! * R′ = R_last − 1.2 for the slowest fifth, + 1.2 for the fastest fifth, else R_last;
//! * R = I₁·R_init + Σ(I·W) / ΣI + (R′ − R_last), with the weights 0.4, 0.2 and 0.4.
//!
//! The paper gives roles to nodes whose R reaches 8 and 9. R cannot: I₁·R_init is at most 5, the mean of the weights at
//! most 0.4, and the bonus 1.2, which is 6.6 together. So roles are given by rank here.

/// R at the start, and R_init in the formula.
pub const INITIAL: f64 = 5.0;
const BONUS: f64 = 1.2;
const WEIGHTS: [f64; 3] = [0.4, 0.2, 0.4];

/// What the monitor has seen of one node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record {
    /// R.
    pub trust: f64,
    /// How long it took to vote in this round, in nanoseconds; `None` if it did not.
    pub took: Option<u64>,
    /// Rounds in which it had to vote.
    pub due: u32,
    /// Rounds in which it did.
    pub answered: u32,
    /// Votes that matched what was decided.
    pub matched: u32,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            trust: INITIAL,
            took: None,
            due: 0,
            answered: 0,
            matched: 0,
        }
    }
}

impl Record {
    /// E: the share of rounds it has answered.
    fn efficiency(&self) -> f64 {
        share(self.answered, self.due)
    }
}

fn share(part: u32, whole: u32) -> f64 {
    match whole {
        0 => 1.0,
        whole => f64::from(part) / f64::from(whole),
    }
}

/// The exponential function, by its series: the same bits on every machine, which the one of the system does not promise.
fn exp(x: f64) -> f64 {
    // Halved until the series is short, then squared as often.
    let (mut halved, mut times) = (x.clamp(-30.0, 30.0), 0);
    while halved.abs() > 0.5 {
        halved /= 2.0;
        times += 1;
    }
    let (mut sum, mut term) = (1.0, 1.0);
    for n in 1..=20 {
        term *= halved / f64::from(n);
        sum += term;
    }
    for _ in 0..times {
        sum *= sum;
    }
    sum
}

/// Rates the voters after a round; those that did not vote count as having taken `limit`.
pub fn rate(voters: &mut [&mut Record], limit: u64) {
    if voters.is_empty() {
        return;
    }
    let took = |record: &Record| record.took.unwrap_or(limit).max(1);
    let mut times: Vec<u64> = voters.iter().map(|record| took(record)).collect();
    times.sort_unstable();
    let normal = times[times.len() / 2] as f64;
    let fifth = times.len() / 5;
    let (fast, slow) = (
        times[..fifth].last().copied(),
        times[times.len() - fifth..].first().copied(),
    );
    let count = voters.len() as f64;
    let average = voters.iter().map(|record| record.efficiency()).sum::<f64>() / count;
    for record in voters {
        let time = took(record);
        let speed = (normal / time as f64).sqrt().min(1.0);
        let efficiency = match average > 0.0 {
            true => exp((record.efficiency() - average) / average),
            false => 1.0,
        };
        let quality = [speed, efficiency, share(record.matched, record.due)];
        let bonus = match time {
            time if slow.is_some_and(|slow| time >= slow) && fast != slow => -BONUS,
            time if fast.is_some_and(|fast| time <= fast) => BONUS,
            _ => 0.0,
        };
        let weighted: f64 = quality
            .iter()
            .zip(WEIGHTS)
            .map(|(quality, weight)| quality * weight)
            .sum();
        let trust = speed * INITIAL + weighted / quality.iter().sum::<f64>() + bonus;
        record.trust = trust.clamp(1.0, 10.0);
        record.took = None;
    }
}

/// The places of the records, most trusted first; the lower number first among equals.
#[must_use]
pub fn ranking(records: &[Record]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..records.len()).collect();
    places.sort_by(|one, other| records[*other].trust.total_cmp(&records[*one].trust));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_is_the_exponential_function() {
        for x in [-1.0, -0.3, 0.0, 0.4, 1.0, 3.7, 20.0_f64] {
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-12, "{x}");
        }
    }

    fn records(times: &[Option<u64>]) -> Vec<Record> {
        let record = |took: &Option<u64>| Record {
            took: *took,
            due: 1,
            answered: u32::from(took.is_some()),
            matched: u32::from(took.is_some()),
            ..Record::default()
        };
        times.iter().map(record).collect()
    }

    #[test]
    fn the_fastest_fifth_rises_and_who_is_silent_falls() {
        let mut records = records(&[Some(10), Some(20), Some(20), Some(20), None]);
        let mut voters: Vec<&mut Record> = records.iter_mut().collect();
        rate(&mut voters, 500);
        let trust: Vec<f64> = records.iter().map(|record| record.trust).collect();
        assert!(trust[0] > trust[1] && trust[1] > trust[4], "{trust:?}");
        assert_eq!(trust[4], 1.0);
        assert_eq!(ranking(&records), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn trust_never_passes_what_the_formula_can_give() {
        let mut records = records(&[Some(1); 30]);
        records[0].took = Some(1);
        for round in 0..50_u64 {
            for (place, record) in (0..).zip(&mut records) {
                record.took = Some(1 + (place * 7 + round) % 30);
                record.due += 1;
                record.answered += 1;
                record.matched += 1;
            }
            let mut voters: Vec<&mut Record> = records.iter_mut().collect();
            rate(&mut voters, 500);
            assert!(
                records
                    .iter()
                    .all(|record| (1.0..=6.6).contains(&record.trust))
            );
        }
    }
}
