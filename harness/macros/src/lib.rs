//! The attribute `#[standstill::test]`. Use it through the crate `standstill`.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, ItemFn, Result, Token, parse_macro_input};

/// Turns an `async fn` into a test that hunts in it.
///
/// The function may take a `standstill::Load`, if the attribute declares knobs, and may return
/// `()` or a `Result` whose error is `Debug`.
///
/// ```ignore
/// #[standstill::test(schedules = 2_000, strategy = "pct:3", workers = 1..=4)]
/// async fn the_pool_drains(load: standstill::Load) { /* ... */ }
/// ```
///
/// Arguments, all optional: `schedules`, `seed`, `max_steps` (numbers), `engine`, `strategy`,
/// `preempt`, `leaks` (texts, spelled as on the command line), and the knobs `workers`, `writers`,
/// `watchers`, `rounds`, `capacity` (inclusive ranges).
///
/// With `engine = "stress"` runs are made on a real runtime, in a process of their own: the test
/// binary is executed again with this test's name as its filter. The hunt then takes ten seconds
/// at the most.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let Arguments(arguments) = parse_macro_input!(arguments as Arguments);
    let function = parse_macro_input!(item as ItemFn);
    expand(&arguments, &function)
        .unwrap_or_else(Error::into_compile_error)
        .into()
}

struct Argument {
    name: Ident,
    value: Expr,
}

struct Arguments(Vec<Argument>);

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        let value = input.parse()?;
        Ok(Self { name, value })
    }
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let arguments = Punctuated::<Argument, Token![,]>::parse_terminated(input)?;
        Ok(Self(arguments.into_iter().collect()))
    }
}

const NUMBERS: [&str; 3] = ["schedules", "seed", "max_steps"];
const WORDS: [&str; 4] = ["engine", "strategy", "preempt", "leaks"];
const KNOBS: [&str; 5] = ["workers", "writers", "watchers", "rounds", "capacity"];

fn setter(argument: &Argument) -> Result<Tokens> {
    let Argument { name, value } = argument;
    let text = name.to_string();
    if NUMBERS.contains(&text.as_str()) || KNOBS.contains(&text.as_str()) {
        return Ok(quote!(let hunt = hunt.#name(#value);));
    }
    if text == "strategy" {
        return Ok(quote! {
            let hunt = hunt.strategy(::standstill::test_support::word::<::standstill::Tactic>(#value));
        });
    }
    if WORDS.contains(&text.as_str()) {
        return Ok(quote!(let hunt = hunt.#name(::standstill::test_support::word(#value));));
    }
    let known: Vec<&str> = [NUMBERS.as_slice(), &WORDS, &KNOBS].concat();
    Err(Error::new_spanned(
        name,
        format!("unknown argument `{text}`: use {}", known.join(", ")),
    ))
}

fn expand(arguments: &[Argument], function: &ItemFn) -> Result<Tokens> {
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        return Err(Error::new_spanned(
            signature.fn_token,
            "#[standstill::test] wants an `async fn`",
        ));
    }
    let setters = arguments
        .iter()
        .map(setter)
        .collect::<Result<Vec<Tokens>>>()?;
    let call = match signature.inputs.len() {
        0 => quote!(|_: ::standstill::Load| body()),
        1 => quote!(|load: ::standstill::Load| body(load)),
        _ => {
            return Err(Error::new_spanned(
                &signature.inputs,
                "#[standstill::test] passes one argument at the most: the `standstill::Load`",
            ));
        }
    };
    let name = &signature.ident;
    let attributes = &function.attrs;
    let mut body = signature.clone();
    body.ident = format_ident!("body");
    let block = &function.block;
    Ok(quote! {
        #(#attributes)*
        #[::core::prelude::v1::test]
        fn #name() {
            #body #block
            let name = ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name));
            let hunt = ::standstill::test_support::hunt(name);
            #(#setters)*
            ::standstill::test_support::run(hunt, #call);
        }
    })
}
