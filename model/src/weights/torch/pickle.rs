//! A pickle machine that can build data and nothing else.
//!
//! It knows the instructions that `torch.save` writes, any other ends it; [`super::global`] says what
//! a name of Python's stands for. Nothing recurses, texts stay where they are, and as every
//! instruction makes at most one value, the bound on instructions bounds memory and time.

use std::collections::HashMap;

use super::fault::Fault;
use super::global;
use super::input::{Input, text};
use super::opcode as op;
use super::value::{Global, Objects, Pickled, Value};

/// Most instructions of a pickle; a training checkpoint of the XL model has about 60 thousand.
const MAX_INSTRUCTIONS: usize = 1 << 20;

/// Builds the data that `bytes` describe.
///
/// # Errors
/// A [`Fault`] for anything but well-formed data.
pub(super) fn load(bytes: &[u8]) -> Result<Pickled<'_>, Fault> {
    if !matches!(bytes, [op::PROTO, 2..=5, ..]) {
        return Fault::damaged("its pickle does not start as one of protocol 2 to 5 does");
    }
    let mut machine = Machine {
        input: Input::new(bytes),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        objects: Objects::default(),
    };
    for _ in 0..MAX_INSTRUCTIONS {
        let opcode = machine.input.byte()?;
        if opcode == op::STOP {
            return machine.finish();
        }
        machine.step(opcode)?;
    }
    Fault::damaged(format!("its pickle has more than {MAX_INSTRUCTIONS} instructions"))
}

/// A little-endian integer of any length; what 64 bits cannot hold matters to no tensor.
fn integer<'p>(bytes: &[u8]) -> Value<'p> {
    if bytes.len() > 8 {
        return Value::Inert;
    }
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut extended = if negative { [0xff; 8] } else { [0; 8] };
    extended[..bytes.len()].copy_from_slice(bytes);
    Value::Integer(i64::from_le_bytes(extended))
}

struct Machine<'p> {
    input: Input<'p>,
    stack: Vec<Value<'p>>,
    /// Heights of the stack where collections begin.
    marks: Vec<usize>,
    memo: HashMap<u32, Value<'p>>,
    objects: Objects<'p>,
}

impl<'p> Machine<'p> {
    fn step(&mut self, opcode: u8) -> Result<(), Fault> {
        if let Some(value) = self.literal(opcode)? {
            self.stack.push(value);
            return Ok(());
        }
        match opcode {
            op::PROTO => self.input.byte().map(drop),
            op::FRAME => self.input.take(8).map(drop),
            op::MARK => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            op::POP if self.marks.last() == Some(&self.stack.len()) => {
                self.marks.pop();
                Ok(())
            }
            op::POP => self.pop().map(drop),
            op::POP_MARK => self.pop_to_mark().map(drop),
            op::DUP => {
                let value = self.top()?;
                self.stack.push(value);
                Ok(())
            }
            op::BINPUT => {
                let index = self.input.byte()?;
                self.remember(index.into())
            }
            op::LONG_BINPUT => {
                let index = self.input.u32()?;
                self.remember(index)
            }
            op::MEMOIZE => self.remember(self.memo.len() as u32),
            op::BINGET => {
                let index = self.input.byte()?;
                self.recall(index.into())
            }
            op::LONG_BINGET => {
                let index = self.input.u32()?;
                self.recall(index)
            }
            op::EMPTY_TUPLE | op::TUPLE | op::TUPLE1 | op::TUPLE2 | op::TUPLE3 => {
                self.tuple(opcode)
            }
            op::LIST | op::DICT | op::FROZENSET => self.collect(opcode),
            op::APPEND | op::APPENDS | op::SETITEM | op::SETITEMS | op::ADDITEMS => {
                self.fill(opcode)
            }
            _ => self.object(opcode),
        }
    }

