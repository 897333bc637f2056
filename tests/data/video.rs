//! Frames of videos, which ffmpeg decodes: the clips are written by it as well, and without it nothing is tested but that.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use ravine::data::{DataConfig, Dataset, ReaderKind, open};

use crate::tiny::*;

/// Whether ffmpeg is on PATH; says so where it is not.
pub(crate) fn is_there() -> bool {
    let mut command = Command::new("ffmpeg");
    let quiet = command.arg("-version").stdin(Stdio::null());
    let found = quiet.stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_err() {
        println!("skipped: there is no ffmpeg on PATH");
    }
    found.is_ok()
}

/// What ffmpeg writes to `path`.
fn written(path: &Path, arguments: &[&str]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut command = Command::new("ffmpeg");
    command
        .args(["-nostdin", "-v", "error", "-y"])
        .args(arguments);
    let mut file = std::ffi::OsString::from("file:");
    file.push(path);
    let output = command.arg(file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
}

/// Frames without loss of 8×6 pixels; a pixel of frame `n` is (n, 10 · x, 10 · y).
const PATTERN: &str = "format=gbrp,geq=r='N':g='10*X':b='10*Y'";
const LOSSLESS: [&str; 4] = ["-c:v", "ffv1", "-pix_fmt", "bgr0"];

/// A clip of so many frames, `rate` a second, with a further `filter`.
fn filtered(path: &Path, frames: usize, rate: usize, filter: &str) {
    let seconds = frames as f64 / rate as f64;
    let color = format!("color=c=black:size=8x6:rate={rate}:duration={seconds}");
    let source = format!("{color},{PATTERN}{filter}");
    let arguments = ["-f", "lavfi", "-i", &source, "-f", "matroska"];
    written(path, &[&arguments[..], &LOSSLESS[..]].concat());
}

/// A clip of so many frames, 10 a second.
pub(crate) fn clip(path: &Path, frames: usize) {
    filtered(path, frames, 10, "");
}

/// The values of frame `number` of a clip.
fn frame(number: usize) -> Vec<u8> {
    let pixels = (0..6).flat_map(|y| (0..8).map(move |x| [number, 10 * x, 10 * y]));
    pixels.flatten().map(|value| value as u8).collect()
}

fn at_rate(path: &Path, rate: f64) -> DataConfig {
    DataConfig {
        frames_per_second: Some(rate),
        ..at(path)
    }
}

/// Number of each frame of a set, whose other values are checked.
fn numbers(set: &dyn Dataset) -> Vec<usize> {
    let number = |index| {
        let image = set.get(index).unwrap();
        assert_eq!((image.width, image.height, image.channels), (8, 6, 3));
        let number = usize::from(bytes(&image)[0]);
        assert_eq!(bytes(&image), frame(number), "{}", set.id(index));
        number
    };
    (0..set.len()).map(number).collect()
}

fn ids(set: &dyn Dataset) -> Vec<String> {
    (0..set.len()).map(|index| set.id(index)).collect()
}

#[test]
fn frames_come_at_a_constant_rate_with_their_times() {
    if !is_there() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clip.mkv");
    clip(&path, 35);
    let set = all(&at(&path)).unwrap();
    assert_eq!(numbers(set.as_ref()), [0, 10, 20, 30]);
    assert_eq!(set.id(2), "clip.mkv#2.000");
    assert_eq!(
        (set.metadata(), set.cell(3, 0)),
        (&["time".into()][..], Some("3.000"))
    );
    let set = all(&at_rate(&path, 2.0)).unwrap();
    assert_eq!(numbers(set.as_ref()), [0, 5, 10, 15, 20, 25, 30]);
    assert_eq!(set.cell(5, 0), Some("2.500"));
    let set = all(&at_rate(&path, 10.0)).unwrap();
    assert_eq!(numbers(set.as_ref()), (0..35).collect::<Vec<_>>());
    let set = all(&at_rate(&path, 0.3)).unwrap();
    assert_eq!(
        (numbers(set.as_ref()), set.id(1)),
        (vec![0, 33], "clip.mkv#3.333".into())
    );
    assert_eq!(numbers(all(&at_rate(&path, 0.1)).unwrap().as_ref()), [0]);
    let grey = DataConfig {
        channels: Some(1),
        ..at(&path)
    };
    let grey = all(&grey).unwrap();
    let color = all(&at(&path)).unwrap().get(3).unwrap();
    assert_eq!(grey.get(3).unwrap(), color.with_channels(1).unwrap());
    assert_eq!(grey.stored(3).unwrap().channels, 3);
}

#[test]
fn every_frame_comes_once_at_the_own_rate_although_times_are_rounded_to_milliseconds() {
    if !is_there() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clip.mkv");
    filtered(&path, 60, 30, "");
    let each = all(&at_rate(&path, 30.0)).unwrap();
    assert_eq!(numbers(each.as_ref()), (0..60).collect::<Vec<_>>());
    let every_other = all(&at_rate(&path, 15.0)).unwrap();
    let wanted: Vec<usize> = (0..60).step_by(2).collect();
    assert_eq!(numbers(every_other.as_ref()), wanted);
}

/// Times of the frames of a video in seconds, as ffmpeg shows them.
fn shown(path: &Path) -> Vec<f64> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-i"]).arg(path);
    let output = command
        .args(["-vf", "showinfo", "-f", "null", "-"])
        .output();
    let text = String::from_utf8_lossy(&output.unwrap().stderr).into_owned();
    let times = text.split("pts_time:").skip(1);
    let number = |text: &str| text.split_whitespace().next()?.parse().ok();
    times.filter_map(number).collect()
}

