//! What an operator does by hand, without the client that the services use.

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// Sends one request to a nats-server (`nats://HOST:PORT`) and gives the answer, word for word.
///
/// # Panics
/// When the server is not there, or nobody answers on that subject.
pub async fn raw(url: &str, subject: &str, payload: &str) -> String {
    let address = url.strip_prefix("nats://").expect("an address of a nats-server");
    let stream = TcpStream::connect(address).await.expect("the server is there");
    let mut stream = BufReader::new(stream);
    let options = r#"{"verbose":false,"headers":true,"no_responders":true}"#;
    let length = payload.len();
    let request = format!(
        "CONNECT {options}\r\nSUB answer 1\r\nPUB {subject} answer {length}\r\n{payload}\r\nPING\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("the server listens");
    loop {
        let mut line = String::new();
        assert_ne!(stream.read_line(&mut line).await.expect("the server answers"), 0, "it hung up");
        assert!(!line.starts_with("HMSG"), "nobody answers on {subject}");
        if line.starts_with("MSG") {
            let length = line.trim_end().rsplit(' ').next().and_then(|it| it.parse().ok());
            let mut answer = vec![0; length.expect("a message says how long it is")];
            stream.read_exact(&mut answer).await.expect("the message is whole");
            return String::from_utf8(answer).expect("answers are text");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nats;

    #[tokio::test]
    async fn the_server_answers() {
        let answer = raw(&nats().await.url(), "$JS.API.INFO", "").await;
        assert!(answer.contains("\"memory\""), "{answer}");
    }

    #[tokio::test]
    #[should_panic(expected = "nobody answers on nowhere")]
    async fn nobody_is_no_answer() {
        raw(&nats().await.url(), "nowhere", "").await;
    }
}
