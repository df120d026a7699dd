//! Draws a prompt twice, with one word changed, which keeps the composition:
//! `cargo run -p burn-pixelflow --example prompt -- MODEL`.

use burn_flex::{Flex, FlexDevice};
use image::ColorType;
use pixelflow::{Pipeline, Request};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "assets/demo-text/model".to_owned());
    let mut pipeline = Pipeline::<Flex>::open(path, &FlexDevice)?;
    for colour in ["red", "blue"] {
        let prompt = format!("a female dwarf with long red hair wearing a {colour} robe, on grass");
        let request = Request::prompt(prompt).negative("a shield").seed(7);
        for image in pipeline.draw(&request)? {
            let image = image?;
            let [width, height] = [image.width, image.height].map(|side| side as u32);
            let name = format!("{colour}.png");
            image::save_buffer(&name, &image.rgb, width, height, ColorType::Rgb8)?;
            println!("{name}: {} network evaluations", image.evaluations);
        }
    }
    Ok(())
}
