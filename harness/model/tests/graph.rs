//! The core of a wait graph, on graphs small enough to check by hand and on random ones.

use proptest::prelude::*;
use standstill_model::graph::{
    Blocker, Link, ResourceNode, TaskNode, TaskState, Wait, WaitGraph, Why,
};
use standstill_rt::{Op, Place, ResourceKind, TaskKind, TaskPath};

fn place(line: u32) -> Place {
    Place {
        file: "src/lib.rs".to_owned(),
        line,
        column: 1,
    }
}

/// A wait: the operation, and who could end it, and why.
type Waiting = (Op, Vec<(usize, Why)>);

/// Task `i` waits once for each list of blockers in `waits[i]`, by `op` on a resource of its own.
fn graph(waits: &[Vec<Waiting>]) -> WaitGraph {
    let mut graph = WaitGraph::default();
    for (index, waits) in waits.iter().enumerate() {
        let mut node = TaskNode {
            path: TaskPath::root().child(u32::try_from(index).expect("few tasks")),
            role: "task".to_owned(),
            name: format!("task#{index}"),
            kind: TaskKind::Async,
            spawned_at: place(1),
            state: TaskState::Waiting,
            waits: Vec::new(),
            holds: Vec::new(),
            last: None,
            age_ms: None,
        };
        for (op, blockers) in waits {
            graph.resources.push(ResourceNode {
                id: None,
                kind: ResourceKind::Mutex,
                of: String::new(),
                created_at: place(2),
                task: None,
            });
            node.waits.push(Wait {
                resource: graph.resources.len() - 1,
                op: *op,
                at: place(3),
                since: 0,
                blockers: blockers
                    .iter()
                    .map(|(task, why)| Blocker {
                        task: *task,
                        why: *why,
                    })
                    .collect(),
                granted: false,
                keeps_open: false,
                unpolled: false,
            });
        }
        graph.tasks.push(node);
    }
    graph
}

fn tasks(links: &[Link]) -> Vec<usize> {
    links.iter().map(|link| link.task).collect()
}

fn lock(blockers: &[usize]) -> (Op, Vec<(usize, Why)>) {
    (
        Op::Lock,
        blockers.iter().map(|task| (*task, Why::Holds)).collect(),
    )
}

#[test]
fn the_core_is_the_shortest_cycle_that_nothing_leaves() {
    for (name, waits, expected) in [
        ("nothing", vec![], vec![]),
        ("self-lock", vec![vec![lock(&[0])]], vec![0]),
        (
            "two locks",
            vec![vec![lock(&[1])], vec![lock(&[0])]],
            vec![0, 1],
        ),
        (
            "followers are left out",
            vec![vec![lock(&[1])], vec![lock(&[2])], vec![lock(&[1])]],
            vec![1, 2],
        ),
        (
            "a cycle that waits for another is a follower",
            vec![
                vec![lock(&[1]), lock(&[2])],
                vec![lock(&[0])],
                vec![lock(&[3])],
                vec![lock(&[2])],
            ],
            vec![2, 3],
        ),
        (
            "of two ways the shorter",
            vec![vec![lock(&[1, 2])], vec![lock(&[2])], vec![lock(&[0])]],
            vec![0, 2],
        ),
        (
            "an orphaned wait at the end of a chain",
            vec![vec![lock(&[1])], vec![(Op::Notified, vec![])]],
            vec![1],
        ),
        (
            "a cycle comes before an orphan",
            vec![
                vec![(Op::Notified, vec![])],
                vec![lock(&[2])],
                vec![lock(&[1])],
            ],
            vec![1, 2],
        ),
    ] {
        let graph = graph(&waits);
        let mut core = tasks(&graph.core(|_| true));
        core.sort_unstable();
        assert_eq!(core, expected, "{name}");
    }
}

#[test]
fn the_core_begins_with_its_smallest_label() {
    let first = graph(&[
        vec![(Op::Send, vec![(1, Why::OtherSide)])],
        vec![(Op::Lock, vec![(0, Why::Holds)])],
    ]);
    let second = graph(&[
        vec![(Op::Lock, vec![(1, Why::Holds)])],
        vec![(Op::Send, vec![(0, Why::OtherSide)])],
    ]);
    let labels = |graph: &WaitGraph| -> Vec<String> {
        graph
            .core(|_| true)
            .iter()
            .map(|link| graph.label(*link))
            .collect()
    };
    assert_eq!(labels(&first), labels(&second));
    assert!(labels(&first)[0].starts_with("lock "));
}

#[test]
fn only_stuck_tasks_are_in_the_core() {
    let graph = graph(&[vec![lock(&[1])], vec![lock(&[0])], vec![lock(&[2])]]);
    assert_eq!(tasks(&graph.core(|task| task == 2)), [2]);
    assert!(graph.core(|_| false).is_empty());
}

fn arbitrary_graph() -> impl Strategy<Value = WaitGraph> {
    (1_usize..9)
        .prop_flat_map(|count| {
            let blockers = prop::collection::vec(0..count, 0..4);
            let waits = prop::collection::vec(blockers, 0..3);
            prop::collection::vec(waits, count)
        })
        .prop_map(|tasks| {
            let waits: Vec<Vec<_>> = tasks
                .iter()
                .map(|waits| waits.iter().map(|blockers| lock(blockers)).collect())
                .collect();
            graph(&waits)
        })
}

/// Which tasks a task waits for, directly or not.
fn reachable(graph: &WaitGraph, from: usize) -> Vec<bool> {
    let mut seen = vec![false; graph.tasks.len()];
    let mut work = vec![from];
    while let Some(task) = work.pop() {
        for blocker in graph.tasks[task]
            .waits
            .iter()
            .flat_map(|wait| &wait.blockers)
        {
            if !seen[blocker.task] {
                seen[blocker.task] = true;
                work.push(blocker.task);
            }
        }
    }
    seen
}

proptest! {
    #[test]
    fn a_core_is_a_real_cycle_that_nothing_leaves_or_a_dead_end(graph in arbitrary_graph()) {
        let core = graph.core(|_| true);
        if core.is_empty() {
            // Then every chain ends at a task that waits for nothing.
            let all_idle_ends = (0..graph.tasks.len()).all(|task| {
                let seen = reachable(&graph, task);
                graph.tasks[task].waits.is_empty()
                    || (0..graph.tasks.len()).any(|end| seen[end] && graph.tasks[end].waits.is_empty())
            });
            prop_assert!(all_idle_ends);
            return Ok(());
        }
        for (at, link) in core.iter().enumerate() {
            let (_, _, blocker) = graph.follow(*link);
            match blocker {
                Some(blocker) => {
                    prop_assert_eq!(blocker.task, core[(at + 1) % core.len()].task);
                    // Whoever can be reached from the core can reach it: nothing leaves it.
                    let seen = reachable(&graph, link.task);
                    for task in (0..graph.tasks.len()).filter(|task| seen[*task]) {
                        prop_assert!(reachable(&graph, task)[link.task]);
                    }
                }
                None => prop_assert_eq!(core.len(), 1),
            }
        }
        let mut members = tasks(&core);
        members.sort_unstable();
        members.dedup();
        prop_assert_eq!(members.len(), core.len(), "a task is in the cycle twice");
    }
}
