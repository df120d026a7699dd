//! Drawing for a web page and for other programs, over HTTP.
//!
//! One thread, the [`worker`], owns the pipeline; one more answers requests. Between them is the [`board`]: jobs
//! that wait, and those that are drawn. A [`round`] packs the images of jobs that go together into one request,
//! which changes none of them. What happens to a job is in its [`event_log`], which late listeners read from
//! its beginning.
//!
//! A connection ([`connections`]) goes through the [`guard`] (who may ask) and the [`intake`] (how much) to the
//! [`routes`]: our API in `jobs`, `about` and `openapi`, `OpenAI`'s in `openai`, that of A1111's web UI in `automatic`,
//! both with a file beside them for edits, and the page. What all three ask for becomes an `Asked`, whose picture an
//! [`edit_asked`] decodes before anything waits. No path of a request reaches the file system: the page is in the program, results are in memory.

mod about;
mod asked;
mod automatic;
mod automatic_edits;
mod board;
mod connections;
mod edit_asked;
mod engine;
mod event;
mod event_log;
mod event_stream;
mod form_data;
mod guard;
mod intake;
mod job;
mod job_id;
mod jobs;
mod metrics;
mod openai;
mod openai_edits;
mod openapi;
mod openapi_model;
mod page;
mod progress_share;
mod refusal;
mod round;
mod routes;
mod served_model;
mod settings;
mod text_memory;
mod token;
mod worker;
#[cfg(test)]
mod worker_tests;

use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use pixelflow_host::interrupt::Interrupt;
use pixelflow_host::output::{note, say};
use tokio::runtime::Builder;

use self::board::Board;
use self::metrics::Metrics;
pub(crate) use self::served_model::ServedModel;
pub(crate) use self::settings::Settings;
pub(crate) use self::token::Token;
use crate::{Error, Result};

/// How long connections have to end when there is nothing left to answer.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// The worker's stack, as large as that of a program.
const STACK: usize = 8 << 20;

/// All that requests and the worker share.
#[derive(Debug)]
struct Server {
    settings: Settings,
    model: ServedModel,
    board: Board,
    metrics: Metrics,
}

/// Serves until somebody tells the program to end.
///
/// # Errors
/// [`Error::Argument`] for an address that cannot be listened on; what opening the model says.
pub(crate) fn run(settings: Settings, model: ServedModel) -> Result<()> {
    let listener = listen(&settings)?;
    let (name, device) = (model.source.short_name(), model.device);
    let address = listener.local_addr().map_err(|error| cannot_listen(&settings, &error))?;
    let board = Board::new(settings.queue, settings.keep);
    let server = Arc::new(Server { settings, model, board, metrics: Metrics::default() });
    let interrupt = Interrupt::listen("finishing what was asked for; nothing new is taken")?;
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| cannot_listen(&server.settings, &error))?;
    say(format_args!("{name} draws on {device}: http://{address}"))?;
    let (ended, worker_ended) = mpsc::channel();
    let shared = Arc::clone(&server);
    let work = move || {
        let worked = catch_unwind(AssertUnwindSafe(|| worker::work(&shared)));
        let broken = |panic| Err(pixelflow::Error::Device { reason: worker::words(panic) }.into());
        let _ = ended.send(worked.unwrap_or_else(broken));
        shared.board.worker_is_gone();
    };
    let thread = std::thread::Builder::new().name("worker".to_owned()).stack_size(STACK);
    let worker = thread.spawn(work);
    worker.map_err(|error| cannot_listen(&server.settings, &error))?;
    let served = runtime.block_on(connections::serve(listener, &server, &interrupt));
    served.map_err(|error| cannot_listen(&server.settings, &error))?;
    // A worker in the midst of a step that outlasts the grace is left to the end of the program.
    let worked = worker_ended.recv_timeout(LAST_WORDS).unwrap_or(Ok(()));
    match server.board.given_up() {
        0 => {}
        left => note(format_args!("{left} jobs were not finished within --grace")),
    }
    // Connections that would not end are left behind.
    runtime.shutdown_background();
    worked
}

fn listen(settings: &Settings) -> Result<TcpListener> {
    let listener = TcpListener::bind((settings.host, settings.port));
    let listener = listener.and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listener.map_err(|error| cannot_listen(settings, &error))
}

fn cannot_listen(settings: &Settings, error: &std::io::Error) -> Error {
    use std::io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied};
    let port = |reason: &str| ("--port", settings.port.to_string(), reason.to_owned());
    let (argument, value, reason) = match error.kind() {
        AddrInUse => {
            port("another program listens there; take another port, or 0 for any that is free")
        }
        PermissionDenied => port("the system does not allow it; take a port from 1024 on"),
        AddrNotAvailable => {
            ("--host", settings.host.to_string(), "this machine has no such address".to_owned())
        }
        _ => ("--host", settings.host.to_string(), error.to_string()),
    };
    Error::Argument { argument, value, reason }
}
