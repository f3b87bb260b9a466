//! Coroutines that are entered and left by a jump.
//!
//! A processor predicts where a function returns to by the calls it has seen, and a switch of
//! stacks by a call and a return, as a library has to do it, puts every prediction after it out of
//! step: two misses or three for each task that takes its turn, which was a fifth of a run. Here the
//! one stack goes on where it was by an indirect jump. Then the calls that the processor remembers
//! are those of the task that has just left, and most tasks stand in the same functions.

use std::arch::asm;
use std::cell::Cell;
use std::fmt;
use std::io;
use std::mem::ManuallyDrop;
use std::ptr;
use std::rc::Rc;

use corosensei::stack::{DefaultStack, Stack};
use standstill_rt::facade::inside::{put_aside, put_back};

use crate::coroutine::sanitizer::Told;
use crate::coroutine::{Pause, Stage};

/// How many bytes apart the frames of stacks of neighbouring colors begin, within a page.
const COLOR_BYTES: usize = 512;

/// A stack of its own for code that is suspended in the middle.
///
/// Dropped while it rests, its code returns first. Dropped in the middle of something, its stack is
/// never freed: what lives there may be referred to still.
pub struct Coroutine<T: 'static>(Rc<Inside<T>>);

struct Inside<T: 'static> {
    link: Link,
    stack: ManuallyDrop<DefaultStack>,
    code: fn(&T),
    shared: T,
}

/// Where a coroutine is.
struct Link {
    /// The stack pointer with which it goes on; nought while it runs.
    inside: Cell<usize>,
    stage: Cell<Stage>,
    told: Told,
}

/// Whoever has resumed a coroutine and waits for one to be suspended.
struct Level {
    /// The stack pointer with which it goes on.
    outside: Cell<usize>,
    said: Cell<Pause>,
    told: Told,
}

thread_local! {
    /// The innermost level of this thread.
    static TOP: Cell<*const Level> = const { Cell::new(ptr::null()) };
}

impl<T: 'static> Coroutine<T> {
    /// A coroutine that runs `code` once it is resumed. Its code returns when [`CoroutineStack::rest`] tells it
    /// to. Its frames begin at another place within the page for each of eight colors: stacks are
    /// mapped at whole pages, and a processor takes a load from one stack for one from the stack it
    /// has just left if their addresses end in the same digits, and waits (4K aliasing).
    ///
    /// # Errors
    ///
    /// If there is no address space left for `bytes` of stack.
    pub fn new(bytes: usize, color: usize, shared: T, code: fn(&T)) -> io::Result<Self> {
        let stack = DefaultStack::new(bytes)?;
        let top = stack.base().get() - color % 8 * COLOR_BYTES;
        // What the first switch finds: where to jump to, and above it the return address of that
        // function, of which there is none; this is where a backtrace ends. With it the stack is
        // aligned as after a call.
        let start = (top & !15) - 16;
        let enter: extern "C" fn(usize, usize, *const Inside<T>) -> ! = enter::<T>;
        // SAFETY: the stack was just mapped, is larger than 8 * 512 + 32 bytes, grows down from
        // `base`, and nobody else has it.
        unsafe {
            let words = ptr::with_exposed_provenance_mut::<usize>(start);
            words.write(enter as usize);
            words.add(1).write(0);
        }
        Ok(Self(Rc::new(Inside {
            link: Link {
                inside: Cell::new(start),
                stage: Cell::new(Stage::Fresh),
                told: Told::stack(stack.limit().get(), stack.base().get()),
            },
            stack: ManuallyDrop::new(stack),
            code,
            shared,
        })))
    }

    /// What its code was given.
    #[inline]
    pub fn shared(&self) -> &T {
        &self.0.shared
    }

    /// Where it goes on. From now on it runs.
    #[inline]
    fn begin(&self) -> usize {
        let link = &self.0.link;
        let inside = link.inside.replace(0);
        assert!(inside != 0, "a coroutine that runs was resumed");
        link.stage.set(Stage::Busy);
        inside
    }
}

impl<T: 'static> fmt::Debug for Coroutine<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coroutine").finish_non_exhaustive()
    }
}

