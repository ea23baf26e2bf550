//! Everything that the services can serve, in one place.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use thiserror::Error;

use crate::{
    Category, Decider, Handler, Order, Projection, Reactor, StoredCommit, Unreadable, reactor::NOTIFICATION,
};

/// One subject: its kinds of aggregate, what is shown of them, and what follows from them.
#[derive(Debug, Clone, Default)]
pub struct Domain {
    categories: Vec<Category>,
    projections: Vec<Projection>,
    reactors: Vec<Reactor>,
}

impl Domain {
    /// A domain with the category of `D`.
    #[must_use]
    pub fn of<D: Decider>() -> Self {
        Self::default().and::<D>()
    }

    /// Another category of the same domain.
    #[must_use]
    pub fn and<D: Decider>(mut self) -> Self {
        self.categories.push(Category::of::<D>());
        self
    }

    /// A view.
    #[must_use]
    pub fn shows(mut self, projection: Projection) -> Self {
        self.projections.push(projection);
        self
    }

    /// A reactor.
    #[must_use]
    pub fn reacts(mut self, reactor: Reactor) -> Self {
        self.reactors.push(reactor);
        self
    }
}

/// All domains. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Catalog(Arc<Contents>);

#[derive(Debug)]
struct Contents {
    categories: BTreeMap<&'static str, Category>,
    projections: BTreeMap<&'static str, Projection>,
    reactors: BTreeMap<&'static str, Reactor>,
}

/// What is wrong with the domains. Found when a service starts, and by the tests before that.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CatalogError {
    /// Names are used in subjects and URLs.
    #[error("`{0}` is not a kebab-case name")]
    BadName(String),
    /// Two things of one kind have the same name.
    #[error("there are two of the name `{0}`")]
    Twice(String),
    /// Commands and events are enums of struct variants.
    #[error("category `{0}`: write every command and event as a struct variant, `Close {{}}`")]
    NotAnObject(String),
    /// `INTERNAL`, `UPCASTERS` or a reactor names nothing.
    #[error("category `{category}` has no `{name}`")]
    Unknown {
        /// The category.
        category: String,
        /// What it names.
        name: String,
    },
    /// A reader of a category that is in no domain.
    #[error("`{reader}` reads category `{category}`, which is in no domain")]
    UnknownCategory {
        /// The view or reactor.
        reader: String,
        /// The category.
        category: String,
    },
    /// Each would be run on every event, and one of them is a mistake.
    #[error("`{reader}` has two functions on the same event of category `{category}`")]
    ReadTwice {
        /// The view or reactor.
        reader: String,
        /// The category.
        category: String,
    },
    /// A notification about a notification would breed without end.
    #[error("reactor `{0}` may answer a notification with `Request` and `Deliver` only")]
    MayBreed(String),
    /// A view's key, order or filter is not among its columns.
    #[error("view `{view}` has no column `{column}`")]
    UnknownColumn {
        /// The view.
        view: String,
        /// The column.
        column: String,
    },
    /// Each upcaster takes one step, and the steps lead from the first schema to the present one.
    #[error("the upcasters of event `{event}` of category `{category}` do not run from 1 without gaps")]
    BrokenUpcasters {
        /// The category.
        category: String,
        /// The event type.
        event: String,
    },
}

impl Catalog {
    /// Gathers the domains.
    ///
    /// # Errors
    /// What is wrong with them; a service does not start with such a catalog.
    pub fn try_new(domains: impl IntoIterator<Item = Domain>) -> Result<Self, CatalogError> {
        let mut all = Domain::default();
        for domain in domains {
            all.categories.extend(domain.categories);
            all.projections.extend(domain.projections);
            all.reactors.extend(domain.reactors);
        }
        let contents = Contents {
            categories: by_name(all.categories, |it| it.name)?,
            projections: by_name(all.projections, |it| it.view)?,
            reactors: by_name(all.reactors, |it| it.name)?,
        };
        contents.categories.values().try_for_each(check_category)?;
        contents.projections.values().try_for_each(check_columns)?;
        contents.check_readers()?;
        Ok(Self(Arc::new(contents)))
    }

    /// The category of that name.
    #[must_use]
    pub fn category(&self, name: &str) -> Option<&Category> {
        self.0.categories.get(name)
    }

