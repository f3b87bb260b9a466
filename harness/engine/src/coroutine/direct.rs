//! Coroutines that are entered and left by a jump.
//!
//! A processor predicts the return addresses of functions by the calls it has seen. A library switches
//! stacks by a call and a return, which makes every later prediction wrong. This cost two or three
//! mispredictions for each task that takes its turn, which was a fifth of a run. Here the other stack is
//! resumed by an indirect jump. Then the calls that the processor remembers are those of the task that
//! has just been suspended, and most tasks are suspended within the same functions.

use std::arch::asm;
use std::cell::Cell;
use std::fmt;
use std::io;
use std::mem::ManuallyDrop;
use std::ptr;
use std::rc::Rc;

use standstill_rt::facade::inside::{put_aside, put_back};

use crate::coroutine::sanitizer::Told;
use crate::coroutine::stack::MappedStack;
use crate::coroutine::{Pause, Stage};

/// How many bytes apart, within a page, the frames of stacks with neighbouring colors begin.
const COLOR_BYTES: usize = 512;

/// A stack of its own for code that can be suspended in the middle.
///
/// If it is dropped while it is idle, its code returns first. If it is dropped while it is suspended in
/// the middle of its work, its stack is never freed: there may still be references to values on it.
pub struct Coroutine<T: 'static>(Rc<Inside<T>>);

struct Inside<T: 'static> {
    link: Link,
    stack: ManuallyDrop<MappedStack>,
    code: fn(&T),
    shared: T,
}

/// Where a coroutine was suspended.
struct Link {
    /// The stack pointer with which it is resumed; zero while it runs.
    inside: Cell<usize>,
    stage: Cell<Stage>,
    told: Told,
}

/// Code that has resumed a coroutine and waits for one to be suspended.
struct Level {
    /// The stack pointer with which that code is resumed.
    outside: Cell<usize>,
    said: Cell<Pause>,
    told: Told,
}

thread_local! {
    /// The innermost level of this thread.
    static TOP: Cell<*const Level> = const { Cell::new(ptr::null()) };
}

