//! What many numbers come to.

use serde::{Deserialize, Serialize};

/// The middle one of some numbers, and how far they lie apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// Half of them are not above it. Of an even number: the mean of the two in the middle.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

impl Summary {
    /// None of no numbers.
    pub(crate) fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = numbers.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        let (below, above) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Some(Self { median: f64::midpoint(below, above), min, max })
    }

    /// Whether two medians differ by more than either of them wavers.
    pub(crate) fn differs_from(&self, other: &Self) -> bool {
        !other.spans(self.median) && !self.spans(other.median)
    }

    fn spans(&self, number: f64) -> bool {
        (self.min..=self.max).contains(&number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_and_the_spread_around_it() {
        assert_eq!(Summary::of([]), None);
        assert_eq!(Summary::of([7.0]), Some(Summary { median: 7.0, min: 7.0, max: 7.0 }));
        let odd = Summary::of([9.0, 1.0, 5.0, 100.0, 2.0]);
        assert_eq!(odd, Some(Summary { median: 5.0, min: 1.0, max: 100.0 }));
        let even = Summary::of([4.0, 1.0, 2.0, 3.0]);
        assert_eq!(even, Some(Summary { median: 2.5, min: 1.0, max: 4.0 }));
    }

    #[test]
    fn a_difference_counts_only_if_it_is_outside_both_spreads() {
        let summary = |median, min, max| Summary { median, min, max };
        let before = summary(100.0, 90.0, 110.0);
        assert!(summary(130.0, 120.0, 140.0).differs_from(&before));
        assert!(summary(80.0, 70.0, 89.0).differs_from(&before));
        assert!(!summary(105.0, 104.0, 106.0).differs_from(&before), "within the spread of the old one");
        assert!(!summary(130.0, 95.0, 140.0).differs_from(&before), "the new one wavers that much");
    }
}
