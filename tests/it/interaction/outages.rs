//! Database outages: callers receive errors soon, and no accepted interaction is lost.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{join_all, poll_immediate};
use quarry::interaction::{Interactions, RecordError};
use quarry::store::RecordOutcome::{Recorded, Repeated};
use quarry::store::{Store, StoreError};

use super::{counted, product, sale, stored};
use crate::support::databases::{TestDatabase, run};
use crate::support::tcp_proxy::TcpProxy;
use crate::support::wait::ends;

#[tokio::test]
async fn postgres_outage() {
    run(TestDatabase::postgres().await, outage_and_recovery).await;
}

#[tokio::test]
async fn mysql_outage() {
    run(TestDatabase::mysql().await, outage_and_recovery).await;
}

async fn outage_and_recovery(database: Arc<TestDatabase>) {
    const CALLERS: u128 = 5_000;
    let here = database.store().await;
    let document = product(&here).await;
    let mut proxy = TcpProxy::to(database.url()).await;
    let store = Store::connect(proxy.url(), 2).await.unwrap();
    let (interactions, mut writer) = Interactions::new(store);
    let mut before = pin!(interactions.record(sale(CALLERS, document)));
    assert!(poll_immediate(&mut before).await.is_none());
    writer.step().await;
    assert_eq!(before.await.unwrap(), Recorded);

    proxy.disconnect();
    let mut during = pin!(join_all((0..CALLERS).map(|number| interactions.record(sale(number, document)))));
    assert!(poll_immediate(&mut during).await.is_none());
    writer.step().await;
    // One failed transaction fails all queued callers, including those of later batches.
    for outcome in ends("the answers", during).await {
        assert!(matches!(outcome, Err(RecordError::Store(StoreError::Unavailable(_)))), "{outcome:?}");
    }
    assert_eq!(stored(&database).await.len(), 1);

    proxy.reconnect().await;
    // Nothing was stored: a retry records the interaction, once.
    let mut accepted = 0;
    for number in 0..=3 {
        // A broken connection is detected at its next use.
        for _ in 0..4 {
            let mut call = pin!(interactions.record(sale(number, document)));
            assert!(poll_immediate(&mut call).await.is_none());
            writer.step().await;
            match call.await {
                Ok(outcome) => {
                    assert!(matches!(outcome, Recorded | Repeated));
                    accepted += 1;
                    break;
                }
                Err(RecordError::Store(StoreError::Unavailable(_))) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert_eq!(accepted, 4);
    assert_eq!(stored(&database).await.len(), 5);
    assert_eq!(counted(&here).await, 5);
}
