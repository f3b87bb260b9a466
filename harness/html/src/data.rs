//! The data that a page's script uses.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use standstill::graph::{Link, Why};
use standstill::trace::{Event, Trace, What};
use standstill::{Place, Report};

/// The finding in the form that the script needs: tasks and resources by index, events as short arrays.
pub(crate) fn data(report: &Report) -> Value {
    let json = serde_json::to_value(report).unwrap_or_default();
    let mut data = json!({
        "story": json["story"],
        "sources": report.sources,
        "end": report.finding.step,
    });
    let Some(trace) = &report.trace else {
        return data;
    };
    let tasks: Vec<Value> = trace
        .tasks
        .iter()
        .map(
            |task| json!({"name": task.name, "at": place(&task.spawned_at), "parent": task.parent}),
        )
        .collect();
    let resources: Vec<Value> = trace
        .resources
        .iter()
        .enumerate()
        .map(|(index, resource)| {
            json!({
                "name": report.traced_resource_called(index),
                "type": resource.type_text(),
                "at": place(&resource.created_at),
            })
        })
        .collect();
    let places: Vec<String> = trace.places.iter().map(place).collect();
    let events: Vec<Value> = trace.events.iter().map(event).collect();
    data["tasks"] = json!(tasks);
    data["resources"] = json!(resources);
    data["places"] = json!(places);
    data["events"] = json!(events);
    data["leftOut"] = json!(trace.left_out);
    data["others"] = json!(others(report, trace));
    data["core"] = core(report, trace);
    data
}

fn place(place: &Place) -> String {
    format!("{}:{}", place.file, place.line)
}

/// An event as `[step, ms, task, what, ...]`.
fn event(event: &Event) -> Value {
    let head = |what: &str| json!([event.step, event.ms, event.task, what]);
    let with = |what: &str, rest: Value| {
        let mut array = head(what);
        if let (Some(array), Value::Array(rest)) = (array.as_array_mut(), rest) {
            array.extend(rest);
        }
        array
    };
    match event.what {
        What::Spawned => head("spawned"),
        What::Runs => head("runs"),
        What::Suspended => head("suspended"),
        What::Paused => head("paused"),
        What::Does { op, resource, at } => with("does", json!([op.name(), resource, at])),
        What::Waits {
            wait,
            resource,
            op,
            at,
        } => with("waits", json!([wait, op.name(), resource, at])),
        What::Granted { wait } => with("granted", json!([wait])),
        What::Abandoned { wait } => with("abandoned", json!([wait])),
        What::Takes {
            hold,
            resource,
            op,
            at,
        } => with("takes", json!([hold, op.name(), resource, at])),
        What::Releases { hold } => with("releases", json!([hold])),
        What::Woken => head("woken"),
        What::TimerFired { wait, ahead_ms } => with("timer", json!([wait, ahead_ms])),
        What::Ended => head("ended"),
    }
}

fn traced(report: &Report, trace: &Trace, task: usize) -> Option<usize> {
    trace.task(&report.finding.graph.tasks.get(task)?.path)
}

fn resource_id(report: &Report, resource: usize) -> Option<u32> {
    report.finding.graph.resources.get(resource)?.id
}

/// The tasks that others wait for at the end, except holders: those on the other side of a resource,
/// ahead in its queue, granted it, or being joined.
fn others(report: &Report, trace: &Trace) -> Vec<Value> {
    let mut others = BTreeMap::new();
    for (index, task) in report.finding.graph.tasks.iter().enumerate() {
        for wait in &task.waits {
            for blocker in wait.blockers.iter().filter(|by| by.why != Why::Holds) {
                let ends = (
                    traced(report, trace, index),
                    resource_id(report, wait.resource),
                    traced(report, trace, blocker.task),
                );
                if let (Some(waiter), Some(resource), Some(by)) = ends {
                    let why = match blocker.why {
                        Why::Holds => "holds it",
                        Why::Granted => "was granted it",
                        Why::Ahead => "is ahead in the queue",
                        Why::OtherSide => "is on the other side",
                        Why::Joined => "is this task",
                    };
                    others.insert((waiter, resource, by), why);
                }
            }
        }
    }
    others
        .into_iter()
        .map(|((waiter, resource, by), why)| {
            json!({"waiter": waiter, "resource": resource, "by": by, "why": why})
        })
        .collect()
}

/// The core of the finding: which task waits for which resource, and because of which other task.
fn core(report: &Report, trace: &Trace) -> Value {
    let resolved = |link: &Link| {
        let (_, wait, blocker) = report.finding.graph.follow(*link);
        Some(json!({
            "task": traced(report, trace, link.task)?,
            "resource": resource_id(report, wait.resource),
            "by": blocker.and_then(|blocker| traced(report, trace, blocker.task)),
        }))
    };
    report.finding.core.iter().filter_map(resolved).collect()
}
