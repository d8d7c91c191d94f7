//! Servers with settings under which the store would fail later.

use quarry::store::{Store, StoreError};
use url::Url;

use crate::support::databases::on_postgres;

#[tokio::test]
async fn a_database_with_another_encoding_is_rejected() {
    on_postgres(async |database| {
        let name = format!("{}_latin", Url::parse(database.url()).unwrap().path().trim_start_matches('/'));
        let create = format!(
            "CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        );
        database.administer(&create).await;
        let mut url = Url::parse(database.url()).unwrap();
        url.set_path(&name);
        let Err(error) = Store::connect(url.as_str(), 2).await else { panic!("it is rejected") };
        database.administer(&format!("DROP DATABASE {name}")).await;
        assert!(
            matches!(&error, StoreError::Refused(text) if text.contains("LATIN1") && text.contains("UTF8"))
        );
    })
    .await;
}
