//! Edits: what is served is what `infer edit` writes, whichever API asks; pictures of strangers hold nobody up.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use image::{DynamicImage, GrayImage, ImageFormat, Luma, LumaA, Rgba, RgbaImage};
use program_tests::text;
use serde_json::{Value, json};

use super::server::{INFER, Reply, Served, from_base64, to_base64, written};

/// Side of the demo's images, which have three stages.
const SIDE: u32 = 32;
/// A job that holds the worker up until it is stopped.
const LONG: &str = r#"{"class": 0, "sampler": {"steps": 1000, "solver": "heun"}}"#;

fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn level(x: u32) -> u8 {
    [0, 120, 255][x.clamp(15, 17) as usize - 15]
}

/// Of 16 bits, and in a part transparent.
fn picture(side: u32) -> Vec<u8> {
    let pixel = |x: u32, y: u32| {
        Rgba([x * 8 % 256, y * 7 % 256, (x ^ y) * 5 % 256, 255 - x / 20].map(|v| v as u8))
    };
    png(DynamicImage::from(RgbaImage::from_fn(side, side, pixel)).into_rgba16())
}

/// The left half stays, a column is mixed, the rest is drawn.
fn mask() -> Vec<u8> {
    png(GrayImage::from_fn(SIDE, SIDE, |x, _| Luma([level(x)])))
}

/// The same to `OpenAI`: what is transparent is drawn.
fn clear_mask() -> Vec<u8> {
    png(image::GrayAlphaImage::from_fn(SIDE, SIDE, |x, _| LumaA([255, 255 - level(x)])))
}

/// A folder with the files, and their names.
fn files() -> (tempfile::TempDir, [PathBuf; 3]) {
    let folder = tempfile::tempdir().unwrap();
    let paths = [("picture", picture(SIDE)), ("half", picture(SIDE / 2)), ("mask", mask())];
    let paths = paths.map(|(name, bytes)| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    });
    (folder, paths)
}

#[test]
fn a_served_edit_is_the_file_of_infer_edit_and_replays_with_its_pictures() {
    let server = Served::ready(&["--steps", "2"]);
    let (folder, [whole, half, of_mask]) = files();
    let [whole, half, of_mask] = [&whole, &half, &of_mask].map(|path| text(path));
    let file = |path: &str| to_base64(&fs::read(path).unwrap());
    let (image, small, mask) = (file(whole), file(half), file(of_mask));
    let url = format!("data:image/png;base64,{image}");
    let long = server.submit(LONG);
    let masked = json!({"image": image, "mask": mask, "resample": 2, "strength": 0.8});
    // The class, the edit, how many are drawn together, the arguments, and the files that replay wants.
    let cases = [
        (3, json!({"image": url, "strength": 0.5}), 2, vec!["--image", whole, "--strength", "0.5"]),
        (3, json!({"image": image}), 1, vec!["--image", whole]),
        (
            4,
            masked,
            1,
            vec!["--image", whole, "--mask", of_mask, "--resample", "2", "--strength", "0.8"],
        ),
        (
            5,
            json!({"image": small, "from_stage": 2}),
            1,
            vec!["--image", half, "--from-stage", "2"],
        ),
        // Of the same edit as the first: they are drawn together.
        (
            6,
            json!({"image": image, "strength": 0.5}),
            2,
            vec!["--image", whole, "--strength", "0.5"],
        ),
    ];
    let body =
        |class: usize, edit: &Value| json!({"class": class, "seed": 9, "edit": edit}).to_string();
    let jobs = cases.each_ref().map(|(class, edit, ..)| server.submit(&body(*class, edit)));
    server.post(&format!("/api/jobs/{long}/cancel"), "");
    for (job, (class, _, together, arguments)) in jobs.iter().zip(&cases) {
        let class = class.to_string();
        let common = ["--class", &class, "--seed", "9", "--steps", "2", "--count", "1"];
        let expected =
            written("edit", &folder.path().join(job), &[arguments, &common[..]].concat());
        let served = server.image(job, 0);
        assert!(served == expected[0], "{arguments:?}");
        let started = server.events(job).into_iter().find(|(name, _)| name == "started").unwrap();
        assert_eq!(started.1["together"], *together, "{arguments:?}");
        let path = folder.path().join(format!("{job}.png"));
        fs::write(&path, served).unwrap();
        let is_file = |pair: &[&&str]| ["--image", "--mask"].contains(pair[0]);
        let pairs: Vec<&&str> = arguments.iter().collect();
        let files = pairs.chunks(2).filter(|pair| is_file(pair)).flatten().map(|word| **word);
        let again = ["replay", text(&path), "--device", "cpu"].into_iter().chain(files);
        let again = INFER.run(&again.collect::<Vec<_>>()).succeeded();
        assert_eq!(again.printed.trim(), "pixels equal", "{arguments:?}");
    }
    let notes = server.job(&jobs[1])["notes"].to_string();
    assert!(notes.contains("edit.image: its transparency is left out"), "{notes}");
    let last = server.events(&jobs[3]).into_iter().rfind(|(name, _)| name == "step").unwrap();
    assert_eq!(last.1["share"], 1.0);
}

