//! Bank accounts over HTTP. Each story uses its part.
#![allow(dead_code)]

use annals_testkit::{Answer, Call, System};
use serde_json::{Value, json};
use uuid::Uuid;

/// One account in a running system.
pub struct Account<'a> {
    /// The system that it is in.
    pub system: &'a System,
    /// The account's id.
    pub id: Uuid,
}

impl<'a> Account<'a> {
    /// Opens one for Ada.
    pub async fn open(system: &'a System) -> Self {
        let account = Self { system, id: Uuid::new_v4() };
        let opened = account.give("open", &json!({ "owner_email": "ada@example.com" })).await;
        assert_eq!(opened.status, 201, "{}", opened.text);
        account
    }

    /// A command, not yet sent.
    pub fn give(&self, command: &str, data: &Value) -> Call {
        self.system.post(&format!("/v1/commands/account/{}/{command}", self.id), data)
    }

    /// Pays in.
    pub async fn deposit(&self, amount: u64) -> Value {
        self.give("deposit", &json!({ "amount": amount })).await.accepted()
    }

    /// Tries to take out.
    pub async fn withdraw(&self, amount: u64) -> Answer {
        self.give("withdraw", &json!({ "amount": amount })).await
    }

    /// The row in `balances`, as it is once the view has everything up to `position`.
    pub async fn balance_at(&self, position: u64) -> Answer {
        let path = format!("/v1/views/balances/{}", self.id);
        self.system.get(&path).header("Annals-Min-Position", &position.to_string()).await
    }

    /// The whole stream.
    pub async fn events(&self) -> Vec<Value> {
        let path = format!("/v1/streams/account/{}?limit=500", self.id);
        let body = self.system.get(&path).await.accepted();
        body["events"].as_array().expect("a stream has events").clone()
    }
}

/// Where a command left its stream, in the whole log.
pub fn position(body: &Value) -> u64 {
    body["position"].as_u64().expect("an answer has a position")
}
