//! How the service is, for `/readyz`.

use annals_chassis::health::{Begun, Condition};

use crate::trouble::Trouble;

/// The reactors of this process, all together.
#[derive(Default)]
pub(crate) struct Reactors {
    pub begun: Begun,
    pub trouble: Trouble,
}

impl Condition for Reactors {
    fn serves(&self) -> bool {
        self.begun.serves()
    }

    fn degraded(&self) -> Vec<String> {
        self.trouble.sentences()
    }
}
