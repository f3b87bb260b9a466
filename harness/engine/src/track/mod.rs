//! The tracker: which task waits for what, which holds what, and which uses which side of a resource.
//!
//! It gets facts from the facade and decides nothing. Everything here is on the path of a step, so
//! nothing allocates in the steady state: records are reused from run to run.

mod emit;
mod liveness;
pub mod partial;
mod records;
mod snapshot;
mod tracer;

pub use records::Resource;
use standstill_rt::ids::{HoldId, ResourceId, ResourceInfo, WaitId};
use standstill_rt::op::{Op, Side};
use standstill_rt::site::Site;
use standstill_rt::task::{TaskKind, TaskPath, TaskRef};

use records::{HoldRecord, Slab, TaskRecord, WaitRecord};

pub use tracer::Tracer;

/// The facts of one run.
#[derive(Debug, Default)]
pub struct Tracker {
    /// The running step, for "since" facts. Set by the engine.
    pub step: u64,
    /// Counts progress of the run: waits granted, values moved, tasks ended.
    pub progress: u64,
    /// As [`Tracker::progress`], without the waits that end because time passes, or for no reason.
    pub moves: u64,
    /// Set when the run is over: from then on, releases and drops show which task owned what.
    closing: bool,
    /// Whether the run is over or traced: one check on the path of a step covers both.
    slow_path: bool,
    serials: u32,
    sequence: u64,
    /// How many tasks of each type were spawned.
    spawned_by_type: Vec<(&'static str, u32)>,
    tasks: Vec<TaskRecord>,
    /// Tasks that ended while they still held something.
    ended: Vec<(TaskRef, TaskRecord)>,
    resources: Vec<Resource>,
    resources_used: usize,
    /// Records of resources that no longer exist.
    forgotten: Vec<ResourceId>,
    waits: Slab<WaitRecord>,
    holds: Slab<HoldRecord>,
    /// Is notified of everything, in a run that is replayed for its report.
    pub tracer: Option<Box<Tracer>>,
}

/// Outside of runs, how many tasks that ended while holding a guard are remembered.
const ENDED_REMEMBERED: usize = 1_024;

/// How many of the tasks that used one side of a resource are remembered.
const USERS_REMEMBERED: usize = 16;

impl Tracker {
    /// Clears the facts of the last run, keeping the memory.
    pub fn reset(&mut self) {
        self.step = 0;
        self.progress = 0;
        self.moves = 0;
        self.closing = false;
        self.slow_path = false;
        self.serials = 0;
        self.sequence = 0;
        self.spawned_by_type.clear();
        for task in &mut self.tasks {
            task.alive = false;
        }
        self.ended.clear();
        self.resources_used = 0;
        self.forgotten.clear();
        self.waits.clear();
        self.holds.clear();
        self.tracer = None;
    }

    /// Everything that a run can observe of the tracker, without the memory that is only kept for reuse.
    #[cfg(test)]
    pub fn seen_by_a_run(&self) -> Vec<String> {
        let Self {
            step,
            progress,
            moves,
            closing,
            slow_path,
            serials,
            sequence,
            spawned_by_type,
            tasks,
            ended,
            resources,
            resources_used,
            forgotten,
            waits,
            holds,
            tracer,
        } = self;
        let alive: Vec<_> = tasks.iter().filter(|task| task.alive).collect();
        vec![
            format!(
                "step {step}, progress {progress}, moves {moves}, closing {closing}, \
                 slow_path {slow_path}"
            ),
            format!("serials {serials}, sequence {sequence}, by type {spawned_by_type:?}"),
            format!("alive {alive:?}, ended {ended:?}"),
            format!(
                "resources {:?}, forgotten {forgotten:?}",
                &resources[..*resources_used]
            ),
            format!(
                "waits {waits:?}, holds {holds:?}, traced {}",
                tracer.is_some()
            ),
        ]
    }

    /// Marks the run as over.
    pub fn close(&mut self) {
        self.closing = true;
        self.slow_path = true;
    }

