//! A pipeline draws the same image for the same request, whatever happens around it.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use burn_flex::{Flex, FlexDevice};

use super::*;
use crate::cascade::CascadeConfig;
use crate::noise::{Key, Purpose};
use crate::sampler::{Guidance, SamplerConfig, SolverKind};
use crate::text::{EncodedText, T5Config, TextTokenizer};
use crate::weights::{
    DESCRIPTION_FILE, DType, TOKENIZER_FILE, TextDescription, WEIGHTS_FILE, WeightSet, model_from,
    save_model, save_text_encoder,
};
use crate::{PixelFlowConfig, Preset};

const WIDTH: usize = 32;

/// A model's folder; a text model with the encoder that reads its prompts.
pub(super) fn folder(path: &Path, is_text: bool) {
    folder_of(path, is_text, 0.2);
}

/// The same, with weights of another size.
pub(super) fn folder_of(path: &Path, is_text: bool, size: f32) {
    let model = PixelFlowConfig {
        depth: 1,
        patch_size: 2,
        cross_attention_dim: is_text.then_some(WIDTH),
        ..Preset::Tiny.config(if is_text { 0 } else { 5 })
    };
    // Initial weights would not do: their velocity is zero.
    let weights = |name: &str, shape: &[usize]| {
        let key = Key::new(name.len() as u64, 0, Purpose::Testing);
        let values = key.normals(shape.iter().product());
        Ok::<_, std::convert::Infallible>(values.into_iter().map(|value| value * size).collect())
    };
    let Ok(weights) = model_from::<Flex, _>(&model, &FlexDevice, weights);
    save_model(&weights, &path.join(WEIGHTS_FILE), DType::F32, &BTreeMap::new()).unwrap();
    let description = ModelDescription {
        model,
        cascade: CascadeConfig { stages: 2, train_timesteps: 1000 },
        resolution: 8,
        class_names: None,
        text: is_text.then(|| TextDescription { encoder: "text".to_owned(), max_tokens: 6 }),
        sampler: Some(sampler(SolverKind::Euler)),
    };
    description.write(&path.join(DESCRIPTION_FILE)).unwrap();
    if is_text {
        let tokenizer = TextTokenizer::train(["a red robe on ice"], 100).unwrap();
        let config = T5Config::small(WIDTH, 1, tokenizer.vocabulary());
        let encoder = config.init::<Flex>(5, &FlexDevice).unwrap();
        let (folder, set) = (path.join("text"), WeightSet::Model);
        save_text_encoder(&encoder, &config, &tokenizer, &folder, set, DType::F32).unwrap();
    }
}

pub(super) fn sampler(solver: SolverKind) -> SamplerConfig {
    let guidance = Guidance::Constant { scale: 1.5 };
    SamplerConfig { solver, steps: vec![2], guidance, ..SamplerConfig::default() }
}

pub(super) fn pipeline(path: &Path) -> Pipeline<Flex> {
    Pipeline::open(path, &FlexDevice).unwrap()
}

pub(super) fn drawn(pipeline: &mut Pipeline<Flex>, request: &Request) -> Vec<DrawnImage> {
    pipeline.draw(request).unwrap().collect::<Result<_>>().unwrap()
}

/// Five images of three classes.
pub(super) fn classes() -> Request {
    let image = |n| ImageRequest { subject: Subject::Class(n % 3), seed: 7, number: n as u64 };
    Request::new((0..5_usize).map(image).collect())
}

fn prompts(texts: &[&str]) -> Request {
    let image = |text: &&str| ImageRequest { subject: Subject::prompt(*text), seed: 7, number: 0 };
    Request::new(texts.iter().map(image).collect())
}

#[test]
fn an_image_depends_on_its_request_alone() {
    let mut classes = classes();
    classes.images.truncate(3);
    draws_alike(false, &classes);
}

#[test]
fn an_image_of_a_text_depends_on_its_request_alone() {
    draws_alike(true, &prompts(&["a red robe", "", "a"]));
}

