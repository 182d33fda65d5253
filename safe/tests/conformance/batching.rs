//! By a batcher.

use bareio::Result;
use bareio::batch::Batcher;
use bareio::core::op::Then;

use crate::step::{Step, What};
use crate::way::{Host, Way};

pub(crate) struct ByBatch<H: Host> {
    // First, so that its ring goes before the host.
    pub(crate) batcher: Batcher<H::Kernel>,
    host: H,
}

impl<H: Host> Way for ByBatch<H> {
    type Host = H;

    fn on(host: H) -> Result<Self, String> {
        let batcher = Batcher::with_kernel(host.kernel(), H::backend()).map_err(|error| error.to_string())?;
        Ok(Self { batcher, host })
    }

    fn host(&self) -> &H {
        &self.host
    }

    fn longest_chain(&self) -> usize {
        self.batcher.longest_chain()
    }

    fn run(&mut self, steps: &mut [Step<'_>]) -> Result<()> {
        let mut batch = self.batcher.batch();
        for Step { what, file, pieces, offset, then, .. } in &mut *steps {
            let (file, offset) = (*file, *offset);
            match what {
                What::Read => batch.read(file, &mut pieces[0], offset),
                What::Write => batch.write(file, &pieces[0], offset),
                What::WriteDurable => batch.write_durable(file, &pieces[0], offset),
                What::ReadPieces => {
                    batch.read_vectored(file, pieces.iter_mut().map(|piece| &mut piece[..]), offset)
                }
                What::WritePieces => {
                    batch.write_vectored(file, pieces.iter().map(|piece| &piece[..]), offset)
                }
                What::ReadSplit => {
                    batch.read_vectored_split(file, pieces.iter_mut().map(|piece| &mut piece[..]), offset)
                }
                What::WriteSplit => {
                    batch.write_vectored_split(file, pieces.iter().map(|piece| &piece[..]), offset)
                }
                What::SyncData => batch.sync_data(file),
                What::SyncAll => batch.sync_all(file),
            };
            match then {
                Some(Then::Soft) => drop(batch.link()),
                Some(Then::Hard) => drop(batch.hard_link()),
                None => {}
            }
        }
        let outcome = batch.run();
        assert_eq!(self.batcher.results().len(), steps.len(), "each has its result");
        for (step, result) in steps.iter_mut().zip(self.batcher.results()) {
            step.result = Some(result);
        }
        outcome
    }
}
