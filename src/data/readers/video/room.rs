//! The unnamed file that frames are unpacked to.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use super::ffmpeg::Decoding;
use super::ppm;
use crate::data::readers::positional::Bytes;
use crate::error::{Error, Result};

/// Most bytes that the frames of all videos may take.
const MOST_BYTES: u64 = 64 << 30;

/// Most frames of all videos.
const MOST_FRAMES: u64 = 20_000_000;

/// Where the frames of a video lie, one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Clip {
    /// Of the first frame, in bytes.
    pub(super) start: u64,
    /// How many there are.
    pub(super) frames: usize,
    /// Pixels from left to right.
    pub(super) width: u32,
    /// Pixels from top to bottom.
    pub(super) height: u32,
}

/// Why there are no frames, a sentence without the path.
#[derive(Debug)]
pub(super) enum Refused {
    /// Of this video, which can be passed over.
    Video(String),
    /// Of any further one.
    All(String),
}

/// Why a video ends before its time.
#[derive(Debug)]
enum Ended {
    /// The program stopped in the middle of a frame.
    Cut,
    /// The program is to be stopped.
    Stopped(Refused),
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        if error.kind() == ErrorKind::UnexpectedEof {
            return Self::Cut;
        }
        Self::Stopped(Refused::Video(error.to_string()))
    }
}

/// A file without a name that goes with the process, and how full it is.
pub(super) struct Room {
    file: File,
    bytes: u64,
    frames: u64,
    most_bytes: u64,
}

impl Room {
    /// An empty file in the folder of temporary files.
    ///
    /// # Errors
    /// There is no such folder, or it cannot be written to.
    pub(super) fn new() -> Result<Self> {
        let file =
            tempfile::tempfile().map_err(|e| Error::data(std::env::temp_dir(), no_room(&e)))?;
        Ok(Self {
            file,
            bytes: 0,
            frames: 0,
            most_bytes: MOST_BYTES,
        })
    }

    /// Bytes of all frames.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Number of all frames.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// The same to be read.
    pub(super) fn done(self) -> Bytes {
        Bytes::of(self.file)
    }

    /// Take `rate` frames a second of `video`, and what ffmpeg complained of although it did not fail.
    ///
    /// # Errors
    /// ffmpeg fails on it or finds no frame; it cannot be started, or there is no room.
    pub(super) fn add(
        &mut self,
        video: &Path,
        rate: f64,
    ) -> std::result::Result<(Clip, Option<String>), Refused> {
        // What a video that failed has left is written over.
        let seek = self.file.seek(SeekFrom::Start(self.bytes));
        seek.map_err(|e| Refused::All(no_room(&e)))?;
        let (decoding, frames) = Decoding::start(video, rate).map_err(Refused::All)?;
        let clip = self.copy(&mut BufReader::with_capacity(1 << 18, frames));
        if let Err(Ended::Stopped(refused)) = clip {
            return Err(refused); // what decodes is dropped, and so ended
        }
        let complaint = decoding.finish().map_err(Refused::Video)?;
        let cut = |_| Refused::Video("ffmpeg stopped in the middle of a frame".into());
        let clip = clip.map_err(cut)?;
        if clip.frames == 0 {
            let said = complaint.unwrap_or_else(|| "ffmpeg finds no frame in it".into());
            return Err(Refused::Video(said));
        }
        self.bytes += clip.frames as u64 * ppm::bytes(clip.width, clip.height);
        self.frames += clip.frames as u64;
        Ok((clip, complaint))
    }

    /// Append the pixels of all frames that come from `source`.
    fn copy(&mut self, source: &mut BufReader<impl Read>) -> std::result::Result<Clip, Ended> {
        let mut clip = Clip {
            start: self.bytes,
            ..Clip::default()
        };
        let mut end = self.bytes;
        while let Some((width, height)) = ppm::header(source)? {
            if clip.frames > 0 && (clip.width, clip.height) != (width, height) {
                return Err(io::Error::other("its frames have several sizes").into());
            }
            (clip.width, clip.height) = (width, height);
            let length = ppm::bytes(width, height);
            end += length;
            let frames = self.frames + clip.frames as u64;
            if end > self.most_bytes || frames >= MOST_FRAMES {
                return Err(Ended::Stopped(Refused::All(format!(
                    "the frames up to this video are more than {} MiB or {MOST_FRAMES}; lower data.frames_per_second, scale \
                     the videos down, or read fewer of them",
                    self.most_bytes >> 20
                ))));
            }
            let copied = io::copy(&mut source.take(length), &mut self.file);
            match copied {
                Ok(copied) if copied == length => clip.frames += 1,
                Ok(_) => return Err(Ended::Cut),
                Err(e) => return Err(Ended::Stopped(Refused::All(no_room(&e)))),
            }
        }
        Ok(clip)
    }
}

fn no_room(error: &io::Error) -> String {
    format!(
        "cannot write its frames to {} ({error}); name a folder with room in TMPDIR, or lower data.frames_per_second",
        std::env::temp_dir().display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(room: &mut Room, text: &[u8]) -> std::result::Result<Clip, Ended> {
        room.copy(&mut BufReader::new(text))
    }

    #[test]
    fn too_many_bytes_and_frames_that_are_cut_off_are_refused() {
        let two = b"P6\n2 1\n255\nabcdefP6\n2 1\n255\nghijkl";
        let mut room = Room::new().unwrap();
        let clip = copied(&mut room, two).unwrap();
        assert_eq!((clip.frames, clip.width, clip.height), (2, 2, 1));
        let cut = copied(&mut room, &two[..two.len() - 1]).unwrap_err();
        assert!(matches!(cut, Ended::Cut), "{cut:?}");
        let sizes = b"P6\n1 1\n255\nabcP6\n1 2\n255\nabcdef";
        let refused = copied(&mut room, sizes).unwrap_err();
        assert!(
            matches!(&refused, Ended::Stopped(Refused::Video(problem)) if problem.contains("several sizes")),
            "{refused:?}"
        );
        room.most_bytes = 11;
        let refused = copied(&mut room, two).unwrap_err();
        assert!(
            matches!(&refused, Ended::Stopped(Refused::All(problem)) if problem.contains("data.frames_per_second")),
            "{refused:?}"
        );
    }
}
