//! Frames of videos, which the program `ffmpeg` decodes: a video, or a folder of videos with the classes, parts and tables
//! that a folder of pictures has.

mod ffmpeg;
mod frames;
mod ppm;
mod room;

use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;

use super::folder::{self, Wanted};
use super::reader::{Parts, Reader, Request};
use crate::data::dataset::Dataset;
use crate::data::part::Part;
use crate::error::{Error, Result};
use frames::{Frames, Taken};
use room::{Refused, Room};

/// Of fewer videos, not every part that is held out gets whole ones.
const FEW: usize = 5;

/// Videos, of which the program ffmpeg takes frames at a constant rate.
///
/// The frame of time t is the last one whose own time, as ffmpeg tells it, is at most t, with half a millisecond for files
/// that keep their times in milliseconds; one that starts later is also shown before. Where a video has frames at a varying
/// rate, some of them come more than once and others never. Frames are upright as the file says, and have three channels of
/// 8 bits.
#[derive(JsonSchema)]
pub(super) struct VideoReader;

impl Reader for VideoReader {
    fn recognizes(&self, source: &Path) -> Result<bool> {
        folder::is_of_videos(source)
    }

    fn takes_folders(&self) -> bool {
        true
    }

    fn takes_label(&self) -> bool {
        true
    }

    fn takes_frames(&self) -> bool {
        true
    }

    fn open(&self, request: &Request) -> Result<Parts> {
        ffmpeg::is_there().map_err(|problem| Error::data(request.path, problem))?;
        let parts = folder::open(request, Wanted::Videos)?;
        let mut taken = Taken::new(Room::new()?, request.frames_per_second);
        let mut report = Report::default();
        let mut clips = Vec::new();
        for (_, videos) in &parts {
            let of_part =
                (0..videos.len()).map(|index| one(videos, index, &mut taken, &mut report));
            clips.push(of_part.collect::<Result<Vec<_>>>()?);
            if taken.is_empty() {
                return Err(report.nothing(request.path)); // of the first part, which is trained on
            }
        }
        let mut notes = report.notes(&taken, parts.len());
        let taken = Arc::new(taken.done());
        let frames = parts.into_iter().zip(clips);
        let frames = frames.map(|((part, videos), clips)| {
            let notes = std::mem::take(&mut notes); // the first part has them
            let set = Frames::new(videos, clips, taken.clone(), request.channels, notes);
            (part, Arc::new(set) as Arc<dyn Dataset>)
        });
        Ok(frames.collect::<Vec<(Part, _)>>())
    }
}

/// The frames of one of `videos`; none where ffmpeg fails on it.
fn one(
    videos: &Arc<dyn Dataset>,
    index: usize,
    taken: &mut Taken,
    report: &mut Report,
) -> Result<room::Clip> {
    let path = videos.file(index).unwrap_or_default();
    report.videos += 1;
    match taken.add(&path) {
        Ok((clip, complaint)) => {
            if let Some(complaint) = complaint {
                report.damaged.push((videos.id(index), complaint));
            }
            Ok(clip)
        }
        Err(Refused::Video(problem)) => {
            report.failed.push((videos.id(index), problem));
            Ok(room::Clip::default())
        }
        Err(Refused::All(problem)) => Err(Error::data(&path, problem)),
    }
}

/// What happened to the videos, by their ids.
#[derive(Default)]
struct Report {
    videos: usize,
    failed: Vec<(String, String)>,
    damaged: Vec<(String, String)>,
}

/// Videos that are named in one sentence.
const NAMED: usize = 5;

impl Report {
    /// Not one frame was read.
    fn nothing(&self, path: &Path) -> Error {
        let first = self.failed.first();
        let first = first.map_or(String::new(), |(id, problem)| format!("; {id}: {problem}"));
        let problem = format!(
            "ffmpeg reads no frame of the {} videos to train on{first}; write them again, or leave them out",
            self.videos
        );
        Error::data(path, problem)
    }

    /// A sentence each for what a person should know, of videos in so many parts.
    fn notes(&self, taken: &Taken, parts: usize) -> Vec<String> {
        let mut notes = vec![format!(
            "{} frames of {} videos, {} a second, lie uncompressed in {} ({} MiB), where they are unpacked at every start",
            taken.frames(),
            self.videos - self.failed.len(),
            taken.rate(),
            std::env::temp_dir().display(),
            taken.bytes().div_ceil(1 << 20),
        )];
        if parts == 1 && self.videos - self.failed.len() < FEW {
            notes.push(
                "of so few videos, frames of one come into several parts where some are held out; lay the videos in `train` and `test` \
                 to keep them apart"
                    .into(),
            );
        }
        if !self.failed.is_empty() {
            notes.push(format!(
                "passed over: {} of {} videos, on which ffmpeg failed ({}); write them again or leave them out",
                self.failed.len(),
                self.videos,
                some(&self.failed)
            ));
        }
        if !self.damaged.is_empty() {
            notes.push(format!(
                "ffmpeg found mistakes in {} of {} videos, whose frames may be damaged or end early ({}); write them again",
                self.damaged.len(),
                self.videos,
                some(&self.damaged)
            ));
        }
        notes
    }
}

/// The first of `videos` with what was said of each.
fn some(videos: &[(String, String)]) -> String {
    let named = videos.iter().take(NAMED);
    let mut named: Vec<String> = named.map(|(id, said)| format!("{id}: {said}")).collect();
    if videos.len() > NAMED {
        named.push("…".into());
    }
    named.join("; ")
}
