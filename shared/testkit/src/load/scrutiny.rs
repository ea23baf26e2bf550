//! Every answer that a client gets, looked at before the client makes anything of it.

use std::sync::{Arc, Mutex, PoisonError};

use annals_client::{Error, Outcome};

use super::{
    Desk,
    order::Order,
    verdict::{Verdict, is_shared, judge},
};
use crate::Answer;

/// Watches over one command.
#[derive(Clone)]
pub(super) struct Scrutiny {
    desk: Desk,
    order: Order,
    progress: Arc<Mutex<Progress>>,
}

struct Progress {
    /// Whether it has not been sent yet.
    first: bool,
    last: Option<(Verdict, Answer)>,
}

impl Scrutiny {
    /// `first` unless the command has been sent before.
    pub(super) fn new(desk: Desk, order: Order, first: bool) -> Self {
        Self { desk, order, progress: Arc::new(Mutex::new(Progress { first, last: None })) }
    }

    /// Judges an answer, or none.
    pub(super) fn look(&self, answer: Option<&annals_client::Answer>) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let first = std::mem::take(&mut progress.first);
        let Some(answer) = answer.map(Answer::from) else { return self.desk.ledger().note("no answer") };
        let code = answer.json["code"].as_str().unwrap_or_default();
        self.desk.ledger().note(format!("{} {code}", answer.status.as_u16()).trim_end());
        let verdict = judge(&self.order, &answer, first);
        if let Some(Verdict::Fault(fault)) = &verdict {
            self.desk.ledger().fault(fault.clone());
        }
        progress.last = verdict.map(|verdict| (verdict, answer));
    }

    /// The verdict on the last answer, which the client has to share; none if there was a fault.
    pub(super) fn end(self, outcome: &Result<Outcome, Error>) -> Option<(Verdict, Answer)> {
        let last = self.progress.lock().unwrap_or_else(PoisonError::into_inner).last.take();
        let agreed = last.as_ref().is_some_and(|(verdict, _)| is_shared(verdict, outcome));
        if !agreed {
            let order = &self.order;
            self.desk.ledger().fault(format!("the client made {outcome:?} of {last:?}: {order:?}"));
        }
        last.filter(|(verdict, _)| agreed && !matches!(verdict, Verdict::Fault(_)))
    }
}
