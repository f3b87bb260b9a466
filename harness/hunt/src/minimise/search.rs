//! Tries schedules with few deviations from the default order, one by one. The result does not depend on
//! the schedule that showed the bug first, so many findings of one bug are reduced to the same plan.
//!
//! This is iterative context bounding (Musuvathi, Qadeer: "Iterative context bounding for systematic
//! testing of multithreaded programs", 2007), except that every deviation from the fixed rule counts.
//! Deviations that preempt a task are tried last.

use std::rc::Rc;

use standstill_model::plan::{Choice, Plan, Schedule};

use crate::minimise::trials::Trials;

/// At most this many candidates of one level are kept for a further deviation.
const MOST_NODES: usize = 200_000;

/// A schedule: the choices of a run up to some point, and then another choice.
#[derive(Clone)]
struct Node {
    before: Rc<[Choice]>,
    at: usize,
    choice: Option<Choice>,
    preemptions: u32,
}

impl Node {
    fn choices(&self) -> Vec<Choice> {
        let mut choices = self.before[..self.at].to_vec();
        choices.extend(self.choice.clone());
        choices
    }
}

/// The plan with the fewest deviations, at most `most`, whose schedule shows the fingerprint. Of
/// several, the one that preempts least, and then the one that deviates first.
pub(super) fn fewest(trials: &mut Trials<'_>, plan: &Plan, most: usize) -> Option<Plan> {
    let with = |choices| Plan {
        schedule: Schedule::Choices(choices),
        ..plan.clone()
    };
    let mut level = vec![Node {
        before: Rc::from(Vec::new()),
        at: 0,
        choice: None,
        preemptions: 0,
    }];
    for deviations in 0..=most {
        for node in &level {
            let candidate = with(node.choices());
            if trials.shows(&candidate)? {
                return Some(candidate);
            }
        }
        if deviations < most {
            level = deviate(trials, &level, with)?;
        }
    }
    None
}

/// Every way to add one more deviation after the existing ones.
fn deviate(
    trials: &mut Trials<'_>,
    level: &[Node],
    with: impl Fn(Vec<Choice>) -> Plan,
) -> Option<Vec<Node>> {
    let mut next = Vec::new();
    for node in level {
        let given = node.choices();
        let from = given.len();
        let run = trials.trace(&with(given))?;
        let Some(trace) = run.trace else { continue };
        let before: Rc<[Choice]> = run.choices.into();
        for (at, point) in trace.points.iter().enumerate().skip(from) {
            let made = before.get(at);
            let others = point.among.iter().filter(|choice| made != Some(choice));
            for choice in others.filter(|choice| point.matters || !point.preempts(choice)) {
                next.push(Node {
                    before: Rc::clone(&before),
                    at,
                    choice: Some(choice.clone()),
                    preemptions: node.preemptions + u32::from(point.preempts(choice)),
                });
            }
        }
        if next.len() > MOST_NODES {
            break;
        }
    }
    next.sort_by_key(|node| node.preemptions);
    Some(next)
}
