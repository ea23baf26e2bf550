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
        annals_client::Client::with_http(&self.base_url, self.http.clone()).expect("it is an address")
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

#[cfg(test)]
mod tests {
    use std::{env, process::Command};

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
        time::timeout,
    };

    use super::*;

    const NAME: &str = "client::tests::no_proxy_stands_between_a_test_and_its_system";
    /// Where nobody is.
    const PROXY: (&str, &str) = ("http_proxy", "http://127.0.0.1:1");

    /// A proxy is named by the environment, which is that of a process: this runs itself in another one.
    #[tokio::test]
    async fn no_proxy_stands_between_a_test_and_its_system() {
        if env::var(PROXY.0).as_deref() != Ok(PROXY.1) {
            let mut behind_a_proxy = Command::new(env::current_exe().unwrap());
            behind_a_proxy.args(["--exact", NAME]).env(PROXY.0, PROXY.1);
            behind_a_proxy.env_remove("no_proxy").env_remove("NO_PROXY");
            let output = behind_a_proxy.output().unwrap();
            let printed = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
            return;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::new(listener.local_addr().unwrap().port());
        let asked = client.typed().patient_for(Duration::from_secs(9));
        let asked = tokio::spawn(async move { asked.events().page(1).await });
        let accepted = timeout(PATIENCE, listener.accept()).await.expect("it is asked, and no proxy");
        let mut connection = accepted.unwrap().0;
        assert_ne!(connection.read(&mut [0; 1024]).await.unwrap(), 0);
        let page = "{\"events\":[],\"next\":0,\"end\":true}";
        let answer = format!("HTTP/1.1 200 X\r\ncontent-length: {}\r\n\r\n{page}", page.len());
        connection.write_all(answer.as_bytes()).await.unwrap();
        assert!(asked.await.unwrap().unwrap().end);
    }
}