    /// The value of an instruction that only pushes one.
    fn literal(&mut self, opcode: u8) -> Result<Option<Value<'p>>, Fault> {
        let input = &mut self.input;
        Ok(Some(match opcode {
            op::NONE | op::NEWTRUE | op::NEWFALSE | op::EMPTY_SET => Value::Inert,
            op::BININT => Value::Integer(input.array().map(i32::from_le_bytes)?.into()),
            op::BININT1 => Value::Integer(input.byte()?.into()),
            op::BININT2 => Value::Integer(input.array().map(u16::from_le_bytes)?.into()),
            op::LONG1 => integer(input.short()?),
            op::LONG4 => integer(input.medium()?),
            op::BINFLOAT => {
                input.take(8)?;
                Value::Inert
            }
            op::SHORT_BINUNICODE => Value::Text(text(input.short()?)?),
            op::BINUNICODE => Value::Text(text(input.medium()?)?),
            op::BINUNICODE8 => Value::Text(text(input.long()?)?),
            // Texts of Python 2: bytes, unless they can be read as a text.
            op::SHORT_BINSTRING => text(input.short()?).map_or(Value::Inert, Value::Text),
            op::BINSTRING => text(input.medium()?).map_or(Value::Inert, Value::Text),
            op::SHORT_BINBYTES => {
                input.short()?;
                Value::Inert
            }
            op::BINBYTES => {
                input.medium()?;
                Value::Inert
            }
            op::BINBYTES8 | op::BYTEARRAY8 => {
                input.long()?;
                Value::Inert
            }
            op::EMPTY_LIST => Value::List(self.objects.add(Vec::new())),
            op::EMPTY_DICT => Value::Dictionary(self.objects.add(Vec::new())),
            _ => return Ok(None),
        }))
    }

    fn tuple(&mut self, opcode: u8) -> Result<(), Fault> {
        let items = match opcode {
            op::EMPTY_TUPLE => Vec::new(),
            op::TUPLE => self.pop_to_mark()?,
            _ => {
                let count = usize::from(opcode - op::TUPLE1) + 1;
                let mut items = vec![Value::Inert; count];
                for item in items.iter_mut().rev() {
                    *item = self.pop()?;
                }
                items
            }
        };
        let id = self.objects.add(items);
        self.stack.push(Value::Tuple(id));
        Ok(())
    }

    /// A collection of all values since the mark.
    fn collect(&mut self, opcode: u8) -> Result<(), Fault> {
        let items = self.pop_to_mark()?;
        let value = match opcode {
            op::LIST => Value::List(self.objects.add(items)),
            op::DICT => Value::Dictionary(self.objects.add(pairs(items)?)),
            _ => Value::Inert,
        };
        self.stack.push(value);
        Ok(())
    }

    /// Puts values into the collection below them.
    fn fill(&mut self, opcode: u8) -> Result<(), Fault> {
        let items = match opcode {
            op::APPEND => vec![self.pop()?],
            op::SETITEM => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            _ => self.pop_to_mark()?,
        };
        match (opcode, self.top()?) {
            (op::APPEND | op::APPENDS, Value::List(id)) => self.objects.extend(id, items),
            (op::SETITEM | op::SETITEMS, Value::Dictionary(id)) => {
                self.objects.extend(id, pairs(items)?);
            }
            // What is in a set, or in a list of a kind of its own, matters to no tensor.
            (op::APPEND | op::APPENDS | op::ADDITEMS, Value::Inert | Value::Dictionary(_)) => {}
            _ => return Fault::damaged("its pickle fills something that is no collection"),
        }
        Ok(())
    }

    /// Instructions that name or make objects: where Python would run code.
    fn object(&mut self, opcode: u8) -> Result<(), Fault> {
        let value = match opcode {
            op::GLOBAL => {
                let module = self.input.line()?;
                global::resolve(module, self.input.line()?)?
            }
            op::STACK_GLOBAL => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Value::Text(module), Value::Text(name)) = (module, name) else {
                    return Fault::damaged("its pickle names a class by something that is no text");
                };
                global::resolve(module, name)?
            }
            op::INST => {
                let module = self.input.line()?;
                let class = global::resolve(module, self.input.line()?)?;
                let arguments = self.pop_to_mark()?;
                let arguments = self.objects.add(arguments);
                self.call(class, Value::Tuple(arguments))?
            }
            op::REDUCE | op::NEWOBJ => {
                let arguments = self.pop()?;
                let callee = self.pop()?;
                self.call(callee, arguments)?
            }
            op::NEWOBJ_EX => {
                self.pop()?;
                let arguments = self.pop()?;
                let callee = self.pop()?;
                self.call(callee, arguments)?
            }
            op::BUILD => {
                // Attributes: an OrderedDict's `_metadata`, a Namespace's arguments.
                self.pop()?;
                match self.pop()? {
                    value @ (Value::Inert | Value::Dictionary(_)) => value,
                    _ => return Fault::damaged("its pickle sets attributes of something unusual"),
                }
            }
            op::BINPERSID => match self.pop()? {
                Value::Tuple(id) => Value::Storage(id),
                _ => return Fault::damaged("its pickle refers to a storage by something unusual"),
            },
            _ => {
                return Fault::damaged(format!(
                    "its pickle has the instruction {opcode:#04x} at byte {}, \
                     which torch.save never writes",
                    self.input.position() - 1
                ));
            }
        };
        self.stack.push(value);
        Ok(())
    }

    /// What calling one of the allowed functions and classes makes.
    fn call(&mut self, callee: Value<'p>, arguments: Value<'p>) -> Result<Value<'p>, Fault> {
        let (Value::Global(global), Value::Tuple(id)) = (callee, arguments) else {
            return Fault::damaged("its pickle calls something that is no function");
        };
        match (global, self.objects.items(id)) {
            // Empty, until a pickle fills it.
            (Global::Other, _) => Ok(Value::Dictionary(self.objects.add(Vec::new()))),
            (Global::RebuildTensor, _) => Ok(Value::Tensor(id)),
            (Global::RebuildParameter, [tensor @ Value::Tensor(_), ..]) => Ok(*tensor),
            _ => Fault::damaged(format!("its pickle calls {global:?} with unusual arguments")),
        }
    }

    fn finish(mut self) -> Result<Pickled<'p>, Fault> {
        let root = self.pop()?;
        let rest = self.input.rest();
        if !self.stack.is_empty() || !self.marks.is_empty() || rest > 0 {
            return Fault::damaged(format!(
                "its pickle ends with {} unused values and {rest} bytes to go",
                self.stack.len()
            ));
        }
        Ok(Pickled { root, objects: self.objects })
    }

    fn top(&self) -> Result<Value<'p>, Fault> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.get(floor..).and_then(<[_]>::last) {
            Some(value) => Ok(*value),
            None => Fault::damaged("its pickle uses a value that is not there"),
        }
    }

    fn pop(&mut self) -> Result<Value<'p>, Fault> {
        let value = self.top()?;
        self.stack.pop();
        Ok(value)
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value<'p>>, Fault> {
        match self.marks.pop() {
            Some(mark) => Ok(self.stack.drain(mark..).collect()),
            None => Fault::damaged("its pickle ends a collection that it never began"),
        }
    }

    fn remember(&mut self, index: u32) -> Result<(), Fault> {
        let value = self.top()?;
        self.memo.insert(index, value);
        Ok(())
    }

    fn recall(&mut self, index: u32) -> Result<(), Fault> {
        match self.memo.get(&index) {
            Some(value) => self.stack.push(*value),
            None => {
                return Fault::damaged(format!("its pickle recalls memo {index}, never stored"));
            }
        }
        Ok(())
    }
}

/// `items` if they can be keys and values in turn.
fn pairs(items: Vec<Value<'_>>) -> Result<Vec<Value<'_>>, Fault> {
    if items.len().is_multiple_of(2) {
        Ok(items)
    } else {
        Fault::damaged("its pickle has a dictionary key without a value")
    }
}
