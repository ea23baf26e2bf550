//! One connection, from its first byte to its last.

use std::{
    error::Error,
    future::poll_fn,
    io::{self, ErrorKind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{Router, http::Request};
use futures_util::TryFutureExt;
use hyper::{
    body::Incoming,
    server::conn::http1::{Builder, Parts},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy, sink},
    net::TcpStream,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing::{debug, warn};

use super::{refusal, socket::Socket};
use crate::{edge::cut_off, limits::Limits, log::live};

/// How much is thrown away after the last answer, in bytes.
const THROWN_AWAY: u64 = 16 * 1024 * 1024;

/// Answers one request after the other, until one of the two sides has had enough.
pub async fn serve(client: TcpStream, router: Router, limits: Limits, shutdown: CancellationToken) {
    // Answers are small and written at once: nothing is gained by waiting for more of them.
    if let Err(error) = client.set_nodelay(true) {
        warn!(%error, "answers may be late");
    }
    if let Err(error) = SockRef::from(&client).set_send_buffer_size(limits.unread) {
        warn!(%error, "a client that reads nothing may be noticed late");
    }
    let (asked, follows) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (first, last) = (Arc::clone(&asked), Arc::clone(&follows));
    let service = service_fn(move |request: Request<Incoming>| {
        first.store(true, Ordering::Relaxed);
        let (answer, last) = (router.clone().oneshot(request), Arc::clone(&last));
        Box::pin(answer.inspect_ok(move |answer| last.store(live::is_answer(answer), Ordering::Relaxed)))
    });
    let mut connection = Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes)
        .serve_connection(TokioIo::new(Socket::new(client, limits.stall)), service);

    let ended = tokio::select! {
        biased; // so that what has come in is seen before the end is
        ended = poll_fn(|context| connection.poll_without_shutdown(context)) => Some(ended),
        () = shutdown.cancelled() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None if asked.load(Ordering::Relaxed) => {
            Pin::new(&mut connection).graceful_shutdown();
            poll_fn(|context| connection.poll_without_shutdown(context)).await
        }
        None => return, // hyper would wait for the first request
    };
    let Parts { io, read_buf, .. } = connection.into_parts();
    tokio::select! {
        biased; // so that a refusal is still written
        () = part(io.into_inner(), ended, follows.load(Ordering::Relaxed), !read_buf.is_empty(), limits) => {}
        () = shutdown.cancelled() => {}
    }
}

/// Says why, if nobody has, and lets the client read it. `follows`: the log was its last answer;
/// `begun`: part of a head is there.
async fn part(mut client: Socket, ended: hyper::Result<()>, follows: bool, begun: bool, limits: Limits) {
    match ended {
        Ok(()) => {}
        Err(error) if is_stall(&error) => {
            cut_off(if follows { "stream" } else { "answer" });
            let _ = client.reset();
            return;
        }
        Err(error) if error.is_timeout() && begun => {
            cut_off("head");
            refusal::write(refusal::late(), &mut client).await;
        }
        Err(error) if error.is_timeout() => return cut_off("idle"),
        Err(error) if error.is_parse() => {
            let problem = refusal::of(client.refused);
            refusal::write(problem, &mut client).await;
        }
        Err(error) => return debug!("a connection broke: {error}"),
    }
    let _ = timeout(limits.linger, linger(client)).await;
}

fn is_stall(error: &hyper::Error) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    source.is_some_and(|source| source.kind() == ErrorKind::TimedOut)
}

/// A socket that is closed while something unread is in it is reset, and what was written is lost.
async fn linger(mut client: Socket) -> io::Result<()> {
    client.shutdown().await?;
    copy(&mut client.take(THROWN_AWAY), &mut sink()).await?;
    Ok(())
}
