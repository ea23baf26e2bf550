//! A Chromium without a window, driven as its standard says: <https://www.w3.org/TR/webdriver2/>.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{eventually_within, process::Process};

/// How long a start may take.
const START: Duration = Duration::from_secs(30);

/// What the standard calls the id of an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with a profile of its own. Dropping it ends it.
#[derive(Debug)]
pub struct Browser {
    driver: Process,
    address: String,
    session: String,
    http: Client,
    folder: TempDir,
}

impl Browser {
    /// Starts Debian's `chromium` by its `chromedriver`.
    pub async fn start() -> Self {
        let folder = TempDir::new().expect("a temporary directory can be made");
        let log = folder.path().join("driver.log");
        let mut driver = Process::new("chromedriver".into(), &["--port=0"], log);
        driver.start().await;
        let port = eventually_within(START, "chromedriver says where it listens", async || {
            driver.assert_runs();
            let printed = driver.printed().ok()?;
            let (_, rest) = printed.split_once("started successfully on port ")?;
            rest.split_once('.').map(|(port, _)| port.to_owned())
        })
        .await;
        let http = Client::builder().no_proxy().timeout(START).build();
        let mut browser = Self {
            driver,
            address: format!("127.0.0.1:{port}"),
            session: String::new(),
            http: http.expect("a client without TLS needs nothing"),
            folder,
        };
        browser.begin().await;
        browser
    }

    async fn begin(&mut self) {
        let profile = self.folder.path().join("profile");
        let arguments = [
            "--headless=new",
            "--no-sandbox", // which root cannot have
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--no-first-run",
            "--window-size=900,1000",
            &format!("--user-data-dir={}", profile.display()),
        ];
        let wanted =
            json!({ "goog:chromeOptions": { "args": arguments }, "goog:loggingPrefs": { "browser": "ALL" } });
        let begun = self.post("/session", &json!({ "capabilities": { "alwaysMatch": wanted } })).await;
        let id = begun["sessionId"].as_str().expect("a session has an id");
        self.session = format!("/session/{id}");
    }

    /// Goes to an address, and waits until all of the page is there.
    pub async fn open(&self, address: &str) {
        self.tell("/url", &json!({ "url": address })).await;
    }

    /// Types into the element, as a person does.
    pub async fn type_into(&self, selector: &str, text: &str) {
        let element = self.find(selector).await;
        self.tell(&format!("{element}/value"), &json!({ "text": text })).await;
    }

    /// Clicks on the element, as a person does.
    pub async fn click(&self, selector: &str) {
        let element = self.find(selector).await;
        self.tell(&format!("{element}/click"), &json!({})).await;
    }

    /// Runs a script in the page, and hands on what it returns.
    pub async fn run(&self, script: &str) -> Value {
        self.tell("/execute/sync", &json!({ "script": script, "args": [] })).await
    }

    /// The text that a person sees of the page.
    pub async fn text(&self) -> String {
        let text = self.run("return document.body.innerText").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// What the page, or the browser about it, has complained of since this was last asked.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.tell("/se/log", &json!({ "type": "browser" })).await;
        let entries = entries.as_array().expect("a log has entries").iter();
        let severe = entries.filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        severe.map(|entry| entry["message"].to_string()).collect()
    }

    /// What the page looks like, as PNG.
    pub async fn picture(&self) -> Vec<u8> {
        let answer =
            self.http.get(format!("http://{}{}/screenshot", self.address, self.session)).send().await;
        let answer: Value = answer.expect("the driver answers").json().await.expect("it answers JSON");
        BASE64_STANDARD.decode(answer["value"].as_str().expect("a picture")).expect("it is in base64")
    }

    async fn find(&self, selector: &str) -> String {
        let found = self.tell("/element", &json!({ "using": "css selector", "value": selector })).await;
        format!("/element/{}", found[ELEMENT].as_str().expect("an element has an id"))
    }

    async fn tell(&self, path: &str, body: &Value) -> Value {
        self.post(&format!("{}{path}", self.session), body).await
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.http.post(format!("http://{}{path}", self.address)).json(body).send().await;
        let answer = answer.expect("the driver answers");
        let status = answer.status();
        let mut answer: Value = answer.json().await.expect("it answers JSON");
        assert!(status.is_success(), "{path} {body}: {answer}");
        answer["value"].take()
    }
}

/// The driver would leave the browser behind, so that is ended first. Nothing can be awaited here.
impl Drop for Browser {
    fn drop(&mut self) {
        if let Ok(mut driver) = TcpStream::connect(&self.address) {
            let _ = driver.set_read_timeout(Some(START));
            let _ = write!(
                driver,
                "DELETE {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
                self.session, self.address
            );
            let _ = driver.read_to_end(&mut Vec::new());
        }
        self.driver.kill_now();
    }
}
