//! The source under `src/`, parsed: modules with the names they know, and every path that is written in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

use super::arrows::Arrows;

/// A path as it is written, or where it leads from the root of the crate.
type Segments = Vec<String>;

/// Everything under `src/`, by module.
pub(super) struct Sources {
    modules: BTreeMap<Segments, Module>,
    methods: Vec<Method>,
    fields: Vec<(String, String, usize)>,
}

/// A module, in a file of its own or inside another one's.
#[derive(Default)]
struct Module {
    file: String,
    names: BTreeMap<String, Name>,
    globs: Vec<Segments>,
    /// Every path written here, re-exports left out.
    paths: BTreeSet<Segments>,
}

/// What a name in a module stands for.
#[derive(Clone)]
enum Name {
    Item,
    Module,
    Alias(Segments),
}

/// What a path leads to.
enum Target {
    Module(Segments),
    Item(String),
}

/// A method, with whose it is.
pub(super) struct Method {
    pub(super) file: String,
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) of_trait: bool,
    pub(super) takes_mut_self: bool,
    /// Every name in its return type.
    pub(super) returns: BTreeSet<String>,
}

impl Sources {
    /// Reads and parses every file under `src/`; what stands under `#[cfg(test)]` is left out.
    pub(super) fn read(root: &Path) -> Self {
        let mut sources = Self {
            modules: BTreeMap::new(),
            methods: Vec::new(),
            fields: Vec::new(),
        };
        for path in rust_files(&root.join("src")) {
            let file = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let parsed = syn::parse_file(&fs::read_to_string(&path).unwrap()).expect(&file);
            sources.enter(&file, module_of(&file), &parsed.items);
        }
        sources
    }

    pub(super) fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// The fields of every struct in files under `prefix`.
    pub(super) fn fields(&self, prefix: &str) -> BTreeMap<String, usize> {
        let inside = self
            .fields
            .iter()
            .filter(|(file, ..)| file.starts_with(prefix));
        inside
            .map(|(_, name, fields)| (name.clone(), *fields))
            .collect()
    }

    /// From each file to those that define what it names.
    pub(super) fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for (at, module) in &self.modules {
            for path in &module.paths {
                let Some(target) = self.resolve(at, path, 0) else {
                    continue;
                };
                let to = match target {
                    Target::Module(path) => self.modules[&path].file.clone(),
                    Target::Item(file) => file,
                };
                if to != module.file {
                    arrows.insert((module.file.clone(), to));
                }
            }
        }
        arrows
    }

    fn enter(&mut self, file: &str, at: Segments, items: &[syn::Item]) {
        let mut reader = Reader::default();
        reader.module.file = file.to_owned();
        for item in items {
            reader.visit_item(item);
        }
        self.methods
            .extend(reader.methods.into_iter().map(|mut method| {
                method.file = file.to_owned();
                method
            }));
        let fields = reader.fields.into_iter();
        self.fields
            .extend(fields.map(|(name, count)| (file.to_owned(), name, count)));
        for inner in reader.inner {
            let mut path = at.clone();
            path.push(inner.ident.to_string());
            let content = inner.content.as_ref();
            self.enter(file, path, content.map_or(&[], |(_, items)| items));
        }
        self.modules.insert(at, reader.module);
    }

    fn resolve(&self, at: &[String], path: &[String], depth: usize) -> Option<Target> {
        // An alias may lead to itself: `use crate::thing;` in the crate's root.
        if depth > 16 {
            return None;
        }
        let mut at = at.to_vec();
        let mut rest = path;
        let mut written_out = false;
        while let Some((first, more)) = rest.split_first() {
            match first.as_str() {
                "crate" => at.clear(),
                "self" => {}
                "super" => drop(at.pop()?),
                _ => break,
            }
            written_out = true;
            rest = more;
        }
        self.walk(&at, rest, written_out, depth)
    }

    fn walk(&self, at: &[String], rest: &[String], inside: bool, depth: usize) -> Option<Target> {
        let module = self.modules.get(at)?;
        let Some((first, rest)) = rest.split_first() else {
            return inside.then(|| Target::Module(at.to_vec()));
        };
        match module.names.get(first) {
            Some(Name::Item) => Some(Target::Item(module.file.clone())),
            Some(Name::Module) => {
                let mut path = at.to_vec();
                path.push(first.clone());
                self.walk(&path, rest, true, depth)
            }
            Some(Name::Alias(alias)) => match self.resolve(at, alias, depth + 1)? {
                Target::Module(path) => self.walk(&path, rest, true, depth),
                item @ Target::Item(_) => Some(item),
            },
            None => {
                let through = module.globs.iter().find_map(|glob| {
                    let Target::Module(path) = self.resolve(at, glob, depth + 1)? else {
                        return None;
                    };
                    let public = &self.modules[&path].names;
                    public.contains_key(first).then_some(path)
                });
                if let Some(path) = through {
                    let mut whole = vec![first.clone()];
                    whole.extend_from_slice(rest);
                    return self.walk(&path, &whole, true, depth + 1);
                }
                // A macro has made it.
                inside.then(|| Target::Item(module.file.clone()))
            }
        }
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn module_of(file: &str) -> Segments {
    let path = file
        .strip_prefix("src/")
        .unwrap()
        .strip_suffix(".rs")
        .unwrap();
    let path = path.strip_suffix("/mod").unwrap_or(path);
    match path {
        "lib" => Vec::new(),
        path => path.split('/').map(str::to_owned).collect(),
    }
}

/// What is written in one module.
#[derive(Default)]
struct Reader<'ast> {
    module: Module,
    inner: Vec<&'ast syn::ItemMod>,
    methods: Vec<Method>,
    fields: Vec<(String, usize)>,
}