    /// Starts a trace of the run.
    pub fn begin_trace(&mut self) {
        self.tracer = Some(Box::default());
        self.slow_path = true;
    }

    /// Notifies the tracer, if there is one and the run is not over.
    ///
    /// On the path of a step this is one comparison: everything else is out of line.
    #[expect(clippy::inline_always, reason = "part of the step's inner loop")]
    #[inline(always)]
    pub fn trace(&mut self, event: impl FnOnce(&mut Tracer, u64)) {
        if self.tracer.is_some() {
            self.emit(event);
        }
    }

    #[cold]
    #[inline(never)]
    fn emit(&mut self, event: impl FnOnce(&mut Tracer, u64)) {
        if let Some(tracer) = &mut self.tracer
            && !self.closing
        {
            event(tracer, self.step);
        }
    }

    /// Enters a task into `slot`.
    pub fn spawned(
        &mut self,
        slot: u32,
        parent: Option<TaskRef>,
        kind: TaskKind,
        type_name: &'static str,
        site: Site,
    ) -> TaskRef {
        let index = slot as usize;
        while self.tasks.len() <= index {
            self.tasks.push(TaskRecord::vacant(site));
        }
        let mut path = std::mem::take(&mut self.tasks[index].path);
        match parent {
            Some(parent) => {
                let parent = &mut self.tasks[parent.slot as usize];
                path.become_child_of(parent.path.as_slice(), parent.children);
                parent.children += 1;
            }
            None if self.serials == 0 => path.become_root(),
            // Spawned by code that is not a task of the run. It is numbered among the root's children
            // from the far end, where there is no real child.
            None => path.become_child_of(&[], u32::MAX - self.serials),
        }
        let task = TaskRef {
            slot,
            serial: self.serials,
        };
        self.serials += 1;
        let ordinal = self.count_spawn(type_name);
        self.tasks[index] = TaskRecord {
            serial: task.serial,
            ordinal,
            alive: true,
            kind,
            type_name,
            site,
            path,
            children: 0,
            waiting: 0,
            holding: 0,
            polls: 0,
            marked_polls: u64::MAX,
            parked: false,
            last: None,
            on: None,
        };
        if self.tracer.is_some() {
            let path = self.tasks[index].path.clone();
            self.emit(|tracer, step| {
                tracer.spawned(step, task, parent, &path, kind, (type_name, ordinal), site);
            });
        }
        task
    }

    /// The number of a new task among those of its type, from 1.
    fn count_spawn(&mut self, type_name: &'static str) -> u32 {
        let counts = &mut self.spawned_by_type;
        let known = counts
            .iter_mut()
            .find(|(known, _)| std::ptr::eq(*known, type_name));
        match known {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                counts.push((type_name, 1));
                1
            }
        }
    }

    /// A task has ended. Its record is kept if another task may still wait for what it holds.
    pub fn ended(&mut self, task: TaskRef) {
        self.progress += 1;
        self.moves += 1;
        self.trace(|tracer, step| tracer.ended(step, task));
        let record = &mut self.tasks[task.slot as usize];
        record.alive = false;
        if !self.closing && record.holding > 0 {
            self.ended.push((task, record.clone()));
        }
    }

    /// Whether the task in `slot` is about to yield voluntarily.
    pub fn is_yielding(&self, slot: u32) -> bool {
        let last = self.tasks[slot as usize].last;
        last.is_some_and(|(op, _)| matches!(op, Op::Yield | Op::YieldThread))
    }

    /// The path of a task that is alive.
    pub fn path(&self, slot: u32) -> &TaskPath {
        &self.tasks[slot as usize].path
    }

    /// The slot of the living task with this path.
    pub fn slot_of(&self, path: &TaskPath) -> Option<u32> {
        let index = self
            .tasks
            .iter()
            .position(|task| task.alive && task.path == *path)?;
        u32::try_from(index).ok()
    }

    /// Remembers how often each task was polled, for [`Tracker::unpolled_since_mark`].
    pub fn mark_polls(&mut self) {
        for task in &mut self.tasks {
            task.marked_polls = task.polls;
        }
    }

