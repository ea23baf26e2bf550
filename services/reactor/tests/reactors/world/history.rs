//! What the log holds, read by the rules of the chain.

use annals_core::{
    Position, StoredCommit,
    log::{Chain, Entry, Head, Log, LogError, Membership, SUBJECT},
};
use annals_nats::JetStreamLog;

pub struct History {
    log: JetStreamLog,
    chain: Chain,
    /// The last message on the subject of the chain.
    pub last: Position,
    pub commits: Vec<StoredCommit>,
}

impl History {
    pub fn new(log: JetStreamLog) -> Self {
        let chain = Chain::new(Head::start(log.id()));
        Self { log, chain, last: 0, commits: Vec::new() }
    }

    pub fn head(&self) -> Head {
        self.chain.head()
    }

    /// Reads what is new.
    pub async fn catch_up(&mut self) -> Result<(), LogError> {
        for message in self.log.read(self.chain.checkpoint().position, 10_000).await? {
            if message.subject == SUBJECT {
                self.last = message.position;
            }
            match self.chain.take(&message) {
                Membership::Entry(head) => {
                    let entry = Entry::decode(head.position, head.hash, &message.body).unwrap();
                    self.commits.extend(entry.commits);
                }
                Membership::Foreign(_) => {}
                other @ (Membership::Redelivered | Membership::Stop(_)) => panic!("{other:?}"),
            }
        }
        Ok(())
    }
}
