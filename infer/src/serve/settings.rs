//! Where a server listens, whom it answers, and how much it takes.

use std::net::IpAddr;
use std::time::Duration;

use super::Token;
use crate::arguments::ServeArguments;

/// Bytes of a request's body, at most.
pub(super) const MAX_BODY: usize = 1 << 20;
/// Images of a job, at most.
pub(super) const MAX_COUNT: usize = 64;
/// Steps a stage, at most.
pub(super) const MAX_STEPS: usize = 1000;
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
}
