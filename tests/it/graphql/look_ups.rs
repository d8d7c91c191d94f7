//! The look-ups of relations, as the loaders trace them.

use std::cell::RefCell;
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

thread_local! {
    /// The look-ups of this thread, as traced by the loaders.
    static LOOK_UPS: RefCell<Vec<(String, u64)>> = const { RefCell::new(Vec::new()) };
}

/// A layer for all threads: one thread would miss callsites that another registered first.
pub(super) struct LookUps;

impl LookUps {
    /// Traces the look-ups from now on.
    pub(super) fn listen() {
        static LISTENING: Once = Once::new();
        LISTENING.call_once(|| {
            let subscriber = tracing_subscriber::registry().with(LookUps.with_filter(LevelFilter::TRACE));
            tracing::subscriber::set_global_default(subscriber).expect("no other test sets one");
        });
    }

    /// The look-ups of this thread since the last call: of what, and of how many keys.
    pub(super) fn take() -> Vec<(String, u64)> {
        LOOK_UPS.take()
    }
}

impl<S: Subscriber> Layer<S> for LookUps {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        #[derive(Default)]
        struct Fields(Option<String>, Option<u64>);
        impl Visit for Fields {
            fn record_str(&mut self, field: &Field, value: &str) {
                if field.name() == "lookup.of" {
                    self.0 = Some(value.to_owned());
                }
            }
            fn record_u64(&mut self, field: &Field, value: u64) {
                if field.name() == "lookup.keys" {
                    self.1 = Some(value);
                }
            }
            fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        if let Fields(Some(of), Some(keys)) = fields {
            LOOK_UPS.with_borrow_mut(|made| made.push((of, keys)));
        }
    }
}