    /// Whether the task in `slot` was there at the mark and has not been polled since.
    pub fn unpolled_since_mark(&self, slot: u32) -> bool {
        let task = &self.tasks[slot as usize];
        task.marked_polls == task.polls
    }

    /// Records how often a task was polled so far, and its last operation: for an engine whose tasks
    /// keep these counts themselves.
    pub fn note_task(&mut self, task: TaskRef, polls: u64, last: Option<(Op, Site)>) {
        let closing = self.closing;
        let record = &mut self.tasks[task.slot as usize];
        record.polls = polls;
        if !closing {
            record.last = last;
        }
    }

    /// Records which side of a resource a task uses, by the operation it is about to perform.
    pub fn plays(&mut self, task: TaskRef, op: Op, resource: ResourceId) {
        let side = op.plays();
        let closing = self.closing;
        let users = self.resources[resource.0 as usize].users_mut(side);
        match op {
            // A task that closes its end is not the one to wait for. If it has another end, that shows
            // when the run is taken down.
            Op::CloseSource | Op::CloseSink if !closing => users.forget(task),
            _ => users.note(task, closing),
        }
    }

    #[inline]
    pub fn polled(&mut self, task: TaskRef) {
        self.tasks[task.slot as usize].polls += 1;
    }

    /// Declares that no task is the root: the facts do not belong to a run.
    pub fn has_no_root(&mut self) {
        self.serials = self.serials.max(1);
    }

    /// A resource no longer exists, and its record may be reused.
    pub fn forget(&mut self, resource: ResourceId) {
        self.forgotten.push(resource);
        if self.ended.len() > ENDED_REMEMBERED {
            // Their guards are stored elsewhere. The tasks that ended longest ago are not reported any
            // more.
            self.ended.remove(0);
        }
    }

    /// How many tasks were recorded so far.
    pub fn serials(&self) -> u32 {
        self.serials
    }

    /// The operation that the task in `slot` announced last, and the resource it is on.
    pub fn announced(&self, slot: u32) -> (Option<Op>, Option<ResourceId>) {
        let task = &self.tasks[slot as usize];
        (task.last.map(|(op, _)| op), task.on)
    }

    /// The place of the operation that the task in `slot` announced last.
    pub fn announced_at(&self, slot: u32) -> Option<Site> {
        self.tasks[slot as usize].last.map(|(_, site)| site)
    }

    /// Whether the task in `slot` holds anything.
    pub fn holds_any(&self, slot: u32) -> bool {
        self.tasks[slot as usize].holding > 0
    }

