//! The only classes and functions that a pickle may name.
//!
//! None of them is run: each is known to make plain data, and this module says which.

use super::super::DType;
use super::fault::{Fault, quoted};
use super::value::{Global, Value};

/// What naming `module.name` gives.
///
/// # Errors
/// [`Fault::Forbidden`] for whatever is not known here.
pub(super) fn resolve<'p>(module: &str, name: &str) -> Result<Value<'p>, Fault> {
    let global = match (module, name) {
        ("collections", "OrderedDict") => Global::OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2") => Global::RebuildTensor,
        ("torch._utils", "_rebuild_parameter") => Global::RebuildParameter,
        ("argparse", "Namespace")
        | ("torch", "Size" | "device")
        | ("numpy", "dtype")
        | ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar")
        | ("_codecs", "encode")
        | ("builtins" | "__builtin__", "set" | "frozenset" | "bytearray" | "complex") => {
            Global::MakesInert
        }
        ("torch", name) if is_dtype(name) => return Ok(Value::Inert),
        ("torch", name) => match storage(name) {
            Some(dtype) => Global::Storage(dtype),
            None => return Err(forbidden(module, name)),
        },
        _ => return Err(forbidden(module, name)),
    };
    Ok(Value::Global(global))
}

fn forbidden(module: &str, name: &str) -> Fault {
    Fault::Forbidden(format!("{}.{}", quoted(module), quoted(name)))
}

/// The number format of a storage class of `torch`.
fn storage(class: &str) -> Option<DType> {
    Some(match class {
        "DoubleStorage" => DType::F64,
        "FloatStorage" => DType::F32,
        "HalfStorage" => DType::F16,
        "BFloat16Storage" => DType::BF16,
        "LongStorage" => DType::I64,
        "IntStorage" => DType::I32,
        "ShortStorage" => DType::I16,
        "CharStorage" => DType::I8,
        "ByteStorage" => DType::U8,
        "BoolStorage" => DType::Bool,
        _ => return None,
    })
}

/// Whether `torch.NAME` is a number format, as the arguments of a training may hold.
fn is_dtype(name: &str) -> bool {
    matches!(
        name,
        "float64"
            | "float32"
            | "float16"
            | "bfloat16"
            | "int64"
            | "int32"
            | "int16"
            | "int8"
            | "uint8"
            | "bool"
    )
}
