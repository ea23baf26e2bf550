//! What a client wants, and which answers to it make sense.

use annals_client::{Client, Give};
use rand::{Rng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};
use uuid::{Builder, Uuid};

/// From here on the fraud desk is told.
const LARGE: u64 = 10_000_00;
/// More than any account ever holds, and still a valid amount.
const ABSURD: u64 = 1_000_000_000_00;

/// A command, and what may come of it.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub category: &'static str,
    /// The aggregate.
    pub id: Uuid,
    pub command: &'static str,
    pub data: Value,
    /// Only if the aggregate is at this version.
    pub if_match: Option<u64>,
    /// Whether it can be carried out, if nothing else is in the way.
    pub may_succeed: bool,
    /// The refusal that would make sense.
    pub refusal: Option<&'static str>,
}

impl Order {
    pub(crate) fn open(account: Uuid) -> Self {
        Self::new("account", account, "open", json!({ "owner_email": email(account) }))
    }

    pub(crate) fn deposit(account: Uuid, amount: u64) -> Self {
        Self::new("account", account, "deposit", json!({ "amount": amount }))
    }

    pub(crate) fn close(account: Uuid) -> Self {
        Self::new("account", account, "close", json!({}))
    }

    fn withdraw(account: Uuid, amount: u64) -> Self {
        let refusal = Some("insufficient-funds");
        Self { refusal, ..Self::new("account", account, "withdraw", json!({ "amount": amount })) }
    }

    /// A transfer from one of the accounts to another. Now and then it is too large, or from an account
    /// to itself.
    pub(crate) fn draw_transfer(random: &mut StdRng, accounts: &[Uuid]) -> Self {
        let [from, to] = [(); 2].map(|()| *accounts.choose(random).expect("there are accounts"));
        let amount = if random.random_ratio(1, 20) { ABSURD } else { random.random_range(1..=50_00) };
        let data = json!({ "from": from, "to": to, "amount": amount });
        let order = Self::new("transfer", fresh_id(random), "request", data);
        if from == to { order.in_vain("same-account") } else { order }
    }

    fn new(category: &'static str, id: Uuid, command: &'static str, data: Value) -> Self {
        Self { category, id, command, data, if_match: None, may_succeed: true, refusal: None }
    }

    fn in_vain(self, refusal: &'static str) -> Self {
        Self { may_succeed: false, refusal: Some(refusal), ..self }
    }

    /// Something to do with one of the accounts. `latest` says which version it was last seen at.
    pub(crate) fn draw(random: &mut StdRng, accounts: &[Uuid], latest: impl Fn(Uuid) -> Option<u64>) -> Self {
        let known = *accounts.choose(random).expect("there are accounts");
        let amount = random.random_range(1..=500_00);
        match random.random_range(0..100) {
            0..5 => Self::open(fresh_id(random)),
            5..45 => Self::deposit(known, amount),
            45..75 => Self::withdraw(known, amount),
            75..77 => Self::withdraw(known, random.random_range(LARGE - 1..=LARGE + 1)),
            77..87 => Self { if_match: latest(known), ..Self::deposit(known, amount) },
            87..94 => Self::withdraw(known, ABSURD).in_vain("insufficient-funds"),
            94..97 => Self::open(known).in_vain("already-open"),
            _ => Self::deposit(fresh_id(random), amount).in_vain("not-open"),
        }
    }

    /// The command, ready to be given.
    pub(crate) fn give(&self, client: &Client, key: Uuid) -> Give {
        let give = client.give_named(self.category, self.id, self.command, self.data.clone());
        let give = give.key(&key).correlated_with(key);
        match self.if_match {
            Some(version) => give.at_version(version),
            None => give,
        }
    }
}

/// The address of an account's owner, who has no other account.
#[must_use]
pub fn email(account: Uuid) -> String {
    format!("{account}@example.com")
}

/// Of an aggregate that nobody has heard of.
pub(crate) fn fresh_id(random: &mut StdRng) -> Uuid {
    Builder::from_random_bytes(random.random()).into_uuid()
}
