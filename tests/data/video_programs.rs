//! Videos where `ffmpeg` is not there, fails, or is another program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tiny::*;

/// What `ravine data check` of a file called like a video says with `path` as PATH, where it fails.
fn failing(video: &Path, path: &std::ffi::OsStr) -> String {
    let mut command = assert_cmd::Command::cargo_bin("ravine").unwrap();
    command.env("PATH", path).args(["data", "check"]).arg(video);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("clip.mp4") && !said.contains("panicked"),
        "{said}"
    );
    said
}

fn stand_in_for(dir: &Path) -> PathBuf {
    let video = dir.join("clip.mp4");
    write(&video, b"any bytes");
    video
}

#[test]
fn without_ffmpeg_it_is_named_with_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let said = failing(&stand_in_for(dir.path()), dir.path().as_os_str());
    assert!(
        said.contains("`ffmpeg`, which is not on PATH; install it"),
        "{said}"
    );
}

/// What is said of a program `ffmpeg` that runs `script` and not `-version`.
#[cfg(unix)]
fn said_of(script: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("programs/ffmpeg");
    let text = format!("#!/bin/sh\n[ \"$1\" = -version ] && exit 0\n{script}\n");
    write(&program, text.as_bytes());
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let folders = [
        program.parent().unwrap(),
        Path::new("/usr/bin"),
        Path::new("/bin"),
    ];
    let path = std::env::join_paths(folders).unwrap();
    failing(&stand_in_for(dir.path()), &path)
}

#[cfg(unix)]
#[test]
fn a_program_that_fails_is_told_with_its_last_line() {
    let said = said_of("echo first >&2; echo 'the last line' >&2; exit 3");
    assert!(
        said.contains("clip.mp4: the last line;") && !said.contains("first"),
        "{said}"
    );
    let said = said_of("exit 3");
    assert!(said.contains("exit status: 3"), "{said}");
    // Frames that came before do not count, and much that is said stops nothing.
    let chatter =
        "i=0; while [ $i -lt 20000 ]; do echo 'more and more and more' >&2; i=$((i+1)); done";
    let said = said_of(&format!(
        "printf 'P6\\n1 1\\n255\\nabc'; {chatter}; echo 'at last' >&2; exit 1"
    ));
    assert!(said.contains("clip.mp4: at last;"), "{said}");
    let said = said_of("printf 'P6\\n9 9\\n255\\nabc'");
    assert!(said.contains("in the middle of a frame"), "{said}");
    let said = said_of("exit 0");
    assert!(said.contains("finds no frame"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_program_that_hands_out_something_else_is_ended() {
    let dir = tempfile::tempdir().unwrap();
    let number = dir.path().join("pid");
    let script = format!(
        "echo $$ > '{}'; printf 'P6\\n99999 1\\n255\\n'; exec sleep 300",
        number.display()
    );
    let start = std::time::Instant::now();
    let said = said_of(&script);
    assert!(said.contains("99999×1 are too large"), "{said}");
    assert!(start.elapsed().as_secs() < 200, "it was waited for");
    let number = fs::read_to_string(number).unwrap();
    let mut ask = Command::new("/bin/sh");
    let alive = ask
        .args(["-c", &format!("kill -0 {}", number.trim())])
        .output();
    assert!(!alive.unwrap().status.success(), "it is still there");
    let said = said_of("printf 'something else entirely'; exec sleep 300");
    assert!(said.contains("hands out no PPM"), "{said}");
}
