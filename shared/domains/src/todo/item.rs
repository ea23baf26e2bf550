//! What is to be done, and how it may change.

use annals_core::{
    Change,
    values::{Date, Email, Text, not_null},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// In a few words.
    pub title: Text,
    /// In more words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// The day by which it should be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date: Option<Date>,
    /// Who is told when it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stakeholder_email: Option<Email>,
    /// The list that it is on, which may be created later or never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_id: Option<Uuid>,
}

/// What is to become of an item. A field that is left out stays as it is; null clears it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1))]
pub struct Amendment {
    /// Every item has one, so it cannot be cleared.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Text")]
    pub title: Option<Text>,
    /// In more words.
    #[serde(default, skip_serializing_if = "Change::is_kept")]
    pub description: Change<Text>,
    /// The day by which it should be done.
    #[serde(default, skip_serializing_if = "Change::is_kept")]
    pub due_date: Change<Date>,
    /// Who is told when it is done.
    #[serde(default, skip_serializing_if = "Change::is_kept")]
    pub stakeholder_email: Change<Email>,
}

impl Item {
    /// The item as it is after the amendment.
    #[must_use]
    pub fn amended(self, amendment: &Amendment) -> Self {
        let Amendment { title, description, due_date, stakeholder_email } = amendment.clone();
        Self {
            title: title.unwrap_or(self.title),
            description: description.after(self.description),
            due_date: due_date.after(self.due_date),
            stakeholder_email: stakeholder_email.after(self.stakeholder_email),
            list_id: self.list_id,
        }
    }
}

impl Amendment {
    /// What of it changes the item, if anything does.
    #[must_use]
    pub fn to(self, item: &Item) -> Option<Self> {
        let changes = Self {
            title: self.title.filter(|title| *title != item.title),
            description: self.description.unless_already(item.description.as_ref()),
            due_date: self.due_date.unless_already(item.due_date.as_ref()),
            stakeholder_email: self.stakeholder_email.unless_already(item.stakeholder_email.as_ref()),
        };
        (changes != Self::default()).then_some(changes)
    }
}
