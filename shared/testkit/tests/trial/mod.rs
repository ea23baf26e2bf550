//! What "back in service" means, for each part of the system.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use annals_testkit::{Client, Load, email, eventually_within};
use tokio::time::timeout;
use uuid::Uuid;

/// How soon after its restart whatever was killed serves again.
const BACK: Duration = Duration::from_secs(5);
/// Whatever was acknowledged so long before a kill may have reactions under way.
const UNDER_WAY: Duration = Duration::from_secs(2);

/// The moment of a restart. What follows is measured from there.
pub struct Restart {
    at: Instant,
    /// Accounts whose owners may not have been welcomed yet when something was killed.
    under_way: Vec<Uuid>,
}

impl Restart {
    /// Just before the kill: notes what is under way.
    pub fn about_to_kill(load: &Load) -> Self {
        Self { at: Instant::now(), under_way: load.opened_within(UNDER_WAY) }
    }

    /// It is started again now.
    pub fn now(self) -> Self {
        Self { at: Instant::now(), ..self }
    }

    /// All of it serves.
    pub async fn everything_is_back(&self, load: &Load, client: &Client) {
        self.commands_are_taken(load).await;
        self.views_follow(load, client).await;
        self.reactors_react(load, client).await;
    }

    /// A command is acknowledged.
    pub async fn commands_are_taken(&self, load: &Load) {
        let acknowledged = timeout(self.rest(), load.deposit()).await;
        assert!(acknowledged.is_ok(), "no command was acknowledged within {BACK:?} of the restart");
        println!("  commands are taken {:?} after the restart", self.at.elapsed());
    }

    /// What was acknowledged after the kill can be read.
    pub async fn views_follow(&self, load: &Load, client: &Client) {
        let written = load.deposit().await;
        let path = format!("/v1/views/balances/{}", written.id);
        eventually_within(self.rest(), "the view has what was written after the kill", async || {
            let call = client.get(&path).header("Annals-Min-Position", &written.position.to_string());
            call.attempt().await.is_ok_and(|answer| answer.status == 200)
        })
        .await;
        println!("  views follow {:?} after the restart", self.at.elapsed());
    }

    /// Whoever opens an account is welcomed, and so is whoever had opened one just before the kill.
    pub async fn reactors_react(&self, load: &Load, client: &Client) {
        let opened = load.open().await;
        let mut waiting: BTreeSet<_> =
            self.under_way.iter().chain([&opened.id]).copied().map(email).collect();
        let all = format!("the {} who opened accounts around the kill are welcomed", waiting.len());
        eventually_within(self.rest(), &all, async || {
            for recipient in latest_recipients(client).await {
                waiting.remove(&recipient);
            }
            waiting.is_empty()
        })
        .await;
        println!(
            "  reactors react {:?} after the restart, {} were under way",
            self.at.elapsed(),
            self.under_way.len()
        );
    }

    fn rest(&self) -> Duration {
        BACK.saturating_sub(self.at.elapsed())
    }
}

/// Whom the latest mails were sent to, as far as that can be asked right now.
async fn latest_recipients(client: &Client) -> Vec<String> {
    let answer = client.get("/v1/views/notifications?status=sent&limit=500").attempt().await;
    let rows = answer.ok().and_then(|answer| answer.json["rows"].as_array().cloned()).unwrap_or_default();
    rows.iter().filter_map(|row| row["to"].as_str().map(Into::into)).collect()
}