#[test]
fn at_a_varying_rate_a_frame_is_the_last_that_was_shown_by_then() {
    if !is_there() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clip.mkv");
    let kept = [0, 3, 10, 17, 32];
    let some: Vec<String> = kept.iter().map(|n| format!("eq(n,{n})")).collect();
    filtered(&path, 40, 10, &format!(",select='{}'", some.join("+")));
    let times = shown(&path);
    assert_eq!(times, [0.0, 0.3, 1.0, 1.7, 3.2]);
    for rate in [1.0, 2.0, 3.0, 4.7, 10.0] {
        let found = numbers(all(&at_rate(&path, rate)).unwrap().as_ref());
        let by = |t: f64| times.iter().rposition(|&time| time <= t + 5e-4).unwrap();
        let wanted = (0..found.len()).map(|n| kept[by(n as f64 / rate)]);
        assert_eq!(found, wanted.collect::<Vec<_>>(), "{rate} a second");
        assert!(found.len() as f64 / rate > 3.2, "{rate} a second");
    }
}

#[test]
fn folders_are_classes_and_parts_and_any_name_is_a_file() {
    if !is_there() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let name = |name: &str| dir.path().join(name);
    for (path, frames) in [
        ("train/run/-i.mkv", 20),
        ("train/run/100%03d.MKV", 10),
        ("train/walk/a:b.avi", 30),
        ("test/walk/http:c.mp4", 10),
    ] {
        clip(&name(path), frames);
    }
    write(
        &name("metadata.csv"),
        b"file_name,camera\ntrain/run/-i.mkv,7\n",
    );
    let splits = open(&DataConfig {
        validation: Some(0.0),
        ..at(dir.path())
    })
    .unwrap();
    assert_eq!(splits.classes, ["run", "walk"]);
    let train = splits.train.as_ref();
    let mut names = ids(train);
    names.sort();
    assert_eq!(
        names,
        [
            "train/run/-i.mkv#0.000",
            "train/run/-i.mkv#1.000",
            "train/run/100%03d.MKV#0.000",
            "train/walk/a:b.avi#0.000",
            "train/walk/a:b.avi#1.000",
            "train/walk/a:b.avi#2.000",
        ]
    );
    assert_eq!(train.metadata(), ["camera", "time"]);
    for index in 0..train.len() {
        let id = train.id(index);
        let class = u32::from(id.contains("walk"));
        assert_eq!(train.label(index), Some(class), "{id}");
        let camera = id.contains("-i").then_some("7");
        assert_eq!(train.cell(index, 0), camera, "{id}");
        assert!(id.ends_with(train.cell(index, 1).unwrap()), "{id}");
    }
    assert_eq!(ids(splits.test.as_ref()), ["test/walk/http:c.mp4#0.000"]);
    assert_eq!(splits.test.label(0), Some(1));
    // Frames count with the classes, and a note says where they lie.
    let found = checked(&at(dir.path()));
    assert_eq!((found.images, found.bad.len()), (7, 0));
    assert!(
        found
            .notes
            .concat()
            .contains("7 frames of 4 videos, 1 a second")
    );
}

