//! A run of twenty thousand messages has a page that is no slower to use.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bft_crdts::net::details::{Details, Entry};
use bft_crdts::net::page::Page;
use bft_crdts::net::trace::{PacketOutcome, Trace, TraceEvent, TraceKind, TraceNode};
use bft_crdts::net::{NodeId, VirtualTime};
use serde_json::json;

use crate::browser::{Browser, LAPTOP, key};
use crate::{SKIPPED, assert_quiet};

const NODES: u16 = 20;
const ROUNDS: u64 = 1_053;

/// Each round one node tells all others something, and each of them takes it in: 20,007 messages.
fn rumours() -> (Trace, Details) {
    let node = |number: u16| TraceNode {
        name: format!("peer {number}"),
        role: "peer".to_owned(),
        correct: true,
    };
    let (mut trace, mut details) = (Trace::default(), Details::default());
    trace.title = "twenty thousand rumours".to_owned();
    trace.nodes = (0..NODES).map(node).collect();
    let mut message = 0;
    for round in 0..ROUNDS {
        let source = (round % u64::from(NODES)) as u16;
        let topic = details.topic(format!("rumour {round}"), format!("told by peer {source}"));
        let mut push = |at: u64, step: u64, kind: TraceKind| {
            let at = VirtualTime::from_micros(round * 10_000 + at);
            let step = round * 100 + step;
            trace.events.push(TraceEvent { at, step, kind });
            trace.events.len()
        };
        let place = push(
            0,
            0,
            TraceKind::Local {
                node: NodeId::new(source),
                label: format!("tell rumour {round}"),
            },
        );
        details.events.insert(place - 1, topic);
        let others: Vec<u16> = (0..NODES).filter(|other| *other != source).collect();
        for (number, other) in (message..).zip(&others) {
            push(
                0,
                0,
                TraceKind::Sent {
                    message: number,
                    from: NodeId::new(source),
                    to: NodeId::new(*other),
                    kind: "push",
                    label: format!("rumour {round}"),
                    bytes: 64,
                    duplicate: false,
                },
            );
            details.about(number, &[topic]);
            details.says(
                number,
                [format!("rumour: {round}"), format!("from: peer {source}")],
            );
        }
        for (step, other) in (1..).zip(&others) {
            let number = message + step - 1;
            push(
                step * 400,
                step,
                TraceKind::Arrived {
                    message: number,
                    outcome: PacketOutcome::Accepted,
                },
            );
            let place = push(
                step * 400,
                step,
                TraceKind::Delivered {
                    node: NodeId::new(*other),
                    label: format!("rumour {round}"),
                },
            );
            details.events.insert(place - 1, topic);
            details.state(
                place,
                NodeId::new(*other),
                [Entry::new("known", "rumours", round.to_string())],
            );
        }
        message += others.len() as u64;
    }
    (trace, details)
}