impl<T: 'static> Drop for Coroutine<T> {
    fn drop(&mut self) {
        let link = &self.0.link;
        match link.stage.get() {
            Stage::Resting if link.inside.get() != 0 => {
                link.stage.set(Stage::Ending);
                let level = Level::new();
                let before = TOP.replace(&raw const level);
                let depth = put_aside();
                // SAFETY: it rests, so it is where `inside` says. `Inside` and the stack are there
                // until the end of this drop, and the coroutine switches back for good before that.
                unsafe {
                    let to = link.inside.replace(0);
                    level.told.leave(&link.told);
                    switch(&level.outside, to, Rc::as_ptr(&self.0).cast());
                    level.told.arrive(&level.told);
                }
                put_back(depth);
                TOP.set(before);
            }
            Stage::Fresh => {}
            // It runs, or its stack may be referred to.
            _ => {
                std::mem::forget(Rc::clone(&self.0));
                return;
            }
        }
        if let Some(inside) = Rc::get_mut(&mut self.0) {
            // SAFETY: it is not used after this: its code has not begun, or has returned.
            unsafe { ManuallyDrop::drop(&mut inside.stack) }
        }
    }
}

impl Level {
    fn new() -> Self {
        Self {
            outside: Cell::new(0),
            said: Cell::new(Pause::Abandoned),
            told: Told::unknown(),
        }
    }
}

/// Where the coroutines of one engine run: one at a time, or one on top of another that resumes it.
pub struct CoroutineStack<T: 'static> {
    level: Cell<*const Level>,
    running: Cell<Option<Coroutine<T>>>,
}

impl<T: 'static> fmt::Debug for CoroutineStack<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoroutineStack").finish_non_exhaustive()
    }
}

impl<T: 'static> Default for CoroutineStack<T> {
    fn default() -> Self {
        Self {
            level: Cell::new(ptr::null()),
            running: Cell::new(None),
        }
    }
}

impl<T: 'static> CoroutineStack<T> {
    /// Lets a coroutine begin, or go on where it was suspended. Returns when it is suspended, or when
    /// one is that has taken its place meanwhile, and hands that one back.
    ///
    /// # Panics
    ///
    /// If it is running.
    #[inline]
    pub fn resume(&self, coroutine: Coroutine<T>) -> (Coroutine<T>, Pause) {
        let inside = Rc::as_ptr(&coroutine.0);
        let to = coroutine.begin();
        let level = Level::new();
        let outer = (
            TOP.replace(&raw const level),
            self.level.replace(&raw const level),
            self.running.replace(Some(coroutine)),
        );
        let depth = put_aside();
        // SAFETY: `to` is where the coroutine begins, or where it was suspended, since it was not
        // running. Its stack and `Inside` live as long as its handle, or longer: a handle that is
        // dropped while its coroutine runs frees nothing.
        unsafe {
            level.told.leave(&(*inside).link.told);
            switch(&level.outside, to, inside.cast());
            level.told.arrive(&level.told);
        }
        put_back(depth);
        TOP.set(outer.0);
        self.level.set(outer.1);
        let Some(back) = self.running.replace(outer.2) else {
            unreachable!("a coroutine was suspended that does not run");
        };
        (back, level.said.get())
    }

    /// The coroutine that runs here is this thread's innermost one.
    #[inline]
    fn is_on_top(&self) -> bool {
        let level = self.level.get();
        !level.is_null() && ptr::eq(level, TOP.get())
    }

    /// Suspends the coroutine that is running, and goes on where it was resumed.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[expect(clippy::inline_always, reason = "one frame less to return from")]
    #[inline(always)]
    pub fn suspend(&self, pause: Pause) {
        assert!(self.is_on_top(), "suspended outside of a coroutine");
        // SAFETY: `resume` has set it, in a call that goes on until a coroutine is suspended here,
        // and whose frame it is in.
        let level = unsafe { &*self.level.get() };
        level.said.set(pause);
        let from = self.link();
        let depth = put_aside();
        // SAFETY: `outside` is where that very call of `resume` was left, which has not gone on
        // since. The link is there as long as this code is.
        unsafe {
            (*from).told.leave(&level.told);
            switch(&(*from).inside, level.outside.get(), ptr::null());
            arrived(&*from);
        }
        put_back(depth);
    }

    /// Suspends the coroutine that is running, hands it to `keep`, and lets `next` go on in its place.
    ///
    /// # Panics
    ///
    /// If there is none, or if `next` is running.
    #[expect(clippy::inline_always, reason = "one frame less to return from")]
    #[inline(always)]
    pub fn transfer(&self, next: Coroutine<T>, keep: impl FnOnce(Coroutine<T>)) {
        assert!(self.is_on_top(), "suspended outside of a coroutine");
        let from = self.link();
        // Should one of these panic, none runs as far as the seat knows, and nothing is suspended here
        // any more.
        if let Some(mine) = self.running.take() {
            keep(mine);
        }
        let to = next.begin();
        let inside = Rc::as_ptr(&next.0);
        self.running.set(Some(next));
        let depth = put_aside();
        // SAFETY: as in `resume` for the one side. For the other, what `keep` was given counts as
        // running until this switch: it is neither resumed nor freed before.
        unsafe {
            (*from).told.leave(&(*inside).link.told);
            switch(&(*from).inside, to, inside.cast());
            arrived(&*from);
        }
        put_back(depth);
    }

    /// As [`CoroutineStack::suspend`], by code that has nothing to do until it is resumed. False if it is to
    /// return.
    #[expect(clippy::inline_always, reason = "one frame less to return from")]
    #[inline(always)]
    #[must_use]
    pub fn rest(&self, pause: Pause) -> bool {
        assert!(self.is_on_top(), "suspended outside of a coroutine");
        let from = self.link();
        // SAFETY: its code goes on below, so it is there.
        let stage = unsafe { &(*from).stage };
        stage.set(Stage::Resting);
        self.suspend(pause);
        stage.get() != Stage::Ending
    }

    /// As [`CoroutineStack::transfer`], by code that has nothing to do until it is resumed. False if it is to
    /// return.
    #[expect(clippy::inline_always, reason = "one frame less to return from")]
    #[inline(always)]
    #[must_use]
    pub fn rest_for(&self, next: Coroutine<T>, keep: impl FnOnce(Coroutine<T>)) -> bool {
        assert!(self.is_on_top(), "suspended outside of a coroutine");
        let from = self.link();
        // SAFETY: as in `rest`.
        let stage = unsafe { &(*from).stage };
        stage.set(Stage::Resting);
        self.transfer(next, keep);
        stage.get() != Stage::Ending
    }

    /// The link of the coroutine that is running. It is there as long as its code is.
    #[inline]
    fn link(&self) -> *const Link {
        let running = self.running.take();
        let link = match &running {
            Some(running) => &raw const running.0.link,
            None => unreachable!("a level without a coroutine"),
        };
        self.running.set(running);
        link
    }
}

