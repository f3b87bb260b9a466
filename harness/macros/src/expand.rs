//! Generates a test from an `async fn`.

use proc_macro2::TokenStream as Tokens;
use quote::{ToTokens, format_ident, quote};
use syn::{Error, ItemFn, Result};

use crate::argument::{Arguments, Setter};

/// The test that replaces the function.
pub(crate) fn expand(arguments: &Arguments, function: &ItemFn) -> Result<Tokens> {
    let call = call(function)?;
    let mut hunt = Tokens::new();
    let mut kept = Tokens::new();
    let panics = function
        .attrs
        .iter()
        .any(|attribute| attribute.path().is_ident("should_panic"));
    // Such a test expects its findings, so they are not stored.
    if panics && !arguments.0.iter().any(|argument| argument.is("save")) {
        kept.extend(quote!(.save(false)));
    }
    for argument in &arguments.0 {
        let (of, setter) = argument.setter();
        match of {
            Setter::Hunt => hunt.extend(setter),
            Setter::Kept => kept.extend(setter),
        }
    }
    let signature = &function.sig;
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
            let hunt = ::standstill::test_support::hunt(name) #hunt;
            let package = ::core::option_env!("CARGO_MANIFEST_DIR");
            let kept = ::standstill::test_support::kept(package) #kept;
            ::standstill::test_support::run(hunt, kept, #call);
        }
    })
}

/// The closure that calls the function with a load.
fn call(function: &ItemFn) -> Result<Tokens> {
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        return Err(Error::new_spanned(
            signature.fn_token,
            "#[standstill::test] wants an `async fn`",
        ));
    }
    if !signature.generics.params.is_empty() {
        return Err(Error::new_spanned(
            signature.generics.to_token_stream(),
            "#[standstill::test] wants a function without parameters of type: nobody would choose \
             the types",
        ));
    }
    match signature.inputs.len() {
        0 => Ok(quote!(|_: ::standstill::Load| body())),
        1 => Ok(quote!(|load: ::standstill::Load| body(load))),
        _ => Err(Error::new_spanned(
            &signature.inputs,
            "#[standstill::test] passes one argument at the most: the `standstill::Load`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::expand;
    use crate::argument::Arguments;

    fn expanded(arguments: &str, function: &str) -> Result<String, String> {
        let arguments: Arguments = syn::parse_str(arguments).unwrap();
        let function = syn::parse_str(function).unwrap();
        expand(&arguments, &function)
            .map(|tokens| tokens.to_string().replace(' ', ""))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_function_that_is_no_test_is_refused() {
        for (function, expected) in [
            ("fn plain() {}", "#[standstill::test] wants an `async fn`"),
            (
                "async fn two(a: Load, b: Load) {}",
                "#[standstill::test] passes one argument at the most: the `standstill::Load`",
            ),
            (
                "async fn of<T>() {}",
                "#[standstill::test] wants a function without parameters of type: nobody would \
                 choose the types",
            ),
        ] {
            assert_eq!(expanded("", function).unwrap_err(), expected);
        }
    }

    #[test]
    fn what_a_test_that_should_panic_finds_is_not_written_unless_it_says_so() {
        let quiet = "kept(package).save(false)";
        let test = "#[should_panic] async fn t() {}";
        assert!(expanded("", test).unwrap().contains(quiet));
        let saved = expanded("save = true", test).unwrap();
        assert!(saved.contains("kept(package).save(true)") && !saved.contains(quiet));
        assert!(
            expanded("", "async fn t() {}")
                .unwrap()
                .contains("kept(package);")
        );
    }

    #[test]
    fn arguments_become_settings() {
        let test = expanded(
            "schedules = 9, workers = 1..=2, corpus = \"kept\", engine = \"stress\"",
            "async fn t(load: Load) {}",
        )
        .unwrap();
        for part in [
            "hunt(name).schedules(9).workers(1..=2).engine(::standstill::test_support::word(\"stress\"));",
            "kept(package).corpus(\"kept\");",
            "run(hunt,kept,|load:::standstill::Load|body(load));",
        ] {
            assert!(test.contains(part), "{part} in {test}");
        }
    }
}
