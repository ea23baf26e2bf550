//! Whoever looks at answers as they come.

use std::{fmt, sync::Arc};

use crate::Answer;

type Look = dyn Fn(Option<&Answer>) + Send + Sync;

#[derive(Clone, Default)]
pub(crate) struct Watch(Option<Arc<Look>>);

impl Watch {
    pub(crate) fn by(look: impl Fn(Option<&Answer>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(look)))
    }

    pub(crate) fn show(&self, answer: Option<&Answer>) {
        if let Some(look) = &self.0 {
            look(answer);
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Watch" } else { "nobody" })
    }
}
