//! bareio's `Writer`, as it is by default, with a list of the events; and its `EventWriter`, which gathers copies, flushed
//! behind each batch.

use std::fs::File;
use std::io::{IoSlice, Seek};
use std::sync::Arc;

use bareio::writer::{EventWriter, Writer};

use super::super::{Append, EVENT_LEN};
use crate::case::LeftOut;

fn empty(mut file: &File) {
    file.set_len(0).expect("it is ours");
    file.rewind().expect("it is a file");
}

/// What one call takes.
const MOST: usize = 1024;

pub(super) struct Vectored {
    file: File,
    writer: Writer,
}

impl Append for Vectored {
    fn new(file: File) -> Result<Self, LeftOut> {
        let writer = Writer::new().map_err(|error| error.to_string())?;
        Ok(Self { file, writer })
    }

    fn append(&mut self, events: &[[u8; EVENT_LEN]]) {
        let count = match events {
            [event] => self.writer.write(&self.file, event),
            events => {
                let mut pieces = heapless::Vec::<IoSlice<'_>, MOST>::new();
                pieces.extend(events.iter().map(|event| IoSlice::new(event)));
                self.writer.write_vectored(&self.file, &pieces)
            }
        };
        assert_eq!(count.ok(), Some(size_of_val(events)));
    }

    fn rewind(&mut self) {
        empty(&self.file);
    }
}

pub(super) struct Gathered {
    file: Arc<File>,
    log: EventWriter<Arc<File>>,
}

impl Append for Gathered {
    fn new(file: File) -> Result<Self, LeftOut> {
        let file = Arc::new(file);
        let options = EventWriter::<File>::options().bytes(MOST * EVENT_LEN).count(MOST);
        let log = options.build(Arc::clone(&file)).map_err(|error| error.to_string())?;
        Ok(Self { file, log })
    }

    fn append(&mut self, events: &[[u8; EVENT_LEN]]) {
        for event in events {
            self.log.push(event).expect("there is room");
        }
        self.log.flush().expect("the disk is not full");
    }

    fn rewind(&mut self) {
        empty(&self.file);
    }
}
