//! What a person reads.

use std::fmt;

use bareio_core::abi::Opcode;

use crate::error::{ErrorKind, Why};

use super::{Capabilities, IoUring, Limit, Refusal};

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { system, page_len, io_uring, clues } = self;
        writeln!(f, "system        {system}")?;
        match page_len {
            Some(len) => writeln!(f, "page          {len} bytes")?,
            None => writeln!(f, "page          unknown")?,
        }
        match io_uring {
            Ok(ring) => ring.fmt(f)?,
            Err(refusal) => refusal.fmt(f)?,
        }
        let limits =
            [("locked memory", clues.locked_memory, " bytes"), ("descriptors", clues.descriptors, "")];
        for (what, limit, unit) in limits {
            if let Some(Limit { soft, hard }) = limit {
                let show =
                    |limit: Option<u64>| limit.map_or("no limit".into(), |limit| format!("{limit}{unit}"));
                writeln!(f, "{what:<13} {}, may be raised to {}", show(soft), show(hard))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for IoUring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "io_uring      works, with {} entries", self.entries)?;
        list(f, "set up with", self.setup.names())?;
        list(f, "features", self.features.names())?;
        match &self.operations {
            Ok(probe) => {
                let all = Opcode::ALL.len();
                let missing: Vec<_> = Opcode::ALL.iter().filter(|op| !probe.has(**op)).collect();
                writeln!(f, "  operations  {} of {all}", all - missing.len())?;
                list(f, "missing", missing.iter().map(|op| op.name().unwrap_or("?")))?;
            }
            Err(error) => writeln!(f, "  operations  unknown: {error}")?,
        }
        match &self.fixed_buffers {
            Ok(()) => writeln!(f, "  fixed       buffers can be registered"),
            Err(error) => writeln!(f, "  fixed       buffers cannot be registered: {error}"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.error.kind() {
            // What to change follows anyway.
            ErrorKind::Unsupported { why: Why::Setup(error), .. } => {
                writeln!(f, "io_uring      no: {} ({:?}, {})", error.reason(), error.step, error.errno)?;
            }
            ErrorKind::Unsupported { why, .. } => {
                writeln!(f, "io_uring      no: it may be made, not entered: {why}")?;
            }
            _ => writeln!(f, "io_uring      no: {}", self.error)?,
        }
        for remedy in &self.remedies {
            writeln!(f, "  to change   {remedy}")?;
        }
        writeln!(f, "  meanwhile   the same operations are carried out by plain calls")
    }
}

impl std::error::Error for Refusal {}

/// `what`, and the names behind it, on as many lines as they need.
fn list<'n>(f: &mut fmt::Formatter<'_>, what: &str, names: impl Iterator<Item = &'n str>) -> fmt::Result {
    const WIDTH: usize = 100;
    let mut lines = vec![String::new()];
    for name in names {
        let line = lines.last_mut().expect("there is one");
        if !line.is_empty() && line.len() + 1 + name.len() > WIDTH {
            lines.push(name.to_owned());
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(name);
    }
    for (at, line) in lines.iter().enumerate() {
        if !line.is_empty() {
            writeln!(f, "  {:<11} {line}", if at == 0 { what } else { "" })?;
        }
    }
    Ok(())
}
