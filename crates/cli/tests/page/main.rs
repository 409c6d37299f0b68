//! The report page, in a real browser: it is opened from its file, clicked, and typed at, and what it shows is looked at.
//! `target/tmp/page/` has pictures of it afterwards.

mod browser;
mod hostile;
mod large;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use browser::{Browser, LAPTOP, Look, PHONE, key};
use serde_json::json;

pub(crate) const SKIPPED: &str = "the report page is not looked at in a browser";

/// Runs a scenario of the repository with `--report`; the page.
fn report(name: &str, scenario: &str, more: &[&str]) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("page")
        .join(name);
    let page = out.join("report.html");
    let _ = fs::remove_dir_all(&out);
    let output = Command::new(env!("CARGO_BIN_EXE_bft-crdts"))
        .current_dir(root)
        .args(["run", &format!("scenarios/{scenario}.toml"), "--out"])
        .arg(&out)
        .arg("--report")
        .arg(&page)
        .args(more)
        .output()
        .expect("the command runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        page.exists(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        more.contains(&"--json") || text.contains("report.html"),
        "the summary says where it is: {text}"
    );
    page
}

/// No error, no broken policy, no address but the file's own.
fn assert_quiet(browser: &Browser) {
    assert_eq!(browser.complaints(), Vec::<String>::new());
    for address in browser.addresses() {
        let own = ["file:", "about:", "data:,"];
        assert!(
            own.iter().any(|own| address.starts_with(own)),
            "{address} was asked for"
        );
    }
}

/// The first message for which this is true, by its place: `row` and `m` are its row and all messages.
fn message(browser: &Browser, condition: &str) -> usize {
    let script = format!(
        "const m = shown.run.messages; for (let row = 0; row < m.count; row++) if ({condition}) return row; return -1"
    );
    usize::try_from(browser.run(&script).as_i64().expect("a number"))
        .unwrap_or_else(|_| panic!("no message: {condition}"))
}

/// Where a message is in the window, and whether it is in view.
fn point(browser: &Browser, row: usize) -> (f64, f64) {
    let script = format!(
        "shown.chart.showMessage({row}); const box = document.getElementById('canvas').getBoundingClientRect(); \
         const at = shown.chart.pointOf({row}); return [box.left + at.x, box.top + at.y]"
    );
    let point = browser.run(&script);
    browser.settle();
    // Showing it has scrolled the chart.
    let again = browser.run(&script);
    assert!(point.is_array(), "{point}");
    (again[0].as_f64().expect("x"), again[1].as_f64().expect("y"))
}

#[test]
fn equal_runs_give_equal_pages_and_the_page_gives_its_command() {
    let one = fs::read_to_string(report("equal-1", "expel_equivocator", &[])).expect("text");
    let two =
        fs::read_to_string(report("equal-2", "expel_equivocator", &["--json"])).expect("text");
    assert!(one == two, "the same bytes");
    let other =
        fs::read_to_string(report("equal-3", "expel_equivocator", &["--seed", "7"])).expect("text");
    assert!(one != other, "and others for another seed");
    assert!(
        other.contains(
            "bft-crdts run scenarios/expel_equivocator.toml --seed 7 --report report.html"
        )
    );
}

