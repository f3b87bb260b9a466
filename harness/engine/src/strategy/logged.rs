//! A strategy for tests: it gives scripted answers, and logs its calls.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::rc::Rc;

use standstill_rt::ids::ResourceId;
use standstill_rt::op::Op;

use crate::strategy::{Event, Observer, Pick, Probe, Scheduler, Summary, View};
use crate::track::Tracker;

/// The calls that a strategy got, in order.
pub type Log = Rc<RefCell<Vec<String>>>;

/// Picks what the script says, and after its end what the fallback rule says.
#[derive(Debug, Default)]
pub struct Logged {
    pub log: Log,
    pub picks: VecDeque<Pick>,
    /// The answer to yes-or-no questions. If yes, a forced step is the last one.
    pub yes: bool,
    /// Whether it wants to be notified of what steps touch.
    pub touches: bool,
}

impl Logged {
    fn note(&self, entry: impl Into<String>) {
        self.log.borrow_mut().push(entry.into());
    }
}

impl Scheduler for Logged {
    fn pick(&mut self, view: &View<'_>) -> Pick {
        let ready: Vec<u32> = view.ready.iter().collect();
        self.note(format!(
            "pick of {ready:?}, current {:?}, may fire {}",
            view.current, view.may_fire
        ));
        self.picks.pop_front().unwrap_or_else(|| view.fallback())
    }

    fn number(&mut self, bound: u32) -> u32 {
        self.note(format!("number below {bound}"));
        bound - 1
    }

    fn yielded(&mut self, slot: u32) {
        self.note(format!("{slot} yields"));
    }

    fn end(&mut self) -> Summary {
        self.note("end");
        Summary {
            divergence: Some("it went another way".to_owned()),
            ..Summary::default()
        }
    }
}

impl Observer for Logged {
    fn on(&mut self, event: &Event<'_>) {
        self.note(match *event {
            Event::Spawned(slot) => format!("{slot} spawned"),
            Event::Woken(slot) => format!("{slot} woken"),
            Event::WokenAgain(slot) => format!("{slot} woken again"),
            Event::Ended(slot) => format!("{slot} ended"),
            Event::Forced { view, slot } => format!("{slot} forced, current {:?}", view.current),
            Event::Touched(op, resource, info) => {
                format!("{op} touches {} {:?}", info.kind.name(), resource)
            }
            Event::Granted(op, resource, info) => {
                format!("{op} granted by {} {:?}", info.kind.name(), resource)
            }
            Event::Opaque => "opaque".to_owned(),
            Event::Abort => "abort".to_owned(),
            Event::FairStep => "fair step".to_owned(),
            Event::RuntimeTurn => "runtime turn".to_owned(),
            Event::Idle => "idle".to_owned(),
            Event::Truncated => "truncated".to_owned(),
        });
    }

    fn wants_touches(&self) -> bool {
        self.touches
    }
}

impl Probe for Logged {
    fn probes(&self) -> bool {
        self.note("probes?");
        self.yes
    }

    fn probe(&mut self, slot: u32, op: Op, resource: ResourceId, _: &Tracker) -> bool {
        self.note(format!("probe {op} of {slot} on {resource:?}?"));
        self.yes
    }

    fn probe_done(&mut self, slot: u32) {
        self.note(format!("probe of {slot} done"));
    }

    fn forced(&mut self, _: &View<'_>, slot: u32) -> ControlFlow<()> {
        self.note(format!("force {slot}?"));
        if self.yes {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn outlasts_root(&self) -> bool {
        self.note("outlasts root?");
        self.yes
    }
}
