//! A client that does as little as one can: a connection that stays, and one request after the other
//! on it. hyper itself, so that the client's share of the cores is small.

use std::net::SocketAddr;

use anyhow::bail;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request,
    client::conn::http1::{SendRequest, handshake},
    header::{CONTENT_TYPE, HOST},
    http::request::Builder,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A connection to a server.
pub(crate) struct Connection {
    address: SocketAddr,
    requests: SendRequest<Full<Bytes>>,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (requests, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection); // it ends with `requests`
        Ok(Self { address, requests })
    }

    /// Posts JSON, and reads the whole answer.
    pub(crate) async fn post(&mut self, path: &str, json: Bytes) -> anyhow::Result<()> {
        self.ask(Request::post(path).header(CONTENT_TYPE, "application/json"), json).await
    }

    /// Reads what is there.
    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<()> {
        self.ask(Request::get(path), Bytes::new()).await
    }

    async fn ask(&mut self, request: Builder, body: Bytes) -> anyhow::Result<()> {
        let request = request.header(HOST, self.address.to_string()).body(Full::new(body))?;
        self.requests.ready().await?; // it has read the last answer, and may not know it yet
        let answer = self.requests.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if status.is_success() {
            return Ok(());
        }
        bail!("{status}: {}", String::from_utf8_lossy(&body))
    }
}
