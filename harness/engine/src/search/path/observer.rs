//! Observes a run: which step woke which task, and what a step touches beyond the operation that it
//! announced.

use standstill_rt::ids::{ResourceId, ResourceInfo};
use standstill_rt::op::{Op, ResourceKind};

use crate::search::access::{Access, Object};
use crate::search::path::{Known, Outside, Path, Stage};
use crate::search::trace::{Actor, Event};
use crate::strategy::{self, Observer};

impl Observer for Path {
    fn on(&mut self, event: &strategy::Event<'_>) {
        match *event {
            strategy::Event::Spawned(slot) => self.spawned(slot),
            strategy::Event::Woken(slot) | strategy::Event::WokenAgain(slot) => self.wakes(slot),
            strategy::Event::Ended(slot) => self.ended(slot),
            strategy::Event::Touched(op, resource, info) => self.touched(op, resource, info),
            strategy::Event::Granted(op, resource, info) => self.granted(op, resource, info),
            strategy::Event::Opaque => self.touch(Access::ALL),
            strategy::Event::Abort => self.shared.borrow_mut().probes.aborts(),
            strategy::Event::FairStep => self.fair_step(),
            strategy::Event::RuntimeTurn => self.runtime_turn(),
            strategy::Event::Idle => self.idle(),
            strategy::Event::Truncated => self.truncated(),
            // Handled by `forced`, as a probe.
            strategy::Event::Forced { .. } => {}
        }
    }

    fn wants_touches(&self) -> bool {
        true
    }
}

impl Path {
    fn wakes(&mut self, slot: u32) {
        if self.stage == Stage::Over || self.invalidate() {
            return;
        }
        let Some(task) = self.tasks.get_mut(slot as usize) else {
            return;
        };
        let access = Access::write(Object::Wake(task.serial));
        let walk = &mut self.shared.borrow_mut().walk;
        if let Some(outside) = self.outside {
            let is_world = |event: &Event| event.actor == Actor::World;
            let last = self
                .steps
                .checked_sub(1)
                .and_then(|last| walk.events.get(last));
            if self.node.is_some() && !last.is_some_and(is_world) {
                if self.steps >= walk.kept {
                    walk.events.push(Event {
                        actor: Actor::World,
                        node: self.node.unwrap_or(0),
                        accesses: [Access::ALL].into_iter().collect(),
                        enabled_by: None,
                        granted: false,
                    });
                }
                self.steps += 1;
            }
            if outside == Outside::Turn {
                walk.doubt.get_or_insert_with(|| {
                    "a task was woken by something that is not the facade's".to_owned()
                });
            }
        }
        if let Some(last) = self.steps.checked_sub(1) {
            if last >= walk.kept
                && let Some(event) = walk.events.get_mut(last)
            {
                event.touches(access);
            }
            task.woken_by.get_or_insert(last);
        }
    }

    fn spawned(&mut self, slot: u32) {
        self.invalidate();
        let index = slot as usize;
        if index >= self.tasks.len() {
            self.tasks.resize(index + 1, Known::default());
        }
        self.tasks[index] = Known {
            serial: self.spawned,
            woken_by: None,
        };
        self.spawned += 1;
    }

    fn ended(&mut self, slot: u32) {
        let Some(Known { serial, .. }) = self.tasks.get(slot as usize).copied() else {
            return;
        };
        self.last = None;
        self.touch(Access::write(Object::End(serial)));
        let index = serial as usize;
        if self.ended_by.len() <= index {
            self.ended_by.resize(index + 1, None);
        }
        self.ended_by[index] = self.steps.checked_sub(1);
        self.note_grant();
        if serial == 0 && self.stage == Stage::Running {
            self.stage = Stage::RootEnded;
        }
    }

    fn touched(&mut self, op: Op, resource: ResourceId, info: &ResourceInfo) {
        if let Some(access) = Access::of(op, resource, info) {
            self.touch(access);
        }
    }

    fn granted(&mut self, op: Op, resource: ResourceId, info: &ResourceInfo) {
        // The task that released the lock handed it over and woke this task, which only learns of it
        // now. The grant cannot be revoked: these locks are never closed.
        if !matches!(info.kind, ResourceKind::Mutex | ResourceKind::RwLock) {
            self.touched(op, resource, info);
        }
    }

    fn truncated(&mut self) {
        // The steps that the other tasks would still have made are lost, so this depends on all steps.
        self.touch(Access::ALL);
        self.close();
        self.stage = Stage::Over;
        if let Some(node) = self.node {
            self.shared.borrow_mut().tree.widen(node);
        }
    }

    fn idle(&mut self) {
        self.invalidate();
        self.close();
        if self.stage == Stage::RootEnded {
            self.stage = Stage::Over;
        }
        self.outside = Some(Outside::Idle);
    }

    fn runtime_turn(&mut self) {
        self.close();
        self.outside = Some(Outside::Turn);
    }

    fn fair_step(&mut self) {
        if self.stage != Stage::Over {
            self.doubt(|| "a run had to be made fair, to see whether it gets anywhere".to_owned());
        }
    }
}
