//! Connections: accepted, limited, and ended when the server ends.

use std::io;
use std::net::TcpListener as Listener;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use pixelflow_host::interrupt::Interrupt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;

use super::settings::{MAX_CONNECTIONS, PATIENCE};
use super::{LAST_WORDS, Server, routes};

/// How often it is looked whether the program is to end.
const TICK: Duration = Duration::from_millis(50);

/// Answers until the program is to end and its jobs are done, or the worker is gone.
///
/// # Errors
/// What the operating system says of the listener.
pub(super) async fn serve(
    listener: Listener,
    server: &Arc<Server>,
    interrupt: &Interrupt,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let service = TowerToHyperService::new(routes::router(server));
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (closing, closed) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut ending = pin!(end(server, interrupt));
    loop {
        tokio::select! {
            () = &mut ending => break,
            Some(_) = connections.join_next() => {}
            accepted = accept(&listener, &permits) => match accepted {
                Ok((stream, permit)) => {
                    let (service, closed) = (service.clone(), closed.clone());
                    connections.spawn(async move {
                        answer(stream, service, closed).await;
                        drop(permit);
                    });
                }
                // Such as too many open files: it may be better soon.
                Err(_) => sleep(TICK).await,
            },
        }
    }
    drop(listener);
    closing.send_replace(true);
    let _ = timeout(LAST_WORDS, async { while connections.join_next().await.is_some() {} }).await;
    Ok(())
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    Ok((listener.accept().await?.0, permit))
}

/// Answers the requests of a connection; what goes wrong with it is its client's affair.
async fn answer(
    stream: TcpStream,
    service: TowerToHyperService<axum::Router>,
    mut closed: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(64 << 10);
    // Who asks and does not read holds a connection of others.
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(PATIENCE));
    let stream = TokioIo::new(Box::pin(stream));
    let mut connection = pin!(protocol.serve_connection(stream, service));
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = closed.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// Returns when the program is to end and its jobs are done, or given up; or the worker is gone.
async fn end(server: &Arc<Server>, interrupt: &Interrupt) {
    let board = &server.board;
    while !interrupt.is_wanted() && !board.has_no_worker() {
        sleep(TICK).await;
    }
    board.close();
    let began = Instant::now();
    while !board.has_no_worker() && began.elapsed() < server.settings.grace {
        sleep(TICK).await;
    }
    board.give_up("the server was told to end before the images were drawn");
}
