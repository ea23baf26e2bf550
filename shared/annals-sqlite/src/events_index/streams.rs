//! Streams, and where their events stand.

use std::collections::HashSet;

use annals_core::{Position, StreamId, Version};
use futures_util::TryStreamExt;
use jiff::Timestamp;
use sqlx::{Sqlite, Transaction};
use uuid::Uuid;

use super::{Address, EventsIndex, checkpoint::signed};
use crate::ViewError;

/// Some events of one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamPage {
    /// Of the stream's last event.
    pub version: Version,
    /// Oldest first.
    pub events: Vec<(Address, Version)>,
    /// Whether the stream goes on after them.
    pub more: bool,
}

/// Some streams of one category, newest activity first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamsPage {
    /// How many streams the category has.
    pub count: u64,
    /// Some of them.
    pub rows: Vec<StreamRow>,
    /// Where the next page begins, if there is one: what to give as `before`.
    pub next: Option<Address>,
}

/// One stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRow {
    /// The aggregate.
    pub id: Uuid,
    /// Of its last event.
    pub version: Version,
    /// Of its last event.
    pub last_position: Position,
    /// Its last event was.
    pub last_recorded_at: Timestamp,
}

/// Events of one stream (?1) from its last (?2) back, up to the one after a version (?4); those that are not
/// above another version (?3), oldest first. It begins at the mark that comes next.
const CHAIN: &str = "
    with recursive chain (address, version, previous) as (
        select address, version, previous from events where address = coalesce(
            (select address from marks where stream = ?1 and version >= ?3 and address <= ?2
                order by version limit 1),
            ?2)
        union all
        select events.address, events.version, events.previous
            from chain join events on events.address = chain.previous where chain.version > ?4 + 1
    )
    select address, version from chain where version > ?4 and version <= ?3 order by version
";

/// The highest version of one stream (?1, which ends at ?2) that was recorded at or before a time (?4). The log's
/// times never go back, so it stands before (?3) the end of the first entry that was recorded later.
const VERSION_AT: &str = "
    with recursive chain (address, version, previous, recorded_at) as (
        select address, version, previous, recorded_at from events where address = coalesce(
            (select address from marks where stream = ?1 and address >= ?3 and address <= ?2
                order by address limit 1),
            ?2)
        union all
        select events.address, events.version, events.previous, events.recorded_at
            from chain join events on events.address = chain.previous
            where chain.address >= ?3 or chain.recorded_at > ?4
    )
    select version from chain where address < ?3 and recorded_at <= ?4 order by version desc limit 1
";

/// Streams by the addresses of their last events, a JSON array (?1).
const ROWS: &str = "
    select streams.id, events.version, events.address, events.recorded_at
        from json_each(?1) as last
            join events on events.address = last.value
            join streams on streams.number = events.stream
        order by events.address desc
";

/// A stream as one transaction sees it.
struct Found {
    transaction: Transaction<'static, Sqlite>,
    number: i64,
    last: i64,
    version: i64,
}

impl EventsIndex {
    /// At most `limit` events after a version, oldest first; with `since` those that were recorded after it. None if
    /// there is no such stream.
    pub async fn stream(
        &self,
        stream: &StreamId,
        after: Version,
        since: Option<Timestamp>,
        limit: u32,
    ) -> Result<Option<StreamPage>, ViewError> {
        let Some(mut found) = self.find(stream).await? else { return Ok(None) };
        let mut after = signed(after);
        if let Some(since) = since {
            after = after.max(found.version_at(since).await?.unwrap_or(0));
        }
        let mut events = found.chain(after, limit.saturating_add(1)).await?;
        let more = events.len() > limit as usize;
        events.truncate(limit as usize);
        Ok(Some(StreamPage { version: found.version.cast_unsigned(), events, more }))
    }

    /// The highest version that was recorded at or before a time.
    pub async fn version_at(&self, stream: &StreamId, time: Timestamp) -> Result<Option<Version>, ViewError> {
        let Some(mut found) = self.find(stream).await? else { return Ok(None) };
        Ok(found.version_at(time).await?.map(i64::cast_unsigned))
    }

    /// At most `limit` streams of a category, newest activity first, of those whose last event stands before an
    /// address.
    pub async fn streams(
        &self,
        category: &str,
        limit: u32,
        before: Option<Address>,
    ) -> Result<StreamsPage, ViewError> {
        let numbers = sqlx::query_scalar("select number from categories where name = ?");
        let number: Option<i64> = numbers.bind(category).fetch_optional(&self.inner.readers).await?;
        let Some(number) = number else { return Ok(StreamsPage::default()) };
        let limit = limit.max(1) as usize;

        let (mut transaction, mut addresses) = self.last_addresses(number, limit + 1, before).await?;
        let more = addresses.len() > limit;
        addresses.truncate(limit);
        let next = addresses.last().filter(|_| more).map(|address| address.cast_unsigned());
        let addresses = serde_json::Value::from(addresses).to_string();
        let rows: Vec<(Uuid, i64, i64, i64)> =
            sqlx::query_as(ROWS).bind(addresses).fetch_all(&mut *transaction).await?;
        let count = sqlx::query_scalar("select streams from categories where number = ?").bind(number);
        let count: i64 = count.fetch_one(&mut *transaction).await?;
        let rows = rows.into_iter().map(row).collect::<Result<_, _>>()?;
        Ok(StreamsPage { count: count.cast_unsigned(), rows, next })
    }

