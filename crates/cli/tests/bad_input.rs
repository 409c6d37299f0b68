//! Bad input is answered with a line and a field, never with a panic and never with silence.

use std::path::Path;
use std::process::Command;

use bft_crdts_cli::input::Input;
use bft_crdts_cli::operations::{self, Format, What};
use bft_crdts_cli::{ledger, scenario};

const GOOD: &str = r#"
name = "small"
algorithm = "bank"
members = ["alice", "bob", "carol", "dave"]

[bank]
balance = 100

[network]
loss = 0.25

[[operations]]
who = "alice"
what = "transfer"
to = "bob"
amount = 10
"#;

/// The error of [`GOOD`] with one text replaced by another, as `line: field: problem`.
fn wrong(from: &str, to: &str) -> (usize, String, String) {
    assert!(GOOD.contains(from), "{from:?} is not in the good scenario");
    let error = scenario::parse(&GOOD.replacen(from, to, 1)).expect_err(to);
    (error.line, error.field, error.problem)
}

#[test]
fn a_good_scenario_is_read() {
    let scenario = scenario::parse(GOOD).expect("it is good");
    assert_eq!(scenario.members, ["alice", "bob", "carol", "dave"]);
    assert_eq!(scenario.network.loss, scenario::Chance(250_000));
    assert_eq!(scenario.seed, 0);
    assert_eq!(scenario.rules, "sound");
}

/// Once read without its `after`, silently: latencies without the name of a law were taken for a pair of times, and
/// what was no such pair for none.
#[test]
fn a_latency_between_two_times_may_begin_later() {
    let after = "loss = 0.25\nlatency = { min = \"1ms\", max = \"2ms\", after = \"7ms\" }";
    let scenario = scenario::parse(&GOOD.replacen("loss = 0.25", after, 1)).expect("it is good");
    let law = scenario.network.latency.0;
    assert_eq!(law.most(), Some(bft_crdts::net::Span::from_millis(9)));
}

#[test]
fn a_bad_world_names_its_field_and_says_what_is_wrong() {
    let cases = [
        (
            "latency = { law = \"normal\", mean = \"1ms\" }",
            "network.latency.deviation",
            "is missing",
        ),
        (
            "latency = { min = \"1ms\" }",
            "network.latency.max",
            "is missing",
        ),
        (
            "latency = { law = \"gamma\", shape = 0.0, scale = \"1ms\" }",
            "network.latency.shape",
            "above zero",
        ),
        (
            "latency = { law = \"pareto\", shape = 1.0, least = \"1ms\", max = \"2ms\" }",
            "network.latency.max",
            "not for the law",
        ),
        (
            "latency = { law = \"samples\", times = [] }",
            "network.latency.times",
            "is empty",
        ),
        (
            "latency = { law = \"zipf\" }",
            "network.latency.law",
            "`zipf` is none of",
        ),
        (
            "latency = { law = \"choice\", of = [{ weight = 0, latency = { min = \"0s\", max = \"1s\" } }] }",
            "network.latency.of",
            "zero",
        ),
        (
            "latency = { law = \"choice\", of = [{ weight = 1, latency = { law = \"choice\", of = [] } }] }",
            "network.latency.of[1].latency.of",
            "among choices",
        ),
        ("corrupt = 2.0", "network.corrupt", "between 0 and 1"),
        ("[world]\nmap = \"mars\"", "world.map", "there is aws"),
        (
            "[world]\nplaces = [\"a\", \"b\"]",
            "world.latencies",
            "from `a` to `a`",
        ),
        (
            "[[world.latencies]]\nfrom = \"a\"\nto = \"a\"\nlatency = { min = \"0s\", max = \"1s\" }",
            "world.latencies",
            "needs `places`",
        ),
        ("[[nodes]]\nplace = \"Ohio\"", "nodes[1].place", "no map"),
        (
            "[[nodes]]\nwho = [\"eve\"]",
            "nodes[1].who[1]",
            "`eve` is none of",
        ),
        (
            "[[nodes]]\nupload = \"50 MB\"",
            "nodes[1].upload",
            "no rate",
        ),
        (
            "[[one_way]]\nat = \"1s\"\nheal = \"2s\"",
            "one_way[1]",
            "names nobody",
        ),
        (
            "[[one_way]]\nat = \"2s\"\nheal = \"1s\"\nto = [\"bob\"]",
            "one_way[1].heal",
            "not later",
        ),
        (
            "[[clogs]]\nat = \"1s\"\nheal = \"2s\"\nto = [\"eve\"]",
            "clogs[1].to[1]",
            "`eve` is none of",
        ),
        (
            "[[slowdowns]]\nmember = \"bob\"\nat = \"1s\"\nheal = \"2s\"",
            "slowdowns[1].by",
            "is missing",
        ),
        (
            "[[full_disks]]\nmember = \"bob\"\nat = \"1s\"\nheal = \"2s\"\nby = \"1s\"",
            "full_disks[1].by",
            "slowdowns",
        ),
        (
            "[[clocks]]\nwho = \"bob\"\ndrift = -1.0",
            "clocks[1].drift",
            "-0.9",
        ),
        (
            "[[downtimes]]\nmember = \"bob\"\nshare = 0.5\ncycle = \"1s\"",
            "downtimes[1].share",
            "network.heal",
        ),
        (
            "[[downtimes]]\nmember = \"bob\"\nat = \"1s\"",
            "downtimes[1]",
            "`at` and `back`",
        ),
        ("[limits]\nmemory = 0", "limits.memory", "some memory"),
    ];
    for (fault, field, problem) in cases {
        let (_, named, said) = wrong("loss = 0.25", &format!("loss = 0.25\n{fault}"));
        assert_eq!(named, field, "{fault} gave {said}");
        assert!(said.contains(problem), "{fault} gave {said}");
    }
}

