//! Reads the public items of a crate from its source, as far as tokio and its drop-in require it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, Parser};
use syn::{Attribute, ImplItem, Item, ItemImpl, Meta, Type, UseTree, Visibility};

/// The public items of some modules: `sync::Mutex`, `sync::Mutex::lock`, `time::sleep`.
#[derive(Debug, Default)]
pub(crate) struct Surface {
    pub(crate) items: BTreeMap<String, Found>,
    /// The modules that re-export all items of the same module of tokio.
    pub(crate) globs: Vec<String>,
}

/// A public item.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Its text, if it is a function, and its file.
    pub(crate) body: Option<String>,
    pub(crate) file: PathBuf,
    /// Whether it is a type that this crate defines, rather than re-exports.
    pub(crate) is_type: bool,
}

/// A module: its items, including those inside `cfg_...!` macros, and its files.
#[derive(Clone)]
struct Module {
    file: PathBuf,
    /// The directory that contains its file modules.
    directory: PathBuf,
    items: Vec<Item>,
    /// The names of the modules from the crate's root to this one.
    path: Vec<String>,
}

pub(crate) struct Reader {
    source: PathBuf,
    surface: Surface,
}

/// The public items of `modules` of the crate with this `src` folder.
pub(crate) fn read(source: &Path, modules: &[&str]) -> Surface {
    let mut reader = Reader {
        source: source.to_owned(),
        surface: Surface::default(),
    };
    for name in modules {
        let module = reader.file_module(source, &[], name);
        reader.walk(&module, name);
    }
    reader.surface
}

/// The macros that the crate exports by name.
pub(crate) fn exported_macros(source: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![source.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).expect("a folder of sources");
        for entry in entries {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && std::fs::read_to_string(&path).is_ok_and(|text| text.contains("#[macro_export]"))
            {
                let text = std::fs::read_to_string(&path).expect("a source");
                let chunks: Vec<&str> = text.split("macro_rules! ").collect();
                let defined = chunks
                    .windows(2)
                    .filter(|pair| {
                        !pair[0]
                            .lines()
                            .rev()
                            .take(4)
                            .any(|line| line.contains("doc(hidden)"))
                    })
                    .filter_map(|pair| pair[1].split([' ', '{']).next())
                    // tokio wraps its long documentation in its own macro.
                    .filter(|name| *name != "doc" && !name.starts_with("__"));
                names.extend(defined.map(|name| format!("{name}!")));
            }
        }
    }
    names.sort();
    names.dedup();
    names
}

impl Reader {
    fn file_module(&self, directory: &Path, around: &[String], name: &str) -> Module {
        let mut path = around.to_vec();
        path.push(name.to_owned());
        let flat = directory.join(format!("{name}.rs"));
        let file = if flat.exists() {
            flat
        } else {
            directory.join(name).join("mod.rs")
        };
        Module {
            items: items_of(&file),
            file,
            directory: directory.join(name),
            path,
        }
    }

    fn child(&self, module: &Module, name: &str) -> Option<Module> {
        module.items.iter().find_map(|item| match item {
            Item::Mod(inner) if inner.ident == name => Some(match &inner.content {
                Some((_, items)) => {
                    let mut path = module.path.clone();
                    path.push(name.to_owned());
                    Module {
                        file: module.file.clone(),
                        directory: module.directory.join(name),
                        items: flatten(items.clone()),
                        path,
                    }
                }
                None => self.file_module(&module.directory, &module.path, name),
            }),
            _ => None,
        })
    }

    fn module_at(&self, path: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        let mut module = self.file_module(&self.source, &[], first);
        for name in rest {
            module = self.child(&module, name)?;
        }
        Some(module)
    }

