//! A real browser, headless, driven as a person would: WebDriver over chromedriver (Debian: `chromium-driver`), so that
//! clicks and keys go the way of real ones. The protocol is a few JSON requests to a server on this machine.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A browser with one page open.
pub(crate) struct Browser {
    driver: Child,
    /// The address of the session.
    session: String,
    profile: std::path::PathBuf,
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) wide: u32,
    pub(crate) high: u32,
    pub(crate) dark: bool,
    pub(crate) touch: bool,
}

pub(crate) const LAPTOP: Look = Look {
    wide: 1280,
    high: 800,
    dark: false,
    touch: false,
};
pub(crate) const PHONE: Look = Look {
    wide: 390,
    high: 844,
    dark: false,
    touch: true,
};

impl Look {
    pub(crate) fn dark(self) -> Self {
        Self { dark: true, ..self }
    }
}

/// Keys by their names in WebDriver.
pub(crate) mod key {
    pub(crate) const TAB: &str = "\u{e004}";
    pub(crate) const ENTER: &str = "\u{e007}";
    pub(crate) const ESCAPE: &str = "\u{e00c}";
    pub(crate) const END: &str = "\u{e010}";
    pub(crate) const HOME: &str = "\u{e011}";
    pub(crate) const LEFT: &str = "\u{e012}";
    pub(crate) const UP: &str = "\u{e013}";
    pub(crate) const RIGHT: &str = "\u{e014}";
    pub(crate) const DOWN: &str = "\u{e015}";
}

