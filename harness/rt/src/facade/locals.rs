//! Values that each task of a run has of its own: what `thread_local!` is in a run.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::host;
use crate::task::TaskRef;

/// A task's value for one key.
struct Local {
    owner: Owner,
    /// The key's address.
    key: usize,
    /// None once its destructor has begun.
    value: Option<Rc<dyn Any>>,
}

/// The epoch of a run, and a task of it.
type Owner = (u32, TaskRef);

thread_local! {
    static LOCALS: RefCell<Vec<Local>> = const { RefCell::new(Vec::new()) };
    /// How many there are. It is looked at whenever a task ends, and most have none.
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

/// Changes the list of values. No destructor of theirs may be called by `change`.
fn changed<R>(change: impl FnOnce(&mut Vec<Local>) -> R) -> R {
    LOCALS.with_borrow_mut(|locals| {
        let result = change(locals);
        COUNT.set(locals.len());
        result
    })
}

/// What a task's key holds.
#[derive(Debug)]
pub enum Found<T: ?Sized> {
    /// This value.
    Value(Rc<T>),
    /// Nothing yet.
    Nothing,
    /// Nothing any more: the task is ending, and the value was dropped.
    Gone,
}

/// The current task, if this is one of a run.
fn owner() -> Option<Owner> {
    host::with_epoch(|host, epoch| Some((epoch, host.current()?))).flatten()
}

/// The current task's value for `key`. None if no task of a run is current.
pub fn get<T: 'static>(key: usize) -> Option<Found<T>> {
    Some(match find(key)? {
        Found::Value(value) => match value.downcast() {
            Ok(value) => Found::Value(value),
            Err(_) => Found::Gone,
        },
        Found::Nothing => Found::Nothing,
        Found::Gone => Found::Gone,
    })
}

#[inline(never)]
fn find(key: usize) -> Option<Found<dyn Any>> {
    let owner = owner()?;
    LOCALS.with_borrow(|locals| {
        let mut mine = locals.iter().filter(|local| local.owner == owner);
        Some(match mine.find(|local| local.key == key) {
            None => Found::Nothing,
            Some(local) => match &local.value {
                Some(value) => Found::Value(Rc::clone(value)),
                None => Found::Gone,
            },
        })
    })
}

/// Gives the current task a value for `key`.
#[inline(never)]
pub fn put(key: usize, value: Rc<dyn Any>) {
    let Some(owner) = owner() else { return };
    let before = changed(|locals| {
        let mut mine = locals.iter_mut().filter(|local| local.owner == owner);
        let known = mine.find(|local| local.key == key);
        match known {
            Some(local) => local.value.replace(value),
            None => {
                locals.push(Local {
                    owner,
                    key,
                    value: Some(value),
                });
                None
            }
        }
    });
    drop(before);
}

/// Drops the current task's values, the latest first. Called where the task ends.
#[inline(never)]
pub fn end() {
    if COUNT.get() == 0 {
        return;
    }
    let Some(owner) = owner() else { return };
    // A destructor may use other values, and give keys that had none one.
    loop {
        let value = LOCALS.with_borrow_mut(|locals| {
            let mine = locals.iter_mut().rev();
            mine.filter(|local| local.owner == owner)
                .find_map(|local| local.value.take())
        });
        match value {
            Some(value) => drop(value),
            None => break,
        }
    }
    changed(|locals| locals.retain(|local| local.owner != owner));
}

/// The run with this epoch has ended on this thread. What is left belongs to tasks that were abandoned,
/// and is abandoned with them: nobody may wait in its destructors any more.
pub fn forget_run(epoch: u32) {
    if COUNT.get() == 0 {
        return;
    }
    let of_run = |local: &mut Local| local.owner.0 == epoch;
    let left: Vec<Local> = changed(|locals| locals.extract_if(.., of_run).collect());
    left.into_iter().for_each(std::mem::forget);
}
