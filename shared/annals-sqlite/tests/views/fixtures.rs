//! Two small projections, and a place to keep them.

use std::{path::PathBuf, sync::Arc};

use annals_core::{
    Column, Order, Position, Projection, Shows, Sql,
    log::{Checkpoint, Head},
};
use annals_sqlite::{Change, Directory, View, ViewError};
use serde_json::{Value, value::RawValue};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use uuid::Uuid;

/// The log that the views are of.
pub const LOG: Uuid = Uuid::from_u128(0x106);

/// A directory of views that is gone after the test.
pub struct House {
    pub directory: Directory,
    pub root: TempDir,
}

impl House {
    pub fn new() -> Self {
        let root = TempDir::new().unwrap();
        Self { directory: Directory::open(root.path().join("views")).unwrap(), root }
    }

    pub async fn open(&self, projection: &Projection) -> View {
        View::open(&self.directory, projection, LOG).await.unwrap()
    }

    /// A view that may show its rows.
    pub async fn live(&self, projection: &Projection) -> View {
        let view = self.open(projection).await;
        view.mark_reached_end().await.unwrap();
        view
    }

    /// Somebody else who keeps the file locked until they roll back.
    pub async fn lock(&self, name: &str) -> SqliteConnection {
        let url = format!("sqlite://{}", self.file(name).display());
        let mut other = SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql("begin immediate").execute(&mut other).await.unwrap();
        other
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.root.path().join("views").join(name)
    }
}

/// Changes a view by these statements, which come from one entry.
pub async fn apply(view: &View, statements: &[Sql], checkpoint: Checkpoint) -> Result<(), ViewError> {
    let change = Change { statements: statements.to_vec(), checkpoint };
    view.apply(&Arc::from([change])).await
}

/// Posts, of which many may have been published at the same time; newest first.
pub fn timeline() -> Projection {
    Projection {
        view: "timeline",
        version: 1,
        tables:
            "create table posts (post_id text primary key, author text not null, [from] text, likes integer,
            published_at text not null); -- and by whom:
            create table authors (author text primary key)",
        shows: Shows {
            table: "posts",
            columns: const {
                &[
                    Column::time("published_at"),
                    Column::id("post_id"),
                    Column::text("author"),
                    Column::text("from"),
                    Column::integer("likes"),
                ]
            },
            key: &["post_id"],
            order: Order::Descending(&["published_at"]),
            filters: &["author", "likes", "post_id", "published_at"],
        },
        reads: Vec::new(),
    }
}

/// Movements of accounts, named by two columns.
pub fn statements() -> Projection {
    Projection {
        view: "statements",
        version: 3,
        tables: "create table statements (account_id text, version integer, amount integer,
            primary key (account_id, version)) without rowid",
        shows: Shows {
            table: "statements",
            columns: const { &[Column::id("account_id"), Column::integer("version"), Column::integer("amount")] },
            key: &["account_id", "version"],
            order: Order::Ascending(&["account_id", "version"]),
            filters: &["account_id"],
        },
        reads: Vec::new(),
    }
}

pub fn id(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

/// A post with `minute` 0..60; likes and `from` are null.
pub fn post(number: u128, author: &str, minute: u32) -> Sql {
    Sql::new("insert or replace into posts values (?, ?, null, null, ?) -- by us")
        .bind(id(number))
        .bind(author)
        .bind(format!("2026-11-21T09:{minute:02}:00.000000Z"))
}

pub fn movement(account: u128, version: i64, amount: i64) -> Sql {
    Sql::new("insert or replace into statements values (?, ?, ?)")
        .bind(id(account))
        .bind(version)
        .bind(amount)
}

/// Some entry stands at that position.
pub fn at(position: Position) -> Checkpoint {
    let hash = Head::start(Uuid::from_u128(position.into())).hash;
    Checkpoint { position, head: Head { position, hash } }
}

pub fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub fn filters(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

pub fn parsed(row: &RawValue) -> Value {
    serde_json::from_str(row.get()).unwrap()
}

/// One column of all rows that pass the filters.
pub async fn column(view: &View, name: &str, pairs: &[(&str, &str)]) -> Vec<Value> {
    let (_, page) = view.rows(&filters(pairs), 500, None).await.unwrap();
    page.rows.iter().map(|row| parsed(row)[name].clone()).collect()
}

/// What the reader is told.
pub fn invalid<T>(result: Result<T, ViewError>) -> String {
    match result {
        Err(ViewError::Invalid(detail)) => detail,
        Err(error) => panic!("another failure: {error}"),
        Ok(_) => panic!("it was accepted"),
    }
}
