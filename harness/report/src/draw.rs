//! The wait graph as a drawing, for Graphviz and for Mermaid.

use std::collections::BTreeSet;
use std::fmt::Write;

use standstill_model::graph::TaskState;

use crate::{Report, names, story, words};

/// An arrow between a task and a resource.
struct Arrow {
    task: usize,
    resource: usize,
    /// Whether it leads from the task to what it waits for. Otherwise it leads from what the task holds
    /// to it.
    waits: bool,
    label: String,
    /// Whether it belongs to the finding's core.
    core: bool,
}

fn arrows(report: &Report) -> Vec<Arrow> {
    let graph = &report.finding.graph;
    let core: BTreeSet<(usize, usize)> = story::core(report)
        .iter()
        .map(|(link, _, wait)| (link.task, wait.resource))
        .collect();
    let wanted: BTreeSet<usize> = core.iter().map(|(_, resource)| *resource).collect();
    let members: BTreeSet<usize> = core.iter().map(|(task, _)| *task).collect();
    let mut arrows = Vec::new();
    for (task, node) in graph.tasks.iter().enumerate() {
        for wait in &node.waits {
            arrows.push(Arrow {
                task,
                resource: wait.resource,
                waits: true,
                label: format!("{} at {}:{}", wait.op, wait.at.file, wait.at.line),
                core: core.contains(&(task, wait.resource)),
            });
            // A task on the other side, or one that is joined, holds nothing, but is waited for.
            for blocker in &wait.blockers {
                let holds = graph
                    .tasks
                    .get(blocker.task)
                    .is_some_and(|by| by.holds.iter().any(|hold| hold.resource == wait.resource));
                let known = arrows.iter().any(|arrow: &Arrow| {
                    !arrow.waits && arrow.task == blocker.task && arrow.resource == wait.resource
                });
                if !holds && !known {
                    arrows.push(Arrow {
                        task: blocker.task,
                        resource: wait.resource,
                        waits: false,
                        label: match blocker.why {
                            standstill_model::graph::Why::OtherSide => {
                                words::seen(wait.op).to_owned()
                            }
                            standstill_model::graph::Why::Joined => "is it".to_owned(),
                            standstill_model::graph::Why::Ahead => "ahead in the queue".to_owned(),
                            standstill_model::graph::Why::Granted => "was granted it".to_owned(),
                            standstill_model::graph::Why::Holds => "holds it".to_owned(),
                        },
                        core: core.contains(&(task, wait.resource))
                            && members.contains(&blocker.task),
                    });
                }
            }
        }
        for hold in &node.holds {
            arrows.push(Arrow {
                task,
                resource: hold.resource,
                waits: false,
                label: format!("{} at {}:{}", hold.op, hold.at.file, hold.at.line),
                core: wanted.contains(&hold.resource) && members.contains(&task),
            });
        }
    }
    arrows
}

fn used(arrows: &[Arrow]) -> BTreeSet<usize> {
    arrows.iter().map(|arrow| arrow.resource).collect()
}

/// Text inside of double quotes, for either language.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "'")
}

pub(crate) fn dot(report: &Report) -> String {
    let arrows = arrows(report);
    let mut dot =
        String::from("digraph standstill {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n");
    let _ = writeln!(dot, "  label=\"{}\";", quoted(&report.headline()));
    for (index, task) in report.finding.graph.tasks.iter().enumerate() {
        let style = match task.state {
            TaskState::Ended => ", style=dashed",
            _ => "",
        };
        let _ = writeln!(
            dot,
            "  t{index} [shape=box, label=\"{}\"{style}];",
            quoted(&task.name)
        );
    }
    for resource in used(&arrows) {
        let called = names::called(report, resource).long;
        let _ = writeln!(
            dot,
            "  r{resource} [shape=ellipse, label=\"{}\"];",
            quoted(&called)
        );
    }
    for arrow in &arrows {
        let (from, to) = ends(arrow);
        let colour = if arrow.core {
            ", color=red, penwidth=2"
        } else {
            ""
        };
        let _ = writeln!(
            dot,
            "  {from} -> {to} [label=\"{}\"{colour}];",
            quoted(&arrow.label)
        );
    }
    dot.push_str("}\n");
    dot
}

fn ends(arrow: &Arrow) -> (String, String) {
    let (task, resource) = (format!("t{}", arrow.task), format!("r{}", arrow.resource));
    if arrow.waits {
        (task, resource)
    } else {
        (resource, task)
    }
}

pub(crate) fn mermaid(report: &Report) -> String {
    let arrows = arrows(report);
    let mut text = String::from("flowchart LR\n");
    for (index, task) in report.finding.graph.tasks.iter().enumerate() {
        let _ = writeln!(text, "  t{index}[\"{}\"]", quoted(&task.name));
    }
    for resource in used(&arrows) {
        let called = names::called(report, resource).long.replace('`', "");
        let _ = writeln!(text, "  r{resource}([\"{}\"])", quoted(&called));
    }
    let mut red = Vec::new();
    for (index, arrow) in arrows.iter().enumerate() {
        let (from, to) = ends(arrow);
        let _ = writeln!(text, "  {from} -- \"{}\" --> {to}", quoted(&arrow.label));
        if arrow.core {
            red.push(index.to_string());
        }
    }
    if !red.is_empty() {
        let _ = writeln!(
            text,
            "  linkStyle {} stroke:#c00,stroke-width:2px",
            red.join(",")
        );
    }
    text
}
