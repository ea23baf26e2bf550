//! The domains as the services use them: what is shown of what happened, and what follows from it.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod account;
mod golden;
mod kit;
mod notification;
mod transfer;
mod todo;
mod todo_histories;
mod todo_list;
mod reward;
mod reward_membership;
mod subscription;
mod post;
mod person;
