//! `GET /v1/views`: what is shown, and how it is doing.

use annals_core::{
    Position, Projection,
    bus::{Failure, Query, ViewRequest, ViewState, ViewStatus},
};
use annals_nats::Bus;
use axum::{Json, extract::State, http::Uri};
use serde_json::{Value, json};

use crate::{catalog, gateway::Gateway, problem::Problem, query::Parameters, status};

/// The route. A view that does not answer is listed all the same.
pub async fn get(State(gateway): State<Gateway>, uri: Uri) -> Result<Json<Value>, Problem> {
    Parameters::parse(&uri, &[])?;
    let statuses = statuses(&gateway).await.into_iter();
    let views: Vec<_> = statuses.map(|(projection, status)| describe(projection, status.as_ref())).collect();
    Ok(Json(json!({ "views": views })))
}

/// The views that an event is in the way of.
pub async fn degraded(gateway: &Gateway) -> Vec<String> {
    let statuses = statuses(gateway).await.into_iter();
    let degraded = statuses
        .filter(|(_, status)| status.as_ref().is_some_and(|status| status.state == ViewState::Degraded));
    degraded.map(|(projection, _)| projection.view.into()).collect()
}

async fn statuses(gateway: &Gateway) -> Vec<(&Projection, Option<ViewStatus>)> {
    let statuses = status::of_all(gateway, gateway.catalog.projections(), ask).await.into_iter();
    statuses.map(|(projection, status)| (projection, status.flatten())).collect()
}

async fn ask(bus: Bus, projection: &Projection) -> Result<Option<ViewStatus>, Failure> {
    let request = ViewRequest { query: Query::Status, min_position: None, wait_ms: 0 };
    let answer = bus.view(projection.view, &request).await?;
    Ok(serde_json::from_str(answer.body.get()).ok())
}

fn describe(projection: &Projection, status: Option<&ViewStatus>) -> Value {
    let mut view = catalog::view(projection);
    let position: Option<Position> = status.map(|status| status.position);
    view["position"] = json!(position);
    view["lag_events"] = json!(status.map(|status| status.lag_events));
    view["lag_seconds"] = json!(status.map(|status| status.lag_seconds));
    view["state"] = status::state(status.map(|status| status.state));
    view
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lamp;

    #[test]
    fn a_view_is_described_whether_it_answers_or_not() {
        let catalog = lamp::catalog();
        let lamps = catalog.projection("lamps").unwrap();

        let silent = describe(lamps, None);
        assert_eq!(
            (&silent["name"], &silent["state"], &silent["position"]),
            (&json!("lamps"), &json!("unreachable"), &json!(null))
        );
        assert_eq!(silent["columns"][0], json!({ "name": "lamp_id", "kind": "id" }));

        let status = ViewStatus { position: 7, lag_events: 2, lag_seconds: 0.5, state: ViewState::Building };
        let building = describe(lamps, Some(&status));
        assert_eq!((&building["state"], &building["position"]), (&json!("building"), &json!(7)));
    }
}
