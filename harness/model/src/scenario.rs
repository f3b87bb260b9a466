//! A scenario: a small concurrent program with a name, a source, and one or more variants.

use std::fmt;
use std::future::Future;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::Arc;

use crate::load::{Knob, Load, LoadRanges};
use crate::plan::Variant;

/// The root of a run. It stays on the thread that made it, so it need not be `Send`.
pub type RootFuture = Pin<Box<dyn Future<Output = ()>>>;

/// Makes the root of a run for a load.
#[derive(Clone)]
pub struct Program {
    make: Arc<dyn Fn(Load) -> RootFuture + Send + Sync>,
    type_name: &'static str,
}

impl Program {
    /// A program whose runs start from what `body` returns.
    pub fn new<F, R>(body: F) -> Self
    where
        F: Fn(Load) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + 'static,
    {
        Self {
            make: Arc::new(move |load| Box::pin(body(load))),
            type_name: std::any::type_name::<R>(),
        }
    }

    /// The root of one run.
    pub fn root(&self, load: Load) -> RootFuture {
        (self.make)(load)
    }

    /// The same program by another name, for another thread: threads that count references to one
    /// thing wait for each other.
    pub fn apart(&self) -> Self {
        let this = self.clone();
        Self {
            make: Arc::new(move |load| this.root(load)),
            type_name: self.type_name,
        }
    }

    /// Whether `other` is this program, and not merely one like it.
    pub fn is(&self, other: &Program) -> bool {
        Arc::ptr_eq(&self.make, &other.make)
    }

    /// The type of the root future; the root's role comes from it.
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Program").field(&self.type_name).finish()
    }
}

/// A small concurrent program to hunt in.
///
/// ```
/// use standstill_model::{Scenario, Variant};
///
/// let scenario = Scenario::new("two-locks", "two locks taken in two orders")
///     .source("a service of ours")
///     .workers(1..=4)
///     .variant(Variant::Buggy, |load| async move { let _ = load.workers; })
///     .variant(Variant::Fixed, |_| async {});
/// assert_eq!(scenario.variants().count(), 2);
/// ```
#[derive(Clone, Debug)]
pub struct Scenario {
    name: String,
    summary: String,
    source: String,
    story: String,
    smallest: Option<Load>,
    ranges: LoadRanges,
    variants: Vec<(Variant, Program)>,
}

impl Scenario {
    /// A scenario without variants or knobs yet; `summary` says in one line what it is.
    pub fn new(name: impl Into<String>, summary: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            summary: summary.into(),
            source: String::new(),
            story: String::new(),
            smallest: None,
            ranges: LoadRanges::default(),
            variants: Vec::new(),
        }
    }

    /// Where the bug comes from.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = source.into();
        self
    }

    /// The mechanism, the fix, and what to learn from it: what `standstill show` prints.
    #[must_use]
    pub fn story(mut self, story: impl Into<String>) -> Self {
        self.story = story.into();
        self
    }

    /// The smallest load that can show the bug.
    #[must_use]
    pub fn smallest_load(mut self, load: Load) -> Self {
        self.smallest = Some(load);
        self
    }

    /// Declares how many workers there may be.
    ///
    /// # Panics
    ///
    /// If the range is empty: it says so in the words of the scenario, at the line of the call.
    #[must_use]
    #[track_caller]
    pub fn workers(self, range: RangeInclusive<u8>) -> Self {
        self.knob(Knob::Workers, range)
    }

    /// Declares how many writers there may be.
    ///
    /// # Panics
    ///
    /// If the range is empty.
    #[must_use]
    #[track_caller]
    pub fn writers(self, range: RangeInclusive<u8>) -> Self {
        self.knob(Knob::Writers, range)
    }

    /// Declares how many watchers there may be.
    ///
    /// # Panics
    ///
    /// If the range is empty.
    #[must_use]
    #[track_caller]
    pub fn watchers(self, range: RangeInclusive<u8>) -> Self {
        self.knob(Knob::Watchers, range)
    }

    /// Declares how many rounds there may be.
    ///
    /// # Panics
    ///
    /// If the range is empty.
    #[must_use]
    #[track_caller]
    pub fn rounds(self, range: RangeInclusive<u8>) -> Self {
        self.knob(Knob::Rounds, range)
    }

    /// Declares which channel capacities there may be.
    ///
    /// # Panics
    ///
    /// If the range is empty.
    #[must_use]
    #[track_caller]
    pub fn capacity(self, range: RangeInclusive<u8>) -> Self {
        self.knob(Knob::Capacity, range)
    }

    #[track_caller]
    fn knob(mut self, knob: Knob, range: RangeInclusive<u8>) -> Self {
        assert!(
            !range.is_empty(),
            "scenario `{}`: the range {knob} {}..={} is empty; give the smaller number first",
            self.name,
            range.start(),
            range.end(),
        );
        self.ranges = self.ranges.with(knob, range);
        self
    }

    /// Adds a program.
    ///
    /// # Panics
    ///
    /// If the scenario has this variant already.
    #[must_use]
    #[track_caller]
    pub fn variant<F, R>(mut self, variant: Variant, body: F) -> Self
    where
        F: Fn(Load) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + 'static,
    {
        assert!(
            self.program(variant).is_none(),
            "scenario `{}` has two variants `{variant}`; each may be given once",
            self.name,
        );
        self.variants.push((variant, Program::new(body)));
        self
    }

    /// The scenario's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is, in one line.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// Where the bug comes from; empty if not given.
    pub fn source_text(&self) -> &str {
        &self.source
    }

    /// The story; empty if not given.
    pub fn story_text(&self) -> &str {
        &self.story
    }

    /// The smallest load that can show the bug, if given.
    pub fn smallest_buggy_load(&self) -> Option<Load> {
        self.smallest
    }

    /// The ranges of its knobs.
    pub fn ranges(&self) -> &LoadRanges {
        &self.ranges
    }

    /// Its variants, in the order they were added.
    pub fn variants(&self) -> impl Iterator<Item = Variant> + '_ {
        self.variants.iter().map(|(variant, _)| *variant)
    }

    /// The program of a variant.
    pub fn program(&self, variant: Variant) -> Option<&Program> {
        self.variants
            .iter()
            .find(|(known, _)| *known == variant)
            .map(|(_, program)| program)
    }
}
