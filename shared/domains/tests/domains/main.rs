//! The domains as the services use them: what is shown of what happened, and what follows from it.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod account;
mod golden;
mod kit;
mod notification;
mod person;
mod post;
mod reward;
mod reward_membership;
mod states;
mod subscription;
mod todo;
mod todo_histories;
mod todo_list;
mod transfer;
