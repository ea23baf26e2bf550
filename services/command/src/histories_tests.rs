//! An aggregate that goes on from a snapshot is the one that was folded whole: after random histories of
//! every category, made of the events that its golden files hold.

use std::{fs, path::PathBuf};

use annals_core::{Category, Commit, Context, Decided, Fingerprint, StoredCommit, StreamId};
use jiff::Timestamp;
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Map, Value, value::to_raw_value};
use uuid::Uuid;

use crate::aggregate::Aggregate;

/// An event of the golden files, by number, with other ids and amounts in it.
type Choice = (usize, u8);

/// Every event of a category in its present schema.
fn events(category: &Category) -> Vec<(String, Value)> {
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/domains/golden");
    let mut files: Vec<_> = fs::read_dir(golden.join(category.name)).unwrap().map(Result::unwrap).collect();
    files.sort_by_key(fs::DirEntry::path);
    let events = files.into_iter().filter_map(|file| {
        let name = file.file_name().into_string().unwrap();
        let (kind, rest) = name.split_once(".v").unwrap();
        let schema: u32 = rest.split('.').next().unwrap().parse().unwrap();
        let data = serde_json::from_slice(&fs::read(file.path()).unwrap()).unwrap();
        (schema == category.schema_version(kind)).then(|| (kind.to_owned(), data))
    });
    events.collect()
}

/// Other ids and other numbers, of which there are few, so that they come again.
fn vary(data: &Value, by: u8) -> Value {
    match data {
        Value::String(text) if Uuid::try_parse(text).is_ok() => {
            Value::from(Uuid::from_u128((by % 7).into()).to_string())
        }
        Value::Number(_) => Value::from(1 + by % 5),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), vary(value, by))).collect())
        }
        Value::Array(values) => values.iter().map(|value| vary(value, by)).collect(),
        Value::Null | Value::Bool(_) | Value::String(_) => data.clone(),
    }
}

/// The stream that these commits make.
pub(crate) fn stream(category: &Category, commits: &[Vec<Choice>]) -> Vec<StoredCommit> {
    let (events, mut stored) = (events(category), Vec::<StoredCommit>::new());
    for (number, choices) in (1..).zip(commits) {
        let id = Uuid::from_u128(number);
        let decided = choices.iter().map(|(which, by)| {
            let (kind, data) = &events[which % events.len()];
            let data = to_raw_value(&vary(data, *by)).unwrap();
            Decided { kind: kind.clone(), schema: category.schema_version(kind), data }
        });
        let before = stored.last();
        let commit = Commit {
            id,
            stream: StreamId::new(category.name, Uuid::from_u128(1)),
            recorded_at: Timestamp::from_microsecond(1_795_253_400_123_456 + i64::try_from(number).unwrap())
                .unwrap(),
            context: Context {
                correlation_id: id,
                causation_id: id,
                actor: "anonymous".into(),
                metadata: Map::new(),
                trace: None,
            },
            fingerprint: Fingerprint::of("whatever", &Value::Null),
            previous_hash: before.map(|it| it.hash.clone()),
            events: Commit::place(id, before.map_or(0, |it| it.commit.version()), decided.collect()),
        };
        let position = 3 * u64::try_from(number).unwrap(); // others write to the log, too
        stored.push(StoredCommit::decode(position, &commit.encode().unwrap()).unwrap());
    }
    stored
}

pub(crate) fn fold(category: &Category, from: Aggregate, commits: &[StoredCommit]) -> Aggregate {
    commits.iter().try_fold(from, |aggregate, stored| aggregate.fold(category, stored)).unwrap()
}

/// Folds all of it, and all of it by way of a snapshot after so many commits.
fn two_ways(category: &Category, commits: &[StoredCommit], after: usize) -> [Aggregate; 2] {
    let (before, since) = commits.split_at(after);
    let kept = fold(category, Aggregate::blank(category), before);
    let snapshot = kept.encode(category, &StreamId::new(category.name, Uuid::from_u128(1)));
    let kept = Aggregate::decode(category, &snapshot).expect("what was encoded can be decoded");
    [fold(category, Aggregate::blank(category), commits), fold(category, kept, since)]
}

fn assert_same(category: &Category, whole: &Aggregate, resumed: &Aggregate) {
    assert_eq!(category.encode(&whole.state), category.encode(&resumed.state), "{}", category.name);
    assert_eq!(
        (whole.version, whole.position, whole.hash, whole.recorded_at, &whole.recent),
        (resumed.version, resumed.position, resumed.hash, resumed.recorded_at, &resumed.recent),
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn going_on_from_a_snapshot_is_folding_all(
        commits in vec(vec(any::<Choice>(), 1..4), 1..40),
        after in any::<Index>(),
    ) {
        for category in annals_domains::catalog().categories() {
            let commits = stream(category, &commits);
            let [whole, resumed] = two_ways(category, &commits, after.index(commits.len() + 1));
            assert_same(category, &whole, &resumed);
        }
    }
}

#[test]
fn a_snapshot_knows_the_last_thousand_commands_and_no_more() {
    let catalog = annals_domains::catalog();
    let category = catalog.category("account").unwrap();
    let commits = stream(category, &vec![vec![(0, 1)]; 1300]);

    for after in [1, 999, 1000, 1001, 1299, 1300] {
        let [whole, resumed] = two_ways(category, &commits, after);
        assert_same(category, &whole, &resumed);
        assert_eq!(resumed.recent.len(), 1000);
        assert!(resumed.recall(commits[300].commit.id).is_some());
        assert!(resumed.recall(commits[299].commit.id).is_none());
        assert!(resumed.forgot_since(0));
    }
}
