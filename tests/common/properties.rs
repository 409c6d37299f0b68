//! Where properties over networks are: the calls of `networks::check` in the files of a test program.

use std::fs;
use std::path::Path;

/// A property: its module, as its file says it, its test, and its divisor.
pub(crate) type Property = (Vec<String>, String, String);

/// All in this folder of a test program.
pub(crate) fn of(folder: &Path) -> Vec<Property> {
    let mut found = Vec::new();
    visit(folder, &[], &mut found);
    found
}

fn visit(folder: &Path, module: &[String], found: &mut Vec<Property>) {
    let entries = fs::read_dir(folder).expect("the folder of a test program");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    for path in paths {
        let mut module = module.to_vec();
        let stem = path.file_stem().expect("a name").to_string_lossy();
        if stem != "mod" {
            module.push(stem.into_owned());
        }
        if path.is_dir() {
            visit(&path, &module, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a file of ours can be read");
            let mut test = "";
            for line in text.lines() {
                if let Some(rest) = line.strip_prefix("fn ") {
                    test = rest.split('(').next().unwrap_or_default();
                }
                if let Some((_, rest)) = line.split_once("networks::check(") {
                    let divisor = rest.split(',').next().unwrap_or_default();
                    found.push((module.clone(), test.to_owned(), divisor.to_owned()));
                }
            }
        }
    }
}
