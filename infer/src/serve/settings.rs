//! Where a server listens, whom it answers, and how much it takes.

use std::net::IpAddr;
use std::time::Duration;

use super::Token;
use crate::arguments::ServeArguments;

/// Bytes of a request's body without pictures, at most.
pub(super) const MAX_BODY: usize = 1 << 20;
/// Bytes of a body with pictures, at most, however large pictures may be.
const MOST_PICTURES: u64 = 128 << 20;
/// Bytes of a picture's file besides its pixels, at most.
const BESIDE_PIXELS: u64 = 64 << 10;
/// Images of a job, at most.
pub(super) const MAX_COUNT: usize = 64;
/// Connections at once, at most; more wait.
pub(super) const MAX_CONNECTIONS: usize = 512;
/// How long a request's header may take, then its body, and then whoever reads the answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Where a server listens, whom it answers, and how much it takes.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The address.
    pub(super) host: IpAddr,
    /// The port; 0 for any.
    pub(super) port: u16,
    /// Names by which browsers may reach it, in small letters.
    pub(super) allowed_hosts: Vec<String>,
    /// What requests must bring.
    pub(super) token: Option<Token>,
    /// Images that may wait.
    pub(super) queue: usize,
    /// Finished images that are kept.
    pub(super) keep: usize,
    /// How long jobs have when the server ends.
    pub(super) grace: Duration,
}

/// Bytes of a body with a picture and a mask of so many pixels, at most: four a pixel if nothing of them can be
/// compressed, in base64, and what is said beside them.
pub(super) fn max_picture_body(pixels: u64) -> usize {
    let file = pixels.saturating_mul(4).saturating_add(BESIDE_PIXELS);
    let in_base64 = file.saturating_mul(2).div_ceil(3).saturating_mul(4);
    in_base64.saturating_add(MAX_BODY as u64).min(MOST_PICTURES) as usize
}

/// A host's name as it is compared: in small letters, without a final dot.
pub(super) fn plain_host(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase()
}

impl Settings {
    /// Those of a command line.
    pub(crate) fn new(arguments: &ServeArguments, token: Option<Token>) -> Self {
        Self {
            host: arguments.host,
            port: arguments.port,
            allowed_hosts: arguments.allowed_hosts.iter().map(|name| plain_host(name)).collect(),
            token,
            queue: arguments.queue as usize,
            keep: arguments.keep as usize,
            grace: Duration::from_secs(arguments.grace.into()),
        }
    }

    /// Images of a job, at most.
    pub(super) fn max_count(&self) -> usize {
        MAX_COUNT.min(self.queue)
    }

    /// The largest number that the first image of a job may have: the last one's still fits the signed numbers that
    /// readers of JSON have.
    pub(super) fn last_number(&self) -> u64 {
        i64::MAX as u64 - (self.max_count() as u64 - 1)
    }
}