#[test]
fn a_bad_scenario_names_line_and_field() {
    let cases = [
        // Not TOML at all, or not the right shape.
        ("[bank]", "[bank", 6, "file"),
        ("loss = 0.25", "loss = \"much\"", 10, "network.loss"),
        ("loss = 0.25", "lost = 0.25", 10, "network.lost"),
        (
            "algorithm = \"bank\"",
            "algorithm = \"bonk\"",
            3,
            "algorithm",
        ),
        ("amount = 10", "amount = -10", 16, "operations[1].amount"),
        ("amount = 10", "sum = 10", 16, "operations[1].sum"),
        (
            "members = [\"alice\", \"bob\", \"carol\", \"dave\"]",
            "members = true",
            4,
            "members",
        ),
        ("name = \"small\"", "", 1, "file"),
        // The right shape without a meaning.
        ("loss = 0.25", "loss = 1.25", 10, "network.loss"),
        ("loss = 0.25", "loss = nan", 10, "network.loss"),
        ("loss = 0.25", "tick = \"1 hour\"", 10, "network.tick"),
        (
            "loss = 0.25",
            "latency = { min = \"3ms\", max = \"2ms\" }",
            10,
            "network.latency",
        ),
        (
            "who = \"alice\"",
            "who = \"mallory\"",
            13,
            "operations[1].who",
        ),
        ("to = \"bob\"", "", 12, "operations[1].to"),
        (
            "what = \"transfer\"",
            "what = \"steal\"",
            14,
            "operations[1].what",
        ),
        (
            "what = \"transfer\"",
            "what = \"add\"",
            15,
            "operations[1].to",
        ),
        (
            "what = \"transfer\"\nto = \"bob\"\namount = 10",
            "what = \"add\"\nitem = \"milk\"",
            14,
            "operations[1].what",
        ),
        ("\"bob\", ", "\"alice\", ", 4, "members[2]"),
        ("balance = 100", "balance = 9223372036854775807", 6, "bank"),
        (
            "balance = 100",
            "issuers = { eve = 1 }",
            7,
            "bank.issuers.eve",
        ),
        (
            "name = \"small\"",
            "name = \"small\"\nrules = \"none\"",
            3,
            "rules",
        ),
        (
            "name = \"small\"",
            "name = \"small\"\noperations_file = \"x.csv\"",
            3,
            "operations_file",
        ),
        (
            "name = \"small\"",
            "name = \"small\"\nadversaries = [{ who = \"bob\", kind = \"rude\" }]",
            3,
            "adversaries[1].kind",
        ),
    ];
    for (from, to, line, field) in cases {
        let (at, named, problem) = wrong(from, to);
        assert_eq!((at, named.as_str()), (line, field), "{to:?} gave {problem}");
        assert!(!problem.is_empty());
    }
}