    /// Where the last events of a category's streams stand, the last one first: those that are in memory, then
    /// those of the file that are not in memory too.
    async fn last_addresses(
        &self,
        category: i64,
        count: usize,
        before: Option<Address>,
    ) -> Result<(Transaction<'static, Sqlite>, Vec<i64>), ViewError> {
        let before = before.map_or(i64::MAX, signed);
        loop {
            let (flushed, recent) = self.recent_of(category);
            let mut transaction = self.inner.readers.begin().await?;
            let written = sqlx::query_scalar("select flushed from _checkpoint");
            let written: i64 = written.fetch_one(&mut *transaction).await?;
            if written != flushed {
                continue; // flushed in between
            }
            let mut addresses: Vec<_> =
                recent.iter().map(|(_, address)| *address).filter(|address| *address < before).collect();
            addresses.sort_unstable_by(|one, other| other.cmp(one));
            addresses.truncate(count);

            let recent: HashSet<_> = recent.into_iter().map(|(number, _)| number).collect();
            let older = sqlx::query_as(
                "select number, last from streams where category = ? and last <= ? order by last desc",
            );
            let older = older.bind(category).bind(flushed.min(before.saturating_sub(1)));
            let mut older = older.fetch(&mut *transaction);
            while addresses.len() < count
                && let Some((number, address)) = older.try_next().await?
            {
                if !recent.contains(&number) {
                    addresses.push(address);
                }
            }
            drop(older);
            return Ok((transaction, addresses));
        }
    }

    fn recent_of(&self, category: i64) -> (i64, Vec<(i64, i64)>) {
        let recent = self.inner.recent();
        let streams = recent.streams.iter().filter(|(_, last)| last.category == category);
        (recent.flushed, streams.map(|(number, last)| (*number, last.address)).collect())
    }

    async fn find(&self, stream: &StreamId) -> Result<Option<Found>, ViewError> {
        let number = sqlx::query_scalar(
            "select streams.number from streams join categories on categories.number = category
                where name = ? and id = ?",
        );
        let number = number.bind(&stream.category).bind(stream.id);
        let number: Option<i64> = number.fetch_optional(&self.inner.readers).await?;
        let Some(number) = number else { return Ok(None) };

        // Memory first: what it knows is in the file, and what leaves it is written there before.
        let recent = self.inner.recent_address(number);
        let mut transaction = self.inner.readers.begin().await?;
        let written = sqlx::query_scalar("select last from streams where number = ?").bind(number);
        let Some(written) = written.fetch_optional(&mut *transaction).await? else { return Ok(None) };
        let last = recent.map_or(written, |recent| recent.max(written));
        let version = sqlx::query_scalar("select version from events where address = ? and stream = ?");
        let version = version.bind(last).bind(number);
        let Some(version) = version.fetch_optional(&mut *transaction).await? else { return Ok(None) };
        Ok(Some(Found { transaction, number, last, version }))
    }
}

impl Found {
    /// So many events after a version, oldest first.
    async fn chain(&mut self, after: i64, count: u32) -> Result<Vec<(Address, Version)>, ViewError> {
        let until = after.saturating_add(count.into());
        let chain = sqlx::query_as(CHAIN).bind(self.number).bind(self.last).bind(until).bind(after);
        let events: Vec<(i64, i64)> = chain.fetch_all(&mut *self.transaction).await?;
        let unsigned = |(address, version): (i64, i64)| (address.cast_unsigned(), version.cast_unsigned());
        Ok(events.into_iter().map(unsigned).collect())
    }

    async fn version_at(&mut self, time: Timestamp) -> Result<Option<i64>, ViewError> {
        let time = time.as_microsecond();
        let end = match first_entry_after(&mut self.transaction, time).await? {
            Some(position) => (position + 1) << 16,
            None => i64::MAX,
        };
        let version = sqlx::query_scalar(VERSION_AT).bind(self.number).bind(self.last).bind(end).bind(time);
        Ok(version.fetch_optional(&mut *self.transaction).await?)
    }
}

/// The first entry that has an event which was recorded after a time, in microseconds.
pub(super) async fn first_entry_after(
    transaction: &mut Transaction<'static, Sqlite>,
    time: i64,
) -> Result<Option<i64>, sqlx::Error> {
    let position = sqlx::query_scalar(
        "select position from entries where recorded_at > ? order by recorded_at, position limit 1",
    );
    position.bind(time).fetch_optional(&mut **transaction).await
}

fn row((id, version, address, recorded_at): (Uuid, i64, i64, i64)) -> Result<StreamRow, ViewError> {
    let last_recorded_at = Timestamp::from_microsecond(recorded_at);
    let last_recorded_at = last_recorded_at.map_err(|_| ViewError::Damaged("an event has no time"))?;
    let (version, last_position) = (version.cast_unsigned(), address.cast_unsigned() >> 16);
    Ok(StreamRow { id, version, last_position, last_recorded_at })
}
