//! Many transfers at once. Their steps are taken in any order, some of them twice.

use std::collections::BTreeMap;

use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};

use super::{books::Books, transfer};
use crate::{
    account::account,
    kit::{Chores, History, Order, rows},
};

/// What happens next.
#[derive(Debug, Clone)]
enum Action {
    /// Somebody gives a command.
    Give(Order),
    /// One of the reactions that are due is carried out.
    React(Index),
    /// One that was carried out comes again.
    Repeat(Index),
}

/// Few of them, so that accounts are often empty.
fn amount() -> impl Strategy<Value = i64> {
    (1_i64..4).prop_map(|hundreds| hundreds * 100)
}

fn order() -> impl Strategy<Value = Order> {
    let on_account = |number, command, data| Order { stream: account(number), command, data };
    let accounts = 1_u128..6;
    prop_oneof![
        2 => accounts.clone().prop_map(move |number| {
            on_account(number, "open", json!({ "owner_email": "ada@example.com" }))
        }),
        3 => (accounts.clone(), amount())
            .prop_map(move |(number, amount)| on_account(number, "deposit", json!({ "amount": amount }))),
        2 => (accounts.clone(), amount())
            .prop_map(move |(number, amount)| on_account(number, "withdraw", json!({ "amount": amount }))),
        1 => accounts.clone().prop_map(move |number| on_account(number, "close", json!({}))),
        6 => (1_u128..100, accounts.clone(), accounts, amount()).prop_map(|(number, from, to, amount)| Order {
            stream: transfer(number),
            command: "request",
            data: json!({ "from": account(from).id, "to": account(to).id, "amount": amount }),
        }),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        3 => order().prop_map(Action::Give),
        5 => any::<Index>().prop_map(Action::React),
        1 => any::<Index>().prop_map(Action::Repeat),
    ]
}

/// Does all that, and in the end whatever is still due.
fn simulate(actions: Vec<Action>, then: &[Index]) -> History {
    let (mut history, mut chores) = (History::new(), Chores::of("transfer"));
    for action in actions {
        match action {
            Action::Give(Order { stream, command, data }) => {
                if let Ok(Some(commit)) = history.give(&stream, command, &data) {
                    chores.follow(&history, &commit);
                }
            }
            Action::React(index) if !chores.due.is_empty() => {
                chores.carry_out(&mut history, index.index(chores.due.len()));
            }
            Action::Repeat(index) if !chores.done.is_empty() => {
                chores.repeat(&mut history, index.index(chores.done.len()));
            }
            Action::React(_) | Action::Repeat(_) => {}
        }
    }
    for index in then.iter().cycle() {
        if chores.due.is_empty() {
            break;
        }
        chores.carry_out(&mut history, index.index(chores.due.len()));
    }
    for number in 0..chores.done.len() {
        chores.repeat(&mut history, number);
    }
    history
}

/// These columns of a view's rows, by the row's key.
async fn seen(view: &str, history: &History, key: &[&str], columns: &[&str]) -> BTreeMap<String, Value> {
    let commits: Vec<_> = history.commits.iter().collect();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let all = rows(view, &commits, &[]).await;
    let keyed = all.iter().map(|row| {
        let key: Vec<_> = key.iter().map(|name| text(&row[*name])).collect();
        let shown = columns.iter().map(|name| ((*name).to_owned(), row[*name].clone())).collect();
        (key.join(":"), Value::Object(shown))
    });
    keyed.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn money_is_never_made_or_lost_and_in_the_end_nothing_is_pending(
        actions in prop::collection::vec(action(), 0..250),
        then in prop::collection::vec(any::<Index>(), 1..20),
    ) {
        let history = simulate(actions, &then);
        let books = Books::of(&history);
        books.assert_settled();

        let runtime = tokio::runtime::Runtime::new().unwrap();
        let seen = |view, key, columns| runtime.block_on(seen(view, &history, key, columns));
        prop_assert_eq!(seen("balances", &["account_id"], &["balance", "version"]), books.balances());
        let statements = seen("statements", &["account_id", "version"], &["kind", "amount", "balance"]);
        prop_assert_eq!(statements, books.statements());
        prop_assert_eq!(seen("transfers", &["transfer_id"], &["status", "reason"]), books.transfers());
    }
}
