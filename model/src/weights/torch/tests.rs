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
    TensorFile::open_set(&file(bytes), None)
}

/// Opens a file that stays where it is for as long as its tensors are read.
fn read(bytes: &[u8], name: &str) -> Result<Vec<f32>, WeightsError> {
    let path = file(bytes);
    TensorFile::open_set(&path, None)?.read(name)
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
    let torch = TensorFile::open_set(&fixture("cls_a.pt"), None).unwrap();
    let reference = TensorFile::open(&fixture("cls_a.safetensors")).unwrap();
    assert_eq!(torch.tensors(), reference.tensors());
    assert_same(&torch, &reference, "");
}

#[test]
fn a_training_checkpoint_gives_its_average_unless_asked_for_the_weights_in_training() {
    let path = fixture("cls_a_train.pt");
    let steps = TensorFile::open(&fixture("train_steps.safetensors")).unwrap();
    let plain = TensorFile::open(&fixture("cls_a.safetensors")).unwrap();

    let model = TensorFile::open_set(&path, Some(WeightSet::Model)).unwrap();
    assert_eq!(model.tensors(), plain.tensors());
    assert_same(&model, &steps, "wd0/step3/");

    for set in [None, Some(WeightSet::Ema)] {
        let ema = TensorFile::open_set(&path, set).unwrap();
        assert_eq!(ema.tensors(), plain.tensors());
        assert_same(&ema, &steps, "wd0/ema0.9999/step3/");
    }
}

#[test]
fn a_set_that_is_not_there_is_named() {
    let plain = file(&pt(&state_dict(&[("a", Tensor::matrix())]), &six_floats()));
    let message = TensorFile::open_set(&plain, Some(WeightSet::Ema)).unwrap_err().to_string();
    assert!(message.contains("plain state_dict"), "{message}");
    assert!(TensorFile::open_set(&plain, Some(WeightSet::Model)).is_ok());

    let pickle = Pickle::new()
        .op(op::EMPTY_DICT)
        .text("model")
        .tensors(&[("a", Tensor::matrix())])
        .op(op::SETITEM)
        .stop();
    let only_model = file(&pt(&pickle, &six_floats()));
    let message = TensorFile::open_set(&only_model, Some(WeightSet::Ema)).unwrap_err().to_string();
    assert!(message.contains("without `ema`"), "{message}");
    let default = TensorFile::open_set(&only_model, None).unwrap();
    assert_eq!(default.read("a").unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
}

#[test]
fn the_prefix_of_distributed_training_is_dropped() {
    let torch = open(&pt(
        &state_dict(&[("module.a.weight", Tensor::matrix()), ("module.b", Tensor::matrix())]),
        &six_floats(),
    ))
    .unwrap();
    assert!(torch.tensors().keys().eq(["a.weight", "b"]));
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
        let torch = TensorFile::open_set(&path, None).unwrap();
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
    let cases: [(&[u8], &str); 9] = [
        (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "before 1.6"),
        (b"", "no .pt file"),
        (b"{}", "no .pt file"),
        (&script, "TorchScript"),
        (&sheet, "not one that torch.save wrote"),
        (&two, "several pickles"),
        (&list, "no dictionary"),
        (&nothing, "without tensors"),
        (&pt(&other, b""), "`epoch` is no tensor"),
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
    let gone = TensorFile::open_set(Path::new("no such file.pt"), None);
    assert!(matches!(gone, Err(WeightsError::Open { .. })));
}
