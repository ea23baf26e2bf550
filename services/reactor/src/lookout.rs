//! Looks how far a reactor is, for those who ask, and for those who wait until it is there.

use std::{sync::Arc, time::Duration};

use annals_core::{
    CommitError, Position, StoredCommit,
    bus::{Failure, ReactorReply, ReactorRequest, ReactorState, ReactorStatus},
};
use annals_nats::{Log, LogError, Nats, Scope};
use jiff::Timestamp;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

use crate::act::Actor;

/// What was seen so recently is still good: however many wait, the server is asked as often as this.
const FRESH: Duration = Duration::from_millis(50);

/// Looks how far one reactor is, over all its instances.
pub(crate) struct Lookout {
    actor: Arc<Actor>,
    nats: Nats,
    seen: Mutex<Option<(Instant, ReactorReply)>>,
}

/// The first commit that is not settled.
struct Oldest {
    position: Position,
    /// None: it cannot be read.
    stored: Option<StoredCommit>,
}

impl Lookout {
    pub(crate) fn new(actor: Arc<Actor>, nats: Nats) -> Self {
        Self { actor, nats, seen: Mutex::new(None) }
    }

    /// Answers, once everything up to the position that was asked for is settled.
    pub(crate) async fn answer(&self, request: ReactorRequest) -> ReactorReply {
        let deadline = Instant::now() + Duration::from_millis(request.wait_ms);
        let wanted = request.min_position.unwrap_or(0);
        let end = self.actor.log.last(&Scope::All).await.map_err(LogError::unanswered)?;
        if wanted > end {
            return Err(Failure::BeyondTheEnd { wanted, end });
        }
        loop {
            let not_yet = match self.look().await {
                Ok(status) if status.position >= wanted => return Ok(status),
                Ok(status) => Failure::ProjectionBehind { position: status.position, wanted: Some(wanted) },
                Err(failure) => failure, // perhaps its consumer is being made
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(not_yet);
            }
            sleep(left.min(FRESH)).await;
        }
    }

    /// Whoever comes while somebody looks, waits and is told the same.
    async fn look(&self) -> ReactorReply {
        let mut seen = self.seen.lock().await;
        match &*seen {
            Some((at, reply)) if at.elapsed() < FRESH => reply.clone(),
            _ => {
                let reply = self.status().await.map_err(LogError::unanswered);
                *seen = Some((Instant::now(), reply.clone()));
                reply
            }
        }
    }

    /// Never claims more than is settled, whatever is appended meanwhile: the log's end is read first,
    /// then where the reactor's own commits end, and how far those are settled last.
    async fn status(&self) -> Result<ReactorStatus, LogError> {
        let name = self.actor.reactor.name;
        let end = self.actor.log.last(&Scope::All).await?;
        let last = self.last().await?;
        let standing = self.nats.standing(&self.actor.durable()).await?;
        self.actor.trouble.settled(name, standing.floor);

        let behind = last > standing.floor;
        let oldest = if behind { self.oldest_after(standing.floor).await? } else { None };
        let position = match &oldest {
            // All of it may be settled by now, or a replica of the log lags behind.
            None if behind => standing.floor,
            None => end,
            Some(oldest) => standing.floor.max(oldest.position.saturating_sub(1)),
        };
        let since = oldest.as_ref().and_then(|it| it.stored.as_ref()).map(|it| it.commit.recorded_at);
        let stuck = self.actor.trouble.is_in(name) || oldest.is_some_and(|it| self.cannot_act_on(&it));
        Ok(ReactorStatus {
            position,
            lag_events: if behind { (standing.waiting + standing.out).max(1) } else { 0 },
            lag_seconds: since
                .map_or(0.0, |since| Timestamp::now().duration_since(since).as_secs_f64().max(0.0)),
            retries: standing.again,
            state: if stuck { ReactorState::Degraded } else { ReactorState::Live },
        })
    }

    /// Another instance may have found out, or the one before this: it comes here after a pause only.
    fn cannot_act_on(&self, oldest: &Oldest) -> bool {
        oldest.stored.as_ref().is_none_or(|stored| self.actor.wanted(stored).is_err())
    }

    /// Where the commits of its categories end.
    async fn last(&self) -> Result<Position, LogError> {
        let mut last = 0;
        for category in self.actor.reactor.categories() {
            last = last.max(self.actor.log.last(&Scope::Category(category.into())).await?);
        }
        Ok(last)
    }

    async fn oldest_after(&self, floor: Position) -> Result<Option<Oldest>, LogError> {
        let mut oldest: Option<Oldest> = None;
        for category in self.actor.reactor.categories() {
            let first = match self.actor.log.read(&Scope::Category(category.into()), floor, 1).await {
                Err(LogError::Commit(CommitError::Malformed { position, .. })) => {
                    Some(Oldest { position, stored: None })
                }
                page => {
                    let stored = page?.commits.pop();
                    stored.map(|stored| Oldest { position: stored.position, stored: Some(stored) })
                }
            };
            oldest = oldest.into_iter().chain(first).min_by_key(|it| it.position);
        }
        Ok(oldest)
    }
}
