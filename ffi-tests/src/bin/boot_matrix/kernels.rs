//! Which kernels, and on which processors.

/// A processor, as Rust, Debian and QEMU call it.
#[derive(Debug)]
pub(crate) struct Processor {
    /// As `uname -m` says.
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
    pub(crate) debian: &'static str,
    pub(crate) emulator: &'static [&'static str],
    pub(crate) console: &'static str,
}

const X86_64: Processor = Processor {
    name: "x86_64",
    target: "x86_64-unknown-linux-gnu",
    debian: "amd64",
    emulator: &["qemu-system-x86_64", "-machine", "pc", "-cpu", "max"],
    console: "ttyS0",
};

const AARCH64: Processor = Processor {
    name: "aarch64",
    target: "aarch64-unknown-linux-gnu",
    debian: "arm64",
    // Pointer authentication by the cheap algorithm: the architecture's own takes half the time of a boot.
    emulator: &["qemu-system-aarch64", "-machine", "virt", "-cpu", "max,lpa2=off,pauth-impdef=on"],
    console: "ttyAMA0",
};

const RISCV64: Processor = Processor {
    name: "riscv64",
    target: "riscv64gc-unknown-linux-gnu",
    debian: "riscv64",
    emulator: &["qemu-system-riscv64", "-machine", "virt"],
    console: "ttyS0",
};

/// A kernel that is to be booted.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) processor: &'static Processor,
    /// Major and minor; `None`: whatever is newest.
    pub(crate) version: Option<(u32, u32)>,
    /// The page, in KiB.
    pub(crate) page: u32,
    /// The package that stands for the newest of its kind, and the suites to look for it in, in this order.
    pub(crate) package: &'static str,
    pub(crate) suites: &'static [&'static str],
}

impl Wanted {
    /// As in `aarch64-6.12-16k`.
    pub(crate) fn name(&self) -> String {
        let version = self.version.map_or("newest".to_owned(), |(major, minor)| format!("{major}.{minor}"));
        let page = if self.page == 4 { String::new() } else { format!("-{}k", self.page) };
        format!("{}-{version}{page}", self.processor.name)
    }
}

/// All of them.
pub(crate) const KERNELS: &[Wanted] = &[
    of(&AARCH64, None, 4, "linux-image-cloud-arm64", &["trixie-backports", "sid"]),
    of(&X86_64, Some((5, 10)), 4, "linux-image-cloud-amd64", &["bullseye"]),
    of(&X86_64, None, 4, "linux-image-cloud-amd64", &["trixie-backports", "sid"]),
    of(&X86_64, Some((6, 1)), 4, "linux-image-cloud-amd64", &["bookworm"]),
    of(&X86_64, Some((6, 12)), 4, "linux-image-cloud-amd64", &["trixie", "bookworm-backports"]),
    of(&AARCH64, Some((6, 1)), 4, "linux-image-cloud-arm64", &["bookworm"]),
    of(&AARCH64, Some((6, 12)), 4, "linux-image-cloud-arm64", &["trixie", "bookworm-backports"]),
    of(&AARCH64, Some((6, 12)), 16, "linux-image-arm64-16k", &["trixie"]),
    of(&RISCV64, Some((6, 12)), 4, "linux-image-riscv64", &["trixie"]),
    of(&RISCV64, None, 4, "linux-image-riscv64", &["sid"]),
];

const fn of(
    processor: &'static Processor,
    version: Option<(u32, u32)>,
    page: u32,
    package: &'static str,
    suites: &'static [&'static str],
) -> Wanted {
    Wanted { processor, version, page, package, suites }
}
