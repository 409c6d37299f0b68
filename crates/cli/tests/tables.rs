//! Files of rows as people and their programs write them, against a parser that shares no code with the command's: all rows
//! are read as they stand there, or the file is refused, with line and column.
//!
//! `BFT_CRDTS_FILES=1000 cargo test -p bft-crdts-cli --test tables` reads a thousand files of each kind.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use bft_crdts::net::{Stream, Streams};
use bft_crdts_cli::operations::{Amounts, Format, Layout, Row, What, parse_as};

/// How many files of each kind.
fn files() -> u64 {
    let asked = env::var("BFT_CRDTS_FILES").ok();
    asked.and_then(|files| files.parse().ok()).unwrap_or(100)
}

/// What may stand in a row: payer, payee, units, id.
type Payment = (String, String, u64, String);

/// The kinds of files.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Quotes that are needed, not needed, or not closed.
    Quotes,
    /// Lines that are blank, or comments, and ends of lines of all kinds.
    Lines,
    /// Amounts with too many or too few decimals, signs, separators of thousands.
    Amounts,
    /// Other columns, in another order, behind a preamble.
    Export,
    /// Rows that were exported twice.
    Ids,
    /// Bytes that are not UTF-8.
    Bytes,
}

const KINDS: [Kind; 6] = [
    Kind::Quotes,
    Kind::Lines,
    Kind::Amounts,
    Kind::Export,
    Kind::Ids,
    Kind::Bytes,
];

/// A file, and how it is laid out.
struct Made {
    bytes: Vec<u8>,
    layout: Layout,
}

fn payee(stream: &mut Stream, kind: Kind, delimiter: char) -> String {
    let names = ["bob", "carol", "Caf\u{e9} M\u{fc}ller", "dave 2", "o'neill"];
    let name = (*stream.pick(&names).unwrap()).to_owned();
    match (kind, stream.below(4)) {
        (Kind::Quotes, 0) => format!("{name}{delimiter} & Co"),
        (Kind::Quotes, 1) => format!("{name} \"Q\""),
        _ => name,
    }
}

/// A cell as some program writes it.
fn cell(stream: &mut Stream, kind: Kind, text: &str, delimiter: char) -> String {
    let needed = text.contains(delimiter) || text.starts_with('"') || text.contains('"');
    let quoted = format!("\"{}\"", text.replace('"', "\"\""));
    match kind {
        Kind::Quotes => match stream.below(40) {
            0 => format!("\"{text}"),
            1 => format!("{text}\""),
            2..10 => quoted,
            _ if needed => quoted,
            _ => text.to_owned(),
        },
        _ if needed => quoted,
        Kind::Lines if stream.below(4) == 0 => format!(" {text} "),
        _ => text.to_owned(),
    }
}

fn amount(stream: &mut Stream, kind: Kind, amounts: Amounts) -> String {
    let units = match stream.below(10) {
        0 => 0,
        1 => u64::MAX - stream.below(200),
        _ => stream.below(100_000),
    };
    let shown = amounts.show(u128::from(units));
    match (kind, stream.below(30)) {
        (Kind::Amounts, 0) => format!("{shown}0"),
        (Kind::Amounts, 1) => format!("-{shown}"),
        (Kind::Amounts, 2) => format!("1.234.567{}00", amounts.point),
        (Kind::Amounts, 3) => String::new(),
        (Kind::Amounts, 4) => format!("{shown}e2"),
        (Kind::Amounts, 5) => format!("{}.", units / 100),
        (Kind::Amounts, 6..12) => (units / 1_000_000).to_string(),
        _ => shown,
    }
}

