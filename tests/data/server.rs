//! A small server on this machine: HEAD, GET, ranges, lists of a bucket, and what can go wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the server has, and what it was asked for.
#[derive(Default)]
pub(crate) struct State {
    /// Content by path; its tag is made of the content.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Paths that need permission.
    pub(crate) forbidden: Vec<String>,
    /// Whether bodies end before they should.
    pub(crate) cut: bool,
    /// Whether every connection is closed at once.
    pub(crate) deaf: bool,
    /// Paths of GET.
    pub(crate) got: Vec<String>,
}

/// A server that runs until the tests end.
pub(crate) struct Server {
    pub(crate) address: String,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub(crate) fn new(files: &[(&str, &[u8])]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state: Arc<Mutex<State>> = Arc::default();
        let server = Self { address, state };
        for (path, content) in files {
            server.put(path, content);
        }
        let state = server.state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = state.clone();
                std::thread::spawn(move || while answer(&stream, &state).is_some() {});
            }
        });
        server
    }

    pub(crate) fn put(&self, path: &str, content: &[u8]) {
        self.with(|state| state.files.insert(path.into(), content.into()));
    }

    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    /// What was asked for by GET since the last call.
    pub(crate) fn got(&self) -> Vec<String> {
        self.with(|state| std::mem::take(&mut state.got))
    }
}

/// Answer one request; `None` where the connection is to be closed.
fn answer(stream: &TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let first = lines.next()?.ok()?;
    let mut range = None;
    for line in lines {
        let line = line.ok()?.to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(bytes) = line.strip_prefix("range: bytes=") {
            let (from, to) = bytes.split_once('-')?;
            range = Some((from.parse::<usize>().ok()?, to.parse::<usize>().ok()));
        }
    }
    let mut state = state.lock().unwrap();
    if state.deaf {
        return None;
    }
    let mut words = first.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if method == "GET" {
        state.got.push(path.into());
    }
    let mut out = stream;
    let mut say = |status: &str, head: &str, body: &[u8], sent: usize| -> Option<()> {
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{head}\r\n");
        out.write_all(head.as_bytes()).ok()?;
        if method == "HEAD" {
            return Some(());
        }
        out.write_all(&body[..sent]).ok()?;
        (sent == length).then_some(())
    };
    if query.contains("list-type=2") {
        let list = listed(&state, path, query);
        return say(
            "200 OK",
            "Content-Type: application/xml\r\n",
            list.as_bytes(),
            list.len(),
        );
    }
    if state.forbidden.iter().any(|own| own == path) {
        return say("403 Forbidden", "", b"", 0);
    }
    let Some(content) = state.files.get(path) else {
        return say("404 Not Found", "", b"", 0);
    };
    let sum = content
        .iter()
        .fold(0_u32, |sum, b| sum.wrapping_mul(31) + u32::from(*b));
    let date = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let mut head = format!("ETag: \"{sum:x}\"\r\n{date}Accept-Ranges: bytes\r\n");
    let (status, body) = match range {
        None => ("200 OK", content.as_slice()),
        Some((from, to)) => {
            let end = to.map_or(content.len(), |to| (to + 1).min(content.len()));
            let of = content.len();
            write!(head, "Content-Range: bytes {from}-{}/{of}\r\n", end - 1).unwrap();
            ("206 Partial Content", &content[from..end])
        }
    };
    let sent = if state.cut {
        body.len() / 2
    } else {
        body.len()
    };
    say(status, &head, body, sent)
}

/// The files of the bucket at `path` whose names start with the prefix of `query`, as S3 lists them.
fn listed(state: &State, path: &str, query: &str) -> String {
    let prefix = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("prefix="));
    let prefix = prefix.unwrap_or_default().replace("%2F", "/");
    let bucket = format!("{}/", path.trim_end_matches('/'));
    let mut text =
        "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>".to_string();
    for (name, content) in &state.files {
        let Some(key) = name
            .strip_prefix(&bucket)
            .filter(|key| key.starts_with(&prefix))
        else {
            continue;
        };
        write!(text, "<Contents><Key>{key}</Key><LastModified>2020-01-01T00:00:00.000Z</LastModified><ETag>\"{}\"</ETag><Size>{}</Size>\
             </Contents>",
            content.len(),
            content.len()).unwrap();
    }
    text + "</ListBucketResult>"
}