#[test]
fn a_name_cannot_leave_the_output_directory() {
    for bad in ["../../x", "a/b", "..", "", "a\\\\b", "a b"] {
        let (line, field, _) = wrong("name = \"small\"", &format!("name = \"{bad}\""));
        assert_eq!((line, field.as_str()), (2, "name"), "{bad:?}");
        let (line, field, _) = wrong("\"dave\"", &format!("\"{bad}\""));
        assert_eq!((line, field.as_str()), (4, "members[4]"), "{bad:?}");
    }
}

#[test]
fn both_formats_say_the_same() {
    let csv = "who,what,to,amount,at,note\nalice, transfer, bob, 5,,\n\n# a comment\nbob,issue,\"carol\",7,250ms,salary\n";
    let json = "{\"who\":\"alice\",\"what\":\"transfer\",\"to\":\"bob\",\"amount\":5}\n\n\n\
                {\"who\":\"bob\",\"what\":\"issue\",\"to\":\"carol\",\"amount\":7,\"at\":\"250ms\",\"note\":\"salary\"}";
    let mut csv = operations::parse(csv.as_bytes(), Format::Csv).expect("good CSV");
    let json = operations::parse(json.as_bytes(), Format::JsonLines).expect("good JSON lines");
    assert_eq!(csv.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 5]);
    assert_eq!(json.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 4]);
    assert_eq!(
        csv[1].what,
        What::Issue {
            to: "carol".to_owned(),
            amount: 7
        }
    );
    for (row, other) in csv.iter_mut().zip(&json) {
        row.line = other.line;
    }
    assert_eq!(csv, json);
}

#[test]
fn a_bad_row_names_line_and_field() {
    let cases: [(&[u8], usize, &str); 14] = [
        (b"", 1, "header"),
        (b"who,to\n", 1, "header"),
        (b"who,what,sum\n", 1, "header"),
        (b"who,what,who\n", 1, "header"),
        (
            b"who,what,to,amount\nalice,transfer,bob,5\nalice,transfer,bob,much\n",
            3,
            "amount",
        ),
        (b"who,what,to,amount\nalice,transfer,bob,-5\n", 2, "amount"),
        (
            b"who,what,to,amount\nalice,transfer,bob,18446744073709551616\n",
            2,
            "amount",
        ),
        (b"who,what,to,amount\nalice,transfer,bob\n", 2, "amount"),
        (b"who,what,to,amount\n,transfer,bob,5\n", 2, "who"),
        (b"who,what,to,amount\nalice,transfer,,5\n", 2, "to"),
        (b"who,what,to,amount\nalice,steal,bob,5\n", 2, "what"),
        (b"who,what,to,amount\nalice,transfer,bob,5,6\n", 2, "row"),
        (b"who,what,item\nalice,add,\xff\n", 2, "item"),
        (b"who,what,item,at\nalice,add,milk,soon\n", 2, "at"),
    ];
    for (bytes, line, field) in cases {
        let error = operations::parse(bytes, Format::Csv).expect_err("bad CSV");
        assert_eq!((error.line, error.field.as_str()), (line, field), "{error}");
    }
    let cases: [(&[u8], usize, &str); 7] = [
        (b"\n{\"who\":\"alice\"", 2, "row"),
        (b"\n[]", 2, "row"),
        (b"{\"who\":\"alice\",\"what\":\"add\",\"size\":1}", 1, "row"),
        (
            b"{\"who\":\"alice\",\"what\":\"transfer\",\"to\":\"bob\",\"amount\":\"5\"}",
            1,
            "amount",
        ),
        (
            b"{\"who\":\"alice\",\"what\":\"transfer\",\"to\":\"bob\",\"amount\":-5}",
            1,
            "amount",
        ),
        (
            b"{\"who\":\"alice\",\"what\":\"transfer\",\"to\":\"bob\"}",
            1,
            "amount",
        ),
        (b"{\"what\":\"add\",\"item\":\"milk\"}", 1, "who"),
    ];
    for (bytes, line, field) in cases {
        let error = operations::parse(bytes, Format::JsonLines).expect_err("bad JSON lines");
        assert_eq!((error.line, error.field.as_str()), (line, field), "{error}");
    }
}

