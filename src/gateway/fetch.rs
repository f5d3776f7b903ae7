//! A text over HTTP.

use reqwest::{Client, ClientBuilder};
use std::cell::OnceCell;

/// A client that is made when something is asked for first: it reads the authorities that the system trusts, which is memory, and
/// fails where there are none.
pub(super) struct Fetcher {
    how: fn(ClientBuilder) -> ClientBuilder,
    client: OnceCell<Client>,
}

impl Fetcher {
    /// Asks as `how` has it.
    pub(super) fn new(how: fn(ClientBuilder) -> ClientBuilder) -> Self {
        Self { how, client: OnceCell::new() }
    }

    /// The text at `url`, of no more than `limit` bytes.
    pub(super) async fn text(&self, url: &str, accept: &str, limit: usize) -> Result<String, String> {
        let told = |error: reqwest::Error| error.without_url().to_string();
        let mut response = self.client().map_err(told)?.get(url).header("accept", accept).send().await.map_err(told)?;
        if !response.status().is_success() {
            return Err(format!("it answered {}", response.status()));
        }
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(told)? {
            if bytes.len() + piece.len() > limit {
                return Err(format!("it has more than {limit} bytes"));
            }
            bytes.extend_from_slice(&piece);
        }
        String::from_utf8(bytes).map_err(|_| "it is no UTF-8".to_owned())
    }

    fn client(&self) -> reqwest::Result<&Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let made = (self.how)(Client::builder()).build()?;
        Ok(self.client.get_or_init(|| made))
    }
}
