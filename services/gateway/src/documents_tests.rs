use std::{env, fs, path::Path};

use super::*;

/// Says how to write a document of the repository anew.
const HOW: &str = "write it anew with `ANNALS_WRITE_API=1 cargo test -p annals-gateway documents`";

fn is_as_kept(name: &str, document: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api").join(name);
    if env::var_os("ANNALS_WRITE_API").is_some() {
        fs::write(&path, format!("{document:#}\n")).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let kept: Value = serde_json::from_str(&kept).unwrap_or_default();
    assert!(kept == *document, "docs/api/{name} is not what the gateway serves: {HOW}");
}

#[test]
fn the_kept_openapi_document_is_the_one_that_is_served() {
    is_as_kept("openapi.json", &openapi::document(&annals_domains::catalog()));
}

#[test]
fn the_kept_asyncapi_document_is_the_one_that_is_served() {
    is_as_kept("asyncapi.json", &asyncapi::document(&annals_domains::catalog()));
}
