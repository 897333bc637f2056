//! The stack machine that pickles are programs of, protocols 2 to 5.

use std::collections::HashMap;
use std::io::BufRead;

use super::heap::{Heap, Id, NONE, Object, Read};
use super::source::Source;

/// Objects, and places of the memo, that a pickle may have.
const MOST: usize = 8 << 20;

const TRUE: Id = 1;
const FALSE: Id = 2;
const EMPTY: Id = 3;

/// The next pickle of `source` and its value.
pub(in super::super) fn read(source: &mut impl BufRead) -> Read<(Heap, Id)> {
    let empty = Object::Tuple(Vec::new());
    let heap = Heap {
        objects: vec![Object::None, Object::Bool(true), Object::Bool(false), empty],
    };
    let mut machine = Machine {
        source: Source::new(source),
        heap,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    loop {
        let op = machine.source.number(1)? as u8;
        if machine.step(op)? {
            let value = machine.pop()?;
            return Ok((machine.heap, value));
        }
    }
}

struct Machine<R> {
    source: Source<R>,
    heap: Heap,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<R: BufRead> Machine<R> {
    /// Do what `op` says; whether it was the last.
    fn step(&mut self, op: u8) -> Read<bool> {
        match op {
            b'.' => return Ok(true),
            0x80 => drop(self.source.number(1)?),
            0x95 => drop(self.source.number(8)?),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.marked()?),
            b'2' => self.stack.push(self.top()?),
            b'N' => self.stack.push(NONE),
            0x88 => self.stack.push(TRUE),
            0x89 => self.stack.push(FALSE),
            b')' => self.stack.push(EMPTY),
            b'K' => self.whole(1)?,
            b'M' => self.whole(2)?,
            b'J' => {
                let number = self.source.number(4)? as u32;
                self.push(Object::Int(i64::from(number as i32)))?;
            }
            0x8a => self.long(1)?,
            0x8b => self.long(4)?,
            b'G' => {
                let bits = self.source.number(8)?.swap_bytes(); // the one number with its highest byte first
                self.push(Object::Float(f64::from_bits(bits)))?;
            }
            0x8c | b'U' => self.text(1)?,
            b'X' | b'T' => self.text(4)?,
            0x8d => self.text(8)?,
            b'C' => self.bytes(1)?,
            b'B' => self.bytes(4)?,
            0x8e | 0x96 => self.bytes(8)?,
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
            b't' | 0x91 => {
                let items = self.marked()?;
                self.push(Object::Tuple(items))?;
            }
            b']' | 0x8f => self.push(Object::List(Vec::new()))?,
            b'l' => {
                let items = self.marked()?;
                self.push(Object::List(items))?;
            }
            b'a' => {
                let item = self.pop()?;
                self.extend(vec![item])?;
            }
            b'e' | 0x90 => {
                let items = self.marked()?;
                self.extend(items)?;
            }
            b'}' => self.push(Object::Dict(Vec::new()))?,
            b'd' => {
                let pairs = paired(&self.marked()?)?;
                self.push(Object::Dict(pairs))?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.fill(vec![(key, value)])?;
            }
            b'u' => {
                let pairs = paired(&self.marked()?)?;
                self.fill(pairs)?;
            }
            b'q' => self.keep(1)?,
            b'r' => self.keep(4)?,
            0x94 => self.put(self.memo.len() as u32)?,
            b'h' => self.recall(1)?,
            b'j' => self.recall(4)?,
            b'Q' => {
                let id = self.pop()?;
                self.push(Object::Stored(id))?;
            }
            b'c' | 0x93 => self.class(op)?,
            b'R' | 0x81 | 0x92 => self.make(op)?,
            b'b' => self.build()?,
            other => {
                return Err(format!(
                    "its pickle has the unknown instruction {other:#04x}"
                ));
            }
        }
        Ok(false)
    }

    fn whole(&mut self, width: usize) -> Read<()> {
        let number = self.source.number(width)? as i64;
        self.push(Object::Int(number))
    }

    /// A whole number in as many bytes as the next `width` say.
    fn long(&mut self, width: usize) -> Read<()> {
        let count = self.source.number(width)?;
        if count > 8 {
            self.source.skip(count)?;
            return self.push(Object::Opaque);
        }
        let unused = 64 - 8 * count as u32;
        let bits = self.source.number(count as usize)?;
        let number = (bits.checked_shl(unused).unwrap_or(0) as i64).checked_shr(unused);
        self.push(Object::Int(number.unwrap_or(0)))
    }

    fn text(&mut self, width: usize) -> Read<()> {
        let length = self.source.number(width)?;
        let text = self.source.text(length)?;
        self.push(Object::Text(text))
    }

    fn bytes(&mut self, width: usize) -> Read<()> {
        let length = self.source.number(width)?;
        self.source.skip(length)?;
        self.push(Object::Opaque)
    }

    fn push(&mut self, object: Object) -> Read<()> {
        if self.heap.objects.len() >= MOST {
            return Err(format!("its pickle has more than {MOST} objects"));
        }
        self.stack.push(self.heap.objects.len() as Id);
        self.heap.objects.push(object);
        Ok(())
    }

    fn pop(&mut self) -> Read<Id> {
        self.stack.pop().ok_or_else(disorder)
    }

    fn top(&self) -> Read<Id> {
        self.stack.last().copied().ok_or_else(disorder)
    }

    /// What was pushed since the last mark.
    fn marked(&mut self) -> Read<Vec<Id>> {
        let at = self.marks.pop().filter(|at| *at <= self.stack.len());
        Ok(self.stack.split_off(at.ok_or_else(disorder)?))
    }

    fn tuple(&mut self, length: usize) -> Read<()> {
        let at = self.stack.len().checked_sub(length);
        let items = self.stack.split_off(at.ok_or_else(disorder)?);
        self.push(Object::Tuple(items))
    }

    /// Append to the list on top; what other objects are filled with is of no use here.
    fn extend(&mut self, more: Vec<Id>) -> Read<()> {
        let top = self.top()?;
        if let Some(Object::List(items)) = self.heap.objects.get_mut(top as usize) {
            items.extend(more);
        }
        Ok(())
    }

    /// Add to the table on top.
    fn fill(&mut self, more: Vec<(Id, Id)>) -> Read<()> {
        let top = self.top()?;
        match self.heap.objects.get_mut(top as usize) {
            Some(Object::Dict(pairs) | Object::Made { pairs, .. }) => {
                pairs.extend(more);
                Ok(())
            }
            _ => Err(disorder()),
        }
    }

    fn keep(&mut self, width: usize) -> Read<()> {
        let at = self.source.number(width)? as u32;
        self.put(at)
    }

    fn put(&mut self, at: u32) -> Read<()> {
        if self.memo.len() >= MOST {
            return Err(format!("its pickle remembers more than {MOST} objects"));
        }
        let top = self.top()?;
        self.memo.insert(at, top);
        Ok(())
    }

    fn recall(&mut self, width: usize) -> Read<()> {
        let at = self.source.number(width)? as u32;
        let id = self.memo.get(&at).ok_or_else(disorder)?;
        self.stack.push(*id);
        Ok(())
    }

    /// A class by its name.
    fn class(&mut self, op: u8) -> Read<()> {
        let (module, name) = if op == b'c' {
            (self.source.line()?, self.source.line()?)
        } else {
            let (name, module) = (self.pop()?, self.pop()?);
            let text = |id| self.heap.text(id).map(String::from).ok_or_else(disorder);
            (text(module)?, text(name)?)
        };
        self.push(Object::Class(format!("{module}.{name}")))
    }

    /// A call, kept as what it would be called with.
    fn make(&mut self, op: u8) -> Read<()> {
        if op == 0x92 {
            self.pop()?; // arguments by name
        }
        let (of, by) = (self.pop()?, self.pop()?);
        let table = ["collections.OrderedDict", "collections.defaultdict"];
        if table.contains(&self.heap.class(by)) {
            return self.push(Object::Dict(Vec::new()));
        }
        let (state, pairs) = (NONE, Vec::new());
        self.push(Object::Made {
            by,
            of,
            state,
            pairs,
        })
    }

    fn build(&mut self) -> Read<()> {
        let new = self.pop()?;
        let top = self.top()?;
        if let Some(Object::Made { state, .. }) = self.heap.objects.get_mut(top as usize) {
            *state = new;
        }
        Ok(())
    }
}

/// Keys and values in turn as pairs.
fn paired(items: &[Id]) -> Read<Vec<(Id, Id)>> {
    let (pairs, rest) = items.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(disorder());
    }
    Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
}

