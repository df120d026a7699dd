//! Edits through the pipeline: as independent of what is beside them as any image, and as easily stopped.

use super::tests::{classes, drawn, folder, folder_of, pipeline, sampler};
use super::*;
use crate::sampler::SolverKind;

const SIZE: [usize; 2] = [8, 8];

/// The left half stays, a column is mixed, and each stage is gone through twice.
fn edit() -> Edit {
    let level = |pixel: usize| [0, 0, 0, 0, 99, 255, 255, 255][pixel % 8];
    let mask = Mask::new(SIZE, (0..64).map(level).collect::<Vec<u8>>());
    let picture = Picture::new(SIZE, (0..192).map(|i| (i * 7) as u8).collect::<Vec<_>>());
    Edit::inpaint(picture, mask).strength(0.8).resample(2)
}

fn request(solver: SolverKind) -> Request {
    let mut request = classes().edit(edit()).sampler(sampler(solver));
    request.images.truncate(3);
    request
}

fn stays(image: &DrawnImage) {
    for (place, (found, kept)) in image.rgb.iter().zip(edit().picture.rgb.iter()).enumerate() {
        assert!(place / 3 % 8 > 3 || found == kept, "byte {place} of image {}", image.index);
    }
}

#[test]
fn an_edited_image_depends_on_its_request_alone() {
    let model = tempfile::tempdir().unwrap();
    // Large velocities would make every pixel black or white, and all images one.
    folder_of(model.path(), false, 0.05);
    for solver in [SolverKind::Euler, SolverKind::Dopri5, SolverKind::Unipc] {
        let pixels = |request: &Request| {
            let images = drawn(&mut pipeline(model.path()), request);
            images.iter().for_each(stays);
            images.into_iter().map(|image| image.rgb).collect::<Vec<_>>()
        };
        let together = pixels(&request(solver));
        assert!(together[0] != together[1] && together[1] != together[2], "{solver:?}");
        assert!(pixels(&request(solver).batch(1)) == together, "{solver:?}, one by one");
        let mut backwards = request(solver).batch(2);
        backwards.images.reverse();
        let mut reversed = pixels(&backwards);
        reversed.reverse();
        assert!(reversed == together, "{solver:?}, in the other order");
    }
}

#[test]
fn an_edit_that_was_stopped_goes_on_in_another_pipeline_and_shows_what_stays_at_any_time() {
    let model = tempfile::tempdir().unwrap();
    folder_of(model.path(), false, 0.05);
    for solver in SolverKind::ALL {
        let request = request(solver).batch(2);
        let whole = drawn(&mut pipeline(model.path()), &request);
        let mut events = 0;
        let mut drawing = pipeline(model.path()).draw(&request).unwrap();
        while drawing.next_event().unwrap().is_some() {
            events += 1;
            for previews in [drawing.preview().unwrap(), drawing.clean_preview().unwrap()] {
                previews.iter().filter(|image| image.height == SIZE[0]).for_each(stays);
            }
        }
        assert!(
            drawing.finished().eq(whole.iter().cloned()),
            "{solver:?}: looking changes something"
        );
        for stop in (0..events).step_by((events / 8).max(1)) {
            let mut drawing = pipeline(model.path()).draw(&request).unwrap();
            for _ in 0..stop {
                drawing.next_event().unwrap();
            }
            let bytes = drawing.save().unwrap().to_bytes();
            let mut images: Vec<DrawnImage> = drawing.finished().collect();
            let state = DrawingState::from_bytes(&bytes).unwrap();
            assert_eq!(state.request(), &request);
            images.extend(pipeline(model.path()).resume(&state).unwrap().map(Result::unwrap));
            assert_eq!(images, whole, "{solver:?}, stopped after {stop} of {events}");
        }
    }
}

#[test]
fn what_is_mixed_has_its_share_of_the_picture_whatever_is_drawn() {
    let model = tempfile::tempdir().unwrap();
    folder(model.path(), false);
    for image in drawn(&mut pipeline(model.path()), &request(SolverKind::Euler)) {
        for (place, (&found, &kept)) in image.rgb.iter().zip(edit().picture.rgb.iter()).enumerate()
        {
            let least = i32::from(kept) * 156 / 255;
            let is_mixed = (least..=least + 100).contains(&i32::from(found));
            assert!(place / 3 % 8 != 4 || is_mixed, "byte {place}: {found} of {kept}");
        }
    }
}

#[test]
fn provenance_names_what_was_edited_by_its_pixels() {
    let model = tempfile::tempdir().unwrap();
    folder(model.path(), false);
    let of = |request: &Request| pipeline(model.path()).provenance(request).unwrap();
    let told = of(&request(SolverKind::Euler)).edit.unwrap();
    let Edit { picture, mask, begin, resample } = edit();
    assert_eq!((told.picture, told.mask), (picture.hash(), mask.map(|mask| mask.hash())));
    assert_eq!((told.begin, told.resample), (begin, resample));
    let plain = serde_json::to_string(&of(&classes())).unwrap();
    assert!(!plain.contains("edit"), "{plain}");
}