/// A PNG of a header and what `more` adds.
fn header(width: u32, height: u32, more: impl Fn(&mut png::Encoder<'_, &mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    more(&mut encoder);
    let mut writer = encoder.write_header().unwrap();
    if width == SIDE {
        writer.write_image_data(&[99; 3 * (SIDE * SIDE) as usize]).unwrap();
    } else {
        writer.write_chunk(png::chunk::IDAT, &[0; 8]).unwrap();
    }
    drop(writer);
    bytes
}

#[test]
fn what_cannot_be_edited_is_refused_with_its_field_before_it_waits() {
    let server = Served::ready(&["--max-pixels", "4096"]);
    let whole = picture(SIDE);
    let image = to_base64(&whole);
    let of = |bytes: &[u8]| json!({"image": to_base64(bytes)});
    let with = |more: Value| {
        let mut edit = json!({"image": image});
        edit.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        edit
    };
    let huge = header(30_000, 30_000, |_| ());
    let black = to_base64(&png(GrayImage::new(SIDE, SIDE)));
    let cases = [
        (json!({"image": "no base64!"}), "edit.image", "it is no file in base64"),
        (json!({"image": ""}), "edit.image", "edit.image is empty"),
        (json!({"strength": 1}), "edit", "missing field `image`"),
        (json!({"image": 5}), "edit.image", "integer `5`"),
        (with(json!({"extra": 5})), "edit.extra", "unknown field"),
        (of(b"GIF89a, or so"), "edit.image", "edit.image is not a readable image"),
        (of(&whole[..whole.len() / 2]), "edit.image", "edit.image is not a readable image"),
        (of(&huge), "edit.image", "takes"),
        (
            of(&header(128, 64, |_| ())),
            "edit.image",
            "64x128 pixels, which are 8192; this server takes 4096",
        ),
        (of(&picture(33)), "edit.image", "size 33x33 does not fit"),
        (with(json!({"mask": to_base64(&huge)})), "edit.mask", "takes"),
        (with(json!({"mask": to_base64(&picture(16))})), "edit.mask", "the mask has 16x16 pixels"),
        (with(json!({"mask": black})), "edit.mask", "nothing would be drawn"),
        (with(json!({"strength": 1.5})), "edit.strength", "the strength is 1.5, it must be 0 to 1"),
        (with(json!({"strength": -1})), "edit.strength", "the strength is -1"),
        (with(json!({"from_stage": 3})), "edit.from_stage", "they are 0 to 2"),
        (with(json!({"from_stage": 1, "strength": 1})), "edit.from_stage", "send one of them"),
        (with(json!({"resample": 2})), "edit.resample", "without a mask"),
        (
            with(json!({"mask": to_base64(&mask()), "resample": 33})),
            "edit.resample",
            "must be 1 to 32",
        ),
    ];
    for (edit, field, message) in &cases {
        let refused = server.post("/api/jobs", &json!({"class": 1, "edit": edit}).to_string());
        let error = refused.json()["error"].clone();
        assert_eq!((refused.status, &error["field"]), (422, &json!(field)), "{message}: {error}");
        assert!(refused.message().contains(message), "{message}: {error}");
        assert!(refused.message().len() < 1000, "{message}");
    }
    let other = json!({"class": 1, "size": [64, 64], "edit": {"image": image}}).to_string();
    let refused = server.post("/api/jobs", &other);
    assert!(refused.message().contains("for images of 64x64 it must have 64x64"));
    assert_eq!(server.metric("pixelflow_jobs{state=\"queued\"}"), 0.0);
    assert_eq!(server.metric("pixelflow_images_total"), 0.0);
}

#[test]
fn a_picture_takes_no_more_memory_than_its_pixels() {
    let server = Served::ready(&["--steps", "1"]);
    let edit = |bytes: &[u8]| {
        json!({"class": 1, "edit": {"image": to_base64(bytes), "strength": 0.2}}).to_string()
    };
    server.image(&server.submit(&edit(&picture(SIDE))), 0);
    let before = server.peak_memory();
    let endless = "a".repeat(200 << 20);
    let bomb = header(SIDE, SIDE, |encoder| {
        encoder.add_ztxt_chunk("Comment".to_owned(), endless.clone()).unwrap();
    });
    assert!(bomb.len() < 4 << 20, "{}", bomb.len());
    server.image(&server.submit(&edit(&bomb)), 0);
    // A colour profile is inflated by whoever asks for it, and ignored where it is too large.
    let mut info = png::Info::with_size(SIDE, SIDE);
    info.color_type = png::ColorType::Rgb;
    info.icc_profile = Some(vec![0; 200 << 20].into());
    let mut bomb = Vec::new();
    let mut writer = png::Encoder::with_info(&mut bomb, info).unwrap().write_header().unwrap();
    writer.write_image_data(&[99; 3 * (SIDE * SIDE) as usize]).unwrap();
    drop(writer);
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    server.post("/api/jobs", &edit(&bomb));
    let grown = server.peak_memory().saturating_sub(before) >> 20;
    // Half of what is packed in each; the rest is the request in its forms, and the allocator's.
    assert!(grown < 100, "{grown} MiB more");
    // Two pictures that cannot be compressed are read, and are no more than they may be.
    let noise = |side: u32| {
        let mut state = 1_u32;
        png(RgbaImage::from_fn(side, side, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Rgba(state.to_be_bytes())
        }))
    };
    let large = to_base64(&noise(1024));
    let body =
        |more: &str| json!({"edit": {"image": large, "mask": large, "more": more}}).to_string();
    let asked = body("");
    assert!(asked.len() > 10 << 20, "{}", asked.len());
    assert_eq!(server.post("/api/jobs", &asked).json()["error"]["field"], "edit.more");
    // What is large by its values is not read: each takes many times its text.
    let values = format!("{{\"more\": [{}0]}}", "0,".repeat(3 << 20));
    let refused = server.post("/api/jobs", &values);
    assert!(refused.status == 400 && refused.message().contains("10000 values"), "{refused:?}");
    let grown = server.peak_memory().saturating_sub(before) >> 20;
    assert!(grown < 160, "{grown} MiB more");
    // Announced alone: the answer comes before the body.
    let announced = |path: &str, length: usize| {
        let kind = "Content-Type: application/json";
        let head = format!("POST {path} HTTP/1.1\r\nHost: {}\r\n{kind}\r\n", server.address);
        server.say(format!("{head}Content-Length: {length}\r\n\r\n").as_bytes()).status
    };
    assert_eq!(announced("/api/jobs", asked.len() + (2 << 20)), 413);
    assert_eq!(announced("/v1/images/generations", asked.len()), 413);
}

