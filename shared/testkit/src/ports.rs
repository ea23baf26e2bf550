//! Ports that stay a process's own while it is down.

use std::net::TcpListener;

/// A free port below those that the system gives to outgoing connections. One of these could be taken
/// while nobody listens: a client that tries to connect again can even reach itself.
pub(crate) fn free_port() -> u16 {
    let drawn = (0..1000).map(|_| rand::random_range(10_000..32_000));
    drawn
        .into_iter()
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("of a thousand ports one is free")
}