/// The coroutine with this link has begun or goes on.
#[inline]
fn arrived(link: &Link) {
    // SAFETY: whoever resumes or drops a coroutine has made a level, and waits there as long as
    // anything runs on it.
    link.told.arrive(unsafe { &(*TOP.get()).told });
}

/// The bottom of each coroutine's stack. The first two arguments are of no use: the third is in the
/// register in which `switch` has it.
extern "C" fn enter<T: 'static>(_: usize, _: usize, inside: *const Inside<T>) -> ! {
    {
        // SAFETY: whoever lets a coroutine begin passes what its handle owns, and until its code
        // has returned that is there.
        let inside = unsafe { &*inside };
        arrived(&inside.link);
        (inside.code)(&inside.shared);
        debug_assert!(
            inside.link.stage.get() == Stage::Ending,
            "its code returned too early"
        );
    }
    // SAFETY: its code returns only when the handle is dropped, which has made a level and waits
    // there. `inside` is there until this switch; it is never gone on after it.
    unsafe {
        let level = &*TOP.get();
        (*inside).link.told.leave_for_good(&level.told);
        switch(&(*inside).link.inside, level.outside.get(), ptr::null());
    }
    unreachable!("a coroutine went on after its end")
}

/// Leaves this stack, saves in `from` where it goes on, and goes on at `to`. Returns when something
/// goes on there in turn.
///
/// # Safety
///
/// `to` was saved by this function and has not gone on since, or is the beginning of a coroutine,
/// and then `inside` is that coroutine's. Its stack is there still, and belongs to this thread.
#[expect(clippy::inline_always, reason = "one frame less to return from")]
#[inline(always)]
unsafe fn switch(from: &Cell<usize>, to: usize, inside: *const ()) {
    // SAFETY: all registers that are the callee's to keep by the System V ABI are named as
    // overwritten or saved here: rbx and rbp, which the compiler may keep for itself, on the stack.
    // The floating-point modes are the program's, and the same for all of a thread. What is pushed is
    // popped before it goes on, at the same height.
    unsafe {
        asm!(
            "push rbx",
            "push rbp",
            "lea rax, [rip + 2f]",
            "push rax",
            "mov [rdi], rsp",
            "mov rsp, rsi",
            "pop rax",
            "jmp rax",
            "2:",
            "pop rbp",
            "pop rbx",
            inout("rdi") from.as_ptr() => _,
            inout("rsi") to => _,
            inout("rdx") inside => _,
            out("r12") _,
            out("r13") _,
            out("r14") _,
            out("r15") _,
            clobber_abi("sysv64"),
        );
    }
}
