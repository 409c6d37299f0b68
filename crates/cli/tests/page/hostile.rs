//! What an enemy can write into a run is text on the page, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use bft_crdts::net::details::{Details, Entry};
use bft_crdts::net::page::{Finding, Page};
use bft_crdts::net::trace::{PacketOutcome, Trace, TraceEvent, TraceKind, TraceNode};
use bft_crdts::net::{NodeId, VirtualTime};
use serde_json::json;

use crate::browser::{Browser, LAPTOP};
use crate::{SKIPPED, assert_quiet};

const NASTY: [&str; 10] = [
    "<img src=x onerror=pwned=1>",
    "</script><script>pwned=1</script>",
    "<!--<script>",
    "]]>\"'`${pwned=1}",
    "&lt;b&gt;&amp;",
    "\u{202e}evil\u{0}\u{7}\u{2028}",
    "javascript:pwned=1",
    "{{script}}{{data}}",
    "__proto__",
    "\u{1f600}日本\u{feff}",
];

/// A trace in which every text is hostile, and which is not even consistent: messages arrive twice, or were never sent,
/// come from nobody, at times that go back.
fn trace() -> Trace {
    let nasty = |place: usize| NASTY[place % NASTY.len()].to_owned();
    let nodes = (0..NASTY.len()).map(|place| TraceNode {
        name: nasty(place),
        role: nasty(place + 1),
        correct: place % 3 > 0,
    });
    let mut events = Vec::new();
    for place in 0..200_usize {
        let node = |offset: usize| NodeId::new(((place * 7 + offset) % 12) as u16);
        let number = (place as u64 * 13) % 90;
        let kind = match place % 10 {
            0..=2 => TraceKind::Sent {
                message: number,
                from: node(0),
                to: node(3),
                kind: ["<b>", "__proto__", "echo"][place % 3],
                label: nasty(place),
                bytes: u32::MAX,
                duplicate: place % 4 == 0,
            },
            3 => TraceKind::Arrived {
                message: number.saturating_sub(26),
                outcome: PacketOutcome::Rejected(nasty(place)),
            },
            4 => TraceKind::Arrived {
                message: number.saturating_sub(39),
                outcome: PacketOutcome::Accepted,
            },
            5 => TraceKind::Lost {
                message: number,
                reason: nasty(place),
            },
            6 => TraceKind::Delivered {
                node: node(1),
                label: nasty(place / 10),
            },
            7 => TraceKind::Note {
                node: node(1),
                label: nasty(place / 10),
            },
            8 => TraceKind::Local {
                node: node(1),
                label: nasty(place / 10),
            },
            _ => TraceKind::Band {
                label: nasty(place / 10),
            },
        };
        let at = match place {
            100 => u64::MAX,
            place => place as u64 * 1_000_003 % 777_777_777,
        };
        events.push(TraceEvent {
            at: VirtualTime::from_nanos(at),
            step: place as u64 / 2,
            kind,
        });
    }
    Trace {
        title: nasty(1),
        scenario: nasty(0),
        seed: u64::MAX,
        nodes: nodes.collect(),
        events,
    }
}

fn details() -> Details {
    let mut details = Details::default();
    for place in 0..NASTY.len() {
        let topic = details.topic(NASTY[place], NASTY[(place + 1) % NASTY.len()]);
        for message in 0..90 {
            if message as usize % NASTY.len() == place {
                details.about(message, &[topic]);
                details.says(
                    message,
                    [NASTY[place], "  ", NASTY[(place + 3) % NASTY.len()]],
                );
            }
        }
        let value = |offset: usize| NASTY[(place + offset) % NASTY.len()];
        // A node and a place in the trace that do not exist.
        details.state(
            place * 900,
            NodeId::new(place as u16 * 2),
            [Entry::new(value(0), value(1), value(2))],
        );
    }
    // References that lead nowhere.
    details.about(1, &[bft_crdts::net::details::TopicId(7_000)]);
    details
}

