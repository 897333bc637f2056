//! A page on this machine alone that follows runs.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::args::Args;
use crate::cli::output::print_text;
use crate::cli::stop::stop_flag;
use crate::error::{Error, Result};
use crate::report::{Report, RunPictures, RunRecord, live_data, report};

/// Longest head of a request that is read.
const HEAD: usize = 8192;
/// How long a visitor may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is asked whether to stop.
const PAUSE: Duration = Duration::from_millis(50);

/// Answer with the page and with what is new, until a signal says stop.
pub(super) fn serve(
    args: &Args,
    records: &[RunRecord],
    pictures: Vec<std::result::Result<RunPictures, String>>,
) -> Result<()> {
    let failed = |e: std::io::Error| {
        Error::Failed(format!(
            "port {} of 127.0.0.1 cannot be used: {e}; give another --port",
            args.port
        ))
    };
    let page = report(&Report {
        runs: records,
        pictures,
        live: true,
    })?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    print_text(&format!(
        "http://127.0.0.1:{port}/ follows the run until it is interrupted (Ctrl-C)\n"
    ))?;
    let stop = stop_flag()?;
    while !stop.load(Ordering::Relaxed) {
        match listener.accept() {
            // A visitor that breaks off harms nobody.
            Ok((visitor, _)) => drop(answer(visitor, port, args, &page)),
            Err(e) if e.kind() == ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
            Err(e) => return Err(failed(e)),
        }
    }
    Ok(())
}

fn answer(mut visitor: TcpStream, port: u16, args: &Args, page: &str) -> std::io::Result<()> {
    visitor.set_nonblocking(false)?;
    visitor.set_read_timeout(Some(PATIENCE))?;
    visitor.set_write_timeout(Some(PATIENCE))?;
    let head = head(&mut visitor)?;
    let (status, kind, body) = respond(&head, port, page, || {
        RunRecord::open_all(&args.runs).and_then(|runs| live_data(&runs))
    });
    write!(
        visitor,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    visitor.write_all(body.as_bytes())
}

/// The request up to its empty line.
fn head(visitor: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    let mut part = [0; 1024];
    while bytes.len() < HEAD && !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
        match visitor.read(&mut part)? {
            0 => break,
            count => bytes.extend_from_slice(&part[..count]),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Status, kind and body of the answer. Requests that name another host come from a page elsewhere and are refused.
fn respond(
    head: &str,
    port: u16,
    page: &str,
    data: impl FnOnce() -> Result<String>,
) -> (&'static str, &'static str, String) {
    let host = head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case("host")
            .then(|| value.trim().to_string())
    });
    let own = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{port}"));
    if !host.is_some_and(|host| own.contains(&host)) {
        return (
            "403 Forbidden",
            "text/plain",
            "this page is for this machine alone\n".into(),
        );
    }
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    match (words.next(), words.next()) {
        (Some("GET"), Some("/")) => ("200 OK", "text/html", page.into()),
        (Some("GET"), Some("/data")) => match data() {
            Ok(data) => ("200 OK", "application/json", data),
            Err(e) => ("500 Internal Server Error", "text/plain", format!("{e}\n")),
        },
        _ => (
            "404 Not Found",
            "text/plain",
            "there is nothing here\n".into(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_addresses_answer_and_only_to_this_machine() {
        let ask = |request: &str, host: &str| {
            let head = format!("{request} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            let (status, _, body) = respond(&head, 4321, "page", || Ok("data".into()));
            (status[..3].to_string(), body)
        };
        let own = "127.0.0.1:4321";
        assert_eq!(ask("GET /", own), ("200".into(), "page".into()));
        assert_eq!(
            ask("GET /data", "localhost:4321"),
            ("200".into(), "data".into())
        );
        assert_eq!(ask("GET /etc/passwd", own).0, "404");
        assert_eq!(ask("POST /", own).0, "404");
        assert_eq!(ask("GET /", "elsewhere.example").0, "403");
        assert_eq!(
            respond("", 4321, "page", || Ok(String::new())).0,
            "403 Forbidden"
        );
    }
}
