//! Event files of TensorBoard: the messages of the format, framed records, and files of them that grow.

mod file;
mod messages;
mod record;

pub use file::{EventFile, PREFIX};
pub use messages::{
    DataKind, Event, EventHistogram, EventPicture, EventSummary, Experiment, Hparam, HparamInfo,
    HparamsData, MetricInfo, MetricName, PluginData, SessionEnd, SessionLog, SessionStart,
    Summarized, SummaryMetadata, TensorDimension, TensorSizes, TextTensor, data, event, hparam,
    summarized,
};
pub use record::{framed, masked_crc};
