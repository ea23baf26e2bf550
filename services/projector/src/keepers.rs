//! All views in the care of this process.

use std::{collections::BTreeMap, sync::Arc};

use annals_chassis::health::Condition;

use crate::keeper::Keeper;

/// A keeper for each view, by its name.
pub(crate) struct Keepers(BTreeMap<&'static str, Arc<Keeper>>);

impl Keepers {
    /// The keeper of a view that is served here.
    pub(crate) fn of(&self, view: &str) -> Arc<Keeper> {
        self.0[view].clone()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Keeper>> {
        self.0.values()
    }
}

impl FromIterator<Keeper> for Keepers {
    fn from_iter<I: IntoIterator<Item = Keeper>>(keepers: I) -> Self {
        Self(keepers.into_iter().map(|keeper| (keeper.projection.view, Arc::new(keeper))).collect())
    }
}

/// One view that serves makes the projector ready; what stops the others is theirs.
impl Condition for Keepers {
    fn serves(&self) -> bool {
        self.0.is_empty() || self.iter().any(|keeper| keeper.serves())
    }

    fn degraded(&self) -> Vec<String> {
        let stuck = self.iter().filter(|keeper| keeper.progress.now().in_the_way.is_some());
        stuck.map(|keeper| keeper.projection.view.into()).collect()
    }
}
