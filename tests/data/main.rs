//! Every reader on tiny sets written here, whole and broken; and the splits.

mod cifar;
mod decode;
mod folder;
mod idx;
mod parquet;
mod splits;
mod tiny;
