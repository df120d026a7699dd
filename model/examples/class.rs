//! Draws four images of a class: `cargo run -p burn-pixelflow --example class -- MODEL CLASS`.

use burn_flex::{Flex, FlexDevice};
use image::ColorType;
use pixelflow::{Pipeline, Request};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "assets/demo/model".to_owned());
    let class = arguments.next().map_or(Ok(3), |class| class.parse())?;

    let mut pipeline = Pipeline::<Flex>::open(path, &FlexDevice)?;
    for image in pipeline.draw(&Request::class(class).seed(7).count(4))? {
        let image = image?;
        let name = format!("class-{}.png", image.index);
        let [width, height] = [image.width, image.height].map(|side| side as u32);
        image::save_buffer(&name, &image.rgb, width, height, ColorType::Rgb8)?;
        println!("{name}: {} network evaluations", image.evaluations);
    }
    Ok(())
}