/// A form with these texts and files, as a client sends it.
fn form(server: &Served, texts: &[(&str, &str)], files: &[(&str, &[u8])]) -> Reply {
    let part = |name: &str, more: &str, bytes: &[u8]| {
        let head =
            format!("--split\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n");
        [head.as_bytes(), bytes, b"\r\n"].concat()
    };
    let mut body: Vec<u8> =
        texts.iter().flat_map(|(name, text)| part(name, "", text.as_bytes())).collect();
    let file = "; filename=\"a.png\"\r\nContent-Type: image/png";
    body.extend(files.iter().flat_map(|(name, bytes)| part(name, file, bytes)));
    body.extend(b"--split--\r\n");
    let kind = ("Content-Type", "multipart/form-data; boundary=split");
    server.ask("POST", "/v1/images/edits", &[kind], body)
}

/// What our own API draws.
fn own(server: &Served, edit: &Value, count: usize) -> Vec<Vec<u8>> {
    let body = json!({"class": "elf", "seed": 5, "count": count, "edit": edit}).to_string();
    let id = server.submit(&body);
    (0..count).map(|index| server.image(&id, index)).collect()
}

#[test]
fn clients_of_openai_send_a_form_and_what_is_transparent_is_drawn() {
    let server = Served::ready(&["--steps", "2"]);
    let (whole, clear) = (picture(SIDE), clear_mask());
    let ours = own(&server, &json!({"image": to_base64(&whole), "mask": to_base64(&mask())}), 2);
    let texts =
        [("prompt", "elf"), ("n", "2"), ("seed", "5"), ("model", "demo"), ("quality", "high")];
    let reply = form(&server, &texts, &[("image[]", &whole), ("mask", &clear)]);
    let found = reply.json();
    for (index, ours) in ours.iter().enumerate() {
        assert!(from_base64(&found["data"][index]["b64_json"]) == *ours, "{index}");
    }
    let ours = own(
        &server,
        &json!({"image": to_base64(&picture(SIDE)), "mask": to_base64(&mask()), "strength": 0.5}),
        1,
    );
    let texts = [
        ("prompt", "elf"),
        ("seed", "5"),
        ("stream", "true"),
        ("partial_images", "1"),
        ("strength", "0.5"),
    ];
    let events = form(&server, &texts, &[("mask", &clear), ("image", &whole)]).events();
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["image_edit.partial_image", "image_edit.completed"]);
    assert!(from_base64(&events[1].1["b64_json"]) == ours[0]);
    let prompt = ("prompt", "elf");
    let one = [("image", whole.as_slice())];
    for (texts, files, field, message) in [
        (&[prompt][..], &[][..], "image", "send one picture"),
        (&[prompt], &[one[0], one[0]], "image", "send one picture"),
        (&[prompt], &[one[0], ("mask", &mask())], "mask", "mask has nothing transparent"),
        (&[prompt], &[("image", b"nothing")], "image", "image is not a readable image"),
        (&[prompt, ("strength", "much")], &one, "strength", "a number from 0 to 1"),
        (&[prompt, ("strength", "2")], &one, "strength", "the strength is 2"),
        (&[prompt, ("size", "64x64")], &one, "image", "it must have 64x64"),
        (&[prompt, ("n", "many")], &one, "n", "invalid type: string"),
        (&[prompt, ("n", "1"), ("n", "2")], &one, "n", "n is said twice"),
        (&[("prompt", "7e7")], &one, "prompt", "7e7"),
    ] {
        let refused = form(&server, texts, files);
        let error = &refused.json()["error"];
        assert_eq!((refused.status, error["param"].as_str()), (422, Some(field)), "{error}");
        assert!(refused.message().contains(message), "{error}");
    }
    let path = "/v1/images/edits";
    assert_eq!(server.post(path, "{}").status, 415);
    // A form is what pages of others can send without being asked first.
    let foreign = [("Origin", "http://evil.test"), ("Content-Type", "multipart/form-data")];
    assert_eq!(server.ask("POST", path, &foreign, "x").status, 403);
    let kind = ("Content-Type", "multipart/form-data");
    for (kind, body) in
        [(kind, "x"), (("Content-Type", "multipart/form-data; boundary=x"), "--x\r\n")]
    {
        let refused = server.ask("POST", path, &[kind], body);
        assert_eq!(refused.status, 400, "{}", refused.message());
    }
}

