use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use axum::{Router, body::Body, http::Request};
use tower::ServiceExt;

use super::*;
use crate::{fits::fits, gateway, lamp, limits::Limits, router};

fn ours() -> Value {
    document(&annals_domains::catalog())
}

/// Every operation, by method and path.
fn operations(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, methods): (&String, &Value)| {
        let methods = methods.as_object().unwrap().clone();
        let path = path.clone();
        methods.into_iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
    };
    paths.iter().flat_map(of_path).collect()
}

/// What `$ref` leads to, or the thing itself.
fn meant<'a>(document: &'a Value, thing: &'a Value) -> &'a Value {
    match thing["$ref"].as_str() {
        Some(place) => document.pointer(place.trim_start_matches('#')).unwrap_or_else(|| panic!("{place}")),
        None => thing,
    }
}

/// Everything that is shown of a body, each with its schema.
fn examples(document: &Value, body: &Value) -> Vec<(Value, Value)> {
    let kinds = body["content"].as_object().into_iter().flatten();
    kinds
        .flat_map(|(_, content)| {
            let several = content["examples"].as_object().into_iter().flatten();
            let several = several.map(|(_, it)| meant(document, it)["value"].clone());
            let all = several.chain(content.get("example").cloned());
            all.map(|example| (example, content["schema"].clone())).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_example_fits_its_schema() {
    let document = ours();
    let mut distinct = BTreeMap::new();
    for (_, operation) in operations(&document) {
        let answers = operation["responses"].as_object().unwrap().values();
        for body in answers.chain([&operation["requestBody"]]) {
            let all = examples(&document, meant(&document, body));
            distinct.extend(all.into_iter().map(|it| (format!("{it:?}"), it)));
        }
    }
    assert!(distinct.len() > 100, "{}", distinct.len());
    for (example, schema) in distinct.into_values() {
        fits(&document, &schema, &example).unwrap_or_else(|wrong| panic!("{wrong}: {example}"));
    }
}

#[test]
fn an_event_whose_data_does_not_fit_is_noticed() {
    let document = ours();
    let deposited = &document["paths"]["/v1/commands/account/{id}/deposit"]["post"]["responses"]["200"];
    let (example, _) = examples(&document, deposited).remove(0);
    let mut event = example["events"][0].clone();
    assert_eq!(fits(&document, &schema("Event"), &event), Ok(()));
    event["data"]["amount"] = json!("much");
    assert!(fits(&document, &schema("Event"), &event).is_err());
    event["schema"] = json!(0);
    assert!(fits(&document, &schema("Event"), &event).is_err(), "there is no such schema");
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let document = ours();
    let ids: Vec<_> = operations(&document).into_iter().map(|(_, it)| it["operationId"].clone()).collect();
    let distinct: BTreeSet<_> = ids.iter().map(ToString::to_string).collect();
    assert_eq!(distinct.len(), ids.len(), "{ids:?}");
}

#[test]
fn each_public_command_and_each_view_has_a_path_of_its_own() {
    let document = document(&lamp::catalog());
    let paths = &document["paths"];
    assert_eq!(paths["/v1/commands/lamp/{id}/light"]["post"]["operationId"], "lamp.light");
    assert!(paths["/v1/commands/lamp/{id}/recycle"].is_null(), "it is internal");
    let filters = &paths["/v1/views/lamps"]["get"]["parameters"];
    assert!(filters.as_array().unwrap().iter().any(|it| it["name"] == "room"), "{filters}");
    let row = &document["components"]["schemas"]["views.lamps"]["properties"];
    assert_eq!(
        (&row["room"]["type"], &row["watts"]["type"]),
        (&json!("string"), &json!(["integer", "null"]))
    );
    assert!(paths["/posts"].is_null(), "there are no posts");
}

/// The router is asked for a method that no route has, and says which ones there are.
async fn allowed(service: &Router, path: &str) -> BTreeSet<String> {
    let path = path.replace(['{', '}'], "");
    let request = Request::delete(&path).header("host", "localhost").body(Body::empty()).unwrap();
    let answer = service.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 405, "{path}");
    let methods = answer.headers()["allow"].to_str().unwrap().split(',');
    methods.map(|method| method.trim().to_ascii_lowercase()).filter(|method| method != "head").collect()
}

/// The catalog's names stand for the variable segments of a route.
#[tokio::test]
async fn every_method_of_every_route_is_described_and_no_other() {
    let document = ours();
    let service = router(gateway::offline(annals_domains::catalog(), Limits::PRODUCTION).await);
    let described = document["paths"].as_object().unwrap();
    for (path, methods) in described {
        let methods: BTreeSet<_> = methods.as_object().unwrap().keys().cloned().collect();
        assert_eq!(allowed(&service, path).await, methods, "{path}");
    }
    let sources = [
        include_str!("../router.rs"),
        include_str!("../documents.rs"),
        include_str!("../pages/mod.rs"),
        include_str!("../pages/docs.rs"),
    ];
    let routes = sources.iter().flat_map(|source| source.split(".route(").skip(1));
    let routes: Vec<_> = routes.filter_map(|rest| rest.split('"').nth(1)).collect();
    assert!(routes.len() > 20, "{routes:?}");
    let is_part_of_a_page = |route: &str| {
        let extension = Path::new(route).extension();
        extension.is_some_and(|it| it == "css" || it == "js")
    };
    for route in routes.iter().filter(|route| !is_part_of_a_page(route)) {
        assert!(described.keys().any(|path| is_of(route, path)), "{route} is not described");
    }
}

fn is_of(route: &str, path: &str) -> bool {
    let (route, path): (Vec<_>, Vec<_>) = (route.split('/').collect(), path.split('/').collect());
    let same = |(route, path): (&&str, &&str)| route == path || route.starts_with('{');
    route.len() == path.len() && route.iter().zip(&path).all(same)
}

#[test]
fn an_id_may_be_left_out_of_what_creates() {
    let document = ours();
    let choices = document["components"]["schemas"]["Command"]["oneOf"].as_array().unwrap();
    let required = |name: &str| {
        let choice = choices.iter().find(|it| it["properties"]["command"]["const"] == name).unwrap();
        choice["required"].clone()
    };
    assert_eq!(required("account.open"), json!(["command", "data"]));
    assert_eq!(required("account.close"), json!(["command", "id"]));
}

#[test]
fn the_rules_themselves_give_the_examples() {
    let document = ours();
    let withdrawn = &document["paths"]["/v1/commands/account/{id}/withdraw"]["post"]["responses"]["200"]["content"]
        ["application/json"]["example"]["events"][0];
    assert_eq!((&withdrawn["type"], &withdrawn["version"]), (&json!("MoneyWithdrawn"), &json!(3)));
    let no = &document["components"]["responses"]["account.refused"]["content"]["application/problem+json"]["examples"]
        ["insufficient-funds"]["value"];
    assert_eq!(no["detail"], "The account holds 0.00, which is less than 2.50.");
}
