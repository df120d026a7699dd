//! What files made to do harm achieve: an error.

use zip::CompressionMethod;

use super::hand_made::{Pickle, Tensor, archive, file, pt, six_floats, state_dict};
use super::opcode as op;
use super::{pickle, state_dict as tensors_of};
use crate::noise::{Key, Purpose};
use crate::weights::{TensorFile, WeightSet, WeightsError};

/// What opening a file and reading everything in it gives.
fn read_all(bytes: &[u8]) -> Result<usize, WeightsError> {
    let path = file(bytes);
    let torch = TensorFile::open(&path)?;
    torch.tensors().keys().map(|name| torch.read(name).map(|values| values.len())).sum()
}

/// The same for a pickle alone, whose storages are taken for granted.
fn interpret(bytes: &[u8]) -> usize {
    pickle::load(bytes)
        .and_then(|pickled| tensors_of::tensors(&pickled, WeightSet::Ema))
        .map_or(0, |tensors| tensors.len())
}

fn damaged(bytes: &[u8]) -> String {
    match read_all(bytes) {
        Err(WeightsError::Damaged { reason, .. }) => reason,
        other => panic!("not seen as damaged: {other:?}"),
    }
}

fn honest() -> Vec<u8> {
    pt(&state_dict(&[("a", Tensor::matrix())]), &six_floats())
}