#[test]
fn a_page_opens_from_its_file_and_says_what_happened() {
    let page = report("opens", "double_spend", &[]);
    let Some(browser) = Browser::start(SKIPPED) else {
        return;
    };
    browser.addresses();
    browser.open(&page, LAPTOP);
    assert_eq!(browser.shown("title"), "double_spend");
    assert_eq!(browser.text("return document.title"), "double_spend");
    assert_eq!(browser.shown("verdict"), "Every promise kept");
    assert!(
        browser
            .shown("command")
            .contains("run scenarios/double_spend.toml --seed 1")
    );
    // Summaries are left out until they are asked for.
    let count = browser.shown("count");
    assert!(
        count.contains(" of ") && count.contains("messages shown"),
        "{count}"
    );
    let (seen, all) = browser
        .run("return [shown.view.messages.filter(Boolean).length, shown.run.messages.count]")
        .as_array()
        .map(|two| (two[0].clone(), two[1].clone()))
        .expect("two");
    assert!(
        seen.as_u64() < all.as_u64() && count.starts_with(&seen.to_string()),
        "{count}: {seen} {all}"
    );
    // Only the open panel is shown, and every tab opens its own.
    for (tab, says) in [
        ("state", "balance"),
        ("network", "under way"),
        ("charts", "Delivery latency"),
        ("findings", "alice is convicted"),
        ("about", "digest of the trace"),
        ("story", "The run in short"),
    ] {
        browser.click(&format!("#tab-{tab}"));
        let text = browser.shown("panels");
        assert!(text.contains(says), "{tab}: {text}");
        assert_eq!(
            browser.run("return document.querySelectorAll('[role=tabpanel]:not([hidden])').length"),
            json!(1)
        );
        browser.picture(&format!("double_spend-{tab}"));
    }
    assert_quiet(&browser);
}

