//! Two classifiers on the same cases: is the difference more than chance?

use serde::Serialize;

/// McNemar's test on cases that one got right and the other wrong.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct McNemar {
    pub both_right: u64,
    pub only_first_right: u64,
    pub only_second_right: u64,
    pub both_wrong: u64,
    /// Two-sided, by the binomial distribution: to be believed also where few cases differ.
    pub exact_p: f64,
    /// With continuity correction; null where no case differs.
    pub chi2: Option<f64>,
    pub chi2_p: Option<f64>,
}

/// For every case, whether the first and the second got it right.
pub fn mcnemar(pairs: impl Iterator<Item = (bool, bool)>) -> McNemar {
    let mut counts = [0_u64; 4];
    pairs.for_each(|(first, second)| counts[usize::from(!first) * 2 + usize::from(!second)] += 1);
    let [both_right, only_first_right, only_second_right, both_wrong] = counts;
    let (b, c) = (only_first_right, only_second_right);
    let chi2 = (b + c > 0).then(|| (b.abs_diff(c) as f64 - 1.0).powi(2) / (b + c) as f64);
    McNemar {
        both_right,
        only_first_right,
        only_second_right,
        both_wrong,
        exact_p: exact(b.min(c), b + c),
        chi2,
        chi2_p: chi2.map(|chi2| erfc((chi2 / 2.0).sqrt())),
    }
}

/// Twice the probability of at most `few` heads in `n` throws, at most 1.
fn exact(few: u64, n: u64) -> f64 {
    // From the logarithm of the first term on: none of them is too small to be held, however many cases there are.
    let mut term = -(n as f64) * std::f64::consts::LN_2;
    let (mut largest, mut terms) = (term, vec![term]);
    for i in 0..few {
        term += ((n - i) as f64).ln() - ((i + 1) as f64).ln();
        largest = largest.max(term);
        terms.push(term);
    }
    let sum: f64 = terms.iter().map(|term| (term - largest).exp()).sum();
    (2.0 * (largest + sum.ln()).exp()).min(1.0)
}

/// The complementary error function for x of 0 and more: with one degree of freedom, the tail of chi squared is `erfc(sqrt(x / 2))`.
fn erfc(x: f64) -> f64 {
    let factor = (-x * x).exp() / std::f64::consts::PI.sqrt();
    if x < 2.5 {
        // 1 - erf, by Kummer's series: all terms are positive.
        let (mut term, mut sum, mut n) = (x, x, 0.0);
        while term > sum * f64::EPSILON / 4.0 {
            n += 1.0;
            term *= 2.0 * x * x / (2.0 * n + 1.0);
            sum += term;
        }
        1.0 - 2.0 * factor * sum
    } else {
        // Laplace's continued fraction, from its end; 60 steps are far more than are needed from here on.
        let tail = (1..=60).rev().fold(x, |below, n| x + f64::from(n) / 2.0 / below);
        factor / tail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_published_one() {
        // Abramowitz and Stegun, table 7.1, and Python's math.erfc.
        for (x, value) in [
            (0.0, 1.0),
            (0.5, 0.4795001221869535),
            (1.0, 0.15729920705028513),
            (2.4, 0.0006885138966450786),
            (2.5, 0.0004069520174449589),
            (3.0, 2.209049699858544e-05),
            (6.0, 2.1519736712498913e-17),
        ] {
            assert!((erfc(x) - value).abs() <= 1e-11 * value.max(1e-6), "{x}: {}", erfc(x));
        }
    }

    #[test]
    fn many_cases_do_not_fall_out_of_range() {
        assert!(exact(0, 5000) < 1e-300);
        assert!((exact(2400, 5000) - 0.004883649737517518).abs() < 1e-9, "{}", exact(2400, 5000));
        assert_eq!((exact(0, 0), exact(5, 10)), (1.0, 1.0));
    }
}