impl Reader<'_> {
    fn item(&mut self, ident: &syn::Ident) {
        self.module.names.insert(ident.to_string(), Name::Item);
    }

    fn import(&mut self, tree: &syn::UseTree, before: &[String], reexport: bool) {
        let with = |ident: &syn::Ident| {
            let mut path = before.to_vec();
            if ident != "self" || path.is_empty() {
                path.push(ident.to_string());
            }
            path
        };
        match tree {
            syn::UseTree::Path(path) => self.import(&path.tree, &with(&path.ident), reexport),
            syn::UseTree::Name(name) => {
                let path = with(&name.ident);
                self.alias(path.last().cloned().unwrap(), path, reexport);
            }
            syn::UseTree::Rename(rename) => {
                self.alias(rename.rename.to_string(), with(&rename.ident), reexport);
            }
            syn::UseTree::Glob(_) => {
                if !reexport {
                    self.module.paths.insert(before.to_vec());
                }
                self.module.globs.push(before.to_vec());
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, before, reexport);
                }
            }
        }
    }

    fn alias(&mut self, name: String, path: Segments, reexport: bool) {
        if !reexport {
            self.module.paths.insert(path.clone());
        }
        // `use self::name` and `use name` of what stands here anyway.
        if path.as_slice() != [name.clone()] {
            self.module.names.entry(name).or_insert(Name::Alias(path));
        }
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|path| path.is_ident("test"))
    })
}

impl<'ast> Visit<'ast> for Reader<'ast> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        match item {
            syn::Item::Const(item) => self.item(&item.ident),
            syn::Item::Enum(item) => self.item(&item.ident),
            syn::Item::Fn(item) => self.item(&item.sig.ident),
            syn::Item::Macro(item) => item.ident.iter().for_each(|ident| self.item(ident)),
            syn::Item::Static(item) => self.item(&item.ident),
            syn::Item::Struct(item) => {
                self.item(&item.ident);
                self.fields
                    .push((item.ident.to_string(), item.fields.len()));
            }
            syn::Item::Trait(item) => self.item(&item.ident),
            syn::Item::Type(item) => self.item(&item.ident),
            syn::Item::Mod(item) if is_for_tests(&item.attrs) => return,
            syn::Item::Mod(item) => {
                self.module
                    .names
                    .insert(item.ident.to_string(), Name::Module);
                self.visit_visibility(&item.vis);
                if item.content.is_some() {
                    self.inner.push(item);
                }
                return;
            }
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let reexport = !matches!(item.vis, syn::Visibility::Inherited);
        self.import(&item.tree, &[], reexport);
        self.visit_visibility(&item.vis);
    }

    fn visit_visibility(&mut self, visibility: &'ast syn::Visibility) {
        // `pub(super)` and `pub(crate)` name no file; `pub(in path)` does.
        if let syn::Visibility::Restricted(restricted) = visibility
            && restricted.in_token.is_some()
        {
            self.visit_path(&restricted.path);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string());
        self.module.paths.insert(names.collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.module.paths.extend(paths_in(&item.tokens.to_string()));
        visit::visit_macro(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if let syn::Type::Path(owner) = &*item.self_ty
            && let Some(owner) = owner.path.segments.last()
        {
            for inner in &item.items {
                if let syn::ImplItem::Fn(method) = inner
                    && !is_for_tests(&method.attrs)
                {
                    self.methods.push(Method {
                        file: String::new(),
                        owner: owner.ident.to_string(),
                        name: method.sig.ident.to_string(),
                        of_trait: item.trait_.is_some(),
                        takes_mut_self: method.sig.receiver().is_some_and(|receiver| {
                            receiver.reference.is_some() && receiver.mutability.is_some()
                        }),
                        returns: names_in(&method.sig.output),
                    });
                }
            }
        }
        visit::visit_item_impl(self, item);
    }
}

/// Every name in a return type.
fn names_in(output: &syn::ReturnType) -> BTreeSet<String> {
    struct Names(BTreeSet<String>);
    impl<'ast> Visit<'ast> for Names {
        fn visit_ident(&mut self, ident: &'ast syn::Ident) {
            self.0.insert(ident.to_string());
        }
    }
    let mut names = Names(BTreeSet::new());
    names.visit_return_type(output);
    names.0
}

/// The paths among a macro's tokens: names with `::` between them.
fn paths_in(tokens: &str) -> Vec<Segments> {
    let mut paths = Vec::new();
    let spaced = tokens.replace("::", " :: ");
    let words = spaced
        .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
        .filter(|word| !word.is_empty());
    let mut path = Segments::new();
    let mut joined = false;
    for word in words {
        if word == "::" {
            joined = true;
            continue;
        }
        if !joined {
            paths.push(std::mem::take(&mut path));
        }
        path.push(word.to_owned());
        joined = false;
    }
    paths.push(path);
    paths.retain(|path| !path.is_empty());
    paths
}

#[test]
fn paths_are_found_in_macros() {
    let found = paths_in("assert ! (crate :: codec::encode (a) , \"text\" , b)");
    assert!(found.contains(&vec![
        "crate".to_owned(),
        "codec".to_owned(),
        "encode".to_owned()
    ]));
    assert!(found.contains(&vec!["b".to_owned()]));
}