#[test]
fn a_click_on_a_message_lights_up_what_led_to_it_and_what_it_led_to() {
    let page = report("click", "honest_bank", &[]);
    let Some(browser) = Browser::start(SKIPPED) else {
        return;
    };
    browser.open(&page, LAPTOP);
    // The first proof that somebody takes in.
    let proof = message(
        &browser,
        "m.label(row).startsWith('proof') && m.fate[row] === 0",
    );
    let (x, y) = point(&browser, proof);
    browser.click_at(x, y);
    assert_eq!(
        browser.run("return shown.view.selected"),
        json!({"type": "message", "row": proof})
    );
    let panel = browser.shown("panels");
    assert!(
        panel.contains("Led to it")
            && panel.contains("It led to")
            && panel.contains("Content, decoded"),
        "{panel}"
    );
    // Its content: a certificate with a quorum of signatures, by field, with names for seats.
    let content = browser.shown("content");
    let source = browser.text(&format!(
        "return shown.run.nodes[shown.run.messages.from[{proof}]].name"
    ));
    for line in [
        "certificate:",
        "header:",
        &format!("source: {source}"),
        "signatures:",
    ] {
        assert!(content.contains(line), "{line} in {content}");
    }
    // What led to it, from books of our own: the requests of that slot, and the echoes that were there in time.
    let kinds = |set: &str| {
        let script = format!(
            "return [...shown.view.told.{set}].map((row) => shown.run.messages.label(row).split(' ')[0]).sort()"
        );
        let list = browser.run(&script);
        let list = list.as_array().cloned().unwrap_or_default();
        list.iter()
            .filter_map(|kind| kind.as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    // A quorum of four is three, one of them the source's own: two echoes, of two requests.
    assert_eq!(kinds("causes"), ["echo", "echo", "request", "request"]);
    let wrong =
        "[...shown.view.told.causes].some((row) => m.end[row] > m.sent[shown.view.selected.row])";
    assert_eq!(
        browser.run(&format!("const m = shown.run.messages; return {wrong}")),
        json!(false),
        "a cause comes first"
    );
    let marks = |set: &str| {
        browser.run(&format!(
            "return [...shown.view.told.{set}].map((row) => shown.run.marks.text(row))"
        ))
    };
    let submitted = marks("causeMarks");
    assert!(submitted.to_string().contains("submit "), "{submitted}");
    let delivered = marks("effectMarks");
    assert!(delivered.to_string().contains("#1"), "{delivered}");
    // Lit things are drawn in full, all others pale: the chart is another picture now.
    let ink = "const c = document.getElementById('canvas'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; \
               let sum = 0; for (let i = 3; i < d.length; i += 4) sum += d[i]; return sum";
    let lit = browser.number(ink);
    browser.picture("selected");
    browser.press(&[key::ESCAPE]);
    assert_eq!(browser.run("return shown.view.selected"), json!(null));
    assert!(
        browser.number(ink) > lit,
        "everything is drawn in full again"
    );
    // A click on a delivery, too.
    browser.run("shown.chart.showStep(0)");
    let request = message(&browser, "m.label(row).startsWith('request')");
    let (x, y) = point(&browser, request);
    browser.click_at(x, y);
    let panel = browser.shown("panels");
    assert!(
        panel.contains("kind\nrequest") && panel.contains("operation "),
        "{panel}"
    );
    // A click beside everything clears the selection.
    let (left, top) = (
        browser.number("return document.getElementById('canvas').getBoundingClientRect().left"),
        browser.number("return document.getElementById('canvas').getBoundingClientRect().top"),
    );
    browser.click_at(left + 20.0, top + 60.0);
    assert_eq!(browser.run("return shown.view.selected"), json!(null));
    assert_quiet(&browser);
}

#[test]
fn scrubbing_shows_every_state_and_what_changed_in_it() {
    let page = report("scrub", "honest_bank", &[]);
    let Some(browser) = Browser::start(SKIPPED) else {
        return;
    };
    browser.open_at(&page, "tab=state", LAPTOP);
    let cells = "return [...document.querySelectorAll('.states tbody tr:not(.group) td')].map((cell) => cell.innerText)";
    let end = browser.run(cells);
    browser.click("#first");
    assert!(
        browser.shown("moment").contains("step 1 of "),
        "{}",
        browser.shown("moment")
    );
    assert!(browser.shown("panels").contains("The beginning."));
    let begin = browser.run(cells);
    assert_ne!(begin, end, "money has moved");
    assert!(browser.run("return document.getElementById('back').disabled") == json!(true));
    // Nothing changes until something is delivered; the button goes there, and shows old and new.
    browser.click("#change-after");
    let panel = browser.shown("panels");
    assert!(panel.contains("changed since the step before"), "{panel}");
    let before = browser.run(
        "return [...document.querySelectorAll('.states .changed del')].map((old) => old.innerText)",
    );
    let after = browser.run("return [...document.querySelectorAll('.states .changed ins')].map((new_) => new_.innerText)");
    assert!(
        before.as_array().is_some_and(|list| list.len() >= 2),
        "{before}"
    );
    assert_ne!(before, after);
    let number = |value: &serde_json::Value| {
        value
            .as_str()
            .and_then(|text| text.parse::<i64>().ok())
            .unwrap_or(0)
    };
    let sum = |list: &serde_json::Value| {
        list.as_array()
            .map_or(0, |list| list.iter().map(number).sum::<i64>())
    };
    // One payment: what one account loses another gains, and one more message is delivered.
    assert_eq!(sum(&after) - sum(&before), 1);
    browser.picture("state-changed");
    // Steps by key, by button and by the slider are the same steps.
    let here = browser.shown("moment");
    browser.run("document.getElementById('scroll').focus()");
    browser.press(&[key::RIGHT]);
    let next = browser.shown("moment");
    assert_ne!(here, next);
    assert!(browser.shown("panels").contains("since the step before"));
    browser.press(&[key::LEFT]);
    assert_eq!(browser.shown("moment"), here);
    browser.click("#forth");
    assert_eq!(browser.shown("moment"), next);
    browser.run("document.getElementById('scrub').focus()");
    browser.press(&[key::LEFT]);
    assert_eq!(browser.shown("moment"), here);
    assert!(
        browser
            .text("return document.getElementById('scrub').getAttribute('aria-valuetext')")
            .contains("step ")
    );
    // Forward through the whole run: the states add up to those of the end.
    browser.press(&[key::END]);
    assert_eq!(
        browser.run("return shown.view.step === shown.view.steps.at(-1)"),
        json!(true)
    );
    assert_eq!(sum(&browser.run(cells)), sum(&end));
    // Playing moves by itself, and stops at the end.
    browser.press(&["1", key::HOME, " "]);
    browser.wait("document.getElementById('play').textContent === 'Pause' && shown.view.step > 0");
    browser.press(&[" "]);
    assert_eq!(browser.shown("play"), "Play");
    assert_quiet(&browser);
}

#[test]
fn filters_leave_only_what_is_asked_for() {
    let page = report("filters", "honest_bank", &[]);
    let Some(browser) = Browser::start(SKIPPED) else {
        return;
    };
    browser.open(&page, LAPTOP);
    let left = |of: &str| {
        let script = format!(
            "const m = shown.run.messages; return [...new Set(Array.from(shown.view.messages.keys()).filter((row) => shown.view.messages[row]).map((row) => {of}))].sort()"
        );
        browser.run(&script)
    };
    let kind = "shown.run.kinds[m.kind[row]].name";
    assert_eq!(left(kind), json!(["echo", "proof", "request"]));
    browser.click("#kinds button:nth-of-type(2)");
    let pressed = browser.text("return document.querySelector('#kinds button:nth-of-type(2)').getAttribute('aria-pressed')");
    let toggled = left(kind);
    assert!(
        toggled != json!(["echo", "proof", "request"]) && pressed.len() > 3,
        "{toggled} {pressed}"
    );
    browser.click("#kinds button:nth-of-type(2)");
    assert_eq!(left(kind), json!(["echo", "proof", "request"]));
    // A node that is hidden has no lane and no messages.
    browser.click("#nodes button:nth-of-type(1)");
    let nodes = left("shown.run.nodes[m.from[row]].name + '>' + shown.run.nodes[m.to[row]].name");
    let first = browser.text("return shown.run.nodes[0].name");
    assert!(!nodes.to_string().contains(&first), "{nodes}");
    browser.click("#nodes button:nth-of-type(1)");
    // One operation, typed; the marks go by it, too.
    let operation = browser.text("return shown.run.topics[1].name");
    browser.press(&["/"]);
    let letters: Vec<String> = operation.chars().map(String::from).collect();
    browser.press(&letters.iter().map(String::as_str).collect::<Vec<_>>());
    let labels = left("m.label(row).split(' ')[1]");
    assert_eq!(labels, json!([operation]), "of request, echo and proof");
    let marks = browser.run("return Array.from(shown.view.marks.keys()).filter((row) => shown.view.marks[row] && shown.run.marks.node[row] >= 0).map((row) => shown.run.topics[shown.run.marks.topic(row)].name)");
    let marks = marks.as_array().cloned().unwrap_or_default();
    assert!(
        marks.len() >= 5 && marks.iter().all(|mark| *mark == json!(operation)),
        "{marks:?}"
    );
    browser.picture("filtered");
    browser.press(&[key::ESCAPE]);
    assert_eq!(
        browser.run("return document.getElementById('operation').value"),
        json!("")
    );
    assert_eq!(left(kind), json!(["echo", "proof", "request"]));
    assert_quiet(&browser);
}

#[test]
fn a_broken_promise_is_what_a_reader_sees_first() {
    let page = report("broken", "double_spend", &["--rules", "quorum-of-half"]);
    let Some(browser) = Browser::start(SKIPPED) else {
        return;
    };
    browser.open(&page, LAPTOP);
    let verdict = browser.shown("verdict");
    assert!(verdict.contains("broken"), "{verdict}");
    let panel = browser.shown("panels");
    assert!(
        panel.contains("agreement alice#1") && panel.contains("violation"),
        "{panel}"
    );
    assert!(
        panel.contains("dave, carol") || panel.contains("dave, bob"),
        "{panel}"
    );
    // The moment is that of the violation, and from the list one gets to any other.
    let here = browser.shown("moment");
    browser.press(&[key::HOME]);
    assert_ne!(browser.shown("moment"), here);
    browser.click(".finding button");
    assert_eq!(browser.shown("moment"), here);
    // Two replicas, two stories: the states differ.
    browser.click("#tab-state");
    let row = browser.run("return [...document.querySelectorAll('.states tbody tr')].find((row) => row.innerText.startsWith('bob')).innerText");
    assert!(
        row.as_str()
            .is_some_and(|row| row.contains("100") && row.contains('0')),
        "{row}"
    );
    browser.click("#tab-about");
    assert!(browser.shown("panels").contains("--rules quorum-of-half"));
    browser.look(LAPTOP.dark());
    browser.settle();
    browser.picture("broken-dark");
    assert_quiet(&browser);
}

#[test]
fn generations_downtime_and_partitions_are_shown_as_they_pass() {
    let onboarding = report("onboarding", "onboarding", &[]);
    let partition = report("partition", "partition_heal", &[]);
    let Some(browser) = Browser::start(SKIPPED) else {
        return;
    };
    browser.open_at(&onboarding, "tab=state", LAPTOP);
    let cells = |key: &str| {
        browser.run(&format!("const row = [...document.querySelectorAll('.states tbody tr')].find((row) => row.innerText.startsWith('{key}')); return row.innerText.split('\\t').slice(1)"))
    };
    assert_eq!(cells("generation"), json!(["g3", "g3", "g3", "g3"]));
    assert_eq!(cells("member"), json!(["yes", "yes", "yes", "yes"]));
    browser.press(&[key::HOME]);
    assert_eq!(cells("member"), json!(["yes", "no", "no", "no"]));
    let bands = browser.run("const k = shown.run.marks; return Array.from(k.what.keys()).filter((row) => k.what[row] === BAND).map((row) => k.text(row).split('.')[0])");
    assert_eq!(
        bands,
        json!(["g1: join bob", "g2: join carol", "g3: join dave"])
    );
    browser.picture("onboarding");
    browser.open_at(&partition, "tab=network", LAPTOP);
    // The cut lies between; then the lines across it carry nothing.
    let cut = browser.number("return shown.run.cuts[0].step");
    browser.run(&format!("const place = shown.view.steps.findIndex((step) => step >= {cut}); const scrub = document.getElementById('scrub'); scrub.value = place; scrub.dispatchEvent(new Event('input'))"));
    browser.settle();
    let says = browser.shown("network-says");
    assert!(says.contains("The network is cut"), "{says}");
    assert!(browser.number("return document.querySelectorAll('.link.cut').length") >= 3.0);
    browser.picture("partition");
    browser.press(&[key::END]);
    assert_eq!(
        browser.number("return document.querySelectorAll('.link.cut').length"),
        0.0
    );
    let lossy = report("lossy", "lossy", &[]);
    browser.open_at(&lossy, "tab=network", LAPTOP);
    // Whoever is down is red, in the network and at the head of its lane, until it is back.
    let down = browser.number("const node = shown.run.power.findIndex((changes) => changes.length); return node < 0 ? -1 : shown.run.power[node][0].step");
    assert!(down >= 0.0, "somebody crashes in this scenario");
    browser.run(&format!("const place = shown.view.steps.findIndex((step) => step >= {down}); const scrub = document.getElementById('scrub'); scrub.value = place; scrub.dispatchEvent(new Event('input'))"));
    browser.settle();
    assert!(
        browser.shown("network-says").contains("Down: "),
        "{}",
        browser.shown("network-says")
    );
    let red =
        browser.text("return getComputedStyle(document.querySelector('.place.down circle')).fill");
    assert_eq!(red, "rgb(195, 28, 42)");
    browser.picture("down");
    browser.press(&[key::END]);
    assert!(browser.shown("network-says").contains("Nobody is down."));
    assert_quiet(&browser);
}

#[test]
fn everything_can_be_done_by_keyboard() {
    let page = report("keyboard", "double_spend", &[]);
    let Some(browser) = Browser::start(SKIPPED) else {
        return;
    };
    browser.open(&page, LAPTOP);
    // Tab reaches every control, the chart and the open panel among them, and shows where it is.
    let mut reached = Vec::new();
    for _ in 0..60 {
        browser.press(&[key::TAB]);
        let at = browser.run("const e = document.activeElement; return [e === document.body ? '' : e.id || e.innerText, getComputedStyle(e).outlineStyle, getComputedStyle(e).outlineWidth]");
        let name = at[0].as_str().unwrap_or_default().to_owned();
        if name.is_empty() || reached.contains(&name) && name == reached[0] {
            break;
        }
        assert_eq!(
            (&at[1], &at[2]),
            (&json!("solid"), &json!("2px")),
            "{name} has no outline"
        );
        reached.push(name);
    }
    for name in [
        "scroll",
        "tab-story",
        "panel-story",
        "scrub",
        "play",
        "back",
        "operation",
        "zoom-in",
    ] {
        assert!(
            reached.iter().any(|reached| reached == name),
            "{name} in {reached:?}"
        );
    }
    // The tabs of the list are one stop; arrows move among them.
    assert!(!reached.iter().any(|name| name == "tab-state"));
    browser.run("document.getElementById('tab-story').focus()");
    browser.press(&[key::RIGHT]);
    assert_eq!(
        browser.run("return [document.activeElement.id, shown.view.tab]"),
        json!(["tab-state", "state"])
    );
    browser.run("document.getElementById('scroll').focus()");
    // Numbers open panels, `?` the list of keys.
    for (number, tab) in (1..).zip(["story", "state", "network", "charts", "findings", "about"]) {
        browser.press(&[&number.to_string()]);
        assert_eq!(browser.run("return shown.view.tab"), json!(tab));
    }
    browser.press(&["1", "?"]);
    assert!(browser.shown("panels").contains("Keys"));
    // Messages: down selects the first that is shown, `e` follows it, `c` goes back, Enter to its arrival.
    browser.press(&[key::DOWN]);
    let first = browser.run("return shown.view.selected.row");
    assert!(
        browser.shown("said").contains(" led to it"),
        "a screen reader hears of it: {}",
        browser.shown("said")
    );
    browser.press(&["e"]);
    let effect = browser.run("return shown.view.selected.row");
    assert_ne!(first, effect);
    browser.press(&["c"]);
    assert_eq!(browser.run("return shown.view.selected.row"), first);
    browser.press(&[key::ENTER]);
    assert_eq!(
        browser.run("return shown.view.step === shown.run.messages.end[shown.view.selected.row]"),
        json!(true)
    );
    browser.press(&[key::DOWN, key::UP]);
    assert_eq!(browser.run("return shown.view.selected.row"), first);
    let room = browser.number("return shown.view.zoom");
    browser.press(&["+"]);
    assert!(browser.number("return shown.view.zoom") > room);
    browser.press(&["-", key::ESCAPE]);
    assert_eq!(browser.run("return shown.view.selected"), json!(null));
    assert_quiet(&browser);
}

/// Whether nothing is wider than the window, and what can be pressed is large enough for a finger.
fn assert_fits(browser: &Browser, look: Look) {
    assert_eq!(
        browser.number("return document.documentElement.scrollWidth"),
        f64::from(look.wide)
    );
    assert_eq!(
        browser.number("return document.documentElement.scrollHeight"),
        f64::from(look.high)
    );
    if look.touch {
        let small = browser.run(
            "return [...document.querySelectorAll('button')].filter((button) => button.offsetParent && button.offsetHeight < 34).map((button) => button.innerText)",
        );
        assert_eq!(small, json!([]));
    }
    let chart =
        browser.number("return document.getElementById('canvas').getBoundingClientRect().height");
    assert!(chart > 220.0, "the chart is {chart} high");
}

#[test]
fn it_fits_a_laptop_and_a_phone_in_light_and_in_dark() {
    let page = report("looks", "double_spend", &[]);
    let Some(browser) = Browser::start(SKIPPED) else {
        return;
    };
    let mut colours = Vec::new();
    for (name, look) in [
        ("laptop", LAPTOP),
        ("laptop-dark", LAPTOP.dark()),
        ("phone", PHONE),
        ("phone-dark", PHONE.dark()),
    ] {
        browser.open(&page, look);
        assert_fits(&browser, look);
        // Text against its ground, by the formula of WCAG 2: at least 4.5 to 1.
        let contrast = browser.run(CONTRAST);
        assert_eq!(contrast, json!([]), "{name}");
        colours.push(browser.text("return getComputedStyle(document.body).backgroundColor"));
        // Something is drawn, in more than a few colours.
        let drawn = browser.number("const c = document.getElementById('canvas'), d = new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer); return new Set(d).size");
        assert!(drawn > 100.0, "{name}: {drawn} colours");
        browser.picture(name);
        for tab in ["state", "network", "charts", "findings", "about"] {
            browser.click(&format!("#tab-{tab}"));
            assert_fits(&browser, look);
            browser.picture(&format!("{name}-{tab}"));
        }
    }
    assert_eq!(colours[0], colours[2]);
    assert_eq!(colours[1], colours[3]);
    assert_ne!(colours[0], colours[1]);
    // A finger selects a message, near enough.
    browser.open(&page, PHONE);
    let request = message(
        &browser,
        "m.label(row).startsWith('request') && m.from[row] === 1",
    );
    let (x, y) = point(&browser, request);
    browser.tap_at(x + 4.0, y + 6.0);
    let selected = browser.shown("panels");
    assert!(
        selected.contains("Content, decoded") && selected.contains("request bob#1"),
        "{selected}"
    );
    assert_fits(&browser, PHONE);
    browser.picture("phone-selected");
    // What is looked at changes to dark while it is open: the chart follows.
    let environment = "const c = document.getElementById('canvas'); return Array.from(c.getContext('2d').getImageData(4, 4, 1, 1).data)";
    let light = browser.run(environment);
    browser.look(PHONE.dark());
    browser.wait("matchMedia('(prefers-color-scheme: dark)').matches");
    browser.settle();
    assert_ne!(browser.run(environment), light);
    assert_quiet(&browser);
}

#[test]
fn the_picture_in_the_repository_is_of_the_size_the_command_makes() {
    let size = |path: &Path| {
        let bytes = fs::read(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        assert_eq!(
            &bytes[..8],
            b"\x89PNG\r\n\x1a\n",
            "{} is no PNG",
            path.display()
        );
        let number = |from: usize| {
            bytes[from..from + 4]
                .iter()
                .fold(0, |sum, byte| sum * 256 + u32::from(*byte))
        };
        (number(16), number(20))
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    assert_eq!(size(&root.join("assets/report_page.png")), (1280, 800));
    if Browser::start("the picture of the report page is not made anew").is_none() {
        return;
    }
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("page")
        .join("assets");
    let output = Command::new(env!("CARGO_BIN_EXE_bft-crdts"))
        .arg("assets")
        .arg("--out")
        .arg(&out)
        .output()
        .expect("the command runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(size(&out.join("report_page.png")), (1280, 800));
}

/// The texts that are too pale for their ground.
const CONTRAST: &str = r#"
const parse = (colour) => colour.match(/[\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
const bad = [];
for (const e of document.querySelectorAll('body *')) {
  if (!e.offsetParent || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || e.disabled) continue;
  const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
  if ((a + 0.05) / (b + 0.05) < 4.5) bad.push(`${e.innerText.slice(0, 30)}: ${((a + 0.05) / (b + 0.05)).toFixed(2)}`);
}
return bad;
"#;