    /// The living tasks that were seen using this side of a resource.
    pub fn living_users(&self, resource: ResourceId, side: Side) -> impl Iterator<Item = u32> + '_ {
        let resource = &self.resources[resource.0 as usize];
        let itself = resource.info.task.filter(|_| side == Side::Itself);
        let seen = (side != Side::Itself).then(|| resource.users(side).iter());
        let lives = |task: &TaskRef| {
            let record = &self.tasks[task.slot as usize];
            record.alive && record.serial == task.serial
        };
        let users = itself.into_iter().chain(seen.into_iter().flatten());
        users.filter(lives).map(|task| task.slot)
    }

    /// The description of a resource, from when it was created.
    pub fn info(&self, resource: ResourceId) -> &ResourceInfo {
        &self.resources[resource.0 as usize].info
    }

    /// The serial number of the task in `slot`.
    pub fn serial(&self, slot: u32) -> u32 {
        self.tasks[slot as usize].serial
    }

    /// Whether the task in `slot` waits for something.
    pub fn waits(&self, slot: u32) -> bool {
        self.tasks[slot as usize].waiting > 0
    }

    /// What the task in `slot` waits for, if that is one thing.
    pub fn only_wait(&self, slot: u32) -> Option<(Op, ResourceId)> {
        let task = &self.tasks[slot as usize];
        if task.waiting != 1 {
            return None;
        }
        let mut waits = self.waits.iter().map(|(_, wait)| wait);
        let wait = waits.find(|wait| wait.task.slot == slot && wait.task.serial == task.serial)?;
        Some((wait.op, wait.resource))
    }

    /// What a wait is for.
    pub fn waited_for(&self, wait: WaitId) -> Option<(Op, ResourceId)> {
        self.waits.get(wait.0).map(|wait| (wait.op, wait.resource))
    }

    /// How many tasks the run has spawned, its root included.
    pub fn spawned_tasks(&self) -> u32 {
        self.serials
    }

    /// How many resources the run has created.
    pub fn resources_entered(&self) -> u32 {
        u32::try_from(self.resources_used).unwrap_or(u32::MAX)
    }

    /// The type and the spawn site of the task in `slot`.
    pub fn origin(&self, slot: u32) -> (&'static str, Site) {
        let task = &self.tasks[slot as usize];
        (task.type_name, task.site)
    }

    /// Records a new resource.
    pub fn resource(&mut self, info: ResourceInfo) -> ResourceId {
        if let Some(id) = self.forgotten.pop() {
            self.resources[id.0 as usize].renew(info);
            return id;
        }
        let id = self.resources_used;
        self.resources_used += 1;
        match self.resources.get_mut(id) {
            Some(resource) => resource.renew(info),
            None => self.resources.push(Resource::new(info)),
        }
        ResourceId(u32::try_from(id).unwrap_or(u32::MAX))
    }

    /// Records what a task is about to do, and the side of the resource that it thereby uses.
    #[expect(clippy::inline_always, reason = "part of the step's inner loop")]
    #[inline(always)]
    pub fn intends(&mut self, task: TaskRef, op: Op, resource: Option<ResourceId>, site: Site) {
        if self.slow_path {
            self.intends_aside(task, op, resource, site);
        } else {
            let record = &mut self.tasks[task.slot as usize];
            record.last = Some((op, site));
            record.on = resource;
        }
        if let (Side::Source | Side::Sink, Some(resource)) = (op.plays(), resource) {
            self.plays(task, op, resource);
        }
    }

    /// A task begins to wait.
    pub fn wait(
        &mut self,
        task: TaskRef,
        resource: ResourceId,
        op: Op,
        amount: u32,
        site: Site,
    ) -> WaitId {
        let place = self.sequence + 1;
        self.wait_in_line(task, resource, op, amount, site, place)
    }

    /// As [`Tracker::wait`], at this position in the order of all waits.
    pub fn wait_in_line(
        &mut self,
        task: TaskRef,
        resource: ResourceId,
        op: Op,
        amount: u32,
        site: Site,
        sequence: u64,
    ) -> WaitId {
        self.sequence = self.sequence.max(sequence);
        if !self.closing {
            self.tasks[task.slot as usize].waiting += 1;
        }
        let record = self.waits.insert(WaitRecord {
            task,
            resource,
            op,
            amount,
            site,
            since: self.step,
            sequence,
            polled: None,
            late: self.closing,
        });
        if self.tracer.is_some() {
            self.emit_wait(record);
        }
        WaitId(record)
    }

    /// A wait was polled by its task directly, not through a set of futures that polls only those that
    /// were woken.
    #[inline]
    pub fn wait_polled(&mut self, wait: WaitId) {
        if let Some(record) = self.waits.get_mut(wait.0) {
            record.polled = Some(self.tasks[record.task.slot as usize].polls);
        }
    }

    /// A task is suspended in the middle of a poll until it is woken, or continues with the poll.
    pub fn parked(&mut self, task: TaskRef, parked: bool) {
        self.tasks[task.slot as usize].parked = parked;
    }

    /// Whether the task has run since the wait was last polled, without polling it again.
    fn is_unpolled(&self, wait: &WaitRecord) -> bool {
        let task = &self.tasks[wait.task.slot as usize];
        !task.parked && wait.polled.is_some_and(|polled| polled < task.polls)
    }

    /// A wait ended because it was granted.
    pub fn granted(&mut self, wait: WaitId) {
        self.progress += 1;
        let op = self.waits.get(wait.0).map(|record| record.op);
        if !matches!(op, Some(Op::Sleep | Op::CondvarWait | Op::Park)) {
            self.moves += 1;
        }
        self.end_wait(wait, true);
    }

    /// A wait ended because its future was dropped.
    pub fn abandoned(&mut self, wait: WaitId) {
        self.end_wait(wait, false);
    }

    #[expect(clippy::inline_always, reason = "part of the step's inner loop")]
    #[inline(always)]
    fn end_wait(&mut self, wait: WaitId, granted: bool) {
        // The waits that are part of the hang stay for the graph.
        let Some(record) = self.waits.get(wait.0) else {
            return;
        };
        let (task, late) = (record.task, record.late);
        if self.slow_path {
            if self.closing && !late {
                return;
            }
            self.tell_wait_ended(wait.0, granted);
        }
        self.waits.remove(wait.0);
        let owner = &mut self.tasks[task.slot as usize];
        if !late && owner.serial == task.serial {
            owner.waiting = owner.waiting.saturating_sub(1);
        }
    }

    /// A task holds permits of a resource from now on.
    #[inline]
    pub fn hold(
        &mut self,
        task: TaskRef,
        resource: ResourceId,
        op: Op,
        amount: u32,
        site: Site,
    ) -> HoldId {
        self.tasks[task.slot as usize].holding += 1;
        let record = self.holds.insert(HoldRecord {
            task,
            resource,
            op,
            amount,
            site,
            since: self.step,
            late: self.closing,
        });
        if self.tracer.is_some() {
            self.emit_hold(record);
        }
        HoldId(record)
    }

    /// The places at which the current holders acquired a resource.
    #[cfg(feature = "fuzz")]
    pub fn hold_sites(&self, resource: ResourceId) -> impl Iterator<Item = Site> + '_ {
        self.holds
            .iter()
            .map(|(_, hold)| hold)
            .filter(move |hold| hold.resource == resource)
            .map(|hold| hold.site)
    }

    /// Permits were released by `by`, whichever task acquired them.
    #[inline]
    pub fn release(&mut self, hold: HoldId, by: Option<TaskRef>) {
        let Some(record) = self.holds.get_mut(hold.0) else {
            return;
        };
        let taker = record.task;
        if self.slow_path {
            if self.closing && !record.late {
                // Dropping a task's future shows what the task really owned.
                record.task = by.unwrap_or(taker);
                return;
            }
            self.emit_release(hold.0, by);
        }
        self.holds.remove(hold.0);
        let taken_by = &mut self.tasks[taker.slot as usize];
        if taken_by.serial == taker.serial {
            taken_by.holding = taken_by.holding.saturating_sub(1);
        }
    }

    /// Whether the lock is held only by readers, and no task waits for it.
    pub fn only_readers(&self, resource: ResourceId) -> bool {
        let holds = self.holds.iter().map(|(_, hold)| hold);
        let mut holds = holds.filter(|hold| hold.resource == resource).peekable();
        let mut waits = self.waits.iter().map(|(_, wait)| wait);
        // A lock that was taken outside of the run has no hold.
        holds.peek().is_some()
            && holds.all(|hold| hold.op == Op::Read)
            && waits.all(|wait| wait.resource != resource)
    }

    /// Changes how many permits a hold covers (a downgrade, a split, a merge).
    pub fn resize_hold(&mut self, hold: HoldId, amount: u32, op: Op) {
        if let Some(record) = self.holds.get_mut(hold.0) {
            record.amount = amount;
            record.op = op;
        }
    }

    /// Permits were added to a resource (or, negative, taken out for good).
    pub fn add_permits(&mut self, resource: ResourceId, change: i64) {
        let permits = &mut self.resources[resource.0 as usize].permits;
        let after = i64::from(*permits).saturating_add(change).max(0);
        *permits = u32::try_from(after).unwrap_or(u32::MAX);
    }

    /// A value moved, or something was signalled.
    #[inline]
    pub fn moved(&mut self) {
        self.progress += 1;
        self.moves += 1;
    }
}
