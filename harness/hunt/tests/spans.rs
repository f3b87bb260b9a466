//! What a hunt tells `tracing`.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fmt;
use std::sync::{Arc, Mutex};

use standstill_hunt::Hunt;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Writes down which spans are entered, with the scenario that they name.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>, Arc<Mutex<Vec<String>>>);

/// The value of the field `scenario`.
#[derive(Default)]
struct ScenarioOf(String);

impl Visit for ScenarioOf {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "scenario" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for Notes {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "standstill"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut scenario = ScenarioOf::default();
        span.record(&mut scenario);
        let mut known = self.0.lock().unwrap();
        known.push(format!("{} {}", span.metadata().name(), scenario.0));
        Id::from_u64(known.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, span: &Id) {
        let index = usize::try_from(span.into_u64()).unwrap() - 1;
        let name = self.0.lock().unwrap()[index].clone();
        self.1.lock().unwrap().push(format!("> {name}"));
    }

    fn exit(&self, span: &Id) {
        let index = usize::try_from(span.into_u64()).unwrap() - 1;
        let name = self.0.lock().unwrap()[index].clone();
        self.1.lock().unwrap().push(format!("< {name}"));
    }
}

#[test]
fn a_hunt_and_the_minimising_of_its_find_are_spans() {
    let notes = Notes::default();
    let outcome = tracing::subscriber::with_default(notes.clone(), || {
        Hunt::new("boom")
            .schedules(10)
            .run(|| async { panic!("found") })
    });
    assert!(outcome.report().is_some(), "{outcome:?}");
    let told = notes.1.lock().unwrap().clone();
    assert_eq!(told.first().map(String::as_str), Some("> hunt boom"));
    assert_eq!(told.last().map(String::as_str), Some("< hunt boom"));
    assert!(
        told.contains(&"> minimise boom".to_owned())
            && told.contains(&"< minimise boom".to_owned()),
        "{told:?}"
    );
}
