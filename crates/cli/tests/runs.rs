//! The command runs every committed scenario: what it prints, what it exits with, and that it does so again.

#[path = "../../../tests/common/golden.rs"]
mod golden;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Every committed scenario that is one run; `campaign` is as many as there are seeds.
const SCENARIOS: [&str; 13] = [
    "honest_bank",
    "double_spend",
    "double_spend_7",
    "orswot",
    "lossy",
    "partition_heal",
    "ledger",
    "onboarding",
    "expel_equivocator",
    "leave_mid_flight",
    "leader_silent",
    "rejoin",
    "three_continents",
];

fn bft_crdts(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bft-crdts"))
        .args(arguments)
        .output()
        .expect("the command runs")
}

fn scenario(name: &str) -> String {
    golden::root()
        .join("scenarios")
        .join(format!("{name}.toml"))
        .display()
        .to_string()
}

fn out(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("runs")
        .join(name)
}

/// Runs a scenario file for JSON: exit code, what was printed, and that as JSON.
fn json_of(file: &str, out: &Path, more: &[&str]) -> (Option<i32>, String, Value) {
    let out = out.display().to_string();
    let output = bft_crdts(&[&["run", file, "--json", "--out", &out], more].concat());
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let json = serde_json::from_str(&text)
        .unwrap_or_else(|why| panic!("{why}: {text}{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), text, json)
}

fn run(name: &str) -> Value {
    let (code, _, json) = json_of(&scenario(name), &out(name), &[]);
    assert_eq!(code, Some(0), "{name}: {json}");
    json
}

/// Writes a scenario into a directory of its own; the file.
fn written(name: &str, text: &str) -> String {
    let directory = out("written");
    fs::create_dir_all(&directory).expect("a directory");
    let file = directory.join(name);
    fs::write(&file, text).expect("a file");
    file.display().to_string()
}

#[test]
fn every_scenario_keeps_every_promise_and_prints_exactly_the_fields_it_promises() {
    let fields = [
        "by_kind",
        "bytes",
        "changes",
        "converged",
        "delivered",
        "evidence",
        "faulty",
        "members",
        "members_at_end",
        "messages",
        "refused",
        "seed",
        "submitted",
        "trace_digest",
        "undecided",
        "violations",
    ];
    for name in SCENARIOS {
        let json = run(name);
        let mut have: Vec<&str> = json
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        have.sort_unstable();
        assert_eq!(have, fields, "{name}");
        assert_eq!(json["violations"], Value::Array(Vec::new()), "{name}");
        assert_eq!(json["converged"], true, "{name}");
        let number = |field: &str| {
            json[field]
                .as_u64()
                .unwrap_or_else(|| panic!("{name}: {field}"))
        };
        assert_eq!(
            number("submitted"),
            number("delivered") + number("refused"),
            "{name}"
        );
        let digest = json["trace_digest"].as_str().expect("a digest");
        assert!(
            digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{digest}"
        );
        for total in ["messages", "bytes"] {
            let kinds = json["by_kind"].as_object().expect("kinds").values();
            let sum: u64 = kinds
                .map(|kind| kind[total].as_u64().expect("a number"))
                .sum();
            assert_eq!(sum, number(total), "{name}: {total}");
        }
    }
}

#[test]
fn equal_scenario_and_seed_give_equal_bytes_and_another_seed_another_run() {
    for name in SCENARIOS {
        let [one, two] = ["one", "two"].map(|which| out(&format!("again/{which}")));
        let (_, first, json) = json_of(&scenario(name), &one, &[]);
        let (_, second, _) = json_of(&scenario(name), &two, &[]);
        assert_eq!(first, second, "{name}");
        for kind in ["msc", "svg"] {
            let chart = |out: &Path| fs::read(out.join(format!("{name}.{kind}"))).expect("a chart");
            assert_eq!(chart(&one), chart(&two), "{name}.{kind}");
        }
        let (code, _, other) = json_of(&scenario(name), &two, &["--seed", "4711"]);
        assert_eq!(
            (code, &other["seed"]),
            (Some(0), &Value::from(4711)),
            "{name}: {other}"
        );
        assert_ne!(json["trace_digest"], other["trace_digest"], "{name}");
    }
}

#[test]
fn the_charts_of_the_scenarios_are_the_golden_ones() {
    for name in SCENARIOS {
        run(name);
        for kind in ["msc", "svg"] {
            let chart =
                fs::read_to_string(out(name).join(format!("{name}.{kind}"))).expect("a chart");
            golden::chart(name, kind, &chart);
        }
    }
}

/// The last column of a table in a summary, by the first.
fn balances(name: &str) -> BTreeMap<String, u64> {
    let directory = out(&format!("balances/{name}"));
    let output = bft_crdts(&[
        "run",
        &scenario(name),
        "--out",
        &directory.display().to_string(),
    ]);
    assert!(output.status.success());
    let csv = fs::read_to_string(directory.join(format!("{name}.balances.csv"))).expect("balances");
    csv.lines()
        .skip(1)
        .map(|line| line.rsplit_once(',').expect("two columns"))
        .map(|(account, balance)| (account.to_owned(), balance.parse().expect("a number")))
        .collect()
}

#[test]
fn of_two_payments_with_the_same_money_one_is_delivered_and_the_payer_is_convicted() {
    let json = run("double_spend");
    assert_eq!(
        (&json["members"], &json["faulty"]),
        (&Value::from(4), &Value::from(1))
    );
    let evidence = json["evidence"].as_array().expect("evidence");
    assert_eq!(evidence.len(), 1);
    assert_eq!(evidence[0]["against"], "alice");
    assert_eq!(evidence[0]["slot"], "alice#1");
    assert_eq!(evidence[0]["held_by"], 3);
    // alice's 100 reached bob, who passed on 60 of them; dave has nothing of them.
    let expected = [("alice", 0), ("bob", 40), ("carol", 60), ("dave", 0)];
    assert_eq!(
        balances("double_spend"),
        expected.map(|(name, has)| (name.to_owned(), has)).into()
    );
}

#[test]
fn a_network_of_one_becomes_one_of_four_and_each_does_something() {
    let json = run("onboarding");
    assert_eq!(json["members"], 1);
    let joined = ["join bob", "join carol", "join dave"];
    assert_eq!(json["changes"], Value::from(joined.to_vec()));
    let people = ["alice", "bob", "carol", "dave"];
    assert_eq!(json["members_at_end"], Value::from(people.to_vec()));
    assert_eq!(
        (&json["delivered"], &json["refused"]),
        (&Value::from(4), &Value::from(0))
    );
}

#[test]
fn whoever_is_convicted_is_expelled_and_the_others_go_on() {
    let json = run("expel_equivocator");
    assert_eq!(json["changes"], Value::from(vec!["expel alice"]));
    assert_eq!(
        json["members_at_end"],
        Value::from(vec!["bob", "carol", "dave"])
    );
    assert_eq!(json["evidence"][0]["against"], "alice");
    assert_eq!(json["delivered"], 1);
    // bob has his 10 and her 100, and passes on 60, after she is gone.
    let expected = [("alice", 0), ("bob", 50), ("carol", 70), ("dave", 10)];
    let expected = expected.map(|(name, has)| (name.to_owned(), has));
    assert_eq!(balances("expel_equivocator"), expected.into());
}

/// The arcs and boxes of a chart, in order, without comments.
fn chart(name: &str) -> Vec<String> {
    let chart = fs::read_to_string(out(name).join(format!("{name}.msc"))).expect("a chart");
    let drawn = chart
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    drawn.map(str::to_owned).collect()
}

/// Where in a chart these stand for the first time: they must come in this order.
fn in_order(chart: &[String], texts: &[&str]) {
    let mut from = 0;
    for text in texts {
        let found = chart[from..].iter().position(|line| line.contains(text));
        from += found.unwrap_or_else(|| panic!("no `{text}` after line {from}"));
    }
}

#[test]
fn what_was_in_flight_when_a_member_left_is_carried_over() {
    let json = run("leave_mid_flight");
    assert_eq!(json["changes"], Value::from(vec!["leave dave"]));
    // dave's last row comes too late; bob's, for which nobody got an echo before, does not.
    assert_eq!(
        (&json["delivered"], &json["refused"]),
        (&Value::from(3), &Value::from(1))
    );
    let steps = [
        "submit add carried over",
        "crashes",
        "request bob#1",
        "approve leave dave",
        "vote 1",
        "vote 2",
        "seal of g0, with bob#1",
        "box n4 [label=\"g1: leave dave",
        "has left",
        "restarts",
        "request bob#1",
        "n1 abox n1 [label=\"bob#1",
    ];
    in_order(&chart("leave_mid_flight"), &steps);
}

#[test]
fn when_the_first_leader_is_silent_the_next_one_proposes() {
    let json = run("leader_silent");
    assert_eq!(json["changes"], Value::from(vec!["join erin"]));
    assert_eq!(json["faulty"], 1);
    assert_eq!(json["delivered"], 2);
    let steps = [
        "asks to join",
        "timeout of attempt 0",
        "in attempt 1",
        "box n4 [label=\"g1",
    ];
    in_order(&chart("leader_silent"), &steps);
}

#[test]
fn an_old_key_is_refused_for_ever_and_a_fresh_one_is_in() {
    let json = run("rejoin");
    assert_eq!(
        json["changes"],
        Value::from(vec!["leave dave", "join dave-2"])
    );
    let people = ["alice", "bob", "carol", "dave-2"];
    assert_eq!(json["members_at_end"], Value::from(people.to_vec()));
    assert_eq!(json["delivered"], 2);
    let chart = chart("rejoin").concat().replace("\\n", " ");
    assert!(
        chart.contains("may not join: dave was a member before"),
        "{chart}"
    );
    assert!(
        chart.contains("dave-2#1 add after"),
        "counted from one again"
    );
}

#[test]
fn told_three_to_three_neither_payment_is_delivered_and_everybody_else_goes_on() {
    let json = run("double_spend_7");
    assert_eq!(
        (&json["submitted"], &json["delivered"]),
        (&Value::from(3), &Value::from(3))
    );
    let evidence = json["evidence"].as_array().expect("evidence");
    assert_eq!(
        (evidence.len(), &evidence[0]["against"]),
        (1, &Value::from("alice"))
    );
    let balances = balances("double_spend_7");
    assert_eq!(balances["alice"], 100, "nothing of alice's was delivered");
    assert_eq!(balances["frank"], 225, "what erin paid was");
}

#[test]
fn a_lossy_network_delivers_every_honest_payment() {
    let json = run("lossy");
    assert_eq!(
        (&json["submitted"], &json["delivered"], &json["refused"]),
        (&100.into(), &100.into(), &0.into())
    );
}

#[test]
fn the_ledger_comes_to_what_the_paper_computes() {
    let json = run("ledger");
    assert_eq!(
        (&json["delivered"], &json["refused"]),
        (&1_255.into(), &145.into())
    );
    let expected =
        fs::read_to_string(golden::root().join("scenarios/ledger.expected.csv")).expect("expected");
    let balances = balances("ledger");
    for line in expected.lines().skip(1) {
        let (account, balance) = line.split_once(',').expect("two columns");
        assert_eq!(balances[account].to_string(), balance, "{account}");
    }
    let refused = fs::read_to_string(out("ledger").join("ledger.refused.csv")).expect("refused");
    assert_eq!(refused.lines().count(), 1 + 145);
    assert!(
        refused.contains("\n4,6,bob,transfer 281 to bob,"),
        "{refused}"
    );
}

#[test]
fn other_balances_than_expected_are_a_violation() {
    written("wrong.csv", "account,balance\nalice,1\nbob,2\ncarol,3\n");
    let file = written(
        "wrong.toml",
        "name = \"wrong\"\nalgorithm = \"bank\"\nmembers = 3\nexpected_balances = \"wrong.csv\"\n[bank]\nbalance = 2\n",
    );
    let (code, _, json) = json_of(&file, &out("wrong"), &[]);
    assert_eq!(code, Some(1));
    assert_eq!(json["violations"][0]["property"], "expected balances");
    assert_eq!(
        json["violations"][0]["detail"],
        "alice has 2, expected 1; carol has 2, expected 3"
    );
}

#[test]
fn broken_rules_are_caught_by_the_command_and_exit_1() {
    let campaign = fs::read_to_string(scenario("campaign")).expect("the campaign");
    let broken = campaign.replacen("signatures =", "rules = \"leaves-gaps\"\nsignatures =", 1);
    let file = written("broken.toml", &broken);
    let (code, _, json) = json_of(&file, &out("broken"), &[]);
    assert_eq!(code, Some(1));
    assert!(
        !json["violations"]
            .as_array()
            .expect("violations")
            .is_empty()
    );
    let (code, _, json) = json_of(&scenario("campaign"), &out("sound"), &[]);
    assert_eq!(code, Some(0), "{json}");
}

#[test]
fn a_payer_spends_what_earlier_rows_bring_and_nothing_else() {
    // Row 2 is short: what row 3 brings does not count, though it may well be there already. Row 4 has it.
    written(
        "order.csv",
        "who,what,to,amount,at\nalice,transfer,bob,5,\nbob,transfer,carol,6,500ms\nalice,transfer,bob,1,\nbob,transfer,carol,6,\n",
    );
    let file = written(
        "order.toml",
        "name = \"order\"\nalgorithm = \"bank\"\nmembers = 4\noperations_file = \"order.csv\"\n[bank]\naccounts = { alice = 6 }\n",
    );
    let (code, _, json) = json_of(&file, &out("order"), &[]);
    assert_eq!(code, Some(0));
    assert_eq!(
        (&json["delivered"], &json["refused"]),
        (&3.into(), &1.into())
    );
    let refused = fs::read_to_string(out("order").join("order.refused.csv")).expect("refused");
    assert_eq!(
        refused,
        "row,line,who,what,why\n2,3,bob,transfer 6 to carol,\"overdraft: 6 needed, 5 there\"\n"
    );
}

#[test]
fn bad_input_exits_2_and_names_file_line_and_field() {
    let row = written(
        "bad.csv",
        "who,what,to,amount\nalice,transfer,bob,5\nalice,transfer,bob,much\n",
    );
    let scenario = |name: &str, text: &str| {
        let head = format!("name = \"{name}\"\nalgorithm = \"bank\"\nmembers = 4\n");
        written(&format!("{name}.toml"), &(head + text))
    };
    let bank = "[bank]\nbalance = 9\n";
    let adversary = scenario(
        "adversary",
        &format!(
            "{bank}[[adversaries]]
who = \"eve\"
kind = \"silent\"
"
        ),
    );
    let rows = scenario("rows", &format!("operations_file = \"bad.csv\"\n{bank}"));
    let field = scenario("field", &format!("{bank}[network]\nlots = 1\n"));
    let missing = scenario(
        "missing",
        &format!("operations_file = \"no_such.csv\"\n{bank}"),
    );
    let cases = [
        (
            adversary.as_str(),
            format!("{adversary}:7: adversaries[1].who: `eve` is none of"),
        ),
        (
            rows.as_str(),
            format!("{row}:3: amount: `much` is no whole number"),
        ),
        (
            field.as_str(),
            format!("{field}:7: network.lots: unknown field `lots`"),
        ),
        (missing.as_str(), "no_such.csv: cannot be read".to_owned()),
        ("no_such.toml", "no_such.toml: cannot be read".to_owned()),
    ];
    for (file, error) in cases {
        let output = bft_crdts(&["run", file, "--out", &out("bad").display().to_string()]);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(&error), "{text} does not contain {error}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn the_self_check_of_a_run_finds_no_difference_and_the_digest_of_the_run() {
    let file = scenario("double_spend");
    let (_, _, run) = json_of(&file, &out("self_check"), &[]);
    let output = bft_crdts(&["run", &file, "--self-check", "--json"]);
    let checked: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(checked["trace_digest"], run["trace_digest"]);
    assert_eq!(
        (&checked["same"], &checked["difference"]),
        (&true.into(), &Value::Null)
    );
    let output = bft_crdts(&["run", &file, "--self-check"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("both runs are the same"), "{text}");
}

#[test]
fn a_sweep_does_not_depend_on_its_jobs_and_shows_how_to_run_a_violation_again() {
    let sweep = |arguments: &[&str]| {
        let output = bft_crdts(&[&["sweep", "--json", "--packages", "0"], arguments].concat());
        let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (output.status.code(), json)
    };
    let one = sweep(&["--seeds", "6", "--jobs", "1"]);
    assert_eq!(one, sweep(&["--seeds", "6", "--jobs", "8"]));
    assert_eq!((one.0, &one.1["violated"]), (Some(0), &Value::from(0)));
    let (code, broken) = sweep(&["--seeds", "2", "--rules", "leaves-gaps"]);
    assert_eq!(code, Some(1));
    let again = broken["violations"][0]["reproduce"]
        .as_str()
        .expect("a command");
    assert_eq!(again, "bft-crdts run campaign --seed 0 --rules leaves-gaps");
    let (code, _, json) = json_of(
        "campaign",
        &out("again"),
        &["--seed", "0", "--rules", "leaves-gaps"],
    );
    assert_eq!(code, Some(1));
    assert_eq!(
        json["violations"][0]["property"],
        broken["violations"][0]["property"]
    );
    assert_eq!(
        json["violations"][0]["step"],
        broken["violations"][0]["step"]
    );
    let (code, lossy) = sweep(&[&scenario("lossy"), "--seeds", "3"]);
    assert_eq!(
        (code, &lossy["submitted"], &lossy["delivered"]),
        (Some(0), &300.into(), &300.into())
    );
}

#[test]
fn the_pictures_of_the_read_me_are_what_the_command_draws() {
    let (name, picture) = bft_crdts_cli::assets::draw().expect("it is drawn");
    golden::compare(&format!("assets/{name}.svg"), &picture);
    for name in [name, "onion_layers"] {
        assert!(
            golden::root().join(format!("assets/{name}.png")).exists(),
            "{name}.png"
        );
    }
}

#[test]
fn members_come_and_go_and_every_promise_is_kept() {
    let output = bft_crdts(&["sweep", &scenario("churn"), "--seeds", "40", "--json"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.code(), Some(0), "{text}");
    let json: Value = serde_json::from_str(&text).expect("JSON");
    let times = |what: &str| json["sometimes"][what].as_u64().unwrap_or(0);
    assert!(times("a generation was activated") >= 100, "{text}");
    assert!(times("a member has left") >= 20, "{text}");
    assert!(times("a node crashed") >= 40, "{text}");
}

/// Once a change that too few approve left no word, and of a double spend one had to guess which payment went through.
#[test]
fn what_did_not_come_about_is_said() {
    let text = "name = \"few\"\nalgorithm = \"bank\"\nmembers = [\"a\", \"b\", \"c\", \"d\"]\n\
                joiners = [\"x\"]\nsignatures = \"simulated\"\n[bank]\nbalance = 10\n\
                [[changes]]\njoin = \"x\"\napproved_by = [\"a\", \"b\"]\n\
                [[changes]]\nleave = \"b\"\n";
    let file = written("few.toml", text);
    let out = out("few").display().to_string();
    let output = bft_crdts(&["run", &file, "--out", &out]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let wanted = "no change   join x: approved by 2; of 4 members 3 have to";
    assert!(told.contains(wanted), "{told}");
    assert!(!told.contains("leave b:"), "{told}");

    let output = bft_crdts(&["run", &scenario("double_spend"), "--out", &out]);
    let told = String::from_utf8_lossy(&output.stdout);
    let won = told
        .lines()
        .find(|line| line.contains("of alice#1 this was delivered: "));
    assert!(won.is_some_and(|won| won.contains("pay")), "{told}");
}

/// Once the run was made, and then it was lost.
#[test]
fn a_directory_that_cannot_be_written_is_noticed_before_the_run() {
    let file = written("in_the_way", "");
    let inside = Path::new(&file).join("out").display().to_string();
    for option in ["--out", "--report"] {
        let scenario = scenario("double_spend");
        let begun = std::time::Instant::now();
        let output = bft_crdts(&["run", &scenario, option, &inside]);
        let why = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{why}");
        assert!(why.contains("cannot be written in"), "{why}");
        assert!(output.stdout.is_empty(), "after {:?}", begun.elapsed());
    }
}
