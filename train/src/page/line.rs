//! Lines with few enough points.

/// Points of a line as they are drawn: means over neighbours where there are more than `most`.
pub fn thinned(points: &[[f64; 2]], most: usize) -> Vec<[f64; 2]> {
    let width = points.len().div_ceil(most.max(1)).max(1);
    let mean = |points: &[[f64; 2]]| {
        let sum = points.iter().fold([0.0; 2], |sum, point| [0, 1].map(|i| sum[i] + point[i]));
        sum.map(|sum| sum / points.len() as f64)
    };
    points.chunks(width).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_averaged_and_short_ones_stay() {
        let line: Vec<[f64; 2]> = (0..900).map(|i| [f64::from(i), f64::from(i % 3)]).collect();
        let thin = thinned(&line, 300);
        assert_eq!((thin.len(), thin[0]), (300, [1.0, 1.0]));
        assert_eq!(thinned(&line[..5], 300), line[..5]);
        assert!(thinned(&[], 300).is_empty());
    }
}