/// Draws a request with every solver in every format: together, one by one, backwards, and one alone.
fn draws_alike(is_text: bool, request: &Request) {
    let model = tempfile::tempdir().unwrap();
    folder(model.path(), is_text);
    // Of the multistep solvers, the one that remembers most.
    let solvers = [SolverKind::Euler, SolverKind::Heun, SolverKind::Dopri5, SolverKind::Unipc];
    for (solver, format) in solvers.iter().flat_map(|s| NumberFormat::ALL.map(|f| (*s, f))) {
        // Each with a store of its own: no text comes from the drawing before.
        let images = |request: &Request| {
            let pipeline = pipeline(model.path()).with_text_store(Store::default());
            let images = drawn(&mut pipeline.with_format(format), request);
            images.into_iter().map(|image| image.rgb).collect::<Vec<_>>()
        };
        let request = request.clone().sampler(sampler(solver));
        let together = images(&request);
        let case = format!("{solver:?}, {format}");
        assert!(images(&request.clone().batch(1)) == together, "{case}, one by one");
        let mut backwards = request.clone().batch(2);
        backwards.images.reverse();
        let mut reversed = images(&backwards);
        reversed.reverse();
        assert!(reversed == together, "{case}, in the other order");
        let one = Request { images: vec![request.images[2].clone()], ..request };
        assert!(images(&one) == together[2..], "{case}, alone");
    }
}

#[test]
fn seed_and_number_make_another_image_and_so_does_the_class() {
    let model = tempfile::tempdir().unwrap();
    folder(model.path(), false);
    let mut pipeline = pipeline(model.path());
    let one = Request::class(1).seed(7);
    let images: Vec<Vec<u8>> =
        [one.clone(), one.clone().seed(8), one.clone().count(2), Request::class(2).seed(7)]
            .iter()
            .map(|request| drawn(&mut pipeline, request).pop().unwrap().rgb)
            .collect();
    for (index, image) in images.iter().enumerate() {
        assert!(images[..index].iter().all(|other| other != image), "request {index}");
    }
}

#[test]
fn a_drawing_that_was_stopped_goes_on_in_another_pipeline() {
    let model = tempfile::tempdir().unwrap();
    folder(model.path(), false);
    for solver in SolverKind::ALL {
        let request = classes().batch(2).sampler(sampler(solver));
        let whole = drawn(&mut pipeline(model.path()), &request);
        let mut events = 0;
        let mut drawing = pipeline(model.path()).draw(&request).unwrap();
        while drawing.next_event().unwrap().is_some() {
            events += 1;
        }
        for stop in (0..events).step_by((events / 8).max(1)) {
            let mut drawing = pipeline(model.path()).draw(&request).unwrap();
            for _ in 0..stop {
                drawing.next_event().unwrap();
            }
            let bytes = drawing.save().unwrap().to_bytes();
            let mut images: Vec<DrawnImage> = drawing.finished().collect();
            let state = DrawingState::from_bytes(&bytes).unwrap();
            let rest = pipeline(model.path()).resume(&state).unwrap();
            images.extend(rest.map(Result::unwrap));
            assert_eq!(images, whole, "{solver:?}, stopped after {stop} of {events}");
        }
    }
}

#[test]
fn a_state_is_refused_by_other_weights() {
    let [model, other] = [false, false].map(|_| tempfile::tempdir().unwrap());
    folder(model.path(), false);
    other_weights(other.path());
    let state = pipeline(model.path()).draw(&classes()).unwrap().save().unwrap();
    let half = pipeline(model.path()).with_format(NumberFormat::Bf16).resume(&state);
    assert!(matches!(half.err(), Some(Error::SavedState { .. })));
    let refused = pipeline(other.path()).resume(&state).err().unwrap().to_string();
    assert!(refused.contains("it is of other weights"), "{refused}");
}

/// A copy of a model's folder with another last weight.
fn other_weights(path: &Path) {
    folder(path, false);
    let mut bytes = std::fs::read(path.join(WEIGHTS_FILE)).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(path.join(WEIGHTS_FILE), bytes).unwrap();
}

#[test]
fn a_guide_guides_unless_it_is_the_model_and_is_part_of_what_images_are_drawn_from() {
    let [model, guide] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    folder(model.path(), false);
    other_weights(guide.path());
    let guided =
        |guide: &Path| pipeline(model.path()).with_guide(ModelFiles::find(guide).unwrap()).unwrap();
    let neutral = Guidance::Constant { scale: 1.0 };
    let unguided = SamplerConfig { guidance: neutral, ..sampler(SolverKind::Euler) };
    let plain = drawn(&mut pipeline(model.path()), &classes().sampler(unguided));
    // A model that guides itself changes nothing but what it costs.
    let own = drawn(&mut guided(model.path()), &classes());
    for (own, plain) in own.iter().zip(&plain) {
        assert!(own.rgb == plain.rgb && own.network_calls == 2 * plain.network_calls);
    }
    let whole = drawn(&mut guided(guide.path()), &classes());
    assert!(whole != plain, "nothing is guided");

    let state = guided(guide.path()).draw(&classes()).unwrap().save().unwrap();
    let state = DrawingState::from_bytes(&state.to_bytes()).unwrap();
    let told = guided(guide.path()).provenance(&classes()).unwrap().guide.unwrap();
    let files = ModelFiles::find(guide.path()).unwrap();
    assert_eq!((told.model.as_str(), &*told.model_hash), (files.name(), files.hash().unwrap()));
    for is_guided in [false, true] {
        let mut other = if is_guided { guided(model.path()) } else { pipeline(model.path()) };
        let refused = other.resume(&state).err().unwrap().to_string();
        assert!(refused.contains("another guide"), "{refused}");
    }
    let rest = guided(guide.path()).resume(&state).unwrap();
    assert_eq!(rest.collect::<Result<Vec<_>>>().unwrap(), whole);
}