#[test]
fn twenty_thousand_messages_can_be_looked_at() {
    let (trace, details) = rumours();
    let html = Page::new(&trace).details(&details).render();
    // Some fifty bytes a message, with its delivery, content and state.
    assert!(html.len() < 3_000_000, "{} bytes", html.len());
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("large.html");
    fs::write(&file, html).expect("a file");
    let Some(browser) = Browser::start(SKIPPED) else {
        return;
    };
    browser.open(&file, LAPTOP);
    assert_eq!(browser.shown("count"), "all 20,007 messages");
    // Only what is in view is drawn: what a frame costs does not grow with the run.
    let drawn = "let count = 0; const pen = document.getElementById('canvas').getContext('2d'), own = pen.stroke.bind(pen); \
                 pen.stroke = (...all) => { count += 1; own(...all); }; shown.chart.draw(); delete pen.stroke; return count";
    let strokes = browser.number(drawn);
    assert!(strokes > 20.0 && strokes < 2_000.0, "{strokes} strokes");
    assert!(browser.number("return document.querySelectorAll('*').length") < 3_000.0);
    // Every lane has its whole name at its head, however narrow it is.
    let written = "const texts = new Set(), pen = document.getElementById('canvas').getContext('2d'), own = pen.fillText.bind(pen); \
                   pen.fillText = (text, ...all) => { texts.add(text); own(text, ...all); }; shown.chart.draw(); delete pen.fillText; \
                   return shown.run.nodes.filter((node) => !texts.has(node.name)).length";
    assert_eq!(browser.number(written), 0.0);
    // The last step is in view when one goes there, and a message down there can be clicked.
    browser.run("document.getElementById('scroll').focus()");
    browser.press(&[key::HOME, key::END]);
    assert!(browser.number("return document.getElementById('scroll').scrollTop") > 10_000.0);
    // The first of the last round: the others are longer than the window is high.
    let last = browser.run("return shown.run.messages.count - 19");
    let at = browser.run(&format!(
        "shown.chart.showMessage({last}); const box = document.getElementById('canvas').getBoundingClientRect(), at = shown.chart.pointOf({last}); return [box.left + at.x, box.top + at.y]"
    ));
    browser.settle();
    browser.click_at(at[0].as_f64().expect("x"), at[1].as_f64().expect("y"));
    assert_eq!(
        browser
            .run("return shown.view.selected && shown.run.messages.label(shown.view.selected.row)"),
        json!(format!("rumour {}", ROUNDS - 1))
    );
    assert!(browser.shown("content").contains("rumour: 1052"));
    browser.press(&["2"]);
    assert!(browser.shown("panels").contains("1052"));
    browser.picture("large");
    assert_quiet(&browser);
}

/// Prints what a page of twenty thousand messages costs; docs/report.md has the figures.
#[test]
#[ignore = "measures: cargo test -p bft-crdts-cli --test page -- --ignored --nocapture"]
fn what_a_large_page_costs() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    fs::create_dir_all(&directory).expect("a directory");
    let scenario = directory.join("large.toml");
    fs::write(&scenario, SCENARIO).expect("a scenario");
    let page: PathBuf = directory.join("large.html");
    let run = Command::new(env!("CARGO_BIN_EXE_bft-crdts"))
        .args([
            "run".as_ref(),
            scenario.as_os_str(),
            "--report".as_ref(),
            page.as_os_str(),
            "--out".as_ref(),
            directory.as_os_str(),
        ])
        .output()
        .expect("the command runs");
    assert!(run.status.success());
    println!("{} kB", fs::metadata(&page).expect("a page").len() / 1000);
    let Some(browser) = Browser::start(SKIPPED) else {
        return;
    };
    for look in [LAPTOP, crate::browser::PHONE] {
        browser.open(&page, look);
        let paint = "return performance.getEntriesByName('drawn')[0].startTime";
        let median = |body: &str| {
            browser.number(&format!(
            "const spent = []; for (let turn = 0; turn < 21; turn++) {{ const begin = performance.now(); {body}; spent.push(performance.now() - begin); }} return spent.sort((a, b) => a - b)[10]"
        ))
        };
        println!(
            "{} messages, {} px wide: drawn after {:.0} ms; read {:.1} ms, frame {:.1} ms, what a message led to {:.1} ms, filter and layout {:.1} ms",
            browser.number("return shown.run.messages.count"),
            look.wide,
            browser.number(paint),
            median("read(document.getElementById('data').textContent)"),
            median(
                "document.getElementById('scroll').scrollTop = turn * 9000 + 500; shown.chart.draw()"
            ),
            median("story(shown.run, { type: 'message', row: 500 + turn * 900 })"),
            median("shown.chart.layout()"),
        );
    }
}

const SCENARIO: &str = r#"
name = "large"
description = "Ten members and eight hundred payments, with loss, a villain, a partition and a crash."
algorithm = "bank"
members = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy"]
seed = 1
[bank]
balance = 1000
[network]
latency = { min = "20ms", max = "120ms" }
loss = 0.03
duplicate = 0.01
reorder = 0.02
heal = "20s"
[[adversaries]]
who = "judy"
kind = "equivocator"
[[partitions]]
at = "4s"
heal = "6s"
groups = [["alice", "bob", "carol"]]
[[crashes]]
member = "dave"
at = "8s"
restart = "10s"
[generator]
operations = 800
every = "20ms"
max_amount = 50
"#;
