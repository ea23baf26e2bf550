//! The wire to one client. It is cut when the client does not read, and it keeps back what hyper says
//! to a request that is not HTTP: an empty body, where every failure is to be a problem.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::{StatusCode, header::X_CONTENT_TYPE_OPTIONS};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_io_timeout::TimeoutStream;

/// A client's socket.
pub struct Socket {
    stream: Pin<Box<TimeoutStream<TcpStream>>>,
    /// What hyper has meant to answer.
    pub refused: Option<StatusCode>,
}

impl Socket {
    /// Waits for the client to read, but no longer than `stall`.
    pub fn new(client: TcpStream, stall: Duration) -> Self {
        let mut stream = TimeoutStream::new(client);
        stream.set_write_timeout(Some(stall));
        Self { stream: Box::pin(stream), refused: None }
    }

    /// Closes without waiting for what is still to be read, which the kernel would keep for minutes.
    pub fn reset(self) -> io::Result<()> {
        self.stream.get_ref().set_zero_linger()
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_read(context, buffer)
    }
}

/// Not vectored, so that a head is seen whole.
impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match refusal(bytes) {
            Some((0, status)) => {
                self.refused = Some(status);
                Poll::Ready(Ok(bytes.len()))
            }
            // An answer to an earlier request comes first; the rest is seen again.
            Some((begin, _)) => self.stream.as_mut().poll_write(context, &bytes[..begin]),
            None => self.stream.as_mut().poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.stream.as_mut().poll_shutdown(context))?;
        Poll::Ready(Ok(()))
    }
}

/// Where a refusal of hyper's own begins, if one is the last in `bytes`: a head without a body, and
/// without a header that all of our answers have.
fn refusal(bytes: &[u8]) -> Option<(usize, StatusCode)> {
    const BEGIN: &[u8] = b"HTTP/1.1 4";
    if !bytes.ends_with(b"\r\n\r\n") {
        return None; // nearly every answer: nothing is looked for in its body
    }
    let begin = bytes.windows(BEGIN.len()).rposition(|part| part == BEGIN)?;
    let head = &bytes[begin..];
    let ours = X_CONTENT_TYPE_OPTIONS.as_str().as_bytes();
    if head.windows(ours.len()).any(|part| part == ours) {
        return None;
    }
    Some((begin, StatusCode::from_bytes(head.get(9..12)?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hypers_own_refusals_are_recognised_and_no_other_answer_is() {
        let own = "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n\r\n";
        let ours = "HTTP/1.1 404 Not Found\r\nx-content-type-options: nosniff\r\ncontent-length: 0\r\n\r\n";
        let too_large = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;

        assert_eq!(refusal(own.as_bytes()), Some((0, too_large)));
        assert_eq!(refusal([ours, own].concat().as_bytes()), Some((ours.len(), too_large)));
        for other in [ours, &[own, ours].concat(), &[own, "{}"].concat(), "HTTP/1.1 100 Continue\r\n\r\n", ""]
        {
            assert_eq!(refusal(other.as_bytes()), None, "{other}");
        }
    }
}