impl Browser {
    /// Starts a browser; says what is skipped if there is none.
    pub(crate) fn start(skipped: &str) -> Option<Self> {
        let installed = |program: &str| {
            let found = Command::new(program).arg("--version").output();
            let found = found.is_ok_and(|output| output.status.success());
            if !found {
                eprintln!("skipped: {skipped} ({program} is not installed)");
            }
            found
        };
        if !installed("chromedriver") || !installed("chromium") {
            return None;
        }
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let port = line.split("successfully on port ").nth(1)?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.expect("chromedriver says on which port it listens");
        let number = std::process::id();
        let profile =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("browser-{number}-{port}"));
        let server = format!("http://127.0.0.1:{port}");
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            &format!("--user-data-dir={}", profile.display()),
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let mut browser = Self {
            driver,
            session: String::new(),
            profile,
        };
        let session = ask("POST", &format!("{server}/session"), &wanted).expect("a session");
        let id = session["sessionId"].as_str().expect("its name");
        browser.session = format!("{server}/session/{id}");
        Some(browser)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        ask(method, &format!("{}/{path}", self.session), body)
            .unwrap_or_else(|why| panic!("{path} {body}: {why}"))
    }

    /// Gives a command of the browser's own protocol.
    fn tell(&self, command: &str, parameters: &Value) {
        let body = json!({"cmd": command, "params": parameters});
        self.ask("POST", "goog/cdp/execute", &body);
    }

    /// Opens a file, seen in this way.
    pub(crate) fn open(&self, file: &Path, look: Look) {
        self.open_at(file, "", look);
    }

    /// The same, at a fragment.
    pub(crate) fn open_at(&self, file: &Path, fragment: &str, look: Look) {
        self.look(look);
        self.ask("POST", "url", &json!({"url": "about:blank"}));
        let url = format!("file://{}#{fragment}", file.display());
        self.ask("POST", "url", &json!({"url": url}));
        self.settle();
    }

    /// Looks at the page in another way.
    pub(crate) fn look(&self, look: Look) {
        let Look {
            wide,
            high,
            dark,
            touch,
        } = look;
        let metrics = json!({"width": wide, "height": high, "deviceScaleFactor": if touch { 2 } else { 1 }, "mobile": touch});
        self.tell("Emulation.setDeviceMetricsOverride", &metrics);
        self.tell(
            "Emulation.setTouchEmulationEnabled",
            &json!({"enabled": touch}),
        );
        let scheme = if dark { "dark" } else { "light" };
        let scheme = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.tell("Emulation.setEmulatedMedia", &json!({"features": scheme}));
    }

    /// Runs a function body on the page; what it returns.
    pub(crate) fn run(&self, body: &str) -> Value {
        self.ask("POST", "execute/sync", &json!({"script": body, "args": []}))
    }

    /// The same, for something that is a text.
    pub(crate) fn text(&self, body: &str) -> String {
        let value = self.run(body);
        value
            .as_str()
            .unwrap_or_else(|| panic!("{body}: {value}"))
            .to_owned()
    }

    /// The same, for something that is a number.
    pub(crate) fn number(&self, body: &str) -> f64 {
        let value = self.run(body);
        value.as_f64().unwrap_or_else(|| panic!("{body}: {value}"))
    }

    /// What is shown of an element: hidden text is not.
    pub(crate) fn shown(&self, id: &str) -> String {
        self.text(&format!("return document.getElementById('{id}').innerText"))
    }

    /// Lets the page draw what it has in mind.
    pub(crate) fn settle(&self) {
        let script = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(true)))";
        self.ask(
            "POST",
            "execute/async",
            &json!({"script": script, "args": []}),
        );
    }

    /// Waits until this is true.
    pub(crate) fn wait(&self, condition: &str) {
        let begin = Instant::now();
        while self.run(&format!("return Boolean({condition})")) != json!(true) {
            assert!(
                begin.elapsed() < Duration::from_secs(30),
                "never: {condition}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        self.settle();
    }

    /// Clicks at a point of the window.
    pub(crate) fn click_at(&self, x: f64, y: f64) {
        self.pointer("mouse", x, y);
    }

    /// Puts a finger at a point of the window.
    pub(crate) fn tap_at(&self, x: f64, y: f64) {
        self.pointer("touch", x, y);
    }

    fn pointer(&self, kind: &str, x: f64, y: f64) {
        let actions = json!({"actions": [{
            "type": "pointer", "id": kind, "parameters": {"pointerType": kind},
            "actions": [
                {"type": "pointerMove", "duration": 0, "x": x.round() as i64, "y": y.round() as i64, "origin": "viewport"},
                {"type": "pointerDown", "button": 0},
                {"type": "pointerUp", "button": 0},
            ],
        }]});
        self.ask("POST", "actions", &actions);
        self.settle();
    }

    /// Clicks an element, where a person would: it must be in view, and nothing may lie over it.
    pub(crate) fn click(&self, selector: &str) {
        let found = self.ask(
            "POST",
            "element",
            &json!({"using": "css selector", "value": selector}),
        );
        let id = found
            .as_object()
            .and_then(|found| found.values().next())
            .and_then(Value::as_str);
        let id = id.expect("an element");
        self.ask("POST", &format!("element/{id}/click"), &json!({}));
        self.settle();
    }

    /// Presses keys, one after the other, wherever the focus is.
    pub(crate) fn press(&self, keys: &[&str]) {
        let strokes = keys.iter().flat_map(|key| {
            [
                json!({"type": "keyDown", "value": key}),
                json!({"type": "keyUp", "value": key}),
            ]
        });
        let actions = json!({"actions": [{"type": "key", "id": "keys", "actions": strokes.collect::<Vec<_>>()}]});
        self.ask("POST", "actions", &actions);
        self.settle();
    }

    /// Presses a key a number of times.
    pub(crate) fn press_times(&self, key: &str, times: usize) {
        self.press(&vec![key; times]);
    }

    /// What the console has said, errors and broken policies among it, since it was asked last.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.ask("POST", "se/log", &json!({"type": "browser"}));
        let entries = log.as_array().cloned().unwrap_or_default();
        let messages = entries.iter().map(|entry| entry["message"].to_string());
        // That is about these tests, which read the canvas.
        messages
            .filter(|message| !message.contains("getImageData"))
            .collect()
    }

    /// Every address that a page from a file asked for since it was asked last.
    pub(crate) fn addresses(&self) -> Vec<String> {
        let log = self.ask("POST", "se/log", &json!({"type": "performance"}));
        let entries = log.as_array().cloned().unwrap_or_default();
        let address = |entry: &Value| {
            let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &message["message"];
            let page = message["params"]["documentURL"].as_str()?;
            (message["method"] == "Network.requestWillBeSent" && page.starts_with("file:")).then(
                || {
                    message["params"]["request"]["url"]
                        .as_str()
                        .map(str::to_owned)
                },
            )?
        };
        entries.iter().filter_map(address).collect()
    }

    /// A picture of the window, as PNG in base 64, written to a file below `target/` for whoever wants to look.
    pub(crate) fn picture(&self, name: &str) {
        let picture = self.ask("GET", "screenshot", &Value::Null);
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
        std::fs::create_dir_all(&directory).expect("a directory");
        let bytes = decoded(picture.as_str().unwrap_or_default());
        std::fs::write(directory.join(format!("{name}.png")), bytes).expect("a file");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = ask("DELETE", &self.session, &Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

fn ask(method: &str, url: &str, body: &Value) -> Result<Value, String> {
    let request = match method {
        "GET" => minreq::get(url),
        "DELETE" => minreq::delete(url),
        _ => minreq::post(url).with_body(body.to_string()),
    };
    let request = request.with_header("Content-Type", "application/json");
    let answer = request
        .with_timeout(120)
        .send()
        .map_err(|why| why.to_string())?;
    let text = answer.as_str().map_err(|why| why.to_string())?;
    let mut answer: Value = serde_json::from_str(text).map_err(|why| format!("{why}: {text}"))?;
    let value = answer["value"].take();
    match value["error"].as_str() {
        Some(error) => Err(format!("{error}: {}", value["message"])),
        None => Ok(value),
    }
}

fn decoded(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| *byte != b'=')
        .map(digit)
        .collect();
    let mut bytes = Vec::new();
    for four in digits.chunks(4) {
        let word = four
            .iter()
            .fold(0_u32, |word, digit| word << 6 | u32::from(*digit));
        let word = word << (6 * (4 - four.len()));
        bytes.extend(&word.to_be_bytes()[1..four.len()]);
    }
    bytes
}