fn written(name: &str, html: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    fs::create_dir_all(&directory).expect("a directory");
    let file = directory.join(name);
    fs::write(&file, html).expect("a file");
    file
}

#[test]
fn nothing_in_a_run_becomes_markup_or_script() {
    let (trace, details) = (trace(), details());
    let mut page = Page::new(&trace).details(&details);
    for nasty in NASTY {
        page = page
            .description(nasty)
            .command(nasty)
            .fact(nasty, nasty)
            .finding(Finding::violation(nasty, nasty).at(90).of([nasty]))
            .quiet(nasty);
    }
    let html = page.render();
    // In the file: nothing of it stands there as it came.
    for nasty in NASTY.iter().filter(|nasty| nasty.contains('<')) {
        assert!(!html.contains(nasty), "{nasty}");
    }
    assert_eq!(html.matches("<script").count(), 2);
    assert_eq!(html.matches("</script").count(), 2);
    let file = written("hostile.html", &html);
    let Some(browser) = Browser::start(SKIPPED) else {
        return;
    };
    browser.open(&file, LAPTOP);
    // On the page: it is all there, as text, in every panel, with every message selected.
    for tab in ["story", "state", "network", "charts", "findings", "about"] {
        browser.click(&format!("#tab-{tab}"));
        assert!(browser.shown("panels").len() > 20, "{tab}");
        assert_eq!(
            browser.run("return document.querySelectorAll('img, b, iframe, object, a, link, base, form, [onerror], [onclick], [style*=url]').length"),
            json!(0),
            "{tab}"
        );
    }
    assert!(
        browser
            .shown("panels")
            .contains("<img src=x onerror=pwned=1>"),
        "{}",
        browser.shown("panels")
    );
    assert!(browser.shown("nodes").contains("</script><script>pwned"));
    assert_eq!(
        browser.text("return document.title"),
        "</script><script>pwned=1</script>"
    );
    let every = "for (let row = 0; row < shown.run.messages.count; row++) { story(shown.run, { type: 'message', row }); } \
                 for (let row = 0; row < shown.run.marks.count; row++) { story(shown.run, { type: 'mark', row }); } return true";
    assert_eq!(browser.run(every), json!(true));
    browser.run("document.getElementById('scroll').focus()");
    for _ in 0..12 {
        browser.press(&["\u{e015}"]);
        browser.press(&["\u{e007}", "e", "c"]);
    }
    browser.press(&["\u{e011}"]);
    browser.press_times("\u{e014}", 60);
    assert_eq!(
        browser.run("return [typeof pwned, document.scripts.length, ({}).polluted === undefined]"),
        json!(["undefined", 2, true])
    );
    browser.picture("hostile");
    assert_quiet(&browser);
    // The policy would stop it even if it got there: no script but ours, no address, no style.
    let tried = browser.run(
        "const s = document.createElement('script'); s.textContent = 'var pwned = 1'; document.body.append(s); \
         const i = document.createElement('img'); i.src = 'file:///x.png'; document.body.append(i); return typeof pwned",
    );
    assert_eq!(tried, json!("undefined"));
    let complaints = browser.complaints().join("\n");
    assert!(
        complaints.contains("Content Security Policy"),
        "{complaints}"
    );
}

#[test]
fn a_run_of_nothing_has_a_page_too() {
    let empty = Trace::default();
    let file = written("empty.html", &Page::new(&empty).render());
    let Some(browser) = Browser::start(SKIPPED) else {
        return;
    };
    browser.open(&file, LAPTOP);
    assert_eq!(browser.shown("title"), "A run");
    for tab in ["state", "network", "charts", "findings", "about", "story"] {
        browser.click(&format!("#tab-{tab}"));
        assert!(browser.shown("panels").len() > 20, "{tab}");
    }
    browser.press(&["\u{e011}", "\u{e014}", "\u{e015}", "c", "e", " ", " "]);
    assert_quiet(&browser);
}
