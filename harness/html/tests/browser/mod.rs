//! Opens a page in headless Chromium and reads what it shows.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use wait_timeout::ChildExt;

/// Far longer than a page takes, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// What a page shows, and how it reacts.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Seen {
    /// Errors of the script and of the console.
    pub(crate) errors: Vec<String>,
    pub(crate) text: String,
    pub(crate) lanes: Vec<String>,
    pub(crate) core_lanes: Vec<String>,
    pub(crate) core_edges: usize,
    pub(crate) at_end: String,
    pub(crate) after_back: String,
    pub(crate) after_home: String,
    pub(crate) edges_at_home: usize,
    pub(crate) after_right: String,
    pub(crate) found: Vec<String>,
    pub(crate) drawn: u64,
    pub(crate) copied: bool,
}

/// Runs before the page's own script, so that no error is missed.
const BEFORE: &str = "<script>
const errors = [];
addEventListener('error', (event) => errors.push(String(event.message)));
addEventListener('unhandledrejection', (event) => errors.push(String(event.reason)));
const said = console.error;
console.error = (...words) => { errors.push(words.join(' ')); said(...words); };
</script>";

/// Uses the page as a person would, and records what it shows.
const AFTER: &str = "<script>
const text = (selector) => [...document.querySelectorAll(selector)].map((found) => found.textContent);
const step = () => document.getElementById('step').textContent;
const key = (name) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true }));
const seen = {
  text: document.querySelector('main').textContent + document.querySelector('header').textContent,
  lanes: text('#lanes div'), coreLanes: text('#lanes .core'),
  coreEdges: document.querySelectorAll('#graph .core.edge').length, atEnd: step(),
};
const canvas = document.getElementById('canvas');
seen.drawn = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
  .reduce((sum, byte) => sum + (byte > 0 ? 1 : 0), 0);
document.getElementById('back').click();
seen.afterBack = step();
key('Home');
seen.afterHome = step();
seen.edgesAtHome = document.querySelectorAll('#graph .edge').length;
key('ArrowRight');
seen.afterRight = step();
const search = document.getElementById('search');
search.value = seen.lanes[seen.lanes.length - 1];
search.dispatchEvent(new Event('input'));
seen.found = text('#lanes .match');
document.getElementById('in').click();
document.getElementById('copy').click();
setTimeout(() => {
  seen.copied = document.getElementById('copy').textContent === 'copied';
  seen.errors = errors;
  const result = document.createElement('pre');
  result.id = 'seen';
  result.textContent = JSON.stringify(seen);
  document.body.append(result);
}, 200);
</script></body>";

fn chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .flat_map(|directory| names.map(|name| directory.join(name)))
        .find(|program| program.is_file())
}

/// Opens a page. None if there is no Chromium.
#[expect(clippy::print_stderr, reason = "a test that is passed over says so")]
pub(crate) fn open(name: &str, html: &str) -> Option<Seen> {
    let Some(chromium) = chromium() else {
        eprintln!("skipped: there is no Chromium to open {name} in");
        return None;
    };
    // To view the pages: `STANDSTILL_PAGES=DIR cargo test -p standstill-html`.
    if let Some(directory) = std::env::var_os("STANDSTILL_PAGES") {
        let file = PathBuf::from(directory).join(format!("{name}.html"));
        fs::write(file, html).expect("the page can be written");
    }
    let place = tempfile::tempdir().expect("a directory for the page");
    let file = place.path().join("page.html");
    let html = html
        .replacen("<head>", &format!("<head>{BEFORE}"), 1)
        .replacen("</body>", AFTER, 1);
    fs::write(&file, html).expect("the page can be written");
    let streams = ["dom", "log"].map(|name| place.path().join(name));
    let create = |at: usize| fs::File::create(&streams[at]).expect("a file for a stream");
    let mut child = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--enable-logging=stderr",
            "--virtual-time-budget=10000",
            "--window-size=1400,1000",
            "--dump-dom",
        ])
        .arg(
            [
                OsStr::new("--user-data-dir="),
                place.path().join("user").as_os_str(),
            ]
            .join(OsStr::new("")),
        )
        .arg([OsStr::new("file://"), file.as_os_str()].join(OsStr::new("")))
        .stdin(Stdio::null())
        .stdout(create(0))
        .stderr(create(1))
        .spawn()
        .expect("Chromium starts");
    if child
        .wait_timeout(LIMIT)
        .expect("it can be waited for")
        .is_none()
    {
        let _ = child.kill();
        let _ = child.wait();
        panic!("{name} was not drawn within {LIMIT:?}");
    }
    let read = |at: usize| {
        String::from_utf8_lossy(&fs::read(&streams[at]).expect("it is there")).into_owned()
    };
    let (dom, log) = (read(0), read(1));
    let (_, rest) = dom
        .split_once("<pre id=\"seen\">")
        .unwrap_or_else(|| panic!("{name} was not drawn: {log}"));
    let (json, _) = rest.split_once("</pre>").expect("the element ends");
    let json = json
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    let mut seen: Seen =
        serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    let errors = log
        .lines()
        .filter(|line| line.contains("CONSOLE") && line.contains("rror"));
    seen.errors.extend(errors.map(str::to_owned));
    Some(seen)
}
