//! Times bareio against its peers. See the package's documentation.

use std::process::ExitCode;

fn main() -> ExitCode {
    bareio_peers::main()
}
