//! The attribute `#[standstill::test]`. Use it through the crate `standstill`.

mod argument;
mod expand;

use proc_macro::TokenStream;
use syn::{Error, ItemFn, parse_macro_input};

use argument::Arguments;

/// Turns an `async fn` into a test that runs a hunt on it.
///
/// The function may take a `standstill::Load`, if the attribute declares knobs, and may return
/// `()` or a `Result` whose error is `Debug`.
///
/// ```text
/// #[standstill::test(schedules = 2_000, strategy = "pct", workers = 1..=4)]
/// async fn the_pool_drains(load: standstill::Load) { /* ... */ }
/// ```
///
/// The test stores its findings as entries in `standstill-corpus/`, next to the package's `Cargo.toml`.
/// From then on, it replays these entries before anything else. An entry remains after its bug is
/// fixed, and then passes.
///
/// Arguments, all optional:
///
/// | argument | value | default |
/// | --- | --- | --- |
/// | `schedules` | the maximum number of schedules to try | 2,000 |
/// | `seed` | the base seed, a number | 0 |
/// | `max_steps` | the number of steps without progress after which a run counts as livelocked | 100,000 |
/// | `slack` | how much virtual time a run's own computation may take, such as `"250ms"`: timers may fire early by this much in total; a panic that needs slack counts only if this argument is given | `"0s"`, and `"1s"` in the last quarter of the schedules |
/// | `engine`, `strategy`, `preempt`, `leaks` | strings, with the values of the command line | as on the command line |
/// | `corpus` | the directory where findings are stored, relative to the package's directory | `"standstill-corpus"` |
/// | `save` | whether findings are stored there; entries are always replayed | `true`, but `false` with `#[should_panic]` |
/// | `flavor` | of `#[tokio::test]`: with `"current_thread"` only what one worker thread can do is explored, tasks being switched only at `.await`s, as with `preempt = "await"` | `"multi_thread"` |
/// | `worker_threads`, `start_paused` | of `#[tokio::test]`: accepted, and of no effect: the clock is always paused, and each task may run on a worker of its own | |
/// | `workers`, `writers`, `watchers`, `rounds`, `capacity` | knobs: inclusive ranges such as `1..=4` | 0 |
///
/// Environment variables override these settings: `STANDSTILL_SCHEDULES`, `STANDSTILL_SEED`,
/// `STANDSTILL_SLACK`, `STANDSTILL_CORPUS` and `STANDSTILL_SAVE` (`yes` or `no`). `STANDSTILL_REPLAY`,
/// set to the token of a report, replays that token only. If `CI` is set, nothing is stored unless
/// `STANDSTILL_SAVE=yes`.
///
/// With `engine = "stress"`, the runs use a real runtime and take place in a separate process: the test
/// binary is executed again with this test's name as its filter. The hunt then takes at most ten
/// seconds.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as Arguments);
    let function = parse_macro_input!(item as ItemFn);
    expand::expand(&arguments, &function)
        .unwrap_or_else(Error::into_compile_error)
        .into()
}