    fn walk(&mut self, module: &Module, prefix: &str) {
        for item in module.items.clone() {
            match &item {
                Item::Mod(inner) if is_public(&inner.vis) => {
                    let name = inner.ident.to_string();
                    if let Some(inner) = self.child(module, &name) {
                        self.walk(&inner, &format!("{prefix}::{name}"));
                    }
                }
                Item::Use(used) if is_public(&used.vis) => {
                    let external = used.leading_colon.is_some();
                    for (path, name) in leaves(&used.tree) {
                        self.used(module, prefix, external, path, &name);
                    }
                }
                _ => {
                    if let Some(name) = defined(&item) {
                        self.define(module, &item, &format!("{prefix}::{name}"));
                    }
                }
            }
        }
    }

    fn used(
        &mut self,
        module: &Module,
        prefix: &str,
        external: bool,
        mut path: Vec<String>,
        name: &str,
    ) {
        if external || path.first().is_some_and(|first| first == "std") {
            if name == "*" {
                self.surface.globs.push(prefix.to_owned());
            } else {
                self.found(module, format!("{prefix}::{name}"), None, false);
            }
            return;
        }
        let Some(own) = path.pop() else { return };
        let mut at = module.path.clone();
        for segment in path {
            match segment.as_str() {
                "self" => {}
                "crate" => at.clear(),
                "super" => drop(at.pop()),
                _ => at.push(segment),
            }
        }
        let Some(there) = self.module_at(&at) else {
            panic!("{}: where is `{}`?", module.file.display(), at.join("::"))
        };
        // The module either re-exports the item again or defines it.
        for item in there.items.clone() {
            match &item {
                Item::Use(again) => {
                    for (path, known) in leaves(&again.tree) {
                        if known == own {
                            self.used(&there, prefix, again.leading_colon.is_some(), path, name);
                            return;
                        }
                    }
                }
                _ if defined(&item).is_some_and(|known| known == own) => {
                    self.define(&there, &item, &format!("{prefix}::{name}"));
                    return;
                }
                _ => {}
            }
        }
        panic!("{}: where is `{own}`?", there.file.display());
    }

    fn define(&mut self, module: &Module, item: &Item, name: &str) {
        match item {
            Item::Fn(item) => {
                let body = item.block.to_token_stream().to_string();
                self.found(module, name.to_owned(), Some(body), false);
            }
            Item::Struct(_) | Item::Enum(_) => {
                self.found(module, name.to_owned(), None, true);
                let own = defined(item).unwrap_or_default();
                let blocks: Vec<ItemImpl> = module
                    .items
                    .iter()
                    .filter_map(|item| match item {
                        Item::Impl(block) if is_of(block, &own) => Some(block.clone()),
                        _ => None,
                    })
                    .collect();
                for block in blocks {
                    for item in impl_items(&block) {
                        if let ImplItem::Fn(method) = item
                            && is_public(&method.vis)
                            && !is_hidden(&method.attrs)
                            && is_on(&method.attrs)
                        {
                            let body = method.block.to_token_stream().to_string();
                            let method = format!("{name}::{}", method.sig.ident);
                            self.found(module, method, Some(body), false);
                        }
                    }
                }
            }
            _ => self.found(module, name.to_owned(), None, false),
        }
    }

    fn found(&mut self, module: &Module, name: String, body: Option<String>, is_type: bool) {
        let file = module.file.clone();
        let found = Found {
            body,
            file,
            is_type,
        };
        self.surface.items.insert(name, found);
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("doc") && list.tokens.to_string() == "hidden",
        _ => false,
    })
}

/// Whether the item exists in a stable build for this platform with all features.
fn is_on(attributes: &[Attribute]) -> bool {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .all(|attribute| is_met(&attribute.meta.to_token_stream().to_string()))
}

fn is_met(condition: &str) -> bool {
    let mut condition = condition.to_owned();
    for on in [
        "tokio_unstable",
        "loom",
        "test",
        "all (test , loom)",
        "all (loom , test)",
    ] {
        condition = condition.replace(&format!("not ({on})"), "");
    }
    !["tokio_unstable", "loom", "test)", "windows", "not (feature"]
        .iter()
        .any(|off| condition.contains(off))
}

/// The content of `feature! { #![condition] ... }`, if the condition is met.
fn featured(tokens: TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter().skip(2);
    let condition = tokens.next().map(|token| token.to_string());
    if condition.is_some_and(|condition| is_met(&condition)) {
        tokens.collect()
    } else {
        TokenStream::new()
    }
}

