//! Which rank adds up the gradient of a parameter and, where the optimiser is sharded, updates it.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::backend::Backend;

use crate::parameters::flat_parameters;

/// The owner of each parameter, by name: all ranks have nearly as many numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owners {
    of: BTreeMap<String, usize>,
}

impl Owners {
    /// Deals parameters of these sizes, the largest first, each to the rank that has the fewest numbers.
    pub fn new(sizes: &BTreeMap<String, usize>, ranks: usize) -> Self {
        let mut order: Vec<(&String, usize)> =
            sizes.iter().map(|(name, &size)| (name, size)).collect();
        order.sort_by_key(|&(name, size)| (std::cmp::Reverse(size), name));
        let mut loads = vec![0; ranks];
        let mut deal = |(name, size): (&String, usize)| {
            let rank = (0..ranks).min_by_key(|&rank| loads[rank]).unwrap_or_default();
            loads[rank] += size;
            (name.clone(), rank)
        };
        Self { of: order.into_iter().map(&mut deal).collect() }
    }

    /// The owners of the parameters of a module.
    pub fn of_module<B: Backend>(module: &impl Module<B>, ranks: usize) -> Self {
        let parameters = flat_parameters(module).into_iter();
        Self::new(&parameters.map(|(name, of)| (name, of.values.dims()[0])).collect(), ranks)
    }

    /// The rank that owns a parameter.
    ///
    /// # Panics
    /// If the parameter is not known.
    pub fn of(&self, name: &str) -> usize {
        self.of[name]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ranks_have_nearly_as_many_numbers() {
        let size = |index: usize| 100 + (index * 37) % 50;
        let sizes: BTreeMap<String, usize> =
            (0..40).map(|index| (format!("p{index}"), size(index))).collect();
        for ranks in [1, 2, 4, 7] {
            let owners = Owners::new(&sizes, ranks);
            let load = |rank: usize| -> usize {
                sizes.iter().filter(|(name, _)| owners.of(name) == rank).map(|(_, size)| size).sum()
            };
            let loads: Vec<usize> = (0..ranks).map(load).collect();
            let spread = loads.iter().max().unwrap() - loads.iter().min().unwrap();
            assert!(spread <= 150, "{loads:?}");
        }
    }
}
