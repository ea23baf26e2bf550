//! `GET /v1/catalog`: what can be asked, what can happen then, and who reads of it.

use annals_core::{Catalog, Category, Order, Projection, Reactor};
use axum::{Json, extract::State, http::Uri};
use serde_json::{Value, json};

use crate::{gateway::Gateway, problem::Problem, query::Parameters};

/// The route.
pub async fn get(State(gateway): State<Gateway>, uri: Uri) -> Result<Json<Value>, Problem> {
    Parameters::parse(&uri, &[])?;
    Ok(Json(describe(&gateway.catalog)))
}

/// Everything by name, so that the same catalog is always described in the same way.
fn describe(catalog: &Catalog) -> Value {
    json!({
        "categories": all(catalog.categories(), |it| category(catalog, it)),
        "views": all(catalog.projections(), view),
        "reactors": all(catalog.reactors(), reactor),
    })
}

fn all<T>(things: impl IntoIterator<Item = T>, describe: impl FnMut(T) -> Value) -> Vec<Value> {
    things.into_iter().map(describe).collect()
}

fn category(catalog: &Catalog, category: &Category) -> Value {
    json!({
        "name": category.name,
        "commands": all(&category.commands, |(name, schema)| json!({
            "name": name,
            "internal": category.internal.contains(&name.as_str()),
            "schema": schema,
        })),
        "events": all(&category.events, |(kind, schema)| json!({
            "type": kind,
            "schema_version": category.schema_version(kind),
            "schema": schema,
            "read_by": readers(catalog, category.name, kind),
        })),
        "refusals": all(&category.refusals, |(reason, schema)| json!({ "reason": reason, "schema": schema })),
    })
}

/// Who wants to know of such an event.
fn readers(catalog: &Catalog, category: &str, event: &str) -> Value {
    let views = catalog.projections().filter(|it| it.reads.iter().any(|it| it.reads(category, event)));
    let reactors = catalog.reactors().filter(|it| it.wakes.iter().any(|it| it.reads(category, event)));
    json!({
        "views": views.map(|it| it.view).collect::<Vec<_>>(),
        "reactors": reactors.map(|it| it.name).collect::<Vec<_>>(),
    })
}

/// A view, but for how it is doing. Its order may name a column that is not seen.
pub fn view(projection: &Projection) -> Value {
    let shows = &projection.shows;
    let descending = matches!(shows.order, Order::Descending(_));
    json!({
        "name": projection.view,
        "version": projection.version,
        "columns": all(shows.visible(), |it| json!({ "name": it.name, "kind": it.kind })),
        "key": shows.key,
        "order": { "by": shows.order.columns(), "descending": descending },
        "filters": shows.filters,
        "reads": projection.categories().collect::<Vec<_>>(),
    })
}

fn reactor(reactor: &Reactor) -> Value {
    json!({
        "name": reactor.name,
        "from": reactor.from,
        "wakes": all(&reactor.wakes, |it| json!({ "category": it.category, "event": it.event })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lamp;

    #[test]
    fn a_command_is_described_with_what_it_takes_and_whether_http_knows_it() {
        let catalog = describe(&lamp::catalog());
        let [douse, light, recycle] = &catalog["categories"][0]["commands"].as_array().unwrap()[..] else {
            panic!("{catalog}")
        };
        assert_eq!(
            (&douse["name"], &light["name"], &recycle["name"]),
            (&json!("douse"), &json!("light"), &json!("recycle"))
        );
        assert_eq!((&light["internal"], &recycle["internal"]), (&json!(false), &json!(true)));
        assert_eq!(light["schema"]["properties"]["watts"]["type"], "integer");
        assert_eq!(light["schema"]["required"], json!(["watts"]));
    }

    #[test]
    fn a_refusal_is_described_with_its_data() {
        let catalog = describe(&lamp::catalog());
        let [dark] = &catalog["categories"][0]["refusals"].as_array().unwrap()[..] else {
            panic!("{catalog}")
        };
        assert_eq!((&dark["reason"], &dark["schema"]["type"]), (&json!("dark"), &json!("object")));
    }

    #[test]
    fn an_event_is_described_with_who_reads_it() {
        let catalog = describe(&lamp::catalog());
        let lit = &catalog["categories"][0]["events"][0];
        assert_eq!((&lit["type"], &lit["schema_version"]), (&json!("LampLit"), &json!(1)));
        assert_eq!(lit["schema"]["properties"]["watts"]["type"], "integer");
        assert_eq!(lit["read_by"], json!({ "views": ["lamps"], "reactors": ["caretaker"] }));
        assert_eq!(
            catalog["reactors"],
            json!([{
                "name": "caretaker", "from": "beginning",
                "wakes": [{ "category": "lamp", "event": "LampLit" }],
            }])
        );
    }

    #[test]
    fn a_view_is_described_with_what_it_shows_in_which_order() {
        let catalog = describe(&lamp::catalog());
        assert_eq!(
            catalog["views"],
            json!([{
                "name": "lamps", "version": 1, "reads": ["lamp"], "key": ["lamp_id", "room"],
                "order": { "by": ["room"], "descending": false }, "filters": ["lamp_id", "room"],
                "columns": [
                    { "name": "lamp_id", "kind": "id" },
                    { "name": "room", "kind": "text" },
                    { "name": "watts", "kind": "integer" },
                ],
            }])
        );
    }
}
