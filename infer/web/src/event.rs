//! What happens while images are drawn, as JSON.

use pixelflow::pipeline::DrawEvent;
use pixelflow::sampler::{StageStart, StepDone};
use serde_json::{Value, json};

/// An event, of which the worker makes one of the server's.
pub fn event(event: &DrawEvent, stages: usize) -> Value {
    match event {
        DrawEvent::Stage(StageStart { stage, stages, height, width, steps }) => json!({
            "type": "stage", "stage": stage, "stages": stages, "height": height, "width": width, "steps": steps
        }),
        DrawEvent::Step(StepDone { stage, step, time, evaluations, stage_is_done }) => json!({
            "type": "step", "stage": stage, "step": step, "time": time, "evaluations": evaluations,
            "stageIsDone": stage_is_done, "share": share(*stage, *time, stages)
        }),
        DrawEvent::Finished(images) => json!({"type": "finished", "images": images}),
    }
}

/// The share of the work that is done: each stage has four times the pixels of the one before.
fn share(stage: usize, time: f64, stages: usize) -> f64 {
    let pixels = |stage: usize| 4_f64.powi(stage as i32);
    let done: f64 = (0..stage).map(pixels).sum::<f64>() + time * pixels(stage);
    done / (0..stages).map(pixels).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_stage_is_most_of_the_work() {
        assert_eq!([share(0, 0.0, 3), share(2, 1.0, 3)], [0.0, 1.0]);
        assert_eq!(share(2, 0.0, 3), 5.0 / 21.0);
    }
}
