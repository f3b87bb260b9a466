//! The arguments of the attribute. An error message names the argument that is wrong.

use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprLit, ExprRange, Ident, Lit, RangeLimits, Result, Token};

/// The kind of value that an argument takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A number of at most this.
    Number(u64),
    /// A word of the command line: one of these, or, if the list is empty, one that the library
    /// accepts.
    Word(&'static [&'static str]),
    /// A time with its unit.
    Time,
    /// A range for a knob.
    Knob,
    /// A directory.
    Directory,
    /// `true` or `false`.
    Switch,
    /// Which of tokio's runtimes the test is written for.
    Flavor,
    /// Something that tokio's runtime is built with, and that changes nothing here.
    OfTokio,
}

const KNOWN: [(&str, Kind); 18] = [
    ("schedules", Kind::Number(u64::MAX)),
    ("seed", Kind::Number(u64::MAX)),
    ("max_steps", Kind::Number(u32::MAX as u64)),
    ("engine", Kind::Word(&["explore", "shuttle", "stress"])),
    // The library checks this one, since its list of strategies grows.
    ("strategy", Kind::Word(&[])),
    ("preempt", Kind::Word(&["op", "await"])),
    ("leaks", Kind::Word(&["all", "blocked", "off"])),
    ("slack", Kind::Time),
    ("corpus", Kind::Directory),
    ("save", Kind::Switch),
    ("workers", Kind::Knob),
    ("writers", Kind::Knob),
    ("watchers", Kind::Knob),
    ("rounds", Kind::Knob),
    ("capacity", Kind::Knob),
    // Those of `#[tokio::test]`.
    ("flavor", Kind::Flavor),
    ("worker_threads", Kind::OfTokio),
    ("start_paused", Kind::OfTokio),
];

/// What a setter configures: the hunt, or where and whether findings are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setter {
    Hunt,
    Kept,
}

/// One `name = value` that is valid.
pub(crate) struct Argument {
    name: Ident,
    value: Expr,
    kind: Kind,
}

/// All arguments. No name occurs twice.
pub(crate) struct Arguments(pub(crate) Vec<Argument>);

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let arguments = Punctuated::<Argument, Token![,]>::parse_terminated(input)?;
        let arguments: Vec<Argument> = arguments.into_iter().collect();
        for (at, argument) in arguments.iter().enumerate() {
            let name = &argument.name;
            if arguments[..at].iter().any(|before| before.name == *name) {
                let message = format!("the argument `{name}` is given twice: keep one");
                return Err(Error::new_spanned(name, message));
            }
        }
        Ok(Self(arguments))
    }
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name: Ident = input.parse().map_err(|error| {
            let message = format!("arguments are written `name = value`; {}", there_are());
            Error::new(error.span(), message)
        })?;
        let text = name.to_string();
        let Some((_, kind)) = KNOWN.iter().find(|(known, _)| *known == text) else {
            let message = format!("there is no argument `{text}`; {}", there_are());
            return Err(Error::new_spanned(name, message));
        };
        if !input.peek(Token![=]) {
            let message = format!("`{text}` wants a value: {}", kind.wants(&text));
            return Err(Error::new_spanned(name, message));
        }
        input.parse::<Token![=]>()?;
        let value: Expr = input.parse().map_err(|error| {
            let message = format!("`{text}` wants {}", kind.wants(&text));
            Error::new(error.span(), message)
        })?;
        let argument = Self {
            name,
            value,
            kind: *kind,
        };
        argument.check()?;
        Ok(argument)
    }
}

fn there_are() -> String {
    let names: Vec<String> = KNOWN.iter().map(|(name, _)| format!("`{name}`")).collect();
    format!("there are {}", names.join(", "))
}

impl Kind {
    /// Describes the valid values, with an example.
    fn wants(self, name: &str) -> String {
        match self {
            Kind::Number(most) => {
                format!("a whole number of at most {most}, like `{name} = 10_000`")
            }
            Kind::Word([]) => format!("a text as on the command line, like `{name} = \"pct:3\"`"),
            Kind::Word(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
                format!("one of {}", words.join(", "))
            }
            Kind::Time => format!("a time with its unit, like `{name} = \"250ms\"`"),
            Kind::Knob => format!("an inclusive range up to 255, like `{name} = 1..=4`"),
            Kind::Directory => format!("a directory, like `{name} = \"tests/corpus\"`"),
            Kind::Switch => "`true` or `false`".to_owned(),
            Kind::Flavor => "`\"current_thread\"` or `\"multi_thread\"`".to_owned(),
            Kind::OfTokio => "what `#[tokio::test]` takes".to_owned(),
        }
    }