#[test]
fn a_guide_that_does_not_fit_is_refused_before_weights_are_read() {
    let [model, text] = [false, true].map(|is_text| {
        let path = tempfile::tempdir().unwrap();
        folder(path.path(), is_text);
        std::fs::remove_file(path.path().join(WEIGHTS_FILE)).unwrap();
        path
    });
    let described = |path: &Path| {
        let description = path.join(DESCRIPTION_FILE);
        ModelDescription::parse(&description, &std::fs::read_to_string(&description).unwrap())
    };
    let mut named = described(model.path()).unwrap();
    named.class_names = Some(["ant", "cat", "dog", "eel", "fox"].map(str::to_owned).to_vec());
    let edited = |edit: &dyn Fn(&mut ModelDescription)| {
        let mut guide = named.clone();
        edit(&mut guide);
        guide
    };
    let swapped = |guide: &mut ModelDescription| guide.class_names.as_mut().unwrap().swap(1, 2);
    for (guide, part) in [
        (edited(&|guide| guide.cascade.stages = 1), "the guide has 1 stages, the model 2"),
        (
            edited(&|guide| guide.cascade.train_timesteps = 500),
            "500 training timesteps, the model 1000",
        ),
        (edited(&|guide| guide.model.patch_size = 4), "4 pixels a patch, the model 2"),
        (edited(&swapped), "class 1 is dog to the guide and cat to the model"),
        (edited(&|guide| guide.model.depth = 0), "depth is 0"),
        (described(text.path()).unwrap(), "the guide has 0 classes, the model 5"),
    ] {
        let files = |description| {
            ModelFiles::described(model.path().join(WEIGHTS_FILE), WeightSet::Model, description)
        };
        let pipeline = Pipeline::<Flex>::new(files(named.clone()), &FlexDevice);
        let refused = pipeline.with_guide(files(guide)).err().unwrap().to_string();
        assert!(refused.contains(part), "{refused}");
    }
    // A smaller model may guide, and one whose classes have no names.
    named.check_guide(&edited(&|guide| guide.model.depth = 2)).unwrap();
    named.check_guide(&described(model.path()).unwrap()).unwrap();
}

/// States of texts in memory.
#[derive(Default)]
struct Store(Mutex<HashMap<String, EncodedText>>);

impl TextStore for Store {
    fn get(&self, text: &str, tokens: usize, _: usize) -> Option<EncodedText> {
        self.0.lock().unwrap().get(text).filter(|known| known.tokens == tokens).cloned()
    }

    fn keep(&self, text: &str, encoded: &EncodedText) {
        self.0.lock().unwrap().insert(text.to_owned(), encoded.clone());
    }
}

#[test]
fn a_text_has_the_same_bits_whatever_is_encoded_beside_it() {
    let model = tempfile::tempdir().unwrap();
    folder(model.path(), true);
    let texts = ["a robe", "", "a red robe on ice", "a"];
    // Each time a store of its own: nothing comes from an earlier run.
    let encoded = |texts: &[&str]| {
        let mut pipeline = pipeline(model.path()).with_text_store(Store::default());
        pipeline.encode(&prompts(texts)).unwrap();
        pipeline.texts().clone()
    };
    let together = encoded(&texts);
    for text in texts {
        let alone = encoded(&[text]);
        assert_eq!(alone.get(text), together.get(text), "{text}");
    }
}

#[test]
fn texts_are_encoded_once_and_known_ones_need_no_encoder() {
    let model = tempfile::tempdir().unwrap();
    folder(model.path(), true);
    let encoder = TextEncoderFiles::open(&model.path().join("text"), WeightSet::Model);
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let mut pipeline = pipeline(model.path())
        .with_text_encoder(encoder.unwrap(), NumberFormat::F32)
        .watching_texts(move |done, all| {
            if done == all {
                counted.fetch_add(all, Ordering::Relaxed);
            }
        });
    let request = prompts(&["a robe", "on ice", "a robe"]);
    let first = drawn(&mut pipeline, &request);
    // Two prompts, and the empty negative.
    assert_eq!(count.load(Ordering::Relaxed), 3);
    assert_eq!(first[0].rgb, first[2].rgb);
    // Weights that are gone cannot be asked.
    std::fs::remove_file(model.path().join("text").join(WEIGHTS_FILE)).unwrap();
    assert_eq!(drawn(&mut pipeline, &request), first);
}

