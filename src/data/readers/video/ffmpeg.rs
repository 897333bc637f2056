//! The program `ffmpeg`: started without a shell, and never left behind.

use std::ffi::OsString;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

/// The program, which is looked for on PATH.
const PROGRAM: &str = "ffmpeg";

/// Bytes of what it says that are kept, the last ones.
const KEPT: usize = 4096;

/// Letters of its last line that are told.
const TOLD: usize = 300;

/// Whether the program can be started.
///
/// # Errors
/// A sentence without the path.
pub(super) fn is_there() -> Result<(), String> {
    let mut command = Command::new(PROGRAM);
    let quiet = command.arg("-version").stdin(Stdio::null());
    let status = quiet.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.map(|_| ()).map_err(|e| cannot_start(&e))
}

fn cannot_start(error: &io::Error) -> String {
    let way_out = "install it (https://ffmpeg.org) or name its folder in PATH, or save the frames as pictures";
    if error.kind() == ErrorKind::NotFound {
        return format!("videos are read by the program `ffmpeg`, which is not on PATH; {way_out}");
    }
    format!("videos are read by the program `ffmpeg`, which cannot be started ({error}); {way_out}")
}

/// A video that is being decoded; dropped, the program is ended and waited for.
pub(super) struct Decoding {
    child: Child,
    said: Option<JoinHandle<String>>,
}

impl Decoding {
    /// Start to take `rate` frames a second of `video`, and hand out where they come from, as PPM one after the other.
    ///
    /// # Errors
    /// A sentence without the path: the program cannot be started.
    pub(super) fn start(video: &Path, rate: f64) -> Result<(Self, ChildStdout), String> {
        let mut command = Command::new(PROGRAM);
        command.args(arguments(video, rate));
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        {
            // Ctrl-C is for ravine: it would look like a broken video.
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
        }
        let mut child = command.spawn().map_err(|e| cannot_start(&e))?;
        let (frames, errors) = (child.stdout.take(), child.stderr.take());
        let said = errors.map(|errors| std::thread::spawn(move || last_line(errors)));
        let decoding = Self { child, said };
        let frames = frames.ok_or("ffmpeg has no output that can be read; try again")?;
        Ok((decoding, frames))
    }

    /// Wait for the end, when all frames are read; what it complained of.
    ///
    /// # Errors
    /// What it said last, where it failed.
    pub(super) fn finish(mut self) -> Result<Option<String>, String> {
        let status = self.child.wait().map_err(|e| e.to_string())?;
        let said = self.said.take().and_then(|said| said.join().ok());
        let said = said.filter(|said| !said.is_empty());
        if status.success() {
            return Ok(said);
        }
        Err(said.unwrap_or_else(|| status.to_string()))
    }
}

impl Drop for Decoding {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
        drop(self.said.take().map(JoinHandle::join));
    }
}

/// Files are named with their protocol, so that no name is taken for an option, an address or a pattern, and nothing but
/// files is opened, whatever a playlist asks for.
///
/// `round=up` gives each output frame the last one that is not later; containers that round times to milliseconds would
/// else be late by up to half of one. `start_time=0` has the first output frame stand for time 0.
fn arguments(video: &Path, rate: f64) -> Vec<OsString> {
    let mut file = OsString::from("file:");
    file.push(video);
    let filter = format!("settb=1/1000000,setpts=PTS-500,fps=fps={rate}:start_time=0:round=up");
    let before = "-nostdin -hide_banner -v error -protocol_whitelist file -i";
    let after = "-f image2pipe -c:v ppm -pix_fmt rgb24 pipe:1";
    let words = |text: &'static str| text.split(' ').map(OsString::from);
    words(before)
        .chain([file])
        .chain(words("-map 0:V:0 -vf"))
        .chain([filter.into()])
        .chain(words(after))
        .collect()
}

/// The last line that comes from `errors` and is not empty, in plain letters and without the `[part @ address]` that says it.
fn last_line(mut errors: impl Read) -> String {
    let (mut kept, mut buffer) = (Vec::new(), [0; KEPT]);
    while let Ok(count @ 1..) = errors.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..count]);
        kept.drain(..kept.len().saturating_sub(KEPT));
    }
    let text = String::from_utf8_lossy(&kept);
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    let last = last.unwrap_or_default();
    let said = last
        .strip_prefix('[')
        .and_then(|line| line.split_once("] "));
    let plain = said.map_or(last, |(_, said)| said).chars();
    plain.filter(|c| !c.is_control()).take(TOLD).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_told_without_what_a_terminal_would_obey() {
        let named = &b"[in#0/matroska,webm @ 0x55] File ended"[..];
        assert_eq!(last_line(named), "File ended");
        let text = "first\n\x1b[31mmoov atom not found\x07\n\n".as_bytes();
        assert_eq!(last_line(text), "[31mmoov atom not found");
        assert_eq!(last_line(&b""[..]), "");
        let long = [vec![b'x'; 3 * KEPT], b"\nend".to_vec()].concat();
        assert_eq!(last_line(long.as_slice()), "end");
    }

    #[test]
    fn a_name_is_one_argument_that_no_option_or_address_can_be() {
        let arguments = arguments(Path::new("-i http://%d:x.mp4"), 0.1);
        let named = OsString::from("file:-i http://%d:x.mp4");
        assert!(arguments.contains(&named), "{arguments:?}");
        let filter = arguments.iter().filter_map(|a| a.to_str());
        assert!(filter.clone().any(|a| a.contains("fps=fps=0.1:")));
    }
}