    /// Whether a literal is a valid value.
    fn takes(self, literal: &Lit) -> bool {
        match (self, literal) {
            (Kind::Number(most), Lit::Int(number)) => number
                .base10_parse::<u64>()
                .is_ok_and(|number| number <= most),
            (Kind::Word(words), Lit::Str(word)) => {
                words.is_empty() || words.contains(&word.value().as_str())
            }
            (Kind::Time, Lit::Str(time)) => is_time(&time.value()),
            (Kind::Directory, Lit::Str(directory)) => !directory.value().is_empty(),
            (Kind::Switch, Lit::Bool(_)) => true,
            (Kind::Flavor, Lit::Str(flavor)) => {
                matches!(flavor.value().as_str(), "current_thread" | "multi_thread")
            }
            (Kind::OfTokio, Lit::Int(_) | Lit::Bool(_)) => true,
            _ => false,
        }
    }
}

impl Argument {
    /// Checks the value as far as it is a literal. The compiler checks the type of other expressions.
    fn check(&self) -> Result<()> {
        let fits = match &self.value {
            Expr::Lit(ExprLit { lit, .. }) => self.kind.takes(lit),
            Expr::Range(range) => self.kind == Kind::Knob && is_knob_range(range),
            Expr::Path(_) | Expr::Macro(_) | Expr::Block(_) | Expr::Paren(_) => true,
            Expr::Binary(_) | Expr::Call(_) | Expr::MethodCall(_) | Expr::Cast(_) => true,
            _ => false,
        };
        if fits {
            return Ok(());
        }
        let name = &self.name;
        let message = format!("`{name}` wants {}", self.kind.wants(&name.to_string()));
        Err(Error::new_spanned(&self.value, message))
    }

