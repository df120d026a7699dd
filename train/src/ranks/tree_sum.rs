//! A sum in an order that depends on the number of its terms alone.
//!
//! Sums of floats depend on their order. Terms 0, 1, 2, … are the leaves of a binary tree: 0 and 1 are added, 2 and 3,
//! then those sums, and so on; what has no neighbour in the end is added from the right. Whoever has some consecutive
//! terms can add those that are whole branches, and give the rest on.

use std::ops::Range;

/// A branch of the tree: the terms from `index * 2^level`, `2^level` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    level: u32,
    index: usize,
}

impl Node {
    /// A term.
    pub fn leaf(index: usize) -> Self {
        Self { level: 0, index }
    }

    /// The branch that has this one and the next, if there is one.
    fn with(self, next: Self) -> Option<Self> {
        let are_siblings = self.level == next.level
            && self.index.is_multiple_of(2)
            && next.index == self.index + 1;
        are_siblings.then_some(Self { level: self.level + 1, index: self.index / 2 })
    }
}

/// The sum of some terms, as far as it can be told without the others.
#[derive(Clone, Debug)]
pub struct TreeSum<T> {
    nodes: Vec<(Node, T)>,
}

impl<T> Default for TreeSum<T> {
    fn default() -> Self {
        Self { nodes: Vec::new() }
    }
}

impl<T> TreeSum<T> {
    /// Takes in the sum of the branch that follows.
    pub fn add(&mut self, node: Node, sum: T, mut plus: impl FnMut(T, T) -> T) {
        let (mut node, mut sum) = (node, sum);
        while let Some(whole) = self.nodes.last().and_then(|(last, _)| last.with(node)) {
            let (_, before) = self.nodes.pop().expect("it is the last");
            (node, sum) = (whole, plus(before, sum));
        }
        self.nodes.push((node, sum));
    }

    /// The sums of whole branches, from the left.
    pub fn into_nodes(self) -> Vec<(Node, T)> {
        self.nodes
    }

    /// The sum of all terms; `None` if there is none.
    pub fn total(self, mut plus: impl FnMut(T, T) -> T) -> Option<T> {
        self.nodes.into_iter().map(|(_, sum)| sum).rev().reduce(|after, before| plus(before, after))
    }
}

/// The branches in which somebody has the sum of these terms.
pub fn nodes_of(terms: Range<usize>) -> Vec<Node> {
    let mut sum = TreeSum::default();
    for term in terms {
        sum.add(Node::leaf(term), (), |(), ()| ());
    }
    sum.into_nodes().into_iter().map(|(node, ())| node).collect()
}

/// How many sums are in memory at once, at most, while these terms come one after the other.
pub fn most_terms(terms: Range<usize>) -> usize {
    let (mut sum, mut most) = (TreeSum::default(), 0);
    for term in terms {
        most = most.max(sum.nodes.len() + 1);
        sum.add(Node::leaf(term), (), |(), ()| ());
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plus(a: String, b: String) -> String {
        format!("({a}{b})")
    }

    /// The sum of terms of which each of several has those between two cuts.
    fn sum(cuts: &[usize]) -> String {
        let mut all = TreeSum::default();
        for range in cuts.windows(2).map(|cut| cut[0]..cut[1]) {
            let mut own = TreeSum::default();
            for term in range.clone() {
                own.add(Node::leaf(term), term.to_string(), plus);
            }
            let nodes = own.into_nodes();
            let expected: Vec<Node> = nodes.iter().map(|(node, _)| *node).collect();
            assert_eq!(nodes_of(range.clone()), expected);
            for (node, sum) in nodes {
                all.add(node, sum, plus);
            }
        }
        all.total(plus).unwrap()
    }

    #[test]
    fn the_order_depends_on_the_number_of_terms_alone() {
        assert_eq!(sum(&[0, 1]), "0");
        assert_eq!(sum(&[0, 2]), "(01)");
        assert_eq!(sum(&[0, 6]), "(((01)(23))(45))");
        assert_eq!(sum(&[0, 7]), "(((01)(23))((45)6))");
        for terms in 1..=9 {
            let whole = sum(&[0, terms]);
            for first in 0..=terms {
                for second in first..=terms {
                    assert_eq!(sum(&[0, first, second, terms]), whole);
                }
            }
        }
    }

    #[test]
    fn few_sums_are_in_memory_at_once() {
        assert_eq!([1, 2, 4, 8, 64].map(|terms| most_terms(0..terms)), [1, 2, 3, 4, 7]);
        // A rank of four has its two terms alone.
        assert_eq!(most_terms(2..4), 2);
    }
}
