//! Every reader on tiny sets written here, whole and broken; the splits and the generators.

mod check;
mod cifar;
mod decode;
mod folder;
mod generators;
mod ids;
mod idx;
mod layouts;
mod manifest;
mod metadata;
mod parquet;
mod parquet_labels;
mod partly_labelled;
mod pictures;
mod splits;
mod table;
mod table_refusals;
mod tiff;
mod tiny;
mod truncated;
