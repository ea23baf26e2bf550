//! Which events of the whole log a client wants to see.

use annals_core::{EventView, StoredCommit};
use annals_nats::Scope;
use uuid::Uuid;

use crate::{gateway::Gateway, problem::Problem, query::Parameters};

/// What a client names lets it see only that; nothing named, everything.
#[derive(Debug, Default)]
pub struct Filter {
    /// The events of one category.
    pub category: Option<String>,
    /// The events of these types.
    pub types: Option<Vec<String>>,
    /// What is related by this.
    pub correlation_id: Option<Uuid>,
}

impl Filter {
    /// From `type=A,B&category=c&correlation_id=...`.
    pub fn read(gateway: &Gateway, parameters: &Parameters) -> Result<Self, Problem> {
        let category = parameters.text("category").map(|name| gateway.category(name)).transpose()?;
        Ok(Self {
            category: category.map(|category| category.name.into()),
            types: parameters.text("type").map(|types| types.split(',').map(Into::into).collect()),
            correlation_id: parameters.uuid("correlation_id")?,
        })
    }

    /// The part of the log that has to be looked at.
    pub fn scope(&self) -> Scope {
        self.category.clone().map_or(Scope::All, Scope::Category)
    }

    /// The events of a commit that pass.
    pub fn pick(&self, stored: &StoredCommit) -> Vec<EventView> {
        let elsewhere = self.category.as_ref().is_some_and(|name| *name != stored.commit.stream.category);
        let unrelated = self.correlation_id.is_some_and(|id| id != stored.commit.context.correlation_id);
        if elsewhere || unrelated {
            return Vec::new();
        }
        let of_type =
            |event: &EventView| self.types.as_ref().is_none_or(|types| types.contains(&event.r#type));
        EventView::all(stored).into_iter().filter(of_type).collect()
    }
}
