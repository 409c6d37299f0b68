//! `docs/protocol.md` says everything that is on the wire, on disk and in files: the code is parsed, and whatever it
//! encodes, signs, limits or refuses must stand there as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{
    Attribute, BinOp, Expr, Fields, GenericArgument, Item, ItemConst, Lit, MetaNameValue,
    PathArguments, Token, Type,
};

/// Where everything stands that is encoded, signed or refused.
const FOLDERS: [&str; 4] = [
    "src/actor",
    "src/codec",
    "src/membership",
    "src/deterministic_secure_broadcast",
];
const FILES: [&str; 2] = ["src/actor.rs", "src/codec.rs"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn document() -> String {
    fs::read_to_string(root().join("docs/protocol.md")).expect("docs/protocol.md")
}

/// Every item of the core and the middle, those of tests left out.
fn items() -> Vec<Item> {
    let mut paths: Vec<PathBuf> = FILES.iter().map(|file| root().join(file)).collect();
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let parsed = paths.iter().flat_map(|path| {
        let code = fs::read_to_string(path).expect("text");
        let file = syn::parse_file(&code).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        file.items
    });
    let items: Vec<Item> = parsed.filter(|item| !is_test(item)).collect();
    assert!(items.len() > 300, "only {} items found", items.len());
    items
}

fn is_test(item: &Item) -> bool {
    let Item::Mod(module) = item else {
        return false;
    };
    module.attrs.iter().any(|attribute| {
        let test = |path: syn::Path| path.is_ident("test");
        attribute.path().is_ident("cfg") && attribute.parse_args().is_ok_and(test)
    })
}

fn derives(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("derive")
            && attribute
                .parse_args_with(Punctuated::<syn::Path, Token![,]>::parse_terminated)
                .is_ok_and(|paths| paths.iter().any(|path| path.is_ident(name)))
    })
}

/// A type in the notation of the document.
fn shape(ty: &Type) -> String {
    match ty {
        Type::Reference(reference) => shape(&reference.elem),
        Type::Slice(slice) => format!("[{}]", shape(&slice.elem)),
        Type::Tuple(tuple) => {
            let parts: Vec<String> = tuple.elems.iter().map(shape).collect();
            format!("({})", parts.join(", "))
        }
        Type::Path(path) => {
            let last = path.path.segments.last().expect("a name");
            let arguments: Vec<String> = match &last.arguments {
                PathArguments::AngleBracketed(arguments) => arguments
                    .args
                    .iter()
                    .filter_map(|argument| match argument {
                        GenericArgument::Type(ty) => Some(shape(ty)),
                        _ => None,
                    })
                    .collect(),
                _ => Vec::new(),
            };
            match (last.ident.to_string().as_str(), arguments.as_slice()) {
                ("Box", [of]) => of.clone(),
                ("Vec", [of]) => format!("[{of}]"),
                ("Option", [of]) => format!("{of}?"),
                ("Bytes", []) => "bytes".to_owned(),
                ("String" | "str", []) => "text".to_owned(),
                (name, []) => name.to_owned(),
                (name, _) => panic!("{name}: a type this notation has no word for"),
            }
        }
        _ => panic!("a type this notation has no word for"),
    }
}

/// A field's type, with the limit its list is read with.
fn limited(field: &syn::Field) -> String {
    let of = shape(&field.ty);
    let serde = field
        .attrs
        .iter()
        .find(|attribute| attribute.path().is_ident("serde"));
    let Some(serde) = serde else {
        return of;
    };
    let meta: MetaNameValue = serde.parse_args().expect("name = value");
    let Expr::Lit(syn::ExprLit {
        lit: Lit::Str(reader),
        ..
    }) = &meta.value
    else {
        panic!("what does it do to the bytes?");
    };
    let reader = reader.value();
    let limit = reader.strip_prefix("codec::at_most::<_, _, ");
    let limit = limit.and_then(|limit| limit.strip_suffix('>'));
    let limit = limit.unwrap_or_else(|| panic!("{reader}: what does it do to the bytes?"));
    let of = of.strip_suffix(']').expect("a list");
    format!("{of}; at most {limit}]")
}

fn fields(fields: &Fields) -> String {
    match fields {
        Fields::Named(named) => {
            let one = |field: &syn::Field| {
                let name = field.ident.as_ref().expect("a name");
                format!("{name}: {}", limited(field))
            };
            let all: Vec<String> = named.named.iter().map(one).collect();
            format!(" {{ {} }}", all.join(", "))
        }
        Fields::Unnamed(unnamed) => {
            let all: Vec<String> = unnamed.unnamed.iter().map(limited).collect();
            format!("({})", all.join(", "))
        }
        Fields::Unit => String::new(),
    }
}

/// Everything that is encoded, one line for each type, and one for each variant of an enum with its tag.
fn encoded() -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for item in items() {
        match item {
            Item::Struct(item) if derives(&item.attrs, "Serialize") => {
                let text = match &item.fields {
                    Fields::Unnamed(of) if of.unnamed.len() == 1 => {
                        format!("{} = {}", item.ident, limited(&of.unnamed[0]))
                    }
                    all => format!("{}{}", item.ident, fields(all)),
                };
                lines.insert(text);
            }
            Item::Enum(item) if derives(&item.attrs, "Serialize") => {
                for (tag, variant) in item.variants.iter().enumerate() {
                    let content = fields(&variant.fields);
                    lines.insert(format!("{} {tag} = {}{content}", item.ident, variant.ident));
                }
            }
            _ => {}
        }
    }
    lines
}

