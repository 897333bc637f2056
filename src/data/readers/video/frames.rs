//! Frames that were taken of videos as a set of images.

use std::path::Path;
use std::sync::Arc;

use super::ppm;
use super::room::{Clip, Refused, Room};
use crate::data::dataset::Dataset;
use crate::data::ids::distinct;
use crate::data::image::Image;
use crate::data::look::{Depth, Look};
use crate::data::readers::positional::Bytes;
use crate::data::readers::sheet::Sheet;
use crate::data::starts::Starts;
use crate::data::stored::Stored;
use crate::error::{Error, Result};

/// The further column of frames: seconds from the start of the video.
const TIME: &str = "time";

/// Frames while they are taken.
pub(super) struct Taken {
    room: Room,
    rate: f64,
    longest: usize,
}

impl Taken {
    /// None yet, of `rate` a second.
    pub(super) fn new(room: Room, rate: f64) -> Self {
        Self {
            room,
            rate,
            longest: 0,
        }
    }

    /// Take those of `video`.
    ///
    /// # Errors
    /// As [`Room::add`].
    pub(super) fn add(&mut self, video: &Path) -> Result<(Clip, Option<String>), Refused> {
        let (clip, complaint) = self.room.add(video, self.rate)?;
        self.longest = self.longest.max(clip.frames);
        Ok((clip, complaint))
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.longest == 0
    }

    /// How many there are.
    pub(super) fn frames(&self) -> u64 {
        self.room.frames()
    }

    /// How many of them a second.
    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    /// Their bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.room.bytes()
    }

    /// The same to be read.
    pub(super) fn done(self) -> Kept {
        let mut times = Sheet::new(vec![TIME.into()]);
        for frame in 0..self.longest {
            let time = format!("{:.3}", frame as f64 / self.rate);
            times.push(std::iter::once(time.as_str()));
        }
        Kept {
            pixels: self.room.done(),
            times,
        }
    }
}

/// The frames of all parts.
pub(super) struct Kept {
    pixels: Bytes,
    times: Sheet, // of the first, second, … frame of any video
}

/// The frames of the videos of one part; each is read when asked for.
///
/// Memory: 32 bytes a video, and as text the times of the longest one with 8 bytes each.
pub(super) struct Frames {
    videos: Arc<dyn Dataset>,
    clips: Vec<Clip>,
    starts: Starts, // of the clips
    kept: Arc<Kept>,
    metadata: Vec<String>, // of the videos, and the time
    channels: usize,
    notes: Vec<String>,
}

impl Frames {
    /// The `clips` of `videos`, delivered with `channels`.
    pub(super) fn new(
        videos: Arc<dyn Dataset>,
        clips: Vec<Clip>,
        kept: Arc<Kept>,
        channels: usize,
        notes: Vec<String>,
    ) -> Self {
        let mut starts = Starts::new();
        for clip in &clips {
            starts.push(clip.frames);
        }
        let columns = videos.metadata().iter().cloned();
        let metadata = distinct(columns.chain([TIME.into()]));
        Self {
            videos,
            clips,
            starts,
            kept,
            metadata,
            channels,
            notes,
        }
    }

    /// The video of a frame.
    fn video(&self, index: usize) -> usize {
        self.starts.locate(index).0
    }

    fn time(&self, index: usize) -> Option<&str> {
        self.kept.times.cell(self.starts.locate(index).1, 0)
    }

    /// One frame in three channels.
    fn frame(&self, index: usize) -> Result<Image> {
        let (video, frame) = self.starts.locate(index);
        let clip = &self.clips[video];
        let length = ppm::bytes(clip.width, clip.height);
        let mut pixels = vec![0; length as usize];
        let offset = clip.start + frame as u64 * length;
        let read = self.kept.pixels.read_exact_at(&mut pixels, offset);
        read.map_err(|e| Error::data(self.id(index), format!("cannot read the frame back: {e}")))?;
        Ok(Image {
            width: clip.width as usize,
            height: clip.height as usize,
            channels: 3,
            pixels: pixels.into(),
        })
    }
}

impl Dataset for Frames {
    fn len(&self) -> usize {
        self.starts.total()
    }

    fn get(&self, index: usize) -> Result<Image> {
        let image = self.frame(index)?.with_channels(self.channels);
        image.map_err(|problem| Error::data(self.id(index), problem))
    }

    fn stored(&self, index: usize) -> Result<Stored> {
        self.frame(index).map(Stored::of_image)
    }

    fn look(&self, _index: usize) -> Look {
        Look {
            channels: Some(3),
            depth: Some(Depth {
                channels: 3,
                bits: 8,
            }),
            ..Look::default()
        }
    }

    fn file_length(&self, index: usize) -> Option<u64> {
        self.videos.file_length(self.video(index))
    }

    fn label(&self, index: usize) -> Option<u32> {
        self.videos.label(self.video(index))
    }

    fn classes(&self) -> &[String] {
        self.videos.classes()
    }

    fn tags(&self, index: usize) -> Option<&[u32]> {
        self.videos.tags(self.video(index))
    }

    fn tag_names(&self) -> &[String] {
        self.videos.tag_names()
    }

    fn belongs_to(&self, index: usize) -> usize {
        self.video(index)
    }

    fn id(&self, index: usize) -> String {
        let time = self.time(index).unwrap_or_default();
        format!("{}#{time}", self.videos.id(self.video(index)))
    }

    fn metadata(&self) -> &[String] {
        &self.metadata
    }

    fn cell(&self, index: usize, column: usize) -> Option<&str> {
        if column + 1 == self.metadata.len() {
            return self.time(index);
        }
        self.videos.cell(self.video(index), column)
    }

    fn notes(&self) -> Vec<String> {
        let notes = self.videos.notes().into_iter();
        notes.chain(self.notes.iter().cloned()).collect()
    }
}
