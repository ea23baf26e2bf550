//! The typed client, as somebody uses it who has the domains.

use std::time::Duration;

use annals_client::{Address, Error, Outcome, Repeat, When};
use annals_domains::account::{Account, Amount, Command, Event};
use annals_testkit::{Cluster, Service, System};
use futures_util::TryStreamExt;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// As much of a row in `balances` as is of interest.
#[derive(Debug, Deserialize, PartialEq)]
struct Balance {
    balance: i64,
    version: u64,
}

fn cents(cents: i64) -> Amount {
    cents.try_into().unwrap()
}

fn open() -> Command {
    Command::Open { owner_email: "ada@example.com".parse().unwrap() }
}

#[tokio::test]
async fn a_session_reads_what_it_has_written() {
    let system = System::start().await;
    let (annals, id) = (system.typed().session(), Uuid::new_v4());
    let opened = annals.give::<Account>(id, &open()).if_new().await.unwrap().accepted().unwrap();
    assert_eq!((opened.id, opened.version), (id, 1));
    for deposits in 1..=100 {
        let deposit = Command::Deposit { amount: cents(5) };
        let given = annals.give::<Account>(id, &deposit).at_version(opened.version + deposits - 1);
        given.await.unwrap().accepted().unwrap();
        let row: Option<Balance> = annals.view("balances").row(&id.to_string()).await.unwrap();
        let balance = i64::try_from(deposits).unwrap() * 5;
        assert_eq!(row, Some(Balance { balance, version: opened.version + deposits }));
    }

    let movements = annals.view("statements").filter("account_id", &id).limit(7).rows::<Balance>();
    let movements: Vec<_> = movements.map_ok(|movement| movement.balance).try_collect().await.unwrap();
    assert_eq!(movements, (1..=100).map(|deposits| deposits * 5).collect::<Vec<_>>());
    assert_eq!(annals.view("balances").row::<Balance>(&Uuid::nil().to_string()).await.unwrap(), None);
}

#[tokio::test]
async fn a_no_is_an_outcome_and_says_why() {
    let system = System::start().await;
    let (annals, id) = (system.typed(), Uuid::new_v4());
    let Outcome::Refused(no) = annals.give::<Account>(id, &Command::Close {}).await.unwrap() else {
        panic!("nobody has opened it")
    };
    assert_eq!(no.reason, "not-open");

    annals.give::<Account>(id, &open()).await.unwrap().accepted().unwrap();
    let withdraw = Command::Withdraw { amount: cents(9) };
    let error = annals.give::<Account>(id, &withdraw).await.unwrap().accepted().unwrap_err();
    let Error::Refused(no) = &error else { panic!("{error}") };
    assert_eq!(Value::from(no.data.clone()), json!({ "balance": 0, "amount": 9 }));
    assert_eq!((no.reason.as_str(), error.repeat()), ("insufficient-funds", Repeat::InVain));

    let Outcome::Problem(late) = annals.give::<Account>(id, &Command::Close {}).at_version(7).await.unwrap()
    else {
        panic!("it is at version 1")
    };
    assert_eq!((late.code.as_str(), late.version()), ("version-mismatch", Some(1)));
    let unknown = annals.give_named("account", id, "rob", json!({})).await.unwrap();
    assert!(matches!(unknown, Outcome::Problem(problem) if problem.code == "unknown-command"));
}

#[tokio::test]
async fn the_same_key_is_carried_out_once() {
    let system = System::start().await;
    let (annals, id) = (system.typed(), Uuid::new_v4());
    annals.give::<Account>(id, &open()).await.unwrap().accepted().unwrap();
    let give = annals.give::<Account>(id, &Command::Deposit { amount: cents(5) }).key("monday");
    let first = give.clone().await.unwrap().accepted().unwrap();
    let again = give.await.unwrap().accepted().unwrap();
    assert_eq!((first.replayed, again.replayed), (false, true));
    assert_eq!((first.command_id, first.position), (again.command_id, again.position));
}

