//! Process 1: `ffi-tests/boot`, built for a processor.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::kernels::Processor;
use crate::{Result, call, top};

/// Builds it, and says where it is.
pub(crate) fn build(processor: &Processor) -> Result<PathBuf> {
    let folder = top().join("ffi-tests/boot");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = processor.target;
    // Its own flags stand in its folder, and are taken from there only if no others are given.
    call(
        Command::new(cargo)
            .args(["build", "--release", "--locked", "--bin", "boot", "--target", target, "--target-dir"])
            .arg(folder.join("target"))
            .current_dir(&folder)
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS"),
    )
    .map_err(|error| format!("process 1 cannot be built for {target}, is the target installed? {error}"))?;
    Ok(folder.join("target").join(target).join("release/boot"))
}
