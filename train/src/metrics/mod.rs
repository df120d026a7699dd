//! Metrics of a run, and the forms they are kept in.

mod border_differences;
mod event_times;
mod json_lines;
mod log_file;
mod loss_curve;
mod means;
mod quality_curve;
mod record;
mod scalars;
mod tensorboard;

pub use border_differences::{BorderDifferences, BorderRatio};
pub use event_times::EventTimes;
pub use json_lines::JsonLines;
pub use loss_curve::draw_loss_curve;
pub use means::{Mean, Means};
pub use record::{
    EvaluationRecord, PatchGridScore, PreviewRecord, Record, RejectedRecord, RollbackRecord, Score,
    TrainingRecord, ValidationRecord,
};
pub use scalars::scalars;
pub use tensorboard::TensorBoard;
