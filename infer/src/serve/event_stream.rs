//! The events of a job as a stream of server-sent events.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::Server;
use super::event_log::Entry;
use super::job::{Job, Wish};

/// A stream says at least this often that it is alive.
const PULSE: Duration = Duration::from_secs(15);
/// Frames on their way to a slow reader.
const FRAMES: usize = 4;

/// Ends a job when it is dropped: nobody waits for it any more.
pub(super) struct CancelOnDrop {
    server: Arc<Server>,
    job: Arc<Job>,
}

impl CancelOnDrop {
    /// Of this job.
    pub(super) fn new(server: &Arc<Server>, job: &Arc<Job>) -> Self {
        Self { server: Arc::clone(server), job: Arc::clone(job) }
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.server.board.ask(&self.job, Wish::Cancel);
    }
}

/// An answer with the events of a job after number `after`, each as `frame` writes it, until the last.
/// `held` is dropped when the reader has gone or all is said.
pub(super) fn respond(
    job: Arc<Job>,
    after: u64,
    frame: impl FnMut(&Entry) -> Option<String> + Send + 'static,
    held: Option<CancelOnDrop>,
) -> Response {
    let (sender, receiver) = mpsc::channel(FRAMES);
    tokio::spawn(async move {
        pour(&job, after, frame, &sender).await;
        drop(held);
    });
    let mut response = Body::from_stream(Frames(receiver)).into_response();
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    // Some proxies would keep events until there are many.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

async fn pour(
    job: &Job,
    mut after: u64,
    mut frame: impl FnMut(&Entry) -> Option<String>,
    sender: &mpsc::Sender<Bytes>,
) {
    let mut news = job.log.listen();
    loop {
        news.borrow_and_update();
        // Asked first: what comes in between is sent in the next turn.
        let is_over = job.log.is_over();
        for entry in job.log.after(after) {
            after = entry.id;
            if let Some(text) = frame(&entry)
                && sender.send(text.into()).await.is_err()
            {
                return;
            }
        }
        if is_over {
            return;
        }
        tokio::select! {
            _ = news.changed() => {}
            () = sender.closed() => return,
            () = sleep(PULSE) => {
                if sender.send(Bytes::from_static(b": still here\n\n")).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Waits until nothing more becomes of a job.
pub(super) async fn ended(job: &Job) {
    let mut news = job.log.listen();
    while !job.has_ended() {
        let _ = news.changed().await;
    }
}

/// An event with its name, number and data, which is JSON in one line.
pub(super) fn named(name: &str, id: Option<u64>, data: &serde_json::Value) -> String {
    let id = id.map_or(String::new(), |id| format!("id: {id}\n"));
    format!("{id}event: {name}\ndata: {data}\n\n")
}

/// What comes through a channel, as a stream.
struct Frames(mpsc::Receiver<Bytes>);

impl Stream for Frames {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|frame| frame.map(Ok))
    }
}