    /// What the argument configures, and the method call that does so.
    pub(crate) fn setter(&self) -> (Setter, Tokens) {
        let Self { name, value, kind } = self;
        match kind {
            Kind::Number(_) => (Setter::Hunt, quote!(.#name(#value))),
            Kind::Word(_) => {
                let word = if self.is("strategy") {
                    quote!(::standstill::test_support::word::<::standstill::Tactic>(#value))
                } else {
                    quote!(::standstill::test_support::word(#value))
                };
                (Setter::Hunt, quote!(.#name(#word)))
            }
            Kind::Time => {
                let time = quote!(::standstill::test_support::word::<::standstill::Slack>(#value));
                (Setter::Hunt, quote!(.#name(#time)))
            }
            Kind::Knob => (Setter::Hunt, quote!(.#name(#value))),
            Kind::Directory | Kind::Switch => (Setter::Kept, quote!(.#name(#value))),
            Kind::Flavor => {
                let preempt = quote!(::standstill::test_support::preempt_of(#value));
                (Setter::Hunt, quote!(.preempt(#preempt)))
            }
            Kind::OfTokio => (Setter::Hunt, Tokens::new()),
        }
    }

    /// Whether the argument has this name.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name == name
    }
}

/// Whether this is a number and a unit. The library reads it and checks the rest.
fn is_time(text: &str) -> bool {
    let end = text.find(|character: char| character.is_ascii_alphabetic());
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    number.parse::<f64>().is_ok() && matches!(unit, "ms" | "s" | "m" | "min" | "h")
}

/// Whether `range` is like `1..=4`: it has two bounds, includes the upper one, and is not reversed.
fn is_knob_range(range: &ExprRange) -> bool {
    let (Some(low), Some(high), RangeLimits::Closed(_)) = (&range.start, &range.end, range.limits)
    else {
        return false;
    };
    match (bound(low), bound(high)) {
        (Ok(Some(low)), Ok(Some(high))) => low <= high,
        (Err(()), _) | (_, Err(())) => false,
        _ => true,
    }
}

/// The value of a bound that is written as a number. None if it is a constant, and an error if it is
/// something else or too large.
fn bound(bound: &Expr) -> std::result::Result<Option<u8>, ()> {
    match bound {
        Expr::Lit(ExprLit {
            lit: Lit::Int(number),
            ..
        }) => number.base10_parse().map(Some).map_err(|_| ()),
        Expr::Lit(_) => Err(()),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::Arguments;

    fn error(arguments: &str) -> String {
        let parsed = syn::parse_str::<Arguments>(arguments);
        parsed.err().expect("it is wrong").to_string()
    }

    const THERE_ARE: &str = "there are `schedules`, `seed`, `max_steps`, `engine`, `strategy`, \
                             `preempt`, `leaks`, `slack`, `corpus`, `save`, `workers`, \
                             `writers`, `watchers`, `rounds`, `capacity`, `flavor`, \
                             `worker_threads`, `start_paused`";

    #[test]
    fn what_makes_sense_is_taken() {
        let all = "schedules = 2_000, seed = 7, max_steps = 1000, slack = \"1s\", engine = \"explore\", strategy = \
                   \"pct\", preempt = \"await\", leaks = \"blocked\", corpus = \"kept\", save = \
                   false, workers = 1..=4, writers = 0..=MOST, watchers = RANGE, rounds = 1..=1, \
                   capacity = 1..=255, flavor = \"current_thread\", worker_threads = 2, start_paused = true,";
        assert_eq!(syn::parse_str::<Arguments>(all).unwrap().0.len(), 18);
        assert!(syn::parse_str::<Arguments>("").unwrap().0.is_empty());
        assert_eq!(
            syn::parse_str::<Arguments>("seed = SEED").unwrap().0.len(),
            1
        );
    }

    #[test]
    fn an_argument_that_is_not_there_is_named_with_those_that_are() {
        assert_eq!(
            error("schedule = 1"),
            format!("there is no argument `schedule`; {THERE_ARE}")
        );
        assert_eq!(
            error("\"stress\""),
            format!("arguments are written `name = value`; {THERE_ARE}")
        );
    }

    #[test]
    fn a_value_of_the_wrong_type_is_told_with_its_argument_and_an_example() {
        for (arguments, expected) in [
            (
                "schedules = \"many\"",
                "`schedules` wants a whole number of at most 18446744073709551615, like \
                 `schedules = 10_000`",
            ),
            (
                "flavor = \"local\"",
                "`flavor` wants `\"current_thread\"` or `\"multi_thread\"`",
            ),
            (
                "slack = \"1\"",
                "`slack` wants a time with its unit, like `slack = \"250ms\"`",
            ),
            (
                "schedules = -1",
                "`schedules` wants a whole number of at most 18446744073709551615, like \
                 `schedules = 10_000`",
            ),
            (
                "max_steps = 4294967296",
                "`max_steps` wants a whole number of at most 4294967295, like `max_steps = 10_000`",
            ),
            (
                "seed",
                "`seed` wants a value: a whole number of at most 18446744073709551615, like \
                 `seed = 10_000`",
            ),
            (
                "strategy = 3",
                "`strategy` wants a text as on the command line, like `strategy = \"pct:3\"`",
            ),
            (
                "engine = \"loom\"",
                "`engine` wants one of `\"explore\"`, `\"shuttle\"`, `\"stress\"`",
            ),
            (
                "preempt = \"never\"",
                "`preempt` wants one of `\"op\"`, `\"await\"`",
            ),
            (
                "leaks = true",
                "`leaks` wants one of `\"all\"`, `\"blocked\"`, `\"off\"`",
            ),
            (
                "corpus = true",
                "`corpus` wants a directory, like `corpus = \"tests/corpus\"`",
            ),
            (
                "corpus = \"\"",
                "`corpus` wants a directory, like `corpus = \"tests/corpus\"`",
            ),
            ("save = \"no\"", "`save` wants `true` or `false`"),
            ("save =", "`save` wants `true` or `false`"),
        ] {
            assert_eq!(error(arguments), expected, "{arguments}");
        }
    }

    #[test]
    fn a_knob_takes_an_inclusive_range() {
        for wrong in ["4", "1..4", "1..", "..=4", "4..=1", "0..=256", "\"1\"..=2"] {
            assert_eq!(
                error(&format!("workers = {wrong}")),
                "`workers` wants an inclusive range up to 255, like `workers = 1..=4`",
                "{wrong}"
            );
        }
    }

    #[test]
    fn an_argument_is_given_once() {
        assert_eq!(
            error("seed = 1, schedules = 2, seed = 3"),
            "the argument `seed` is given twice: keep one"
        );
    }
}
