//! What is read from honest files.

use std::path::{Path, PathBuf};

use zip::CompressionMethod;

use super::hand_made::{Pickle, Tensor, archive, file, pt, six_floats, state_dict};
use super::opcode as op;
use crate::weights::{DType, TensorFile, WeightSet, WeightsError};

fn fixture(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures")).join(name)
}

fn open(bytes: &[u8]) -> Result<TensorFile, WeightsError> {
    TensorFile::open(&file(bytes))
}

/// Opens a file that stays where it is for as long as its tensors are read.
fn read(bytes: &[u8], name: &str) -> Result<Vec<f32>, WeightsError> {
    let path = file(bytes);
    TensorFile::open(&path)?.read(name)
}

fn assert_same(torch: &TensorFile, reference: &TensorFile, prefix: &str) {
    let mut compared = 0;
    for (name, info) in reference.tensors() {
        let Some(name) = name.strip_prefix(prefix) else {
            continue;
        };
        assert_eq!(&torch.tensors()[name], info, "{name}");
        let expected = reference.read(&format!("{prefix}{name}")).unwrap();
        assert_eq!(torch.read(name).unwrap(), expected, "{name}");
        compared += 1;
    }
    assert!(compared > 0);
}

#[test]
fn a_state_dict_of_pytorch_equals_its_safetensors() {
    let torch = TensorFile::open(&fixture("cls_a.pt")).unwrap();
    let reference = TensorFile::open(&fixture("cls_a.safetensors")).unwrap();
    assert_eq!(torch.tensors(), reference.tensors());
    assert_same(&torch, &reference, "");
}

#[test]
fn a_training_checkpoint_gives_its_average_unless_asked_for_the_weights_in_training() {
    let path = fixture("cls_a_train.pt");
    let steps = TensorFile::open(&fixture("train_steps.safetensors")).unwrap();
    let plain = TensorFile::open(&fixture("cls_a.safetensors")).unwrap();

    for (set, of) in [(WeightSet::Model, "wd0/step3/"), (WeightSet::Ema, "wd0/ema0.9999/step3/")] {
        let file = TensorFile::open_torch(&path, set).unwrap();
        assert_eq!(file.tensors(), plain.tensors());
        assert_same(&file, &steps, of);
    }
}

/// A dictionary's entries, one behind the other.
type Entries = fn(Pickle) -> Pickle;

/// A `.pt` of a dictionary with these entries.
fn with_entries(entries: Entries) -> Vec<u8> {
    let start = Pickle::new().op(op::EMPTY_DICT).op(op::MARK);
    pt(&entries(start).op(op::SETITEMS).stop(), &six_floats())
}

/// A tensor of its own, to be told from [`Tensor::matrix`].
fn row() -> Tensor {
    Tensor { shape: vec![6], strides: vec![1], ..Tensor::matrix() }
}

