//! The messages of TensorBoard that runs need, by the field numbers of the formats of TensorBoard and TensorFlow.

use std::collections::BTreeMap;

/// One record of an event file.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub wall_time: f64,
    /// Updates done.
    #[prost(int64, tag = "2")]
    pub step: i64,
    /// What happened.
    #[prost(oneof = "event::What", tags = "3, 5, 7")]
    pub what: Option<event::What>,
}

/// What an event holds.
pub mod event {
    /// One of them.
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub enum What {
        /// The first record of every file.
        #[prost(string, tag = "3")]
        FileVersion(String),
        /// Values.
        #[prost(message, tag = "5")]
        Summary(super::EventSummary),
        /// Where a process starts.
        #[prost(message, tag = "7")]
        SessionLog(super::SessionLog),
    }
}

/// A mark of a process.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SessionLog {
    /// 1 where it starts: of what was written before, only steps below this event's hold.
    #[prost(int32, tag = "1")]
    pub status: i32,
}

/// Values of one step.
#[derive(Clone, PartialEq, prost::Message)]
pub struct EventSummary {
    /// The values.
    #[prost(message, repeated, tag = "1")]
    pub value: Vec<Summarized>,
}

/// A value with its tag.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Summarized {
    /// What it is called.
    #[prost(string, tag = "1")]
    pub tag: String,
    /// Which plugin shows it; left out for numbers, pictures and histograms.
    #[prost(message, optional, tag = "9")]
    pub metadata: Option<SummaryMetadata>,
    /// The value.
    #[prost(oneof = "summarized::Value", tags = "2, 4, 5, 8")]
    pub value: Option<summarized::Value>,
}

/// Kinds of values.
pub mod summarized {
    /// One of them.
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub enum Value {
        /// A number.
        #[prost(float, tag = "2")]
        Number(f32),
        /// A picture.
        #[prost(message, tag = "4")]
        Picture(super::EventPicture),
        /// A histogram.
        #[prost(message, tag = "5")]
        Histogram(super::EventHistogram),
        /// Text, or nothing of interest.
        #[prost(message, tag = "8")]
        Tensor(super::TextTensor),
    }
}

/// A picture, encoded.
#[derive(Clone, PartialEq, prost::Message)]
pub struct EventPicture {
    /// Pixels from top to bottom.
    #[prost(int32, tag = "1")]
    pub height: i32,
    /// Pixels from left to right.
    #[prost(int32, tag = "2")]
    pub width: i32,
    /// Channels: 1 or 3.
    #[prost(int32, tag = "3")]
    pub colorspace: i32,
    /// A PNG file.
    #[prost(bytes = "vec", tag = "4")]
    pub encoded: Vec<u8>,
}

/// A histogram.
#[derive(Clone, PartialEq, prost::Message)]
pub struct EventHistogram {
    /// Where the first bin starts.
    #[prost(double, tag = "1")]
    pub min: f64,
    /// Where the last bin ends.
    #[prost(double, tag = "2")]
    pub max: f64,
    /// Sum of the bins.
    #[prost(double, tag = "3")]
    pub num: f64,
    /// Sum of all values, each in the middle of its bin.
    #[prost(double, tag = "4")]
    pub sum: f64,
    /// The same of their squares.
    #[prost(double, tag = "5")]
    pub sum_squares: f64,
    /// Where each bin ends.
    #[prost(double, repeated, tag = "6")]
    pub bucket_limit: Vec<f64>,
    /// What is in it.
    #[prost(double, repeated, tag = "7")]
    pub bucket: Vec<f64>,
}

/// Which plugin shows a value.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SummaryMetadata {
    /// Its name and what it is told.
    #[prost(message, optional, tag = "1")]
    pub plugin_data: Option<PluginData>,
}

/// A plugin and what it is told.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PluginData {
    /// Its name.
    #[prost(string, tag = "1")]
    pub plugin_name: String,
    /// Its own message.
    #[prost(bytes = "vec", tag = "2")]
    pub content: Vec<u8>,
}

