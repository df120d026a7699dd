//! What the description of the API says of a server's own model.

use pixelflow::sampler::{GuidanceRule, SamplerConfig, SolverKind};
use serde_json::{Value, json};

use super::automatic::sampler_names;
use super::{ServedModel, Settings};

/// Says of requests what depends on the model.
pub(super) fn say_model(schemas: &mut Value, model: &ServedModel, settings: &Settings) {
    let facts = model.json(settings);
    let description = &model.source.description;
    let (name, stages) = (&facts["name"], description.cascade.stages);
    let multiple = facts["size_multiple"].as_u64().unwrap_or(1);
    // A square of this side has no more pixels than are drawn.
    let most = model.max_pixels.isqrt() / multiple * multiple;
    let or_null = |mut schema: Value| {
        schema["type"] = json!(["integer", "null"]);
        schema
    };
    let side =
        json!({"type": "integer", "multipleOf": multiple, "minimum": multiple, "maximum": most});
    schemas["Draw"]["properties"]["size"]["items"] = side.clone();
    schemas["Draw"]["properties"]["count"]["maximum"] = json!(settings.max_count());
    schemas["Draw"]["properties"]["number"]["maximum"] = json!(settings.last_number());
    schemas["Edit"]["properties"]["from_stage"]["maximum"] = json!(stages - 1);
    let steps = &mut schemas["Sampler"]["properties"]["steps"]["anyOf"][1];
    (steps["minItems"], steps["maxItems"]) = (json!(stages), json!(stages));
    steps["items"]["maximum"] = json!(model.max_steps);
    schemas["Sampler"]["properties"]["steps"]["anyOf"][0]["maximum"] = json!(model.max_steps);
    schemas["Sampler"]["anyOf"] = of_reference(&model.sampler);
    say_subject(schemas, model, &facts["classes"]);
    for side_of in ["width", "height"] {
        schemas["Txt2img"]["properties"][side_of] = or_null(side.clone());
    }
    schemas["Txt2img"]["anyOf"] = products(settings.max_count());
    schemas["Txt2img"]["properties"]["steps"]["maximum"] = json!(stages * model.max_steps);
    let samplers: Vec<Value> = sampler_names().map(Value::from).chain([Value::Null]).collect();
    for field in ["sampler_name", "sampler_index"] {
        schemas["Txt2img"]["properties"][field]["enum"] = json!(samplers);
    }
    let generation = &mut schemas["Generation"]["properties"];
    generation["model"]["enum"] = json!([name, null]);
    generation["n"]["maximum"] = json!(settings.max_count());
    // A pattern cannot count in multiples: these are among those that fit.
    let own = description.resolution as u64;
    let sizes = [multiple, own, most].map(|side| format!("{side}x{side}"));
    generation["size"]["enum"] = json!(["auto", sizes[0], sizes[1], sizes[2], null]);
    schemas["Options"]["properties"]["sd_model_checkpoint"]["const"] = name.clone();
}

/// Says of requests what the images can show.
fn say_subject(schemas: &mut Value, model: &ServedModel, classes: &Value) {
    let description = &model.source.description;
    let is_text = description.is_text();
    let (unread, wanted) =
        if is_text { (&["class"][..], "prompt") } else { (&["prompt", "negative"][..], "class") };
    let draw = &mut schemas["Draw"];
    draw["required"] = json!([wanted]);
    if let Some(fields) = draw["properties"].as_object_mut() {
        for field in unread {
            fields.shift_remove(*field);
        }
    }
    if is_text {
        draw["properties"]["prompt"]["type"] = json!("string");
        // Front ends that say nothing mean an empty one.
        schemas["Txt2img"]["required"] = json!([]);
    } else {
        let last = description.model.num_classes - 1;
        let number = json!({"type": "integer", "minimum": 0, "maximum": last});
        let names = json!({"type": "string", "enum": classes});
        draw["properties"]["class"] =
            json!({"description": "The class, by number or name.", "anyOf": [number, names]});
        for shape in ["Generation", "Txt2img"] {
            schemas[shape]["properties"]["prompt"]["enum"] = classes.clone();
        }
    }
    // A guide takes the place of what is not to be shown.
    if !is_text || model.guide.is_some() {
        for (shape, field) in [
            ("Draw", "negative"),
            ("Generation", "negative_prompt"),
            ("Txt2img", "negative_prompt"),
        ] {
            if let Some(field) = schemas[shape]["properties"].get_mut(field) {
                field["enum"] = json!(["", null]);
            }
        }
    }
}