#[test]
fn weights_are_found_however_a_training_has_saved_them() {
    // In each, `a` is a matrix in the weights, and in their average, if there is one that has a
    // shape of its own, a row.
    let cases: [(&str, Entries, [usize; 2]); 7] = [
        ("plain", |d| d.text("a").tensor(&Tensor::matrix()), [2, 2]),
        (
            "under a key",
            |d| d.text("state_dict").tensors(&[("model._orig_mod.a", Tensor::matrix())]),
            [2, 2],
        ),
        (
            "beside other things",
            |d| {
                let d = d.text("model_state_dict").tensors(&[("module.a", Tensor::matrix())]);
                let d = d.text("optimizer").op(op::EMPTY_DICT).text("epoch").integer(3);
                d.text("scheduler").tensors(&[("b", row())])
            },
            [2, 2],
        ),
        (
            "with an average",
            |d| {
                let d = d.text("model").tensors(&[("a", Tensor::matrix())]);
                d.text("ema").tensors(&[("module.a", row())])
            },
            [1, 2],
        ),
        (
            "timm",
            |d| {
                let d = d.text("state_dict").tensors(&[("a", Tensor::matrix())]);
                d.text("state_dict_ema").tensors(&[("a", row())])
            },
            [1, 2],
        ),
        (
            "Lightning",
            |d| {
                let tensors = [
                    ("model.a", Tensor::matrix()),
                    ("ema_model.module.a", row()),
                    ("ema_model.n_averaged", row()),
                ];
                d.text("state_dict").tensors(&tensors)
            },
            [1, 2],
        ),
        (
            "diffusers",
            |d| {
                let d = d.text("model").tensors(&[("a", Tensor::matrix())]);
                let d = d.text("ema").op(op::EMPTY_DICT).op(op::MARK).text("decay").integer(1);
                let d = d.text("shadow_params").op(op::EMPTY_LIST).tensor(&Tensor::matrix());
                d.op(op::APPEND).op(op::SETITEMS)
            },
            [2, 2],
        ),
    ];
    for (case, entries, ranks) in cases {
        let path = file(&with_entries(entries));
        for (set, rank) in [WeightSet::Ema, WeightSet::Model].into_iter().zip(ranks) {
            let file = TensorFile::open_torch(&path, set).unwrap();
            assert!(file.tensors().keys().eq(["a"]), "{case}: {:?}", file.tensors());
            assert_eq!(file.tensors()["a"].shape.len(), rank, "{case}");
            assert_eq!(file.read("a").unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        }
    }
}

#[test]
fn an_average_that_nothing_names_matters_to_those_who_want_it() {
    let path = file(&with_entries(|d| {
        let d = d.text("model").tensors(&[("a", Tensor::matrix())]);
        let d = d.text("ema").op(op::EMPTY_DICT).text("shadow_params").op(op::EMPTY_LIST);
        d.tensor(&row()).op(op::APPEND).op(op::SETITEM)
    }));
    let message = TensorFile::open(&path).unwrap_err().to_string();
    assert!(message.contains("`ema.shadow_params` is a list without names"), "{message}");
    assert!(TensorFile::open_torch(&path, WeightSet::Model).is_ok());
}

#[test]
fn tensors_may_share_a_storage_and_be_views_of_it() {
    let transposed = Tensor { shape: vec![3, 2], strides: vec![1, 3], ..Tensor::matrix() };
    let row = Tensor { offset: 3, shape: vec![3], strides: vec![1], ..Tensor::matrix() };
    let every_other = Tensor { offset: 1, shape: vec![1, 3], strides: vec![77, 2], ..row.clone() };
    let scalar = Tensor { offset: 5, shape: vec![], strides: vec![], ..row.clone() };
    let empty =
        Tensor { shape: vec![0, i64::MAX, i64::MAX], strides: vec![1, 1, 1], ..row.clone() };
    let tensors = [
        ("matrix", Tensor::matrix()),
        ("transposed", transposed),
        ("row", row),
        ("every other", every_other),
        ("scalar", scalar),
        ("empty", empty),
    ];
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let path = file(&archive(
            method,
            &[("x/data.pkl", &state_dict(&tensors)), ("x/data/0", &six_floats())],
        ));
        let torch = TensorFile::open(&path).unwrap();
        assert_eq!(torch.read("matrix").unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(torch.read("transposed").unwrap(), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(torch.read("row").unwrap(), [3.0, 4.0, 5.0]);
        assert_eq!(torch.read("every other").unwrap(), [1.0, 3.0, 5.0]);
        assert_eq!(torch.read("scalar").unwrap(), [5.0]);
        assert_eq!(torch.read("empty").unwrap(), [0.0; 0]);
        assert_eq!(torch.tensors()["transposed"].shape, [3, 2]);
    }
}

#[test]
fn every_float_format_is_read_and_integers_are_refused() {
    let values = [0.5, -2.0, 3.25, 0.0, 1.0, 96.0];
    let classes = [
        ("DoubleStorage", DType::F64),
        ("FloatStorage", DType::F32),
        ("HalfStorage", DType::F16),
        ("BFloat16Storage", DType::BF16),
    ];
    for (storage_class, dtype) in classes {
        let pickle = state_dict(&[("a", Tensor { storage_class, ..Tensor::matrix() })]);
        let storage = dtype.from_f32(&values).unwrap();
        assert_eq!(read(&pt(&pickle, &storage), "a").unwrap(), values, "{storage_class}");
        assert_eq!(open(&pt(&pickle, &storage)).unwrap().tensors()["a"].dtype, dtype);
    }
    let pickle = state_dict(&[("a", Tensor { storage_class: "LongStorage", ..Tensor::matrix() })]);
    let message = read(&pt(&pickle, &[0; 48]), "a").unwrap_err().to_string();
    assert!(message.contains("`a` has integers (I64)"), "{message}");
}

#[test]
fn storages_of_big_endian_machines_are_read() {
    let storage: Vec<u8> = (0..6).flat_map(|value| (value as f32).to_be_bytes()).collect();
    let pickle = state_dict(&[("a", Tensor::matrix())]);
    let with_order = |order: &[u8]| {
        archive(
            CompressionMethod::Stored,
            &[("x/data.pkl", &pickle), ("x/byteorder", order), ("x/data/0", &storage)],
        )
    };
    assert_eq!(read(&with_order(b"big"), "a").unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    let message = open(&with_order(b"pdp")).unwrap_err().to_string();
    assert!(message.contains("byte order is `pdp`"), "{message}");
}

#[test]
fn what_a_checkpoint_holds_besides_weights_is_passed_over() {
    let pickle = Pickle::new()
        .op(op::EMPTY_DICT)
        .op(op::MARK)
        .text("model")
        .tensors(&[("a", Tensor::matrix())])
        .text("args")
        // argparse.Namespace(device=torch.device("cuda"), dtype=torch.bfloat16, sizes={1, 2})
        .global("argparse", "Namespace")
        .op(op::EMPTY_TUPLE)
        .op(op::NEWOBJ)
        .op(op::EMPTY_DICT)
        .op(op::MARK)
        .text("device")
        .global("torch", "device")
        .text("cuda")
        .op(op::TUPLE1)
        .op(op::REDUCE)
        .text("dtype")
        .global("torch", "bfloat16")
        .text("sizes")
        .global("__builtin__", "set")
        .op(op::EMPTY_LIST)
        .op(op::MARK)
        .integer(1)
        .integer(2)
        .op(op::APPENDS)
        .op(op::TUPLE1)
        .op(op::REDUCE)
        .op(op::SETITEMS)
        .op(op::BUILD)
        // collections.Counter({1: 2}), train.Config(), collections.deque([1])
        .text("seen")
        .global("collections", "Counter")
        .op(op::EMPTY_DICT)
        .integer(1)
        .integer(2)
        .op(op::SETITEM)
        .op(op::TUPLE1)
        .op(op::REDUCE)
        .text("config")
        .global("train", "Config")
        .op(op::EMPTY_TUPLE)
        .op(op::NEWOBJ)
        .op(op::EMPTY_DICT)
        .op(op::BUILD)
        .text("recent")
        .global("collections", "deque")
        .op(op::EMPTY_TUPLE)
        .op(op::REDUCE)
        .integer(1)
        .op(op::APPEND)
        .text("loss")
        .global("numpy.core.multiarray", "scalar")
        .global("numpy", "dtype")
        .text("f8")
        .op(op::NEWFALSE)
        .op(op::NEWTRUE)
        .op(op::TUPLE3)
        .op(op::REDUCE)
        .op(op::SHORT_BINBYTES)
        .raw(b"\x08\0\0\0\0\0\0\0\0")
        .op(op::TUPLE2)
        .op(op::REDUCE)
        .op(op::SETITEMS)
        .stop();
    let torch = open(&pt(&pickle, &six_floats())).unwrap();
    assert!(torch.tensors().keys().eq(["a"]));
}

#[test]
fn a_parameter_is_its_tensor() {
    let tensor = Pickle::new().tensors(&[("a", Tensor::matrix())]).stop();
    // Wrap the tensor that the dictionary's SETITEMS and STOP end.
    let head = &tensor[2..tensor.len() - 2];
    let at = head.windows(12).position(|bytes| bytes == b"torch._utils").unwrap() - 1;
    let pickle = Pickle::new()
        .raw(&head[..at])
        .global("torch._utils", "_rebuild_parameter")
        .raw(&head[at..])
        .op(op::NEWTRUE)
        .op(op::NONE)
        .op(op::TUPLE3)
        .op(op::REDUCE)
        .op(op::SETITEMS)
        .stop();
    assert_eq!(read(&pt(&pickle, &six_floats()), "a").unwrap()[5], 5.0);
}

#[test]
fn other_kinds_of_files_are_told_apart() {
    let fine = state_dict(&[("a", Tensor::matrix())]);
    let script = archive(
        CompressionMethod::Stored,
        &[("x/data.pkl", &fine), ("x/constants.pkl", b""), ("x/data/0", &six_floats())],
    );
    let sheet = archive(CompressionMethod::Deflated, &[("xl/workbook.xml", b"<workbook/>")]);
    let two = archive(CompressionMethod::Stored, &[("x/data.pkl", &fine), ("y/data.pkl", &fine)]);
    let list = pt(&Pickle::new().op(op::EMPTY_LIST).stop(), b"");
    let nothing = pt(&Pickle::new().op(op::EMPTY_DICT).stop(), b"");
    let other = Pickle::new().op(op::EMPTY_DICT).text("epoch").integer(3).op(op::SETITEM).stop();
    let small = pt(&Pickle::new().global("torch._utils", "_rebuild_tensor_v3").stop(), b"");
    let arrays = archive(CompressionMethod::Stored, &[("a.npy", b"")]);
    let inside = archive(CompressionMethod::Stored, &[("model/model.safetensors", b"")]);
    let unet = Pickle::new().op(op::EMPTY_DICT).text("unet").tensors(&[("a", Tensor::matrix())]);
    let cases: [(&[u8], &str); 11] = [
        (&pt(&unet.op(op::SETITEM).stop(), &six_floats()), "are under `unet`, which is no name of"),
        (b"neither this nor that", "no .pt file"),
        (&script, "TorchScript"),
        (&sheet, "not one that torch.save wrote"),
        (&arrays, "an .npz archive"),
        (&inside, "unpack it"),
        (&two, "several pickles"),
        (&list, "no dictionary"),
        (&nothing, "without tensors"),
        (&pt(&other, b""), "without tensors, its entries are [`epoch`]"),
        (&small, "floats of 8 bits"),
    ];
    for (bytes, expected) in cases {
        let error = open(bytes).unwrap_err();
        assert!(matches!(error, WeightsError::NotWeights { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn an_unknown_tensor_is_named() {
    let bytes = pt(&state_dict(&[("a", Tensor::matrix())]), &six_floats());
    assert!(matches!(read(&bytes, "b"), Err(WeightsError::NoTensor { name, .. }) if name == "b"));
    let gone = TensorFile::open(Path::new("no such file.pt"));
    assert!(matches!(gone, Err(WeightsError::Open { .. })));
}