/// The lines of all `schema` blocks, without what stands behind `--` and with single spaces.
fn schema(document: &str) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let mut inside = false;
    for line in document.lines() {
        if line.starts_with("```") {
            inside = line == "```schema";
        } else if inside {
            let line = line.split(" --").next().unwrap_or_default();
            let words: Vec<&str> = line.split_whitespace().collect();
            if !words.is_empty() {
                lines.insert(words.join(" "));
            }
        }
    }
    lines
}

#[test]
fn everything_that_is_encoded_is_written_down_with_its_tags_and_fields_in_order() {
    let (code, document) = (encoded(), schema(&document()));
    assert!(code.len() > 100, "only {} lines found", code.len());
    let missing: Vec<&String> = code.difference(&document).collect();
    let stale: Vec<&String> = document.difference(&code).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "docs/protocol.md lacks {missing:#?}\nand says {stale:#?}, which is not so"
    );
}

/// Every string in the code that begins as a domain or a magic does.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl<'ast> Visit<'ast> for Names {
    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        let text = text.value();
        if text.starts_with("bft-crdts") {
            self.0.insert(text.trim_end().to_owned());
        }
    }

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

#[test]
fn every_domain_and_magic_is_written_down() {
    let mut names = Names::default();
    for item in items() {
        visit::visit_item(&mut names, &item);
    }
    assert!(names.0.len() > 20, "only {} found", names.0.len());
    let document = document();
    let missing: Vec<&String> = names
        .0
        .iter()
        .filter(|name| !document.contains(&format!("`{name}")))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
    // And none that the code does not know.
    let quoted = document
        .lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    let stale: Vec<&str> = quoted
        .filter(|name| name.starts_with("bft-crdts/") && !names.0.contains(*name))
        .filter(|name| !name.contains('<'))
        .collect();
    assert!(stale.is_empty(), "{stale:#?}");
}

/// What a constant comes to, if it is a number.
fn value(expression: &Expr, known: &BTreeMap<String, u128>) -> Option<u128> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => number.base10_parse().ok(),
            _ => None,
        },
        Expr::Paren(inner) => value(&inner.expr, known),
        Expr::Cast(roster) => value(&roster.expr, known),
        Expr::Path(path) => known
            .get(&path.path.segments.last()?.ident.to_string())
            .copied(),
        Expr::Binary(binary) => {
            let (left, right) = (value(&binary.left, known)?, value(&binary.right, known)?);
            match binary.op {
                BinOp::Add(_) => Some(left + right),
                BinOp::Sub(_) => Some(left - right),
                BinOp::Mul(_) => Some(left * right),
                BinOp::Shl(_) => Some(left << right),
                _ => None,
            }
        }
        // `NonZero::new(…).expect(…)`
        Expr::MethodCall(call) => value(&call.receiver, known),
        Expr::Call(call) => value(call.args.first()?, known),
        _ => None,
    }
}

#[test]
fn every_limit_is_written_down_with_its_value() {
    let constants: Vec<ItemConst> = items()
        .into_iter()
        .filter_map(|item| match item {
            Item::Const(item) => Some(item),
            _ => None,
        })
        .collect();
    let mut known = BTreeMap::new();
    let mut limits = BTreeSet::new();
    // Those that are made of others come later.
    for _ in 0..4 {
        for constant in &constants {
            if let Some(value) = value(&constant.expr, &known) {
                known.insert(constant.ident.to_string(), value);
                limits.insert((constant.ident.to_string(), value));
            }
        }
    }
    assert!(limits.len() > 30, "only {} found", limits.len());
    let document = document();
    let missing: Vec<String> = limits
        .iter()
        .map(|(name, value)| format!("| `{name}` | {value} |"))
        .filter(|row| !document.contains(row.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `"));
    let stale: Vec<&str> = rows
        .filter_map(|row| row.split('`').next())
        .filter(|name| name.len() > 3 && name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .filter(|name| !known.contains_key(*name))
        .collect();
    assert!(stale.is_empty(), "{stale:#?}");
}

/// `QuorumTooSmall` is `quorum-too-small`.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

#[test]
fn every_kind_of_refusal_is_written_down() {
    let document = document();
    let mut missing = Vec::new();
    let mut found = 0;
    for item in items() {
        let Item::Enum(item) = item else { continue };
        let name = item.ident.to_string();
        let kinds = [
            "FileError",
            "Unproven",
            "ChainError",
            "Rejection",
            "Malformed",
            "ChangeError",
            "PacketKind",
        ];
        if !kinds.contains(&name.as_str()) {
            continue;
        }
        for variant in &item.variants {
            found += 1;
            let kind = kebab(&variant.ident.to_string());
            if !document.contains(&format!("`{kind}`")) {
                missing.push(format!("{name}: {kind}"));
            }
        }
    }
    assert!(found > 80, "only {found} kinds found");
    assert!(missing.is_empty(), "{missing:#?}");
}
