//! Lends a typed function of a domain to the services, which know no types.

use std::{any::TypeId, fmt, sync::Arc};

use crate::{Decider, EventRecord, Recorded, StoredCommit, Unreadable, category};

type Handle<T> = dyn Fn(&EventRecord, &StoredCommit) -> Result<Vec<T>, Unreadable> + Send + Sync;

/// What is to be done about the events of one category.
#[derive(Clone)]
pub struct Handler<T> {
    /// The category whose events it handles.
    pub category: &'static str,
    /// What the function itself answers: `T`, or a type that can say less.
    answers: TypeId,
    handle: Arc<Handle<T>>,
}

impl<T> fmt::Debug for Handler<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handler({})", self.category)
    }
}

impl<T: 'static> Handler<T> {
    /// Whether its function can answer everything that a `T` can be.
    pub(crate) fn answers_anything(&self) -> bool {
        self.answers == TypeId::of::<T>()
    }
}

/// `Account::on(project)`: attaches a pure function to the events of a category.
pub trait Listen: Decider {
    /// Handles every event of this category with `handle`.
    #[must_use]
    fn on<A: Into<T> + 'static, T: 'static>(handle: fn(&Recorded<Self::Event>) -> Vec<A>) -> Handler<T> {
        Handler {
            category: Self::NAME,
            answers: TypeId::of::<A>(),
            handle: Arc::new(move |record, stored| {
                let event = category::read::<Self>(&record.kind, record.schema, &record.data)?;
                Ok(handle(&Recorded::new(event, record, stored)).into_iter().map(Into::into).collect())
            }),
        }
    }
}

impl<D: Decider> Listen for D {}

/// Runs every event of a commit through the handler of its category, in order, and keeps each
/// result with the event that it came from. No handler: no results.
pub(crate) fn run<'a, T>(
    handlers: &[Handler<T>],
    stored: &'a StoredCommit,
) -> Result<Vec<(&'a EventRecord, T)>, Unreadable> {
    let mut results = Vec::new();
    for handler in handlers.iter().filter(|it| it.category == stored.commit.stream.category) {
        for record in &stored.commit.events {
            let handled = (handler.handle)(record, stored)?;
            results.extend(handled.into_iter().map(|result| (record, result)));
        }
    }
    Ok(results)
}
