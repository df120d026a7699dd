//! Draws step by step: looks at the images on the way, stops in the middle, and goes on from the saved
//! state as another process would. `cargo run -p burn-pixelflow --example steps -- MODEL`.

use burn_flex::{Flex, FlexDevice};
use pixelflow::pipeline::DrawingState;
use pixelflow::{DrawEvent, Pipeline, Request};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "assets/demo/model".to_owned());
    let mut pipeline = Pipeline::<Flex>::open(&path, &FlexDevice)?;
    let mut drawing = pipeline.draw(&Request::class(3).seed(7).count(2))?;
    while let Some(event) = drawing.next_event()? {
        match event {
            DrawEvent::Stage(stage) => {
                println!("stage {} at {} x {}", stage.stage + 1, stage.height, stage.width);
            }
            DrawEvent::Step(step) => {
                let preview = drawing.preview()?;
                let mean =
                    |rgb: &[u8]| rgb.iter().map(|&v| f64::from(v)).sum::<f64>() / rgb.len() as f64;
                println!(
                    "  step {}, t = {:.2}, {} evaluations: heading for a mean level of {:.0}",
                    step.step,
                    step.time,
                    step.evaluations,
                    mean(&preview[0].rgb)
                );
                // In the middle of the second stage we have enough for today.
                if step.stage == 1 && step.step == 2 {
                    break;
                }
            }
            DrawEvent::Finished(_) => {}
        }
    }
    let bytes = drawing.save()?.to_bytes();
    println!("stopped; {} bytes are kept", bytes.len());

    let mut tomorrow = Pipeline::<Flex>::open(&path, &FlexDevice)?;
    for image in tomorrow.resume(&DrawingState::from_bytes(&bytes)?)? {
        let image = image?;
        println!("image {} is done after {} evaluations", image.index, image.evaluations);
    }
    Ok(())
}
