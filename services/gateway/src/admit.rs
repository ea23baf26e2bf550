//! So many requests at once, and no queue: whoever comes too many is told so, and may come back.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http_body_util::BodyExt;
use metrics::{Gauge, counter, gauge};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::{Code, Problem};

/// Lets a request in if there is a place, which is taken until its answer is written: a client that
/// reads slowly holds memory as one that waits does.
pub async fn admit(
    State(places): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Some(place) = Place::take(places) else {
        counter!("annals_http_requests_shed_total").increment(1);
        let detail = "Too much is asked of the gateway right now.";
        return Err(Problem::new(Code::Unavailable, detail).quietly());
    };
    let held = |body: Body| {
        // Nothing happens to errors; this is the adapter that leaves a body's length known.
        Body::new(body.map_err(move |error| {
            let _ = &place;
            error
        }))
    };
    Ok(next.run(request).await.map(held))
}

struct Place {
    taken: Gauge,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    fn take(places: Arc<Semaphore>) -> Option<Self> {
        let permit = places.try_acquire_owned().ok()?;
        let taken = gauge!("annals_http_requests_in_flight");
        taken.increment(1);
        Some(Self { taken, _permit: permit })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.taken.decrement(1);
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, middleware::from_fn_with_state, routing::get};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_place_is_taken_until_the_answer_has_been_written() {
        let places = Arc::new(Semaphore::new(1));
        let router = Router::new().route("/", get(async || "an answer"));
        let router = router.layer(from_fn_with_state(Arc::clone(&places), admit));
        let ask = async || router.clone().oneshot(Request::new(Body::empty())).await.unwrap();

        let first = ask().await;
        assert_eq!(first.headers()["content-length"], "9");
        let second = ask().await;
        assert_eq!(
            (second.status().as_u16(), &second.headers()["retry-after"]),
            (503, &"1".parse().unwrap())
        );
        drop(first.into_body().collect().await);
        assert_eq!(ask().await.status(), 200);
        assert_eq!(places.available_permits(), 1);
    }
}
