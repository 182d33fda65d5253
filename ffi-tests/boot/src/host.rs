//! What is asked of the kernel beside files and rings: who it is, and what only process 1 asks.

use core::ffi::{CStr, c_char};

use bareio_core::kernel::OpenFlags;
use bareio_core::{Errno, Fd, Kernel, Linux};
use sc::syscall;

/// `struct new_utsname`.
#[repr(C)]
struct Names {
    fields: [[u8; 65]; 6],
}

/// Which kernel this is.
pub struct Release {
    names: Names,
}

impl Release {
    pub fn of_this_kernel() -> Self {
        let mut names = Names { fields: [[0; 65]; 6] };
        // SAFETY: the kernel writes one `struct new_utsname`.
        let _ = unsafe { syscall!(UNAME, &raw mut names) };
        Self { names }
    }

    fn field(&self, index: usize) -> &str {
        let field = CStr::from_bytes_until_nul(&self.names.fields[index]);
        field.ok().and_then(|text| text.to_str().ok()).unwrap_or("?")
    }

    /// As `uname -r` has it.
    pub fn text(&self) -> &str {
        self.field(2)
    }

    /// As `uname -m` has it.
    pub fn processor(&self) -> &str {
        self.field(4)
    }

    /// Major and minor.
    pub fn version(&self) -> (u16, u16) {
        let mut parts = self.text().split(|letter: char| !letter.is_ascii_digit());
        let mut part = || parts.next().and_then(|digits| digits.parse().ok()).unwrap_or(0);
        (part(), part())
    }
}

/// Whether this is process 1, on a machine of its own.
pub fn is_first() -> bool {
    Linux.process_id() == Ok(1)
}

/// Mounts a file system, over `target`.
///
/// # Errors
///
/// The kernel's.
pub fn mount(source: &CStr, target: &CStr, kind: &CStr) -> Result<(), Errno> {
    let none: *const c_char = core::ptr::null();
    // SAFETY: three strings that end in a nul byte, no flags and no options.
    let answer = unsafe { syscall!(MOUNT, source.as_ptr(), target.as_ptr(), kind.as_ptr(), 0, none) };
    Errno::check(answer).map(drop)
}

/// Loads a module, compressed or not.
///
/// # Errors
///
/// The kernel's.
pub fn load_module(path: &CStr) -> Result<(), Errno> {
    const COMPRESSED: usize = 4;
    // SAFETY: the working directory is always there.
    let file = unsafe { Linux.open_at(Fd::CWD, path, OpenFlags::READ, 0) }?;
    let load = |flags: usize| {
        // SAFETY: an open file, and an empty string of options.
        Errno::check(unsafe { syscall!(FINIT_MODULE, file.0 as usize, c"".as_ptr(), flags) }).map(drop)
    };
    let answer = load(0).or_else(|_| load(COMPRESSED));
    // SAFETY: opened just now.
    let _ = unsafe { Linux.close(file) };
    answer
}

/// Ends: process 1 switches the machine off, any other says by its status whether all went well.
pub fn end(well: bool) -> ! {
    const POWER_OFF: usize = 0x4321_fedc;
    if is_first() {
        // SAFETY: nothing that this machine holds is of use to anybody any more.
        let _ = unsafe { syscall!(REBOOT, 0xfee1_dead_usize, 672_274_793, POWER_OFF, 0) };
    }
    loop {
        // SAFETY: ends this process.
        let _ = unsafe { syscall!(EXIT_GROUP, usize::from(!well)) };
    }
}