/// What a request that draws as the reference does can ask for: two solvers and plain guidance. What it leaves out is
/// the server's.
fn of_reference(server: &SamplerConfig) -> Value {
    let field = |name: &str, mut fits: Vec<Value>, is_the_servers: bool| {
        if is_the_servers {
            fits.push(Value::Null);
            return json!({"properties": {name: {"enum": fits}}});
        }
        json!({"properties": {name: {"enum": fits}}, "required": [name]})
    };
    let solvers = [SolverKind::Euler, SolverKind::Dopri5];
    let is_solver = solvers.contains(&server.solver);
    let (plain, is_plain) = (GuidanceRule::Plain, server.guidance_rule == GuidanceRule::Plain);
    let with = [
        field("solver", solvers.map(|solver| json!(solver)).into(), is_solver),
        field("guidance_rule", vec![json!(plain)], is_plain),
    ];
    json!([field("reference", vec![json!(false)], !server.reference), {"allOf": with}])
}

/// That `batch_size` times `n_iter` is at most `most`: for each size of a batch that makes a difference the most of
/// them.
fn products(most: usize) -> Value {
    let mut pairs: Vec<[usize; 2]> = (1..=most).rev().map(|size| [size, most / size]).collect();
    // Of batches that may be as many the largest stands for all.
    pairs.dedup_by_key(|[_, times]| *times);
    let bounded = |[size, times]: [usize; 2]| json!({"properties": {"batch_size": {"maximum": size}, "n_iter": {"maximum": times}}});
    pairs.into_iter().map(bounded).collect()
}

#[cfg(test)]
mod tests {
    use pixelflow::cascade::CascadeConfig;

    use super::*;
    use crate::model_source::ModelSource;
    use crate::serve::asked::{SamplerAsked, parse};
    use crate::serve::automatic::Draw;
    use crate::serve::openapi::DOCUMENT;
    use crate::serve::worker_tests::server;

    #[test]
    fn a_server_says_what_its_model_takes() {
        let server = server(8, 1);
        let mut schemas =
            serde_json::from_str::<Value>(DOCUMENT).unwrap()["components"]["schemas"].take();
        say_model(&mut schemas, &server.model, &server.settings);
        let at = |pointer: &str| schemas.pointer(pointer).unwrap_or(&Value::Null).clone();
        assert_eq!(at("/Draw/properties/class/anyOf/0/maximum"), 15);
        assert_eq!(at("/Draw/properties/class/anyOf/1/enum/4"), "elf");
        assert_eq!(at("/Draw/properties/prompt"), Value::Null);
        assert_eq!(at("/Draw/properties/size/items/multipleOf"), 16);
        assert_eq!(at("/Draw/properties/size/items/maximum"), 1024);
        assert_eq!(at("/Draw/properties/count/maximum"), 8);
        assert_eq!(at("/Draw/properties/number/maximum"), i64::MAX - 7);
        assert_eq!(at("/Sampler/properties/steps/anyOf/1/maxItems"), 3);
        assert_eq!(at("/Sampler/properties/steps/anyOf/0/maximum"), 500);
        assert_eq!(at("/Sampler/properties/steps/anyOf/1/items/maximum"), 500);
        assert_eq!(at("/Txt2img/properties/steps/maximum"), 1500);
        assert_eq!(at("/Edit/properties/from_stage/maximum"), 2);
        assert_eq!(at("/Txt2img/anyOf/0/properties/batch_size/maximum"), 8);
        assert_eq!(at("/Options/properties/sd_model_checkpoint/const"), "demo");
        assert_eq!(at("/Txt2img/required"), json!(["prompt"]));
        assert_eq!(at("/Txt2img/properties/negative_prompt/enum"), json!(["", null]));
    }

