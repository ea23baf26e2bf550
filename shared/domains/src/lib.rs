//! What the system is about: one folder per domain.
//!
//! A domain is pure. It says what may be asked, what can happen and what is shown of it; the
//! services do the rest.

use annals_core::Catalog;

pub mod account;
pub mod notification;
pub mod person;
pub mod post;
pub mod reward;
pub mod subscription;
pub mod todo;
pub mod todo_list;
pub mod transfer;

/// All domains, as the services see them.
#[must_use]
pub fn catalog() -> Catalog {
    Catalog::try_new([
        account::domain(),
        notification::domain(),
        person::domain(),
        post::domain(),
        reward::domain(),
        subscription::domain(),
        todo::domain(),
        todo_list::domain(),
        transfer::domain(),
    ])
    .expect("the domains fit together: a test says so")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_domains_fit_together() {
        let catalog = super::catalog();
        assert!(catalog.categories().all(|category| !category.commands.is_empty()));
    }
}
