//! Files of statistics, as the evaluators of guided diffusion, `pytorch-fid` and `clean-fid` have them.

use std::path::Path;

use super::npz::{NpzFile, NpzWriter};
use super::{Moments, Origin};
use crate::{Error, Result};

/// The statistics of a set of images: `mu`, `sigma` and, for sFID, `mu_s`, `sigma_s`.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Of the features that FID looks at.
    pub moments: Moments,
    /// Of the features that keep places, which sFID looks at.
    pub spatial: Option<Moments>,
    /// What they were made with; only files written here say it, in the array `origin`: JSON as uint8.
    pub origin: Option<Origin>,
}

impl Statistics {
    /// Whether an `.npz` holds statistics.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Npz`].
    pub fn are_in(path: &Path) -> Result<bool> {
        let file = NpzFile::open(path)?;
        Ok(file.has("mu") && file.has("sigma"))
    }

    /// Reads statistics.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::Npz`] for a missing array, another type or shape, or numbers that are no
    /// statistics.
    pub fn read(path: &Path) -> Result<Self> {
        let mut file = NpzFile::open(path)?;
        if !file.has("mu") || !file.has("sigma") {
            let found = file.names().join(", ");
            return Err(
                file.problem(format!("statistics are `mu` and `sigma`, and it has {found}"))
            );
        }
        let moments = moments(&mut file, "mu", "sigma")?;
        let has_spatial = file.has("mu_s") && file.has("sigma_s");
        let spatial = has_spatial.then(|| moments_of_places(&mut file)).transpose()?;
        let origin = if file.has("origin") {
            let json = file.integers::<u8>("origin", "uint8")?;
            let parsed = serde_json::from_slice(&json);
            Some(parsed.map_err(|error| file.problem(format!("its `origin`: {error}")))?)
        } else {
            None
        };
        Ok(Self { moments, spatial, origin })
    }

    /// Writes statistics, in float64.
    ///
    /// # Errors
    /// [`Error::Write`]; what was there before is as it was.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut file = NpzWriter::new();
        let written = (|| {
            add(&mut file, "mu", "sigma", &self.moments)?;
            if let Some(spatial) = &self.spatial {
                add(&mut file, "mu_s", "sigma_s", spatial)?;
            }
            match &self.origin {
                Some(origin) => {
                    let json = serde_json::to_vec(origin)?;
                    file.add("origin", &[json.len()], json)
                }
                None => Ok(()),
            }
        })();
        written.map_err(|source| Error::Write { path: path.to_owned(), source })?;
        file.write(path)
    }
}

fn moments_of_places(file: &mut NpzFile) -> Result<Moments> {
    moments(file, "mu_s", "sigma_s")
}

fn moments(file: &mut NpzFile, mean: &str, covariance: &str) -> Result<Moments> {
    let (shape, sigma) = file.doubles(covariance)?;
    let (length, mu) = file.doubles(mean)?;
    let side = mu.len() as u64;
    if length.len() != 1 || shape != [side, side] {
        let reason = format!(
            "`{mean}` is {length:?} and `{covariance}` {shape:?}; they must be [d] and [d, d]"
        );
        return Err(file.problem(reason));
    }
    Moments::new(mu, sigma).map_err(|error| file.problem(error.to_string()))
}

fn add(
    file: &mut NpzWriter,
    mean: &str,
    covariance: &str,
    moments: &Moments,
) -> std::io::Result<()> {
    let columns = moments.columns();
    file.add(mean, &[columns], moments.mean().iter().copied())?;
    file.add(covariance, &[columns, columns], moments.covariance().iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Protocol;

    fn moments(columns: usize) -> Moments {
        let covariance = (0..columns * columns).map(|i| f64::from(i % (columns + 1) == 0));
        Moments::new((0..columns).map(|i| i as f64).collect(), covariance.collect()).unwrap()
    }

    fn origin(protocol: Protocol) -> Origin {
        let [network, weights, data] = ["Inception-v3", "00ff", "12"].map(str::to_owned);
        Origin { protocol, network, weights, data }
    }

    /// Writes an `.npz` with numpy's names and reads it.
    fn read(fill: impl FnOnce(&mut NpzWriter) -> std::io::Result<()>) -> Result<Statistics> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("statistics.npz");
        let mut file = NpzWriter::new();
        fill(&mut file).unwrap();
        file.write(&path).unwrap();
        Statistics::read(&path)
    }

    #[test]
    fn statistics_come_back_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("statistics.npz");
        for (spatial, origin) in [(None, None), (Some(moments(3)), Some(origin(Protocol::Adm)))] {
            let statistics = Statistics { moments: moments(2), spatial, origin };
            statistics.write(&path).unwrap();
            assert!(Statistics::are_in(&path).unwrap());
            assert_eq!(Statistics::read(&path).unwrap(), statistics);
        }
    }

    #[test]
    fn files_of_other_tools_may_be_in_single_precision() {
        let statistics = read(|file| {
            file.add("mu", &[1], [0.5_f32])?;
            file.add("sigma", &[1, 1], [0.25_f32])
        });
        assert_eq!(statistics.unwrap().moments.covariance(), [0.25]);
    }

    #[test]
    fn wrong_keys_types_and_shapes_are_named() {
        type Fill = dyn Fn(&mut NpzWriter) -> std::io::Result<()>;
        let message = |fill: &Fill| read(|file| fill(file)).unwrap_err().to_string();
        let cases: [(&Fill, &str); 4] = [
            (
                &|file| file.add("mean", &[1], [0.0]),
                "statistics are `mu` and `sigma`, and it has mean",
            ),
            (
                &|file| {
                    file.add("mu", &[1], [0_i64])?;
                    file.add("sigma", &[1, 1], [1.0])
                },
                "array `mu` should be float64 or float32",
            ),
            (
                &|file| {
                    file.add("mu", &[2], [0.0; 2])?;
                    file.add("sigma", &[4], [1.0; 4])
                },
                "`mu` is [2] and `sigma` [4]; they must be [d] and [d, d]",
            ),
            (
                &|file| {
                    file.add("mu", &[1], [f64::NAN])?;
                    file.add("sigma", &[1, 1], [1.0])
                },
                "not finite",
            ),
        ];
        for (fill, expected) in cases {
            let message = message(fill);
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn a_file_that_was_cut_off_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("statistics.npz");
        Statistics { moments: moments(9), spatial: None, origin: None }.write(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let message = Statistics::read(&path).unwrap_err().to_string();
        assert!(message.contains("it is no .npz that is whole"), "{message}");
    }

    #[test]
    fn statistics_of_another_protocol_or_network_do_not_match() {
        let expected = origin(Protocol::Adm);
        let mut same = expected.clone();
        same.data = "34".to_owned();
        same.must_match(&expected, Path::new("a.npz")).unwrap();
        let error = origin(Protocol::Clean).must_match(&expected, Path::new("a.npz")).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("a.npz was made with protocol clean and Inception-v3"),
            "{message}"
        );
    }
}
