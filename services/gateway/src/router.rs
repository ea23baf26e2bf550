//! Every route. They are generic over the catalog: a new domain adds none. Pages are for people, and
//! there if what they show is.

use std::sync::Arc;

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};
use tokio::sync::Semaphore;
use tower_http::{catch_panic::CatchPanicLayer, csrf::CsrfLayer};

use crate::{
    accept, admit, catalog, commands, documents, edge, gateway::Gateway, health, limits::Limits, log, pages,
    reactors, views,
};

/// All of the gateway, ready to be served.
pub fn router(gateway: Gateway) -> Router {
    // Readers that wait for a view must not keep commands out.
    let Limits { commands, reads, .. } = gateway.limits;
    let [for_commands, for_reads] = [commands, reads].map(|places| Arc::new(Semaphore::new(places)));
    let pages = pages::of(&gateway.catalog);
    let commands = Router::new()
        .route("/v1/commands", post(commands::by_door))
        .route("/v1/commands/{category}/{id}/{command}", post(commands::by_path))
        .route_layer(from_fn(accept::check))
        .merge(pages.commands)
        .route_layer(CsrfLayer::new().with_rejection_response(edge::cross_site))
        .route_layer(from_fn_with_state(for_commands, admit::admit));
    let log = get(log::events::get)
        .route_layer(from_fn(accept::check))
        .route_layer(from_fn_with_state(for_reads.clone(), admit::admit))
        .route_layer(from_fn_with_state(gateway.clone(), log::live::negotiate));
    let reads = Router::new()
        .route("/v1/commands/{command_id}", get(commands::outcome::get))
        .route("/v1/views", get(views::list::get))
        .route("/v1/views/{view}", get(views::rows))
        .route("/v1/views/{view}/{key}", get(views::row))
        .route("/v1/reactors", get(reactors::list))
        .route("/v1/reactors/{name}", get(reactors::one))
        .route("/v1/streams/{category}", get(log::streams::get))
        .route("/v1/streams/{category}/{id}", get(log::stream::get))
        .route("/v1/streams/{category}/{id}/state", get(log::state::get))
        .route("/v1/events/{event_id}", get(log::event::get))
        .route("/v1/catalog", get(catalog::get))
        .merge(documents::routes(&gateway.catalog))
        .route_layer(from_fn(accept::check))
        .merge(pages.reads)
        .route_layer(from_fn_with_state(for_reads, admit::admit));
    Router::new()
        .merge(commands)
        .merge(reads)
        .route("/v1/events", log)
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .fallback(edge::no_route)
        .with_state(gateway)
        .layer(CatchPanicLayer::custom(edge::panicked))
        .layer(from_fn(edge::finish))
}

#[cfg(test)]
#[path = "router_tests.rs"]
mod tests;
