//! What a running system prints.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    sync::watch,
};

/// Everything that was printed so far, over all starts. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Output(Arc<Mutex<String>>);

impl Output {
    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, line: &str) {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.push_str(line);
        text.push('\n');
    }

    /// Keeps what `from` brings until it ends, and tells the first base URL that is in it.
    pub(crate) fn follow(
        &self,
        from: impl AsyncRead + Unpin + Send + 'static,
    ) -> watch::Receiver<Option<String>> {
        let (found, url) = watch::channel(None);
        let output = self.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(from).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                output.add(&line);
                if found.borrow().is_none()
                    && let Some(url) = base_url(&line)
                {
                    found.send_replace(Some(url));
                }
            }
        });
        url
    }
}

/// `http://127.0.0.1:PORT`, out of a line that says where the system listens.
fn base_url(line: &str) -> Option<String> {
    const START: &str = "http://127.0.0.1:";
    let (_, rest) = line.split_once(START)?;
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some(format!("{START}{}", port.parse::<u16>().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_url_is_found_and_everything_is_kept() {
        let output = Output::default();
        let printed =
            b"nats-server runs at nats://127.0.0.1:4222\nAnnals listens on http://127.0.0.1:43121.\nbye\n";
        let mut url = output.follow(&printed[..]);
        assert_eq!(url.wait_for(Option::is_some).await.unwrap().as_deref(), Some("http://127.0.0.1:43121"));
        assert!(url.changed().await.is_err(), "the end of the output ends the search");
        assert_eq!(output.text().lines().last(), Some("bye"));
    }
}