#[test]
fn pictures_and_videos_side_by_side_are_read_as_pictures_unless_videos_are_asked_for() {
    if !is_there() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("a/1.png"), &png(1));
    clip(&dir.path().join("b/2.mkv"), 10);
    let pictures = all(&at(dir.path())).unwrap();
    assert_eq!(ids(pictures.as_ref()), ["a/1.png"]);
    let notes = pictures.notes().concat();
    assert!(notes.contains("videos beside pictures (1 .mkv)"), "{notes}");
    let videos = DataConfig {
        reader: ReaderKind::Video,
        ..at(dir.path())
    };
    let videos = all(&videos).unwrap();
    assert_eq!(ids(videos.as_ref()), ["b/2.mkv#0.000"]);
    let notes = videos.notes().concat();
    assert!(notes.contains("pictures beside videos (1 .png)"), "{notes}");
}

#[test]
fn broken_videos_are_passed_over_by_name_and_cut_ones_are_named() {
    if !is_there() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("broken.mp4"), b"no video at all");
    let problem = all(&at(dir.path())).err().unwrap();
    assert_eq!(problem.exit_code(), 1);
    let text = problem.to_string();
    assert!(
        text.contains("no frame of the 1 videos") && text.contains("broken.mp4: "),
        "{text}"
    );
    assert!(text.contains("Invalid data"), "{text}");
    clip(&dir.path().join("whole.mkv"), 10);
    clip(&dir.path().join("cut.mkv"), 40);
    let cut = fs::read(dir.path().join("cut.mkv")).unwrap();
    write(&dir.path().join("cut.mkv"), &cut[..cut.len() * 3 / 4]);
    let tone = ["-f", "lavfi", "-i", "sine=duration=1", "-c:a", "pcm_s16le"];
    written(&dir.path().join("sound.mkv"), &tone);
    let notes = checked(&at(dir.path())).notes.join("\n");
    assert!(notes.contains("passed over: 2 of 4 videos"), "{notes}");
    assert!(
        notes.contains("(broken.mp4: ") && notes.contains("sound.mkv: "),
        "{notes}"
    );
    assert!(notes.contains("mistakes in 1 of 4 videos"), "{notes}");
    assert!(notes.contains("(cut.mkv: "), "{notes}");
    let set = all(&at(dir.path())).unwrap();
    assert_eq!(set.id(set.len() - 1), "whole.mkv#0.000");
    assert!(numbers(set.as_ref()).starts_with(&[0, 10]));
}

#[test]
fn a_video_that_is_to_be_turned_is_upright() {
    if !is_there() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (flat, turned) = (
        dir.path().join("flat/a.mp4"),
        dir.path().join("turned/a.mp4"),
    );
    let source = ["-f", "lavfi", "-i", "testsrc=size=32x16:rate=5:duration=1"];
    written(&flat, &[&source[..], &["-c:v", "mpeg4"]].concat());
    let flat_name = flat.to_str().unwrap();
    let copy = ["-i", flat_name, "-c", "copy"];
    let new = [&["-display_rotation", "90"][..], &copy[..]].concat();
    let old = [&copy[..], &["-metadata:s:v:0", "rotate=90"]].concat();
    fs::create_dir_all(turned.parent().unwrap()).unwrap();
    let works = |arguments: &[&str]| {
        let mut command = Command::new("ffmpeg");
        command
            .args(["-nostdin", "-v", "quiet", "-y"])
            .args(arguments);
        command.arg(&turned).status().unwrap().success()
    };
    assert!(works(&new) || works(&old));
    let size = |path: &Path| {
        let image = all(&at(path)).unwrap().get(0).unwrap();
        (image.width, image.height)
    };
    assert_eq!((size(&flat), size(&turned)), ((32, 16), (16, 32)));
}

#[test]
fn a_rate_is_for_videos() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("1.png"), &png(1));
    for source in [dir.path(), Path::new("digits")] {
        let problem = all(&at_rate(source, 1.0)).err().unwrap();
        assert_eq!(problem.exit_code(), 2);
        let text = problem.to_string();
        assert!(
            text.contains("data.frames_per_second") && text.contains("is for videos"),
            "{text}"
        );
    }
}