fn disorder() -> String {
    "its pickle is in disorder: the file is damaged".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(bytes: &[u8]) -> Read<(Heap, Id)> {
        read(&mut &bytes[..])
    }

    #[test]
    fn whole_numbers_of_all_widths_keep_their_sign() {
        for (bytes, number) in [
            (&b"K\xff."[..], 255),
            (b"M\x01\x02.", 513),
            (b"J\xff\xff\xff\xff.", -1),
            (b"\x8a\x00.", 0),
            (b"\x8a\x01\xfe.", -2),
            (b"\x8a\x05\x00\x00\x00\x00\x01.", 1 << 32),
            (b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f.", i64::MAX),
        ] {
            let (heap, id) = value(bytes).unwrap();
            assert!(
                matches!(heap.get(id), Object::Int(n) if *n == number),
                "{bytes:?}"
            );
        }
        let (heap, id) = value(b"\x8a\x0912345678\x00.").unwrap();
        assert!(matches!(heap.get(id), Object::Opaque));
    }

    #[test]
    fn what_is_filled_later_is_filled_wherever_it_is_shared() {
        // a list of twice the same table, which gets its one pair after it was remembered
        let (heap, id) = value(b"](}q\x00U\x01aK\x07sh\x00e.").unwrap();
        let Object::List(items) = heap.get(id) else {
            panic!("no list")
        };
        assert_eq!((items.len(), items[0]), (2, items[1]));
        assert!(matches!(heap.get(items[0]), Object::Dict(pairs) if pairs.len() == 1));
    }

    #[test]
    fn doubled_a_hundred_times_and_nested_a_million_times_take_no_room() {
        let mut doubled = b"]q\x00".to_vec();
        for _ in 0..100 {
            doubled.extend(b"0(h\x00h\x00lq\x00");
        }
        doubled.push(b'.');
        assert!(value(&doubled).is_ok());
        let mut nested = vec![b'N'];
        nested.extend(vec![0x85; 1_000_000]);
        nested.push(b'.');
        assert!(value(&nested).is_ok());
    }

    #[test]
    fn no_bytes_are_more_than_a_refusal() {
        let whole = b"\x80\x02}q\x00(U\x01aK\x07X\x01\x00\x00\x00b(K\x01K\x02tu.";
        for end in 0..whole.len() {
            assert!(value(&whole[..end]).is_err(), "{end}");
            for byte in 0..=255 {
                let mut changed = whole.to_vec();
                changed[end] = byte;
                drop(value(&changed));
            }
        }
        for (bytes, words) in [
            (&b"cos\nsystem\n\x82\x01."[..], "unknown instruction 0x82"),
            (b"X\xff\xff\xff\xffa", "cut short"),
            (b"\x8e\xff\xff\xff\xff\xff\xff\xff\xffa", "cut short"),
            (b"(K\x01u.", "damaged"),
            (b"h\x07.", "damaged"),
            (b"cos", "without an end"),
        ] {
            let said = value(bytes).unwrap_err();
            assert!(said.contains(words), "{said}");
        }
    }
}