#[test]
fn a_pickle_that_names_code_is_refused_by_that_name() {
    let call = |pickle: Pickle| pickle.text("echo pwned").op(op::TUPLE1).op(op::REDUCE).stop();
    let by_stack =
        |module: &str, name: &str| Pickle::new().text(module).text(name).op(op::STACK_GLOBAL);
    let cases = [
        (call(Pickle::new().global("os", "system")), "os.system"),
        (call(Pickle::new().global("posix", "system")), "posix.system"),
        (call(by_stack("os", "system")), "os.system"),
        (call(Pickle::new().global("builtins", "eval")), "builtins.eval"),
        (call(by_stack("builtins", "getattr")), "builtins.getattr"),
        (call(Pickle::new().global("torch", "load")), "torch.load"),
        (call(Pickle::new().global("torch._utils", "_import_dotted_name")), "_import_dotted_name"),
        (call(Pickle::new().global("collections", "OrderedDict.__init__")), "OrderedDict.__init__"),
        // Named, but never called.
        (Pickle::new().global("subprocess", "Popen").stop(), "subprocess.Popen"),
        (
            Pickle::new().op(op::MARK).text("true").op(op::INST).raw(b"os\nsystem\n").stop(),
            "os.system",
        ),
    ];
    for (pickle, name) in cases {
        match read_all(&pt(&pickle, b"")) {
            Err(WeightsError::Forbidden { what, .. }) => assert!(what.contains(name), "{what}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn code_beside_honest_weights_is_refused_too() {
    let pickle = Pickle::new()
        .op(op::EMPTY_DICT)
        .op(op::MARK)
        .text("model")
        .tensors(&[("a", Tensor::matrix())])
        .text("args")
        .global("nt", "system")
        .text("calc")
        .op(op::TUPLE1)
        .op(op::REDUCE)
        .op(op::SETITEMS)
        .stop();
    let error = read_all(&pt(&pickle, &six_floats())).unwrap_err();
    assert!(error.to_string().contains("`nt.system`"), "{error}");
}

#[test]
fn names_in_messages_cannot_reach_the_terminal() {
    let name = format!("\u{1b}[2J{}", "x".repeat(100_000));
    let error = read_all(&pt(&Pickle::new().global("os", &name).stop(), b"")).unwrap_err();
    let message = error.to_string();
    assert!(!message.contains('\u{1b}') && message.len() < 1000, "{message}");
}

#[test]
fn nothing_is_called_that_is_not_known_to_make_data() {
    let start = Pickle::new();
    let cases = [
        start.clone().text("os.system").op(op::EMPTY_TUPLE).op(op::REDUCE),
        start.clone().op(op::NONE).op(op::EMPTY_TUPLE).op(op::NEWOBJ),
        start.clone().global("torch", "FloatStorage").op(op::EMPTY_TUPLE).op(op::REDUCE),
        start.clone().global("collections", "OrderedDict").op(op::NONE).op(op::REDUCE),
        start
            .clone()
            .global("torch._utils", "_rebuild_parameter")
            .op(op::EMPTY_TUPLE)
            .op(op::REDUCE),
        // Attributes of a class: what a state of an instance could change in Python.
        start.clone().global("argparse", "Namespace").op(op::EMPTY_DICT).op(op::BUILD),
        start.clone().op(op::NONE).op(op::NONE).op(op::STACK_GLOBAL),
        start.clone().op(op::NONE).op(op::BINPERSID),
        // Code by number, and texts as protocol 0 has them.
        start.clone().op(0x82).raw(&[1]),
        start.op(b'I').raw(b"1\n"),
    ];
    for pickle in cases {
        damaged(&pt(&pickle.stop(), b""));
    }
}

#[test]
fn lengths_that_the_pickle_does_not_have_are_refused() {
    for opcode in [op::BINUNICODE8, op::BINBYTES8, op::BYTEARRAY8] {
        for length in [1, u64::from(u32::MAX), 1 << 62, u64::MAX] {
            // A length of 1 swallows the STOP.
            damaged(&pt(&Pickle::new().op(opcode).raw(&length.to_le_bytes()).stop(), b""));
        }
    }
    for opcode in [op::LONG4, op::BINUNICODE, op::BINBYTES, op::BINSTRING] {
        for length in [2_u32, i32::MAX as u32, u32::MAX] {
            damaged(&pt(&Pickle::new().op(opcode).raw(&length.to_le_bytes()).stop(), b""));
        }
    }
}

#[test]
fn depth_costs_no_stack() {
    // Tuples in tuples, marks in marks, and a list that contains itself.
    let tuples = Pickle::new().op(op::NONE).raw(&vec![op::TUPLE1; 500_000]).stop();
    let marks = Pickle::new().raw(&vec![op::MARK; 500_000]).stop();
    let cycle = Pickle::new()
        .op(op::EMPTY_LIST)
        .op(op::BINPUT)
        .raw(&[0])
        .op(op::BINGET)
        .raw(&[0])
        .op(op::APPEND)
        .stop();
    assert_eq!(interpret(&tuples) + interpret(&marks) + interpret(&cycle), 0);
}

#[test]
fn amplification_ends_at_the_bound_on_instructions() {
    // Each list holds the one before ten times: 10^n items, if they were copied.
    let mut lists = Pickle::new().op(op::EMPTY_LIST);
    for level in 0..200 {
        lists = lists.op(op::BINPUT).raw(&[level]).op(op::EMPTY_LIST).op(op::MARK);
        for _ in 0..10 {
            lists = lists.op(op::BINGET).raw(&[level]);
        }
        lists = lists.op(op::APPENDS);
    }
    assert_eq!(interpret(&lists.stop()), 0);

    // Without end: empty tuples on a tall stack, and one value memoised over and over.
    let tall = Pickle::new().raw(&vec![op::NONE; 1 << 19]);
    let tuples = tall.raw(&[op::MARK, op::TUPLE].repeat(1 << 20)).stop();
    let memo = Pickle::new().op(op::NONE).raw(&vec![op::MEMOIZE; 4 << 20]).stop();
    for endless in [tuples, memo] {
        assert!(damaged(&pt(&endless, b"")).contains("instructions"));
    }
}

#[test]
fn tensors_beyond_their_storage_are_refused() {
    let honest = Tensor::matrix;
    let cases = [
        Tensor { shape: vec![3, 3], ..honest() },
        Tensor { offset: 1, ..honest() },
        Tensor { offset: -1, ..honest() },
        Tensor { strides: vec![-3, 1], ..honest() },
        Tensor { strides: vec![4, 1], ..honest() },
        Tensor { shape: vec![-2, 3], ..honest() },
        Tensor { shape: vec![2], ..honest() },
        Tensor { shape: vec![1; 64], strides: vec![1; 64], ..honest() },
        Tensor { offset: i64::MAX, shape: vec![i64::MAX], strides: vec![i64::MAX], ..honest() },
        // The storage is said to be as large as needed, but is not.
        Tensor { storage_count: 7, ..honest() },
        Tensor { storage_count: i64::MAX, ..honest() },
        Tensor { storage_count: 1 << 62, storage_class: "DoubleStorage", ..honest() },
        Tensor { storage_count: -1, ..honest() },
        Tensor { storage_class: "DoubleStorage", ..honest() },
        Tensor { storage: "1", ..honest() },
        Tensor { storage: "../../0", ..honest() },
    ];
    for tensor in cases {
        let reason = damaged(&pt(&state_dict(&[("a.weight", tensor)]), &six_floats()));
        assert!(reason.contains("`a.weight`"), "{reason}");
    }
}

#[test]
fn few_values_cannot_stand_for_many() {
    let all_of_one =
        Tensor { shape: vec![1 << 20, 1 << 20], strides: vec![0, 0], ..Tensor::matrix() };
    let error = read_all(&pt(&state_dict(&[("a", all_of_one)]), &six_floats())).unwrap_err();
    assert!(matches!(error, WeightsError::NotWeights { .. }), "{error:?}");
    assert!(error.to_string().contains(".contiguous()"), "{error}");
}

#[test]
fn a_tensor_named_twice_is_refused() {
    let twice = state_dict(&[("a", Tensor::matrix()), ("a", Tensor::matrix())]);
    assert!(damaged(&pt(&twice, &six_floats())).contains("`a` twice"));
}

#[test]
fn a_pickle_that_expands_without_measure_is_not_read() {
    let zeros = vec![0; 65 << 20];
    let bomb = archive(CompressionMethod::Deflated, &[("x/data.pkl", &zeros)]);
    assert!(bomb.len() < 1 << 20);
    assert!(damaged(&bomb).contains("its pickle claims"));
}

#[test]
fn many_broken_directories_cost_no_more_than_one() {
    // Twenty thousand ends, all of one directory, whose last entry is missing.
    const COUNT: u16 = 20_000;
    let mut bytes = b"PK\x03\x04".to_vec();
    bytes.resize(30, 0);
    let mut entry = [0; 47];
    entry[..4].copy_from_slice(b"PK\x01\x02");
    entry[28] = 1; // length of the name, which is the last byte
    entry[46] = b'a';
    let directory = entry.repeat(COUNT.into());
    let mut end = [0; 22];
    end[..4].copy_from_slice(b"PK\x05\x06");
    end[8..10].copy_from_slice(&(COUNT + 1).to_le_bytes());
    end[10..12].copy_from_slice(&(COUNT + 1).to_le_bytes());
    end[12..16].copy_from_slice(&(directory.len() as u32).to_le_bytes());
    end[16] = 30; // where the directory begins
    bytes.extend(directory);
    bytes.extend(end.repeat(COUNT.into()));
    assert!(damaged(&bytes).contains("no readable directory"));
}

#[test]
fn a_changed_storage_fails_its_checksum() {
    let mut bytes = honest();
    let at = bytes.windows(24).position(|window| window == six_floats()).unwrap();
    bytes[at + 7] ^= 1;
    assert!(damaged(&bytes).contains("checksum"));
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let pickle = state_dict(&[("a", Tensor::matrix())]);
        let whole = archive(method, &[("x/data.pkl", &pickle), ("x/data/0", &six_floats())]);
        assert_eq!(read_all(&whole).unwrap(), 6);
        for length in 0..whole.len() {
            assert!(read_all(&whole[..length]).is_err(), "{length} of {} bytes", whole.len());
        }
    }
}

#[test]
fn a_pickle_cut_anywhere_is_refused() {
    let whole = state_dict(&[("a", Tensor::matrix())]);
    assert_eq!(interpret(&whole), 1);
    for length in 0..whole.len() {
        assert!(pickle::load(&whole[..length]).is_err(), "{length} of {} bytes", whole.len());
    }
}

/// Calls `check` with copies of `bytes` that have one to four wrong bits or bytes, every tenth
/// of them cut short besides.
fn with_random_changes(bytes: &[u8], rounds: u64, mut check: impl FnMut(&[u8])) {
    for index in 0..rounds {
        let key = Key::new(1, index, Purpose::Testing);
        let draws = key.uniforms(9);
        let mut changed = bytes.to_vec();
        for pair in draws[..2 * (1 + index as usize % 4)].chunks(2) {
            let at = (pair[0] * bytes.len() as f64) as usize;
            let what = (pair[1] * 8.0 * 256.0) as usize;
            // Alternately a flipped bit and a byte of any value.
            if (what / 256).is_multiple_of(2) {
                changed[at] ^= 1 << (what % 8);
            } else {
                changed[at] = what as u8;
            }
        }
        if draws[8] < 0.1 {
            changed.truncate((draws[8] * 10.0 * bytes.len() as f64) as usize);
        }
        check(&changed);
    }
}

#[test]
fn random_changes_never_panic_and_never_ask_for_more_than_the_file_has() {
    let pickle = Pickle::new()
        .op(op::EMPTY_DICT)
        .op(op::MARK)
        .text("model")
        .tensors(&[("a", Tensor::matrix()), ("b", Tensor::matrix())])
        .text("args")
        .global("argparse", "Namespace")
        .op(op::EMPTY_TUPLE)
        .op(op::NEWOBJ)
        .op(op::EMPTY_DICT)
        .text("seed")
        .integer(7)
        .op(op::SETITEM)
        .op(op::BUILD)
        .op(op::SETITEMS)
        .stop();
    assert_eq!(interpret(&pickle), 2);
    with_random_changes(&pickle, 20_000, |changed| {
        assert!(interpret(changed) <= 2);
    });
    with_random_changes(&pt(&pickle, &six_floats()), 4_000, |changed| {
        if let Ok(values) = read_all(changed) {
            assert!(values <= 12, "{values} values of 24 bytes");
        }
    });
}
