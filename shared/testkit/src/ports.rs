//! Ports that stay a process's own while it is down.

use std::{
    net::{Ipv4Addr, TcpListener, UdpSocket},
    sync::{Mutex, PoisonError},
};

/// What says that a port is taken: the UDP port of the same number, which nobody here uses, held until this
/// process ends. To look whether a TCP port is free is to hold it for a moment, and that moment may be
/// the one in which the server of another test, in another process, wants it.
static CLAIMS: Mutex<Vec<UdpSocket>> = Mutex::new(Vec::new());

/// A free port below those that the system gives to outgoing connections. One of these could be taken
/// while nobody listens: a client that tries to connect again can even reach itself.
pub(crate) fn free_port() -> u16 {
    let (port, claim) = (0..1000)
        .map(|_| rand::random_range(10_000..32_000))
        .find_map(|port| Some((port, claimed(port)?)))
        .expect("of a thousand ports one is free");
    CLAIMS.lock().unwrap_or_else(PoisonError::into_inner).push(claim);
    port
}

/// The claim on a port that nobody else has claimed and on which nobody listens.
fn claimed(port: u16) -> Option<UdpSocket> {
    let claim = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
    Some(claim)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_port_is_given_twice() {
        let given: HashSet<_> = (0..200).map(|_| free_port()).collect();

        assert_eq!(given.len(), 200);
    }

    #[test]
    fn a_port_that_somebody_claims_is_not_even_looked_at() {
        let port = free_port();

        assert!(claimed(port).is_none());
    }
}
