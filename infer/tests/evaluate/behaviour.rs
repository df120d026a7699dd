//! The measure behaves on real images: worse images have worse numbers.

use std::path::Path;

use image::imageops::blur;
use serde_json::Value;

use super::sides::{Record, changed, noisy, shipped, write, write_classes};
use super::{at, json, value};

/// Images of a side: more are slower and say no more here.
const SIDE: usize = 48;

fn images(records: &[Record]) -> impl Iterator<Item = image::RgbImage> {
    records.iter().map(|record| record.image.clone())
}

/// The first images of the last two classes.
fn without_classes(records: &[Record]) -> Vec<Record> {
    let mut classes: Vec<&str> = records.iter().map(|record| record.class.as_str()).collect();
    classes.sort_unstable();
    classes.dedup();
    let kept = &classes[classes.len() - 2..];
    let kept = |record: &&Record| kept.contains(&record.class.as_str());
    records.iter().filter(kept).take(SIDE).cloned().collect()
}

#[test]
fn every_flaw_is_seen_and_real_images_are_the_floor() {
    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str| at(scratch.path(), name);
    let held_out = shipped("heroes-heldout.tar", 0..192);
    let train = shipped("heroes.tar", 0..SIDE);
    // Neighbours of the tar lie on either side, as they should of real images that are alike.
    let halves = held_out.chunks_exact(2).map(|pair| [pair[0].clone(), pair[1].clone()]);
    let (own, real): (Vec<Record>, Vec<Record>) = halves.take(SIDE).map(|[a, b]| (a, b)).unzip();
    let folder = |name: &str| scratch.path().join(name);
    write_classes(&folder("real"), &real);
    write_classes(&folder("own"), &own);
    write(&folder("train"), images(&train));
    write(&folder("light"), changed(&own, |_, image| blur(image, 0.5)));
    write(&folder("strong"), changed(&own, |_, image| blur(image, 1.5)));
    write(&folder("noise"), changed(&own, noisy));
    write(&folder("copies"), (0..4).flat_map(|_| images(&own[..SIDE / 4])));
    write_classes(&folder("few"), &without_classes(&shipped("heroes.tar", SIDE..1700)));
    let smuggled = images(&own).take(SIDE - 10).chain(images(&train).take(10));
    write(&folder("smuggled"), smuggled);

    let measured = |name: &str, metrics: &str| {
        let data = ["--train", &path("train"), "--held-out", &path("real"), "--metrics", metrics];
        json(&folder("cache"), &[&["images", &path(name), &path("real")], &data[..]].concat())
    };
    let all = "frechet,kernel,neighbours";
    let floor = measured("own", all);
    let fd = |json: &Value| value(json, "fd_efflite0");
    let [light, strong] = ["light", "strong"].map(|name| measured(name, "frechet"));
    let [noise, copies, few] = ["noise", "copies", "few"].map(|name| measured(name, all));
    assert!(fd(&floor) < fd(&light), "{} {}", fd(&floor), fd(&light));
    assert!(fd(&light) < fd(&strong), "{} {}", fd(&light), fd(&strong));
    for (flaw, factor, name) in
        [(&noise, 1.1, "noise"), (&copies, 1.1, "copies"), (&few, 1.03, "few")]
    {
        assert!(fd(flaw) > factor * fd(&floor), "{name}: {} {}", fd(flaw), fd(&floor));
    }
    let kid = |json: &Value| {
        let error = &json["metrics"]["kid_efflite0"]["standard_error"];
        (value(json, "kid_efflite0"), error.as_f64().unwrap())
    };
    assert!(kid(&floor).0.abs() < 3.0 * kid(&floor).1, "{:?}", kid(&floor));
    assert!(kid(&noise).0 > kid(&floor).0 + 3.0 * kid(&noise).1, "{:?}", kid(&noise));
    for (flaw, metric) in
        [(&noise, "precision"), (&copies, "recall"), (&few, "recall"), (&copies, "coverage")]
    {
        assert!(value(flaw, metric) < value(&floor, metric), "{metric}");
    }
    let classes = |json: &Value| json["samples"]["classes"]["classes"].as_u64().unwrap();
    assert_eq!((classes(&few), classes(&floor)), (2, 16));

    let smuggled = measured("smuggled", "kernel");
    let share = |json: &Value| value(json, "memorisation");
    assert!(share(&floor) <= 0.05, "{}", share(&floor));
    assert!(share(&smuggled) >= 10.0 / SIDE as f64, "{}", share(&smuggled));
    let copies: Vec<[usize; 2]> = serde_json::from_value(smuggled["copies"].clone()).unwrap();
    let of_train = (0..10).map(|number| [SIDE - 10 + number, number]);
    assert!(of_train.clone().all(|pair| copies.contains(&pair)), "{copies:?}");
}

#[test]
fn images_are_the_same_in_every_form_by_the_stated_rule() {
    let scratch = tempfile::tempdir().unwrap();
    let records = shipped("heroes-heldout.tar", 0..6);
    let folder = |name: &str| scratch.path().join(name);
    let distance = |one: &Path, other: &Path| {
        let sides = [one, other].map(|path| path.to_str().unwrap());
        let line = ["images", sides[0], sides[1], "--metrics", "frechet"];
        value(&json(&folder("cache"), &line), "fd_efflite0")
    };
    write(&folder("plain"), images(&records));
    let grey = |record: &Record| image::DynamicImage::from(record.image.clone()).into_luma8();
    write(
        &folder("grey-in-colour"),
        records.iter().map(|record| image::DynamicImage::from(grey(record)).into_rgb8()),
    );
    for name in ["grey", "alpha", "deep"] {
        std::fs::create_dir(folder(name)).unwrap();
    }
    for (number, record) in records.iter().enumerate() {
        let file = |name: &str| folder(name).join(format!("{number}.png"));
        grey(record).save(file("grey")).unwrap();
        let image = image::DynamicImage::from(record.image.clone());
        let mut alpha = image.to_rgba8();
        alpha.pixels_mut().for_each(|pixel| pixel.0[3] = 7);
        alpha.save(file("alpha")).unwrap();
        image::DynamicImage::from(image.to_rgb16()).save(file("deep")).unwrap();
    }
    for (one, other) in [("alpha", "plain"), ("deep", "plain"), ("grey", "grey-in-colour")] {
        let found = distance(&folder(one), &folder(other));
        assert!(found.abs() < 1e-6, "{one} {found}");
    }
    assert!(distance(&folder("grey"), &folder("plain")) > 1.0);
}