    /// All categories, by name.
    pub fn categories(&self) -> impl Iterator<Item = &Category> {
        self.0.categories.values()
    }

    /// The view of that name.
    #[must_use]
    pub fn projection(&self, view: &str) -> Option<&Projection> {
        self.0.projections.get(view)
    }

    /// All views, by name.
    pub fn projections(&self) -> impl Iterator<Item = &Projection> {
        self.0.projections.values()
    }

    /// The reactor of that name.
    #[must_use]
    pub fn reactor(&self, name: &str) -> Option<&Reactor> {
        self.0.reactors.get(name)
    }

    /// All reactors, by name.
    pub fn reactors(&self) -> impl Iterator<Item = &Reactor> {
        self.0.reactors.values()
    }

    /// The category that a commit belongs to.
    ///
    /// # Errors
    /// When it is in no domain.
    pub fn category_of(&self, stored: &StoredCommit) -> Result<&Category, Unreadable> {
        let category = &stored.commit.stream.category;
        self.category(category).ok_or_else(|| Unreadable::UnknownCategory { category: category.clone() })
    }
}

impl Contents {
    fn check_readers(&self) -> Result<(), CatalogError> {
        for projection in self.projections.values() {
            self.check_reads(projection.view, &projection.reads)?;
        }
        for reactor in self.reactors.values() {
            self.check_reads(reactor.name, &reactor.wakes)?;
            if reactor.wakes.iter().any(|it| it.category == NOTIFICATION && it.may_notify()) {
                return Err(CatalogError::MayBreed(reactor.name.into()));
            }
        }
        Ok(())
    }

    fn check_reads<T>(&self, reader: &str, handlers: &[Handler<T>]) -> Result<(), CatalogError> {
        let mut seen = HashSet::new();
        for handler in handlers {
            let (reader, name) = (reader.into(), handler.category.into());
            let Some(category) = self.categories.get(handler.category) else {
                return Err(CatalogError::UnknownCategory { reader, category: name });
            };
            if let Some(event) = handler.event.filter(|event| !category.events.contains_key(*event)) {
                return Err(CatalogError::Unknown { category: name, name: event.into() });
            }
            if !seen.insert((handler.category, handler.event)) {
                return Err(CatalogError::ReadTwice { reader, category: name });
            }
        }
        Ok(())
    }
}

fn by_name<T>(all: Vec<T>, name: fn(&T) -> &'static str) -> Result<BTreeMap<&'static str, T>, CatalogError> {
    let mut seen = BTreeMap::new();
    for it in all {
        let name = name(&it);
        let kebab = name.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
        if !kebab {
            return Err(CatalogError::BadName(name.into()));
        }
        if seen.insert(name, it).is_some() {
            return Err(CatalogError::Twice(name.into()));
        }
    }
    Ok(seen)
}

fn check_columns(projection: &Projection) -> Result<(), CatalogError> {
    let shows = &projection.shows;
    let (Order::Ascending(order) | Order::Descending(order)) = shows.order;
    let columns: HashSet<_> = shows.columns.iter().map(|column| column.name).collect();
    let used = shows.key.iter().chain(order).chain(shows.filters);
    match used.copied().find(|column| !columns.contains(column)) {
        None => Ok(()),
        Some(column) => {
            Err(CatalogError::UnknownColumn { view: projection.view.into(), column: column.into() })
        }
    }
}

fn check_category(category: &Category) -> Result<(), CatalogError> {
    let name = || category.name.to_owned();
    if category.commands.contains_key("") || category.events.contains_key("") {
        return Err(CatalogError::NotAnObject(name()));
    }
    let unknown = |name: &&str, known: &BTreeMap<String, _>| !known.contains_key(*name);
    let internal = category.internal.iter().copied().find(|name| unknown(name, &category.commands));
    let lifted =
        category.upcasters.iter().map(|step| step.event).find(|name| unknown(name, &category.events));
    if let Some(missing) = internal.or(lifted) {
        return Err(CatalogError::Unknown { category: name(), name: missing.into() });
    }
    for event in category.events.keys() {
        let steps = category.upcasters.iter().filter(|step| step.event == event).map(|step| step.from);
        if !(1..).zip(steps).all(|(expected, from)| expected == from) {
            return Err(CatalogError::BrokenUpcasters { category: name(), event: event.clone() });
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "catalog_tests.rs"]
mod tests;