#[test]
fn a_text_model_in_memory_draws_what_the_one_on_disk_draws() {
    let model = tempfile::tempdir().unwrap();
    folder(model.path(), true);
    let read = |name: &str| std::fs::read(model.path().join(name)).unwrap();
    let config = String::from_utf8(read(DESCRIPTION_FILE)).unwrap();
    let files = ModelFiles::from_bytes(&config, read(WEIGHTS_FILE)).unwrap();
    let [config, tokenizer, weights] =
        [DESCRIPTION_FILE, TOKENIZER_FILE, WEIGHTS_FILE].map(|name| read(&format!("text/{name}")));
    let encoder = TextEncoderFiles::from_bytes(config, tokenizer, weights).unwrap();
    let mut in_memory =
        Pipeline::new(files, &FlexDevice).with_text_encoder(encoder, NumberFormat::F32);
    let mut on_disk = pipeline(model.path());
    let request = prompts(&["a red robe on ice on ice", "a green robe"]);
    assert_eq!(drawn(&mut in_memory, &request), drawn(&mut on_disk, &request));
    for text in ["a red robe on ice on ice", "a green robe", ""] {
        assert_eq!(in_memory.texts().get(text).unwrap(), on_disk.texts().get(text).unwrap());
    }
    let [first, second] = [&in_memory, &on_disk].map(|of| of.provenance(&request).unwrap());
    assert_eq!(first.text_encoder, second.text_encoder);
    assert_eq!(in_memory.unseen().unwrap(), on_disk.unseen().unwrap());
}

#[test]
fn long_texts_and_unknown_words_are_named() {
    let model = tempfile::tempdir().unwrap();
    folder(model.path(), true);
    let mut pipeline = pipeline(model.path());
    pipeline.encode(&prompts(&["a red robe on ice on ice", "a green robe"])).unwrap();
    let unseen = pipeline.unseen().unwrap();
    assert_eq!(unseen.cut, [("a red robe on ice on ice".to_owned(), 2)]);
    assert_eq!((unseen.max_tokens, unseen.unknown), (6, vec!["green".to_owned()]));
}

#[test]
fn a_refused_request_reads_nothing() {
    let model = tempfile::tempdir().unwrap();
    folder(model.path(), false);
    let mut pipeline = pipeline(model.path());
    std::fs::remove_file(model.path().join(WEIGHTS_FILE)).unwrap();
    let refused = pipeline.draw(&Request::class(9).size([3, 8])).err().unwrap();
    assert!(matches!(refused, Error::Request(_)), "{refused}");
}

#[test]
fn a_picture_tells_what_it_was_drawn_from_and_not_where_that_lies() {
    let model = tempfile::tempdir().unwrap();
    folder(model.path(), true);
    let provenance = pipeline(model.path()).provenance(&prompts(&["a robe"])).unwrap();
    let json = serde_json::to_string(&provenance).unwrap();
    let parent = model.path().parent().unwrap().display().to_string();
    assert!(!json.contains(&parent), "{json}");
    assert_eq!(provenance.model_hash.len(), 16);
    assert!(provenance.text_encoder.is_some());
    assert_eq!(serde_json::from_str::<Provenance>(&json).unwrap(), provenance);
}

#[test]
fn nothing_comes_after_an_error() {
    let model = tempfile::tempdir().unwrap();
    folder(model.path(), false);
    let pipeline = pipeline(model.path());
    let config = pipeline.description().model.clone();
    // Finite weights whose velocity is not.
    let huge = |_: &str, shape: &[usize]| {
        Ok::<_, std::convert::Infallible>(vec![1e38; shape.iter().product()])
    };
    let Ok(huge) = model_from::<Flex, _>(&config, &FlexDevice, huge);
    for solver in SolverKind::ALL {
        let request = pipeline.check(&classes().sampler(sampler(solver))).unwrap();
        let mut drawing = Drawing::new(&huge, request, Subjects::Classes).unwrap();
        let error = drawing.by_ref().find_map(Result::err).unwrap();
        assert!(matches!(error, Error::NotFinite { .. }), "{solver:?}: {error}");
        assert_eq!(drawing.next_event().unwrap(), None, "{solver:?}");
        assert!(drawing.next().is_none(), "{solver:?}");
    }
}