fn made(kind: Kind, seed: u64) -> Made {
    let mut stream = Streams::new(seed).of("tables");
    let stream = &mut stream;
    let mut layout = Layout::default();
    if matches!(kind, Kind::Export | Kind::Quotes | Kind::Amounts) {
        layout.delimiter = *stream.pick(b",;\t|").unwrap();
    }
    let delimiter = char::from(layout.delimiter);
    if matches!(kind, Kind::Export | Kind::Amounts) {
        layout.amounts.scale = stream.below(4) as u32;
        if delimiter != ',' && stream.below(2) == 0 {
            layout.amounts.point = ',';
        }
    }
    let mut fields = vec!["who", "what", "to", "amount", "id"];
    let mut header: Vec<String> = fields.iter().map(ToString::to_string).collect();
    if matches!(kind, Kind::Export) {
        fields = vec!["id", "balance", "who", "amount", "to"];
        stream.shuffle(&mut fields);
        let called = |field: &&str| match *field {
            "who" => "From".to_owned(),
            "to" => "Payee / Purpose".to_owned(),
            "amount" => "Betrag".to_owned(),
            "id" => "Reference".to_owned(),
            other => other.to_uppercase(),
        };
        header = fields.iter().map(called).collect();
        for (field, column) in fields.iter().zip(&header) {
            if *field != "balance" {
                layout.columns.insert((*field).to_owned(), column.clone());
            }
        }
        layout.skip = stream.below(4) as usize;
    }
    let ends = ["\n", "\r\n", "\r"];
    let end = match kind {
        Kind::Lines => *stream.pick(&ends).unwrap(),
        _ => ends[stream.index(2)],
    };
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for number in 0..layout.skip {
        lines.push(format!("Account statement {number}\"{delimiter}").into_bytes());
    }
    lines.push(header.join(&delimiter.to_string()).into_bytes());
    for number in 0..1 + stream.below(20) {
        if matches!(kind, Kind::Lines) {
            match stream.below(5) {
                0 => lines.push(b" \t".to_vec()),
                1 => lines.push(b"# a comment, \"open".to_vec()),
                2 => lines.push(Vec::new()),
                _ => {}
            }
        }
        let id = match kind {
            Kind::Ids if stream.below(40) == 0 => "7".to_owned(),
            Kind::Ids if stream.below(4) == 0 => String::new(),
            _ => (100 + number).to_string(),
        };
        let cells = fields.iter().map(|field| match *field {
            "who" => ["alice", "bob"][stream.index(2)].to_owned(),
            "what" => "transfer".to_owned(),
            "to" => {
                let payee = payee(stream, kind, delimiter);
                cell(stream, kind, &payee, delimiter)
            }
            "amount" => {
                let amount = amount(stream, kind, layout.amounts);
                cell(stream, kind, &amount, delimiter)
            }
            "id" => id.clone(),
            _ => "99".to_owned(),
        });
        let cells: Vec<String> = cells.collect();
        let mut line = cells.join(&delimiter.to_string()).into_bytes();
        if matches!(kind, Kind::Bytes) && stream.below(15) == 0 {
            let place = stream.index(line.len());
            line[place] = 0xe9;
        }
        lines.push(line);
    }
    let mut bytes = lines.join(end.as_bytes());
    if stream.below(2) == 0 {
        bytes.extend(end.as_bytes());
    }
    Made { bytes, layout }
}

/// The independent parser: one pass over the characters, one state. What a file says, or the line where it says nothing.
fn independent(made: &Made) -> Result<Vec<Payment>, usize> {
    let Made { bytes, layout } = made;
    let raw: Vec<Vec<u8>> = {
        let mut lines = vec![Vec::new()];
        let mut rest = bytes.iter().copied().peekable();
        while let Some(byte) = rest.next() {
            match byte {
                b'\r' => {
                    rest.next_if_eq(&b'\n');
                    lines.push(Vec::new());
                }
                b'\n' => lines.push(Vec::new()),
                byte => lines.last_mut().unwrap().push(byte),
            }
        }
        lines
    };
    let delimiter = char::from(layout.delimiter);
    let mut header: Option<Vec<String>> = None;
    let mut payments: Vec<Payment> = Vec::new();
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    for (place, line) in raw.iter().enumerate().skip(layout.skip) {
        let number = place + 1;
        let line = str::from_utf8(line).map_err(|_| number)?;
        if line.chars().all(char::is_whitespace) || line.starts_with('#') {
            continue;
        }
        let mut cells = vec![String::new()];
        let (mut open, mut fresh) = (false, true);
        let mut letters = line.chars().peekable();
        while let Some(letter) = letters.next() {
            let cell = cells.last_mut().unwrap();
            match letter {
                '"' if open => match letters.next_if_eq(&'"') {
                    Some(_) => cell.push('"'),
                    None => open = false,
                },
                '"' if fresh => (open, fresh) = (true, false),
                letter if letter == delimiter && !open => {
                    cells.push(String::new());
                    fresh = true;
                }
                letter => {
                    cell.push(letter);
                    fresh = false;
                }
            }
        }
        if open {
            return Err(number);
        }
        let cells: Vec<String> = cells.iter().map(|cell| cell.trim().to_owned()).collect();
        let Some(header) = &header else {
            header = Some(cells);
            continue;
        };
        if cells.len() > header.len() {
            return Err(number);
        }
        let field = |field: &str| {
            let column = layout.columns.get(field).map_or(field, String::as_str);
            let place = header.iter().position(|name| name == column);
            place
                .and_then(|place| cells.get(place))
                .cloned()
                .unwrap_or_default()
        };
        let units = decimal(&field("amount"), layout.amounts).ok_or(number)?;
        let (who, to, id) = (field("who"), field("to"), field("id"));
        // What moves the cursor is no name.
        if who.is_empty() || to.is_empty() || to.chars().any(char::is_control) {
            return Err(number);
        }
        if !id.is_empty() {
            let before = ids.insert(id.clone(), number);
            if before.is_some() {
                return Err(number);
            }
        }
        payments.push((who, to, units, id));
    }
    Ok(payments)
}

