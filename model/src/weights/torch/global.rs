//! The classes and functions that a pickle names, none of which is ever run.
//!
//! Tensors are made by the few that are known here. What any other makes is inert, unless it is
//! filled as a dictionary: no tensor depends on anything else of it. Names that would run commands or load code are refused all the same, for a file that has
//! them is not what it says it is.

use super::super::DType;
use super::fault::{Fault, quoted};
use super::value::{Global, Value};

/// What naming `module.name` gives.
///
/// # Errors
/// [`Fault::Forbidden`] for code, [`Fault::NotWeights`] for tensors in formats that are not read.
pub(super) fn resolve<'p>(module: &str, name: &str) -> Result<Value<'p>, Fault> {
    let global = match (module, name) {
        ("torch._utils", "_rebuild_tensor_v2") => Global::RebuildTensor,
        ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
            Global::RebuildParameter
        }
        ("torch._utils", "_rebuild_tensor_v3") => {
            return Fault::not_weights(
                "it has tensors in floats of 8 bits, or in integers without sign, which are not read; \
                 save them anew in Python: {name: tensor.to(torch.bfloat16) …}, times their scales if \
                 there are any",
            );
        }
        _ if is_code(module, name) => {
            return Err(Fault::Forbidden(format!("{}.{}", quoted(module), quoted(name))));
        }
        ("torch", name) => storage(name).map_or(Global::Other, Global::Storage),
        _ => Global::Other,
    };
    Ok(Value::Global(global))
}

/// Modules whose every name is a way to commands, files, networks or other code.
const CODE_MODULES: [&str; 30] = [
    "os",
    "posix",
    "nt",
    "subprocess",
    "sys",
    "importlib",
    "imp",
    "runpy",
    "pty",
    "shutil",
    "socket",
    "ctypes",
    "pickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "marshal",
    "code",
    "codeop",
    "commands",
    "webbrowser",
    "pip",
    "pydoc",
    "timeit",
    "pdb",
    "bdb",
    "profile",
    "cProfile",
    "http",
    "urllib",
];

/// Names of that kind in other modules.
const CODE: [(&str, &[&str]); 6] = [
    ("builtins", BUILTIN_CODE),
    ("__builtin__", BUILTIN_CODE),
    ("types", &["CodeType", "FunctionType"]),
    ("torch", &["load", "save", "hub", "jit", "ops", "compile"]),
    ("torch._utils", &["_import_dotted_name"]),
    ("torch.storage", &["_load_from_bytes"]),
];

const BUILTIN_CODE: &[&str] = &[
    "eval",
    "exec",
    "execfile",
    "compile",
    "getattr",
    "setattr",
    "delattr",
    "__import__",
    "open",
    "input",
    "breakpoint",
    "globals",
    "locals",
    "vars",
    "apply",
    "map",
    "filter",
];

/// Whether a name would run commands or load code in Python.
fn is_code(module: &str, name: &str) -> bool {
    let package = module.split('.').next().unwrap_or(module);
    CODE_MODULES.contains(&package)
        || ["torch.hub", "torch.jit"].contains(&module)
        || CODE.iter().any(|(known, names)| *known == module && names.contains(&name))
        || name.split('.').any(|part| part.starts_with("__"))
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