/// Whether the content of `cfg_...! { }` exists in such a build.
fn is_macro_on(name: &str) -> bool {
    const OFF: [&str; 8] = [
        "unstable", "taskdump", "trace", "loom", "windows", "uring", "latency", "variant",
    ];
    if ["cfg_not_wasi", "cfg_not_loom"].contains(&name) {
        return true;
    }
    !name.starts_with("cfg_not_") && !OFF.iter().any(|off| name.contains(off))
}

/// The name of an item, if it is public.
fn defined(item: &Item) -> Option<String> {
    let (name, visibility, attributes) = match item {
        Item::Fn(item) => (&item.sig.ident, &item.vis, &item.attrs),
        Item::Struct(item) => (&item.ident, &item.vis, &item.attrs),
        Item::Enum(item) => (&item.ident, &item.vis, &item.attrs),
        Item::Trait(item) => (&item.ident, &item.vis, &item.attrs),
        Item::Type(item) => (&item.ident, &item.vis, &item.attrs),
        Item::Const(item) => (&item.ident, &item.vis, &item.attrs),
        _ => return None,
    };
    (is_public(visibility) && !is_hidden(attributes)).then(|| name.to_string())
}

fn is_of(block: &ItemImpl, name: &str) -> bool {
    let Type::Path(of) = &*block.self_ty else {
        return false;
    };
    block.trait_.is_none()
        && of
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == name)
}

/// Each name that a `use` imports, with its path. The last part of the path is the item's original
/// name.
fn leaves(tree: &UseTree) -> Vec<(Vec<String>, String)> {
    match tree {
        UseTree::Path(path) => leaves(&path.tree)
            .into_iter()
            .map(|(mut rest, name)| {
                rest.insert(0, path.ident.to_string());
                (rest, name)
            })
            .collect(),
        UseTree::Name(name) => vec![(vec![name.ident.to_string()], name.ident.to_string())],
        UseTree::Rename(it) => vec![(vec![it.ident.to_string()], it.rename.to_string())],
        UseTree::Glob(_) => vec![(vec![], "*".to_owned())],
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
    }
}

thread_local! {
    /// The files that were read, and their items.
    static KNOWN: RefCell<BTreeMap<PathBuf, Vec<Item>>> = const { RefCell::new(BTreeMap::new()) };
}

fn items_of(file: &Path) -> Vec<Item> {
    let known = KNOWN.with(|known| known.borrow().get(file).cloned());
    known.unwrap_or_else(|| {
        let items = parsed(file);
        KNOWN.with(|known| known.borrow_mut().insert(file.to_owned(), items.clone()));
        items
    })
}

fn parsed(file: &Path) -> Vec<Item> {
    let text =
        std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let parsed =
        syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    flatten(parsed.items)
}

/// The items, and those that macros generate: tokio's `cfg_...!`, and the few macros with which the
/// drop-in generates several types from one text.
fn flatten(items: Vec<Item>) -> Vec<Item> {
    let rules: BTreeMap<String, TokenStream> = items
        .iter()
        .filter_map(|item| match item {
            Item::Macro(item) => Some((item.ident.as_ref()?.to_string(), item.mac.tokens.clone())),
            _ => None,
        })
        .collect();
    let mut flat = Vec::new();
    for item in items {
        if is_hidden(attributes_of(&item)) || !is_on(attributes_of(&item)) {
            continue;
        }
        let Item::Macro(call) = &item else {
            flat.push(item);
            continue;
        };
        let name = call.mac.path.to_token_stream().to_string();
        if name == "feature" {
            flat.extend(flatten(many(featured(call.mac.tokens.clone()))));
        } else if name.starts_with("cfg_") {
            if is_macro_on(&name) {
                flat.extend(flatten(many(call.mac.tokens.clone())));
            }
        } else if name.ends_with("pin_project") {
            flat.extend(flatten(many(call.mac.tokens.clone())));
        } else if name == "settings" {
            flat.extend(many::<Item>(settings(call.mac.tokens.clone())));
        } else if let (None, Some(rules)) = (&call.ident, rules.get(&name)) {
            flat.extend(many::<Item>(expanded(
                rules.clone(),
                call.mac.tokens.clone(),
            )));
        } else {
            flat.push(item);
        }
    }
    flat
}

fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        _ => &[],
    }
}

fn impl_items(block: &ItemImpl) -> Vec<ImplItem> {
    fn flatten(items: Vec<ImplItem>) -> Vec<ImplItem> {
        let mut flat = Vec::new();
        for item in items {
            match &item {
                ImplItem::Macro(call) => {
                    let name = call.mac.path.to_token_stream().to_string();
                    if name == "feature" {
                        flat.extend(flatten(many(featured(call.mac.tokens.clone()))));
                    } else if is_macro_on(&name) && is_on(&call.attrs) {
                        flat.extend(flatten(many(call.mac.tokens.clone())));
                    }
                }
                _ => flat.push(item),
            }
        }
        flat
    }
    if is_on(&block.attrs) {
        flatten(block.items.clone())
    } else {
        Vec::new()
    }
}

fn many<T: Parse>(tokens: TokenStream) -> Vec<T> {
    let text = tokens.to_string();
    let parser = |input: syn::parse::ParseStream<'_>| {
        let mut all = Vec::new();
        while !input.is_empty() {
            all.push(input.parse::<T>()?);
        }
        Ok(all)
    };
    parser
        .parse2(tokens)
        .unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// Expands a call of a macro of the form `($(#[$doc:meta])* $name:ident ...) => { ... }`, with one or
/// several such names. Ignores macros that take an `impl` header, which are irrelevant here.
fn expanded(rules: TokenStream, call: TokenStream) -> TokenStream {
    let groups: Vec<_> = rules
        .into_iter()
        .filter_map(|token| match token {
            TokenTree::Group(group) => Some(group),
            _ => None,
        })
        .collect();
    let (Some(pattern), Some(body)) = (groups.first(), groups.last()) else {
        return TokenStream::new();
    };
    let mut text = body.stream().to_string();
    if body.delimiter() != Delimiter::Brace || !text.replace(' ', "").contains("$name") {
        return TokenStream::new();
    }
    // Removes the placeholder for the attributes: `$(#[$doc])*`.
    while let Some(from) = text.find("$ (# [$").or_else(|| text.find("$(#[$")) {
        let length = text[from..].find('*').expect("a repetition has an end");
        text.replace_range(from..=from + length, "");
    }
    let names = idents(call);
    for (parameter, name) in idents_of_pattern(pattern.stream()).iter().zip(names) {
        for dollar in ["$ ", "$"] {
            text = text.replace(&format!("{dollar}{parameter}"), &name);
        }
    }
    text.parse()
        .unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn idents(tokens: TokenStream) -> Vec<String> {
    tokens
        .into_iter()
        .filter_map(|token| match token {
            TokenTree::Ident(ident) => Some(ident.to_string()),
            _ => None,
        })
        .collect()
}

/// The parameter names of a pattern: `name` in `$name:ident`.
fn idents_of_pattern(pattern: TokenStream) -> Vec<String> {
    let idents = idents(pattern);
    let kinds = idents.iter().skip(1);
    idents
        .iter()
        .zip(kinds)
        .filter(|(_, kind)| *kind == "ident")
        .map(|(name, _)| name.clone())
        .collect()
}

/// The methods that `settings! { name(argument: Type); ... }` gives the builder.
fn settings(call: TokenStream) -> TokenStream {
    let mut methods = TokenStream::new();
    let mut before = None;
    for token in call {
        if let (Some(TokenTree::Ident(name)), TokenTree::Group(group)) = (&before, &token)
            && group.delimiter() == Delimiter::Parenthesis
        {
            methods.extend(quote::quote!(pub fn #name() {}));
        }
        before = Some(token);
    }
    quote::quote!(impl Builder { #methods })
}