/// A stray quote once swallowed the rows behind it: the run went through without them and kept every promise. Nor was
/// what is not UTF-8 refused in a column that nobody reads.
#[test]
fn a_quote_that_is_not_closed_swallows_no_rows() {
    let rows = [
        "pia,transfer,otto,10,\"12\"\" pipe\notto,transfer,nela,20,ok\n",
        "pia,transfer,otto,10,\"lunch\notto,transfer,nela,20,\n",
        "pia,transfer,otto,10,\"lunch\notto,transfer,nela,20,\"late\"\n",
    ];
    for rows in rows {
        let text = format!("who,what,to,amount,note\n{rows}");
        let error = operations::parse(text.as_bytes(), Format::Csv).expect_err(rows);
        assert_eq!((error.line, error.field.as_str()), (2, "note"), "{error}");
        assert!(error.problem.contains("column 22"), "{error}");
    }
    let foreign = b"who,what,to,amount,note\npia,transfer,otto,5,\"CAF\xc9\"\n";
    let error = operations::parse(foreign, Format::Csv).expect_err("not UTF-8");
    assert_eq!((error.line, error.field.as_str()), (2, "note"), "{error}");
}

/// Lines of blanks once were rows with too few fields, and lines that end in a carriage return were not counted.
#[test]
fn rows_stand_on_the_line_that_an_editor_shows() {
    let bad = "pia,transfer,otto,x";
    for end in ["\n", "\r\n", "\r"] {
        for blank in ["", " ", "\t", "\u{c}"] {
            let text = ["who,what,to,amount", blank, bad, ""].join(end);
            let error = operations::parse(text.as_bytes(), Format::Csv).expect_err("a bad row");
            assert_eq!((error.line, error.field.as_str()), (3, "amount"), "{error}");
        }
    }
}

/// Files as spreadsheets and editors write them: a byte order mark in front, everything in quotes, spaces, comments,
/// blank lines, names with commas and quotes. Balances were once split at the last comma, and the command's own file of
/// them was no table if a name had one.
#[test]
fn balances_and_rows_are_read_as_people_write_them() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tables");
    std::fs::create_dir_all(&directory).expect("a directory");
    let write = |name: &str, text: &str| {
        std::fs::write(directory.join(name), text).expect("a file");
    };
    let scenario = |rows: &str, balances: &str| {
        format!(
            "name = \"s\"\nalgorithm = \"bank\"\nmembers = [\"pia\", \"otto\", \"nela\", \"rudi\"]\n\
             operations_file = \"{rows}\"\nexpected_balances = \"{balances}\"\n[bank]\nbalance = 1000\n\
             accounts = {{ \"Adler, Brix & Co\" = 5, 'Quote \"Q\"' = 7 }}\n"
        )
    };
    write(
        "rows.csv",
        "who,what,to,amount\npia,transfer,\"Adler, Brix & Co\",10\nrudi,transfer,\"Quote \"\"Q\"\"\",3\n",
    );
    write(
        "rows.jsonl",
        "\u{feff}{\"who\":\"pia\",\"what\":\"transfer\",\"to\":\"Adler, Brix & Co\",\"amount\":10}\n\
         {\"who\":\"rudi\",\"what\":\"transfer\",\"to\":\"Quote \\\"Q\\\"\",\"amount\":3}\n",
    );
    write(
        "balances.csv",
        "\u{feff}# by hand\n\"account\", balance\n\npia, 990\n\"otto\",\"1000\"\nnela,1000\nrudi,997\n\
         \"Adler, Brix & Co\",15\n\"Quote \"\"Q\"\"\",10\n\n",
    );
    for rows in ["rows.csv", "rows.jsonl"] {
        write(
            "s.toml",
            &format!("\u{feff}{}", scenario(rows, "balances.csv")),
        );
        let input = Input::read(&directory.join("s.toml")).expect("a scenario");
        let outcome = ledger::outcome(&input, 0).expect("balances");
        write("own.csv", &outcome.csv());
        let expected = input.expected().expect("balances");
        write("s.toml", &scenario(rows, "own.csv"));
        let input = Input::read(&directory.join("s.toml")).expect("a scenario");
        assert_eq!(input.expected().expect("its own balances"), expected);
        assert_eq!(expected.map(|balances| balances.len()), Some(6));
    }
}

