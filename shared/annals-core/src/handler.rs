//! Lends a typed function of a domain to the services, which know no types.

use std::{any::TypeId, fmt, sync::Arc};

use crate::{Decider, EventRecord, Notice, Place, Reaction, Recorded, Sql, StoredCommit, Unreadable, schema};

type Handle<T> = dyn Fn(Place, &EventRecord, &StoredCommit) -> Result<Vec<T>, Unreadable> + Send + Sync;

/// What is to be done about the events of one category.
#[derive(Clone)]
pub struct Handler<T> {
    /// The category whose events it handles.
    pub category: &'static str,
    /// The only type of event that it handles; without one it handles them all.
    pub event: Option<&'static str>,
    /// What the function itself answers: `T`, or something that becomes one.
    answers: TypeId,
    handle: Arc<Handle<T>>,
}

impl<T> fmt::Debug for Handler<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handler({})", self.category)
    }
}

impl Handler<Reaction> {
    /// Whether its function could answer a notice.
    pub(crate) fn may_notify(&self) -> bool {
        [TypeId::of::<Reaction>(), TypeId::of::<Notice>()].contains(&self.answers)
    }
}

impl<T: 'static> Handler<T> {
    fn of<D: Decider, A: IntoIterator<Item: Into<T> + 'static> + 'static>(
        event: Option<&'static str>,
        handle: fn(&Recorded<D::Event>) -> A,
    ) -> Self {
        Self {
            category: D::NAME,
            event,
            answers: TypeId::of::<A::Item>(),
            handle: Arc::new(move |place, record: &EventRecord, stored: &StoredCommit| {
                let event = schema::read::<D>(&record.kind, record.schema, &record.data)?;
                Ok(handle(&Recorded::new(event, place, record, stored)).into_iter().map(Into::into).collect())
            }),
        }
    }
}

impl<T> Handler<T> {
    /// Whether it reads events of this type.
    #[must_use]
    pub fn reads(&self, category: &str, event: &str) -> bool {
        self.category == category && self.event.is_none_or(|only| only == event)
    }
}

/// Attaches pure functions to the events of a category.
pub trait Listen: Decider {
    /// `Account::on(project)`: every event of this category changes a view.
    #[must_use]
    fn on(project: fn(&Recorded<Self::Event>) -> Vec<Sql>) -> Handler<Sql> {
        Handler::of::<Self, _>(None, project)
    }

    /// `Account::when("AccountOpened", welcome)`: events of this type wake a reactor, which answers some
    /// reactions, or an optional one.
    #[must_use]
    fn when<A: IntoIterator<Item: Into<Reaction> + 'static> + 'static>(
        event: &'static str,
        react: fn(&Recorded<Self::Event>) -> A,
    ) -> Handler<Reaction> {
        Handler::of::<Self, _>(Some(event), react)
    }
}

impl<D: Decider> Listen for D {}

/// Runs every event of a commit through the handlers for it, in order, and keeps each
/// result with the event that it came from. No handler: no results.
pub(crate) fn run<'a, T: 'static>(
    handlers: &[Handler<T>],
    stored: &'a StoredCommit,
) -> Result<Vec<(&'a EventRecord, T)>, Unreadable> {
    let category = &stored.commit.stream.category;
    let mut results = Vec::new();
    for (place, record) in stored.events() {
        for handler in handlers.iter().filter(|it| it.reads(category, &record.kind)) {
            let handled = (handler.handle)(place, record, stored)?;
            results.extend(handled.into_iter().map(|result| (record, result)));
        }
    }
    Ok(results)
}
