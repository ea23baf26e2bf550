//! How much the gateway takes on, and for how long. Without an end to each of these, a client that
//! is slow, or many of them, could have all the memory there is.

use std::time::Duration;

/// The bounds of one gateway.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the connection's beginning, or from the last answer, to the end of the next head. A
    /// connection that sends nothing is closed then; half a head is answered 408.
    pub head: Duration,
    /// What a request's head may take, in bytes, at least 8 KiB; a connection reads ahead by twice
    /// that at most. A head has 100 headers at most.
    pub head_bytes: usize,
    /// From a body's beginning to its end; then 408.
    pub body: Duration,
    /// How much of an answer the system keeps that a client has not read, in bytes. Left to itself it would
    /// keep MiB for each.
    pub unread: usize,
    /// How long a client may read nothing of its answer; then the connection is reset.
    pub stall: Duration,
    /// Connections open at once. Further ones are closed as soon as they are made.
    pub connections: usize,
    /// Commands at once, until their answers are written. Further ones are answered 503 at once.
    pub commands: usize,
    /// Reads at once, as above; health and metrics are not among them.
    pub reads: usize,
    /// Requests that read entries of the log at once, 16 MiB each at most; others wait for their turn.
    pub log_readers: usize,
    /// Clients that follow the log at once, 2 MiB each at most: 512 KiB of events, the rest of an entry, and
    /// what is unread. Further ones are answered 503 at once.
    pub followers: usize,
    /// How long a client that follows the log may hear nothing; then it is told how far the log has
    /// been looked at, so that both sides see that the other one is there.
    pub silence: Duration,
    /// How long what a client still sends after its last answer is taken in and thrown away: whoever
    /// is cut off in the middle of sending never sees why.
    pub linger: Duration,
    /// How long requests that have come in may take once the service is to stop.
    pub drain: Duration,
}

impl Limits {
    /// What a gateway runs with. At worst 256 MiB are held of what connections have read ahead, 512 MiB of entries
    /// that requests read, 64 MiB of those that were read lately, 256 MiB of answers, 512 MiB of what followers are
    /// yet to read, and 384 MiB of commands.
    pub const PRODUCTION: Self = Self {
        head: Duration::from_secs(30),
        head_bytes: 64 * 1024,
        body: Duration::from_secs(15),
        unread: 256 * 1024,
        stall: Duration::from_secs(10),
        connections: 2048,
        commands: 1536, // an entry takes 256, and others are filled meanwhile
        reads: 512,
        log_readers: 32,
        followers: 256,
        silence: Duration::from_secs(15),
        linger: Duration::from_secs(5),
        drain: Duration::from_secs(8),
    };
}
