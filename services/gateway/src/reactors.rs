//! Reactors: how far they are, asked over the bus.

use annals_core::{
    Reactor,
    bus::{ReactorReply, ReactorRequest, ReactorStatus},
};
use annals_nats::Bus;
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, Uri},
    response::IntoResponse,
};
use serde_json::{Value, json};

use crate::{
    gateway::Gateway,
    headers::{self, ANNALS_POSITION},
    problem::Problem,
    query::Parameters,
    segments::Segments,
    status,
};

/// `GET /v1/reactors`: all of them. One that does not answer is listed all the same.
pub async fn list(State(gateway): State<Gateway>, uri: Uri) -> Result<Json<Value>, Problem> {
    Parameters::parse(&uri, &[])?;
    let statuses = status::of_all(&gateway, gateway.catalog.reactors(), ask).await.into_iter();
    let reactors: Vec<_> = statuses.map(|(reactor, status)| describe(reactor, status.as_ref())).collect();
    Ok(Json(json!({ "reactors": reactors })))
}

/// `GET /v1/reactors/{name}`: one, once it has settled everything up to the position that is asked for.
pub async fn one(
    State(gateway): State<Gateway>,
    Segments(name): Segments<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<impl IntoResponse, Problem> {
    let reactor = gateway.reactor(&name)?;
    Parameters::parse(&uri, &[])?;
    let min_position = headers::min_position(&headers)?;
    let request = ReactorRequest { min_position, wait_ms: headers::wait_ms(&headers) };
    let status = gateway.bus()?.reactor(reactor.name, &request).await?;
    let position = HeaderValue::from(status.position);
    Ok(([(ANNALS_POSITION, position)], Json(describe(reactor, Some(&status)))))
}

async fn ask(bus: Bus, reactor: &Reactor) -> ReactorReply {
    bus.reactor(reactor.name, &ReactorRequest::default()).await
}

fn describe(reactor: &Reactor, status: Option<&ReactorStatus>) -> Value {
    json!({
        "name": reactor.name,
        "position": status.map(|status| status.position),
        "lag_events": status.map(|status| status.lag_events),
        "lag_seconds": status.map(|status| status.lag_seconds),
        "retries": status.map(|status| status.retries),
        "state": status::state(status.map(|status| status.state)),
    })
}

#[cfg(test)]
mod tests {
    use annals_core::bus::ReactorState;

    use super::*;
    use crate::lamp;

    #[test]
    fn a_reactor_is_described_whether_it_answers_or_not() {
        let catalog = lamp::catalog();
        let caretaker = catalog.reactor("caretaker").unwrap();

        assert_eq!(
            describe(caretaker, None),
            json!({
                "name": "caretaker", "position": null, "lag_events": null, "lag_seconds": null, "retries": null,
                "state": "unreachable",
            })
        );

        let status = ReactorStatus {
            position: 7,
            lag_events: 2,
            lag_seconds: 0.5,
            retries: 1,
            state: ReactorState::Degraded,
        };
        assert_eq!(
            describe(caretaker, Some(&status)),
            json!({
                "name": "caretaker", "position": 7, "lag_events": 2, "lag_seconds": 0.5, "retries": 1,
                "state": "degraded",
            })
        );
    }
}