/// Digit by digit, with so many behind the point.
fn decimal(text: &str, amounts: Amounts) -> Option<u64> {
    let (mut units, mut behind, mut point) = (0_u128, 0, false);
    if text.is_empty() {
        return None;
    }
    for letter in text.chars() {
        match letter.to_digit(10) {
            Some(digit) if letter.is_ascii() => {
                units = units.checked_mul(10)?.checked_add(u128::from(digit))?;
                behind += u32::from(point);
            }
            _ if letter == amounts.point && !point && amounts.scale > 0 => point = true,
            _ => return None,
        }
    }
    if behind > amounts.scale || point && behind == 0 || text.starts_with(amounts.point) {
        return None;
    }
    let units = units.checked_mul(10_u128.pow(amounts.scale - behind))?;
    u64::try_from(units).ok()
}

fn payment(row: &Row) -> Payment {
    let What::Transfer { to, amount } = &row.what else {
        panic!("{row:?}");
    };
    let id = row.id.clone().unwrap_or_default();
    (row.who.clone(), to.clone(), *amount, id)
}

#[test]
fn every_file_is_read_to_the_last_row_or_refused_with_line_and_column() {
    for kind in KINDS {
        let (mut read, mut refused) = (0, 0);
        for seed in 0..files() {
            let made = made(kind, seed);
            let text = String::from_utf8_lossy(&made.bytes).into_owned();
            let rows = parse_as(&made.bytes, Format::Csv, &made.layout);
            match (rows, independent(&made)) {
                (Ok(rows), Ok(expected)) => {
                    let rows: Vec<Payment> = rows.iter().map(payment).collect();
                    assert_eq!(rows, expected, "{kind:?}, seed {seed}:\n{text}");
                    read += 1;
                }
                (Err(error), Err(line)) => {
                    // What is refused first may be another thing wrong with an earlier or the same line: ids are compared
                    // when all rows are read.
                    assert!(
                        error.line >= line,
                        "{kind:?}, seed {seed}: {error}, {line}:\n{text}"
                    );
                    assert!(
                        error.line == line || !error.field.starts_with("id"),
                        "{error}"
                    );
                    assert!(!error.field.is_empty(), "{error}");
                    refused += 1;
                }
                (rows, expected) => {
                    panic!("{kind:?}, seed {seed}: {rows:?} against {expected:?}:\n{text}")
                }
            }
        }
        println!("{kind:?}: {read} read, {refused} refused");
        assert!(read > 0, "{kind:?}: no file was read");
        let may_refuse = !matches!(kind, Kind::Lines | Kind::Export);
        assert!(!may_refuse || refused > 0, "{kind:?}: no file was refused");
    }
}

