//! SARIF 2.1.0: each finding is a result. Its location is the place where the task waits. Related
//! locations are the places where the resource is held and created and where tasks were spawned. The
//! story is a code flow.

use serde_json::{Value, json};
use standstill::{FindingKind, Place, Report};

/// Where the format is defined.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The document of these reports.
pub(crate) fn document(reports: &[Report]) -> Value {
    let kinds = [
        (
            FindingKind::Hang,
            "nothing can happen any more, and the program has not finished",
        ),
        (
            FindingKind::PartialHang,
            "some tasks can never run again, while others go on",
        ),
        (FindingKind::Leak, "tasks are left behind"),
        (
            FindingKind::Livelock,
            "tasks run for ever without getting anywhere",
        ),
        (FindingKind::Panic, "a task panicked, and nobody handled it"),
        (FindingKind::Blocked, "an OS thread sleeps inside a poll"),
    ];
    let rules: Vec<Value> = kinds
        .iter()
        .map(|(kind, about)| {
            json!({
                "id": kind.name(),
                "shortDescription": {"text": about},
                "defaultConfiguration": {"level": "error"},
            })
        })
        .collect();
    let results: Vec<Value> = reports.iter().map(result).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "standstill",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(report: &Report) -> Value {
    let mut text = report.headline();
    if let Some(help) = report.help() {
        text.push_str("\nhelp: ");
        text.push_str(&help);
    }
    let mut sites = sites(report);
    let first = (!sites.is_empty()).then(|| sites.remove(0));
    let locations: Vec<Value> = first.iter().map(|(place, _)| location(place)).collect();
    let related: Vec<Value> = sites
        .iter()
        .enumerate()
        .map(|(id, (place, what))| {
            let mut location = location(place);
            location["id"] = json!(id + 1);
            location["message"] = json!({"text": what});
            location
        })
        .collect();
    json!({
        "ruleId": report.finding.kind.name(),
        "level": "error",
        "message": {"text": text},
        "locations": locations,
        "relatedLocations": related,
        "partialFingerprints": {"standstill/v1": report.finding.fingerprint},
        "properties": {
            "scenario": report.plan.scenario,
            "variant": report.plan.variant,
            "replay": report.replay_command(),
        },
    })
}

fn location(place: &Place) -> Value {
    json!({"physicalLocation": {
        "artifactLocation": {"uri": uri(&place.file)},
        "region": {"startLine": place.line, "startColumn": place.column},
    }})
}

/// A path as a relative reference, with characters that have a meaning there escaped.
fn uri(file: &str) -> String {
    let mut uri = String::with_capacity(file.len());
    for byte in file.replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' | b'~' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// The places of a finding, each with a description: first where its core waits, then where the
/// resources it waits for are held, and where they were created.
pub(crate) fn sites(report: &Report) -> Vec<(Place, String)> {
    let finding = &report.finding;
    let graph = &finding.graph;
    let mut sites: Vec<(Place, String)> = Vec::new();
    for link in &finding.core {
        let (task, wait, _) = graph.follow(*link);
        let called = report.resource_called(wait.resource);
        sites.push((
            wait.at.clone(),
            format!("{} waits here in `{}` on {called}", task.name, wait.op),
        ));
    }
    for link in &finding.core {
        let (_, wait, blocker) = graph.follow(*link);
        let called = report.resource_called(wait.resource);
        let by = blocker.and_then(|blocker| graph.tasks.get(blocker.task));
        for hold in by.iter().flat_map(|by| &by.holds) {
            if let (true, Some(by)) = (hold.resource == wait.resource, by) {
                let what = format!("{} took {called} here, and holds it", by.name);
                sites.push((hold.at.clone(), what));
            }
        }
        if let Some(resource) = graph.resources.get(wait.resource) {
            let what = format!("{called} was created here");
            sites.push((resource.created_at.clone(), what));
        }
    }
    for panic in &finding.panics {
        sites.extend(
            panic
                .at
                .clone()
                .map(|at| (at, format!("{} panicked here", panic.role))),
        );
        sites.push((
            panic.spawned_at.clone(),
            format!("{} was spawned here", panic.role),
        ));
    }
    if let Some(blocked) = &finding.blocked {
        let last = blocked.last.clone();
        sites.extend(last.map(|(op, at)| (at, format!("the last operation before: `{op}`"))));
    }
    for task in &graph.tasks {
        if finding.kind == FindingKind::Leak || sites.is_empty() {
            let what = format!("{} was spawned here", task.name);
            sites.push((task.spawned_at.clone(), what));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    sites.retain(|(place, what)| seen.insert((place.clone(), what.clone())));
    sites
}