impl<T: 'static> Coroutine<T> {
    /// A coroutine that runs `code` once it is resumed. Its code returns when [`CoroutineStack::rest`]
    /// tells it to. The frames begin at a different offset within the page for each of eight colors.
    /// Stacks are mapped at whole pages, and a processor stalls if a load from one stack and a store to
    /// the stack that it has just left have the same low address bits (4K aliasing).
    ///
    /// # Errors
    ///
    /// If there is no address space left for `bytes` of stack.
    pub fn new(bytes: usize, color: usize, shared: T, code: fn(&T)) -> io::Result<Self> {
        let stack = MappedStack::new(bytes)?;
        let top = stack.base() - color % 8 * COLOR_BYTES;
        // What the first switch finds: the address to jump to, and above it the return address of that
        // function. There is none, so a backtrace ends here. With it, the stack is aligned as after a
        // call.
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
                told: Told::stack(stack.limit(), stack.base()),
            },
            stack: ManuallyDrop::new(stack),
            code,
            shared,
        })))
    }

    /// The value that its code was given.
    #[inline]
    pub fn shared(&self) -> &T {
        &self.0.shared
    }

    /// Returns the stack pointer with which it is resumed, and marks it as running.
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
                // SAFETY: it is idle, so it was suspended where `inside` says. `Inside` and the stack
                // exist until the end of this drop, and the coroutine switches back for the last time
                // before that.
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
            // It is running, or there may be references to values on its stack.
            _ => {
                std::mem::forget(Rc::clone(&self.0));
                return;
            }
        }
        if let Some(inside) = Rc::get_mut(&mut self.0) {
            // SAFETY: the stack is not used after this: the code has not begun, or has returned.
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
    /// Starts a coroutine, or resumes it where it was suspended. Returns when it is suspended, or when
    /// another coroutine that has taken its place meanwhile is suspended, and returns that one.
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
        // SAFETY: the coroutine was not running, so `to` is where it begins or where it was suspended.
        // Its stack and `Inside` live at least as long as its handle: dropping a handle while its
        // coroutine runs frees nothing.
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

    /// Whether the running coroutine is this thread's innermost one.
    #[inline]
    fn is_on_top(&self) -> bool {
        let level = self.level.get();
        !level.is_null() && ptr::eq(level, TOP.get())
    }

    /// Suspends the running coroutine, and continues where it was resumed.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[expect(clippy::inline_always, reason = "one frame less to return from")]
    #[inline(always)]
    pub fn suspend(&self, pause: Pause) {
        assert!(self.is_on_top(), "suspended outside of a coroutine");
        // SAFETY: `resume` has set the pointer to a value in its own frame, and that call does not
        // return until a coroutine is suspended here.
        let level = unsafe { &*self.level.get() };
        level.said.set(pause);
        let from = self.link();
        let depth = put_aside();
        // SAFETY: `outside` is where that same call of `resume` was left, and it has not been resumed
        // since. The link exists as long as this code does.
        unsafe {
            (*from).told.leave(&level.told);
            switch(&(*from).inside, level.outside.get(), ptr::null());
            arrived(&*from);
        }
        put_back(depth);
    }

    /// Suspends the running coroutine, passes it to `keep`, and lets `next` go on in its place.
    ///
    /// # Panics
    ///
    /// If there is none, or if `next` is running.
    #[expect(clippy::inline_always, reason = "one frame less to return from")]
    #[inline(always)]
    pub fn transfer(&self, next: Coroutine<T>, keep: impl FnOnce(Coroutine<T>)) {
        assert!(self.is_on_top(), "suspended outside of a coroutine");
        let from = self.link();
        // If one of these panics, the seat records no running coroutine, and nothing can be suspended
        // here any more.
        if let Some(mine) = self.running.take() {
            keep(mine);
        }
        let to = next.begin();
        let inside = Rc::as_ptr(&next.0);
        self.running.set(Some(next));
        let depth = put_aside();
        // SAFETY: for the stack that is resumed, as in `resume`. For the one that is left: what `keep`
        // was given counts as running until this switch, so it is neither resumed nor freed before.
        unsafe {
            (*from).told.leave(&(*inside).link.told);
            switch(&(*from).inside, to, inside.cast());
            arrived(&*from);
        }
        put_back(depth);
    }

    /// As [`CoroutineStack::suspend`], for code that is idle until it is resumed. False if the code has
    /// to return.
    #[expect(clippy::inline_always, reason = "one frame less to return from")]
    #[inline(always)]
    #[must_use]
    pub fn rest(&self, pause: Pause) -> bool {
        assert!(self.is_on_top(), "suspended outside of a coroutine");
        let from = self.link();
        // SAFETY: the coroutine's code goes on below, so the link exists.
        let stage = unsafe { &(*from).stage };
        stage.set(Stage::Resting);
        self.suspend(pause);
        stage.get() != Stage::Ending
    }

    /// As [`CoroutineStack::transfer`], for code that is idle until it is resumed. False if the code has
    /// to return.
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

    /// The link of the running coroutine. It exists as long as the coroutine's code does.
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

/// Called when the coroutine with this link has begun or was resumed.
#[inline]
fn arrived(link: &Link) {
    // SAFETY: the code that resumes or drops a coroutine has made a level, and waits there as long as
    // anything runs on it.
    link.told.arrive(unsafe { &(*TOP.get()).told });
}

/// The bottom of each coroutine's stack. The first two arguments are unused: the third is in the
/// register in which `switch` passes it.
extern "C" fn enter<T: 'static>(_: usize, _: usize, inside: *const Inside<T>) -> ! {
    {
        // SAFETY: the code that starts a coroutine passes what the handle owns, and that exists until
        // the coroutine's code has returned.
        let inside = unsafe { &*inside };
        arrived(&inside.link);
        (inside.code)(&inside.shared);
        debug_assert!(
            inside.link.stage.get() == Stage::Ending,
            "its code returned too early"
        );
    }
    // SAFETY: the coroutine's code returns only when the handle is dropped. The drop has made a level
    // and waits there. `inside` exists until this switch, and this stack is never resumed after it.
    unsafe {
        let level = &*TOP.get();
        (*inside).link.told.leave_for_good(&level.told);
        switch(&(*inside).link.inside, level.outside.get(), ptr::null());
    }
    unreachable!("a coroutine went on after its end")
}

/// Leaves this stack, saves in `from` where it is to be resumed, and continues at `to`. Returns when
/// this stack is resumed in turn.
///
/// # Safety
///
/// `to` was saved by this function and has not been resumed since, or it is the beginning of a
/// coroutine, and then `inside` belongs to that coroutine. Its stack still exists, and belongs to this
/// thread.
#[expect(clippy::inline_always, reason = "one frame less to return from")]
#[inline(always)]
unsafe fn switch(from: &Cell<usize>, to: usize, inside: *const ()) {
    // SAFETY: all callee-saved registers of the System V ABI are declared as clobbered, or saved here.
    // The saved ones are rbx and rbp, which the compiler may reserve: they are pushed onto the stack.
    // The floating-point modes are the program's, and the same for all code of a thread. Everything that
    // is pushed is popped when the stack is resumed, before its code goes on, at the same height.
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
