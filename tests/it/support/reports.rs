//! A small shop and its reports.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::server::Endpoint;

/// The query of the report of one category.
pub(crate) const CATEGORY: &str =
    "query($name: String!, $kind: InteractionKind! = CONVERSION, $period: Period, $refresh: Boolean! = false) {
    reports { category(name: $name, kind: $kind, period: $period, refresh: $refresh) {
        name cache generatedAt coveredUntil totalQuantity rows { quantity document { key title } } } } }";

/// Returns the report of one category.
pub(crate) async fn category(endpoint: &Endpoint, name: &str) -> Value {
    endpoint.data(CATEGORY, json!({ "name": name })).await["reports"]["category"].take()
}

/// A shop whose products have ids by name.
pub(crate) struct Shop {
    ids: HashMap<&'static str, String>,
}

impl Shop {
    /// Stores products of two categories, one of them without sales, and records sales.
    pub(crate) async fn open(endpoint: &Endpoint) -> Self {
        let mut ids = HashMap::new();
        for (name, category) in [
            ("Laptop", "electronics"),
            ("Mouse", "electronics"),
            ("Mouse pad", "electronics"),
            ("Book", "books"),
        ] {
            ids.insert(name, store(endpoint, name, category).await);
        }
        let shop = Self { ids };
        for (name, quantity) in [("Laptop", 10), ("Mouse", 20), ("Laptop", 5), ("Book", 50)] {
            shop.sell(endpoint, name, quantity).await;
        }
        shop
    }

    /// Stores another product.
    pub(crate) async fn add(&self, endpoint: &Endpoint, name: &str, category: &str) {
        store(endpoint, name, category).await;
    }

    /// Returns the id of a product.
    pub(crate) fn id(&self, name: &str) -> &str {
        &self.ids[name]
    }

    /// Records a sale.
    pub(crate) async fn sell(&self, endpoint: &Endpoint, name: &str, quantity: i64) {
        self.record(endpoint, name, json!({ "quantity": quantity })).await;
    }

    /// Records an interaction with a product; a conversion unless `more` sets another kind.
    pub(crate) async fn record(&self, endpoint: &Endpoint, name: &str, more: Value) {
        let mut input = json!({ "kind": "CONVERSION", "documentId": self.ids[name] });
        let fields = input.as_object_mut().expect("an object");
        fields.extend(more.as_object().expect("an object").clone());
        let query =
            "mutation($input: RecordInteractionInput!) { recordInteraction(input: $input) { accepted } }";
        let data = endpoint.data(query, json!({ "input": input })).await;
        assert_eq!(data["recordInteraction"]["accepted"], true);
    }

    /// Returns the titles and quantities of a category's report.
    pub(crate) fn rows(report: &Value) -> Vec<(String, i64)> {
        let rows = report["rows"].as_array().expect("rows");
        let row = |row: &Value| {
            let title = row["document"]["title"].as_str().expect("a title").to_owned();
            (title, row["quantity"].as_i64().expect("a quantity"))
        };
        rows.iter().map(row).collect()
    }
}

/// Stores a product and returns its id.
async fn store(endpoint: &Endpoint, name: &str, category: &str) -> String {
    let query =
        "mutation($input: IndexDocumentsInput!) { indexDocuments(input: $input) { documents { id } } }";
    let document = json!({ "source": "shop", "key": name, "title": name, "text": "As good as new.", "category": category });
    let data = endpoint.data(query, json!({ "input": { "documents": [document] } })).await;
    data["indexDocuments"]["documents"][0]["id"].as_str().expect("an id").to_owned()
}
