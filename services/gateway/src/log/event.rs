//! `GET /v1/events/{event_id}`: one event.

use annals_core::{
    EventView,
    index::{IndexBody, IndexQuery},
    log::Log,
};
use axum::{Json, extract::State, http::Uri};
use futures_util::TryStreamExt;
use uuid::Uuid;

use super::{
    LogReader,
    reader::{Index, unexpected},
};
use crate::{
    gateway::Gateway,
    problem::{Code, Problem},
    query::Parameters,
    segments::{self, Segments},
};

/// The route.
pub async fn get(
    State(gateway): State<Gateway>,
    Segments(id): Segments<String>,
    uri: Uri,
) -> Result<Json<EventView>, Problem> {
    Parameters::parse(&uri, &[])?;
    let id = segments::id(&id)?;
    let reader = gateway.log().await?;
    find(&reader, id).await.map(Json)
}

async fn find<L: Log, I: Index>(reader: &LogReader<L, I>, id: Uuid) -> Result<EventView, Problem> {
    let answer = reader.ask(IndexQuery::Event { id }, reader.end().await?).await?;
    let addresses = match answer.body {
        IndexBody::Addresses { addresses, .. } => addresses,
        IndexBody::NotFound => Vec::new(),
        other @ (IndexBody::Stream { .. }
        | IndexBody::Version { .. }
        | IndexBody::Streams { .. }
        | IndexBody::Status(_)) => return Err(unexpected(&other)),
    };
    let located = std::pin::pin!(reader.events(&addresses)).try_next().await?;
    let located = located.filter(|event| event.record().id == id);
    let event = located.ok_or_else(|| Problem::new(Code::NotFound, format!("There is no event `{id}`.")))?;
    Ok(event.view())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lamp::{self, Happened};

    #[tokio::test]
    async fn an_event_is_found_by_its_id() {
        let reader = lamp::reader(&[&[Happened::to(1, 2), Happened::to(2, 3)]]).await;
        for (commit, place, version) in [(1, 0, 1), (1, 1, 2), (2, 2, 3)] {
            let event = find(&reader, lamp::event_id(commit, place)).await.unwrap();
            assert_eq!((event.position, event.version), (1, version));
        }
        let missing = find(&reader, lamp::event_id(2, 3)).await.unwrap_err();
        assert_eq!(missing.code, Code::NotFound);
    }
}
