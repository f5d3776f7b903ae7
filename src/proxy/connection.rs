//! One client's connection, from accept to end.

use super::connect::connect;
use super::guard::Guard;
use super::refusal::refuse;
use super::registry::Place;
use super::relay::Relay;
use super::stream::Client;
use super::worker::Shared;
use crate::event::Observe;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::net::TcpStream;

/// Serves `client`. The gateway is reached at once, not at the first byte: it may be the one who speaks first.
pub async fn serve<O: Observe>(client: TcpStream, from: SocketAddr, shared: Rc<Shared<O>>, place: Place) {
    shared.metrics.accepted.inc();
    shared.metrics.open.inc();
    let observer = Guard::new(shared.observe.connection(from), shared.metrics.clone());
    let gateway = shared.gateway.borrow().clone();
    let client = Client::new(client, from);
    match connect(&gateway).await {
        Ok(gateway) => Relay::new(client, gateway, observer, shared.metrics.clone()).run(&place, &shared.scratch).await,
        Err(error) => {
            shared.metrics.connect_error(&error);
            tracing::debug!(%error, ?gateway, "the gateway cannot be reached");
            refuse(client, observer, &error).await;
        }
    }
    shared.metrics.open.dec();
}
