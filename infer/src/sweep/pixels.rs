//! Pixels that `plotters` draws on, with smooth edges and the letters that the program has.

use std::convert::Infallible;

use embedded_graphics::Drawable;
use embedded_graphics::geometry::Point;
use embedded_graphics::mono_font::iso_8859_1::{FONT_9X18, FONT_9X18_BOLD, FONT_10X20};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};
use image::RgbImage;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    FontStyle,
};

use crate::lettering::{COLUMN, Canvas, Lettering};

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// An image that is drawn on.
pub(super) struct Pixels<'a>(pub(super) &'a mut RgbImage);

impl Pixels<'_> {
    /// Colours what lies within a shape, and its edge by half; `distance` from the edge is negative within.
    fn cover(
        &mut self,
        [left, top, right, bottom]: [f64; 4],
        colour: BackendColor,
        distance: impl Fn([f64; 2]) -> f64,
    ) {
        let (width, height) = self.0.dimensions();
        let span = |from: f64, to: f64, end: u32| {
            (from.floor() as i32 - 1).clamp(0, end as i32)
                ..(to.ceil() as i32 + 2).clamp(0, end as i32)
        };
        for y in span(top, bottom, height) {
            for x in span(left, right, width) {
                let covered = (0.5 - distance([f64::from(x), f64::from(y)])).clamp(0.0, 1.0);
                self.blend(x, y, colour, covered);
            }
        }
    }

    fn blend(&mut self, x: i32, y: i32, colour: BackendColor, covered: f64) {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
        let Some(pixel) = self.0.get_pixel_mut_checked(x, y) else { return };
        let (red, green, blue) = colour.rgb;
        let share = colour.alpha * covered;
        for (value, new) in pixel.0.iter_mut().zip([red, green, blue]) {
            *value = (f64::from(*value) * (1.0 - share) + f64::from(new) * share).round() as u8;
        }
    }

    /// A line through some points, as one shape: where it bends nothing is covered twice.
    fn stroke(&mut self, points: &[BackendCoord], width: u32, colour: BackendColor) {
        let points: Vec<[f64; 2]> = points.iter().map(|&(x, y)| [x, y].map(f64::from)).collect();
        let Some(first) = points.first() else { return };
        let half = f64::from(width) / 2.0;
        let bounds = points.iter().fold([first[0], first[1], first[0], first[1]], |b, p| {
            [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[0]), b[3].max(p[1])]
        });
        let [left, top, right, bottom] = bounds;
        self.cover([left - half, top - half, right + half, bottom + half], colour, |at| {
            let of_part = |ends: &[[f64; 2]]| to_segment(at, ends[0], ends[1]);
            points.windows(2).map(of_part).fold(f64::INFINITY, f64::min) - half
        });
    }
}

/// Distance of a point from a segment.
fn to_segment(at: [f64; 2], from: [f64; 2], to: [f64; 2]) -> f64 {
    let [along, apart] = [[to[0] - from[0], to[1] - from[1]], [at[0] - from[0], at[1] - from[1]]];
    let length = along[0] * along[0] + along[1] * along[1];
    let share = (apart[0] * along[0] + apart[1] * along[1]) / length.max(1e-9);
    let share = share.clamp(0.0, 1.0);
    (apart[0] - share * along[0]).hypot(apart[1] - share * along[1])
}

impl DrawingBackend for Pixels<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.0.dimensions()
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Drawn {
        self.blend(x, y, colour, 1.0);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        self.stroke(&[from, to], style.stroke_width(), style.color());
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        let points: Vec<BackendCoord> = path.into_iter().collect();
        self.stroke(&points, style.stroke_width(), style.color());
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let ([x, y], radius) = ([x, y].map(f64::from), f64::from(radius));
        let half = f64::from(style.stroke_width()) / 2.0;
        let reach = radius + half;
        self.cover([x - reach, y - reach, x + reach, y + reach], style.color(), |at| {
            let outside = (at[0] - x).hypot(at[1] - y) - radius;
            if fill { outside } else { outside.abs() - half }
        });
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Drawn {
        if Lettering::of([text]) == Lettering::AnyScript {
            let width = Lettering::AnyScript.columns(text) as i32 * COLUMN as i32;
            let left = match style.anchor().h_pos {
                HPos::Left => x,
                HPos::Center => x - width / 2,
                HPos::Right => x - width,
            };
            let height = Lettering::AnyScript.height() as i32;
            Lettering::AnyScript.write(text, left, y - height / 2, self.0);
            return Ok(());
        }
        let is_bold = matches!(style.style(), FontStyle::Bold);
        let font: &MonoFont<'_> = match (style.size() > 18.0, is_bold) {
            (true, _) => &FONT_10X20,
            (false, true) => &FONT_9X18_BOLD,
            (false, false) => &FONT_9X18,
        };
        let (red, green, blue) = style.color().rgb;
        let alignment = match style.anchor().h_pos {
            HPos::Left => Alignment::Left,
            HPos::Center => Alignment::Center,
            HPos::Right => Alignment::Right,
        };
        let baseline = match style.anchor().v_pos {
            VPos::Top => Baseline::Top,
            VPos::Center => Baseline::Middle,
            VPos::Bottom => Baseline::Bottom,
        };
        let placed = TextStyleBuilder::new().alignment(alignment).baseline(baseline).build();
        let letters = MonoTextStyle::new(font, Rgb888::new(red, green, blue));
        let text = Text::with_text_style(text, Point::new(x, y), letters, placed);
        let Ok(_) = text.draw(&mut Canvas(&mut *self.0));
        Ok(())
    }
}
