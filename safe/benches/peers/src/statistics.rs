//! Median, least and greatest: all the statistics there are here.

/// What a row reports of one value per round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    /// Half the values are no greater.
    pub(crate) median: f64,
    /// The least.
    pub(crate) min: f64,
    /// The greatest.
    pub(crate) max: f64,
}

impl Summary {
    /// Sums up one value per round.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        };
        Self { median, min: sorted[0], max: sorted[sorted.len() - 1] }
    }

    /// Sums up the ratios of two contestants, each taken within its round.
    pub(crate) fn of_ratios(values: &[f64], reference: &[f64]) -> Self {
        Self::of(values.iter().zip(reference).map(|(value, reference)| value / reference))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_odd_count_is_the_middle_one_whatever_the_order() {
        assert_eq!(Summary::of([9.0, 1.0, 4.0]), Summary { median: 4.0, min: 1.0, max: 9.0 });
    }

    #[test]
    fn the_median_of_an_even_count_lies_between_the_middle_two() {
        assert_eq!(Summary::of([8.0, 1.0, 2.0, 4.0]), Summary { median: 3.0, min: 1.0, max: 8.0 });
    }

    #[test]
    fn a_ratio_is_taken_within_its_round_and_not_between_medians() {
        // The machine was slow in the second round, for both: the ratio does not see it.
        let ratios = Summary::of_ratios(&[1.0, 10.0, 1.0], &[2.0, 20.0, 4.0]);
        assert_eq!(ratios, Summary { median: 0.5, min: 0.25, max: 0.5 });
    }
}
