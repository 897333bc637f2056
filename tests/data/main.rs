//! Every reader on tiny sets written here, whole and broken; the splits and the generators.

#[path = "../common/mod.rs"]
mod common;

mod apart;
mod arrays;
mod check;
mod cifar;
mod decode;
#[cfg(feature = "dicom")]
mod dicom;
mod folder;
mod generators;
#[cfg(feature = "hdf5")]
mod hdf5;
mod ids;
mod idx;
mod layouts;
mod manifest;
mod metadata;
mod packed;
mod packed_tags;
mod parquet;
mod parquet_labels;
mod partly_labelled;
mod pictures;
mod remote;
mod resume;
#[cfg(feature = "remote")]
mod server;
mod several;
mod shards;
mod splits;
mod stacks;
mod stl10;
mod table;
mod table_refusals;
mod tars;
mod tiff;
mod tiny;
mod truncated;
mod video;
mod video_programs;
mod webdataset;
mod webdataset_broken;
