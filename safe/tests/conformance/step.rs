//! One operation, with memory of its own, and what became of it.

use bareio::batch::Lent;
use bareio::core::op::Then;
use bareio::{Error, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Read,
    Write,
    WriteDurable,
    /// Read or write in pieces, of which there may be any number if it is to be split.
    ReadPieces,
    WritePieces,
    ReadSplit,
    WriteSplit,
    SyncData,
    SyncAll,
}

#[derive(Debug)]
pub(crate) struct Step<'a> {
    pub(crate) what: What,
    pub(crate) file: Lent<'a>,
    pub(crate) pieces: Vec<Vec<u8>>,
    pub(crate) offset: u64,
    pub(crate) then: Option<Then>,
    /// Set when it was carried out.
    pub(crate) result: Option<Result<u64>>,
}

impl<'a> Step<'a> {
    fn new(what: What, file: Lent<'a>, pieces: Vec<Vec<u8>>, offset: u64) -> Self {
        Self { what, file, pieces, offset, then: None, result: None }
    }

    pub(crate) fn read(file: Lent<'a>, len: usize, offset: u64) -> Self {
        Self::new(What::Read, file, vec![vec![0xEE; len]], offset)
    }

    pub(crate) fn write(file: Lent<'a>, bytes: &[u8], offset: u64) -> Self {
        Self::new(What::Write, file, vec![bytes.to_vec()], offset)
    }

    /// Into or from pieces: `what` says which.
    pub(crate) fn pieces(what: What, file: Lent<'a>, pieces: Vec<Vec<u8>>, offset: u64) -> Self {
        Self::new(what, file, pieces, offset)
    }

    pub(crate) fn sync_data(file: Lent<'a>) -> Self {
        Self::new(What::SyncData, file, Vec::new(), 0)
    }

    pub(crate) fn sync_all(file: Lent<'a>) -> Self {
        Self::new(What::SyncAll, file, Vec::new(), 0)
    }

    /// The same, durable when it has ended.
    pub(crate) fn durable(self) -> Self {
        Self { what: What::WriteDurable, ..self }
    }

    /// Linked softly to the next.
    pub(crate) fn link(self) -> Self {
        Self { then: Some(Then::Soft), ..self }
    }

    /// Linked to the next, come what may.
    pub(crate) fn hard_link(self) -> Self {
        Self { then: Some(Then::Hard), ..self }
    }

    /// All its bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.pieces.concat()
    }

    pub(crate) fn moved(&self) -> Option<u64> {
        self.result.expect("carried out").ok()
    }

    pub(crate) fn error(&self) -> Option<Error> {
        self.result.expect("carried out").err()
    }
}
