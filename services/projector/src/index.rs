//! The events index: a read model like a view, which answers where events are.

use std::sync::Arc;

use annals_core::{
    Catalog, StoredCommit,
    index::{EventFilter, IndexAnswer, IndexBody, IndexQuery, IndexReply, IndexRequest, StreamRow},
    log::{Checkpoint, Log, Read},
};
use annals_sqlite::{Directory, DirectoryError, EventsFilter, EventsIndex, StreamsPage, ViewError};
use uuid::Uuid;

use crate::{
    model::{ModelFile, ReadModel},
    worker::Worker,
};

/// Its name, as `--only`, `/readyz` and metrics know it.
pub(crate) const NAME: &str = "events";

pub(crate) struct IndexModel {
    pub directory: Arc<Directory>,
    pub catalog: Catalog,
}

impl ReadModel for IndexModel {
    type File = EventsIndex;

    const LOGS_BATCHES: bool = false;

    fn name(&self) -> &'static str {
        NAME
    }

    async fn open(&self, log_id: Uuid) -> Result<EventsIndex, ViewError> {
        EventsIndex::open(&self.directory, log_id).await
    }

    fn discard(&self) -> Result<(), DirectoryError> {
        self.directory.discard(&EventsIndex::projection())
    }

    /// It handles every event, and looks into none.
    fn project(&self, read: &Read) -> Result<Read, String> {
        Ok(read.clone())
    }

    fn reads(&self, _: &StoredCommit) -> bool {
        true
    }
}

impl ModelFile for EventsIndex {
    type Change = Read;

    /// Also a foreign message does: answers say how far the index is by what the file says.
    fn changes_rows(_: &Read) -> bool {
        true
    }

    async fn checkpoint(&self) -> Result<Checkpoint, ViewError> {
        self.checkpoint().await
    }

    async fn log_id(&self) -> Result<Uuid, ViewError> {
        self.log_id().await
    }

    async fn has_reached_end(&self) -> Result<bool, ViewError> {
        self.has_reached_end().await
    }

    async fn mark_reached_end(&self) -> Result<(), ViewError> {
        self.mark_reached_end().await
    }

    async fn apply(&self, reads: Arc<[Read]>) -> Result<(), ViewError> {
        let checkpoint = match reads.last() {
            Some(last) => last.checkpoint,
            None => self.checkpoint().await?,
        };
        let entries: Vec<_> = reads.iter().filter_map(|read| read.entry.clone()).collect();
        self.apply(entries.into(), checkpoint).await
    }

    async fn rebuild(&self, log_id: Uuid) -> Result<(), ViewError> {
        self.rebuild(log_id).await
    }

    fn verify_identity(&self) -> Result<(), ViewError> {
        self.verify_identity()
    }

    async fn close(&self) {
        self.close().await;
    }
}

impl Worker<IndexModel> {
    /// Answers, once the index has everything up to the position that was asked for.
    pub(crate) async fn answer(&self, request: IndexRequest) -> IndexReply {
        let IndexRequest { query, min_position, wait_ms } = request;
        if let IndexQuery::Status = query {
            let body = IndexBody::Status(self.view_status().await?);
            let checkpoint = match self.file() {
                Some(index) => index.checkpoint().await.map_err(|error| self.failure(error))?,
                None => Checkpoint::start(self.log.log().id()), // nothing is known while it is closed
            };
            return Ok(IndexAnswer { checkpoint, body });
        }
        let index = self.ready(min_position, wait_ms).await?;
        let answer = async {
            let checkpoint = index.checkpoint().await?; // first: what is looked up then is at least as new
            Ok(IndexAnswer { checkpoint, body: self.look_up(&index, query).await? })
        };
        answer.await.map_err(|error| self.failure(error))
    }

    async fn look_up(&self, index: &EventsIndex, query: IndexQuery) -> Result<IndexBody, ViewError> {
        Ok(match query {
            IndexQuery::Events { filter, after, until, limit } => {
                let filter = with_categories(filter, &self.model.catalog);
                let found = index.events(&filter, after, until, limit.saturating_add(1)).await?;
                let (addresses, more) = cut(found, limit);
                IndexBody::Addresses { addresses, more }
            }
            IndexQuery::Event { id } => index.event(id).await?.map_or(IndexBody::NotFound, |address| {
                IndexBody::Addresses { addresses: vec![address], more: false }
            }),
            IndexQuery::Stream { stream, after, since, limit } => {
                index.stream(&stream, after, since, limit).await?.map_or(IndexBody::NotFound, |page| {
                    let addresses = page.events.into_iter().map(|(address, _)| address).collect();
                    IndexBody::Stream { version: page.version, addresses, more: page.more }
                })
            }
            IndexQuery::VersionAt { stream, at } => index
                .version_at(&stream, at)
                .await?
                .map_or(IndexBody::NotFound, |version| IndexBody::Version { version }),
            IndexQuery::Status => unreachable!("answered before"),
            IndexQuery::Streams { category, limit, cursor } => {
                let before = cursor.as_deref().map(str::parse).transpose();
                let before = before.map_err(|_| {
                    ViewError::Invalid(
                        "The cursor is not one that this view has given: begin again without it.".into(),
                    )
                })?;
                streams(index.streams(&category, limit, before).await?)
            }
        })
    }
}

/// The index knows types with their categories.
fn with_categories(filter: EventFilter, catalog: &Catalog) -> EventsFilter {
    let EventFilter { types, category, correlation_id, causation_id, since } = filter;
    let of_all = |types: Vec<String>| {
        let of = |name: String| catalog.categories().map(move |it| (it.name.to_owned(), name.clone()));
        types.into_iter().flat_map(of).collect()
    };
    EventsFilter { types: types.map(of_all), category, correlation_id, causation_id, since }
}

fn cut(mut addresses: Vec<u64>, limit: u32) -> (Vec<u64>, bool) {
    let more = addresses.len() > limit as usize;
    addresses.truncate(limit as usize);
    (addresses, more)
}

fn streams(page: StreamsPage) -> IndexBody {
    let row = |row: annals_sqlite::StreamRow| StreamRow {
        id: row.id,
        version: row.version,
        last_position: row.last_position,
        last_recorded_at: row.last_recorded_at,
    };
    IndexBody::Streams {
        count: page.count,
        rows: page.rows.into_iter().map(row).collect(),
        next: page.next.map(|address| address.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_asked_for_tells_that_there_is_more() {
        assert_eq!(cut(vec![1, 2, 3], 2), (vec![1, 2], true));
        assert_eq!(cut(vec![1, 2], 2), (vec![1, 2], false));
        assert_eq!(cut(vec![], 0), (vec![], false));
    }
}
