//! What we build on is written down, comes from one registry and has a licence we take.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--all-features",
            "--manifest-path",
        ])
        .arg(root().join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

fn packages(metadata: &Value) -> &[Value] {
    metadata["packages"].as_array().expect("packages")
}

#[test]
fn every_direct_dependency_is_in_the_table_and_nothing_else_is() {
    let metadata = metadata();
    let direct: BTreeSet<&str> = packages(&metadata)
        .iter()
        .filter(|package| package["source"].is_null())
        .flat_map(|package| package["dependencies"].as_array().expect("dependencies"))
        .filter(|dependency| !dependency["source"].is_null())
        .filter_map(|dependency| dependency["name"].as_str())
        .collect();
    let text =
        fs::read_to_string(root().join("docs/dependencies.md")).expect("docs/dependencies.md");
    let listed: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert!(direct.len() > 10, "{direct:?}");
    assert_eq!(listed, direct);
}

#[test]
fn every_package_has_a_licence_we_take_and_comes_from_the_registry() {
    let metadata = metadata();
    let deny = fs::read_to_string(root().join("deny.toml")).expect("deny.toml");
    let deny: toml::Table = deny.parse().expect("TOML");
    let allowed: BTreeSet<&str> = deny["licenses"]["allow"]
        .as_array()
        .expect("a list of licences")
        .iter()
        .filter_map(|licence| licence.as_str())
        .collect();
    let mut seen = 0;
    for package in packages(&metadata) {
        let name = &package["name"];
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(
            taken(licence, &allowed),
            "{name} has the licence {licence:?}"
        );
        if let Some(source) = package["source"].as_str() {
            assert!(
                source.starts_with("registry+") && source.contains("crates.io"),
                "{name} comes from {source}"
            );
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen} packages");
}

/// Whether an SPDX expression can be met with the licences `allowed`. `A/B` is how old packages write `A OR B`.
fn taken(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let expression = expression.replace(['(', ')'], " ").replace('/', " OR ");
    // `AND` of `OR`s, which is all there is: (MIT OR Apache-2.0) AND Unicode-3.0.
    expression
        .split(" AND ")
        .all(|all| all.split(" OR ").any(|one| allowed.contains(one.trim())))
}

#[test]
fn a_licence_we_do_not_take_is_noticed() {
    let allowed = BTreeSet::from(["MIT", "Unicode-3.0"]);
    assert!(taken("(MIT OR Apache-2.0) AND Unicode-3.0", &allowed));
    assert!(taken("Apache-2.0/MIT", &allowed));
    assert!(!taken("GPL-3.0", &allowed));
    assert!(!taken("MIT AND GPL-3.0", &allowed));
    assert!(!taken("", &allowed));
}
