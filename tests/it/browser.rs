//! A headless Chromium, driven through its debugging pipe: real keys, and every request, error and message that it saw.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Browser {
    program: Child,
    requests: ChildStdin,
    answers: Receiver<Value>,
    session: Value,
    sent: u64,
    events: Vec<Value>,
    /// Settings and caches of its own.
    _home: TempDir,
}

/// The first that is installed.
pub fn installed() -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file())
}

impl Browser {
    pub fn start(program: &Path) -> Self {
        let home = tempfile::tempdir().unwrap();
        // It reads requests from file 3 and writes answers to file 4.
        let mut program = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 1>&2"])
            .arg(program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-background-networking", "--remote-debugging-pipe", "--window-size=1200,900"])
            .arg(format!("--user-data-dir={}", home.path().display()))
            .env("HOME", home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let requests = program.stdin.take().unwrap();
        let (sender, answers) = channel();
        let pipe = BufReader::new(program.stdout.take().unwrap());
        std::thread::spawn(move || {
            let messages = pipe.split(0).map_while(Result::ok);
            messages.for_each(|message| _ = sender.send(serde_json::from_slice(&message).unwrap()));
        });
        let mut browser =
            Browser { program, requests, answers, session: Value::Null, sent: 0, events: vec![], _home: home };
        let target = browser.ask("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let attached = browser.ask("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        browser.session = attached["sessionId"].clone();
        for part in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{part}.enable"), json!({}));
        }
        browser
    }

    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let mut request = json!({"id": self.sent, "method": method, "params": params});
        if !self.session.is_null() {
            request["sessionId"] = self.session.clone();
        }
        self.requests.write_all(format!("{request}\0").as_bytes()).unwrap();
        let id = self.sent;
        let answer = self.wait_for(|message| message["id"] == id);
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Events that come in the meantime are kept.
    fn wait_for(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.answers.recv_timeout(PATIENCE).expect("the browser answers");
            if wanted(&message) {
                return message;
            }
            self.events.push(message);
        }
    }

    pub fn open(&mut self, file: &Path) {
        self.ask("Page.navigate", json!({"url": format!("file://{}", file.display())}));
        if !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            self.wait_for(|message| message["method"] == "Page.loadEventFired");
        }
    }

    /// Opens a file after another one.
    pub fn open_again(&mut self, file: &Path) {
        self.events.retain(|event| event["method"] != "Page.loadEventFired");
        self.open(file);
    }

    /// What a JavaScript expression gives, promises awaited.
    #[track_caller]
    pub fn get(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.ask("Runtime.evaluate", params);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// For what the browser does in its own time.
    #[track_caller]
    pub fn comes_to(&mut self, expression: &str, expected: impl Into<Value>) {
        let expected = expected.into();
        for _ in 0..100 {
            if self.get(expression) == expected {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(self.get(expression), expected, "{expression}");
    }

    /// A key of the keyboard, pressed and released.
    pub fn press(&mut self, key: &str) {
        let text = match key {
            "Enter" => Some("\r"),
            one if one.chars().count() == 1 => Some(one),
            _ => None,
        };
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "PageDown" => 34,
            "End" => 35,
            "Home" => 36,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => 0,
        };
        let mut event = json!({"type": "keyDown", "key": key, "windowsVirtualKeyCode": code});
        if let Some(text) = text {
            event["text"] = json!(text);
        }
        self.ask("Input.dispatchKeyEvent", event);
        self.ask("Input.dispatchKeyEvent", json!({"type": "keyUp", "key": key, "windowsVirtualKeyCode": code}));
    }

    pub fn type_text(&mut self, text: &str) {
        self.ask("Input.insertText", json!({"text": text}));
    }

    /// Errors, messages of the console, and what the browser logged, such as requests that the page's policy forbids.
    pub fn complaints(&self) -> Vec<&Value> {
        let kinds = ["Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"];
        self.events.iter().filter(|event| kinds.iter().any(|kind| event["method"] == *kind)).collect()
    }

    /// Addresses that were asked for; those of data inside the page are no requests.
    pub fn requested(&self) -> Vec<&str> {
        let requests = self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        let addresses = requests.filter_map(|event| event["params"]["request"]["url"].as_str());
        addresses.filter(|address| !address.starts_with("data:")).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
