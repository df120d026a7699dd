//! What happens to a job.

use axum::body::Bytes;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// What happens to a job.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    /// It waits.
    Queued {
        /// Its place among the jobs that wait; 1 is the next.
        position: usize,
        /// Images that are drawn before its own.
        images_ahead: usize,
    },
    /// Some of its images are begun.
    Started {
        /// The first of them, within the job.
        first: usize,
        /// How many.
        images: usize,
        /// Images that are drawn at once, those of other jobs among them.
        together: usize,
    },
    /// Something the user should know.
    Note(String),
    /// A stage has begun.
    Stage {
        /// The stage, from 0.
        stage: usize,
        /// Stages in all.
        stages: usize,
        /// Height of its images in pixels.
        height: usize,
        /// Width of its images in pixels.
        width: usize,
        /// Steps of its solver, where they are known.
        steps: Option<usize>,
    },
    /// A step is made.
    Step {
        /// The stage, from 0.
        stage: usize,
        /// Steps of the stage so far.
        step: usize,
        /// Time within the stage, 0 to 1.
        time: f64,
        /// Network evaluations of an image so far.
        evaluations: usize,
        /// Share of the job that is done, 0 to 1.
        share: f64,
        /// Seconds since the job was begun.
        seconds: f64,
        /// Seconds that are left, as far as one can tell.
        eta_seconds: f64,
    },
    /// The image as it is predicted now.
    Preview {
        /// Which one, within the job.
        index: usize,
        /// The stage, from 0.
        stage: usize,
        /// Height in pixels.
        height: usize,
        /// Width in pixels.
        width: usize,
        /// A PNG file.
        png: Bytes,
    },
    /// An image is finished.
    Image {
        /// Which one, within the job.
        index: usize,
        /// Height in pixels.
        height: usize,
        /// Width in pixels.
        width: usize,
        /// Whether it was stopped before it was clean.
        is_draft: bool,
        /// A PNG file.
        png: Bytes,
    },
    /// All its images are there.
    Done {
        /// Seconds since it was begun.
        seconds: f64,
        /// Seconds of each stage.
        stage_seconds: Vec<f64>,
        /// Whether it was stopped, and its images are drafts.
        is_draft: bool,
    },
    /// It cannot be drawn.
    Failed(String),
    /// Somebody has stopped it.
    Cancelled,
}

impl Event {
    /// Its name in a stream.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Started { .. } => "started",
            Self::Note(_) => "note",
            Self::Stage { .. } => "stage",
            Self::Step { .. } => "step",
            Self::Preview { .. } => "preview",
            Self::Image { .. } => "image",
            Self::Done { .. } => "done",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// What it says.
    pub(super) fn data(&self) -> Value {
        match self {
            Self::Queued { position, images_ahead } => {
                json!({"position": position, "images_ahead": images_ahead})
            }
            Self::Started { first, images, together } => {
                json!({"first": first, "images": images, "together": together})
            }
            Self::Note(message) | Self::Failed(message) => json!({"message": message}),
            Self::Stage { stage, stages, height, width, steps } => {
                json!({"stage": stage, "stages": stages, "height": height, "width": width, "steps": steps})
            }
            Self::Step { stage, step, time, evaluations, share, seconds, eta_seconds } => json!({
                "stage": stage, "step": step, "time": time, "evaluations": evaluations, "share": share,
                "seconds": seconds, "eta_seconds": eta_seconds
            }),
            Self::Preview { index, stage, height, width, png } => json!({
                "index": index, "stage": stage, "height": height, "width": width, "png": base64(png)
            }),
            Self::Image { index, height, width, is_draft, png } => json!({
                "index": index, "height": height, "width": width, "draft": is_draft, "png": base64(png)
            }),
            Self::Done { seconds, stage_seconds, is_draft } => {
                json!({"seconds": seconds, "stage_seconds": stage_seconds, "draft": is_draft})
            }
            Self::Cancelled => json!({}),
        }
    }

    /// Whether nothing comes after it.
    pub(super) fn is_last(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Failed(_) | Self::Cancelled)
    }

    /// Whether it makes an earlier one worthless, so that a log stays short: the newest place in the queue,
    /// the newest step of a stage, the newest preview of an image in a stage.
    pub(super) fn replaces(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (Self::Queued { .. }, Self::Queued { .. }) => true,
            (Self::Step { stage, .. }, Self::Step { stage: earlier, .. }) => stage == earlier,
            (
                Self::Preview { index, stage, .. },
                Self::Preview { index: earlier, stage: of_stage, .. },
            ) => index == earlier && stage == of_stage,
            _ => false,
        }
    }
}

/// Bytes as JSON has them.
pub(super) fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}