#[test]
fn front_ends_of_a1111_edit_and_what_cannot_be_honoured_is_refused() {
    let server = Served::ready(&["--steps", "2"]);
    let (image, of_mask) = (to_base64(&picture(SIDE)), to_base64(&mask()));
    let ours = own(&server, &json!({"image": image, "mask": of_mask, "strength": 0.75}), 1);
    let asked = json!({
        "prompt": "elf", "seed": 5, "init_images": [image], "mask": of_mask, "mask_blur": 4,
        "inpainting_fill": 1, "inpaint_full_res": false, "inpainting_mask_invert": 0
    });
    let path = "/sdapi/v1/img2img";
    let reply = server.post(path, &asked.to_string()).json();
    assert!(from_base64(&reply["images"][0]) == ours[0]);
    let info: Value = serde_json::from_str(reply["info"].as_str().unwrap()).unwrap();
    assert_eq!(info["ignored"], json!(["mask_blur"]));
    let with = |more: Value| {
        let mut asked = asked.clone();
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked.to_string()
    };
    let turned = GrayImage::from_fn(SIDE, SIDE, |x, _| Luma([255 - level(x)]));
    let turned = json!({"mask": to_base64(&png(turned)), "inpainting_mask_invert": true});
    assert!(from_base64(&server.post(path, &with(turned)).json()["images"][0]) == ours[0]);
    for (more, field) in [
        (json!({"init_images": []}), "init_images"),
        (json!({"init_images": [image, image]}), "init_images"),
        (json!({"init_images": ["?"]}), "init_images[0]"),
        (json!({"width": 64, "height": 64}), "init_images"),
        (json!({"denoising_strength": 3}), "denoising_strength"),
        (json!({"inpainting_fill": 2}), "inpainting_fill"),
        (json!({"inpaint_full_res": true}), "inpaint_full_res"),
        (json!({"inpainting_mask_invert": "no"}), "inpainting_mask_invert"),
        (json!({"sampler_name": "LMS"}), "sampler_name"),
    ] {
        let refused = server.post(path, &with(more));
        assert_eq!((refused.status, &refused.json()["error"]["field"]), (422, &json!(field)));
    }
}