/// A tensor of words, or of a single zero.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TextTensor {
    /// 7 for words, 1 for 32-bit floats.
    #[prost(int32, tag = "1")]
    pub dtype: i32,
    /// Its shape.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<TensorSizes>,
    /// Its numbers.
    #[prost(float, repeated, tag = "5")]
    pub numbers: Vec<f32>,
    /// Its words.
    #[prost(bytes = "vec", repeated, tag = "8")]
    pub words: Vec<Vec<u8>>,
}

/// The shape of a tensor; without dimensions, of a single value.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TensorSizes {
    /// Its dimensions.
    #[prost(message, repeated, tag = "2")]
    pub dim: Vec<TensorDimension>,
}

/// One dimension of a tensor.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TensorDimension {
    /// Its length.
    #[prost(int64, tag = "1")]
    pub size: i64,
}

/// What the plugin `hparams` is told.
#[derive(Clone, PartialEq, prost::Message)]
pub struct HparamsData {
    /// Version of its format: 0.
    #[prost(int32, tag = "1")]
    pub version: i32,
    /// What it is told.
    #[prost(oneof = "data::Data", tags = "2, 3, 4")]
    pub data: Option<data::Data>,
}

/// Kinds of what the plugin `hparams` is told.
pub mod data {
    /// One of them.
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub enum Data {
        /// The columns.
        #[prost(message, tag = "2")]
        Experiment(super::Experiment),
        /// The values of a run.
        #[prost(message, tag = "3")]
        Start(super::SessionStart),
        /// How it ended.
        #[prost(message, tag = "4")]
        End(super::SessionEnd),
    }
}

/// Columns of the table of runs.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Experiment {
    /// Keys of the configuration.
    #[prost(message, repeated, tag = "4")]
    pub hparam_infos: Vec<HparamInfo>,
    /// Numbers to compare.
    #[prost(message, repeated, tag = "5")]
    pub metric_infos: Vec<MetricInfo>,
}

/// What a key may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum DataKind {
    /// Unknown.
    Unset = 0,
    /// Words.
    Words = 1,
    /// Yes or no.
    Truth = 2,
    /// A number.
    Number = 3,
}

/// A key of the configuration.
#[derive(Clone, PartialEq, prost::Message)]
pub struct HparamInfo {
    /// Its path.
    #[prost(string, tag = "1")]
    pub name: String,
    /// What it holds.
    #[prost(enumeration = "DataKind", tag = "4")]
    pub kind: i32,
}

/// A number to compare.
#[derive(Clone, PartialEq, prost::Message)]
pub struct MetricInfo {
    /// The tag that it is written under.
    #[prost(message, optional, tag = "1")]
    pub name: Option<MetricName>,
}

/// The tag of a number.
#[derive(Clone, PartialEq, prost::Message)]
pub struct MetricName {
    /// The tag.
    #[prost(string, tag = "2")]
    pub tag: String,
}

/// The values of a run.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SessionStart {
    /// Each key with its value.
    #[prost(btree_map = "string, message", tag = "1")]
    pub hparams: BTreeMap<String, Hparam>,
    /// Seconds since 1970.
    #[prost(double, tag = "5")]
    pub start_time_secs: f64,
}

/// How a run ended.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SessionEnd {
    /// 1 for well, 2 for badly.
    #[prost(int32, tag = "1")]
    pub status: i32,
    /// Seconds since 1970.
    #[prost(double, tag = "2")]
    pub end_time_secs: f64,
}

/// The value of a key (`google.protobuf.Value`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct Hparam {
    /// The value.
    #[prost(oneof = "hparam::Kind", tags = "2, 3, 4")]
    pub kind: Option<hparam::Kind>,
}

/// Kinds of values of a key.
pub mod hparam {
    /// One of them.
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub enum Kind {
        /// A number.
        #[prost(double, tag = "2")]
        Number(f64),
        /// Words.
        #[prost(string, tag = "3")]
        Words(String),
        /// Yes or no.
        #[prost(bool, tag = "4")]
        Truth(bool),
    }
}
