//! Requests to a running system, however it runs.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::Call;

/// Longer than the gateway lets anything take.
const PATIENCE: Duration = Duration::from_secs(40);

/// Speaks to one gateway. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base_url: String,
}

impl Client {
    pub(crate) fn new(port: u16) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = http.read_timeout(PATIENCE).build().expect("a client without TLS needs nothing");
        Self { http, base_url: format!("http://127.0.0.1:{port}") }
    }

    /// `http://127.0.0.1:PORT`, the same over all starts.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The client that everybody else uses: typed, and it repeats what is safe to repeat.
    #[must_use]
    pub fn typed(&self) -> annals_client::Client {
        annals_client::Client::try_new(&self.base_url).expect("it is an address")
    }

    /// Any request. `path` begins with a slash and may have a query.
    pub fn request(&self, method: Method, path: &str) -> Call {
        Call(self.http.request(method, format!("{}{path}", self.base_url)))
    }

    /// A read.
    pub fn get(&self, path: &str) -> Call {
        self.request(Method::GET, path)
    }

    /// A write.
    pub fn post(&self, path: &str, body: &Value) -> Call {
        self.request(Method::POST, path).json(body)
    }

    /// Whether every view has been at the log's end, and answers from then on.
    pub(crate) async fn shows_everything(&self) -> bool {
        let views = self.get("/v1/views").attempt().await.map(|answer| answer.json["views"].clone());
        let live = |views: &Vec<Value>| views.iter().all(|view| view["state"] == "live");
        views.is_ok_and(|views| views.as_array().is_some_and(live))
    }

    /// Whether all services are there.
    pub(crate) async fn is_ready(&self) -> bool {
        self.get("/readyz").attempt().await.is_ok_and(|answer| answer.status.is_success())
    }
}
