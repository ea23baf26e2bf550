//! The steps of a transfer, each the answer to an event.

use annals_core::{Recorded, Request};

use super::{Command, Event, Transfer};
use crate::account::{self, Account};

pub(super) fn debit_the_payer(it: &Recorded<Event>) -> Option<Request> {
    let Event::TransferRequested { from, amount, .. } = it.event else { return None };
    let debit = account::Command::DebitForTransfer { transfer_id: it.id, amount };
    Some(Request::new::<Account>("debit", from, &debit))
}

pub(super) fn record_the_debit(it: &Recorded<account::Event>) -> Option<Request> {
    let account::Event::TransferDebited { transfer_id, .. } = it.event else { return None };
    Some(Request::new::<Transfer>("record", transfer_id, &Command::RecordDebited {}))
}

pub(super) fn record_that_the_debit_was_declined(it: &Recorded<account::Event>) -> Option<Request> {
    let account::Event::TransferDebitDeclined { reason, transfer_id } = it.event else { return None };
    Some(Request::new::<Transfer>("record", transfer_id, &Command::RecordDebitDeclined { reason }))
}

pub(super) fn credit_the_payee(it: &Recorded<Event>) -> Option<Request> {
    let Event::DebitRecorded { to, amount } = it.event else { return None };
    let credit = account::Command::CreditFromTransfer { transfer_id: it.id, amount };
    Some(Request::new::<Account>("credit", to, &credit))
}

pub(super) fn record_the_credit(it: &Recorded<account::Event>) -> Option<Request> {
    let account::Event::TransferCredited { transfer_id, .. } = it.event else { return None };
    Some(Request::new::<Transfer>("record", transfer_id, &Command::RecordCredited {}))
}

pub(super) fn record_that_the_credit_was_declined(it: &Recorded<account::Event>) -> Option<Request> {
    let account::Event::TransferCreditDeclined { reason, transfer_id } = it.event else { return None };
    Some(Request::new::<Transfer>("record", transfer_id, &Command::RecordCreditDeclined { reason }))
}

pub(super) fn settle_the_debit(it: &Recorded<Event>) -> Option<Request> {
    let Event::TransferCompleted { from, .. } = it.event else { return None };
    Some(Request::new::<Account>("settle", from, &account::Command::SettleTransfer { transfer_id: it.id }))
}

pub(super) fn return_the_money(it: &Recorded<Event>) -> Option<Request> {
    let Event::CreditDeclineRecorded { from, .. } = it.event else { return None };
    Some(Request::new::<Account>("return", from, &account::Command::ReturnTransfer { transfer_id: it.id }))
}

pub(super) fn record_the_return(it: &Recorded<account::Event>) -> Option<Request> {
    let account::Event::TransferReturned { transfer_id, .. } = it.event else { return None };
    Some(Request::new::<Transfer>("record", transfer_id, &Command::RecordReturned {}))
}