#[tokio::test]
async fn what_happened_is_read_as_events_and_as_it_was() {
    let system = System::start().await;
    let (annals, id, correlation_id) = (system.typed(), Uuid::new_v4(), Uuid::new_v4());
    annals.give::<Account>(id, &open()).await.unwrap().accepted().unwrap();
    for amount in [5, 7, 9] {
        let deposit = annals.give::<Account>(id, &Command::Deposit { amount: cents(amount) });
        let deposit = deposit.correlated_with(correlation_id).noting("why", "wages");
        deposit.await.unwrap().accepted().unwrap();
    }

    let stream = annals.stream("account", id);
    let deposited = stream.clone().after(1).limit(1).events();
    let deposited: Vec<_> = deposited.try_collect().await.unwrap();
    let amounts = deposited.iter().map(|event| match event.read::<Account>() {
        Ok(Event::MoneyDeposited { amount, .. }) => i64::from(amount),
        other => panic!("{other:?}"),
    });
    assert_eq!(amounts.collect::<Vec<_>>(), [5, 7, 9]);
    let first = stream.state::<Value>(When::At(deposited[0].recorded_at)).await.unwrap().unwrap();
    let second = stream.state::<Value>(When::Version(3)).await.unwrap().unwrap();
    let now = stream.state::<Value>(When::Now).await.unwrap().unwrap();
    assert_eq!([&first, &second, &now].map(|it| &it.state["balance"]), [5, 12, 21]);
    assert!(stream.state::<Value>(When::Version(9)).await.unwrap().is_none());
    assert!(annals.stream("account", Uuid::nil()).page().await.unwrap().is_none());

    let related = annals.events().correlated_with(correlation_id).types(["MoneyDeposited"]).all();
    let related: Vec<_> = related.try_collect().await.unwrap();
    assert_eq!(related.iter().map(|event| event.version).collect::<Vec<_>>(), [2, 3, 4]);
    assert!(related.iter().all(|event| event.metadata["why"] == "wages"));
}

#[tokio::test]
async fn the_log_is_followed_as_it_grows_and_across_a_restart() {
    let mut system = System::start().await;
    let (annals, id) = (system.typed(), Uuid::new_v4());
    let deposit = async |amount| {
        let given = annals.give::<Account>(id, &Command::Deposit { amount: cents(amount) });
        given.await.unwrap().accepted().unwrap().position
    };
    annals.give::<Account>(id, &open()).await.unwrap().accepted().unwrap();
    let mut live = annals.events().types(["MoneyDeposited"]).live();
    for amount in 1..=5 {
        deposit(amount).await;
    }
    for version in 2..=6 {
        assert_eq!(live.next().await.unwrap().unwrap().version, version);
    }
    system.stop().await;
    system.start_again().await;
    let position = deposit(6).await;
    let event = live.next().await.unwrap().unwrap();
    assert_eq!((event.version, event.position, live.reached()), (7, position, Address::of(&event)));

    let mut there = annals.events().after(position).until(deposit(7).await).category("account").live();
    assert_eq!(there.next().await.unwrap().unwrap().version, 8);
    assert!(there.next().await.unwrap().is_none(), "it ends there");
}

#[tokio::test]
async fn a_command_for_later_is_carried_out_and_its_outcome_is_read() {
    let system = System::start().await;
    let (annals, id) = (system.typed().session(), Uuid::new_v4());
    let opened = annals.give::<Account>(id, &open()).later().await.unwrap();
    let opened = annals.command(opened.command_id()).outcome().await.unwrap().accepted().unwrap();
    assert_eq!((opened.id, opened.version), (id, 1));
    let row: Option<Balance> = annals.view("balances").row(&id.to_string()).await.unwrap();
    assert_eq!(row, Some(Balance { balance: 0, version: 1 }));

    let again = annals.give::<Account>(id, &open()).later().await.unwrap();
    let Outcome::Refused(no) = again.outcome().await.unwrap() else { panic!("it is open already") };
    assert_eq!(no.reason, "already-open");
    let late = annals.give::<Account>(id, &Command::Close {}).at_version(7).later().await.unwrap();
    let Outcome::Problem(late) = late.outcome().await.unwrap() else { panic!("it is at version 1") };
    assert_eq!((late.code.as_str(), late.version()), ("version-mismatch", Some(1)));

    let unknown = annals.give_named("account", id, "rob", json!({})).later().await.unwrap_err();
    assert!(matches!(unknown, Error::Problem(problem) if problem.code == "unknown-command"));
    let never = annals.command(Uuid::new_v4()).look().await.unwrap_err();
    assert!(matches!(never, Error::Problem(problem) if problem.code == "not-found"));
}

#[tokio::test]
async fn a_gateway_that_is_killed_again_and_again_costs_the_client_nothing() {
    let mut cluster = Cluster::start().await;
    let (annals, id) = (cluster.typed().patient_for(Duration::from_mins(2)), Uuid::new_v4());
    annals.give::<Account>(id, &open()).await.unwrap().accepted().unwrap();
    let mut live = annals.events().category("account").live();
    let depositing = tokio::spawn(async move {
        for _ in 0..200 {
            let deposit = annals.give::<Account>(id, &Command::Deposit { amount: cents(1) });
            deposit.await.unwrap().accepted().unwrap();
        }
    });
    for version in 1..=201 {
        let event = live.next().await.unwrap().unwrap();
        assert_eq!(event.version, version, "nothing is lost, nothing comes twice");
        if version % 40 == 0 {
            cluster.kill(Service::Gateway).await;
            cluster.run(Service::Gateway).await;
        }
    }
    depositing.await.unwrap();
}