    #[test]
    fn a_text_model_takes_texts_and_a_guide_the_place_of_the_negative_one() {
        let server = server(8, 1);
        let mut model = server.model.clone();
        model.source = ModelSource::text_demo().unwrap();
        let mut said = || {
            let mut schemas =
                serde_json::from_str::<Value>(DOCUMENT).unwrap()["components"]["schemas"].take();
            say_model(&mut schemas, &model, &server.settings);
            model.guide = Some(model.source.clone());
            schemas
        };
        let (plain, guided) = (said(), said());
        let at = |schemas: &Value, pointer: &str| {
            schemas.pointer(pointer).unwrap_or(&Value::Null).clone()
        };
        // Nothing says what to draw but a prompt; only A1111's front ends leave out an empty one.
        assert_eq!(at(&plain, "/Draw/required"), json!(["prompt"]));
        assert_eq!(at(&plain, "/Draw/properties/prompt/type"), "string");
        assert_eq!(at(&plain, "/Draw/properties/class"), Value::Null);
        assert_eq!(at(&plain, "/Generation/required"), json!(["prompt"]));
        assert_eq!(at(&plain, "/Txt2img/required"), json!([]));
        for negative in ["/Draw/properties/negative", "/Txt2img/properties/negative_prompt"] {
            let negative = format!("{negative}/enum");
            assert_eq!(at(&plain, &negative), Value::Null);
            assert_eq!(at(&guided, &negative), json!(["", null]));
        }
    }

    #[test]
    fn what_is_described_is_what_is_read() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let at = |pointer: &str| document["components"]["schemas"].pointer(pointer).unwrap();
        let [least, most] = ["minimum", "maximum"]
            .map(|name| at("/Txt2img/properties/seed")[name].as_i64().unwrap());
        let reads = |seed: i128| parse::<Draw>(format!("{{\"seed\": {seed}}}").as_bytes()).is_ok();
        for (end, beyond) in [(least, -1), (most, 1)] {
            let end = i128::from(end);
            assert!(reads(end) && !reads(end + beyond), "{end}");
        }
        // Without a mask there is no seam.
        let of_seams = at("/Edit/allOf/1/anyOf");
        assert_eq!(of_seams[0]["required"], json!(["mask"]));
        assert_eq!(of_seams[1]["properties"]["resample"]["enum"], json!([1, null]));
    }

    /// What is bounded by two fields together is bounded so, and no tighter.
    #[test]
    fn a_product_is_bounded_as_the_server_bounds_it() {
        for most in [1, 2, 7, 64] {
            let pairs = products(most);
            let fits = |size: usize, times: usize| {
                pairs.as_array().unwrap().iter().any(|pair| {
                    let most = |field| pair["properties"][field]["maximum"].as_u64().unwrap();
                    size as u64 <= most("batch_size") && times as u64 <= most("n_iter")
                })
            };
            for size in 1..=most + 1 {
                for times in 1..=most + 1 {
                    assert_eq!(fits(size, times), size * times <= most, "{size} x {times}, {most}");
                }
            }
        }
    }

    /// Every choice of solver, rule and reference, against what the sampler itself takes.
    #[test]
    fn what_the_reference_cannot_do_is_not_described_as_possible() {
        let says = |schema: &Value, request: &Value| {
            let field = |(name, fits): (&String, &Value)| {
                fits["enum"].as_array().unwrap().contains(&request[name])
            };
            let all = |schema: &Value| schema["properties"].as_object().unwrap().iter().all(field);
            schema["allOf"].as_array().map_or_else(|| all(schema), |each| each.iter().all(all))
        };
        let cascade = CascadeConfig { stages: 3, train_timesteps: 1000 }.build().unwrap();
        let solvers = SolverKind::ALL.map(Some).into_iter().chain([None]);
        let rules = [
            Some(GuidanceRule::Plain),
            Some(GuidanceRule::Apg { parallel: 0.0, threshold: 0.0 }),
            None,
        ];
        let plain = SamplerConfig::default();
        let servers = [
            SamplerConfig { solver: SolverKind::Euler, reference: true, ..plain.clone() },
            SamplerConfig { guidance_rule: rules[1].unwrap(), ..plain.clone() },
            SamplerConfig { solver: SolverKind::Ab2, ..plain },
        ];
        let choices = solvers.flat_map(|solver| rules.map(|rule| (solver, rule)));
        let references = [Some(true), Some(false), None];
        for (solver, rule, reference) in
            choices.flat_map(|(solver, rule)| references.map(|reference| (solver, rule, reference)))
        {
            for own in &servers {
                let asked = SamplerAsked {
                    solver,
                    reference,
                    guidance_rule: rule,
                    ..SamplerAsked::default()
                };
                let drawn = asked.on(own, false).check(cascade.clone()).is_ok();
                let request =
                    json!({"solver": solver, "guidance_rule": rule, "reference": reference});
                let described =
                    of_reference(own).as_array().unwrap().iter().any(|one| says(one, &request));
                assert_eq!(described, drawn, "{request} of {own:?}");
            }
        }
    }
}
