//! Coroutines that are entered and left by a jump.
//!
//! A processor predicts where a function returns to by the calls it has seen, and a switch of
//! stacks by a call and a return, as a library has to do it, puts every prediction after it out of
//! step: two misses or three for each task that takes its turn, which was a fifth of a run. Here the
//! one stack goes on where it was by an indirect jump. Then the calls that the processor remembers
//! are those of the task that has just left, and most tasks stand in the same functions.

use std::arch::asm;
use std::cell::Cell;
use std::io;
use std::mem::ManuallyDrop;
use std::rc::Rc;

use corosensei::stack::{DefaultStack, Stack};

use crate::engine::explore::Pause;

/// How many bytes apart the frames of stacks of neighbouring colors begin, within a page.
const COLOR_BYTES: usize = 512;

/// A stack of its own for code that is suspended in the middle.
///
/// Its code is never returned from. Dropped while it rests, it is gone; dropped in the middle of
/// something, its stack is never freed: what lives there may be referred to still.
pub(crate) struct Coroutine<T: 'static>(Rc<Inside<T>>);

struct Inside<T: 'static> {
    link: Link,
    stack: ManuallyDrop<DefaultStack>,
    code: fn(&T) -> !,
    shared: T,
}

/// The two stack pointers of a coroutine, of which one is of use at a time.
struct Link {
    /// Where its own stack goes on.
    inside: Cell<usize>,
    /// Where whoever resumed it goes on.
    outside: Cell<usize>,
    said: Cell<Pause>,
    /// Nothing on its stack is of any use.
    rests: Cell<bool>,
}

thread_local! {
    /// The coroutine that is running on this thread.
    static RUNNING: Cell<*const Link> = const { Cell::new(std::ptr::null()) };
}

impl<T: 'static> Coroutine<T> {
    /// A coroutine that runs `code` once it is resumed. Its frames begin at another place within the
    /// page for each of eight colors: stacks are mapped at whole pages, and a processor takes a load
    /// from one stack for one from the stack it has just left if their addresses end in the same
    /// digits, and waits (4K aliasing).
    ///
    /// # Errors
    ///
    /// If there is no address space left for `bytes` of stack.
    pub(crate) fn new(
        bytes: usize,
        color: usize,
        shared: T,
        code: fn(&T) -> !,
    ) -> io::Result<Self> {
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
            let words = std::ptr::with_exposed_provenance_mut::<usize>(start);
            words.write(enter as usize);
            words.add(1).write(0);
        }
        Ok(Self(Rc::new(Inside {
            link: Link {
                inside: Cell::new(start),
                outside: Cell::new(0),
                said: Cell::new(Pause::Lost),
                rests: Cell::new(true),
            },
            stack: ManuallyDrop::new(stack),
            code,
            shared,
        })))
    }

    /// What its code was given.
    #[inline]
    pub(crate) fn shared(&self) -> &T {
        &self.0.shared
    }

    /// Lets it begin, or go on where it was suspended, until it is suspended again.
    #[inline]
    pub(crate) fn resume(&mut self) -> Pause {
        let link = &self.0.link;
        link.rests.set(false);
        let before = RUNNING.replace(std::ptr::from_ref(link));
        // SAFETY: `inside` is where the coroutine begins, or where it was suspended. It is not
        // running: that it runs is known to `resume` alone, which has borrowed the one handle that
        // there is. The stack lives as long as this handle, and so does `Inside`, which `enter` is
        // given, at a place that does not change.
        unsafe {
            switch(&link.outside, link.inside.get(), Rc::as_ptr(&self.0).cast());
        }
        RUNNING.set(before);
        link.said.get()
    }
}

impl<T: 'static> Drop for Inside<T> {
    fn drop(&mut self) {
        if self.link.rests.get() {
            // SAFETY: it is not used after this. Nothing on the stack is of any use, by the
            // contract of `rest`, or the coroutine was never resumed.
            unsafe { ManuallyDrop::drop(&mut self.stack) }
        }
    }
}

/// The bottom of each coroutine's stack. The first two arguments are of no use: the third is in the
/// register in which `switch` has it.
extern "C" fn enter<T: 'static>(_: usize, _: usize, inside: *const Inside<T>) -> ! {
    // SAFETY: `resume` passes what the coroutine's handle owns, and without the handle this stack
    // does not run.
    let inside = unsafe { &*inside };
    (inside.code)(&inside.shared)
}

/// Suspends the coroutine that is running.
///
/// # Panics
///
/// If there is none.
#[expect(clippy::inline_always, reason = "one frame less to return from")]
#[inline(always)]
pub(crate) fn suspend(pause: Pause) {
    let running = RUNNING.get();
    assert!(!running.is_null(), "suspended outside of a coroutine");
    // SAFETY: `resume` has set it, in a call that goes on until this coroutine is suspended, and
    // that borrows the handle which owns the link.
    let link = unsafe { &*running };
    link.said.set(pause);
    // SAFETY: `outside` is where that very call of `resume` was left, which has not gone on since.
    unsafe { switch(&link.inside, link.outside.get(), std::ptr::null()) }
}

/// Suspends the coroutine that is running. It may be dropped meanwhile: its stack holds nothing that
/// is to be dropped itself, or that anything else refers to.
pub(crate) fn rest(pause: Pause) {
    let running = RUNNING.get();
    assert!(!running.is_null(), "suspended outside of a coroutine");
    // SAFETY: as in `suspend`.
    unsafe { &*running }.rests.set(true);
    suspend(pause);
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