#[test]
fn a_change_of_members_that_makes_no_sense_names_line_and_field() {
    const BEGIN: &str =
        "name = \"c\"\nalgorithm = \"orswot\"\nmembers = [\"a\", \"b\", \"c\", \"d\"]\n";
    let cases = [
        (
            "joiners = [\"a\"]",
            4,
            "joiners[1]",
            "`a` takes part already",
        ),
        (
            "joiners = [\"x\"]",
            4,
            "joiners[1]",
            "no change lets `x` join",
        ),
        ("joiners = [\"x y\"]", 4, "joiners[1]", ""),
        (
            "[[changes]]\nat = \"1s\"",
            4,
            "changes[1]",
            "a change is one of",
        ),
        (
            "[[changes]]\njoin = \"a\"\nleave = \"b\"",
            4,
            "changes[1]",
            "a change is one of",
        ),
        (
            "[[changes]]\njoin = \"x\"",
            5,
            "changes[1].join",
            "`x` is none of a, b, c, d",
        ),
        (
            "[[changes]]\nleave = \"a\"\nat = \"soon\"",
            6,
            "changes[1].at",
            "",
        ),
        (
            "[[changes]]\nleave = \"a\"\napproved_by = [\"x\"]",
            6,
            "changes[1].approved_by[1]",
            "`x` is none of",
        ),
        (
            "[[changes]]\nleave = \"a\"\n[[adversaries]]\nwho = \"a\"\nkind = \"silent\"",
            5,
            "changes[1].leave",
            "`a` is an adversary",
        ),
        (
            "[[changes]]\nexpel = \"a\"\nwhy = \"so\"",
            6,
            "changes[1].why",
            "unknown field",
        ),
    ];
    for (text, line, field, problem) in cases {
        let error = scenario::parse(&format!("{BEGIN}{text}\n")).expect_err(text);
        assert_eq!(
            (error.line, error.field.as_str()),
            (line, field),
            "{text}: {error}"
        );
        assert!(error.problem.contains(problem), "{text}: {error}");
    }
    let draw = |algorithm: &str, changes: u64| {
        let draw = format!(
            "members = [4]\nadversaries = []\noperations = 1\nfaults_until = \"1s\"\nchanges = {changes}"
        );
        let money = if algorithm == "bank" {
            "[bank]\nbalance = 1\n"
        } else {
            ""
        };
        let text = format!("name = \"c\"\nalgorithm = \"{algorithm}\"\n{money}[draw]\n{draw}\n");
        scenario::parse(&text).map_err(|error| error.field)
    };
    assert!(draw("orswot", 20).is_ok());
    for (algorithm, changes) in [("orswot", 21), ("bank", 1)] {
        assert_eq!(
            draw(algorithm, changes).expect_err(algorithm),
            "draw.changes"
        );
    }
    let good = "joiners = [\"x\"]\n[[changes]]\njoin = \"x\"\nat = \"1s\"\napproved_by = [\"a\", \"b\", \"c\"]\n";
    let scenario = scenario::parse(&format!("{BEGIN}{good}")).expect("it is good");
    assert_eq!(scenario.changes.len(), 1);
    assert_eq!(scenario.people(), ["a", "b", "c", "d", "x"]);
}

/// Once a panic, with exit code 101. A pipe that somebody has closed is no error: they have read enough.
#[cfg(target_os = "linux")]
#[test]
fn standard_output_that_is_full_is_an_error() {
    let full = std::fs::File::create("/dev/full").expect("there on every Linux");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bft-crdts"));
    command.args(["ledger", "generate", "--rows", "10"]);
    let ran = command.stdout(full).output().expect("it runs");
    assert_eq!(ran.status.code(), Some(2));
    let error = String::from_utf8_lossy(&ran.stderr);
    assert!(error.starts_with("error: standard output"), "{error}");
}

/// A campaign of no seeds once kept every promise.
#[test]
fn a_campaign_of_no_seeds_is_refused() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bft-crdts"));
    let ran = command.args(["sweep", "--seeds", "0"]).output();
    assert_eq!(ran.expect("it runs").status.code(), Some(2));
}