fn bft_crdts(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_bft-crdts"))
        .args(arguments)
        .output()
        .expect("the command runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

const EXPORT: &str = "Konto 12345;;;;\n\nDatum;Referenz;Von;An;Betrag;Saldo\n\
    2026-01-03;R1;anna;Caf\u{e9} M\u{fc}ller;6,99;93,01\n\
    2026-01-04;R2;anna;ben;12,5;80,51\n\
    2026-01-05;R3;ben;\"Adler; Brix & Co\";200;\n\
    2026-01-06;R4;ben;anna;1000,00;\n";

const SCENARIO: &str = r#"
name = "export"
algorithm = "bank"
signatures = "simulated"
members = ["anna", "ben", "carl", "dora"]
operations_file = "export.csv"
delimiter = ";"
decimal = ","
scale = 2
skip = 2
expected_balances = "expected.csv"

[columns]
id = "Referenz"
who = "Von"
to = "An"
amount = "Betrag"

[bank]
balance = 10000
accounts = { ben = 30000, "Caf\u00e9 M\u00fcller" = 0, "Adler; Brix & Co" = 0 }
"#;

/// Somebody's own export, as a bank's web site gives it, is a ledger; what comes out has the same decimals.
#[test]
fn an_export_is_a_ledger() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("export");
    fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a file");
    let path = |name: &str| folder.join(name).display().to_string();
    write("export.csv", EXPORT);
    write("s.toml", SCENARIO);
    let balances = "account,balance\nAdler; Brix & Co,200.00\nCaf\u{e9} M\u{fc}ller,6.99\nanna,80.51\n\
                    ben,112.50\ncarl,100.00\ndora,100.00\n";
    write("expected.csv", balances);
    let (_, told, _) = bft_crdts(&["ledger", "balances", &path("s.toml")]);
    assert_eq!(told, balances);

    let (code, told, why) = bft_crdts(&["run", &path("s.toml"), "--out", &path("out")]);
    assert_eq!(code, Some(0), "{told}{why}");
    let total = told
        .lines()
        .find(|line| line.contains(" total "))
        .expect("a total");
    assert_eq!(total.matches("600.00").count(), 2, "{told}");
    assert!(told.contains("transfer 1000.00 to anna"), "{told}");
    let read = |name: &str| fs::read_to_string(folder.join("out").join(name)).expect(name);
    let mut lines: Vec<String> = read("export.balances.csv")
        .lines()
        .map(str::to_owned)
        .collect();
    lines[1..].sort();
    assert_eq!(lines.join("\n") + "\n", balances);
    let statements = read("export.statements.csv");
    let anna: Vec<&str> = statements
        .lines()
        .filter(|line| line.starts_with("anna"))
        .collect();
    assert_eq!(
        anna,
        [
            "anna,,,,before,,,,100.00",
            "anna,1,4,R1,transfer,Caf\u{e9} M\u{fc}ller,,6.99,93.01",
            "anna,2,5,R2,transfer,ben,,12.50,80.51",
            "anna,,,,now,,,,80.51",
        ],
        "{statements}"
    );

    // The same export imported twice: nobody pays twice.
    let rows = EXPORT.lines().skip(3).collect::<Vec<_>>().join("\n");
    write("export.csv", &format!("{EXPORT}{rows}\n"));
    let (code, _, why) = bft_crdts(&["run", &path("s.toml"), "--out", &path("out")]);
    assert_eq!(code, Some(2));
    assert!(
        why.contains("export.csv:8: id (`Referenz`): `R1` is the row of line 4"),
        "{why}"
    );
    // What is wrong is named as it is called there.
    write("export.csv", &EXPORT.replace("12,5;", "12.50;"));
    let (code, _, why) = bft_crdts(&["run", &path("s.toml"), "--out", &path("out")]);
    assert_eq!(code, Some(2));
    assert!(
        why.contains("export.csv:5: amount (`Betrag`): `12.50` is no amount"),
        "{why}"
    );
    write("export.csv", &EXPORT.replace("Betrag", "Summe"));
    let (_, _, why) = bft_crdts(&["run", &path("s.toml"), "--out", &path("out")]);
    assert!(
        why.contains("export.csv:3: header: column `Betrag` is missing"),
        "{why}"
    );
}

#[test]
fn a_layout_that_makes_no_sense_is_refused() {
    for (from, to, field) in [
        ("scale = 2", "scale = 19", "scale"),
        ("delimiter = \";\"", "delimiter = \"x\"", "delimiter"),
        ("delimiter = \";\"", "delimiter = \",\"", "decimal"),
        ("skip = 2", "skip = 1001", "skip"),
        (
            "id = \"Referenz\"",
            "reference = \"Referenz\"",
            "columns.reference",
        ),
        ("to = \"An\"", "to = \"Von\"", "columns."),
        ("who = \"Von\"\n", "", "columns"),
        ("operations_file = \"export.csv\"\n", "", "delimiter"),
        ("export.csv", "export.jsonl", "delimiter"),
    ] {
        let text = SCENARIO.replace(from, to);
        let error = bft_crdts_cli::scenario::parse(&text).expect_err(to);
        assert!(error.field.starts_with(field), "{to}: {error}");
    }
}
